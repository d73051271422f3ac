#include "dh-report.h"

#include <math.h>
#include <string.h>

#include "dh-combined-scores.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-report-private.h"
#include "dh-run-state.h"

static const char *const format_names[DH_N_REPORT_FORMATS] = {
  [DH_REPORT_CSV] = "csv", [DH_REPORT_JSON] = "json",   [DH_REPORT_HTML] = "html",
  [DH_REPORT_MD] = "md",   [DH_REPORT_LATEX] = "latex", [DH_REPORT_PDF] = "pdf",
};

const char *
dh_report_format_name (DhReportFormat format)
{
  g_return_val_if_fail (format < DH_N_REPORT_FORMATS, NULL);
  return format_names[format];
}

gboolean
dh_report_format_from_name (const char *name, DhReportFormat *format)
{
  for (guint i = 0; i < DH_N_REPORT_FORMATS; i++)
    if (g_str_equal (format_names[i], name))
      {
        *format = i;
        return TRUE;
      }
  return FALSE;
}

char **
dh_report_provenance (const DhReportRun *measured)
{
  const DhRunRow *run = measured->run;
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
#define ADD(name, ...)                                                                                                 \
  g_ptr_array_add (words, g_strdup (name));                                                                            \
  g_ptr_array_add (words, g_strdup_printf (__VA_ARGS__))
  ADD ("Run", "%" G_GINT64_FORMAT ", %s", run->id, run->kind);
  ADD ("State", "%s%s%s", dh_run_state (run), run->why ? ": " : "", run->why ? run->why : "");
  ADD ("Data set", "%s (%s)", run->dataset_title, run->dataset_kind);
  ADD ("Folder", "%s", run->dataset_root);
  if (*run->split)
    {
      ADD ("Splits", "%s", run->split);
    }
  dh_report_add_reading (run, words);
  ADD ("Fingerprint", "%s", run->dataset_fingerprint);
  const gboolean imported = run->method != NULL, combined = g_strcmp0 (run->score, DH_SCORE_COMBINED) == 0;
  ADD (imported ? "Method" : "Model", "%s", run->model_title);
  if (!combined)
    {
      ADD (imported ? "Its scores" : "Weights", "%s", run->model_path ? run->model_path : "built in");
    }
  dh_report_add_made_of (run, words);
  ADD (combined   ? "SHA-256 of what it is made of"
       : imported ? "SHA-256 of the scores"
                  : "SHA-256",
       "%s", run->model_sha256);
  ADD ("Score", "%s%s", run->score, dh_report_was_turned (run) ? ", low is anomalous: turned round" : "");
  if (!imported)
    {
      ADD ("Device", "%s (%s), %s", run->device, run->device_title, run->precision);
    }
  ADD ("Program", "densehybrid %s", run->program);
  ADD ("Started", "%s", run->started);
  ADD ("Ended", "%s", run->ended ? run->ended : "—");
  ADD ("Images", "%" G_GINT64_FORMAT " measured, %" G_GINT64_FORMAT " left out", run->images_done, run->images_failed);
  dh_report_add_measured (measured, words);
  dh_report_add_towns (run, words);
  if (!imported)
    {
      ADD ("Inference", "%.1f s", run->seconds);
    }
  if (*run->command)
    {
      ADD ("Command", "%s", run->command);
    }
#undef ADD
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

const DhRunProtocolRow *
dh_report_find_row (GPtrArray *protocols, const char *score, const char *protocol)
{
  for (guint i = 0; i < protocols->len; i++)
    {
      const DhRunProtocolRow *row = protocols->pdata[i];
      if (g_strcmp0 (row->score, score) == 0 && g_str_equal (row->protocol, protocol))
        return row;
    }
  return NULL;
}

gboolean
dh_report_check_done (const DhRunRow *run, const char *what, GError **error)
{
  if (g_str_equal (run->state, "done"))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "%s of run %" G_GINT64_FORMAT
               " cannot be had: it has not measured all of its images. Let it go on with the command that it was "
               "started with",
               what, (gint64)run->id);
  return FALSE;
}

const DhRunProtocolRow *
dh_report_find_protocol (const DhReportRun *run, const char *score, const char *protocol)
{
  return dh_report_find_row (run->protocols, score, protocol);
}

static gint
compare_ap (gconstpointer a, gconstpointer b)
{
  const DhRunImageRow *x = *(DhRunImageRow *const *)a, *y = *(DhRunImageRow *const *)b;
  if (isnan (x->ap) || isnan (y->ap))
    return isnan (x->ap) - isnan (y->ap);
  return x->ap < y->ap ? -1 : x->ap > y->ap;
}

GPtrArray *
dh_report_worst_first (const DhReportRun *run)
{
  GPtrArray *sorted = g_ptr_array_new ();
  for (guint i = 0; i < run->images->len; i++)
    if (g_str_equal (((DhRunImageRow *)run->images->pdata[i])->state, "done"))
      g_ptr_array_add (sorted, run->images->pdata[i]);
  g_ptr_array_sort (sorted, compare_ap);
  return sorted;
}

char *
dh_report_number (double value, guint digits)
{
  if (!isfinite (value))
    return g_strdup ("—");
  g_autofree char *plain = g_strdup_printf ("%.*f", (int)digits, value);
  return plain[0] == '-' ? g_strconcat ("−", plain + 1, NULL) : g_steal_pointer (&plain);
}

char *
dh_report_percent (double fraction)
{
  return dh_report_number (100 * fraction, 2);
}

char *
dh_report_count (gint64 value)
{
  GString *text = g_string_new (NULL);
  g_string_printf (text, "%" G_GINT64_FORMAT, value);
  for (gssize at = (gssize)text->len - 3; at > (value < 0 ? 1 : 0); at -= 3)
    g_string_insert_c (text, at, ',');
  return g_string_free (text, FALSE);
}

/* The run's own score comes first; otherwise the order stays. */
static gint
compare_protocols (gconstpointer a, gconstpointer b, gpointer score)
{
  const DhRunProtocolRow *x = *(DhRunProtocolRow *const *)a, *y = *(DhRunProtocolRow *const *)b;
  const gint own = g_str_equal (y->score, score) - g_str_equal (x->score, score);
  if (own)
    return own;
  const gint by_score = strcmp (x->score, y->score);
  return by_score ? by_score : strcmp (x->protocol, y->protocol);
}

static void
count_pixels (const DhReportRun *run, gint64 counts[2])
{
  counts[0] = counts[1] = 0;
  for (guint i = 0; i < run->images->len; i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      if (!g_str_equal (row->state, "done"))
        continue;
      counts[0] += row->pixels;
      counts[1] += row->positives;
    }
}

gboolean
dh_report_measured_same_pixels (const DhReportRun *a, const DhReportRun *b, const char *protocol)
{
  const DhRunProtocolRow *of_a = protocol ? dh_report_find_protocol (a, a->run->score, protocol) : NULL;
  const DhRunProtocolRow *of_b = protocol ? dh_report_find_protocol (b, b->run->score, protocol) : NULL;
  gint64 counts[2][2];
  if (of_a && of_b)
    return of_a->pixels == of_b->pixels && of_a->positives == of_b->positives;
  count_pixels (a, counts[0]);
  count_pixels (b, counts[1]);
  return counts[0][0] == counts[1][0] && counts[0][1] == counts[1][1];
}

gboolean
dh_report_check_same_pixels (const DhReportRun *a, const DhReportRun *b, const char *protocol, GError **error)
{
  if (dh_report_measured_same_pixels (a, b, protocol))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "runs %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " measured other pixels%s%s", (gint64)a->run->id,
               (gint64)b->run->id, protocol ? " under " : "", protocol ? protocol : "");
  return FALSE;
}

gboolean
dh_report_load_run (DhDatabase *database, gint64 id, DhReportRun *run, GError **error)
{
  run->run = dh_database_get_run (database, id, error);
  run->images = run->run ? dh_database_list_run_images (database, id, error) : NULL;
  run->protocols = run->images ? dh_database_list_run_protocols (database, id, error) : NULL;
  if (run->protocols)
    g_ptr_array_sort_with_data (run->protocols, compare_protocols, run->run->score);
  return run->protocols != NULL;
}

void
dh_report_clear_run (DhReportRun *run)
{
  g_clear_pointer (&run->run, dh_run_row_free);
  g_clear_pointer (&run->images, g_ptr_array_unref);
  g_clear_pointer (&run->protocols, g_ptr_array_unref);
}

static gboolean
write_report (const DhReport *report, DhReportFormat format, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  switch (format)
    {
    case DH_REPORT_CSV:
      text = report->objects ? dh_report_objects_to_csv (report, error) : dh_report_to_csv (report);
      break;
    case DH_REPORT_JSON:
      text = dh_report_to_json (report);
      break;
    case DH_REPORT_HTML:
      text = dh_report_to_html (report);
      break;
    case DH_REPORT_MD:
      text = dh_report_to_markdown (report);
      break;
    case DH_REPORT_LATEX:
      text = dh_report_to_latex (report);
      break;
    case DH_REPORT_PDF:
      return dh_report_to_pdf (report, path, error);
    case DH_N_REPORT_FORMATS:
      g_return_val_if_reached (FALSE);
    }
  return text && !g_cancellable_set_error_if_cancelled (report->cancellable, error)
         && dh_file_write (path, text, strlen (text), error);
}

static gboolean
measure_parts (DhReport *report, const DhReportContents *contents, GError **error)
{
  if (contents->intervals)
    report->intervals =
        dh_report_intervals_new (report, NULL, contents->froc ? &contents->froc_rules : NULL, 1, contents->drawn);
  for (guint r = 0; r < report->n_runs; r++)
    if (contents->slices)
      report->slices[r] = dh_report_slices_new (report, r, DH_REPORT_SLICES_OF_PARTS | DH_REPORT_SLICES_OF_CLASSES);
    else if (contents->intervals)
      dh_report_intervals_read (report->intervals, r, report->progress, report->cancellable);
  for (guint r = 0; contents->froc && r < report->n_runs; r++)
    report->froc[r] = dh_report_froc_new (report, r, &contents->froc_rules);
  return !g_cancellable_set_error_if_cancelled (report->cancellable, error);
}

gboolean
dh_report_write_contents (DhDatabase *database, const DhReportContents *contents, DhReportFormat format,
                          const char *path, GCancellable *cancellable, GError **error)
{
  DhReport report = { .n_runs = contents->other ? 2 : 1,
                      .thresholds = contents->thresholds,
                      .n_thresholds = contents->n_thresholds,
                      .objects = contents->objects,
                      .cancellable = cancellable,
                      .progress = contents->progress };
  const gboolean done =
      dh_report_load_run (database, contents->run, &report.runs[0], error)
      && (!contents->other || dh_report_load_run (database, contents->other, &report.runs[1], error))
      && ((!contents->objects && !contents->slices) || (report.marks = dh_database_list_marks (database, error)))
      && (format == DH_REPORT_CSV || format == DH_REPORT_LATEX || measure_parts (&report, contents, error))
      && write_report (&report, format, path, error);
  dh_report_clear_run (&report.runs[0]);
  dh_report_clear_run (&report.runs[1]);
  g_clear_pointer (&report.marks, g_ptr_array_unref);
  for (guint r = 0; r < report.n_runs; r++)
    {
      dh_report_slices_free (report.slices[r]);
      dh_report_froc_free (report.froc[r]);
    }
  dh_report_intervals_free (report.intervals);
  return done;
}

gboolean
dh_report_write (DhDatabase *database, gint64 run, gint64 other, DhReportFormat format, const char *path,
                 GCancellable *cancellable, GError **error)
{
  const DhReportContents contents = { .run = run, .other = other };
  return dh_report_write_contents (database, &contents, format, path, cancellable, error);
}

gboolean
dh_report_write_at (DhDatabase *database, gint64 run, const DhReportThreshold *thresholds, guint n_thresholds,
                    DhReportFormat format, const char *path, GCancellable *cancellable, GError **error)
{
  const DhReportContents contents = { .run = run, .thresholds = thresholds, .n_thresholds = n_thresholds };
  return dh_report_write_contents (database, &contents, format, path, cancellable, error);
}
