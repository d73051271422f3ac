/* Pictures of every kind are made here with the libraries themselves, read back, cut short at every length, and
 * damaged bit by bit. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include "dh-error.h"
#include "dh-image.h"

#define W 13
#define H 9

static guint8
sample (guint x, guint y, guint c)
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

/* `rows`: H rows as libpng wants them for the colour type and depth. */
static GBytes *
make_png (int colour_type, int depth, int interlace, guint8 *const *rows, guint palette_size)
{
  png_color palette[256];
  for (guint i = 0; i < 256; i++)
    palette[i] = (png_color){ 255 - i, i, i ^ 0x55 };
  GByteArray *to = g_byte_array_new ();
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  png_set_write_fn (png, to, append, flush);
  png_set_IHDR (png, info, W, H, depth, colour_type, interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
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

/* A PNG of `channels` samples of `depth` bits, sample() scaled to the depth. */
static GBytes *
make_plain_png (int colour_type, int depth, int interlace)
{
  const guint channels = colour_type == PNG_COLOR_TYPE_RGB          ? 3
                         : colour_type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                         : colour_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                    : 1;
  guint8 *rows[H];
  for (guint y = 0; y < H; y++)
    {
      rows[y] = g_malloc0 (W * 8);
      for (guint x = 0; x < W; x++)
        for (guint c = 0; c < channels; c++)
          {
            const gboolean alpha = channels % 2 == 0 && c == channels - 1;
            const guint8 value = alpha ? x * 7 : sample (x, y, c);
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
  GBytes *bytes = make_png (colour_type, depth, interlace, rows, 1 << MIN (depth, 8));
  for (guint y = 0; y < H; y++)
    g_free (rows[y]);
  return bytes;
}

static GBytes *
make_jpeg (J_COLOR_SPACE space, gboolean progressive, gboolean restarts)
{
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  unsigned char *to = NULL;
  unsigned long size = 0;
  jpeg.err = jpeg_std_error (&errors);
  jpeg_create_compress (&jpeg);
  jpeg_mem_dest (&jpeg, &to, &size);
  jpeg.image_width = W;
  jpeg.image_height = H;
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
  for (guint y = 0; y < H; y++)
    {
      guint8 row[W * 4];
      for (guint x = 0; x < W; x++)
        for (int c = 0; c < jpeg.input_components; c++)
          row[x * jpeg.input_components + c] = 8 * x + 8 * y + 30 * c;
      JSAMPROW rows[] = { row };
      jpeg_write_scanlines (&jpeg, rows, 1);
    }
  jpeg_finish_compress (&jpeg);
  jpeg_destroy_compress (&jpeg);
  return g_bytes_new_with_free_func (to, size, free, to);
}

static GBytes *
make_webp (gboolean lossless, gboolean alpha)
{
  guint8 pixels[W * H * 4];
  for (guint y = 0; y < H; y++)
    for (guint x = 0; x < W; x++)
      for (guint c = 0; c < 4; c++)
        pixels[(y * W + x) * 4 + c] = c == 3 ? (alpha ? 255 - x * 9 : 255) : sample (x, y, c);
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter writer;
  g_assert_true (WebPConfigInit (&config) && WebPPictureInit (&picture));
  WebPMemoryWriterInit (&writer);
  config.lossless = lossless;
  config.exact = 1;
  picture.use_argb = lossless;
  picture.width = W;
  picture.height = H;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  g_assert_true (WebPPictureImportRGBA (&picture, pixels, W * 4));
  g_assert_true (WebPEncode (&config, &picture));
  WebPPictureFree (&picture);
  GBytes *bytes = g_bytes_new (writer.mem, writer.size);
  WebPMemoryWriterClear (&writer);
  return bytes;
}

static char *
write_temporary (GBytes *bytes)
{
  char *path = NULL;
  const int fd = g_file_open_tmp ("dh-image-XXXXXX", &path, NULL);
  close (fd);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  return path;
}

static void
assert_error_names (GError **error, DhError code, const char *words)
{
  g_assert_error (*error, DH_ERROR, (gint)code);
  if (!strstr ((*error)->message, words))
    g_error ("\"%s\" is not in \"%s\"", words, (*error)->message);
  g_clear_error (error);
}

static void
test_png_kinds (void)
{
  static const struct
  {
    int type, depth;
  } kinds[] = {
    { PNG_COLOR_TYPE_RGB, 8 },        { PNG_COLOR_TYPE_RGB, 16 },        { PNG_COLOR_TYPE_RGB_ALPHA, 8 },
    { PNG_COLOR_TYPE_RGB_ALPHA, 16 }, { PNG_COLOR_TYPE_GRAY, 1 },        { PNG_COLOR_TYPE_GRAY, 2 },
    { PNG_COLOR_TYPE_GRAY, 4 },       { PNG_COLOR_TYPE_GRAY, 8 },        { PNG_COLOR_TYPE_GRAY, 16 },
    { PNG_COLOR_TYPE_GRAY_ALPHA, 8 }, { PNG_COLOR_TYPE_GRAY_ALPHA, 16 }, { PNG_COLOR_TYPE_PALETTE, 1 },
    { PNG_COLOR_TYPE_PALETTE, 2 },    { PNG_COLOR_TYPE_PALETTE, 4 },     { PNG_COLOR_TYPE_PALETTE, 8 },
  };
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (int interlace = 0; interlace < 2; interlace++)
      {
        g_autoptr (GError) error = NULL;
        g_autoptr (GBytes) bytes = make_plain_png (kinds[k].type, kinds[k].depth, interlace);
        g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "made", &error);
        g_assert_no_error (error);
        g_assert_cmpuint (image->width, ==, W);
        g_assert_cmpuint (image->height, ==, H);
        const gboolean colour = kinds[k].type & PNG_COLOR_MASK_COLOR;
        for (guint y = 0; y < H; y++)
          for (guint x = 0; x < W; x++)
            for (guint c = 0; c < 3; c++)
              {
                guint want = sample (x, y, colour && kinds[k].type != PNG_COLOR_TYPE_PALETTE ? c : 0);
                if (kinds[k].depth < 8)
                  want >>= 8 - kinds[k].depth;
                if (kinds[k].type == PNG_COLOR_TYPE_PALETTE)
                  want = c == 0 ? 255 - want : c == 1 ? want : want ^ 0x55;
                else if (kinds[k].depth < 8)
                  want = want * 255 / ((1 << kinds[k].depth) - 1);
                g_assert_cmpuint (image->rgb[(y * W + x) * 3 + c], ==, want);
              }
      }
}

/* An index that the palette has no colour for: no picture; of labels it is an id like any other. */
static void
test_png_short_palette (void)
{
  for (int interlace = 0; interlace < 2; interlace++)
    {
      g_autoptr (GError) error = NULL;
      guint8 *rows[H];
      for (guint y = 0; y < H; y++)
        rows[y] = g_malloc0 (W);
      rows[H - 1][W - 1] = 3;
      g_autoptr (GBytes) fits = make_png (PNG_COLOR_TYPE_PALETTE, 8, interlace, rows, 4);
      rows[4][3] = 4;
      g_autoptr (GBytes) exceeds = make_png (PNG_COLOR_TYPE_PALETTE, 8, interlace, rows, 4);
      g_autoptr (DhImage) image = dh_image_load_bytes (fits, "made", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (image->rgb[W * H * 3 - 3], ==, 252);
      g_assert_null (dh_image_load_bytes (exceeds, "made", &error));
      assert_error_names (&error, DH_ERROR_INVALID,
                          "made: the PNG is broken: the pixel at 3, 4 has colour 4 of a palette of 4");
      g_autofree char *path = write_temporary (exceeds);
      g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (labels->ids[4 * W + 3], ==, 4);
      g_remove (path);
      for (guint y = 0; y < H; y++)
        g_free (rows[y]);
    }
}

static void
test_labels (void)
{
  g_autoptr (GError) error = NULL;
  static const int depths[] = { 1, 2, 4, 8 };
  for (guint d = 0; d < 4; d++)
    for (int type = 0; type < 2; type++)
      for (int interlace = 0; interlace < 2; interlace++)
        {
          g_autoptr (GBytes) bytes =
              make_plain_png (type ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY, depths[d], interlace);
          g_autofree char *path = write_temporary (bytes);
          g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
          g_assert_no_error (error);
          for (guint i = 0; i < W * H; i++)
            g_assert_cmpuint (labels->ids[i], ==, sample (i % W, i / W, 0) >> (8 - depths[d]));
          g_remove (path);
        }
}

/* Grey stored as RGB and as 16 bit is accepted, interlaced or not; colours and ids over 255 are not. */
static void
test_labels_wide (void)
{
  for (guint kind = 0; kind < 4; kind++)
    for (int interlace = 0; interlace < 2; interlace++)
      {
        g_autoptr (GError) error = NULL;
        const gboolean rgb = kind < 2, bad = kind % 2;
        guint8 *rows[H];
        for (guint y = 0; y < H; y++)
          {
            rows[y] = g_malloc0 (W * 4);
            for (guint x = 0; x < W; x++)
              if (rgb)
                memset (rows[y] + x * 3, x + y, 3);
              else
                rows[y][x * 2 + 1] = x + y;
          }
        if (bad)
          rows[5][6]++; /* the red of pixel 2, or the high byte of pixel 3 */
        g_autoptr (GBytes) bytes =
            make_png (rgb ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rgb ? 8 : 16, interlace, rows, 0);
        g_autofree char *path = write_temporary (bytes);
        g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
        if (bad)
          {
            g_assert_null (labels);
            assert_error_names (&error, DH_ERROR_INVALID, rgb ? "not grey at 2, 5" : "at 3, 5 is 264");
          }
        else
          {
            g_assert_no_error (error);
            for (guint i = 0; i < W * H; i++)
              g_assert_cmpuint (labels->ids[i], ==, i % W + i / W);
          }
        g_remove (path);
        for (guint y = 0; y < H; y++)
          g_free (rows[y]);
      }
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = make_jpeg (JCS_GRAYSCALE, FALSE, FALSE);
  g_autofree char *path = write_temporary (jpeg);
  g_assert_null (dh_labels_load (path, &error));
  assert_error_names (&error, DH_ERROR_UNSUPPORTED, "not a PNG");
  g_remove (path);
}

static void
test_jpeg_kinds (void)
{
  for (guint k = 0; k < 6; k++)
    {
      g_autoptr (GError) error = NULL;
      const J_COLOR_SPACE space = k < 3 ? JCS_RGB : k < 5 ? JCS_GRAYSCALE : JCS_CMYK;
      g_autoptr (GBytes) bytes = make_jpeg (space, k % 3 == 1, k % 3 == 2);
      g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "made", &error);
      g_assert_no_error (error);
      for (guint y = 0; y < H; y++)
        for (guint x = 0; x < W; x++)
          for (guint c = 0; c < 3; c++)
            {
              const int grey = 8 * x + 8 * y;
              /* libjpeg marks CMYK as Adobe does, so the samples stand for light and not for ink */
              const int want = space == JCS_CMYK        ? (grey + 30 * (int)c) * (grey + 90) / 255
                               : space == JCS_GRAYSCALE ? grey
                                                        : grey + 30 * (int)c;
              const int got = image->rgb[(y * W + x) * 3 + c];
              /* three bytes of 8×8 chroma rounding at quality 100 */
              g_assert_cmpint (ABS (got - MIN (want, 255)), <=, space == JCS_RGB ? 6 : 3);
            }
    }
}

static void
test_webp_kinds (void)
{
  g_autoptr (GError) error = NULL;
  for (int alpha = 0; alpha < 2; alpha++)
    {
      g_autoptr (GBytes) exact = make_webp (TRUE, alpha);
      g_autoptr (DhImage) image = dh_image_load_bytes (exact, "made", &error);
      g_assert_no_error (error);
      for (guint i = 0; i < W * H * 3; i++)
        g_assert_cmpuint (image->rgb[i], ==, sample (i / 3 % W, i / 3 / W, i % 3));
      g_autoptr (GBytes) lossy = make_webp (FALSE, alpha);
      g_autoptr (DhImage) near = dh_image_load_bytes (lossy, "made", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (near->width, ==, W);
    }
}

static GBytes *
make_nth (guint n)
{
  switch (n)
    {
    case 0:
      return make_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
    case 1:
      return make_plain_png (PNG_COLOR_TYPE_RGB_ALPHA, 16, 1);
    case 2:
      return make_plain_png (PNG_COLOR_TYPE_PALETTE, 4, 0);
    case 3:
      return make_plain_png (PNG_COLOR_TYPE_GRAY, 8, 1);
    case 4:
      return make_jpeg (JCS_RGB, FALSE, FALSE);
    case 5:
      return make_jpeg (JCS_RGB, TRUE, FALSE);
    case 6:
      return make_jpeg (JCS_RGB, FALSE, TRUE);
    case 7:
      return make_jpeg (JCS_GRAYSCALE, FALSE, FALSE);
    case 8:
      return make_jpeg (JCS_CMYK, FALSE, FALSE);
    case 9:
      return make_webp (TRUE, FALSE);
    case 10:
      return make_webp (FALSE, FALSE);
    case 11:
      return make_webp (FALSE, TRUE);
    default:
      return NULL;
    }
}
#define N_PICTURES 12

/* A picture cut short at any length is an error that names the file, never half a picture. */
static void
test_truncated (void)
{
  for (guint n = 0; n < N_PICTURES; n++)
    {
      g_autoptr (GBytes) whole = make_nth (n);
      const gsize size = g_bytes_get_size (whole);
      guint truncated = 0;
      for (gsize length = 0; length < size; length++)
        {
          g_autoptr (GError) error = NULL;
          /* a heap copy of just this length, so that AddressSanitizer sees a read beyond it */
          g_autoptr (GBytes) part = g_bytes_new_take (g_memdup2 (g_bytes_get_data (whole, NULL), length), length);
          g_autoptr (DhImage) image = dh_image_load_bytes (part, "cut.picture", &error);
          if (image)
            g_error ("picture %u reads when cut to %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes", n, length, size);
          truncated += strstr (error->message, "truncated") != NULL;
          assert_error_names (&error, DH_ERROR_INVALID, "cut.picture: ");
        }
      /* but for the first bytes, which could be anything, the message says what is wrong */
      g_assert_cmpuint (truncated, >=, size - 48);
    }
}

/* One to three bits flipped: read or refused, never crashed; and the sizes stay within the limits. */
static void
test_bit_flips (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20211);
  for (guint n = 0; n < N_PICTURES; n++)
    {
      g_autoptr (GBytes) whole = make_nth (n);
      const gsize size = g_bytes_get_size (whole);
      for (guint trial = 0; trial < 600; trial++)
        {
          guint8 *copy = g_memdup2 (g_bytes_get_data (whole, NULL), size);
          const guint flips = g_rand_int_range (rand, 1, 4);
          for (guint i = 0; i < flips; i++)
            copy[g_rand_int_range (rand, 0, size)] ^= 1 << g_rand_int_range (rand, 0, 8);
          g_autoptr (GBytes) bytes = g_bytes_new_take (copy, size);
          g_autoptr (GError) error = NULL;
          g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "flipped", &error);
          g_assert_true ((image != NULL) == (error == NULL));
          if (error)
            {
              g_assert_true (error->domain == DH_ERROR);
              g_assert_nonnull (strstr (error->message, "flipped: "));
            }
        }
    }
}

static void
put_32 (guint8 *at, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    at[i] = value >> (24 - 8 * i);
}

static void
test_huge (void)
{
  g_autoptr (GError) error = NULL;
  const gint64 start = g_get_monotonic_time ();
  for (guint k = 0; k < 3; k++)
    {
      static const guint sides[3][2] = { { 60000, 60000 }, { 0x7fffffff, 1 }, { 32768, 32768 } };
      g_autoptr (GBytes) whole = make_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
      guint8 *copy = g_memdup2 (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole));
      put_32 (copy + 16, sides[k][0]);
      put_32 (copy + 20, sides[k][1]);
      g_autoptr (GBytes) bytes = g_bytes_new_take (copy, g_bytes_get_size (whole));
      g_autofree char *path = write_temporary (bytes);
      g_assert_null (dh_image_load (path, &error));
      g_autofree char *words = g_strdup_printf ("%u×%u", sides[k][0], sides[k][1]);
      assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_assert_false (dh_image_probe (path, NULL, NULL, &error));
      assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_assert_null (dh_labels_load (path, &error));
      assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_remove (path);
    }

  /* within the limits, but more than so few bytes can hold: refused before memory is spent */
  g_autoptr (GBytes) png = make_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
  guint8 *copy = g_memdup2 (g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  put_32 (copy + 16, 14000);
  put_32 (copy + 20, 14000);
  put_32 (copy + 29, 0);
  g_autoptr (GBytes) claimed = g_bytes_new_take (copy, g_bytes_get_size (png));
  g_assert_null (dh_image_load_bytes (claimed, "claims", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID); /* the header's checksum, or the length */
  g_clear_error (&error);

  g_autoptr (GBytes) jpeg = make_jpeg (JCS_RGB, TRUE, FALSE);
  for (guint k = 0; k < 2; k++)
    {
      guint8 *frame = g_memdup2 (g_bytes_get_data (jpeg, NULL), g_bytes_get_size (jpeg));
      for (gsize i = 2; i + 9 < g_bytes_get_size (jpeg); i++)
        if (frame[i] == 0xff && frame[i + 1] == 0xc2)
          {
            put_32 (frame + i + 5, k == 0 ? 60000u << 16 | 60000u : 14000u << 16 | 14000u);
            break;
          }
      g_autoptr (GBytes) bytes = g_bytes_new_take (frame, g_bytes_get_size (jpeg));
      g_assert_null (dh_image_load_bytes (bytes, "claims", &error));
      if (k == 0)
        assert_error_names (&error, DH_ERROR_TOO_LARGE, "60000×60000");
      else
        assert_error_names (&error, DH_ERROR_INVALID, "truncated");
    }
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
}

static void
test_not_pictures (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) text = g_bytes_new_static ("P6 2 2 255 ", 11);
  g_assert_null (dh_image_load_bytes (empty, "a.png", &error));
  assert_error_names (&error, DH_ERROR_INVALID, "a.png: the file is empty");
  g_assert_null (dh_image_load_bytes (text, "a.png", &error));
  assert_error_names (&error, DH_ERROR_INVALID, "a.png: is not a PNG");
  g_assert_null (dh_image_load ("/nowhere/at\xff/all.png", &error));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  assert_error_names (&error, DH_ERROR_NOT_FOUND, "all.png");

  /* an animated WebP's header */
  g_autoptr (GBytes) animation = g_bytes_new_static ("RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0"
                                                     "ANIM\0\0\0\0\0\0\0\0",
                                                     42);
  g_assert_null (dh_image_load_bytes (animation, "a.webp", &error));
  assert_error_names (&error, DH_ERROR_UNSUPPORTED, "animation");
}

/* What the encoder writes reads back to the same bytes. */
static void
test_encode (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  for (guint trial = 0; trial < 24; trial++)
    {
      g_autoptr (GError) error = NULL;
      const guint w = g_rand_int_range (rand, 1, 80), h = g_rand_int_range (rand, 1, 80);
      const guint channels = trial % 2 ? 1 : 3;
      g_autofree guint8 *pixels = g_malloc (w * h * channels);
      for (guint i = 0; i < w * h * channels; i++)
        pixels[i] = trial % 3 == 0 ? i / 64 % 5 : g_rand_int (rand);
      g_autoptr (GBytes) bytes = dh_image_encode_png (w, h, channels, pixels, &error);
      g_assert_no_error (error);
      g_autofree char *path = write_temporary (bytes);
      g_remove (path);
      g_assert_true (dh_image_write_png (path, w, h, channels, pixels, &error));
      guint pw, ph;
      g_assert_true (dh_image_probe (path, &pw, &ph, &error));
      g_assert_cmpuint (pw, ==, w);
      g_assert_cmpuint (ph, ==, h);
      if (channels == 1)
        {
          g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
          g_assert_cmpmem (labels->ids, w * h, pixels, w * h);
        }
      g_autoptr (DhImage) image = dh_image_load (path, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < w * h * 3; i++)
        g_assert_cmpuint (image->rgb[i], ==, pixels[channels == 3 ? i : i / 3]);

      g_autoptr (GBytes) jpeg = dh_image_encode_jpeg (w, h, image->rgb, 90, &error);
      g_autoptr (DhImage) near = dh_image_load_bytes (jpeg, "jpeg", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (near->height, ==, h);
      g_remove (path);
    }
  g_autoptr (GError) error = NULL;
  guint8 pixel = 0;
  g_assert_null (dh_image_encode_png (60000, 1, 1, &pixel, &error));
  assert_error_names (&error, DH_ERROR_TOO_LARGE, "60000×1");
  g_assert_false (dh_image_write_png ("/nowhere/a.png", 1, 1, 1, &pixel, &error));
  assert_error_names (&error, DH_ERROR_IO, "/nowhere/a.png");
}

/* Means are kept by whole-number reductions; a constant stays constant at any size; nothing is enlarged. */
static void
test_thumbnail (void)
{
  g_autoptr (DhImage) image = dh_image_new (60, 40);
  for (guint i = 0; i < 60 * 40 * 3; i++)
    image->rgb[i] = (i * 37) & 255;
  g_autoptr (DhImage) small = dh_image_thumbnail (image, 20, 20);
  g_assert_cmpuint (small->width, ==, 20);
  g_assert_cmpuint (small->height, ==, 13);
  g_autoptr (DhImage) third = dh_image_thumbnail (image, 30, 20);
  g_assert_cmpuint (third->width, ==, 30);
  for (guint y = 0; y < 20; y++)
    for (guint x = 0; x < 30; x++)
      for (guint c = 0; c < 3; c++)
        {
          guint sum = 2;
          for (guint k = 0; k < 4; k++)
            sum += image->rgb[((2 * y + k / 2) * 60 + 2 * x + k % 2) * 3 + c];
          g_assert_cmpint (ABS ((int)(sum / 4) - third->rgb[(y * 30 + x) * 3 + c]), <=, 0);
        }
  g_autoptr (DhImage) same = dh_image_thumbnail (image, 100, 100);
  g_assert_cmpmem (same->rgb, 60 * 40 * 3, image->rgb, 60 * 40 * 3);

  memset (image->rgb, 201, 60 * 40 * 3);
  for (guint side = 1; side < 60; side++)
    {
      g_autoptr (DhImage) flat = dh_image_thumbnail (image, side, side);
      g_assert_cmpuint (flat->width, ==, side);
      for (guint i = 0; i < flat->width * flat->height * 3; i++)
        g_assert_cmpuint (flat->rgb[i], ==, 201);
    }

  /* from a file, by way of the decoder's own reduction: within a few levels of the exact one */
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) wide = dh_image_new (640, 320);
  for (guint i = 0; i < 640 * 320 * 3; i++)
    wide->rgb[i] = (i / 3 % 640) / 4 + (i / 3 / 640) / 4 + 10 * (i % 3);
  g_autoptr (GBytes) jpeg = dh_image_encode_jpeg (640, 320, wide->rgb, 95, &error);
  g_autofree char *path = write_temporary (jpeg);
  g_autoptr (DhImage) quick = dh_image_load_thumbnail (path, 96, 96, &error);
  g_autoptr (DhImage) exact = dh_image_thumbnail (wide, 96, 96);
  g_assert_cmpuint (quick->width, ==, 96);
  g_assert_cmpuint (quick->height, ==, 48);
  for (guint i = 0; i < 96 * 48 * 3; i++)
    g_assert_cmpint (ABS ((int)quick->rgb[i] - (int)exact->rgb[i]), <=, 4);
  g_remove (path);
}

static void
test_resize (void)
{
  g_autoptr (DhImage) image = dh_image_new (2, 1);
  memcpy (image->rgb, (guint8[]){ 0, 10, 20, 100, 110, 120 }, 6);
  g_autoptr (DhImage) half = dh_image_resize_bilinear (image, 4, 1, FALSE);
  g_assert_cmpuint (half->rgb[0], ==, 0);
  g_assert_cmpuint (half->rgb[3], ==, 25);
  g_assert_cmpuint (half->rgb[6], ==, 75);
  g_assert_cmpuint (half->rgb[9], ==, 100);
  g_autoptr (DhImage) corners = dh_image_resize_bilinear (image, 3, 2, TRUE);
  g_assert_cmpuint (corners->rgb[3], ==, 50);
  g_assert_cmpuint (corners->rgb[9 + 6 + 2], ==, 120);
  g_assert_null (dh_image_resize_bilinear (image, 40000, 1, FALSE));
  float planes[6];
  dh_image_to_planes (image, planes);
  g_assert_cmpfloat (planes[1], ==, 100 / 255.0f);
  g_assert_cmpfloat (planes[4], ==, 20 / 255.0f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/png-kinds", test_png_kinds);
  g_test_add_func ("/image/png-short-palette", test_png_short_palette);
  g_test_add_func ("/image/labels", test_labels);
  g_test_add_func ("/image/labels-wide", test_labels_wide);
  g_test_add_func ("/image/jpeg-kinds", test_jpeg_kinds);
  g_test_add_func ("/image/webp-kinds", test_webp_kinds);
  g_test_add_func ("/image/truncated", test_truncated);
  g_test_add_func ("/image/bit-flips", test_bit_flips);
  g_test_add_func ("/image/huge", test_huge);
  g_test_add_func ("/image/not-pictures", test_not_pictures);
  g_test_add_func ("/image/encode", test_encode);
  g_test_add_func ("/image/thumbnail", test_thumbnail);
  g_test_add_func ("/image/resize", test_resize);
  return g_test_run ();
}
