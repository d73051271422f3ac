#include <math.h>

#include "dh-report-slices-private.h"

/* What is said of classes, where they are wanted. */
static void
append_classes (GString *text, const DhReportSlices *self)
{
  const DhReportSlice *last = self->slices->pdata[self->slices->len - 1];
  if (self->why_no_classes)
    g_string_append_printf (text, " %s", self->why_no_classes);
  else if (last->class_id >= 0)
    g_string_append (text, " Classes are what the network sees, whatever is labelled.");
  if (self->unsegmented > 0 && !self->why_no_classes)
    g_string_append_printf (text,
                            self->unsegmented == 1 ? " %u image has no segmentation any more, and is in no class."
                                                   : " %u images have no segmentation any more, and are in no class.",
                            self->unsegmented);
}

static char *
dup_threshold (const DhReportSlices *self)
{
  g_autofree char *threshold = dh_report_number (self->at.threshold, 4);
  return g_strdup_printf ("%s (%s)", threshold, self->at.chosen);
}

/* What the numbers are, and of how many images there are none. */
static char *
dup_sentence (const DhReportSlices *self)
{
  GString *text = g_string_new ("By densehybrid-pooled over the pixels of each: no means of images.");
  g_autofree char *of_unread = dh_report_dup_unread (dh_report_slices_count_unread (self));
  g_string_append (text, of_unread);
  if (isfinite (self->at.threshold))
    {
      g_autofree char *threshold = dup_threshold (self);
      g_string_append_printf (
          text,
          " τ is %s.%s Of all FP: the share of the set's falsely flagged pixels that lies there; "
          "of all FN: of its missed anomaly pixels.",
          threshold, self->at.own ? " Chosen on this very set: the best that could be had, not what to expect." : "");
    }
  append_classes (text, self);
  return g_string_free (text, FALSE);
}

DhReportTable *
dh_report_slices_table (const DhReportSlices *self)
{
  static const char *const titles[] = { "slice", "images",   "pixels",   "anomaly px", "AP",       "FPR95",
                                        "AUROC", "TPR at τ", "FPR at τ", "of all FP",  "of all FN" };
  if (!self)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Slices of the set, in per cent", G_N_ELEMENTS (titles), 1, titles);
  const DhReportSlice *whole = self->slices->pdata[0];
  table->sentence = whole->rows->len == 0 ? g_strdup ("No image has labels of anomalies, so nothing is measured.")
                                          : dup_sentence (self);
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
      g_ptr_array_add (table->cells, dh_report_percent (slice->fp_share));
      g_ptr_array_add (table->cells, dh_report_percent (slice->fn_share));
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

static char *
dup_compared_sentence (const DhReport *report)
{
  const DhReportSlices *const *both = (const DhReportSlices *const *)report->slices;
  GString *text = g_string_new ("By densehybrid-pooled over the pixels of each: no means of images.");
  g_autofree char *of_unread =
      dh_report_dup_unread (MAX (dh_report_slices_count_unread (both[0]), dh_report_slices_count_unread (both[1])));
  g_string_append (text, of_unread);
  if (isfinite (both[0]->at.threshold) && isfinite (both[1]->at.threshold))
    {
      g_autofree char *a = dup_threshold (both[0]), *b = dup_threshold (both[1]);
      g_string_append_printf (text,
                              " Of all FP: the share of each run's falsely flagged pixels that lies there, at its own "
                              "threshold: %s and %s.",
                              a, b);
    }
  for (guint r = 0; r < 2; r++)
    if (both[r]->why_no_classes || both[r]->unsegmented > 0)
      {
        g_string_append_printf (text, " Run %" G_GINT64_FORMAT ":", report->runs[r].run->id);
        append_classes (text, both[r]);
      }
  if (((const DhReportSlice *)both[0]->slices->pdata[both[0]->slices->len - 1])->class_id >= 0)
    g_string_append (text, " Classes are what each run's network sees: where these are other pixels, numbers are not "
                           "subtracted.");
  return g_string_free (text, FALSE);
}

/* Of one set's pixels there is one number; what two networks see has two. */
static char *
dup_positives (const DhReportSlice *slice, const DhReportSlice *other)
{
  if (slice->class_id < 0 || slice->positives == other->positives)
    return dh_report_count ((gint64)MAX (slice->positives, other->positives));
  g_autofree char *a = dh_report_count ((gint64)slice->positives), *b = dh_report_count ((gint64)other->positives);
  return g_strdup_printf ("%s / %s", a, b);
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
  g_autofree char *fp_a = g_strdup_printf ("of all FP %" G_GINT64_FORMAT, a);
  g_autofree char *fp_b = g_strdup_printf ("of all FP %" G_GINT64_FORMAT, b);
  g_autofree char *less = g_strdup_printf ("%" G_GINT64_FORMAT " − %" G_GINT64_FORMAT, a, b);
  const char *titles[] = { "slice", "anomaly pixels", ap_a, ap_b, less, fpr_a, fpr_b, less, fp_a, fp_b };
  DhReportTable *table = dh_report_table_new ("Slices of both runs, in per cent", G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *why = dh_report_explain_difference (report);
  table->sentence = why ? g_strdup (why) : dup_compared_sentence (report);
  for (guint i = 0; i < report->slices[0]->slices->len; i++)
    {
      const DhReportSlice *slice = report->slices[0]->slices->pdata[i], *other = find_same (report->slices[1], slice);
      if (!other)
        continue;
      const gboolean same = !why && slice->pixels == other->pixels && slice->positives == other->positives;
      g_ptr_array_add (table->cells, dh_report_slice_dup_name (slice));
      g_ptr_array_add (table->cells, why ? g_strdup ("—") : dup_positives (slice, other));
      dh_report_table_add_pair (table, slice->metrics.ap, other->metrics.ap, same);
      dh_report_table_add_pair (table, slice->metrics.fpr95, other->metrics.fpr95, same);
      g_ptr_array_add (table->cells, dh_report_percent (slice->fp_share));
      g_ptr_array_add (table->cells, dh_report_percent (other->fp_share));
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
  dh_report_member_int (json, "images_unsegmented", self->unsegmented);
  dh_report_member_string (json, "why_no_classes", self->why_no_classes);
  json_builder_set_member_name (json, "slices");
  json_builder_begin_array (json);
  for (guint i = 0; i < self->slices->len; i++)
    {
      const DhReportSlice *slice = self->slices->pdata[i];
      json_builder_begin_object (json);
      dh_report_member_string (json, "by", slice->by);
      dh_report_member_string (json, "slice", slice->place < DH_N_PLACES ? dh_place_name (slice->place) : slice->name);
      if (slice->class_id >= 0)
        dh_report_member_int (json, "class", slice->class_id);
      dh_report_member_int (json, "images", slice->images);
      dh_report_member_int (json, "pixels", (gint64)slice->pixels);
      dh_report_member_int (json, "positives", (gint64)slice->positives);
      dh_report_member_double (json, "ap", slice->metrics.ap);
      dh_report_member_double (json, "auroc", slice->metrics.auroc);
      dh_report_member_double (json, "fpr95", slice->metrics.fpr95);
      dh_report_member_double (json, "tpr", slice->tpr);
      dh_report_member_double (json, "fpr", slice->fpr);
      if (slice->counted)
        {
          dh_report_member_int (json, "tp", (gint64)slice->found.tp);
          dh_report_member_int (json, "fp", (gint64)slice->found.fp);
          dh_report_member_int (json, "fn", (gint64)slice->found.fn);
          dh_report_member_int (json, "tn", (gint64)slice->found.tn);
        }
      dh_report_member_double (json, "fp_share", slice->fp_share);
      dh_report_member_double (json, "fn_share", slice->fn_share);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
}
