#include "dh-image-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"

typedef struct
{
  gboolean (*is) (const DhImageSource *source);
  gboolean (*probe) (const DhImageSource *source, guint *width, guint *height, GError **error);
  DhImage *(*load) (const DhImageSource *source, GError **error);
} Format;

static const Format formats[] = {
  { dh_png_is, dh_png_probe, dh_png_load },    { dh_jpeg_is, dh_jpeg_probe, dh_jpeg_load },
  { dh_webp_is, dh_webp_probe, dh_webp_load }, { dh_tiff_is, dh_tiff_probe, dh_tiff_load },
  { dh_bmp_is, dh_bmp_probe, dh_bmp_load },
};

gboolean
dh_image_check_size (const char *name, guint64 width, guint64 height, GError **error)
{
  if (width == 0 || height == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the image has no pixels", name);
      return FALSE;
    }
  if (width > DH_IMAGE_MAX_SIDE || height > DH_IMAGE_MAX_SIDE || width * height > (guint64)DH_IMAGE_MAX_PIXELS)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "%s: the image says it is %" G_GUINT64_FORMAT "×%" G_GUINT64_FORMAT
                   " pixels, over the limit of %d a side and %d million in all; reduce it first",
                   name, width, height, DH_IMAGE_MAX_SIDE, (int)(DH_IMAGE_MAX_PIXELS / 1000000));
      return FALSE;
    }
  return TRUE;
}

void
dh_image_set_truncated (const char *name, gsize size, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
               "%s: truncated: the file ends after %" G_GSIZE_FORMAT " bytes, before the image does; copy it again",
               name, size);
}

void
dh_image_set_no_memory (const char *name, guint width, guint height, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory for %u×%u pixels", name, width, height);
}

DhImage *
dh_image_new (guint width, guint height)
{
  if (!dh_image_check_size ("", width, height, NULL))
    return NULL;
  DhImage *image = g_new0 (DhImage, 1);
  image->rgb = g_try_malloc ((gsize)width * height * 3);
  if (!image->rgb)
    {
      g_free (image);
      return NULL;
    }
  g_atomic_ref_count_init (&image->refs);
  image->width = width;
  image->height = height;
  return image;
}

DhImage *
dh_image_ref (DhImage *image)
{
  g_atomic_ref_count_inc (&image->refs);
  return image;
}

void
dh_image_unref (DhImage *image)
{
  if (!image || !g_atomic_ref_count_dec (&image->refs))
    return;
  g_free (image->rgb);
  g_free (image);
}

static const Format *
find_format (const DhImageSource *source, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].is (source))
      return &formats[i];
  if (source->size == 0)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the file is empty", source->name);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is not a PNG, JPEG, WebP, TIFF or BMP image", source->name);
  return NULL;
}

static DhImageSource
source_of (GBytes *bytes, const char *name)
{
  DhImageSource source = { .name = name };
  source.data = g_bytes_get_data (bytes, &source.size);
  return source;
}

DhImage *
dh_image_load_bytes (GBytes *bytes, const char *name, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);

  const DhImageSource source = source_of (bytes, name);
  const Format *format = find_format (&source, error);
  return format ? format->load (&source, error) : NULL;
}

/* Messages are shown in places that take UTF-8 only; a path may be any bytes. */
static char *
display_name (const char *path)
{
  return g_filename_display_name (path);
}

static void
make_valid (GError *error)
{
  if (g_utf8_validate (error->message, -1, NULL))
    return;
  char *valid = g_utf8_make_valid (error->message, -1);
  g_free (error->message);
  error->message = valid;
}

/* Enough for the header of most files. */
#define HEAD (256 * 1024)
/* Up to this size a file is read without a look at its header first. */
#define LARGE_FILE ((guint64)16 << 20)

/* Width and height from the first bytes. Where they do not suffice (a JPEG whose metadata come first, a TIFF), *more is
 * set and there is no error. */
static gboolean
probe_head (const char *path, guint *width, guint *height, gboolean *more, GError **error)
{
  *more = FALSE;
  guint64 size;
  g_autoptr (GBytes) head = dh_file_read_head (path, HEAD, &size, error);
  if (!head)
    return FALSE;
  g_autofree char *name = display_name (path);
  const DhImageSource source = source_of (head, name);
  const Format *format = find_format (&source, error);
  if (!format)
    return FALSE;
  g_autoptr (GError) why = NULL;
  if (format->probe (&source, width, height, &why))
    return dh_image_check_size (name, *width, *height, error);
  /* A TIFF's directory may lie anywhere. */
  *more = size > source.size && (format->load == dh_jpeg_load || format->load == dh_tiff_load);
  if (!*more)
    g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* A large file is read only when its header says that it may be a picture within the limits. */
static GBytes *
read_file (const char *path, GError **error)
{
  GError *why = NULL;
  GBytes *bytes = dh_file_read (path, LARGE_FILE, &why);
  if (bytes || !g_error_matches (why, DH_ERROR, DH_ERROR_TOO_LARGE))
    {
      if (why)
        g_propagate_error (error, why);
      return bytes;
    }
  g_error_free (why);
  guint width, height;
  gboolean more;
  return probe_head (path, &width, &height, &more, error) || more ? dh_file_read (path, DH_IMAGE_LARGEST_FILE, error)
                                                                  : NULL;
}

static GBytes *
read_picture (const char *path, GError **error)
{
  GError *read_error = NULL;
  GBytes *bytes = read_file (path, &read_error);
  if (!bytes)
    {
      make_valid (read_error);
      g_propagate_error (error, read_error);
    }
  return bytes;
}

DhImage *
dh_image_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (GBytes) bytes = read_picture (path, error);
  g_autofree char *name = display_name (path);
  return bytes ? dh_image_load_bytes (bytes, name, error) : NULL;
}

DhImage *
dh_image_load_thumbnail (const char *path, guint max_width, guint max_height, GError **error)
{
  g_return_val_if_fail (path != NULL && max_width > 0 && max_height > 0, NULL);

  g_autoptr (GBytes) bytes = read_picture (path, error);
  if (!bytes)
    return NULL;
  g_autofree char *name = display_name (path);
  DhImageSource source = source_of (bytes, name);
  source.max_width = max_width;
  source.max_height = max_height;
  const Format *format = find_format (&source, error);
  g_autoptr (DhImage) large = format ? format->load (&source, error) : NULL;
  if (!large)
    return NULL;
  DhImage *small = dh_image_thumbnail (large, max_width, max_height);
  if (!small)
    dh_image_set_no_memory (name, max_width, max_height, error);
  return small;
}

gboolean
dh_image_probe (const char *path, guint *width, guint *height, GError **error)
{
  g_return_val_if_fail (path != NULL, FALSE);

  guint w = 0, h = 0;
  gboolean more;
  GError *why = NULL;
  if (!probe_head (path, &w, &h, &more, &why))
    {
      if (!more)
        {
          make_valid (why);
          g_propagate_error (error, why);
          return FALSE;
        }
      g_autoptr (GBytes) bytes = read_picture (path, error);
      if (!bytes)
        return FALSE;
      g_autofree char *name = display_name (path);
      const DhImageSource source = source_of (bytes, name);
      const Format *format = find_format (&source, error);
      if (!format || !format->probe (&source, &w, &h, error) || !dh_image_check_size (name, w, h, error))
        return FALSE;
    }
  if (width)
    *width = w;
  if (height)
    *height = h;
  return TRUE;
}

DhImage *
dh_image_load_upright (const char *path, guint *orientation, GError **error)
{
  const guint found = dh_image_orientation (path);
  g_autoptr (DhImage) image = dh_image_load (path, error);
  if (orientation)
    *orientation = found;
  DhImage *upright = image ? dh_image_turn (image, found) : NULL;
  if (image && !upright)
    {
      g_autofree char *name = display_name (path);
      dh_image_set_no_memory (name, image->width, image->height, error);
    }
  return upright;
}

char *
dh_pixel_value_to_text (DhPixelValue value)
{
  return value.number >= 0 ? g_strdup_printf ("%d", value.number) : g_strdup_printf ("#%06x", (guint)value.colour);
}

void
dh_image_set_meaningless (const char *name, DhPixelValue value, guint x, guint y, GError **error)
{
  g_autofree char *text = dh_pixel_value_to_text (value);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
               "%s: the mask is %s at %u, %u, of which nothing is said: name that too (mask values)", name, text, x, y);
}

/* Of a picture that is no PNG: colours, and grey where the channels are equal. */
static DhLabels *
find_labels (const DhImage *image, const char *name, DhPixelMeaning meaning, gpointer data, GError **error)
{
  g_autoptr (DhLabels) labels = dh_labels_new (image->width, image->height);
  if (!labels)
    {
      dh_image_set_no_memory (name, image->width, image->height, error);
      return NULL;
    }
  const gsize n = (gsize)image->width * image->height;
  gint id = -1;
  for (gsize i = 0; i < n; i++)
    {
      const guint8 *rgb = image->rgb + 3 * i;
      if (i == 0 || memcmp (rgb, rgb - 3, 3) != 0)
        {
          const DhPixelValue value = { rgb[0] == rgb[1] && rgb[0] == rgb[2] ? rgb[0] : -1,
                                       rgb[0] << 16 | rgb[1] << 8 | rgb[2] };
          id = meaning (value, data);
          if (id < 0)
            {
              dh_image_set_meaningless (name, value, i % image->width, i / image->width, error);
              return NULL;
            }
        }
      labels->ids[i] = (guint8)id;
    }
  return g_steal_pointer (&labels);
}

DhLabels *
dh_labels_load_as (const char *path, DhPixelMeaning meaning, gpointer data, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (GBytes) bytes = read_picture (path, error);
  if (!bytes)
    return NULL;
  g_autofree char *name = display_name (path);
  const DhImageSource source = source_of (bytes, name);
  const Format *format = find_format (&source, error);
  if (!format)
    return NULL;
  if (format->load == dh_png_load)
    return dh_png_load_labels (&source, meaning, data, error);
  if (!meaning)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: is not a PNG image: label ids do not survive lossy formats; use the data set's PNG labels",
                   name);
      return NULL;
    }
  DhLabels *plain;
  if (format->load == dh_tiff_load && dh_tiff_load_labels (&source, meaning, data, &plain, error))
    return plain;
  g_autoptr (DhImage) image = format->load (&source, error);
  return image ? find_labels (image, name, meaning, data, error) : NULL;
}

DhLabels *
dh_labels_load (const char *path, GError **error)
{
  return dh_labels_load_as (path, NULL, NULL, error);
}

void
dh_image_to_planes (const DhImage *image, float *to)
{
  float unit[256];
  for (guint i = 0; i < 256; i++)
    unit[i] = i / 255.0f;
  const gsize n = (gsize)image->width * image->height;
  for (gsize i = 0; i < n; i++)
    {
      to[i] = unit[image->rgb[3 * i]];
      to[n + i] = unit[image->rgb[3 * i + 1]];
      to[2 * n + i] = unit[image->rgb[3 * i + 2]];
    }
}
