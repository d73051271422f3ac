#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-npy.h"

/* A file of this header text (padded as NumPy does) and these elements. */
static GBytes *
make_npy (guint version, const char *header, gconstpointer data, gsize size)
{
  GString *file = g_string_new_len ("\x93NUMPY", 6);
  const guint width = version == 1 ? 2 : 4, length = strlen (header) + 1;
  g_string_append_c (file, version);
  g_string_append_c (file, 0);
  for (guint i = 0; i < width; i++)
    g_string_append_c (file, length >> 8 * i & 0xff);
  g_string_append (file, header);
  g_string_append_c (file, '\n');
  g_string_append_len (file, data, size);
  return g_string_free_to_bytes (file);
}

static DhTensor *
load (guint version, const char *header, gconstpointer data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = make_npy (version, header, data, size);
  DhTensor *tensor = dh_npy_load_bytes (bytes, "file", &error);
  g_assert_no_error (error);
  return tensor;
}

static void
assert_refused (const char *header, gsize size, DhError code, const char *words)
{
  static const guint8 data[64] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = make_npy (1, header, data, size);
  g_assert_null (dh_npy_load_bytes (bytes, "file", &error));
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "file: "));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_read (void)
{
  const float values[6] = { 1, 2, 3, 4, 5, 6 };
  g_autoptr (DhTensor) plain =
      load (1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", values, sizeof values);
  g_assert_cmpuint (plain->n_dims, ==, 2);
  g_assert_cmpint (plain->dims[1], ==, 3);
  g_assert_cmpmem (dh_tensor_data (plain), 24, values, 24);

  /* Keys in another order, double quotes, Python 2's long numbers, versions 2 and 3. */
  g_autoptr (DhTensor) other =
      load (2, "{\"shape\": (3L, 2L), 'fortran_order': True, \"descr\": '<f4'}   ", values, sizeof values);
  const float turned[6] = { 1, 4, 2, 5, 3, 6 };
  g_assert_cmpmem (dh_tensor_data (other), 24, turned, 24);
  g_autoptr (DhTensor) scalar = load (3, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", values, 4);
  g_assert_cmpuint (scalar->n_dims, ==, 0);
  g_autoptr (DhTensor) row = load (1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", values, 24);
  g_assert_cmpint (row->dims[0], ==, 6);
  g_autoptr (DhTensor) empty = load (1, "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4), }", values, 0);
  g_assert_cmpint (dh_tensor_count (empty), ==, 0);
}

static void
test_other_types (void)
{
  const guint8 big[8] = { 0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0 };
  g_autoptr (DhTensor) swapped = load (1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", big, sizeof big);
  g_assert_cmpfloat (dh_tensor_f32 (swapped)[0], ==, 1.0f);
  g_assert_cmpfloat (dh_tensor_f32 (swapped)[1], ==, -2.0f);

  const guint8 unsigned16[4] = { 0xff, 0xff, 0x01, 0x00 };
  g_autoptr (DhTensor) wide = load (1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }", unsigned16, 4);
  g_assert_cmpint (wide->dtype, ==, DH_DTYPE_I32);
  g_assert_cmpint (((const gint32 *)dh_tensor_data (wide))[0], ==, 65535);
  g_autoptr (DhTensor) wider = load (1, "{'descr': '<u4', 'fortran_order': False, 'shape': (1,), }", unsigned16, 4);
  g_assert_cmpint (wider->dtype, ==, DH_DTYPE_I64);
  g_assert_cmpint (((const gint64 *)dh_tensor_data (wider))[0], ==, 0x1ffff);
  g_autoptr (DhTensor) bytes = load (1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", unsigned16, 4);
  g_assert_cmpint (bytes->dtype, ==, DH_DTYPE_U8);
  g_autoptr (DhTensor) flags = load (1, "{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", unsigned16, 4);
  g_assert_cmpint (flags->dtype, ==, DH_DTYPE_BOOL);
}

static void
test_refused (void)
{
#define HEADER(descr, shape) "{'descr': " descr ", 'fortran_order': False, 'shape': " shape ", }"
  assert_refused (HEADER ("'<f4'", "(2, 3)"), 23, DH_ERROR_INVALID, "truncated");
  assert_refused (HEADER ("'<f4'", "(4611686018427387904, 4)"), 16, DH_ERROR_INVALID, "larger than the file");
  assert_refused (HEADER ("'<f4'", "(99999999999999999999,)"), 16, DH_ERROR_INVALID, "broken");
  assert_refused (HEADER ("'<f4'", "(-1,)"), 16, DH_ERROR_INVALID, "broken");
  assert_refused (HEADER ("'<f4'", "(1,2,3,4,5,6,7,8,9)"), 16, DH_ERROR_UNSUPPORTED, "axes");
  assert_refused (HEADER ("'|O'", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "Python objects");
  assert_refused (HEADER ("'<c8'", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "real numbers");
  assert_refused (HEADER ("'<U3'", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "real numbers");
  assert_refused (HEADER ("'<u8'", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "u8");
  assert_refused (HEADER ("'<f3'", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "f3");
  assert_refused (HEADER ("[('a', '<f4')]", "(1,)"), 16, DH_ERROR_UNSUPPORTED, "real numbers");
  assert_refused ("{'descr': '<f4', 'shape': (1,), }", 16, DH_ERROR_INVALID, "broken");
  assert_refused ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 16, DH_ERROR_INVALID,
                  "broken");
  assert_refused ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", 16, DH_ERROR_INVALID, "broken");
  assert_refused (HEADER ("'<f4'", "(1,)") " + open('x')", 16, DH_ERROR_INVALID, "broken");
  assert_refused ("", 16, DH_ERROR_INVALID, "broken");

  /* Every truncation of a good file. */
  g_autoptr (GBytes) good = make_npy (1, HEADER ("'<f4'", "(2, 2)"), "0123456789abcdef", 16);
  for (gsize length = 0; length < g_bytes_get_size (good); length++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) part = g_bytes_new (g_bytes_get_data (good, NULL), length);
      g_assert_null (dh_npy_load_bytes (part, "file", &error));
      g_assert_nonnull (error);
    }
#undef HEADER
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-npy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.npy", NULL);
  for (guint t = 0; t < DH_N_DTYPES; t++)
    for (guint n_dims = 0; n_dims <= 3; n_dims++)
      {
        const gint64 dims[] = { 2, 3, 5 };
        const gsize size = dh_shape_count (n_dims, dims, 8) * dh_dtype_size (t);
        guint8 *data = g_malloc (size);
        for (gsize i = 0; i < size; i++)
          data[i] = t == DH_DTYPE_BOOL ? i & 1 : i;
        g_autoptr (DhTensor) tensor = dh_tensor_new_take (t, n_dims, dims, g_bytes_new_take (data, size));
        g_assert_true (dh_npy_save (path, tensor, &error));
        g_autoptr (DhTensor) again = dh_npy_load (path, &error);
        g_assert_no_error (error);
        g_assert_cmpint (again->dtype, ==, t == DH_DTYPE_BF16 ? DH_DTYPE_F32 : t);
        g_assert_cmpmem (again->dims, again->n_dims * sizeof *dims, dims, n_dims * sizeof *dims);
        g_assert_cmpuint ((guintptr)dh_tensor_data (again) % 64, ==, 0);
        if (t != DH_DTYPE_BF16)
          g_assert_true (g_bytes_equal (again->bytes, tensor->bytes));
      }
  g_unlink (path);
  g_rmdir (folder);
}

/* The header as numpy.save writes it, byte for byte. */
static void
test_header_bytes (void)
{
  static const char row[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }"
                            "                                                            \n";
  g_autoptr (GBytes) header = dh_npy_header (DH_DTYPE_F32, 1, (gint64[]){ 7 });
  g_assert_cmpmem (g_bytes_get_data (header, NULL), g_bytes_get_size (header), row, sizeof row - 1);
  g_autoptr (GBytes) map = dh_npy_header (DH_DTYPE_U8, 2, (gint64[]){ 720, 1280 });
  static const char shape[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (720, 1280), }";
  g_assert_nonnull (memmem (g_bytes_get_data (map, NULL), g_bytes_get_size (map), shape, sizeof shape - 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/npy/read", test_read);
  g_test_add_func ("/npy/other-types", test_other_types);
  g_test_add_func ("/npy/refused", test_refused);
  g_test_add_func ("/npy/round-trip", test_round_trip);
  g_test_add_func ("/npy/header-bytes", test_header_bytes);
  return g_test_run ();
}
