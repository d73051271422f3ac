#include "dh-run-record-private.h"

#include <math.h>
#include <string.h>

#include "dh-config.h"
#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-file.h"
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-run-reading.h"
#include "dh-text.h"

char *
dh_evaluation_default_folder (const char *kind, DhDataset *dataset, const char *sha256, const char *device,
                              const char *precision)
{
  g_autofree char *absolute = g_canonicalize_filename (dh_dataset_root (dataset), NULL);
  g_autofree char *seen = dh_dataset_dup_seen (dataset);
  g_autofree char *hash = dh_sha256 (absolute, strlen (absolute));
  g_autofree char *name = g_strdup_printf ("%s-%.12s-%.12s-%s-%s%s%s", kind, sha256, hash, device, precision,
                                           seen ? "-" : "", seen ? seen : "");
  g_strdelimit (name, ":/+=%,", '-');
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "evaluations", name, NULL);
}

static gboolean
put_dataset (DhRunRecord *record, GCancellable *cancellable, GError **error)
{
  DhDataset *dataset = record->dataset;
  record->fingerprint = dh_dataset_fingerprint (dataset, cancellable, error);
  if (!record->fingerprint)
    return FALSE;
  g_autofree char *root = g_canonicalize_filename (dh_dataset_root (dataset), NULL);
  const DhDatasetRow set = { .root = root,
                             .kind = (char *)dh_dataset_kind_name (dh_dataset_kind (dataset)),
                             .title = (char *)dh_dataset_title (dataset),
                             .fingerprint = record->fingerprint,
                             .images = dh_dataset_size (dataset) };
  record->dataset_id = dh_database_put_dataset (record->database, &set, error);
  return record->dataset_id != 0;
}

/* What a summary says of its own, how the set was read and what the maps are made of, as text. */
static char *
summary_to_text (const DhRunRecord *record, JsonObject *summary)
{
  dh_run_reading_put (summary, record->dataset);
  if (record->made_of)
    json_object_set_object_member (summary, "combined", json_object_ref (record->made_of));
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (root, summary);
  return dh_text_mend_json (json_to_string (root, FALSE));
}

static gboolean
find_or_add (DhRunRecord *record, const DhRunRow *row, const char *owner, GError **error)
{
  GError *local = NULL;
  record->run = dh_database_find_unfinished (record->database, row, &local);
  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (!record->run)
    {
      record->run = dh_database_add_run (record->database, row, error);
      return record->run != 0;
    }
  record->rows = dh_database_list_run_images (record->database, record->run, error);
  if (!record->rows || !dh_database_reopen_run (record->database, record->run, row->summary, error))
    return FALSE;
  /* Since then another run has written its maps there. */
  if (!dh_map_owner_is (record->folder, owner))
    return TRUE;
  for (guint i = 0; i < record->rows->len; i++)
    {
      DhRunImageRow *done = record->rows->pdata[i];
      if (g_str_equal (done->state, "done"))
        g_hash_table_insert (record->finished, done->stem, done);
    }
  return TRUE;
}

/* Before the folder is taken. Maps of another set bear other names. */
static gboolean
find_displaced (DhRunRecord *record, const char *owner, GError **error)
{
  if (dh_map_owner_made_scores (record->folder, owner))
    return TRUE;
  g_autoptr (GPtrArray) runs = dh_database_list_runs (record->database, error);
  for (guint i = 0; runs && i < runs->len; i++)
    {
      const DhRunRow *run = runs->pdata[i];
      if (run->id == record->run || run->images_done == 0
          || !dh_fingerprint_has_same_files (run->dataset_fingerprint, record->fingerprint)
          || !g_str_equal (run->folder, record->folder))
        continue;
      /* Those of others have been written over before. */
      g_autofree char *theirs = dh_map_owner_new (run, NULL);
      if (dh_map_owner_made_scores (record->folder, theirs))
        g_array_append_val (record->displaced, run->id);
    }
  return runs != NULL;
}

gboolean
dh_run_record_begin (DhRunRecord *record, const char *kind, DhDatabase *database, DhDataset *dataset,
                     const DhRunOrigin *origin, const char *folder, DhMap score, const char *others,
                     const char *command, GCancellable *cancellable, GError **error)
{
  *record = (DhRunRecord){ .database = database,
                           .dataset = dataset,
                           .folder = g_canonicalize_filename (folder, NULL),
                           .score = score,
                           .made_of = origin->made_of ? json_object_ref (origin->made_of) : NULL,
                           .finished = g_hash_table_new (g_str_hash, g_str_equal),
                           .displaced = g_array_new (FALSE, FALSE, sizeof (gint64)),
                           .committed = g_ptr_array_new_with_free_func (g_free) };
  /* The lock comes first: what another process has begun is not to be found. */
  gint64 model_id;
  if (!dh_folder_make (folder, error) || !(record->lock = dh_folder_lock_take (folder, error))
      || !put_dataset (record, cancellable, error)
      || !(model_id = dh_database_put_model (database, &origin->model, error)))
    return FALSE;
  g_autofree char *split = dh_dataset_dup_opened (dataset);
  /* Now, because a run that is killed writes no end: whoever opens its set again must see it as it did. */
  g_autofree char *reading = summary_to_text (record, json_object_new ());
  const DhRunRow row = { .kind = (char *)kind,
                         .dataset = record->dataset_id,
                         .model = model_id,
                         .method = (char *)origin->method,
                         .source = origin->method ? origin->path : NULL,
                         .split = split,
                         .folder = record->folder,
                         .score = (char *)origin->score,
                         .device = (char *)origin->device,
                         .device_title = (char *)origin->device_title,
                         .precision = (char *)origin->precision,
                         .program = (char *)DH_VERSION,
                         .command = (char *)command,
                         .summary = reading,
                         .model_sha256 = origin->model.sha256,
                         .dataset_fingerprint = record->fingerprint };
  g_autofree char *owner = dh_map_owner_new (&row, others);
  return find_or_add (record, &row, owner, error) && find_displaced (record, owner, error)
         && dh_database_leave_runs (database, record->folder, record->run, error)
         && dh_map_owner_take (record->folder, owner, error);
}

void
dh_run_record_clear (DhRunRecord *record)
{
  g_clear_pointer (&record->folder, g_free);
  g_clear_pointer (&record->made_of, json_object_unref);
  g_clear_pointer (&record->fingerprint, g_free);
  g_clear_pointer (&record->finished, g_hash_table_unref);
  g_clear_pointer (&record->left_out, g_hash_table_unref);
  g_clear_pointer (&record->displaced, g_array_unref);
  g_clear_pointer (&record->rows, g_ptr_array_unref);
  g_clear_pointer (&record->committed, g_ptr_array_unref);
  g_clear_pointer (&record->lock, dh_folder_lock_release);
}

const DhRunImageRow *
dh_run_record_find (const DhRunRecord *record, const char *stem)
{
  return g_hash_table_lookup (record->finished, stem);
}

char *
dh_run_record_map_path (const DhRunRecord *record, DhMap map, const char *stem)
{
  g_autofree char *file = g_strconcat (stem, ".npy", NULL);
  return g_build_filename (record->folder, "eval", map == record->score ? "scores" : dh_map_name (map), file, NULL);
}

gboolean
dh_run_record_save_map (const DhRunRecord *record, DhMap map, const char *stem, DhTensor *tensor, GError **error)
{
  g_autofree char *path = dh_run_record_map_path (record, map, stem);
  g_autofree char *folder = g_path_get_dirname (path);
  return dh_folder_make (folder, error) && dh_npy_save (path, tensor, error);
}

DhTensor *
dh_run_record_load_map (const DhRunRecord *record, DhMap map, const char *stem, const DhRunImageRow *row)
{
  g_autofree char *path = dh_run_record_map_path (record, map, stem);
  g_autoptr (DhTensor) tensor = dh_npy_load (path, NULL);
  const DhDtype dtype = map == DH_MAP_SEGMENTATION ? DH_DTYPE_U8 : DH_DTYPE_F32;
  if (!tensor || tensor->dtype != dtype || tensor->n_dims != 2 || tensor->dims[0] != row->height
      || tensor->dims[1] != row->width)
    return NULL;
  if (map == record->score && !dh_map_owner_measured (row, dh_tensor_f32 (tensor)))
    return NULL;
  return g_steal_pointer (&tensor);
}

DhRunImageRow
dh_run_record_new_row (void)
{
  return (DhRunImageRow){ .state = (char *)"done",
                          .ap = NAN,
                          .auroc = NAN,
                          .fpr95 = NAN,
                          .best_f1 = NAN,
                          .best_f1_threshold = NAN,
                          .mean_score = NAN,
                          .max_score = NAN };
}

void
dh_run_record_measure (const float *scores, DhRanking *ranking, DhRunImageRow *row)
{
  const gsize n = (gsize)row->width * row->height;
  double sum = 0;
  gsize finite = 0;
  for (gsize i = 0; i < n; i++)
    if (isfinite (scores[i]))
      {
        sum += scores[i];
        finite++;
        if (!(scores[i] <= row->max_score))
          row->max_score = scores[i];
      }
  row->mean_score = finite ? sum / finite : NAN;
  row->non_finite = n - finite;
  if (!ranking)
    return;

  row->positives = dh_ranking_anomalies (ranking);
  row->pixels = dh_ranking_inliers (ranking) + row->positives;
  DhPixelMetrics metrics;
  dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics);
  row->ap = metrics.ap;
  row->auroc = metrics.auroc;
  row->fpr95 = metrics.fpr95;
  row->best_f1 = metrics.best_f1;
  row->best_f1_threshold = metrics.best_f1_threshold;
}

gboolean
dh_run_record_check_label (const DhDatasetItem *item, const DhLabels *labels, guint width, guint height, GError **error)
{
  if (!labels || (labels->width == width && labels->height == height))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: the label is of %u×%u pixels, its image %s of %u×%u",
               item->label, labels->width, labels->height, item->image, width, height);
  return FALSE;
}

void
dh_run_record_fail_row (DhRunImageRow *row, const GError *why)
{
  row->state = (char *)"failed";
  row->why = why->message;
  row->score_file = NULL;
  row->pixels = row->positives = row->non_finite = 0;
}

gboolean
dh_run_record_is_of_image (const GError *error, gboolean reading)
{
  return error->domain == DH_ERROR
         && ((reading && error->code == DH_ERROR_IO) || error->code == DH_ERROR_INVALID
             || error->code == DH_ERROR_NOT_FOUND || error->code == DH_ERROR_MISMATCH
             || error->code == DH_ERROR_TOO_LARGE || error->code == DH_ERROR_UNSUPPORTED);
}

void
dh_run_record_say_kept (const DhRunRecord *record, GError **error)
{
  const guint n = record->finished ? g_hash_table_size (record->finished) : 0;
  if (n == 0 || !g_error_matches (*error, DH_ERROR, DH_ERROR_IO))
    return;
  char *more = g_strdup_printf (n == 1 ? "%s; the %u image that was measured is kept, and evaluating again goes on "
                                         "behind it"
                                       : "%s; the %u images that were measured are kept, and evaluating again goes "
                                         "on behind them",
                                (*error)->message, n);
  g_free ((*error)->message);
  (*error)->message = more;
}

static gboolean
write_row (DhRunRecord *record, const DhDatasetItem *item, DhRunImageRow *row, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (item->image, NULL);
  g_autofree char *path = g_filename_to_utf8 (absolute, -1, NULL, NULL, NULL);
  if (!dh_database_begin (record->database, error))
    return FALSE;
  row->image = dh_database_put_image (record->database, record->dataset_id, item->stem, path ? path : item->stem,
                                      item->split, item->group, error);
  if (row->image && dh_database_put_run_image (record->database, record->run, row, error))
    return dh_database_commit (record->database, error);
  dh_database_roll_back (record->database);
  return FALSE;
}

gboolean
dh_run_record_commit (DhRunRecord *record, guint index, DhRunImageRow *row, GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (record->dataset, index);
  if (!record->recalled && !write_row (record, item, row, error))
    return FALSE;
  row->stem = item->stem;
  row->path = item->image;
  row->scene = item->group;
  if (!record->recalled && g_str_equal (row->state, "done"))
    {
      DhRunImageRow *done = g_new0 (DhRunImageRow, 1);
      done->width = row->width;
      done->height = row->height;
      done->seconds = row->seconds;
      done->mean_score = row->mean_score;
      done->max_score = row->max_score;
      g_ptr_array_add (record->committed, done);
      g_hash_table_insert (record->finished, item->stem, done);
    }
  return TRUE;
}

gboolean
dh_run_record_end (DhRunRecord *record, const GError *why, JsonObject *summary, GError **error)
{
  const gboolean cancelled = g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autofree char *text = summary_to_text (record, summary ? summary : json_object_new ());
  return dh_database_end_run (record->database, record->run,
                              !why        ? "done"
                              : cancelled ? "cancelled"
                                          : "failed",
                              why && !cancelled ? why->message : NULL, text, error);
}
