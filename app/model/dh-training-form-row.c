#include <math.h>
#include "dh-config.h"
#include "dh-error.h"
#include "dh-training-form-private.h"
#include "dh-training-job.h"

/* From a form to a job of the queue. */

/* Paths from where this program is to paths from anywhere. */
static void
make_absolute (DhTrainingForm *form)
{
  static const DhTrainingField paths[] = { DH_TRAINING_DATA, DH_TRAINING_NEGATIVES, DH_TRAINING_INIT,
                                           DH_TRAINING_RUNS };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (*form->texts[paths[i]] != '\0')
      {
        g_autofree char *path = g_canonicalize_filename (form->texts[paths[i]], NULL);
        dh_training_form_set_text (form, paths[i], path);
      }
}

DhTrainingForm *
dh_training_form_dup_absolute (DhTrainingForm *form, GError **error)
{
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      g_autofree char *problem = dh_training_form_dup_problem (form, i);
      if (problem == NULL)
        continue;
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, problem);
      return NULL;
    }
  g_autofree char *text = dh_training_form_to_text (form);
  g_autoptr (DhTrainingForm) own = dh_training_form_new ();
  if (!dh_training_form_read_text (own, text, error))
    return NULL;
  make_absolute (own);
  return g_steal_pointer (&own);
}

DhJobRow *
dh_training_form_make_row (DhTrainingForm *form, const char *folder, const char *title, const DhTrainingCheck *check)
{
  g_autofree char *command = dh_training_form_dup_command (form);
  g_autofree char *text = dh_training_form_to_text (form);
  const DhJobRow values = { .kind = (char *)"train",
                            .state = (char *)dh_job_state_id (DH_JOB_QUEUED),
                            .title = (char *)title,
                            .recipe = form->base->name,
                            .form = text,
                            .folder = (char *)folder,
                            .device = form->texts[DH_TRAINING_DEVICE],
                            .precision = form->texts[DH_TRAINING_PRECISION],
                            .program = (char *)DH_VERSION,
                            .command = command,
                            .created = (char *)"",
                            .estimate = check != NULL ? check->seconds : NAN,
                            .step_flop = check != NULL ? check->step_flop : NAN,
                            .step_seconds = NAN,
                            .miou = NAN,
                            .ap = NAN,
                            .auroc = NAN,
                            .fpr95 = NAN };
  return dh_job_row_copy (&values);
}
