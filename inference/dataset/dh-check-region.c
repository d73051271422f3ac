/* What of a data set is not measured, in the doctor's numbers. */
#include "dh-check-private.h"

#include <string.h>

static void
count_anomalies (const DhLabelMap *map, const DhLabels *raw, const DhLabels *region, DhItemSight *sight)
{
  const gsize n = (gsize)raw->width * raw->height;
  for (gsize i = 0; i < n; i++)
    sight->anomalies[region->ids[i] != 0] += map->role[raw->ids[i]] == DH_ROLE_ANOMALY;
}

void
dh_check_look_at_region (DhDataset *dataset, guint index, const DhLabels *raw, DhItemSight *sight)
{
  g_autoptr (GError) error = NULL;
  const DhItem *item = dh_dataset_peek (dataset, index);
  if (!dataset->region || sight->width == 0)
    return;
  g_autoptr (DhLabels) region = dh_dataset_load_unmeasured (dataset, index, sight->width, sight->height, &error);
  if (!region)
    {
      const gsize stem = strlen (item->item.stem);
      const gboolean named = g_str_has_prefix (error->message, item->item.stem);
      sight->region_error = g_strdup (named ? error->message + stem + strlen (": ") : error->message);
      return;
    }
  const gsize n = (gsize)region->width * region->height;
  for (gsize i = 0; i < n; i++)
    sight->unmeasured += region->ids[i] != 0;
  if (raw && !item->item.hidden && raw->width == region->width && raw->height == region->height)
    count_anomalies (dh_label_map_get (item->form), raw, region, sight);
}

void
dh_check_find_region (const DhSurvey *survey, DhDatasetReport *report)
{
  const DhRegion *region = survey->dataset->region;
  guint64 pixels = 0;
  if (!region)
    return;
  for (guint i = 0; i < dh_dataset_size (survey->dataset); i++)
    {
      const DhItemSight *sight = &survey->sights[i];
      if (sight->region_error)
        continue;
      pixels += (guint64)sight->width * sight->height;
      report->unmeasured += sight->unmeasured;
      report->anomalies += sight->anomalies[0] + sight->anomalies[1];
      report->unmeasured_anomalies += sight->anomalies[1];
    }
  report->region = g_strdup (dh_region_id (region));
  report->unmeasured_share = pixels ? (double)report->unmeasured / (double)pixels : 0;
  g_autofree char *title = dh_region_id_dup_title (report->region);
  g_autofree char *inside = dh_group_digits (report->unmeasured_anomalies), *all = dh_group_digits (report->anomalies);
  char *detail = report->anomalies == 0 ? NULL
                 : report->unmeasured_anomalies == 0
                     ? g_strdup ("No anomaly pixel lies there")
                     : g_strdup_printf ("%s of %s anomaly pixels lie there and are ignored", inside, all);
  const gboolean none_left = report->anomalies > 0 && report->unmeasured_anomalies == report->anomalies;
  dh_check_add (report, none_left ? DH_FINDING_WARNING : DH_FINDING_INFO, "region", 0,
                g_strdup_printf ("%.2f %% of the pixels are not measured: %s", 100 * report->unmeasured_share, title),
                detail);
}
