#include "dh-robustness.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-report-private.h"
#include "dh-robustness-private.h"
#include "dh-run-reading.h"

static const char *
get_seen (const DhRunRow *run)
{
  return dh_fingerprint_get_seen (run->dataset_fingerprint);
}

/* But for how the images were made worse. */
static gboolean
is_alike (const DhRunRow *a, const DhRunRow *b)
{
  g_autoptr (DhReading) of_a = dh_run_reading_get (a), of_b = dh_run_reading_get (b);
  return !a->method && !b->method && g_str_equal (a->kind, b->kind) && g_str_equal (a->split, b->split)
         && g_str_equal (a->score, b->score) && g_str_equal (a->device, b->device)
         && g_str_equal (a->precision, b->precision) && g_str_equal (a->program, b->program)
         && g_str_equal (a->dataset_kind, b->dataset_kind) && g_str_equal (a->model_sha256, b->model_sha256)
         && dh_fingerprint_has_same_files (a->dataset_fingerprint, b->dataset_fingerprint)
         && dh_seen_has_same_region (get_seen (a), get_seen (b)) && dh_reading_has_same_labels (of_a, of_b);
}

static gboolean
take_numbers (DhRobustnessCell *cell, DhDatabase *database, const DhRunRow *run, const DhProtocol *protocol,
              GError **error)
{
  DhRunNumbers numbers;
  if (!dh_run_numbers_get (database, run->id, protocol->name, &numbers, error))
    return FALSE;
  *cell = (DhRobustnessCell){ run->id, { numbers.ap, numbers.fpr95, numbers.auroc } };
  return TRUE;
}

gint64
dh_robustness_find_run (DhDatabase *database, const DhRunRow *wanted, const DhProtocol *protocol, GError **error)
{
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, error);
  for (guint i = 0; runs && i < runs->len; i++)
    {
      const DhRunRow *run = runs->pdata[i];
      DhRobustnessCell cell;
      if (g_str_equal (run->state, "done") && is_alike (run, wanted) && !dh_report_differ_in_images (run, wanted)
          && take_numbers (&cell, database, run, protocol, NULL))
        return run->id;
    }
  return 0;
}

static gboolean
check_clean (const DhRunRow *run, GError **error)
{
  const gboolean degraded = dh_seen_get_degradation (get_seen (run)).severity > 0;
  const char *why = degraded      ? "saw images that were made worse; name one that saw them as they are"
                    : run->method ? "is of imported scores, of which no other images are known"
                    : !g_str_equal (run->state, "done")    ? "is not done"
                    : !g_str_equal (run->kind, "eval-ood") ? "is none of eval-ood"
                                                           : NULL;
  if (why)
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "run %" G_GINT64_FORMAT " %s", (gint64)run->id, why);
  return !why;
}

gboolean
dh_robustness_find (DhRobustness *self, DhDatabase *database, gint64 run, const DhProtocol *protocol, GError **error)
{
  *self = (DhRobustness){ .run = dh_database_get_run (database, run, error), .protocol = protocol };
  g_autoptr (GPtrArray) runs = NULL;
  if (!self->run || !check_clean (self->run, error)
      || !take_numbers (&self->clean, database, self->run, protocol, error)
      || !(runs = dh_database_list_runs (database, error)))
    return FALSE;
  for (guint i = 0; i < runs->len; i++)
    {
      const DhRunRow *other = runs->pdata[i];
      const DhDegradation degradation = dh_seen_get_degradation (get_seen (other));
      if (degradation.severity == 0 || !g_str_equal (other->state, "done")
          || other->images_done != self->run->images_done || !is_alike (self->run, other))
        continue;
      DhRobustnessCell *cell = &self->cells[degradation.kind][degradation.severity - 1];
      if (!cell->run)
        take_numbers (cell, database, other, protocol, NULL);
    }
  return TRUE;
}

void
dh_robustness_clear (DhRobustness *self)
{
  g_clear_pointer (&self->run, dh_run_row_free);
}

const char *
dh_robustness_number_name (guint number)
{
  static const char *const names[] = { "AP", "FPR95", "AUROC" };
  G_STATIC_ASSERT (G_N_ELEMENTS (names) == DH_ROBUSTNESS_NUMBERS);
  return names[number];
}

gboolean
dh_robustness_has (const DhRobustness *self, guint kind)
{
  for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
    if (self->cells[kind][s].run)
      return TRUE;
  return FALSE;
}

double
dh_robustness_mean (const DhRobustness *self, guint number, guint kind)
{
  double sum = 0;
  guint n = 0;
  for (guint k = 0; kind == DH_N_DEGRADE && k < DH_N_DEGRADE; k++)
    if (dh_robustness_has (self, k))
      {
        sum += dh_robustness_mean (self, number, k);
        n++;
      }
  for (guint s = 0; kind != DH_N_DEGRADE && s < DH_DEGRADE_SEVERITIES; s++)
    if (self->cells[kind][s].run)
      {
        sum += self->cells[kind][s].numbers[number];
        n++;
      }
  return n ? sum / n : (double)NAN;
}

gboolean
dh_robustness_write (const DhRobustness *self, DhReportFormat format, const char *path, GError **error)
{
  static char *(*const make[DH_N_REPORT_FORMATS]) (const DhRobustness *) = {
    [DH_REPORT_CSV] = dh_robustness_to_csv,     [DH_REPORT_JSON] = dh_robustness_to_json,
    [DH_REPORT_HTML] = dh_robustness_to_html,   [DH_REPORT_MD] = dh_robustness_to_markdown,
    [DH_REPORT_LATEX] = dh_robustness_to_latex,
  };
  if (!make[format])
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: what worse images cost is written as html, md, csv, json or latex, not as %s", path,
                   dh_report_format_name (format));
      return FALSE;
    }
  g_autofree char *text = make[format](self);
  return dh_file_write (path, text, strlen (text), error);
}
