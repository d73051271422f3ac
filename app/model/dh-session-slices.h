#pragma once
#include "dh-session.h"
#include "dh-slice.h"

G_BEGIN_DECLS

/* The evaluated set in parts. What is pooled over the pixels of a part is measured on a thread of its own from the maps
 * that the evaluation wrote, once somebody wants to see it, and is kept for this evaluation; it is cancelled where set,
 * weights, evaluation or active score change. The signal "slices" tells of rows that came, went or are filled, and of
 * progress. For the window's thread; nothing blocks. */

/* DhSlice in their order; empty where nothing is wanted or the set is not evaluated with labels. Borrowed. */
GListModel *dh_session_get_slices (DhSession *session);
/* Of this evaluation; for another one it is asked again. */
void dh_session_want_slices (DhSession *session);
/* Of what score their numbers are: the active one, or the evaluation's where it has not measured that. */
DhScore dh_session_get_slices_score (DhSession *session);
/* Pictures read of all that are to be; `of` is 0 where nothing is under way. */
void dh_session_get_slices_progress (DhSession *session, guint *done, guint *of);
/* Why there are no classes among them, or some pictures are in none, translated; NULL where that is not so, or not
 * known yet. Free with g_free. */
char *dh_session_explain_classes (DhSession *session);

G_END_DECLS
