#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-run-lock.h"
#include "tree.h"

/* What a training's folder says of its process. */

static char *folder;

/* Lock files of any kind are read without harm; a held one is known by asking alone. */
static void
test_lock (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "lock", NULL), *file = g_build_filename (path, "job.lock", NULL);
  DhRunLockInfo info;
  g_assert_false (dh_run_lock_read (path, &info));
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  g_autoptr (DhRunLock) lock = dh_run_lock_take (path, &error);
  g_assert_no_error (error);
  dh_run_lock_set_step (lock, 77);
  dh_run_lock_set_phase (lock, DH_RUN_VALIDATING, NULL);
  g_assert_true (dh_run_lock_read (path, &info));
  g_assert_true (info.held && info.reachable);
  g_assert_cmpint (info.pid, ==, getpid ());
  g_assert_cmpint (info.phase, ==, DH_RUN_VALIDATING);
  g_assert_cmpuint (info.step, ==, 77);
  g_assert_cmpuint (info.memory, >, 1 << 20);
  dh_run_lock_info_clear (&info);
  GStatBuf about;
  g_assert_cmpint (g_stat (file, &about), ==, 0);
  const gint64 size = about.st_size;
  g_autofree char *why = g_strnfill (9000, '"');
  dh_run_lock_set_phase (lock, DH_RUN_FAILED, why);
  g_assert_cmpint (g_stat (file, &about), ==, 0);
  g_assert_cmpint (about.st_size, ==, size);
  g_clear_pointer (&lock, dh_run_lock_free);
  g_assert_true (dh_run_lock_read (path, &info));
  g_assert_false (info.held || info.reachable);
  g_assert_cmpint (info.phase, ==, DH_RUN_FAILED);
  g_assert_true (g_str_has_prefix (info.why, "\"\"\"\""));
  dh_run_lock_info_clear (&info);

  static const char *const broken[] = { "",
                                        "{",
                                        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                        "{\"pid\": \"x\", \"phase\": 3}",
                                        "{\"pid\": -1, \"phase\": \"stepping\"}",
                                        "\xff\xff" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_assert_true (g_file_set_contents (file, broken[i], -1, &error));
      g_assert_true (dh_run_lock_read (path, &info));
      g_assert_false (info.held || info.reachable);
      dh_run_lock_info_clear (&info);
    }
}

static gpointer
write_soon (gpointer lock)
{
  g_usleep (3000);
  dh_run_lock_set_phase (lock, DH_RUN_VALIDATING, NULL);
  return NULL;
}

/* Whether the lock was read as its process writes it, though that was still to come in part: `text` stood at its
 * begin. */
static gboolean
reads_whole (DhRunLock *lock, const char *path, const char *text)
{
  g_autofree char *file = g_build_filename (path, "job.lock", NULL);
  DhRunLockInfo info;
  const int fd = open (file, O_WRONLY);
  g_assert_cmpint (pwrite (fd, text, strlen (text), 0), ==, (gssize)strlen (text));
  close (fd);
  GThread *thread = g_thread_new ("write", write_soon, lock);
  g_assert_true (dh_run_lock_read (path, &info));
  const gboolean whole = info.held && info.reachable && info.phase == DH_RUN_VALIDATING && info.pid == getpid ();
  dh_run_lock_info_clear (&info);
  g_thread_join (thread);
  return whole;
}

/* A lock that is being written while it is read, and one whose process has not written yet what another one had: who
 * looks waits a moment. */
static void
test_lock_written (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "written", NULL), *boot = NULL;
  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, &error));
  g_autofree char *dead =
      g_strdup_printf ("{\"pid\":999999999,\"boot\":\"%s\",\"ticks\":7,\"started\":9,\"phase\":\"paused\"}%512s",
                       g_strstrip (boot), " ");
  const char *const texts[] = { "{\"pid\":1,\"boot\":\"", dead };
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  g_autoptr (DhRunLock) lock = dh_run_lock_take (path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      guint tries = 0;
      while (!reads_whole (lock, path, texts[i])) /* a busy machine may be late with the rest */
        g_assert_cmpuint (++tries, <, 100);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = tree_new ();
  g_test_add_func ("/run-lock/lock", test_lock);
  g_test_add_func ("/run-lock/written", test_lock_written);
  const int status = g_test_run ();
  tree_remove (folder);
  g_free (folder);
  return status;
}
