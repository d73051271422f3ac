#include "dh-image-private.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

#include "dh-error.h"

/* A progressive file may hold scan after scan over the whole picture; real ones have about ten. */
#define MAX_SCANS 100

/* Everything that must outlive a longjmp stands here and not in locals. */
typedef struct
{
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  gboolean ended;
  char message[JMSG_LENGTH_MAX];
  const DhImageSource *source;
  DhImage *image;
  guint8 *cmyk; /* one row */
} Job;

gboolean
dh_jpeg_is (const DhImageSource *source)
{
  return source->size >= 3 && memcmp (source->data, "\xff\xd8\xff", 3) == 0;
}

static void
on_error (j_common_ptr common)
{
  Job *job = common->client_data;
  common->err->format_message (common, job->message);
  longjmp (job->jump, 1);
}

/* libjpeg calls these warnings and pads the picture with grey; here they are errors. */
static void
on_message (j_common_ptr common, int level)
{
  Job *job = common->client_data;
  if (level >= 0)
    return;
  switch (common->err->msg_code)
    {
    case JWRN_JPEG_EOF:
      job->ended = TRUE;
      on_error (common);
      break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      on_error (common);
      break;
    default:
      break;
    }
}

static void
on_output (j_common_ptr common)
{
}

static void
on_progress (j_common_ptr common)
{
  Job *job = common->client_data;
  if (job->jpeg.input_scan_number <= MAX_SCANS)
    return;
  g_strlcpy (job->message, "it has too many scans", sizeof job->message);
  longjmp (job->jump, 1);
}

static void
begin (Job *job)
{
  job->jpeg.err = jpeg_std_error (&job->errors);
  job->errors.error_exit = on_error;
  job->errors.emit_message = on_message;
  job->errors.output_message = on_output;
  job->jpeg.client_data = job;
}

static void
report (Job *job, GError **error)
{
  if (job->ended)
    dh_image_set_truncated (job->source->name, job->source->size, error);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the JPEG is broken: %s", job->source->name, job->message);
}

static void
read_header (Job *job)
{
  jpeg_create_decompress (&job->jpeg);
  jpeg_mem_src (&job->jpeg, job->source->data, job->source->size);
  jpeg_read_header (&job->jpeg, TRUE);
}

gboolean
dh_jpeg_probe (const DhImageSource *source, guint *width, guint *height, GError **error)
{
  Job job = { .source = source };
  begin (&job);
  if (setjmp (job.jump) != 0)
    {
      jpeg_destroy_decompress (&job.jpeg);
      report (&job, error);
      return FALSE;
    }
  read_header (&job);
  *width = job.jpeg.image_width;
  *height = job.jpeg.image_height;
  jpeg_destroy_decompress (&job.jpeg);
  return TRUE;
}

/* Every 8×8 block of the finest component takes at least one bit; arithmetic coding may take less. */
static gboolean
is_plausible (const Job *job)
{
  return job->jpeg.arith_code || (guint64)job->jpeg.image_width * job->jpeg.image_height / 512 <= job->source->size;
}

static void
choose_scale (Job *job)
{
  struct jpeg_decompress_struct *jpeg = &job->jpeg;
  guint width, height;
  dh_image_fit (jpeg->image_width, jpeg->image_height, job->source->max_width, job->source->max_height, &width,
                &height);
  jpeg->scale_denom = 8;
  for (jpeg->scale_num = 1; jpeg->scale_num < 8; jpeg->scale_num++)
    if ((guint64)jpeg->image_width * jpeg->scale_num / 8 >= width
        && (guint64)jpeg->image_height * jpeg->scale_num / 8 >= height)
      break;
}

/* Adobe's programs store CMYK inverted and say so with their marker. */
static void
cmyk_to_rgb (const guint8 *cmyk, guint8 *rgb, guint width, gboolean inverted)
{
  for (guint x = 0; x < width; x++, cmyk += 4, rgb += 3)
    for (guint c = 0; c < 3; c++)
      {
        const guint ink = inverted ? cmyk[c] : 255 - cmyk[c];
        const guint key = inverted ? cmyk[3] : 255 - cmyk[3];
        rgb[c] = (ink * key + 127) / 255;
      }
}

static gboolean
decode (Job *job, GError **error)
{
  struct jpeg_decompress_struct *jpeg = &job->jpeg;
  const gboolean four = jpeg->num_components == 4;
  jpeg->out_color_space = four ? JCS_CMYK : JCS_RGB;
  if (job->source->max_width > 0)
    choose_scale (job);
  job->progress.progress_monitor = on_progress;
  jpeg->progress = &job->progress;

  jpeg_calc_output_dimensions (jpeg);
  job->image = dh_image_new (jpeg->output_width, jpeg->output_height);
  job->cmyk = four ? g_try_malloc ((gsize)jpeg->output_width * 4) : NULL;
  if (!job->image || (four && !job->cmyk))
    {
      dh_image_set_no_memory (job->source->name, jpeg->output_width, jpeg->output_height, error);
      return FALSE;
    }
  jpeg_start_decompress (jpeg);
  while (jpeg->output_scanline < jpeg->output_height)
    {
      guint8 *rgb = job->image->rgb + (gsize)jpeg->output_scanline * job->image->width * 3;
      guint8 *row = four ? job->cmyk : rgb;
      if (jpeg_read_scanlines (jpeg, &row, 1) == 1 && four)
        cmyk_to_rgb (job->cmyk, rgb, job->image->width, jpeg->saw_Adobe_marker);
    }
  jpeg_finish_decompress (jpeg);
  return TRUE;
}

DhImage *
dh_jpeg_load (const DhImageSource *source, GError **error)
{
  Job job = { .source = source };
  begin (&job);
  gboolean done;
  if (setjmp (job.jump) != 0)
    {
      report (&job, error);
      done = FALSE;
    }
  else
    {
      read_header (&job);
      done = dh_image_check_size (source->name, job.jpeg.image_width, job.jpeg.image_height, error);
      if (done && !is_plausible (&job))
        {
          dh_image_set_truncated (source->name, source->size, error);
          done = FALSE;
        }
      done = done && decode (&job, error);
    }
  jpeg_destroy_decompress (&job.jpeg);
  g_free (job.cmyk);
  if (!done)
    g_clear_pointer (&job.image, dh_image_unref);
  return job.image;
}

typedef struct
{
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  unsigned char *to;
  unsigned long size;
} Encoder;

static void
on_encoder_error (j_common_ptr common)
{
  Encoder *encoder = common->client_data;
  common->err->format_message (common, encoder->message);
  longjmp (encoder->jump, 1);
}

GBytes *
dh_image_encode_jpeg (guint width, guint height, const guint8 *rgb, gint quality, GError **error)
{
  g_return_val_if_fail (rgb != NULL, NULL);

  if (!dh_image_check_size ("the image to write", width, height, error))
    return NULL;
  Encoder encoder = { 0 };
  encoder.jpeg.err = jpeg_std_error (&encoder.errors);
  encoder.errors.error_exit = on_encoder_error;
  encoder.errors.output_message = on_output;
  encoder.jpeg.client_data = &encoder;
  if (setjmp (encoder.jump) != 0)
    {
      jpeg_destroy_compress (&encoder.jpeg);
      free (encoder.to);
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "a JPEG of %u×%u pixels cannot be made: %s", width, height,
                   encoder.message);
      return NULL;
    }
  jpeg_create_compress (&encoder.jpeg);
  jpeg_mem_dest (&encoder.jpeg, &encoder.to, &encoder.size);
  encoder.jpeg.image_width = width;
  encoder.jpeg.image_height = height;
  encoder.jpeg.input_components = 3;
  encoder.jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults (&encoder.jpeg);
  jpeg_set_quality (&encoder.jpeg, CLAMP (quality, 1, 100), TRUE);
  jpeg_start_compress (&encoder.jpeg, TRUE);
  while (encoder.jpeg.next_scanline < height)
    {
      JSAMPROW row = (JSAMPROW)(rgb + (gsize)encoder.jpeg.next_scanline * width * 3);
      jpeg_write_scanlines (&encoder.jpeg, &row, 1);
    }
  jpeg_finish_compress (&encoder.jpeg);
  jpeg_destroy_compress (&encoder.jpeg);
  return g_bytes_new_with_free_func (encoder.to, encoder.size, free, encoder.to);
}
