#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include "dh-cpu-kernels.h"
#include "dh-device.h"
#include "dh-error.h"

/* Precision int8 of the cpu device against integers: quantise, sum, scale. All numbers are chosen so that float32 holds
 * every step of that exactly, so equal means equal. */

static guint32 state;

static gint
invent (gint least, gint most)
{
  state = state * 1664525u + 1013904223u;
  return least + (gint)((state >> 8) % (guint)(most - least + 1));
}

/* What is read becomes 0 … 255: half to even, not below 0, not above 255. */
static gint
quantised (double x)
{
  return (gint)rint (CLAMP (x, 0, 255));
}

/* The kernel alone: planes, odd sizes, strides, norm, sum, ReLU. Weights stand as dh_cpu_conv_pack_int8() packs them.
 */
typedef struct
{
  gint h, w, stride, ins, outs, at_once;
  gboolean norm, sum, relu;
  gboolean odd; /* with values that are not finite */
} Case;

static void
check_kernel (const DhCpuKernels *kernels, const Case *c)
{
  const gint lanes = kernels->lanes, oh = (c->h - 1) / c->stride + 1, ow = (c->w - 1) / c->stride + 1;
  const gsize pixels = (gsize)c->h * c->w, made = (gsize)oh * ow;
  const gint ni = c->ins * lanes, no = c->outs * lanes, panel = kernels->panel_int8;
  const gint whole = (c->ins + panel - 1) / panel * panel * lanes;
  g_autofree float *x = g_new (float, pixels *ni), *scale = g_new (float, ni), *shift = g_new (float, ni);
  g_autofree float *sum = g_new (float, made *no), *bias = g_new (float, no), *units = g_new (float, no);
  g_autofree gint8 *w = g_new (gint8, (gsize)ni * no), *packed = g_new (gint8, (gsize)whole * no);
  g_autofree float *y = g_new (float, made *no + 64);
  g_autofree const float **in = g_new (const float *, c->ins), **sums = g_new (const float *, c->outs);
  g_autofree float **out = g_new (float *, c->outs);
  /* Streaming stores want 64 bytes. */
  float *aligned = (float *)(((guintptr)y + 63) & ~(guintptr)63);
  for (gsize i = 0; i < pixels * ni; i++)
    x[i] = (float)invent (-80, 1300) / 2;
  for (gsize i = 0; c->odd && i < pixels; i++)
    if (invent (0, 3) == 0)
      x[pixels * lanes * invent (0, c->ins - 1) + i * lanes + invent (0, lanes - 1)] = invent (0, 2) == 0   ? NAN
                                                                                       : invent (0, 1) == 0 ? INFINITY
                                                                                                            : -INFINITY;
  for (gint i = 0; i < ni; i++)
    {
      scale[i] = 1.0f / (1 << invent (0, 2));
      shift[i] = (float)invent (-40, 40) / 4;
    }
  for (gsize i = 0; i < made * no; i++)
    sum[i] = (float)invent (-999, 999) / 8;
  for (gint o = 0; o < no; o++)
    {
      bias[o] = (float)invent (-999, 999) / 8;
      units[o] = 1.0f / (1 << invent (3, 6));
    }
  for (gsize i = 0; i < (gsize)ni * no; i++)
    w[i] = (gint8)invent (-127, 127);
  gint8 *to = packed;
  for (gint o = 0; o < no; o += 2 * lanes)
    for (gint i = 0; i < whole; i += 4)
      for (gint j = 0; j < 4 * MIN (2 * lanes, no - o); j++)
        *to++ = i < ni ? w[(gsize)(o + j / 4) * ni + i + j % 4] : 0;
  for (gint p = 0; p < c->ins; p++)
    in[p] = x + pixels * lanes * p;
  for (gint p = 0; p < c->outs; p++)
    {
      out[p] = aligned + made * lanes * p;
      sums[p] = sum + made * lanes * p;
    }
  const DhCpuConv1x1 conv = {
    .in = { in, c->ins, c->h, c->w, c->norm ? scale : NULL, c->norm ? shift : NULL, TRUE },
    .out = { out, c->outs, oh, ow, c->sum ? sums : NULL, c->relu, .stream = lanes == 16 },
    .stride = c->stride,
    .pixels_at_once = c->at_once * kernels->coarse_tile,
    .units = units,
    .weights = packed,
    .bias = bias,
  };
  const gsize scratch_bytes = kernels->conv1x1_scratch (&conv);
  g_autofree char *scratch = g_malloc (scratch_bytes + 128);
  char *begin = (char *)(((guintptr)scratch + 63) & ~(guintptr)63);
  memset (begin, 0xa5, scratch_bytes + 64);
  for (gsize i = 0; i < made * no; i++)
    aligned[i] = NAN;
  for (gint item = 0; item < kernels->conv1x1_items (&conv); item++)
    kernels->conv1x1 (&conv, item, (float *)begin);
  for (gsize i = 0; i < 64; i++)
    g_assert_cmpint ((guint8)begin[scratch_bytes + i], ==, 0xa5);
  for (gsize i = 0; i < made; i++)
    for (gint o = 0; o < no; o++)
      {
        const gsize from = i / ow * c->stride * c->w + i % ow * c->stride;
        const gsize at = made * lanes * (o / lanes) + i * lanes + o % lanes;
        gint64 total = 0;
        gboolean finite = TRUE;
        for (gint k = 0; k < ni; k++)
          {
            const double v = x[pixels * lanes * (k / lanes) + from * lanes + k % lanes];
            const double read = c->norm ? v * scale[k] + shift[k] : v;
            finite = finite && read < INFINITY;
            total += finite ? quantised (read) * w[(gsize)o * ni + k] : 0;
          }
        if (!finite)
          {
            g_assert_true (isnan (aligned[at]));
            continue;
          }
        double expected = (double)total * units[o] + bias[o] + (c->sum ? sum[at] : 0);
        expected = c->relu ? MAX (expected, 0) : expected;
        g_assert_cmpfloat (aligned[at], ==, expected);
      }
}

static void
test_kernel (gconstpointer data)
{
  static const Case cases[] = {
    { 1, 1, 1, 1, 1, 1, FALSE, FALSE, FALSE }, { 5, 7, 1, 3, 3, 1, TRUE, FALSE, TRUE },
    { 5, 7, 2, 3, 2, 2, TRUE, TRUE, FALSE },   { 3, 13, 1, 2, 5, 3, FALSE, TRUE, TRUE },
    { 9, 11, 2, 5, 1, 1, FALSE, FALSE, TRUE }, { 2, 113, 1, 20, 4, 8, TRUE, TRUE, TRUE },
  };
  const DhCpuKernels *kernels = data;
  for (guint i = 0; i < 2 * G_N_ELEMENTS (cases); i++)
    {
      Case c = cases[i / 2];
      state = i / 2;
      c.odd = i % 2 == 1;
      check_kernel (kernels, &c);
    }
}

/* One plane, one pixel, weights of one input: what each becomes on the way. And the largest sum that there can be. */
static float
one_value (const DhCpuKernels *kernels, float value, gint planes, gint weight)
{
  const gint lanes = kernels->lanes, ni = planes * lanes;
  g_autofree float *x = g_new (float, ni), *bias = g_new0 (float, lanes), *units = g_new (float, lanes);
  g_autofree gint8 *packed = g_new0 (gint8, (gsize)(planes + kernels->panel_int8) * lanes * lanes);
  g_autofree const float **in = g_new (const float *, planes);
  g_autofree float *y = g_new0 (float, lanes);
  float *out[] = { y };
  memset (packed, weight, (gsize)ni * lanes);
  for (gint i = 0; i < ni; i++)
    x[i] = value;
  for (gint i = 0; i < lanes; i++)
    units[i] = 1;
  for (gint i = 0; i < planes; i++)
    in[i] = x + i * lanes;
  const DhCpuConv1x1 conv = { .in = { in, planes, 1, 1, NULL, NULL, TRUE },
                              .out = { out, 1, 1, 1 },
                              .stride = 1,
                              .pixels_at_once = kernels->tile,
                              .units = units,
                              .weights = packed,
                              .bias = bias };
  g_autofree char *scratch = g_malloc (kernels->conv1x1_scratch (&conv) + 64);
  kernels->conv1x1 (&conv, 0, (float *)(((guintptr)scratch + 63) & ~(guintptr)63));
  return y[0];
}

static void
test_limits (gconstpointer data)
{
  static const struct
  {
    float value;
    gint expected;
  } limits[] = { { 0, 0 },      { -0.0f, 0 },    { -3, 0 },       { 0.5f, 0 },     { 1.5f, 2 },
                 { 2.5f, 2 },   { 254.5f, 254 }, { 255, 255 },    { 255.5f, 255 }, { 256, 255 },
                 { 3e9f, 255 }, { 1e30f, 255 },  { -INFINITY, 0 } };
  const DhCpuKernels *kernels = data;
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    g_assert_cmpfloat (one_value (kernels, limits[i].value, 1, 1), ==, limits[i].expected * kernels->lanes);
  /* No byte says so. */
  g_assert_true (isnan (one_value (kernels, NAN, 1, 1)));
  g_assert_true (isnan (one_value (kernels, -NAN, 2, 0)));
  g_assert_true (isnan (one_value (kernels, INFINITY, 1, 1)));
  /* No pair of products saturates, and 8,192 channels do not overflow. */
  const gint planes = 8192 / kernels->lanes;
  g_assert_cmpfloat (one_value (kernels, 300, planes, 127), ==, (float)(255 * 127 * 8192));
  g_assert_cmpfloat (one_value (kernels, 300, planes, -127), ==, (float)(-255 * 127 * 8192));
}

/* A graph: norm, ReLU and 1×1 of the picture; the same of both together, with a sum. */
typedef struct
{
  DhGraph *graph;
  DhTensorDict *weights;
  DhValue outputs[2];
} Net;

enum
{
  IN = 40,
  A = 48,
  B = 72,
};

static DhTensor *
add_tensor (DhTensorDict *dict, const char *name, const char *what, guint n_dims, const gint64 *dims)
{
  g_autofree char *key = g_strconcat (name, ".", what, NULL);
  DhTensor *tensor = dh_tensor_new_f32 (n_dims, dims);
  dh_tensor_dict_take (dict, key, tensor);
  return tensor;
}

/* Scale 1 exactly, and a shift. */
static void
add_norm (Net *net, const char *name, gint channels)
{
  static const char *const parts[] = { "weight", "bias", "running_mean", "running_var" };
  const gint64 dims[] = { channels };
  for (guint part = 0; part < G_N_ELEMENTS (parts); part++)
    {
      float *values = (float *)dh_tensor_data (add_tensor (net->weights, name, parts[part], 1, dims));
      for (gint c = 0; c < channels; c++)
        values[c] = part == 0 ? 1 : part == 1 ? (float)invent (-32, 32) / 16 : part == 2 ? 0 : (float)(1 - 1e-5);
    }
}

static void
add_conv (Net *net, const char *name, gint out, gint in)
{
  const gint64 dims[] = { out, in, 1, 1 }, one = out;
  float *values = (float *)dh_tensor_data (add_tensor (net->weights, name, "weight", 4, dims));
  float *bias = (float *)dh_tensor_data (add_tensor (net->weights, name, "bias", 1, &one));
  for (gint o = 0; o < out; o++)
    {
      for (gint i = 0; i < in; i++)
        values[o * in + i] = (float)invent (-127, 127) / 64;
      values[o * in + invent (0, in - 1)] = 127.0f / 64;
      bias[o] = (float)invent (-64, 64) / 64;
    }
}

static Net *
net_new (void)
{
  Net *net = g_new0 (Net, 1);
  DhGraph *graph = net->graph = dh_graph_new ();
  net->weights = dh_tensor_dict_new ();
  const DhConv a = { .out = A, .kernel = 1, .bias = TRUE }, b = { .out = B, .kernel = 1, .bias = TRUE };
  state = 7;
  DhValue x = dh_graph_input (graph, IN);
  DhValue made = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, x, "norm_a", 0.1)), "a", a);
  const DhValue both[] = { x, made };
  DhValue all = dh_graph_concat (graph, both, 2);
  net->outputs[0] = made;
  net->outputs[1] = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, all, "norm_b", 0.1)), "b", b);
  add_norm (net, "norm_a", IN);
  add_conv (net, "a", A, IN);
  add_norm (net, "norm_b", IN + A);
  add_conv (net, "b", B, IN + A);
  return net;
}

static void
net_free (Net *net)
{
  dh_graph_unref (net->graph);
  dh_tensor_dict_unref (net->weights);
  g_free (net);
}

/* 1/16 is 1 of the input of `a`, 16 of that of `b`: the upper ends of bins. */
#define RANGE_A (255 / 16.0)
#define RANGE_B (255 * 16.0)

static DhQuantization *
quantization_new (void)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  dh_ranges_get (ranges, "a")[dh_ranges_bin (RANGE_A) - 1] = 5;
  dh_ranges_get (ranges, "b")[dh_ranges_bin (RANGE_B) - 1] = 5;
  DhQuantization *quantization = dh_quantization_new ("net", "weights", 1, ranges);
  g_assert_cmpfloat (dh_quantization_range (quantization, "a"), ==, RANGE_A);
  g_assert_cmpfloat (dh_quantization_range (quantization, "b"), ==, RANGE_B);
  return quantization;
}

static void
check_conv (const Net *net, const char *name, gint out, gint in, double range, const float *const *planes,
            const float *found, gsize pixels)
{
  g_autofree char *norm = g_strconcat ("norm_", name, ".bias", NULL), *weight = g_strconcat (name, ".weight", NULL);
  g_autofree char *bias = g_strconcat (name, ".bias", NULL);
  const float *shift = dh_tensor_f32 (dh_tensor_dict_get (net->weights, norm));
  const float *w = dh_tensor_f32 (dh_tensor_dict_get (net->weights, weight));
  const float *b = dh_tensor_f32 (dh_tensor_dict_get (net->weights, bias));
  for (gint o = 0; o < out; o++)
    for (gsize p = 0; p < pixels; p++)
      {
        gint64 total = 0;
        for (gint i = 0; i < in; i++)
          total += quantised ((planes[i][p] + shift[i]) * 255 / range) * (gint)(w[o * in + i] * 64);
        g_assert_cmpfloat (found[o * pixels + p], ==, (float)total * (range / 255 / 64) + b[o]);
      }
}

static DhDevice *
open_cpu (guint threads)
{
  g_autoptr (GError) error = NULL;
  DhDevice *device = dh_device_open ("cpu", threads, &error);
  g_assert_no_error (error);
  return device;
}

static void
test_graph (void)
{
  const gint h = 9, w = 13;
  const gsize pixels = (gsize)h * w;
  Net *net = net_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (DhQuantization) quantization = quantization_new ();
  const DhPlanOptions options = { { 1, IN, h, w }, DH_PRECISION_INT8, net->outputs, 2, .calibration = quantization };
  g_autofree float *x = g_new (float, pixels *IN), *first = g_new (float, pixels *(A + B)),
                   *second = g_new (float, pixels *(A + B));
  for (gsize i = 0; i < pixels * IN; i++)
    x[i] = (float)invent (-64, 400) / 16;
  for (guint threads = 1; threads <= 3; threads++)
    {
      g_autoptr (DhDevice) device = open_cpu (threads);
      g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, net->weights, &options, &error);
      g_assert_no_error (error);
      g_autofree char *text = dh_plan_to_string (plan);
      g_auto (GStrv) parts = g_strsplit (text, "norm 1×1 int8:", -1);
      g_assert_cmpuint (g_strv_length (parts), ==, 3);
      void *outputs[] = { second, second + pixels * A };
      for (guint run = 0; run < 2; run++)
        {
          memset (second, 0xff, pixels * (A + B) * sizeof *second);
          g_assert_true (dh_plan_run (plan, x, outputs, NULL, NULL, &error));
          if (threads == 1 && run == 0)
            memcpy (first, second, pixels * (A + B) * sizeof *first);
          g_assert_cmpmem (first, pixels * (A + B) * sizeof *first, second, pixels * (A + B) * sizeof *second);
        }
    }
  const float *planes[IN + A];
  for (gint i = 0; i < IN; i++)
    planes[i] = x + pixels * i;
  for (gint i = 0; i < A; i++)
    planes[IN + i] = first + pixels * i;
  check_conv (net, "a", A, IN, RANGE_A, planes, first, pixels);
  check_conv (net, "b", B, IN + A, RANGE_B, planes, first + pixels * A, pixels);
  net_free (net);
}

static DhPlan *
plan_new (DhDevice *device, const Net *net, DhQuantization *quantization, gint h, gint w)
{
  g_autoptr (GError) error = NULL;
  const DhPlanOptions options = { { 1, IN, h, w }, DH_PRECISION_INT8, net->outputs, 2, .calibration = quantization };
  DhPlan *plan = dh_plan_new (device, net->graph, net->weights, &options, &error);
  g_assert_no_error (error);
  return plan;
}

/* NaN and infinity in the picture, and in weights: what reads them is NaN, all else as it was. */
static void
test_odd (void)
{
  const gint h = 23, w = 31;
  const gsize pixels = (gsize)h * w, size = pixels * (A + B);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhQuantization) quantization = quantization_new ();
  g_autoptr (DhDevice) device = open_cpu (2);
  Net *net = net_new ();
  g_autofree float *x = g_new (float, pixels *IN), *plain = g_new (float, size), *odd = g_new (float, size);
  void *to_plain[] = { plain, plain + pixels * A }, *to_odd[] = { odd, odd + pixels * A };
  for (gsize i = 0; i < pixels * IN; i++)
    x[i] = (float)invent (-64, 400) / 16;
  g_autoptr (DhPlan) plan = plan_new (device, net, quantization, h, w);
  g_assert_true (dh_plan_run (plan, x, to_plain, NULL, NULL, &error));
  const gsize first = 3, second = pixels - 1;
  x[3 * pixels + first] = NAN;
  x[(IN - 1) * pixels + second] = INFINITY;
  x[7 * pixels + 100] = -INFINITY;
  g_assert_true (dh_plan_run (plan, x, to_odd, NULL, NULL, &error));
  for (gsize i = 0; i < size; i++)
    if (i % pixels == first || i % pixels == second)
      g_assert_true (isnan (odd[i]));
    else if (i % pixels != 100)
      g_assert_cmpfloat (odd[i], ==, plain[i]);
    else
      g_assert_true (isfinite (odd[i]));

  const float bad[] = { NAN, INFINITY, -INFINITY };
  for (guint which = 0; which < G_N_ELEMENTS (bad); which++)
    {
      float *weights = (float *)dh_tensor_data (dh_tensor_dict_get (net->weights, "b.weight"));
      const float was = weights[5 * (IN + A) + 9];
      weights[5 * (IN + A) + 9] = bad[which];
      g_autoptr (DhPlan) broken = plan_new (device, net, quantization, h, w);
      g_assert_true (dh_plan_run (broken, x, to_odd, NULL, NULL, &error));
      for (gsize i = 0; i < pixels; i++)
        {
          g_assert_true (isnan (odd[(A + 5) * pixels + i]));
          g_assert_true (isnan (odd[(A + 4) * pixels + i]) == (i == first || i == second));
        }
      weights[5 * (IN + A) + 9] = was;
    }
  net_free (net);
}

/* What a run counts, of all values that the convolutions read, whatever the number of threads. */
static void
test_count (void)
{
  const gint h = 31, w = 17;
  const gsize pixels = (gsize)h * w;
  Net *net = net_new ();
  g_autoptr (GError) error = NULL;
  g_autofree float *x = g_new (float, pixels *IN), *y = g_new (float, pixels *(A + B));
  void *outputs[] = { y, y + pixels * A };
  for (gsize i = 0; i < pixels * IN; i++)
    x[i] = (float)invent (-64, 400) / 16;
  x[5] = NAN;
  const float *shift = dh_tensor_f32 (dh_tensor_dict_get (net->weights, "norm_a.bias"));
  for (guint threads = 1; threads <= 2; threads++)
    {
      g_autoptr (DhDevice) device = open_cpu (threads);
      g_autoptr (DhRanges) ranges = dh_ranges_new ();
      const DhPlanOptions options = { { 1, IN, h, w }, DH_PRECISION_F32, net->outputs, 2, .ranges = ranges };
      g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, net->weights, &options, &error);
      g_assert_no_error (error);
      for (guint run = 1; run <= 2; run++)
        {
          g_assert_true (dh_plan_run (plan, x, outputs, NULL, NULL, &error));
          g_autofree guint64 *expected = g_new0 (guint64, DH_RANGES_BINS);
          for (gsize i = 0; i < pixels * IN; i++)
            if (i != 5)
              expected[dh_ranges_bin (MAX (0, x[i] + shift[i / pixels]))] += run;
          g_assert_cmpmem (expected, DH_RANGES_BINS * sizeof *expected, dh_ranges_get (ranges, "a"),
                           DH_RANGES_BINS * sizeof *expected);
          guint64 total = 0;
          for (guint i = 0; i < DH_RANGES_BINS; i++)
            total += dh_ranges_get (ranges, "b")[i];
          /* The picture's NaN, and what it made of one pixel of `a`. */
          g_assert_cmpuint (total, ==, run * (pixels * (IN + A) - 1 - A));
        }
    }
  net_free (net);
}

/* Files of the folder whose text has the words; all are removed. */
static guint
count_kept (const char *folder, const char *words)
{
  guint n = 0;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      n += strstr (text, words) != NULL;
      g_unlink (path);
    }
  return n;
}

/* What is timed and kept, or lost, does not decide what is made in int8: the results are the same. */
static void
test_kept (void)
{
  const gint h = 24, w = 32;
  const gsize pixels = (gsize)h * w, size = pixels * (A + B);
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-int8-XXXXXX", &error);
  const char *folders[] = { "/dev/null/nowhere", folder };
  Net *net = net_new ();
  g_autoptr (DhQuantization) quantization = quantization_new ();
  g_autofree float *x = g_new (float, pixels *IN), *y = g_new (float, 2 * size);
  for (gsize i = 0; i < pixels * IN; i++)
    x[i] = (float)invent (-64, 400) / 16;
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      void *outputs[] = { y + i * size, y + i * size + pixels * A };
      g_autoptr (DhDevice) device = open_cpu (2);
      dh_device_remember_plans (device, folders[i]);
      g_autoptr (DhPlan) plan = plan_new (device, net, quantization, h, w);
      g_assert_true (dh_plan_run (plan, x, outputs, NULL, NULL, &error));
    }
  g_assert_cmpmem (y, size * sizeof *y, y + size, size * sizeof *y);
  g_assert_cmpuint (count_kept (folder, "int8"), ==, 0);
  g_rmdir (folder);
  net_free (net);
}

static void
assert_refused (DhDevice *device, const Net *net, const DhPlanOptions *options, gint code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_plan_new (device, net->graph, net->weights, options, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (void)
{
  Net *net = net_new ();
  g_autoptr (DhDevice) device = open_cpu (1);
  g_autoptr (DhDevice) ref = dh_device_open ("ref", 1, NULL);
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  g_autoptr (DhQuantization) quantization = quantization_new ();
  DhPlanOptions options = { { 1, IN, 8, 8 }, DH_PRECISION_INT8, net->outputs, 2 };
  assert_refused (device, net, &options, DH_ERROR_USAGE, "calibration");
  options.calibration = quantization;
  assert_refused (ref, net, &options, DH_ERROR_UNSUPPORTED, "int8");
  options.ranges = ranges;
  assert_refused (device, net, &options, DH_ERROR_UNSUPPORTED, "ranges");
  options.precision = DH_PRECISION_F32;
  assert_refused (ref, net, &options, DH_ERROR_UNSUPPORTED, "ranges");
  net_free (net);
}

/* Without instructions for it, it is refused by name. */
static void
test_without_vnni (void)
{
  Net *net = net_new ();
  g_autoptr (DhQuantization) quantization = quantization_new ();
  const DhPlanOptions options = { { 1, IN, 8, 8 }, DH_PRECISION_INT8, net->outputs, 2, .calibration = quantization };
  g_setenv ("DH_CPU_ISA", "plain", TRUE);
  g_autoptr (DhDevice) device = open_cpu (1);
  g_unsetenv ("DH_CPU_ISA");
  g_assert_false (dh_device_has_precision (device, DH_PRECISION_INT8));
  assert_refused (device, net, &options, DH_ERROR_UNSUPPORTED, "cannot compute in int8 precision");
  net_free (net);
}

int
main (int argc, char **argv)
{
  static const char *const sets[] = {
    "plain", "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "avx512_amx"
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++)
    {
      g_setenv ("DH_CPU_ISA", sets[i], TRUE);
      const DhCpuKernels *kernels = dh_cpu_kernels_get ();
      if (kernels == NULL)
        continue;
      g_autofree char *kernel = g_strconcat ("/int8/kernel/", sets[i], NULL);
      g_autofree char *limits = g_strconcat ("/int8/limits/", sets[i], NULL);
      g_test_add_data_func (kernel, kernels, test_kernel);
      g_test_add_data_func (limits, kernels, test_limits);
    }
  g_unsetenv ("DH_CPU_ISA");
  g_test_add_func ("/int8/without-vnni", test_without_vnni);
  if (dh_cpu_kernels_get ()->has_int8)
    {
      g_test_add_func ("/int8/graph", test_graph);
      g_test_add_func ("/int8/kept", test_kept);
      g_test_add_func ("/int8/odd", test_odd);
      g_test_add_func ("/int8/count", test_count);
      g_test_add_func ("/int8/refused", test_refused);
    }
  return g_test_run ();
}
