#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* Of the precision int8: how large the inputs of a network's convolutions become. They are found on pictures of the
 * kind that will be looked at, by runs in float32 that count every input's values (dh-device.h: `ranges`), and kept in
 * a file. What lies above a range is taken for the range, so it is not the largest value but nearly all of them:
 * DH_QUANTIZATION_QUANTILE. */
#define DH_QUANTIZATION_QUANTILE 0.99999

/* Values counted by their size, of each input by the name of the convolution that reads it. Belongs to one thread; a
 * run that fills it counts on several, and the counts do not depend on how many. */
typedef struct _DhRanges DhRanges;
DhRanges *dh_ranges_new (void);
void dh_ranges_free (DhRanges *ranges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRanges, dh_ranges_free)
/* Bins of non-negative floats by their first 16 bits, infinity last; NaN is not counted. The array belongs to
 * `ranges`. */
#define DH_RANGES_BINS 0x7f81
static inline guint
dh_ranges_bin (float x)
{
  union
  {
    float x;
    guint32 bits;
  } u = { x };
  return u.bits >> 16;
}
guint64 *dh_ranges_get (DhRanges *ranges, const char *name);

/* Immutable; any thread may read it. */
typedef struct _DhQuantization DhQuantization;
/* `network` and `weights` (a SHA-256) say what it belongs to: one line each. */
DhQuantization *dh_quantization_new (const char *network, const char *weights, guint pictures, DhRanges *ranges);
DhQuantization *dh_quantization_ref (DhQuantization *calibration);
void dh_quantization_unref (DhQuantization *calibration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhQuantization, dh_quantization_unref)
/* Of the input of the convolution `name`, above 0; 0 where it has none. */
float dh_quantization_range (const DhQuantization *calibration, const char *name);
guint dh_quantization_pictures (const DhQuantization *calibration);
/* SHA-256 of all it says, 64 digits: what was computed with another one is something else. */
const char *dh_quantization_id (const DhQuantization *calibration);

/* A text file that ends with its own checksum. Errors of loading: of dh_file_read(), DH_ERROR_INVALID where it is none
 * or is damaged, DH_ERROR_MISMATCH where it belongs to another network or other weights. */
gboolean dh_quantization_save (const DhQuantization *calibration, const char *path, GError **error);
DhQuantization *dh_quantization_load (const char *path, const char *network, const char *weights, GError **error);

G_END_DECLS
