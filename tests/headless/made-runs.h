#pragma once
#include "evaluation-fixture.h"

G_BEGIN_DECLS

/* Runs of the evaluation fixture's data set that others are made of. */

enum
{
  MADE_PIXELS = EVALUATION_WIDTH * EVALUATION_HEIGHT,
};

/* Two networks' runs, each with the maximal softmax beside its own score. */
typedef struct
{
  EvaluationFixture *fixture;
  DhPredictor *second;
  char *outs[2];
  gint64 runs[2];
} MadeRuns;

void made_runs_init (MadeRuns *made, EvaluationFixture *fixture);
void made_runs_clear (MadeRuns *made);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MadeRuns, made_runs_clear)

/* A path in the fixture's folder. */
char *made_in (EvaluationFixture *fixture, const char *name);
char *made_map_path (const char *folder, const char *map, EvaluationFixture *fixture, guint index);
DhTensor *made_load (const char *folder, const char *map, EvaluationFixture *fixture, guint index);
/* A network's run of a set. */
gint64 made_evaluate (EvaluationFixture *fixture, DhPredictor *predictor, DhDataset *dataset, const char *folder);
/* Another method's maps as a run in the folder `name`. */
DhEvaluation *made_import (const MadeRuns *made, const char *folder, const char *name);

/* "@0,@1:max_softmax": the runs by their place; `weights` may be NULL. */
DhCombination *made_combination (const MadeRuns *made, const char *text, DhCombine how, DhStandard standard,
                                 const char *weights, double sigma);
DhCombinedScores *made_prepare (const MadeRuns *made, const DhCombination *combination, const char *method);
DhEvaluationOptions made_options (const MadeRuns *made, DhCombinedScores *scores, const char *folder);
DhEvaluation *made_measure (const MadeRuns *made, DhCombinedScores *scores, const char *folder);

G_END_DECLS
