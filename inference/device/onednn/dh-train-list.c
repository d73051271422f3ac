#include <string.h>
#include "dh-train-private.h"

/* What a training plan consists of, before and after it has memory. */

gpointer
dh_train_alloc (DhTrain *train, gsize count, gsize size)
{
  gpointer memory = g_malloc0_n (MAX (count, 1), size);
  g_ptr_array_add (train->allocations, memory);
  return memory;
}

DhArenaBlock *
dh_train_block (DhTrain *train, gsize bytes)
{
  DhArenaBlock *block = dh_train_alloc (train, 1, sizeof *block);
  *block = (DhArenaBlock){ .size = bytes, .first = G_MAXINT, .last = -1 };
  g_ptr_array_add (train->blocks, block);
  return block;
}

/* `channels` NULL: in order. */
DhTrainValue *
dh_train_value_new (DhTrain *train, gint c, gint h, gint w, const gint *channels, gint n_planes)
{
  const gint lanes = train->kernels->lanes;
  DhTrainValue *value = dh_train_alloc (train, 1, sizeof *value);
  value->c = c;
  value->h = h;
  value->w = w;
  value->n_planes = channels ? n_planes : (c + lanes - 1) / lanes;
  value->channels = dh_train_alloc (train, (gsize)value->n_planes * lanes, sizeof (gint));
  for (gint i = 0; i < value->n_planes * lanes; i++)
    value->channels[i] = channels ? channels[i] : i < c ? i : -1;
  value->pixels = (gsize)h * w;
  value->image = value->pixels * value->n_planes * lanes;
  const gsize bytes = value->image * train->images * sizeof (float);
  value->value = dh_train_block (train, bytes);
  value->grad = dh_train_block (train, bytes);
  g_ptr_array_add (train->values, value);
  return value;
}

DhTrainView *
dh_train_view_new (DhTrain *train, gint n_planes)
{
  const gint lanes = train->kernels->lanes;
  DhTrainView *view = dh_train_alloc (train, 1, sizeof *view);
  view->n_planes = n_planes;
  view->values = dh_train_alloc (train, n_planes, sizeof *view->values);
  view->planes = dh_train_alloc (train, n_planes, sizeof *view->planes);
  view->channels = dh_train_alloc (train, (gsize)n_planes * lanes, sizeof *view->channels);
  view->pointers = dh_train_alloc (train, (gsize)n_planes * train->images, sizeof *view->pointers);
  view->grads = dh_train_alloc (train, (gsize)n_planes * train->images, sizeof *view->grads);
  g_ptr_array_add (train->view_list, view);
  return view;
}

DhTrainView *
dh_train_view_of_value (DhTrain *train, DhTrainValue *value)
{
  DhTrainView *view = dh_train_view_new (train, value->n_planes);
  view->c = value->c;
  view->h = value->h;
  view->w = value->w;
  view->wants = value->wants;
  for (gint i = 0; i < value->n_planes; i++)
    {
      view->values[i] = value;
      view->planes[i] = i;
    }
  memcpy (view->channels, value->channels, sizeof (gint) * value->n_planes * train->kernels->lanes);
  return view;
}

gboolean
dh_train_is_plain (const DhTrainView *view)
{
  return view->norm == NULL && !view->relu && !view->values[0]->raw;
}

DhTrainStep *
dh_train_step_new (DhTrain *train, DhTrainOp *op, const char *what,
                   gboolean (*run) (DhTrain *train, DhTrainStep *step, GError **error))
{
  DhTrainStep *step = dh_train_alloc (train, 1, sizeof *step);
  step->op = op;
  step->run = run;
  step->name = g_strdup (dh_graph_node (train->graph, op->node)->name);
  step->implementation = g_strdup (what);
  g_ptr_array_add (train->allocations, step->name);
  g_ptr_array_add (train->allocations, step->implementation);
  g_ptr_array_add (train->steps, step);
  return step;
}

void
dh_train_touch (DhTrain *train, DhArenaBlock *block)
{
  const gint at = (gint)train->steps->len - 1;
  block->first = MIN (block->first, at);
  block->last = MAX (block->last, at);
}

void
dh_train_touch_value (DhTrain *train, DhTrainValue *value)
{
  if (!value->raw)
    dh_train_touch (train, train->backward && value->again ? value->again : value->value);
}

void
dh_train_touch_grad (DhTrain *train, DhTrainValue *value)
{
  dh_train_touch (train, value->grad);
}

void
dh_train_touch_view (DhTrain *train, const DhTrainView *view)
{
  for (gint i = 0; i < view->n_planes; i++)
    dh_train_touch_value (train, view->values[i]);
}

gboolean *
dh_train_touch_grads (DhTrain *train, const DhTrainView *view)
{
  gboolean *adds = dh_train_alloc (train, view->n_planes, sizeof *adds);
  for (gint i = 0; i < view->n_planes; i++)
    {
      adds[i] = view->values[i]->started;
      for (gint j = 0; j < i && !adds[i]; j++)
        adds[i] = view->values[j] == view->values[i] && view->planes[j] == view->planes[i];
      dh_train_touch_grad (train, view->values[i]);
    }
  for (gint i = 0; i < view->n_planes; i++)
    view->values[i]->started = TRUE;
  if (view->norm || view->relu)
    dh_train_touch_view (train, view);
  return adds;
}

gboolean
dh_train_is_fresh (const DhTrainView *view)
{
  for (gint i = 0; i < view->n_planes; i++)
    {
      if (view->values[i]->started)
        return FALSE;
      for (gint j = 0; j < i; j++)
        if (view->values[j] == view->values[i] && view->planes[j] == view->planes[i])
          return FALSE;
    }
  return TRUE;
}

void
dh_train_need_scratch (DhTrain *train, gsize bytes)
{
  train->scratch_bytes = MAX (train->scratch_bytes, (bytes + 4095) & ~(gsize)4095);
}

float *
dh_train_memory (const DhTrain *train, const DhArenaBlock *block)
{
  return train->arena + block->offset / sizeof (float);
}

static void
bind_view (DhTrain *train, DhTrainView *view)
{
  const gsize lanes = train->kernels->lanes;
  for (gint image = 0; image < train->images; image++)
    for (gint i = 0; i < view->n_planes; i++)
      {
        const DhTrainValue *value = view->values[i];
        const gsize at = image * value->image + view->planes[i] * value->pixels * lanes;
        view->pointers[image * view->n_planes + i] = value->raw ? NULL : value->base + at;
        /* Where a step writes a view's gradient, each of its planes has memory for one, also those of a value that
         * nothing trained stands before. */
        view->grads[image * view->n_planes + i] = value->grad->last < 0 ? NULL : value->grad_base + at;
      }
}

void
dh_train_bind_value (DhTrain *train, DhTrainValue *value, const DhArenaBlock *where)
{
  value->base = dh_train_memory (train, where);
  for (guint i = 0; i < train->view_list->len; i++)
    {
      DhTrainView *view = g_ptr_array_index (train->view_list, i);
      for (gint j = 0; j < view->n_planes; j++)
        if (view->values[j] == value)
          {
            bind_view (train, view);
            break;
          }
    }
}

void
dh_train_bind (DhTrain *train)
{
  for (guint i = 0; i < train->values->len; i++)
    {
      DhTrainValue *value = g_ptr_array_index (train->values, i);
      value->base = dh_train_memory (train, value->value);
      value->grad_base = dh_train_memory (train, value->grad);
    }
  for (guint i = 0; i < train->view_list->len; i++)
    bind_view (train, g_ptr_array_index (train->view_list, i));
}
