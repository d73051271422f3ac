#include "dh-findings.h"

#include <math.h>

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

/* By finding, so that each has its own in one place. */
static gboolean
sort_runs (DhFindings *findings, const DhComponents *components)
{
  g_autofree gsize *next = g_try_new0 (gsize, (gsize)findings->n + 1);
  findings->runs = g_try_new (DhComponentRun, components->n_runs + 1);
  findings->begins = g_try_new0 (gsize, (gsize)findings->n + 1);
  if (!next || !findings->runs || !findings->begins)
    return FALSE;
  for (gsize i = 0; i < components->n_runs; i++)
    findings->begins[components->runs[i].component + 1]++;
  for (guint f = 0; f < findings->n; f++)
    next[f + 1] = findings->begins[f + 1] += findings->begins[f];
  for (gsize i = 0; i < components->n_runs; i++)
    findings->runs[next[components->runs[i].component]++] = components->runs[i];
  return TRUE;
}

static gint
find_class (const DhFindings *findings, guint which, const guint8 *classes, guint width)
{
  guint64 counts[DH_CLASS_IDS] = { 0 };
  for (gsize i = findings->begins[which]; i < findings->begins[which + 1]; i++)
    {
      const DhComponentRun *run = &findings->runs[i];
      dh_class_pixels_add_counts (classes + (gsize)run->y * width + run->x, run->end - run->x, counts);
    }
  guint most = 0;
  for (guint c = 1; c < DH_CLASS_IDS; c++)
    if (counts[c] > counts[most])
      most = c;
  return (gint)most;
}

static DhFindings *
measure (const DhComponents *components, const float *scores, const guint8 *classes, guint width, gboolean low)
{
  g_autoptr (DhFindings) findings = g_new0 (DhFindings, 1);
  findings->n = components->n_predictions;
  findings->items = g_try_new (DhFinding, (gsize)findings->n + 1);
  if (!findings->items || !sort_runs (findings, components))
    return NULL;
  for (guint f = 0; f < findings->n; f++)
    {
      const DhComponent *component = &components->items[f];
      DhFinding *finding = &findings->items[f];
      *finding = (DhFinding){ .x = component->x,
                              .y = component->y,
                              .width = component->width,
                              .height = component->height,
                              .area = component->area,
                              .peak = NAN,
                              .class_id = classes ? find_class (findings, f, classes, width) : -1 };
      for (gsize i = findings->begins[f]; i < findings->begins[f + 1]; i++)
        add_run (finding, &findings->runs[i], scores, width, low);
      finding->mean /= (double)finding->area;
    }
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
  g_free (findings->begins);
  g_free (findings);
}
