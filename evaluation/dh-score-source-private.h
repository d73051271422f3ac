#pragma once
#include "dh-combined-scores.h"
#include "dh-imported-scores.h"

G_BEGIN_DECLS

/* Whose score maps a run measures where no network computes them: another method's, or what is made of other runs'. */
typedef struct
{
  const char *name; /* DH_SCORE_IMPORTED, DH_SCORE_COMBINED */
  /* A picture's map, float32 H×W, high = anomalous. Any thread. */
  DhTensor *(*load) (gconstpointer scores, guint index, GError **error);
  gconstpointer scores;
} DhScoreSource;

G_END_DECLS
