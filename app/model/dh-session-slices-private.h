#pragma once
#include "dh-session-slices.h"
#include "dh-session-set-objects.h"
#include "dh-slice-pass-private.h"

G_BEGIN_DECLS

struct _DhSessionSlices
{
  GListStore *rows;        /* DhSlice */
  GHashTable *known;       /* key → DhSliceRank, of this evaluation */
  GHashTable *spreads;     /* key → Spread of the AP, likewise */
  DhSliceClasses *classes; /* likewise; NULL: not known yet, or there are none */
  gboolean wanted;
  DhSetObjects *counted; /* what the rows show; NULL: nothing */
  gboolean counted_old;
  DhSlicePass *pass;
  gboolean scanning; /* the pass looks for classes, and for nothing else */
  guint show_source;
};

/* The rows as they are now to be, DhSlice. */
GPtrArray *dh_session_list_slices (DhSession *session);
/* Which classes there are is not known, and can be found out: before all else, as rows and passes are planned by it. */
gboolean dh_session_has_unscanned_slices (DhSession *session);

/* What is drawn for the chance of slices: pictures of the set, or their scenes. `evaluated` (guint): those with
 * numbers. NULL where the set has no curve of the score. */
DhSliceDraws *dh_session_make_slice_draws (DhSession *session, DhScore score, const GArray *evaluated);

G_END_DECLS
