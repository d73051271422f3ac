/* How far the numbers of each protocol are a matter of chance, in words. */
#include <math.h>

#include "dh-report-private.h"

static const struct
{
  const char *title, *member;
  gboolean low_is_better;
} numbers[DH_N_INTERVALS] = {
  [DH_INTERVAL_AP] = { "AP", "ap", FALSE },
  [DH_INTERVAL_FPR95] = { "FPR95", "fpr95", TRUE },
  [DH_INTERVAL_AUROC] = { "AUROC", "auroc", FALSE },
  [DH_INTERVAL_BEST_F1] = { "best F1", "best_f1", FALSE },
  [DH_INTERVAL_SIOU] = { "sIoU", "siou", FALSE },
  [DH_INTERVAL_PPV] = { "PPV", "ppv", FALSE },
  [DH_INTERVAL_MEAN_F1] = { "mean F1", "mean_f1", FALSE },
  [DH_INTERVAL_FOUND] = { "found at 1 false alarm an image", "found_at_1", FALSE },
  [DH_INTERVAL_FROC] = { "mean found at 1/8 to 8", "froc", FALSE },
};

/* Told of each number of each protocol. */
typedef void (*Told) (const char *protocol, guint k, const DhRunIntervals *drawn, gpointer data);

static void
draw_all (const DhReport *report, guint run, guint n, Told told, gpointer data)
{
  const char *protocol;
  for (guint i = 0; (protocol = dh_report_intervals_protocol (report->intervals, run, i)); i++)
    {
      DhRunIntervals drawn;
      if (!dh_report_intervals_draw_protocol (report->intervals, protocol, run, n, &drawn, report->cancellable))
        continue;
      for (guint k = 0; k < DH_N_INTERVALS; k++)
        if (isfinite (drawn.exact[k][0]) || (n > 1 && isfinite (drawn.exact[k][1])))
          told (protocol, k, &drawn, data);
    }
}

/* Those of densehybrid-pooled stand in the table of parts. */
static gboolean
stands_elsewhere (const char *protocol, guint k)
{
  return g_str_equal (protocol, "densehybrid-pooled") && k != DH_INTERVAL_BEST_F1;
}

static void
add_row (const char *protocol, guint k, const DhRunIntervals *drawn, gpointer data)
{
  DhReportTable *table = data;
  if (stands_elsewhere (protocol, k))
    return;
  g_ptr_array_add (table->cells, g_strdup (protocol));
  g_ptr_array_add (table->cells, g_strdup (numbers[k].title));
  g_ptr_array_add (table->cells, dh_report_count (drawn->groups));
  g_ptr_array_add (table->cells, dh_report_percent (drawn->exact[k][0]));
  g_ptr_array_add (table->cells, dh_report_interval (drawn->numbers[k].of[0], FALSE));
}

static void
add_difference (const char *protocol, guint k, const DhRunIntervals *drawn, gpointer data)
{
  DhReportTable *table = data;
  const DhBootstrapNumber *number = &drawn->numbers[k];
  const double better = numbers[k].low_is_better ? 1 - number->first_higher : number->first_higher;
  if (stands_elsewhere (protocol, k))
    return;
  g_ptr_array_add (table->cells, g_strdup (protocol));
  g_ptr_array_add (table->cells, g_strdup (numbers[k].title));
  g_ptr_array_add (table->cells, dh_report_count (drawn->groups));
  g_ptr_array_add (table->cells, dh_report_difference (drawn->exact[k][0], drawn->exact[k][1]));
  g_ptr_array_add (table->cells, dh_report_interval (number->difference, TRUE));
  g_ptr_array_add (table->cells, dh_report_number (100 * better, 1));
}

static const char *
name_drawn (const DhReport *report)
{
  return dh_report_intervals_of_scenes (report->intervals) ? "scenes" : "images";
}

static gboolean
has_classes (const DhReport *report)
{
  gboolean has = FALSE;
  for (guint r = 0; r < report->n_runs; r++)
    {
      g_autoptr (JsonNode) root = dh_report_parse_summary (report->runs[r].run);
      JsonObject *summary = root ? json_node_get_object (root) : NULL;
      JsonObject *classes = dh_report_get_object (summary, "classes");
      has = has || isfinite (dh_report_get_number (classes, "closed_miou"));
    }
  return has;
}

static char *
dup_sentence (const DhReport *report)
{
  const char *why = dh_report_intervals_why (report->intervals);
  return why ? g_strdup_printf ("No intervals can be had: %s.", why)
             : g_strdup_printf ("By a thousand draws, as above. Means over images, and what is counted of objects, are "
                                "exact in every draw; what ranks all pixels of the set is counted in bins. Of "
                                "smiyc-component the objects are those at the run's threshold, which is not chosen "
                                "anew.%s",
                                has_classes (report) ? " Closed mIoU and open-mIoU have none: the pixels of each class "
                                                       "are counted of the set, and not kept of each image."
                                                     : "");
}

/* NULL where it has no rows and needs no reason. */
static DhReportTable *
take_filled (DhReportTable *table, const DhReport *report)
{
  if (dh_report_table_n_rows (table) > 1 || dh_report_intervals_why (report->intervals))
    return table;
  dh_report_table_free (table);
  return NULL;
}

DhReportTable *
dh_report_drawn_table (const DhReport *report, guint run)
{
  if (!report->intervals)
    return NULL;
  const char *const titles[] = { "protocol", "number", name_drawn (report), "value", "interval of it" };
  DhReportTable *table =
      dh_report_table_new ("95 % intervals by protocol, in per cent", G_N_ELEMENTS (titles), 2, titles);
  table->sentence = dup_sentence (report);
  draw_all (report, run, 1, add_row, table);
  return take_filled (table, report);
}

DhReportTable *
dh_report_compared_drawn (const DhReport *report)
{
  if (!report->intervals || !dh_report_intervals_are_compared (report))
    return NULL;
  const gint64 a = report->runs[0].run->id, b = report->runs[1].run->id;
  g_autofree char *title = g_strdup_printf ("Run %" G_GINT64_FORMAT " less run %" G_GINT64_FORMAT
                                            " by protocol: 95 %% intervals, in percentage points",
                                            a, b);
  g_autofree char *better = g_strdup_printf ("%" G_GINT64_FORMAT " is better", a);
  const char *const titles[] = { "protocol", "number", name_drawn (report), "difference", "interval", better };
  DhReportTable *table = dh_report_table_new (title, G_N_ELEMENTS (titles), 2, titles);
  g_autofree char *sentence = dup_sentence (report);
  const char *protocol;
  gboolean same = TRUE;
  for (guint i = 0; (protocol = dh_report_intervals_protocol (report->intervals, 0, i)); i++)
    same = same && dh_report_intervals_measured_same (report->intervals, protocol);
  table->sentence = same
                        ? g_steal_pointer (&sentence)
                        : g_strconcat (sentence, " Where the runs measured other pixels, nothing is subtracted.", NULL);
  draw_all (report, 0, 2, add_difference, table);
  return take_filled (table, report);
}

typedef struct
{
  JsonBuilder *json;
  guint n;
  const char *protocol; /* whose object is open; NULL: none */
} Writing;

static void
add_member (const char *protocol, guint k, const DhRunIntervals *drawn, gpointer data)
{
  Writing *writing = data;
  const DhBootstrapNumber *number = &drawn->numbers[k];
  if (protocol != writing->protocol)
    {
      if (writing->protocol)
        json_builder_end_object (writing->json);
      json_builder_begin_object (writing->json);
      dh_report_member_string (writing->json, "protocol", protocol);
      dh_report_member_int (writing->json, "groups", drawn->groups);
      writing->protocol = protocol;
    }
  if (writing->n == 1)
    {
      dh_report_member_interval (writing->json, numbers[k].member, drawn->exact[k][0], number->of[0]);
      return;
    }
  g_autofree char *first_higher = g_strconcat (numbers[k].member, "_first_higher", NULL);
  dh_report_member_interval (writing->json, numbers[k].member, drawn->exact[k][0] - drawn->exact[k][1],
                             number->difference);
  dh_report_member_double (writing->json, first_higher, number->first_higher);
}

void
dh_report_drawn_to_json (const DhReport *report, guint run, guint n, JsonBuilder *json)
{
  Writing writing = { json, n, NULL };
  json_builder_set_member_name (json, "protocols");
  json_builder_begin_array (json);
  draw_all (report, run, n, add_member, &writing);
  if (writing.protocol)
    json_builder_end_object (json);
  json_builder_end_array (json);
}
