/* Pictures cut short at every length, damaged bit by bit, and of sizes that they only claim. */
#include <string.h>
#include <glib/gstdio.h>

#include "dh-image.h"
#include "made-pictures.h"
#include "patience.h"

static GBytes *
make_nth (guint n)
{
  switch (n)
    {
    case 0:
      return made_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
    case 1:
      return made_plain_png (PNG_COLOR_TYPE_RGB_ALPHA, 16, 1);
    case 2:
      return made_plain_png (PNG_COLOR_TYPE_PALETTE, 4, 0);
    case 3:
      return made_plain_png (PNG_COLOR_TYPE_GRAY, 8, 1);
    case 4:
      return made_jpeg (JCS_RGB, FALSE, FALSE);
    case 5:
      return made_jpeg (JCS_RGB, TRUE, FALSE);
    case 6:
      return made_jpeg (JCS_RGB, FALSE, TRUE);
    case 7:
      return made_jpeg (JCS_GRAYSCALE, FALSE, FALSE);
    case 8:
      return made_jpeg (JCS_CMYK, FALSE, FALSE);
    case 9:
      return made_webp (TRUE, FALSE);
    case 10:
      return made_webp (FALSE, FALSE);
    case 11:
      return made_webp (FALSE, TRUE);
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
          made_assert_error_names (&error, DH_ERROR_INVALID, "cut.picture: ");
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
  const double start = patience_work ();
  for (guint k = 0; k < 3; k++)
    {
      static const guint sides[3][2] = { { 60000, 60000 }, { 0x7fffffff, 1 }, { 32768, 32768 } };
      g_autoptr (GBytes) whole = made_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
      guint8 *copy = g_memdup2 (g_bytes_get_data (whole, NULL), g_bytes_get_size (whole));
      put_32 (copy + 16, sides[k][0]);
      put_32 (copy + 20, sides[k][1]);
      g_autoptr (GBytes) bytes = g_bytes_new_take (copy, g_bytes_get_size (whole));
      g_autofree char *path = made_write_temporary (bytes);
      g_assert_null (dh_image_load (path, &error));
      g_autofree char *words = g_strdup_printf ("%u×%u", sides[k][0], sides[k][1]);
      made_assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_assert_false (dh_image_probe (path, NULL, NULL, &error));
      made_assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_assert_null (dh_labels_load (path, &error));
      made_assert_error_names (&error, DH_ERROR_TOO_LARGE, words);
      g_remove (path);
    }

  /* within the limits, but more than so few bytes can hold: refused before memory is spent */
  g_autoptr (GBytes) png = made_plain_png (PNG_COLOR_TYPE_RGB, 8, 0);
  guint8 *copy = g_memdup2 (g_bytes_get_data (png, NULL), g_bytes_get_size (png));
  put_32 (copy + 16, 14000);
  put_32 (copy + 20, 14000);
  put_32 (copy + 29, 0);
  g_autoptr (GBytes) claimed = g_bytes_new_take (copy, g_bytes_get_size (png));
  g_assert_null (dh_image_load_bytes (claimed, "claims", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID); /* the header's checksum, or the length */
  g_clear_error (&error);

  g_autoptr (GBytes) jpeg = made_jpeg (JCS_RGB, TRUE, FALSE);
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
        made_assert_error_names (&error, DH_ERROR_TOO_LARGE, "60000×60000");
      else
        made_assert_error_names (&error, DH_ERROR_INVALID, "truncated");
    }
  g_assert_cmpfloat (patience_work () - start, <, 2);
}

static void
test_not_pictures (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) text = g_bytes_new_static ("P6 2 2 255 ", 11);
  g_assert_null (dh_image_load_bytes (empty, "a.png", &error));
  made_assert_error_names (&error, DH_ERROR_INVALID, "a.png: the file is empty");
  g_assert_null (dh_image_load_bytes (text, "a.png", &error));
  made_assert_error_names (&error, DH_ERROR_INVALID, "a.png: is not a PNG");
  g_assert_null (dh_image_load ("/nowhere/at\xff/all.png", &error));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  made_assert_error_names (&error, DH_ERROR_NOT_FOUND, "all.png");

  /* an animated WebP's header */
  g_autoptr (GBytes) animation = g_bytes_new_static ("RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\0\0\0\0\0\0"
                                                     "ANIM\0\0\0\0\0\0\0\0",
                                                     42);
  g_assert_null (dh_image_load_bytes (animation, "a.webp", &error));
  made_assert_error_names (&error, DH_ERROR_UNSUPPORTED, "animation");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/truncated", test_truncated);
  g_test_add_func ("/image/bit-flips", test_bit_flips);
  g_test_add_func ("/image/huge", test_huge);
  g_test_add_func ("/image/not-pictures", test_not_pictures);
  return g_test_run ();
}
