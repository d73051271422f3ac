#include "dh-train-conv-private.h"

/* Convolutions: which kind each is, and its steps. Those of stride 1 are our own kernels, which read through norm and
 * ReLU; their weights are packed anew in every step, because the optimiser moves them. The rest is the library's, on
 * copies. */

/* With fewer tiles than this, transforming the weights in every step costs more than it saves. */
#define FEWEST_TILES 128
/* Sums of more channels by channels than this are made block by block: of a thread's own, in every item, more would go
 * through memory. */
#define MOST_SUMS_1X1 ((gsize)1 << 18)
#define MOST_SUMS_3X3 ((gsize)1 << 15)

const DhNode *
dh_train_conv_node (const DhTrain *train, const DhTrainOp *op)
{
  return dh_graph_node (train->graph, op->node);
}

gint
dh_train_conv_places (const DhTrain *train, const DhTrainOp *op)
{
  return op->in->n_planes * train->kernels->lanes;
}

gint
dh_train_conv_out_places (const DhTrain *train, const DhTrainOp *op)
{
  return op->out->n_planes * train->kernels->lanes;
}

float *
dh_train_conv_weight (const DhTrain *train, const DhTrainOp *op)
{
  return dh_tensor_f32 (train->parameters[op->node][0]);
}

const float *
dh_train_conv_bias (const DhTrain *train, const DhTrainOp *op)
{
  const DhTensor *bias = train->parameters[op->node][1];
  return bias ? dh_tensor_f32 (bias) : NULL;
}

gboolean
dh_train_conv_by_output (const DhTrain *train)
{
  return train->bf16 && train->gradients->bf16_by_output;
}

/* By place in the result's planes. */
float *
dh_train_conv_pack_bias (const DhTrain *train, const DhTrainOp *op)
{
  const float *bias = dh_train_conv_bias (train, op);
  float *packed = g_new0 (float, dh_train_conv_out_places (train, op) + 2 * train->kernels->lanes);
  for (gint i = 0; bias && i < dh_train_conv_out_places (train, op); i++)
    packed[i] = op->out->channels[i] < 0 ? 0 : bias[op->out->channels[i]];
  return packed;
}

static void
add_bias_gradient (DhTrain *train, const DhTrainOp *op)
{
  if (!dh_train_conv_bias (train, op))
    return;
  g_autofree double *sums = g_new (double, dh_train_conv_out_places (train, op));
  float *gradient = dh_tensor_f32 (train->gradient_of[op->node][1]);
  dh_train_sum_grad (train, op->out, sums);
  for (gint i = 0; i < dh_train_conv_out_places (train, op); i++)
    if (op->out->channels[i] >= 0)
      gradient[op->out->channels[i]] += (float)(train->weight * (float)sums[i]);
}

float **
dh_train_conv_out_planes (const DhTrain *train, const DhTrainOp *op, float *memory)
{
  float **planes = g_new (float *, (gsize)op->out->n_planes * train->images);
  dh_train_planes (train, memory, op->out->n_planes, op->out->pixels, planes);
  return planes;
}

/* The gradient of what the view is read as, and where it goes first: straight to its place, or through memory. */
float **
dh_train_conv_targets (const DhTrain *train, const DhTrainStep *step)
{
  const DhTrainView *view = step->op->in;
  if (step->direct)
    return g_memdup2 (view->grads, (gsize)view->n_planes * train->images * sizeof *view->grads);
  float **planes = g_new (float *, (gsize)view->n_planes * train->images);
  dh_train_planes (train, dh_train_memory (train, step->temporary), view->n_planes, (gsize)view->h * view->w, planes);
  return planes;
}

void
dh_train_conv_route (DhTrain *train, const DhTrainStep *step, float *const *targets)
{
  const DhTrainView *view = step->op->in;
  if (!step->direct || view->norm || view->relu)
    dh_train_route_all (train, view, step->adds, targets);
}

static gboolean
make (DhTrain *train, DhTrainStep *step, GError **error)
{
  switch (step->op->kind)
    {
    case DH_TRAIN_CONV_1X1:
      return dh_train_conv1x1_forward (train, step, error);
    case DH_TRAIN_CONV_3X3:
      return dh_train_conv3x3_forward (train, step, error);
    case DH_TRAIN_CONV_TAPS:
      return dh_train_conv_taps_forward (train, step, error);
    case DH_TRAIN_CONV_DEPTHWISE:
      return dh_train_conv_depthwise_forward (train, step);
    default:
      return dh_train_conv_library_forward (train, step, error);
    }
}

static gboolean
run_forward (DhTrain *train, DhTrainStep *step, GError **error)
{
  if (!make (train, step, error))
    return FALSE;
  dh_train_measure (train, step->op->out);
  return TRUE;
}

/* The same again, into memory of the backward pass; its statistics are known. */
static gboolean
run_again (DhTrain *train, DhTrainStep *step, GError **error)
{
  dh_train_bind_value (train, step->op->out, step->op->out->again);
  return make (train, step, error);
}

static gboolean
run_backward (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOp *op = step->op;
  const gboolean has_bias = dh_train_conv_bias (train, op) != NULL;
  if (op->out->measured && op->kind == DH_TRAIN_CONV_1X1 && !op->wide && !has_bias)
    for (gint i = 0; i < dh_train_conv_out_places (train, op); i++)
      {
        op->out->finish_b[i] = (float)op->out->b[i];
        op->out->finish_c[i] = (float)op->out->c_sum[i];
      }
  else
    dh_train_finish (train, op->out);
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    return dh_train_conv_library_backward (train, step, error);
  add_bias_gradient (train, op);
  return op->kind == DH_TRAIN_CONV_1X1         ? dh_train_conv1x1_backward (train, step)
         : op->kind == DH_TRAIN_CONV_3X3       ? dh_train_conv3x3_backward (train, step)
         : op->kind == DH_TRAIN_CONV_DEPTHWISE ? dh_train_conv_depthwise_backward (train, step)
                                               : dh_train_conv_taps_backward (train, step);
}

/* Bytes of the weights as the kernels of its kind read them. `turned`: for the gradient of the input. */
static gsize
packed_bytes (const DhTrain *train, const DhTrainOp *op, gboolean turned)
{
  if (op->kind == DH_TRAIN_CONV_3X3)
    return dh_train_conv3x3_weight_bytes (train, op, turned);
  if (op->kind == DH_TRAIN_CONV_TAPS)
    return dh_train_conv_taps_weight_bytes (train, op, turned);
  if (op->kind == DH_TRAIN_CONV_DEPTHWISE)
    return dh_train_conv_depthwise_weight_bytes (train, op);
  const gsize lanes = train->kernels->lanes;
  const gint ins = turned ? op->out->n_planes : op->in->n_planes, outs = turned ? op->in->n_planes : op->out->n_planes;
  const gint whole = dh_cpu_whole_panels (ins, train->bf16 ? train->kernels->panel_bf16 : 1);
  return whole * outs * lanes * lanes * (train->bf16 ? sizeof (guint16) : sizeof (float));
}

/* What a step of our own kernels is called. */
static char *
own_name (const DhTrain *train, const DhTrainOp *op, const char *pass)
{
  if (op->kind == DH_TRAIN_CONV_DEPTHWISE)
    return g_strconcat (pass, " depthwise", NULL);
  const char *kind = op->kind == DH_TRAIN_CONV_1X1 ? " 1×1" : op->kind == DH_TRAIN_CONV_3X3 ? " winograd 4×4" : " taps";
  return g_strconcat (pass, kind, train->bf16 ? " bf16" : "", NULL);
}

/* What its kernels need beside operands and results, of the last step listed. */
static void
need_own (DhTrain *train, DhTrainOp *op, DhTrainStep *step, gboolean turned)
{
  dh_train_touch (train, step->weights = dh_train_block (train, packed_bytes (train, op, turned)));
  if (op->kind != DH_TRAIN_CONV_TAPS)
    return;
  dh_train_conv_taps_need (train, op, turned);
  const gsize bytes = dh_train_conv_taps_packed_bytes (train, op, turned);
  if (bytes > 0)
    dh_train_touch (train, step->packed = dh_train_block (train, bytes));
}

/* Of what is read, where something is left to do to it. */
static void
need_copy (DhTrain *train, DhTrainOp *op, DhTrainStep *step)
{
  const gsize pixels = (gsize)op->in->h * op->in->w * train->images;
  if (op->in->norm || op->in->relu)
    dh_train_touch (train, step->dense = dh_train_block (train, dh_train_conv_places (train, op) * pixels * 4));
}

/* Memory of a forward step, whose step is the last one listed. */
static void
need_forward (DhTrain *train, DhTrainOp *op, DhTrainStep *step)
{
  dh_train_touch_view (train, op->in);
  dh_train_touch_value (train, op->out);
  step->flop = dh_graph_node_flop (train->graph, train->shapes, op->node);
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    {
      if (op->in->values[0]->raw)
        return;
      step->dense =
          dh_train_block (train, (gsize)dh_train_conv_places (train, op) * op->in->h * op->in->w * train->images * 4);
      dh_train_touch (train, step->dense);
      return;
    }
  need_own (train, op, step, FALSE);
  if (op->kind == DH_TRAIN_CONV_DEPTHWISE)
    need_copy (train, op, step);
  else if (op->kind == DH_TRAIN_CONV_1X1)
    dh_train_conv1x1_need_forward (train, op);
  else if (op->kind == DH_TRAIN_CONV_3X3)
    dh_train_conv3x3_need_forward (train, op);
}

static void
list_forward (DhTrain *train, DhTrainOp *op)
{
  g_autofree char *name = op->library ? g_strconcat ("forward ", dh_library_conv_name (op->library, 0), NULL)
                                      : own_name (train, op, "forward");
  DhTrainStep *step = dh_train_step_new (train, op, name, run_forward);
  need_forward (train, op, step);
}

/* The values of a view that are made again: each once, and what it is made of before it. */
static void
list_again (DhTrain *train, const DhTrainView *view)
{
  for (gint i = 0; i < view->n_planes; i++)
    {
      DhTrainValue *value = view->values[i];
      if (!value->again || value->listed_again)
        continue;
      value->listed_again = TRUE;
      for (guint j = 0; j < train->ops->len; j++)
        {
          DhTrainOp *maker = g_ptr_array_index (train->ops, j);
          if (maker->out != value)
            continue;
          list_again (train, maker->in);
          DhTrainStep *again = dh_train_step_new (train, maker, "again", run_again);
          need_forward (train, maker, again);
        }
    }
}

static void
list_backward (DhTrain *train, DhTrainOp *op)
{
  g_autofree char *name = op->library ? g_strconcat ("backward ", dh_library_conv_name (op->library, 2), NULL)
                                      : own_name (train, op, "backward");
  list_again (train, op->in);
  DhTrainStep *step = dh_train_step_new (train, op, name, run_backward);
  const gsize count = (gsize)dh_train_conv_places (train, op) * dh_train_conv_out_places (train, op);
  const gsize bytes = (gsize)dh_train_conv_places (train, op) * op->in->h * op->in->w * train->images * sizeof (float);
  step->flop = (op->in->wants ? 2 : 1) * dh_graph_node_flop (train->graph, train->shapes, op->node);
  dh_train_touch_view (train, op->in);
  dh_train_touch_grad (train, op->out);
  if (op->out->measured)
    dh_train_touch_value (train, op->out);
  if (op->in->wants)
    {
      /* Of a narrow 1×1 convolution, one kernel makes both gradients and brings that of the input to its place. */
      const gboolean routes = op->kind == DH_TRAIN_CONV_1X1 && !op->wide;
      step->direct = !routes && op->kind != DH_TRAIN_CONV_LIBRARY && dh_train_is_fresh (op->in);
      step->adds = dh_train_touch_grads (train, op->in);
      if (!routes && !step->direct)
        dh_train_touch (train, step->temporary = dh_train_block (train, bytes));
    }
  if (op->kind == DH_TRAIN_CONV_LIBRARY)
    {
      if (!op->in->values[0]->raw)
        dh_train_touch (train, step->dense = dh_train_block (train, bytes));
      if (op->plain_x && op->in->wants)
        dh_train_touch (train, step->dense2 = dh_train_block (train, bytes));
      return;
    }
  const gsize places = op->kind == DH_TRAIN_CONV_3X3 ? 36 : 1;
  const gsize sums = op->kind == DH_TRAIN_CONV_DEPTHWISE ? dh_train_conv_depthwise_sum_bytes (train, op)
                     : op->wide                          ? dh_train_blocks_bytes (train, op)
                                                         : count * places * sizeof (float) * train->threads;
  dh_train_touch (train, step->sums = dh_train_block (train, sums));
  if (op->in->wants)
    need_own (train, op, step, TRUE);
  if (op->kind == DH_TRAIN_CONV_DEPTHWISE)
    need_copy (train, op, step);
  else if (op->kind == DH_TRAIN_CONV_1X1)
    dh_train_conv1x1_need_backward (train, op);
  else if (op->kind == DH_TRAIN_CONV_3X3)
    dh_train_conv3x3_need_backward (train, op);
  else
    dh_train_blocks_need (train, op);
}

/* 4×4 tiles that a line of n pixels is in its `dilation` phases. */
static gint
count_tiles (gint n, gint dilation)
{
  gint tiles = 0;
  for (gint phase = 0; phase < MIN (n, dilation); phase++)
    tiles += ((n - phase + dilation - 1) / dilation + 3) / 4;
  return tiles;
}

static DhTrainConvKind
choose (const DhTrain *train, const DhNode *node, DhShape shape, const DhTrainView *in)
{
  const gint lanes = train->kernels->lanes;
  if (dh_train_conv_is_depthwise (train, node, in))
    return DH_TRAIN_CONV_DEPTHWISE;
  const gboolean turns = node->dilation * (node->kernel - 1) >= node->padding;
  if (node->groups > 1 || node->stride != 1 || in->values[0]->raw || node->channels > 512 * lanes || !turns
      || node->kernel * node->kernel > DH_MOST_PIECES)
    return DH_TRAIN_CONV_LIBRARY;
  if (node->kernel == 1)
    return DH_TRAIN_CONV_1X1;
  const gint64 tiles = (gint64)count_tiles (shape.h, node->dilation) * count_tiles (shape.w, node->dilation);
  /* Nearly all tiles of a wide dilation reach over the border, where taps skip what is outside. */
  if (node->kernel == 3 && node->padding == node->dilation && node->dilation <= 4
      && train->images * tiles >= FEWEST_TILES)
    return DH_TRAIN_CONV_3X3;
  return DH_TRAIN_CONV_TAPS;
}

DhTrainOp *
dh_train_add_conv (DhTrain *train, DhValue at, DhTrainView *in)
{
  const DhNode *node = dh_graph_node (train->graph, at);
  const DhShape shape = train->shapes[at], from = train->shapes[node->inputs[0]];
  const gint lanes = train->kernels->lanes;
  DhTrainOp *op = dh_train_alloc (train, 1, sizeof *op);
  *op = (DhTrainOp){ .node = at, .list_forward = list_forward, .list_backward = list_backward, .in = in };
  op->out = dh_train_value_new (train, shape.c, shape.h, shape.w, NULL, 0);
  op->out->wants = op->out->is_conv = TRUE;
  op->kind = choose (train, node, shape, in);
  op->wide = op->kind != DH_TRAIN_CONV_DEPTHWISE
             && (train->parts || op->kind == DH_TRAIN_CONV_TAPS
                 || (gsize)dh_train_conv_places (train, op) * dh_train_conv_out_places (train, op)
                        > (op->kind == DH_TRAIN_CONV_1X1 ? MOST_SUMS_1X1 : MOST_SUMS_3X3));
  if (op->kind == DH_TRAIN_CONV_3X3)
    op->tiles = dh_train_conv3x3_tiles (train, shape.h, shape.w, node->dilation, &op->n_tiles);
  g_ptr_array_add (train->ops, op);
  if (op->kind != DH_TRAIN_CONV_LIBRARY)
    return op;
  op->plain_x = in->values[0]->raw || in->n_planes != (in->c + lanes - 1) / lanes;
  for (gint i = 0; i < in->n_planes * lanes && !op->plain_x; i++)
    op->plain_x = in->channels[i] != (i < in->c ? i : -1);
  op->library = dh_library_conv_new (train->device, node, from, shape, op->plain_x, in->wants,
                                     train->failure ? NULL : &train->failure);
  return op;
}
