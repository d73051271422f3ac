#include <math.h>

#include "dh-report-froc-private.h"

/* False alarms an image at which it is told what is found. */
static const double rates[] = { 0.1, 1, 10 };

static char *
dup_rules (const DhFrocCurve *curve)
{
  const DhFrocOptions *options = &curve->options;
  g_autofree char *share =
      options->found_share > 0 ? g_strdup_printf ("%g %%", 100 * options->found_share) : g_strdup ("any pixel");
  return g_strdup_printf ("Objects are anomalies of at least %" G_GUINT64_FORMAT " pixels, found where %s of one is "
                          "flagged; false alarms are flagged regions of at least %" G_GUINT64_FORMAT
                          " pixels that touch no anomaly. smiyc-component goes by sIoU and PPV instead, and so has "
                          "other numbers at the same threshold. A row has the lowest threshold above which, and at "
                          "which, there are never more.",
                          options->min_anomaly, share, options->min_area);
}

static char *
dup_rounded (const DhFrocCurve *curve)
{
  return curve->rounded_bits == 0 ? g_strdup ("")
                                  : g_strdup_printf (" There are too many steps to keep: thresholds are told apart by "
                                                     "%u of 32 bits.",
                                                     32 - curve->rounded_bits);
}

static char *
dup_sentence (const DhReportFroc *self)
{
  const DhFrocCurve *curve = self->curve;
  g_autofree char *rules = dup_rules (curve), *rounded = dup_rounded (curve);
  g_autofree char *unread = dh_report_dup_unread (self->unread);
  g_autofree char *mean = dh_report_percent (dh_froc_curve_mean (curve));
  g_autofree char *own = isfinite (self->at.threshold) ? g_strdup_printf (" τ is %s.", self->at.chosen) : g_strdup ("");
  return g_strdup_printf (
      "%u %s in %u %s. %s Mean share found at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms an image: "
      "%s %%. The first three thresholds are chosen on this very set: the best that could be had, not what to "
      "expect.%s%s%s",
      curve->n_objects, curve->n_objects == 1 ? "object" : "objects", curve->images,
      curve->images == 1 ? "image" : "images", rules, mean, own, rounded, unread);
}

static void
add_row (DhReportTable *table, const DhReportFroc *self, const DhReportRun *run, char *name, const DhFrocPoint *point,
         double threshold)
{
  const DhFrocCurve *curve = self->curve;
  guint n;
  g_ptr_array_add (table->cells, name);
  g_ptr_array_add (table->cells, dh_report_percent (dh_froc_curve_found (curve, point)));
  g_ptr_array_add (table->cells, dh_report_count (point ? point->found : 0));
  g_ptr_array_add (table->cells, dh_report_number (dh_froc_curve_rate (curve, point), 3));
  g_ptr_array_add (table->cells, dh_report_number (dh_report_sign_of (run->run, run->run->score) * threshold, 4));
  guint64 least = 0;
  for (guint s = 0; s < DH_REPORT_N_SIZES; s++)
    {
      const guint64 below = dh_report_size_end (s);
      g_ptr_array_add (table->cells, dh_report_percent (dh_froc_curve_found_of (curve, point, least, below, &n)));
      least = below;
    }
}

/* As masks flag what is beyond it. */
static double
threshold_of (const DhFrocPoint *point)
{
  return point && isfinite (point->threshold) ? (double)nextafterf (point->threshold, -INFINITY) : (double)NAN;
}

DhReportTable *
dh_report_froc_table (const DhReport *report, guint which)
{
  static const char *const titles[] = { "where",     "found, %",  "objects", "false alarms an image",
                                        "threshold", "under 16²", "to 48²",  "to 112²",
                                        "from 112²" };
  const DhReportFroc *self = report->froc[which];
  const DhReportRun *run = &report->runs[which];
  if (!self)
    return NULL;
  DhReportTable *table = dh_report_table_new ("Objects found against false alarms", G_N_ELEMENTS (titles), 1, titles);
  if (!self->curve || self->curve->images == 0)
    {
      g_autofree char *unread = dh_report_dup_unread (self->unread);
      table->sentence = self->why ? g_strdup (self->why) : g_strdup_printf ("No image is counted.%s", unread);
      return table;
    }
  table->sentence = dup_sentence (self);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      const DhFrocPoint *point = dh_froc_curve_at_rate (self->curve, rates[i]);
      add_row (table, self, run,
               g_strdup_printf ("at most %g %s", rates[i], rates[i] == 1 ? "false alarm" : "false alarms"), point,
               threshold_of (point));
    }
  if (isfinite (self->at.threshold))
    add_row (table, self, run, g_strdup ("at τ"), dh_report_froc_get_operating (self, run),
             dh_report_sign_of (run->run, run->run->score) * self->at.threshold);
  return table;
}

DhReportTable *
dh_report_compared_froc (const DhReport *report)
{
  const DhFrocCurve *curves[2];
  for (guint r = 0; r < 2; r++)
    {
      if (r >= report->n_runs || !report->froc[r] || !report->froc[r]->curve)
        return NULL;
      curves[r] = report->froc[r]->curve;
    }
  const gint64 a = report->runs[0].run->id, b = report->runs[1].run->id;
  g_autofree char *of_a = g_strdup_printf ("found, run %" G_GINT64_FORMAT, a);
  g_autofree char *of_b = g_strdup_printf ("found, run %" G_GINT64_FORMAT, b);
  g_autofree char *less = g_strdup_printf ("%" G_GINT64_FORMAT " − %" G_GINT64_FORMAT, a, b);
  const char *titles[] = { "false alarms an image", of_a, of_b, less };
  DhReportTable *table =
      dh_report_table_new ("Objects found by each run, in per cent", G_N_ELEMENTS (titles), 1, titles);
  g_autofree char *why = dh_report_explain_difference (report);
  g_autofree char *rules = dup_rules (curves[0]);
  g_autofree char *unread = dh_report_dup_unread (MAX (report->froc[0]->unread, report->froc[1]->unread));
  /* Without some of the images it may be without others in either run. */
  const gboolean same = !why && report->froc[0]->unread == 0 && report->froc[1]->unread == 0
                        && curves[0]->images == curves[1]->images && curves[0]->n_objects == curves[1]->n_objects
                        && dh_report_measured_same_pixels (&report->runs[0], &report->runs[1], NULL);
  table->sentence = why ? g_strdup (why) : g_strdup_printf ("%s%s", rules, unread);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_ptr_array_add (table->cells, g_strdup_printf ("at most %g", rates[i]));
      dh_report_table_add_pair (table, dh_froc_curve_found (curves[0], dh_froc_curve_at_rate (curves[0], rates[i])),
                                dh_froc_curve_found (curves[1], dh_froc_curve_at_rate (curves[1], rates[i])), same);
    }
  g_ptr_array_add (table->cells, g_strdup ("mean of 1/8 to 8"));
  dh_report_table_add_pair (table, dh_froc_curve_mean (curves[0]), dh_froc_curve_mean (curves[1]), same);
  return table;
}

static void
point_to_json (const DhReportFroc *self, const DhReportRun *run, const DhFrocPoint *point, double threshold,
               JsonBuilder *json)
{
  guint n;
  guint64 least = 0;
  dh_report_member_double (json, "threshold", dh_report_sign_of (run->run, run->run->score) * threshold);
  dh_report_member_double (json, "found", dh_froc_curve_found (self->curve, point));
  dh_report_member_int (json, "objects_found", point ? point->found : 0);
  dh_report_member_double (json, "false_alarms_per_image", dh_froc_curve_rate (self->curve, point));
  json_builder_set_member_name (json, "sizes");
  json_builder_begin_array (json);
  for (guint s = 0; s < DH_REPORT_N_SIZES; s++)
    {
      const guint64 below = dh_report_size_end (s);
      const double found = dh_froc_curve_found_of (self->curve, point, least, below, &n);
      json_builder_begin_object (json);
      dh_report_member_double (json, "below", below == G_MAXUINT64 ? (double)NAN : (double)below);
      dh_report_member_int (json, "objects", n);
      dh_report_member_double (json, "found", found);
      json_builder_end_object (json);
      least = below;
    }
  json_builder_end_array (json);
}

static void
curve_to_json (const DhReportFroc *self, double sign, JsonBuilder *json)
{
  g_autoptr (GArray) corners = dh_froc_curve_corners (self->curve);
  json_builder_set_member_name (json, "curve");
  json_builder_begin_array (json);
  for (guint i = 0; i < corners->len; i++)
    {
      const DhFrocCorner *corner = &g_array_index (corners, DhFrocCorner, i);
      json_builder_begin_object (json);
      dh_report_member_double (json, "false_alarms_per_image", corner->rate);
      dh_report_member_double (json, "found", corner->found);
      dh_report_member_double (json, "threshold", sign * threshold_of (&(DhFrocPoint){ corner->threshold, 0, 0, 0 }));
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

void
dh_report_froc_to_json (const DhReport *report, guint which, JsonBuilder *json)
{
  const DhReportFroc *self = report->froc[which];
  const DhReportRun *run = &report->runs[which];
  if (!self)
    return;
  json_builder_set_member_name (json, "froc");
  json_builder_begin_object (json);
  dh_report_member_int (json, "images_unread", self->unread);
  dh_report_member_string (json, "why", self->why);
  if (self->curve)
    {
      const double sign = dh_report_sign_of (run->run, run->run->score);
      dh_report_member_int (json, "images", self->curve->images);
      dh_report_member_int (json, "objects", self->curve->n_objects);
      dh_report_member_int (json, "min_area", (gint64)self->curve->options.min_area);
      dh_report_member_int (json, "min_anomaly", (gint64)self->curve->options.min_anomaly);
      dh_report_member_double (json, "found_share", self->curve->options.found_share);
      dh_report_member_int (json, "rounded_bits", self->curve->rounded_bits);
      dh_report_member_double (json, "mean", dh_froc_curve_mean (self->curve));
      json_builder_set_member_name (json, "at");
      json_builder_begin_array (json);
      for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
        {
          const DhFrocPoint *point = dh_froc_curve_at_rate (self->curve, rates[i]);
          json_builder_begin_object (json);
          dh_report_member_double (json, "rate", rates[i]);
          point_to_json (self, run, point, threshold_of (point), json);
          json_builder_end_object (json);
        }
      json_builder_end_array (json);
      if (isfinite (self->at.threshold))
        {
          json_builder_set_member_name (json, "operating");
          json_builder_begin_object (json);
          dh_report_member_string (json, "threshold_rule", self->at.chosen);
          point_to_json (self, run, dh_report_froc_get_operating (self, run), sign * self->at.threshold, json);
          json_builder_end_object (json);
        }
      curve_to_json (self, sign, json);
    }
  json_builder_end_object (json);
}
