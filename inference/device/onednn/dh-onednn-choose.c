#include <string.h>
#include "dh-onednn-private.h"
#include "dh-plan-cache.h"

/* A 3×3 convolution by Winograd's kernel or tap by tap: which is the faster one is timed, once for each shape and
 * machine, and kept. Where nothing can be kept it is chosen by rule, because two starts that choose differently would
 * give results that differ in their last bits; a machine that is too busy to be timed keeps the rule. What int8 makes
 * is not timed: results would differ in more than that, and a run that is gone on with after the timings were lost
 * would be of two kinds. */

/* What a rule chooses is given up only for what is faster by this share, twice. */
#define GAIN 0.05

/* Pixels that lie inside the picture of those that a convolution's taps read, as a share. */
static double
share_inside (gint in, gint out, const DhNode *node)
{
  gint inside = 0;
  for (gint x = 0; x < out; x++)
    for (gint k = 0; k < node->kernel; k++)
      {
        gint at = x * node->stride + k * node->dilation - node->padding;
        inside += at >= 0 && at < in;
      }
  return (double)inside / ((double)out * node->kernel);
}

/* Outputs of the 4×4 tiles that cover n pixels of `dilation` phases, for each of the n. */
static double
tile_waste (gint n, gint dilation)
{
  gint made = 0;
  for (gint phase = 0; phase < MIN (n, dilation); phase++)
    made += ((n - phase + dilation - 1) / dilation + 3) / 4 * 4;
  return (double)made / n;
}

/* Winograd's 4×4 tiles need a quarter of the products, at about 0.8 of the matrix kernels' speed. Of a wide dilation
 * nearly every tile reaches over the border (0.58), where the other kernel skips what is outside; in bfloat16 products
 * are 1.85 times as fast (all measured on Zen 5). */
static gboolean
choose_by_rule (const DhCpuPlan *plan, const DhCpuConv *conv)
{
  const DhNode *node = conv->node;
  gboolean bf16 = dh_cpu_winograd_bf16 (plan, conv);
  double efficiency = node->dilation <= 4 ? 0.8 : 0.58, products = conv->bf16 ? 1.85 : 1;
  double waste = tile_waste (conv->shape.h, node->dilation) * tile_waste (conv->shape.w, node->dilation);
  double inside =
      share_inside (conv->in_shape.h, conv->shape.h, node) * share_inside (conv->in_shape.w, conv->shape.w, node);
  return waste / (4 * efficiency * (bf16 ? 1.7 : 1)) <= inside / products;
}

/* Seconds of the convolution alone, with memory of its own; G_MAXDOUBLE where the machine is busy; 0 where memory is
 * short, or time: it is cancelled. */
static double
time_alone (const DhCpuPlan *plan, const DhCpuConv *conv, DhCpuAddConv add)
{
  if (g_cancellable_is_cancelled (plan->cancellable))
    return 0;
  DhCpuPlan *trial = dh_cpu_plan_new (plan->device, plan->bf16);
  trial->coarse_filters = plan->coarse_filters;
  DhCpuConv alone = *conv;
  DhCpuView *in = dh_cpu_view_new_like (trial, conv->in, conv->in->h, conv->in->w, DH_NO_VALUE);
  in->scale = conv->in->scale;
  in->shift = conv->in->shift;
  in->relu = conv->in->relu;
  in->positive = conv->in->positive;
  alone.in = in;
  alone.sum = NULL;
  double seconds = 0;
  if (add (trial, &alone, NULL) != NULL && dh_cpu_plan_place (trial, NULL))
    {
      const DhCpuBuffer *buffer = in->planes[0].buffer;
      for (gsize i = 0; i < buffer->floats; i++)
        trial->arena[buffer->offset + i] = 0.5f;
      dh_cpu_plan_bind (trial);
      seconds = dh_cpu_plan_time (trial);
    }
  dh_cpu_free_plan (&trial->base);
  return seconds;
}

typedef struct
{
  const char *name;
  DhCpuAddConv add;
} Way;

/* The index of the faster way; of the one by rule too where it cannot be known, with `known` FALSE. */
static guint
time_ways (const DhCpuPlan *plan, const DhCpuConv *conv, const Way ways[2], guint by_rule, gboolean *known)
{
  for (guint round = 0; round < 2; round++)
    {
      double rule = time_alone (plan, conv, ways[by_rule].add);
      double other = rule > 0 ? time_alone (plan, conv, ways[1 - by_rule].add) : 0;
      *known = other > 0;
      if (!*known || rule == G_MAXDOUBLE || other >= rule * (1 - GAIN))
        return by_rule;
    }
  return 1 - by_rule;
}

gboolean
dh_cpu_choose_winograd (DhCpuPlan *plan, const DhCpuConv *conv)
{
  static const Way ways[] = { { "winograd", dh_cpu_add_winograd }, { "taps", dh_cpu_add_taps } };
  const DhNode *node = conv->node;
  if (node->kernel != 3 || node->stride != 1 || node->padding != node->dilation)
    return FALSE;
  if (conv->bf16 && plan->device->kernels->tiles)
    return FALSE;
  gboolean by_rule = choose_by_rule (plan, conv);
  if (!plan->keeps)
    return by_rule;
  g_autofree char *machine = dh_cpu_plan_machine (plan);
  g_autofree char *key = g_strdup_printf (
      "cpu 3x3 3; %s; precision %s%s; input %d planes of %dx%d%s; output %d channels; dilation %d", machine,
      conv->bf16 ? "bf16" : "f32", dh_cpu_winograd_bf16 (plan, conv) ? " everywhere" : "", conv->in->n_planes,
      conv->in_shape.h, conv->in_shape.w, conv->in->scale != NULL ? ", norm" : "", conv->shape.c, node->dilation);
  const char *folder = plan->device->base.plans_folder;
  char *choice = g_hash_table_lookup (plan->choices, key);
  if (choice == NULL)
    {
      choice = dh_plan_cache_read (folder, key);
      if (choice == NULL || (strcmp (choice, ways[0].name) != 0 && strcmp (choice, ways[1].name) != 0))
        {
          gboolean known;
          guint faster = time_ways (plan, conv, ways, by_rule ? 0 : 1, &known);
          g_free (choice);
          if (!known)
            return by_rule;
          choice = g_strdup (ways[faster].name);
          dh_plan_cache_write (folder, key, choice);
        }
      g_hash_table_insert (plan->choices, g_strdup (key), choice);
    }
  return g_str_equal (choice, ways[0].name);
}
