#pragma once
#include "dh-tensor.h"

G_BEGIN_DECLS

/* One float32 map H×W as a file, whole or not at all. Errors: DH_ERROR_IO, DH_ERROR_FAILED (it cannot be packed). */

/* A data set "value", float16, compressed. */
gboolean dh_export_write_hdf5 (const char *path, DhTensor *map, GError **error);
/* 16-bit grey: `low` is 0 and `high` 65535; NaN is 0. */
gboolean dh_export_write_png (const char *path, DhTensor *map, double low, double high, GError **error);

G_END_DECLS
