#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-floats.h"
#include "dh-map.h"
#include "dh-tensor.h"
#include "dh-text.h"

static void
test_shape_count (void)
{
  const gint64 plain[] = { 2, 3, 4 };
  const gint64 negative[] = { 2, -1 };
  const gint64 huge[] = { G_GINT64_CONSTANT (1) << 31, G_GINT64_CONSTANT (1) << 30, 4 };
  const gint64 empty[] = { 0, 5 };
  g_assert_cmpint (dh_shape_count (3, plain, 4), ==, 24);
  g_assert_cmpint (dh_shape_count (0, NULL, 4), ==, 1);
  g_assert_cmpint (dh_shape_count (2, negative, 4), ==, -1);
  g_assert_cmpint (dh_shape_count (3, huge, 4), ==, -1);
  g_assert_cmpint (dh_shape_count (2, empty, 4), ==, 0);
}

/* Of a sample, wherever the outliers stand; of few values all; of none nothing. */
static void
test_floats_span (void)
{
  const gsize n = 1024 * 512;
  g_autofree float *values = g_new (float, n);
  float low, high;
  for (gsize i = 0; i < n; i++)
    values[i] = i % 1024 == 5 ? 1e30f : i % 1024 == 6 ? NAN : i % 1024 == 7 ? -INFINITY : (float)(i % 1000);
  g_assert_true (dh_floats_span (values, n, &low, &high));
  g_assert_cmpfloat_with_epsilon (low, 5, 10);
  g_assert_cmpfloat_with_epsilon (high, 994, 10);
  g_assert_true (dh_floats_span (values, 5, &low, &high));
  g_assert_cmpfloat (low, ==, 0);
  g_assert_cmpfloat (high, ==, 4);
  g_assert_false (dh_floats_span (values + 6, 2, &low, &high));
  g_assert_false (dh_floats_span (values, 0, &low, &high));
}

/* Every half is exact in float32, so the round trip must give back the same bits. */
static void
test_half_round_trip (void)
{
  for (guint h = 0; h < 0x10000; h++)
    {
      const float f = dh_f16_to_f32 (h);
      if (isnan (f))
        g_assert_true (isnan (dh_f16_to_f32 (dh_f32_to_f16 (f))));
      else
        g_assert_cmpuint (dh_f32_to_f16 (f), ==, h);
      const float b = dh_bf16_to_f32 (h);
      if (isnan (b))
        g_assert_true (isnan (dh_bf16_to_f32 (dh_f32_to_bf16 (b))));
      else
        g_assert_cmpuint (dh_f32_to_bf16 (b), ==, h);
    }
}

static void
test_half_rounding (void)
{
  g_assert_cmpuint (dh_f32_to_f16 (1.0f + 0x1p-11f), ==, 0x3c00);     /* tie, to even */
  g_assert_cmpuint (dh_f32_to_f16 (1.0f + 3 * 0x1p-11f), ==, 0x3c02); /* tie, to even, up */
  g_assert_cmpuint (dh_f32_to_f16 (1.0f + 0x1.002p-11f), ==, 0x3c01); /* just over the tie */
  g_assert_cmpuint (dh_f32_to_f16 (65519.99f), ==, 0x7bff);
  g_assert_cmpuint (dh_f32_to_f16 (65520.0f), ==, 0x7c00);
  g_assert_cmpuint (dh_f32_to_f16 (0x1p-25f), ==, 0); /* tie, to zero */
  g_assert_cmpuint (dh_f32_to_f16 (0x1.000002p-25f), ==, 1);
  g_assert_cmpuint (dh_f32_to_f16 (-0x1.ff8p-15f), ==, 0x8000 | 0x3ff); /* largest subnormal */
  g_assert_cmpuint (dh_f32_to_bf16 (1.0f + 0x1p-8f), ==, 0x3f80);
  g_assert_cmpuint (dh_f32_to_bf16 (1.0f + 3 * 0x1p-8f), ==, 0x3f82);
}

static void
test_tensor_convert (void)
{
  const double values[] = { 1.5, -2.25, 1e300 };
  const gint64 dims[] = { 3 };
  g_autoptr (DhTensor) wide = dh_tensor_new_take (DH_DTYPE_F64, 1, dims, g_bytes_new (values, sizeof values));
  g_autoptr (DhTensor) narrow = dh_tensor_to_f32 (wide);
  g_assert_cmpfloat (dh_tensor_f32 (narrow)[1], ==, -2.25f);
  g_assert_true (isinf (dh_tensor_f32 (narrow)[2]));
  g_autoptr (DhTensor) same = dh_tensor_to_f32 (narrow);
  g_assert_true (same == narrow);
}

static void
test_dict (void)
{
  g_autoptr (DhTensorDict) dict = dh_tensor_dict_new ();
  const gint64 dims[] = { 2 };
  dh_tensor_dict_take (dict, "a", dh_tensor_new_f32 (1, dims));
  dh_tensor_dict_take (dict, "b", dh_tensor_new_f32 (1, dims));
  dh_tensor_dict_take (dict, "c", dh_tensor_new_f32 (0, NULL));
  dh_tensor_dict_take (dict, "b", dh_tensor_new_f32 (0, NULL));
  g_assert_cmpuint (dh_tensor_dict_size (dict), ==, 3);
  g_assert_cmpuint (dh_tensor_dict_get (dict, "b")->n_dims, ==, 0);
  g_assert_true (dh_tensor_dict_remove (dict, "a"));
  g_assert_false (dh_tensor_dict_remove (dict, "a"));
  g_assert_cmpstr (dh_tensor_dict_name (dict, 0), ==, "b");
  g_assert_true (dh_tensor_dict_get (dict, "c") == dh_tensor_dict_at (dict, 1));
}

static void
test_file_write (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-base-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_file_write (path, "old", 3, &error));

  /* abandoned: the old file stays and nothing is left beside it */
  DhFileWriter *writer = dh_file_writer_open (path, &error);
  g_assert_true (dh_file_writer_write (writer, "new", 3, &error));
  dh_file_writer_free (writer);
  g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "old", 3);

  g_assert_null (dh_file_read (folder, DH_FILE_ANY_SIZE, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_clear_error (&error);
  g_autofree char *absent = g_build_filename (folder, "absent", "file", NULL);
  g_assert_null (dh_file_read (absent, DH_FILE_ANY_SIZE, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (dh_file_write (absent, "x", 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);

  g_remove (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* fails if a temporary file was left */
}

static gboolean
is_text (const char *name, gpointer data)
{
  return g_str_has_suffix (name, ".txt");
}

static gboolean
exists (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint
count_files (const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

/* A process that is killed while it writes the file. */
static void
die_writing (const char *path)
{
  g_autoptr (GError) error = NULL;
  int pipe_of[2];
  char ready;
  g_assert_cmpint (pipe (pipe_of), ==, 0);
  const pid_t child = fork ();
  if (child == 0)
    {
      DhFileWriter *writer = dh_file_writer_open (path, NULL);
      if (writer && dh_file_writer_write (writer, "half", 4, NULL) && write (pipe_of[1], "x", 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (read (pipe_of[0], &ready, 1), ==, 1);
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  close (pipe_of[0]);
  close (pipe_of[1]);
}

/* What kills have left of one's own files goes; what is being written, and whatever bears another name, stays. */
static void
test_file_parts (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-base-XXXXXX", NULL);
  g_autofree char *within = g_build_filename (folder, "deep", NULL);
  g_autofree char *mine = g_build_filename (folder, "mine.txt", NULL),
                  *other = g_build_filename (folder, "x.png", NULL),
                  *deep = g_build_filename (within, "mine.txt", NULL), *link = g_build_filename (folder, "link", NULL),
                  *linked = g_build_filename (folder, "a.txt.part-abcdef", NULL);
  static const char *const strangers[] = { "mine.txt.part-",          "mine.txt.part-abcde",
                                           "mine.txt.part-ab/de",     "mine.txt",
                                           "mine.txt.part-abcd.f",    ".part-abcdef",
                                           "mine.txt.part-abcdef.txt" };
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *none = dh_file_part_of (strangers[i]);
      g_assert_null (none);
    }
  g_autofree char *whole = dh_file_part_of ("a.part-b.txt.part-aB3dE6");
  g_assert_cmpstr (whole, ==, "a.part-b.txt");

  g_assert_cmpint (g_mkdir (within, 0755), ==, 0);
  die_writing (mine);
  die_writing (other);
  die_writing (deep);
  g_assert_cmpint (symlink ("deep", link), ==, 0);
  g_assert_cmpint (symlink ("/dev/null", linked), ==, 0);
  g_assert_cmpuint (count_files (folder), ==, 5);
  DhFileWriter *alive = dh_file_writer_open (mine, &error);
  g_assert_no_error (error);
  dh_file_remove_parts (folder, FALSE, is_text, NULL);
  g_assert_cmpuint (count_files (folder), ==, 5); /* the dead one has gone, the living one has come */
  g_assert_cmpuint (count_files (within), ==, 1);
  dh_file_remove_parts (folder, TRUE, is_text, NULL);
  g_assert_cmpuint (count_files (within), ==, 0);
  g_assert_true (dh_file_writer_write (alive, "new", 3, &error) && dh_file_writer_close (alive, &error));
  g_assert_no_error (error);
  dh_file_writer_free (alive);
  g_assert_true (exists (folder, "mine.txt"));
  dh_file_remove_parts ("/proc/nowhere", TRUE, is_text, NULL);
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", folder);
  g_assert_cmpint (system (command), ==, 0);
}

static gint sweeping;

static gpointer
sweep (gpointer folder)
{
  while (g_atomic_int_get (&sweeping))
    dh_file_remove_parts (folder, FALSE, is_text, NULL);
  return NULL;
}

/* At whatever moment somebody looks for what was left, who writes loses nothing. */
static void
test_file_parts_alive (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-base-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file.txt", NULL);
  g_atomic_int_set (&sweeping, TRUE);
  GThread *threads[2] = { g_thread_new ("sweep", sweep, folder), g_thread_new ("sweep", sweep, folder) };
  for (guint i = 0; i < 1000; i++)
    {
      g_assert_true (dh_file_write (path, &i, sizeof i, &error));
      g_assert_no_error (error);
      g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &i, sizeof i);
    }
  g_atomic_int_set (&sweeping, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (count_files (folder), ==, 1);
  g_remove (path);
  g_rmdir (folder);
}

/* What was read stays, whatever becomes of the file; and nothing is spent on what is too large. */
static void
test_file_read (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-base-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autoptr (GError) error = NULL;
  static const gsize sizes[] = { 0, 1, 4096, 256 * 1024, 256 * 1024 + 1, 3 << 20 };
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      g_autofree guint8 *data = g_malloc (sizes[s] + 1);
      for (gsize i = 0; i < sizes[s]; i++)
        data[i] = (guint8)(i * 31 + s);
      g_assert_true (dh_file_write (path, data, sizes[s], &error));
      guint64 size = 0;
      g_autoptr (GBytes) head = dh_file_read_head (path, 100, &size, &error);
      g_assert_cmpuint (size, ==, sizes[s]);
      g_assert_cmpmem (g_bytes_get_data (head, NULL), g_bytes_get_size (head), data, MIN (sizes[s], 100));
      g_autoptr (GBytes) bytes = dh_file_read (path, sizes[s], &error);
      g_assert_no_error (error);
      g_assert_cmpint (truncate (path, 0), ==, 0);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), data, sizes[s]);
    }
  g_assert_cmpint (truncate (path, 1001), ==, 0);
  g_assert_null (dh_file_read (path, 1000, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_clear_error (&error);
  if (truncate (path, (gint64)1 << 40) == 0) /* a hole: no disk is used */
    {
      g_assert_null (dh_file_read (path, DH_FILE_ANY_SIZE, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
    }
  g_remove (path);
  g_rmdir (folder);
}

/* What reads it: the bytes that were written as they came, from a pipe that is still one. */
static void
assert_piped (const char *path, int reading)
{
  g_autoptr (GError) error = NULL;
  char bytes[8] = "";
  struct stat before, after;
  g_assert_cmpint (lstat (path, &before), ==, 0);
  g_assert_true (dh_file_write (path, "whole", 5, &error));
  g_assert_no_error (error);
  g_assert_cmpint (read (reading, bytes, sizeof bytes), ==, 5);
  g_assert_cmpmem (bytes, 5, "whole", 5);
  g_assert_cmpint (lstat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  g_assert_cmpuint (before.st_mode, ==, after.st_mode);
}

/* Nothing is renamed over what is no file: /dev/stdout would be gone for everybody. */
static void
test_file_pipe (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-base-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL), *link = g_build_filename (folder, "link", NULL);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  const int reading = open (fifo, O_RDONLY | O_NONBLOCK);
  g_assert_cmpint (reading, >=, 0);
  assert_piped (fifo, reading);
  close (reading);

  int ends[2];
  g_assert_cmpint (pipe (ends), ==, 0);
  g_autofree char *target = g_strdup_printf ("/proc/self/fd/%d", ends[1]);
  g_assert_cmpint (symlink (target, link), ==, 0);
  assert_piped (link, ends[0]);
  close (ends[0]);
  close (ends[1]);

  /* which could not be opened by that name */
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  g_autofree char *connected = g_strdup_printf ("/proc/self/fd/%d", ends[1]);
  assert_piped (connected, ends[0]);
  close (ends[0]);
  close (ends[1]);

  /* of a file behind such a name what is there stays: a shell may add to it */
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_assert_true (g_file_set_contents (path, "before ", -1, NULL));
  const int file = open (path, O_WRONLY | O_APPEND);
  g_autofree char *named = g_strdup_printf ("/proc/self/fd/%d", file);
  g_autofree char *content = NULL;
  g_assert_true (dh_file_write (named, "after", 5, NULL));
  close (file);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "before after");
  g_unlink (path);
  g_unlink (link);
  g_unlink (fifo);
  g_rmdir (folder);
}

static void
test_full_disk (void)
{
  g_autoptr (GError) error = NULL;
  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS))
    return g_test_skip ("no /dev/full");
  /* /dev/full cannot be renamed onto, but reading it must be refused as a device */
  g_assert_null (dh_file_read ("/dev/full", DH_FILE_ANY_SIZE, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
}

static void
test_map_names (void)
{
  for (guint i = 0; i < DH_N_MAPS; i++)
    {
      DhMap map;
      g_assert_true (dh_map_from_name (dh_map_name (i), &map));
      g_assert_cmpuint (map, ==, i);
    }
  DhMap map;
  g_assert_false (dh_map_from_name ("moon", &map));
}

/* Every length around the ends of blocks, against GLib, and the standard's own example. */
static void
test_sha256 (void)
{
  g_autofree char *abc = dh_sha256 ("abc", 3);
  g_assert_cmpstr (abc, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  guint8 data[300];
  for (guint i = 0; i < sizeof data; i++)
    data[i] = i * 37 + 11;
  for (gsize size = 0; size <= 290; size++)
    {
      g_autofree char *ours = dh_sha256 (data + size % 7, size);
      g_autofree char *theirs = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data + size % 7, size);
      g_assert_cmpstr (ours, ==, theirs);
    }
}

/* json-glib's numbers, in and out of strings. */
static void
test_mend_json (void)
{
  static const char *const texts[][2] = {
    { "1e-08.0", "1e-08" },
    { "[1e-08.0,2E+30.0, 1.5e-08,3.0,-4e5.0]", "[1e-08,2E+30, 1.5e-08,3.0,-4e5]" },
    { "{\"1e-08.0\":\"a\\\"1e-08.0\",\"b\":true,\"c\":0.5}", "{\"1e-08.0\":\"a\\\"1e-08.0\",\"b\":true,\"c\":0.5}" },
    { "{\"x\\\\\":1e-08.0}", "{\"x\\\\\":1e-08}" },
    { "", "" },
    { "\"open\\", "\"open\\" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = dh_text_mend_json (g_strdup (texts[i][0]));
      g_assert_cmpstr (text, ==, texts[i][1]);
    }
  g_assert_null (dh_text_mend_json (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/shape-count", test_shape_count);
  g_test_add_func ("/base/half-round-trip", test_half_round_trip);
  g_test_add_func ("/base/half-rounding", test_half_rounding);
  g_test_add_func ("/base/tensor-convert", test_tensor_convert);
  g_test_add_func ("/base/dict", test_dict);
  g_test_add_func ("/base/file-write", test_file_write);
  g_test_add_func ("/base/file-pipe", test_file_pipe);
  g_test_add_func ("/base/file-read", test_file_read);
  g_test_add_func ("/base/file-parts", test_file_parts);
  g_test_add_func ("/base/file-parts-alive", test_file_parts_alive);
  g_test_add_func ("/base/map-a-device", test_full_disk);
  g_test_add_func ("/base/map-names", test_map_names);
  g_test_add_func ("/base/sha256", test_sha256);
  g_test_add_func ("/base/floats-span", test_floats_span);
  g_test_add_func ("/base/mend-json", test_mend_json);
  return g_test_run ();
}
