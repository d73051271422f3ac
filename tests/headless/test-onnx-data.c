/* Constants whose elements lie in files beside the ONNX file: where they may lie, and where not. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "onnx-bytes.h"

/* base/inside is the file's folder. */
static char *base, *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_floats (const char *path, guint n)
{
  g_autofree float *values = g_new (float, n);
  for (guint i = 0; i < n; i++)
    values[i] = (float)i;
  g_assert_true (g_file_set_contents (path, (const char *)values, (gssize)(n * sizeof *values), NULL));
}

static void
put_external (GByteArray *graph, const char *name, gint64 n, const char *location, const char *offset,
              const char *length)
{
  onnx_put_message (graph, 5, onnx_make_external (name, n, location, offset, length));
}

static const float *
floats_of (const DhOnnxModel *model, const char *name, gint64 n)
{
  const DhTensor *tensor = dh_tensor_dict_get (model->constants, name);
  g_assert_nonnull (tensor);
  g_assert_cmpuint (tensor->n_dims, ==, 1);
  g_assert_cmpint (tensor->dims[0], ==, n);
  return dh_tensor_data (tensor);
}

static void
test_several_in_a_file (void)
{
  GByteArray *graph = g_byte_array_new (), *node = onnx_make_node ("Constant", "", "k"),
             *attribute = g_byte_array_new ();
  put_external (graph, "a", 4, "all.bin", NULL, NULL);
  put_external (graph, "b", 2, "./all.bin", "16", "8");
  put_external (graph, "c", 2, "deeper//more.bin", "4", NULL);
  put_external (graph, "end", 1, "all.bin", "28", "4");
  put_external (graph, "none", 0, "all.bin", "32", "0");
  onnx_put_string (attribute, 1, "value");
  onnx_put_int (attribute, 20, 4);
  onnx_put_message (attribute, 5, onnx_make_external ("", 1, "all.bin", "12", "4"));
  onnx_put_message (node, 5, attribute);
  onnx_put_message (graph, 1, node);
  GByteArray *file = onnx_make_model (graph);
  g_autoptr (GByteArray) kept = g_byte_array_ref (file);
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (file, folder);
  const float *a = floats_of (model, "a", 4), *b = floats_of (model, "b", 2), *c = floats_of (model, "c", 2);
  g_assert_cmpfloat (a[3], ==, 3);
  g_assert_true (b == a + 4); /* views of one reading */
  g_assert_cmpfloat (b[1], ==, 5);
  g_assert_cmpfloat (c[0], ==, 1);
  g_assert_cmpfloat (floats_of (model, "end", 1)[0], ==, 7);
  g_assert_cmpuint (dh_tensor_size_bytes (dh_tensor_dict_get (model->constants, "none")), ==, 0);
  const DhOnnxAttribute *value =
      dh_onnx_node_get (g_ptr_array_index (model->nodes, 0), "value", DH_ONNX_ATTRIBUTE_TENSOR);
  g_assert_true (dh_tensor_data (value->tensor) == a + 3);

  /* What is beside the file is a part of what it is known by. */
  g_autoptr (DhOnnxModel) again = onnx_assert_reads (g_byte_array_ref (kept), folder);
  g_assert_cmpstr (again->sha256, ==, model->sha256);
  g_autofree char *path = in_folder ("all.bin");
  write_floats (path, 9);
  g_autoptr (DhOnnxModel) other = onnx_assert_reads (g_byte_array_ref (kept), folder);
  g_assert_cmpstr (other->sha256, !=, model->sha256);
  g_assert_cmpuint (strlen (other->sha256), ==, 64);
  write_floats (path, 8);
  onnx_assert_refused (g_byte_array_ref (kept), NULL, DH_ERROR_INVALID, "no folder");
}

static GByteArray *
make_at (const char *location, const char *offset, const char *length)
{
  return onnx_make_constant (onnx_make_external ("w", 4, location, offset, length));
}

static void
test_paths_that_lead_out (void)
{
  g_autofree char *absolute = in_folder ("all.bin"), *real = g_canonicalize_filename (absolute, "/"),
                  *name = g_path_get_basename (folder), *back = g_build_filename ("..", name, "all.bin", NULL);
  const char *const locations[] = {
    absolute, real, back,      "../outside.bin",  "deeper/../all.bin",     "..",        ".",
    "",       "/",  "out.bin", "out/outside.bin", "deeper/up/outside.bin", "/dev/zero", "zero"
  };
  for (guint i = 0; i < G_N_ELEMENTS (locations); i++)
    onnx_assert_refused (make_at (locations[i], NULL, NULL), folder, DH_ERROR_INVALID, "not in the folder");
  /* A folder beside it whose name begins alike. */
  onnx_assert_refused (make_at ("alike.bin", NULL, NULL), folder, DH_ERROR_INVALID, "not in the folder");
}

static void
test_what_is_no_file (void)
{
  onnx_assert_refused (make_at ("absent.bin", NULL, NULL), folder, DH_ERROR_NOT_FOUND, "absent.bin");
  onnx_assert_refused (make_at ("dangling", NULL, NULL), folder, DH_ERROR_NOT_FOUND, "dangling");
  onnx_assert_refused (make_at ("absent/all.bin", NULL, NULL), folder, DH_ERROR_NOT_FOUND, "absent");
  onnx_assert_refused (make_at ("all.bin/all.bin", NULL, NULL), folder, DH_ERROR_IO, "all.bin");
  onnx_assert_refused (make_at ("circle", NULL, NULL), folder, DH_ERROR_IO, "circle");
  onnx_assert_refused (make_at ("deeper", NULL, NULL), folder, DH_ERROR_IO, "is a folder");
  onnx_assert_refused (make_at ("pipe", NULL, NULL), folder, DH_ERROR_IO, "is a device"); /* nobody writes into it */
  g_autofree char *longest = g_strnfill (300, 'a');
  onnx_assert_refused (make_at (longest, NULL, NULL), folder, DH_ERROR_IO, "aaa");
  onnx_assert_refused (make_at ("all\nbin", NULL, NULL), folder, DH_ERROR_INVALID, "no text");
  onnx_assert_refused (make_at (NULL, "0", NULL), folder, DH_ERROR_INVALID, "not named");
  onnx_assert_refused (make_at ("all.bin", NULL, NULL), base, DH_ERROR_NOT_FOUND, "all.bin");
}

static void
test_places_in_a_file (void)
{
  static const struct
  {
    const char *offset, *length, *words;
  } cases[] = {
    { "20", NULL, "behind the end" },
    { "33", "16", "behind the end" },
    { "18446744073709551600", "16", "no whole number" },
    { "9223372036854775807", "16", "behind the end" },
    { "-4", "16", "no whole number" },
    { "0x4", "16", "no whole number" },
    { "", "16", "no whole number" },
    { " 4", "16", "no whole number" },
    { "0", "15", "another length" },
    { "0", "5368709120", "another length" },
    { "0", "18446744073709551615", "no whole number" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    onnx_assert_refused (make_at ("all.bin", cases[i].offset, cases[i].length), folder, DH_ERROR_INVALID,
                         cases[i].words);
  /* The shape agrees with the length, the file with neither. */
  onnx_assert_refused (
      onnx_make_constant (onnx_make_external ("w", G_GINT64_CONSTANT (1342177280), "all.bin", "0", "5368709120")),
      folder, DH_ERROR_INVALID, "behind the end");
  onnx_assert_refused (
      onnx_make_constant (onnx_make_external ("w", G_GINT64_CONSTANT (1) << 60, "all.bin", NULL, NULL)), folder,
      DH_ERROR_INVALID, "behind the end");
  onnx_assert_refused (onnx_make_constant (onnx_make_external ("w", G_MAXINT64, "all.bin", NULL, NULL)), folder,
                       DH_ERROR_INVALID, "absurd");
}

/* A file that takes no room on the disk, and would take all of the memory. */
static void
test_huge_file (void)
{
  g_autofree char *path = in_folder ("huge.bin");
  const int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
  const gboolean made = ftruncate (fd, (off_t)9 << 30) == 0;
  close (fd);
  if (made)
    onnx_assert_refused (make_at ("huge.bin", NULL, NULL), folder, DH_ERROR_TOO_LARGE, "huge.bin");
  else
    g_test_message ("no file of 9 GiB can be made here: %s", g_strerror (errno));
  g_remove (path);
}

static void
test_links_that_stay (void)
{
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (make_at ("deeper/link.bin", "4", "16"), folder);
  g_assert_cmpfloat (floats_of (model, "w", 4)[0], ==, 1);
  /* Through a folder that is a link itself. */
  g_autofree char *linked = g_build_filename (base, "linked", NULL);
  g_autoptr (DhOnnxModel) other = onnx_assert_reads (make_at ("all.bin", NULL, NULL), linked);
  g_assert_cmpfloat (floats_of (other, "w", 4)[3], ==, 3);
}

/* A cache of downloads: names/net.onnx and names/net.bin are links to blobs/1 and blobs/2. What lies elsewhere is as
 * far away as ever. */
static void
test_links_of_a_cache (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *names = g_build_filename (base, "names", NULL), *blobs = g_build_filename (base, "blobs", NULL),
                  *one = g_build_filename (blobs, "1", NULL), *two = g_build_filename (blobs, "2", NULL),
                  *net = g_build_filename (names, "net.onnx", NULL), *bin = g_build_filename (names, "net.bin", NULL);
  g_assert_cmpint (g_mkdir (names, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (blobs, 0755), ==, 0);
  g_autoptr (GByteArray) file = make_at ("net.bin", NULL, NULL);
  g_assert_true (g_file_set_contents (one, (const char *)file->data, file->len, NULL));
  write_floats (two, 4);
  g_assert_cmpint (symlink ("../blobs/1", net), ==, 0);
  g_assert_cmpint (symlink ("../blobs/2", bin), ==, 0);
  g_autoptr (DhOnnxModel) model = dh_onnx_model_read (net, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (floats_of (model, "w", 4)[3], ==, 3);

  g_assert_cmpint (g_remove (bin), ==, 0);
  g_assert_cmpint (symlink ("../outside.bin", bin), ==, 0);
  g_assert_null (dh_onnx_model_read (net, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "not in the folder"));
  g_assert_true (g_str_has_prefix (error->message, net));
}

static void
test_files_that_are_none (void)
{
  static const struct
  {
    const char *name;
    DhError code;
  } cases[] = { { "absent.onnx", DH_ERROR_NOT_FOUND },
                { "circle", DH_ERROR_IO },
                { "pipe", DH_ERROR_IO },
                { "deeper", DH_ERROR_IO },
                { "all.bin", DH_ERROR_INVALID } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = in_folder (cases[i].name);
      g_assert_null (dh_onnx_model_read (path, &error));
      g_assert_error (error, DH_ERROR, (gint)cases[i].code);
      g_assert_true (g_str_has_prefix (error->message, path));
    }
}

static void
make_folders (void)
{
  static const char *const links[][2] = {
    { "inside/out.bin", "../outside.bin" },
    { "inside/out", ".." },
    { "inside/deeper/up", "../.." },
    { "inside/zero", "/dev/zero" },
    { "inside/dangling", "absent.bin" },
    { "inside/circle", "circle" },
    { "inside/deeper/link.bin", "../all.bin" },
    { "inside/alike.bin", "../inside-not/all.bin" },
    { "linked", "inside" },
  };
  static const char *const files[] = { "inside/all.bin", "inside/deeper/more.bin", "outside.bin",
                                       "inside-not/all.bin" },
                           *const folders[] = { "inside", "inside/deeper", "inside-not" };
  base = g_dir_make_tmp ("dh-onnx-XXXXXX", NULL);
  folder = g_build_filename (base, "inside", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = g_build_filename (base, folders[i], NULL);
      g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (base, files[i], NULL);
      write_floats (path, 8);
    }
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *path = g_build_filename (base, links[i][0], NULL);
      g_assert_cmpint (symlink (links[i][1], path), ==, 0);
    }
  g_autofree char *pipe = in_folder ("pipe");
  g_assert_cmpint (mkfifo (pipe, 0644), ==, 0);
}

/* Links are removed, not followed. */
static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *below = g_build_filename (path, name, NULL);
      remove_tree (below);
    }
  g_remove (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  make_folders ();
  g_test_add_func ("/onnx-data/several-in-a-file", test_several_in_a_file);
  g_test_add_func ("/onnx-data/paths-that-lead-out", test_paths_that_lead_out);
  g_test_add_func ("/onnx-data/what-is-no-file", test_what_is_no_file);
  g_test_add_func ("/onnx-data/places-in-a-file", test_places_in_a_file);
  g_test_add_func ("/onnx-data/huge-file", test_huge_file);
  g_test_add_func ("/onnx-data/links-that-stay", test_links_that_stay);
  g_test_add_func ("/onnx-data/links-of-a-cache", test_links_of_a_cache);
  g_test_add_func ("/onnx-data/files-that-are-none", test_files_that_are_none);
  const int status = g_test_run ();
  remove_tree (base);
  g_free (base);
  g_free (folder);
  return status;
}
