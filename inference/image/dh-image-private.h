#pragma once
#include "dh-image.h"

G_BEGIN_DECLS

/* What a reader is asked for. `name` is for messages. */
typedef struct
{
  const guint8 *data;
  gsize size;
  const char *name;
  guint max_width, max_height; /* of a thumbnail: the reader may reduce, to no less than this; 0: no */
} DhImageSource;

/* No picture within the limits of pixels is as large, however badly it is compressed. */
#define DH_IMAGE_LARGEST_FILE ((guint64)2 << 30)

/* FALSE and DH_ERROR_TOO_LARGE where the header's size is over the limits; DH_ERROR_INVALID where it is 0. */
gboolean dh_image_check_size (const char *name, guint64 width, guint64 height, GError **error);
void dh_image_set_truncated (const char *name, gsize size, GError **error);
void dh_image_set_no_memory (const char *name, guint width, guint height, GError **error);
/* The largest size of the same aspect within the box, not over the picture's own, at least 1×1. */
void dh_image_fit (guint width, guint height, guint max_width, guint max_height, guint *out_width, guint *out_height);

gboolean dh_png_is (const DhImageSource *source);
gboolean dh_png_probe (const DhImageSource *source, guint *width, guint *height, GError **error);
DhImage *dh_png_load (const DhImageSource *source, GError **error);
/* Ids by what `meaning` says of each pixel; NULL: the samples and indexes themselves (dh_labels_load). */
DhLabels *dh_png_load_labels (const DhImageSource *source, DhPixelMeaning meaning, gpointer data, GError **error);
void dh_image_set_meaningless (const char *name, DhPixelValue value, guint x, guint y, GError **error);

gboolean dh_jpeg_is (const DhImageSource *source);
gboolean dh_jpeg_probe (const DhImageSource *source, guint *width, guint *height, GError **error);
DhImage *dh_jpeg_load (const DhImageSource *source, GError **error);

gboolean dh_webp_is (const DhImageSource *source);
gboolean dh_webp_probe (const DhImageSource *source, guint *width, guint *height, GError **error);
DhImage *dh_webp_load (const DhImageSource *source, GError **error);

gboolean dh_bmp_is (const DhImageSource *source);
gboolean dh_bmp_probe (const DhImageSource *source, guint *width, guint *height, GError **error);
DhImage *dh_bmp_load (const DhImageSource *source, GError **error);

gboolean dh_tiff_is (const DhImageSource *source);
gboolean dh_tiff_probe (const DhImageSource *source, guint *width, guint *height, GError **error);
DhImage *dh_tiff_load (const DhImageSource *source, GError **error);
/* 1 to 8; 1 where nothing is said. */
guint dh_tiff_orientation (const DhImageSource *source);
/* Of one channel of whole samples; FALSE, with *labels NULL and no error, where they are to be taken from its colours.
 */
gboolean dh_tiff_load_labels (const DhImageSource *source, DhPixelMeaning meaning, gpointer data, DhLabels **labels,
                              GError **error);

G_END_DECLS
