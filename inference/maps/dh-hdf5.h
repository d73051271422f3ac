#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* One array out of an HDF5 file in memory, as h5py and the HDF5 library write it: by default (superblock 0 or 1,
 * version 1 object headers, symbol tables) and with libver "latest" (superblock 2 or 3, version 2 object headers, links
 * in the root group's header; HDF5 File Format Specification 3.0): contiguous, compact or chunked, with any of gzip,
 * shuffle and Fletcher32. Of the latter not what is made to grow, nor a root group of so many names (more than eight)
 * that they stand in a heap; checksums of what is followed are held against it. Floating point of 16, 32 and 64 bits
 * and integers; unsigned ones of 16 and 32 bits are widened.
 *
 * It is read by hand, not by the HDF5 library, which broken files bring down: nothing is read outside the file, nothing
 * is followed in a circle, no memory is spent beyond the array, two rooms for a chunk, each of at most `most` bytes,
 * and a byte a chunk (elements that are widened take twice the array besides), and no more than 64 times `most` bytes
 * are unpacked, whatever the file claims. `name` is the data set's, in the root group. Messages do not name the file.
 * Any thread. Errors: DH_ERROR_INVALID (broken, cut off), DH_ERROR_UNSUPPORTED (another form, type or filter),
 * DH_ERROR_NOT_FOUND (no such data set), DH_ERROR_TOO_LARGE, DH_ERROR_NO_MEMORY. */
DhTensor *dh_hdf5_read (GBytes *file, const char *name, guint64 most, GError **error);

G_END_DECLS
