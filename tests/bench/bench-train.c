#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "dh-device.h"
#include "dh-foreign-start.h"
#include "dh-model.h"
#include "dh-nets.h"
#include "dh-optimiser.h"
#include "dh-train-plan.h"

/* bench-train NETWORK|FILE.onnx BATCH SIDE [--runs N] [--device D] [--threads T] [--precision P] [--recompute]
 * [--steps]
 * [--serve]: training steps of one network with fresh weights on invented crops: forward, losses, backward, Adam.
 * Prints one JSON object; --steps adds the table of the last step, --serve instead makes one step for every line read
 * and prints its seconds. */

static gint runs = 5, threads, batch, side;
static char *device_name, *precision_name;
static gboolean with_steps, serve, recompute;

static const GOptionEntry entries[] = {
  { "runs", 'n', 0, G_OPTION_ARG_INT, &runs, "steps that are timed", "N" },
  { "device", 'd', 0, G_OPTION_ARG_STRING, &device_name, "device", "NAME" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &threads, "threads", "N" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision_name, "precision", "NAME" },
  { "recompute", 'r', 0, G_OPTION_ARG_NONE, &recompute, "hold less, compute more", NULL },
  { "steps", 's', 0, G_OPTION_ARG_NONE, &with_steps, "print the table of parts", NULL },
  { "serve", 0, 0, G_OPTION_ARG_NONE, &serve, "one step for every line of standard input", NULL },
  { NULL },
};

typedef struct
{
  DhNet *net;
  DhTensorDict *state;
  DhOptimiser optimiser;
  double *rates;
  DhTrainPlan *plan;
  guint64 estimate;
  float *input;
  guint8 *labels;
  guint64 step;
  DhLosses losses;
} Training;

static void
prepare (Training *training, DhDevice *device, const char *network)
{
  GError *error = NULL;
  DhArchitecture architecture;
  g_auto (DhForeignStart) start = { NULL };
  DhPrecision precision = DH_PRECISION_F32;
  if (precision_name != NULL && !dh_precision_from_name (precision_name, &precision))
    g_error ("unknown precision %s", precision_name);
  if (dh_model_is_foreign (network) ? !dh_foreign_start_load (&start, network, TRUE, NULL, &error)
                                    : !dh_architecture_from_name (network, 0, &architecture, &error))
    g_error ("%s", error->message);
  if (start.net)
    architecture = start.net->architecture;
  training->net = start.net ? dh_net_ref (start.net) : dh_net_new (&architecture);
  training->state = dh_net_new_fresh (training->net, "", 1);
  const DhNet *net = training->net;
  if (!dh_optimiser_init (&training->optimiser, net, training->state, &error)
      || !dh_optimiser_settle (&training->optimiser, device, net, &error))
    g_error ("%s", error->message);
  const guint n = g_strv_length (training->optimiser.names);
  training->rates = g_new (double, n);
  for (guint i = 0; i < n; i++)
    training->rates[i] = 1e-5;
  const DhTrainOptions options = { .input = { batch, 3, side, side },
                                   .precision = precision,
                                   .logits = net->logits,
                                   .logits_ood = net->logits_ood,
                                   .beta = 0.03,
                                   .recompute = recompute,
                                   .state = training->optimiser.there };
  training->estimate = dh_train_plan_estimate_bytes (device, net->graph, &options);
  training->plan =
      dh_train_plan_new (device, net->graph, training->state, training->optimiser.adam.gradients, &options, &error);
  if (training->plan == NULL)
    g_error ("%s", error->message);

  /* Blocks of 32 pixels of one class each, some of them ignored or negative. */
  const gsize pixels = (gsize)batch * side * side;
  training->input = g_new (float, 3 * pixels);
  training->labels = g_new (guint8, pixels);
  for (gsize i = 0; i < 3 * pixels; i++)
    training->input[i] = (float)((i * 2654435761u >> 8) & 1023) / 1023;
  for (gsize i = 0; i < pixels; i++)
    {
      const gsize block = i % side / 32 + 7 * (i / side / 32);
      training->labels[i] = (guint8)(block * 2654435761u % (guint)(architecture.classes + 2));
    }
}

static double
make_step (Training *training)
{
  GError *error = NULL;
  const gint64 start = g_get_monotonic_time ();
  if (!dh_train_plan_run (training->plan, training->input, training->labels, training->step, 1, &training->losses, NULL,
                          &error))
    g_error ("%s", error->message);
  gboolean finite;
  training->step++;
  if (!dh_optimiser_step (&training->optimiser, training->rates, training->step, &finite, &error))
    g_error ("%s", error->message);
  if (!finite)
    g_error ("a gradient is not finite");
  return (g_get_monotonic_time () - start) * 1e-6;
}

static void
print_steps (Training *training)
{
  g_autoptr (GArray) steps = dh_train_plan_list_steps (training->plan);
  double total = 0;
  for (guint i = 0; i < steps->len; i++)
    total += g_array_index (steps, DhPlanStep, i).seconds;
  for (guint i = 0; i < steps->len; i++)
    {
      const DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      printf ("%9.2f ms %5.1f %% %8.1f GFLOP/s  %-36s %s\n", step->seconds * 1e3, 100 * step->seconds / total,
              step->seconds > 0 ? step->flop / step->seconds * 1e-9 : 0, step->implementation, step->name);
    }
  printf ("%9.2f ms in all\n", total * 1e3);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("NETWORK BATCH SIDE");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 4)
    g_error ("%s", error != NULL ? error->message : "NETWORK BATCH SIDE are needed");
  batch = atoi (argv[2]);
  side = atoi (argv[3]);
  g_autoptr (DhDevice) device = dh_device_open (device_name != NULL ? device_name : "cpu", threads, &error);
  if (device == NULL)
    g_error ("%s", error->message);
  Training training = { NULL };
  prepare (&training, device, argv[1]);
  make_step (&training);
  if (serve)
    {
      char line[16];
      bench_say_ready ();
      while (fgets (line, sizeof line, stdin) != NULL)
        {
          const clock_t processor = clock ();
          const double taken = make_step (&training);
          bench_say_run (taken, 0, processor);
        }
      return 0;
    }
  g_autofree double *seconds = g_new0 (double, MAX (runs, 1));
  for (gint run = 0; run < runs; run++)
    seconds[run] = make_step (&training);
  if (with_steps)
    print_steps (&training);
  g_autofree char *remarks = dh_train_plan_list_remarks (training.plan);
  printf ("%s", remarks);
  qsort (seconds, runs, sizeof *seconds, bench_compare);
  printf ("{\"network\": \"%s\", \"batch\": %d, \"side\": %d, \"device\": \"%s\", \"threads\": %u, "
          "\"median_seconds\": %.4f, \"least_seconds\": %.4f, \"loss\": %.9g, \"plan_mib\": %.1f, "
          "\"estimate_mib\": %.1f, \"peak_mib\": %.1f}\n",
          argv[1], batch, side, dh_device_name (device), dh_device_threads (device), seconds[runs / 2], seconds[0],
          training.losses.total, dh_train_plan_memory (training.plan) / 1048576.0, training.estimate / 1048576.0,
          bench_memory ("VmHWM:") / 1024.0);
  return 0;
}
