#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* A training as one of several that differ in their seed alone. */
typedef struct
{
  /* SHA-256 over all that decides a training but its seed: recipe, data, negatives and the names and sizes of their
   * files, the weights it starts from, precision, images of validation. What only makes it slower or faster (device,
   * threads) is not in it. Free with g_free, as the next. */
  char *series;
  char *name; /* of its folder, without "-s0" or "-seed-0" behind it, or "-s0-2" */
  guint64 seed;
} DhRunSeries;
void dh_run_series_clear (DhRunSeries *series);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhRunSeries, dh_run_series_clear)

/* Of the weights in a training's folder, by the config.json beside them. `before` (Unix seconds): when they were used;
 * a configuration that was written later is another training's of the same folder. FALSE where there is none, or one
 * that cannot be read; nothing is to be cleared then. */
gboolean dh_run_series_find (const char *weights, gint64 before, DhRunSeries *series);

G_END_DECLS
