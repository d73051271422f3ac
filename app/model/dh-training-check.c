#include "dh-training-check-private.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-error.h"
#include "dh-foreign-start.h"
#include "dh-image.h"
#include "dh-model.h"
#include "dh-start-weights.h"
#include "dh-train-plan.h"

/* Negatives of which the size is looked at. */
#define MOST_PROBED 1500
/* Composites under which AP is so much chance that it is a poor judge of models. */
#define FEWEST_COMPOSITES 100

DhTrainingCheck *
dh_training_check_ref (DhTrainingCheck *check)
{
  g_atomic_ref_count_inc (&check->refs);
  return check;
}

void
dh_training_check_unref (DhTrainingCheck *check)
{
  if (!g_atomic_ref_count_dec (&check->refs))
    return;
  g_ptr_array_unref (check->lines);
  char *const texts[] = { check->device, check->device_title, check->data_title, check->negatives_title,
                          check->weights_title };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_free (check);
}

static void
line_free (gpointer data)
{
  g_free (((DhCheckLine *)data)->text);
  g_free (data);
}

void
dh_training_look_say (DhTrainingLook *look, DhCheckSubject subject, DhCheckLevel level, const char *format, ...)
{
  DhCheckLine *line = g_new (DhCheckLine, 1);
  va_list args;
  va_start (args, format);
  *line = (DhCheckLine){ subject, level, g_strdup_vprintf (format, args) };
  va_end (args);
  g_ptr_array_add (look->check->lines, line);
  if (level == DH_CHECK_ERROR)
    look->check->can_start = FALSE;
}

/* A cancellation is no finding. */
static void
say_error (DhTrainingLook *look, DhCheckSubject subject, GError **error)
{
  if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_training_look_say (look, subject, DH_CHECK_ERROR, "%s", (*error)->message);
  g_clear_error (error);
}

const char *
dh_training_look_text (DhTrainingLook *look, DhTrainingField field)
{
  return look->form->texts[field];
}

DhPrecision
dh_training_look_precision (const DhTrainingLook *look)
{
  DhPrecision precision;
  return dh_precision_from_name (look->form->texts[DH_TRAINING_PRECISION], &precision)
                 && dh_device_trains_in (look->device, precision)
             ? precision
             : DH_PRECISION_F32;
}

static void
look_at_form (DhTrainingLook *look)
{
  g_autoptr (GError) error = NULL;
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      g_autofree char *problem = dh_training_form_dup_problem (look->form, i);
      if (problem != NULL)
        dh_training_look_say (look, DH_CHECK_FORM, DH_CHECK_ERROR, "%s", problem);
    }
  if (look->check->can_start && !dh_recipe_check (look->recipe, &error))
    say_error (look, DH_CHECK_FORM, &error);
}

static void
look_at_data (DhTrainingLook *look)
{
  g_autoptr (GError) error = NULL;
  DhPictures *pictures = &look->pictures;
  if (*dh_training_look_text (look, DH_TRAINING_DATA) == '\0')
    return; /* a problem of the form */
  const gboolean found = dh_pictures_open_data (pictures, look->recipe, dh_training_look_text (look, DH_TRAINING_DATA),
                                                look->cancellable, &error);
  if (pictures->dataset != NULL)
    look->check->data_title = g_strdup (dh_dataset_title (pictures->dataset));
  if (!found)
    {
      say_error (look, DH_CHECK_DATA, &error);
      return;
    }
  look->check->training = pictures->training->len;
  look->check->validation = pictures->validation->len;
  dh_training_look_say (look, DH_CHECK_DATA, DH_CHECK_OK,
                        _ ("%s: %'u training and %'u validation images with labels, %d classes"),
                        look->check->data_title, look->check->training, look->check->validation, pictures->classes);
  if (look->check->validation == 0)
    dh_training_look_say (
        look, DH_CHECK_DATA, DH_CHECK_WARNING,
        _ ("There is no validation split: nothing can be measured, and the last model counts as the best"));
  const char *const *notes = dh_dataset_notes (pictures->dataset);
  for (guint i = 0; notes[i] != NULL && i < 3; i++)
    dh_training_look_say (look, DH_CHECK_DATA, DH_CHECK_WARNING, "%s", notes[i]);
}

/* Of pictures all over the set: how many are too small for a crop as they are. */
static guint
count_small (DhTrainingLook *look, guint *probed)
{
  const GArray *items = look->pictures.pasted;
  const guint step = (items->len + MOST_PROBED - 1) / MOST_PROBED;
  guint small = 0;
  *probed = 0;
  for (guint i = 0; i < items->len && !g_cancellable_is_cancelled (look->cancellable); i += step)
    {
      const DhDatasetItem *item = dh_dataset_item (look->pictures.negatives, g_array_index (items, guint, i));
      guint width, height;
      if (!dh_image_probe (item->image, &width, &height, NULL))
        continue;
      (*probed)++;
      small += MIN (width, height) < look->recipe->negative_crop;
    }
  return small;
}

/* What AP is measured on, where it chooses the best model. */
static void
look_at_composites (DhTrainingLook *look)
{
  const guint most = (guint)look->form->numbers[DH_TRAINING_VALIDATION_IMAGES];
  const guint pictures = most > 0 ? MIN (most, look->check->validation) : look->check->validation;
  const guint64 n = (guint64)pictures * look->recipe->validation_pastes;
  if (g_str_equal (look->recipe->selection, "ap") && n > 0 && n < FEWEST_COMPOSITES)
    dh_training_look_say (look, DH_CHECK_NEGATIVES, DH_CHECK_WARNING,
                          _ ("%'u composites are few to choose the best model by AP; %u pastes an image make it %u"),
                          (guint)n, (FEWEST_COMPOSITES + pictures - 1) / pictures,
                          (FEWEST_COMPOSITES + pictures - 1) / pictures * pictures);
}

static void
look_at_negatives (DhTrainingLook *look)
{
  g_autoptr (GError) error = NULL;
  guint probed;
  if (!look->recipe->negatives || *dh_training_look_text (look, DH_TRAINING_NEGATIVES) == '\0')
    return;
  const gboolean found = dh_pictures_open_negatives (
      &look->pictures, dh_training_look_text (look, DH_TRAINING_NEGATIVES), look->cancellable, &error);
  if (look->pictures.negatives != NULL)
    look->check->negatives_title = g_strdup (dh_dataset_title (look->pictures.negatives));
  if (!found)
    {
      say_error (look, DH_CHECK_NEGATIVES, &error);
      return;
    }
  const guint n = look->check->negatives = look->pictures.pasted->len;
  dh_training_look_say (look, DH_CHECK_NEGATIVES, DH_CHECK_OK,
                        _ ("%'u negatives found; a test's anomalies that are like them are not unseen"), n);
  look_at_composites (look);
  const guint small = count_small (look, &probed);
  if (probed == 0)
    dh_training_look_say (look, DH_CHECK_NEGATIVES, DH_CHECK_ERROR,
                          _ ("None of the negatives can be read as an image"));
  else if (small > 0 && probed == n)
    dh_training_look_say (
        look, DH_CHECK_NEGATIVES, DH_CHECK_WARNING,
        ngettext ("%u negative under %u px is scaled up", "%u negatives under %u px are scaled up", small), small,
        look->recipe->negative_crop);
  else if (small > 0)
    dh_training_look_say (look, DH_CHECK_NEGATIVES, DH_CHECK_WARNING,
                          _ ("About %.0f of the negatives, under %u px, are scaled up"), (double)n * small / probed,
                          look->recipe->negative_crop);
}

/* What is to be trained is in the file. */
static gboolean
make_foreign (DhTrainingLook *look, const char *path, GError **error)
{
  const DhClassTable *table = look->pictures.dataset ? dh_dataset_class_table (look->pictures.dataset) : NULL;
  g_auto (DhForeignStart) start = { NULL };
  if (!dh_foreign_start_load (&start, path, look->recipe->negatives, table, error))
    return FALSE;
  look->net = g_steal_pointer (&start.net);
  look->check->parameters = (guint64)dh_net_parameter_count (look->net);
  look->check->weights_title = g_strdup (dh_architecture_name (&look->net->architecture));
  return TRUE;
}

static gboolean
make_network (DhTrainingLook *look, GError **error)
{
  const char *init = dh_training_look_text (look, DH_TRAINING_INIT);
  if (*init != '\0' && dh_model_is_foreign (init))
    return make_foreign (look, init, error);
  DhArchitecture architecture;
  const gint classes = look->pictures.classes > 0 ? look->pictures.classes : look->recipe->classes;
  if (!dh_architecture_from_name (look->recipe->architecture, classes, &architecture, error))
    return FALSE;
  look->net = dh_net_new (&architecture);
  look->check->parameters = (guint64)dh_net_parameter_count (look->net);
  return TRUE;
}

static void
look_at_weights (DhTrainingLook *look)
{
  g_autoptr (GError) error = NULL;
  if (!make_network (look, &error))
    {
      say_error (look, DH_CHECK_WEIGHTS, &error);
      return;
    }
  const char *path = dh_training_look_text (look, DH_TRAINING_INIT);
  if (*path == '\0')
    {
      if (look->recipe->negatives)
        dh_training_look_say (
            look, DH_CHECK_WEIGHTS, DH_CHECK_WARNING,
            _ ("No weights to start from: the recipe refines a closed-set network; afresh it takes far longer"));
      else
        dh_training_look_say (look, DH_CHECK_WEIGHTS, DH_CHECK_OK, _ ("All %.1f million parameters are drawn afresh"),
                              (double)look->check->parameters / 1e6);
      return;
    }
  if (look->net->architecture.family == DH_FAMILY_FOREIGN)
    {
      dh_training_look_say (look, DH_CHECK_WEIGHTS, DH_CHECK_OK, "%s",
                            _ ("A network of your own is trained, not the one above"));
      return;
    }
  DhStartKind kind;
  g_autoptr (DhTensorDict) state =
      dh_start_weights_load (look->net, path, 0, &kind, &look->check->weights_title, &error);
  if (state == NULL)
    say_error (look, DH_CHECK_WEIGHTS, &error);
  else
    dh_training_look_say (look, DH_CHECK_WEIGHTS, DH_CHECK_OK, "%s",
                          kind == DH_START_FRESH_HEAD ? _ ("Weights fit; a fresh outlier head is added")
                          : kind == DH_START_BACKBONE ? _ ("A pretrained backbone; all else is drawn afresh")
                                                      : _ ("Weights fit"));
}

/* What is no precision at all is a problem of the form. */
static gboolean
look_at_precision (DhTrainingLook *look)
{
  DhPrecision precision;
  const char *name = dh_training_look_text (look, DH_TRAINING_PRECISION);
  if (!dh_precision_from_name (name, &precision) || precision == DH_PRECISION_INT8
      || dh_device_trains_in (look->device, precision))
    return TRUE;
  dh_training_look_say (look, DH_CHECK_DEVICE, DH_CHECK_ERROR, _ ("%s cannot train in %s; choose float32"),
                        look->check->device_title, dh_training_precision_title (name));
  return FALSE;
}

static void
look_at_device (DhTrainingLook *look)
{
  g_autoptr (GError) error = NULL;
  const guint threads = (guint)look->form->numbers[DH_TRAINING_THREADS];
  look->device = dh_device_open (dh_training_look_text (look, DH_TRAINING_DEVICE), threads, &error);
  if (look->device == NULL)
    {
      say_error (look, DH_CHECK_DEVICE, &error);
      return;
    }
  look->check->device = g_strdup (dh_device_name (look->device));
  look->check->device_title = g_strdup (dh_device_title (look->device));
  if (!look_at_precision (look))
    return;
  if (g_str_equal (look->check->device, "ref"))
    dh_training_look_say (look, DH_CHECK_DEVICE, DH_CHECK_WARNING,
                          _ ("Plain C computes this slowly; it is there to be compared with"));
  else if (dh_device_passed_over (look->device) != NULL)
    dh_training_look_say (look, DH_CHECK_DEVICE, DH_CHECK_WARNING, _ ("Computes on %s. %s"), look->check->device_title,
                          dh_device_passed_over (look->device));
  else
    dh_training_look_say (look, DH_CHECK_DEVICE, DH_CHECK_OK, _ ("Computes on %s"), look->check->device_title);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const DhCheckLine *x = *(DhCheckLine *const *)a, *y = *(DhCheckLine *const *)b;
  return (x->subject > y->subject) - (x->subject < y->subject);
}

static void
look_at_all (DhTrainingLook *look)
{
  look_at_form (look);
  look_at_data (look);
  look_at_negatives (look);
  if (g_cancellable_is_cancelled (look->cancellable))
    return;
  /* Nothing can be computed from numbers that make no sense. */
  if (dh_recipe_check (look->recipe, NULL))
    look_at_weights (look);
  look_at_device (look);
  if (look->net != NULL && look->device != NULL)
    dh_training_look_at_memory (look);
  if (look->net != NULL && look->device != NULL && look->check->training > 0)
    dh_training_look_at_time (look);
  if (look->net != NULL)
    dh_training_look_at_disk (look);
  g_ptr_array_sort (look->check->lines, compare);
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (DhTrainingForm) form = dh_training_form_new ();
  g_autoptr (DhTrainingCheck) check = g_new0 (DhTrainingCheck, 1);
  g_autoptr (GError) error = NULL;
  DhTrainingLook look = { .form = form, .check = check, .cancellable = cancellable };
  g_atomic_ref_count_init (&check->refs);
  check->lines = g_ptr_array_new_with_free_func (line_free);
  check->can_start = TRUE;
  check->seconds = check->step_flop = NAN;
  if (!dh_training_form_read_text (form, data, &error))
    {
      say_error (&look, DH_CHECK_FORM, &error);
      g_task_return_pointer (task, g_steal_pointer (&check), (GDestroyNotify)dh_training_check_unref);
      return;
    }
  look.recipe = dh_training_form_dup_recipe (form);
  look_at_all (&look);
  dh_pictures_clear (&look.pictures);
  g_clear_pointer (&look.recipe, dh_recipe_free);
  g_clear_pointer (&look.net, dh_net_unref);
  g_clear_pointer (&look.device, dh_device_unref);
  if (!g_task_return_error_if_cancelled (task))
    g_task_return_pointer (task, g_steal_pointer (&check), (GDestroyNotify)dh_training_check_unref);
}

void
dh_training_check_async (DhTrainingForm *form, GCancellable *cancellable, GAsyncReadyCallback ready, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (form, cancellable, ready, data);
  g_task_set_task_data (task, dh_training_form_to_text (form), g_free);
  g_task_run_in_thread (task, check_in_thread);
}

DhTrainingCheck *
dh_training_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
