/* Objects and false alarms of the evaluated set, against components at one threshold after another; a run beside it;
 * maps that are gone. */
#include "dh-session-false-alarms.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-components.h"
#include "dh-dataset.h"
#include "dh-image.h"
#include "dh-npy.h"
#include "dh-picture-components.h"
#include "dh-records.h"
#include "dh-run-map.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"
#include "tree.h"

enum
{
  N = SESSION_WIDTH * SESSION_HEIGHT,
  IMAGES = 4,
};

/* Of the last no pixel is labelled. */
static void
write_set (const char *root)
{
  guint8 rgb[3 * N], labels[N];
  for (guint i = 0; i < IMAGES; i++)
    {
      for (guint k = 0; k < 3 * N; k++)
        rgb[k] = (guint8)((k * 41 + i * 83) ^ (k >> 4));
      for (guint k = 0; k < N; k++)
        {
          const guint x = k % SESSION_WIDTH, y = k / SESSION_WIDTH;
          labels[k] = i == 3 || y < 3 ? 255 : (x > 8 && x < 20 + i && y > 10 && y < 30) || (x > 50 && y > 36) ? 1 : 0;
        }
      g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/validation%u.png", i);
      g_autofree char *label =
          g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", i);
      g_autofree char *image_path = tree_path (root, image), *label_path = tree_path (root, label);
      g_assert_true (dh_image_write_png (image_path, SESSION_WIDTH, SESSION_HEIGHT, 3, rgb, NULL));
      g_assert_true (dh_image_write_png (label_path, SESSION_WIDTH, SESSION_HEIGHT, 1, labels, NULL));
    }
}

static void
evaluate (SessionFixture *fixture)
{
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session));
  g_assert_cmpstr (fixture->error, ==, NULL);
}

static void
open_evaluated (SessionFixture *fixture)
{
  g_autofree char *root = g_build_filename (fixture->root, "alarms", NULL);
  write_set (root);
  dh_session_open_dataset (fixture->session, root);
  dh_session_open_weights (fixture->session, fixture->weights);
  session_wait_for (dh_session_can_evaluate (fixture->session));
  evaluate (fixture);
  g_object_set (dh_session_get_view (fixture->session), "alarm-area", "1", NULL);
}

static gboolean
at_rest (DhSession *session)
{
  guint done, of;
  dh_session_get_false_alarms_progress (session, &done, &of);
  return of == 0 && dh_session_get_false_alarms (session) != NULL;
}

static char *
dup_map_path (SessionFixture *fixture, const char *folder, guint index)
{
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, NULL);
  g_autoptr (DhRunRow) run = dh_database_get_run (database, dh_session_get_evaluation (fixture->session)->run, NULL);
  DhImageItem *item = dh_image_list_get_item (dh_session_get_list (fixture->session), index);
  g_autofree char *file = g_strconcat (dh_image_item_get_stem (item), ".npy", NULL);
  return g_build_filename (run->folder, "eval", folder, file, NULL);
}

/* At a threshold of what lies on disk, where high is anomalous. */
static void
assert_at (SessionFixture *fixture, const char *folder, double sign, double turned)
{
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (fixture->session);
  g_autofree char *root = g_build_filename (fixture->root, "alarms", NULL);
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, NULL, NULL, NULL, NULL);
  guint objects = 0, found = 0, n_alarms = 0;
  for (guint i = 0; i < IMAGES - 1; i++)
    {
      g_autofree char *path = dup_map_path (fixture, folder, i);
      g_autoptr (DhTensor) map = dh_npy_load (path, NULL);
      g_autoptr (DhLabels) labels = NULL;
      guint8 mask[N];
      g_assert_true (dh_dataset_load_labels (dataset, i, &labels, NULL, NULL));
      for (guint k = 0; k < N; k++)
        mask[k] = dh_tensor_f32 (map)[k] > turned;
      const DhComponentOptions options = { dh_session_get_alarm_area (fixture->session), DH_PICTURE_MIN_ANOMALY, 0.25 };
      const DhComponentOptions all = { 1, DH_PICTURE_MIN_ANOMALY, 0.25 };
      g_autoptr (DhComponents) large =
          dh_components_match (mask, labels->ids, SESSION_WIDTH, SESSION_HEIGHT, &options, NULL);
      g_autoptr (DhComponents) each =
          dh_components_match (mask, labels->ids, SESSION_WIDTH, SESSION_HEIGHT, &all, NULL);
      for (guint c = 0; c < large->n_predictions; c++)
        n_alarms += large->items[large->n_anomalies + c].overlap == 0;
      objects += each->n_anomalies;
      for (guint c = 0; c < each->n_anomalies; c++)
        found += 4 * each->items[c].overlap >= each->items[c].area;
    }
  DhFalseAlarmsPoint point;
  dh_false_alarms_at (alarms, sign * turned, &point);
  g_assert_cmpuint (objects, >, 3);
  g_assert_cmpuint (dh_false_alarms_count_objects (alarms), ==, objects);
  g_assert_cmpfloat_with_epsilon (point.found, (double)found / objects, 1e-12);
  g_assert_cmpfloat_with_epsilon (point.rate, (double)n_alarms / (IMAGES - 1), 1e-12);
  g_assert_cmpfloat (point.most, >=, point.rate);
}

static void
assert_counted (SessionFixture *fixture, const char *folder, double sign)
{
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (fixture->session);
  g_assert_cmpstr (dh_false_alarms_get_why (alarms), ==, NULL);
  g_assert_cmpuint (dh_false_alarms_count_images (alarms), ==, IMAGES - 1);
  g_autofree char *path = dup_map_path (fixture, folder, 1);
  g_autoptr (DhTensor) map = dh_npy_load (path, NULL);
  for (guint k = 0; k < N; k += 97)
    {
      assert_at (fixture, folder, sign, dh_tensor_f32 (map)[k]);
      assert_at (fixture, folder, sign, dh_tensor_f32 (map)[k] + 1e-9);
    }
  for (guint i = 0; i < 3; i++)
    {
      static const double rates[] = { 0.4, 2, 30 };
      DhFalseAlarmsPoint point, there;
      dh_false_alarms_at_rate (alarms, rates[i], &point);
      if (isnan (point.threshold))
        continue;
      g_assert_cmpfloat (point.most, <=, rates[i]);
      dh_false_alarms_at (alarms, point.threshold, &there);
      g_assert_cmpfloat (there.found, ==, point.found);
      g_assert_cmpfloat (there.rate, ==, point.rate);
    }
}

static void
test_numbers (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  /* nothing is counted before somebody looks */
  g_assert_null (dh_session_get_false_alarms (session));
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  assert_counted (fixture, "scores", 1);
  /* a threshold that moves counts nothing anew */
  const DhFalseAlarms *first = dh_session_get_false_alarms (session);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1.5);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_true (at_rest (session) && dh_session_get_false_alarms (session) == first);
  /* another size does, and the first one's numbers are kept */
  g_object_set (dh_session_get_view (session), "alarm-area", "10", NULL);
  g_assert_null (dh_session_get_false_alarms (session));
  session_wait_for (at_rest (session));
  assert_counted (fixture, "scores", 1);
  g_object_set (dh_session_get_view (session), "alarm-area", "1", NULL);
  g_assert_true (at_rest (session) && dh_session_get_false_alarms (session) == first);
  /* of a score of which low is anomalous the map lies turned round */
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  session_wait_for (at_rest (session));
  assert_counted (fixture, "likelihood", -1);
  dh_session_set_active_score (session, DH_SCORE_DATASET_POSTERIOR);
  /* another set takes all along, also while it is counted */
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_session_get_evaluation (session) == NULL);
  g_assert_null (dh_session_get_false_alarms (session));
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
}

/* What a threshold was chosen on goes along with it: used on the same set it is a leak. */
static void
test_chosen (SessionFixture *fixture, gconstpointer data)
{
  static const DhRule rules[] = { DH_RULE_FALSE_ALARMS_ONE, DH_RULE_FALSE_ALARMS_TEN };
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  g_assert_false (dh_session_choose_by_false_alarms (session, DH_RULE_FALSE_ALARMS_TEN));
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      DhFalseAlarmsPoint point;
      dh_false_alarms_at_rate (dh_session_get_false_alarms (session), i == 0 ? 1 : 10, &point);
      g_assert_cmpint (dh_session_choose_by_false_alarms (session, rules[i]), ==, isfinite (point.threshold));
      if (!isfinite (point.threshold))
        continue;
      const DhThreshold *record = dh_session_get_threshold (session, DH_SCORE_HYBRID);
      g_assert_cmpfloat (record->value, ==, point.threshold);
      g_assert_cmpint (record->rule, ==, rules[i]);
      g_assert_cmpuint (record->n_images, ==, IMAGES - 1);
      g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
      g_assert_cmpuint (record->area, ==, dh_session_get_alarm_area (session));
      g_autofree char *rule = dh_threshold_dup_rule (record);
      g_assert_cmpstr (rule, ==,
                       i == 0 ? "At most 1 false alarm an image, of 1 pixel or more"
                              : "At most 10 false alarms an image, of 1 pixel or more");
      DhThreshold back = { 0 };
      g_autofree char *text = dh_threshold_to_string (record);
      g_assert_true (dh_threshold_from_string (text, &back));
      g_assert_true (dh_threshold_equal (&back, record));
      dh_threshold_clear (&back);
    }
  g_assert_cmpint (dh_session_get_threshold (session, DH_SCORE_HYBRID)->rule, ==, DH_RULE_FALSE_ALARMS_TEN);
  dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1);
  g_assert_cmpuint (dh_session_get_threshold (session, DH_SCORE_HYBRID)->area, ==, 0);
}

/* Maps that were gone and have come back are counted as soon as somebody looks again. */
static void
test_gone (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  g_autofree char *map = dup_map_path (fixture, "scores", 0), *folder = g_path_get_dirname (map);
  g_autofree char *aside = g_strconcat (folder, ".aside", NULL);
  g_assert_cmpint (g_rename (folder, aside), ==, 0);
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  g_assert_cmpuint (dh_false_alarms_count_images (dh_session_get_false_alarms (session)), ==, 0);
  g_assert_nonnull (dh_false_alarms_get_why (dh_session_get_false_alarms (session)));
  g_assert_cmpint (g_rename (aside, folder), ==, 0);
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  assert_counted (fixture, "scores", 1);
}

/* A finished run stands beside the evaluation where it is compared. */
static void
test_run (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  const gint64 first = dh_session_get_evaluation (session)->run;
  const DhFalseAlarms *others;
  evaluate (fixture);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, !=, first);
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  g_assert_null (dh_session_get_false_alarms_run (session, 0, &others));
  g_assert_null (others);
  dh_session_compare_run (session, 1, first);
  session_wait_for (dh_session_get_false_alarms_run (session, 1, &others) != NULL && others != NULL);
  g_assert_cmpint (dh_session_get_false_alarms_run (session, 1, &others)->id, ==, first);
  const DhFalseAlarms *own = dh_session_get_false_alarms (session);
  DhFalseAlarmsPoint a, b;
  dh_false_alarms_at_rate (own, 2, &a);
  dh_false_alarms_at_rate (others, 2, &b);
  g_assert_cmpuint (dh_false_alarms_count_objects (others), ==, dh_false_alarms_count_objects (own));
  g_assert_cmpfloat (a.found, ==, b.found);
  /* the run of the evaluation itself is no other one */
  dh_session_compare_run (session, 0, dh_session_get_evaluation (session)->run);
  g_assert_null (dh_session_get_false_alarms_run (session, 0, &others));
}

static void
test_unread (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  g_autofree char *gone = dup_map_path (fixture, "scores", 0), *broken = dup_map_path (fixture, "scores", 2);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_true (g_file_set_contents (broken, "\x93NUMPY", 6, NULL));
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (session);
  g_assert_cmpuint (dh_false_alarms_count_images (alarms), ==, 1);
  g_assert_nonnull (strstr (dh_false_alarms_get_why (alarms), "Without 2 images, the first: "));
  g_assert_nonnull (strstr (dh_false_alarms_get_why (alarms), "validation0"));
}

/* Of a run beside it that is of other images, or cannot be counted, that is said. Both have the same maps. */
static void
test_doubt (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const DhFalseAlarms *others;
  open_evaluated (fixture);
  const gint64 first = dh_session_get_evaluation (session)->run;
  evaluate (fixture);
  g_autofree char *map = dup_map_path (fixture, "scores", 0), *aside = g_strconcat (map, ".aside", NULL);
  dh_session_want_false_alarms (session);
  session_wait_for (at_rest (session));
  dh_session_compare_run (session, 0, first);
  session_wait_for (dh_session_get_false_alarms_run (session, 0, &others) != NULL && others != NULL);
  g_assert_null (dh_session_dup_false_alarms_doubt (session, 0));
  g_assert_null (dh_session_dup_false_alarms_doubt (session, 1));
  /* the evaluation is counted without an image, the run with it */
  dh_session_compare_run (session, 0, 0);
  g_assert_cmpint (g_rename (map, aside), ==, 0);
  g_object_set (dh_session_get_view (session), "alarm-area", "10", NULL);
  session_wait_for (at_rest (session));
  g_assert_cmpint (g_rename (aside, map), ==, 0);
  dh_session_compare_run (session, 0, first);
  session_wait_for (dh_session_get_false_alarms_run (session, 0, &others) != NULL && others != NULL);
  g_autofree char *other = dh_session_dup_false_alarms_doubt (session, 0);
  g_assert_nonnull (strstr (other, "is of other images: 3 images with"));
  /* no map, no curve */
  dh_session_compare_run (session, 0, 0);
  g_assert_cmpint (g_unlink (map), ==, 0);
  g_object_set (dh_session_get_view (session), "alarm-area", "50", NULL);
  session_wait_for (at_rest (session));
  dh_session_compare_run (session, 0, first);
  session_wait_for (dh_session_get_false_alarms_run (session, 0, &others) != NULL && others != NULL);
  g_assert_false (dh_false_alarms_has_curve (others));
  g_autofree char *why = dh_session_dup_false_alarms_doubt (session, 0);
  g_assert_nonnull (strstr (why, "cannot be counted"));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session-false-alarms/numbers", test_numbers, NULL }, { "/session-false-alarms/chosen", test_chosen, NULL },
    { "/session-false-alarms/gone", test_gone, NULL },       { "/session-false-alarms/run", test_run, NULL },
    { "/session-false-alarms/unread", test_unread, NULL },   { "/session-false-alarms/doubt", test_doubt, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
