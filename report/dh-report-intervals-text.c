#include <math.h>

#include "dh-report-private.h"

char *
dh_report_interval (DhInterval interval, gboolean with_sign)
{
  g_autofree char *low = with_sign ? dh_report_difference (interval.low, 0) : dh_report_percent (interval.low);
  g_autofree char *high = with_sign ? dh_report_difference (interval.high, 0) : dh_report_percent (interval.high);
  return isfinite (interval.low) ? g_strdup_printf ("%s to %s", low, high) : g_strdup ("—");
}

static const char *
name_drawn (const DhReport *report)
{
  return dh_report_intervals_of_scenes (report->intervals) ? "scenes" : "images";
}

/* What the intervals are of, or why there are none. */
static char *
dup_sentence (const DhReport *report, const char *of, gboolean compared)
{
  const char *drawn = name_drawn (report);
  g_autofree char *why = dh_report_intervals_dup_why_pooled (report->intervals, compared);
  if (why)
    return g_strdup_printf ("No intervals can be had: %s.", why);
  return g_strdup_printf ("By densehybrid-pooled: how %s a matter of chance, of which %s there are. As many as "
                          "there are were drawn from them, with replacement, %u times; 95 of 100 draws lie in the "
                          "interval. Of fewer than %u, or where too few have anomalies, there is none, and of fewer "
                          "than some 30 it is too narrow.%s%s Another training, or another city, is not in it.",
                          of, drawn, DH_BOOTSTRAP_DRAWS, DH_BOOTSTRAP_LEAST,
                          dh_report_intervals_of_scenes (report->intervals)
                              ? ""
                              : " Where many images are of one scene, chance moves the numbers further.",
                          report->slices[0] ? " Places and classes are parts of each image, and have none." : "");
}

static void
add_row (DhReportTable *table, const char *name, const DhReportPart *part, const DhBootstrapNumbers *numbers)
{
  g_ptr_array_add (table->cells, g_strdup (name));
  g_ptr_array_add (table->cells, dh_report_count (numbers->groups));
  g_ptr_array_add (table->cells, dh_report_percent (part->ap));
  g_ptr_array_add (table->cells, dh_report_interval (numbers->ap.of[0], FALSE));
  g_ptr_array_add (table->cells, dh_report_percent (part->fpr95));
  g_ptr_array_add (table->cells, dh_report_interval (numbers->fpr95.of[0], FALSE));
  g_ptr_array_add (table->cells, dh_report_percent (part->auroc));
  g_ptr_array_add (table->cells, dh_report_interval (numbers->auroc.of[0], FALSE));
}

/* A run's next part at or behind `*at`, 0: the whole; FALSE behind the last. `*name` is freed first. */
static gboolean
next_part (const DhReport *report, guint which, guint *at, DhReportPart *part, char **name)
{
  g_clear_pointer (name, g_free);
  if (*at > 0)
    return dh_report_slices_next_part (report->slices[which], at, part, name);
  *name = g_strdup ("all");
  return dh_report_intervals_get_whole (report->intervals, which, part);
}

static gboolean
find_part (const DhReport *report, guint which, const char *wanted, DhReportPart *part)
{
  gboolean found = FALSE;
  g_autofree char *name = NULL;
  for (guint at = 0; !found && next_part (report, which, &at, part, &name); at++)
    found = g_str_equal (name, wanted);
  return found;
}

DhReportTable *
dh_report_intervals_table (const DhReport *report, guint run)
{
  if (!report->intervals)
    return NULL;
  const char *const titles[] = { "part",  name_drawn (report), "AP",    "interval of it",
                                 "FPR95", "interval of it",    "AUROC", "interval of it" };
  DhReportTable *table = dh_report_table_new ("95 % intervals, in per cent", G_N_ELEMENTS (titles), 1, titles);
  table->sentence = dup_sentence (report, "far these numbers are", FALSE);
  DhReportPart part;
  DhBootstrapNumbers numbers;
  g_autofree char *name = NULL;
  for (guint at = 0; next_part (report, run, &at, &part, &name); at++)
    if (dh_report_intervals_draw (report->intervals, &part, run, 1, &numbers, report->cancellable))
      add_row (table, name, &part, &numbers);
  return table;
}

/* Told of each part that both runs have. */
typedef void (*Told) (const char *name, const DhReportPart *parts, const DhBootstrapNumbers *numbers, gpointer data);

static void
draw_both (const DhReport *report, Told told, gpointer data)
{
  DhReportPart parts[2];
  DhBootstrapNumbers numbers;
  g_autofree char *name = NULL;
  for (guint at = 0; next_part (report, 0, &at, &parts[0], &name); at++)
    if (find_part (report, 1, name, &parts[1])
        && dh_report_intervals_draw (report->intervals, parts, 0, 2, &numbers, report->cancellable))
      told (name, parts, &numbers, data);
}

/* The first run's number less the other's, its interval, and in which part of the draws the first is better. */
static void
add_difference (DhReportTable *table, double a, double b, const DhBootstrapNumber *number, gboolean low_is_better)
{
  g_ptr_array_add (table->cells, dh_report_difference (a, b));
  g_ptr_array_add (table->cells, dh_report_interval (number->difference, TRUE));
  g_ptr_array_add (table->cells,
                   dh_report_number (100 * (low_is_better ? 1 - number->first_higher : number->first_higher), 1));
}

static void
add_differences (const char *name, const DhReportPart *parts, const DhBootstrapNumbers *numbers, gpointer data)
{
  DhReportTable *table = data;
  g_ptr_array_add (table->cells, g_strdup (name));
  g_ptr_array_add (table->cells, dh_report_count (numbers->groups));
  add_difference (table, parts[0].ap, parts[1].ap, &numbers->ap, FALSE);
  add_difference (table, parts[0].fpr95, parts[1].fpr95, &numbers->fpr95, TRUE);
}

gboolean
dh_report_intervals_are_compared (const DhReport *report)
{
  g_autofree char *why = report->n_runs == 2 ? dh_report_explain_difference (report) : NULL;
  return report->n_runs == 2 && !why;
}

DhReportTable *
dh_report_compared_intervals (const DhReport *report)
{
  if (!report->intervals || !dh_report_intervals_are_compared (report))
    return NULL;
  const gint64 a = report->runs[0].run->id, b = report->runs[1].run->id;
  g_autofree char *title = g_strdup_printf (
      "Run %" G_GINT64_FORMAT " less run %" G_GINT64_FORMAT ": 95 %% intervals, in percentage points", a, b);
  g_autofree char *better = g_strdup_printf ("%" G_GINT64_FORMAT " is better", a);
  const char *const titles[] = { "part", name_drawn (report), "AP", "interval", better, "FPR95", "interval", better };
  DhReportTable *table = dh_report_table_new (title, G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *sentence = dup_sentence (report, "far the difference is", TRUE);
  g_autofree char *why = dh_report_intervals_dup_why_pooled (report->intervals, TRUE);
  table->sentence = why ? g_steal_pointer (&sentence)
                        : g_strdup_printf ("%s Both runs were measured on the same draws; in how many of 100 the first "
                                           "is better stands behind each. Where the interval has 0 in it, the "
                                           "difference may be chance.",
                                           sentence);
  draw_both (report, add_differences, table);
  return table;
}

void
dh_report_member_interval (JsonBuilder *json, const char *number, double value, DhInterval interval)
{
  g_autofree char *member = g_strconcat (number, "_interval", NULL);
  dh_report_member_double (json, number, value);
  json_builder_set_member_name (json, member);
  json_builder_begin_array (json);
  dh_report_member_double (json, NULL, interval.low);
  dh_report_member_double (json, NULL, interval.high);
  json_builder_end_array (json);
}

static void
begin_json (const DhReport *report, const char *member, gboolean compared, JsonBuilder *json)
{
  json_builder_set_member_name (json, member);
  json_builder_begin_object (json);
  dh_report_member_string (json, "protocol", "densehybrid-pooled");
  dh_report_member_double (json, "level", DH_BOOTSTRAP_LEVEL);
  dh_report_member_int (json, "draws", DH_BOOTSTRAP_DRAWS);
  dh_report_member_string (json, "drawn", name_drawn (report));
  g_autofree char *why = dh_report_intervals_dup_why_pooled (report->intervals, compared);
  dh_report_member_string (json, "why_none", why);
  json_builder_set_member_name (json, "parts");
  json_builder_begin_array (json);
}

static void
begin_part (JsonBuilder *json, const char *name, const DhBootstrapNumbers *numbers)
{
  json_builder_begin_object (json);
  dh_report_member_string (json, "part", name);
  dh_report_member_int (json, "groups", numbers->groups);
}

static void
end_json (const DhReport *report, guint run, guint n, JsonBuilder *json)
{
  json_builder_end_array (json);
  dh_report_drawn_to_json (report, run, n, json);
  json_builder_end_object (json);
}

void
dh_report_intervals_to_json (const DhReport *report, guint run, JsonBuilder *json)
{
  if (!report->intervals)
    return;
  DhReportPart part;
  DhBootstrapNumbers numbers;
  g_autofree char *name = NULL;
  begin_json (report, "intervals", FALSE, json);
  for (guint at = 0; next_part (report, run, &at, &part, &name); at++)
    if (dh_report_intervals_draw (report->intervals, &part, run, 1, &numbers, report->cancellable))
      {
        begin_part (json, name, &numbers);
        dh_report_member_interval (json, "ap", part.ap, numbers.ap.of[0]);
        dh_report_member_interval (json, "fpr95", part.fpr95, numbers.fpr95.of[0]);
        dh_report_member_interval (json, "auroc", part.auroc, numbers.auroc.of[0]);
        json_builder_end_object (json);
      }
  end_json (report, run, 1, json);
}

static void
add_difference_json (const char *name, const DhReportPart *parts, const DhBootstrapNumbers *numbers, gpointer data)
{
  JsonBuilder *json = data;
  begin_part (json, name, numbers);
  dh_report_member_interval (json, "ap", parts[0].ap - parts[1].ap, numbers->ap.difference);
  dh_report_member_double (json, "ap_first_higher", numbers->ap.first_higher);
  dh_report_member_interval (json, "fpr95", parts[0].fpr95 - parts[1].fpr95, numbers->fpr95.difference);
  dh_report_member_double (json, "fpr95_first_higher", numbers->fpr95.first_higher);
  dh_report_member_interval (json, "auroc", parts[0].auroc - parts[1].auroc, numbers->auroc.difference);
  dh_report_member_double (json, "auroc_first_higher", numbers->auroc.first_higher);
  json_builder_end_object (json);
}

void
dh_report_differences_to_json (const DhReport *report, JsonBuilder *json)
{
  if (!report->intervals || !dh_report_intervals_are_compared (report))
    return;
  begin_json (report, "differences", TRUE, json);
  draw_both (report, add_difference_json, json);
  end_json (report, 0, 2, json);
}
