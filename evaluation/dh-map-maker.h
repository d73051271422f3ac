#pragma once
#include "dh-predictor.h"

G_BEGIN_DECLS

/* Who makes the maps of an evaluation in the predictor's place: a program that keeps maps, or has other work for the
 * predictor between two pictures. Called on the evaluating thread, with `data`. */
typedef struct
{
  /* A picture's maps will be fetched behind those begun before. Where its turn has come this may take as long as the
   * maps do. Where it is `ahead` of that only what can be made meanwhile is begun: FALSE without an error where it
   * cannot, and it is asked for once more. Errors as dh_predictor_run(). */
  gboolean (*begin) (const DhImage *image, guint maps, gboolean ahead, GCancellable *cancellable, gpointer data,
                     GError **error);
  /* The maps of the oldest. An error, and one of begin(), ends all that was begun. */
  DhPrediction *(*end) (gpointer data, GError **error);
  /* Between two pictures, where the next may be begun, and before each is added up. */
  void (*between) (GCancellable *cancellable, gpointer data);
  gpointer data;
} DhMapMaker;

G_END_DECLS
