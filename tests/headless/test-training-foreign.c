#include <glib/gstdio.h>
#include <string.h>

#include "dh-device.h"
#include "dh-error.h"
#include "dh-foreign-start.h"
#include "dh-model.h"
#include "dh-onnx-trained.h"
#include "dh-run-config.h"
#include "dh-trainer.h"
#include "tiny-training.h"

/* Trainings of a network that is an ONNX file: a small one with a skip, whose classes are the scenes'. */

#define CLASSES 12

typedef enum
{
  PLAIN,
  WITH_NORM,   /* one that no convolution takes in */
  GATED,       /* groups, a gate, other activations, and class logits of two convolutions */
  ATTENTIVE,   /* a layer norm, attention, a norm that a convolution takes in */
  WITH_GRID,   /* a pool to several windows */
  ENDS_IN_CLIP /* class logits that no convolution makes */
} Kind;

/* Squeeze and excitation. */
static DhValue
add_gate (DhGraph *graph, DhValue x)
{
  DhValue gate = dh_graph_adaptive_pool (graph, x, 1, FALSE);
  gate = dh_graph_relu (graph, dh_graph_conv (graph, gate, "squeeze", (DhConv){ 4, 1, 1, 0, 1, TRUE }));
  gate = dh_graph_conv (graph, gate, "excite", (DhConv){ 8, 1, 1, 0, 1, TRUE });
  gate = dh_graph_activation (graph, gate, (DhActivation){ DH_ACTIVATION_HARD_SIGMOID, 1 / 6.0f, 0.5f });
  return dh_graph_multiply (graph, x, gate);
}

/* As a transformer's: keys of fewer pixels, and a query's bias behind its product. */
static DhValue
add_attention (DhGraph *graph, DhValue x)
{
  const DhConv line = { 8, 1, 1, 0, 1, TRUE }, unbiased = { 8, 1, 1, 0, 1, FALSE };
  const DhValue y = dh_graph_layer_norm (graph, x, "before", 1e-6);
  const DhValue low = dh_graph_conv (graph, y, "reduce", (DhConv){ 8, 2, 2, 0, 1, TRUE });
  const DhValue q = dh_graph_norm (graph, dh_graph_conv (graph, y, "q", unbiased), "q_bias", 0.1);
  const DhValue made = dh_graph_attention (graph, q, dh_graph_conv (graph, low, "k", line),
                                           dh_graph_conv (graph, low, "v", line), 2, 0.5);
  return dh_graph_add (graph, x, dh_graph_conv (graph, made, "project", line));
}

static DhNet *
make_net (Kind kind, gint classes)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  static const float mean[3] = { 0.4f, 0.5f, 0.6f }, deviation[3] = { 0.2f, 0.25f, 0.3f };
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_channel_scale (graph, input, mean, deviation);
  x = dh_graph_relu (graph, dh_graph_conv (graph, x, "first", (DhConv){ 8, 3, 1, 1, 1, TRUE }));
  const DhValue fine = x;
  x = dh_graph_max_pool (graph, x, 2, 2, 0);
  if (kind == WITH_NORM)
    x = dh_graph_norm (graph, x, "lonely", 0.1);
  x = dh_graph_conv (graph, x, "second", (DhConv){ 8, 3, 2, 1, 1, TRUE });
  if (kind == GATED)
    {
      x = dh_graph_activation (graph, x, (DhActivation){ DH_ACTIVATION_HARD_SWISH, 1 / 6.0f, 0.5f });
      x = add_gate (graph, dh_graph_conv (graph, x, "depth", (DhConv){ 8, 3, 1, 1, 1, TRUE, 8 }));
    }
  if (kind == ATTENTIVE)
    x = dh_graph_activation (graph, add_attention (graph, x), (DhActivation){ DH_ACTIVATION_GELU, 0, 0 });
  x = dh_graph_relu (graph, x);
  x = dh_graph_resize (graph, x, fine, FALSE);
  x = dh_graph_concat (graph, (DhValue[]){ x, fine }, 2);
  x = dh_graph_relu (graph, dh_graph_conv (graph, x, "third", (DhConv){ 8, 3, 1, 2, 2, TRUE }));
  if (kind == WITH_GRID)
    x = dh_graph_add (graph, x, dh_graph_resize (graph, dh_graph_adaptive_pool (graph, x, 2, FALSE), x, FALSE));
  const DhValue features = x;
  x = dh_graph_conv (graph, features, "classes", (DhConv){ classes, 1, 1, 0, 1, TRUE });
  if (kind == ENDS_IN_CLIP)
    x = dh_graph_activation (graph, x, (DhActivation){ DH_ACTIVATION_CLIP, -4, 4 });
  if (kind == GATED)
    x = dh_graph_add (graph, x, dh_graph_conv (graph, fine, "more", (DhConv){ classes, 1, 1, 0, 1, TRUE }));
  return dh_net_new_foreign (graph, input, dh_graph_resize (graph, x, input, FALSE), DH_NO_VALUE);
}

/* An ONNX file under the folder, and what its parameters are; free with g_free. */
static char *
write_net (const char *name, Kind kind, gint classes, char **class_names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhNet) net = make_net (kind, classes);
  g_autoptr (DhTensorDict) tensors = dh_net_new_fresh (net, "", 1);
  char *path = g_build_filename (tiny_folder, name, NULL);
  const DhOnnxPictures pictures = { TRUE, { 0.4f, 0.5f, 0.6f }, { 0.2f, 0.25f, 0.3f }, NULL, NULL, class_names };
  g_assert_true (dh_onnx_save_trained (path, net, tensors, &pictures, 64, &error));
  g_assert_no_error (error);
  return path;
}

static void
keep_step (const char *line, gpointer data)
{
  tiny_keep_step (line, data);
}

static gboolean
train (const char *name, const char *net, const char *device, guint64 most_steps, GPtrArray *steps, GError **error)
{
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  g_autofree char *path = g_build_filename (tiny_folder, name, NULL);
  const DhTraining training = { .folder = path,
                                .device = device,
                                .threads = 2,
                                .recipe = net ? recipe : NULL,
                                .resume = net == NULL,
                                .data_root = tiny_scenes,
                                .negative_root = tiny_negatives,
                                .init = net,
                                .seed = 5,
                                .most_steps = most_steps,
                                .event = keep_step,
                                .data = steps };
  return dh_train (&training, NULL, error);
}

static const char *const result[] = { "checkpoint.pth",    "model_best.onnx", "model_best.onnx.json", "model_2.onnx",
                                      "model_2.onnx.json", "net.onnx",        "net.onnx.json",        NULL };

/* It goes on bit for bit, though the file that it began with is gone, and what comes out is a network with a head. */
typedef struct
{
  const char *device, *name;
  Kind kind;
} Repeats;

static void
test_repeats (gconstpointer data)
{
  const Repeats *repeats = data;
  const char *device = repeats->device;
  g_autoptr (GError) error = NULL;
  g_autofree char *net = write_net ("net.onnx", repeats->kind, CLASSES, NULL);
  g_autofree char *straight_name = g_strconcat ("straight-", repeats->name, NULL),
                  *parts_name = g_strconcat ("parts-", repeats->name, NULL);
  g_autoptr (GPtrArray) straight = g_ptr_array_new_with_free_func (g_free);
  g_assert_true (train (straight_name, net, device, 0, straight, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (straight->len, ==, 8);

  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  g_assert_false (train (parts_name, net, device, 3, parts, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_unlink (net);
  g_assert_true (train (parts_name, NULL, device, 0, parts, &error));
  g_assert_no_error (error);
  tiny_assert_same_steps (straight, parts);
  tiny_assert_same_files (straight_name, parts_name, result);

  g_autofree char *best = tiny_path (straight_name, "model_best.onnx");
  g_autoptr (DhModel) model = dh_model_load (best, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_model_has_outlier_head (model));
  g_assert_cmpint (dh_model_classes (model), ==, CLASSES);
  g_assert_false (dh_model_assumes_normalisation (model));
  g_autofree char *run = g_build_filename (tiny_folder, straight_name, NULL);
  g_autoptr (DhRunConfig) config = dh_run_config_read (run, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (config->recipe->architecture, ==, DH_FOREIGN_ARCHITECTURE);

  /* Which is trained on as it is. */
  g_autoptr (GPtrArray) again = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *again_name = g_strconcat ("again-", repeats->name, NULL);
  g_assert_true (train (again_name, best, device, 0, again, &error));
  g_assert_no_error (error);
}

/* The network in the run's folder was changed. */
static void
test_other_network (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *net = write_net ("first.onnx", PLAIN, CLASSES, NULL);
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func (g_free);
  g_assert_false (train ("changed", net, "ref", 2, steps, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autofree char *kept = tiny_path ("changed", "net.onnx.json");
  g_assert_true (g_file_set_contents (kept, "{\"mean\": [0, 0, 0], \"std\": [1, 1, 1]}", -1, NULL));
  g_assert_false (train ("changed", NULL, "ref", 0, steps, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
}

/* The class logits are a sum: so are the outlier logits. */
static void
test_heads (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = write_net ("heads.onnx", GATED, CLASSES, NULL);
  g_auto (DhForeignStart) start = { NULL };
  g_assert_true (dh_foreign_start_load (&start, path, TRUE, NULL, &error));
  g_assert_no_error (error);
  const DhTensor *first = dh_tensor_dict_get (start.tensors, "logits_ood.weight"),
                 *second = dh_tensor_dict_get (start.tensors, "logits_ood_.weight");
  g_assert_cmpint (first->dims[0], ==, 2);
  g_assert_cmpint (second->dims[0], ==, 2);
  g_assert_cmpint (first->dims[1] + second->dims[1], ==, 16);
  DhValue at = start.net->logits_ood;
  while (dh_graph_node (start.net->graph, at)->op == DH_OP_RESIZE)
    at = dh_graph_node (start.net->graph, at)->inputs[0];
  g_assert_cmpint (dh_graph_node (start.net->graph, at)->op, ==, DH_OP_ADD);
}

static void
assert_refused (const char *name, Kind kind, gint classes, char **class_names, gint code, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (name, ".onnx", NULL), *net = write_net (file, kind, classes, class_names);
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func (g_free);
  g_assert_false (train (name, net, "ref", 0, steps, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  /* The name is left to the next. */
  g_autofree char *config = tiny_path (name, "config.json");
  g_assert_false (g_file_test (config, G_FILE_TEST_EXISTS));
}

static void
test_refuses (void)
{
  char *names[CLASSES + 1] = { NULL };
  for (guint i = 0; i < CLASSES; i++)
    names[i] = g_strdup_printf ("nothing %u", i);
  assert_refused ("norm", WITH_NORM, CLASSES, NULL, DH_ERROR_UNSUPPORTED, "lonely");
  assert_refused ("clip", ENDS_IN_CLIP, CLASSES, NULL, DH_ERROR_UNSUPPORTED, "no place for an outlier head");
  assert_refused ("count", PLAIN, 5, NULL, DH_ERROR_MISMATCH, "5 classes");
  assert_refused ("named", PLAIN, CLASSES, names, DH_ERROR_MISMATCH, "nothing 0");
  for (guint i = 0; i < CLASSES; i++)
    g_free (names[i]);
}

/* Windows that are as large as the crop makes them would be another network at another size. */
static void
test_grid (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhNet) net = make_net (WITH_GRID, CLASSES);
  g_autoptr (DhTensorDict) tensors = dh_net_new_fresh (net, "", 1);
  g_autofree char *path = g_build_filename (tiny_folder, "grid.onnx", NULL);
  const DhOnnxPictures pictures = { TRUE, { 0.4f, 0.5f, 0.6f }, { 0.2f, 0.25f, 0.3f }, NULL, NULL, NULL };
  g_assert_false (dh_onnx_save_trained (path, net, tensors, &pictures, 64, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "2×2"));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* A head of zeros: the dataset posterior is ½, and the class logits are what they were. */
static void
test_head (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = write_net ("head.onnx", PLAIN, CLASSES, NULL);
  g_auto (DhForeignStart) start = { NULL };
  g_assert_true (dh_foreign_start_load (&start, path, TRUE, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (start.net->architecture.outlier_head);
  const DhTensor *weight = dh_tensor_dict_get (start.tensors, "logits_ood.weight");
  g_assert_cmpint (weight->dims[0], ==, 2);
  g_assert_cmpint (weight->dims[1], ==, 8);
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  const DhValue outputs[] = { start.net->logits_ood };
  const DhPlanOptions options = { .input = { 1, 3, 40, 56 }, .outputs = outputs, .n_outputs = 1 };
  g_autoptr (DhPlan) plan = dh_plan_new (device, start.net->graph, start.tensors, &options, &error);
  g_assert_no_error (error);
  g_autofree float *input = g_new0 (float, 3 * 40 * 56), *found = g_new (float, 2 * 40 * 56);
  void *const into[] = { found };
  g_assert_true (dh_plan_run (plan, input, into, NULL, NULL, &error));
  for (guint i = 0; i < 2 * 40 * 56; i++)
    g_assert_cmpfloat (found[i], ==, 0);
  g_auto (DhForeignStart) closed = { NULL };
  g_assert_true (dh_foreign_start_load (&closed, path, FALSE, NULL, &error));
  g_assert_false (closed.net->architecture.outlier_head);
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  static const Repeats ref = { "ref", "ref", PLAIN }, cpu = { "cpu", "cpu", PLAIN }, gated = { "cpu", "gated", GATED };
  static const Repeats attentive = { "cpu", "attentive", ATTENTIVE };
  g_test_add_data_func ("/training-foreign/repeats/ref", &ref, test_repeats);
  g_test_add_data_func ("/training-foreign/repeats/cpu", &cpu, test_repeats);
  g_test_add_data_func ("/training-foreign/repeats/gated", &gated, test_repeats);
  g_test_add_data_func ("/training-foreign/repeats/attentive", &attentive, test_repeats);
  g_test_add_func ("/training-foreign/other-network", test_other_network);
  g_test_add_func ("/training-foreign/refuses", test_refuses);
  g_test_add_func ("/training-foreign/grid", test_grid);
  g_test_add_func ("/training-foreign/head", test_head);
  g_test_add_func ("/training-foreign/heads", test_heads);
  return tiny_end ();
}
