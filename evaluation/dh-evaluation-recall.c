#include "dh-error.h"
#include "dh-evaluation-flow-private.h"
#include "dh-kept-numbers-private.h"
#include "dh-map-owner.h"

/* The folder's owner lists them by name; another run, and be it stopped, may have put more beside the same scores. */
static gboolean
find_beside (const DhRunRecord *record, guint *maps, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_run_numbers (record->database, record->run, error);
  if (!rows)
    return FALSE;
  guint measured = DH_MAP_BIT (DH_MAP_SEGMENTATION), there = 0;
  DhMap map;
  for (guint i = 0; i < rows->len; i++)
    if (dh_map_from_name (((const DhRunProtocolRow *)rows->pdata[i])->score, &map))
      measured |= DH_MAP_BIT (map);
  g_autofree char *text = dh_map_owner_read_others (record->folder);
  g_auto (GStrv) names = g_strsplit (text ? text : "", ",", -1);
  for (char **name = names; *name; name++)
    if (dh_map_from_name (*name, &map))
      there |= DH_MAP_BIT (map);
  *maps = there & measured & ~DH_MAP_BIT (record->score);
  return TRUE;
}

static gboolean
check_size (const DhEvaluationFlow *flow, guint64 most_bytes, GError **error)
{
  const guint64 bytes = dh_kept_numbers_count_maps (flow);
  if (!most_bytes || bytes <= most_bytes)
    return TRUE;
  g_autofree char *size = g_format_size (bytes);
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the maps of run %" G_GINT64_FORMAT " are %s", flow->record.run,
               size);
  return FALSE;
}

/* As the database has the picture; its maps are not read. */
static DhRunImageRow
row_of (DhEvaluationFlow *flow, const DhDatasetItem *item, const char *path)
{
  const DhRunImageRow *then = dh_run_record_find (&flow->record, item->stem);
  DhRunImageRow row = then ? *then : dh_run_record_new_row ();
  if (then)
    {
      row.score_file = (char *)path;
      flow->result->images++;
      flow->result->resumed++;
      flow->result->seconds += row.seconds;
      return row;
    }
  g_autoptr (GError) why = NULL;
  dh_run_record_set_gone (&flow->record, item->stem, &why);
  const DhLeftOut left_out = { g_strdup (item->stem), g_strdup (why->message) };
  g_array_append_val (flow->result->left_out, left_out);
  dh_run_record_fail_row (&row, why);
  row.why = left_out.why;
  return row;
}

/* All pictures as if they had been measured just now. */
static gboolean
tell_pictures (DhEvaluationFlow *flow, GError **error)
{
  const DhEvaluationOptions *options = flow->options;
  const guint n = dh_dataset_size (options->dataset);
  for (guint i = 0; i < n; i++)
    {
      const DhDatasetItem *item = dh_dataset_item (options->dataset, i);
      g_autofree char *path = dh_run_record_map_path (&flow->record, flow->record.score, item->stem);
      DhRunImageRow row = row_of (flow, item, path);
      if (g_cancellable_set_error_if_cancelled (flow->cancellable, error)
          || !dh_run_record_commit (&flow->record, i, &row, error))
        return FALSE;
      if (options->image_done)
        options->image_done (&row, i + 1, n, options->data);
    }
  dh_progress_report (flow->progress, n, n, NULL);
  return TRUE;
}

/* From what was kept. Protocols that were not measured then are worth reading the maps, where these are not too many.
 * FALSE without an error: the maps are to be read. */
static gboolean
take_kept (DhEvaluationFlow *flow, guint64 most_bytes, GError **error)
{
  guint missing;
  if (!dh_kept_numbers_read (flow, &missing, error))
    return FALSE;
  if (missing > 0 && check_size (flow, most_bytes, NULL))
    {
      g_array_set_size (flow->result->scores, 0);
      g_clear_pointer (&flow->result->classes, dh_class_result_free);
      return FALSE;
    }
  flow->result->kept = TRUE;
  return tell_pictures (flow, error);
}

static gboolean
measure (DhEvaluationFlow *flow, guint64 most_bytes, GError **error)
{
  if (!check_size (flow, most_bytes, error) || !dh_evaluation_flow_visit (flow, error))
    return FALSE;
  dh_kept_numbers_write (flow, NULL); /* for the next time; it can do without */
  return TRUE;
}

DhEvaluation *
dh_evaluation_recall (const DhEvaluationOptions *options, gint64 run, guint classes, guint64 most_bytes,
                      GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  DhRunRecord record;
  guint beside;
  GError *local = NULL;
  if (!dh_run_record_recall (&record, options->database, options->dataset, run, cancellable, error)
      || !find_beside (&record, &beside, error))
    {
      dh_run_record_clear (&record);
      return NULL;
    }
  const guint segmentation = DH_MAP_BIT (DH_MAP_SEGMENTATION);
  DhEvaluationFlow flow;
  dh_evaluation_flow_init (&flow, options, record.score, beside & ~segmentation, (beside & segmentation) != 0, classes,
                           cancellable, progress);
  flow.record = record;
  flow.result->run = run;
  DhEvaluation *result = NULL;
  if (dh_evaluation_flow_prepare (&flow, &local)
      && (take_kept (&flow, most_bytes, &local) || (!local && measure (&flow, most_bytes, &local))))
    result = g_steal_pointer (&flow.result);
  dh_evaluation_flow_clear (&flow);
  if (local)
    g_propagate_error (error, local);
  return result;
}
