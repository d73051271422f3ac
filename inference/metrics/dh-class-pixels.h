#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The pixels of a picture put together by class, so that each class can be measured by itself in one walk over the
 * picture: those of one class lie behind one another, in the order in which the picture has them. */
#define DH_CLASS_IDS 256
typedef struct
{
  float *scores;
  guint8 *labels;                /* 0 inlier, 1 anomaly: others are left out */
  gsize begin[DH_CLASS_IDS + 1]; /* of each class; it ends where the next one begins */
} DhClassPixels;

/* Of n pixels; `classes` says what each is. NULL where memory is short: five bytes a pixel. */
DhClassPixels *dh_class_pixels_new (const float *scores, const guint8 *labels, const guint8 *classes, gsize n);
void dh_class_pixels_free (DhClassPixels *pixels);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhClassPixels, dh_class_pixels_free)
gsize dh_class_pixels_count (const DhClassPixels *pixels, guint8 id);

/* Adds to each class how many of n pixels are of it. */
void dh_class_pixels_add_counts (const guint8 *classes, gsize n, guint64 counts[DH_CLASS_IDS]);

G_END_DECLS
