#pragma once
#include "dh-dataset.h"
#include "dh-predictor.h"

G_BEGIN_DECLS

/* Who makes the maps in the predictor's place: a program that keeps maps, or has other work for the predictor between
 * two pictures. Called on the evaluating thread, with `data`. */
typedef struct
{
  /* A picture's maps will be fetched behind those begun before. Where its turn has come this may take as long as the
   * maps do. Where it is `ahead` of that only what can be made meanwhile is begun: FALSE without an error where it
   * cannot, and it is asked for once more. Errors as dh_predictor_run(). */
  gboolean (*begin) (const DhImage *image, guint maps, gboolean ahead, GCancellable *cancellable, gpointer data,
                     GError **error);
  /* The maps of the oldest. An error, and one of begin(), ends all that was begun. */
  DhPrediction *(*end) (gpointer data, GError **error);
  /* Between two pictures, where the next may be begun. */
  void (*between) (GCancellable *cancellable, gpointer data);
  gpointer data;
} DhMapMaker;

/* The maps of a data set's pictures, one after the other: on a device that overlaps its runs the next picture is read,
 * sent and computed while the one before is. Where there is none it is dh_predictor_run() and nothing else. Nobody but
 * the maker may use the predictor between the first picture and dh_look_ahead_clear(). */
typedef struct
{
  DhDataset *dataset;
  DhPredictor *predictor;
  const DhMapMaker *maker; /* NULL: the predictor */
  DhImage *image;          /* NULL, or picture number `index`, read ahead of its turn */
  guint index;
  gboolean begun;      /* that one */
  DhPrediction *whole; /* of the picture whose turn it is, where it could not be begun; NULL between two */
} DhLookAhead;

enum
{
  DH_NO_INDEX = G_MAXUINT,
};

/* Picture `index`; not read again where it was read ahead. Errors: those of reading it. */
DhImage *dh_look_ahead_load (DhLookAhead *ahead, guint index, GError **error);
/* The maps of `image`, which is picture `index`; `next` is the one that will be asked for afterwards, or DH_NO_INDEX.
 * What is wrong with the file of `next` is said when it is its turn. Errors as dh_predictor_run(). */
DhPrediction *dh_look_ahead_take (DhLookAhead *ahead, guint index, const DhImage *image, guint next, guint maps,
                                  GCancellable *cancellable, GError **error);
/* Drops what is under way. */
void dh_look_ahead_clear (DhLookAhead *ahead);

G_END_DECLS
