#include "dh-score-kind.h"
#include <glib/gi18n.h>
#include <math.h>

static const char *const score_ids[DH_N_SCORES] = { "hybrid", "likelihood", "dataset_posterior" };

const char *
dh_score_id (DhScore score)
{
  g_return_val_if_fail (score < DH_N_SCORES, NULL);
  return score_ids[score];
}

gboolean
dh_score_from_id (const char *id, DhScore *score)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (g_strcmp0 (id, score_ids[i]) == 0)
      {
        *score = i;
        return TRUE;
      }
  return FALSE;
}

const char *
dh_score_title (DhScore score)
{
  switch (score)
    {
    case DH_SCORE_HYBRID:
      return _ ("Hybrid score");
    case DH_SCORE_LIKELIHOOD:
      return _ ("Likelihood");
    case DH_SCORE_DATASET_POSTERIOR:
      return _ ("Dataset posterior");
    case DH_N_SCORES:
    default:
      g_return_val_if_reached ("");
    }
}

DhFrameMap
dh_score_map (DhScore score)
{
  static const DhFrameMap maps[DH_N_SCORES] = { DH_FRAME_HYBRID, DH_FRAME_LIKELIHOOD, DH_FRAME_DATASET_POSTERIOR };
  g_return_val_if_fail (score < DH_N_SCORES, DH_FRAME_HYBRID);
  return maps[score];
}

gboolean
dh_score_flags_above (DhScore score)
{
  return score == DH_SCORE_HYBRID;
}

double
dh_score_to_axis (DhScore score, double value)
{
  if (score != DH_SCORE_DATASET_POSTERIOR)
    return value;
  if (isnan (value))
    return value;
  return CLAMP (log (value) - log1p (-value), -DH_LOGIT_MAX, DH_LOGIT_MAX);
}

double
dh_score_from_axis (DhScore score, double axis)
{
  if (score != DH_SCORE_DATASET_POSTERIOR)
    return axis;
  return 1 / (1 + exp (-axis));
}
