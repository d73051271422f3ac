#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-nets.h"

static DhNet *
new_net (const char *name, gint classes)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  dh_architecture_from_name (name, classes, &architecture, &error);
  g_assert_no_error (error);
  return dh_net_new (&architecture);
}

/* Tensors of the right shapes without contents worth reading. */
static DhTensorDict *
new_shapes (const DhNet *net)
{
  DhTensorDict *dict = dh_tensor_dict_new ();
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      const gsize size = (gsize)dh_shape_count (key->n_dims, key->dims, 1) * dh_dtype_size (key->dtype);
      dh_tensor_dict_take (
          dict, key->name,
          dh_tensor_new_take (key->dtype, key->n_dims, key->dims, g_bytes_new_take (g_malloc0 (size), size)));
    }
  return dict;
}

static void
replace (DhTensorDict *dict, const char *name, guint n_dims, gint64 d0, gint64 d1, gint64 d2, gint64 d3)
{
  const gint64 dims[] = { d0, d1, d2, d3 };
  dh_tensor_dict_take (dict, name, dh_tensor_new_f32 (n_dims, dims));
}

/* The paper's figures: 2 FLOP a multiply-add, at 1024×2048. */
static void
test_work (void)
{
  static const struct
  {
    const char *name;
    double gflop;
  } nets[] = { { "ldn121", 411.5 }, { "dlv3p_wrn38", 11650 } };
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      g_autoptr (DhNet) net = new_net (nets[i].name, 19);
      g_autofree DhShape *shapes = dh_graph_infer_shapes (net->graph, (DhShape){ 1, 3, 1024, 2048 }, NULL);
      const double gflop = 1e-9 * dh_graph_flop (net->graph, shapes, net->maps, DH_N_MAPS);
      g_assert_cmpfloat (fabs (gflop / nets[i].gflop - 1), <, 2e-3);
      g_assert_cmpint (shapes[net->logits].h, ==, 1024);
      g_assert_cmpint (shapes[net->logits_ood].w, ==, 2048);
    }
}

static void
test_recognise (void)
{
  for (const char *const *name = dh_architecture_names (); *name; name++)
    {
      g_autoptr (DhNet) net = new_net (*name, 7);
      g_autoptr (DhTensorDict) dict = new_shapes (net);
      g_autoptr (GError) error = NULL;
      DhArchitecture found;
      dh_architecture_recognise (dict, &found, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (&found, sizeof found, &net->architecture, sizeof found);
      g_assert_cmpstr (dh_architecture_name (&found), ==, *name);
      dh_net_check_keys (net, dict, &error);
      g_assert_no_error (error);
    }
}

static void
test_recognise_variant (void)
{
  DhArchitecture odd = { .family = DH_FAMILY_LDN,
                         .classes = 255,
                         .outlier_head = TRUE,
                         .ldn = { .stem = 3,
                                  .growth = 5,
                                  .blocks = { 1, 1, 2, 1 },
                                  .pyramid = 7,
                                  .level = 2,
                                  .fuse = 9,
                                  .decoder = { 4, 6, 8 } } };
  g_autoptr (DhNet) net = dh_net_new (&odd);
  g_autoptr (DhTensorDict) dict = new_shapes (net);
  DhArchitecture found;
  g_assert_true (dh_architecture_recognise (dict, &found, NULL));
  g_assert_cmpmem (&found, sizeof found, &odd, sizeof odd);
  g_assert_cmpstr (dh_architecture_name (&found), ==, "ldn-variant");
}

static void
assert_not_recognised (DhTensorDict *dict, const char *part)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture found;
  g_assert_false (dh_architecture_recognise (dict, &found, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_not_recognised (void)
{
  g_autoptr (DhTensorDict) dict = dh_tensor_dict_new ();
  assert_not_recognised (dict, "mod1.conv1.weight");
  replace (dict, "mod1.conv1.weight", 0, 0, 0, 0, 0);
  assert_not_recognised (dict, "mod2.block1.convs.conv1.weight");

  g_autoptr (DhNet) net = new_net ("ldn-tiny", 5);
  g_autoptr (DhTensorDict) ladder = new_shapes (net);
  replace (ladder, "backbone.features.conv0.weight", 2, 3, 3, 0, 0);
  assert_not_recognised (ladder, "3×3");
  replace (ladder, "backbone.features.conv0.weight", 4, 0, 3, 7, 7);
  assert_not_recognised (ladder, "0×3×7×7");
  replace (ladder, "backbone.features.conv0.weight", 4, 16, 3, 7, 7);
  replace (ladder, "logits.conv.weight", 4, 256, 1, 1, 1);
  assert_not_recognised (ladder, "256");
  replace (ladder, "logits.conv.weight", 4, 1, 1, 1, 1);
  assert_not_recognised (ladder, "2 to 255");
  for (guint i = 1; i <= 257; i++)
    {
      g_autofree char *name = g_strdup_printf ("backbone.features.denseblock1.denselayer%u.conv2.weight", i);
      replace (ladder, name, 4, 1, 1, 1, 1);
    }
  assert_not_recognised (ladder, "256");
}

static void
test_check_keys (void)
{
  g_autoptr (DhNet) net = new_net ("ldn121", 12);
  g_autoptr (DhTensorDict) dict = new_shapes (net);
  g_autoptr (GError) error = NULL;
  /* What nothing depends on may be missing, but not of another shape. */
  g_assert_true (dh_tensor_dict_remove (dict, "backbone.features.norm0.num_batches_tracked"));
  g_assert_true (dh_tensor_dict_remove (dict, "upsample.upsample_layers.upsample_1.logits_aux.conv.bias"));
  dh_net_check_keys (net, dict, &error);
  g_assert_no_error (error);

  g_assert_true (dh_tensor_dict_remove (dict, "logits.norm.running_var"));
  replace (dict, "logits.conv.weight", 4, 13, 128, 1, 1);
  replace (dict, "upsample.upsample_layers.upsample_0.logits_aux.conv.weight", 4, 1, 256, 1, 1);
  g_assert_false (dh_net_check_keys (net, dict, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "1 missing: logits.norm.running_var"));
  g_assert_nonnull (strstr (error->message, "2 of another shape"));
  g_assert_nonnull (strstr (error->message, "logits.conv.weight (13×128×1×1, needed 12×128×1×1)"));
}

static void
test_names (void)
{
  DhArchitecture architecture;
  g_autoptr (GError) error = NULL;
  g_assert_false (dh_architecture_from_name ("resnet", 0, &architecture, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "ldn121-closed"));
  g_clear_error (&error);
  g_assert_false (dh_architecture_from_name ("ldn121", 256, &architecture, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

/* What goes into the program, and how fresh weights are spread. */
static void
test_demo (void)
{
  g_autoptr (DhNet) net = new_net ("ldn-demo", 0);
  g_autoptr (DhTensorDict) dict = dh_net_new_fresh (net, "", 3);
  gsize bytes = 0;
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    bytes += dh_tensor_size_bytes (dh_tensor_dict_at (dict, i));
  g_assert_cmpuint (bytes, <=, 2500 * 1000);
  g_assert_cmpuint (bytes, >=, 1000 * 1000);

  DhTensor *weight = dh_tensor_dict_get (dict, "logits.conv.weight");
  DhTensor *bias = dh_tensor_dict_get (dict, "logits.conv.bias");
  const double bound = 1 / sqrt ((double)weight->dims[1]);
  double most = 0;
  for (gint64 i = 0; i < dh_tensor_count (weight); i++)
    most = fmax (most, fabs (dh_tensor_f32 (weight)[i]));
  g_assert_cmpfloat (most, <=, bound);
  g_assert_cmpfloat (most, >, 0.9 * bound);
  g_assert_cmpfloat (fabs (dh_tensor_f32 (bias)[0]), >, 0);
  g_assert_cmpfloat (dh_tensor_f32 (dh_tensor_dict_get (dict, "logits.norm.weight"))[0], ==, 1);
  g_assert_cmpfloat (dh_tensor_f32 (dh_tensor_dict_get (dict, "logits.norm.bias"))[0], ==, 0);
  g_assert_cmpfloat (dh_tensor_f32 (dh_tensor_dict_get (dict, "logits.norm.running_var"))[0], ==, 1);

  g_autoptr (DhTensorDict) head = dh_net_new_fresh (net, "logits_ood.", 3);
  g_assert_cmpuint (dh_tensor_dict_size (head), ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nets/work", test_work);
  g_test_add_func ("/nets/recognise", test_recognise);
  g_test_add_func ("/nets/recognise-variant", test_recognise_variant);
  g_test_add_func ("/nets/not-recognised", test_not_recognised);
  g_test_add_func ("/nets/check-keys", test_check_keys);
  g_test_add_func ("/nets/names", test_names);
  g_test_add_func ("/nets/demo", test_demo);
  return g_test_run ();
}
