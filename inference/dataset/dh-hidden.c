#include "dh-dataset-private.h"

#include <string.h>

/* Labels that are looked at before all are. */
#define SAMPLES 64

/* What is hidden together: a split, of SMIYC's one of a track. */
static gboolean
are_together (const DhDataset *dataset, const DhDatasetItem *a, const DhDatasetItem *b)
{
  return strcmp (a->split, b->split) == 0 && (dataset->kind != DH_DATASET_SMIYC || strcmp (a->group, b->group) == 0);
}

/* What is published to train and to choose by is published with its labels: where these are all one value, the
 * pictures are, say, all without anomalies. */
static gboolean
is_open_split (const char *split)
{
  static const char *const names[] = { "train", "training", "train_extra", "val", "valid", "validation", NULL };
  return g_strv_contains (names, split);
}

/* -1 where the labels hold more than one value; -2 where they cannot be read. */
static gint
constant_value (DhDataset *dataset, guint index)
{
  g_autoptr (DhLabels) labels = dh_dataset_load_raw_labels (dataset, index, NULL);
  const gsize n = labels ? (gsize)labels->width * labels->height : 0;
  if (n == 0)
    return -2;
  return memcmp (labels->ids, labels->ids + 1, n - 1) == 0 ? labels->ids[0] : -1;
}

/* Reads labels of the items from `first` to before `end`, one of `step`, until one tells that they are shown. */
static gboolean
are_shown (DhDataset *dataset, guint first, guint end, guint step, guint *constant, guint *unread,
           GCancellable *cancellable)
{
  gint value = -1;
  *constant = *unread = 0;
  for (guint i = first; i < end && !g_cancellable_is_cancelled (cancellable); i += step)
    {
      if (!dh_dataset_peek (dataset, i)->item.label)
        continue;
      const gint own = constant_value (dataset, i);
      if (own == -1 || (own >= 0 && value >= 0 && own != value))
        return TRUE;
      value = own >= 0 ? own : value;
      *constant += own >= 0;
      *unread += own < 0;
    }
  return FALSE;
}

/* A drive may have no anomaly for thousands of images: some of all parts of it are looked at first. Where more cannot
 * be read than are constant, that is what is wrong with them. */
static gboolean
is_hidden (DhDataset *dataset, guint first, guint end, GCancellable *cancellable)
{
  guint constant, unread;
  const guint step = (end - first) / SAMPLES;
  return !(step > 1 && are_shown (dataset, first, end, step, &constant, &unread, cancellable))
         && !are_shown (dataset, first, end, 1, &constant, &unread, cancellable) && constant > 0 && constant >= unread;
}

gboolean
dh_dataset_find_hidden (DhDataset *dataset, GCancellable *cancellable, GError **error)
{
  if (dataset->kind == DH_DATASET_ADE20K) /* segments: a picture of one is a picture of one */
    return TRUE;
  const guint n = dataset->items->len;
  for (guint first = 0, end; first < n; first = end)
    {
      const DhDatasetItem *item = &dh_dataset_peek (dataset, first)->item;
      for (end = first + 1; end < n && are_together (dataset, item, &dh_dataset_peek (dataset, end)->item);)
        end++;
      const gboolean hidden = !is_open_split (item->split) && is_hidden (dataset, first, end, cancellable);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      for (guint i = first; i < end; i++)
        {
          DhDatasetItem *own = &((DhItem *)dataset->items->pdata[i])->item;
          own->hidden = hidden && own->label && !dataset->labels_are_true;
          dataset->n_taken_as_true += hidden && own->label && dataset->labels_are_true;
        }
    }
  return TRUE;
}
