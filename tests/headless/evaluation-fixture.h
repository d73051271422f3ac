#pragma once
#include "dh-evaluation.h"

G_BEGIN_DECLS

/* A small data set in SMIYC's layout (picture 3 shows no anomaly), a tiny network, a database. */

/* The emulated card runs it all, too. */
#ifndef DH_TEST_DEVICE
#define DH_TEST_DEVICE "ref"
#endif

enum
{
  EVALUATION_IMAGES = 5,
  EVALUATION_WIDTH = 64,
  EVALUATION_HEIGHT = 48,
};

typedef struct
{
  char *folder, *root, *out;
  DhDataset *dataset;
  DhPredictor *predictor;
  DhDatabase *database;
  GPtrArray *protocols; /* four of pixels and components */
} EvaluationFixture;

void evaluation_set_up (EvaluationFixture *fixture, gconstpointer data);
void evaluation_tear_down (EvaluationFixture *fixture, gconstpointer data);
/* Picture and label `index`, anew; the label of this width. */
void evaluation_write_pair (const char *root, guint index, guint label_width);
/* Hybrid by all protocols, the maximal softmax beside it; one thread beside the device's. */
DhEvaluationOptions evaluation_options (EvaluationFixture *fixture);
const DhResult *evaluation_result (const DhEvaluation *evaluation, guint score, guint protocol);
/* For image_done: `cancellable` is cancelled once two pictures are committed. */
void evaluation_cancel_after_two (const DhRunImageRow *row, guint done, guint total, gpointer cancellable);

/* That `text` has what is written by a printf format. */
void evaluation_assert_has (const char *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

#define EVALUATION_TEST(path, data, function)                                                                          \
  g_test_add (path, EvaluationFixture, data, evaluation_set_up, function, evaluation_tear_down)

G_END_DECLS
