#pragma once
#include "dh-answers.h"

G_BEGIN_DECLS

/* How far a map is off what was recorded. Differences are those of the grid's means and of the quantiles, as a share of
 * the map's range: of likelihood, max logit and hybrid score from the lowest 5 % to the highest 95 % of the recorded
 * pictures, of probabilities 1, of entropy ln K. */
typedef struct
{
  DhMap map;
  double off;      /* the largest; INFINITY where only one of the two has a number */
  double shift;    /* the mean of the cells', with its sign; NAN without any */
  double likeness; /* correlation of the cells of all pictures; NAN where either does not vary */
  double bound;    /* what the precisions of the two may be off */
  gboolean agrees;
} DhAnswerDifference;

typedef struct
{
  gboolean agrees; /* all of it */
  guint n_maps;
  DhAnswerDifference maps[DH_N_MAPS]; /* the score maps that both have, in their order */
  double classes_off;                 /* the largest share of a picture's pixels that must have changed their class */
  double classes_bound;
  gboolean classes_agree;
  char *verdict; /* in a sentence; owned */
  char *meaning; /* what such a difference usually comes from; NULL where all agrees; owned */
  char *note;    /* recorded of another file, device, precision, version; NULL; owned */
} DhAnswersComparison;

/* Errors: DH_ERROR_MISMATCH where they are of other networks or numbers of classes, or where a recorded picture, known
 * by its pixels, is not among those found. */
DhAnswersComparison *dh_answers_compare (const DhAnswers *recorded, const DhAnswers *found, GError **error);
void dh_answers_comparison_free (DhAnswersComparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhAnswersComparison, dh_answers_comparison_free)

G_END_DECLS
