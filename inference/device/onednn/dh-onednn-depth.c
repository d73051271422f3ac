#include "dh-onednn-private.h"

/* Channels that become places. */

/* One row of one plane of what is larger. */
static void
depth_to_space_item (const DhCpuStep *step, gint item, float *scratch)
{
  const gint lanes = step->kernels->lanes, block = step->u.copy.block, plane = item / step->output.h,
             y = item % step->output.h;
  float *to = step->output.planes[plane] + (gsize)y * step->output.w * lanes;
  for (gint lane = 0; lane < lanes; lane++)
    for (gint j = 0; j < block; j++)
      {
        const gint channel = step->u.copy.channels[plane * lanes + lane];
        const gint from = (channel * block + y % block) * block + j;
        const float *row =
            channel < 0 ? NULL
                        : step->input.planes[from / lanes] + (gsize)(y / block) * step->input.w * lanes + from % lanes;
        for (gint x = 0; x < step->input.w; x++)
          to[(gsize)(x * block + j) * lanes + lane] = row != NULL ? row[(gsize)x * lanes] : 0;
      }
}

DhCpuView *
dh_cpu_add_depth_to_space (DhCpuPlan *plan, const DhNode *node, const DhCpuView *in, DhShape shape, DhValue owner)
{
  const gint lanes = plan->device->kernels->lanes;
  in = dh_cpu_add_ordered (plan, node->name, in);
  DhCpuStep *step = dh_cpu_step_new (plan, node->name, "plain C depth to space");
  DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, (shape.c + lanes - 1) / lanes, shape.h, shape.w);
  DhCpuView *out = dh_cpu_view_new (plan, buffer, shape.c, owner);
  out->positive = in->positive;
  step->in = in;
  step->out = out;
  step->u.copy.channels = out->channels;
  step->u.copy.block = node->kernel;
  step->n_items = out->n_planes * out->h;
  step->item = depth_to_space_item;
  return out;
}
