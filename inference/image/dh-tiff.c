/* TIFF by libtiff, of its only picture, or the largest where the others are smaller copies of it or masks: what it
 * allocates is bounded, and its messages are the file's own. */
#include "dh-tiff-private.h"

#include <stdio.h>
#include <string.h>

#include "dh-error.h"

/* Smaller copies and masks that a picture may have beside it. */
#define MOST_PAGES 64

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
  DhTiffJob *job = handle;
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
  DhTiffJob *job = handle;
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
  return ((DhTiffJob *)handle)->source->size;
}

static int
on_error (TIFF *tiff, void *data, const char *module, const char *format, va_list arguments)
{
  DhTiffJob *job = data;
  if (!*job->message)
    g_vsnprintf (job->message, sizeof job->message, format, arguments);
  return 1;
}

static int
on_warning (TIFF *tiff, void *data, const char *module, const char *format, va_list arguments)
{
  return 1;
}

void
dh_tiff_set_broken (const DhTiffJob *job, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
               "%s: the TIFF is broken, or of a kind that is not read%s%s; save it "
               "as PNG",
               job->source->name, *job->message ? ": " : "", job->message);
}

typedef struct
{
  uint32_t width, height;
  gboolean is_part; /* says so: a smaller copy, or a mask */
} Page;

/* FALSE where it has no size. */
static gboolean
read_page (TIFF *tiff, Page *page)
{
  uint32_t kind = 0;
  *page = (Page){ 0 };
  TIFFGetFieldDefaulted (tiff, TIFFTAG_SUBFILETYPE, &kind);
  page->is_part = (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
  return TIFFGetField (tiff, TIFFTAG_IMAGEWIDTH, &page->width)
         && TIFFGetField (tiff, TIFFTAG_IMAGELENGTH, &page->height);
}

/* The largest page is the picture, the first of them, wherever its small copies stand. Where not all can be read it is
 * that of those before. */
static void
choose_page (TIFF *tiff)
{
  guint64 most = 0;
  guint chosen = 0;
  for (guint i = 0; i < MOST_PAGES; i++)
    {
      Page page;
      if (read_page (tiff, &page) && !page.is_part && (guint64)page.width * page.height > most)
        {
          most = (guint64)page.width * page.height;
          chosen = i;
        }
      if (TIFFLastDirectory (tiff) || !TIFFReadDirectory (tiff))
        break;
    }
  TIFFSetDirectory (tiff, (tdir_t)chosen);
}

TIFF *
dh_tiff_open (DhTiffJob *job, GError **error)
{
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc ();
  TIFFOpenOptionsSetMaxSingleMemAlloc (options, (tmsize_t)DH_IMAGE_MAX_PIXELS * 4);
  TIFFOpenOptionsSetErrorHandlerExtR (options, on_error, job);
  TIFFOpenOptionsSetWarningHandlerExtR (options, on_warning, job);
  TIFF *tiff =
      TIFFClientOpenExt ("TIFF", "rm", job, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
  TIFFOpenOptionsFree (options);
  if (!tiff)
    dh_tiff_set_broken (job, error);
  else
    choose_page (tiff);
  return tiff;
}

static gboolean
read_size (DhTiffJob *job, TIFF *tiff, guint *width, guint *height, GError **error)
{
  uint32_t columns = 0, rows = 0;
  if (TIFFGetField (tiff, TIFFTAG_IMAGEWIDTH, &columns) && TIFFGetField (tiff, TIFFTAG_IMAGELENGTH, &rows))
    {
      *width = columns;
      *height = rows;
      return TRUE;
    }
  dh_tiff_set_broken (job, error);
  return FALSE;
}

gboolean
dh_tiff_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  DhTiffJob job = { .source = source };
  TIFF *tiff = dh_tiff_open (&job, error);
  const gboolean read = tiff && read_size (&job, tiff, width, height, error);
  if (tiff)
    TIFFClose (tiff);
  return read;
}

/* A picture may have smaller copies of itself beside it, and masks of what is transparent; pages as large as itself are
 * others, and which of them is meant is not to be guessed. */
static gboolean
check_pages (DhTiffJob *job, TIFF *tiff, guint width, guint height, GError **error)
{
  const guint main = TIFFCurrentDirectory (tiff);
  guint pages = 0, others = 0;
  gboolean read = TIFFSetDirectory (tiff, 0);
  for (; read && others == 0; pages++)
    {
      Page page;
      const gboolean sized = read_page (tiff, &page);
      const gboolean part = page.is_part || (page.width < width && page.height < height);
      others += pages != main && (!sized || !part || pages >= MOST_PAGES);
      if (TIFFLastDirectory (tiff))
        break;
      read = TIFFReadDirectory (tiff);
    }
  if (others > 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s: holds several images of full size; save the one that is meant", job->source->name);
      return FALSE;
    }
  if (!read || !TIFFSetDirectory (tiff, (tdir_t)main))
    {
      dh_tiff_set_broken (job, error);
      return FALSE;
    }
  *job->message = '\0';
  return TRUE;
}

gboolean
dh_tiff_check (DhTiffJob *job, TIFF *tiff, guint *width, guint *height, GError **error)
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
load (DhTiffJob *job, TIFF *tiff, GError **error)
{
  guint width, height;
  char why[1024] = "";
  if (!dh_tiff_check (job, tiff, &width, &height, error))
    return NULL;
  drop_alpha (tiff);
  if (!TIFFRGBAImageOK (tiff, why))
    {
      g_strlcpy (job->message, why, sizeof job->message);
      dh_tiff_set_broken (job, error);
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
      dh_tiff_set_broken (job, error);
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
  DhTiffJob job = { .source = source };
  TIFF *tiff = dh_tiff_open (&job, error);
  DhImage *image = tiff ? load (&job, tiff, error) : NULL;
  if (tiff)
    TIFFClose (tiff);
  return image;
}

guint
dh_tiff_orientation (const DhImageSource *source)
{
  DhTiffJob job = { .source = source };
  uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFF *tiff = dh_tiff_open (&job, NULL);
  if (!tiff)
    return ORIENTATION_TOPLEFT;
  TIFFGetFieldDefaulted (tiff, TIFFTAG_ORIENTATION, &orientation);
  TIFFClose (tiff);
  return orientation;
}
