#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* A picture: RGB, 8 bit, rows packed (stride = 3·width). Immutable once shared; reference counted (atomic). */
typedef struct
{
  gatomicrefcount refs;
  guint width, height;
  guint8 *rgb;
} DhImage;

/* Pictures over this size are refused from their header, before memory is spent. */
#define DH_IMAGE_MAX_SIDE 32768
#define DH_IMAGE_MAX_PIXELS (G_GINT64_CONSTANT (200) * 1000 * 1000)

/* Uninitialised pixels; NULL where memory is short or the size is over the limits. */
DhImage *dh_image_new (guint width, guint height);
DhImage *dh_image_ref (DhImage *image);
void dh_image_unref (DhImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhImage, dh_image_unref)

/* Reads PNG, JPEG, WebP, TIFF or BMP, told apart by content, not by name. Alpha is dropped, grey becomes RGB, 16 bit is
 * scaled down; a CMYK JPEG is converted. An EXIF orientation is not applied (dh_image_orientation()). A picture that
 * ends early is an error, never padded. Any thread. Errors: DH_ERROR_NOT_FOUND, DH_ERROR_INVALID (truncated, broken, no
 * picture), DH_ERROR_UNSUPPORTED (animation), DH_ERROR_TOO_LARGE, DH_ERROR_NO_MEMORY; all name the file. */
DhImage *dh_image_load (const char *path, GError **error);
DhImage *dh_image_load_bytes (GBytes *bytes, const char *name, GError **error);
/* The picture reduced as dh_image_thumbnail() does, never enlarged; JPEG and WebP are decoded at a reduced size, which
 * is several times as fast. */
DhImage *dh_image_load_thumbnail (const char *path, guint max_width, guint max_height, GError **error);
/* Width and height from the header alone; the limits hold here too. */
gboolean dh_image_probe (const char *path, guint *width, guint *height, GError **error);

/* How a photograph lies, as EXIF says it: 1 as it is seen (or nothing is said, or it cannot be read), 2 to 4 mirrored
 * or upside down, 5 to 8 on its side. Reads the head of the file, of some WebP all of it. */
guint dh_image_orientation (const char *path);
/* As it is seen, of pixels that lie so; a reference where that is 1. NULL where memory is short. */
DhImage *dh_image_turn (DhImage *image, guint orientation);
/* Both at once; `orientation`, which may be NULL, is what it was turned by. */
DhImage *dh_image_load_upright (const char *path, guint *orientation, GError **error);

/* A one-channel picture of label ids: a grey or palette PNG gives its raw sample or index (palette not applied); an RGB
 * PNG whose channels are equal gives one of them, other RGB is an error that says so; 16 bit over 255 is an error; so
 * is a picture that is no PNG. Alpha is dropped. Errors otherwise as dh_image_load. */
typedef struct
{
  gatomicrefcount refs;
  guint width, height;
  guint8 *ids;
} DhLabels;
DhLabels *dh_labels_new (guint width, guint height);
DhLabels *dh_labels_load (const char *path, GError **error);
/* What a pixel of a mask is, as its file has it. */
typedef struct
{
  gint number; /* the grey sample, the palette's index, or what all channels are; -1: a colour that is not grey */
  gint colour; /* 0xrrggbb, of a palette's index what the palette has there; -1: none, a sample of 16 bit over 255 */
} DhPixelValue;
/* "7" or "#fa3253"; free with g_free. */
char *dh_pixel_value_to_text (DhPixelValue value);
/* The id of such a pixel; -1: it has none. Asked once for neighbours that are the same. */
typedef gint (*DhPixelMeaning) (DhPixelValue value, gpointer data);
/* Any picture as a mask, in whatever it tells its pixels apart. Errors as dh_image_load, and DH_ERROR_INVALID at a
 * pixel that has no id, which is named. */
DhLabels *dh_labels_load_as (const char *path, DhPixelMeaning meaning, gpointer data, GError **error);
DhLabels *dh_labels_ref (DhLabels *labels);
void dh_labels_unref (DhLabels *labels);
/* As dh_image_turn(). */
DhLabels *dh_labels_turn (DhLabels *labels, guint orientation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhLabels, dh_labels_unref)

/* Writes, whole or not at all (dh-file.h). `channels` 1 (grey) or 3 (RGB). */
gboolean dh_image_write_png (const char *path, guint width, guint height, guint channels, const guint8 *pixels,
                             GError **error);
GBytes *dh_image_encode_png (guint width, guint height, guint channels, const guint8 *pixels, GError **error);
/* A mask of 8 bits with a word of its own, 1 to 64 letters and figures, at its head, and what that is: of the first 256
 * bytes of a file, NULL where there is none. Free with g_free. */
GBytes *dh_image_encode_mask (guint width, guint height, const guint8 *ids, const char *sum, GError **error);
char *dh_image_dup_mask_sum (GBytes *head);
GBytes *dh_image_encode_jpeg (guint width, guint height, const guint8 *rgb, gint quality, GError **error);

/* `image` or `labels` and sizes are not 0; NULL where memory is short or the size is over the limits.
 *
 * Bilinear (half-pixel centres, or corners aligned), never antialiased, as PyTorch's interpolate; and nearest
 * (PyTorch's mode "nearest": floor (i · in / out)). `channels` planes interleaved. */
DhImage *dh_image_resize_bilinear (const DhImage *image, guint width, guint height, gboolean align_corners);
void dh_resize_bilinear_f32 (const float *from, guint in_width, guint in_height, guint channels, float *to,
                             guint out_width, guint out_height, gboolean align_corners);
DhLabels *dh_labels_resize_nearest (const DhLabels *labels, guint width, guint height);

/* Of a picture that is brought to so many columns and rows, this part alone is made, which lies within it: the same
 * bytes as there, bilinear with half-pixel centres and nearest. */
typedef struct
{
  guint left, top, width, height;
} DhImagePart;
DhImage *dh_image_resize_part (const DhImage *image, guint columns, guint rows, DhImagePart part);
DhLabels *dh_labels_resize_part (const DhLabels *labels, guint columns, guint rows, DhImagePart part);
/* Box-filtered reduction for thumbnails: the largest size within max_width × max_height of the same aspect. */
DhImage *dh_image_thumbnail (const DhImage *image, guint max_width, guint max_height);

/* RGB in [0, 1] as 3×H×W float32 (v / 255), the networks' input. `to` holds 3·width·height floats. */
void dh_image_to_planes (const DhImage *image, float *to);

G_END_DECLS
