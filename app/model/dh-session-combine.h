#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* A run that is made of the score maps which others keep: their mean or another, blurred where that is asked for. In
 * the background and in the place of an import (dh-session-import.h: one at a time, its progress, how it is stopped,
 * the signal "import"); of what is open nothing is needed. For the window's thread; nothing blocks. */

typedef enum
{
  DH_COMBINED_MEAN,
  DH_COMBINED_MAX,
  DH_COMBINED_MIN,
  DH_COMBINED_SUM, /* each by its weight */
  DH_N_COMBINED,
} DhCombined;

/* To what scale each run's scores are brought before, over all pixels of the set. */
typedef enum
{
  DH_COMBINED_AS_THEY_ARE,
  DH_COMBINED_DEVIATION,
  DH_COMBINED_RANKS,
  DH_N_COMBINED_SCALES,
} DhCombinedScale;

typedef struct
{
  const gint64 *runs;
  guint n_runs;
  DhCombined how; /* of several */
  DhCombinedScale scale;
  const char *weights; /* of a sum: "0.7, 0.3" */
  double sigma;        /* of the blur, in pixels; 0: none */
} DhCombineOrder;

/* NULL, or why no run can be made of these, as a sentence without its stop. */
const char *dh_session_refuse_combining (const DhRun *const *runs, guint n_runs);
/* Whether their scores are of one scale as they are: one map of networks. */
gboolean dh_session_are_of_one_scale (const DhRun *const *runs, guint n_runs);
/* NULL, or what is wrong with the order; free with g_free. */
char *dh_session_refuse_order (const DhCombineOrder *order);

/* FALSE where a run or an import is under way already, or the order is refused. A message or "error" tells how it
 * ended. */
gboolean dh_session_combine_runs (DhSession *session, const DhCombineOrder *order, const char *name);
/* Whether a run is being made of this one's maps. */
gboolean dh_session_is_combining (DhSession *session, gint64 run);

G_END_DECLS
