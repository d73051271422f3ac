/* Finds of the set: a list of what is flagged in its images, with labels or without, and what is said of them. */
#include "dh-found-list.h"
#include <stdio.h>
#include <string.h>
#include "dh-session-evaluation.h"
#include "dh-session-finds.h"
#include "dh-session-set-objects.h"
#include "session-fixture.h"

#define N_IMAGES 4

static void
set_view (SessionFixture *fixture, const char *property, const char *value)
{
  g_object_set (dh_session_get_view (fixture->session), property, value, NULL);
}

static void
open_pictures (SessionFixture *fixture)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/dataset_AnomalyTrack/images/validation%u.png", fixture->set, i);
      g_strv_builder_add (builder, path);
    }
  g_auto (GStrv) paths = g_strv_builder_end (builder);
  set_view (fixture, "finds-order", "score");
  set_view (fixture, "finds-least", "500");
  set_view (fixture, "finds-shown", "all");
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_pictures (fixture->session, (const char *const *)paths);
  session_wait_for (dh_session_get_stats (fixture->session) != NULL
                    && dh_session_get_model_info (fixture->session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
}

/* The same as a folder of one's own, without the labels. */
static void
open_folder (SessionFixture *fixture)
{
  g_autofree char *folder = g_build_filename (fixture->root, "own", NULL);
  g_mkdir_with_parents (folder, 0755);
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.png", i);
      g_autofree char *from = g_strdup_printf ("%s/dataset_AnomalyTrack/images/validation%u.png", fixture->set, i);
      g_autoptr (GFile) picture = g_file_new_for_path (from), copy = g_file_new_build_filename (folder, name, NULL);
      g_assert_true (g_file_copy (picture, copy, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, NULL));
    }
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, folder);
  session_wait_for (dh_session_get_stats (fixture->session) != NULL
                    && dh_session_get_model_info (fixture->session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
}

static void
evaluate (SessionFixture *fixture)
{
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session));
  g_assert_null (fixture->error);
}

/* At a threshold that flags every pixel, or none. */
static void
flag (SessionFixture *fixture, gboolean all)
{
  const double threshold = all ? -1e6 : 1e6;
  dh_session_set_active_score (fixture->session, DH_SCORE_HYBRID);
  dh_session_set_threshold (fixture->session, DH_SCORE_HYBRID, threshold);
  dh_session_commit_threshold (fixture->session, DH_SCORE_HYBRID);
  session_wait_for (dh_session_get_set_objects (fixture->session) != NULL
                    && !dh_session_set_objects_are_old (fixture->session));
}

static guint
count (DhFoundList *list)
{
  return g_list_model_get_n_items (G_LIST_MODEL (list));
}

static DhFoundItem *
item_at (DhFoundList *list, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (list), position);
}

static void
start_again (SessionFixture *fixture)
{
  dh_session_close (fixture->session);
  g_object_unref (fixture->session);
  fixture->session = dh_session_new ();
}

/* Without labels, too; until there are maps it is said what is missing. */
static void
test_listed (SessionFixture *fixture, gconstpointer data)
{
  open_pictures (fixture);
  g_autoptr (DhFoundList) list = dh_found_list_new (fixture->session);
  g_autofree char *before = dh_session_explain_finds (fixture->session);
  g_assert_nonnull (before);
  g_assert_true (dh_session_lacks_maps (fixture->session));
  g_assert_cmpuint (count (list), ==, 0);

  evaluate (fixture);
  g_assert_false (dh_session_lacks_maps (fixture->session));
  flag (fixture, TRUE);
  g_assert_null (dh_session_explain_finds (fixture->session));
  g_assert_cmpuint (count (list), ==, N_IMAGES);
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autoptr (DhFoundItem) item = item_at (list, i), again = item_at (list, i);
      const DhPictureObject *object = dh_found_item_get_object (item);
      g_assert_true (item == again);
      g_assert_cmpuint (object->kind, ==, DH_OBJECT_FLAGGED);
      g_assert_cmpuint (object->area, ==, SESSION_WIDTH * SESSION_HEIGHT);
      g_assert_cmpint (dh_found_list_find (list, item), ==, (gint)i);
      if (i == 0)
        continue;
      g_autoptr (DhFoundItem) earlier = item_at (list, i - 1);
      g_assert_cmpfloat (dh_found_item_get_object (earlier)->peak, >=, object->peak);
    }
  set_view (fixture, "finds-order", "image");
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autoptr (DhFoundItem) item = item_at (list, i);
      g_assert_cmpuint (dh_image_item_get_index (dh_found_item_get_image (item)), ==, i);
    }
  set_view (fixture, "finds-least", "5000");
  g_assert_cmpuint (count (list), ==, 0);
  g_assert_cmpuint (dh_found_list_count (list), ==, N_IMAGES);
  flag (fixture, FALSE);
  g_assert_cmpuint (dh_found_list_count (list), ==, 0);
}

/* What was said of a find is there at the next start, keeps its row until the list is made anew, and is filtered by. */
static void
test_marked (SessionFixture *fixture, gconstpointer data)
{
  open_pictures (fixture);
  evaluate (fixture);
  flag (fixture, TRUE);
  g_autoptr (DhFoundList) list = dh_found_list_new (fixture->session);
  set_view (fixture, "finds-order", "image");
  set_view (fixture, "finds-shown", "open");
  dh_found_list_mark (list, 1, DH_FIND_REAL);
  dh_found_list_mark (list, 2, DH_FIND_REAL);
  dh_found_list_mark (list, 2, DH_FIND_FALSE);
  dh_found_list_mark (list, 3, DH_FIND_SEEN);
  g_assert_cmpuint (count (list), ==, N_IMAGES);
  g_autoptr (DhFoundItem) wrong = item_at (list, 2);
  g_assert_cmpuint (dh_found_item_get_mark (wrong), ==, DH_FIND_FALSE);
  set_view (fixture, "finds-shown", "false");
  g_assert_cmpint (dh_found_list_find (list, wrong), ==, 0);
  g_assert_cmpuint (count (list), ==, 1);
  g_clear_object (&list);

  start_again (fixture);
  open_pictures (fixture);
  list = dh_found_list_new (fixture->session);
  evaluate (fixture);
  flag (fixture, TRUE);
  set_view (fixture, "finds-shown", "open");
  session_wait_for (count (list) == 2); /* the marks are read on a thread */
  set_view (fixture, "finds-shown", "real");
  g_assert_cmpuint (count (list), ==, 1);
  g_autoptr (DhFoundItem) real = item_at (list, 0);
  g_assert_cmpuint (dh_image_item_get_index (dh_found_item_get_image (real)), ==, 1);
}

/* Where it cannot be kept that is said, and it is of this session alone. */
static void
test_unwritable (SessionFixture *fixture, gconstpointer data)
{
  open_pictures (fixture);
  evaluate (fixture);
  flag (fixture, TRUE);
  g_autoptr (DhFoundList) list = dh_found_list_new (fixture->session);
  g_autofree char *path = g_build_filename (g_get_user_data_dir (), "densehybrid", "densehybrid.db", NULL);
  g_autofree char *aside = g_strconcat (path, ".aside", NULL);
  g_assert_cmpint (rename (path, aside), ==, 0);
  g_assert_true (
      g_file_set_contents (path, "this is no database at all, and longer than a header of one is", -1, NULL));
  dh_found_list_mark (list, 0, DH_FIND_REAL);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "densehybrid.db"));
  g_autoptr (DhFoundItem) item = item_at (list, 0);
  g_assert_cmpuint (dh_found_item_get_mark (item), ==, DH_FIND_REAL);
  g_assert_cmpint (remove (path), ==, 0);
  g_assert_cmpint (rename (aside, path), ==, 0);
}

static gboolean
is_cropped (DhFoundItem *item)
{
  const char *why;
  return dh_found_item_get_crop (item, &why) != NULL || why != NULL;
}

/* The pixels around a find; of an image that is gone, why there are none. */
static void
test_crops (SessionFixture *fixture, gconstpointer data)
{
  open_pictures (fixture);
  evaluate (fixture);
  flag (fixture, TRUE);
  set_view (fixture, "finds-order", "image");
  g_autoptr (DhFoundList) list = dh_found_list_new (fixture->session);
  g_autoptr (DhFoundItem) item = item_at (list, 0), gone = item_at (list, 3);
  g_autofree char *path = g_strdup_printf ("%s/dataset_AnomalyTrack/images/validation3.png", fixture->set);
  g_autofree char *aside = g_strconcat (path, ".aside", NULL);
  g_assert_cmpint (rename (path, aside), ==, 0);
  const char *why;
  dh_found_list_show_crop (list, item);
  dh_found_list_show_crop (list, gone);
  session_wait_for (is_cropped (item) && is_cropped (gone));
  GBytes *crop = dh_found_item_get_crop (item, &why);
  g_assert_null (why);
  g_assert_cmpuint (g_bytes_get_size (crop), ==, 3 * DH_FOUND_CROP_WIDTH * DH_FOUND_CROP_HEIGHT);
  g_assert_null (dh_found_item_get_crop (gone, &why));
  g_assert_nonnull (strstr (why, "validation3.png"));
  dh_found_list_leave_crop (list, item);
  g_assert_cmpint (rename (aside, path), ==, 0);
}

static gboolean
is_titled (SessionFixture *fixture, DhFoundItem *item, const char *expected)
{
  g_autofree char *title = dh_session_dup_find_title (fixture->session, item);
  return g_str_equal (title, expected);
}

static void
on_written (DhSession *session, const char *text, const char *path, char **written)
{
  *written = g_strdup (path);
}

static guint
count_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return g_strv_length (lines) - 1;
}

/* `densehybrid find` of the same run. */
static char *
dup_table_of_command (SessionFixture *fixture, gint64 run, const char *least)
{
  g_autofree char *out = g_build_filename (fixture->root, "found-by-command", NULL);
  g_autofree char *number = g_strdup_printf ("%d", (int)run);
  const char *argv[] = { g_getenv ("DH_PROGRAM"),
                         "find",
                         "--run",
                         number,
                         "--threshold=-1e6",
                         "--min-area",
                         least,
                         "--sort",
                         "peak",
                         "--singly",
                         "--quiet",
                         "--out",
                         out,
                         NULL };
  int status;
  g_autofree char *table = g_build_filename (out, "found.csv", NULL);
  char *csv;
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (table, &csv, NULL, NULL));
  return csv;
}

/* The command's page and table of the same finds; with a least area that none has, of none. */
static void
test_exported (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *written = NULL;
  open_folder (fixture);
  g_assert_false (dh_session_can_export_finds (fixture->session));
  evaluate (fixture);
  flag (fixture, TRUE);
  g_signal_connect (fixture->session, "written", G_CALLBACK (on_written), &written);
  static const char *const least[] = { "500", "5000" };
  for (guint i = 0; i < G_N_ELEMENTS (least); i++)
    {
      g_clear_pointer (&written, g_free);
      set_view (fixture, "finds-least", least[i]);
      g_assert_true (dh_session_export_finds (fixture->session, fixture->root));
      session_wait_for (written != NULL || fixture->error != NULL);
      g_assert_null (fixture->error);
      g_assert_true (g_str_has_suffix (written, "/found.html"));
      g_autofree char *table = g_build_filename (fixture->root, "found.csv", NULL), *csv = NULL, *html = NULL;
      g_assert_true (g_file_get_contents (table, &csv, NULL, NULL));
      g_assert_true (g_file_get_contents (written, &html, NULL, NULL));
      g_autofree char *expected =
          dup_table_of_command (fixture, dh_session_get_evaluation (fixture->session)->run, least[i]);
      g_assert_cmpstr (csv, ==, expected);
      g_assert_cmpuint (count_lines (csv), ==, i == 0 ? 1 + N_IMAGES : 1);
      g_assert_true ((strstr (html, "data:image/jpeg") != NULL) == (i == 0));
      g_assert_nonnull (strstr (html, "hybrid above -1e+06"));
    }
  g_signal_handlers_disconnect_by_data (fixture->session, &written);
}

/* Frames of a recording say when they were taken; other images their name alone. */
static void
test_titles (SessionFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *name, *title;
  } frames[] = { { "drive_000000", "0:00.00 · drive_000000" },
                 { "drive_001040", "1:44.00 · drive_001040" },
                 { "drive", "drive" },
                 { "drive_12", "drive_12" } };
  g_autofree char *folder = g_build_filename (fixture->root, "frames", NULL);
  g_autofree char *record = g_build_filename (folder, "recording.json", NULL);
  g_autofree char *from = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation0.png", NULL);
  g_autoptr (GFile) picture = g_file_new_for_path (from);
  g_mkdir_with_parents (folder, 0755);
  g_assert_true (g_file_set_contents (record, "{\"recording\": \"drive.mp4\", \"rate\": 10.0}", -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_autofree char *name = g_strconcat (frames[i].name, ".png", NULL);
      g_autoptr (GFile) copy = g_file_new_build_filename (folder, name, NULL);
      g_assert_true (g_file_copy (picture, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL));
    }
  DhImageList *images = dh_session_get_list (fixture->session);
  const DhPictureObject object = { .kind = DH_OBJECT_FLAGGED, .area = 600 };
  dh_session_open_dataset (fixture->session, folder);
  session_wait_for (dh_image_list_get_size (images) == G_N_ELEMENTS (frames));
  guint told = 0;
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      DhImageItem *image = dh_image_list_get_item (images, i);
      g_autoptr (DhFoundItem) item = dh_found_item_new (image, &object, DH_SCORE_HYBRID, DH_FIND_NEW);
      for (guint k = 0; k < G_N_ELEMENTS (frames); k++)
        if (g_str_equal (frames[k].name, dh_image_item_get_name (image)))
          {
            session_wait_for (is_titled (fixture, item, frames[k].title)); /* the record is read on a thread */
            told++;
          }
    }
  g_assert_cmpuint (told, ==, G_N_ELEMENTS (frames));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/found-list/listed", test_listed, NULL },         { "/found-list/marked", test_marked, NULL },
    { "/found-list/unwritable", test_unwritable, NULL }, { "/found-list/crops", test_crops, NULL },
    { "/found-list/exported", test_exported, NULL },     { "/found-list/titles", test_titles, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
