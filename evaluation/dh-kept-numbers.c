#include "dh-kept-numbers-private.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "dh-config.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-map-owner.h"
#include "dh-numbers-folder-private.h"
#include "dh-pack.h"
#include "dh-run-reading.h"
#include "dh-text.h"

static const guint8 magic[] = { 0x93, 'D', 'H', 'N', 'U', 'M', '\r', '\n' };
#define VERSION 1
#define SUM_BYTES 32
#define SMALL ((guint64)16 << 20) /* whatever the maps take */

static char *
path_of (const DhEvaluationFlow *flow)
{
  return dh_numbers_folder_get_path (flow->record.folder, flow->options->dataset);
}

/* All that must be the same for the numbers to be those that would be measured. */
static char *
identify (const DhEvaluationFlow *flow, GError **error)
{
  const DhMetricOptions *rules = &flow->options->metric_options;
  g_autoptr (DhRunRow) run = dh_database_get_run (flow->options->database, flow->record.run, error);
  if (!run)
    return NULL;
  JsonObject *reading = json_object_new ();
  dh_run_reading_put (reading, flow->options->dataset);
  /* The fingerprint has it, wherever a mask lies. */
  if (json_object_has_member (reading, "region"))
    json_object_remove_member (reading, "region");
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (root, reading);
  g_autofree char *how = dh_text_mend_json (json_to_string (root, FALSE)),
                  *others = dh_evaluation_flow_list_others (flow);
  g_autofree char *owner = dh_map_owner_new (run, others);
  GString *text = g_string_new ("densehybrid " DH_VERSION "\n");
  g_string_append_printf (text, "run %" G_GINT64_FORMAT " %s\n", run->id, run->started);
  g_string_append_printf (text, "set %s %s %s\n%s\n", run->dataset_kind, run->dataset_fingerprint, run->split, how);
  /* Not only what was said: what masks elsewhere in the set hold tells what the same values mean here. */
  const char *masks = dh_dataset_mask_meaning (flow->options->dataset);
  g_string_append_printf (text, "masks %s\n", masks ? masks : "none");
  g_string_append (text, owner);
  g_string_append_printf (text, "classes %s\n", flow->table ? flow->table->name : "none");
  g_string_append_printf (text, "components %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %.17g\nrows %d\n",
                          rules->min_prediction, rules->min_anomaly, rules->has_threshold,
                          rules->has_threshold ? rules->threshold : 0, !rules->no_rows);
  return g_string_free (text, FALSE);
}

static const char **
list_stems (const DhEvaluationFlow *flow)
{
  const guint n = dh_dataset_size (flow->options->dataset);
  const char **names = g_new (const char *, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    names[i] = dh_dataset_item (flow->options->dataset, i)->stem;
  return names;
}

static guint64
bytes_of_pixel (const DhEvaluationFlow *flow)
{
  return sizeof (float) * dh_meters_count (flow->meters) + (flow->segmentation ? 1 : 0);
}

/* Of all pictures that were measured; by no hostile row more than there can be. */
static guint64
count_pixels (const DhEvaluationFlow *flow)
{
  guint64 pixels = 0;
  for (guint i = 0; i < dh_dataset_size (flow->options->dataset); i++)
    {
      const DhRunImageRow *row = dh_run_record_find (&flow->record, dh_dataset_item (flow->options->dataset, i)->stem);
      if (row)
        pixels +=
            (guint64)CLAMP (row->width, 0, DH_IMAGE_MAX_SIDE) * (guint64)CLAMP (row->height, 0, DH_IMAGE_MAX_SIDE);
    }
  return pixels;
}

guint64
dh_kept_numbers_count_maps (const DhEvaluationFlow *flow)
{
  return bytes_of_pixel (flow) * count_pixels (flow);
}

/* Writing */

typedef struct
{
  DhFileWriter *writer;
  GChecksum *sum;
  guint64 most;
} Writing;

static gboolean
put (gconstpointer bytes, gsize size, gpointer data, GError **error)
{
  Writing *writing = data;
  if (dh_file_writer_tell (writing->writer) + size > writing->most)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the numbers are larger than the maps");
      return FALSE;
    }
  g_checksum_update (writing->sum, bytes, (gssize)size);
  return dh_file_writer_write (writing->writer, bytes, size, error);
}

/* What is no file is not written into, as others do who were given it: opening a pipe would wait for who reads it. */
static DhFileWriter *
open_file (const char *path, GError **error)
{
  struct stat info;
  if (lstat (path, &info) == 0 && !S_ISREG (info.st_mode))
    g_unlink (path);
  return dh_file_writer_open (path, error);
}

static gboolean
close_file (Writing *writing, DhPack *pack, GError **error)
{
  guint8 sum[SUM_BYTES];
  gsize n = sizeof sum;
  if (!dh_pack_end (pack, error))
    return FALSE;
  g_checksum_get_digest (writing->sum, sum, &n);
  return dh_file_writer_write (writing->writer, sum, n, error) && dh_file_writer_close (writing->writer, error);
}

static void
pack_seals (const DhEvaluationFlow *flow, const DhPictureSeal *seals, DhPack *pack)
{
  for (guint i = 0; i < dh_dataset_size (flow->options->dataset); i++)
    dh_pack_bytes (pack, &seals[i], sizeof *seals);
}

static gboolean
pack_score (const DhScoreEvaluation *score, const char *const *names, guint n_names, DhPack *pack)
{
  dh_pack_text (pack, score->name);
  if (!dh_ranking_pack (score->ranking, pack))
    return FALSE;
  dh_pack_byte (pack, score->sweep != NULL);
  if (score->sweep)
    dh_open_sweep_pack (score->sweep, pack);
  dh_pack_count (pack, score->results->len);
  for (guint i = 0; i < score->results->len; i++)
    if (!dh_result_pack (score->results->pdata[i], names, n_names, pack))
      return FALSE;
  return TRUE;
}

static gboolean
pack_all (const DhEvaluationFlow *flow, const char *identity, DhPack *pack)
{
  const DhEvaluation *result = flow->result;
  const guint n = dh_dataset_size (flow->options->dataset);
  g_autofree const char **names = list_stems (flow);
  dh_pack_bytes (pack, magic, sizeof magic);
  dh_pack_word (pack, VERSION);
  dh_pack_text (pack, identity);
  dh_pack_count (pack, n);
  pack_seals (flow, flow->seals, pack);
  dh_pack_double (pack, result->classes ? result->classes->threshold : (double)NAN);
  dh_pack_count (pack, result->scores->len);
  for (guint m = 0; m < result->scores->len; m++)
    if (!pack_score (&g_array_index (result->scores, DhScoreEvaluation, m), names, n, pack))
      return FALSE;
  return TRUE;
}

gboolean
dh_kept_numbers_write (const DhEvaluationFlow *flow, GError **error)
{
  g_autofree char *path = path_of (flow), *identity = identify (flow, error);
  if (!identity || !dh_numbers_folder_make (flow->record.folder, error))
    return FALSE;
  g_autoptr (DhFileWriter) writer = open_file (path, error);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  Writing writing = { writer, sum, MAX (dh_kept_numbers_count_maps (flow), SMALL) };
  DhPack pack;
  if (!writer)
    return FALSE;
  dh_pack_init (&pack, put, &writing);
  if (pack_all (flow, identity, &pack))
    return close_file (&writing, &pack, error);
  if (dh_pack_end (&pack, error))
    g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory left to keep the numbers");
  return FALSE;
}

/* Reading */

/* The same file with other seals. */
static void
seal_again (const DhEvaluationFlow *flow, GBytes *bytes, gsize at, const DhPictureSeal *seals)
{
  g_autofree char *path = path_of (flow);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  const gsize behind = at + dh_dataset_size (flow->options->dataset) * sizeof *seals;
  g_autoptr (DhFileWriter) writer = open_file (path, NULL);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  Writing writing = { writer, sum, size };
  DhPack pack;
  if (!writer)
    return;
  dh_pack_init (&pack, put, &writing);
  dh_pack_bytes (&pack, data, at);
  pack_seals (flow, seals, &pack);
  dh_pack_bytes (&pack, data + behind, size - SUM_BYTES - behind);
  close_file (&writing, &pack, NULL); /* else they are looked at again the next time */
}

/* Whether the picture's label and maps are those of then; *now is its seal. */
static gboolean
is_same_picture (const DhEvaluationFlow *flow, guint index, const DhPictureSeal *then, DhPictureSeal *now)
{
  DhDataset *dataset = flow->options->dataset;
  const DhDatasetItem *item = dh_dataset_item (dataset, index);
  const guint maps = dh_evaluation_flow_list_maps (flow);
  g_autoptr (DhLabels) anomalies = NULL, classes = NULL;
  dh_picture_seal_maps (now, &flow->record, maps, item->stem);
  if (memcmp (now->maps, then->maps, sizeof now->maps) != 0)
    return FALSE;
  dh_picture_seal_files (now, item);
  memcpy (now->labels, then->labels, sizeof now->labels);
  if (dh_picture_seal_is_settled (now) && memcmp (now->files, then->files, sizeof now->files) == 0)
    return TRUE;
  if (!dh_dataset_load_labels (dataset, index, &anomalies, flow->table ? &classes : NULL, NULL))
    return FALSE;
  dh_picture_seal_labels (now, anomalies, classes);
  return memcmp (now->labels, then->labels, sizeof now->labels) == 0;
}

/* Each that was measured; `now` has a place for each of the set. */
static gboolean
check_pictures (const DhEvaluationFlow *flow, const DhPictureSeal *then, DhPictureSeal *now, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (flow->options->dataset); i++)
    {
      const char *stem = dh_dataset_item (flow->options->dataset, i)->stem;
      if (g_cancellable_set_error_if_cancelled (flow->cancellable, error))
        return FALSE;
      if (dh_run_record_find (&flow->record, stem) && !is_same_picture (flow, i, &then[i], &now[i]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_whole (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree char *hash = dh_sha256 (data, size - SUM_BYTES);
  for (guint i = 0; i < SUM_BYTES; i++)
    if (data[size - SUM_BYTES + i]
        != (g_ascii_xdigit_value (hash[2 * i]) << 4 | g_ascii_xdigit_value (hash[2 * i + 1])))
      return FALSE;
  return TRUE;
}

/* Those of them that were asked for, in that order. */
static void
choose_results (const DhEvaluationFlow *flow, GPtrArray *there, GPtrArray *results, guint *missing)
{
  for (guint p = 0; p < flow->options->n_protocols; p++)
    {
      guint i = 0;
      while (i < there->len && ((const DhResult *)there->pdata[i])->protocol != flow->options->protocols[p])
        i++;
      if (i < there->len)
        g_ptr_array_add (results, g_ptr_array_steal_index (there, i));
      else
        *missing += 1;
    }
}

static gboolean
unpack_score (DhEvaluationFlow *flow, guint m, guint64 most_pixels, const char *const *names, guint *missing,
              DhUnpack *from)
{
  const DhMap map = dh_meters_map (flow->meters, m);
  const guint n = dh_dataset_size (flow->options->dataset);
  g_autoptr (GPtrArray) there = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_result_free);
  DhScoreEvaluation score = { .score = map, .name = dh_map_name (map) };
  score.results = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_result_free);
  if (dh_unpack_same_text (from, score.name))
    score.ranking = dh_ranking_unpack (from, most_pixels);
  if (dh_unpack_byte (from) != (flow->table != NULL))
    dh_unpack_fail (from);
  if (flow->table && !from->failed)
    score.sweep = dh_open_sweep_unpack (from, flow->table->n_classes, most_pixels);
  const guint n_results = (guint)dh_unpack_count (from, dh_protocol_count ());
  for (guint i = 0; i < n_results && !from->failed; i++)
    {
      DhResult *result = dh_result_unpack (from, names, n);
      if (result)
        g_ptr_array_add (there, result);
    }
  if (m == 0)
    choose_results (flow, there, score.results, missing);
  else
    while (there->len > 0)
      g_ptr_array_add (score.results, g_ptr_array_steal_index (there, 0));
  if (m > 0 && score.results->len != 1) /* densehybrid-pooled */
    dh_unpack_fail (from);
  g_array_append_val (flow->result->scores, score);
  return !from->failed;
}

/* The ranking of the run's own score has the pixels that its rows have. */
static gboolean
agrees_with_rows (const DhEvaluationFlow *flow)
{
  DhRanking *ranking = g_array_index (flow->result->scores, DhScoreEvaluation, 0).ranking;
  gint64 pixels = 0, positives = 0;
  for (guint i = 0; i < dh_dataset_size (flow->options->dataset); i++)
    {
      const DhRunImageRow *row = dh_run_record_find (&flow->record, dh_dataset_item (flow->options->dataset, i)->stem);
      pixels += row ? row->pixels : 0;
      positives += row ? row->positives : 0;
    }
  return dh_ranking_anomalies (ranking) == (guint64)positives
         && dh_ranking_inliers (ranking) + dh_ranking_anomalies (ranking) == (guint64)pixels;
}

static gboolean
unpack_scores (DhEvaluationFlow *flow, guint *missing, DhUnpack *from, GError **error)
{
  const guint n_scores = dh_meters_count (flow->meters);
  const guint64 most_pixels = count_pixels (flow);
  const double threshold = dh_unpack_double (from);
  g_autofree const char **names = list_stems (flow);
  if (dh_unpack_count (from, DH_N_MAPS) != n_scores)
    return FALSE;
  for (guint m = 0; m < n_scores; m++)
    if (g_cancellable_set_error_if_cancelled (flow->cancellable, error)
        || !unpack_score (flow, m, most_pixels, names, missing, from))
      return FALSE;
  if (from->at != from->end || !agrees_with_rows (flow))
    return FALSE;
  DhScoreEvaluation *first = &g_array_index (flow->result->scores, DhScoreEvaluation, 0);
  if (first->sweep && dh_open_sweep_pixels (first->sweep))
    flow->result->classes = dh_class_result_new (flow->table, first->sweep, threshold);
  return TRUE;
}

static GBytes *
load (const DhEvaluationFlow *flow)
{
  g_autofree char *path = path_of (flow);
  g_autoptr (GBytes) bytes = dh_file_read (path, MAX (dh_kept_numbers_count_maps (flow), SMALL), NULL);
  return bytes && g_bytes_get_size (bytes) > sizeof magic + SUM_BYTES ? g_steal_pointer (&bytes) : NULL;
}

gboolean
dh_kept_numbers_read (DhEvaluationFlow *flow, guint *missing, GError **error)
{
  const guint n = dh_dataset_size (flow->options->dataset);
  g_autoptr (GBytes) bytes = load (flow);
  g_autofree char *identity = bytes ? identify (flow, NULL) : NULL;
  g_autofree DhPictureSeal *now = g_new0 (DhPictureSeal, MAX (n, 1));
  *missing = 0;
  if (!identity)
    return FALSE;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  DhUnpack from = { data + sizeof magic, data + size - SUM_BYTES, FALSE };
  if (memcmp (data, magic, sizeof magic) != 0 || dh_unpack_word (&from) != VERSION
      || !dh_unpack_same_text (&from, identity) || dh_unpack_count (&from, n) != n)
    return FALSE;
  const gsize at = (gsize)(from.at - data);
  const guint8 *seals = dh_unpack_bytes (&from, n * sizeof *now);
  if (!seals || !is_whole (bytes) || !check_pictures (flow, (const DhPictureSeal *)seals, now, error)
      || !unpack_scores (flow, missing, &from, error))
    {
      g_array_set_size (flow->result->scores, 0);
      return FALSE;
    }
  if (memcmp (now, seals, n * sizeof *now) != 0)
    seal_again (flow, bytes, at, now);
  return TRUE;
}
