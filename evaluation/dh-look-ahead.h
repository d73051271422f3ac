#pragma once
#include "dh-dataset.h"
#include "dh-predictor.h"

G_BEGIN_DECLS

/* The maps of a data set's pictures, one after the other: on a device that overlaps its runs the next picture is read,
 * sent and computed while the one before is. Where there is none it is dh_predictor_run() and nothing else. Nobody else
 * may use the predictor between the first picture and dh_look_ahead_clear(). */
typedef struct
{
  DhDataset *dataset;
  DhPredictor *predictor;
  DhImage *begun; /* NULL, or the picture under way: number `index` */
  guint index;
} DhLookAhead;

enum
{
  DH_NO_INDEX = G_MAXUINT,
};

/* Picture `index`; not read again where it is under way. Errors: those of reading it. */
DhImage *dh_look_ahead_load (DhLookAhead *ahead, guint index, GError **error);
/* The maps of `image`, which is picture `index`; `next` is the one that will be asked for afterwards, or DH_NO_INDEX.
 * What is wrong with `next` is said when it is its turn. Errors as dh_predictor_run(). */
DhPrediction *dh_look_ahead_take (DhLookAhead *ahead, guint index, const DhImage *image, guint next, guint maps,
                                  GCancellable *cancellable, GError **error);
/* Drops what is under way. */
void dh_look_ahead_clear (DhLookAhead *ahead);

G_END_DECLS
