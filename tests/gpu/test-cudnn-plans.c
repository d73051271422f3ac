#include <stdio.h>
#include <string.h>

#include "dh-cudnn.h"
#include "dh-nets.h"
#include "ops.h"

/* Whether cuDNN has an engine for every convolution of the two networks, asked of it about a described card: no card
 * and no driver is needed, only the library. test-cudnn-plans DEVICE.json */

static cudnnBackendDescriptor_t device;
static guint n_compiled, n_sums;

typedef struct
{
  const char *network;
  gint n, height, width;
  DhPrecision precision;
  gboolean training;
  DhCudaConvDirection direction;
} Question;

static DhCudaConvSpec
spec_of (const DhNode *node, DhShape from, DhShape to, const Question *question)
{
  const gboolean half =
      !question->training && (question->precision == DH_PRECISION_F16 || question->precision == DH_PRECISION_BF16);
  return (DhCudaConvSpec){ .direction = question->direction,
                           .type = question->precision == DH_PRECISION_F16    ? DH_CUDA_F16
                                   : question->precision == DH_PRECISION_BF16 ? DH_CUDA_BF16
                                                                              : DH_CUDA_F32,
                           .strict = question->precision == DH_PRECISION_F32,
                           .bias = half,
                           .relu = half,
                           .n = from.n,
                           .in = (from.c + 7) / 8 * 8,
                           .out = (to.c + 7) / 8 * 8,
                           .h = from.h,
                           .w = from.w,
                           .out_h = to.h,
                           .out_w = to.w,
                           .kernel = node->kernel,
                           .stride = node->stride,
                           .padding = node->padding,
                           .dilation = node->dilation };
}

static void
ask (const char *name, const DhCudaConvSpec *spec)
{
  g_autofree char *reason = NULL;
  g_autoptr (GPtrArray) plans = dh_cudnn_list_plans (NULL, device, spec, (gsize)512 << 20, 1, &reason);
  if (plans->len == 0)
    {
      g_test_message ("%s %d → %d, %d×%d, stride %d, dilation %d at %d×%d%s%s: %s", name, spec->in, spec->out,
                      spec->kernel, spec->kernel, spec->stride, spec->dilation, spec->h, spec->w,
                      spec->bias ? ", bias" : "", spec->z ? ", sum" : "", reason);
      g_test_fail ();
      return;
    }
  const DhCudnnPlan *plan = g_ptr_array_index (plans, 0);
  g_assert_cmpuint (plan->workspace, <=, (gsize)512 << 20);
  g_test_message ("%s: %s, %.1f MiB workspace", name, plan->name, plan->workspace / 1048576.0);
  /* Compiling at run time takes seconds for each: none of the networks' convolutions should need it. */
  n_compiled += plan->compiled;
}

/* The node that alone reads a value, or DH_NO_VALUE. */
static DhValue
only_reader (const DhGraph *graph, DhValue v)
{
  DhValue reader = DH_NO_VALUE;
  guint n = 0;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (graph); i++)
    for (guint j = 0; j < dh_graph_node (graph, i)->n_inputs; j++)
      if (dh_graph_node (graph, i)->inputs[j] == v)
        {
          reader = i;
          n++;
        }
  return n == 1 ? reader : DH_NO_VALUE;
}

static gboolean
is (const DhGraph *graph, DhValue v, DhOp op)
{
  return v != DH_NO_VALUE && dh_graph_node (graph, v)->op == op;
}

/* A sum takes the result, as in residual blocks; *relu: and a ReLU the sum, whose norm is in the weights where it is of
 * two convolutions. */
static gboolean
is_summed (const DhGraph *graph, DhValue v, gboolean *relu)
{
  const DhValue sum = only_reader (graph, v);
  DhValue next = sum != DH_NO_VALUE ? only_reader (graph, sum) : DH_NO_VALUE;
  if (is (graph, next, DH_OP_NORM) && is (graph, dh_graph_node (graph, sum)->inputs[0], DH_OP_CONV)
      && is (graph, dh_graph_node (graph, sum)->inputs[1], DH_OP_CONV))
    next = only_reader (graph, next);
  *relu = is (graph, next, DH_OP_RELU);
  return is (graph, sum, DH_OP_ADD);
}

/* Every convolution of a graph that is the library's, each once. */
static guint
ask_graph (const DhGraph *graph, const DhShape *shapes, const Question *question, GHashTable *asked)
{
  guint n = 0;
  for (DhValue v = 0; v < (DhValue)dh_graph_size (graph); v++)
    {
      const DhNode *node = dh_graph_node (graph, v);
      /* Heads are a kernel of our own, but for their gradients, and so are groups. */
      const gboolean head = node->kernel == 1 && node->stride == 1 && node->channels <= 32;
      if (node->op != DH_OP_CONV || node->groups > 1 || (head && question->direction == DH_CUDA_CONV_FORWARD))
        continue;
      /* Nobody wants the picture's. */
      if (question->direction == DH_CUDA_CONV_DATA && shapes[node->inputs[0]].c <= 3)
        continue;
      DhCudaConvSpec spec = spec_of (node, shapes[node->inputs[0]], shapes[v], question);
      gboolean relu;
      if (spec.bias && is_summed (graph, v, &relu))
        {
          /* With the sum, then the bias, as the plan asks for it first. */
          spec.z = TRUE;
          spec.relu = relu;
          n_sums++;
        }
      if (g_hash_table_add (asked, g_bytes_new (&spec, sizeof spec)))
        {
          ask (node->name, &spec);
          n++;
        }
    }
  return n;
}

static GHashTable *
new_asked (void)
{
  return g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
}

static void
test_network (gconstpointer data)
{
  const Question *question = data;
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (question->network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autofree DhShape *shapes =
      dh_graph_infer_shapes (net->graph, (DhShape){ question->n, 3, question->height, question->width }, &error);
  g_assert_no_error (error);
  g_autoptr (GHashTable) asked = new_asked ();
  n_compiled = n_sums = 0;
  g_assert_cmpuint (ask_graph (net->graph, shapes, question, asked), >, 10);
  g_test_message ("%u of %u compiled at run time, %u with a sum", n_compiled, g_hash_table_size (asked), n_sums);
  const gboolean half = question->precision == DH_PRECISION_F16 || question->precision == DH_PRECISION_BF16;
  g_assert_true (question->training || !half || !g_str_equal (question->network, "dlv3p_wrn38") || n_sums >= 10);
}

/* The odd and tiny shapes of the operator proof, in its precision. */
static void
test_cases (void)
{
  Question question = { .precision = DH_PRECISION_F32 };
  g_autoptr (GPtrArray) cases = ops_list_cases ();
  g_autoptr (GHashTable) asked = new_asked ();
  guint n = 0;
  for (guint i = 0; i < cases->len; i++)
    {
      const OpsCase *ops_case = g_ptr_array_index (cases, i);
      g_autofree DhShape *shapes = dh_graph_infer_shapes (ops_case->graph, ops_case->input, NULL);
      for (question.direction = 0; question.direction < 3; question.direction++)
        n += ask_graph (ops_case->graph, shapes, &question, asked);
    }
  g_assert_cmpuint (n, >, 100);
}

/* What is kept of a plan makes the same plan again; what is damaged, or another precision's, none. */
static void
test_json (void)
{
  DhCudaConvSpec spec = { .type = DH_CUDA_F32,
                          .strict = TRUE,
                          .n = 1,
                          .in = 128,
                          .out = 32,
                          .h = 64,
                          .w = 128,
                          .out_h = 64,
                          .out_w = 128,
                          .kernel = 3,
                          .stride = 1,
                          .padding = 1,
                          .dilation = 1 };
  const gsize most = (gsize)512 << 20;
  for (spec.direction = 0; spec.direction < 3; spec.direction++)
    for (spec.strict = 0; spec.strict < 2; spec.strict++)
      {
        g_autofree char *reason = NULL;
        g_autoptr (GPtrArray) plans = dh_cudnn_list_plans (NULL, device, &spec, most, 4, &reason);
        g_assert_cmpuint (plans->len, >, 0);
        for (guint i = 0; i < plans->len; i++)
          {
            const DhCudnnPlan *plan = g_ptr_array_index (plans, i);
            g_autofree char *json = dh_cudnn_plan_to_json (plan);
            g_assert_nonnull (json);
            DhCudnnPlan *again = dh_cudnn_plan_from_json (NULL, device, &spec, most, json);
            g_assert_nonnull (again);
            g_assert_cmpstr (again->name, ==, plan->name);
            g_assert_cmpuint (again->workspace, ==, plan->workspace);
            dh_cudnn_plan_unref (again);
            if (plan->workspace)
              g_assert_null (dh_cudnn_plan_from_json (NULL, device, &spec, plan->workspace - 1, json));
            DhCudaConvSpec strict = spec;
            strict.strict = TRUE;
            if (strstr (plan->name, "tensor cores"))
              g_assert_null (dh_cudnn_plan_from_json (NULL, device, &strict, most, json));
            for (gsize length = 0; length < strlen (json); length += strlen (json) / 7 + 1)
              {
                g_autofree char *torn = g_strndup (json, length);
                g_assert_null (dh_cudnn_plan_from_json (NULL, device, &spec, most, torn));
              }
          }
      }
}

static DhCudnnPlan *
find_plan (GPtrArray *plans, const char *name)
{
  for (guint i = 0; i < plans->len; i++)
    if (g_str_equal (((DhCudnnPlan *)g_ptr_array_index (plans, i))->name, name))
      return g_ptr_array_index (plans, i);
  return NULL;
}

/* What serves a convolution without dilation serves it with one too, and is among the ways that are timed, though the
 * heuristics do not name it: of dlv3p_wrn38 from its dilations on it is a Hopper card's own engine. */
static void
test_dilated (void)
{
  static const struct
  {
    gint in, out, kernel, dilation;
  } cases[] = { { 512, 1024, 3, 2 },
                { 512, 1024, 3, 4 },
                { 1024, 2048, 3, 4 },
                /* Nine products of each pixel, instead of the pyramid's dilations of 12, 24 and 36. */
                { 4096, 2304, 1, 1 } };
  const gsize most = (gsize)512 << 20;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *reason = NULL, *json = NULL;
      DhCudaConvSpec spec = { .type = DH_CUDA_F16,
                              .bias = TRUE,
                              .relu = TRUE,
                              .n = 1,
                              .in = cases[i].in,
                              .out = cases[i].out,
                              .h = 128,
                              .w = 256,
                              .out_h = 128,
                              .out_w = 256,
                              .kernel = 3,
                              .stride = 1,
                              .padding = 1,
                              .dilation = 1 };
      g_autoptr (GPtrArray) near = dh_cudnn_list_plans (NULL, device, &spec, most, 1, &reason);
      g_assert_cmpuint (near->len, >, 0);
      g_assert_nonnull (strstr (((DhCudnnPlan *)g_ptr_array_index (near, 0))->name, "tensor cores"));
      const char *name = ((DhCudnnPlan *)g_ptr_array_index (near, 0))->name;
      spec.kernel = cases[i].kernel;
      spec.padding = cases[i].kernel / 2 * cases[i].dilation;
      spec.dilation = cases[i].dilation;
      g_autoptr (GPtrArray) plans = dh_cudnn_list_plans (NULL, device, &spec, most, 8, &reason);
      DhCudnnPlan *plan = find_plan (plans, name);
      g_test_message ("%d → %d, dilation %d: %u ways, %s among them: %d", spec.in, spec.out, spec.dilation, plans->len,
                      name, plan != NULL);
      g_assert_nonnull (plan);
      json = dh_cudnn_plan_to_json (plan);
      DhCudnnPlan *again = dh_cudnn_plan_from_json (NULL, device, &spec, most, json);
      g_assert_nonnull (again);
      g_assert_cmpstr (again->name, ==, name);
      dh_cudnn_plan_unref (again);
    }
}

/* The residual form: sum, then bias. */
static void
test_residual (void)
{
  DhCudaConvSpec spec = { .type = DH_CUDA_F16,
                          .z = TRUE,
                          .bias = TRUE,
                          .n = 1,
                          .in = 512,
                          .out = 512,
                          .h = 128,
                          .w = 256,
                          .out_h = 128,
                          .out_w = 256,
                          .kernel = 3,
                          .stride = 1,
                          .padding = 1,
                          .dilation = 1 };
  ask ("residual", &spec);
  spec.relu = TRUE;
  ask ("residual with ReLU", &spec);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autofree char *json = NULL, *reason = NULL;
  g_autoptr (GError) error = NULL;
  if (argc < 2 || !g_file_get_contents (argv[1], &json, NULL, &error))
    {
      g_print ("Bail out! %s\n", error ? error->message : "DEVICE.json is needed");
      return 1;
    }
  const char *why_not;
  if (!dh_cudnn_get (&why_not))
    {
      g_print ("1..0 # SKIP %s\n", why_not);
      return 0;
    }
  device = dh_cudnn_describe_device (json, &reason);
  if (!device)
    {
      g_print ("Bail out! %s\n", reason);
      return 1;
    }
  static Question questions[2][2][4];
  static const char *const networks[] = { "ldn121", "dlv3p_wrn38" };
  static const gint sizes[][2] = { { 1024, 2048 }, { 720, 1280 } };
  for (guint i = 0; i < 2; i++)
    for (guint s = 0; s < 2; s++)
      for (guint p = 0; p < 4; p++)
        {
          Question *question = &questions[i][s][p];
          *question = (Question){ networks[i], 1, sizes[s][0], sizes[s][1], p, FALSE, DH_CUDA_CONV_FORWARD };
          g_autofree char *path =
              g_strdup_printf ("/cudnn/%s/%dx%d/%s", networks[i], sizes[s][0], sizes[s][1], dh_precision_name (p));
          g_test_add_data_func (path, question, test_network);
        }
  /* The published recipes' batches and crops. */
  static Question training[2][3][4];
  static const gint batches[2] = { 16, 12 }, crops[2] = { 768, 512 };
  static const char *const directions[] = { "forward", "data", "weights" };
  for (guint i = 0; i < 2; i++)
    for (guint d = 0; d < 3; d++)
      for (guint p = 0; p < 4; p++)
        {
          Question *question = &training[i][d][p];
          *question = (Question){ networks[i], batches[i], crops[i], crops[i], p, TRUE, d };
          g_autofree char *path =
              g_strdup_printf ("/cudnn/train/%s/%s/%s", networks[i], directions[d], dh_precision_name (p));
          g_test_add_data_func (path, question, test_network);
        }
  g_test_add_func ("/cudnn/cases", test_cases);
  g_test_add_func ("/cudnn/dilated", test_dilated);
  g_test_add_func ("/cudnn/residual", test_residual);
  g_test_add_func ("/cudnn/json", test_json);
  return g_test_run ();
}
