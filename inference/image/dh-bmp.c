/* BMP as cameras and older tools write it: 1, 4, 8 bits of a palette, those of 4 and 8 also in runs, 24 and 32 bits of
 * colour. */
#include "dh-image-private.h"

#include <string.h>

#include "dh-error.h"

enum
{
  FILE_HEADER = 14,
  INFO_HEADER = 40,
  RGB_PLAIN = 0,
  RUNS_OF_8 = 1,
  RUNS_OF_4 = 2,
  RGB_FIELDS = 3,
};

typedef struct
{
  guint width, height, bits, n_colours;
  gboolean top_down, runs;
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
  header->runs = (compression == RUNS_OF_8 && header->bits == 8) || (compression == RUNS_OF_4 && header->bits == 4);
  if (!(compression == RGB_PLAIN || header->runs || (compression == RGB_FIELDS && header->bits == 32)))
    {
      set_unsupported (source, "that is compressed as PNG, as JPEG or in a way of its own", error);
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
  if (header->runs && height < 0)
    {
      set_unsupported (source, "in runs from the top down", error);
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

/* Where the next index of a picture in runs goes, from the lowest row on. */
typedef struct
{
  guint8 *indexes;
  guint width, height, x, y;
} Place;

/* What lies beyond the row's end is dropped. */
static void
put (Place *place, guint index)
{
  if (place->x < place->width && place->y < place->height)
    place->indexes[(gsize)place->y * place->width + place->x++] = (guint8)index;
}

/* The n bytes or halves of bytes as they are, filled up to an even number of bytes. Gives how many bytes these are; 0:
 * the file ends before. */
static gsize
put_as_is (const Header *header, const guint8 *from, gsize left, guint n, Place *place)
{
  const gsize bytes = header->bits == 8 ? n : (n + 1) / 2, padded = (bytes + 1) / 2 * 2;
  if (padded > left)
    return 0;
  for (guint i = 0; i < n; i++)
    put (place, header->bits == 8 ? from[i] : i % 2 ? from[i / 2] & 15 : from[i / 2] >> 4);
  return padded;
}

static void
put_run (const Header *header, guint n, guint8 value, Place *place)
{
  for (guint i = 0; i < n; i++)
    put (place, header->bits == 8 ? value : i % 2 ? value & 15 : value >> 4);
}

/* Runs of a count and an index, of which a count of 0 says: 0 the row's end, 1 the picture's, 2 that two bytes tell how
 * far to go on, more that so many indexes follow as they are. What is passed over is of index 0. FALSE: the file ends
 * before the picture does. */
static gboolean
unpack (const DhImageSource *source, const Header *header, Place *place)
{
  gsize at = header->pixels;
  while (source->size - at >= 2)
    {
      const guint8 *code = source->data + at;
      const gsize left = source->size - at - 2;
      at += 2;
      if (code[0] > 0)
        put_run (header, code[0], code[1], place);
      else if (code[1] == 0)
        {
          place->x = 0;
          place->y++;
        }
      else if (code[1] == 1)
        return TRUE;
      else if (code[1] == 2 && left >= 2)
        {
          place->x = MIN (place->x + code[2], place->width);
          place->y += code[3];
          at += 2;
        }
      else
        {
          const gsize bytes = code[1] == 2 ? 0 : put_as_is (header, code + 2, left, code[1], place);
          if (bytes == 0)
            return FALSE;
          at += bytes;
        }
      /* Some leave the end out. */
      if (place->y >= place->height || (place->y + 1 == place->height && place->x == place->width))
        return TRUE;
    }
  return FALSE;
}

/* The rows as if they were not packed, one byte a pixel. NULL with an error. */
static guint8 *
dup_unpacked (const DhImageSource *source, const Header *header, GError **error)
{
  Place place = { .width = header->width, .height = header->height };
  /* Four bytes pass over 255 rows. */
  if ((source->size - header->pixels) / 4 < header->height / 256)
    {
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    }
  g_autofree guint8 *indexes = place.indexes = g_try_malloc0 ((gsize)header->width * header->height);
  if (!indexes)
    {
      dh_image_set_no_memory (source->name, header->width, header->height, error);
      return NULL;
    }
  if (!unpack (source, header, &place))
    {
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    }
  return g_steal_pointer (&indexes);
}

DhImage *
dh_bmp_load (const DhImageSource *source, GError **error)
{
  Header header;
  if (!read_header (source, &header, error) || !dh_image_check_size (source->name, header.width, header.height, error))
    return NULL;
  if (header.palette + 4 * (gsize)header.n_colours > source->size || header.pixels > source->size
      || (!header.runs && source->size - header.pixels < header.stride * header.height))
    {
      dh_image_set_truncated (source->name, source->size, error);
      return NULL;
    }
  g_autofree guint8 *unpacked = header.runs ? dup_unpacked (source, &header, error) : NULL;
  if (header.runs && !unpacked)
    return NULL;
  if (unpacked)
    {
      header.bits = 8;
      header.stride = header.width;
    }
  const guint8 *rows = unpacked ? unpacked : source->data + header.pixels;
  g_autoptr (DhImage) image = dh_image_new (header.width, header.height);
  if (!image)
    {
      dh_image_set_no_memory (source->name, header.width, header.height, error);
      return NULL;
    }
  for (guint y = 0; y < header.height; y++)
    {
      const guint from = header.top_down ? y : header.height - 1 - y;
      if (!read_row (source, &header, rows + from * header.stride, image->rgb + (gsize)y * header.width * 3))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the BMP is broken: its palette lacks a colour",
                       source->name);
          return NULL;
        }
    }
  return g_steal_pointer (&image);
}
