/* Pictures of every kind are made here with the libraries themselves and read back. */
#include <string.h>
#include <glib/gstdio.h>

#include "dh-image.h"
#include "made-pictures.h"

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
        g_autoptr (GBytes) bytes = made_plain_png (kinds[k].type, kinds[k].depth, interlace);
        g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "made", &error);
        g_assert_no_error (error);
        g_assert_cmpuint (image->width, ==, MADE_WIDTH);
        g_assert_cmpuint (image->height, ==, MADE_HEIGHT);
        const gboolean colour = kinds[k].type & PNG_COLOR_MASK_COLOR;
        for (guint y = 0; y < MADE_HEIGHT; y++)
          for (guint x = 0; x < MADE_WIDTH; x++)
            for (guint c = 0; c < 3; c++)
              {
                guint want = made_sample (x, y, colour && kinds[k].type != PNG_COLOR_TYPE_PALETTE ? c : 0);
                if (kinds[k].depth < 8)
                  want >>= 8 - kinds[k].depth;
                if (kinds[k].type == PNG_COLOR_TYPE_PALETTE)
                  want = c == 0 ? 255 - want : c == 1 ? want : want ^ 0x55;
                else if (kinds[k].depth < 8)
                  want = want * 255 / ((1 << kinds[k].depth) - 1);
                g_assert_cmpuint (image->rgb[(y * MADE_WIDTH + x) * 3 + c], ==, want);
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
      guint8 *rows[MADE_HEIGHT];
      for (guint y = 0; y < MADE_HEIGHT; y++)
        rows[y] = g_malloc0 (MADE_WIDTH);
      rows[MADE_HEIGHT - 1][MADE_WIDTH - 1] = 3;
      g_autoptr (GBytes) fits = made_png (PNG_COLOR_TYPE_PALETTE, 8, interlace, rows, 4);
      rows[4][3] = 4;
      g_autoptr (GBytes) exceeds = made_png (PNG_COLOR_TYPE_PALETTE, 8, interlace, rows, 4);
      g_autoptr (DhImage) image = dh_image_load_bytes (fits, "made", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (image->rgb[MADE_WIDTH * MADE_HEIGHT * 3 - 3], ==, 252);
      g_assert_null (dh_image_load_bytes (exceeds, "made", &error));
      made_assert_error_names (&error, DH_ERROR_INVALID,
                               "made: the PNG is broken: the pixel at 3, 4 has colour 4 of a palette of 4");
      g_autofree char *path = made_write_temporary (exceeds);
      g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (labels->ids[4 * MADE_WIDTH + 3], ==, 4);
      g_remove (path);
      for (guint y = 0; y < MADE_HEIGHT; y++)
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
              made_plain_png (type ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_GRAY, depths[d], interlace);
          g_autofree char *path = made_write_temporary (bytes);
          g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
          g_assert_no_error (error);
          for (guint i = 0; i < MADE_WIDTH * MADE_HEIGHT; i++)
            g_assert_cmpuint (labels->ids[i], ==, made_sample (i % MADE_WIDTH, i / MADE_WIDTH, 0) >> (8 - depths[d]));
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
        guint8 *rows[MADE_HEIGHT];
        for (guint y = 0; y < MADE_HEIGHT; y++)
          {
            rows[y] = g_malloc0 (MADE_WIDTH * 4);
            for (guint x = 0; x < MADE_WIDTH; x++)
              if (rgb)
                memset (rows[y] + x * 3, x + y, 3);
              else
                rows[y][x * 2 + 1] = x + y;
          }
        if (bad)
          rows[5][6]++; /* the red of pixel 2, or the high byte of pixel 3 */
        g_autoptr (GBytes) bytes =
            made_png (rgb ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, rgb ? 8 : 16, interlace, rows, 0);
        g_autofree char *path = made_write_temporary (bytes);
        g_autoptr (DhLabels) labels = dh_labels_load (path, &error);
        if (bad)
          {
            g_assert_null (labels);
            made_assert_error_names (&error, DH_ERROR_INVALID, rgb ? "not grey at 2, 5" : "at 3, 5 is 264");
          }
        else
          {
            g_assert_no_error (error);
            for (guint i = 0; i < MADE_WIDTH * MADE_HEIGHT; i++)
              g_assert_cmpuint (labels->ids[i], ==, i % MADE_WIDTH + i / MADE_WIDTH);
          }
        g_remove (path);
        for (guint y = 0; y < MADE_HEIGHT; y++)
          g_free (rows[y]);
      }
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = made_jpeg (JCS_GRAYSCALE, FALSE, FALSE);
  g_autofree char *path = made_write_temporary (jpeg);
  g_assert_null (dh_labels_load (path, &error));
  made_assert_error_names (&error, DH_ERROR_UNSUPPORTED, "not a PNG");
  g_remove (path);
}

static void
test_jpeg_kinds (void)
{
  for (guint k = 0; k < 6; k++)
    {
      g_autoptr (GError) error = NULL;
      const J_COLOR_SPACE space = k < 3 ? JCS_RGB : k < 5 ? JCS_GRAYSCALE : JCS_CMYK;
      g_autoptr (GBytes) bytes = made_jpeg (space, k % 3 == 1, k % 3 == 2);
      g_autoptr (DhImage) image = dh_image_load_bytes (bytes, "made", &error);
      g_assert_no_error (error);
      for (guint y = 0; y < MADE_HEIGHT; y++)
        for (guint x = 0; x < MADE_WIDTH; x++)
          for (guint c = 0; c < 3; c++)
            {
              const int grey = 8 * x + 8 * y;
              /* libjpeg marks CMYK as Adobe does, so the samples stand for light and not for ink */
              const int want = space == JCS_CMYK        ? (grey + 30 * (int)c) * (grey + 90) / 255
                               : space == JCS_GRAYSCALE ? grey
                                                        : grey + 30 * (int)c;
              const int got = image->rgb[(y * MADE_WIDTH + x) * 3 + c];
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
      g_autoptr (GBytes) exact = made_webp (TRUE, alpha);
      g_autoptr (DhImage) image = dh_image_load_bytes (exact, "made", &error);
      g_assert_no_error (error);
      for (guint i = 0; i < MADE_WIDTH * MADE_HEIGHT * 3; i++)
        g_assert_cmpuint (image->rgb[i], ==, made_sample (i / 3 % MADE_WIDTH, i / 3 / MADE_WIDTH, i % 3));
      g_autoptr (GBytes) lossy = made_webp (FALSE, alpha);
      g_autoptr (DhImage) near = dh_image_load_bytes (lossy, "made", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (near->width, ==, MADE_WIDTH);
    }
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
      g_autofree char *path = made_write_temporary (bytes);
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
  made_assert_error_names (&error, DH_ERROR_TOO_LARGE, "60000×1");
  g_assert_false (dh_image_write_png ("/nowhere/a.png", 1, 1, 1, &pixel, &error));
  made_assert_error_names (&error, DH_ERROR_IO, "/nowhere/a.png");
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
  g_autofree char *path = made_write_temporary (jpeg);
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

/* A part of what is brought to another size is that part of the whole, to the last bit. */
static void
test_resize_part (void)
{
  static const guint sizes[][4] = { { 13, 9, 13, 9 }, { 13, 9, 31, 17 }, { 40, 30, 17, 11 },
                                    { 5, 1, 64, 3 },  { 1, 7, 3, 40 },   { 64, 48, 65, 47 } };
  for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
    {
      const guint w = sizes[k][0], h = sizes[k][1], columns = sizes[k][2], rows = sizes[k][3];
      g_autoptr (DhImage) image = dh_image_new (w, h);
      g_autoptr (DhLabels) labels = dh_labels_new (w, h);
      g_autoptr (GRand) rand = g_rand_new_with_seed (k);
      for (gsize i = 0; i < (gsize)w * h * 3; i++)
        image->rgb[i] = (guint8)g_rand_int (rand);
      for (gsize i = 0; i < (gsize)w * h; i++)
        labels->ids[i] = (guint8)g_rand_int (rand);
      g_autoptr (DhImage) whole = dh_image_resize_bilinear (image, columns, rows, FALSE);
      g_autoptr (DhLabels) all = dh_labels_resize_nearest (labels, columns, rows);
      /* Against the formula, read pixel by pixel. */
      for (guint y = 0; y < rows; y++)
        for (guint x = 0; x < columns; x++)
          for (guint c = 0; c < 3; c++)
            {
              const double sy = MAX ((y + 0.5) * h / rows - 0.5, 0), sx = MAX ((x + 0.5) * w / columns - 0.5, 0);
              const guint y0 = MIN ((guint)sy, h - 1), y1 = MIN (y0 + 1, h - 1), x0 = MIN ((guint)sx, w - 1),
                          x1 = MIN (x0 + 1, w - 1);
#define AT(y, x) image->rgb[((gsize)(y)*w + (x)) * 3 + c]
              const double top = AT (y0, x0) + (sx - x0) * (AT (y0, x1) - AT (y0, x0));
              const double bottom = AT (y1, x0) + (sx - x0) * (AT (y1, x1) - AT (y1, x0));
#undef AT
              g_assert_cmpfloat_with_epsilon (whole->rgb[((gsize)y * columns + x) * 3 + c],
                                              top + (sy - y0) * (bottom - top), 0.501);
            }
      for (guint n = 0; n < 40; n++)
        {
          DhImagePart part = { (guint)g_rand_int_range (rand, 0, (gint)columns),
                               (guint)g_rand_int_range (rand, 0, (gint)rows) };
          part.width = (guint)g_rand_int_range (rand, 1, (gint)(columns - part.left) + 1);
          part.height = (guint)g_rand_int_range (rand, 1, (gint)(rows - part.top) + 1);
          g_autoptr (DhImage) piece = dh_image_resize_part (image, columns, rows, part);
          g_autoptr (DhLabels) ids = dh_labels_resize_part (labels, columns, rows, part);
          for (guint y = 0; y < part.height; y++)
            {
              const gsize from = (gsize)(part.top + y) * columns + part.left, to = (gsize)y * part.width;
              g_assert_cmpmem (piece->rgb + 3 * to, 3 * part.width, whole->rgb + 3 * from, 3 * part.width);
              g_assert_cmpmem (ids->ids + to, part.width, all->ids + from, part.width);
            }
        }
    }
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
  g_test_add_func ("/image/encode", test_encode);
  g_test_add_func ("/image/thumbnail", test_thumbnail);
  g_test_add_func ("/image/resize", test_resize);
  g_test_add_func ("/image/resize-part", test_resize_part);
  return g_test_run ();
}
