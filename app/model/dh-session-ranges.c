#include <math.h>
#include "dh-floats.h"
#include "dh-session-private.h"

static void
forget_range (DhSession *self, guint score)
{
  for (guint kind = 0; kind < 2; kind++)
    {
      self->low[kind][score] = INFINITY;
      self->high[kind][score] = -INFINITY;
    }
  self->ranged[score] = FALSE;
}

void
dh_session_forget_ranges (DhSession *self)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    forget_range (self, i);
  self->n_ranged = 0;
}

void
dh_session_add_ranges (DhSession *self, const DhScoreStats *stats, const char *source, gboolean whole_set)
{
  static const double tails[2] = { 0.0002, 0.005 };
  gboolean grew = FALSE;
  for (guint i = 0; i < DH_N_SCORES; i++)
    {
      if (!dh_score_stats_has (stats, i))
        continue;
      /* What was guessed before anything was counted counts no more; of a score that the set was not measured by, what
       * pictures gave does. */
      if (whole_set || !self->ranged[i])
        forget_range (self, i);
      self->ranged[i] = TRUE;
      for (guint kind = 0; kind < 2; kind++)
        {
          double low = dh_score_to_axis (i, dh_score_stats_quantile (stats, i, tails[kind]));
          double high = dh_score_to_axis (i, dh_score_stats_quantile (stats, i, 1 - tails[kind]));
          if (isnan (low) || isnan (high))
            continue;
          grew = grew || low < self->low[kind][i] || high > self->high[kind][i];
          self->low[kind][i] = MIN (self->low[kind][i], low);
          self->high[kind][i] = MAX (self->high[kind][i], high);
        }
      dh_session_start_threshold (self, i, stats, source);
    }
  self->n_ranged = whole_set ? dh_score_stats_n_images (stats) : self->n_ranged + 1;
  if (grew)
    dh_session_emit (self, DH_SESSION_RANGES);
}

static void
guess_range (DhSession *self, DhScore score, GBytes *map)
{
  gsize size;
  float from, to;
  const float *values = g_bytes_get_data (map, &size);
  if (!dh_floats_span (values, size / sizeof *values, &from, &to))
    return;
  const double low = dh_score_to_axis (score, from), high = dh_score_to_axis (score, to);
  for (guint kind = 0; kind < 2 && !isnan (low) && !isnan (high); kind++)
    {
      self->low[kind][score] = low;
      self->high[kind][score] = high;
    }
}

void
dh_session_guess_ranges (DhSession *self, DhFrame *frame)
{
  static const struct
  {
    DhScore score;
    DhFrameMap map;
  } maps[] = { { DH_SCORE_HYBRID, DH_FRAME_HYBRID },
               { DH_SCORE_LIKELIHOOD, DH_FRAME_LIKELIHOOD },
               { DH_SCORE_DATASET_POSTERIOR, DH_FRAME_DATASET_POSTERIOR } };
  gboolean guessed = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    if (!self->ranged[maps[i].score] && dh_frame_has_map (frame, maps[i].map))
      {
        guess_range (self, maps[i].score, frame->maps[maps[i].map]);
        guessed = TRUE;
      }
  if (guessed)
    dh_session_emit (self, DH_SESSION_RANGES);
}

guint
dh_session_get_n_ranged (DhSession *self)
{
  return self->n_ranged;
}

/* Outwards to round numbers, so that ranges seldom move while pictures come in. */
static void
round_outwards (double *low, double *high)
{
  double span = *high - *low;
  if (!(span > 0))
    {
      *low -= 0.5;
      *high += 0.5;
      return;
    }
  double power = pow (10, floor (log10 (span / 10)));
  double step = span / 10 / power;
  step = (step <= 1 ? 1 : step <= 2 ? 2 : step <= 5 ? 5 : 10) * power;
  *low = floor (*low / step) * step;
  *high = ceil (*high / step) * step;
}

static const double least_axis[DH_N_SCORES][2] = { { -10, 0 }, { 0, 10 }, { -6.9067548, 6.9067548 } };

void
dh_session_widen_axis (DhScore score, double *low, double *high)
{
  if (score == DH_SCORE_DATASET_POSTERIOR)
    {
      /* 0.001 … 0.999 are always in sight. */
      *low = MIN (*low, least_axis[score][0]);
      *high = MAX (*high, least_axis[score][1]);
      return;
    }
  round_outwards (low, high);
}

void
dh_session_get_axis (DhSession *self, DhScore score, double *low, double *high)
{
  *low = self->low[0][score];
  *high = self->high[0][score];
  if (!(*low <= *high))
    {
      *low = least_axis[score][0];
      *high = least_axis[score][1];
    }
  dh_session_widen_axis (score, low, high);
}

void
dh_session_get_range (DhSession *self, DhFrameMap map, gboolean this_image, double *low, double *high)
{
  *low = 0;
  *high = 1;
  if (map >= DH_N_FRAME_MAPS)
    {
      const DhRunMap *run = dh_session_get_run_map (self, map - DH_FRAME_RUN_A);
      if (run != NULL && run->made)
        {
          dh_session_get_range (self, run->kind, this_image, low, high);
          return;
        }
      if (run == NULL || !(run->low < run->high))
        return;
      *low = run->low;
      *high = run->high;
      round_outwards (low, high);
      return;
    }
  if (map == DH_FRAME_ENTROPY && self->model != NULL)
    *high = log (MAX (2, self->model->n_classes));
  /* The largest logit lies just below the log-sum-exp. */
  DhScore score = map == DH_FRAME_HYBRID ? DH_SCORE_HYBRID : DH_SCORE_LIKELIHOOD;
  if (map != DH_FRAME_HYBRID && map != DH_FRAME_LIKELIHOOD && map != DH_FRAME_MAX_LOGIT)
    return;
  *low = self->low[1][score];
  *high = self->high[1][score];
  if (this_image && dh_score_stats_has (self->stats, score))
    {
      *low = dh_score_stats_quantile (self->stats, score, 0.005);
      *high = dh_score_stats_quantile (self->stats, score, 0.995);
    }
  if (!(*low <= *high))
    {
      *low = least_axis[score][0];
      *high = least_axis[score][1];
    }
  round_outwards (low, high);
  if (map == DH_FRAME_MAX_LOGIT)
    {
      double swap = -*low;
      *low = -*high;
      *high = swap;
    }
}
