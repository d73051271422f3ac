/* Labels that are drawn in a session: written when a picture is left, and followed by all that is told of the set. */
#include "dh-session-labels.h"
#include <glib/gstdio.h>
#include <string.h>
#include "dh-dataset.h"
#include "dh-session-evaluation.h"
#include "dh-session-files.h"
#include "dh-set-seen.h"
#include "session-fixture.h"
#include "tree.h"

enum
{
  PIXELS = SESSION_WIDTH * SESSION_HEIGHT,
};

static char *
copy_of (SessionFixture *fixture, guint i, const char *to)
{
  g_autofree char *name = g_strdup_printf ("set/dataset_AnomalyTrack/images/validation%u.png", i);
  g_autofree char *from = g_build_filename (fixture->root, name, NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (from, &bytes, &size, NULL));
  tree_bytes (fixture->root, to, bytes, size);
  return g_build_filename (fixture->root, to, NULL);
}

/* "own/0.png" … of a plain folder; or "own/images/0.png" …, the first two with masks of one anomaly of 100 pixels. */
static void
open_own (SessionFixture *fixture, gboolean masks)
{
  guint8 ids[PIXELS] = { 0 };
  memset (ids, 1, 100);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *to = g_strdup_printf (masks ? "own/images/%u.png" : "own/%u.png", i);
      g_autofree char *mask = g_strdup_printf ("own/masks/%u.png", i), *path = copy_of (fixture, i, to);
      if (masks && i < 2)
        tree_label (fixture->root, mask, SESSION_WIDTH, SESSION_HEIGHT, ids, PIXELS);
    }
  g_autofree char *own = g_build_filename (fixture->root, "own", NULL);
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, own);
  session_wait_for (!dh_session_is_opening (fixture->session) && !dh_session_is_loading (fixture->session)
                    && dh_session_get_current (fixture->session) != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

static gint64
anomalies_shown (DhSession *session)
{
  const DhScoreStats *stats = dh_session_get_stats (session);
  return stats != NULL && dh_score_stats_is_labelled (stats) ? (gint64)dh_score_stats_n_anomalies (stats) : -1;
}

static void
show (DhSession *session, const char *stem)
{
  DhImageList *list = dh_session_get_list (session);
  for (guint i = 0; i < dh_image_list_get_size (list); i++)
    if (g_str_equal (dh_image_item_get_stem (dh_image_list_get_item (list, i)), stem))
      dh_session_set_current (session, dh_image_list_get_item (list, i));
  g_assert_cmpstr (dh_image_item_get_stem (dh_session_get_current (session)), ==, stem);
}

static gboolean
shows (DhSession *session, const char *stem)
{
  DhImageItem *item = dh_session_get_current (session);
  return item != NULL && g_str_equal (dh_image_item_get_stem (item), stem);
}

/* A rectangle of so many pixels, from the upper left corner. */
static void
draw (DhSession *session, guint width, guint height, guint8 id)
{
  const DhLabelPoint points[4] = { { 0, 0 }, { width, 0 }, { width, height }, { 0, height } };
  session_wait_for (dh_session_get_label_edit (session) != NULL);
  g_assert_true (dh_label_edit_fill_polygon (dh_session_get_label_edit (session), points, 4, id));
  dh_session_tell_labels (session);
}

/* −1: there is no file. */
static gint
drawn_in_file (SessionFixture *fixture, const char *path)
{
  g_autofree char *whole = g_build_filename (fixture->root, path, NULL);
  g_autoptr (DhLabels) labels = dh_labels_load (whole, NULL);
  gint n = 0;
  for (gsize i = 0; labels != NULL && i < PIXELS; i++)
    n += labels->ids[i] == 1;
  return labels != NULL ? n : -1;
}

static void
count (DhSession *session, const char *text, guint *n)
{
  *n += 1;
}

static void
test_refused (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const guint before = fixture->messages;
  g_assert_false (dh_session_set_labelling (session, TRUE));
  session_open_all (fixture);
  g_assert_false (dh_session_set_labelling (session, TRUE));
  g_autofree char *why = dh_session_dup_labels_refusal (session);
  g_assert_nonnull (strstr (why, "published"));
  g_assert_cmpuint (fixture->messages, >=, before + 2);
  g_assert_false (dh_session_is_labelling (session));
  g_assert_null (dh_session_get_label_edit (session));

  g_autofree char *alone = copy_of (fixture, 0, "alone.png");
  const char *const pictures[] = { alone, NULL };
  dh_session_open_pictures (session, pictures);
  session_wait_for (!dh_session_is_opening (session));
  g_assert_false (dh_session_set_labelling (session, TRUE));
}

/* A folder of pictures becomes a labelled set by the first mask, and goes on being shown where it was. */
static void
test_folder (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint saved = 0;
  open_own (fixture, FALSE);
  g_signal_connect (session, "labels-saved", G_CALLBACK (count), &saved);
  show (session, "1");
  g_assert_true (dh_session_set_labelling (session, TRUE));
  g_assert_true (dh_session_is_labelling (session));
  session_wait_for (dh_session_get_label_edit (session) != NULL);
  g_assert_false (dh_session_has_anomaly_labels (session));
  show (session, "2"); /* nothing was drawn: nothing is written */
  show (session, "1");
  draw (session, 20, 10, 1);
  g_assert_true (dh_session_labels_are_unsaved (session));
  g_assert_true (dh_session_undo_labels (session));
  g_assert_false (dh_session_labels_are_unsaved (session));
  g_assert_true (dh_session_redo_labels (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/1.png"), ==, -1);
  show (session, "3");
  session_wait_for (saved == 1 && !dh_session_is_opening (session) && dh_session_has_anomaly_labels (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/1.png"), ==, 200);
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);
  session_wait_for (shows (session, "3"));
  g_assert_true (dh_session_is_labelling (session));
  draw (session, 5, 5, 1);
  show (session, "1");
  session_wait_for (saved == 2);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/3.png"), ==, 25);
  session_wait_for (anomalies_shown (session) == 200);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/2.png"), ==, -1);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* What was drawn first in a folder makes a labelled set of it, which is then measured, as was asked for. */
static void
test_measured (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, FALSE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 10, 1);
  dh_session_evaluate (session);
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_true (dh_session_has_anomaly_labels (session));
  g_assert_cmpuint (dh_image_item_get_metrics (dh_session_get_current (session))->n_anomaly, ==, 200);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* Such a folder is read again: nobody is brought back to where they were, and what was drawn can still be undone. */
static void
test_read_again (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, FALSE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 10, 1);
  draw (session, 5, 20, 1);
  dh_session_save_labels (session);
  session_wait_for (!dh_session_is_opening (session) && dh_session_has_anomaly_labels (session)
                    && dh_session_get_label_edit (session) != NULL);
  g_assert_false (dh_session_labels_are_unsaved (session));
  g_assert_true (dh_session_undo_labels (session));
  g_assert_true (dh_session_labels_are_unsaved (session));
  dh_session_save_labels (session);
  session_wait_for (drawn_in_file (fixture, "own/masks/0.png") == 200);
  session_wait_for (!dh_session_labels_are_unsaved (session));
  dh_session_reread (session);
  show (session, "3");
  session_wait_for (!dh_session_is_opening (session));
  g_assert_true (shows (session, "3"));
  g_assert_cmpstr (fixture->error, ==, NULL);
}

static void
draw_begun (DhSession *session, guint *n)
{
  if (*n > 0)
    draw (session, 7, 7, 1);
  *n += 1;
}

/* Whoever draws is asked to end before labels are written, however that comes about; not where they stay. */
static void
test_ending (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint n = 0;
  open_own (fixture, TRUE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  session_wait_for (dh_session_get_label_edit (session) != NULL);
  g_signal_connect (session, "labels-ending", G_CALLBACK (draw_begun), &n);
  dh_session_reread (session);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_label_edit (session) != NULL);
  g_assert_cmpuint (n, ==, 0);
  n = 1;
  show (session, "2");
  g_assert_cmpuint (n, ==, 2);
  session_wait_for (drawn_in_file (fixture, "own/masks/0.png") == 100 + 5 * 7);
  g_assert_true (dh_session_set_labelling (session, FALSE));
}

/* Frame, counts and objects have the new labels, and what was measured of the set is gone; it can be measured anew. */
static void
test_followed (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  session_wait_for (anomalies_shown (session) == 100);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_nonnull (dh_session_get_evaluation (session));
  g_assert_nonnull (dh_session_get_set_stats (session));
  DhImageItem *item = dh_session_get_current (session);
  g_assert_true (dh_image_item_get_metrics (item)->evaluated);
  const guint64 runs = dh_session_get_n_runs (session);

  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 40, 5, 1);
  dh_session_save_labels (session);
  session_wait_for (!dh_session_labels_are_unsaved (session));
  session_wait_for (anomalies_shown (session) == 224);
  g_assert_true (dh_session_get_current (session) == item);
  const guint8 *truth = g_bytes_get_data (dh_session_get_frame (session)->truth, NULL);
  g_assert_cmpuint (truth[4 * SESSION_WIDTH], ==, 1);
  g_assert_null (dh_session_get_evaluation (session));
  g_assert_null (dh_session_get_set_stats (session));
  g_assert_false (dh_image_item_get_metrics (item)->evaluated);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 224);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png~"), ==, 100);

  /* What is still being drawn is written before it is measured. */
  draw (session, 40, 5, 0);
  dh_session_evaluate (session);
  g_assert_false (dh_session_is_labelling (session));
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 24);
  g_assert_cmpuint (dh_image_item_get_metrics (item)->n_anomaly, ==, 24);
  g_assert_cmpuint (dh_session_get_n_runs (session), ==, runs); /* its maps are what they were */
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* An image without a mask that is saved without drawing has no anomaly. */
static void
test_empty (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  show (session, "2");
  g_assert_true (dh_session_set_labelling (session, TRUE));
  session_wait_for (dh_session_get_label_edit (session) != NULL);
  DhImageItem *item = dh_session_get_current (session);
  g_assert_false (dh_image_item_is_labelled (item));
  dh_session_save_labels (session);
  session_wait_for (dh_image_item_is_labelled (item));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/2.png"), ==, 0);
  dh_session_save_labels (session);
  g_assert_true (dh_session_set_labelling (session, FALSE));
  session_wait_for (anomalies_shown (session) == 0);
}

/* What cannot be written is told, kept, and written when it can be. */
static void
test_kept (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  g_autofree char *images = g_build_filename (fixture->root, "own/images", NULL);
  g_autofree char *away = g_build_filename (fixture->root, "own/away", NULL);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  g_assert_cmpint (g_rename (images, away), ==, 0);
  show (session, "1");
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "Ctrl+S"));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 100);
  g_assert_false (dh_session_flush_labels (session));
  g_assert_cmpint (g_rename (away, images), ==, 0);
  show (session, "0");
  session_wait_for (dh_session_get_label_edit (session) != NULL);
  g_assert_true (dh_session_labels_are_unsaved (session));
  g_assert_cmpuint (dh_label_edit_ids (dh_session_get_label_edit (session))[19 * SESSION_WIDTH], ==, 1);
  dh_session_save_labels (session);
  session_wait_for (!dh_session_labels_are_unsaved (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 460);

  /* A mask that another program has written since. */
  tree_label (fixture->root, "own/masks/0.png", SESSION_WIDTH, SESSION_HEIGHT, (const guint8[]){ 0, 1 }, 2);
  g_clear_pointer (&fixture->error, g_free);
  draw (session, 20, 20, 0);
  dh_session_save_labels (session);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "another program"));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, PIXELS / 2);
  g_assert_true (dh_session_undo_labels (session));
}

static void
test_reverted (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint saved = 0;
  open_own (fixture, TRUE);
  g_signal_connect (session, "labels-saved", G_CALLBACK (count), &saved);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  show (session, "3");
  draw (session, 3, 3, 1);
  session_wait_for (saved == 1);
  dh_session_revert_labels (session);
  session_wait_for (drawn_in_file (fixture, "own/masks/0.png") == 100);
  session_wait_for (!dh_session_is_opening (session) && saved == 2 && shows (session, "3"));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/3.png"), ==, 9);
  show (session, "0");
  session_wait_for (dh_session_get_label_edit (session) != NULL && anomalies_shown (session) == 100);
  g_assert_cmpuint (dh_label_edit_ids (dh_session_get_label_edit (session))[10 * SESSION_WIDTH], ==, 0);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* What was drawn since stays: nothing is taken back below it. */
static void
test_drawn_on (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  guint saved = 0;
  open_own (fixture, TRUE);
  g_signal_connect (session, "labels-saved", G_CALLBACK (count), &saved);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  show (session, "1");
  session_wait_for (saved == 1);
  show (session, "0");
  draw (session, 5, 20, 0);
  const guint before = fixture->messages;
  dh_session_revert_labels (session);
  g_assert_cmpuint (fixture->messages, ==, before + 1);
  g_assert_true (dh_session_labels_are_unsaved (session));
  dh_session_save_labels (session);
  session_wait_for (!dh_session_labels_are_unsaved (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 460 - 100);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* A mask that another program has changed: what was drawn is taken back by hand, and the file is read as it is. */
static void
test_changed (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  tree_label (fixture->root, "own/masks/0.png", SESSION_WIDTH, SESSION_HEIGHT, (const guint8[]){ 0, 1 }, 2);
  show (session, "1");
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "another program"));
  show (session, "0");
  g_assert_true (dh_session_undo_labels (session));
  dh_session_reread (session);
  session_wait_for (!dh_session_is_opening (session) && shows (session, "0")
                    && dh_session_get_label_edit (session) != NULL);
  const guint8 *ids = dh_label_edit_ids (dh_session_get_label_edit (session));
  g_assert_cmpmem (ids, 4, ((const guint8[]){ 0, 1, 0, 1 }), 4);
  g_clear_pointer (&fixture->error, g_free);
  draw (session, 1, 1, 1);
  dh_session_save_labels (session);
  session_wait_for (!dh_session_labels_are_unsaved (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, PIXELS / 2 + 1);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* A folder whose first mask is still being written when another set is opened. */
static void
test_elsewhere (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, FALSE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  dh_session_open_dataset (session, fixture->set);
  dh_session_save_labels (session);
  g_assert_true (dh_session_flush_labels (session));
  session_wait_for (!dh_session_is_opening (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 400);
  g_autofree char *why = dh_session_dup_labels_refusal (session);
  g_assert_nonnull (why);
  g_assert_nonnull (strstr (why, "published"));
}

/* What was to be measured is the set that was drawn on, not the one that is opened meanwhile. */
static void
test_other_unmeasured (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, FALSE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  dh_session_evaluate (session);
  g_assert_false (dh_session_is_evaluating (session));
  dh_session_open_dataset (session, fixture->set);
  g_assert_true (dh_session_flush_labels (session));
  session_wait_for (!dh_session_is_opening (session));
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 400);
  g_assert_false (dh_session_is_evaluating (session));
  /* Nor is it when that is read again. */
  dh_session_reread (session);
  session_wait_for (!dh_session_is_opening (session));
  g_assert_false (dh_session_is_evaluating (session));
}

/* Where the other one cannot be opened, it is measured after all. */
static void
test_other_refused (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *none = g_build_filename (fixture->root, "none", NULL);
  open_own (fixture, TRUE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 20, 20, 1);
  dh_session_evaluate (session);
  dh_session_open_dataset (session, none);
  g_assert_true (dh_session_flush_labels (session));
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_nonnull (fixture->error);
}

/* Neither the end of the program nor another set loses anything. */
static void
test_end (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, 30, 10, 1);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (!dh_session_is_opening (session) && drawn_in_file (fixture, "own/masks/0.png") == 340);
  session_wait_for (dh_session_explain_labels (session) != NULL);
  g_assert_null (dh_session_get_label_edit (session));
  g_autofree char *own = g_build_filename (fixture->root, "own", NULL);
  dh_session_open_dataset (session, own);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_label_edit (session) != NULL);
  draw (session, 64, 48, 0);
  draw (session, 2, 3, 1);
  dh_session_close (session);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, 6);
}

/* What is not measured is drawn and written like anything else, and ignored in what is shown and counted. */
static void
test_unmeasured (SessionFixture *fixture, gconstpointer data)
{
  static const double quarter[4] = { 0, 25 }; /* of the rows, at the bottom */
  const guint rows = SESSION_HEIGHT * 3 / 4;
  DhSession *session = fixture->session;
  open_own (fixture, TRUE);
  dh_session_leave_unmeasured (session, quarter, NULL);
  session_wait_for (!dh_session_is_opening (session) && anomalies_shown (session) == 100);
  g_assert_true (dh_session_set_labelling (session, TRUE));
  draw (session, SESSION_WIDTH, SESSION_HEIGHT, 1);
  dh_session_save_labels (session);
  session_wait_for (anomalies_shown (session) == rows * SESSION_WIDTH);
  const guint8 *truth = g_bytes_get_data (dh_session_get_frame (session)->truth, NULL);
  g_assert_cmpuint (truth[rows * SESSION_WIDTH - 1], ==, 1);
  g_assert_cmpuint (truth[rows * SESSION_WIDTH], ==, 255);
  g_assert_cmpint (drawn_in_file (fixture, "own/masks/0.png"), ==, PIXELS);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/labels/refused", test_refused, NULL },
    { "/labels/folder", test_folder, NULL },
    { "/labels/measured", test_measured, NULL },
    { "/labels/read-again", test_read_again, NULL },
    { "/labels/ending", test_ending, NULL },
    { "/labels/followed", test_followed, NULL },
    { "/labels/empty", test_empty, NULL },
    { "/labels/kept", test_kept, NULL },
    { "/labels/reverted", test_reverted, NULL },
    { "/labels/drawn-on", test_drawn_on, NULL },
    { "/labels/changed", test_changed, NULL },
    { "/labels/elsewhere", test_elsewhere, NULL },
    { "/labels/other-unmeasured", test_other_unmeasured, NULL },
    { "/labels/other-refused", test_other_refused, NULL },
    { "/labels/end", test_end, NULL },
    { "/labels/unmeasured", test_unmeasured, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
