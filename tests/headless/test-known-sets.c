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
  dh_known_sets_add (sets, "/data/a", "A", 1, "");
  dh_known_sets_add (sets, "/data/b/../b", "B", 2, "");
  assert_paths (sets, (const char *const[]){ "/data/b", "/data/a", NULL });
  /* Opened again it comes first, once, as it is now. */
  dh_known_sets_add (sets, "/data/a", "A again", 3, "");
  assert_paths (sets, (const char *const[]){ "/data/a", "/data/b", NULL });
  g_autoptr (DhKnownSet) first = g_list_model_get_item (G_LIST_MODEL (sets), 0);
  g_assert_cmpuint (dh_known_set_get_n_images (first), ==, 3);
  g_autofree char *name = dh_known_set_dup_name (first);
  g_assert_cmpstr (name, ==, "A again · a");
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *path = g_strdup_printf ("/many/%u", i);
      dh_known_sets_add (sets, path, "M", i, "");
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sets)), ==, 40);
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
    dh_known_sets_add (sets, paths[i], "T; with; everything \\ 🦊", i, i == 1 ? "kind=lf;splits=test/t5" : "");
  dh_settings_close (settings);
  settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) again = dh_known_sets_new (settings);
  assert_paths (again, paths);
  g_autoptr (DhKnownSet) last = g_list_model_get_item (G_LIST_MODEL (again), 2);
  g_assert_cmpstr (dh_known_set_get_title (last), ==, "T; with; everything \\ 🦊");
  g_assert_cmpuint (dh_known_set_get_n_images (last), ==, 2);
  static const char *const readings[] = { "", "kind=lf;splits=test/t5", "" };
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *reading = dh_known_sets_dup_reading (again, paths[i]);
      g_assert_cmpstr (reading, ==, readings[i]);
    }
  g_assert_null (dh_known_sets_dup_reading (again, "/data/none"));
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
  dh_known_sets_add (sets, "/c", "C", 1, "");
  dh_known_sets_add (sets, own, "B", 1, "");
  dh_known_sets_add (sets, "/a", "A", 1, "");
  guint id = 0;
  g_assert_null (dh_known_sets_remove (sets, "/other", &id));
  g_autoptr (DhKnownSet) set = dh_known_sets_remove (sets, own, &id);
  g_assert_cmpstr (dh_known_set_get_path (set), ==, own);
  g_assert_true (g_file_test (own, G_FILE_TEST_IS_DIR));
  assert_paths (sets, (const char *const[]){ "/a", "/c", NULL });
  dh_known_sets_put_back (sets, id);
  assert_paths (sets, (const char *const[]){ "/a", own, "/c", NULL });
  /* Asked for twice, it comes once. */
  dh_known_sets_put_back (sets, id);
  assert_paths (sets, (const char *const[]){ "/a", own, "/c", NULL });
  dh_settings_close (settings);
}

/* Several taken off and put back: each the one that was meant, in whichever orders. */
static void
test_several (Fixture *fixture, gconstpointer data)
{
  static const guint orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
  static const char *const paths[] = { "/a", "/b", "/c", "/d", NULL };
  DhSettings *settings = dh_settings_open (fixture->path);
  g_autoptr (DhKnownSets) sets = dh_known_sets_new (settings);
  for (guint i = 4; i-- > 0;)
    dh_known_sets_add (sets, paths[i], "T", 1, "");
  for (guint first = 0; first < 2; first++)
    for (guint off = 0; off < 6; off++)
      for (guint back = 0; back < 6; back++)
        {
          guint ids[3];
          for (guint i = 0; i < 3; i++)
            g_object_unref (dh_known_sets_remove (sets, paths[first + orders[off][i]], &ids[orders[off][i]]));
          dh_known_sets_put_back (sets, ids[orders[back][0]]);
          guint at = 0;
          for (guint i = 0; i < 2; i++)
            {
              g_autoptr (DhKnownSet) set = g_list_model_get_item (G_LIST_MODEL (sets), i);
              at += g_str_equal (dh_known_set_get_path (set), paths[first + orders[back][0]]);
            }
          g_assert_cmpuint (at, ==, 1);
          dh_known_sets_put_back (sets, ids[orders[back][1]]);
          dh_known_sets_put_back (sets, ids[orders[back][2]]);
          assert_paths (sets, paths);
        }
  /* Opened while it was off: it is there, as it was opened, and only once. */
  guint id, other;
  g_object_unref (dh_known_sets_remove (sets, "/c", &id));
  g_object_unref (dh_known_sets_remove (sets, "/b", &other));
  dh_known_sets_add (sets, "/c", "T", 1, "");
  dh_known_sets_put_back (sets, id);
  assert_paths (sets, (const char *const[]){ "/c", "/a", "/d", NULL });
  dh_known_sets_put_back (sets, other);
  assert_paths (sets, (const char *const[]){ "/c", "/a", "/b", "/d", NULL });
  dh_settings_close (settings);
}

/* Of two windows at once the list keeps what each opened, took off, and how each wanted it read. */
static void
test_two_windows (Fixture *fixture, gconstpointer data)
{
  DhSettings *settings = dh_settings_open (fixture->path);
  DhKnownSets *sets = dh_known_sets_new (settings);
  static const char *const before[] = { "/data/a", "/data/b", "/data/c", "/data/d" };
  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    dh_known_sets_add (sets, before[i], "S", 1, "");
  g_object_unref (sets);
  dh_settings_close (settings);
  DhSettings *one = dh_settings_open (fixture->path), *two = dh_settings_open (fixture->path);
  DhKnownSets *first = dh_known_sets_new (one), *second = dh_known_sets_new (two);
  guint id;
  dh_known_sets_add (first, "/data/new", "N", 2, "");
  dh_known_sets_add (first, "/data/a", "S", 1, "splits=test");
  g_autoptr (DhKnownSet) b = dh_known_sets_remove (first, "/data/b", &id);
  g_object_unref (first);
  dh_settings_close (one);
  dh_known_sets_add (second, "/data/newer", "N", 3, "");
  g_autoptr (DhKnownSet) d = dh_known_sets_remove (second, "/data/d", &id);
  g_object_unref (second);
  dh_settings_close (two);
  settings = dh_settings_open (fixture->path);
  sets = dh_known_sets_new (settings);
  assert_paths (sets, (const char *const[]){ "/data/newer", "/data/new", "/data/c", "/data/a", NULL });
  g_autofree char *reading = dh_known_sets_dup_reading (sets, "/data/a");
  g_assert_cmpstr (reading, ==, "splits=test");
  g_object_unref (sets);
  dh_settings_close (settings);
}

/* A settings file that somebody wrote by hand. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  const char *text =
      "[data-sets]\nknown=;x;3 nowhere T;5 file:///fine Fine;7 file:///%00bad Bad;file:///two;9 file:///fine Twice\n";
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
  g_test_add ("/known-sets/several", Fixture, NULL, set_up, test_several, tear_down);
  g_test_add ("/known-sets/two-windows", Fixture, NULL, set_up, test_two_windows, tear_down);
  g_test_add ("/known-sets/broken", Fixture, NULL, set_up, test_broken, tear_down);
  return g_test_run ();
}
