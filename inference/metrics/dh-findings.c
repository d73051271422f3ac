#include "dh-findings.h"

#include <math.h>
#include <string.h>

#include "dh-class-pixels.h"
#include "dh-error.h"

static guint8 *
make_mask (const float *scores, const guint8 *ignored, gsize n, const DhFindingOptions *options)
{
  guint8 *mask = g_try_malloc (MAX (n, 1));
  for (gsize i = 0; mask && i < n; i++)
    {
      const gboolean beyond = options->low ? scores[i] < options->threshold : scores[i] > options->threshold;
      mask[i] = beyond && isfinite (scores[i]) && !(ignored && ignored[i]);
    }
  return mask;
}

/* One row of a finding's pixels; `mean` is their sum until all are in. */
static void
add_run (DhFinding *finding, const DhComponentRun *run, const float *scores, guint width, gboolean low)
{
  const float *row = scores + (gsize)run->y * width;
  for (guint x = run->x; x < run->end; x++)
    {
      finding->mean += row[x];
      if (isnan (finding->peak) || (low ? row[x] < finding->peak : row[x] > finding->peak))
        {
          finding->peak = row[x];
          finding->peak_x = x;
          finding->peak_y = run->y;
        }
    }
}

/* Runs by finding, so that one table of classes serves all of them: `begin` has n + 1. */
static guint32 *
sort_runs (const DhFindings *findings, guint32 *begin)
{
  guint32 *order = g_try_new (guint32, findings->n_runs + 1);
  if (!order)
    return NULL;
  memset (begin, 0, (findings->n + 1) * sizeof *begin);
  for (gsize i = 0; i < findings->n_runs; i++)
    begin[findings->runs[i].component + 1]++;
  for (guint f = 0; f < findings->n; f++)
    begin[f + 1] += begin[f];
  g_autofree guint32 *next = g_memdup2 (begin, (findings->n + 1) * sizeof *begin);
  for (gsize i = 0; i < findings->n_runs; i++)
    order[next[findings->runs[i].component]++] = (guint32)i;
  return order;
}

static gint
find_class (const DhFindings *findings, const guint32 *order, guint32 from, guint32 to, const guint8 *classes,
            guint width)
{
  guint64 counts[DH_CLASS_IDS] = { 0 };
  for (guint32 i = from; i < to; i++)
    {
      const DhComponentRun *run = &findings->runs[order[i]];
      dh_class_pixels_add_counts (classes + (gsize)run->y * width + run->x, run->end - run->x, counts);
    }
  guint most = 0;
  for (guint c = 1; c < DH_CLASS_IDS; c++)
    if (counts[c] > counts[most])
      most = c;
  return (gint)most;
}

static gboolean
find_classes (DhFindings *findings, const guint8 *classes, guint width)
{
  g_autofree guint32 *begin = g_try_new (guint32, findings->n + 1);
  g_autofree guint32 *order = begin ? sort_runs (findings, begin) : NULL;
  for (guint f = 0; order && f < findings->n; f++)
    findings->items[f].class_id = find_class (findings, order, begin[f], begin[f + 1], classes, width);
  return order != NULL;
}

/* Takes the components' runs. */
static DhFindings *
measure (DhComponents *components, const float *scores, const guint8 *classes, guint width, gboolean low)
{
  g_autoptr (DhFindings) findings = g_new0 (DhFindings, 1);
  findings->n = components->n_predictions;
  findings->items = g_try_new (DhFinding, findings->n + 1);
  findings->n_runs = components->n_runs;
  findings->runs = g_steal_pointer (&components->runs);
  if (!findings->items)
    return NULL;
  for (guint f = 0; f < findings->n; f++)
    {
      const DhComponent *component = &components->items[f];
      findings->items[f] = (DhFinding){ .x = component->x,
                                        .y = component->y,
                                        .width = component->width,
                                        .height = component->height,
                                        .area = component->area,
                                        .peak = NAN,
                                        .class_id = -1 };
    }
  for (gsize i = 0; i < findings->n_runs; i++)
    add_run (&findings->items[findings->runs[i].component], &findings->runs[i], scores, width, low);
  for (guint f = 0; f < findings->n; f++)
    findings->items[f].mean /= (double)findings->items[f].area;
  if (classes && !find_classes (findings, classes, width))
    return NULL;
  return g_steal_pointer (&findings);
}

DhFindings *
dh_findings_new (const float *scores, const guint8 *classes, const guint8 *ignored, guint width, guint height,
                 const DhFindingOptions *options, GError **error)
{
  const DhComponentOptions matching = { .min_prediction = options->min_area, .min_anomaly = 1, .with_runs = TRUE };
  g_autofree guint8 *mask = make_mask (scores, ignored, (gsize)width * height, options);
  g_autoptr (DhComponents) components = mask ? dh_components_match (mask, NULL, width, height, &matching, error) : NULL;
  DhFindings *findings = components ? measure (components, scores, classes, width, options->low) : NULL;
  if (!findings && error && !*error)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for what is flagged in an image of %u×%u",
                 width, height);
  return findings;
}

void
dh_findings_free (DhFindings *findings)
{
  if (!findings)
    return;
  g_free (findings->items);
  g_free (findings->runs);
  g_free (findings);
}
