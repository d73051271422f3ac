#include <stdio.h>

#include "dh-batch-loader.h"
#include "dh-error.h"
#include "dh-pictures.h"

/* bench-loader RECIPE DATAROOT [NEGATIVES] [--batches N] [--workers W] [--batch_size B]: training batches read, scaled,
 * cropped and pasted as a training of that recipe does, without the training. Prints one JSON object: samples a second
 * and seconds a sample, of what was made behind the first batch, and what all of it hashes to. */

static gint batches = 6, workers, batch_size;

static const GOptionEntry entries[] = {
  { "batches", 'n', 0, G_OPTION_ARG_INT, &batches, "batches that are timed", "N" },
  { "workers", 'w', 0, G_OPTION_ARG_INT, &workers, "threads; 0: the caller's", "W" },
  { "batch_size", 'b', 0, G_OPTION_ARG_INT, &batch_size, "instead of the recipe's", "B" },
  { NULL },
};

int
main (int argc, char **argv)
{
  GError *error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("RECIPE DATAROOT [NEGATIVES]");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  if (argc < 3 || batches < 1 || workers < 0)
    g_error ("usage: bench-loader RECIPE DATAROOT [NEGATIVES]");
  DhRecipe *recipe = dh_recipe_load (argv[1], &error);
  DhPictures pictures = { NULL };
  if (!recipe)
    g_error ("%s", error->message);
  if (batch_size > 0)
    recipe->batch = (guint)batch_size;
  /* However few pictures there are: passes go on behind the end of an epoch. */
  recipe->steps = (guint)batches + 1;
  recipe->negatives &= argc > 3;
  if (!dh_pictures_open_data (&pictures, recipe, argv[2], NULL, &error)
      || (recipe->negatives && !dh_pictures_open_negatives (&pictures, argv[3], NULL, &error)))
    g_error ("%s", error->message);
  const DhComposer composer = dh_pictures_compose (&pictures, recipe, FALSE);
  DhBatchLoader *loader = dh_batch_loader_new (&composer, 1, 0, 1, (guint)workers);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);
  guint samples = 0;
  gint64 begin = 0;
  for (gint i = 0; i <= batches; i++)
    {
      g_autoptr (DhBatch) batch = dh_batch_loader_take (loader, (guint64)i, &error);
      if (!batch)
        g_error ("%s", error->message);
      if (i == 0)
        begin = g_get_monotonic_time ();
      else
        samples += batch->n;
      const gsize area = (gsize)recipe->crop * recipe->crop * batch->n;
      g_checksum_update (sum, (const guint8 *)batch->input, 3 * area * sizeof (float));
      g_checksum_update (sum, batch->labels, area);
    }
  const double seconds = 1e-6 * (double)(g_get_monotonic_time () - begin);
  printf ("{\"samples\": %u, \"workers\": %d, \"samples_per_second\": %.2f, \"seconds_per_sample\": %.5f, "
          "\"sha1\": \"%s\"}\n",
          samples, workers, samples / seconds, seconds / samples, g_checksum_get_string (sum));
  dh_batch_loader_free (loader);
  dh_pictures_clear (&pictures);
  dh_recipe_free (recipe);
  return 0;
}
