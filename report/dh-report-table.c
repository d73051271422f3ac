#include <math.h>

#include "dh-report-private.h"
#include "dh-run-reading.h"
#include "dh-run-state.h"

DhReportTable *
dh_report_table_new (const char *title, guint n_columns, guint n_left, const char *const *titles)
{
  DhReportTable *table = g_new0 (DhReportTable, 1);
  table->title = g_strdup (title);
  table->n_columns = n_columns;
  table->n_left = n_left;
  table->cells = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n_columns; i++)
    g_ptr_array_add (table->cells, g_strdup (titles[i]));
  return table;
}

void
dh_report_table_free (DhReportTable *table)
{
  if (!table)
    return;
  g_free (table->title);
  g_free (table->sentence);
  g_ptr_array_unref (table->cells);
  g_free (table);
}

guint
dh_report_table_n_rows (const DhReportTable *table)
{
  return table->cells->len / table->n_columns;
}

const char *
dh_report_table_cell (const DhReportTable *table, guint row, guint column)
{
  return table->cells->pdata[row * table->n_columns + column];
}

DhReportTable *
dh_report_components_table (const DhReportRun *run)
{
  static const char *const titles[] = { "protocol", "threshold chosen as", "threshold", "sIoU", "PPV", "mean F1" };
  g_auto (DhReportComponents) found = { NULL };
  if (!dh_report_find_components (run->run, &found))
    return NULL;
  DhReportTable *table = dh_report_table_new ("Components, in per cent", G_N_ELEMENTS (titles), 2, titles);
  g_ptr_array_add (table->cells, g_strdup (found.protocol));
  g_ptr_array_add (table->cells, g_strdup (found.rule));
  g_ptr_array_add (table->cells, dh_report_number (found.threshold, 3));
  g_ptr_array_add (table->cells, dh_report_percent (found.siou));
  g_ptr_array_add (table->cells, dh_report_percent (found.ppv));
  g_ptr_array_add (table->cells, dh_report_percent (found.mean_f1));
  return table;
}

/* So that who gives it again gets the same: scores are float32, which nine figures tell apart. */
static char *
dup_value (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite (value))
    return g_strdup ("—");
  g_ascii_formatd (text, sizeof text, "%.9g", fabs (value));
  return g_strconcat (value < 0 ? "−" : "", text, NULL);
}

DhReportTable *
dh_report_thresholds_table (const DhReport *report, guint run)
{
  static const char *const titles[] = {
    "score", "threshold chosen as", "threshold", "precision", "TPR", "FPR", "F1", "TP", "FP", "FN"
  };
  if (run > 0 || report->n_thresholds == 0)
    return NULL;
  DhReportTable *table =
      dh_report_table_new ("At thresholds that were kept, in per cent", G_N_ELEMENTS (titles), 2, titles);
  gboolean own = FALSE, curve = FALSE;
  for (guint i = 0; i < report->n_thresholds; i++)
    {
      const DhReportThreshold *threshold = &report->thresholds[i];
      const char *score = threshold->score ? threshold->score : report->runs[run].run->score;
      DhConfusion found = { 0 };
      gboolean exact;
      const gboolean counted = dh_report_count_at (report, threshold, &exact, &found);
      own = own || threshold->own;
      curve = curve || (counted && !exact);
      g_ptr_array_add (table->cells, g_strdup (score));
      g_autofree char *chosen = dh_report_threshold_chosen (threshold);
      g_ptr_array_add (table->cells, g_strconcat (chosen, threshold->own ? " (this very set)" : "", NULL));
      g_ptr_array_add (table->cells, dup_value (threshold->value));
      g_ptr_array_add (table->cells, dh_report_percent (dh_confusion_precision (&found)));
      g_ptr_array_add (table->cells, dh_report_percent (dh_confusion_tpr (&found)));
      g_ptr_array_add (table->cells, dh_report_percent (dh_confusion_fpr (&found)));
      g_ptr_array_add (table->cells, dh_report_percent (dh_confusion_f1 (&found)));
      const guint64 counts[] = { found.tp, found.fp, found.fn };
      for (guint c = 0; c < G_N_ELEMENTS (counts); c++)
        g_ptr_array_add (table->cells, counted ? dh_report_count ((gint64)counts[c]) : g_strdup ("—"));
    }
  if (own || curve)
    table->sentence =
        g_strconcat (own ? "What was chosen on this very set is the best that could be had, not what to expect." : "",
                     own && curve ? " " : "",
                     curve ? "Counts are read off the curve that the run keeps, between two of its points those of the "
                             "stricter one; where slices are measured, every pixel is counted."
                           : "",
                     NULL);
  return table;
}

char *
dh_report_difference (double a, double b)
{
  double change = 100 * (a - b);
  if (fabs (change) < 0.005)
    change = 0;
  g_autofree char *text = dh_report_number (change, 2);
  return change >= 0.005 ? g_strconcat ("+", text, NULL) : g_steal_pointer (&text);
}

void
dh_report_table_add_pair (DhReportTable *table, double a, double b, gboolean subtract)
{
  g_ptr_array_add (table->cells, dh_report_percent (a));
  g_ptr_array_add (table->cells, dh_report_percent (b));
  g_ptr_array_add (table->cells, dh_report_difference (a, subtract ? b : NAN));
}

const char *
dh_report_name_difference (const DhRunRow *a, const DhRunRow *b)
{
  if (!g_str_equal (a->dataset_kind, b->dataset_kind)
      || !dh_fingerprint_has_same_files (a->dataset_fingerprint, b->dataset_fingerprint))
    return "measured other data";
  if (!g_str_equal (a->split, b->split))
    return "measured other splits";
  if (!dh_seen_has_same_region (dh_fingerprint_get_seen (a->dataset_fingerprint),
                                dh_fingerprint_get_seen (b->dataset_fingerprint)))
    return "measured other pixels of the images";
  g_autoptr (DhReading) of_a = dh_run_reading_get (a), of_b = dh_run_reading_get (b);
  if (!dh_reading_has_same_labels (of_a, of_b))
    return "read the labels in other ways";
  return a->images_done != b->images_done ? "measured other images of the set" : NULL;
}

gboolean
dh_report_differ_in_images (const DhRunRow *a, const DhRunRow *b)
{
  return g_strcmp0 (dh_fingerprint_get_seen (a->dataset_fingerprint), dh_fingerprint_get_seen (b->dataset_fingerprint))
         != 0;
}

char *
dh_report_dup_images (const DhRunRow *a, const DhRunRow *b)
{
  g_autofree char *of_a = dh_seen_dup_phrase (dh_fingerprint_get_seen (a->dataset_fingerprint));
  g_autofree char *of_b = dh_seen_dup_phrase (dh_fingerprint_get_seen (b->dataset_fingerprint));
  if (!dh_report_differ_in_images (a, b))
    return NULL;
  return g_strdup_printf ("run %" G_GINT64_FORMAT " saw the images %s, run %" G_GINT64_FORMAT " %s", (gint64)a->id,
                          of_a, (gint64)b->id, of_b);
}

char *
dh_report_explain_difference (const DhReport *report)
{
  const char *what = dh_report_name_difference (report->runs[0].run, report->runs[1].run);
  return what ? g_strdup_printf ("The runs %s: their numbers stand beside each other and are not subtracted.", what)
              : NULL;
}

char *
dh_report_dup_model (const DhReport *report, guint index)
{
  const DhRunRow *run = report->runs[index].run, *other = report->runs[report->n_runs - 1 - index].run;
  char *model = dh_run_row_dup_model (run);
  g_autofree char *others = dh_run_row_dup_model (other);
  if (run == other || !g_str_equal (model, others) || g_str_equal (run->model_sha256, other->model_sha256))
    return model;
  char *told = g_strdup_printf ("%s, SHA-256 %.8s…", model, run->model_sha256);
  g_free (model);
  return told;
}

static char *
name_run (const DhReport *report, guint index)
{
  const DhRunRow *run = report->runs[index].run;
  g_autofree char *model = dh_report_dup_model (report, index);
  return g_strdup_printf ("Run %" G_GINT64_FORMAT ": %s, %s", run->id, model, run->score);
}

DhReportTable *
dh_report_compared_protocols (const DhReport *report)
{
  if (report->n_runs < 2)
    return NULL;
  const DhReportRun *a = &report->runs[0], *b = &report->runs[1];
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, a->run->id);
  g_autofree char *second = g_strdup_printf ("%" G_GINT64_FORMAT, b->run->id);
  g_autofree char *title = g_strdup_printf ("Run %s and run %s, in per cent", first, second);
  static const char *const numbers[] = { "AP", "FPR95", "AUROC" };
  const char *titles[1 + 3 * G_N_ELEMENTS (numbers)] = { "protocol" };
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (guint side = 0; side < 3; side++)
      {
        char *name = side < 2 ? g_strdup_printf ("%s %s", numbers[i], side ? second : first)
                              : g_strdup_printf ("%s − %s", first, second);
        g_ptr_array_add (names, name);
        titles[1 + 3 * i + side] = name;
      }
  DhReportTable *table = dh_report_table_new (title, G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *why = dh_report_explain_difference (report);
  gboolean other_pixels = FALSE;
  for (guint i = 0; i < a->protocols->len; i++)
    {
      const DhRunProtocolRow *row = a->protocols->pdata[i];
      const DhRunProtocolRow *other =
          g_str_equal (row->score, a->run->score) ? dh_report_find_protocol (b, b->run->score, row->protocol) : NULL;
      if (!other || dh_report_is_component_row (row))
        continue;
      const gboolean same = row->pixels == other->pixels && row->positives == other->positives;
      other_pixels = other_pixels || !same;
      g_ptr_array_add (table->cells, g_strdup (row->protocol));
      dh_report_table_add_pair (table, row->ap, other->ap, !why && same);
      dh_report_table_add_pair (table, row->fpr95, other->fpr95, !why && same);
      dh_report_table_add_pair (table, row->auroc, other->auroc, !why && same);
    }
  const char *more = why                                   ? why
                     : dh_report_table_n_rows (table) == 1 ? "The runs have no protocol in common."
                     : other_pixels ? "Where the runs measured other pixels, nothing is subtracted."
                                    : NULL;
  g_autofree char *one = name_run (report, 0), *two = name_run (report, 1);
  g_autofree char *images = dh_report_dup_images (a->run, b->run);
  table->sentence = g_strdup_printf ("%s; %s%s%s.%s%s", one, two, images ? "; " : "", images ? images : "",
                                     more ? " " : "", more ? more : "");
  return table;
}

typedef struct
{
  const DhRunImageRow *a, *b;
  double change; /* of the AP, without sign; NAN */
} Pair;

static gint
compare_pairs (gconstpointer x, gconstpointer y)
{
  const Pair *a = x, *b = y;
  if (isnan (a->change) || isnan (b->change))
    return isnan (a->change) - isnan (b->change);
  return a->change > b->change ? -1 : a->change < b->change;
}

DhReportTable *
dh_report_compared_images (const DhReport *report)
{
  if (report->n_runs < 2)
    return NULL;
  const DhReportRun *a = &report->runs[0], *b = &report->runs[1];
  g_autoptr (GHashTable) others = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GArray) pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  for (guint i = 0; i < b->images->len; i++)
    g_hash_table_insert (others, ((DhRunImageRow *)b->images->pdata[i])->stem, b->images->pdata[i]);
  for (guint i = 0; i < a->images->len; i++)
    {
      const DhRunImageRow *row = a->images->pdata[i], *other = g_hash_table_lookup (others, row->stem);
      if (!other || !g_str_equal (row->state, "done") || !g_str_equal (other->state, "done"))
        continue;
      const gboolean same = row->pixels == other->pixels && row->positives == other->positives;
      const Pair pair = { row, other, same ? fabs (other->ap - row->ap) : (double)NAN };
      g_array_append_val (pairs, pair);
    }
  if (pairs->len == 0)
    return NULL;
  g_array_sort (pairs, compare_pairs);
  g_autofree char *first = g_strdup_printf ("AP %" G_GINT64_FORMAT, a->run->id);
  g_autofree char *second = g_strdup_printf ("AP %" G_GINT64_FORMAT, b->run->id);
  g_autofree char *difference = g_strdup_printf ("%" G_GINT64_FORMAT " − %" G_GINT64_FORMAT, a->run->id, b->run->id);
  const char *titles[] = { "picture, the largest difference first", "anomaly pixels", first, second, difference };
  DhReportTable *table = dh_report_table_new ("Images by the difference of their AP", G_N_ELEMENTS (titles), 1, titles);
  for (guint i = 0; i < pairs->len; i++)
    {
      const Pair *pair = &g_array_index (pairs, Pair, i);
      g_ptr_array_add (table->cells, g_strdup (pair->a->stem));
      g_ptr_array_add (table->cells, dh_report_count (pair->a->positives));
      dh_report_table_add_pair (table, pair->a->ap, pair->b->ap, !isnan (pair->change));
    }
  return table;
}
