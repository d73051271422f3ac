/* BMP without compression, as cameras and older tools write it: 1, 4, 8 bits of a palette, 24 and 32 bits of colour. */
#include "dh-image-private.h"

#include <string.h>

#include "dh-error.h"

enum
{
  FILE_HEADER = 14,
  INFO_HEADER = 40,
  RGB_PLAIN = 0,
  RGB_FIELDS = 3,
};

typedef struct
{
  guint width, height, bits, n_colours;
  gboolean top_down;
  gsize palette, pixels, stride;
} Header;

static guint32
little_endian_32 (const guint8 *at)
{
  return (guint32)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

gboolean
dh_bmp_is (const DhImageSource *source)
{
  return source->size >= FILE_HEADER + 4 && memcmp (source->data, "BM", 2) == 0
         && little_endian_32 (source->data + FILE_HEADER) <= 256;
}

static void
set_unsupported (const DhImageSource *source, const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s: is a BMP %s, which is not read; save it as PNG",
               source->name, what);
}

static gboolean
read_header (const DhImageSource *source, Header *header, GError **error)
{
  if (source->size < FILE_HEADER + INFO_HEADER)
    {
      dh_image_set_truncated (source->name, source->size, error);
      return FALSE;
    }
  const guint8 *info = source->data + FILE_HEADER;
  const guint32 length = little_endian_32 (info), compression = little_endian_32 (info + 16);
  const gint32 width = (gint32)little_endian_32 (info + 4), height = (gint32)little_endian_32 (info + 8);
  header->bits = info[14] | info[15] << 8;
  if (length < INFO_HEADER)
    {
      set_unsupported (source, "of the first version", error);
      return FALSE;
    }
  if (!(compression == RGB_PLAIN || (compression == RGB_FIELDS && header->bits == 32)))
    {
      set_unsupported (source, "that is compressed", error);
      return FALSE;
    }
  /* Fields stand behind a short header, or in a long one at the same place. */
  static const guint32 fields[] = { 0xff0000, 0xff00, 0xff };
  for (guint c = 0; compression == RGB_FIELDS && c < 3; c++)
    if (source->size < FILE_HEADER + INFO_HEADER + 12 || little_endian_32 (info + INFO_HEADER + 4 * c) != fields[c])
      {
        set_unsupported (source, "with channels in another order", error);
        return FALSE;
      }
  if (header->bits != 1 && header->bits != 4 && header->bits != 8 && header->bits != 24 && header->bits != 32)
    {
      set_unsupported (source, "of another number of bits than 1, 4, 8, 24 and 32", error);
      return FALSE;
    }
  if (width <= 0 || height == 0 || height == G_MININT32)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the image has no pixels", source->name);
      return FALSE;
    }
  header->width = (guint)width;
  header->height = (guint)ABS (height);
  header->top_down = height < 0;
  header->pixels = little_endian_32 (source->data + 10);
  header->palette = FILE_HEADER + (gsize)length;
  const guint32 colours = little_endian_32 (info + 32);
  header->n_colours = header->bits > 8 ? 0 : colours ? MIN (colours, 256) : 1u << header->bits;
  header->stride = ((gsize)header->width * header->bits + 31) / 32 * 4;
  return TRUE;
}

gboolean
dh_bmp_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  Header header;
  if (!read_header (source, &header, error))
    return FALSE;
  *width = header.width;
  *height = header.height;
  return TRUE;
}

/* FALSE: the palette has no such colour. */
static gboolean
read_row (const DhImageSource *source, const Header *header, const guint8 *row, guint8 *rgb)
{
  for (guint x = 0; x < header->width; x++)
    {
      const guint8 *bgr = row + (gsize)x * (header->bits / 8);
      if (header->bits <= 8)
        {
          const guint per_byte = 8 / header->bits;
          const guint index =
              row[x / per_byte] >> (per_byte - 1 - x % per_byte) * header->bits & ((1u << header->bits) - 1);
          if (index >= header->n_colours)
            return FALSE;
          bgr = source->data + header->palette + 4 * index;
        }
      rgb[3 * x] = bgr[2];
      rgb[3 * x + 1] = bgr[1];
      rgb[3 * x + 2] = bgr[0];
    }
  return TRUE;
}

DhImage *
dh_bmp_load (const DhImageSource *source, GError **error)
{
  Header header;
  if (!read_header (source, &header, error) || !dh_image_check_size (source->name, header.width, header.height, error))
    return NULL;
  if (header.palette + 4 * (gsize)header.n_colours > source->size || header.pixels > source->size
      || source->size - header.pixels < header.stride * header.height)
    {
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    }
  g_autoptr (DhImage) image = dh_image_new (header.width, header.height);
  if (!image)
    {
      dh_image_set_no_memory (source->name, header.width, header.height, error);
      return NULL;
    }
  for (guint y = 0; y < header.height; y++)
    {
      const guint from = header.top_down ? y : header.height - 1 - y;
      if (!read_row (source, &header, source->data + header.pixels + from * header.stride,
                     image->rgb + (gsize)y * header.width * 3))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the BMP is broken: its palette lacks a colour",
                       source->name);
          return NULL;
        }
    }
  return g_steal_pointer (&image);
}
