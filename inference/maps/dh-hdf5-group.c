#include "dh-hdf5-private.h"

#include <string.h>

#include "dh-error.h"

/* From the superblock to the data set's object header: of the older format over the root group's B-tree, its leaves and
 * the heap of their names; of the newer one over the links in the root group's own header. Offsets and lengths are of 8
 * bytes in every file that is read. */
enum
{
  SYMBOL_SIZE = 40,
};

typedef struct
{
  DhHdf5File *file;
  const char *name;        /* that is sought */
  guint64 heap, heap_size; /* of the group's names */
  guint64 header;          /* what was found */
} Search;

typedef struct
{
  Search *search;
  guint64 tree, heap;
  gboolean has_table, has_links, has_dense;
} Group;

/* A name and where it leads, in a header of the newer format. */
static gboolean
read_link (const DhHdf5Message *message, Search *search, GError **error)
{
  const guint8 *data = message->data;
  const guint flags = message->size >= 2 ? data[1] : 0, width = 1u << (flags & 3);
  const guint before = 2 + (flags & 8 ? 1 : 0) + (flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0);
  if (message->size < before + width || data[0] != 1)
    return dh_hdf5_broken ("the root group", error);
  const guint64 length = dh_hdf5_number (data + before, width), room = message->size - before - width;
  if (length > room)
    return dh_hdf5_broken ("the root group", error);
  const guint8 *name = data + before + width;
  if (length != strlen (search->name) || memcmp (name, search->name, length) != 0)
    return TRUE;
  if (flags & 8 && data[2] != 0)
    return dh_hdf5_unsupported ("its data set is a link to elsewhere", error);
  if (room - length < 8)
    return dh_hdf5_broken ("the root group", error);
  search->header = dh_hdf5_number (name + length, 8);
  return TRUE;
}

static gboolean
visit_group (const DhHdf5Message *message, gpointer data, GError **error)
{
  Group *group = data;
  switch (message->type)
    {
    case DH_HDF5_MESSAGE_SYMBOL_TABLE:
      if (message->size < 16)
        return dh_hdf5_broken ("the root group", error);
      group->tree = dh_hdf5_number (message->data, 8);
      group->heap = dh_hdf5_number (message->data + 8, 8);
      group->has_table = TRUE;
      return TRUE;
    case DH_HDF5_MESSAGE_LINK_INFO:
      {
        const guint at = message->size >= 2 && message->data[1] & 1 ? 10 : 2;
        if (message->size < at + 8)
          return dh_hdf5_broken ("the root group", error);
        group->has_links = TRUE;
        group->has_dense = dh_hdf5_number (message->data + at, 8) != DH_HDF5_UNDEFINED;
        return TRUE;
      }
    case DH_HDF5_MESSAGE_LINK:
      return read_link (message, group->search, error);
    default:
      return TRUE;
    }
}

static gboolean
open_heap (Search *search, guint64 at, GError **error)
{
  if (!dh_hdf5_within (at, 32, search->file->size) || memcmp (search->file->data + at, "HEAP", 4) != 0)
    return dh_hdf5_broken ("the names", error);
  search->heap_size = dh_hdf5_number (search->file->data + at + 8, 8);
  search->heap = dh_hdf5_number (search->file->data + at + 24, 8);
  return dh_hdf5_within (search->heap, search->heap_size, search->file->size) || dh_hdf5_broken ("the names", error);
}

static gboolean
is_sought (const Search *search, guint64 name)
{
  const gsize length = strlen (search->name) + 1;
  return dh_hdf5_within (name, length, search->heap_size)
         && memcmp (search->file->data + search->heap + name, search->name, length) == 0;
}

static gboolean
search_leaf (Search *search, guint64 at, guint64 *header, GError **error)
{
  if (!dh_hdf5_within (at, 8, search->file->size) || memcmp (search->file->data + at, "SNOD", 4) != 0)
    return dh_hdf5_broken ("the root group", error);
  const guint n = dh_hdf5_number (search->file->data + at + 6, 2);
  if (!dh_hdf5_within (at + 8, (guint64)n * SYMBOL_SIZE, search->file->size))
    return dh_hdf5_broken ("the root group", error);
  search->file->visits += n; /* leaves may be named by any number of nodes */
  for (guint i = 0; i < n; i++)
    {
      const guint8 *symbol = search->file->data + at + 8 + i * SYMBOL_SIZE;
      if (!is_sought (search, dh_hdf5_number (symbol, 8)))
        continue;
      if (dh_hdf5_number (symbol + 16, 4) == 2)
        return dh_hdf5_unsupported ("its data set is a link to elsewhere", error);
      *header = dh_hdf5_number (symbol + 8, 8);
    }
  return TRUE;
}

/* Children stand between keys of 8 bytes. */
static gboolean
search_tree (Search *search, guint64 at, guint above, guint64 *header, GError **error)
{
  if (++search->file->visits > DH_HDF5_MAX_VISITS)
    return dh_hdf5_broken ("it runs in a circle", error);
  if (!dh_hdf5_within (at, 24, search->file->size) || memcmp (search->file->data + at, "TREE", 4) != 0
      || search->file->data[at + 4] != 0 || search->file->data[at + 5] >= above)
    return dh_hdf5_broken ("the root group", error);
  const guint level = search->file->data[at + 5], n = dh_hdf5_number (search->file->data + at + 6, 2);
  if (!dh_hdf5_within (at + 24, (guint64)n * 16 + 8, search->file->size))
    return dh_hdf5_broken ("the root group", error);
  for (guint i = 0; i < n && *header == DH_HDF5_UNDEFINED; i++)
    {
      if (search->file->visits > DH_HDF5_MAX_VISITS)
        return dh_hdf5_broken ("it runs in a circle", error);
      const guint64 child = dh_hdf5_number (search->file->data + at + 24 + i * 16 + 8, 8);
      if (!(level > 0 ? search_tree (search, child, level, header, error) : search_leaf (search, child, header, error)))
        return FALSE;
    }
  return TRUE;
}

/* Where the root group's header lies. */
static gboolean
read_superblock (const DhHdf5File *file, guint64 *root, GError **error)
{
  static const guint8 signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
  const guint8 *data = file->data;
  if (file->size < 9 || memcmp (data, signature, sizeof signature) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, file->size ? "is no HDF5 file" : "is empty");
      return FALSE;
    }
  if (data[8] > 3)
    return dh_hdf5_unsupported ("the HDF5 file is of a version that is not read", error);
  const gboolean newer = data[8] >= 2;
  const guint64 base = newer ? 12 : data[8] == 1 ? 28 : 24, length = newer ? 36 : 72;
  if (!dh_hdf5_within (base, length, file->size) || (newer && !dh_hdf5_is_whole (data, 44)))
    return dh_hdf5_broken ("it ends in its first lines", error);
  if (data[newer ? 9 : 13] != 8 || data[newer ? 10 : 14] != 8 || dh_hdf5_number (data + base, 8) != 0)
    return dh_hdf5_unsupported ("the HDF5 file's offsets are not of 8 bytes from its beginning", error);
  *root = dh_hdf5_number (data + (newer ? 36 : base + 40), 8);
  return TRUE;
}

gboolean
dh_hdf5_find_set (DhHdf5File *file, const char *name, guint64 *header, GError **error)
{
  Search search = { .file = file, .name = name, .header = DH_HDF5_UNDEFINED };
  Group group = { .search = &search };
  guint64 root = 0;
  if (!read_superblock (file, &root, error) || !dh_hdf5_walk_header (file, root, visit_group, &group, error))
    return FALSE;
  if (!group.has_table && !group.has_links)
    return dh_hdf5_unsupported ("the HDF5 file's root is no group", error);
  if (group.has_table
      && (!open_heap (&search, group.heap, error)
          || !search_tree (&search, group.tree, DH_HDF5_MAX_LEVELS, &search.header, error)))
    return FALSE;
  if (search.header == DH_HDF5_UNDEFINED && group.has_dense)
    return dh_hdf5_unsupported ("the HDF5 file holds more names than are read of the newer format (libver \"latest\")",
                                error);
  if (search.header == DH_HDF5_UNDEFINED)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "the HDF5 file holds no data set \"%s\"", name);
  *header = search.header;
  return search.header != DH_HDF5_UNDEFINED;
}
