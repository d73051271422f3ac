#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include "dh-batch-loader.h"
#include "dh-database.h"
#include "dh-groups.h"
#include "dh-records.h"
#include "dh-run-folder.h"
#include "dh-step-work.h"
#include "dh-train-plan.h"
#include "dh-trainer.h"
#include "dh-training-check-private.h"
#include "dh-validation.h"

/* dh_step_work() a second that is assumed before anything was measured: of one thread with vectors of 512 bits, of half
 * as many and none, and of a card. The first was measured. */
#define THREAD_SPEED 230e9
#define THREAD_SPEED_AVX2 115e9
#define THREAD_SPEED_PLAIN 10e9
#define CARD_SPEED 25e12
/* Times as fast in less than float32: measured of a processor with AMX, and no more than a guess of a card. */
#define SHORT_GAIN 2
/* What the trainer takes of a processor's memory before it trains anything; measured, most of it libraries. */
#define PROGRAM_BYTES (24 << 20)
/* Above this share of the memory that is there, other programs may come too short. */
#define TIGHT 0.9
/* Samples that are made to see how long one takes, microseconds after which none is begun, and the side of a crop above
 * which it is not tried. */
#define MOST_SAMPLES 4
#define LONGEST (G_USEC_PER_SEC / 2)
#define LARGEST_CROP 2048

static gboolean
is_card (const DhTrainingLook *look)
{
  return look->check->device != NULL && g_str_has_prefix (look->check->device, "cuda");
}

static DhTrainOptions
options_of (const DhTrainingLook *look, guint batch)
{
  const gint crop = (gint)look->recipe->crop;
  return (DhTrainOptions){ .input = { (gint)batch, 3, crop, crop },
                           .precision = dh_training_look_precision (look),
                           .logits = look->net->logits,
                           .logits_ood = look->net->logits_ood,
                           .beta = look->recipe->beta,
                           .recompute = look->recipe->recompute };
}

/* Whole pictures are computed while the training keeps what it has. */
static guint64
estimate_validation (DhTrainingLook *look)
{
  if (look->check->validation == 0)
    return 0;
  const DhComposer validation = dh_pictures_compose (&look->pictures, look->recipe, TRUE);
  return dh_validation_bytes (look->device, look->net, &validation);
}

/* Bytes for a batch: the plan's, what the optimiser keeps of each parameter, the batches that are made ahead, what the
 * validation takes, and the program itself. */
static guint64
estimate_memory (const DhTrainingLook *look, guint batch, guint64 validation)
{
  const gint crop = (gint)look->recipe->crop;
  const DhTrainOptions options = options_of (look, batch);
  const guint64 plan = dh_train_plan_estimate_bytes (look->device, look->net->graph, &options);
  const double wanted = look->form->numbers[DH_TRAINING_WORKERS];
  const double ahead = is_card (look) ? 0 : (wanted > 0 ? wanted : dh_training_workers (look->device)) + 2;
  const double sample = 13.0 * crop * crop; /* three floats and a label a pixel */
  const double program = is_card (look) ? 0 : PROGRAM_BYTES;
  const double rest = 16.0 * (double)look->check->parameters + ahead * batch * sample + program;
  return plan == G_MAXUINT64 ? plan : plan + (guint64)rest + validation;
}

void
dh_training_look_at_memory (DhTrainingLook *look)
{
  DhTrainingCheck *check = look->check;
  const guint batch = look->recipe->batch;
  const guint64 validation = estimate_validation (look);
  const guint64 needed = estimate_memory (look, batch, validation), there = dh_device_available (look->device);
  if (needed == G_MAXUINT64)
    {
      dh_training_look_say (look, DH_CHECK_MEMORY, DH_CHECK_ERROR,
                            _ ("Crops of %u px are too small or too large for this network"), look->recipe->crop);
      return;
    }
  const DhTrainOptions options = options_of (look, batch);
  g_autoptr (GError) error = NULL;
  if (!dh_train_check_norms (look->net->graph, &options, &error))
    {
      dh_training_look_say (look, DH_CHECK_FORM, DH_CHECK_ERROR, "%s", error->message);
      return;
    }
  check->memory_needed = needed;
  check->memory_there = there;
  g_autofree char *wanted = g_format_size_full (needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *had = g_format_size_full (there, G_FORMAT_SIZE_IEC_UNITS);
  if (there == 0 || (double)needed <= TIGHT * (double)there)
    {
      dh_training_look_say (look, DH_CHECK_MEMORY, DH_CHECK_OK, _ ("Needs about %s of memory"), wanted);
      return;
    }
  /* The largest that fits, 1 where none from 2 on does. Each estimate makes a whole plan. */
  guint fits = 1;
  for (guint above = MAX (batch, 2); above - fits > 1 && !g_cancellable_is_cancelled (look->cancellable);)
    {
      const guint middle = fits + (above - fits) / 2;
      if ((double)estimate_memory (look, middle, validation) > TIGHT * (double)there)
        above = middle;
      else
        fits = middle;
    }
  if (fits >= 2)
    dh_training_look_say (look, DH_CHECK_MEMORY, needed > there ? DH_CHECK_ERROR : DH_CHECK_WARNING,
                          _ ("Needs about %s of memory, and %s can be had; batch %u × %u would fit"), wanted, had, fits,
                          (batch * look->recipe->accumulation + fits - 1) / fits);
  else
    dh_training_look_say (look, DH_CHECK_MEMORY, needed > there ? DH_CHECK_ERROR : DH_CHECK_WARNING,
                          _ ("Needs about %s of memory, and %s can be had; choose a smaller crop"), wanted, had);
}

static double
thread_speed (void)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports ("avx512f"))
    return THREAD_SPEED;
  if (__builtin_cpu_supports ("avx2"))
    return THREAD_SPEED_AVX2;
#endif
  return THREAD_SPEED_PLAIN;
}

static gboolean
gains_by_short (const DhTrainingLook *look)
{
#ifdef __x86_64__
  return is_card (look) || __builtin_cpu_supports ("amx-bf16");
#else
  return is_card (look);
#endif
}

/* What earlier trainings on this device reached in this precision, or a rough guess. */
static double
speed_of (const DhTrainingLook *look, DhPrecision precision, gboolean *measured)
{
  g_autofree char *path = dh_database_default_path ();
  double speed = NAN;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (DhDatabase) database = dh_database_open (path, NULL);
      if (database != NULL)
        speed = dh_database_training_speed (database, look->check->device, dh_precision_name (precision), NULL);
    }
  *measured = isfinite (speed) && speed > 0;
  if (*measured)
    return speed;
  const double gain = precision != DH_PRECISION_F32 && gains_by_short (look) ? SHORT_GAIN : 1;
  return is_card (look)                             ? gain * CARD_SPEED
         : g_str_equal (look->check->device, "ref") ? 1e9 * dh_device_threads (look->device)
                                                    : gain * thread_speed () * dh_device_threads (look->device);
}

/* Of one sample on one thread, with its files in memory or not as they are now. 0: none could be made, which is said
 * elsewhere, or it would take too much for a look. */
static double
measure_sample (const DhTrainingLook *look, const DhComposer *composer)
{
  const gsize crop = look->recipe->crop, area = crop * crop;
  if (crop > LARGEST_CROP || (look->recipe->negatives && composer->n_negative_items == 0))
    return 0;
  g_autofree float *input = g_try_new (float, 3 * area);
  g_autofree guint8 *labels = g_try_new (guint8, area);
  const gint64 begin = g_get_monotonic_time ();
  gint64 now = begin;
  guint n = 0;
  for (; input != NULL && labels != NULL && n < MOST_SAMPLES && now - begin < LONGEST; n++)
    {
      const guint item = composer->items[(guint64)n * composer->n_items / MOST_SAMPLES];
      if (g_cancellable_is_cancelled (look->cancellable)
          || !dh_composer_sample (composer, item, dh_random_new (0, 0, n), input, labels, NULL))
        return 0;
      now = g_get_monotonic_time ();
    }
  return n > 0 ? 1e-6 * (double)(now - begin) / n : 0;
}

/* Seconds of a sample with all threads that load at work. */
static double
share_of_loading (DhTrainingLook *look, const DhComposer *composer)
{
  const double wanted = look->form->numbers[DH_TRAINING_WORKERS];
  const double threads = wanted > 0 ? wanted : dh_training_workers (look->device);
  look->check->sample_seconds = measure_sample (look, composer);
  return look->check->sample_seconds / MIN (threads, dh_groups_processors ());
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

void
dh_training_look_at_time (DhTrainingLook *look)
{
  DhTrainingCheck *check = look->check;
  DhComposer composer = dh_pictures_compose (&look->pictures, look->recipe, FALSE);
  DhBatchLoader *loader = dh_batch_loader_new (&composer, 0, 0, 1, 0);
  const guint64 epoch = dh_batch_loader_epoch_size (loader) / look->recipe->accumulation;
  dh_batch_loader_free (loader);
  if (epoch == 0)
    {
      dh_training_look_say (look, DH_CHECK_DATA, DH_CHECK_ERROR,
                            _ ("%u training images are too few for one step of %u × %u"), check->training,
                            look->recipe->batch, look->recipe->accumulation);
      return;
    }
  const gint crop = (gint)look->recipe->crop;
  const DhShape input = { (gint)look->recipe->batch, 3, crop, crop };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (look->net->graph, input, NULL);
  if (shapes == NULL)
    return;
  const DhValue outputs[] = { look->net->logits, look->net->logits_ood };
  const DhStepParts parts =
      dh_step_parts (look->net->graph, shapes, outputs, look->net->logits_ood == DH_NO_VALUE ? 1 : 2);
  gboolean measured, known;
  check->steps = epoch * look->recipe->epochs;
  /* Backwards it is the same twice, for values and for parameters. */
  check->step_flop = 3 * dh_step_work (&parts) * look->recipe->accumulation;
  const DhComposer validation = dh_pictures_compose (&look->pictures, look->recipe, TRUE);
  const guint most = (guint)look->form->numbers[DH_TRAINING_VALIDATION_IMAGES];
  const guint pictures = most ? MIN (most, validation.n_items) : validation.n_items;
  const DhPrecision precision = dh_training_look_precision (look);
  const double speed = speed_of (look, precision, &measured), sample = share_of_loading (look, &composer);
  /* What is loaded ahead is loaded while it computes: the slower of both tells. A validation picture is read as whole
   * as one to train on. */
  const double computing = check->step_flop / speed;
  const double loading = sample * look->recipe->batch * look->recipe->accumulation;
  const double validating =
      dh_validation_work (look->net, &validation, most) / speed_of (look, DH_PRECISION_F32, &known);
  const double reading = sample * pictures * look->recipe->validation_pastes;
  check->seconds = (double)check->steps * MAX (computing, loading) + look->recipe->epochs * MAX (validating, reading);
  g_autofree char *time = duration (check->seconds);
  /* A processor that loads is the one that computes, so that no more can be had of it. */
  const gboolean waits = dh_device_has_memory (look->device) && loading > 2 * computing;
  dh_training_look_say (look, DH_CHECK_TIME, waits || check->seconds > 14 * 86400.0 ? DH_CHECK_WARNING : DH_CHECK_OK,
                        waits ? _ ("Very roughly %s for %'" PRIu64 " steps: the device waits for images to be read")
                        : measured ? _ ("About %s for %'" PRIu64 " steps, going by earlier trainings here")
                                   : _ ("Very roughly %s for %'" PRIu64 " steps"),
                        time, check->steps);
}

void
dh_training_look_at_disk (DhTrainingLook *look)
{
  DhTrainingCheck *check = look->check;
  if (*dh_training_look_text (look, DH_TRAINING_RUNS) == '\0')
    return;
  /* One comes after the other, and each keeps its files. */
  const guint n = dh_training_form_count_trainings (look->form);
  check->disk_needed = n * dh_run_folder_needs (check->parameters, look->recipe->keep);
  check->disk_there = dh_run_folder_free_space (dh_training_look_text (look, DH_TRAINING_RUNS));
  g_autofree char *needed = g_format_size_full (check->disk_needed, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *there = g_format_size_full (check->disk_there, G_FORMAT_SIZE_IEC_UNITS);
  if (check->disk_there != 0 && check->disk_there < check->disk_needed)
    dh_training_look_say (look, DH_CHECK_DISK, DH_CHECK_ERROR,
                          _ ("The checkpoints need %s, but the disk has %s left; make room or keep fewer models"),
                          needed, there);
  else if (n > 1)
    dh_training_look_say (look, DH_CHECK_DISK, DH_CHECK_OK, _ ("Checkpoints of %u trainings take %s at most"), n,
                          needed);
  else
    dh_training_look_say (look, DH_CHECK_DISK, DH_CHECK_OK, _ ("Checkpoints take %s at most"), needed);
}
