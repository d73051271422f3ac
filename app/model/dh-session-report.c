#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-export.h"
#include "dh-report.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "dh-session-false-alarms.h"
#include "dh-robustness.h"
#include "dh-session-private.h"
#include "dh-session-result-private.h"

char *
dh_session_evaluation_folder (DhSession *self)
{
  return dh_evaluation_default_folder ("eval-ood", self->dataset, self->model->sha256, self->compute->name,
                                       self->compute->precision);
}

/* The active score's, where it was chosen; else NULL. In as few digits as say exactly that number. */
static char *
dup_threshold (DhSession *self)
{
  const DhThreshold *threshold = &self->thresholds[self->active];
  char text[G_ASCII_DTOSTR_BUF_SIZE], format[8];
  if (threshold->rule == DH_RULE_START || !isfinite (threshold->value))
    return NULL;
  guint digits = 6;
  do
    {
      g_snprintf (format, sizeof format, "%%.%ug", digits);
      g_ascii_formatd (text, sizeof text, format, threshold->value);
    }
  while (g_ascii_strtod (text, NULL) != threshold->value && ++digits <= 17);
  return g_strdup (text);
}

char *
dh_session_dup_command (DhSession *self)
{
  if (self->model == NULL || self->dataset == NULL)
    return NULL;
  g_autofree char *weights = self->model->path != NULL ? g_shell_quote (self->model->path) : g_strdup ("demo");
  /* Without the name of its calibration, which is kept with the weights. */
  g_autofree char *precision = g_strndup (self->compute->precision, strcspn (self->compute->precision, "-"));
  GString *command = g_string_new ("densehybrid ");
  g_autofree char *threshold = dup_threshold (self);
  if (self->pictures != NULL)
    {
      g_string_append_printf (command, "infer --params %s --out maps --png --device %s --precision %s", weights,
                              self->compute->name, precision);
      if (threshold != NULL && self->active == DH_SCORE_HYBRID)
        g_string_append_printf (command, " --threshold %s", threshold);
      for (guint i = 0; self->pictures[i] != NULL; i++)
        {
          g_autofree char *picture = g_shell_quote (self->pictures[i]);
          g_string_append_printf (command, " %s", picture);
        }
      return g_string_free (command, FALSE);
    }
  g_autofree char *folder = dh_session_evaluation_folder (self);
  g_autoptr (DhReading) reading = dh_reading_new_for (self->dataset);
  g_autofree char *set = dh_reading_dup_flags (reading, dh_dataset_root (self->dataset));
  g_autofree char *out = g_shell_quote (folder);
  g_autofree char *protocols = g_strjoinv (",", (char **)dh_session_protocols);
  g_string_append_printf (command, "eval-ood %s --params %s --folder %s --protocol %s %s", set, weights, out, protocols,
                          self->model->has_outlier_head ? "--compare likelihood,dataset_posterior"
                                                        : "--score likelihood");
  g_string_append_printf (command, " --device %s --precision %s", self->compute->name, precision);
  const DhScore measured = self->model->has_outlier_head ? DH_SCORE_HYBRID : DH_SCORE_LIKELIHOOD;
  if (threshold != NULL && self->active == measured)
    {
      g_autofree char *path = g_build_filename (folder, "report.html", NULL), *report = g_shell_quote (path);
      g_autofree char *froc = g_strdup_printf (" --froc --min-area %u", dh_session_get_alarm_area (self));
      g_string_append_printf (command, " && densehybrid report --threshold %s%s%s%s%s --out %s", threshold,
                              self->report_slices ? " --slices" : "", self->report_objects ? " --objects" : "",
                              self->report_false_alarms ? froc : "", self->report_intervals ? " --intervals" : "",
                              report);
    }
  return g_string_free (command, FALSE);
}

typedef struct
{
  gint64 run, other;
  char *path;
  GArray *thresholds; /* DhReportThreshold, of the run; NULL: none */
  GArray *table;      /* gint64, runs of a table; NULL: a report */
  gboolean by_seed;
  gboolean slices, objects, false_alarms, intervals;
  guint alarm_area;    /* pixels of a false alarm */
  gboolean robustness; /* what worse images cost the run, and nothing else */
} Export;

static void
export_free (gpointer data)
{
  Export *export = data;
  g_clear_pointer (&export->thresholds, g_array_unref);
  g_clear_pointer (&export->table, g_array_unref);
  g_free (export->path);
  g_free (export);
}

static gboolean
format_of (const char *path, DhReportFormat *format)
{
  const char *dot = strrchr (path, '.');
  if (dot == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (dot, ".tex") == 0)
    {
      *format = DH_REPORT_LATEX;
      return TRUE;
    }
  g_autofree char *suffix = g_ascii_strdown (dot + 1, -1);
  return dh_report_format_from_name (suffix, format);
}

static void
write_robustness (DhDatabase *database, const Export *export, DhReportFormat format, GError **error)
{
  g_auto (DhRobustness) found = { NULL };
  if (dh_robustness_find (&found, database, export->run, dh_protocol_find ("densehybrid-pooled", NULL), error))
    dh_robustness_write (&found, format, export->path, error);
}

static void
write_report (DhDatabase *database, const Export *export, DhReportFormat format, GCancellable *cancellable,
              GError **error)
{
  if (export->table != NULL)
    {
      const DhTableOptions options = { .runs = (const gint64 *)export->table->data,
                                       .n_runs = export->table->len,
                                       .digits = 2,
                                       .marks = DH_TABLE_MARK_BEST,
                                       .intervals = export->intervals,
                                       .by_seed = export->by_seed };
      dh_report_write_table (database, &options, format, export->path, cancellable, error);
      return;
    }
  if (export->robustness)
    {
      write_robustness (database, export, format, error);
      return;
    }
  const gboolean has_tables = format != DH_REPORT_CSV && format != DH_REPORT_LATEX;
  const DhReportContents contents = { .run = export->run,
                                      .other = export->other,
                                      .thresholds = export->thresholds != NULL
                                                        ? (const DhReportThreshold *)export->thresholds->data
                                                        : NULL,
                                      .n_thresholds = export->thresholds != NULL ? export->thresholds->len : 0,
                                      .slices = export->slices && has_tables,
                                      .objects = export->objects && has_tables,
                                      .froc = export->false_alarms && has_tables,
                                      .froc_rules = { export->alarm_area, 0, -1 },
                                      .intervals = export->intervals && has_tables };
  dh_report_write_contents (database, &contents, format, export->path, cancellable, error);
}

static void
export_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Export *export = data;
  GError *error = NULL;
  DhReportFormat format;
  g_autoptr (DhDatabase) database = NULL;
  if (!format_of (export->path, &format))
    g_set_error (&error, DH_ERROR, DH_ERROR_USAGE, _ ("%s: the name must end in .html, .csv, .json, .md, .tex or .pdf"),
                 export->path);
  else if ((database = dh_database_open_existing (NULL, &error)) != NULL)
    write_report (database, export, format, cancellable, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
exported (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  if (self->worker == NULL)
    return;
  if (!done)
    {
      dh_session_complain (self, _ ("The report could not be written"), error->message);
      return;
    }
  const Export *export = g_task_get_task_data (G_TASK (result));
  g_autofree char *name = g_path_get_basename (export->path);
  g_autofree char *text = g_strdup_printf (_ ("Report written: %s"), name);
  dh_session_say_written (self, text, export->path);
}

typedef struct
{
  gint64 run;
  char *folder;
  DhExportLayout layout;
  guint written;
  gboolean segmented;
} MapExport;

static void
map_export_free (gpointer data)
{
  g_free (((MapExport *)data)->folder);
  g_free (data);
}

static void
export_maps_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  MapExport *export = data;
  GError *error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL
      && dh_export_run (database, export->run, export->layout, NULL, export->folder, &export->written, cancellable,
                        NULL, &error))
    {
      export->segmented = dh_export_has_segmentations (database, export->run);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

static void
maps_exported (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  const MapExport *export = g_task_get_task_data (G_TASK (result));
  if (self->worker == NULL)
    return;
  if (!done)
    {
      g_autofree char *text = g_strdup_printf (
          ngettext ("%s (%u map was written before)", "%s (%u maps were written before)", export->written),
          error->message, export->written);
      dh_session_complain (self, _ ("The maps could not be exported"), export->written > 0 ? text : error->message);
      return;
    }
  g_autofree char *text =
      g_strdup_printf (ngettext ("%u map written", "%u maps written", export->written), export->written);
  g_autofree char *bare = g_strdup_printf (_ ("%s, without the segmentation that Fishyscapes' server wants too"), text);
  const gboolean lacks = export->layout == DH_EXPORT_FISHYSCAPES && !export->segmented;
  dh_session_say_written (self, lacks ? bare : text, export->folder);
}

void
dh_session_export_maps (DhSession *self, gint64 run, const char *layout, const char *folder)
{
  MapExport *export = g_new0 (MapExport, 1);
  *export = (MapExport){ .run = run, .folder = g_strdup (folder) };
  const gboolean known = dh_export_layout_from_name (layout, &export->layout);
  g_autoptr (GTask) task = g_task_new (self, self->closing, maps_exported, NULL);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, export, map_export_free);
  g_return_if_fail (known);
  g_task_run_in_thread (task, export_maps_in_thread);
}

static void
begin_export (DhSession *self, Export made)
{
  Export *export = g_memdup2 (&made, sizeof made);
  g_autoptr (GTask) task = g_task_new (self, self->closing, exported, NULL);
  export->slices = self->report_slices;
  export->objects = self->report_objects;
  export->false_alarms = self->report_false_alarms;
  export->alarm_area = dh_session_get_alarm_area (self);
  export->intervals = self->report_intervals;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, export, export_free);
  g_task_run_in_thread (task, export_in_thread);
}

void
dh_session_export_runs (DhSession *self, gint64 run, gint64 other, const char *path)
{
  begin_export (self, (Export){ .run = run, .other = other, .path = g_strdup (path) });
}

void
dh_session_export_table (DhSession *self, GArray *runs, gboolean by_seed, const char *path)
{
  g_return_if_fail (runs->len > 0);
  begin_export (self, (Export){ .path = g_strdup (path), .table = g_array_ref (runs), .by_seed = by_seed });
}

void
dh_session_export_robustness (DhSession *self, gint64 run, const char *path)
{
  begin_export (self, (Export){ .run = run, .path = g_strdup (path), .robustness = TRUE });
}

static gboolean
is_degraded (const DhRun *run)
{
  return dh_seen_get_degradation (dh_run_get_seen (run)).severity > 0;
}

gboolean
dh_session_has_robustness (DhSession *self, const DhRun *run)
{
  GListModel *runs = dh_session_get_runs (self);
  gboolean has = FALSE;
  if (run->training || run->imported || run->state != DH_RUN_ITEM_DONE || is_degraded (run))
    return FALSE;
  for (guint i = 0; !has && i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      const DhRun *other = dh_run_item_get (item);
      has = !other->training && other->state == DH_RUN_ITEM_DONE && is_degraded (other)
            && g_strcmp0 (other->weights, run->weights) == 0 && dh_run_can_subtract (run, other);
    }
  return has;
}

void
dh_session_set_report_slices (DhSession *self, gboolean slices)
{
  self->report_slices = slices;
}

void
dh_session_set_report_objects (DhSession *self, gboolean objects)
{
  self->report_objects = objects;
}

void
dh_session_set_report_false_alarms (DhSession *self, gboolean false_alarms)
{
  self->report_false_alarms = false_alarms;
}

static void
clear_threshold (gpointer threshold)
{
  dh_report_threshold_clear (threshold);
}

void
dh_session_set_report_intervals (DhSession *self, gboolean intervals)
{
  self->report_intervals = intervals;
}

static char *
dup_rule_name (const DhThreshold *record)
{
  const double rate = dh_rule_false_alarms (record->rule);
  return isnan (rate) ? g_strdup (dh_report_rule_name (dh_rule_id (record->rule)))
                      : dh_report_dup_alarms_rule (rate, record->area);
}

/* Those in use of the scores that were measured, whoever chose them. */
static GArray *
list_thresholds (DhSession *self)
{
  GArray *thresholds = g_array_new (FALSE, TRUE, sizeof (DhReportThreshold));
  g_array_set_clear_func (thresholds, clear_threshold);
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      const DhThreshold *record = &self->thresholds[i];
      if (record->rule == DH_RULE_START || !isfinite (record->value) || !dh_score_stats_has (self->set_stats, i))
        continue;
      const DhReportThreshold threshold = { .score = g_strdup (dh_score_id (i)),
                                            .value = record->value,
                                            .rule = dup_rule_name (record),
                                            .source = g_strdup (record->source),
                                            .images = record->n_images,
                                            .own = dh_session_threshold_is_own (self, i) };
      g_array_append_val (thresholds, threshold);
    }
  return thresholds;
}

void
dh_session_export_report (DhSession *self, const char *path)
{
  if (self->summary != NULL)
    begin_export (self,
                  (Export){ .run = self->summary->run, .path = g_strdup (path), .thresholds = list_thresholds (self) });
}
