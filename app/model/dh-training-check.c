#include "dh-training-check.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-batch-loader.h"
#include "dh-database.h"
#include "dh-error.h"
#include "dh-image.h"
#include "dh-machine.h"
#include "dh-model.h"
#include "dh-nets.h"
#include "dh-pictures.h"
#include "dh-records.h"
#include "dh-run-folder.h"
#include "dh-train-plan.h"
#include "dh-training-form-private.h"

/* Negatives of which the size is looked at. */
#define MOST_PROBED 1500
/* FLOP a second that are assumed before anything was measured: of one thread, and of a card. */
#define THREAD_SPEED 60e9
#define CARD_SPEED 25e12
/* Above this share of the memory that is there, other programs may come too short. */
#define TIGHT 0.9

typedef struct
{
  DhTrainingForm *form; /* a copy: of this thread alone */
  DhRecipe *recipe;
  DhPictures pictures;
  DhDevice *device;
  DhNet *net;
  DhTrainingCheck *check;
  GCancellable *cancellable;
} Look;

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

G_GNUC_PRINTF (4, 5)
static void
say (Look *look, DhCheckSubject subject, DhCheckLevel level, const char *format, ...)
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
say_error (Look *look, DhCheckSubject subject, GError **error)
{
  if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    say (look, subject, DH_CHECK_ERROR, "%s", (*error)->message);
  g_clear_error (error);
}

static const char *
text_of (Look *look, DhTrainingField field)
{
  return look->form->texts[field];
}

static void
look_at_form (Look *look)
{
  g_autoptr (GError) error = NULL;
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      g_autofree char *problem = dh_training_form_dup_problem (look->form, i);
      if (problem != NULL)
        say (look, DH_CHECK_FORM, DH_CHECK_ERROR, "%s", problem);
    }
  if (look->check->can_start && !dh_recipe_check (look->recipe, &error))
    say_error (look, DH_CHECK_FORM, &error);
}

static void
look_at_data (Look *look)
{
  g_autoptr (GError) error = NULL;
  DhPictures *pictures = &look->pictures;
  if (*text_of (look, DH_TRAINING_DATA) == '\0')
    return; /* a problem of the form */
  const gboolean found =
      dh_pictures_open_data (pictures, look->recipe, text_of (look, DH_TRAINING_DATA), look->cancellable, &error);
  if (pictures->dataset != NULL)
    look->check->data_title = g_strdup (dh_dataset_title (pictures->dataset));
  if (!found)
    {
      say_error (look, DH_CHECK_DATA, &error);
      return;
    }
  look->check->training = pictures->training->len;
  look->check->validation = pictures->validation->len;
  say (look, DH_CHECK_DATA, DH_CHECK_OK, _ ("%s: %'u training and %'u validation pictures with labels, %d classes"),
       look->check->data_title, look->check->training, look->check->validation, pictures->classes);
  if (look->check->validation == 0)
    say (look, DH_CHECK_DATA, DH_CHECK_WARNING,
         _ ("There is no validation split: nothing can be measured, and the last model counts as the best"));
  const char *const *notes = dh_dataset_notes (pictures->dataset);
  for (guint i = 0; notes[i] != NULL && i < 3; i++)
    say (look, DH_CHECK_DATA, DH_CHECK_WARNING, "%s", notes[i]);
}

/* Of pictures all over the set: how many are too small for a crop as they are. */
static guint
count_small (Look *look, guint *probed)
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

static void
look_at_negatives (Look *look)
{
  g_autoptr (GError) error = NULL;
  guint probed;
  if (!look->recipe->negatives || *text_of (look, DH_TRAINING_NEGATIVES) == '\0')
    return;
  const gboolean found =
      dh_pictures_open_negatives (&look->pictures, text_of (look, DH_TRAINING_NEGATIVES), look->cancellable, &error);
  if (look->pictures.negatives != NULL)
    look->check->negatives_title = g_strdup (dh_dataset_title (look->pictures.negatives));
  if (!found)
    {
      say_error (look, DH_CHECK_NEGATIVES, &error);
      return;
    }
  const guint n = look->check->negatives = look->pictures.pasted->len;
  say (look, DH_CHECK_NEGATIVES, DH_CHECK_OK, _ ("%'u negatives found"), n);
  const guint small = count_small (look, &probed);
  if (probed == 0)
    say (look, DH_CHECK_NEGATIVES, DH_CHECK_ERROR, _ ("None of the negatives can be read as a picture"));
  else if (small > 0 && probed == n)
    say (look, DH_CHECK_NEGATIVES, DH_CHECK_WARNING, _ ("%u negatives under %u px are scaled up"), small,
         look->recipe->negative_crop);
  else if (small > 0)
    say (look, DH_CHECK_NEGATIVES, DH_CHECK_WARNING, _ ("About %.0f of the negatives, under %u px, are scaled up"),
         (double)n * small / probed, look->recipe->negative_crop);
}

static gboolean
make_network (Look *look, GError **error)
{
  DhArchitecture architecture;
  const gint classes = look->pictures.classes > 0 ? look->pictures.classes : look->recipe->classes;
  if (!dh_architecture_from_name (look->recipe->architecture, classes, &architecture, error))
    return FALSE;
  look->net = dh_net_new (&architecture);
  look->check->parameters = (guint64)dh_net_parameter_count (look->net);
  return TRUE;
}

static void
look_at_weights (Look *look)
{
  g_autoptr (GError) error = NULL;
  if (!make_network (look, &error))
    {
      say_error (look, DH_CHECK_WEIGHTS, &error);
      return;
    }
  const char *path = text_of (look, DH_TRAINING_INIT);
  if (*path == '\0')
    {
      if (look->recipe->negatives)
        say (look, DH_CHECK_WEIGHTS, DH_CHECK_WARNING,
             _ ("No weights to start from: the recipe refines a closed-set network; afresh it takes far longer"));
      else
        say (look, DH_CHECK_WEIGHTS, DH_CHECK_OK, _ ("All %.1f million parameters are drawn afresh"),
             (double)look->check->parameters / 1e6);
      return;
    }
  const gboolean head = look->net->architecture.outlier_head;
  const DhModelOptions plain = { .classes = look->net->architecture.classes };
  const DhModelOptions fresh = { .classes = plain.classes, .fresh_outlier_head = head };
  g_autoptr (DhModel) model = dh_model_load (path, &plain, &error);
  const gboolean adds = model != NULL && head && !dh_model_has_outlier_head (model);
  if (adds)
    {
      dh_model_unref (model);
      model = dh_model_load (path, &fresh, &error);
    }
  g_autoptr (DhTensorDict) state = model != NULL ? dh_model_dup_state (model, &error) : NULL;
  if (state == NULL || !dh_net_check_keys (look->net, state, &error))
    {
      say_error (look, DH_CHECK_WEIGHTS, &error);
      return;
    }
  look->check->weights_title = g_strdup (dh_model_title (model));
  say (look, DH_CHECK_WEIGHTS, DH_CHECK_OK,
       adds ? _ ("Weights fit; a fresh outlier head is added") : _ ("Weights fit"));
}

static void
look_at_device (Look *look)
{
  g_autoptr (GError) error = NULL;
  const guint threads = (guint)look->form->numbers[DH_TRAINING_THREADS];
  look->device = dh_device_open (text_of (look, DH_TRAINING_DEVICE), threads, &error);
  if (look->device == NULL)
    {
      say_error (look, DH_CHECK_DEVICE, &error);
      return;
    }
  look->check->device = g_strdup (dh_device_name (look->device));
  look->check->device_title = g_strdup (dh_device_title (look->device));
  if (g_str_equal (look->check->device, "ref"))
    say (look, DH_CHECK_DEVICE, DH_CHECK_WARNING, _ ("Plain C computes this slowly; it is there to be compared with"));
  else
    say (look, DH_CHECK_DEVICE, DH_CHECK_OK, _ ("Computes on %s"), look->check->device_title);
}

static gboolean
is_card (const Look *look)
{
  return look->check->device != NULL && g_str_has_prefix (look->check->device, "cuda");
}

/* Bytes for a batch: the plan's, what the optimiser keeps of each parameter, and the batches that are made ahead. */
static guint64
estimate_memory (const Look *look, guint batch)
{
  const gint crop = (gint)look->recipe->crop;
  const DhTrainOptions options = { .input = { (gint)batch, 3, crop, crop },
                                   .logits = look->net->logits,
                                   .logits_ood = look->net->logits_ood,
                                   .beta = look->recipe->beta };
  const guint64 plan = dh_train_plan_estimate_bytes (look->device, look->net->graph, &options);
  const double ahead = is_card (look) ? 0 : look->form->numbers[DH_TRAINING_WORKERS] + 2;
  const double sample = 13.0 * crop * crop; /* three floats and a label a pixel */
  const double rest = 16.0 * (double)look->check->parameters + ahead * batch * sample;
  return plan == G_MAXUINT64 ? plan : plan + (guint64)rest;
}

static guint64
memory_there (const Look *look)
{
  guint64 found = 0;
  if (!is_card (look))
    return dh_machine_memory_available ();
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  for (guint i = 0; i < devices->len; i++)
    {
      const DhDeviceInfo *info = devices->pdata[i];
      if (g_str_equal (info->name, look->check->device))
        found = info->memory;
    }
  return found;
}

static void
look_at_memory (Look *look)
{
  DhTrainingCheck *check = look->check;
  const guint batch = look->recipe->batch;
  const guint64 needed = estimate_memory (look, batch), there = memory_there (look);
  if (needed == G_MAXUINT64)
    {
      say (look, DH_CHECK_MEMORY, DH_CHECK_ERROR, _ ("Crops of %u px are too small or too large for this network"),
           look->recipe->crop);
      return;
    }
  check->memory_needed = needed;
  check->memory_there = there;
  g_autofree char *wanted = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *had = g_format_size_full (there, G_FORMAT_SIZE_IEC_UNITS);
  if (there == 0 || (double)needed <= TIGHT * (double)there)
    {
      say (look, DH_CHECK_MEMORY, DH_CHECK_OK, _ ("Needs about %s of memory"), wanted);
      return;
    }
  guint fits = batch - 1;
  while (fits >= 2 && (double)estimate_memory (look, fits) > TIGHT * (double)there)
    fits--;
  if (fits >= 2)
    say (look, DH_CHECK_MEMORY, needed > there ? DH_CHECK_ERROR : DH_CHECK_WARNING,
         _ ("Needs about %s of memory, and %s can be had; batch %u × %u would fit"), wanted, had, fits,
         (batch * look->recipe->accumulation + fits - 1) / fits);
  else
    say (look, DH_CHECK_MEMORY, needed > there ? DH_CHECK_ERROR : DH_CHECK_WARNING,
         _ ("Needs about %s of memory, and %s can be had; choose a smaller crop"), wanted, had);
}

/* What earlier trainings on this device reached, or a rough guess. */
static double
speed_of (const Look *look, gboolean *measured)
{
  g_autofree char *path = dh_database_default_path ();
  double speed = NAN;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (DhDatabase) database = dh_database_open (path, NULL);
      if (database != NULL)
        speed = dh_database_training_speed (database, look->check->device, NULL);
    }
  *measured = isfinite (speed) && speed > 0;
  if (*measured)
    return speed;
  return is_card (look)                             ? CARD_SPEED
         : g_str_equal (look->check->device, "ref") ? 1e9 * dh_device_threads (look->device)
                                                    : THREAD_SPEED * dh_device_threads (look->device);
}

static char *
duration (double seconds)
{
  if (seconds < 90)
    return g_strdup_printf (_ ("%.0f s"), seconds);
  if (seconds < 90 * 60)
    return g_strdup_printf (_ ("%.0f min"), seconds / 60);
  if (seconds < 48 * 3600)
    return g_strdup_printf (_ ("%.1f hours"), seconds / 3600);
  return g_strdup_printf (_ ("%.1f days"), seconds / 86400);
}

static void
look_at_time (Look *look)
{
  DhTrainingCheck *check = look->check;
  DhComposer composer = dh_pictures_compose (&look->pictures, look->recipe, FALSE);
  DhBatchLoader *loader = dh_batch_loader_new (&composer, 0, 0, 1, 0);
  const guint64 epoch = dh_batch_loader_epoch_size (loader) / look->recipe->accumulation;
  dh_batch_loader_free (loader);
  if (epoch == 0)
    {
      say (look, DH_CHECK_DATA, DH_CHECK_ERROR, _ ("%u training pictures are too few for one step of %u × %u"),
           check->training, look->recipe->batch, look->recipe->accumulation);
      return;
    }
  const gint crop = (gint)look->recipe->crop;
  const DhShape input = { (gint)look->recipe->batch, 3, crop, crop };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (look->net->graph, input, NULL);
  if (shapes == NULL)
    return;
  const DhValue outputs[] = { look->net->logits, look->net->logits_ood };
  const double forward =
      dh_graph_flop (look->net->graph, shapes, outputs, look->net->logits_ood == DH_NO_VALUE ? 1 : 2);
  gboolean measured;
  check->steps = epoch * look->recipe->epochs;
  /* Backwards it is the same twice, for values and for parameters. */
  check->step_flop = 3 * forward * look->recipe->accumulation;
  check->seconds = (double)check->steps * check->step_flop / speed_of (look, &measured);
  g_autofree char *time = duration (check->seconds);
  say (look, DH_CHECK_TIME, check->seconds > 14 * 86400.0 ? DH_CHECK_WARNING : DH_CHECK_OK,
       measured ? _ ("About %s for %'" G_GUINT64_FORMAT " steps, going by earlier trainings here")
                : _ ("Very roughly %s for %'" G_GUINT64_FORMAT " steps"),
       time, check->steps);
}

static void
look_at_disk (Look *look)
{
  DhTrainingCheck *check = look->check;
  if (*text_of (look, DH_TRAINING_RUNS) == '\0')
    return;
  check->disk_needed = dh_run_folder_needs (check->parameters, look->recipe->keep);
  check->disk_there = dh_run_folder_free_space (text_of (look, DH_TRAINING_RUNS));
  g_autofree char *needed = g_format_size_full (check->disk_needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *there = g_format_size_full (check->disk_there, G_FORMAT_SIZE_IEC_UNITS);
  if (check->disk_there != 0 && check->disk_there < check->disk_needed)
    say (look, DH_CHECK_DISK, DH_CHECK_ERROR,
         _ ("The checkpoints need %s, but the disk has %s left; make room or keep fewer models"), needed, there);
  else
    say (look, DH_CHECK_DISK, DH_CHECK_OK, _ ("Checkpoints take %s at most"), needed);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const DhCheckLine *x = *(DhCheckLine *const *)a, *y = *(DhCheckLine *const *)b;
  return (x->subject > y->subject) - (x->subject < y->subject);
}

static void
look_at_all (Look *look)
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
    look_at_memory (look);
  if (look->net != NULL && look->device != NULL && look->check->training > 0)
    look_at_time (look);
  if (look->net != NULL)
    look_at_disk (look);
  g_ptr_array_sort (look->check->lines, compare);
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (DhTrainingForm) form = dh_training_form_new ();
  g_autoptr (DhTrainingCheck) check = g_new0 (DhTrainingCheck, 1);
  g_autoptr (GError) error = NULL;
  Look look = { .form = form, .check = check, .cancellable = cancellable };
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
