/* TIFF and BMP: what is in them, and that they are refused where they are damaged or too large. */
#include <tiffio.h>

#include "dataset-asserts.h"
#include "tree.h"

enum
{
  WIDTH = 21,
  HEIGHT = 9,
};

static guint8
sample (guint x, guint y, guint c)
{
  return (guint8)(x * 11 + y * 23 + c * 71);
}

static void
write_tiff (const char *path, guint channels, guint bits, guint compression)
{
  TIFF *tiff = TIFFOpen (path, "w");
  TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
  TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, HEIGHT);
  TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField (tiff, TIFFTAG_COMPRESSION, compression);
  TIFFSetField (tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  const guint16 alpha = EXTRASAMPLE_UNASSALPHA;
  if (channels == 4)
    TIFFSetField (tiff, TIFFTAG_EXTRASAMPLES, 1, &alpha);
  TIFFSetField (tiff, TIFFTAG_ROWSPERSTRIP, 4);
  for (guint y = 0; y < HEIGHT; y++)
    {
      guint16 wide[WIDTH * 4];
      guint8 *line = (guint8 *)wide;
      for (guint i = 0; i < WIDTH * channels; i++)
        if (bits == 8)
          line[i] = sample (i / channels, y, i % channels);
        else
          wide[i] = i % 2 ? 700 : 0;
      g_assert_cmpint (TIFFWriteScanline (tiff, line, y, 0), ==, 1);
    }
  TIFFClose (tiff);
}

static void
assert_samples (const char *path, guint channels)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = dh_image_load (path, &error);
  g_assert_no_error (error);
  guint width = 0, height = 0;
  g_assert_true (dh_image_probe (path, &width, &height, &error));
  g_assert_cmpuint (width, ==, WIDTH);
  g_assert_cmpuint (image->height, ==, HEIGHT);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      for (guint c = 0; c < 3; c++)
        g_assert_cmpuint (image->rgb[(y * WIDTH + x) * 3 + c], ==, sample (x, y, channels >= 3 ? c : 0));
}

/* Whatever is cut off, it is refused, and never read as something else; but for `spare` bytes. */
static void
assert_cuts_refused (const char *root, const char *path, gsize spare)
{
  g_autofree char *data = NULL, *cut = g_build_filename (root, "cut", NULL);
  gsize size;
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  for (gsize n = 0; n + spare + 1 < size; n += n < 64 ? 1 : 7)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (g_file_set_contents (cut, data, (gssize)n, NULL));
      g_autoptr (DhImage) image = dh_image_load (cut, &error);
      g_assert_null (image);
      g_assert_true (error->domain == DH_ERROR);
    }
}

static void
test_tiff (void)
{
  static const guint compressions[] = { COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE,
                                        COMPRESSION_PACKBITS };
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.tif", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (compressions); i++)
    for (guint channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1)
      {
        write_tiff (path, channels, 8, compressions[i]);
        assert_samples (path, channels);
      }
  write_tiff (path, 3, 8, COMPRESSION_NONE);
  assert_cuts_refused (root, path, 0);
  tree_remove (root);
}

typedef struct
{
  guint width, height, kind, orientation; /* 0: not said */
} Page;

static void
write_pages_as (const char *path, const char *mode, const Page *pages, guint n, guint picture)
{
  TIFF *tiff = TIFFOpen (path, mode);
  for (guint i = 0; i < n; i++)
    {
      guint8 line[WIDTH];
      TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, pages[i].width);
      TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, pages[i].height);
      TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, 8);
      TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
      TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
      TIFFSetField (tiff, TIFFTAG_SUBFILETYPE, pages[i].kind);
      if (pages[i].orientation > 0)
        TIFFSetField (tiff, TIFFTAG_ORIENTATION, pages[i].orientation);
      for (guint y = 0; y < pages[i].height; y++)
        {
          for (guint x = 0; x < pages[i].width; x++)
            line[x] = i == picture ? sample (x, y, 0) : 99;
          g_assert_cmpint (TIFFWriteScanline (tiff, line, y, 0), ==, 1);
        }
      TIFFWriteDirectory (tiff);
    }
  TIFFClose (tiff);
}

static void
write_pages (const char *path, const Page *pages, guint n, guint picture)
{
  write_pages_as (path, "w", pages, n, picture);
}

/* Where it is said that there is no further page. */
static gsize
find_last_link (const guint8 *bytes)
{
  guint32 at;
  guint16 n;
  memcpy (&at, bytes + 4, sizeof at);
  for (;;)
    {
      memcpy (&n, bytes + at, sizeof n);
      const gsize link = at + sizeof n + 12u * n;
      memcpy (&at, bytes + link, sizeof at);
      if (at == 0)
        return link;
    }
}

/* Beside a picture there may be smaller copies of it and masks; of several of full size none is meant. */
static void
test_pages (void)
{
  const Page reduced[] = { { WIDTH, HEIGHT, 0 },
                           { WIDTH / 2, HEIGHT / 2, FILETYPE_REDUCEDIMAGE },
                           { WIDTH, HEIGHT, FILETYPE_MASK } },
             unnamed[] = { { WIDTH, HEIGHT, 0 }, { WIDTH / 2, HEIGHT / 2, 0 } },
             before[] = { { WIDTH / 2, HEIGHT / 2, 0 }, { WIDTH, HEIGHT, 0 }, { WIDTH / 4, HEIGHT / 4, 0 } },
             marked[] = { { WIDTH, HEIGHT, FILETYPE_MASK }, { WIDTH, HEIGHT, 0 } },
             strip[] = { { WIDTH, HEIGHT, 0 }, { WIDTH, HEIGHT / 2, 0 } },
             two[] = { { WIDTH, HEIGHT, 0 }, { WIDTH / 2, HEIGHT / 2, 0 }, { WIDTH, HEIGHT, 0 } };
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.tif", NULL);
  g_autoptr (GError) error = NULL;
  write_pages (path, reduced, G_N_ELEMENTS (reduced), 0);
  assert_samples (path, 1);
  write_pages (path, unnamed, G_N_ELEMENTS (unnamed), 0);
  assert_samples (path, 1);
  write_pages (path, before, G_N_ELEMENTS (before), 1);
  assert_samples (path, 1);
  guint width, height;
  g_assert_true (dh_image_probe (path, &width, &height, &error));
  g_assert_cmpuint (width, ==, WIDTH);
  g_assert_cmpuint (height, ==, HEIGHT);
  write_pages (path, marked, G_N_ELEMENTS (marked), 1);
  assert_samples (path, 1);
  write_pages (path, two, G_N_ELEMENTS (two), 0);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "several images of full size");
  write_pages (path, strip, G_N_ELEMENTS (strip), 0);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "several images of full size");
  tree_remove (root);
}

/* Which page is the picture says its size, also where the way on from it leads nowhere, and how it lies. */
static void
test_pages_told (void)
{
  const Page before[] = { { WIDTH / 2, HEIGHT / 2, 0, ORIENTATION_BOTRIGHT },
                          { WIDTH, HEIGHT, 0, ORIENTATION_RIGHTTOP } },
             upright[] = { { WIDTH / 2, HEIGHT / 2, FILETYPE_REDUCEDIMAGE, ORIENTATION_LEFTBOT },
                           { WIDTH, HEIGHT, 0, 0 } };
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.tif", NULL), *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  write_pages (path, upright, G_N_ELEMENTS (upright), 1);
  g_assert_cmpuint (dh_image_orientation (path), ==, 1);
  /* Of the kind for large files too. */
  write_pages_as (path, "w8", before, G_N_ELEMENTS (before), 1);
  g_assert_cmpuint (dh_image_orientation (path), ==, 6);
  write_pages (path, before, G_N_ELEMENTS (before), 1);
  g_assert_cmpuint (dh_image_orientation (path), ==, 6);
  g_assert_true (g_file_get_contents (path, &bytes, &size, &error));
  memset (bytes + find_last_link ((guint8 *)bytes), 0x7f, 4);
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, &error));
  guint width, height;
  g_assert_true (dh_image_probe (path, &width, &height, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (width, ==, WIDTH);
  g_assert_cmpuint (height, ==, HEIGHT);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "broken");
  tree_remove (root);
}

static void
put (guint8 *at, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    at[i] = (guint8)(value >> 8 * i);
}

/* Rows from below, or from above. */
static void
write_bmp (const char *path, guint bits, gboolean top_down, gint32 width)
{
  const guint stride = (WIDTH * bits + 31) / 32 * 4, palette = bits == 8 ? 1024 : 0, first = 54 + palette;
  g_autofree guint8 *bytes = g_malloc0 (first + stride * HEIGHT);
  memcpy (bytes, "BM", 2);
  put (bytes + 10, first);
  put (bytes + 14, 40);
  put (bytes + 18, (guint32)width);
  put (bytes + 22, top_down ? (guint32)-HEIGHT : HEIGHT);
  bytes[26] = 1;
  bytes[28] = (guint8)bits;
  for (guint i = 0; i < palette / 4; i++)
    put (bytes + 54 + 4 * i, i * 0x010101);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      for (guint c = 0; c < (bits == 8 ? 1 : 3); c++)
        bytes[first + (top_down ? y : HEIGHT - 1 - y) * stride + x * (bits / 8) + c] =
            sample (x, y, bits == 8 ? 0 : 2 - c);
  g_assert_true (g_file_set_contents (path, (const char *)bytes, first + stride * HEIGHT, NULL));
}

static void
test_bmp (void)
{
  static const guint bits[] = { 8, 24, 32 };
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.bmp", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++)
    for (guint top_down = 0; top_down < 2; top_down++)
      {
        write_bmp (path, bits[i], top_down, WIDTH);
        assert_samples (path, bits[i] == 8 ? 1 : 3);
      }
  assert_cuts_refused (root, path, 0);
  g_autoptr (GError) error = NULL;
  write_bmp (path, 24, FALSE, 100000);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_TOO_LARGE, "over the limit");
  write_bmp (path, 24, FALSE, 30000);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "truncated");
  write_bmp (path, 24, FALSE, -5);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "no pixels");
  tree_remove (root);
}

/* A picture in runs: the upper rows each of one run and of indexes as they are, the next to last row passed over. */
static void
write_runs (const char *path, guint bits, gint32 height)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const guint colours = 1u << bits;
  g_byte_array_set_size (bytes, 54 + 4 * colours);
  memset (bytes->data, 0, bytes->len);
  memcpy (bytes->data, "BM", 2);
  put (bytes->data + 10, bytes->len);
  put (bytes->data + 14, 40);
  put (bytes->data + 18, WIDTH);
  put (bytes->data + 22, (guint32)height);
  bytes->data[26] = 1;
  bytes->data[28] = (guint8)bits;
  bytes->data[30] = bits == 8 ? 1 : 2;
  for (guint i = 0; i < colours; i++)
    put (bytes->data + 54 + 4 * i, i * 0x010101);
  /* the lowest row: 10 pixels of 3, and 11 that end with the row; then two rows up, at 5 */
  const guint8 low[] = { 10, bits == 8 ? 3 : 0x33, 0, 0, 0, 2, 5, 1 };
  g_byte_array_append (bytes, low, sizeof low);
  for (guint y = 2; y < HEIGHT; y++)
    {
      const guint8 as_is_8[] = { 0, 3, 1, 2, 3, 0, 4, 7, 0, 0 }, as_is_4[] = { 0, 3, 0x12, 0x30, 4, 0x78, 0, 0 };
      if (bits == 8)
        g_byte_array_append (bytes, as_is_8, sizeof as_is_8);
      else
        g_byte_array_append (bytes, as_is_4, sizeof as_is_4);
    }
  const guint8 end[] = { 0, 1 };
  g_byte_array_append (bytes, end, sizeof end);
  g_assert_true (g_file_set_contents (path, (const char *)bytes->data, bytes->len, NULL));
}

static void
assert_row (const DhImage *image, guint y, const char *want)
{
  for (guint x = 0; x < WIDTH; x++)
    g_assert_cmpuint (image->rgb[(y * WIDTH + x) * 3 + 1], ==, (guint)(want[x] - '0'));
}

static void
test_bmp_runs (void)
{
  g_autofree char *root = tree_new (), *path = g_build_filename (root, "a.bmp", NULL);
  g_autoptr (GError) error = NULL;
  for (guint bits = 4; bits <= 8; bits += 4)
    {
      write_runs (path, bits, HEIGHT);
      g_autoptr (DhImage) image = dh_image_load (path, &error);
      g_assert_no_error (error);
      assert_row (image, HEIGHT - 1, "333333333300000000000");
      assert_row (image, HEIGHT - 2, "000000000000000000000");
      assert_row (image, HEIGHT - 3, bits == 8 ? "000001237777000000000" : "000001237878000000000");
      assert_row (image, 0, bits == 8 ? "123777700000000000000" : "123787800000000000000");
      /* without the end of the picture and that of the last row it is whole, too */
      assert_cuts_refused (root, path, 4);
    }
  write_runs (path, 8, -HEIGHT);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "top down");
  /* Four bytes cannot stand for more than 255 rows. */
  write_runs (path, 8, 30000);
  g_assert_null (dh_image_load (path, &error));
  dataset_assert_error_says (&error, DH_ERROR_INVALID, "truncated");
  tree_remove (root);
}

/* Masks of 16 bits, and pictures, in a set. */
static void
test_set (void)
{
  g_autofree char *root = tree_new (), *image = tree_path (root, "images/a.tif"),
                  *mask = tree_path (root, "masks/a.tiff");
  write_tiff (image, 3, 8, COMPRESSION_LZW);
  write_tiff (mask, 1, 16, COMPRESSION_ADOBE_DEFLATE);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  g_assert_cmpint (dh_dataset_kind (dataset), ==, DH_DATASET_MASKS);
  dataset_assert_anomaly (dataset, 0, "01010101");
  const DhDatasetOptions options = { .mask_values = "anomaly=0 ignore=700" };
  g_autoptr (DhDataset) said = dh_dataset_open (root, NULL, &options, NULL, NULL, NULL);
  dataset_assert_anomaly (said, 0, "12121212");
  tree_remove (root);
}

/* Of one strip: 0, but `right` in the right half of the first row; of one bit a sample where it is packed as a fax. */
static void
write_mask (const char *path, guint width, guint height, guint right, guint compression, guint orientation,
            gboolean palette)
{
  TIFF *tiff = TIFFOpen (path, "w");
  const gboolean fax = compression == COMPRESSION_CCITTFAX4;
  guint16 red[256] = { 0 }, none[256] = { 0 };
  red[1] = 65535;
  TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, width);
  TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, height);
  TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, fax ? 1 : 8);
  TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField (tiff, TIFFTAG_COMPRESSION, compression);
  TIFFSetField (tiff, TIFFTAG_ORIENTATION, orientation);
  TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, palette ? PHOTOMETRIC_PALETTE : PHOTOMETRIC_MINISBLACK);
  if (palette)
    TIFFSetField (tiff, TIFFTAG_COLORMAP, red, none, none);
  TIFFSetField (tiff, TIFFTAG_ROWSPERSTRIP, height);
  g_autofree guint8 *line = g_malloc (width);
  for (guint y = 0; y < height; y++)
    {
      for (guint x = 0; x < width; x++)
        line[x] = y == 0 && x >= width / 2 ? (guint8)right : 0;
      g_assert_cmpint (TIFFWriteScanline (tiff, line, y, 0), ==, 1);
    }
  TIFFClose (tiff);
}

/* What a palette shows can be said of a mask, as of a PNG. */
static void
test_palette (void)
{
  g_autofree char *root = tree_new (), *mask = tree_path (root, "masks/a.tif");
  tree_image (root, "images/a.png", 8, 4);
  write_mask (mask, 8, 4, 1, COMPRESSION_NONE, ORIENTATION_TOPLEFT, TRUE);
  const DhDatasetOptions options = { .mask_values = "anomaly=#ff0000" };
  g_autoptr (DhDataset) said = dh_dataset_open (root, NULL, &options, NULL, NULL, NULL);
  dataset_assert_anomaly (said, 0, "00001111");
  tree_remove (root);
}

static gint
same_id (DhPixelValue value, gpointer data)
{
  return value.number;
}

static gint
id_of_wide (DhPixelValue value, gpointer data)
{
  return value.number == 700 ? 8 : value.number < 256 ? value.number : -1;
}

/* Tiles that hang over the right and the lower edge, of 8 and 16 bits. */
static void
test_tiles (void)
{
  g_autofree char *root = tree_new (), *path = tree_path (root, "a.tif");
  const guint width = 37, height = 21;
  for (guint bits = 8; bits <= 16; bits += 8)
    {
      g_autoptr (GError) error = NULL;
      TIFF *tiff = TIFFOpen (path, "w");
      TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, width);
      TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, height);
      TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, bits);
      TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
      TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
      TIFFSetField (tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
      TIFFSetField (tiff, TIFFTAG_TILEWIDTH, 16);
      TIFFSetField (tiff, TIFFTAG_TILELENGTH, 16);
      for (guint top = 0; top < height; top += 16)
        for (guint left = 0; left < width; left += 16)
          {
            guint16 wide[16 * 16];
            guint8 *narrow = (guint8 *)wide;
            for (guint i = 0; i < 16 * 16; i++)
              {
                const guint id = (left + i % 16) * 3 + (top + i / 16) * 5;
                if (bits == 8)
                  narrow[i] = (guint8)id;
                else
                  wide[i] = id == 8 ? 700 : (guint16)id;
              }
            g_assert_cmpint (TIFFWriteTile (tiff, wide, left, top, 0, 0), >, 0);
          }
      TIFFClose (tiff);
      g_autoptr (DhLabels) labels = dh_labels_load_as (path, bits == 8 ? same_id : id_of_wide, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (labels->width, ==, width);
      g_assert_cmpuint (labels->height, ==, height);
      for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++)
          g_assert_cmpuint (labels->ids[y * width + x], ==, x * 3 + y * 5);
    }
  tree_remove (root);
}

/* What would lose its lower byte is no mask. */
static void
test_signed (void)
{
  g_autofree char *root = tree_new (), *path = tree_path (root, "a.tif");
  g_autoptr (GError) error = NULL;
  const gint16 line[4] = { 0, 1, 2, 3 };
  TIFF *tiff = TIFFOpen (path, "w");
  TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, 4);
  TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, 16);
  TIFFSetField (tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_INT);
  TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  g_assert_cmpint (TIFFWriteScanline (tiff, (void *)line, 0, 0), ==, 1);
  TIFFClose (tiff);
  g_assert_null (dh_labels_load_as (path, same_id, NULL, &error));
  dataset_assert_error_says (&error, DH_ERROR_UNSUPPORTED, "not read as a mask");
  tree_remove (root);
}

/* A mask of nothing packs further than most, and is whole nevertheless. */
static void
test_blank (void)
{
  static const guint compressions[] = { COMPRESSION_LZW, COMPRESSION_CCITTFAX4, COMPRESSION_ADOBE_DEFLATE };
  g_autofree char *root = tree_new (), *mask = tree_path (root, "a.tif");
  for (guint i = 0; i < G_N_ELEMENTS (compressions); i++)
    {
      g_autoptr (GError) error = NULL;
      write_mask (mask, 4000, 3000, 0, compressions[i], ORIENTATION_TOPLEFT, FALSE);
      g_autoptr (DhImage) image = dh_image_load (mask, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (image->width, ==, 4000);
    }
  tree_remove (root);
}

/* Orientation is a TIFF's own tag; it is applied to pictures as that of other files is, and to masks of which each
 * tells by itself how it lies. */
static void
test_lying (void)
{
  static const char *const want[] = { "00001111", "11110000", "00000000", "00000000", "0000", "0000", "0001", "1000" };
  static const guint8 ids[] = { 0, 1 };
  g_autofree char *root = tree_new (), *mask = tree_path (root, "masks/a.tif"),
                  *image = tree_path (root, "images/a.tif");
  for (guint i = 1; i <= 8; i++)
    {
      g_autoptr (GError) error = NULL;
      guint found = 0;
      write_mask (image, 8, 4, 200, COMPRESSION_NONE, i, FALSE);
      write_mask (mask, 8, 4, 1, COMPRESSION_NONE, i, FALSE);
      g_autoptr (DhImage) stored = dh_image_load (image, &error);
      g_autoptr (DhImage) upright = dh_image_load_upright (image, &found, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (found, ==, i);
      g_assert_cmpuint (stored->width, ==, 8);
      g_assert_cmpuint (stored->rgb[7 * 3], ==, 200);
      g_assert_cmpuint (upright->width, ==, i < 5 ? 8 : 4);
      g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
      dataset_assert_anomaly (dataset, 0, want[i - 1]);
      g_autoptr (DhLabels) labels = NULL;
      g_autoptr (DhImage) loaded = dh_dataset_load_image (dataset, 0, &error);
      g_assert_true (dh_dataset_load_labels (dataset, 0, &labels, NULL, &error));
      g_assert_cmpuint (loaded->width, ==, labels->width);
      for (guint p = 0; p < 32; p++)
        g_assert_cmpuint (loaded->rgb[3 * p] == 200, ==, labels->ids[p] == 1);
    }
  /* Of a large one the directory lies behind much else. */
  g_autofree char *large = tree_path (root, "large.tif");
  write_mask (large, 1000, 500, 200, COMPRESSION_NONE, ORIENTATION_LEFTBOT, FALSE);
  g_assert_cmpuint (dh_image_orientation (large), ==, 8);
  g_unlink (large);
  /* A mask without a tag, of the size that is seen. */
  write_mask (image, 8, 4, 200, COMPRESSION_NONE, ORIENTATION_RIGHTTOP, FALSE);
  g_unlink (mask);
  tree_label (root, "masks/a.png", 4, 8, ids, 2);
  g_autoptr (DhDataset) dataset = dataset_open_ok (root, NULL);
  dataset_assert_anomaly (dataset, 0, "0101");
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TIFFSetWarningHandler (NULL);
  g_test_add_func ("/image/tiff", test_tiff);
  g_test_add_func ("/image/tiff/pages", test_pages);
  g_test_add_func ("/image/tiff/pages/told", test_pages_told);
  g_test_add_func ("/image/tiff/tiles", test_tiles);
  g_test_add_func ("/image/bmp", test_bmp);
  g_test_add_func ("/image/bmp/runs", test_bmp_runs);
  g_test_add_func ("/image/tiff-and-bmp/set", test_set);
  g_test_add_func ("/image/tiff/palette", test_palette);
  g_test_add_func ("/image/tiff/signed", test_signed);
  g_test_add_func ("/image/tiff/blank", test_blank);
  g_test_add_func ("/image/tiff/lying", test_lying);
  return g_test_run ();
}
