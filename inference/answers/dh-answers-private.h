#pragma once
#include "dh-answers-compare.h"

G_BEGIN_DECLS

typedef struct
{
  double scores, classes;
} DhAnswerBound;

/* Verdict and meaning of a comparison whose numbers are there. */
G_GNUC_INTERNAL void dh_answers_explain (const DhAnswers *recorded, const DhAnswers *found,
                                         DhAnswersComparison *comparison);

G_END_DECLS
