#pragma once
#include "dh-dataset.h"
#include "dh-reading.h"
#include "dh-session-private.h"

G_BEGIN_DECLS

/* What somebody wants opened, sorted out and read on a thread of its own. */
typedef struct
{
  char **paths; /* of any kind */
  gboolean any; /* look what they are */
  gboolean demo;
  guint first; /* by its number, where `image` is not among them; 0: the first in the list */
  char *image; /* the stem to show first; NULL */
  DhDataset *dataset;
  DhMarks *marks;
  char *marks_error;
  char *dataset_path;
  DhReading *reading;
  gboolean remembered; /* which was chosen at another time */
  char *forgotten;     /* why it does not fit any more */
  char **pictures;
  char *weights;
  char *view;   /* a saved view */
  char *scores; /* a folder of score maps */
  char *recording;
} DhOpening;

G_GNUC_INTERNAL void dh_opening_free (gpointer opening);
/* Any thread. */
G_GNUC_INTERNAL gboolean dh_opening_run (DhOpening *opening, GCancellable *cancellable, GError **error);

G_END_DECLS
