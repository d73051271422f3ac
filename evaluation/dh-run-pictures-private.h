#pragma once
#include "dh-map-maker.h"
#include "dh-picture-seal-private.h"
#include "dh-run-record-private.h"
#include "dh-score-source-private.h"

G_BEGIN_DECLS

/* The pictures of a run on their way: read (or their maps are, of an earlier start or another source), computed, their
 * maps oriented and written, measured each by itself, and added up. Read, written and measured they are on threads of
 * their own, several at once; computed and added up on the caller's, in order, so that the sums have the same bits
 * whatever was done meanwhile. On a device that overlaps its runs the next is sent and computed while the one before
 * comes back. */
typedef struct
{
  guint index;
  const DhDatasetItem *item;     /* borrowed */
  DhLabels *anomalies, *classes; /* NULL: there are none, or they were not asked for */
  DhTensor *maps[DH_N_MAPS];     /* those asked for; high = anomalous (dh_evaluation_orient) */
  DhRunImageRow row;             /* size, seconds, where the score lies */
  gboolean resumed;              /* the maps are an earlier start's */
  DhPictureSeal seal;            /* where it was asked for */
  gpointer measured;             /* what `measure` leaves for `add` */
  gboolean reading;              /* while the error came up: see dh_run_record_is_of_image() */
  GError *error;                 /* NULL, or why it ends here; maps and `measured` are then undefined */
} DhRunPicture;

typedef struct
{
  DhRunRecord *record;
  DhPredictor *predictor;      /* NULL where nothing is computed: */
  const DhScoreSource *source; /* of the run's own score, read on the threads; NULL: the predictor */
  const DhMapMaker *maker;     /* NULL: the predictor alone */
  guint maps;                  /* DH_MAP_BIT(), each H×W */
  gboolean classes;            /* class labels are read as well */
  gboolean seals;              /* so that it can be told later whether maps and labels are still the same */
  guint threads;               /* 0: as many as the machine has use for */
  guint rankings;              /* that `measure` makes of a picture, about: for how many are on their way at once */
  gpointer data;
  /* Before a picture is computed; an error ends the run. */
  gboolean (*begin) (guint index, gpointer data, GError **error);
  /* A picture by itself: on any thread, several at once. May be NULL. An error is the picture's. */
  gboolean (*measure) (DhRunPicture *picture, gpointer data, GError **error);
  GDestroyNotify release; /* of `measured`; may be NULL where there is none */
  /* Each picture, in order, those with an error as well; may take from it what it likes. An error ends the run. */
  gboolean (*add) (DhRunPicture *picture, gpointer data, GError **error);
} DhRunPictures;

/* These pictures of the run's data set, in this order. Cancelled, or where computing fails for good, what was computed
 * before is still added. Nothing is under way when it returns. */
gboolean dh_run_pictures (const DhRunPictures *work, const guint *indices, guint n, GCancellable *cancellable,
                          GError **error);

G_END_DECLS
