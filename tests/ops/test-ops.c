#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dh-error.h"
#include "dh-nets.h"
#include "ops.h"

/* Proves every operator on every device: values against the definitions in double, guard regions, poisoned outputs, the
 * input left alone, the same bits twice, NaN carried through.
 *
 *   test-ops [WORD…]                 cases whose device/name contains one of the words, as TAP
 *   test-ops --list [WORD…]          their names
 *   test-ops --support [WORD…]       which device computes which case
 *   test-ops --perf [WORD…]          time and GFLOP/s of each, real layers' sizes too */

enum
{
  GUARD = 64, /* floats before and behind each buffer */
};

/* Share of the largest absolute value of an output. */
static const struct
{
  const char *device;
  double tolerance;
} tolerances[] = { { "ref", 2e-6 }, { "cpu", 2e-5 } };

/* In few digits every value is rounded where it is stored: some twenty roundings of the format in the longest chain,
 * for a card, which stores all values so. A scale, a shift or a layer that is wrong is off by far more. */
static double
tolerance_of (const char *device, DhPrecision precision)
{
  const gboolean card = g_str_has_prefix (device, "cuda");
  if (precision == DH_PRECISION_BF16)
    return card ? 20 * 0x1p-8 : 2e-2;
  if (precision == DH_PRECISION_F16 || precision == DH_PRECISION_TF32)
    return 20 * 0x1p-11;
  for (guint i = 0; i < G_N_ELEMENTS (tolerances); i++)
    if (g_str_has_prefix (device, tolerances[i].device))
      return tolerances[i].tolerance;
  return 2e-5;
}

/* NaN with a mark of its own, so that a value left unwritten is told from a computed NaN. */
static const guint32 poison_bits = 0x7fc0d15e;

static gboolean
is_poison (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  return bits == poison_bits;
}

static void
poison (float *values, gsize count)
{
  for (gsize i = 0; i < count; i++)
    memcpy (values + i, &poison_bits, sizeof poison_bits);
}

/* `count` floats between guard regions. */
static float *
new_guarded (gsize count)
{
  float *whole = g_new (float, count + 2 * GUARD);
  poison (whole, count + 2 * GUARD);
  return whole + GUARD;
}

static void
free_guarded (float *values, gsize count)
{
  for (guint i = 0; i < GUARD; i++)
    g_assert_true (is_poison (values[-1 - (gint)i]) && is_poison (values[count + i]));
  g_free (values - GUARD);
}

static gsize
count_of (DhShape shape)
{
  return (gsize)shape.n * shape.c * shape.h * shape.w;
}

DhTensorDict *
ops_new_parameters (const OpsCase *ops_case)
{
  DhTensorDict *dict = dh_tensor_dict_new ();
  g_autoptr (GArray) list = dh_graph_list_parameters (ops_case->graph, NULL, 0);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = dh_tensor_new_f32 (parameter->n_dims, parameter->dims);
      const gsize count = (gsize)dh_tensor_count (tensor);
      g_autofree double *r = g_new (double, count);
      dh_seeded_uniform (parameter->name, 7, count, r);
      double offset = 0, factor = 0.1;
      if (parameter->n_dims == 4)
        factor = sqrt (6.0 / (double)(parameter->dims[1] * parameter->dims[2] * parameter->dims[3]));
      else if (g_str_has_suffix (parameter->name, "running_var"))
        offset = 1, factor = 0.5;
      else if (g_str_has_suffix (parameter->name, "weight")) /* of a norm: of either sign */
        offset = 0.3, factor = 0.9;
      for (gsize j = 0; j < count; j++)
        dh_tensor_f32 (tensor)[j] = (float)(offset + factor * r[j]);
      dh_tensor_dict_take (dict, parameter->name, tensor);
    }
  return dict;
}

float *
ops_new_input (const OpsCase *ops_case)
{
  const gsize count = count_of (ops_case->input);
  float *input = new_guarded (count);
  g_autofree double *r = g_new (double, count);
  dh_seeded_uniform ("input", 7, count, r);
  for (gsize i = 0; i < count; i++)
    input[i] = (float)(r[i] * ops_case->input_scale);
  return input;
}

static DhPlan *
new_plan (DhDevice *device, DhPrecision precision, const OpsCase *ops_case, GError **error)
{
  g_autoptr (DhTensorDict) parameters = ops_new_parameters (ops_case); /* gone before the run */
  const DhPlanOptions options = { .input = ops_case->input,
                                  .precision = precision,
                                  .outputs = (const DhValue *)(gpointer)ops_case->outputs->data,
                                  .n_outputs = ops_case->outputs->len };
  return dh_plan_new (device, ops_case->graph, parameters, &options, error);
}

/* The outputs of one run, each between guards; segmentation still as bytes. */
static float **
run (DhPlan *plan, const OpsCase *ops_case, const DhShape *shapes, const float *input)
{
  g_autoptr (GError) error = NULL;
  float **outputs = g_new0 (float *, ops_case->outputs->len);
  for (guint i = 0; i < ops_case->outputs->len; i++)
    outputs[i] = new_guarded (count_of (shapes[g_array_index (ops_case->outputs, DhValue, i)]));
  dh_plan_run (plan, input, (void *const *)outputs, NULL, NULL, &error);
  g_assert_no_error (error);
  return outputs;
}

static void
free_outputs (const OpsCase *ops_case, const DhShape *shapes, float **outputs)
{
  for (guint i = 0; i < ops_case->outputs->len; i++)
    free_guarded (outputs[i], count_of (shapes[g_array_index (ops_case->outputs, DhValue, i)]));
  g_free (outputs);
}

/* How far the best logit stands above the second. */
static double
margin (const double *f, DhShape shape, gsize pixel)
{
  const gsize area = (gsize)shape.h * shape.w;
  const double *first = f + pixel / area * (gsize)shape.c * area + pixel % area;
  double best = -INFINITY, second = -INFINITY;
  for (gint c = 0; c < shape.c; c++)
    {
      const double v = first[(gsize)c * area];
      second = v > best ? best : fmax (second, v);
      best = fmax (best, v);
    }
  return best - second;
}

static double
largest (const double *values, gsize count)
{
  double most = 0;
  for (gsize i = 0; i < count; i++)
    most = isfinite (values[i]) ? fmax (most, fabs (values[i])) : most;
  return most;
}

/* `exact_nan`: NaN exactly where the definition has it; otherwise at least there (a tile of Winograd's transform
 * carries one further). */
static gboolean
agrees (double found, double expected, double allowed, gboolean exact_nan)
{
  if (isfinite (found) && isfinite (expected))
    return fabs (found - expected) <= allowed;
  return isnan (found) == isnan (expected) || (isnan (found) && !exact_nan);
}

typedef struct
{
  DhDevice *device; /* borrowed */
  OpsCase *ops_case;
  DhPrecision precision;
} Proof;

/* A card's library may make a number of a NaN in its ReLU (tests/gpu/run says so of a card, and asks that the rest be
 * proved all the same): whether one lies before `value` that a convolution may end with. */
static gboolean
may_lose_nan (const Proof *proof, DhValue value)
{
  const DhGraph *graph = proof->ops_case->graph;
  if (!g_getenv ("DH_TEST_NAN_MAY_GO") || !g_str_has_prefix (dh_device_name (proof->device), "cuda")
      || (proof->precision != DH_PRECISION_F16 && proof->precision != DH_PRECISION_BF16))
    return FALSE;
  g_autofree gboolean *ends = g_new0 (gboolean, value + 1), *lost = g_new0 (gboolean, value + 1);
  for (DhValue i = 0; i <= value; i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      gboolean follows = FALSE;
      for (guint j = 0; j < node->n_inputs; j++)
        {
          follows = follows || ends[node->inputs[j]];
          lost[i] = lost[i] || lost[node->inputs[j]];
        }
      ends[i] = node->op == DH_OP_CONV || (follows && (node->op == DH_OP_NORM || node->op == DH_OP_ADD));
      lost[i] = lost[i] || (follows && node->op == DH_OP_RELU);
    }
  return lost[value];
}

/* Fails the test at the first wrong element; `nan_may_go`: a NaN that became a number is none, and counted. */
static void
compare (const OpsCase *ops_case, DhValue value, double **expected, const DhShape *shapes, const float *found,
         double tolerance, gboolean exact_nan, gboolean nan_may_go, gsize *n_lost)
{
  const DhNode *node = dh_graph_node (ops_case->graph, value);
  const gboolean is_class = node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
  const DhValue f = is_class ? node->inputs[0] : value;
  const double near = tolerance * fmax (largest (expected[f], count_of (shapes[f])), 1e-30);
  for (gsize i = 0; i < count_of (shapes[value]); i++)
    {
      const double e = expected[value][i], y = is_class ? ((const guint8 *)(gconstpointer)found)[i] : found[i];
      if (is_class ? y == e || margin (expected[f], shapes[f], i) <= near : agrees (y, e, near, exact_nan))
        continue;
      if (nan_may_go && !is_class && isnan (e) && isfinite (y))
        {
          ++*n_lost;
          continue;
        }
      g_test_message ("output “%s” (%s), element %" G_GSIZE_FORMAT ": %.9g, expected %.9g within %.2g", node->name,
                      dh_op_name (node->op), i, y, e, is_class ? 0 : near);
      g_test_fail ();
      return;
    }
}

static gboolean
is_score_bytes (const OpsCase *ops_case, DhValue value)
{
  const DhNode *node = dh_graph_node (ops_case->graph, value);
  return node->op == DH_OP_SCORE && node->map == DH_MAP_SEGMENTATION;
}

static void
prove_values (const Proof *proof, DhPlan *plan, const DhShape *shapes, float *input, gboolean with_nan)
{
  const OpsCase *ops_case = proof->ops_case;
  const char *device = dh_device_name (proof->device);
  g_autoptr (DhTensorDict) parameters = ops_new_parameters (ops_case);
  double **expected = ops_evaluate (ops_case, parameters, input, shapes);
  float **outputs = run (plan, ops_case, shapes, input);
  gsize n_lost = 0;
  for (guint i = 0; i < ops_case->outputs->len; i++)
    {
      const DhValue value = g_array_index (ops_case->outputs, DhValue, i);
      if (!with_nan || !is_score_bytes (ops_case, value)) /* the class of a pixel that is NaN means nothing */
        compare (ops_case, value, expected, shapes, outputs[i], tolerance_of (device, proof->precision),
                 g_str_equal (device, "ref"), with_nan && may_lose_nan (proof, value), &n_lost);
    }
  if (n_lost > 0 && !g_test_failed ())
    g_test_skip ("a NaN becomes a number; all else is proved");
  ops_free_values (ops_case, expected);
  free_outputs (ops_case, shapes, outputs);
}

static void
prove (gconstpointer data)
{
  const Proof *proof = data;
  const OpsCase *ops_case = proof->ops_case;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPlan) plan = new_plan (proof->device, proof->precision, ops_case, &error);
  /* ref and cpu have every operator in the precisions that they list. */
  if (g_error_matches (error, DH_ERROR, DH_ERROR_UNSUPPORTED)
      && g_str_has_prefix (dh_device_name (proof->device), "cuda"))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (ops_case->graph, ops_case->input, NULL);
  const gsize count = count_of (ops_case->input);
  float *input = ops_new_input (ops_case);
  g_autofree float *kept = g_memdup2 (input, count * sizeof *input);

  prove_values (proof, plan, shapes, input, FALSE);

  float **first = run (plan, ops_case, shapes, input), **second = run (plan, ops_case, shapes, input);
  for (guint i = 0; i < ops_case->outputs->len; i++)
    {
      const DhValue value = g_array_index (ops_case->outputs, DhValue, i);
      const gsize size = count_of (shapes[value]) * (is_score_bytes (ops_case, value) ? 1 : sizeof (float));
      g_assert_cmpmem (first[i], size, second[i], size);
      for (gsize j = 0; j < size / sizeof (float); j++)
        g_assert_false (!is_score_bytes (ops_case, value) && is_poison (first[i][j]));
    }
  free_outputs (ops_case, shapes, first);
  free_outputs (ops_case, shapes, second);
  g_assert_cmpmem (input, count * sizeof *input, kept, count * sizeof *kept);

  input[count / 2] = NAN;
  prove_values (proof, plan, shapes, input, TRUE);
  free_guarded (input, count);
}

static gboolean
is_wanted (const char *text, char **words)
{
  for (char **word = words; *word; word++)
    if (strstr (text, *word))
      return TRUE;
  return *words == NULL;
}

/* A card knows four precisions: in those beside float32 what is fused is proved in each, the rest by turns; but scores
 * alone, whose logits a network gives in float32 and these cases would have rounded. */
static gboolean
is_turn (const DhDeviceInfo *info, const OpsCase *ops_case, guint number, DhPrecision precision)
{
  if (!g_str_equal (info->kind, "cuda") || g_str_has_prefix (ops_case->name, "chain/"))
    return TRUE;
  return number % 3 == precision % 3 && !g_str_has_prefix (ops_case->name, "score/");
}

static void
skip_absent (gconstpointer data)
{
  g_test_skip (data);
}

/* The least of some runs, in seconds. */
static double
time_case (DhDevice *device, const OpsCase *ops_case, double *flop, GError **error)
{
  g_autoptr (DhPlan) plan = new_plan (device, DH_PRECISION_F32, ops_case, error);
  if (!plan)
    return -1;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (ops_case->graph, ops_case->input, NULL);
  *flop = dh_graph_flop (ops_case->graph, shapes, (const DhValue *)(gpointer)ops_case->outputs->data,
                         ops_case->outputs->len);
  float *input = ops_new_input (ops_case);
  double least = INFINITY, spent = 0;
  for (guint i = 0; i < 50 && (i < 2 || spent < 0.5); i++)
    {
      const gint64 begin = g_get_monotonic_time ();
      free_outputs (ops_case, shapes, run (plan, ops_case, shapes, input));
      const double seconds = 1e-6 * (double)(g_get_monotonic_time () - begin);
      least = fmin (least, seconds);
      spent += seconds;
    }
  free_guarded (input, count_of (ops_case->input));
  return least;
}

static void
report_case (const char *mode, DhDevice *device, const OpsCase *ops_case)
{
  g_autoptr (GError) error = NULL;
  if (g_str_equal (mode, "--perf"))
    {
      double flop = 0;
      const double seconds = time_case (device, ops_case, &flop, &error);
      if (seconds >= 0)
        printf ("%-8s %-56s %10.3f ms %8.1f GFLOP/s\n", dh_device_name (device), ops_case->name, 1e3 * seconds,
                1e-9 * flop / seconds);
    }
  else
    {
      g_autoptr (DhPlan) plan = new_plan (device, DH_PRECISION_F32, ops_case, &error);
      if (plan)
        printf ("%-8s %-56s yes\n", dh_device_name (device), ops_case->name);
    }
  if (error)
    printf ("%-8s %-56s no: %s\n", dh_device_name (device), ops_case->name, error->message);
}

static void
add_proof (GPtrArray *proofs, const char *path, DhDevice *device, OpsCase *ops_case, DhPrecision precision)
{
  Proof *proof = g_new (Proof, 1);
  *proof = (Proof){ device, ops_case, precision };
  g_ptr_array_add (proofs, proof);
  g_test_add_data_func (path, proof, prove);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  const char *mode = argc > 1 && g_str_has_prefix (argv[1], "--") ? argv[1] : NULL;
  const gboolean report =
      mode && (g_str_equal (mode, "--list") || g_str_equal (mode, "--perf") || g_str_equal (mode, "--support"));
  if (!report)
    g_test_init (&argc, &argv, NULL);
  char **words = argv + (report ? 2 : 1);

  g_autoptr (GPtrArray) cases = ops_list_cases ();
  g_autoptr (GPtrArray) infos = dh_devices_list ();
  g_autoptr (GPtrArray) devices = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_device_unref);
  g_autoptr (GPtrArray) proofs = g_ptr_array_new_with_free_func (g_free);
  for (guint d = 0; d < infos->len; d++)
    {
      const DhDeviceInfo *info = infos->pdata[d];
      g_autoptr (GError) error = NULL;
      DhDevice *device = info->available ? dh_device_open (info->name, 0, &error) : NULL;
      g_assert_no_error (error);
      if (device)
        g_ptr_array_add (devices, device);
      else if (report)
        printf ("%-8s absent: %s\n", info->name, info->why_not);
      else
        {
          g_autofree char *path = g_strdup_printf ("/ops/%s", info->name);
          if (is_wanted (path, words))
            g_test_add_data_func (path, info->why_not, skip_absent);
        }
      if (device && (!report || g_str_equal (mode, "--list")))
        ops_add_gradients (device, is_wanted, words, report);
      for (guint c = 0; device && c < cases->len; c++)
        {
          OpsCase *ops_case = cases->pdata[c];
          g_autofree char *path = g_strdup_printf ("/ops/%s/%s", info->name, ops_case->name);
          if (!is_wanted (path, words) || (ops_case->perf_only && g_strcmp0 (mode, "--perf") != 0))
            continue;
          if (report && g_str_equal (mode, "--list"))
            printf ("%s\n", path);
          else if (report)
            report_case (mode, device, ops_case);
          else
            {
              add_proof (proofs, path, device, ops_case, DH_PRECISION_F32);
              for (DhPrecision p = DH_PRECISION_TF32; p <= DH_PRECISION_BF16; p++)
                {
                  g_autofree char *other =
                      g_strdup_printf ("/ops/%s/%s/%s", info->name, dh_precision_name (p), ops_case->name);
                  if (dh_device_has_precision (device, p) && is_turn (info, ops_case, c, p))
                    add_proof (proofs, other, device, ops_case, p);
                }
            }
        }
    }
  return report ? 0 : g_test_run ();
}
