#pragma once
#include "dh-place.h"
#include "dh-set-maps-private.h"

G_BEGIN_DECLS

/* The pooled numbers of a part of a set, exactly as densehybrid-pooled has them of the whole: all pixels of the part go
 * into one ranking. Filled by one thread; immutable once it is done. */
typedef struct
{
  GArray *members; /* guint: numbers of pictures in the set, ascending */
  DhPlace place;   /* what of them; DH_N_PLACES: all */
  gint class_id;   /* or what the network sees; −1: all */
  guint64 pixels;  /* that they have, about: how much memory it will take */
  gboolean done;
  guint64 n_anomaly, n_inlier;
  double ap, fpr95, auroc; /* fractions of 1; NaN where undefined */
  char *why;               /* why there are none; NULL where there are */
} DhSliceRank;

/* Reference counted (atomic). */
DhSliceRank *dh_slice_rank_new (void);
DhSliceRank *dh_slice_rank_ref (DhSliceRank *rank);
void dh_slice_rank_unref (gpointer rank);

/* Memory of the rankings that stand open at one time: further ones wait for another pass over the pictures. */
#define DH_SLICE_RANKS_BUDGET ((gsize)768 << 20)

/* How many readings of a picture dh_slice_ranks_measure() takes. */
guint dh_slice_ranks_count_readings (GPtrArray *ranks, gsize budget);

/* `reading` pictures were read, of as many as were counted; `rank`, where it is not NULL, is done with the last. */
typedef void (*DhSliceRankTold) (DhSliceRank *rank, guint reading, gpointer data);

/* Measures each of the array (DhSliceRank). A picture that cannot be read is the end of those that it belongs to, with
 * a `why`, and of them alone. Gives up where cancelled, and the rest is not done. Any thread but the window's. */
void dh_slice_ranks_measure (GPtrArray *ranks, DhSetMaps *maps, DhScore score, gsize budget, DhSliceRankTold told,
                             gpointer data, GCancellable *cancellable);

/* The pictures of all of these (GArray of guint, each ascending), ascending. */
GArray *dh_slice_ranks_unite (const GPtrArray *members);
/* A picture with its labels: without these its pixels would pass for inliers. NULL where it cannot be read, and then
 * there is a `why`, which is to be freed. */
DhFrame *dh_slice_ranks_load (DhSetMaps *maps, guint picture, DhScore score, char **why);

G_END_DECLS
