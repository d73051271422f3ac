#include "cmd-bench-private.h"
#include "dh-error.h"
#include "dh-optimiser.h"
#include "dh-train-plan.h"

#define RATE 1e-5

/* Blocks of 32 pixels of one class each, ignored and negative ones among them. */
static void
fill_batch (const DhBench *bench, float *input, guint8 *labels)
{
  const gsize pixels = (gsize)bench->batch * bench->height * bench->width;
  const guint kinds = (guint)bench->net->architecture.classes + (bench->net->architecture.outlier_head ? 2 : 1);
  guint32 state = 1;
  for (gsize i = 0; i < 3 * pixels; i++)
    {
      state = state * 1664525u + 1013904223u;
      input[i] = (state >> 8) * 0x1p-24f;
    }
  for (gsize i = 0; i < pixels; i++)
    {
      const gsize block = i % bench->width / 32 + 7 * (i / bench->width / 32);
      labels[i] = (guint8)((guint)(block * 2654435761u) % kinds);
    }
}

static gboolean
run_steps (DhCli *cli, DhBench *bench, DhTrainPlan *plan, DhOptimiser *optimiser, const double *rates, GError **error)
{
  const gsize pixels = (gsize)bench->batch * bench->height * bench->width;
  g_autofree float *input = g_try_malloc (3 * pixels * sizeof *input);
  g_autofree guint8 *labels = g_try_malloc (pixels);
  if (!input || !labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for the crops");
      return FALSE;
    }
  fill_batch (bench, input, labels);
  for (guint run = 0; run <= bench->n_runs; run++)
    {
      DhLosses losses;
      gboolean finite;
      dh_progress_report (&cli->progress, run, bench->n_runs + 1, "steps");
      const gint64 start = g_get_monotonic_time ();
      if (!dh_train_plan_run (plan, input, labels, run, 1, &losses, cli->cancellable, error)
          || !dh_optimiser_step (optimiser, rates, run + 1, &finite, error))
        return FALSE;
      if (run > 0)
        bench->runs_ms[run - 1] = (g_get_monotonic_time () - start) / 1000.0;
    }
  bench->steps = dh_train_plan_list_steps (plan);
  bench->plan_bytes = dh_train_plan_memory (plan);
  return TRUE;
}

gboolean
dh_bench_training (DhCli *cli, DhBench *bench, DhTensorDict *parameters, GError **error)
{
  const DhNet *net = bench->net;
  DhTrainOptions options = { .input = { bench->batch, 3, bench->height, bench->width },
                             .precision = cli->precision,
                             .logits = net->logits,
                             .logits_ood = net->logits_ood,
                             .beta = 0.03,
                             .recompute = bench->recompute };
  g_autofree char *what = g_strdup_printf ("a step on %d crops of %d×%d", bench->batch, bench->height, bench->width);
  const guint64 need = dh_train_plan_estimate_bytes (bench->device, net->graph, &options);
  if (!dh_bench_check_memory (bench, need, what, "a smaller --batch_size or --size, or --recompute", error))
    return FALSE;
  DhOptimiser optimiser;
  g_autofree double *rates = NULL;
  gboolean ok = dh_optimiser_init (&optimiser, net, parameters, error)
                && dh_optimiser_settle (&optimiser, bench->device, net, error);
  if (ok)
    {
      const guint n = g_strv_length (optimiser.names);
      rates = g_new (double, n);
      for (guint i = 0; i < n; i++)
        rates[i] = RATE;
      options.state = optimiser.there;
      g_autoptr (DhTrainPlan) plan =
          dh_train_plan_new (bench->device, net->graph, parameters, optimiser.adam.gradients, &options, error);
      ok = plan && run_steps (cli, bench, plan, &optimiser, rates, error);
    }
  dh_optimiser_clear (&optimiser);
  return ok;
}
