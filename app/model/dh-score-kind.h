#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The three scores that a threshold can be set on, in the order of the tuning panel. */
typedef enum
{
  DH_SCORE_HYBRID,            /* −ln p̂ + ln P(d_out); flagged if > threshold */
  DH_SCORE_LIKELIHOOD,        /* ln p̂(x); flagged if < threshold */
  DH_SCORE_DATASET_POSTERIOR, /* P(d_in|x); flagged if < threshold; shown on a logit axis */
  DH_N_SCORES,
} DhScore;

/* Maps of a frame, by the same numbers as the predictor's (checked where both are seen). */
typedef enum
{
  DH_FRAME_SEGMENTATION,
  DH_FRAME_LIKELIHOOD,
  DH_FRAME_DATASET_POSTERIOR,
  DH_FRAME_HYBRID,
  DH_FRAME_MAX_SOFTMAX,
  DH_FRAME_MAX_LOGIT,
  DH_FRAME_ENTROPY,
  DH_N_FRAME_MAPS,
  /* beside those of the network, the sides of a comparison that show another run's map: dh-run-map.h */
  DH_FRAME_RUN_A = DH_N_FRAME_MAPS,
  DH_FRAME_RUN_B,
  DH_N_SHOWN_MAPS,
} DhFrameMap;

/* "hybrid", "likelihood", "dataset_posterior": for files and settings. */
const char *dh_score_id (DhScore score);
gboolean dh_score_from_id (const char *id, DhScore *score);
/* Translated, for people. */
const char *dh_score_title (DhScore score);
DhFrameMap dh_score_map (DhScore score);
/* Whether a pixel is flagged above its threshold (hybrid) or below it. A NaN is never flagged. */
gboolean dh_score_flags_above (DhScore score);

/* Position on the slider's axis and back: the identity, but for the posterior the logit, clamped to ±DH_LOGIT_MAX. */
#define DH_LOGIT_MAX 13.815510557964274 /* P = 1e-6 */
double dh_score_to_axis (DhScore score, double value);
double dh_score_from_axis (DhScore score, double axis);

G_END_DECLS
