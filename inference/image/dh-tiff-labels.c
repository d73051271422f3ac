/* Masks of one channel in a TIFF: their samples as they are, in strips or tiles. */
#include "dh-tiff-private.h"

#include <string.h>

#include "dh-error.h"

/* Grey samples and palette indexes of 8 or 16 bits; others are looked at as colours. */
static gboolean
has_plain_samples (TIFF *tiff, guint *bits, guint *channels)
{
  uint16_t depth = 1, samples = 1, photometric = 0, format = SAMPLEFORMAT_UINT;
  TIFFGetFieldDefaulted (tiff, TIFFTAG_BITSPERSAMPLE, &depth);
  TIFFGetFieldDefaulted (tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted (tiff, TIFFTAG_SAMPLEFORMAT, &format);
  *bits = depth;
  *channels = samples;
  return TIFFGetField (tiff, TIFFTAG_PHOTOMETRIC, &photometric) && samples == 1 && (depth == 8 || depth == 16)
         && (photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_PALETTE)
         && format == SAMPLEFORMAT_UINT;
}

/* What a sample is: of a palette its colour, else grey; 16 bits as PNG's, 65535 white. */
static DhPixelValue
value_of (TIFF *tiff, guint sample, guint bits)
{
  uint16_t photometric = PHOTOMETRIC_MINISBLACK, *red, *green, *blue;
  TIFFGetField (tiff, TIFFTAG_PHOTOMETRIC, &photometric);
  if (photometric == PHOTOMETRIC_PALETTE)
    {
      if (bits > 8 || !TIFFGetField (tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
        return (DhPixelValue){ (gint)sample, -1 };
      return (DhPixelValue){ (gint)sample, red[sample] >> 8 << 16 | green[sample] >> 8 << 8 | blue[sample] >> 8 };
    }
  const guint grey = bits == 16 && sample >> 8 == (sample & 255) ? sample >> 8 : sample;
  return (DhPixelValue){ (gint)sample, grey > 255 ? -1 : (gint)grey * 0x010101 };
}

/* Lines of samples, as many as the file keeps together: one of a strip, or all of a row of tiles. */
typedef struct
{
  guint8 *samples; /* `lines` rows of `stride` bytes */
  guint lines;
  gsize stride;
  guint8 *tile; /* NULL: there are none */
  guint tile_width;
} Band;

static void
band_clear (Band *band)
{
  g_free (band->samples);
  g_free (band->tile);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Band, band_clear)

static gboolean
band_begin (Band *band, DhTiffJob *job, TIFF *tiff, guint width, guint height, guint bits, GError **error)
{
  const gsize bytes = bits / 8;
  uint32_t columns = 0, rows = 0;
  band->stride = MAX ((gsize)TIFFScanlineSize64 (tiff), width * bytes);
  if (TIFFIsTiled (tiff))
    {
      TIFFGetField (tiff, TIFFTAG_TILEWIDTH, &columns);
      TIFFGetField (tiff, TIFFTAG_TILELENGTH, &rows);
      if (columns == 0 || rows == 0 || (guint64)columns * rows > DH_IMAGE_MAX_PIXELS
          || rows * (guint64)band->stride > 4 * DH_IMAGE_MAX_PIXELS
          || TIFFTileSize64 (tiff) != (guint64)columns * rows * bytes)
        {
          dh_tiff_set_broken (job, error);
          return FALSE;
        }
      band->tile_width = columns;
      band->tile = g_try_malloc ((gsize)columns * rows * bytes);
    }
  band->lines = MAX (rows, 1);
  band->samples = g_try_malloc (band->lines * band->stride);
  if (band->samples && (band->tile || rows == 0))
    return TRUE;
  dh_image_set_no_memory (job->source->name, width, height, error);
  return FALSE;
}

/* Those from y on. */
static gboolean
band_read (Band *band, DhTiffJob *job, TIFF *tiff, guint bits, guint width, guint y, GError **error)
{
  const gsize bytes = bits / 8;
  gboolean read = band->tile || TIFFReadScanline (tiff, band->samples, y, 0) == 1;
  for (guint x = 0; band->tile && read && x < width; x += MIN (band->tile_width, width - x))
    {
      read = TIFFReadTile (tiff, band->tile, x, y, 0, 0) >= 0;
      for (guint row = 0; read && row < band->lines; row++)
        memcpy (band->samples + row * band->stride + x * bytes, band->tile + (gsize)row * band->tile_width * bytes,
                MIN (band->tile_width, width - x) * bytes);
    }
  if (read && !*job->message)
    return TRUE;
  dh_tiff_set_broken (job, error);
  return FALSE;
}

static gboolean
take_line (const DhTiffJob *job, TIFF *tiff, const guint8 *line, guint bits, guint8 *ids, guint width, guint y,
           DhPixelMeaning meaning, gpointer data, GError **error)
{
  gint id = -1;
  for (guint x = 0, last = 0; x < width; x++)
    {
      const guint sample = bits == 8 ? line[x] : ((const guint16 *)line)[x];
      if (x == 0 || sample != last)
        {
          const DhPixelValue value = value_of (tiff, sample, bits);
          id = meaning (value, data);
          if (id < 0)
            {
              dh_image_set_meaningless (job->source->name, value, x, y, error);
              return FALSE;
            }
          last = sample;
        }
      ids[x] = (guint8)id;
    }
  return TRUE;
}

static DhLabels *
load_plain (DhTiffJob *job, TIFF *tiff, guint bits, DhPixelMeaning meaning, gpointer data, GError **error)
{
  guint width, height;
  g_auto (Band) band = { NULL };
  if (!dh_tiff_check (job, tiff, &width, &height, error))
    return NULL;
  g_autoptr (DhLabels) labels = dh_labels_new (width, height);
  if (!labels)
    {
      dh_image_set_no_memory (job->source->name, width, height, error);
      return NULL;
    }
  if (!band_begin (&band, job, tiff, width, height, bits, error))
    return NULL;
  for (guint y = 0; y < height; y++)
    if ((y % band.lines == 0 && !band_read (&band, job, tiff, bits, width, y, error))
        || !take_line (job, tiff, band.samples + y % band.lines * band.stride, bits, labels->ids + (gsize)y * width,
                       width, y, meaning, data, error))
      return NULL;
  return g_steal_pointer (&labels);
}

gboolean
dh_tiff_load_labels (const DhImageSource *source, DhPixelMeaning meaning, gpointer data, DhLabels **labels,
                     GError **error)
{
  DhTiffJob job = { .source = source };
  guint bits, channels;
  TIFF *tiff = dh_tiff_open (&job, error);
  *labels = NULL;
  if (!tiff)
    return TRUE;
  const gboolean plain = has_plain_samples (tiff, &bits, &channels);
  /* As colours these would lose their lower byte, and with it what they mean. */
  const gboolean refused = !plain && channels == 1 && bits > 8;
  if (refused)
    g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                 "%s: is a TIFF of %u bits, signed, inverted or of more than 16, which is not read as a mask; save it "
                 "as PNG",
                 source->name, bits);
  if (plain)
    *labels = load_plain (&job, tiff, bits, meaning, data, error);
  TIFFClose (tiff);
  return plain || refused;
}
