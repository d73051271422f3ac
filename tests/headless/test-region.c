/* What of a picture is not measured: how it is written, which pixels it has, by what it is known, and what is refused.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-region.h"
#include "dh-seen.h"

/* Of a picture of that size: a letter for each pixel, '#' in the region. */
static char *
draw (const char *text, guint width, guint height)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRegion) region = dh_region_new (text, &error);
  g_assert_no_error (error);
  g_assert_true (dh_region_fits (region, width, height, "a picture", &error));
  g_assert_no_error (error);
  char *pixels = g_strnfill ((gsize)width * height, '.');
  dh_region_apply (region, (guint8 *)pixels, width, height, '#');
  return pixels;
}

static void
assert_refused (const char *text, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_region_new (text, &error));
  g_assert_error (error, DH_ERROR, (gint)code);
  if (!strstr (error->message, words))
    g_error ("\"%s\" does not say \"%s\"", error->message, words);
}

static void
test_shares (void)
{
  static const struct
  {
    const char *text, *pixels;
  } cases[] = {
    { "bottom:50%", "...."
                    "...."
                    "####"
                    "####" },
    { "top:25%", "####"
                 "...."
                 "...."
                 "...." },
    { "left:25%,right:50%", "#.##"
                            "#.##"
                            "#.##"
                            "#.##" },
    { "right:25%,bottom:25%,top:25%", "####"
                                      "...#"
                                      "...#"
                                      "####" },
    { "bottom:12.4%", "................" }, /* less than half a row */
    { "bottom:12.5%", "............####" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *pixels = draw (cases[i].text, 4, 4);
      g_assert_cmpstr (pixels, ==, cases[i].pixels);
    }
}

static void
test_names (void)
{
  static const struct
  {
    const char *text, *id, *title;
  } cases[] = {
    { "bottom:12%", "bottom:12%", "bottom 12 %" },
    { "right:3.5%,top:07%", "top:7%,right:3.5%", "top 7 %, right 3.5 %" },
    { "left:0.1%,bottom:99.9%", "bottom:99.9%,left:0.1%", "bottom 99.9 %, left 0.1 %" },
    { "bottom:12.0%", "bottom:12%", "bottom 12 %" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhRegion) region = dh_region_new (cases[i].text, &error);
      g_assert_no_error (error);
      g_autofree char *title = dh_region_id_dup_title (dh_region_id (region));
      g_assert_cmpstr (dh_region_id (region), ==, cases[i].id);
      g_assert_cmpstr (dh_region_text (region), ==, cases[i].id);
      g_assert_cmpstr (title, ==, cases[i].title);
      double shares[4];
      g_assert_true (dh_region_text_get_shares (cases[i].text, shares));
      g_autofree char *again = dh_region_shares_to_text (shares);
      g_assert_cmpstr (again, ==, cases[i].id);
      g_assert_null (dh_region_text_dup_path (cases[i].text));
      g_assert_true (dh_region_is (region, cases[i].id));
      g_assert_false (dh_region_is (region, "bottom:1%") || dh_region_is (region, NULL));
    }
  const double none[4] = { 0 };
  double shares[4];
  g_assert_null (dh_region_shares_to_text (none));
  g_assert_false (dh_region_text_get_shares ("mask.png", shares));
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *words;
  } cases[] = {
    { "bottom:0%", "0.1 to 99.9" },      { "bottom:0.0%", "0.1 to 99.9" },        { "bottom:100%", "0.1 to 99.9" },
    { "bottom:101%", "0.1 to 99.9" },    { "bottom:nan%", "0.1 to 99.9" },        { "bottom:-3%", "0.1 to 99.9" },
    { "bottom:12", "0.1 to 99.9" },      { "bottom:%", "0.1 to 99.9" },           { "bottom:12%%", "0.1 to 99.9" },
    { "bottom:1.25%", "0.1 to 99.9" },   { "bottom:1e1%", "0.1 to 99.9" },        { "bottom: 12%", "0.1 to 99.9" },
    { "top:1%,top:2%", "top stands" },   { "top:1%,middle:2%", "\"middle:2%\"" }, { "top:1%,", "\"\"" },
    { "top:60%,bottom:40%", "is left" }, { "left:50.1%,right:49.9%", "is left" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, DH_ERROR_USAGE, cases[i].words);
  assert_refused ("botom:12%", DH_ERROR_NOT_FOUND, "a share such as bottom:12%, or a mask");
}

typedef struct
{
  char *folder, *path;
} Masks;

static void
set_up (Masks *masks, gconstpointer data)
{
  masks->folder = g_dir_make_tmp ("dh-region-XXXXXX", NULL);
  masks->path = g_build_filename (masks->folder, "a car; 100%.png", NULL);
}

static void
tear_down (Masks *masks, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", masks->folder);
  g_assert_cmpint (system (command), ==, 0);
  g_free (masks->folder);
  g_free (masks->path);
}

static void
write_mask (const char *path, guint width, guint height, guint channels, const guint8 *pixels)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_image_write_png (path, width, height, channels, pixels, &error));
  g_assert_no_error (error);
}

/* Any value that is not black, grey or a colour; at another size by the nearest pixels. */
static void
test_mask (Masks *masks, gconstpointer data)
{
  static const guint8 grey[] = { 0, 0, 0, 7, 0, 0, 255, 1 };
  static const guint8 colours[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9 };
  for (guint coloured = 0; coloured < 2; coloured++)
    {
      write_mask (masks->path, 4, 2, coloured ? 3 : 1, coloured ? colours : grey);
      g_autofree char *same = draw (masks->path, 4, 2), *twice = draw (masks->path, 8, 4);
      g_autofree char *half = draw (masks->path, 2, 1);
      g_assert_cmpstr (same, ==,
                       "...#"
                       "..##");
      g_assert_cmpstr (twice, ==,
                       "......##"
                       "......##"
                       "....####"
                       "....####");
      g_assert_cmpstr (half, ==, ".#");
    }
}

/* JPEG puts greys around what is black and white: half of white is the limit there, and these are black. As seen
 * upright, where it says how it lies. */
static void
test_lossy (Masks *masks, gconstpointer data)
{
  enum
  {
    SIDE = 48,
    FROM = 13
  };
  static const guint8 exif[] = { 0xff, 0xe1, 0,    34, 'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0,
                                 1,    0,    0x12, 1,  3,   0,   1,   0,   0, 0, 6,   0,   0,   0, 0, 0, 0, 0 };
  guint8 rgb[SIDE][SIDE][3];
  guint greys = 0;
  for (guint y = 0; y < SIDE; y++)
    for (guint x = 0; x < SIDE; x++)
      memset (rgb[y][x], y >= FROM && x >= FROM ? 255 : 0, 3);
  g_autoptr (GBytes) jpeg = dh_image_encode_jpeg (SIDE, SIDE, rgb[0][0], 75, NULL);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (jpeg, &size);
  for (guint turned = 0; turned < 2; turned++)
    {
      g_autoptr (GByteArray) file = g_byte_array_new ();
      g_byte_array_append (file, bytes, 2);
      g_byte_array_append (file, exif, turned ? sizeof exif : 0);
      g_byte_array_append (file, bytes + 2, (guint)size - 2);
      g_assert_true (g_file_set_contents (masks->path, (const char *)file->data, file->len, NULL));
      g_autofree char *pixels = draw (masks->path, SIDE, SIDE);
      g_autoptr (GError) error = NULL;
      g_autoptr (DhImage) image = dh_image_load (masks->path, &error);
      g_assert_no_error (error);
      for (guint y = 0; y < SIDE; y++)
        for (guint x = 0; x < SIDE; x++)
          {
            const gboolean in = y >= FROM && (turned ? x < SIDE - FROM : x >= FROM);
            g_assert_cmpint (pixels[y * SIDE + x], ==, in ? '#' : '.');
            greys += (y < FROM || x < FROM) && image->rgb[3 * (y * SIDE + x)] > 0;
          }
    }
  g_assert_cmpuint (greys, >, 0);
}

/* A size that is off by less than a pixel of the picture, and others. */
static void
test_sizes (Masks *masks, gconstpointer data)
{
  static const struct
  {
    guint width, height;
    gboolean fits;
  } cases[] = { { 20, 10, TRUE },  { 40, 20, TRUE },  { 41, 20, TRUE },     { 39, 20, TRUE },     { 43, 20, FALSE },
                { 10, 20, FALSE }, { 30, 10, FALSE }, { 2001, 1000, TRUE }, { 2003, 1000, FALSE } };
  guint8 pixels[200] = { 1 };
  write_mask (masks->path, 20, 10, 1, pixels);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRegion) region = dh_region_new (masks->path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const gboolean fits = dh_region_fits (region, cases[i].width, cases[i].height, "street", &error);
      g_assert_cmpint (fits, ==, cases[i].fits);
      if (fits)
        continue;
      g_autofree char *size = g_strdup_printf ("%u×%u", cases[i].width, cases[i].height);
      g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
      g_assert_nonnull (strstr (error->message, size));
      g_assert_nonnull (strstr (error->message, "20×10"));
      g_assert_true (g_str_has_prefix (error->message, "street: "));
      g_clear_error (&error);
    }
}

/* Shares of a picture so small that none of its pixels is left, by whole pixels. */
static void
test_nothing_left (void)
{
  static const struct
  {
    const char *text;
    guint width, height;
    gboolean left;
  } cases[] = {
    { "bottom:99.9%", 9, 500, FALSE },
    { "bottom:99.9%", 9, 501, TRUE },
    { "top:50%,bottom:49.9%", 9, 3, FALSE },
    { "top:50%,bottom:49.9%", 9, 1001, TRUE },
    { "left:90%,right:9.9%,top:1%", 9, 9, FALSE },
    { "left:90%,right:9.9%,top:1%", 1000, 9, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhRegion) region = dh_region_new (cases[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpint (dh_region_fits (region, cases[i].width, cases[i].height, "street", &error), ==, cases[i].left);
      if (cases[i].left)
        {
          g_autofree char *pixels = draw (cases[i].text, cases[i].width, cases[i].height);
          g_assert_nonnull (strchr (pixels, '.'));
          continue;
        }
      g_autofree char *size = g_strdup_printf ("street: of %u×%u pixels none is left", cases[i].width, cases[i].height);
      g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
      g_assert_true (g_str_has_prefix (error->message, size));
    }
}

/* A copy elsewhere is the same region, what was changed is another, and its text leads to it again. */
static void
test_known_by (Masks *masks, gconstpointer data)
{
  static const guint8 first[] = { 0, 1, 0, 0 }, second[] = { 0, 0, 1, 0 };
  g_autofree char *copy = g_build_filename (masks->folder, "copy.png", NULL);
  g_autoptr (GError) error = NULL;
  write_mask (masks->path, 2, 2, 1, first);
  write_mask (copy, 2, 2, 1, first);
  g_autoptr (DhRegion) region = dh_region_new (masks->path, &error), of_copy = dh_region_new (copy, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_region_id (region), ==, dh_region_id (of_copy));
  g_assert_cmpstr (dh_region_text (region), !=, dh_region_text (of_copy));
  g_assert_true (dh_region_is (region, dh_region_text (of_copy)));
  g_assert_null (strpbrk (dh_region_id (region), "+ /"));
  g_assert_null (strpbrk (dh_region_text (region), "; "));
  g_autofree char *path = dh_region_text_dup_path (dh_region_text (region));
  g_autofree char *plain = dh_region_text_dup_plain (dh_region_text (region));
  g_assert_cmpstr (path, ==, masks->path);
  g_assert_cmpstr (plain, ==, masks->path);
  g_autofree char *drawn = draw (dh_region_text (region), 2, 2);
  g_assert_cmpstr (drawn, ==, ".#..");

  write_mask (masks->path, 2, 2, 1, second);
  assert_refused (dh_region_text (region), DH_ERROR_MISMATCH, "has been changed");
  g_autoptr (DhRegion) changed = dh_region_new (masks->path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_region_id (changed), !=, dh_region_id (region));
  g_assert_false (dh_region_is (region, dh_region_text (changed)));
  g_assert_cmpint (g_unlink (masks->path), ==, 0);
  assert_refused (dh_region_text (region), DH_ERROR_NOT_FOUND, masks->path);
  /* What was read stays. */
  guint8 ids[4] = { 0 };
  dh_region_apply (region, ids, 2, 2, 255);
  g_assert_cmpuint (ids[1], ==, 255);
}

static void
test_broken (Masks *masks, gconstpointer data)
{
  static const guint8 black[4] = { 0 }, white[4] = { 1, 255, 2, 3 }, mixed[4] = { 0, 1, 1, 0 };
  static const guint8 most[] = { 0, 1, 134, 160, 0, 1, 134, 160 }; /* 100000×100000, and a wrong sum behind it */
  g_autofree char *bytes = NULL;
  gsize size;
  write_mask (masks->path, 2, 2, 1, black);
  assert_refused (masks->path, DH_ERROR_USAGE, "leaves out nothing");
  write_mask (masks->path, 2, 2, 1, white);
  assert_refused (masks->path, DH_ERROR_USAGE, "nothing is left to be measured");
  write_mask (masks->path, 2, 2, 1, mixed);
  g_assert_true (g_file_get_contents (masks->path, &bytes, &size, NULL));
  for (gsize n = 0; n < size - 12; n += 5)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (g_file_set_contents (masks->path, bytes, (gssize)n, NULL));
      g_assert_null (dh_region_new (masks->path, &error));
      g_assert_true (error->domain == DH_ERROR && strstr (error->message, "a car; 100%.png") != NULL);
    }
  memcpy (bytes + 16, most, sizeof most);
  g_assert_true (g_file_set_contents (masks->path, bytes, (gssize)size, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_region_new (masks->path, &error));
  g_assert_nonnull (error);
  assert_refused (masks->folder, DH_ERROR_IO, "is a folder");
  if (geteuid () == 0)
    return; /* who may read all */
  write_mask (masks->path, 2, 2, 1, mixed);
  g_assert_cmpint (g_chmod (masks->path, 0), ==, 0);
  assert_refused (masks->path, DH_ERROR_IO, masks->path);
}

/* Behind fingerprints. */
static void
test_seen (void)
{
  g_autoptr (DhRegion) region = dh_region_new ("top:5%,bottom:12%", NULL);
  const DhDegradation fog = { DH_DEGRADE_FOG, 3 }, none = { 0 };
  const struct
  {
    DhDegradation degradation;
    const DhRegion *region;
    const char *text, *title, *phrase;
  } cases[] = {
    { none, NULL, NULL, NULL, "as they are" },
    { fog, NULL, "fog:3", "Fog 3", "degraded by fog:3" },
    { none, region, "ignore=top:5%,bottom:12%", "without top 5 %, bottom 12 %", "without top 5 %, bottom 12 %" },
    { fog, region, "fog:3+ignore=top:5%,bottom:12%", "Fog 3 · without top 5 %, bottom 12 %",
      "degraded by fog:3, without top 5 %, bottom 12 %" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = dh_seen_new (cases[i].degradation, cases[i].region);
      g_autofree char *title = dh_seen_dup_title (text), *phrase = dh_seen_dup_phrase (text);
      g_autofree char *print = g_strconcat ("0123", text ? "+" : NULL, text, NULL);
      g_assert_cmpstr (text, ==, cases[i].text);
      g_assert_cmpstr (title, ==, cases[i].title);
      g_assert_cmpstr (phrase, ==, cases[i].phrase);
      g_assert_cmpstr (dh_fingerprint_get_seen (print), ==, cases[i].text);
      g_assert_true (dh_fingerprint_has_same_files (print, "0123"));
      g_assert_true (dh_degradation_equal (dh_seen_get_degradation (text), cases[i].degradation));
      g_assert_cmpstr (dh_seen_get_region (text), ==, cases[i].region ? "top:5%,bottom:12%" : NULL);
      g_assert_true (!text || dh_seen_is (text));
      for (guint k = 0; k < G_N_ELEMENTS (cases); k++)
        {
          g_assert_cmpint (dh_seen_has_same_region (text, cases[k].text), ==, cases[i].region == cases[k].region);
          g_assert_cmpint (dh_seen_has_same_degradation (text, cases[k].text), ==,
                           cases[i].degradation.severity == cases[k].degradation.severity);
        }
    }
  static const char *const none_of_them[] = { "", "fog:9", "ignore=", "fog:3+", "fog:9+ignore=top:5%", "town" };
  for (guint i = 0; i < G_N_ELEMENTS (none_of_them); i++)
    g_assert_false (dh_seen_is (none_of_them[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/region/shares", test_shares);
  g_test_add_func ("/region/names", test_names);
  g_test_add_func ("/region/refused", test_refused);
  g_test_add_func ("/region/nothing-left", test_nothing_left);
  g_test_add_func ("/region/seen", test_seen);
  g_test_add ("/region/mask", Masks, NULL, set_up, test_mask, tear_down);
  g_test_add ("/region/lossy", Masks, NULL, set_up, test_lossy, tear_down);
  g_test_add ("/region/sizes", Masks, NULL, set_up, test_sizes, tear_down);
  g_test_add ("/region/known-by", Masks, NULL, set_up, test_known_by, tear_down);
  g_test_add ("/region/broken", Masks, NULL, set_up, test_broken, tear_down);
  return g_test_run ();
}
