#include "dh-found-crops-private.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-worker-private.h"

/* One that is asked for. */
typedef struct
{
  gatomicrefcount refs;
  DhFoundCrops *owner; /* NULL once nobody waits; of the window's thread */
  DhFoundItem *item;
  DhDataset *dataset;
  guint image;
  DhPictureObject object;
  gint left; /* atomic */
  GBytes *crop;
  char *why;
} Request;

struct _DhFoundCrops
{
  GThreadPool *pool;
  GHashTable *asked; /* DhFoundItem → Request */
  GHashTable *kept;  /* text of `key_of` → GBytes */
  GQueue keys;       /* its keys, the last first; borrowed */
  /* the reading thread's: several finds of one image follow one another */
  DhDataset *last_dataset;
  guint last_index;
  DhImage *last;
};

static char *
key_of (DhFoundItem *item)
{
  const DhPictureObject *object = dh_found_item_get_object (item);
  return g_strdup_printf ("%u %u %u %u %u", dh_image_item_get_index (dh_found_item_get_image (item)), object->x,
                          object->y, object->width, object->height);
}

static void
request_unref (gpointer data)
{
  Request *request = data;
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  g_object_unref (request->item);
  dh_dataset_unref (request->dataset);
  g_clear_pointer (&request->crop, g_bytes_unref);
  g_free (request->why);
  g_free (request);
}

static void
let_go (gpointer data)
{
  Request *request = data;
  request->owner = NULL;
  g_atomic_int_set (&request->left, TRUE);
  request_unref (request);
}

/* The find with some room about it, in the row's shape, moved into the image where it would stick out. */
static GBytes *
cut (const DhImage *image, const DhPictureObject *object)
{
  const guint columns = DH_FOUND_CROP_WIDTH, rows = DH_FOUND_CROP_HEIGHT;
  const double shape = (double)columns / rows;
  double height = MAX (MAX (object->height * 1.5, object->width * 1.5 / shape), 32);
  height = MIN (MIN (height, image->height), image->width / shape);
  const double width = height * shape;
  const double left = CLAMP (object->x + object->width / 2.0 - width / 2, 0, image->width - width);
  const double top = CLAMP (object->y + object->height / 2.0 - height / 2, 0, image->height - height);
  guint8 *crop = g_malloc ((gsize)3 * columns * rows);
  for (guint v = 0; v < rows; v++)
    for (guint u = 0; u < columns; u++)
      {
        const gsize x = MIN ((gsize)(left + (u + 0.5) * width / columns), image->width - 1);
        const gsize y = MIN ((gsize)(top + (v + 0.5) * height / rows), image->height - 1);
        memcpy (crop + 3 * ((gsize)v * columns + u), image->rgb + 3 * (y * image->width + x), 3);
      }
  return g_bytes_new_take (crop, (gsize)3 * columns * rows);
}

static void
keep (DhFoundCrops *self, DhFoundItem *item, GBytes *crop)
{
  char *key = key_of (item);
  if (g_hash_table_contains (self->kept, key))
    {
      g_free (key);
      return;
    }
  g_hash_table_insert (self->kept, key, g_bytes_ref (crop));
  g_queue_push_head (&self->keys, key);
  if (self->keys.length > DH_FOUND_CROPS_KEPT)
    g_hash_table_remove (self->kept, g_queue_pop_tail (&self->keys));
}

static gboolean
come_back (gpointer data)
{
  Request *request = data;
  DhFoundCrops *self = request->owner;
  if (self == NULL)
    return G_SOURCE_REMOVE;
  if (request->crop != NULL)
    keep (self, request->item, request->crop);
  dh_found_item_set_crop (request->item, request->crop, request->why);
  g_hash_table_remove (self->asked, request->item);
  return G_SOURCE_REMOVE;
}

static void
forget_last (DhFoundCrops *self)
{
  g_clear_pointer (&self->last, dh_image_unref);
  g_clear_pointer (&self->last_dataset, dh_dataset_unref);
}

static void
read_in_thread (gpointer data, gpointer user_data)
{
  Request *request = data;
  DhFoundCrops *self = user_data;
  g_autoptr (GError) error = NULL;
  if (g_atomic_int_get (&request->left))
    {
      /* Let go on the window's thread: rows and lists may have no other reference to the item. */
      dh_worker_to_window (come_back, request, request_unref, G_PRIORITY_DEFAULT_IDLE);
      return;
    }
  if (self->last_dataset != request->dataset || self->last_index != request->image)
    {
      forget_last (self);
      self->last_dataset = dh_dataset_ref (request->dataset);
      self->last_index = request->image;
      self->last = dh_dataset_load_image (request->dataset, request->image, &error);
    }
  if (self->last != NULL)
    request->crop = cut (self->last, &request->object);
  else
    request->why = g_strdup (error != NULL ? error->message : _ ("The image cannot be read"));
  dh_worker_to_window (come_back, request, request_unref, G_PRIORITY_DEFAULT_IDLE);
}

DhFoundCrops *
dh_found_crops_new (void)
{
  DhFoundCrops *self = g_new0 (DhFoundCrops, 1);
  self->pool = g_thread_pool_new_full (read_in_thread, self, request_unref, 1, FALSE, NULL);
  self->asked = g_hash_table_new_full (NULL, NULL, NULL, let_go);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  g_queue_init (&self->keys);
  return self;
}

void
dh_found_crops_free (DhFoundCrops *self)
{
  g_hash_table_remove_all (self->asked);
  g_thread_pool_free (self->pool, TRUE, TRUE);
  forget_last (self);
  g_queue_clear (&self->keys);
  g_hash_table_unref (self->kept);
  g_hash_table_unref (self->asked);
  g_free (self);
}

void
dh_found_crops_show (DhFoundCrops *self, DhDataset *dataset, DhFoundItem *item)
{
  const char *why;
  if (dh_found_item_get_crop (item, &why) != NULL || why != NULL || g_hash_table_contains (self->asked, item))
    return;
  g_autofree char *key = key_of (item);
  GBytes *kept = g_hash_table_lookup (self->kept, key);
  if (kept != NULL)
    {
      dh_found_item_set_crop (item, kept, NULL);
      return;
    }
  Request *request = g_new0 (Request, 1);
  g_atomic_ref_count_init (&request->refs);
  g_atomic_ref_count_inc (&request->refs); /* the thread's */
  request->owner = self;
  request->item = g_object_ref (item);
  request->dataset = dh_dataset_ref (dataset);
  request->image = dh_image_item_get_index (dh_found_item_get_image (item));
  request->object = *dh_found_item_get_object (item);
  g_hash_table_insert (self->asked, item, request);
  g_thread_pool_push (self->pool, request, NULL);
}

void
dh_found_crops_leave (DhFoundCrops *self, DhFoundItem *item)
{
  g_hash_table_remove (self->asked, item);
}

void
dh_found_crops_drop (DhFoundCrops *self)
{
  g_hash_table_remove_all (self->asked);
  g_queue_clear (&self->keys);
  g_hash_table_remove_all (self->kept);
}
