#include "dh-image-private.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "dh-error.h"

/* Everything that must outlive a longjmp stands here and not in locals. */
typedef struct
{
  const DhImageSource *source;
  gsize position;
  gboolean ended; /* the reader asked for more than there is */
  jmp_buf jump;
  char message[128];
  png_structp png;
  png_infop info;
  DhImage *image;
  DhLabels *labels;
  DhPixelMeaning meaning; /* of the labels' pixels; NULL */
  gpointer data;
  guint levels; /* of grey samples: 1 of one bit, 255 of 8 */
  guint8 *rows; /* of labels that are looked at pixel by pixel */
} Job;

#define SIGNATURE "\x89PNG\r\n\x1a\n"

gboolean
dh_png_is (const DhImageSource *source)
{
  return source->size >= 8 && memcmp (source->data, SIGNATURE, 8) == 0;
}

static guint32
big_endian_32 (const guint8 *at)
{
  return (guint32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

gboolean
dh_png_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  if (source->size < 33)
    {
      dh_image_set_truncated (source->name, source->size, error);
      return FALSE;
    }
  if (memcmp (source->data + 12, "IHDR", 4) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the PNG has no header chunk", source->name);
      return FALSE;
    }
  *width = big_endian_32 (source->data + 16);
  *height = big_endian_32 (source->data + 20);
  return TRUE;
}

static void
on_error (png_structp png, png_const_charp message)
{
  Job *job = png_get_error_ptr (png);
  g_strlcpy (job->message, message, sizeof job->message);
  longjmp (job->jump, 1);
}

static void
on_warning (png_structp png, png_const_charp message)
{
}

static void
on_read (png_structp png, png_bytep to, size_t n)
{
  Job *job = png_get_io_ptr (png);
  if (n > job->source->size - job->position)
    {
      job->ended = TRUE;
      png_error (png, "truncated");
    }
  memcpy (to, job->source->data + job->position, n);
  job->position += n;
}

static void
clear (Job *job)
{
  png_destroy_read_struct (&job->png, &job->info, NULL);
  g_clear_pointer (&job->rows, g_free);
}

/* Deflate packs at most 1032 to 1: a file smaller than that cannot hold the picture that its header claims, so no
 * memory need be spent on it. */
static gboolean
check_plausible (Job *job, GError **error)
{
  const guint64 row_bytes = png_get_rowbytes (job->png, job->info);
  if (row_bytes * png_get_image_height (job->png, job->info) / 1040 <= job->source->size)
    return TRUE;
  dh_image_set_truncated (job->source->name, job->source->size, error);
  return FALSE;
}

/* Indexes are turned into colours here, because the library shows one that its palette lacks as black. */
static gboolean
read_palette (Job *job, GError **error)
{
  png_colorp palette = NULL;
  int n_colours = 0;
  png_set_packing (job->png);
  png_get_PLTE (job->png, job->info, &palette, &n_colours);
  const int passes = png_set_interlace_handling (job->png);
  png_read_update_info (job->png, job->info);
  const gsize width = job->image->width, stride = width * 3;
  if (png_get_rowbytes (job->png, job->info) != width)
    png_error (job->png, "unexpected kind of pixels");
  /* In the last third of each row, where a colour never overtakes the index that it is made of. */
  for (int pass = 0; pass < passes; pass++)
    for (guint y = 0; y < job->image->height; y++)
      png_read_row (job->png, job->image->rgb + y * stride + 2 * width, NULL);
  for (guint y = 0; y < job->image->height; y++)
    for (guint x = 0; x < width; x++)
      {
        guint8 *row = job->image->rgb + y * stride;
        const guint index = row[2 * width + x];
        if (index >= (guint)n_colours)
          {
            g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                         "%s: the PNG is broken: the pixel at %u, %u has colour %u of a palette of %d",
                         job->source->name, x, y, index, n_colours);
            return FALSE;
          }
        row[3 * x] = palette[index].red;
        row[3 * x + 1] = palette[index].green;
        row[3 * x + 2] = palette[index].blue;
      }
  return TRUE;
}

static void
read_rgb (Job *job)
{
  png_set_expand (job->png);
  png_set_scale_16 (job->png);
  png_set_gray_to_rgb (job->png);
  png_set_strip_alpha (job->png);
  const int passes = png_set_interlace_handling (job->png);
  png_read_update_info (job->png, job->info);
  const gsize stride = (gsize)job->image->width * 3;
  if (png_get_rowbytes (job->png, job->info) != stride)
    png_error (job->png, "unexpected kind of pixels");
  for (int pass = 0; pass < passes; pass++)
    for (guint y = 0; y < job->image->height; y++)
      png_read_row (job->png, job->image->rgb + y * stride, NULL);
}

/* Grey and palette of up to 8 bit: samples and indexes as they stand. */
static void
read_ids_8 (Job *job, int passes)
{
  const gsize stride = job->labels->width;
  if (png_get_rowbytes (job->png, job->info) != stride)
    png_error (job->png, "unexpected kind of pixels");
  for (int pass = 0; pass < passes; pass++)
    for (guint y = 0; y < job->labels->height; y++)
      png_read_row (job->png, job->labels->ids + y * stride, NULL);
}

/* One of `channels` samples, of two bytes each where they are `wide`. */
static DhPixelValue
value_of (const guint8 *at, guint channels, gboolean wide, guint levels, png_colorp palette, int n_colours)
{
  gint samples[3], small[3];
  for (guint c = 0; c < 3; c++)
    {
      const guint8 *sample = at + (channels == 3 ? c : 0) * (wide ? 2 : 1);
      samples[c] = wide ? sample[0] << 8 | sample[1] : sample[0];
      small[c] = levels < 255                                        ? (gint)(samples[c] * 255u / levels)
                 : wide && (channels == 3 || sample[0] == sample[1]) ? sample[0]
                                                                     : samples[c];
    }
  if (palette)
    return (DhPixelValue){ samples[0], samples[0] < n_colours
                                           ? palette[samples[0]].red << 16 | palette[samples[0]].green << 8
                                                 | palette[samples[0]].blue
                                           : -1 };
  return (DhPixelValue){ samples[0] == samples[1] && samples[0] == samples[2] ? samples[0] : -1,
                         small[0] > 255 ? -1 : small[0] << 16 | small[1] << 8 | small[2] };
}

/* The id that is the number itself; what has none is said. */
static gint
plain_id (const Job *job, DhPixelValue value, guint x, guint y, GError **error)
{
  if (value.number >= 0 && value.number <= 255)
    return value.number;
  if (value.number > 255)
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                 "%s: the label at %u, %u is %d: ids over 255 have no meaning in any layout; of your own masks say "
                 "what they mean "
                 "(mask values: inlier=0 anomaly=rest)",
                 job->source->name, x, y, value.number);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                 "%s: is a colour image, not label ids: it is not grey at %u, %u; use the data set's label id files",
                 job->source->name, x, y);
  return -1;
}

/* Pixel by pixel: a whole picture in memory where it is interlaced, a row otherwise. */
static gboolean
read_ids_wide (Job *job, int passes, GError **error)
{
  const guint width = job->labels->width, height = job->labels->height;
  const guint channels = png_get_channels (job->png, job->info);
  const gboolean wide = png_get_bit_depth (job->png, job->info) == 16;
  const gsize pixel = channels * (wide ? 2 : 1), stride = width * pixel;
  png_colorp palette = NULL;
  int n_colours = 0;
  if (png_get_color_type (job->png, job->info) == PNG_COLOR_TYPE_PALETTE)
    png_get_PLTE (job->png, job->info, &palette, &n_colours);
  if ((channels != 1 && channels != 3) || png_get_rowbytes (job->png, job->info) != stride)
    png_error (job->png, "unexpected kind of pixels");
  job->rows = g_try_malloc (passes > 1 ? stride * height : stride);
  if (!job->rows)
    {
      dh_image_set_no_memory (job->source->name, width, height, error);
      return FALSE;
    }
  for (int pass = 0; pass < passes; pass++)
    for (guint y = 0; y < height; y++)
      {
        guint8 *row = job->rows + (passes > 1 ? y * stride : 0);
        png_read_row (job->png, row, NULL);
        guint8 *ids = job->labels->ids + (gsize)y * width;
        gint id = -1;
        for (guint x = 0; pass == passes - 1 && x < width; x++)
          {
            const guint8 *at = row + x * pixel;
            if (x == 0 || (pixel == 1 ? *at != at[-1] : memcmp (at, at - pixel, pixel) != 0))
              {
                const DhPixelValue value = value_of (at, channels, wide, job->levels, palette, n_colours);
                id = job->meaning ? job->meaning (value, job->data) : plain_id (job, value, x, y, error);
                if (id < 0 && job->meaning)
                  dh_image_set_meaningless (job->source->name, value, x, y, error);
              }
            if (id < 0)
              return FALSE;
            ids[x] = (guint8)id;
          }
      }
  return TRUE;
}

static gboolean
read_ids (Job *job, GError **error)
{
  job->levels = (1u << MIN (png_get_bit_depth (job->png, job->info), 8)) - 1;
  png_set_packing (job->png);
  png_set_strip_alpha (job->png);
  const int passes = png_set_interlace_handling (job->png);
  png_read_update_info (job->png, job->info);
  if (job->meaning || png_get_bit_depth (job->png, job->info) == 16 || png_get_channels (job->png, job->info) == 3)
    return read_ids_wide (job, passes, error);
  read_ids_8 (job, passes);
  return TRUE;
}

static gboolean
run (Job *job, gboolean want_labels, GError **error)
{
  guint width, height;
  if (!dh_png_probe (job->source, &width, &height, error)
      || !dh_image_check_size (job->source->name, width, height, error))
    return FALSE;

  job->png = png_create_read_struct (PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
  job->info = job->png ? png_create_info_struct (job->png) : NULL;
  if (!job->info)
    {
      dh_image_set_no_memory (job->source->name, width, height, error);
      return FALSE;
    }
  if (setjmp (job->jump) != 0)
    {
      if (job->ended)
        dh_image_set_truncated (job->source->name, job->source->size, error);
      else
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the PNG is broken: %s", job->source->name, job->message);
      return FALSE;
    }

  png_set_read_fn (job->png, job, on_read);
  png_set_user_limits (job->png, DH_IMAGE_MAX_SIDE, DH_IMAGE_MAX_SIDE);
  /* Of all chunks, only those that make pixels: a damaged text or profile is no reason to refuse a picture. */
  png_set_keep_unknown_chunks (job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info (job->png, job->info);
  if (!check_plausible (job, error))
    return FALSE;

  if (want_labels)
    job->labels = dh_labels_new (png_get_image_width (job->png, job->info), png_get_image_height (job->png, job->info));
  else
    job->image = dh_image_new (png_get_image_width (job->png, job->info), png_get_image_height (job->png, job->info));
  if (!job->labels && !job->image)
    {
      dh_image_set_no_memory (job->source->name, png_get_image_width (job->png, job->info),
                              png_get_image_height (job->png, job->info), error);
      return FALSE;
    }
  if (want_labels)
    {
      if (!read_ids (job, error))
        return FALSE;
    }
  else if (png_get_color_type (job->png, job->info) != PNG_COLOR_TYPE_PALETTE)
    read_rgb (job);
  else if (!read_palette (job, error))
    return FALSE;
  png_read_end (job->png, NULL);
  return TRUE;
}

DhImage *
dh_png_load (const DhImageSource *source, GError **error)
{
  Job job = { .source = source };
  if (!run (&job, FALSE, error))
    g_clear_pointer (&job.image, dh_image_unref);
  clear (&job);
  return job.image;
}

DhLabels *
dh_png_load_labels (const DhImageSource *source, DhPixelMeaning meaning, gpointer data, GError **error)
{
  Job job = { .source = source, .meaning = meaning, .data = data };
  if (!run (&job, TRUE, error))
    g_clear_pointer (&job.labels, dh_labels_unref);
  clear (&job);
  return job.labels;
}
