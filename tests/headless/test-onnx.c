#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>

#include "dh-error.h"
#include "dh-onnx.h"

static char *folder, *path;

enum
{
  WIDE = 32768, /* the square of it in float32: 4 GiB */
};

/* Convolutions from 3 to `channels`, from there to as many and to 4, whose likelihood is the output. */
static DhGraph *
make_graph (gint channels, DhValue *output)
{
  DhGraph *graph = dh_graph_new ();
  DhValue x = dh_graph_input (graph, 3);
  x = dh_graph_conv (graph, x, "a", (DhConv){ .out = channels, .kernel = 1 });
  x = dh_graph_conv (graph, x, "b", (DhConv){ .out = channels, .kernel = 1 });
  x = dh_graph_conv (graph, x, "c", (DhConv){ .out = 4, .kernel = 1, .bias = TRUE });
  *output = dh_graph_score (graph, DH_MAP_LIKELIHOOD, x, DH_NO_VALUE);
  return graph;
}

/* Zeros that take no memory. */
static DhTensor *
make_zeros (guint n_dims, const gint64 *dims)
{
  const gsize size = (gsize)dh_shape_count (n_dims, dims, 1) * sizeof (float);
  gpointer zeros = mmap (NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_assert_true (zeros != MAP_FAILED);
  return dh_tensor_new_take (DH_DTYPE_F32, n_dims, dims, g_bytes_new_static (zeros, size)); /* lives as the program */
}

static DhTensorDict *
make_parameters (const DhGraph *graph)
{
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, NULL, 0);
  DhTensorDict *parameters = dh_tensor_dict_new ();
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      dh_tensor_dict_take (parameters, parameter->name, make_zeros (parameter->n_dims, parameter->dims));
    }
  return parameters;
}

static gboolean
save (const DhGraph *graph, DhValue output, DhTensorDict *parameters, GError **error)
{
  const DhOnnxContents contents = { .graph = graph,
                                    .parameters = parameters,
                                    .outputs = &output,
                                    .n_outputs = 1,
                                    .height = 32,
                                    .width = 32,
                                    .name = "made",
                                    .description = "" };
  return dh_onnx_save (path, &contents, error);
}

static void
assert_nothing_is_left (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (dir);
  g_assert_null (g_dir_read_name (dir));
}

static void
test_more_than_readers_take (void)
{
  DhValue output;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhGraph) graph = make_graph (WIDE, &output);
  g_autoptr (DhTensorDict) parameters = make_parameters (graph);
  g_assert_false (save (graph, output, parameters, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_nonnull (strstr (error->message, "4.0"));
  g_assert_nonnull (strstr (error->message, "at most 2 GiB"));
  assert_nothing_is_left ();
}

static void
test_parameters_that_do_not_fit (void)
{
  static const gint64 other[] = { 4, 8, 1, 2 };
  DhValue output;
  g_autoptr (DhGraph) graph = make_graph (8, &output);
  for (guint way = 0; way < 3; way++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhTensorDict) parameters = make_parameters (graph);
      if (way == 0)
        dh_tensor_dict_remove (parameters, "c.weight");
      else if (way == 1)
        dh_tensor_dict_take (parameters, "c.weight", make_zeros (4, other));
      else
        dh_tensor_dict_take (parameters, "c.weight",
                             dh_tensor_new_take (DH_DTYPE_I32, 4, (gint64[]){ 4, 8, 1, 1 },
                                                 g_bytes_new_take (g_new0 (gint32, 32), 128)));
      g_assert_false (save (graph, output, parameters, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
      g_assert_nonnull (strstr (error->message, "c.weight"));
      assert_nothing_is_left ();
    }
}

/* Each tensor once, and little beside them. */
static void
test_size (void)
{
  DhValue output;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhGraph) graph = make_graph (8, &output);
  g_autoptr (DhTensorDict) parameters = make_parameters (graph);
  g_assert_true (save (graph, output, parameters, &error));
  g_assert_no_error (error);
  g_autofree char *contents = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, >, (3 * 8 + 8 * 8 + 8 * 4 + 4) * sizeof (float));
  g_assert_cmpuint (size, <, (3 * 8 + 8 * 8 + 8 * 4 + 4) * sizeof (float) + 2048);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("dh-onnx-XXXXXX", NULL);
  path = g_build_filename (folder, "made.onnx", NULL);
  g_test_add_func ("/onnx/more-than-readers-take", test_more_than_readers_take);
  g_test_add_func ("/onnx/parameters-that-do-not-fit", test_parameters_that_do_not_fit);
  g_test_add_func ("/onnx/size", test_size);
  const int status = g_test_run ();
  g_rmdir (folder);
  g_free (path);
  g_free (folder);
  return status;
}
