#include "dh-masks-private.h"

#include "dh-pair-private.h"

#define SAMPLES 128

static const char *const image_folders[] = { "images", "imgs", "image", "img", "pictures", "rgb", "frames", "input" };
static const char *const mask_folders[] = { "masks",        "mask",        "labels",  "label", "gt",
                                            "ground_truth", "groundtruth", "anomaly", "ood",   "annotations" };
static const char *const endings[] = { "", "_mask", "_masks", "_label", "_labels", "_gt", "_anomaly", "_ood" };

static guint
count_labels (const DhLayoutFind *find)
{
  guint n = 0;
  for (guint i = 0; i < find->items->len; i++)
    n += ((DhItem *)find->items->pdata[i])->item.label != NULL;
  return n;
}

static DhLayoutFind *
try_folders (const DhLayoutFind *find, const char *base, const char *images, const char *masks, const char *ending)
{
  const DhPairRule rule = { images, "", masks, { ending }, { DH_FORM_BINARY }, NULL };
  DhLayoutFind *tried = dh_layout_find_new (find->scan, NULL);
  dh_pair_match (tried, base, &rule);
  return tried;
}

/* The folder that the items lie in names them too: train/images and val/images may hold the same names. */
static void
name_by_base (DhDatasetItem *item, const char *base)
{
  char *stem = dh_pair_join (base, item->stem);
  g_free (item->stem);
  g_free (item->split);
  g_free (item->group);
  item->stem = stem;
  dh_pair_place (stem, NULL, &item->split, &item->group);
}

static void
move_all (GPtrArray *from, GPtrArray *to)
{
  gsize n;
  g_autofree gpointer *all = g_ptr_array_steal (from, &n);
  for (gsize i = 0; i < n; i++)
    g_ptr_array_add (to, all[i]);
}

gboolean
dh_masks_match (DhLayoutFind *find, const char *base)
{
  g_autoptr (DhLayoutFind) best = NULL;
  guint most = 0;
  for (guint i = 0; i < G_N_ELEMENTS (image_folders); i++)
    for (guint m = 0; dh_pair_has_folder (find, base, image_folders[i]) && m < G_N_ELEMENTS (mask_folders); m++)
      for (guint e = 0; dh_pair_has_folder (find, base, mask_folders[m]) && e < G_N_ELEMENTS (endings); e++)
        {
          DhLayoutFind *tried = try_folders (find, base, image_folders[i], mask_folders[m], endings[e]);
          const guint labels = count_labels (tried);
          if (labels > most)
            {
              most = labels;
              dh_layout_find_free (best);
              best = tried;
            }
          else
            dh_layout_find_free (tried);
        }
  if (!best)
    return FALSE;
  for (guint i = 0; i < best->items->len; i++)
    name_by_base (&((DhItem *)best->items->pdata[i])->item, base);
  move_all (best->items, find->items);
  move_all (best->orphans, find->orphans);
  find->n_duplicates += best->n_duplicates;
  return TRUE;
}

typedef struct
{
  gboolean one, white;
  guint sound, odd; /* masks of 0, 1 and 255 alone, and others */
  gint odd_id;
} Seen;

static void
look_at (Seen *seen, const DhLabels *mask)
{
  gboolean ids[256] = { FALSE };
  const gsize n = (gsize)mask->width * mask->height;
  for (gsize i = 0; i < n; i++)
    ids[mask->ids[i]] = TRUE;
  gint odd = -1;
  for (gint id = 2; id < 255; id++)
    if (ids[id])
      odd = id;
  seen->one |= ids[1];
  seen->white |= ids[255];
  seen->odd += odd >= 0;
  seen->sound += odd < 0;
  seen->odd_id = odd >= 0 ? odd : seen->odd_id;
}

gboolean
dh_masks_settle (DhDataset *dataset, GCancellable *cancellable, GError **error)
{
  if (dataset->kind != DH_DATASET_MASKS)
    return TRUE;
  Seen seen = { .odd_id = -1 };
  const guint step = MAX (dataset->items->len / SAMPLES, 1);
  for (guint i = 0; i < dataset->items->len; i += step)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      /* What cannot be read is said of each where it is used. */
      g_autoptr (DhLabels) mask = dh_dataset_load_raw_labels (dataset, i, NULL);
      if (mask)
        look_at (&seen, mask);
    }
  const gboolean black_white = seen.white && !seen.one && seen.sound > 0, no_masks = seen.odd > seen.sound;
  for (guint i = 0; i < dataset->items->len; i++)
    {
      DhItem *item = dataset->items->pdata[i];
      if (no_masks)
        {
          g_clear_pointer (&item->item.label, g_free);
          item->form = DH_FORM_NONE;
        }
      else if (black_white && item->form == DH_FORM_BINARY)
        item->form = DH_FORM_BLACK_WHITE;
    }
  if (no_masks)
    dataset->mask_note = g_strdup_printf ("most masks hold other values than 0, 1 and 255, such as %d: they are not "
                                          "taken as masks of anomalies (0 inlier, 1 anomaly, 255 ignore)",
                                          seen.odd_id);
  else if (black_white)
    dataset->mask_note = g_strdup ("the masks are of black and white, 0 and 255 without a 1: 255 is taken as the "
                                   "anomaly, and nothing is ignored");
  return TRUE;
}
