#pragma once
#include "dh-hdf5.h"

G_BEGIN_DECLS

#define DH_HDF5_UNDEFINED G_MAXUINT64 /* an address that is none */

enum
{
  DH_HDF5_COMPACT,
  DH_HDF5_CONTIGUOUS,
  DH_HDF5_CHUNKED,
};

enum
{
  DH_HDF5_GZIP = 1,
  DH_HDF5_SHUFFLE = 2,
  DH_HDF5_FLETCHER32 = 3,
  DH_HDF5_MAX_FILTERS = 8,
};

enum
{
  DH_HDF5_MAX_VISITS = 100000, /* nodes and blocks: more than a file of maps has, and a circle soon does */
  DH_HDF5_MAX_LEVELS = 8,
};

enum
{
  DH_HDF5_MESSAGE_DATASPACE = 0x01,
  DH_HDF5_MESSAGE_LINK_INFO = 0x02,
  DH_HDF5_MESSAGE_DATATYPE = 0x03,
  DH_HDF5_MESSAGE_LINK = 0x06,
  DH_HDF5_MESSAGE_EXTERNAL = 0x07,
  DH_HDF5_MESSAGE_LAYOUT = 0x08,
  DH_HDF5_MESSAGE_FILTERS = 0x0b,
  DH_HDF5_MESSAGE_CONTINUATION = 0x10,
  DH_HDF5_MESSAGE_SYMBOL_TABLE = 0x11,
};

/* What lists the chunks of a data set. */
typedef enum
{
  DH_HDF5_INDEX_TREE, /* of layout version 3 */
  DH_HDF5_INDEX_SINGLE,
  DH_HDF5_INDEX_IMPLICIT,
  DH_HDF5_INDEX_FIXED_ARRAY,
} DhHdf5Index;

typedef struct
{
  const guint8 *data;
  guint64 size;
  guint visits;
} DhHdf5File;

typedef struct
{
  guint type, flags;
  const guint8 *data;
  guint size;
} DhHdf5Message;

/* FALSE with an error ends the walk. */
typedef gboolean (*DhHdf5Visit) (const DhHdf5Message *message, gpointer data, GError **error);

/* The messages of the object header at this address, of either version; all lie within the file. */
gboolean dh_hdf5_walk_header (DhHdf5File *file, guint64 at, DhHdf5Visit visit, gpointer data, GError **error);
/* Where the object header of the data set of this name in the root group lies. */
gboolean dh_hdf5_find_set (DhHdf5File *file, const char *name, guint64 *header, GError **error);

/* What the messages of a data set's object header say. Addresses and sizes are as the file claims them. */
typedef struct
{
  guint n_dims;
  guint64 dims[DH_MAX_DIMS];
  DhDtype stored, wanted; /* as they lie, and what unsigned ones become */
  gboolean swap;          /* big endian */
  gsize element;          /* bytes */
  guint layout;
  gboolean grows;   /* its shape may become another one than it is */
  guint64 at, size; /* of compact and contiguous elements; of chunked ones the index, and the axes */
  DhHdf5Index index;
  guint64 single_size;        /* of a single chunk that is packed; 0: as it is */
  guint32 single_skips;       /* its filters that were left out */
  guint64 chunk[DH_MAX_DIMS]; /* elements */
  guint n_filters;
  guint16 filters[DH_HDF5_MAX_FILTERS]; /* in the order in which they were applied */
} DhHdf5Set;

/* Elements in row-major order, `set` having been checked: `total` bytes, which are not more than may be spent. */
guint8 *dh_hdf5_read_elements (const guint8 *data, guint64 size, const DhHdf5Set *set, guint64 total, guint64 most,
                               GError **error);

/* Hands over each chunk with its number in row-major order, its address, its bytes as they lie and the filters that
 * were left out. */
typedef gboolean (*DhHdf5VisitChunk) (gpointer data, guint64 number, guint64 at, guint64 bytes, guint32 skipped,
                                      GError **error);
/* The chunks of every index but the B-tree. Of each `plain` bytes where they are not packed. */
gboolean dh_hdf5_walk_index (const guint8 *data, guint64 size, const DhHdf5Set *set, guint64 n_chunks, guint64 plain,
                             DhHdf5VisitChunk visit, gpointer user, GError **error);

gboolean dh_hdf5_broken (const char *what, GError **error);
gboolean dh_hdf5_unsupported (const char *what, GError **error);
/* Whether the four bytes behind these are their checksum, as the newer format has it (Bob Jenkins' lookup3); all lie
 * within the file. */
gboolean dh_hdf5_is_whole (const guint8 *data, guint64 length);

/* Whether [at, at + length) lies in the file. */
static inline gboolean
dh_hdf5_within (guint64 at, guint64 length, guint64 size)
{
  return at <= size && length <= size - at;
}

static inline guint64
dh_hdf5_number (const guint8 *at, guint bytes)
{
  guint64 value = 0;
  for (guint i = bytes; i-- > 0;)
    value = value << 8 | at[i];
  return value;
}

G_END_DECLS
