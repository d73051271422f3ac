#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-plan-cache.h"

/* The plans kept on disk, against everything that can be wrong with a file. */

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
}

/* The one file in the folder. */
static char *
only_file (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name = g_dir_read_name (dir);
  g_assert_nonnull (name);
  char *path = g_build_filename (fixture->folder, name, NULL);
  g_assert_null (g_dir_read_name (dir));
  return path;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_plan_cache_prune (fixture->folder, 0);
  g_chmod (fixture->folder, 0700);
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  dh_plan_cache_write (fixture->folder, "key", "{\"a\": 1}\nmore");
  dh_plan_cache_write (fixture->folder, "other", "");
  g_autofree char *text = dh_plan_cache_read (fixture->folder, "key");
  g_autofree char *empty = dh_plan_cache_read (fixture->folder, "other");
  g_assert_cmpstr (text, ==, "{\"a\": 1}\nmore");
  g_assert_cmpstr (empty, ==, "");
  dh_plan_cache_drop (fixture->folder, "key");
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  g_assert_null (dh_plan_cache_read (NULL, "other"));
  dh_plan_cache_write (NULL, "other", "x");
  dh_plan_cache_drop (NULL, "other");
  dh_plan_cache_prune (NULL, 0);
}

/* Torn at every length, every bit of a few bytes turned, another key's file, a link, a pipe, far too much. */
static void
test_damage (Fixture *fixture, gconstpointer data)
{
  dh_plan_cache_write (fixture->folder, "key", "some text");
  g_autofree char *path = only_file (fixture), *whole = NULL;
  gsize length = 0;
  g_assert_true (g_file_get_contents (path, &whole, &length, NULL));
  for (gsize at = 0; at < length; at++)
    {
      g_assert_true (g_file_set_contents (path, whole, (gssize)at, NULL));
      g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
      g_autofree char *turned = g_memdup2 (whole, length);
      turned[at] ^= (char)(1 << at % 8);
      g_assert_true (g_file_set_contents (path, turned, (gssize)length, NULL));
      g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
    }
  g_autofree char *longer = g_strconcat (whole, "x", NULL);
  g_assert_true (g_file_set_contents (path, longer, -1, NULL));
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));

  g_assert_true (g_file_set_contents (path, whole, (gssize)length, NULL));
  g_autofree char *text = dh_plan_cache_read (fixture->folder, "key");
  g_assert_cmpstr (text, ==, "some text");
  g_autofree char *elsewhere = g_strconcat (path, ".moved", NULL);
  g_assert_cmpint (g_rename (path, elsewhere), ==, 0);
  g_assert_cmpint (symlink (elsewhere, path), ==, 0);
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  dh_plan_cache_write (fixture->folder, "key", "x");
  g_assert_cmpint (g_rmdir (path), ==, 0);
  g_assert_cmpint (g_unlink (elsewhere), ==, 0);

  g_autofree char *large = g_strnfill (2 << 20, 'a');
  g_assert_true (g_file_set_contents (path, large, -1, NULL));
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
  dh_plan_cache_drop (fixture->folder, "key");
  dh_plan_cache_write (fixture->folder, "key", large);
  g_assert_null (dh_plan_cache_read (fixture->folder, "key"));
}

/* No folder, and one that is a file: as if nothing were kept. */
static void
test_unwritable (Fixture *fixture, gconstpointer data)
{
  dh_plan_cache_write (fixture->folder, "key", "x");
  g_autofree char *file = only_file (fixture), *below = g_build_filename (file, "below", NULL);
  dh_plan_cache_write (below, "key", "x");
  g_assert_null (dh_plan_cache_read (below, "key"));
  dh_plan_cache_prune (below, 0);
  g_autofree char *fresh = g_build_filename (fixture->folder, "new", "folder", NULL);
  dh_plan_cache_write (fresh, "key", "x");
  g_autofree char *text = dh_plan_cache_read (fresh, "key");
  g_assert_cmpstr (text, ==, "x");
  dh_plan_cache_drop (fresh, "key");
  g_rmdir (fresh);
  g_autofree char *parent = g_path_get_dirname (fresh);
  g_rmdir (parent);
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
  g_assert_null (dh_plan_cache_folder ());
  g_unsetenv ("DH_PLAN_CACHE");
}

static void
test_prune (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *key = g_strdup_printf ("key %u", i);
      dh_plan_cache_write (fixture->folder, key, "x");
    }
  dh_plan_cache_prune (fixture->folder, 20);
  dh_plan_cache_prune (fixture->folder, 10);
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  guint left = 0;
  while (g_dir_read_name (dir))
    left++;
  g_assert_cmpuint (left, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/plan-cache/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
  g_test_add ("/plan-cache/damage", Fixture, NULL, set_up, test_damage, tear_down);
  g_test_add ("/plan-cache/unwritable", Fixture, NULL, set_up, test_unwritable, tear_down);
  g_test_add ("/plan-cache/prune", Fixture, NULL, set_up, test_prune, tear_down);
  return g_test_run ();
}
