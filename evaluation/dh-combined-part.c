#include "dh-combined-part-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-map-file.h"
#include "dh-map-owner.h"
#include "dh-map.h"
#include "dh-run-state.h"

static gboolean
refuse (const DhCombinedPart *part, gint code, GError **error, const char *why)
{
  g_set_error (error, DH_ERROR, code, "run %" G_GINT64_FORMAT " %s", part->run->id, why);
  return FALSE;
}

/* Beside the run's own lies what the folder's owner lists, if the run has measured it. */
static gboolean
check_beside (const DhCombinedPart *part, DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_run_numbers (database, part->run->id, error);
  if (!rows)
    return FALSE;
  g_autofree char *text = dh_map_owner_read_others (part->run->folder);
  g_auto (GStrv) there = g_strsplit (text ? text : "", ",", -1);
  gboolean measured = FALSE;
  for (guint i = 0; i < rows->len; i++)
    measured = measured || g_strcmp0 (((const DhRunProtocolRow *)rows->pdata[i])->score, part->map) == 0;
  if (measured && g_strv_contains ((const char *const *)there, part->map))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "run %" G_GINT64_FORMAT " keeps no maps of %s beside those of %s; eval-ood does with --compare %s",
               part->run->id, part->map, part->run->score, part->map);
  return FALSE;
}

/* Whoever writes other maps there says so first. */
static gboolean
is_owner (const DhCombinedPart *part)
{
  const DhRunRow *run = part->run;
  g_autofree char *owner = dh_map_owner_new (run, NULL);
  return dh_map_owner_made_scores (run->folder, owner);
}

static gboolean
check_run (DhCombinedPart *part, DhDatabase *database, GError **error)
{
  const DhRunRow *run = part->run;
  if (!g_str_has_prefix (run->kind, "eval-") || !run->score || !run->folder || !*run->folder)
    return refuse (part, DH_ERROR_USAGE, error, "has measured no score maps");
  if (g_strcmp0 (dh_run_state (run), "done") != 0)
    return refuse (part, DH_ERROR_USAGE, error, "is not done: let it end, or go on with it, first");
  if (part->map && g_str_equal (part->map, run->score))
    g_clear_pointer (&part->map, g_free);
  if (!is_owner (part))
    return refuse (part, DH_ERROR_NOT_FOUND, error, "has no maps any more: another run has written its own there");
  return !part->map || check_beside (part, database, error);
}

DhCombinedPart *
dh_combined_part_open (DhDatabase *database, const DhCombinationPart *wanted, GError **error)
{
  g_autoptr (DhCombinedPart) part = g_new0 (DhCombinedPart, 1);
  part->map = g_strdup (wanted->map);
  part->weight = wanted->weight;
  if (!(part->run = dh_database_get_run (database, wanted->run, error)) || !check_run (part, database, error)
      || !(part->rows = dh_database_list_run_images (database, wanted->run, error)))
    return NULL;
  part->by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < part->rows->len; i++)
    {
      DhRunImageRow *row = part->rows->pdata[i];
      g_hash_table_insert (part->by_stem, row->stem, row);
    }
  return g_steal_pointer (&part);
}

void
dh_combined_part_free (DhCombinedPart *part)
{
  if (!part)
    return;
  g_clear_pointer (&part->by_stem, g_hash_table_unref);
  g_clear_pointer (&part->rows, g_ptr_array_unref);
  g_clear_pointer (&part->run, dh_run_row_free);
  g_free (part->map);
  dh_score_scale_free (part->scale);
  g_free (part);
}

const char *
dh_combined_part_score (const DhCombinedPart *part)
{
  return part->map ? part->map : part->run->score;
}

gboolean
dh_combined_part_is_alike (const DhCombinedPart *part, const DhCombinedPart *other)
{
  return !part->run->method && !other->run->method
         && g_str_equal (dh_combined_part_score (part), dh_combined_part_score (other));
}

static const DhRunImageRow *
find (const DhCombinedPart *part, const char *stem)
{
  const DhRunImageRow *row = g_hash_table_lookup (part->by_stem, stem);
  return row && g_str_equal (row->state, "done") ? row : NULL;
}

gboolean
dh_combined_part_has (const DhCombinedPart *part, const char *stem, GError **error)
{
  if (find (part, stem))
    return TRUE;
  const DhRunImageRow *row = g_hash_table_lookup (part->by_stem, stem);
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "run %" G_GINT64_FORMAT " has left %s out%s%s", part->run->id, stem,
               row && row->why ? ": " : "", row && row->why ? row->why : "");
  return FALSE;
}

/* FOLDER/eval/scores/STEM.npy, or FOLDER/eval/NAME/STEM.npy. */
static char *
path_of (const DhCombinedPart *part, const char *stem)
{
  g_autofree char *name = g_strconcat (stem, ".npy", NULL);
  return g_build_filename (part->run->folder, "eval", part->map ? part->map : "scores", name, NULL);
}

DhTensor *
dh_combined_part_load (const DhCombinedPart *part, DhDataset *dataset, guint index, GError **error)
{
  const char *stem = dh_dataset_item (dataset, index)->stem;
  guint width, height;
  if (!dh_combined_part_has (part, stem, error) || !dh_dataset_probe_image (dataset, index, &width, &height, error))
    return NULL;
  const DhRunImageRow *row = find (part, stem);
  g_autofree char *path = path_of (part, stem);
  g_autoptr (GBytes) bytes = dh_map_file_read (path, width, height, error);
  g_autoptr (DhTensor) map = bytes ? dh_map_file_parse (bytes, path, width, height, error) : NULL;
  if (!map)
    return NULL;
  const gboolean same_size = row->width == width && row->height == height;
  /* Of a map beside it there is no row. */
  if (same_size && (part->map ? is_owner (part) : dh_map_owner_measured (row, dh_tensor_f32 (map))))
    return g_steal_pointer (&map);
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "%s: is not the map that run %" G_GINT64_FORMAT
               " has measured; evaluate again, into a folder of its own",
               path, part->run->id);
  return NULL;
}

static gboolean
check_there (const DhCombinedPart *part, DhDataset *dataset, GError **error)
{
  guint n = 0, gone = 0;
  g_autofree char *first = NULL;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const char *stem = dh_dataset_item (dataset, i)->stem;
      if (!find (part, stem))
        continue;
      g_autofree char *path = path_of (part, stem);
      const gboolean there = g_file_test (path, G_FILE_TEST_IS_REGULAR);
      n++;
      gone += !there;
      if (!there && !first)
        first = g_steal_pointer (&path);
    }
  if (n == 0)
    return refuse (part, DH_ERROR_MISMATCH, error, "has measured none of the images");
  if (gone == 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "run %" G_GINT64_FORMAT ": %u of its %u maps %s gone%s%s; evaluate again", part->run->id, gone, n,
               gone == 1 ? "is" : "are", gone == 1 ? ": " : ", the first: ", first);
  return FALSE;
}

gboolean
dh_combined_part_check_maps (const DhCombinedPart *part, DhDataset *dataset, GError **error)
{
  if (!check_there (part, dataset, error))
    return FALSE;
  const guint n = dh_dataset_size (dataset), looked_at[] = { 0, n / 2, n - 1 };
  for (guint i = 0; i < G_N_ELEMENTS (looked_at); i++)
    {
      if (!find (part, dh_dataset_item (dataset, looked_at[i])->stem))
        continue;
      /* What cannot be read at all costs its picture, as in every run. */
      g_autoptr (GError) why = NULL;
      g_autoptr (DhTensor) map = dh_combined_part_load (part, dataset, looked_at[i], &why);
      if (g_error_matches (why, DH_ERROR, DH_ERROR_MISMATCH))
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }
    }
  return TRUE;
}

static void
add_number (GString *text, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf (text, " %s", g_ascii_dtostr (digits, sizeof digits, value));
}

char *
dh_combined_part_dup_identity (const DhCombinedPart *part)
{
  const DhRunRow *run = part->run;
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "maps %s\nof %s\nscore %s\nprecision %s\ndevice %s\n", dh_combined_part_score (part),
                          run->model_sha256, run->score, run->precision, run->device);
  for (guint i = 0; i < part->rows->len; i++)
    {
      const DhRunImageRow *row = part->rows->pdata[i];
      g_string_append (text, row->state);
      add_number (text, row->max_score);
      add_number (text, row->mean_score);
      g_string_append_printf (text, "  %s\n", row->stem);
    }
  return g_string_free (text, FALSE);
}
