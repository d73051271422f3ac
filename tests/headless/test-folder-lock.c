/* Who holds a folder: by the very file in it, whatever became of the file in between. */
#include <unistd.h>
#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-folder-lock.h"
#include "tree.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("dh-lock-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, ".lock", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  tree_remove (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static void
test_held (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (fixture->folder, &error);
  g_assert_no_error (error);
  g_assert_true (dh_folder_lock_is_held (fixture->folder));
  g_assert_null (dh_folder_lock_take (fixture->folder, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_autofree char *self = g_strdup_printf ("process %d", (int)getpid ());
  g_assert_nonnull (strstr (error->message, self));
  g_clear_pointer (&lock, dh_folder_lock_release);
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
}

/* Removed and made anew while it is held: the new file is free. The old one, put back, is held still. */
static void
test_made_anew (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *aside = g_build_filename (fixture->folder, "aside", NULL);
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (fixture->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_rename (fixture->path, aside), ==, 0);
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_assert_true (g_file_set_contents (fixture->path, "12", 2, NULL));
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_autoptr (DhFolderLock) other = dh_folder_lock_take (fixture->folder, &error);
  g_assert_no_error (error);
  g_assert_true (dh_folder_lock_is_held (fixture->folder));
  g_clear_pointer (&other, dh_folder_lock_release);
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_assert_cmpint (g_rename (aside, fixture->path), ==, 0);
  g_assert_true (dh_folder_lock_is_held (fixture->folder));
}

/* On a file system in memory, whose device has no number of its own kind. */
static void
test_other_device (Fixture *fixture, gconstpointer data)
{
  GStatBuf here, there;
  g_autoptr (GError) error = NULL;
  g_autofree char *shared = g_strdup ("/dev/shm/dh-lock-XXXXXX");
  if (!g_mkdtemp (shared) || g_stat (shared, &there) != 0 || g_stat (fixture->folder, &here) != 0
      || here.st_dev == there.st_dev)
    {
      g_test_skip ("/dev/shm is no other file system");
      return;
    }
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (shared, &error);
  g_assert_no_error (error);
  g_assert_true (dh_folder_lock_is_held (shared));
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_clear_pointer (&lock, dh_folder_lock_release);
  g_assert_false (dh_folder_lock_is_held (shared));
  tree_remove (shared);
}

static void
test_link (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (symlink ("/dev/null", fixture->path), ==, 0);
  g_assert_false (dh_folder_lock_is_held (fixture->folder));
  g_assert_null (dh_folder_lock_take (fixture->folder, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/folder-lock/held", Fixture, NULL, set_up, test_held, tear_down);
  g_test_add ("/folder-lock/made-anew", Fixture, NULL, set_up, test_made_anew, tear_down);
  g_test_add ("/folder-lock/other-device", Fixture, NULL, set_up, test_other_device, tear_down);
  g_test_add ("/folder-lock/link", Fixture, NULL, set_up, test_link, tear_down);
  return g_test_run ();
}
