#pragma once
#include "dh-run-map.h"

G_BEGIN_DECLS

/* A map of the shown picture that the user keeps with its threshold, to compare it with what comes after: another
 * threshold of the same map, another network, another checkpoint. There is one at most. It stands in a comparison where
 * a run may stand, under the number DH_KEPT_RUN and the name DH_KEPT_NAME (of "compare-a" and "compare-b"), so that
 * panes, probe and difference know it as one: its map of the shown picture is a DhRunMap, its threshold that of
 * dh_session_get_run_threshold(), which cannot be moved there.
 *
 * On the picture that it was kept of it is what was kept. Of another picture it is that map of the network with the
 * kept threshold: the frame's while the network is loaded that made it, else what the cache on disk has of that
 * network; where that is nothing, of a run, and where pictures were seen worse then, or better (dh-degradation.h),
 * there is only the picture that was kept, which is said. With another data set no pane shows it any more; when the set
 * is opened again it is there to be chosen, until it is let go of (dh-kept-file.c), and where the program ended with it
 * in a comparison, the next start begins with that one. For the window's thread. */
#define DH_KEPT_RUN G_GINT64_CONSTANT (-1)
#define DH_KEPT_NAME "kept"

typedef struct
{
  DhFrameMap kind;
  gint64 run;                        /* whose map it is; 0: the network's */
  char *model;                       /* the network's title; NULL of a run */
  char *sha256, *device, *precision; /* of what made it; NULL of a run */
  char *stem, *name;                 /* of the picture */
  char *seen;                        /* how it was, "fog:3" (dh-seen.h); NULL: as it is */
  guint width, height;
  GBytes *values;
  guint64 non_finite;
  gboolean imported;
  double low, high, inlier_median; /* as in DhRunMap */
  DhThreshold threshold;           /* its value is NaN where the map has none */
  char *before[2];                 /* what the sides go back to: "likelihood" */
  char *layout;                    /* and the panes; NULL: they were a comparison */
} DhKeptMap;

/* Of the shown picture, in the place of what was kept. FALSE where it has no such map, or that is what is kept. */
gboolean dh_session_keep_map (DhSession *session, DhFrameMap map);
/* The sides that it stood on go back to what was there before, and the panes, where it brought them to a comparison,
 * to their layout. FALSE where nothing is kept. */
gboolean dh_session_release_kept_map (DhSession *session);
/* Borrowed; NULL: nothing is kept. */
const DhKeptMap *dh_session_get_kept_map (DhSession *session);
/* Whether the network that is loaded made it, of pictures as they are seen now: then the numbers of the set are its as
 * well. */
gboolean dh_session_made_kept_map (DhSession *session);
/* Where the view names a kept map and there is none, after it was read from a file, sides go back as well. */
void dh_session_settle_kept_map (DhSession *session);

G_END_DECLS
