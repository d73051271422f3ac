#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* One picture's score map as any program may have left it: NumPy's .npy; .npz with an array "anomaly_scores", or one
 * alone; HDF5 (.hdf5, .h5) with a data set "value". Told by the name's ending. Numbers of any width become float32; NaN
 * and infinite ones stay; axes of one element are dropped. Any thread. */

/* "npy", "npz", "hdf5", "h5"; NULL-terminated; constant. */
extern const char *const dh_map_file_endings[];
gboolean dh_map_file_is (const char *path);

/* The file's bytes, of a map that belongs to a picture of this size: refused with DH_ERROR_TOO_LARGE, before memory is
 * spent, where it is far larger than any map of it. Errors as dh_file_read(). */
GBytes *dh_map_file_read (const char *path, guint width, guint height, GError **error);
/* The map in these bytes, float32, height × width. At most about what dh_map_file_read() allows is allocated, whatever
 * the file claims. Errors name `path`: DH_ERROR_MISMATCH (another size: both are told; true and false, which are no
 * scores), DH_ERROR_INVALID, DH_ERROR_UNSUPPORTED, DH_ERROR_NOT_FOUND (no such array), DH_ERROR_TOO_LARGE,
 * DH_ERROR_NO_MEMORY. */
DhTensor *dh_map_file_parse (GBytes *bytes, const char *path, guint width, guint height, GError **error);

G_END_DECLS
