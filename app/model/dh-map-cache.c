#include "dh-map-cache.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>
#include "dh-debug.h"
#include "dh-file.h"

#define MAGIC "DHMAPS2\n"

/* The file: a header, then the maps that `maps` has bits for, in order, each as long as its pixels need. */
typedef struct
{
  char magic[8];
  guint32 width, height;
  guint32 maps;
  guint32 tile; /* of the frame */
  guint64 non_finite[DH_N_FRAME_MAPS];
  guint64 checksum; /* of the maps' bytes */
} Header;
G_STATIC_ASSERT (sizeof (Header) == 24 + 8 * DH_N_FRAME_MAPS + 8);

struct _DhMapCache
{
  gatomicrefcount refs;
  char *folder;
  GMutex mutex;
  guint64 limit, size;
  gboolean counted;
};

DhMapCache *
dh_map_cache_new (const char *folder, guint64 limit)
{
  DhMapCache *cache = g_new0 (DhMapCache, 1);
  g_atomic_ref_count_init (&cache->refs);
  cache->folder = g_strdup (folder);
  cache->limit = limit;
  g_mutex_init (&cache->mutex);
  return cache;
}

DhMapCache *
dh_map_cache_ref (DhMapCache *cache)
{
  g_atomic_ref_count_inc (&cache->refs);
  return cache;
}

void
dh_map_cache_unref (DhMapCache *cache)
{
  if (!g_atomic_ref_count_dec (&cache->refs))
    return;
  g_mutex_clear (&cache->mutex);
  g_free (cache->folder);
  g_free (cache);
}

char *
dh_map_cache_key (const char *weights, const char *device, const char *precision, const char *picture, guint width,
                  guint height)
{
  g_autofree char *text = g_strdup_printf ("%s-%s-%s-%s-%ux%u", weights, device, precision, picture, width, height);
  return dh_sha256 (text, strlen (text));
}

static char *
path_of (DhMapCache *cache, const char *key)
{
  char first[3] = { key[0], key[1], '\0' };
  g_autofree char *name = g_strconcat (key, ".maps", NULL);
  return g_build_filename (cache->folder, first, name, NULL);
}

static gsize
map_size (guint map, guint width, guint height)
{
  return (gsize)width * height * (map == DH_FRAME_SEGMENTATION ? 1 : sizeof (float));
}

/* Floats first, so that they lie aligned; the segmentation, of one byte a pixel, last. For j from 1 on. */
static guint
file_order (guint j)
{
  return j % DH_N_FRAME_MAPS;
}

/* Quick and good enough to notice a torn or bit-rotten file; not against malice. */
static guint64
mix (guint64 state, const guint8 *data, gsize size)
{
  for (; size >= 8; data += 8, size -= 8)
    {
      guint64 word;
      memcpy (&word, data, 8);
      state = (state ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
      state ^= state >> 29;
    }
  guint64 rest = size;
  for (; size > 0; data++, size--)
    rest = rest << 8 | *data;
  state = (state ^ rest) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  return state ^ state >> 32;
}

static gboolean
read_file (GBytes *bytes, DhFrame *frame)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  if (size < sizeof (Header))
    return FALSE;
  Header header;
  memcpy (&header, data, sizeof header);
  if (memcmp (header.magic, MAGIC, 8) != 0 || header.width != frame->width || header.height != frame->height
      || header.maps >> DH_N_FRAME_MAPS != 0)
    return FALSE;
  gsize expected = sizeof header;
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    if (header.maps & 1u << i)
      expected += map_size (i, header.width, header.height);
  if (size != expected)
    return FALSE;
  guint64 checksum = 0;
  gsize at = sizeof header;
  for (guint j = 1; j <= DH_N_FRAME_MAPS; j++)
    if (header.maps & 1u << file_order (j))
      {
        gsize length = map_size (file_order (j), header.width, header.height);
        checksum = mix (checksum, data + at, length);
        at += length;
      }
  if (checksum != header.checksum)
    return FALSE;
  at = sizeof header;
  frame->tile = header.tile;
  for (guint j = 1; j <= DH_N_FRAME_MAPS; j++)
    {
      guint i = file_order (j);
      if (!(header.maps & 1u << i))
        continue;
      gsize length = map_size (i, header.width, header.height);
      if (frame->maps[i] == NULL)
        {
          frame->maps[i] = g_bytes_new_from_bytes (bytes, at, length);
          frame->non_finite[i] = header.non_finite[i];
        }
      at += length;
    }
  return TRUE;
}

gboolean
dh_map_cache_load (DhMapCache *cache, const char *key, guint wanted, DhFrame *frame)
{
  g_autofree char *path = path_of (cache, key);
  g_autoptr (GBytes) bytes = NULL;
  gboolean there =
      g_file_test (path, G_FILE_TEST_IS_REGULAR) && (bytes = dh_file_read (path, DH_FILE_ANY_SIZE, NULL)) != NULL;
  if (there && !read_file (bytes, frame))
    {
      there = FALSE;
      gsize size = g_bytes_get_size (bytes);
      if (g_unlink (path) == 0)
        {
          g_mutex_lock (&cache->mutex);
          cache->size -= MIN (cache->size, size);
          g_mutex_unlock (&cache->mutex);
        }
    }
  if (there)
    g_utime (path, NULL); /* the time of its last use */
  gboolean complete = there;
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    complete = complete && (!(wanted & 1u << i) || frame->maps[i] != NULL);
  if (dh_debug (DH_DEBUG_CACHE))
    g_printerr ("cache: %s %.12s\n", complete ? "hit" : there ? "partial" : "miss", key);
  return complete;
}

typedef struct
{
  char *path;
  guint64 size;
  gint64 used;
} Entry;

static void
entry_clear (gpointer entry)
{
  g_free (((Entry *)entry)->path);
}

static GArray *
list_entries (DhMapCache *cache)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (entries, entry_clear);
  g_autoptr (GDir) folder = g_dir_open (cache->folder, 0, NULL);
  const char *first;
  while (folder != NULL && (first = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *sub = g_build_filename (cache->folder, first, NULL);
      g_autoptr (GDir) dir = strlen (first) == 2 ? g_dir_open (sub, 0, NULL) : NULL;
      const char *name;
      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (sub, name, NULL);
          GStatBuf info;
          if (g_lstat (path, &info) != 0 || !S_ISREG (info.st_mode))
            continue;
          Entry entry = { g_steal_pointer (&path), info.st_size, info.st_mtime };
          g_array_append_val (entries, entry);
        }
    }
  return entries;
}

static gint
oldest_first (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  return (left->used > right->used) - (left->used < right->used);
}

/* With the mutex held. */
static void
count_files (DhMapCache *cache)
{
  if (cache->counted)
    return;
  g_autoptr (GArray) entries = list_entries (cache);
  cache->size = 0;
  for (guint i = 0; i < entries->len; i++)
    cache->size += g_array_index (entries, Entry, i).size;
  cache->counted = TRUE;
}

/* With the mutex held: down to nine tenths, so that not every store has to look again. */
static void
make_room (DhMapCache *cache)
{
  if (cache->size <= cache->limit)
    return;
  g_autoptr (GArray) entries = list_entries (cache);
  g_array_sort (entries, oldest_first);
  cache->size = 0;
  for (guint i = 0; i < entries->len; i++)
    cache->size += g_array_index (entries, Entry, i).size;
  for (guint i = 0; i < entries->len && cache->size > cache->limit / 10 * 9; i++)
    {
      Entry *entry = &g_array_index (entries, Entry, i);
      if (g_unlink (entry->path) == 0)
        cache->size -= MIN (cache->size, entry->size);
    }
}

gboolean
dh_map_cache_store (DhMapCache *cache, const char *key, const DhFrame *frame, GError **error)
{
  g_autofree char *path = path_of (cache, key);
  g_autofree char *folder = g_path_get_dirname (path);
  Header header = { .width = frame->width, .height = frame->height, .tile = frame->tile };
  memcpy (header.magic, MAGIC, 8);
  guint64 length = 0;
  for (guint j = 1; j <= DH_N_FRAME_MAPS; j++)
    {
      guint i = file_order (j);
      if (frame->maps[i] == NULL)
        continue;
      gsize size;
      const guint8 *data = g_bytes_get_data (frame->maps[i], &size);
      g_return_val_if_fail (size == map_size (i, frame->width, frame->height), FALSE);
      header.maps |= 1u << i;
      header.non_finite[i] = frame->non_finite[i];
      header.checksum = mix (header.checksum, data, size);
      length += size;
    }
  if (!dh_folder_make (folder, error))
    return FALSE;
  g_mutex_lock (&cache->mutex);
  count_files (cache); /* before the temporary file is one of them */
  g_mutex_unlock (&cache->mutex);
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  if (writer == NULL || !dh_file_writer_write (writer, &header, sizeof header, error))
    return FALSE;
  for (guint j = 1; j <= DH_N_FRAME_MAPS; j++)
    {
      GBytes *map = frame->maps[file_order (j)];
      if (map != NULL && !dh_file_writer_write (writer, g_bytes_get_data (map, NULL), g_bytes_get_size (map), error))
        return FALSE;
    }
  GStatBuf info;
  guint64 before = g_lstat (path, &info) == 0 ? info.st_size : 0;
  if (!dh_file_writer_close (writer, error))
    return FALSE;
  g_mutex_lock (&cache->mutex);
  cache->size += sizeof header + length;
  cache->size -= MIN (cache->size, before);
  make_room (cache);
  g_mutex_unlock (&cache->mutex);
  return TRUE;
}

guint64
dh_map_cache_get_size (DhMapCache *cache)
{
  g_mutex_lock (&cache->mutex);
  count_files (cache);
  guint64 size = cache->size;
  g_mutex_unlock (&cache->mutex);
  return size;
}

guint64
dh_map_cache_get_limit (DhMapCache *cache)
{
  return cache->limit;
}

void
dh_map_cache_set_limit (DhMapCache *cache, guint64 limit)
{
  g_mutex_lock (&cache->mutex);
  cache->limit = limit;
  count_files (cache);
  make_room (cache);
  g_mutex_unlock (&cache->mutex);
}

void
dh_map_cache_clear (DhMapCache *cache)
{
  g_mutex_lock (&cache->mutex);
  g_autoptr (GArray) entries = list_entries (cache);
  for (guint i = 0; i < entries->len; i++)
    g_unlink (g_array_index (entries, Entry, i).path);
  cache->size = 0;
  cache->counted = TRUE;
  g_mutex_unlock (&cache->mutex);
}
