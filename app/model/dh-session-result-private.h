#pragma once
#include "dh-evaluation-summary-private.h"
#include "dh-image-item.h"
#include "dh-session.h"
#include "dh-set-maps-private.h"

G_BEGIN_DECLS

/* All that the window has of an evaluation of the open set, whether it was computed or read again. Made on any thread,
 * taken on the window's. */
typedef struct
{
  DhEvaluationSummary *summary; /* NULL: there is none */
  DhScoreStats *stats;
  GHashTable *missed; /* stem → double *, pixels */
  DhSetMaps *maps;
} DhSessionResult;

/* Takes from the evaluation what it needs; its maps lie in `folder`. `ended` may be NULL: now. */
void dh_session_result_init (DhSessionResult *result, DhDataset *dataset, const char *folder, DhEvaluation *evaluation,
                             const char *device, const char *precision, GDateTime *ended);
void dh_session_result_clear (DhSessionResult *result);
/* It becomes the open set's. Pictures get their largest missed objects; their other metrics, and the list's order, are
 * the caller's. */
void dh_session_take_result (DhSession *session, DhSessionResult *result);
/* The metrics of a picture, as its row in the database says them. */
DhItemMetrics dh_item_metrics_of_row (const DhRunImageRow *row);

/* The protocols that the studio measures by; ended by NULL. */
extern const char *const dh_session_protocols[];
#define DH_SESSION_MOST_PROTOCOLS 16
/* Room for so many; how many there are. */
guint dh_session_list_protocols (const DhProtocol *protocols[DH_SESSION_MOST_PROTOCOLS]);

G_END_DECLS
