#pragma once
#include "dh-evaluation.h"
#include "dh-first-look.h"
#include "dh-run-pictures-private.h"

G_BEGIN_DECLS

/* The first pictures of a run: whether what the network gives of them can be right. On the evaluating thread. */
typedef struct
{
  DhFirstLook *look; /* NULL: nobody asks, or it was told */
  DhEvaluationWarning warning;
  gpointer data;
} DhEarlyLook;

/* `classes` of the network, 0: another method's maps; `table` may be NULL; `warning` NULL: nobody asks. Where the set's
 * pictures are made worse a network may well know nothing, and nobody is told. */
void dh_early_look_init (DhEarlyLook *early, DhDataset *dataset, guint classes, const DhClassTable *table,
                         DhEvaluationWarning warning, gpointer data);
/* A picture without an error, in order; after the first few there is nothing to be done. */
void dh_early_look_add (DhEarlyLook *early, const DhRunPicture *picture);
/* There are no more. Clears it. */
void dh_early_look_end (DhEarlyLook *early);

G_END_DECLS
