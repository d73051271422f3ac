/* TIFF by libtiff, of its only picture, or the first where the others are smaller copies of it or masks: what it
 * allocates is bounded, and its messages are the file's own. */
#include "dh-image-private.h"

#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include "dh-error.h"

/* Smaller copies and masks that a picture may have behind it. */
#define MOST_PAGES 64

/* Of what is read. */
typedef struct
{
  const DhImageSource *source;
  gsize position;
  char message[160]; /* the first; "" */
} Job;

gboolean
dh_tiff_is (const DhImageSource *source)
{
  static const char *const starts[] = { "II*\0", "MM\0*", "II+\0", "MM\0+" };
  for (guint i = 0; source->size >= 8 && i < G_N_ELEMENTS (starts); i++)
    if (memcmp (source->data, starts[i], 4) == 0)
      return TRUE;
  return FALSE;
}

static tmsize_t
on_read (thandle_t handle, void *to, tmsize_t n)
{
  Job *job = handle;
  const gsize left = job->source->size - job->position, count = n < 0 ? 0 : MIN ((gsize)n, left);
  memcpy (to, job->source->data + job->position, count);
  job->position += count;
  return (tmsize_t)count;
}

static tmsize_t
on_write (thandle_t handle, void *from, tmsize_t n)
{
  return 0;
}

static toff_t
on_seek (thandle_t handle, toff_t offset, int whence)
{
  Job *job = handle;
  const toff_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? job->position : job->source->size;
  job->position = (gsize)MIN (from + offset, (toff_t)job->source->size);
  return job->position;
}

static int
on_close (thandle_t handle)
{
  return 0;
}

static toff_t
on_size (thandle_t handle)
{
  return ((Job *)handle)->source->size;
}

static int
on_error (TIFF *tiff, void *data, const char *module, const char *format, va_list arguments)
{
  Job *job = data;
  if (!*job->message)
    g_vsnprintf (job->message, sizeof job->message, format, arguments);
  return 1;
}

static int
on_warning (TIFF *tiff, void *data, const char *module, const char *format, va_list arguments)
{
  return 1;
}

static void
set_broken (const Job *job, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
               "%s: the TIFF is broken, or of a kind that is not read%s%s; save it "
               "as PNG",
               job->source->name, *job->message ? ": " : "", job->message);
}

/* Without mapping: strips are copied, and no more is allocated at once than a picture within the limits takes. */
static TIFF *
open_tiff (Job *job, GError **error)
{
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc ();
  TIFFOpenOptionsSetMaxSingleMemAlloc (options, (tmsize_t)DH_IMAGE_MAX_PIXELS * 4);
  TIFFOpenOptionsSetErrorHandlerExtR (options, on_error, job);
  TIFFOpenOptionsSetWarningHandlerExtR (options, on_warning, job);
  TIFF *tiff =
      TIFFClientOpenExt ("TIFF", "rm", job, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
  TIFFOpenOptionsFree (options);
  if (!tiff)
    set_broken (job, error);
  return tiff;
}

static gboolean
read_size (Job *job, TIFF *tiff, guint *width, guint *height, GError **error)
{
  uint32_t columns = 0, rows = 0;
  if (TIFFGetField (tiff, TIFFTAG_IMAGEWIDTH, &columns) && TIFFGetField (tiff, TIFFTAG_IMAGELENGTH, &rows))
    {
      *width = columns;
      *height = rows;
      return TRUE;
    }
  set_broken (job, error);
  return FALSE;
}

gboolean
dh_tiff_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  Job job = { .source = source };
  TIFF *tiff = open_tiff (&job, error);
  const gboolean read = tiff && read_size (&job, tiff, width, height, error);
  if (tiff)
    TIFFClose (tiff);
  return read;
}

/* A picture may have smaller copies of itself behind it, and masks of what is transparent; pages as large as the first
 * are others, and which of them is meant is not to be guessed. */
static gboolean
check_pages (Job *job, TIFF *tiff, guint width, guint height, GError **error)
{
  guint pages = 1, others = 0;
  for (; others == 0 && !TIFFLastDirectory (tiff); pages++)
    {
      uint32_t kind = 0, columns = 0, rows = 0;
      if (!TIFFReadDirectory (tiff))
        {
          set_broken (job, error);
          return FALSE;
        }
      TIFFGetFieldDefaulted (tiff, TIFFTAG_SUBFILETYPE, &kind);
      const gboolean sized =
          TIFFGetField (tiff, TIFFTAG_IMAGEWIDTH, &columns) && TIFFGetField (tiff, TIFFTAG_IMAGELENGTH, &rows);
      const gboolean part = (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) || (columns < width && rows < height);
      others += !sized || !part || pages >= MOST_PAGES;
    }
  if (others > 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: holds several images of full size; save the one that is meant", job->source->name);
      return FALSE;
    }
  if (pages > 1 && !TIFFSetDirectory (tiff, 0))
    {
      set_broken (job, error);
      return FALSE;
    }
  *job->message = '\0';
  return TRUE;
}

static gboolean
check (Job *job, TIFF *tiff, guint *width, guint *height, GError **error)
{
  if (!read_size (job, tiff, width, height, error) || !dh_image_check_size (job->source->name, *width, *height, error))
    return FALSE;
  /* Deflate packs at most 1032 to 1, a code of LZW stands for 4096 bytes at most, JPEG and lines that repeat are packed
   * less; what knows longer runs is bounded by its size alone. */
  uint16_t packed = COMPRESSION_NONE;
  TIFFGetFieldDefaulted (tiff, TIFFTAG_COMPRESSION, &packed);
  const guint64 bytes = (guint64)*height * TIFFScanlineSize64 (tiff);
  const guint64 most = packed == COMPRESSION_LZW ? 4096 : 1040;
  const gboolean bounded = packed == COMPRESSION_NONE || packed == COMPRESSION_LZW || packed == COMPRESSION_PACKBITS
                           || packed == COMPRESSION_ADOBE_DEFLATE || packed == COMPRESSION_DEFLATE
                           || packed == COMPRESSION_JPEG;
  if (bounded && bytes / most > job->source->size)
    {
      dh_image_set_truncated (job->source->name, job->source->size, error);
      return FALSE;
    }
  return check_pages (job, tiff, *width, *height, error);
}

/* Colours are taken as they are, whatever their alpha: libtiff would multiply them by it. */
static void
drop_alpha (TIFF *tiff)
{
  uint16_t n = 0, *kinds = NULL, colours[16];
  if (!TIFFGetField (tiff, TIFFTAG_EXTRASAMPLES, &n, &kinds) || n == 0 || n > G_N_ELEMENTS (colours))
    return;
  for (guint i = 0; i < n; i++)
    colours[i] = kinds[i] == EXTRASAMPLE_UNASSALPHA ? EXTRASAMPLE_ASSOCALPHA : kinds[i];
  TIFFSetField (tiff, TIFFTAG_EXTRASAMPLES, n, colours);
}

static DhImage *
load (Job *job, TIFF *tiff, GError **error)
{
  guint width, height;
  char why[1024] = "";
  if (!check (job, tiff, &width, &height, error))
    return NULL;
  drop_alpha (tiff);
  if (!TIFFRGBAImageOK (tiff, why))
    {
      g_strlcpy (job->message, why, sizeof job->message);
      set_broken (job, error);
      return NULL;
    }
  g_autoptr (DhImage) image = dh_image_new (width, height);
  g_autofree uint32_t *raster = image ? g_try_new (uint32_t, (gsize)width * height) : NULL;
  if (!raster)
    {
      dh_image_set_no_memory (job->source->name, width, height, error);
      return NULL;
    }
  /* As it is stored: libtiff mirrors what lies on its side, and does not turn it (dh_image_turn()). */
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetFieldDefaulted (tiff, TIFFTAG_ORIENTATION, &orientation);
  if (!TIFFReadRGBAImageOriented (tiff, width, height, raster, orientation, TRUE) || *job->message)
    {
      set_broken (job, error);
      return NULL;
    }
  for (gsize i = 0; i < (gsize)width * height; i++)
    {
      image->rgb[3 * i] = TIFFGetR (raster[i]);
      image->rgb[3 * i + 1] = TIFFGetG (raster[i]);
      image->rgb[3 * i + 2] = TIFFGetB (raster[i]);
    }
  return g_steal_pointer (&image);
}

DhImage *
dh_tiff_load (const DhImageSource *source, GError **error)
{
  Job job = { .source = source };
  TIFF *tiff = open_tiff (&job, error);
  DhImage *image = tiff ? load (&job, tiff, error) : NULL;
  if (tiff)
    TIFFClose (tiff);
  return image;
}

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
band_begin (Band *band, Job *job, TIFF *tiff, guint width, guint height, guint bits, GError **error)
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
          set_broken (job, error);
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
band_read (Band *band, Job *job, TIFF *tiff, guint bits, guint width, guint y, GError **error)
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
  set_broken (job, error);
  return FALSE;
}

static gboolean
take_line (const Job *job, TIFF *tiff, const guint8 *line, guint bits, guint8 *ids, guint width, guint y,
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
load_plain (Job *job, TIFF *tiff, guint bits, DhPixelMeaning meaning, gpointer data, GError **error)
{
  guint width, height;
  g_auto (Band) band = { NULL };
  if (!check (job, tiff, &width, &height, error))
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
  Job job = { .source = source };
  guint bits, channels;
  TIFF *tiff = open_tiff (&job, error);
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
