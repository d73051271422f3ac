#include <string.h>

#include "dh-training-form.h"
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

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  g_test_add_func ("/job-form/form", test_form);
  return jobs_end ();
}
