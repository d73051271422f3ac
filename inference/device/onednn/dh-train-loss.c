#include <string.h>
#include "dh-train-private.h"

/* Weight of L_post, as a multiple of β. */
#define POSTERIOR_FACTOR 10

typedef struct
{
  DhTrain *train;
  const DhTrainView *view;
  float *dense; /* image × channel × h × w */
  gsize count;  /* floats of it; so far apart are the parts' gradients */
  float *gradients;
  float *const *targets;
} Head;
typedef struct
{
  DhTrain *train;
  Head heads[2];
  DhCpuLoss loss;
  double *sums;
} Losses;

static void
unpack_row (gpointer data, gint item, gint part, float *scratch)
{
  const Head *head = data;
  const DhTrainView *view = head->view;
  const gint per_image = view->n_planes * view->h, image = item / per_image;
  const DhCpuInput in = dh_train_input (head->train, view, image);
  head->train->kernels->unpack (&in, view->channels, head->dense + (gsize)image * view->c * view->h * view->w,
                                item % per_image);
}

static void
pack_row (gpointer data, gint item, gint part, float *scratch)
{
  const Head *head = data;
  const DhTrainView *view = head->view;
  const gint per_image = view->n_planes * view->h, image = item / per_image;
  const DhCpuOutput out = {
    .planes = head->targets + (gsize)image * view->n_planes, .n_planes = view->n_planes, .h = view->h, .w = view->w
  };
  head->train->kernels->pack (head->gradients + (gsize)image * view->c * view->h * view->w, view->channels, &out,
                              item % per_image);
}

static void
loss_row (gpointer data, gint item, gint part, float *scratch)
{
  const Losses *losses = data;
  const DhShape shape = losses->train->common.options.input;
  const gint image = item / shape.h;
  DhCpuLoss loss = losses->loss;
  DhCpuLossInput *const inputs[2] = { &loss.f, &loss.g };
  for (guint i = 0; i < 2; i++)
    {
      const Head *head = &losses->heads[i];
      const gsize at = (gsize)image * inputs[i]->channels * inputs[i]->h * inputs[i]->w;
      if (!head->view)
        continue;
      inputs[i]->coarse = head->dense + at;
      inputs[i]->gradient = head->gradients + part * head->count + at;
    }
  loss.labels = losses->train->labels + (gsize)image * shape.h * shape.w;
  loss.sums = losses->sums + 4 * (gsize)part;
  losses->train->gradients->loss_row (&loss, item % shape.h, scratch);
}

static DhCpuLoss
loss_of (const DhTrain *train)
{
  DhCpuLoss loss = { .w = train->common.options.input.w };
  DhCpuLossInput *const inputs[2] = { &loss.f, &loss.g };
  for (guint i = 0; i < 2; i++)
    if (train->loss_views[i])
      *inputs[i] = (DhCpuLossInput){ .channels = train->loss_views[i]->c,
                                     .h = train->loss_views[i]->h,
                                     .w = train->loss_views[i]->w,
                                     .rows = train->loss_rows[i],
                                     .columns = train->loss_columns[i] };
  return loss;
}

static void
write_losses (const DhTrain *train, const double *sums)
{
  const DhTrainOptions *options = &train->common.options;
  const double pixels = (double)options->input.n * options->input.h * options->input.w;
  DhLosses *losses = train->losses;
  double all[4] = { 0 };
  for (gint part = 0; part < train->threads; part++)
    for (guint i = 0; i < 4; i++)
      all[i] += sums[4 * part + i];
  losses->segmentation = losses->total = all[0] / (double)losses->labelled;
  if (!train->loss_views[1])
    return;
  if (losses->negatives)
    losses->likelihood = all[1] / (double)losses->negatives - all[3] / (pixels * train->loss_views[0]->c);
  losses->posterior = all[2] / pixels;
  losses->total += options->beta * losses->likelihood + POSTERIOR_FACTOR * options->beta * losses->posterior;
}

static gboolean
run_losses (DhTrain *train, DhTrainStep *step, GError **error)
{
  const DhTrainOptions *options = &train->common.options;
  const double pixels = (double)options->input.n * options->input.h * options->input.w;
  const gboolean hybrid = train->loss_views[1] != NULL;
  g_autofree double *sums = g_new0 (double, 4 * (gsize)train->threads);
  Losses losses = { .train = train, .sums = sums, .loss = loss_of (train) };
  losses.loss.segmentation = 1.0 / (double)train->losses->labelled;
  losses.loss.likelihood = hybrid && train->losses->negatives ? options->beta / (double)train->losses->negatives : 0;
  losses.loss.posterior = POSTERIOR_FACTOR * options->beta / pixels;
  float *dense = dh_train_memory (train, step->dense), *gradients = dh_train_memory (train, step->dense2);
  for (guint i = 0; i < 2; i++)
    if (train->loss_views[i])
      {
        const DhTrainView *view = train->loss_views[i];
        Head *head = &losses.heads[i];
        *head = (Head){ train, view, dense, (gsize)train->images * view->c * view->h * view->w, gradients, NULL };
        dense += head->count;
        gradients += head->count * train->threads;
        memset (head->gradients, 0, head->count * train->threads * sizeof (float));
        dh_train_run_items (train, train->images * view->n_planes * view->h, unpack_row, head);
      }
  dh_train_run_items (train, options->input.n * options->input.h, loss_row, &losses);
  write_losses (train, sums);
  for (guint i = 0; i < 2; i++)
    {
      Head *head = &losses.heads[i];
      if (!head->view || !head->view->wants)
        continue;
      for (gint part = 1; part < train->threads; part++)
        for (gsize j = 0; j < head->count; j++)
          head->gradients[j] += head->gradients[part * head->count + j];
      const gsize n = (gsize)head->view->n_planes * train->images;
      g_autofree float **targets = g_new (float *, n);
      dh_train_planes (train, dh_train_memory (train, step->temporary), head->view->n_planes,
                       (gsize)head->view->h * head->view->w, targets);
      head->targets = targets;
      dh_train_run_items (train, (gint)n * head->view->h, pack_row, head);
      dh_train_route_all (train, head->view, i ? step->adds2 : step->adds, targets);
    }
  return TRUE;
}

void
dh_train_list_losses (DhTrain *train)
{
  DhTrainOp *op = dh_train_alloc (train, 1, sizeof *op);
  gsize count = 0, largest = 0;
  op->node = train->common.options.logits;
  DhTrainStep *step = dh_train_step_new (train, op, "losses", run_losses);
  for (guint i = 0; i < 2; i++)
    if (train->loss_views[i])
      {
        const DhTrainView *view = train->loss_views[i];
        const gsize pixels = (gsize)train->images * view->h * view->w;
        count += pixels * view->c * sizeof (float);
        largest = MAX (largest, pixels * view->n_planes * train->kernels->lanes * sizeof (float));
        dh_train_touch_view (train, view);
        if (view->wants)
          *(i ? &step->adds2 : &step->adds) = dh_train_touch_grads (train, view);
      }
  dh_train_touch (train, step->dense = dh_train_block (train, count));
  dh_train_touch (train, step->dense2 = dh_train_block (train, count * train->threads));
  dh_train_touch (train, step->temporary = dh_train_block (train, largest));
  const DhCpuLoss loss = loss_of (train);
  dh_train_need_scratch (train, train->gradients->loss_scratch (&loss));
}
