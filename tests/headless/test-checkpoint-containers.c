/* Containers, safetensors and zip, whose tables lie. */
#include <string.h>

#include "weights-bytes.h"

#define REFUSE(header, data, words)                                                                                    \
  weights_assert_refused (weights_make_safetensors (0, header, data), DH_ERROR_INVALID, words)

static void
test_safetensors (void)
{
  weights_assert_opens (weights_make_safetensors (0, "{" ENTRY ("a", "[2,2]", "[0,16]") "}", 16));
  weights_assert_opens (weights_make_safetensors (
      0, "{\"__metadata__\":{\"k\":\"v\"}," ENTRY ("\\u00e9\\ud83d\\ude00", "[]", "[0,4]") "} ", 4));
  weights_assert_opens (
      weights_make_safetensors (0, "{" ENTRY ("b", "[1]", "[4,8]") "," ENTRY ("a", "[1]", "[0,4]") "}", 8));

  weights_assert_refused (weights_make_safetensors (G_GUINT64_CONSTANT (1) << 63, "{}", 0), DH_ERROR_TOO_LARGE,
                          "100 MB");
  weights_assert_refused (weights_make_safetensors (1000, "{}", 0), DH_ERROR_INVALID, "more than the file has");
  REFUSE ("{}", 0, "no tensors");
  REFUSE ("{" ENTRY ("a", "[-1,4]", "[9,1]") "}", 16, "whole number");
  REFUSE ("{" ENTRY ("a", "[4]", "[16,0]") "}", 16, "do not hold");
  REFUSE ("{" ENTRY ("a", "[4611686018427387904,4]", "[0,16]") "}", 16, "do not hold");
  REFUSE ("{" ENTRY ("a", "[99999999999999999999]", "[0,16]") "}", 16, "whole number");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,20]") "}", 20, "do not hold");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,16]") "}", 12, "truncated");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,16]") "}", 20, "belong to no tensor");
  REFUSE ("{" ENTRY ("a", "[2]", "[0,8]") "," ENTRY ("b", "[2]", "[4,12]") "}", 12, "overlaps");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "," ENTRY ("b", "[1]", "[8,12]") "}", 12, "belong to none");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "," ENTRY ("a", "[1]", "[4,8]") "}", 8, "twice");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "twice");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "nothing else");
  REFUSE ("{" ENTRY ("a", "[1.0]", "[0,4]") "}", 4, "");
  REFUSE ("{" ENTRY ("a", "[01]", "[0,4]") "}", 4, "whole number");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") ",}", 4, "name");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "} x", 4, "behind");
  REFUSE ("{" ENTRY ("a\xff", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{" ENTRY ("a\\u0000", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{" ENTRY ("a\\ud800", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{\"__metadata__\":{\"k\":1}," ENTRY ("a", "[1]", "[0,4]") "}", 4, "strings");
  REFUSE ("{[[[[[[", 4, "name");
  weights_assert_refused (
      weights_make_safetensors (0, "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
      DH_ERROR_UNSUPPORTED, "F8_E4M3");
}

static void
test_zips (void)
{
  const WeightsMember twice[] = { { "a.npy", "x", 1 }, { "a.npy", "y", 1 } };
  weights_assert_refused (weights_make_zip (twice, 2), DH_ERROR_INVALID, "two members");
  const WeightsMember nothing = { "a/data.pkl", "\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1 };
  weights_assert_refused (weights_make_zip (&nothing, 1), DH_ERROR_INVALID, "missing");

  /* Both entries of the directory point to the first member. */
  GString *overlap = weights_make_zip ((WeightsMember[]){ { "a.npy", "x", 1 }, { "a.npz", "y", 1 } }, 2);
  const gsize end = overlap->len - 22, second = end - 51;
  memset (overlap->str + second + 42, 0, 4);
  overlap->str[second + 46 + 4] = 'y';
  g_autoptr (GError) error = weights_try_open (overlap->str, overlap->len);
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_string_free (overlap, TRUE);

  /* A deflated member that claims four gigabytes in two bytes. */
  GString *bomb = weights_make_zip (&(WeightsMember){ "a.npy", "\x03\x00", 2 }, 1);
  const gsize entry = bomb->len - 22 - 51;
  bomb->str[entry + 10] = 8;
  memset (bomb->str + entry + 24, 0xfe, 4);
  weights_assert_refused (bomb, DH_ERROR_INVALID, "cannot be");

  GString *locked = weights_make_zip (&(WeightsMember){ "a.npy", "x", 1 }, 1);
  locked->str[locked->len - 22 - 51 + 8] = 1;
  weights_assert_refused (locked, DH_ERROR_UNSUPPORTED, "encrypted");

  GString *tail = PTH (GOOD);
  g_string_erase (tail, 0, 60);
  weights_assert_refused (tail, DH_ERROR_INVALID, "truncated at the front");
}

/* Sizes and offset in the 64-bit extra field, as in files over 4 GiB. */
static void
test_zip64 (void)
{
  static const char npy[] = "\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
                            "             \nabcdefghijklmnopqrstuvwx";
  GString *file = weights_make_zip (&(WeightsMember){ "w.npy", npy, sizeof npy - 1 }, 1);
  const gsize entry = file->len - 22 - 51;
  g_autoptr (GString) extra = g_string_new (NULL);
  weights_add (extra, 1, 2);
  weights_add (extra, 24, 2);
  weights_add (extra, sizeof npy - 1, 8);
  weights_add (extra, sizeof npy - 1, 8);
  weights_add (extra, 0, 8);
  memset (file->str + entry + 20, 0xff, 8); /* both sizes */
  memset (file->str + entry + 42, 0xff, 4); /* the offset */
  file->str[entry + 30] = extra->len;
  g_string_insert_len (file, entry + 51, extra->str, extra->len);
  g_string_truncate (file, file->len - 22);
  const gsize length = 51 + extra->len, end = file->len;
  weights_add (file, 0x06064b50, 4);
  weights_add (file, 44, 8);
  weights_add (file, 0, 12);
  weights_add (file, 1, 8);
  weights_add (file, 1, 8);
  weights_add (file, length, 8);
  weights_add (file, entry, 8);
  weights_add (file, 0x07064b50, 4);
  weights_add (file, 0, 4);
  weights_add (file, end, 8);
  weights_add (file, 1, 4);
  weights_add (file, 0x06054b50, 4);
  for (guint i = 0; i < 16; i++)
    g_string_append_c (file, '\xff');
  weights_add (file, 0, 2);

  GString *short_extra = g_string_new_len (file->str, file->len);
  short_extra->str[entry + 51 + 2] = 16;
  weights_assert_refused (short_extra, DH_ERROR_INVALID, "directory is broken");
  GString *far = g_string_new_len (file->str, file->len);
  far->str[entry + 51 + 4 + 16 + 7] = '\x7f';
  weights_assert_refused (far, DH_ERROR_INVALID, "lies outside the file");
  weights_assert_opens (file);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checkpoint-containers/safetensors", test_safetensors);
  g_test_add_func ("/checkpoint-containers/zips", test_zips);
  g_test_add_func ("/checkpoint-containers/zip64", test_zip64);
  return g_test_run ();
}
