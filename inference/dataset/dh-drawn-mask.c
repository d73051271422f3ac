#include "dh-drawn-mask.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-dataset-private.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-mask-lock-private.h"
#include "dh-pair-private.h"

/* Masks that are asked whether they hold an anomaly. */
#define SAMPLES 128

typedef struct
{
  gboolean anomaly, ignored;
} Holding;

struct _DhDrawnMask
{
  DhDataset *dataset;
  guint index, width, height;
  char *path;
  gint values[3];      /* of inlier, anomaly, ignore; -1: none */
  char *sum;           /* SHA-256 of the file as it is known; NULL: there is none */
  GBytes *before;      /* what the last writing replaced; NULL: nothing */
  Holding holds, held; /* what is in the file, and in what the last writing replaced */
  guint mode;          /* of the file that was there first; 0: none */
  gboolean has_before, kept;
};

void
dh_drawn_mask_free (DhDrawnMask *mask)
{
  if (!mask)
    return;
  dh_dataset_unref (mask->dataset);
  g_free (mask->path);
  g_free (mask->sum);
  g_clear_pointer (&mask->before, g_bytes_unref);
  g_free (mask);
}

const char *
dh_drawn_mask_path (const DhDrawnMask *mask)
{
  return mask->path;
}

gboolean
dh_drawn_mask_exists (const DhDrawnMask *mask)
{
  return mask->sum != NULL;
}

gboolean
dh_drawn_mask_can_ignore (const DhDrawnMask *mask)
{
  return mask->values[2] >= 0;
}

static gboolean
has_form (DhDataset *dataset)
{
  for (guint i = 0; i < dataset->items->len; i++)
    if (dh_dataset_peek (dataset, i)->form != DH_FORM_NONE)
      return TRUE;
  return dataset->items->len == 0;
}

char *
dh_drawn_mask_dup_refusal (DhDataset *dataset)
{
  const guint plain = 1u << DH_DATASET_FOLDER | 1u << DH_DATASET_MASKS;
  if ((dataset->kind != DH_DATASET_MASKS && dataset->kind != DH_DATASET_FOLDER)
      || (dataset->kind == DH_DATASET_FOLDER && (dataset->kinds & ~plain)))
    return g_strdup ("this is a published set or laid out as one, whose labels are not changed here: masks are drawn "
                     "of one's own images, beside masks or in a folder of images");
  if (dataset->kind == DH_DATASET_FOLDER && dataset->kinds & 1u << DH_DATASET_MASKS)
    return g_strdup ("this folder is read as images alone although it has masks: read it as masks to draw them");
  if (dataset->kind == DH_DATASET_MASKS && !has_form (dataset))
    return g_strdup ("the masks hold values of which it is not said what they mean: say it first (mask values)");
  return NULL;
}

static gboolean
refuse (GError **error, DhError code, const char *path, const char *why)
{
  g_autofree char *name = g_filename_display_name (path);
  g_set_error (error, DH_ERROR, code, "%s: %s", name, why);
  return FALSE;
}

/* By what the set's masks say each meaning. */
static gboolean
find_values (DhDrawnMask *mask, const DhItem *item, GError **error)
{
  const DhMaskValues *said = mask->dataset->mask_values;
  static const gint ids[3] = { 0, 1, 255 };
  for (guint i = 0; i < 3; i++)
    mask->values[i] = said                                ? dh_mask_values_get_number (said, ids[i])
                      : item->form != DH_FORM_BLACK_WHITE ? ids[i]
                      : i == 2                            ? -1
                                                          : (gint)i * 255;
  if (mask->values[0] >= 0 && mask->values[1] >= 0)
    return TRUE;
  g_autofree char *why = g_strdup_printf ("the set's masks are read as %s, which says no single number for what is "
                                          "inlier or anomaly: such masks are not written here",
                                          dh_mask_values_text (said));
  return refuse (error, DH_ERROR_UNSUPPORTED, mask->path, why);
}

typedef struct
{
  const gint *values;
  DhPixelValue other;
  gboolean has_other;
} Reading;

static gint
read_value (DhPixelValue value, gpointer data)
{
  static const gint ids[3] = { DH_DRAWN_INLIER, DH_DRAWN_ANOMALY, DH_DRAWN_IGNORE };
  Reading *reading = data;
  for (guint i = 0; i < 3; i++)
    if (reading->values[i] >= 0 && value.number == reading->values[i])
      return ids[i];
  reading->other = value;
  reading->has_other = TRUE;
  return 0;
}

static char *
sum_of (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  return dh_sha256 (data, size);
}

static DhLabels *
read_mask (DhDrawnMask *mask, const DhItem *item, GError **error)
{
  if (!dh_pair_is_png (mask->path))
    return refuse (error, DH_ERROR_UNSUPPORTED, mask->path,
                   "is no PNG, and masks are written as PNG alone: convert it first"),
           NULL;
  if (dh_dataset_label_orientation (mask->dataset, &item->item) != 1)
    return refuse (error, DH_ERROR_UNSUPPORTED, mask->path,
                   "is turned by EXIF of its own, which a written mask would lose"),
           NULL;
  g_autoptr (GBytes) bytes = dh_file_read (mask->path, DH_FILE_ANY_SIZE, error);
  if (!bytes)
    return NULL;
  mask->sum = sum_of (bytes);
  GStatBuf info;
  mask->mode = g_stat (mask->path, &info) == 0 ? info.st_mode & 0777 : 0;
  Reading reading = { mask->values };
  g_autoptr (DhLabels) labels = dh_labels_load_as (mask->path, read_value, &reading, error);
  if (!labels)
    return NULL;
  if (reading.has_other)
    {
      g_autofree char *value = dh_pixel_value_to_text (reading.other);
      g_autofree char *why = g_strdup_printf ("holds the value %s, which would be lost when it is written", value);
      return refuse (error, DH_ERROR_UNSUPPORTED, mask->path, why), NULL;
    }
  if (labels->width == mask->width && labels->height == mask->height)
    return g_steal_pointer (&labels);
  g_autofree char *why = g_strdup_printf ("the mask is %u×%u and its image %u×%u", labels->width, labels->height,
                                          mask->width, mask->height);
  return refuse (error, DH_ERROR_MISMATCH, mask->path, why), NULL;
}

/* The nearest folder above that is there, or the file itself. */
static gboolean
check_writable (const char *path, GError **error)
{
  g_autofree char *at = g_strdup (path);
  gboolean is_file = TRUE;
  while (!g_file_test (at, G_FILE_TEST_EXISTS))
    {
      char *above = g_path_get_dirname (at);
      g_free (at);
      at = above;
      is_file = FALSE;
    }
  if (!is_file && !g_file_test (at, G_FILE_TEST_IS_DIR))
    return refuse (error, DH_ERROR_IO, at, "is no folder, and masks would lie in it");
  if (access (at, W_OK) != 0)
    return refuse (error, DH_ERROR_IO, at, g_strerror (errno));
  g_autofree char *folder = g_path_get_dirname (path);
  return !is_file || access (folder, W_OK) == 0 || refuse (error, DH_ERROR_IO, folder, g_strerror (errno));
}

static Holding
look_into (const guint8 *ids, gsize n)
{
  return (Holding){ memchr (ids, DH_DRAWN_ANOMALY, n) != NULL, memchr (ids, DH_DRAWN_IGNORE, n) != NULL };
}

static DhLabels *
new_labels (guint width, guint height, const char *path, GError **error)
{
  DhLabels *labels = dh_labels_new (width, height);
  if (labels)
    memset (labels->ids, DH_DRAWN_INLIER, (gsize)width * height);
  else
    refuse (error, DH_ERROR_NO_MEMORY, path, "there is no memory for its mask");
  return labels;
}

DhDrawnMask *
dh_drawn_mask_open (DhDataset *dataset, guint index, DhLabels **labels, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len && labels != NULL, NULL);

  const DhItem *item = dh_dataset_peek (dataset, index);
  g_autofree char *refusal = dh_drawn_mask_dup_refusal (dataset);
  if (refusal)
    return refuse (error, DH_ERROR_UNSUPPORTED, dh_dataset_root (dataset), refusal), NULL;
  if (!item->mask)
    return refuse (error, DH_ERROR_UNSUPPORTED, item->item.image,
                   "its mask has no place: it was opened alone, or another image of the folder has the same name"),
           NULL;
  g_autoptr (DhDrawnMask) mask = g_new0 (DhDrawnMask, 1);
  mask->dataset = dh_dataset_ref (dataset);
  mask->index = index;
  mask->path = g_strdup (item->mask);
  const gboolean exists = g_file_test (mask->path, G_FILE_TEST_EXISTS);
  if (exists != (item->item.label != NULL))
    return refuse (error, DH_ERROR_MISMATCH, mask->path,
                   exists ? "has come since the set was opened: read it again" : "is gone: read the set again"),
           NULL;
  if (!dh_dataset_probe_image (dataset, index, &mask->width, &mask->height, error) || !find_values (mask, item, error)
      || !check_writable (mask->path, error))
    return NULL;
  g_autoptr (DhLabels) read =
      exists ? read_mask (mask, item, error) : new_labels (mask->width, mask->height, mask->path, error);
  if (!read)
    return NULL;
  mask->holds = look_into (read->ids, (gsize)mask->width * mask->height);
  *labels = g_steal_pointer (&read);
  return g_steal_pointer (&mask);
}

/* The mask's file as it is now, *bytes NULL where there is none, if nobody but this one has changed it. */
static gboolean
check_unchanged (DhDrawnMask *mask, GBytes **bytes, GError **error)
{
  static const char *const other =
      "was changed by another program since it was opened here: take back what was drawn, then read the set again";
  *bytes = NULL;
  if (!mask->sum)
    return !g_file_test (mask->path, G_FILE_TEST_EXISTS) || refuse (error, DH_ERROR_MISMATCH, mask->path, other);
  if (!g_file_test (mask->path, G_FILE_TEST_EXISTS))
    return refuse (error, DH_ERROR_MISMATCH, mask->path,
                   "is gone since it was opened here: take back what was drawn, then read the set again");
  g_autoptr (GBytes) now = dh_file_read (mask->path, DH_FILE_ANY_SIZE, error);
  g_autofree char *sum = now ? sum_of (now) : NULL;
  if (!now)
    return FALSE;
  if (strcmp (sum, mask->sum) != 0)
    return refuse (error, DH_ERROR_MISMATCH, mask->path, other);
  *bytes = g_steal_pointer (&now);
  return TRUE;
}

static gboolean
check_image (const DhDrawnMask *mask, GError **error)
{
  const char *image = dh_dataset_item (mask->dataset, mask->index)->image;
  guint width, height;
  if (!g_file_test (image, G_FILE_TEST_IS_REGULAR))
    return refuse (error, DH_ERROR_NOT_FOUND, image, "the image is gone, and its mask is not written without it");
  if (!dh_dataset_probe_image (mask->dataset, mask->index, &width, &height, error))
    return FALSE;
  return (width == mask->width && height == mask->height)
         || refuse (error, DH_ERROR_MISMATCH, image, "the image has another size now: read the set again");
}

static gint
look_for_both (DhPixelValue value, gpointer data)
{
  Holding *others = data;
  others->anomaly |= value.number == 1;
  others->ignored |= value.number == 255;
  return 0;
}

/* Some of the other masks, those that were drawn since the set was opened too; until one holds an anomaly. */
static Holding
look_at_others (const DhDrawnMask *mask)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  Holding others = { FALSE, FALSE };
  for (guint i = 0; i < mask->dataset->items->len; i++)
    {
      const char *path = dh_dataset_peek (mask->dataset, i)->mask;
      if (i != mask->index && path && g_file_test (path, G_FILE_TEST_EXISTS))
        g_ptr_array_add (paths, (gpointer)path);
    }
  const guint step = MAX (paths->len / SAMPLES, 1);
  for (guint i = 0; i < paths->len && !others.anomaly; i += step)
    {
      g_autoptr (DhLabels) other = dh_labels_load_as (paths->pdata[i], look_for_both, &others, NULL);
    }
  return others;
}

/* Where no mask of a set holds a 1, its reader takes 255 for the anomaly. */
static gboolean
check_ignored (const DhDrawnMask *mask, Holding next, GError **error)
{
  if (mask->dataset->mask_values || mask->values[2] < 0 || next.anomaly || (!next.ignored && !mask->holds.anomaly))
    return TRUE;
  const Holding others = look_at_others (mask);
  if (others.anomaly || (!next.ignored && !others.ignored))
    return TRUE;
  return refuse (
      error, DH_ERROR_UNSUPPORTED, mask->path,
      next.ignored ? "no mask of the set holds an anomaly yet, and ignored pixels alone would be read as anomalies: "
                     "draw an anomaly first, in this image or in another"
                   : "it holds the last anomaly of the set, without which the ignored pixels of the other masks would "
                     "be read as anomalies: draw another first, or erase those");
}

/* Open to those to whom the mask was that was there first. */
static gboolean
write_bytes (const DhDrawnMask *mask, const char *path, GBytes *bytes, GError **error)
{
  if (!dh_file_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
    return FALSE;
  /* Where the file system knows no such thing, it is as that makes it. */
  if (mask->mode)
    g_chmod (path, (int)mask->mode);
  return TRUE;
}

/* Once: what is there then is from before all drawing. */
static gboolean
keep_copy (DhDrawnMask *mask, GBytes *bytes, GError **error)
{
  g_autofree char *copy = g_strconcat (mask->path, "~", NULL);
  if (!bytes || mask->kept || g_file_test (copy, G_FILE_TEST_EXISTS))
    return TRUE;
  return write_bytes (mask, copy, bytes, error);
}

static GBytes *
encode (const DhDrawnMask *mask, const guint8 *ids, GError **error)
{
  const gsize n = (gsize)mask->width * mask->height;
  g_autofree guint8 *values = g_try_malloc (n);
  if (!values)
    return refuse (error, DH_ERROR_NO_MEMORY, mask->path, "there is no memory to write it"), NULL;
  for (gsize i = 0; i < n; i++)
    {
      const gint value = mask->values[ids[i] == DH_DRAWN_INLIER ? 0 : ids[i] == DH_DRAWN_ANOMALY ? 1 : 2];
      if (value < 0)
        return refuse (error, DH_ERROR_UNSUPPORTED, mask->path, "the set's masks have no value for ignored pixels"),
               NULL;
      values[i] = (guint8)value;
    }
  g_autofree char *sum = dh_sha256 (values, n);
  return dh_image_encode_mask (mask->width, mask->height, values, sum, error);
}

static gboolean
write_locked (DhDrawnMask *mask, const guint8 *ids, GError **error)
{
  const Holding next = look_into (ids, (gsize)mask->width * mask->height);
  g_autoptr (GBytes) before = NULL;
  g_autofree char *folder = g_path_get_dirname (mask->path);
  if (!check_image (mask, error) || !check_unchanged (mask, &before, error) || !check_ignored (mask, next, error))
    return FALSE;
  g_autoptr (GBytes) bytes = encode (mask, ids, error);
  if (!bytes || !dh_folder_make (folder, error) || !keep_copy (mask, before, error)
      || !write_bytes (mask, mask->path, bytes, error))
    return FALSE;
  mask->held = mask->holds;
  mask->holds = next;
  mask->kept = TRUE;
  mask->has_before = TRUE;
  g_clear_pointer (&mask->before, g_bytes_unref);
  mask->before = g_steal_pointer (&before);
  g_free (mask->sum);
  mask->sum = sum_of (bytes);
  return TRUE;
}

gboolean
dh_drawn_mask_write (DhDrawnMask *mask, const guint8 *ids, GError **error)
{
  int lock;
  if (!dh_mask_lock (dh_dataset_item (mask->dataset, mask->index)->image, &lock, error))
    return FALSE;
  const gboolean done = write_locked (mask, ids, error);
  dh_mask_unlock (lock);
  return done;
}

static gboolean
revert_locked (DhDrawnMask *mask, GError **error)
{
  g_autoptr (GBytes) now = NULL;
  if (!check_unchanged (mask, &now, error) || !check_ignored (mask, mask->held, error))
    return FALSE;
  if (mask->before ? !write_bytes (mask, mask->path, mask->before, error)
                   : g_unlink (mask->path) != 0 && !refuse (error, DH_ERROR_IO, mask->path, g_strerror (errno)))
    return FALSE;
  if (!mask->before)
    {
      /* Only where nothing else lies in it. */
      g_autofree char *folder = g_path_get_dirname (mask->path);
      g_rmdir (folder);
    }
  g_free (mask->sum);
  mask->sum = mask->before ? sum_of (mask->before) : NULL;
  mask->holds = mask->held;
  mask->has_before = FALSE;
  g_clear_pointer (&mask->before, g_bytes_unref);
  return TRUE;
}

gboolean
dh_drawn_mask_revert (DhDrawnMask *mask, GError **error)
{
  g_return_val_if_fail (mask->has_before, FALSE);
  int lock;
  if (!dh_mask_lock (dh_dataset_item (mask->dataset, mask->index)->image, &lock, error))
    return FALSE;
  const gboolean done = revert_locked (mask, error);
  dh_mask_unlock (lock);
  return done;
}

char *
dh_drawn_mask_dup_sum (const char *path)
{
  guint64 size;
  g_autoptr (GBytes) head = dh_file_read_head (path, 256, &size, NULL);
  return head ? dh_image_dup_mask_sum (head) : NULL;
}

/* Whether they are hidden together: the split of the changed one. */
static gboolean
is_beside (const DhItem *a, const DhItem *b)
{
  return strcmp (a->item.split, b->item.split) == 0;
}

DhDataset *
dh_dataset_new_with_mask (DhDataset *dataset, guint index, gboolean exists, gboolean shows)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);

  DhDataset *copy = dh_dataset_copy (dataset);
  g_ptr_array_unref (copy->items);
  g_hash_table_unref (copy->by_stem);
  copy->items = g_ptr_array_new_full (dataset->items->len, (GDestroyNotify)dh_item_free);
  copy->by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  const DhItem *changed = dh_dataset_peek (dataset, index);
  for (guint i = 0; i < dataset->items->len; i++)
    {
      DhItem *item = dh_item_copy (dh_dataset_peek (dataset, i));
      if (i == index)
        {
          g_free (item->item.label);
          item->item.label = exists ? g_strdup (item->mask) : NULL;
        }
      item->item.hidden = item->item.hidden && item->item.label && !(shows && is_beside (item, changed));
      g_ptr_array_add (copy->items, item);
      g_hash_table_insert (copy->by_stem, item->item.stem, GUINT_TO_POINTER (i + 1));
    }
  return copy;
}
