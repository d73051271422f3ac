#include <string.h>

#include "dh-error.h"
#include "dh-map-owner.h"
#include "dh-run-record-private.h"

static gboolean
refuse (GError **error, gint code, gint64 run, const char *why)
{
  g_set_error (error, DH_ERROR, code, "run %" G_GINT64_FORMAT " %s", run, why);
  return FALSE;
}

static gboolean
check_run (const DhRunRow *row, DhRunRecord *record, GCancellable *cancellable, GError **error)
{
  if (!g_str_equal (row->kind, "eval-ood") || row->method || !dh_map_from_name (row->score, &record->score))
    return refuse (error, DH_ERROR_USAGE, row->id, "is not an evaluation of a network");
  if (!g_str_equal (row->state, "done"))
    return refuse (error, DH_ERROR_USAGE, row->id, "is not done");
  g_autofree char *fingerprint = dh_dataset_fingerprint (record->dataset, cancellable, error);
  if (!fingerprint)
    return FALSE;
  if (g_strcmp0 (fingerprint, row->dataset_fingerprint) != 0)
    return refuse (error, DH_ERROR_MISMATCH, row->id, "measured other files: the data set has changed since");
  g_autofree char *owner = dh_map_owner_new (row, NULL);
  if (!dh_map_owner_made_scores (row->folder, owner))
    return refuse (error, DH_ERROR_NOT_FOUND, row->id, "has no maps any more: another run has written its own there");
  return TRUE;
}

gboolean
dh_run_record_recall (DhRunRecord *record, DhDatabase *database, DhDataset *dataset, gint64 run,
                      GCancellable *cancellable, GError **error)
{
  *record = (DhRunRecord){ .database = database, .dataset = dataset, .run = run, .recalled = TRUE };
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, error);
  if (!row || !check_run (row, record, cancellable, error)
      || !(record->rows = dh_database_list_run_images (database, run, error)))
    return FALSE;
  record->folder = g_strdup (row->folder);
  record->finished = g_hash_table_new (g_str_hash, g_str_equal);
  record->left_out = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < record->rows->len; i++)
    {
      DhRunImageRow *image = record->rows->pdata[i];
      if (g_str_equal (image->state, "done"))
        g_hash_table_insert (record->finished, image->stem, image);
      else
        g_hash_table_insert (record->left_out, image->stem, image->why ? image->why : image->state);
    }
  return TRUE;
}

void
dh_run_record_set_gone (const DhRunRecord *record, const char *stem, GError **error)
{
  const char *why = g_hash_table_lookup (record->left_out, stem);
  g_autofree char *path = dh_run_record_map_path (record, record->score, stem);
  if (dh_run_record_find (record, stem))
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "%s: this map of run %" G_GINT64_FORMAT ", or one beside it, is not there any more, or another's",
                 path, record->run);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s", why ? why : "it was not measured");
}
