#include <string.h>

#include "dh-device.h"
#include "dh-run-means.h"
#include "dh-training-form-private.h"
#include "jobs.h"

/* What a training is to be, as the window edits it. */

static void
test_form (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = dh_training_form_new ();
  g_assert_true (dh_training_form_set_recipe (form, "ldn-streethazards", &error));
  g_assert_cmpuint (dh_training_form_count_changed (form), ==, 0);
  g_assert_cmpfloat (dh_training_form_get_number (form, DH_TRAINING_BATCH), ==, 12);
  dh_training_form_set_number (form, DH_TRAINING_BETA, 0.1);
  dh_training_form_set_number (form, DH_TRAINING_EPOCHS, 4);
  g_autofree char *changes = dh_training_form_dup_changes (form);
  g_assert_cmpstr (changes, ==, "Epochs 40 → 4, β 0.03 → 0.1");
  g_assert_true (dh_training_form_is_published (form));
  g_autoptr (DhTrainingForm) own = dh_training_form_new ();
  g_assert_true (dh_training_form_set_recipe (own, jobs_recipe_path, &error));
  g_assert_false (dh_training_form_is_published (own));

  /* β and the seed tell trainings of one network and data set apart, changed or not. */
  dh_training_form_set_text (own, DH_TRAINING_DATA, jobs_scenes);
  dh_training_form_set_text (own, DH_TRAINING_NEGATIVES, jobs_negatives);
  g_autofree char *plain = dh_training_form_dup_title (own);
  g_assert_nonnull (strstr (plain, ", β 0.03, seed 1"));
  dh_training_form_set_number (own, DH_TRAINING_SEED, 2);
  g_autofree char *second = dh_training_form_dup_title (own);
  g_assert_nonnull (strstr (second, ", β 0.03, seed 2"));
  /* A network of one's own is what is trained, not the recipe's. */
  dh_training_form_set_text (own, DH_TRAINING_INIT, "/nets/mine.onnx");
  g_autofree char *mine = dh_training_form_dup_title (own);
  g_assert_true (g_str_has_prefix (mine, "mine.onnx on "));
  dh_training_form_set_text (own, DH_TRAINING_INIT, "");
  g_autofree char *problem = dh_training_form_dup_problem (form, DH_TRAINING_DATA);
  g_assert_nonnull (problem);
  dh_training_form_set_text (form, DH_TRAINING_DATA, jobs_scenes);
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, jobs_negatives);
  g_assert_true (dh_training_form_is_complete (form));
  dh_training_form_set_number (form, DH_TRAINING_CROP, 7);
  g_autofree char *crop = dh_training_form_dup_problem (form, DH_TRAINING_CROP);
  g_assert_nonnull (crop);
  dh_training_form_reset (form, DH_TRAINING_CROP);
  g_autofree char *command = dh_training_form_dup_command (form);
  g_assert_nonnull (strstr (command, "densehybrid train ldn-streethazards --exp_name"));
  g_assert_nonnull (strstr (command, "--epochs 4"));
  g_assert_nonnull (strstr (command, "--beta 0.1"));
  g_assert_null (strstr (command, "--batch_size"));

  /* Through a text and back; and what is none leaves the form as it is. */
  g_autofree char *text = dh_training_form_to_text (form);
  g_autoptr (DhTrainingForm) other = dh_training_form_new ();
  g_assert_true (dh_training_form_read_text (other, text, &error));
  g_autofree char *again = dh_training_form_to_text (other);
  g_assert_cmpstr (text, ==, again);
  static const char *const broken[] = { "", "{", "[]", "{\"recipe\": 3}",
                                        "{\"recipe\": \"x\", \"base\": {\"batch\": 0}}" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_assert_false (dh_training_form_read_text (other, broken[i], &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
    }
  g_assert_false (dh_training_form_set_recipe (other, "nothing", &error));
  g_autofree char *still = dh_training_form_to_text (other);
  g_assert_cmpstr (text, ==, still);
}

/* Several trainings by one form: the same but for their seed. */
static void
test_seeds (void)
{
  g_autoptr (DhTrainingForm) form = jobs_make_form ("a b", 4);
  g_assert_null (dh_training_form_dup_seeds (form));
  dh_training_form_set_number (form, DH_TRAINING_TRAININGS, 3);
  g_autofree char *few = dh_training_form_dup_seeds (form), *command = dh_training_form_dup_command (form);
  g_assert_cmpstr (few, ==, "seeds 5, 6, 7");
  g_assert_true (g_str_has_prefix (command, "for seed in 5 6 7; do densehybrid train "));
  g_assert_nonnull (strstr (command, " --exp_name a-b-s$seed "));
  g_assert_nonnull (strstr (command, " --seed $seed "));
  g_assert_true (g_str_has_suffix (command, "; done"));
  dh_training_form_set_number (form, DH_TRAINING_TRAININGS, 20);
  g_autofree char *many = dh_training_form_dup_seeds (form);
  g_assert_cmpstr (many, ==, "seeds 5 to 24");
  g_assert_true (dh_training_form_is_complete (form));
  dh_training_form_set_number (form, DH_TRAINING_SEED, 4503599627370490);
  g_autofree char *problem = dh_training_form_dup_problem (form, DH_TRAINING_TRAININGS);
  g_assert_nonnull (problem);
  dh_training_form_set_number (form, DH_TRAINING_SEED, 5);
  dh_training_form_set_number (form, DH_TRAINING_TRAININGS, 21);
  g_assert_false (dh_training_form_is_complete (form));

  /* Each by itself: a title that is made tells the seed, one that was given gets it, once. */
  dh_training_form_set_number (form, DH_TRAINING_TRAININGS, 2);
  g_autoptr (DhTrainingForm) second = dh_training_form_dup_training (form, 1);
  g_assert_cmpstr (dh_training_form_get_text (second, DH_TRAINING_TITLE), ==, "a b-s6");
  g_assert_cmpfloat (dh_training_form_get_number (second, DH_TRAINING_SEED), ==, 6);
  g_assert_cmpfloat (dh_training_form_get_number (second, DH_TRAINING_TRAININGS), ==, 1);
  /* They are known to be the same but for it, and what is no other seed, or more than that, is not. */
  g_autoptr (DhTrainingForm) first = dh_training_form_dup_training (form, 0);
  g_assert_true (dh_training_form_differs_in_seed (first, second));
  g_assert_false (dh_training_form_differs_in_seed (first, first));
  DhTrainingForm *const twice[] = { first, second, first }, *const both[] = { first, second },
                        *const one_unknown[] = { first, NULL };
  g_assert_null (dh_run_means_refuse_forms (both, 2));
  g_assert_cmpstr (dh_run_means_refuse_forms (twice, 3), ==, "some are of the same seed");
  g_assert_cmpstr (dh_run_means_refuse_forms (one_unknown, 2), ==, "the settings of one are not known");
  dh_training_form_set_number (second, DH_TRAINING_BETA, 0.7);
  g_assert_false (dh_training_form_differs_in_seed (first, second));
  g_assert_cmpstr (dh_run_means_refuse_forms (both, 2), ==, "they differ in more than their seed");
  dh_training_form_reset (second, DH_TRAINING_BETA);
  dh_training_form_set_text (second, DH_TRAINING_NEGATIVES, jobs_scenes);
  g_assert_false (dh_training_form_differs_in_seed (first, second));
  dh_training_form_set_number (second, DH_TRAINING_TRAININGS, 2);
  g_autoptr (DhTrainingForm) again = dh_training_form_dup_training (second, 1);
  g_assert_cmpstr (dh_training_form_get_text (again, DH_TRAINING_TITLE), ==, "a b-s7");
  dh_training_form_set_text (form, DH_TRAINING_TITLE, "");
  g_autofree char *together = dh_training_form_dup_title (form);
  g_assert_null (strstr (together, "seed"));
  g_autoptr (DhTrainingForm) made = dh_training_form_dup_training (form, 1);
  g_autofree char *title = dh_training_form_dup_title (made);
  g_assert_nonnull (strstr (title, ", seed 6"));
}

static void
note_change (DhTrainingForm *form, guint field, guint *n)
{
  g_assert_cmpuint (field, ==, DH_TRAINING_PRECISION);
  (*n)++;
}

static void
assert_offered (DhTrainingForm *form, const char *wanted)
{
  g_autofree char *offered =
      g_strjoinv (" ", (char **)dh_training_form_get_choices (form, DH_TRAINING_PRECISION, NULL));
  g_assert_cmpstr (offered, ==, wanted);
}

/* What the device trains in is offered, float32 first; what it does not train in is told, and stays seen. */
static void
test_precision (void)
{
  g_autoptr (DhTrainingForm) form = jobs_make_form ("", 4);
  const char *const *titles;
  guint n = 0;
  g_assert_cmpstr (dh_training_form_get_text (form, DH_TRAINING_PRECISION), ==, "f32");
  g_autofree char *plain = dh_training_form_dup_command (form), *title = dh_training_form_dup_title (form);
  g_assert_null (strstr (plain, "--precision"));
  g_assert_null (strstr (title, "f32"));
  assert_offered (form, "f32");
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "auto");
  g_signal_connect (form, "changed", G_CALLBACK (note_change), &n);
  const guint f32 = 1u << DH_PRECISION_F32, bf16 = 1u << DH_PRECISION_BF16, tf32 = 1u << DH_PRECISION_TF32;
  dh_training_form_add_device (form, "cuda:0", f32 | tf32 | bf16);
  g_assert_cmpuint (n, ==, 1);
  dh_training_form_add_device (form, "cpu", f32);
  dh_training_form_add_device (form, "cuda:0", f32 | tf32 | bf16);
  g_assert_cmpuint (n, ==, 1);
  g_signal_handlers_disconnect_by_data (form, &n);
  assert_offered (form, "f32 tf32 bf16");
  dh_training_form_get_choices (form, DH_TRAINING_PRECISION, &titles);
  g_assert_cmpstr (titles[2], ==, "bfloat16");
  /* Who shows a list may ask for it again meanwhile. */
  const char *const *offered = dh_training_form_get_choices (form, DH_TRAINING_PRECISION, NULL);
  g_assert_true (dh_training_form_get_choices (form, DH_TRAINING_PRECISION, NULL) == offered);

  dh_training_form_set_text (form, DH_TRAINING_PRECISION, "bf16");
  g_assert_true (dh_training_form_is_complete (form));
  g_assert_cmpuint (dh_training_form_count_changed (form), ==, 0);
  g_autofree char *command = dh_training_form_dup_command (form), *told = dh_training_form_dup_title (form);
  g_assert_nonnull (strstr (command, " --precision bf16"));
  g_assert_true (g_str_has_suffix (told, ", bf16"));

  /* It is remembered; a text of before it says float32 where it is read into a new form. */
  g_autoptr (GError) error = NULL;
  g_autofree char *text = dh_training_form_to_text (form);
  g_autoptr (DhTrainingForm) other = dh_training_form_new ();
  g_assert_true (dh_training_form_read_text (other, text, &error));
  g_assert_cmpstr (dh_training_form_get_text (other, DH_TRAINING_PRECISION), ==, "bf16");
  assert_offered (other, "f32 bf16");
  g_assert_true (dh_training_form_is_complete (other));

  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "cuda");
  g_assert_true (dh_training_form_is_complete (form));
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "cpu");
  g_autofree char *problem = dh_training_form_dup_problem (form, DH_TRAINING_PRECISION);
  g_assert_cmpstr (problem, ==, "The device cannot train in it");
  assert_offered (form, "f32 bf16");
  dh_training_form_set_text (form, DH_TRAINING_PRECISION, "f32");
  g_assert_true (dh_training_form_is_complete (form));
  assert_offered (form, "f32");
  static const char *const none[] = { "", "int8", "f31" };
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    {
      dh_training_form_set_text (form, DH_TRAINING_PRECISION, none[i]);
      g_assert_false (dh_training_form_is_complete (form));
    }
}

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  g_test_add_func ("/job-form/form", test_form);
  g_test_add_func ("/job-form/seeds", test_seeds);
  g_test_add_func ("/job-form/precision", test_precision);
  return jobs_end ();
}
