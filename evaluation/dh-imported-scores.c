#include "dh-imported-scores.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-map-file.h"
#include "dh-map-folder.h"
#include "dh-ranking.h"

enum
{
  MOST_LOOKED_AT = 4,    /* pictures with anomalies */
  MOST_LABELS_READ = 24, /* for finding them */
};

struct _DhImportedScores
{
  gatomicrefcount refs;
  DhDataset *dataset;
  DhMapFolder *maps;
  char *method, *folder;
  gboolean low_is_anomalous;
  char **sums; /* of each picture's file, once the sum is made; "" where it could not be read */
  char *sha256;
};

static gboolean
is_smiyc_set (const char *name)
{
  return g_str_has_suffix (name, "-all") || g_str_has_suffix (name, "-validation") || g_str_has_suffix (name, "Track");
}

/* A last folder that only tells a data set (SegmentMeIfYouCan's and this program's own trees) is not the method. */
char *
dh_imported_scores_dup_method (const char *path)
{
  static const char *const parts[] = { "eval", "scores", "maps", "out", "outputs", "anomaly_p" };
  g_autofree char *at = g_canonicalize_filename (path, NULL);
  for (;;)
    {
      g_autofree char *name = g_path_get_basename (at), *above = g_path_get_dirname (at);
      g_autofree char *upper = g_path_get_basename (above);
      gboolean vague = is_smiyc_set (name);
      for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
        vague = vague || g_str_equal (name, parts[i]);
      if (!vague || g_str_equal (upper, "/") || g_str_equal (upper, "."))
        return g_filename_display_name (name);
      g_free (at);
      at = g_steal_pointer (&above);
    }
}

/* In SegmentMeIfYouCan's tree the method's name stands over the set's, wherever above them the tree was entered. */
static char *
name_method (const DhMapFolder *maps, guint n, const char *path)
{
  g_autofree char *common = NULL;
  for (guint i = 0; i < n; i++)
    {
      const char *file = dh_map_folder_file (maps, i);
      g_autofree char *folder = file ? g_path_get_dirname (file) : NULL;
      if (folder && common && !g_str_equal (folder, common))
        return dh_imported_scores_dup_method (path);
      if (folder && !common)
        common = g_steal_pointer (&folder);
    }
  g_autofree char *last = common ? g_path_get_basename (common) : NULL;
  return dh_imported_scores_dup_method (last && is_smiyc_set (last) ? common : path);
}

DhImportedScores *
dh_imported_scores_open (const char *path, const char *method, gboolean low_is_anomalous, DhDataset *dataset,
                         const char *out, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  if (out && dh_path_lies_in (path, out))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "%s: these scores lie in the folder that the run writes to; name another folder for the run", path);
      return NULL;
    }
  if (dh_dataset_size (dataset) == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: has no images to evaluate", dh_dataset_root (dataset));
      return NULL;
    }
  DhMapFolder *maps = dh_map_folder_open (path, dataset, out, cancellable, progress, error);
  if (!maps)
    return NULL;
  g_autofree char *name = method ? g_strstrip (g_strdup (method)) : name_method (maps, dh_dataset_size (dataset), path);
  if (!*name || !g_utf8_validate (name, -1, NULL))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, "the method needs a name, which tables show it by");
      dh_map_folder_free (maps);
      return NULL;
    }
  DhImportedScores *scores = g_new0 (DhImportedScores, 1);
  g_atomic_ref_count_init (&scores->refs);
  scores->dataset = dh_dataset_ref (dataset);
  scores->maps = maps;
  scores->method = g_steal_pointer (&name);
  scores->folder = g_canonicalize_filename (path, NULL);
  scores->low_is_anomalous = low_is_anomalous;
  return scores;
}

DhImportedScores *
dh_imported_scores_ref (DhImportedScores *scores)
{
  g_atomic_ref_count_inc (&scores->refs);
  return scores;
}

void
dh_imported_scores_unref (DhImportedScores *scores)
{
  if (!scores || !g_atomic_ref_count_dec (&scores->refs))
    return;
  for (guint i = 0; scores->sums && i < dh_dataset_size (scores->dataset); i++)
    g_free (scores->sums[i]);
  g_free (scores->sums);
  g_free (scores->sha256);
  g_free (scores->method);
  g_free (scores->folder);
  dh_map_folder_free (scores->maps);
  dh_dataset_unref (scores->dataset);
  g_free (scores);
}

const char *
dh_imported_scores_method (const DhImportedScores *scores)
{
  return scores->method;
}

const char *
dh_imported_scores_folder (const DhImportedScores *scores)
{
  return scores->folder;
}

gboolean
dh_imported_scores_low_is_anomalous (const DhImportedScores *scores)
{
  return scores->low_is_anomalous;
}

guint
dh_imported_scores_n_found (const DhImportedScores *scores)
{
  return dh_map_folder_n_found (scores->maps);
}

const char *
dh_imported_scores_sha256 (const DhImportedScores *scores)
{
  return scores->sha256;
}

static GBytes *
read_file (const DhImportedScores *scores, guint index, guint *width, guint *height, GError **error)
{
  const char *file = dh_map_folder_file (scores->maps, index);
  if (!dh_dataset_probe_image (scores->dataset, index, width, height, error))
    return NULL;
  if (file)
    return dh_map_file_read (file, *width, *height, error);
  g_autofree char *sought = dh_map_folder_sought (scores->dataset, index);
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: no score map of %s is there; sought were %s", scores->folder,
               dh_dataset_item (scores->dataset, index)->stem, sought);
  return NULL;
}

static char *
sum_of (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  return dh_sha256 (data, size);
}

gboolean
dh_imported_scores_sum (DhImportedScores *scores, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  if (scores->sha256)
    return TRUE;
  const guint n = dh_dataset_size (scores->dataset);
  g_autoptr (GString) lines = g_string_new (scores->low_is_anomalous ? "low is anomalous\n" : NULL);
  if (!scores->sums)
    scores->sums = g_new0 (char *, n);
  for (guint i = 0; i < n; i++)
    {
      const char *stem = dh_dataset_item (scores->dataset, i)->stem;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      dh_progress_report (progress, i, n, "the scores' checksum");
      if (!dh_map_folder_file (scores->maps, i))
        continue;
      guint width, height;
      g_autoptr (GBytes) bytes = read_file (scores, i, &width, &height, NULL);
      g_free (scores->sums[i]);
      scores->sums[i] = bytes ? sum_of (bytes) : g_strdup ("");
      g_string_append_printf (lines, "%s  %s\n", scores->sums[i], stem);
    }
  scores->sha256 = dh_sha256 (lines->str, lines->len);
  return TRUE;
}

char *
dh_imported_scores_default_folder (const DhImportedScores *scores)
{
  g_return_val_if_fail (scores->sha256 != NULL, NULL);
  g_autofree char *root = g_canonicalize_filename (dh_dataset_root (scores->dataset), NULL);
  g_autofree char *whose =
      g_strdup_printf ("%s\n%s\n%s", root, scores->method, scores->low_is_anomalous ? "low" : "high");
  g_autofree char *hash = dh_sha256 (whose, strlen (whose));
  g_autofree char *name = g_strdup_printf ("imported-%.12s-%.12s", scores->sha256, hash);
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "evaluations", name, NULL);
}

static DhTensor *
negate (DhTensor *map, const char *stem, GError **error)
{
  DhTensor *turned = dh_tensor_new_f32 (map->n_dims, map->dims);
  if (!turned)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for the score map of %s", stem);
      return NULL;
    }
  const float *from = dh_tensor_f32 (map);
  float *to = dh_tensor_f32 (turned);
  for (gint64 i = 0, n = dh_tensor_count (map); i < n; i++)
    to[i] = -from[i];
  return turned;
}

static DhTensor *
load_raw (const DhImportedScores *scores, guint index, GError **error)
{
  guint width, height;
  const char *file = dh_map_folder_file (scores->maps, index);
  g_autoptr (GBytes) bytes = read_file (scores, index, &width, &height, error);
  if (!bytes)
    return NULL;
  g_autofree char *sum = scores->sha256 ? sum_of (bytes) : NULL;
  if (sum && !g_str_equal (sum, scores->sums[index]))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: has changed since the run began; import it once it is whole",
                   file);
      return NULL;
    }
  return dh_map_file_parse (bytes, file, width, height, error);
}

DhTensor *
dh_imported_scores_load (const DhImportedScores *scores, guint index, GError **error)
{
  g_autoptr (DhTensor) map = load_raw (scores, index, error);
  if (!map || !scores->low_is_anomalous)
    return g_steal_pointer (&map);
  return negate (map, dh_dataset_item (scores->dataset, index)->stem, error);
}

/* The picture's pixels, where it has anomalies and a map that can be read; whether it had. */
static gboolean
look_at (const DhImportedScores *scores, guint index, DhRanking *ranking)
{
  g_autoptr (DhRanking) one = dh_ranking_new ();
  g_autoptr (DhLabels) labels = NULL;
  if (!dh_dataset_load_labels (scores->dataset, index, &labels, NULL, NULL) || !labels)
    return FALSE;
  const gsize n = (gsize)labels->width * labels->height;
  if (!memchr (labels->ids, DH_ANOMALY_ANOMALY, n))
    return FALSE;
  g_autoptr (DhTensor) map = load_raw (scores, index, NULL);
  return map && map->dims[0] == labels->height && map->dims[1] == labels->width
         && dh_ranking_add (one, dh_tensor_f32 (map), labels->ids, n, NULL, NULL)
         && dh_ranking_merge (ranking, one, NULL);
}

gboolean
dh_imported_scores_look (const DhImportedScores *scores, double *auroc, guint *n_pictures, GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  const guint n = dh_dataset_size (scores->dataset), step = MAX (1, n / MOST_LABELS_READ);
  *n_pictures = 0;
  for (guint i = 0; i < n && *n_pictures < MOST_LOOKED_AT; i += step)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (dh_map_folder_file (scores->maps, i))
        *n_pictures += look_at (scores, i, ranking);
    }
  DhPixelMetrics metrics = { .auroc = NAN };
  if (*n_pictures > 0)
    dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics);
  *auroc = metrics.auroc;
  return TRUE;
}
