#include <math.h>

#include "dh-report-slices-private.h"

/* What the numbers are, and of how many images there are none. */
static char *
dup_sentence (guint unread, const DhReportOperating *at)
{
  GString *text = g_string_new ("By densehybrid-pooled over the pixels of each: no means of images.");
  g_autofree char *of_unread = dh_report_dup_unread (unread);
  g_string_append (text, of_unread);
  if (at && isfinite (at->threshold))
    {
      g_autofree char *threshold = dh_report_number (at->threshold, 4);
      g_string_append_printf (text, " τ is %s (%s).%s", threshold, at->chosen,
                              at->own ? " Chosen on this very set: the best that could be had, not what to expect."
                                      : "");
    }
  return g_string_free (text, FALSE);
}

DhReportTable *
dh_report_slices_table (const DhReportSlices *self)
{
  static const char *const titles[] = { "slice", "images", "pixels",   "anomaly px", "AP",
                                        "FPR95", "AUROC",  "TPR at τ", "FPR at τ" };
  if (!self)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Slices of the set, in per cent", G_N_ELEMENTS (titles), 1, titles);
  const DhReportSlice *whole = self->slices->pdata[0];
  table->sentence = whole->rows->len == 0 ? g_strdup ("No image has labels of anomalies, so nothing is measured.")
                                          : dup_sentence (dh_report_slices_count_unread (self), &self->at);
  for (guint i = 0; i < self->slices->len; i++)
    {
      const DhReportSlice *slice = self->slices->pdata[i];
      g_ptr_array_add (table->cells, dh_report_slice_dup_name (slice));
      g_ptr_array_add (table->cells, dh_report_count (slice->images));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)slice->pixels));
      g_ptr_array_add (table->cells, dh_report_count ((gint64)slice->positives));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.ap));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.fpr95));
      g_ptr_array_add (table->cells, dh_report_percent (slice->metrics.auroc));
      g_ptr_array_add (table->cells, dh_report_percent (slice->tpr));
      g_ptr_array_add (table->cells, dh_report_percent (slice->fpr));
    }
  return table;
}

static const DhReportSlice *
find_same (const DhReportSlices *self, const DhReportSlice *slice)
{
  for (guint i = 0; i < self->slices->len; i++)
    {
      const DhReportSlice *other = self->slices->pdata[i];
      if (g_str_equal (other->by, slice->by) && g_str_equal (other->name, slice->name))
        return other;
    }
  return NULL;
}

DhReportTable *
dh_report_compared_slices (const DhReport *report)
{
  if (report->n_runs < 2 || !report->slices[0] || !report->slices[1])
    return NULL;
  const gint64 a = report->runs[0].run->id, b = report->runs[1].run->id;
  g_autofree char *ap_a = g_strdup_printf ("AP %" G_GINT64_FORMAT, a);
  g_autofree char *ap_b = g_strdup_printf ("AP %" G_GINT64_FORMAT, b);
  g_autofree char *fpr_a = g_strdup_printf ("FPR95 %" G_GINT64_FORMAT, a);
  g_autofree char *fpr_b = g_strdup_printf ("FPR95 %" G_GINT64_FORMAT, b);
  g_autofree char *less = g_strdup_printf ("%" G_GINT64_FORMAT " − %" G_GINT64_FORMAT, a, b);
  const char *titles[] = { "slice", "anomaly pixels", ap_a, ap_b, less, fpr_a, fpr_b, less };
  DhReportTable *table = dh_report_table_new ("Slices of both runs, in per cent", G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *why = dh_report_explain_difference (report);
  table->sentence = why ? g_strdup (why)
                        : dup_sentence (MAX (dh_report_slices_count_unread (report->slices[0]),
                                             dh_report_slices_count_unread (report->slices[1])),
                                        NULL);
  for (guint i = 0; i < report->slices[0]->slices->len; i++)
    {
      const DhReportSlice *slice = report->slices[0]->slices->pdata[i], *other = find_same (report->slices[1], slice);
      if (!other)
        continue;
      const gboolean same = !why && slice->pixels == other->pixels && slice->positives == other->positives;
      g_ptr_array_add (table->cells, dh_report_slice_dup_name (slice));
      g_ptr_array_add (table->cells,
                       why ? g_strdup ("—") : dh_report_count ((gint64)MAX (slice->positives, other->positives)));
      dh_report_table_add_pair (table, slice->metrics.ap, other->metrics.ap, same);
      dh_report_table_add_pair (table, slice->metrics.fpr95, other->metrics.fpr95, same);
    }
  return table;
}

void
dh_report_slices_to_json (const DhReportSlices *self, JsonBuilder *json)
{
  if (!self)
    return;
  json_builder_set_member_name (json, "slices");
  json_builder_begin_object (json);
  dh_report_member_string (json, "protocol", "densehybrid-pooled");
  dh_report_member_double (json, "threshold", self->at.threshold);
  dh_report_member_string (json, "threshold_rule", self->at.chosen);
  dh_report_member_int (json, "images_unread", dh_report_slices_count_unread (self));
  json_builder_set_member_name (json, "slices");
  json_builder_begin_array (json);
  for (guint i = 0; i < self->slices->len; i++)
    {
      const DhReportSlice *slice = self->slices->pdata[i];
      json_builder_begin_object (json);
      dh_report_member_string (json, "by", slice->by);
      dh_report_member_string (json, "slice", slice->place < DH_N_PLACES ? dh_place_name (slice->place) : slice->name);
      dh_report_member_int (json, "images", slice->images);
      dh_report_member_int (json, "pixels", (gint64)slice->pixels);
      dh_report_member_int (json, "positives", (gint64)slice->positives);
      dh_report_member_double (json, "ap", slice->metrics.ap);
      dh_report_member_double (json, "auroc", slice->metrics.auroc);
      dh_report_member_double (json, "fpr95", slice->metrics.fpr95);
      dh_report_member_double (json, "tpr", slice->tpr);
      dh_report_member_double (json, "fpr", slice->fpr);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
}
