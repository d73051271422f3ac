/* What a run measured, read once more for parts of its set and for its objects. */
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-report-private.h"

gboolean
dh_report_load_measured (const DhRunImageRow *row, DhDataset *dataset, DhTensor **map, DhLabels **labels)
{
  const gint index = dh_dataset_find (dataset, row->stem);
  g_autoptr (DhTensor) scores = row->score_file ? dh_npy_load (row->score_file, NULL) : NULL;
  g_autoptr (DhLabels) truth = NULL;
  if (index < 0 || !scores || scores->dtype != DH_DTYPE_F32 || scores->n_dims != 2
      || !dh_dataset_load_labels (dataset, (guint)index, &truth, NULL, NULL) || !truth
      || scores->dims[0] != truth->height || scores->dims[1] != truth->width || row->width != truth->width
      || row->height != truth->height || !dh_map_owner_measured (row, dh_tensor_f32 (scores)))
    return FALSE;
  *map = g_steal_pointer (&scores);
  *labels = g_steal_pointer (&truth);
  return TRUE;
}

static const DhMarkRow *
find_mark (const DhReport *report, const char *path)
{
  for (guint i = 0; report->marks && i < report->marks->len; i++)
    if (g_strcmp0 (((DhMarkRow *)report->marks->pdata[i])->path, path) == 0)
      return report->marks->pdata[i];
  return NULL;
}

char **
dh_report_dup_tags (const DhReport *report, const char *path)
{
  const DhMarkRow *mark = find_mark (report, path);
  char **tags = g_strsplit (mark ? mark->tags : "", "\n", -1);
  for (guint t = 0; tags[t]; t++)
    g_strstrip (tags[t]);
  return tags;
}

char *
dh_report_dup_note (const DhReport *report, const char *path)
{
  const DhMarkRow *mark = find_mark (report, path);
  return g_strdup (mark ? mark->note : "");
}

char *
dh_report_dup_unread (guint images)
{
  return images == 0 ? g_strdup ("")
         : images == 1
             ? g_strdup (" 1 image has no map any more, or no labels, and is not among them.")
             : g_strdup_printf (" %u images have no map any more, or no labels, and are not among them.", images);
}

const char *
dh_report_place_title (DhPlace place)
{
  static const char *const titles[DH_N_PLACES] = { "top third of the rows", "middle third of the rows",
                                                   "bottom third of the rows", "near the border",
                                                   "away from the border" };
  g_return_val_if_fail (place < DH_N_PLACES, NULL);
  return titles[place];
}
