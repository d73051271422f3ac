#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* NumPy's .npy files, versions 1 to 3. Any thread. */

/* Reads one array; a view into the file that was read where it is little endian and in C order. '<u2' becomes int32 and
 * '<u4' int64; Fortran order and big endian are brought to row-major and little endian. Errors, each naming the file:
 * DH_ERROR_NOT_FOUND, DH_ERROR_IO, DH_ERROR_INVALID (truncated, broken), DH_ERROR_UNSUPPORTED (complex numbers,
 * records, text, Python objects — which are never loaded — or more than DH_MAX_DIMS axes), DH_ERROR_TOO_LARGE,
 * DH_ERROR_NO_MEMORY. */
DhTensor *dh_npy_load (const char *path, GError **error);
/* `name` stands in messages. */
DhTensor *dh_npy_load_bytes (GBytes *bytes, const char *name, GError **error);

/* One array of a NumPy .npz: that of this name, or the only one there is. Nothing is unpacked to more than `most`
 * bytes, whatever the file claims. Further errors: DH_ERROR_NOT_FOUND, which tells what else the file holds. */
DhTensor *dh_npz_load_array (GBytes *npz, const char *name, const char *array, guint64 most, GError **error);

/* Writes one array in C order (bfloat16, which NumPy does not know, as float32), whole or not at all. Errors:
 * DH_ERROR_IO, DH_ERROR_NO_MEMORY. */
gboolean dh_npy_save (const char *path, DhTensor *tensor, GError **error);

/* A NumPy .npz of these arrays (none of bfloat16), not compressed, whole or not at all. Errors: DH_ERROR_IO,
 * DH_ERROR_NO_MEMORY. */
gboolean dh_npz_save (const char *path, const char *const *names, DhTensor *const *tensors, guint n, GError **error);

/* The bytes that stand before the elements, a multiple of 64 long: for writing an array piece by piece. `dtype` must
 * not be DH_DTYPE_BF16. */
GBytes *dh_npy_header (DhDtype dtype, guint n_dims, const gint64 *dims);

G_END_DECLS
