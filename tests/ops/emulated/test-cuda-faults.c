#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-device.h"
#include "dh-error.h"
#include "emulated-graph.h"
#include "dh-nets.h"
#include "dh-predictor.h"

/* The cuda device's host side on the emulated card: every allocation and every call fails once, the card is lost, and
 * the precisions stay near float32. */

enum
{
  HEIGHT = 64,
  WIDTH = 96,
  AREA = HEIGHT * WIDTH,
};

typedef struct
{
  DhNet *net;
  DhTensorDict *weights;
  float *input;
  float *map;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  DhArchitecture architecture;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 5, &architecture, NULL));
  fixture->net = dh_net_new (&architecture);
  fixture->weights = dh_net_new_seeded (fixture->net, 3, 1);
  fixture->input = g_new (float, 3 * AREA);
  fixture->map = g_new (float, AREA);
  g_autofree double *r = g_new (double, 3 * AREA);
  dh_seeded_uniform ("input", 3, 3 * AREA, r);
  for (guint i = 0; i < 3 * AREA; i++)
    fixture->input[i] = (float)(r[i] * 0.5 + 0.5);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_net_unref (fixture->net);
  dh_tensor_dict_unref (fixture->weights);
  g_free (fixture->input);
  g_free (fixture->map);
}

static DhPlan *
new_plan (Fixture *fixture, DhDevice *device, DhPrecision precision, GError **error)
{
  const DhPlanOptions options = { .input = { 1, 3, HEIGHT, WIDTH },
                                  .precision = precision,
                                  .outputs = &fixture->net->maps[DH_MAP_HYBRID],
                                  .n_outputs = 1 };
  return dh_plan_new (device, fixture->net->graph, fixture->weights, &options, error);
}

static gboolean
run (Fixture *fixture, DhPlan *plan, GError **error)
{
  return dh_plan_run (plan, fixture->input, (gpointer[]){ fixture->map }, NULL, NULL, error);
}

/* The n-th allocation fails, for every n; the card stays usable, and says how much was needed. */
static void
test_memory (Fixture *fixture, gconstpointer data)
{
  const char *what = data;
  guint failures = 0;
  for (guint n = 1; n < 100; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("%s:%u", what, n);
      g_autoptr (DhDevice) device = emulated_open_card ();
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      if (plan)
        {
          g_assert_no_error (error);
          break;
        }
      g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
      g_assert_nonnull (strstr (error->message, "This image needs about "));
      g_assert_nonnull (strstr (error->message, "MiB on the card; use a smaller scale"));
      g_clear_error (&error);
      failures++;
      g_autoptr (DhPlan) again = new_plan (fixture, device, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      g_assert_true (run (fixture, again, &error));
    }
  g_assert_cmpuint (failures, >, 0);
}

/* A lost card: an error once, and the same answer from then on, without a call to the card. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    g_assert_true (run (fixture, plan, NULL));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (run (fixture, plan, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "lost"));
      g_assert_true (i == 0 || strstr (error->message, "open it again"));
      g_clear_error (&error);
    }
  g_assert_null (new_plan (fixture, device, DH_PRECISION_F32, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhDevice) fresh = emulated_open_card ();
  g_autoptr (DhPlan) other = new_plan (fixture, fresh, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_assert_true (run (fixture, other, &error));
}

static void
test_lost_in_compile (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_null (new_plan (fixture, device, DH_PRECISION_BF16, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
}

/* What loses the card is left out and the plan made all the same; where the card does not open again, it is said what
 * to do. */
static void
test_left_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_setenv ("DH_EMULATED_FAIL", "engine:5", TRUE);
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_autoptr (DhDevice) other = emulated_open_card ();
  g_setenv ("DH_EMULATED_STAYS", "1", TRUE);
  g_setenv ("DH_EMULATED_FAIL", "engine:6", TRUE);
  g_assert_null (new_plan (fixture, other, DH_PRECISION_F32, &error));
  g_unsetenv ("DH_EMULATED_STAYS");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message,
                            "the card was lost in engine. the card does not open. What it was lost with "
                            "is left out then"));
}

/* The predictor opens a lost card again, says so, and goes on. */
static void
test_predictor (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F32, 1, &error);
  g_autoptr (DhImage) image = dh_image_new (64, 48);
  memset (image->rgb, 77, 3 * 64 * 48);
  g_assert_no_error (error);
  DhDevice *device = dh_predictor_device (predictor);
  g_autoptr (DhPrediction) first = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  static const char *const faults[] = { "wait:1", "copy:1", "conv:1" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      /* Of another size each time: compiling fails too. */
      g_autoptr (DhImage) other = dh_image_new (40 + 8 * i, 40);
      memset (other->rgb, 7, (gsize)3 * other->width * other->height);
      g_setenv ("DH_EMULATED_FAIL", faults[i], TRUE);
      g_assert_null (dh_predictor_run (predictor, other, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_clear_error (&error);
      g_unsetenv ("DH_EMULATED_FAIL");
      g_autoptr (DhPrediction) again =
          dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (dh_predictor_device (predictor) == device);
      g_assert_cmpmem (dh_tensor_data (again->maps[DH_MAP_HYBRID]), 64 * 48 * 4,
                       dh_tensor_data (first->maps[DH_MAP_HYBRID]), 64 * 48 * 4);
    }
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_unsetenv ("DH_EMULATED_FAIL");
}

/* Plain, recorded, refused to record, bare convolutions: the same map. */
static void
test_ways (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_assert_true (run (fixture, plan, &error));
  g_autofree float *first = g_memdup2 (fixture->map, AREA * sizeof (float));
  for (guint i = 0; i < 2; i++)
    {
      memset (fixture->map, 0xff, AREA * sizeof (float));
      g_assert_true (run (fixture, plan, &error));
      g_assert_cmpmem (first, AREA * sizeof (float), fixture->map, AREA * sizeof (float));
    }
  g_autoptr (DhPlan) other = new_plan (fixture, device, DH_PRECISION_F32, &error);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (run (fixture, other, &error));
      g_assert_cmpmem (first, AREA * sizeof (float), fixture->map, AREA * sizeof (float));
    }
  dh_plan_set_timing (other, TRUE);
  g_assert_true (run (fixture, other, &error));
  g_autoptr (GArray) steps = dh_plan_list_steps (other);
  g_assert_cmpuint (steps->len, >, 20);
  /* Those of the last run alone, however it was made. */
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (other, fixture->input, (gpointer[]){ fixture->map }, &error)
                   && dh_plan_end (other, &error));
  g_autoptr (GArray) last = dh_plan_list_steps (other);
  g_assert_cmpuint (last->len, ==, steps->len);
}

/* What the card refuses to record is started between recordings of the rest, in order: the same maps, of floats and of
 * bytes, in both of the places that runs have. A recording that fails as a whole is made in parts. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *refused, *fail;
    guint n_recordings; /* of a run */
    const char *said;
  } cases[] = {
    { "", NULL, 1, NULL },
    { "", "record:1", 1, NULL },
    { "kernel-0", NULL, 1, "1 of " },
    { "kernel-5", NULL, 1, "1 of " },
    { "conv-4", NULL, 2, "denselayer2.conv1” (plain C): " },
    { "conv-4,conv-5", NULL, 2, NULL },
    { "conv-4,conv-8", NULL, 3, NULL },
    { "kernel-0,conv-4,kernel-5", NULL, 2, "3 of " },
    { "all", NULL, 0, "71 of 71 steps, the first “picture” (pack): " },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhImage) image = dh_image_new (WIDTH, HEIGHT);
  for (guint i = 0; i < 3 * AREA; i++)
    image->rgb[i] = (guint8)(i * 7);
  dh_image_to_planes (image, fixture->input);
  g_autoptr (DhPlan) plain = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_assert_true (run (fixture, plain, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, AREA * sizeof (float));
  if (data)
    g_setenv ("DH_EMULATED_REFUSES_LATE", "1", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* Convolutions are counted by the card. */
      g_autoptr (DhDevice) own = emulated_open_card ();
      g_autoptr (DhPlan) plan = new_plan (fixture, own, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      gpointer maps[] = { fixture->map };
      g_setenv ("DH_EMULATED_REFUSES", cases[i].refused, TRUE);
      g_setenv ("DH_EMULATED_FAIL", cases[i].fail ? cases[i].fail : "", TRUE);
      for (guint number = 0; number < 10; number++)
        {
          g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
          memset (fixture->map, 0xff, AREA * sizeof (float));
          g_assert_true (number % 4 < 2 ? dh_plan_begin (plan, fixture->input, maps, &error)
                                        : dh_plan_begin_rgb (plan, image->rgb, maps, &error));
          g_assert_true (dh_plan_end (plan, &error));
          g_assert_cmpmem (expected, AREA * sizeof (float), fixture->map, AREA * sizeof (float));
          g_assert_cmpint (atoi (g_getenv ("DH_EMULATED_REPLAYS")), ==, number ? (gint)cases[i].n_recordings : 0);
        }
      g_autofree char *words = dh_plan_to_string (plan);
      const char *said = strstr (words, "not recorded: ");
      g_test_message ("%s: %s", cases[i].refused, said ? said : "recorded");
      g_assert_true (!said == !*cases[i].refused);
      g_assert_true (!cases[i].said || strstr (said, cases[i].said));
    }
  g_unsetenv ("DH_EMULATED_REPLAYS");
  g_unsetenv ("DH_EMULATED_REFUSES");
  g_unsetenv ("DH_EMULATED_REFUSES_LATE");
}

/* Steps that are recorded each by itself, but not together, are started as they are. */
static void
test_refused_together (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_setenv ("DH_EMULATED_REFUSES", "conv-4", TRUE);
  g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
  g_assert_true (run (fixture, plan, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, AREA * sizeof (float));
  /* All of it, 71 steps, what is before the convolution, and this. */
  g_setenv ("DH_EMULATED_FAIL", "record:74", TRUE);
  g_assert_true (run (fixture, plan, &error));
  g_assert_cmpmem (expected, AREA * sizeof (float), fixture->map, AREA * sizeof (float));
  g_assert_cmpstr (g_getenv ("DH_EMULATED_REPLAYS"), ==, "1");
  g_autofree char *words = dh_plan_to_string (plan);
  g_assert_nonnull (strstr (words, " of 71 steps, the first “backbone.features.denseblock1.denselayer2.conv1"));
  g_assert_null (strstr (words, "not recorded: 1 of 71 steps"));
  g_unsetenv ("DH_EMULATED_REPLAYS");
  g_unsetenv ("DH_EMULATED_REFUSES");
}

/* The card is lost in the second of two recordings, in what is started between them, or while it records. */
static void
test_lost_apart (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_setenv ("DH_EMULATED_REFUSES", "conv-4", TRUE);
  /* From the third on in the other place, whose first is recorded. */
  for (guint i = 0; i < 2 + !g_str_has_prefix (data, "launch:"); i++)
    g_assert_true (run (fixture, plan, &error));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_false (run (fixture, plan, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_unsetenv ("DH_EMULATED_REFUSES");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "the card was lost in"));
  g_clear_error (&error);
  g_assert_false (run (fixture, plan, &error));
  g_assert_nonnull (strstr (error->message, "open it again"));
}

/* A run that was stopped counts for none: what it did not come to is not recorded before it ran. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer maps[] = { fixture->map };
  g_setenv ("DH_EMULATED_FAIL", "cancel:5", TRUE);
  g_cancellable_push_current (cancellable);
  g_assert_false (dh_plan_run (plan, fixture->input, maps, cancellable, NULL, &error));
  g_cancellable_pop_current (cancellable);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  for (guint i = 0; i < 3; i++)
    g_assert_true (run (fixture, plan, &error));
}

/* Runs that overlap give what runs one by one give, whichever lane is ahead; a fault ends all of them. */
static void
test_overlap (Fixture *fixture, gconstpointer data)
{
  enum
  {
    RUNS = 7
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhPlan) other = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autofree float *expected = g_new (float, (gsize)RUNS *AREA), *found = g_new0 (float, (gsize)RUNS *AREA);
  g_autofree float *pictures = g_new (float, (gsize)RUNS * 3 * AREA);
  g_assert_cmpuint (dh_plan_depth (plan), ==, 2);
  for (guint i = 0; i < RUNS; i++)
    {
      for (guint j = 0; j < 3 * AREA; j++)
        pictures[i * 3 * AREA + j] = fixture->input[j] * (float)(i + 1) / RUNS;
      g_assert_true (
          dh_plan_run (other, pictures + i * 3 * AREA, (gpointer[]){ expected + i * AREA }, NULL, NULL, &error));
    }
  for (guint i = 0; i <= RUNS; i++)
    {
      if (i < RUNS)
        g_assert_true (dh_plan_begin (plan, pictures + i * 3 * AREA, (gpointer[]){ found + i * AREA }, &error));
      if (i == 0)
        continue;
      g_assert_true (dh_plan_end (plan, &error));
      g_assert_cmpmem (expected + (i - 1) * AREA, AREA * sizeof (float), found + (i - 1) * AREA, AREA * sizeof (float));
    }
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (plan, pictures, (gpointer[]){ found + i * AREA }, &error));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_false (dh_plan_end (plan, &error));
  memset (found, 7, 2 * AREA * sizeof (float)); /* it is the caller's again */
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (dh_plan_begin (plan, pictures, (gpointer[]){ found }, &error));
  g_assert_nonnull (strstr (error->message, "open it again"));
}

/* Bytes give the bits of the floats that they stand for, mixed with them in any order, plain and recorded; and maps
 * that nobody wants are dropped. */
static void
test_bytes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhPlan) other = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhImage) image = dh_image_new (WIDTH, HEIGHT);
  g_autofree float *expected = g_new (float, AREA);
  guint32 random = 9;
  for (guint i = 0; i < 7; i++)
    {
      for (guint j = 0; j < 3 * AREA; j++)
        image->rgb[j] = (guint8)((random = random * 1664525u + 1013904223u) >> 24);
      dh_image_to_planes (image, fixture->input);
      g_assert_true (dh_plan_run (other, fixture->input, (gpointer[]){ expected }, NULL, NULL, &error));
      gpointer maps[] = { fixture->map };
      g_assert_true (i % 3 == 2 ? dh_plan_begin (plan, fixture->input, maps, &error)
                                : dh_plan_begin_rgb (plan, image->rgb, maps, &error));
      if (i == 3)
        {
          g_assert_true (dh_plan_begin_rgb (plan, image->rgb, NULL, &error));
          g_assert_cmpuint (dh_plan_in_flight (plan), ==, 2);
          g_assert_true (dh_plan_end (plan, &error));
        }
      g_assert_true (dh_plan_end (plan, &error));
      g_assert_cmpmem (expected, AREA * sizeof (float), fixture->map, AREA * sizeof (float));
    }
  g_assert_no_error (error);
}

/* What is foretold before a run is what the plan takes, but for workspace and rounding to chunks. */
static void
test_estimate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  const DhPlanOptions options = { .input = { 1, 3, HEIGHT, WIDTH },
                                  .precision = DH_PRECISION_F16,
                                  .outputs = &fixture->net->maps[DH_MAP_HYBRID],
                                  .n_outputs = 1 };
  const guint64 guess = dh_device_estimate (device, fixture->net->graph, &options), taken = dh_plan_memory (plan);
  g_test_message ("%.2f MiB foretold, %.2f taken", guess / 1048576.0, taken / 1048576.0);
  g_assert_cmpuint (guess, <=, taken);
  g_assert_cmpuint (taken, <=, guess + ((guint64)9 << 20));
}

/* A picture that the card has no room for is refused before it is begun, with what it needs and what to do; kept plans
 * make room first. */
static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F32, 1, &error);
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID);
  g_assert_nonnull (dh_predictor_get_plan (predictor, 96, 64, maps, NULL, &error));
  g_assert_no_error (error);
  g_setenv ("DH_EMULATED_MIB", "16", TRUE);
  g_assert_null (dh_predictor_get_plan (predictor, 1024, 1024, maps, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "iB"));
  g_assert_nonnull (strstr (error->message, " can be had"));
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_MIB");
  g_assert_nonnull (dh_predictor_get_plan (predictor, 128, 128, maps, NULL, &error));
  g_assert_no_error (error);
}

/* A side beyond what kernels count in 32 bits is refused before anything is taken. */
static void
test_too_long (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 1, &error);
  g_assert_no_error (error);
  DhGraph *graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3), y = dh_graph_adaptive_pool (graph, x, 2, FALSE);
  g_autoptr (DhTensorDict) none = dh_tensor_dict_new ();
  for (gint w = 32768; w <= 32769; w++)
    {
      const DhPlanOptions options = { .input = { 1, 3, 2, w }, .outputs = &y, .n_outputs = 1 };
      g_autoptr (DhPlan) plan = dh_plan_new (device, graph, none, &options, &error);
      g_assert_true ((plan != NULL) == (w == 32768));
    }
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "32769×2"));
  dh_graph_unref (graph);
}

/* Pictures that overlap give what they give one by one; a card that is lost meanwhile is opened again. */
static void
test_predictor_overlap (void)
{
  enum
  {
    RUNS = 5
  };
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F16, 1, &error);
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID) | DH_MAP_BIT (DH_MAP_SEGMENTATION);
  DhImage *images[RUNS];
  DhPrediction *expected[RUNS];
  for (guint i = 0; i < RUNS; i++)
    {
      images[i] = dh_image_new (64, 48);
      memset (images[i]->rgb, 40 * (gint)i, 3 * 64 * 48);
      images[i]->rgb[100] = 255;
      g_assert_true (dh_predictor_can_begin (predictor, images[i], maps) == (i > 0));
      expected[i] = dh_predictor_run (predictor, images[i], maps, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i <= RUNS; i++)
    {
      if (i < RUNS)
        g_assert_true (dh_predictor_begin (predictor, images[i], maps, &error));
      if (i == 0)
        continue;
      g_autoptr (DhPrediction) found = dh_predictor_end (predictor, &error);
      g_assert_no_error (error);
      for (DhMap map = 0; map < DH_N_MAPS; map++)
        if (maps & DH_MAP_BIT (map))
          g_assert_cmpmem (dh_tensor_data (found->maps[map]), dh_tensor_size_bytes (found->maps[map]),
                           dh_tensor_data (expected[i - 1]->maps[map]),
                           dh_tensor_size_bytes (expected[i - 1]->maps[map]));
    }
  g_assert_true (dh_predictor_begin (predictor, images[0], maps, &error));
  g_assert_true (dh_predictor_begin (predictor, images[1], maps, &error));
  g_assert_false (dh_predictor_can_begin (predictor, images[2], maps));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_end (predictor, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_clear_error (&error);
  g_autoptr (DhPrediction) again = dh_predictor_run (predictor, images[0], maps, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_predictor_begin (predictor, images[0], maps, &error)); /* and freed in flight */
  for (guint i = 0; i < RUNS; i++)
    {
      dh_image_unref (images[i]);
      dh_prediction_free (expected[i]);
    }
}

/* Freed while runs are in flight. */
static void
test_in_flight (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (plan, fixture->input, (gpointer[]){ fixture->map }, &error));
}

/* Maps come down once, straight into the memory that whoever asked for them holds; it is used again when they let go,
 * and stays theirs when the card is lost and when it is closed. */
static void
test_down (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  DhPredictor *predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F16, 1, &error);
  g_autoptr (DhImage) image = dh_image_new (64, 48);
  memset (image->rgb, 77, 3 * 64 * 48);
  g_setenv ("DH_EMULATED_DOWN", "pinned", TRUE);
  g_autoptr (DhPrediction) first = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  GBytes *map = first->maps[DH_MAP_HYBRID]->bytes;
  g_autofree char *address = g_strdup_printf ("%p", g_bytes_get_data (map, NULL));
  g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), ==, address);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DhPrediction) next = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, NULL);
      g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), !=, address);
      if (i == 0)
        continue;
      /* The block that came back is what the next one gets. */
      g_autofree char *again = g_strdup_printf ("%p", dh_tensor_data (next->maps[DH_MAP_HYBRID]));
      g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), ==, again);
    }
  g_autofree gpointer kept = g_memdup2 (g_bytes_get_data (map, NULL), g_bytes_get_size (map));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhPrediction) last = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  g_unsetenv ("DH_EMULATED_DOWN");
  /* Memory that cannot be pinned serves as well. */
  g_autoptr (DhImage) other = dh_image_new (80, 48);
  memset (other->rgb, 77, 3 * 80 * 48);
  g_setenv ("DH_EMULATED_FAIL", "pin:1", TRUE);
  g_autoptr (DhPrediction) plain = dh_predictor_run (predictor, other, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_predictor_free (predictor);
  g_assert_cmpmem (kept, g_bytes_get_size (map), g_bytes_get_data (map, NULL), g_bytes_get_size (map));
  g_assert_cmpmem (kept, g_bytes_get_size (map), dh_tensor_data (last->maps[DH_MAP_HYBRID]), g_bytes_get_size (map));
}

/* Largest error of a precision over the range of the float32 map. */
static double
error_of (Fixture *fixture, DhDevice *device, DhPrecision precision, const float *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPlan) plan = new_plan (fixture, device, precision, &error);
  g_assert_no_error (error);
  g_assert_true (run (fixture, plan, &error));
  double low = INFINITY, high = -INFINITY, worst = 0;
  for (guint i = 0; i < AREA; i++)
    {
      low = fmin (low, expected[i]);
      high = fmax (high, expected[i]);
      worst = fmax (worst, fabs (fixture->map[i] - expected[i]));
    }
  return worst / (high - low);
}

static void
test_precisions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card (), ref = dh_device_open ("ref", 0, NULL);
  g_autoptr (DhPlan) plan = new_plan (fixture, ref, DH_PRECISION_F32, &error);
  g_assert_true (run (fixture, plan, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, AREA * sizeof (float));
  if (data)
    g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  static const struct
  {
    DhPrecision precision;
    double bound;
  } bounds[] = { { DH_PRECISION_F32, 2e-5 }, { DH_PRECISION_F16, 2e-2 }, { DH_PRECISION_BF16, 1e-1 } };
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      const double worst = error_of (fixture, device, bounds[i].precision, expected);
      g_test_message ("%s: %.2g of the range", dh_precision_name (bounds[i].precision), worst);
      g_assert_cmpfloat (worst, <=, bounds[i].bound);
      g_assert_cmpfloat (worst, >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, test) g_test_add (path, Fixture, data, set_up, test, tear_down)
  ADD ("/cuda/memory/card", "alloc", test_memory);
  ADD ("/cuda/memory/pinned", "pinned", test_memory);
  ADD ("/cuda/lost/copy", "replay:1", test_lost);
  ADD ("/cuda/lost/wait", "wait:1", test_lost);
  ADD ("/cuda/lost/upload", "copy:1", test_lost_in_compile);
  ADD ("/cuda/lost/choice", "conv:1", test_lost_in_compile);
  ADD ("/cuda/lost/left-out", NULL, test_left_out);
  ADD ("/cuda/ways", NULL, test_ways);
  ADD ("/cuda/precisions/fused", NULL, test_precisions);
  ADD ("/cuda/precisions/bare", "fused", test_precisions);
  ADD ("/cuda/precisions/apart", "unfused", test_precisions);
  ADD ("/cuda/refused/at-once", NULL, test_refused);
  ADD ("/cuda/refused/late", "late", test_refused);
  ADD ("/cuda/refused/together", NULL, test_refused_together);
  ADD ("/cuda/refused/lost-in-recording", "replay:2", test_lost_apart);
  ADD ("/cuda/refused/lost-between", "run:1", test_lost_apart);
  ADD ("/cuda/refused/lost-while-recording", "launch:3", test_lost_apart);
  ADD ("/cuda/cancelled", NULL, test_cancelled);
  ADD ("/cuda/overlap", NULL, test_overlap);
  ADD ("/cuda/bytes", NULL, test_bytes);
  ADD ("/cuda/estimate", NULL, test_estimate);
  ADD ("/cuda/in-flight", NULL, test_in_flight);
#undef ADD
  g_test_add_func ("/cuda/predictor", test_predictor);
  g_test_add_func ("/cuda/predictor/overlap", test_predictor_overlap);
  g_test_add_func ("/cuda/predictor/too-large", test_too_large);
  g_test_add_func ("/cuda/too-long", test_too_long);
  g_test_add_func ("/cuda/predictor/down", test_down);
  return g_test_run ();
}
