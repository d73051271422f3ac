#include "dh-thumbnails.h"
#include "dh-worker-private.h"

#define WIDTH 144
#define HEIGHT 108

/* One item that is shown, is being read, or is kept. */
typedef struct
{
  gatomicrefcount refs;
  DhThumbnails *owner; /* NULL once that is gone */
  DhImageItem *item;
  DhDataset *dataset;
  guint shown;    /* by so many rows; atomic: */
  gboolean asked; /* it is on its way to the thread and back */
  gboolean tried; /* and was read */
  GList *kept;    /* its place among those, or NULL */
  DhImage *image; /* the thread's, until it is back */
} Entry;

struct _DhThumbnails
{
  GThreadPool *pool;   /* Entry */
  GHashTable *entries; /* DhImageItem → Entry */
  GQueue kept;         /* Entry, the last seen first */
  guint n_read;
};

static void
entry_unref (gpointer data)
{
  Entry *entry = data;
  if (!g_atomic_ref_count_dec (&entry->refs))
    return;
  g_object_unref (entry->item);
  g_clear_pointer (&entry->dataset, dh_dataset_unref);
  g_clear_pointer (&entry->image, dh_image_unref);
  g_free (entry);
}

static void
entry_let_go (gpointer data)
{
  ((Entry *)data)->owner = NULL;
  entry_unref (data);
}

static void
ask (DhThumbnails *self, Entry *entry)
{
  entry->asked = TRUE;
  g_atomic_ref_count_inc (&entry->refs);
  g_thread_pool_push (self->pool, entry, NULL);
}

static void
drop_last (DhThumbnails *self)
{
  Entry *last = g_queue_pop_tail (&self->kept);
  dh_image_item_set_thumbnail (last->item, NULL, 0, 0);
  g_hash_table_remove (self->entries, last->item);
}

/* Nobody sees it. */
static void
retire (DhThumbnails *self, Entry *entry)
{
  guint width, height;
  if (dh_image_item_get_thumbnail (entry->item, &width, &height) == NULL)
    {
      g_hash_table_remove (self->entries, entry->item);
      return;
    }
  g_queue_push_head (&self->kept, entry);
  entry->kept = self->kept.head;
  if (self->kept.length > DH_THUMBNAILS_KEPT)
    drop_last (self);
}

static gboolean
come_back (gpointer data)
{
  Entry *entry = data;
  DhThumbnails *self = entry->owner;
  if (self == NULL)
    return G_SOURCE_REMOVE;
  g_autoptr (DhImage) image = g_steal_pointer (&entry->image);
  entry->asked = FALSE;
  if (entry->tried)
    {
      self->n_read++;
      g_clear_pointer (&entry->dataset, dh_dataset_unref); /* another set may be open soon */
    }
  if (image != NULL)
    {
      g_autoptr (GBytes) rgb = g_bytes_new_with_free_func (image->rgb, (gsize)3 * image->width * image->height,
                                                           (GDestroyNotify)dh_image_unref, dh_image_ref (image));
      dh_image_item_set_thumbnail (entry->item, rgb, image->width, image->height);
    }
  if (entry->shown == 0)
    retire (self, entry);
  else if (!entry->tried) /* it has come into sight again */
    ask (self, entry);
  return G_SOURCE_REMOVE;
}

static void
read_in_thread (gpointer data, gpointer user_data)
{
  Entry *entry = data;
  entry->tried = g_atomic_int_get (&entry->shown) > 0;
  if (entry->tried)
    entry->image =
        dh_dataset_load_thumbnail (entry->dataset, dh_image_item_get_index (entry->item), WIDTH, HEIGHT, NULL);
  dh_worker_to_window (come_back, entry, entry_unref, G_PRIORITY_DEFAULT_IDLE);
}

DhThumbnails *
dh_thumbnails_new (void)
{
  DhThumbnails *self = g_new0 (DhThumbnails, 1);
  self->pool = g_thread_pool_new_full (read_in_thread, NULL, entry_unref, 1, FALSE, NULL);
  self->entries = g_hash_table_new_full (NULL, NULL, NULL, entry_let_go);
  g_queue_init (&self->kept);
  return self;
}

void
dh_thumbnails_free (DhThumbnails *self)
{
  if (self == NULL)
    return;
  g_thread_pool_free (self->pool, TRUE, TRUE);
  g_queue_clear (&self->kept);
  g_hash_table_unref (self->entries);
  g_free (self);
}

void
dh_thumbnails_show (DhThumbnails *self, DhDataset *dataset, DhImageItem *item)
{
  Entry *entry = g_hash_table_lookup (self->entries, item);
  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      g_atomic_ref_count_init (&entry->refs);
      entry->owner = self;
      entry->item = g_object_ref (item);
      entry->dataset = dh_dataset_ref (dataset);
      g_hash_table_insert (self->entries, item, entry);
    }
  if (entry->kept != NULL)
    g_queue_delete_link (&self->kept, g_steal_pointer (&entry->kept));
  g_atomic_int_inc (&entry->shown);
  if (!entry->asked && !entry->tried)
    ask (self, entry);
}

void
dh_thumbnails_leave (DhThumbnails *self, DhImageItem *item)
{
  Entry *entry = g_hash_table_lookup (self->entries, item);
  if (entry == NULL || entry->shown == 0)
    return;
  if (g_atomic_int_dec_and_test (&entry->shown) && !entry->asked)
    retire (self, entry);
}

void
dh_thumbnails_drop_kept (DhThumbnails *self)
{
  while (self->kept.length > 0)
    drop_last (self);
}

guint
dh_thumbnails_get_n_read (DhThumbnails *self)
{
  return self->n_read;
}
