#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dh-error.h"
#include "dh-nets.h"
#include "dh-train-plan.h"
#include "ops.h"

/* Gradients of a training step against central differences of the loss, which is computed in double from the operators'
 * definitions: along a seeded direction for each parameter, and for single elements of it. An operator without
 * parameters stands behind a convolution, whose gradient must come through it. */

#define CLASSES 5
#define BETA 0.3
#define STEP 1e-6
/* Share of the gradient's length (times that of the direction). */
#define TOLERANCE 2e-4
/* In few digits: how many roundings of what stands in memory between the input and a gradient may add up, as far as one
 * of the parameters and the input moves it; and between the input and the loss. */
#define ROUNDINGS 4
#define LOSS_ROUNDINGS 4

typedef struct
{
  OpsCase ops_case;
  DhDevice *device; /* borrowed */
  DhValue logits, logits_ood;
  gint classes;
  gboolean dropout;
  gboolean whole_net; /* one direction a parameter is enough */
} GradientCase;

static void
free_case (gpointer data)
{
  GradientCase *gradient_case = data;
  g_free (gradient_case->ops_case.name);
  dh_graph_unref (gradient_case->ops_case.graph);
  g_array_unref (gradient_case->ops_case.outputs);
  g_free (gradient_case);
}

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

typedef struct
{
  const GradientCase *gradient_case;
  DhTrainPlan *plan;
  DhTensorDict *parameters; /* float32, the plan's */
  DhTensorDict *doubles;
  DhTensorDict *gradients;
  float *input;
  guint8 *labels;
  DhShape *shapes;
  double mean;
} Run;

/* The loss with the parameter moved by `step` along `direction`. */
static double
moved_loss (Run *run, const char *name, const double *direction, double step)
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
moved_loss_on_device (Run *run, const char *name, const double *direction, double step)
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
check_direction (Run *run, const char *name, const char *what, const double *direction)
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
  double (*loss) (Run *, const char *, const double *, double) = on_device ? moved_loss_on_device : moved_loss;
  const double expected = (loss (run, name, direction, step) - loss (run, name, direction, -step)) / (2 * step);
  const double bound = tolerance * sqrt (length * reach) + (on_device ? 1e-4 : 1e-6);
  if (fabs (found - expected) <= bound)
    return;
  g_test_message ("%s, %s: %.8g, by differences %.8g, off by %.2g of %.2g", name, what, found, expected,
                  fabs (found - expected), bound);
  g_test_fail ();
}

static void
check_parameter (Run *run, const char *name)
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

/* Twice with half the weight gives the same sum, to the last bit but for rounding; the same seed the same bits. */
static void
check_repeats (Run *run)
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
  for (gsize i = 0; i < count; i++)
    g_assert_true (dh_tensor_f32 (gradient)[i] == 0);
}

static void
zero (DhTensorDict *dict)
{
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    memset (dh_tensor_f32 (dh_tensor_dict_at (dict, i)), 0, dh_tensor_size_bytes (dh_tensor_dict_at (dict, i)));
}

/* Σ (a − b)² of two tensors; b NULL: of a alone. */
static double
square (const DhTensor *a, const DhTensor *b)
{
  double sum = 0;
  for (gint64 i = 0; i < dh_tensor_count (a); i++)
    {
      const double d = (double)dh_tensor_f32 (a)[i] - (b ? dh_tensor_f32 (b)[i] : 0);
      sum += d * d;
    }
  return sum;
}

static void
perturb (float *values, gsize count, double rounding, guint seed)
{
  g_autofree double *r = g_new (double, count);
  dh_seeded_uniform ("rounding", seed, count, r);
  for (gsize i = 0; i < count; i++)
    values[i] *= (float)(1 + rounding * r[i]);
}

/* What roundings do to each gradient of this very case: the mean length of how far it moves in float32 where every
 * parameter and the input are off by up to one rounding of the format. So an operator that multiplies what is rounded
 * is allowed as much, and no other is. */
static void
measure_roundings (Run *run, double rounding, double *spread)
{
  enum
  {
    TRIES = 4
  };
  g_autoptr (GError) error = NULL;
  const guint n = dh_tensor_dict_size (run->gradients);
  const DhShape shape = run->gradient_case->ops_case.input;
  const gsize count = (gsize)shape.n * shape.c * shape.h * shape.w;
  g_autofree float *input = g_new (float, count);
  for (guint i = 0; i < n; i++)
    spread[i] = 0;
  DhLosses losses;
  for (guint k = 0; k < TRIES; k++)
    {
      g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
      memcpy (input, run->input, count * sizeof *input);
      perturb (input, count, rounding, 100 + k);
      for (guint i = 0; i < n; i++)
        {
          DhTensor *value = dh_tensor_dict_get (run->parameters, dh_tensor_dict_name (run->gradients, i));
          g_ptr_array_add (kept, g_memdup2 (dh_tensor_f32 (value), dh_tensor_size_bytes (value)));
          perturb (dh_tensor_f32 (value), (gsize)dh_tensor_count (value), rounding, 200 + 10 * i + k);
        }
      g_autoptr (DhTensorDict) expected = dh_tensor_dict_new ();
      for (guint i = 0; i < n; i++)
        {
          const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          DhTensor *copy = dh_tensor_new_f32 (gradient->n_dims, gradient->dims);
          memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (gradient), dh_tensor_size_bytes (copy));
          dh_tensor_dict_take (expected, dh_tensor_dict_name (run->gradients, i), copy);
        }
      zero (run->gradients);
      dh_train_plan_run (run->plan, input, run->labels, 5, 1, &losses, NULL, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        {
          DhTensor *value = dh_tensor_dict_get (run->parameters, dh_tensor_dict_name (run->gradients, i));
          DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          const DhTensor *before = dh_tensor_dict_at (expected, i);
          spread[i] = fmax (spread[i], sqrt (square (gradient, before)));
          memcpy (dh_tensor_f32 (gradient), dh_tensor_f32 (before), dh_tensor_size_bytes (gradient));
          memcpy (dh_tensor_f32 (value), g_ptr_array_index (kept, i), dh_tensor_size_bytes (value));
        }
    }
}

/* Other precisions that the device trains in, against its own float32: the loss, and every gradient for itself. */
static void
check_precisions (Run *run, const DhTrainOptions *options, double expected_loss)
{
  static const struct
  {
    DhPrecision precision;
    double rounding;
  } formats[] = { { DH_PRECISION_TF32, 0x1p-11 }, { DH_PRECISION_F16, 0x1p-11 }, { DH_PRECISION_BF16, 0x1p-8 } };
  const guint n = dh_tensor_dict_size (run->gradients);
  g_autoptr (DhTensorDict) found = dh_tensor_dict_new ();
  g_autofree double *spread = g_new (double, n);
  double whole = 0;
  for (guint i = 0; i < n; i++)
    {
      const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
      dh_tensor_dict_take (found, dh_tensor_dict_name (run->gradients, i),
                           dh_tensor_new_f32 (gradient->n_dims, gradient->dims));
      whole += square (gradient, NULL);
    }
  for (guint p = 0; p < G_N_ELEMENTS (formats); p++)
    {
      g_autoptr (GError) error = NULL;
      const double u = formats[p].rounding;
      DhLosses losses;
      DhTrainOptions other = *options;
      other.precision = formats[p].precision;
      DhTrainPlan *plan = dh_train_plan_new (run->gradient_case->device, run->gradient_case->ops_case.graph,
                                             run->parameters, found, &other, &error);
      if (g_error_matches (error, DH_ERROR, DH_ERROR_UNSUPPORTED))
        continue;
      g_assert_no_error (error);
      measure_roundings (run, ROUNDINGS * u, spread);
      zero (found);
      dh_train_plan_run (plan, run->input, run->labels, 5, 1, &losses, NULL, &error);
      g_assert_no_error (error);
      dh_train_plan_free (plan);
      const double loss = fabs (losses.total - expected_loss) / fabs (expected_loss);
      if (loss > LOSS_ROUNDINGS * u)
        {
          g_test_message ("%s: loss off by %.2g of %.2g", dh_precision_name (other.precision), loss,
                          LOSS_ROUNDINGS * u);
          g_test_fail ();
        }
      for (guint i = 0; i < n; i++)
        {
          const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          const double off = sqrt (square (dh_tensor_dict_at (found, i), gradient));
          const double allowed =
              2 * spread[i] + ROUNDINGS * u * sqrt (square (gradient, NULL)) + 0.25 * u * sqrt (whole);
          if (g_getenv ("DH_TEST_VERBOSE"))
            g_printerr ("%6.3f %s %s %s\n", off / allowed, dh_precision_name (other.precision),
                        run->gradient_case->ops_case.name, dh_tensor_dict_name (found, i));
          if (off <= allowed)
            continue;
          g_test_message ("%s: gradient of “%s” off by %.2g of %.2g, its length %.2g",
                          dh_precision_name (other.precision), dh_tensor_dict_name (found, i), off, allowed,
                          sqrt (square (gradient, NULL)));
          g_test_fail ();
        }
    }
}

typedef enum
{
  PLAIN,
  NORM,
  NORM_RELU,
  RELU,
  ADD,
  ADD_TWICE,
  CONCAT,
  CONCAT_OF_CONCATS,
  MAX_2,
  MAX_3,
  AVERAGE_3,
  ADAPTIVE,
  ADAPTIVE_1,
  UP,
  UP_CORNERS,
  DOWN,
  DROPOUT,
  SCALE,
  NORM_OF_INPUT,
  POOL_WITH_INPUT,
  CONV_WITH_INPUT,
  CHAIN,
  N_KINDS,
} Kind;
static const char *const kind_names[N_KINDS] = {
  "losses",          "norm",          "norm-relu",         "relu",          "add",
  "add-to-itself",   "concat",        "concat-of-concats", "max-pool-2",    "max-pool-3",
  "average-pool-3",  "adaptive-pool", "adaptive-pool-1",   "resize",        "resize-corners",
  "resize-down",     "dropout",       "channel-scale",     "norm-of-input", "pool-with-input",
  "conv-with-input", "chain",
};

/* Made with less memory, the same bits; and every plan holds what was said before. */
static void
check_recompute (Run *run, const DhTrainOptions *options)
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
fill_dicts (Run *run, const GArray *list)
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

static void
prove_gradients (gconstpointer data)
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
  Run run = { gradient_case, NULL, parameters, doubles, gradients, NULL, make_labels (gradient_case), shapes, NAN };
  fill_dicts (&run, list);
  const DhTrainOptions options = { .input = ops_case->input,
                                   .logits = gradient_case->logits,
                                   .logits_ood = gradient_case->logits_ood,
                                   .beta = BETA,
                                   .without_dropout = !gradient_case->dropout };
  run.plan = dh_train_plan_new (gradient_case->device, ops_case->graph, parameters, gradients, &options, &error);
  if (g_error_matches (error, DH_ERROR, DH_ERROR_UNSUPPORTED))
    {
      g_test_skip (error->message);
      g_free (run.labels);
      return;
    }
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
    check_precisions (&run, &options, losses.total);
  check_repeats (&run);
  if (gradient_case->whole_net || g_str_has_prefix (ops_case->name, kind_names[CHAIN]))
    check_recompute (&run, &options);

  dh_train_plan_free (run.plan);
  g_free (run.input);
  g_free (run.labels);
}

/* Heads at the input's size behind `x`, and the test. Takes `graph`. */
static void
add_case (DhDevice *device, DhGraph *graph, DhShape input, const char *name, gint classes, DhValue logits,
          DhValue logits_ood, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  GradientCase *gradient_case = g_new0 (GradientCase, 1);
  gradient_case->ops_case = (OpsCase){ .name = g_strdup (name),
                                       .graph = graph,
                                       .input = input,
                                       .input_scale = 1,
                                       .training = TRUE,
                                       .outputs = g_array_new (FALSE, FALSE, sizeof (DhValue)) };
  gradient_case->device = device;
  gradient_case->logits = logits;
  gradient_case->logits_ood = logits_ood;
  gradient_case->classes = classes;
  gradient_case->whole_net = g_str_has_prefix (name, "net/");
  gradient_case->dropout = g_str_has_prefix (name, "dropout");
  g_array_append_val (gradient_case->ops_case.outputs, logits);
  if (logits_ood != DH_NO_VALUE)
    g_array_append_val (gradient_case->ops_case.outputs, logits_ood);
  g_autofree char *path = g_strdup_printf ("/ops/%s/gradient/%s", dh_device_name (device), name);
  if (!is_wanted (path, words))
    {
      free_case (gradient_case);
      return;
    }
  if (print)
    printf ("%s\n", path);
  if (print)
    free_case (gradient_case);
  else
    g_test_add_data_func_full (path, gradient_case, prove_gradients, free_case);
}

static DhValue
append_kind (DhGraph *graph, Kind kind, DhValue input, DhValue x)
{
  static const float mean[3] = { 0.4f, 0.5f, 0.3f }, deviation[3] = { 0.2f, 0.3f, 0.5f };
  const DhValue half = kind == UP || kind == UP_CORNERS || kind == DOWN ? dh_graph_max_pool (graph, x, 2, 2, 0) : x;
  DhValue y;
  switch (kind)
    {
    case NORM:
      return dh_graph_norm (graph, x, "n", 0.1);
    case NORM_RELU:
      y = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
      /* Read twice, once as it is. */
      return dh_graph_add (graph, y, dh_graph_conv (graph, y, "m", (DhConv){ .out = 8, .kernel = 3, .padding = 1 }));
    case RELU:
      return dh_graph_relu (graph, x);
    case CHAIN: /* values made again, each of one that is made again too */
      for (gint i = 0; i < 3; i++)
        {
          g_autofree char *n = g_strdup_printf ("n%d", i), *c = g_strdup_printf ("c%d", i);
          x = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, x, n, 0.1)), c,
                             (DhConv){ .out = 16, .kernel = 1 });
        }
      return x;
    case ADD:
      return dh_graph_add (graph, x, dh_graph_conv (graph, x, "m", (DhConv){ .out = 8, .kernel = 1 }));
    case ADD_TWICE:
      return dh_graph_add (graph, x, x);
    case CONCAT:
      y = dh_graph_norm (graph, x, "n", 0.1);
      return dh_graph_concat (graph, (DhValue[]){ y, x, y, dh_graph_relu (graph, x) }, 4);
    case CONCAT_OF_CONCATS:
      y = x;
      for (gint i = 0; i < 3; i++)
        {
          g_autofree char *n = g_strdup_printf ("n%d", i), *c = g_strdup_printf ("c%d", i);
          const DhValue grown = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, y, n, 0.1)), c,
                                               (DhConv){ .out = 4, .kernel = 3, .padding = 1 });
          y = dh_graph_concat (graph, (DhValue[]){ y, grown }, 2);
        }
      return y;
    case MAX_2:
      return dh_graph_max_pool (graph, x, 2, 2, 0);
    case MAX_3:
      return dh_graph_max_pool (graph, x, 3, 2, 1);
    case AVERAGE_3:
      return dh_graph_average_pool (graph, x, 3, 2, 1);
    case ADAPTIVE:
      return dh_graph_adaptive_pool (graph, x, 4, TRUE);
    case ADAPTIVE_1:
      return dh_graph_adaptive_pool (graph, x, 1, FALSE);
    case UP:
      return dh_graph_resize (graph, half, x, FALSE);
    case UP_CORNERS:
      return dh_graph_resize (graph, half, x, TRUE);
    case DOWN:
      return dh_graph_resize (graph, x, half, FALSE);
    case DROPOUT:
      return dh_graph_dropout (graph, x, 0.4);
    case SCALE:
      y = dh_graph_conv (graph, x, "m", (DhConv){ .out = 3, .kernel = 1 });
      return dh_graph_channel_scale (graph, y, mean, deviation);
    case NORM_OF_INPUT: /* what nothing trained stands before has no gradient of its own */
      y = dh_graph_relu (graph, dh_graph_norm (graph, input, "n", 0.1));
      return dh_graph_concat (graph, (DhValue[]){ y, x, input }, 3);
    case POOL_WITH_INPUT:
      return dh_graph_average_pool (graph, dh_graph_concat (graph, (DhValue[]){ input, x }, 2), 3, 1, 1);
    case CONV_WITH_INPUT:
      y = dh_graph_concat (graph, (DhValue[]){ x, input }, 2);
      return dh_graph_conv (graph, y, "m", (DhConv){ .out = 8, .kernel = 3, .padding = 1 });
    case PLAIN:
    case N_KINDS:
      break;
    }
  return x;
}

static void
add_kind (DhDevice *device, Kind kind, gint h, gint w, gboolean hybrid,
          gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 8, .kernel = 3, .padding = 1, .bias = TRUE });
  x = append_kind (graph, kind, input, x);
  const DhValue f = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  const DhValue g = dh_graph_conv (graph, x, "g", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
  const DhValue logits = dh_graph_resize (graph, f, input, FALSE);
  const DhValue logits_ood = dh_graph_resize (graph, g, input, FALSE);
  g_autofree char *name = g_strdup_printf ("%s%s/%dx%d", kind_names[kind], hybrid ? "" : "-closed", h, w);
  add_case (device, graph, (DhShape){ 2, 3, h, w }, name, CLASSES, logits, hybrid ? logits_ood : DH_NO_VALUE, is_wanted,
            words, print);
}

/* Every stride, dilation and padding in use, as the middle one of three. */
static void
add_convs (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  static const DhConv convs[] = {
    { .out = 7, .kernel = 1 },
    { .out = 17, .kernel = 1, .bias = TRUE },
    { .out = 6, .kernel = 1, .stride = 2 },
    { .out = 9, .kernel = 3, .padding = 1 },
    { .out = 5, .kernel = 3, .stride = 2, .padding = 1 },
    { .out = 5, .kernel = 3, .padding = 2, .dilation = 2 },
    { .out = 5, .kernel = 3, .padding = 4, .dilation = 4 },
    { .out = 4, .kernel = 3, .padding = 12, .dilation = 12 },
    { .out = 4, .kernel = 3, .padding = 24, .dilation = 24 },
    { .out = 4, .kernel = 3, .padding = 36, .dilation = 36 },
    { .out = 6, .kernel = 7, .stride = 2, .padding = 3 },
    { .out = 5, .kernel = 3, .stride = 2, .padding = 2, .dilation = 2, .bias = TRUE },
  };
  static const gint sizes[][2] = { { 6, 5 }, { 13, 18 } };
  for (guint i = 0; i < G_N_ELEMENTS (convs); i++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 18, .kernel = 1 });
        x = dh_graph_conv (graph, x, "middle", convs[i]);
        x = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
        const DhValue logits = dh_graph_resize (graph, x, input, TRUE);
        g_autofree char *name =
            g_strdup_printf ("conv-%dx%d-stride%d-padding%d-dilation%d%s/%dx%d", convs[i].kernel, convs[i].kernel,
                             MAX (convs[i].stride, 1), convs[i].padding, MAX (convs[i].dilation, 1),
                             convs[i].bias ? "-bias" : "", sizes[s][0], sizes[s][1]);
        add_case (device, graph, (DhShape){ 2, 3, sizes[s][0], sizes[s][1] }, name, CLASSES, logits, DH_NO_VALUE,
                  is_wanted, words, print);
      }
}

/* More channels than any published network has: nothing may be read behind what a kernel is given. */
static void
add_wide (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 8704, .kernel = 1 });
  x = dh_graph_conv (graph, x, "middle", (DhConv){ .out = 5, .kernel = 3, .padding = 1 });
  x = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  const DhValue logits = dh_graph_resize (graph, x, input, FALSE);
  add_case (device, graph, (DhShape){ 128, 3, 1, 1 }, "net/wide", CLASSES, logits, DH_NO_VALUE, is_wanted, words,
            print);
}

void
ops_add_gradients (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words,
                   gboolean print)
{
  static const gint sizes[][2] = { { 4, 6 }, { 13, 9 } };
  static const char *const nets[] = { "ldn-tiny", "dlv3p-tiny", "ldn-tiny-closed" };
  add_convs (device, is_wanted, words, print);
  if (!g_str_equal (dh_device_name (device), "ref"))
    add_wide (device, is_wanted, words, print);
  /* Large enough for kernels of our own. */
  add_kind (device, CONV_WITH_INPUT, 32, 36, FALSE, is_wanted, words, print);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      add_kind (device, kind, sizes[s][0], sizes[s][1], (kind != PLAIN || s == 0) && kind != DROPOUT, is_wanted, words,
                print);
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      DhArchitecture architecture;
      g_assert_true (dh_architecture_from_name (nets[i], 0, &architecture, NULL));
      g_autoptr (DhNet) net = dh_net_new (&architecture);
      g_autofree char *name = g_strdup_printf ("net/%s", nets[i]);
      add_case (device, dh_graph_ref (net->graph), (DhShape){ 2, 3, 32, 40 }, name, architecture.classes, net->logits,
                net->logits_ood, is_wanted, words, print);
    }
}
