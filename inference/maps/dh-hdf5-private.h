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

/* What the messages of a data set's object header say. Addresses and sizes are as the file claims them. */
typedef struct
{
  guint n_dims;
  guint64 dims[DH_MAX_DIMS];
  DhDtype stored, wanted; /* as they lie, and what unsigned ones become */
  gboolean swap;          /* big endian */
  gsize element;          /* bytes */
  guint layout;
  guint64 at, size;           /* of compact and contiguous elements; of chunked ones the B-tree, without size */
  guint64 chunk[DH_MAX_DIMS]; /* elements */
  guint n_filters;
  guint16 filters[DH_HDF5_MAX_FILTERS]; /* in the order in which they were applied */
} DhHdf5Set;

/* Elements in row-major order, `set` having been checked: `total` bytes, which are not more than may be spent. */
guint8 *dh_hdf5_read_elements (const guint8 *data, guint64 size, const DhHdf5Set *set, guint64 total, guint64 most,
                               GError **error);

gboolean dh_hdf5_broken (const char *what, GError **error);

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
