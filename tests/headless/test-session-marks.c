/* Tags and notes: they belong to the picture's file, filter the list, and are there at the next start. */
#include "dh-session-finds.h"
#include "dh-session-marks.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include "dh-database.h"
#include "dh-records.h"
#include "session-fixture.h"

static DhImageItem *
item_at (SessionFixture *fixture, guint index)
{
  return dh_image_list_get_item (dh_session_get_list (fixture->session), index);
}

static void
open_set (SessionFixture *fixture)
{
  dh_session_open_dataset (fixture->session, fixture->set);
  /* What is said of finds is read beside it, and must have been before the database is made one that cannot be. */
  session_wait_for (!dh_session_is_opening (fixture->session) && !dh_session_is_reading_finds (fixture->session));
  g_assert_null (fixture->error);
}

static void
start_again (SessionFixture *fixture)
{
  dh_session_close (fixture->session);
  g_object_unref (fixture->session);
  fixture->session = dh_session_new ();
}

static gboolean
is_kept (const char *tags)
{
  g_autoptr (DhDatabase) database = dh_database_open (NULL, NULL);
  g_autoptr (GPtrArray) marks = database != NULL ? dh_database_list_marks (database, NULL) : NULL;
  for (guint i = 0; marks != NULL && i < marks->len; i++)
    if (g_str_equal (((DhMarkRow *)marks->pdata[i])->tags, tags))
      return TRUE;
  return FALSE;
}

static void
test_kept (SessionFixture *fixture, gconstpointer data)
{
  open_set (fixture);
  g_assert_false (dh_image_item_is_marked (item_at (fixture, 2)));
  dh_session_set_tag (fixture->session, item_at (fixture, 2), " reflection\n", TRUE);
  dh_session_set_tag (fixture->session, item_at (fixture, 2), "dusk", TRUE);
  dh_session_set_tag (fixture->session, item_at (fixture, 1), "dusk", TRUE);
  dh_session_set_tag (fixture->session, item_at (fixture, 1), "dusk", FALSE);
  /* one that is still being typed is not lost, neither by another nor by the end */
  dh_session_set_note (fixture->session, item_at (fixture, 0), "the label of the\ndeer is late");
  dh_session_set_note (fixture->session, item_at (fixture, 3), "half a wor");
  dh_session_set_note (fixture->session, item_at (fixture, 3), "half a word");

  /* the set opened again at once shows what was written a moment ago */
  open_set (fixture);
  g_assert_cmpstr (dh_image_item_get_note (item_at (fixture, 3)), ==, "half a word");

  start_again (fixture);
  open_set (fixture);
  g_assert_cmpstr (dh_image_item_get_tags (item_at (fixture, 2))[0], ==, "dusk");
  g_assert_cmpstr (dh_image_item_get_tags (item_at (fixture, 2))[1], ==, "reflection");
  g_assert_null (dh_image_item_get_tags (item_at (fixture, 2))[2]);
  g_assert_false (dh_image_item_is_marked (item_at (fixture, 1)));
  g_assert_cmpstr (dh_image_item_get_note (item_at (fixture, 0)), ==, "the label of the\ndeer is late");
  g_assert_cmpstr (dh_image_item_get_note (item_at (fixture, 3)), ==, "half a word");
  g_auto (GStrv) tags = dh_session_list_tags (fixture->session);
  g_assert_true (g_strv_contains ((const char *const *)tags, "dusk"));

  /* the same file, opened by itself */
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation2.png", NULL);
  g_autofree char *file = dh_session_dup_file (fixture->session, item_at (fixture, 2));
  g_assert_cmpstr (file, ==, picture);
  const char *const pictures[] = { picture, NULL };
  dh_session_open_pictures (fixture->session, pictures);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1);
  g_assert_true (dh_image_item_has_tag (item_at (fixture, 0), "reflection"));
}

/* As the command line would, while the set is open. */
static void
write_beside (const char *picture, const char *tags, const char *note)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (NULL, &error);
  g_assert_no_error (error);
  dh_database_put_mark (database, &(DhMarkRow){ (char *)picture, (char *)tags, (char *)note }, &error);
  g_assert_no_error (error);
}

static void
assert_kept (const char *picture, const char *tags, const char *note)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (NULL, &error);
  g_autoptr (GPtrArray) marks = dh_database_list_marks (database, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < marks->len; i++)
    {
      const DhMarkRow *row = marks->pdata[i];
      if (!g_str_equal (row->path, picture))
        continue;
      g_assert_cmpstr (row->tags, ==, tags);
      g_assert_cmpstr (row->note, ==, note);
      return;
    }
  g_assert_cmpstr (tags, ==, "");
}

/* What another program writes of the pictures of an open set is not lost to what is written here. */
static void
test_beside (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation2.png", NULL);
  const char *const pictures[] = { picture, NULL };
  write_beside (picture, "reflection", "old");
  dh_session_open_pictures (fixture->session, pictures);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1);
  g_assert_true (dh_image_item_has_tag (item_at (fixture, 0), "reflection"));

  write_beside (picture, "night\nreflection", "written elsewhere");
  dh_session_set_tag (fixture->session, item_at (fixture, 0), "dusk", TRUE);
  session_wait_for (is_kept ("night\nreflection\ndusk"));
  assert_kept (picture, "night\nreflection\ndusk", "written elsewhere");
  dh_session_set_tag (fixture->session, item_at (fixture, 0), "reflection", FALSE);
  session_wait_for (is_kept ("night\ndusk"));
  write_beside (picture, "night", "written elsewhere");
  dh_session_set_note (fixture->session, item_at (fixture, 0), "mine");
  start_again (fixture);
  assert_kept (picture, "night", "mine");
  write_beside (picture, "", "");
}

/* One tag of many pictures at once; what others have written of them meanwhile stays. */
static void
test_all (SessionFixture *fixture, gconstpointer data)
{
  open_set (fixture);
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  for (guint i = 0; i < 4; i++)
    g_ptr_array_add (items, item_at (fixture, i));
  dh_session_set_tag (fixture->session, item_at (fixture, 1), "night", TRUE);
  dh_session_set_note (fixture->session, item_at (fixture, 2), "dark");
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation3.png", NULL);
  write_beside (picture, "wet", "");
  g_assert_cmpuint (dh_session_set_tag_of_all (fixture->session, items, " night\n", TRUE), ==, 3);
  g_assert_cmpuint (dh_session_set_tag_of_all (fixture->session, items, "night", TRUE), ==, 0);
  g_assert_cmpuint (dh_session_set_tag_of_all (fixture->session, items, " ", TRUE), ==, 0);
  g_ptr_array_remove_index (items, 0);
  g_assert_cmpuint (dh_session_set_tag_of_all (fixture->session, items, "rain", TRUE), ==, 3);
  g_assert_cmpuint (dh_session_set_tag_of_all (fixture->session, items, "night", FALSE), ==, 3);
  start_again (fixture);
  open_set (fixture);
  static const char *const kept[] = { "night", "rain", "rain", "rain wet" };
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *tags = g_strjoinv (" ", (char **)dh_image_item_get_tags (item_at (fixture, i)));
      g_assert_cmpstr (tags, ==, kept[i]);
    }
  g_assert_cmpstr (dh_image_item_get_note (item_at (fixture, 2)), ==, "dark");
}

static void
add_table (SessionFixture *fixture, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->root, "tags.csv", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  g_clear_pointer (&fixture->error, g_free);
  const guint before = fixture->messages;
  dh_session_add_tags_of_table (fixture->session, path);
  session_wait_for (fixture->messages > before || fixture->error != NULL);
}

/* As the command line reads it: what a tagged picture has stays, rows of no picture are told. */
static void
test_table (SessionFixture *fixture, gconstpointer data)
{
  open_set (fixture);
  dh_session_set_tag (fixture->session, item_at (fixture, 1), "night", TRUE);
  dh_session_set_note (fixture->session, item_at (fixture, 1), "dark");
  add_table (fixture, "image,weather,Night\nvalidation1.png,wet,no\nimages/validation2.png,wet,yes\n");
  g_assert_cmpstr (fixture->error, ==, NULL);
  add_table (fixture, "validation3;fog\nnowhere;fog\n");
  g_assert_nonnull (strstr (fixture->error, "nowhere"));
  add_table (fixture, "image,lux\nvalidation0,12\n");
  g_assert_nonnull (strstr (fixture->error, "lux"));
  g_clear_pointer (&fixture->error, g_free);
  start_again (fixture);
  open_set (fixture);
  static const char *const kept[] = { "", "night wet", "Night wet", "fog" };
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *tags = g_strjoinv (" ", (char **)dh_image_item_get_tags (item_at (fixture, i)));
      g_assert_cmpstr (tags, ==, kept[i]);
    }
  g_assert_cmpstr (dh_image_item_get_note (item_at (fixture, 1)), ==, "dark");
}

static void
test_filter (SessionFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    guint shown;
  } filters[] = { { "tag:refl", 1 }, { "Reflection", 1 }, { "is:marked", 2 }, { "tag:validation", 0 },
                  { "SKY", 1 },      { "tag:sky", 0 },    { "", 4 } };
  open_set (fixture);
  dh_session_set_tag (fixture->session, item_at (fixture, 2), "reflection", TRUE);
  dh_session_set_note (fixture->session, item_at (fixture, 1), "look at the sky");
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      dh_image_list_set_filter (dh_session_get_list (fixture->session), filters[i].text);
      g_assert_cmpuint (dh_image_list_get_shown (dh_session_get_list (fixture->session)), ==, filters[i].shown);
    }
}

/* The database may come from anyone: what it holds is text in the end. */
static void
test_hostile (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation2.png", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (NULL, &error);
  g_assert_no_error (error);
  const DhMarkRow row = { picture, "\n<b>\n\xff\xf0\n\n", "half a letter \xf0" };
  g_assert_true (dh_database_put_mark (database, &row, &error));
  const char *const pictures[] = { picture, NULL };
  dh_session_open_pictures (fixture->session, pictures);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1);
  const char *const *tags = dh_image_item_get_tags (item_at (fixture, 0));
  g_assert_cmpuint (g_strv_length ((char **)tags), ==, 2);
  for (guint i = 0; tags[i] != NULL; i++)
    g_assert_true (*tags[i] != '\0' && g_utf8_validate (tags[i], -1, NULL));
  g_assert_true (dh_image_item_has_tag (item_at (fixture, 0), "<b>"));
  g_assert_true (g_utf8_validate (dh_image_item_get_note (item_at (fixture, 0)), -1, NULL));
  const DhMarkRow none = { picture, "", "" };
  g_assert_true (dh_database_put_mark (database, &none, &error));
}

/* What could not be kept is tried again with the next that is written, and at the end. */
static void
try_again (SessionFixture *fixture, gboolean with_next)
{
  open_set (fixture);
  g_autofree char *path = dh_database_default_path ();
  g_autofree char *aside = g_strconcat (path, ".aside", NULL);
  dh_database_close (dh_database_open (NULL, NULL));
  g_assert_cmpint (rename (path, aside), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  dh_session_set_tag (fixture->session, item_at (fixture, 0), "kept late", TRUE);
  session_wait_for (fixture->error != NULL);
  g_clear_pointer (&fixture->error, g_free);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_assert_cmpint (rename (aside, path), ==, 0);
  if (with_next)
    {
      dh_session_set_tag (fixture->session, item_at (fixture, 1), "dusk", TRUE);
      session_wait_for (is_kept ("kept late"));
    }
  start_again (fixture);
  g_assert_true (is_kept ("kept late"));
  open_set (fixture);
  g_assert_true (dh_image_item_has_tag (item_at (fixture, 0), "kept late"));
  dh_session_set_tag (fixture->session, item_at (fixture, 0), "kept late", FALSE);
}

static void
test_tried_with_next (SessionFixture *fixture, gconstpointer data)
{
  try_again (fixture, TRUE);
}

static void
test_tried_at_end (SessionFixture *fixture, gconstpointer data)
{
  try_again (fixture, FALSE);
}

/* Where nothing can be kept that is said, and stays as long as the studio. */
static void
test_unwritable (SessionFixture *fixture, gconstpointer data)
{
  open_set (fixture);
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "densehybrid", NULL);
  g_autofree char *path = g_build_filename (folder, "densehybrid.db", NULL);
  g_autofree char *aside = g_strconcat (path, ".aside", NULL);
  g_mkdir_with_parents (folder, 0755);
  const gboolean was = g_file_test (path, G_FILE_TEST_EXISTS);
  if (was)
    g_assert_cmpint (rename (path, aside), ==, 0);
  g_assert_true (
      g_file_set_contents (path, "this is no database at all, and longer than a header of one is", -1, NULL));
  dh_session_set_tag (fixture->session, item_at (fixture, 0), "dusk", TRUE);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "densehybrid.db"));
  g_assert_true (dh_image_item_has_tag (item_at (fixture, 0), "dusk"));
  g_assert_cmpint (remove (path), ==, 0);
  if (was)
    g_assert_cmpint (rename (aside, path), ==, 0);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session-marks/kept", test_kept, NULL },
    { "/session-marks/beside", test_beside, NULL },
    { "/session-marks/all", test_all, NULL },
    { "/session-marks/table", test_table, NULL },
    { "/session-marks/filter", test_filter, NULL },
    { "/session-marks/hostile", test_hostile, NULL },
    { "/session-marks/tried-with-next", test_tried_with_next, NULL },
    { "/session-marks/tried-at-end", test_tried_at_end, NULL },
    { "/session-marks/unwritable", test_unwritable, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
