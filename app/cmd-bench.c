#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli-model.h"
#include "cmd-bench-private.h"
#include "dh-error.h"
#include "dh-model-net.h"

/* The high-water mark of this process's memory in MiB; 0 where the system does not tell. */
static double
peak_memory (void)
{
  g_autofree char *status = NULL;
  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return 0;
  const char *line = strstr (status, "VmHWM:");
  return line ? g_ascii_strtoull (line + 6, NULL, 10) / 1024.0 : 0;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
median (const double *values, guint n)
{
  g_autofree double *sorted = g_memdup2 (values, n * sizeof *values);
  qsort (sorted, n, sizeof *sorted, compare_doubles);
  return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

gboolean
dh_bench_check_memory (const DhBench *bench, guint64 need, const char *what, const char *instead, GError **error)
{
  const guint64 have = dh_device_available (bench->device);
  if (have == 0 || need <= have)
    return TRUE;
  g_autofree char *wanted = g_format_size_full (need, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *free_now = g_format_size_full (have, G_FORMAT_SIZE_IEC_UNITS);
  g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "%s needs about %s of memory, and %s can be had; choose %s", what,
               wanted, free_now, instead);
  return FALSE;
}

/* On the picture that is timed: what int8 costs does not depend on the ranges. */
static DhQuantization *
calibrate (DhCli *cli, DhBench *bench, DhTensorDict *parameters, DhPlanOptions options, const float *input,
           void *const *maps, GError **error)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  options.precision = DH_PRECISION_F32;
  options.ranges = ranges;
  g_autoptr (DhPlan) plan = dh_plan_new (bench->device, bench->net->graph, parameters, &options, error);
  return plan && dh_plan_run (plan, input, maps, cli->cancellable, NULL, error)
             ? dh_quantization_new ("bench", "bench", 1, ranges)
             : NULL;
}

static gboolean
measure (DhCli *cli, DhBench *bench, DhTensorDict *parameters, GError **error)
{
  static const DhMap shown[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };
  const gsize pixels = (gsize)bench->height * bench->width;
  DhValue outputs[G_N_ELEMENTS (shown)];
  GBytes *held[G_N_ELEMENTS (shown)] = { NULL };
  void *maps[G_N_ELEMENTS (shown)] = { NULL };
  DhPlanOptions options = { .input = { 1, 3, bench->height, bench->width },
                            .precision = cli->precision,
                            .outputs = outputs,
                            .cancellable = cli->cancellable };
  for (guint i = 0; i < G_N_ELEMENTS (shown); i++)
    if (bench->net->maps[shown[i]] != DH_NO_VALUE)
      outputs[options.n_outputs++] = bench->net->maps[shown[i]];
  g_autofree char *what = g_strdup_printf ("%d×%d", bench->height, bench->width);
  const guint64 need = dh_device_estimate (bench->device, bench->net->graph, &options);
  if (!dh_bench_check_memory (bench, need, what, "a smaller --size", error))
    return FALSE;
  g_autofree float *input = g_try_malloc (3 * pixels * sizeof *input);
  gboolean fine = input != NULL;
  for (guint i = 0; i < options.n_outputs; i++)
    if (!(held[i] = dh_device_take_host_memory (bench->device, pixels * sizeof (float))))
      fine = FALSE;
    else
      maps[i] = (gpointer)g_bytes_get_data (held[i], NULL);
  if (!fine)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for the maps of %d×%d", bench->height,
                 bench->width);
  guint32 state = 1;
  for (gsize i = 0; fine && i < 3 * pixels; i++)
    {
      state = state * 1664525u + 1013904223u;
      input[i] = (state >> 8) * 0x1p-24f;
    }
  g_autoptr (DhQuantization) quantization = NULL;
  if (fine && options.precision == DH_PRECISION_INT8)
    {
      quantization = options.calibration = calibrate (cli, bench, parameters, options, input, maps, error);
      fine = quantization != NULL;
    }
  g_autoptr (DhPlan) plan = fine ? dh_plan_new (bench->device, bench->net->graph, parameters, &options, error) : NULL;
  fine = plan != NULL;
  /* one warm-up, then the runs; the table of steps is made by one more */
  for (guint run = 0; fine && run <= bench->n_runs + 1; run++)
    {
      dh_progress_report (&cli->progress, run, bench->n_runs + 2, "runs");
      if (run == bench->n_runs + 1)
        dh_plan_set_timing (plan, TRUE);
      const gint64 start = g_get_monotonic_time ();
      fine = dh_plan_run (plan, input, maps, cli->cancellable, NULL, error);
      if (run > 0 && run <= bench->n_runs)
        bench->runs_ms[run - 1] = (g_get_monotonic_time () - start) / 1000.0;
    }
  for (guint i = 0; i < options.n_outputs; i++)
    g_clear_pointer (&held[i], g_bytes_unref);
  if (!fine)
    return FALSE;
  bench->steps = dh_plan_list_steps (plan);
  bench->plan_bytes = dh_plan_memory (plan);
  g_autofree char *remarks = dh_plan_list_remarks (plan);
  bench->remarks = g_strsplit (g_strchomp (remarks), "\n", -1);
  return TRUE;
}

static double
work_gflop (const DhBench *bench)
{
  g_autofree DhShape *shapes =
      dh_graph_infer_shapes (bench->net->graph, (DhShape){ 1, 3, bench->height, bench->width }, NULL);
  const DhValue outputs[] = { bench->net->logits, bench->net->logits_ood };
  /* A training step: forward, and the gradients of the input and of the weights. */
  const double factor = bench->batch ? 3.0 * bench->batch : 1;
  return shapes
             ? factor
                   * dh_graph_flop (bench->net->graph, shapes, outputs, bench->net->logits_ood == DH_NO_VALUE ? 1 : 2)
                   / 1e9
             : 0;
}

static void
print_json (DhCli *cli, const DhBench *bench, const char *name, double median_ms, double peak)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "arch", name);
  dh_json_member_string (json, "device", dh_device_name (bench->device));
  dh_json_member_string (json, "device_title", dh_device_title (bench->device));
  dh_json_member_string (json, "precision", dh_precision_name (cli->precision));
  dh_json_member_int (json, "threads", dh_device_threads (bench->device));
  json_builder_set_member_name (json, "size");
  json_builder_begin_array (json);
  dh_json_member_int (json, NULL, bench->height);
  dh_json_member_int (json, NULL, bench->width);
  json_builder_end_array (json);
  if (bench->batch)
    dh_json_member_int (json, "batch", bench->batch);
  json_builder_set_member_name (json, "runs_ms");
  json_builder_begin_array (json);
  for (guint i = 0; i < bench->n_runs; i++)
    dh_json_member_number (json, NULL, bench->runs_ms[i]);
  json_builder_end_array (json);
  dh_json_member_number (json, "median_ms", median_ms);
  dh_json_member_number (json, "peak_mib", peak);
  dh_json_member_number (json, "plan_mib", bench->plan_bytes / 1048576.0);
  dh_json_member_number (json, "gflop", work_gflop (bench));
  json_builder_set_member_name (json, "layers");
  json_builder_begin_array (json);
  const GArray *steps = bench->steps;
  for (guint i = 0; i < steps->len; i++)
    {
      const DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      json_builder_begin_object (json);
      dh_json_member_string (json, "name", step->name);
      dh_json_member_string (json, "implementation", step->implementation);
      dh_json_member_number (json, "ms", step->seconds * 1e3);
      dh_json_member_number (json, "gflop", step->flop / 1e9);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "remarks");
  json_builder_begin_array (json);
  for (guint i = 0; bench->remarks && bench->remarks[i]; i++)
    dh_json_member_string (json, NULL, bench->remarks[i]);
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_table (DhCli *cli, const DhBench *bench, const char *name, double median_ms, double peak)
{
  const GArray *steps = bench->steps;
  double sum = 0;
  for (guint i = 0; i < steps->len; i++)
    sum += g_array_index (steps, DhPlanStep, i).seconds;
  printf ("%-52s %-28s %9s %9s %7s\n", "layer", "implementation", "ms", "GFLOP/s", "share");
  for (guint i = 0; i < steps->len; i++)
    {
      const DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      g_autofree char *rate =
          step->flop > 0 && step->seconds > 0 ? g_strdup_printf ("%.1f", step->flop / step->seconds / 1e9) : NULL;
      printf ("%-52.52s %-28.28s %9.3f %9s %6.1f%%\n", step->name, step->implementation, step->seconds * 1e3,
              rate ? rate : "", sum > 0 ? 100 * step->seconds / sum : 0);
    }
  const double gflop = work_gflop (bench);
  printf ("\n%s at %d×%d on %s (%s, %u threads, %s): median %.1f ms of %u run%s, %.1f GFLOP, %.1f GFLOP/s, "
          "peak %.0f MiB\n",
          name, bench->height, bench->width, dh_device_name (bench->device), dh_device_title (bench->device),
          dh_device_threads (bench->device), dh_precision_name (cli->precision), median_ms, bench->n_runs,
          bench->n_runs == 1 ? "" : "s", gflop, gflop / median_ms * 1e3, peak);
  for (guint i = 0; bench->remarks && bench->remarks[i]; i++)
    printf ("%s\n", bench->remarks[i]);
}

int
dh_cmd_bench (DhCli *cli, int argc, char **argv)
{
  g_autofree char *name = NULL;
  g_autofree char *params = NULL;
  g_autofree char *size = NULL;
  gint classes = 0, runs = 5, batch = 2;
  gboolean train = FALSE;
  DhBench bench = { .height = 720, .width = 1280 };
  const GOptionEntry entries[] = {
    { "arch", 0, 0, G_OPTION_ARG_STRING, &name, "The network: ldn121, dlv3p_wrn38, … (default ldn121)", "A" },
    { "params", 0, 0, G_OPTION_ARG_FILENAME, &params, "Its weights, or demo: the built-in ones (default: seeded ones)",
      "W" },
    { "num_classes", 0, 0, G_OPTION_ARG_INT, &classes, "Classes of seeded weights (default 19)", "K" },
    { "size", 0, 0, G_OPTION_ARG_STRING, &size, "Height x width (default 720x1280)", "HxW" },
    { "train", 0, 0, G_OPTION_ARG_NONE, &train, "Times training steps: forward, losses, backward, Adam", NULL },
    { "batch_size", 0, 0, G_OPTION_ARG_INT, &batch, "Crops in a training step (default 2)", "N" },
    { "recompute", 0, 0, G_OPTION_ARG_NONE, &bench.recompute, "Hold less memory in training, and compute more", NULL },
    { "runs", 0, 0, G_OPTION_ARG_INT, &runs, "Timed runs behind one warm-up (default 5)", "N" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "[--arch A] [--size HxW]",
                     "Times a network from a float tensor to the four maps, layer by layer.",
                     "densehybrid bench --arch ldn121 --size 1024x2048", NULL, &status))
    return status;
  if (runs < 1 || runs > 1000)
    return dh_cli_usage (cli, "--runs %d is not between 1 and 1000", runs);
  if (train && (batch < 1 || batch > 1024))
    return dh_cli_usage (cli, "--batch_size %d is not between 1 and 1024", batch);
  bench.n_runs = runs;
  bench.batch = train ? batch : 0;
  if (train)
    bench.height = bench.width = 768;
  if (size && !dh_cli_parse_size (size, &bench.height, &bench.width))
    return dh_cli_usage (cli, "--size %s is no HxW, such as 720x1280", size);
  if (bench.height < 32 || bench.width < 32 || bench.height > 32768 || bench.width > 32768)
    return dh_cli_usage (cli, "--size %d×%d is not between 32 and 32768 a side", bench.height, bench.width);

  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) parameters = NULL;
  DhArchitecture architecture;
  g_autoptr (DhModel) model = NULL;
  g_autoptr (DhNet) net = NULL;
  if (params)
    {
      if (!(model = dh_cli_load_model (params, NULL, &error)))
        return dh_cli_fail (cli, &error);
      if (name && !g_str_equal (name, dh_model_architecture (model)))
        return dh_cli_usage (cli, "--arch %s: the weights are those of %s", name, dh_model_architecture (model));
      if (train && dh_model_is_foreign (params))
        return dh_cli_usage (cli, "a network that was exported as ONNX is not trained here");
      net = dh_net_ref ((DhNet *)dh_model_net (model));
      parameters = dh_tensor_dict_ref (dh_model_tensors (model));
    }
  else if (dh_architecture_from_name (name ? name : "ldn121", classes ? classes : 19, &architecture, &error))
    net = dh_net_new (&architecture);
  else
    return dh_cli_fail (cli, &error);
  g_autoptr (DhDevice) device = dh_device_open (cli->device, cli->threads, &error);
  if (!device)
    return dh_cli_fail (cli, &error);
  dh_cli_use_device (cli, device);
  if (!parameters)
    parameters = dh_net_new_seeded (net, 1, net->architecture.family == DH_FAMILY_LDN ? 1.0 : 0.6);
  bench.net = net;
  bench.device = device;
  g_autofree double *runs_ms = g_new0 (double, runs);
  bench.runs_ms = runs_ms;

  const gboolean measured =
      train ? dh_bench_training (cli, &bench, parameters, &error) : measure (cli, &bench, parameters, &error);
  g_autoptr (GArray) steps = bench.steps;
  g_auto (GStrv) remarks = bench.remarks;
  if (!measured)
    return dh_cli_fail (cli, &error);
  dh_cli_progress_end (cli);
  const double peak = peak_memory ();
  const char *title = dh_architecture_name (&net->architecture);
  (cli->json ? print_json : print_table) (cli, &bench, title, median (runs_ms, runs), peak);
  return DH_EXIT_DONE;
}
