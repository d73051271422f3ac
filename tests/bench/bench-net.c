#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "dh-checkpoint.h"
#include "dh-device.h"
#include "dh-nets.h"

/* bench-net NETWORK HEIGHT WIDTH [--runs N] [--device D] [--threads T] [--precision P] [--steps] [--serve] [--save F]:
 * one network with seeded weights, picture tensor → segmentation, likelihood, dataset posterior and hybrid score. Where
 * the device has memory of its own the picture goes there as the program sends it, in bytes.
 * Prints one JSON object; --steps adds the table of steps (the least time of each), --serve instead runs once for every
 * line read and prints the seconds. --save writes the seeded weights as a PyTorch file and does nothing else. */

#define TABLE_RUNS 5
#define WARM_UP 0.2 /* seconds of runs, for a card that has rested: its clock is slow at first */

static gint runs = 5, threads, height, width;
static char *device_name, *precision_name, *save;
static gboolean with_steps, serve, with_table;

static const GOptionEntry entries[] = {
  { "runs", 'n', 0, G_OPTION_ARG_INT, &runs, "runs that are timed", "N" },
  { "device", 'd', 0, G_OPTION_ARG_STRING, &device_name, "device", "NAME" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &threads, "threads", "N" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision_name, "precision", "NAME" },
  { "steps", 's', 0, G_OPTION_ARG_NONE, &with_steps, "print the table of steps", NULL },
  { "table", 0, 0, G_OPTION_ARG_NONE, &with_table, "print the table of layers of some more runs", NULL },
  { "serve", 0, 0, G_OPTION_ARG_NONE, &serve, "run once for every line of standard input", NULL },
  { "save", 0, 0, G_OPTION_ARG_FILENAME, &save, "write the weights there", "FILE" },
  { NULL },
};

static gboolean
save_weights (const char *network, GError **error)
{
  DhArchitecture architecture;
  if (!dh_architecture_from_name (network, 0, &architecture, error))
    return FALSE;
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1.0);
  const DhCheckpointContents contents = { .state = weights };
  return dh_checkpoint_save_pth (save, &contents, error);
}

static float *
make_picture (void)
{
  gsize count = (gsize)3 * height * width;
  float *input = g_new (float, count);
  for (gsize i = 0; i < count; i++)
    input[i] = (float)((i * 2654435761u >> 8) & 1023) / 1023;
  return input;
}

static guint8 *
make_bytes (const float *picture)
{
  const gsize area = (gsize)height * width;
  guint8 *rgb = g_new (guint8, 3 * area);
  for (gsize i = 0; i < 3 * area; i++)
    rgb[i] = (guint8)(255 * picture[i % 3 * area + i / 3]);
  return rgb;
}

static gboolean
run_once (DhPlan *plan, const float *input, const guint8 *rgb, void *const *outputs, GError **error)
{
  if (dh_plan_depth (plan) == 0)
    return dh_plan_run (plan, input, outputs, NULL, NULL, error);
  return dh_plan_begin_rgb (plan, rgb, outputs, error) && dh_plan_end (plan, error);
}

static gboolean
warm_up (DhPlan *plan, const float *input, const guint8 *rgb, void *const *outputs, GError **error)
{
  const gint64 begin = g_get_monotonic_time ();
  while (dh_plan_depth (plan) > 0 && 1e-6 * (g_get_monotonic_time () - begin) < WARM_UP)
    if (!run_once (plan, input, rgb, outputs, error))
      return FALSE;
  return TRUE;
}

/* Seconds from picture to picture, maps in the host's memory, where runs overlap as far as they can; 0 where they do
 * not, −1 with an error. */
static double
run_overlapping (DhPlan *plan, const guint8 *rgb, void *const *outputs, GError **error)
{
  const guint depth = dh_plan_depth (plan), wanted = MAX (runs, 1) + depth;
  gint64 start = 0;
  for (guint begun = 0, ended = 0; depth > 0 && ended < wanted; ended++)
    {
      for (; begun < wanted && begun - ended < depth; begun++)
        if (!dh_plan_begin_rgb (plan, rgb, outputs, error))
          return -1;
      if (!dh_plan_end (plan, error))
        return -1;
      if (ended + 1 == depth) /* by then each of the runs in flight has had everything made ready */
        start = g_get_monotonic_time ();
    }
  return depth > 0 ? (g_get_monotonic_time () - start) * 1e-6 / (wanted - depth) : 0;
}

/* On the picture that is timed. */
static DhQuantization *
calibrate (DhDevice *device, const char *network, DhNet *net, DhTensorDict *weights, DhPlanOptions options,
           GError **error)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  g_autofree float *input = make_picture ();
  gsize area = (gsize)height * width;
  g_autofree float *memory = g_new (float, 4 * area);
  void *outputs[] = { memory, memory + area, memory + 2 * area, memory + 3 * area };
  options.precision = DH_PRECISION_F32;
  options.ranges = ranges;
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, error);
  if (plan == NULL || !dh_plan_run (plan, input, outputs, NULL, NULL, error))
    return NULL;
  g_clear_pointer (&plan, dh_plan_unref);
  /* Once for all weights, so not what int8 takes: the peak is counted from here on. */
  FILE *peak = fopen ("/proc/self/clear_refs", "w");
  if (peak != NULL)
    {
      fputs ("5", peak);
      fclose (peak);
    }
  return dh_quantization_new (network, "seeded", 1, ranges);
}

static DhPlan *
make_plan (DhDevice *device, const char *network, DhMap maps[4], GError **error)
{
  DhArchitecture architecture;
  DhPrecision precision = DH_PRECISION_F32;
  if (precision_name != NULL && !dh_precision_from_name (precision_name, &precision))
    g_error ("unknown precision %s", precision_name);
  if (!dh_architecture_from_name (network, 0, &architecture, error))
    return NULL;
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1.0);
  DhValue outputs[4];
  for (gint i = 0; i < 4; i++)
    outputs[i] = net->maps[maps[i]];
  DhPlanOptions options = {
    .input = { 1, 3, height, width }, .precision = precision, .outputs = outputs, .n_outputs = 4
  };
  g_autoptr (DhQuantization) calibration = NULL;
  if (precision == DH_PRECISION_INT8
      && !(calibration = options.calibration = calibrate (device, network, net, weights, options, error)))
    return NULL;
  return dh_plan_new (device, net->graph, weights, &options, error);
}

/* Keeps the least time of each step. */
static GArray *
merge_steps (GArray *least, GArray *steps)
{
  for (guint i = 0; least != NULL && i < steps->len; i++)
    {
      DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      step->seconds = MIN (step->seconds, g_array_index (least, DhPlanStep, i).seconds);
    }
  g_clear_pointer (&least, g_array_unref);
  return steps;
}

static void
print_steps (GArray *steps)
{
  double total = 0;
  for (guint i = 0; i < steps->len; i++)
    total += g_array_index (steps, DhPlanStep, i).seconds;
  for (guint i = 0; i < steps->len; i++)
    {
      const DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      printf ("%10.4f ms %5.1f %% %9.1f GFLOP/s  %-28s %s\n", step->seconds * 1e3,
              total > 0 ? 100 * step->seconds / total : 0, step->seconds > 0 ? step->flop / step->seconds * 1e-9 : 0,
              step->implementation, step->name);
    }
  printf ("%10.4f ms in all\n", total * 1e3);
}

static void
free_maps (GBytes *held[4])
{
  for (gint i = 0; i < 4; i++)
    g_bytes_unref (held[i]);
}

int
main (int argc, char **argv)
{
  /* What the making of the weights took goes back to the system at once: the program's file goes back so too. */
  mallopt (M_MMAP_THRESHOLD, 1 << 20);
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("NETWORK HEIGHT WIDTH");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 4)
    g_error ("%s", error != NULL ? error->message : "NETWORK HEIGHT WIDTH are needed");
  if (save != NULL)
    {
      if (!save_weights (argv[1], &error))
        g_error ("%s", error->message);
      return 0;
    }
  height = atoi (argv[2]);
  width = atoi (argv[3]);
  g_autoptr (DhDevice) device = dh_device_open (device_name != NULL ? device_name : "cpu", threads, &error);
  if (device == NULL)
    g_error ("%s", error->message);
  dh_device_remember_plans (device, NULL);
  DhMap maps[4] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };
  gint64 start = g_get_monotonic_time ();
  g_autoptr (DhPlan) plan = make_plan (device, argv[1], maps, &error);
  if (plan == NULL)
    g_error ("%s", error->message);
  double compiled = (g_get_monotonic_time () - start) * 1e-6;
  long compile_peak = bench_memory ("VmHWM:");

  gsize area = (gsize)height * width;
  g_autofree float *input = make_picture ();
  g_autofree guint8 *rgb = make_bytes (input);
  GBytes *held[4];
  void *outputs[4];
  for (gint i = 0; i < 4; i++)
    {
      held[i] = dh_device_take_host_memory (device, area * (maps[i] == DH_MAP_SEGMENTATION ? 1 : sizeof (float)));
      if (held[i] == NULL)
        g_error ("no memory is left for the maps");
      outputs[i] = (gpointer)g_bytes_get_data (held[i], NULL);
    }

  g_autoptr (GArray) steps = NULL;
  g_autofree double *seconds = g_new0 (double, MAX (runs, 1)), *card = g_new0 (double, MAX (runs, 1));
  if (!warm_up (plan, input, rgb, outputs, &error))
    g_error ("%s", error->message);
  dh_plan_set_timing (plan, with_steps);
  if (serve)
    {
      if (!run_once (plan, input, rgb, outputs, &error))
        g_error ("%s", error->message);
      bench_say_ready ();
    }
  for (gint run = serve ? 0 : -1; serve || run < runs; run++)
    {
      char line[16];
      if (serve && fgets (line, sizeof line, stdin) == NULL)
        break;
      clock_t processor = clock ();
      start = g_get_monotonic_time ();
      if (!run_once (plan, input, rgb, outputs, &error))
        g_error ("%s", error->message);
      double taken = (g_get_monotonic_time () - start) * 1e-6;
      if (serve)
        {
          bench_say_run (taken, dh_plan_device_seconds (plan), processor);
        }
      else if (run >= 0)
        {
          seconds[run] = taken;
          card[run] = dh_plan_device_seconds (plan);
        }
      if (with_steps)
        steps = merge_steps (steps, dh_plan_list_steps (plan));
    }
  if (serve)
    {
      free_maps (held);
      return 0;
    }
  const double overlapping = with_steps ? 0 : run_overlapping (plan, rgb, outputs, &error);
  if (overlapping < 0)
    g_error ("%s", error->message);
  qsort (seconds, runs, sizeof *seconds, bench_compare);
  qsort (card, runs, sizeof *card, bench_compare);
  printf ("{\"network\": \"%s\", \"height\": %d, \"width\": %d, \"device\": \"%s\", \"threads\": %u, "
          "\"compile_seconds\": %.3f, "
          "\"median_seconds\": %.5f, \"least_seconds\": %.5f, \"device_median_seconds\": %.6f, "
          "\"overlapping_seconds\": %.6f, \"plan_mib\": %.1f, \"compile_peak_mib\": %.1f, "
          "\"peak_mib\": %.1f}\n",
          argv[1], height, width, dh_device_name (device), dh_device_threads (device), compiled, seconds[runs / 2],
          seconds[0], card[runs / 2], overlapping, dh_plan_memory (plan) / 1048576.0, compile_peak / 1024.0,
          bench_memory ("VmHWM:") / 1024.0);
  /* Apart from the runs above, which a timing of each layer would slow down; those are told by now, whatever becomes of
   * these. */
  fflush (stdout);
  dh_plan_set_timing (plan, with_steps || with_table);
  for (gint run = 0; with_table && run < TABLE_RUNS; run++)
    {
      if (!run_once (plan, input, rgb, outputs, &error))
        g_error ("%s", error->message);
      steps = merge_steps (steps, dh_plan_list_steps (plan));
    }
  if (steps != NULL)
    print_steps (steps);
  g_autofree char *remarks = dh_plan_list_remarks (plan);
  printf ("%s", remarks);
  free_maps (held);
  return 0;
}
