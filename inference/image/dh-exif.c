/* How a photograph lies, as cameras say it: tag 0x0112 of the EXIF that JPEG, WebP and PNG may carry, and of a TIFF. */
#include "dh-image-private.h"

#include <string.h>

#include "dh-file.h"

static guint32
read_number (const guint8 *at, guint n, gboolean big)
{
  guint32 number = 0;
  for (guint i = 0; i < n; i++)
    number |= (guint32)at[i] << 8 * (big ? n - 1 - i : i);
  return number;
}

/* Of its bytes or the first of them; 0: it says nothing. */
static guint
read_directory (const guint8 *data, gsize size, gboolean big)
{
  enum
  {
    ORIENTATION = 0x0112,
    SHORT = 3,
    ENTRY = 12
  };
  if (size < 2)
    return 0;
  const guint n = read_number (data, 2, big);
  for (guint i = 0; i < n && size - 2 >= (gsize)ENTRY * (i + 1); i++)
    {
      const guint8 *entry = data + 2 + (gsize)ENTRY * i;
      if (read_number (entry, 2, big) == ORIENTATION && read_number (entry + 2, 2, big) == SHORT)
        return read_number (entry + 8, 2, big);
    }
  return 0;
}

/* Whether there is another page behind it. */
static gboolean
goes_on (const guint8 *data, gsize size, gboolean big)
{
  const gsize link = size < 2 ? 0 : 2 + (gsize)12 * read_number (data, 2, big);
  return link > 0 && link + 4 <= size && read_number (data + link, 4, big) != 0;
}

/* Where the directory of a TIFF lies, which may be anywhere in it; FALSE: not known. */
static gboolean
find_directory (const guint8 *data, gsize size, guint64 *at, gboolean *big)
{
  if (size < 8 || (memcmp (data, "II*\0", 4) != 0 && memcmp (data, "MM\0*", 4) != 0))
    return FALSE;
  *big = data[0] == 'M';
  *at = read_number (data + 4, 4, *big);
  return TRUE;
}

/* Of the TIFF structure that EXIF is; 0: it says nothing. */
static guint
read_tiff (const guint8 *data, gsize size)
{
  guint64 at;
  gboolean big;
  if (size >= 6 && memcmp (data, "Exif\0\0", 6) == 0)
    {
      data += 6;
      size -= 6;
    }
  return find_directory (data, size, &at, &big) && at < size ? read_directory (data + at, size - at, big) : 0;
}

/* Markers up to the picture itself. */
static guint
read_jpeg (const guint8 *data, gsize size)
{
  gsize at = 2;
  while (size - at >= 4 && data[at] == 0xff)
    {
      const guint8 marker = data[at + 1];
      const gsize length = read_number (data + at + 2, 2, TRUE);
      if (marker == 0xff)
        {
          at++;
          continue;
        }
      if (marker == 0xda || length < 2 || length + 2 > size - at)
        break;
      if (marker == 0xe1 && length >= 8 && memcmp (data + at + 4, "Exif\0\0", 6) == 0)
        return read_tiff (data + at + 4, length - 2);
      at += 2 + length;
    }
  return 0;
}

/* Chunks of WebP (length before, padded to two bytes) or of PNG (length before the name, a sum behind the data). */
static guint
read_chunks (const guint8 *data, gsize size, gboolean png)
{
  gsize at = png ? 8 : 12;
  const gsize around = png ? 12 : 8;
  while (size >= around && at <= size - around)
    {
      const gsize length = read_number (data + at + (png ? 0 : 4), 4, png);
      if (length > size - at - around)
        break;
      if (memcmp (data + at + (png ? 4 : 0), png ? "eXIf" : "EXIF", 4) == 0)
        return read_tiff (data + at + 8, length);
      at += around + length + (png ? 0 : length & 1);
    }
  return 0;
}

static guint
read_orientation (const DhImageSource *source)
{
  return dh_jpeg_is (source)   ? read_jpeg (source->data, source->size)
         : dh_webp_is (source) ? read_chunks (source->data, source->size, FALSE)
         : dh_png_is (source)  ? read_chunks (source->data, source->size, TRUE)
                               : 0;
}

/* EXIF stands before a JPEG's pixels, behind a WebP's, and is a TIFF's directory, which may be anywhere. */
#define HEAD (64 * 1024)

static DhImageSource
source_of (GBytes *bytes)
{
  DhImageSource source = { .name = "" };
  source.data = g_bytes_get_data (bytes, &source.size);
  return source;
}

/* Of several pages, and where the directory is of the larger kind, libtiff looks for it. */
static guint
read_tiff_orientation (const char *path, const DhImageSource *head)
{
  guint64 at;
  gboolean big;
  if (find_directory (head->data, head->size, &at, &big))
    {
      g_autoptr (GBytes) directory = dh_file_read_part (path, at, HEAD, NULL);
      const DhImageSource part = directory ? source_of (directory) : (DhImageSource){ 0 };
      if (!goes_on (part.data, part.size, big))
        return read_directory (part.data, part.size, big);
    }
  g_autoptr (GBytes) whole = dh_file_read (path, DH_IMAGE_LARGEST_FILE, NULL);
  if (!whole)
    return 1;
  const DhImageSource source = source_of (whole);
  return dh_tiff_orientation (&source);
}

guint
dh_image_orientation (const char *path)
{
  g_return_val_if_fail (path != NULL, 1);

  guint64 size;
  g_autoptr (GBytes) bytes = dh_file_read_head (path, HEAD, &size, NULL);
  if (!bytes)
    return 1;
  DhImageSource source = source_of (bytes);
  const gboolean behind = dh_webp_is (&source) && source.size >= 21 && memcmp (source.data + 12, "VP8X", 4) == 0
                          && source.data[20] & 8 && size > source.size;
  g_autoptr (GBytes) whole = behind ? dh_file_read (path, DH_IMAGE_LARGEST_FILE, NULL) : NULL;
  if (whole)
    source = source_of (whole);
  const guint found = dh_tiff_is (&source) ? read_tiff_orientation (path, &source) : read_orientation (&source);
  return found >= 1 && found <= 8 ? found : 1;
}

/* Of `width`×`height` pixels of `size` bytes that are stored, as they are seen. */
static void
turn (const guint8 *from, guint width, guint height, gsize size, guint orientation, guint8 *to)
{
  const gboolean swap = orientation >= 5;
  /* Whether the stored columns and rows run from the right and from below. */
  const gboolean right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const gboolean below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (guint y = 0; y < (swap ? width : height); y++)
    for (guint x = 0; x < (swap ? height : width); x++, to += size)
      {
        guint column = swap ? y : x, row = swap ? x : y;
        column = right ? width - 1 - column : column;
        row = below ? height - 1 - row : row;
        memcpy (to, from + ((gsize)row * width + column) * size, size);
      }
}

DhImage *
dh_image_turn (DhImage *image, guint orientation)
{
  g_return_val_if_fail (image != NULL && orientation >= 1 && orientation <= 8, NULL);

  if (orientation == 1)
    return dh_image_ref (image);
  DhImage *turned =
      orientation >= 5 ? dh_image_new (image->height, image->width) : dh_image_new (image->width, image->height);
  if (turned)
    turn (image->rgb, image->width, image->height, 3, orientation, turned->rgb);
  return turned;
}

DhLabels *
dh_labels_turn (DhLabels *labels, guint orientation)
{
  g_return_val_if_fail (labels != NULL && orientation >= 1 && orientation <= 8, NULL);

  if (orientation == 1)
    return dh_labels_ref (labels);
  DhLabels *turned =
      orientation >= 5 ? dh_labels_new (labels->height, labels->width) : dh_labels_new (labels->width, labels->height);
  if (turned)
    turn (labels->ids, labels->width, labels->height, 1, orientation, turned->ids);
  return turned;
}
