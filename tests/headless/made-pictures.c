#include "made-pictures.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <webp/encode.h>

guint8
made_sample (guint x, guint y, guint c)
{
  return (x * 19 + y * 23 + c * 71 + x * y) & 255;
}

static void
append (png_structp png, png_bytep from, size_t n)
{
  g_byte_array_append (png_get_io_ptr (png), from, n);
}

static void
flush (png_structp png)
{
}

GBytes *
made_png (int colour_type, int depth, int interlace, guint8 *const *rows, guint palette_size)
{
  png_color palette[256];
  for (guint i = 0; i < 256; i++)
    palette[i] = (png_color){ 255 - i, i, i ^ 0x55 };
  GByteArray *to = g_byte_array_new ();
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  png_set_write_fn (png, to, append, flush);
  png_set_IHDR (png, info, MADE_WIDTH, MADE_HEIGHT, depth, colour_type, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                PNG_FILTER_TYPE_DEFAULT);
  if (colour_type == PNG_COLOR_TYPE_PALETTE)
    png_set_PLTE (png, info, palette, palette_size);
  png_set_check_for_invalid_index (png, 0);
  png_text text = { .compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)"Comment", .text = (char *)"small" };
  png_set_text (png, info, &text, 1);
  png_write_info (png, info);
  png_write_image (png, (png_bytepp)rows);
  png_write_end (png, info);
  png_destroy_write_struct (&png, &info);
  return g_byte_array_free_to_bytes (to);
}

GBytes *
made_plain_png (int colour_type, int depth, int interlace)
{
  const guint channels = colour_type == PNG_COLOR_TYPE_RGB          ? 3
                         : colour_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                         : colour_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                    : 1;
  guint8 *rows[MADE_HEIGHT];
  for (guint y = 0; y < MADE_HEIGHT; y++)
    {
      rows[y] = g_malloc0 (MADE_WIDTH * 8);
      for (guint x = 0; x < MADE_WIDTH; x++)
        for (guint c = 0; c < channels; c++)
          {
            const gboolean alpha = channels % 2 == 0 && c == channels - 1;
            const guint8 value = alpha ? x * 7 : made_sample (x, y, c);
            const guint at = x * channels + c;
            if (depth == 16)
              {
                rows[y][at * 2] = value;
                rows[y][at * 2 + 1] = value;
              }
            else if (depth == 8)
              rows[y][at] = value;
            else
              rows[y][at * depth / 8] |= (value >> (8 - depth)) << (8 - depth - at * depth % 8);
          }
    }
  GBytes *bytes = made_png (colour_type, depth, interlace, rows, 1 << MIN (depth, 8));
  for (guint y = 0; y < MADE_HEIGHT; y++)
    g_free (rows[y]);
  return bytes;
}

GBytes *
made_jpeg (J_COLOR_SPACE space, gboolean progressive, gboolean restarts)
{
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  unsigned char *to = NULL;
  unsigned long size = 0;
  jpeg.err = jpeg_std_error (&errors);
  jpeg_create_compress (&jpeg);
  jpeg_mem_dest (&jpeg, &to, &size);
  jpeg.image_width = MADE_WIDTH;
  jpeg.image_height = MADE_HEIGHT;
  jpeg.in_color_space = space;
  jpeg.input_components = space == JCS_CMYK ? 4 : space == JCS_GRAYSCALE ? 1 : 3;
  jpeg_set_defaults (&jpeg);
  jpeg_set_quality (&jpeg, 100, TRUE);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  if (progressive)
    jpeg_simple_progression (&jpeg);
  if (restarts)
    jpeg.restart_interval = 1;
  jpeg_start_compress (&jpeg, TRUE);
  for (guint y = 0; y < MADE_HEIGHT; y++)
    {
      guint8 row[MADE_WIDTH * 4];
      for (guint x = 0; x < MADE_WIDTH; x++)
        for (int c = 0; c < jpeg.input_components; c++)
          row[x * jpeg.input_components + c] = 8 * x + 8 * y + 30 * c;
      JSAMPROW rows[] = { row };
      jpeg_write_scanlines (&jpeg, rows, 1);
    }
  jpeg_finish_compress (&jpeg);
  jpeg_destroy_compress (&jpeg);
  return g_bytes_new_with_free_func (to, size, free, to);
}

GBytes *
made_webp (gboolean lossless, gboolean alpha)
{
  guint8 pixels[MADE_WIDTH * MADE_HEIGHT * 4];
  for (guint y = 0; y < MADE_HEIGHT; y++)
    for (guint x = 0; x < MADE_WIDTH; x++)
      for (guint c = 0; c < 4; c++)
        pixels[(y * MADE_WIDTH + x) * 4 + c] = c == 3 ? (alpha ? 255 - x * 9 : 255) : made_sample (x, y, c);
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter writer;
  g_assert_true (WebPConfigInit (&config) && WebPPictureInit (&picture));
  WebPMemoryWriterInit (&writer);
  config.lossless = lossless;
  config.exact = 1;
  picture.use_argb = lossless;
  picture.width = MADE_WIDTH;
  picture.height = MADE_HEIGHT;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  g_assert_true (WebPPictureImportRGBA (&picture, pixels, MADE_WIDTH * 4));
  g_assert_true (WebPEncode (&config, &picture));
  WebPPictureFree (&picture);
  GBytes *bytes = g_bytes_new (writer.mem, writer.size);
  WebPMemoryWriterClear (&writer);
  return bytes;
}

char *
made_write_temporary (GBytes *bytes)
{
  char *path = NULL;
  const int fd = g_file_open_tmp ("dh-image-XXXXXX", &path, NULL);
  close (fd);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  return path;
}

void
made_assert_error_names (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, (*error)->message);
  g_clear_error (error);
}
