/* What a finished run found, once more from the maps that it wrote. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-numbers-folder-private.h"
#include "evaluation-fixture.h"

static void
count_rows (const DhRunImageRow *row, guint done, guint total, gpointer n)
{
  g_assert_nonnull (row->stem);
  g_assert_cmpuint (total, ==, EVALUATION_IMAGES);
  *(guint *)n += 1;
}

static DhEvaluation *
recall (EvaluationFixture *fixture, gint64 run, guint64 most_bytes, GError **error)
{
  DhEvaluationOptions options = evaluation_options (fixture);
  guint n = 0;
  options.predictor = NULL;
  options.folder = NULL;
  options.more_scores = 0;
  options.image_done = count_rows;
  options.data = &n;
  DhEvaluation *evaluation = dh_evaluation_recall (&options, run, 3, most_bytes, NULL, NULL, error);
  if (evaluation)
    g_assert_cmpuint (n, ==, EVALUATION_IMAGES);
  return evaluation;
}

static DhEvaluation *
run (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

static void
assert_same_number (double a, double b)
{
  g_assert_true (a == b || (isnan (a) && isnan (b)));
}

static void
assert_same (const DhEvaluation *a, const DhEvaluation *b)
{
  g_assert_cmpuint (a->images, ==, b->images);
  g_assert_cmpuint (a->left_out->len, ==, b->left_out->len);
  g_assert_cmpfloat (a->seconds, ==, b->seconds);
  g_assert_cmpuint (a->scores->len, ==, b->scores->len);
  for (guint s = 0; s < a->scores->len; s++)
    {
      const DhScoreEvaluation *of_a = &g_array_index (a->scores, DhScoreEvaluation, s),
                              *of_b = &g_array_index (b->scores, DhScoreEvaluation, s);
      g_assert_cmpstr (of_a->name, ==, of_b->name);
      g_assert_cmpuint (of_a->results->len, ==, of_b->results->len);
      for (guint p = 0; p < of_a->results->len; p++)
        {
          const DhResult *one = of_a->results->pdata[p], *other = of_b->results->pdata[p];
          assert_same_number (one->ap, other->ap);
          assert_same_number (one->auroc, other->auroc);
          assert_same_number (one->fpr95, other->fpr95);
          assert_same_number (one->best_f1_threshold, other->best_f1_threshold);
          g_assert_cmpint (one->positives, ==, other->positives);
          g_assert_true (!one->components == !other->components);
          if (one->components)
            assert_same_number (one->components->f1_mean, other->components->f1_mean);
        }
    }
}

/* The database as it is, but for what reading it may write. */
static char *
dump (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) runs = dh_database_list_runs (fixture->database, &error);
  g_assert_no_error (error);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < runs->len; i++)
    {
      const DhRunRow *row = runs->pdata[i];
      g_autoptr (GPtrArray) images = dh_database_list_run_images (fixture->database, row->id, &error);
      g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (fixture->database, row->id, &error);
      g_string_append_printf (text, "%d %s %s %s %s %d %d\n", (int)row->id, row->state, row->started, row->ended,
                              row->summary, (int)images->len, (int)protocols->len);
    }
  return g_string_free (text, FALSE);
}

static void
test_same (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) first = run (fixture);
  g_autofree char *before = dump (fixture);
  g_autofree char *folder = g_build_filename (fixture->out, "eval", NULL), *moved = g_strconcat (folder, "-", NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DhEvaluation) again = recall (fixture, first->run, 0, &error);
      g_assert_no_error (error);
      assert_same (again, first);
      g_assert_cmpint (again->run, ==, first->run);
      g_assert_cmpuint (again->resumed, ==, EVALUATION_IMAGES);
    }
  g_autofree char *after = dump (fixture);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpint (g_rename (folder, moved), ==, 0);
  g_assert_null (recall (fixture, first->run, 0, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS)); /* nor is it made anew */
}

/* Pictures that the run left out are left out again, for the same reason. */
static void
test_left_out (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  evaluation_write_pair (fixture->root, 1, EVALUATION_WIDTH - 1); /* a label that does not fit */
  g_autoptr (DhEvaluation) first = run (fixture);
  g_assert_cmpuint (first->left_out->len, ==, 1);
  g_autoptr (DhEvaluation) again = recall (fixture, first->run, 0, &error);
  g_assert_no_error (error);
  assert_same (again, first);
  const DhLeftOut *then = &g_array_index (first->left_out, DhLeftOut, 0),
                  *now = &g_array_index (again->left_out, DhLeftOut, 0);
  g_assert_cmpstr (now->stem, ==, then->stem);
  g_assert_cmpstr (now->why, ==, then->why);
}

static void
assert_refused (EvaluationFixture *fixture, gint64 id, guint64 most_bytes, DhError code, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (recall (fixture, id, most_bytes, &error));
  g_assert_error (error, DH_ERROR, code);
  evaluation_assert_has (error->message, "%s", word);
}

static void
test_gone (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) first = run (fixture);
  assert_refused (fixture, first->run + 5, 0, DH_ERROR_NOT_FOUND, "run");
  /* 5 pictures of 64×48 by 4 + 4 + 1 bytes, where they are to be read */
  g_autofree char *numbers = dh_numbers_folder_get_path (fixture->out, fixture->dataset);
  g_assert_cmpint (g_unlink (numbers), ==, 0);
  assert_refused (fixture, first->run, 138239, DH_ERROR_TOO_LARGE, "138");
  g_autoptr (DhEvaluation) fits = recall (fixture, first->run, 138240, &error);
  g_assert_no_error (error);

  g_autofree char *map = g_build_filename (fixture->out, "eval", "max_softmax", "validation2.npy", NULL);
  g_assert_cmpint (g_unlink (map), ==, 0);
  assert_refused (fixture, first->run, 0, DH_ERROR_NOT_FOUND, "validation2.npy");
  g_assert_false (g_file_test (map, G_FILE_TEST_EXISTS));

  DhEvaluationOptions other = evaluation_options (fixture);
  other.score = DH_MAP_MAX_LOGIT;
  g_autoptr (DhEvaluation) between = dh_evaluation_run (&other, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_refused (fixture, first->run, 0, DH_ERROR_NOT_FOUND, "another run");

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  other.image_done = evaluation_cancel_after_two;
  other.data = cancellable;
  g_assert_null (dh_evaluation_run (&other, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_refused (fixture, between->run + 1, 0, DH_ERROR_USAGE, "not done");
}

/* To so many bytes: what stands behind a PNG's end is not looked at. */
static void
pad (const char *path, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize length = 0;
  g_assert_true (g_file_get_contents (path, &bytes, &length, &error));
  g_assert_cmpuint (length, <=, size);
  bytes = g_realloc (bytes, size);
  memset (bytes + length, 0, size - length);
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, &error));
}

static void
test_other_labels (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *label = g_build_filename (fixture->root, "labels_masks", "validation2_labels_semantic.png", NULL);
  g_autofree char *other = g_build_filename (fixture->root, "labels_masks", "validation3_labels_semantic.png", NULL);
  pad (label, 3000);
  pad (other, 3000);
  g_autoptr (DhEvaluation) first = run (fixture);
  g_autofree char *bytes = NULL;
  gsize length = 0;
  g_assert_true (g_file_get_contents (other, &bytes, &length, &error));
  g_assert_true (g_file_set_contents (label, bytes, (gssize)length, &error));
  assert_refused (fixture, first->run, 0, DH_ERROR_MISMATCH, "validation2_labels_semantic.png");
  pad (label, 3001);
  assert_refused (fixture, first->run, 0, DH_ERROR_MISMATCH, "changed since");
}

static void
test_cancelled (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) first = run (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = evaluation_options (fixture);
  options.predictor = NULL;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_autofree char *before = dump (fixture);
  g_assert_null (dh_evaluation_recall (&options, first->run, 3, 0, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autofree char *after = dump (fixture);
  g_assert_cmpstr (after, ==, before);
}

/* Another run of the same in the same folder, which was to measure more and was stopped at once. */
static void
test_more_beside (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) first = run (fixture);
  g_autofree char *path = g_build_filename (fixture->out, "eval", "owner.txt", NULL), *owner = NULL;
  g_assert_true (g_file_get_contents (path, &owner, NULL, NULL));
  g_autofree char *more = g_strconcat (g_strchomp (owner), ",max_logit\n", NULL);
  g_assert_true (g_file_set_contents (path, more, -1, NULL));
  g_autoptr (DhEvaluation) again = recall (fixture, first->run, 0, &error);
  g_assert_no_error (error);
  assert_same (again, first);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/evaluation-recall/same", NULL, test_same);
  EVALUATION_TEST ("/evaluation-recall/left-out", NULL, test_left_out);
  EVALUATION_TEST ("/evaluation-recall/gone", NULL, test_gone);
  EVALUATION_TEST ("/evaluation-recall/other-labels", NULL, test_other_labels);
  EVALUATION_TEST ("/evaluation-recall/more-beside", NULL, test_more_beside);
  EVALUATION_TEST ("/evaluation-recall/cancelled", NULL, test_cancelled);
  return g_test_run ();
}
