#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-inspection.h"
#include "dh-model.h"

static char *folder, *path;

static DhTensorDict *
seeded_state (const char *architecture, gint classes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded (architecture, classes, 3, 1.0, &error);
  g_assert_no_error (error);
  DhTensorDict *state = dh_model_dup_state (model, &error);
  g_assert_no_error (error);
  return state;
}

static void
save (DhTensorDict *state, const char *prefix)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) named = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      g_autofree char *name = g_strconcat (prefix, dh_tensor_dict_name (state, i), NULL);
      dh_tensor_dict_take (named, name, dh_tensor_ref (dh_tensor_dict_at (state, i)));
    }
  dh_checkpoint_save_pth (path, &(DhCheckpointContents){ .state = named }, &error);
  g_assert_no_error (error);
}

/* Loading must fail in these words. */
static void
assert_refused (const DhModelOptions *options, DhError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_load (path, options, &error);
  g_assert_null (model);
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpint (error->message[strlen (error->message) - 1], !=, '.');
}

static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) state = seeded_state ("ldn-tiny", 13);
  save (state, "module.");
  g_autoptr (DhModel) model = dh_model_load (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_model_title (model), ==, "ldn-tiny, 13 classes");
  g_assert_cmpstr (dh_model_architecture (model), ==, "ldn-tiny");
  g_assert_cmpstr (dh_model_path (model), ==, path);
  g_assert_cmpint (dh_model_classes (model), ==, 13);
  g_assert_true (dh_model_has_outlier_head (model));
  g_assert_null (dh_model_unexpected (model)[0]);
  g_assert_cmpuint (strlen (dh_model_sha256 (model)), ==, 64);

  /* Parameters: all trained numbers but the auxiliary heads'. */
  gint64 count = 0;
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      const char *name = dh_tensor_dict_name (state, i);
      if ((g_str_has_suffix (name, ".weight") || g_str_has_suffix (name, ".bias")) && !strstr (name, "logits_aux"))
        count += dh_tensor_count (dh_tensor_dict_at (state, i));
    }
  g_assert_cmpint (dh_model_parameter_count (model), ==, count);

  /* Written back as it was, in the same order. */
  g_autoptr (DhTensorDict) again = dh_model_dup_state (model, &error);
  g_assert_cmpuint (dh_tensor_dict_size (again), ==, dh_tensor_dict_size (state));
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      g_assert_cmpstr (dh_tensor_dict_name (again, i), ==, dh_tensor_dict_name (state, i));
      g_assert_true (g_bytes_equal (dh_tensor_dict_at (again, i)->bytes, dh_tensor_dict_at (state, i)->bytes));
    }

  const DhModelOptions named = { .architecture = "ldn-tiny", .classes = 13 };
  g_autoptr (DhModel) by_name = dh_model_load (path, &named, &error);
  g_assert_no_error (error);
  const DhModelOptions closed = { .architecture = "ldn-tiny-closed" };
  g_autoptr (DhModel) without_head = dh_model_load (path, &closed, &error);
  g_assert_no_error (error);
  g_assert_false (dh_model_has_outlier_head (without_head));
  g_assert_true (g_str_has_prefix (dh_model_unexpected (without_head)[0], "logits_ood."));
}

static void
test_may_be_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) state = seeded_state ("ldn-tiny", 12);
  const guint whole = dh_tensor_dict_size (state);
  guint removed = 0;
  for (guint i = whole; i-- > 0;)
    {
      g_autofree char *name = g_strdup (dh_tensor_dict_name (state, i));
      if (strstr (name, "num_batches_tracked") || strstr (name, "logits_aux"))
        removed += dh_tensor_dict_remove (state, name);
    }
  dh_tensor_dict_take (state, "criterion.weight", dh_tensor_new_f32 (0, NULL));
  save (state, "");
  g_autoptr (DhModel) model = dh_model_load (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_model_unexpected (model)[0], ==, "criterion.weight");
  g_assert_null (dh_model_unexpected (model)[1]);
  g_autoptr (DhTensorDict) written = dh_model_dup_state (model, &error);
  g_assert_cmpuint (dh_tensor_dict_size (written), ==, whole);
  const DhTensor *steps = dh_tensor_dict_get (written, "backbone.features.norm0.num_batches_tracked");
  gint64 zero;
  memcpy (&zero, dh_tensor_data (steps), sizeof zero);
  g_assert_cmpint (steps->dtype, ==, DH_DTYPE_I64);
  g_assert_cmpint (zero, ==, 0);

  g_autoptr (DhInspection) inspection = dh_inspect (path, TRUE, &error);
  g_assert_true (dh_inspection_is_loadable (inspection));
  g_assert_cmpuint (g_strv_length (inspection->defaulted), ==, removed);
  g_assert_cmpuint (g_strv_length (inspection->missing), ==, 0);
  g_assert_cmpstr (inspection->unexpected[0], ==, "criterion.weight");
}

static void
test_wrong_pairings (void)
{
  g_autoptr (DhTensorDict) state = seeded_state ("ldn-tiny", 13);
  save (state, "");
  assert_refused (&(DhModelOptions){ .classes = 19 }, DH_ERROR_MISMATCH, "13 classes apart, not 19");
  assert_refused (&(DhModelOptions){ .architecture = "dlv3p-tiny" }, DH_ERROR_MISMATCH,
                  "those of ldn-tiny with 13 classes, not of dlv3p-tiny");
  assert_refused (&(DhModelOptions){ .architecture = "ldn121" }, DH_ERROR_MISMATCH, "not of ldn121");
  assert_refused (&(DhModelOptions){ .architecture = "resnet" }, DH_ERROR_USAGE, "Unknown network");

  /* A layer in the middle is missing: named, although a smaller network could be read into the rest. */
  dh_tensor_dict_remove (state, "backbone.features.denseblock3.denselayer2.conv2.weight");
  save (state, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "1 missing: backbone.features.denseblock3.denselayer2.conv2.weight");
  dh_tensor_dict_remove (state, "logits.conv.bias");
  save (state, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "2 missing: ");

  const gint64 dims[] = { 1, 2 };
  dh_tensor_dict_take (state, "logits.norm.weight", dh_tensor_new_f32 (2, dims));
  save (state, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "logits.norm.weight (1×2, needed ");

  g_autoptr (DhTensorDict) closed = seeded_state ("dlv3p-tiny-closed", 7);
  save (closed, "");
  assert_refused (&(DhModelOptions){ .architecture = "dlv3p-tiny" }, DH_ERROR_MISMATCH, "no outlier head");

  const gint64 step = 3;
  dh_tensor_dict_take (closed, "mod1.conv1.weight",
                       dh_tensor_new_take (DH_DTYPE_I64, 0, NULL, g_bytes_new (&step, sizeof step)));
  save (closed, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "mod1.conv1.weight");

  g_autoptr (DhTensorDict) strange = dh_tensor_dict_new ();
  dh_tensor_dict_take (strange, "fc.weight", dh_tensor_new_f32 (2, dims));
  save (strange, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "not the weights of a network known here");
}

static void
test_integer_weights (void)
{
  g_autoptr (DhTensorDict) state = seeded_state ("ldn-tiny", 13);
  const DhTensor *bias = dh_tensor_dict_get (state, "logits.conv.bias");
  const gint32 numbers[13] = { 0 };
  dh_tensor_dict_take (
      state, "logits.conv.bias",
      dh_tensor_new_take (DH_DTYPE_I32, bias->n_dims, bias->dims, g_bytes_new (numbers, sizeof numbers)));
  save (state, "");
  assert_refused (NULL, DH_ERROR_MISMATCH, "logits.conv.bias holds elements of type int32");
}

static void
test_fresh_head (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) state = seeded_state ("dlv3p-tiny-closed", 7);
  save (state, "");
  g_autoptr (DhModel) closed = dh_model_load (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_model_title (closed), ==, "dlv3p-tiny-closed, 7 classes");
  g_assert_false (dh_model_has_outlier_head (closed));

  const DhModelOptions options = { .architecture = "dlv3p-tiny", .fresh_outlier_head = TRUE };
  g_autoptr (DhModel) fresh = dh_model_load (path, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_model_title (fresh), ==, "dlv3p-tiny, 7 classes, fresh outlier head");
  g_assert_true (dh_model_has_outlier_head (fresh));
  g_assert_cmpint (dh_model_parameter_count (fresh), >, dh_model_parameter_count (closed));

  /* A head that is there stays. */
  g_autoptr (DhTensorDict) whole = seeded_state ("dlv3p-tiny", 7);
  save (whole, "");
  g_autoptr (DhModel) kept = dh_model_load (path, &options, &error);
  g_assert_cmpstr (dh_model_title (kept), ==, "dlv3p-tiny, 7 classes");
}

static void
test_inspect (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) state = seeded_state ("dlv3p_wrn38", 19);
  save (state, "module.");
  g_autoptr (DhInspection) whole = dh_inspect (path, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (whole->container, ==, "pytorch-zip");
  g_assert_cmpstr (whole->architecture, ==, "dlv3p_wrn38");
  g_assert_cmpstr (whole->prefix, ==, "module.");
  g_assert_cmpint (whole->classes, ==, 19);
  g_assert_true (whole->outlier_head);
  g_assert_true (strstr (whole->normalisation, "ImageNet") != NULL);
  g_assert_null (whole->sha256);
  g_assert_true (dh_inspection_is_loadable (whole));

  dh_tensor_dict_remove (state, "mod4.block2.convs.conv1.weight");
  dh_tensor_dict_take (state, "final.3.weight", dh_tensor_new_f32 (0, NULL));
  save (state, "");
  g_autoptr (DhInspection) broken = dh_inspect (path, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (broken->architecture, ==, "dlv3p_wrn38");
  g_assert_cmpstr (broken->missing[0], ==, "mod4.block2.convs.conv1.weight");
  g_assert_null (broken->missing[1]);
  g_assert_true (g_str_has_prefix (broken->misshaped[0], "final.3.weight (scalar, needed 256×256×3×3)"));
  g_assert_null (broken->misshaped[1]);
  g_assert_cmpuint (strlen (broken->sha256), ==, 64);
  g_assert_false (dh_inspection_is_loadable (broken));
  g_assert_null (broken->non_finite[0]);
  const float diverged[] = { 0, NAN }, grown[] = { 1, -INFINITY };
  const gint64 dims[] = { 2 };
  g_autoptr (DhTensorDict) lost = seeded_state ("ldn-tiny", 5);
  dh_tensor_dict_take (lost, "spare.a", dh_tensor_new_take (DH_DTYPE_F32, 1, dims, g_bytes_new (diverged, 8)));
  dh_tensor_dict_take (lost, "spare.b", dh_tensor_new_take (DH_DTYPE_F32, 1, dims, g_bytes_new (grown, 8)));
  save (lost, "");
  g_autoptr (DhInspection) told = dh_inspect (path, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (told->non_finite[0], ==, "spare.a");
  g_assert_cmpstr (told->non_finite[1], ==, "spare.b");
  g_assert_null (told->non_finite[2]);

  g_autoptr (DhTensorDict) strange = dh_tensor_dict_new ();
  dh_tensor_dict_take (strange, "fc.weight", dh_tensor_new_f32 (0, NULL));
  save (strange, "");
  g_autoptr (DhInspection) unknown = dh_inspect (path, FALSE, &error);
  g_assert_no_error (error);
  g_assert_null (unknown->architecture);
  g_assert_nonnull (unknown->why_not);
  g_assert_cmpint (unknown->parameters, ==, 1);
  g_assert_false (dh_inspection_is_loadable (unknown));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("dh-model-XXXXXX", NULL);
  path = g_build_filename (folder, "weights.pth", NULL);
  g_test_add_func ("/model/load", test_load);
  g_test_add_func ("/model/may-be-missing", test_may_be_missing);
  g_test_add_func ("/model/wrong-pairings", test_wrong_pairings);
  g_test_add_func ("/model/integer-weights", test_integer_weights);
  g_test_add_func ("/model/fresh-head", test_fresh_head);
  g_test_add_func ("/model/inspect", test_inspect);
  const int status = g_test_run ();
  g_unlink (path);
  g_rmdir (folder);
  g_free (path);
  g_free (folder);
  return status;
}
