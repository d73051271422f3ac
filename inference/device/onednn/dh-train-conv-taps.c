#include "dh-train-conv-private.h"

/* Convolutions of stride 1 tap by tap, where most of what the taps read lies outside the picture: the wide dilations of
 * a pyramid. They read through norm and ReLU; the gradient of the input is the same with turned filters. */

/* Planes of the result that are made in one go: their rows stay in the caches from tap to tap; and bytes of weights. */
#define MOST_PLANES 32
#define MOST_WEIGHT_BYTES ((gsize)40 << 20)
/* Bytes of packed input, but one image at least. */
#define MOST_INPUT_BYTES ((gsize)64 << 20)

static gint
ins_of (const DhTrainOp *op, gboolean turned)
{
  return turned ? op->out->n_planes : op->in->n_planes;
}

static gint
outs_of (const DhTrainOp *op, gboolean turned)
{
  return turned ? op->in->n_planes : op->out->n_planes;
}

/* Floats of the weights of a tap, for so many planes of the result. */
static gsize
tap_floats (const DhTrain *train, gint ins, gint outs)
{
  const gsize lanes = train->kernels->lanes;
  const gint whole = dh_cpu_whole_panels (ins, train->bf16 ? train->kernels->panel_bf16 : 1);
  return whole * outs * lanes * lanes / (train->bf16 ? 2 : 1);
}

static gint
taps_of (const DhTrain *train, const DhTrainOp *op)
{
  const DhNode *node = dh_train_conv_node (train, op);
  return node->kernel * node->kernel;
}

static gint
planes_at_once (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  const gsize pair = 2 * taps_of (train, op) * tap_floats (train, ins_of (op, turned), 1) * sizeof (float);
  const gint most = train->parts ? 2 : 2 * (gint)MAX (1, MIN (MOST_WEIGHT_BYTES / pair, MOST_PLANES / 2));
  return MIN (most, outs_of (op, turned));
}

static gboolean
is_packed (const DhTrain *train)
{
  return train->bf16 && train->kernels->tiles;
}

static gsize
image_floats (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  return dh_cpu_packed_floats (train->kernels, ins_of (op, turned), turned ? op->out->h : op->in->h,
                               turned ? op->out->w : op->in->w);
}

static gint
images_at_once (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  if (!is_packed (train))
    return train->images;
  const gsize fit = MOST_INPUT_BYTES / (image_floats (train, op, turned) * sizeof (float));
  return train->parts ? 1 : (gint)CLAMP (fit, 1, (gsize)train->images);
}

/* Of `planes` of the result. */
static DhCpuTaps
shape_of (const DhTrain *train, const DhTrainOp *op, gboolean turned, gint planes)
{
  const DhNode *node = dh_train_conv_node (train, op);
  DhCpuTaps conv = { .kernel = node->kernel, .stride = 1, .dilation = node->dilation, .bf16 = train->bf16 };
  conv.padding = turned ? node->dilation * (node->kernel - 1) - node->padding : node->padding;
  conv.in.n_planes = ins_of (op, turned);
  conv.in.h = turned ? op->out->h : op->in->h;
  conv.in.w = turned ? op->out->w : op->in->w;
  conv.out.n_planes = planes;
  conv.out.h = turned ? op->in->h : op->out->h;
  conv.out.w = turned ? op->in->w : op->out->w;
  return conv;
}

/* What a pass is of, with what all its items share. */
typedef struct
{
  DhTrain *train;
  const DhTrainOp *op;
  gboolean turned;
  const float *bias;
  const float *const *dy; /* turned: image after image */
  float *const *targets;  /* image after image */
  DhCpuFilters filters;
  float *weights, *packed;
  gint first, planes; /* of the result */
  gint image0;
  gint items; /* of an image */
} Pass;

static DhCpuTaps
conv_of (const Pass *pass, gint image)
{
  DhCpuTaps conv = shape_of (pass->train, pass->op, pass->turned, pass->planes);
  if (pass->turned)
    conv.in.planes = pass->dy + (gsize)image * conv.in.n_planes;
  else
    conv.in = dh_train_input (pass->train, pass->op->in, image);
  conv.out.planes = pass->targets + (gsize)image * outs_of (pass->op, pass->turned) + pass->first;
  conv.weights = pass->weights;
  conv.bias = pass->bias + (gsize)pass->first * pass->train->kernels->lanes;
  if (pass->packed)
    conv.packed = pass->packed + (image - pass->image0) * image_floats (pass->train, pass->op, pass->turned);
  return conv;
}

static void
weights_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  pass->train->gradients->pack_taps (&pass->filters, item);
}

static void
rows_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  const gint h = pass->turned ? pass->op->out->h : pass->op->in->h;
  const DhCpuTaps conv = conv_of (pass, pass->image0 + item / h);
  pass->train->kernels->taps_pack (&conv, item % h, (float *)conv.packed);
}

static void
taps_item (gpointer data, gint item, gint part, float *scratch)
{
  const Pass *pass = data;
  const DhCpuTaps conv = conv_of (pass, pass->image0 + item / pass->items);
  pass->train->kernels->taps (&conv, item % pass->items, scratch);
}

static void
pack_weights (Pass *pass)
{
  DhTrain *train = pass->train;
  const DhTrainOp *op = pass->op;
  const gsize taps = taps_of (train, op), per_out = taps * op->in->c;
  const gint *outs = pass->turned ? op->in->channels : op->out->channels;
  const gint run = train->bf16 ? train->kernels->run_bf16 : train->kernels->run;
  pass->filters = (DhCpuFilters){ .weight = dh_train_conv_weight (train, op),
                                  .in_stride = pass->turned ? per_out : taps,
                                  .out_stride = pass->turned ? taps : per_out,
                                  .ins = pass->turned ? op->out->channels : op->in->channels,
                                  .outs = outs + pass->first * train->kernels->lanes,
                                  .in_planes = ins_of (op, pass->turned),
                                  .out_planes = pass->planes,
                                  .turned = pass->turned,
                                  .bf16 = train->bf16,
                                  .taps = (gint)taps,
                                  .tap_floats = tap_floats (train, ins_of (op, pass->turned), pass->planes),
                                  .run = run > 0 ? run : ins_of (op, pass->turned),
                                  .packed = pass->weights };
  dh_train_run_items (train, (pass->planes + 1) / 2, weights_item, pass);
}

static void
run (Pass *pass, const DhTrainStep *step)
{
  DhTrain *train = pass->train;
  const gint all = outs_of (pass->op, pass->turned), at_once = planes_at_once (train, pass->op, pass->turned);
  const gint images = images_at_once (train, pass->op, pass->turned);
  pass->weights = dh_train_memory (train, step->weights);
  pass->packed = is_packed (train) ? dh_train_memory (train, step->packed) : NULL;
  for (pass->image0 = 0; pass->image0 < train->images; pass->image0 += images)
    {
      const gint now = MIN (images, train->images - pass->image0);
      pass->planes = MIN (at_once, all);
      if (pass->packed)
        dh_train_run_items (train, now * shape_of (train, pass->op, pass->turned, 1).in.h, rows_item, pass);
      for (pass->first = 0; pass->first < all; pass->first += at_once)
        {
          pass->planes = MIN (at_once, all - pass->first);
          const DhCpuTaps shape = shape_of (train, pass->op, pass->turned, pass->planes);
          pack_weights (pass);
          pass->items = train->kernels->taps_items (&shape);
          dh_train_run_items (train, now * pass->items, taps_item, pass);
        }
      pass->first = 0;
    }
}

gboolean
dh_train_conv_taps_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  g_autofree float **targets = dh_train_conv_out_planes (train, op, op->out->base);
  g_autofree float *bias = dh_train_conv_pack_bias (train, op);
  Pass pass = { .train = train, .op = op, .bias = bias, .targets = targets };
  run (&pass, step);
  return TRUE;
}

gboolean
dh_train_conv_taps_backward (DhTrain *train, DhTrainStep *step)
{
  const DhTrainOp *op = step->op;
  dh_train_blocks (train, step);
  if (!op->in->wants)
    return TRUE;
  g_autofree float **targets = dh_train_conv_targets (train, step);
  g_autofree float **dy = dh_train_conv_out_planes (train, op, op->out->grad_base);
  g_autofree float *bias = g_new0 (float, (op->in->n_planes + 2) * train->kernels->lanes);
  Pass pass = {
    .train = train, .op = op, .turned = TRUE, .bias = bias, .dy = (const float *const *)dy, .targets = targets
  };
  run (&pass, step);
  dh_train_conv_route (train, step, targets);
  return TRUE;
}

gsize
dh_train_conv_taps_weight_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  return taps_of (train, op) * tap_floats (train, ins_of (op, turned), planes_at_once (train, op, turned))
         * sizeof (float);
}

gsize
dh_train_conv_taps_packed_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  if (!is_packed (train))
    return 0;
  return images_at_once (train, op, turned) * image_floats (train, op, turned) * sizeof (float);
}

void
dh_train_conv_taps_need (DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  const gint at_once = planes_at_once (train, op, turned), all = outs_of (op, turned);
  const DhCpuTaps shape = shape_of (train, op, turned, at_once);
  dh_train_need_scratch (train, train->kernels->taps_scratch (&shape));
  /* The last go may have fewer planes, and so longer items. */
  if (all % at_once > 0)
    {
      const DhCpuTaps last = shape_of (train, op, turned, all % at_once);
      dh_train_need_scratch (train, train->kernels->taps_scratch (&last));
    }
}
