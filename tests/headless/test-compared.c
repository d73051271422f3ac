/* The numbers of two sides against each other: the report's own, told apart where they are of different things, and
 * following either side's threshold. */
#include <math.h>
#include <string.h>
#include "dh-compared-numbers.h"
#include "dh-compared-pictures.h"
#include "dh-comparison.h"
#include "dh-database.h"
#include "dh-image.h"
#include "dh-records.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"
#include "tree.h"

static const gint both_runs[2] = { DH_FRAME_RUN_A, DH_FRAME_RUN_B };

static void
write_label (SessionFixture *fixture, guint index, guint8 value)
{
  guint8 labels[SESSION_WIDTH * SESSION_HEIGHT];
  memset (labels, value, sizeof labels);
  g_autofree char *name = g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", index);
  g_autofree char *path = tree_path (fixture->set, name);
  g_assert_true (dh_image_write_png (path, SESSION_WIDTH, SESSION_HEIGHT, 1, labels, NULL));
}

static gint64
evaluate_with (SessionFixture *fixture, const char *weights)
{
  DhSession *session = fixture->session;
  dh_session_open_weights (session, weights);
  session_wait_for (!dh_session_is_loading (session));
  session_wait_for (dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  return dh_session_get_evaluation (session)->run;
}

/* Run 0 of the hybrid score, run 1 of the closed network's likelihood; picture 2 shows no anomaly, picture 3 has no
 * label that counts. */
static void
evaluate_both (SessionFixture *fixture, gint64 runs[2])
{
  write_label (fixture, 2, 0);
  write_label (fixture, 3, 255);
  session_open_all (fixture);
  runs[1] = evaluate_with (fixture, fixture->closed);
  runs[0] = evaluate_with (fixture, fixture->weights);
}

static void
compare (DhSession *session, gint64 a, gint64 b)
{
  dh_session_compare_run (session, 0, a);
  dh_session_compare_run (session, 1, b);
  session_wait_for ((a == 0 || dh_session_get_run_details (session, 0) != NULL)
                    && (b == 0 || dh_session_get_run_details (session, 1) != NULL));
  session_wait_for ((a == 0 || dh_session_get_run_map (session, 0) != NULL)
                    && (b == 0 || dh_session_get_run_map (session, 1) != NULL));
}

static void
assert_same (double a, double b)
{
  g_assert_true (a == b || (isnan (a) && isnan (b)));
}

/* As the database's row, which is what the report writes. */
static void
assert_row (const DhComparedNumbers *numbers, guint side, gint64 run)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) rows = dh_database_list_run_protocols (database, run, &error);
  guint found = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunProtocolRow *row = rows->pdata[i];
      if (!g_str_equal (row->protocol, "densehybrid-pooled")
          || !g_str_equal (row->score, side == 0 ? "hybrid" : "likelihood"))
        continue;
      found++;
      assert_same (numbers->lines[DH_COMPARED_AP].value[side], row->ap);
      assert_same (numbers->lines[DH_COMPARED_FPR95].value[side], row->fpr95);
      assert_same (numbers->lines[DH_COMPARED_AUROC].value[side], row->auroc);
      g_assert_cmpfloat_with_epsilon (numbers->lines[DH_COMPARED_F1].value[side], row->best_f1, 1e-12);
      g_assert_true (isfinite (row->ap) && isfinite (row->best_f1));
    }
  g_assert_cmpuint (found, ==, 1);
}

static guint
count_done (DhSession *session)
{
  GListModel *list = dh_session_get_runs (session);
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (list, i);
      n += dh_run_item_get (item)->state == DH_RUN_ITEM_DONE;
    }
  return n;
}

static void
test_numbers (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gint64 runs[2];
  evaluate_both (fixture, runs);
  compare (session, runs[0], runs[1]);
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, both_runs);
  g_assert_cmpuint (numbers->differs->len, ==, 0);
  assert_row (numbers, 0, runs[0]);
  assert_row (numbers, 1, runs[1]);
  for (guint i = 0; i < DH_COMPARED_OPEN_MIOU; i++)
    {
      const DhComparedLine *line = &numbers->lines[i];
      g_assert_cmpfloat (line->change, ==, line->value[0] - line->value[1]);
      g_assert_null (line->why[0]);
    }
  /* Nobody measured it: no number, and why. */
  g_assert_true (isnan (numbers->lines[DH_COMPARED_OPEN_MIOU].value[0]));
  g_assert_true (isnan (numbers->lines[DH_COMPARED_OPEN_MIOU].change));
  g_assert_nonnull (numbers->lines[DH_COMPARED_OPEN_MIOU].why[0]);
  g_assert_true (numbers->same_rule && numbers->own[0] && numbers->own[1]);
  g_assert_cmpint (numbers->threshold[0]->rule, ==, DH_RULE_BEST_F1);
  g_assert_cmpstr (numbers->protocol[0], ==, numbers->protocol[1]);

  /* The list of runs has them as thresholds are set on the maps, a likelihood's not negated. It is being read when one
   * ends, as it was begun a moment ago, and is read once more. */
  session_wait_for (count_done (session) == 2);
  GListModel *list = dh_session_get_runs (session);
  guint found = 0;
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (list, i);
      for (guint side = 0; side < 2; side++)
        if (dh_run_item_get (item)->id == runs[side] && !dh_run_item_get (item)->training)
          {
            g_assert_cmpfloat_with_epsilon (dh_run_item_get (item)->best_f1_threshold, numbers->threshold[side]->value,
                                            1e-4);
            found++;
          }
    }
  g_assert_cmpuint (found, ==, 2);

  /* The network's own map of the same weights has the same numbers; one that nobody measured has none. */
  const gint mixed[2] = { DH_FRAME_RUN_A, DH_FRAME_HYBRID };
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  g_autoptr (DhComparedNumbers) same = dh_compared_numbers_new (session, mixed);
  g_assert_cmpuint (same->differs->len, ==, 0);
  for (guint i = 0; i < DH_COMPARED_OPEN_MIOU; i++)
    g_assert_cmpfloat_with_epsilon (same->lines[i].change, 0, 1e-12);
  const gint none[2] = { DH_FRAME_ENTROPY, -1 };
  g_autoptr (DhComparedNumbers) nothing = dh_compared_numbers_new (session, none);
  for (guint i = 0; i < DH_N_COMPARED; i++)
    for (guint side = 0; side < 2; side++)
      {
        g_assert_true (isnan (nothing->lines[i].value[side]) && isnan (nothing->lines[i].change));
        g_assert_nonnull (nothing->lines[i].why[side]);
      }
  g_assert_null (nothing->threshold[0]);
}

/* Moved by hand, by a rule, back; on both sides where it stands on both. */
static void
test_threshold (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gint64 runs[2];
  evaluate_both (fixture, runs);
  compare (session, runs[0], runs[1]);
  DhComparison *comparison = dh_session_get_comparison (session);
  const double best = dh_session_get_run_threshold (session, 0)->value;
  const double other = dh_session_get_run_threshold (session, 1)->value;
  const DhScoreStats *stats = dh_session_get_set_stats (session);
  g_assert_cmpuint (dh_score_stats_n_images (stats), ==, 4);
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    {
      /* As the network that made the run: the same point, the same counts. */
      g_assert_true (dh_session_choose_run_threshold (session, 0, rule));
      const DhThreshold *record = dh_session_get_run_threshold (session, 0);
      g_assert_cmpfloat (record->value, ==, dh_score_stats_choose (stats, DH_SCORE_HYBRID, rule));
      g_assert_cmpint (record->rule, ==, rule);
      g_assert_nonnull (record->source);
      DhCounts exact, stored;
      dh_score_stats_count (stats, DH_SCORE_HYBRID, record->value, &exact);
      g_assert_true (dh_run_curve_count (dh_session_get_run_details (session, 0)->curve, record->value, &stored));
      g_assert_cmpuint (stored.tp, ==, exact.tp);
      g_assert_cmpuint (stored.fp, ==, exact.fp);
      g_assert_cmpuint (stored.fn, ==, exact.fn);
      g_assert_cmpuint (stored.tn, ==, exact.tn);
      DhAlignment alignment;
      g_assert_true (dh_comparison_align (comparison, DH_FRAME_RUN_A, &alignment));
      g_assert_cmpfloat (alignment.zero, ==, record->value);
    }
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 0)->value, ==, best);
  dh_session_set_run_threshold (session, 0, best + 0.25);
  g_assert_cmpint (dh_session_get_run_threshold (session, 0)->rule, ==, DH_RULE_BY_HAND);
  dh_session_commit_run_threshold (session, 0);
  g_autoptr (DhComparedNumbers) moved = dh_compared_numbers_new (session, both_runs);
  g_assert_false (moved->same_rule || moved->own[0]);
  DhCounts exact;
  dh_score_stats_count (stats, DH_SCORE_HYBRID, best + 0.25, &exact);
  g_assert_cmpfloat_with_epsilon (moved->lines[DH_COMPARED_F1].value[0], dh_counts_f1 (&exact), 0.01);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, other);
  /* Swapped, it stays the run's; beside itself it is one. */
  compare (session, runs[1], runs[0]);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, best + 0.25);
  compare (session, runs[0], runs[0]);
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 0)->value, ==, best);
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, best);
  g_assert_true (dh_session_redo_threshold (session));
  g_assert_cmpfloat (dh_session_get_run_threshold (session, 1)->value, ==, best + 0.25);
  g_assert_true (dh_session_undo_threshold (session));
  dh_session_compare_run (session, 0, 0);
  g_assert_true (isnan (dh_session_get_run_threshold (session, 0)->value));
}

/* The run's map of the shown picture is counted as the network's is, exactly; likelihood flagged below. */
static void
test_stats (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gint64 runs[2];
  evaluate_both (fixture, runs);
  compare (session, runs[0], runs[1]);
  session_wait_for (dh_session_get_run_map (session, 0)->labelled && dh_session_get_run_map (session, 1)->labelled);
  session_wait_for (dh_score_stats_has (dh_session_get_stats (session), DH_SCORE_HYBRID));
  DhCounts of_run, of_network;
  const double threshold = dh_session_get_run_threshold (session, 0)->value;
  dh_score_stats_count (dh_session_get_run_map (session, 0)->stats, DH_SCORE_HYBRID, threshold, &of_run);
  dh_score_stats_count (dh_session_get_stats (session), DH_SCORE_HYBRID, threshold, &of_network);
  g_assert_true (of_run.labelled);
  g_assert_cmpuint (of_run.tp, ==, of_network.tp);
  g_assert_cmpuint (of_run.fp, ==, of_network.fp);
  g_assert_cmpuint (of_run.fn, ==, of_network.fn);
  /* The whole set is in the histogram, whatever its span, and more of it is flagged where the likelihood is higher. */
  const DhRunCurve *curve = dh_session_get_run_details (session, 1)->curve;
  guint64 inliers[20], anomalies[20], sum[2] = { 0 };
  double low, high;
  dh_session_get_run_axis (session, 1, &low, &high);
  g_assert_true (dh_run_curve_histogram (curve, low, high, 20, inliers, anomalies));
  for (guint i = 0; i < 20; i++)
    {
      sum[0] += inliers[i];
      sum[1] += anomalies[i];
    }
  DhCounts few, all;
  g_assert_true (dh_run_curve_count (curve, -1e9, &few));
  g_assert_true (dh_run_curve_count (curve, 1e9, &all));
  g_assert_cmpuint (few.flagged, ==, 0);
  g_assert_cmpuint (all.fp, ==, sum[0]);
  g_assert_cmpuint (all.tp, ==, sum[1]);
  g_assert_cmpuint (all.tp + all.fp, ==, all.pixels);
}

static void
test_pictures (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gint64 runs[2];
  evaluate_both (fixture, runs);
  compare (session, runs[0], runs[1]);
  const char *why;
  double first = NAN;
  for (guint order = 0; order < DH_N_ORDERS; order++)
    {
      g_autoptr (GPtrArray) pictures = dh_compared_pictures_list (session, both_runs, order, &why);
      g_assert_null (why);
      g_assert_cmpuint (pictures->len, ==, 4);
      double last = INFINITY;
      for (guint i = 0; i < 2; i++)
        {
          DhComparedPicture *picture = pictures->pdata[i];
          const double change = dh_compared_picture_get_change (picture);
          const double weight = order == DH_ORDER_GAIN ? change : order == DH_ORDER_LOSS ? -change : fabs (change);
          g_assert_true (isfinite (change));
          g_assert_null (dh_compared_picture_get_why (picture));
          if (order != DH_ORDER_NAME)
            g_assert_cmpfloat (weight, <=, last);
          last = weight;
          /* What the last evaluation wrote of it. */
          g_assert_cmpfloat (dh_compared_picture_get_ap (picture, 0), ==,
                             dh_image_item_get_metrics (dh_compared_picture_get_item (picture))->ap);
        }
      for (guint i = 2; i < 4; i++)
        {
          g_assert_true (isnan (dh_compared_picture_get_change (pictures->pdata[i])));
          g_assert_nonnull (dh_compared_picture_get_why (pictures->pdata[i]));
        }
      if (order == DH_ORDER_GAIN)
        first = dh_compared_picture_get_change (pictures->pdata[0]);
      if (order == DH_ORDER_LOSS)
        g_assert_cmpfloat (dh_compared_picture_get_change (pictures->pdata[1]), ==, first);
    }
  /* What has no AP of pictures says so. */
  const gint without[2] = { DH_FRAME_RUN_A, DH_FRAME_ENTROPY };
  g_autoptr (GPtrArray) nothing = dh_compared_pictures_list (session, without, DH_ORDER_GAIN, &why);
  g_assert_cmpuint (nothing->len, ==, 0);
  g_assert_nonnull (why);
  const gint mixed[2] = { DH_FRAME_RUN_A, DH_FRAME_HYBRID };
  g_autoptr (GPtrArray) same = dh_compared_pictures_list (session, mixed, DH_ORDER_GAIN, &why);
  g_assert_null (why);
  g_assert_cmpfloat (dh_compared_picture_get_change (same->pdata[0]), ==, 0);
}

/* Beside what is open: other numbers of other pixels are told, not subtracted; and a run that is not there. */
static void
test_differs (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  gint64 runs[2];
  evaluate_both (fixture, runs);
  /* The same set, with another label: other pixels count. */
  write_label (fixture, 3, 0);
  const gint64 before = runs[0];
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (!dh_session_is_opening (session));
  runs[0] = evaluate_with (fixture, fixture->weights);
  g_assert_cmpint (runs[0], !=, before);
  compare (session, runs[0], runs[1]);
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, both_runs);
  g_assert_cmpuint (numbers->differs->len, >, 0);
  g_assert_true (isfinite (numbers->lines[DH_COMPARED_AP].value[0]));
  g_assert_true (isfinite (numbers->lines[DH_COMPARED_AP].value[1]));
  for (guint i = 0; i < DH_N_COMPARED; i++)
    g_assert_true (isnan (numbers->lines[i].change));

  dh_session_compare_run (session, 0, 4711);
  session_wait_for (dh_session_get_run_details_error (session, 0) != NULL);
  g_autoptr (DhComparedNumbers) gone = dh_compared_numbers_new (session, both_runs);
  g_assert_true (isnan (gone->lines[DH_COMPARED_AP].value[0]));
  g_assert_true (isfinite (gone->lines[DH_COMPARED_AP].value[1]));
  g_assert_false (dh_session_choose_run_threshold (session, 0, DH_RULE_BEST_F1));
  const char *why;
  g_autoptr (GPtrArray) pictures = dh_compared_pictures_list (session, both_runs, DH_ORDER_GAIN, &why);
  g_assert_cmpuint (pictures->len, ==, 0);
  g_assert_nonnull (why);
}

/* A run beside `like`, as another program may have written it: by one protocol, with these bytes for a curve. */
static gint64
add_run (gint64 like, const char *protocol, const char *split, GBytes *curve)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRunRow) row = dh_database_get_run (database, like, &error);
  g_assert_no_error (error);
  DhRunRow copy = *row;
  copy.split = (char *)split;
  const gint64 run = dh_database_add_run (database, &copy, &error);
  g_assert_no_error (error);
  const DhRunProtocolRow numbers = { .score = row->score,
                                     .protocol = (char *)protocol,
                                     .ap = 0.5,
                                     .auroc = 0.75,
                                     .fpr95 = NAN,
                                     .threshold_tpr95 = NAN,
                                     .best_f1 = NAN,
                                     .best_f1_threshold = NAN,
                                     .pixels = 10,
                                     .positives = 5,
                                     .curve = curve };
  g_assert_true (dh_database_put_run_protocol (database, run, &numbers, &error));
  g_assert_true (dh_database_end_run (database, run, "done", NULL, "{\"open_miou\": \"none\"}", &error));
  g_assert_no_error (error);
  return run;
}

/* Other protocols, other splits, and bytes that are no curve: what is known is shown, and none of it is subtracted. */
static void
test_foreign (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 run = evaluate_with (fixture, fixture->weights);
  g_autoptr (GBytes) junk = g_bytes_new_static ("no curve at all", 15);
  const gint64 pooled = add_run (run, "densehybrid-pooled", "validation", junk);
  const gint64 other = add_run (run, "smiyc-pixel", "validation", NULL);
  const gint64 unknown = add_run (run, "of-tomorrow", "validation", NULL);
  const gint64 split = add_run (run, "densehybrid-pooled", "test", junk);
  const struct
  {
    gint64 a, b;
    gboolean told;
  } pairs[] = { { pooled, pooled, FALSE }, { pooled, other, TRUE }, { unknown, other, TRUE }, { pooled, split, TRUE } };
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      compare (session, pairs[i].a, pairs[i].b);
      g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, both_runs);
      g_assert_cmpuint (numbers->differs->len, ==, pairs[i].told ? 1 : 0);
      g_assert_cmpint (isnan (numbers->lines[DH_COMPARED_AP].change), ==, pairs[i].told);
      for (guint side = 0; side < 2; side++)
        {
          g_assert_cmpfloat (numbers->lines[DH_COMPARED_AP].value[side], ==, 0.5);
          g_assert_nonnull (numbers->protocol[side]);
          /* Undefined is no 0, and has a reason. */
          for (guint line = DH_COMPARED_PRECISION; line < DH_N_COMPARED; line++)
            {
              g_assert_true (isnan (numbers->lines[line].value[side]));
              g_assert_nonnull (numbers->lines[line].why[side]);
            }
          g_assert_true (isnan (numbers->lines[DH_COMPARED_FPR95].value[side]));
        }
      /* There is no rule to choose by; by hand it moves all the same. */
      g_assert_false (dh_session_can_choose_run_threshold (session, 0));
      for (guint rule = 0; rule < DH_N_RULES; rule++)
        g_assert_false (dh_session_choose_run_threshold (session, 0, rule));
      dh_session_set_run_threshold (session, 0, 1.5 + i);
      dh_session_commit_run_threshold (session, 0);
      g_assert_cmpfloat (dh_session_get_run_threshold (session, 0)->value, ==, 1.5 + i);
    }
  /* Beside the real run, whose pooled pixels are others. */
  compare (session, run, pooled);
  g_autoptr (DhComparedNumbers) pixels = dh_compared_numbers_new (session, both_runs);
  g_assert_cmpuint (pixels->differs->len, ==, 1);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/compared/numbers", test_numbers, NULL }, { "/compared/threshold", test_threshold, NULL },
    { "/compared/stats", test_stats, NULL },     { "/compared/pictures", test_pictures, NULL },
    { "/compared/differs", test_differs, NULL }, { "/compared/foreign", test_foreign, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
