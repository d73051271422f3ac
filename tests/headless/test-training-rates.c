#include <math.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-nets.h"
#include "dh-pictures.h"
#include "dh-run-log.h"
#include "dh-trainer.h"
#include "dh-validation.h"
#include "tiny-training.h"
#include "tree.h"

/* What a training does with its gradients, and how it is measured: the schedule, the backbone's share, accumulation,
 * the closed mIoU. A tiny ladder on generated scenes. */

static DhRecipe *
make_recipe (void)
{
  g_autoptr (GError) error = NULL;
  DhRecipe *recipe =
      dh_recipe_from_json ("{\"architecture\": \"ldn-tiny-closed\", \"dataset\": \"street-hazards-full\","
                           " \"batch\": 2, \"crop\": 64, \"epochs\": 4, \"steps\": 1, \"rate\": 0.01,"
                           " \"rate_min\": 0.001, \"backbone\": 0.25, \"keep\": 4, \"selection\": \"last\"}",
                           "tiny", &error);
  g_assert_no_error (error);
  return recipe;
}

typedef gboolean (*Reduce) (DhTensorDict *gradients, gpointer data, GError **error);

static void
train (const char *run, const char *device, const DhRecipe *recipe, Reduce reduce, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  const DhTraining training = { .folder = path,
                                .device = device,
                                .threads = 2,
                                .recipe = recipe,
                                .data_root = tiny_scenes,
                                .seed = 5,
                                .validation_images = 1,
                                .reduce = reduce,
                                .data = data };
  dh_train (&training, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
make_ones (DhTensorDict *gradients, gpointer data, GError **error)
{
  for (guint i = 0; i < dh_tensor_dict_size (gradients); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (gradients, i);
      for (gint64 k = 0; k < dh_tensor_count (tensor); k++)
        dh_tensor_f32 (tensor)[k] = 1;
    }
  return TRUE;
}

static DhCheckpoint *
open_model (const char *run, guint epoch)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strdup_printf ("model_%u.pth", epoch);
  g_autofree char *path = g_build_filename (tiny_folder, run, name, NULL);
  DhCheckpoint *checkpoint = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  return checkpoint;
}

/* With a gradient of 1 in every step, Adam moves each parameter by exactly its rate: what was trained with is read off
 * the models of the epochs, and is what the log says and the formula gives. */
static void
test_schedule (void)
{
  g_autoptr (DhRecipe) recipe = make_recipe ();
  train ("schedule", "ref", recipe, make_ones, NULL);
  g_autofree char *path = g_build_filename (tiny_folder, "schedule", NULL);
  g_autoptr (DhRunLog) log = dh_run_log_new (path);
  gboolean again, more;
  g_autoptr (GArray) events = dh_run_log_read (log, &again, &more);
  guint epoch = 0;
  for (guint i = 0; i < events->len; i++)
    {
      const DhRunEvent *event = &g_array_index (events, DhRunEvent, i);
      if (event->kind != DH_EVENT_STEP)
        continue;
      const double expected = 0.001 + (0.01 - 0.001) * (1 + cos (G_PI * epoch / 4)) / 2;
      g_assert_cmpfloat (fabs (event->is.step.rate - expected), <, 1e-12);
      epoch++;
    }
  g_assert_cmpuint (epoch, ==, 4);
  guint backbone = 0, others = 0;
  for (guint e = 1; e < 4; e++)
    {
      g_autoptr (DhCheckpoint) before = open_model ("schedule", e), after = open_model ("schedule", e + 1);
      const double rate = 0.001 + (0.01 - 0.001) * (1 + cos (G_PI * e / 4)) / 2;
      DhTensorDict *a = dh_checkpoint_state (before), *b = dh_checkpoint_state (after);
      for (guint i = 0; i < dh_tensor_dict_size (a); i++)
        {
          const char *name = dh_tensor_dict_name (a, i);
          DhTensor *x = dh_tensor_dict_at (a, i), *y = dh_tensor_dict_get (b, name);
          if (x->dtype != DH_DTYPE_F32 || strstr (name, "running_"))
            continue;
          const gboolean of_backbone = g_str_has_prefix (name, "backbone.");
          *(of_backbone ? &backbone : &others) += 1;
          /* Auxiliary heads are in no loss. */
          const double expected = strstr (name, "logits_aux") ? 0 : of_backbone ? rate * 0.25 : rate;
          for (gint64 k = 0; k < dh_tensor_count (x); k++)
            {
              const double moved =
                  (double)((const float *)dh_tensor_data (x))[k] - ((const float *)dh_tensor_data (y))[k];
              if (fabs (moved - expected) > 2e-7)
                g_error ("%s moved by %.9g in epoch %u, not by %.9g", name, moved, e, expected);
            }
        }
    }
  g_assert_cmpuint (backbone, >, 3 * 10);
  g_assert_cmpuint (others, >, 3 * 10);
}

static gboolean
keep_gradients (DhTensorDict *gradients, gpointer data, GError **error)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (float));
  for (guint i = 0; i < dh_tensor_dict_size (gradients); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (gradients, i);
      g_array_append_vals (all, dh_tensor_f32 (tensor), (guint)dh_tensor_count (tensor));
    }
  g_ptr_array_add (data, all);
  return TRUE;
}

/* Two batches in a step: the mean of the gradients that each has alone. */
static void
test_accumulation (void)
{
  static const char *const devices[] = { "ref", "cpu" };
  for (guint d = 0; d < G_N_ELEMENTS (devices); d++)
    {
      g_autoptr (DhRecipe) recipe = make_recipe ();
      recipe->epochs = 1;
      recipe->rate = recipe->rate_min = 0;
      recipe->steps = 2;
      g_autoptr (GPtrArray) single = g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref);
      g_autoptr (GPtrArray) both = g_ptr_array_new_with_free_func ((GDestroyNotify)g_array_unref);
      g_autofree char *first = g_strconcat ("single-", devices[d], NULL);
      g_autofree char *second = g_strconcat ("both-", devices[d], NULL);
      train (first, devices[d], recipe, keep_gradients, single);
      recipe->steps = 1;
      recipe->accumulation = 2;
      train (second, devices[d], recipe, keep_gradients, both);
      g_assert_cmpuint (single->len, ==, 2);
      g_assert_cmpuint (both->len, ==, 1);
      const GArray *a = single->pdata[0], *b = single->pdata[1], *sum = both->pdata[0];
      g_assert_cmpuint (a->len, ==, sum->len);
      double off = 0, size = 0, apart = 0;
      for (guint i = 0; i < sum->len; i++)
        {
          const double x = g_array_index (a, float, i), y = g_array_index (b, float, i), mean = (x + y) / 2;
          off += (g_array_index (sum, float, i) - mean) * (g_array_index (sum, float, i) - mean);
          size += mean * mean;
          apart += (x - y) * (x - y);
        }
      g_test_message ("%s: off by %.2g of the norm; the two are %.2g apart", devices[d], sqrt (off / size),
                      sqrt (apart / size));
      g_assert_cmpfloat (sqrt (off / size), <, 1e-6);
      g_assert_cmpfloat (sqrt (apart / size), >, 0.1);
    }
}

/* A network that says class 5 everywhere, on labels whose counts are known. */
static void
test_miou (void)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny-closed", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", 1);
  DhTensor *weight = dh_tensor_dict_get (state, "logits.conv.weight");
  memset (dh_tensor_f32 (weight), 0, dh_tensor_size_bytes (weight));
  DhTensor *bias = dh_tensor_dict_get (state, "logits.conv.bias");
  for (guint i = 0; i < 12; i++)
    dh_tensor_f32 (bias)[i] = i == 5;

  /* Of the file's ids, 7 is class 5, 1 is 0, 2 is 1, and 4 is ignored. 16 of 64 are each of 7, 1, 2 and ignored in
   * one, and 32 are of 7 and of 1 in the other. */
  g_autofree char *root = g_build_filename (tiny_folder, "known", NULL);
  tree_image (root, "train/images/validation/t4/00000.png", 64, 64);
  tree_image (root, "train/images/validation/t4/00001.png", 64, 64);
  tree_label (root, "train/annotations/validation/t4/00000.png", 64, 64, (const guint8[]){ 7, 1, 2, 4 }, 4);
  tree_label (root, "train/annotations/validation/t4/00001.png", 64, 64, (const guint8[]){ 7, 1 }, 2);
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, "street-hazards-full", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRecipe) recipe = make_recipe ();
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  const guint items[] = { 0, 1 };
  const DhComposer composer = { .recipe = recipe, .dataset = dataset, .items = items, .n_items = 2, .classes = 12 };
  DhValidation found;
  /* Confusion by quarters of a picture: 5 → 5: 3, 0 → 5: 3, 1 → 5: 1. IoU of 5: 3 / 7, of 0 and 1: 0; the others
   * occur nowhere and do not count. */
  g_assert_true (dh_validate (device, net, state, &composer, 0, 0, &found, NULL, &error));
  g_assert_cmpfloat (fabs (found.miou - 3.0 / 7 / 3), <, 1e-12);
  /* The first alone: 1 / 3 of three classes. */
  g_assert_true (dh_validate (device, net, state, &composer, 1, 3, &found, NULL, &error));
  g_assert_cmpfloat (fabs (found.miou - 1.0 / 9), <, 1e-12);
  g_assert_true (isnan (found.ap));
}

/* Several composites of each picture: what is counted of the pictures themselves stays, and so does all of it with any
 * number of threads; the first composites are those of one each. */
static void
test_pastes (void)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", 1);
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  DhPictures pictures = { NULL };
  g_assert_true (dh_pictures_open_data (&pictures, recipe, tiny_scenes, NULL, &error));
  g_assert_true (dh_pictures_open_negatives (&pictures, tiny_negatives, NULL, &error));
  const DhComposer composer = dh_pictures_compose (&pictures, recipe, TRUE);
  const double work = dh_validation_work (net, &composer, 0);
  DhValidation one, one_again, several, ahead;
  g_assert_cmpuint (recipe->validation_pastes, ==, 1);
  g_assert_true (dh_validate (device, net, state, &composer, 0, 0, &one, NULL, &error));
  recipe->validation_pastes = 5;
  g_assert_cmpfloat (dh_validation_work (net, &composer, 0), >, 2.5 * work);
  g_assert_true (dh_validate (device, net, state, &composer, 0, 0, &several, NULL, &error));
  g_assert_true (dh_validate (device, net, state, &composer, 0, 3, &ahead, NULL, &error));
  recipe->validation_pastes = 1;
  g_assert_true (dh_validate (device, net, state, &composer, 0, 2, &one_again, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (several.miou, ==, one.miou);
  g_assert_cmpfloat (several.ap, ==, ahead.ap);
  g_assert_cmpfloat (several.auroc, ==, ahead.auroc);
  g_assert_cmpfloat (several.fpr95, ==, ahead.fpr95);
  g_assert_cmpfloat (several.ap, !=, one.ap);
  g_assert_cmpfloat (one_again.ap, ==, one.ap);
  dh_pictures_clear (&pictures);
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  g_test_add_func ("/training-rates/schedule", test_schedule);
  g_test_add_func ("/training-rates/accumulation", test_accumulation);
  g_test_add_func ("/training-rates/miou", test_miou);
  g_test_add_func ("/training-rates/pastes", test_pastes);
  return tiny_end ();
}
