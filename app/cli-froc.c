/* Objects against false alarms, as commands tell of them. */
#include <math.h>
#include <stdio.h>

#include "cli-result.h"

/* False alarms an image. */
static const double rates[] = { 0.1, 1, 10 };

gboolean
dh_cli_parse_share (const char *text, double *share)
{
  char *end = NULL;
  *share = g_str_equal (text, "any") ? 0 : g_ascii_strtod (text, &end);
  if (!end)
    return TRUE;
  if (end != text && *end == '%')
    {
      *share /= 100;
      end++;
    }
  return end != text && *end == '\0' && *share > 0 && *share <= 1;
}

/* As masks flag what is beyond it. */
static double
threshold_of (const DhFrocPoint *point)
{
  return point ? (double)nextafterf (point->threshold, -INFINITY) : (double)NAN;
}

void
dh_cli_add_froc (JsonBuilder *json, const DhFrocCurve *curve)
{
  json_builder_set_member_name (json, "froc");
  json_builder_begin_object (json);
  dh_json_member_int (json, "images", curve->images);
  dh_json_member_int (json, "objects", curve->n_objects);
  dh_json_member_int (json, "min_area", (gint64)curve->options.min_area);
  dh_json_member_int (json, "min_anomaly", (gint64)curve->options.min_anomaly);
  dh_json_member_number (json, "found_share", curve->options.found_share);
  dh_json_member_number (json, "mean", dh_froc_curve_mean (curve));
  json_builder_set_member_name (json, "at");
  json_builder_begin_array (json);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      const DhFrocPoint *point = dh_froc_curve_at_rate (curve, rates[i]);
      json_builder_begin_object (json);
      dh_json_member_number (json, "rate", rates[i]);
      dh_json_member_number (json, "threshold", threshold_of (point));
      dh_json_member_number (json, "found", dh_froc_curve_found (curve, point));
      dh_json_member_number (json, "false_alarms_per_image", dh_froc_curve_rate (curve, point));
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
}

static void
print_share (double share)
{
  if (isnan (share))
    printf ("%9s", "—");
  else
    printf ("%9.2f", 100 * share);
}

void
dh_cli_print_froc (const DhFrocCurve *curve)
{
  printf ("\n%u %s of at least %" G_GUINT64_FORMAT " pixels, against false alarms of at least %" G_GUINT64_FORMAT "\n",
          curve->n_objects, curve->n_objects == 1 ? "object" : "objects", curve->options.min_anomaly,
          curve->options.min_area);
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      const DhFrocPoint *point = dh_froc_curve_at_rate (curve, rates[i]);
      printf ("at most %4g false alarms an image: found, %%", rates[i]);
      print_share (dh_froc_curve_found (curve, point));
      if (point)
        printf (" over the threshold %g", threshold_of (point));
      putchar ('\n');
    }
  printf ("mean from 1/8 to 8:                     found, %%");
  print_share (dh_froc_curve_mean (curve));
  putchar ('\n');
}
