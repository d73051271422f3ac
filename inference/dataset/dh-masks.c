#include "dh-masks-private.h"

#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
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
  const DhPairRule rule = { images, "", masks, { ending }, { DH_FORM_BINARY }, NULL, TRUE };
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

static gboolean
take (DhLayoutFind *find, const char *base, DhLayoutFind *best)
{
  for (guint i = 0; i < best->items->len; i++)
    name_by_base (&((DhItem *)best->items->pdata[i])->item, base);
  move_all (best->items, find->items);
  move_all (best->orphans, find->orphans);
  find->n_duplicates += best->n_duplicates;
  return TRUE;
}

static gboolean
is_anothers (const char *key, GHashTable *keys)
{
  for (guint i = 0; i < G_N_ELEMENTS (image_folders); i++)
    for (guint e = 0; e < G_N_ELEMENTS (endings); e++)
      {
        if (!g_str_has_suffix (key, endings[e]))
          continue;
        g_autofree char *other =
            g_strdup_printf ("%s/%.*s", image_folders[i], (gint)(strlen (key) - strlen (endings[e])), key);
        if (g_hash_table_contains (keys, other))
          return TRUE;
      }
  return FALSE;
}

void
dh_masks_leave_to_others (GPtrArray *items)
{
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < items->len; i++)
    g_hash_table_add (keys, ((DhItem *)items->pdata[i])->item.stem);
  for (guint i = 0; i < items->len; i++)
    {
      DhItem *item = items->pdata[i];
      if (item->mask && is_anothers (item->item.stem, keys))
        g_clear_pointer (&item->mask, g_free);
    }
}

gboolean
dh_masks_match_within (DhLayoutFind *find, const char *base)
{
  if (!dh_pair_has_folder (find, base, DH_MASKS_FOLDER))
    return FALSE;
  g_autoptr (DhLayoutFind) tried = try_folders (find, base, "", DH_MASKS_FOLDER, "");
  dh_masks_leave_to_others (tried->items);
  return count_labels (tried) > 0 && take (find, base, tried);
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
  return best && take (find, base, best);
}

/* More than these are no values that were chosen. */
#define MOST_VALUES 64
/* Of those, so many are told, and offered as the anomaly. */
#define MOST_TOLD 16

typedef struct
{
  DhPixelValue values[MOST_VALUES]; /* of all masks, in the order in which they were met */
  guint n_values;
  gboolean many;
  gboolean own_odd;    /* the mask that is read holds another than 0, 1 and 255 */
  gboolean white_is_0; /* by a palette: what is drawn may be what it shows as black */
  guint sound, odd;    /* masks of 0, 1 and 255 alone, and others */
} Seen;

static gint
look_at (DhPixelValue value, gpointer data)
{
  Seen *seen = data;
  seen->own_odd |= value.number != 0 && value.number != 1 && value.number != 255;
  seen->white_is_0 |= value.number == 0 && value.colour == 0xffffff;
  for (guint i = 0; i < seen->n_values; i++)
    if (seen->values[i].number == value.number && (value.number >= 0 || seen->values[i].colour == value.colour))
      return 0;
  if (seen->n_values < MOST_VALUES)
    seen->values[seen->n_values++] = value;
  else
    seen->many = TRUE;
  return 0;
}

static gboolean
has_number (const Seen *seen, gint number)
{
  for (guint i = 0; i < seen->n_values; i++)
    if (seen->values[i].number == number)
      return TRUE;
  return FALSE;
}

static gint
compare_values (gconstpointer a, gconstpointer b)
{
  const DhPixelValue *p = a, *q = b;
  if ((p->number < 0) != (q->number < 0))
    return p->number < 0 ? 1 : -1;
  return p->number < 0 ? p->colour - q->colour : p->number - q->number;
}

/* "0, 3, 7 and 5 more" */
static char *
list_values (const Seen *seen)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < MIN (seen->n_values, MOST_TOLD); i++)
    {
      g_autofree char *value = dh_pixel_value_to_text (seen->values[i]);
      g_string_append_printf (text, "%s%s", i ? ", " : "", value);
    }
  if (seen->many)
    g_string_append (text, " and many more");
  else if (seen->n_values > MOST_TOLD)
    g_string_append_printf (text, " and %u more", seen->n_values - MOST_TOLD);
  return g_string_free (text, FALSE);
}

/* What could be said of masks with these values: each but 0 as the anomaly, or all of them. */
static char **
list_readings (const Seen *seen)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  guint others = 0;
  for (guint i = 0; i < seen->n_values && others < MOST_TOLD; i++)
    {
      if (seen->values[i].number == 0)
        continue;
      g_autofree char *value = dh_pixel_value_to_text (seen->values[i]);
      const gboolean has_void = has_number (seen, 255) && seen->values[i].number != 255;
      g_autofree char *text = g_strdup_printf ("anomaly=%s%s", value, has_void ? " ignore=255" : "");
      g_strv_builder_add (texts, text);
      others++;
    }
  if (others > 1)
    g_strv_builder_add (texts, "anomaly=rest inlier=0");
  if (others > 1 && has_number (seen, 255))
    g_strv_builder_add (texts, "anomaly=rest inlier=0 ignore=255");
  return g_strv_builder_end (texts);
}

/* Some of the masks: of many pictures few may have one. */
static gboolean
look_at_all (DhDataset *dataset, Seen *seen, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  for (guint i = 0; i < dataset->items->len; i++)
    if (dh_dataset_peek (dataset, i)->item.label)
      g_ptr_array_add (paths, dh_dataset_peek (dataset, i)->item.label);
  const guint step = MAX (paths->len / SAMPLES, 1);
  for (guint i = 0; i < paths->len; i += step)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      seen->own_odd = FALSE;
      /* What cannot be read is said of each where it is used. */
      g_autoptr (DhLabels) mask = dh_labels_load_as (paths->pdata[i], look_at, seen, NULL);
      seen->odd += mask && seen->own_odd;
      seen->sound += mask && !seen->own_odd;
    }
  qsort (seen->values, seen->n_values, sizeof (DhPixelValue), compare_values);
  return TRUE;
}

/* 0 and one other that is no 1 and no 255: that is what was drawn. */
static char *
dup_only_value (const Seen *seen)
{
  if (seen->n_values != 2 || seen->values[0].number != 0 || seen->values[1].number == 1
      || seen->values[1].number == 255)
    return NULL;
  return dh_pixel_value_to_text (seen->values[1]);
}

static void
forget_labels (DhDataset *dataset)
{
  for (guint i = 0; i < dataset->items->len; i++)
    {
      DhItem *item = dataset->items->pdata[i];
      g_clear_pointer (&item->item.label, g_free);
      item->form = DH_FORM_NONE;
    }
}

/* Nobody said what the values mean. */
static void
guess (DhDataset *dataset, const Seen *seen)
{
  g_autofree char *only = dup_only_value (seen);
  dataset->mask_values_certain = FALSE;
  if (only)
    {
      g_autofree char *text = g_strconcat ("anomaly=", only, " inlier=0", NULL);
      dataset->mask_values = dh_mask_values_new (text, NULL);
      dataset->mask_note = g_strdup_printf ("the masks hold 0 and %s alone: %s is taken as the anomaly, and nothing is "
                                            "ignored",
                                            only, only);
    }
  else if (seen->odd > seen->sound)
    {
      g_autofree char *values = list_values (seen);
      forget_labels (dataset);
      dataset->mask_note = g_strdup_printf ("most masks hold other values than 0, 1 and 255 (there are %s): they are "
                                            "not taken as masks of anomalies (0 inlier, 1 anomaly, 255 ignore) until "
                                            "it is said what these mean",
                                            values);
    }
  else if (has_number (seen, 255) && !has_number (seen, 1) && seen->sound > 0)
    {
      for (guint i = 0; i < dataset->items->len; i++)
        ((DhItem *)dataset->items->pdata[i])->form = DH_FORM_BLACK_WHITE;
      dataset->mask_note = g_strdup ("the masks are of black and white, 0 and 255 without a 1: 255 is taken as the "
                                     "anomaly, and nothing is ignored");
    }
  else if (seen->white_is_0 && has_number (seen, 1))
    dataset->mask_note = g_strdup ("the masks' palette shows 0 as white: 1 is taken as the anomaly nevertheless");
  else
    dataset->mask_values_certain = TRUE;
}

/* A value that was mistyped leaves inliers alone. */
static gboolean
lacks_anomalies (const Seen *seen, DhMaskValues *values)
{
  for (guint i = 0; i < seen->n_values; i++)
    if (dh_mask_values_find (seen->values[i], values) == 1)
      return FALSE;
  return seen->n_values > 0 && !seen->many;
}

gboolean
dh_masks_settle (DhDataset *dataset, const char *said, GCancellable *cancellable, GError **error)
{
  dataset->mask_values_certain = TRUE;
  if (dataset->kind != DH_DATASET_MASKS)
    {
      if (said)
        g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                     "mask values are for one's own images beside masks, and this is read as %s (%s); read it as masks "
                     "to say what its values mean",
                     dataset->title, dh_dataset_kind_name (dataset->kind));
      return !said;
    }
  Seen seen = { .n_values = 0 };
  if (said && !(dataset->mask_values = dh_mask_values_new (said, error)))
    return FALSE;
  if (!look_at_all (dataset, &seen, cancellable, error))
    return FALSE;
  dataset->mask_readings = list_readings (&seen);
  dataset->mask_values_said = said != NULL;
  if (said)
    dataset->mask_note = g_strdup_printf (
        "the masks are read as was said: %s%s", dh_mask_values_text (dataset->mask_values),
        lacks_anomalies (&seen, dataset->mask_values) ? "; none that was looked at holds an anomaly" : "");
  else
    guess (dataset, &seen);
  return TRUE;
}
