#include "dh-batch-loader.h"

#include "dh-error.h"
#include "dh-prefetch.h"

enum
{
  STREAM_ORDER = 1,
  STREAM_SAMPLE = 2,
};

struct _DhBatchLoader
{
  const DhComposer *composer;
  guint64 seed;
  guint rank, ranks;
  DhPrefetch *prefetch;
  GCancellable *cancellable;
};

void
dh_batch_free (DhBatch *batch)
{
  if (!batch)
    return;
  g_free (batch->input);
  g_free (batch->labels);
  g_clear_error (&batch->error);
  g_free (batch);
}

guint64
dh_batch_loader_epoch_size (const DhBatchLoader *loader)
{
  const DhRecipe *recipe = loader->composer->recipe;
  const guint64 whole = (guint64)recipe->batch * loader->ranks;
  const guint64 n = loader->composer->n_items / whole;
  const guint64 rest = loader->composer->n_items % whole;
  const guint64 natural = n + (recipe->keep_short && rest >= 2 * (guint64)loader->ranks);
  return recipe->steps && natural ? (guint64)recipe->steps * recipe->accumulation : natural;
}

/* Position `at` of pass `pass` over the pictures: a permutation drawn for the pass. */
static guint *
draw_order (const DhBatchLoader *loader, guint64 pass)
{
  const guint n = loader->composer->n_items;
  guint *order = g_memdup2 (loader->composer->items, n * sizeof *order);
  DhRandom random = dh_random_new (loader->seed, STREAM_ORDER, pass);
  for (guint i = n; i > 1; i--)
    {
      const guint j = dh_random_below (&random, i), kept = order[i - 1];
      order[i - 1] = order[j];
      order[j] = kept;
    }
  return order;
}

static gpointer
make (guint64 number, gpointer data)
{
  const DhBatchLoader *loader = data;
  const DhRecipe *recipe = loader->composer->recipe;
  const guint64 size = dh_batch_loader_epoch_size (loader);
  const guint64 whole = (guint64)recipe->batch * loader->ranks;
  const guint64 natural = MAX (1, loader->composer->n_items / whole
                                      + (recipe->keep_short && loader->composer->n_items % whole >= 2 * loader->ranks));
  /* With a given number of steps an epoch, passes over the data go on behind its end. */
  const guint64 pass = recipe->steps ? number / natural : number / size;
  const guint64 position = recipe->steps ? number % natural : number % size;
  const guint64 first = position * whole;
  const guint64 there = MIN (whole, loader->composer->n_items - first) / loader->ranks;
  const gsize area = (gsize)recipe->crop * recipe->crop;
  DhBatch *batch = g_new0 (DhBatch, 1);
  batch->n = (guint)there;
  batch->input = g_try_new (float, 3 * area * there);
  batch->labels = g_try_new (guint8, area * there);
  if (!batch->input || !batch->labels)
    {
      g_set_error (&batch->error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for a batch of %u crops",
                   batch->n);
      return batch;
    }
  g_autofree guint *order = draw_order (loader, pass);
  for (guint i = 0; i < batch->n && !batch->error; i++)
    {
      if (dh_prefetch_is_closing (loader->prefetch)
          || g_cancellable_set_error_if_cancelled (loader->cancellable, &batch->error))
        break;
      const guint64 sample = first + loader->rank * there + i;
      const guint64 key = pass * loader->composer->n_items + sample;
      dh_composer_sample (loader->composer, order[sample], dh_random_new (loader->seed, STREAM_SAMPLE, key),
                          batch->input + 3 * area * i, batch->labels + area * i, &batch->error);
    }
  return batch;
}

static void
release_batch (gpointer batch)
{
  dh_batch_free (batch);
}

DhBatchLoader *
dh_batch_loader_new (const DhComposer *composer, guint64 seed, guint rank, guint ranks, guint workers)
{
  DhBatchLoader *loader = g_new0 (DhBatchLoader, 1);
  loader->composer = composer;
  loader->seed = seed;
  loader->rank = rank;
  loader->ranks = MAX (ranks, 1);
  dh_batch_loader_set_workers (loader, workers);
  return loader;
}

void
dh_batch_loader_set_workers (DhBatchLoader *loader, guint workers)
{
  dh_prefetch_free (loader->prefetch);
  loader->prefetch = dh_prefetch_new (G_MAXUINT64, workers, make, release_batch, loader);
}

void
dh_batch_loader_free (DhBatchLoader *loader)
{
  if (!loader)
    return;
  dh_prefetch_free (loader->prefetch);
  g_clear_object (&loader->cancellable);
  g_free (loader);
}

void
dh_batch_loader_set_cancellable (DhBatchLoader *loader, GCancellable *cancellable)
{
  g_set_object (&loader->cancellable, cancellable);
}

DhBatch *
dh_batch_loader_take (DhBatchLoader *loader, guint64 number, GError **error)
{
  DhBatch *batch = dh_prefetch_take (loader->prefetch, number);
  if (!batch->error)
    return batch;
  g_propagate_error (error, g_steal_pointer (&batch->error));
  dh_batch_free (batch);
  return NULL;
}
