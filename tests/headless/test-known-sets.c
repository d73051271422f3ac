/* The list of data sets that were opened: kept between starts, and a list alone. */
#include <glib/gstdio.h>
#include "dh-known-sets.h"
#include "tree.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = tree_new ();
  fixture->path = g_build_filename (fixture->folder, "studio.ini", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  tree_remove (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}

/* Paths, the first one first. */
static void
assert_paths (DhKnownSets *sets, const char *const *expected)
{
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sets)), ==, g_strv_length ((char **)expected));
  for (guint i = 0; expected[i] != NULL; i++)
    {
      g_autoptr (DhKnownSet) set = g_list_model_get_item (G_LIST_MODEL (sets), i);
      g_assert_cmpstr (dh_known_set_get_path (set), ==, expected[i]);
    }
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  DhSettings *settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) sets = dh_known_sets_new (settings);
  assert_paths (sets, (const char *const[]){ NULL });
  dh_known_sets_add (sets, "/data/a", "A", 1);
  dh_known_sets_add (sets, "/data/b/../b", "B", 2);
  assert_paths (sets, (const char *const[]){ "/data/b", "/data/a", NULL });
  /* Opened again it comes first, once, as it is now. */
  dh_known_sets_add (sets, "/data/a", "A again", 3);
  assert_paths (sets, (const char *const[]){ "/data/a", "/data/b", NULL });
  g_autoptr (DhKnownSet) first = g_list_model_get_item (G_LIST_MODEL (sets), 0);
  g_assert_cmpuint (dh_known_set_get_n_images (first), ==, 3);
  g_autofree char *name = dh_known_set_dup_name (first);
  g_assert_cmpstr (name, ==, "A again · a");
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *path = g_strdup_printf ("/many/%u", i);
      dh_known_sets_add (sets, path, "M", i);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sets)), <, 100);
  dh_settings_close (settings);
}

/* Names of any bytes and titles of any letters come back as they were. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "/data/with space; and\nline", "/data/\xff\xfe", "/data/מאגר 🦊", NULL };
  DhSettings *settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) sets = dh_known_sets_new (settings);
  for (guint i = 3; i-- > 0;)
    dh_known_sets_add (sets, paths[i], "T; with; everything \\ 🦊", i);
  dh_settings_close (settings);
  settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) again = dh_known_sets_new (settings);
  assert_paths (again, paths);
  g_autoptr (DhKnownSet) last = g_list_model_get_item (G_LIST_MODEL (again), 2);
  g_assert_cmpstr (dh_known_set_get_title (last), ==, "T; with; everything \\ 🦊");
  g_assert_cmpuint (dh_known_set_get_n_images (last), ==, 2);
  dh_settings_close (settings);
}

/* Off the list and back to its place; the folder is not touched. */
static void
test_removed (Fixture *fixture, gconstpointer data)
{
  DhSettings *settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) sets = dh_known_sets_new (settings);
  g_autofree char *own = g_build_filename (fixture->folder, "own", NULL);
  g_assert_cmpint (g_mkdir (own, 0755), ==, 0);
  dh_known_sets_add (sets, "/c", "C", 1);
  dh_known_sets_add (sets, own, "B", 1);
  dh_known_sets_add (sets, "/a", "A", 1);
  guint position = 9;
  g_assert_null (dh_known_sets_remove (sets, "/other", &position));
  DhKnownSet *set = dh_known_sets_remove (sets, own, &position);
  g_assert_cmpuint (position, ==, 1);
  g_assert_true (g_file_test (own, G_FILE_TEST_IS_DIR));
  assert_paths (sets, (const char *const[]){ "/a", "/c", NULL });
  dh_known_sets_put_back (sets, set, position);
  assert_paths (sets, (const char *const[]){ "/a", own, "/c", NULL });
  dh_settings_close (settings);
}

/* A settings file that somebody wrote by hand. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  const char *text = "[data-sets]\nknown=;x;3 nowhere T;5 file:///fine Fine;7 file:///%00bad Bad;file:///two\n";
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
  DhSettings *settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) sets = dh_known_sets_new (settings);
  assert_paths (sets, (const char *const[]){ "/fine", NULL });
  dh_settings_close (settings);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/known-sets/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/known-sets/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/known-sets/removed", Fixture, NULL, set_up, test_removed, tear_down);
  g_test_add ("/known-sets/broken", Fixture, NULL, set_up, test_broken, tear_down);
  return g_test_run ();
}
