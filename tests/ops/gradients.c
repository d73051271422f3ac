#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-nets.h"
#include "gradients.h"

/* Gradients of a training step against central differences of the loss, which is computed in double from the operators'
 * definitions: along a seeded direction for each parameter, and for single elements of it. An operator without
 * parameters stands behind a convolution, whose gradient must come through it. */

#define BETA 0.3
#define STEP 1e-6
/* Share of the gradient's length (times that of the direction). */
#define TOLERANCE 2e-4
static guint8 *
make_labels (const GradientCase *gradient_case)
{
  const DhShape shape = gradient_case->ops_case.input;
  const gsize count = (gsize)shape.n * shape.h * shape.w;
  g_autofree double *r = g_new (double, count);
  guint8 *labels = g_new (guint8, count);
  dh_seeded_uniform ("label", 3, count, r);
  for (gsize i = 0; i < count; i++)
    labels[i] = (guint8)floor ((r[i] * 0.5 + 0.5) * (gradient_case->classes + 2));
  return labels;
}

/* −ln softmax (f)_c at one pixel, and logsumexp f. */
static double
cross_entropy (const double *f, gint k, gsize stride, gint c, double *lse)
{
  double max = f[0], sum = 0;
  for (gint i = 1; i < k; i++)
    max = fmax (max, f[i * stride]);
  for (gint i = 0; i < k; i++)
    sum += exp (f[i * stride] - max);
  *lse = max + log (sum);
  return *lse - f[c * stride];
}

/* The loss of dh-train-plan.h. `mean` is that of all logits where it is NAN, and held otherwise. */
static double
evaluate (const GradientCase *gradient_case, DhTensorDict *parameters, const float *input, const guint8 *labels,
          const DhShape *shapes, double *mean)
{
  double **values = ops_evaluate (&gradient_case->ops_case, parameters, input, shapes);
  const double *f = values[gradient_case->logits];
  const gboolean hybrid = gradient_case->logits_ood != DH_NO_VALUE;
  const double *g = hybrid ? values[gradient_case->logits_ood] : NULL;
  const DhShape shape = gradient_case->ops_case.input;
  const gint k = gradient_case->classes;
  const gsize size = (gsize)shape.h * shape.w;
  if (isnan (*mean))
    {
      *mean = 0;
      for (gsize i = 0; i < shape.n * k * size; i++)
        *mean += f[i] / (double)(shape.n * k * size);
    }
  double seg = 0, like = 0, post = 0, n_seg = 0, n_like = 0;
  for (gsize i = 0; i < shape.n * size; i++)
    {
      const double *pixel = f + i / size * k * size + i % size;
      const gboolean negative = labels[i] == k + 1;
      double lse;
      const double ce = cross_entropy (pixel, k, size, labels[i] < k ? labels[i] : 0, &lse);
      if (labels[i] < k)
        seg += ce, n_seg++;
      else if (negative)
        like += lse - *mean, n_like++;
      if (hybrid)
        post += cross_entropy (g + i / size * 2 * size + i % size, 2, size, negative, &lse);
    }
  ops_free_values (&gradient_case->ops_case, values);
  seg /= n_seg;
  return hybrid ? seg + BETA * like / fmax (n_like, 1) + 10 * BETA * post / (double)(shape.n * size) : seg;
}

/* The loss with the parameter moved by `step` along `direction`. */
static double
moved_loss (GradientRun *run, const char *name, const double *direction, double step)
{
  DhTensor *moved = dh_tensor_dict_get (run->doubles, name);
  double *values = (double *)dh_tensor_data (moved);
  const gsize count = (gsize)dh_tensor_count (moved);
  g_autofree double *kept = g_memdup2 (values, count * sizeof *values);
  for (gsize i = 0; i < count; i++)
    values[i] += step * direction[i];
  const double loss = evaluate (run->gradient_case, run->doubles, run->input, run->labels, run->shapes, &run->mean);
  memcpy (values, kept, count * sizeof *values);
  return loss;
}

/* With dropout the device itself says the loss, in float32: a longer step, and a wider bound. */
static double
moved_loss_on_device (GradientRun *run, const char *name, const double *direction, double step)
{
  DhTensor *moved = dh_tensor_dict_get (run->parameters, name);
  const gsize count = (gsize)dh_tensor_count (moved);
  float *values = dh_tensor_f32 (moved);
  g_autofree float *kept = g_memdup2 (values, count * sizeof *values);
  g_autoptr (GError) error = NULL;
  DhLosses losses;
  for (gsize i = 0; i < count; i++)
    values[i] = (float)(values[i] + step * direction[i]);
  dh_train_plan_run (run->plan, run->input, run->labels, 5, 0, &losses, NULL, &error);
  g_assert_no_error (error);
  memcpy (values, kept, count * sizeof *values);
  return losses.total;
}

static void
check_direction (GradientRun *run, const char *name, const char *what, const double *direction)
{
  const DhTensor *gradient = dh_tensor_dict_get (run->gradients, name);
  const gboolean on_device = run->gradient_case->dropout;
  double found = 0, length = 0, reach = 0;
  for (gint64 i = 0; i < dh_tensor_count (gradient); i++)
    {
      const double g = dh_tensor_f32 (gradient)[i];
      found += g * direction[i];
      length += g * g;
      reach += direction[i] * direction[i];
    }
  const double step = on_device ? 1e-2 : STEP, tolerance = on_device ? 2e-3 : TOLERANCE;
  double (*loss) (GradientRun *, const char *, const double *, double) = on_device ? moved_loss_on_device : moved_loss;
  const double expected = (loss (run, name, direction, step) - loss (run, name, direction, -step)) / (2 * step);
  const double bound = tolerance * sqrt (length * reach) + (on_device ? 1e-4 : 1e-6);
  if (fabs (found - expected) <= bound)
    return;
  g_test_message ("%s, %s: %.8g, by differences %.8g, off by %.2g of %.2g", name, what, found, expected,
                  fabs (found - expected), bound);
  g_test_fail ();
}

static void
check_parameter (GradientRun *run, const char *name)
{
  const gsize count = (gsize)dh_tensor_count (dh_tensor_dict_get (run->gradients, name));
  g_autofree double *direction = g_new (double, count);
  dh_seeded_uniform (name, 11, count, direction);
  check_direction (run, name, "along a direction", direction);
  for (guint part = 0; part < 3 && count > 1 && !run->gradient_case->whole_net; part++)
    {
      memset (direction, 0, count * sizeof *direction);
      direction[(count - 1) * part / 2] = 1;
      check_direction (run, name, "one element", direction);
    }
}

/* What is added with the opposite weight is gone, but for rounding; the same seed gives the same bits. */
static void
check_repeats (GradientRun *run)
{
  g_autoptr (GError) error = NULL;
  const DhTensor *gradient = dh_tensor_dict_at (run->gradients, 0);
  const gsize count = (gsize)dh_tensor_count (gradient);
  g_autofree float *kept = g_memdup2 (dh_tensor_f32 (gradient), count * sizeof (float));
  DhLosses first, second;
  memset (dh_tensor_f32 (gradient), 0, count * sizeof (float));
  dh_train_plan_run (run->plan, run->input, run->labels, 5, 1, &first, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (dh_tensor_f32 (gradient), count * sizeof (float), kept, count * sizeof (float));
  dh_train_plan_run (run->plan, run->input, run->labels, 5, -1, &second, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (&first, sizeof first, &second, sizeof second);
  double largest = 0;
  for (gsize i = 0; i < count; i++)
    largest = fmax (largest, fabs (kept[i]));
  for (gsize i = 0; i < count; i++)
    g_assert_cmpfloat (fabs (dh_tensor_f32 (gradient)[i]), <=, 0x1p-18 * largest);
}

/* Made with less memory, the same bits; and every plan holds what was said before. */
static void
check_recompute (GradientRun *run, const DhTrainOptions *options)
{
  g_autoptr (GError) error = NULL;
  const GradientCase *gradient_case = run->gradient_case;
  DhTrainOptions again = *options;
  again.recompute = TRUE;
  DhGraph *graph = gradient_case->ops_case.graph;
  g_autoptr (DhTensorDict) gradients = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (run->gradients); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (run->gradients, i);
      dh_tensor_dict_take (gradients, dh_tensor_dict_name (run->gradients, i),
                           dh_tensor_new_f32 (tensor->n_dims, tensor->dims));
      memset (dh_tensor_f32 (tensor), 0, dh_tensor_size_bytes (tensor));
    }
  g_autoptr (DhTrainPlan) plan =
      dh_train_plan_new (gradient_case->device, graph, run->parameters, gradients, &again, &error);
  g_assert_no_error (error);
  DhLosses first, second;
  dh_train_plan_run (run->plan, run->input, run->labels, 5, 1, &first, NULL, &error);
  g_assert_no_error (error);
  dh_train_plan_run (plan, run->input, run->labels, 5, 1, &second, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (&first, sizeof first, &second, sizeof second);
  for (guint i = 0; i < dh_tensor_dict_size (gradients); i++)
    {
      const DhTensor *a = dh_tensor_dict_at (run->gradients, i), *b = dh_tensor_dict_at (gradients, i);
      g_assert_cmpmem (dh_tensor_f32 (a), dh_tensor_size_bytes (a), dh_tensor_f32 (b), dh_tensor_size_bytes (b));
    }
  g_assert_cmpuint (dh_train_plan_memory (plan), <=, dh_train_plan_memory (run->plan));
  if (!gradient_case->whole_net)
    return;
  const guint64 estimate = dh_train_plan_estimate_bytes (gradient_case->device, graph, options);
  /* A card's convolutions take a workspace that is known only once they are chosen. */
  const guint64 workspace = g_str_has_prefix (dh_device_name (gradient_case->device), "cuda") ? 64 << 20 : 0;
  g_assert_cmpuint (dh_train_plan_memory (run->plan), <=, 2 * estimate + workspace);
  g_assert_cmpuint (estimate, <=, 4 * dh_train_plan_memory (run->plan));
}

static void
fill_dicts (GradientRun *run, const GArray *list)
{
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      const DhTensor *value = dh_tensor_dict_get (run->parameters, parameter->name);
      const gsize count = (gsize)dh_tensor_count (value);
      double *doubles = g_new (double, count);
      for (gsize j = 0; j < count; j++)
        doubles[j] = dh_tensor_f32 (value)[j];
      dh_tensor_dict_take (run->doubles, parameter->name,
                           dh_tensor_new_take (DH_DTYPE_F64, value->n_dims, value->dims,
                                               g_bytes_new_take (doubles, count * sizeof *doubles)));
      if (parameter->trained)
        dh_tensor_dict_take (run->gradients, parameter->name, dh_tensor_new_f32 (value->n_dims, value->dims));
    }
}

void
gradients_prove (gconstpointer data)
{
  const GradientCase *gradient_case = data;
  const OpsCase *ops_case = &gradient_case->ops_case;
  g_autoptr (GError) error = NULL;
  const guint n_outputs = ops_case->outputs->len;
  g_autoptr (GArray) list =
      dh_graph_list_parameters (ops_case->graph, (const DhValue *)(gpointer)ops_case->outputs->data, n_outputs);
  g_autoptr (DhTensorDict) parameters = ops_new_parameters (ops_case);
  g_autoptr (DhTensorDict) doubles = dh_tensor_dict_new (), gradients = dh_tensor_dict_new ();
  g_autofree DhShape *shapes = dh_graph_infer_shapes (ops_case->graph, ops_case->input, &error);
  g_assert_no_error (error);
  GradientRun run = { gradient_case, NULL, parameters, doubles, gradients, NULL, make_labels (gradient_case),
                      shapes,        NAN };
  fill_dicts (&run, list);
  const DhTrainOptions options = { .input = ops_case->input,
                                   .logits = gradient_case->logits,
                                   .logits_ood = gradient_case->logits_ood,
                                   .beta = BETA,
                                   .without_dropout = !gradient_case->dropout };
  run.plan = dh_train_plan_new (gradient_case->device, ops_case->graph, parameters, gradients, &options, &error);
  g_assert_no_error (error);
  const gsize count = (gsize)ops_case->input.n * ops_case->input.c * ops_case->input.h * ops_case->input.w;
  g_autofree double *r = g_new (double, count);
  run.input = g_new (float, count);
  dh_seeded_uniform ("input", 7, count, r);
  for (gsize i = 0; i < count; i++)
    run.input[i] = (float)r[i];

  DhLosses losses;
  dh_train_plan_run (run.plan, run.input, run.labels, 5, 1, &losses, NULL, &error);
  g_assert_no_error (error);
  if (!gradient_case->dropout)
    {
      const double expected = evaluate (gradient_case, doubles, run.input, run.labels, shapes, &run.mean);
      g_assert_cmpfloat_with_epsilon (losses.total, expected, 1e-5 * fabs (expected));
    }
  for (guint i = 0; i < dh_tensor_dict_size (gradients); i++)
    check_parameter (&run, dh_tensor_dict_name (gradients, i));
  if (!gradient_case->whole_net) /* which multiplies what is rounded */
    gradients_check_precisions (&run, &options, losses.total);
  check_repeats (&run);
  if (gradient_case->recompute)
    check_recompute (&run, &options);

  dh_train_plan_free (run.plan);
  g_free (run.input);
  g_free (run.labels);
}
