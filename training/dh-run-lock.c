#include "dh-run-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-run-json.h"

#define NAME "job.lock"
#define SIZE 4096
#define MOST_WHY 2048
#define BEAT_SECONDS 2
/* Looks at what is being written, each a millisecond behind the other. */
#define MOST_LOOKS 20

struct _DhRunLock
{
  int file;
  char *boot;
  guint64 ticks; /* when this process started, in the kernel's clock */
  gint64 started;
  GMutex mutex;
  GCond cond;
  GThread *thread;
  gboolean closing;
  DhRunPhase phase;
  char *why;
  guint64 step;
  gint64 checkpoint;
};

const char *
dh_run_phase_name (DhRunPhase phase)
{
  static const char *const names[DH_N_RUN_PHASES] = {
    "starting", "stepping", "validating", "paused", "stopping", "done", "stopped", "failed", "out-of-memory",
  };
  return phase < DH_N_RUN_PHASES ? names[phase] : "";
}

static char *
read_boot (void)
{
  char *boot = NULL;
  g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL);
  return boot ? g_strstrip (boot) : g_strdup ("");
}

/* Field 22 of /proc/PID/stat: the program's name in field 2 may hold anything, so it is counted from its end. 0 where
 * there is no such process. */
static guint64
read_ticks (gint64 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/stat", pid), *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  const char *at = strrchr (text, ')');
  for (guint field = 2; at && field < 22; field++)
    at = strchr (at + 1, ' ');
  return at ? g_ascii_strtoull (at + 1, NULL, 10) : 0;
}

gint64
dh_run_lock_oom_kills (void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/vmstat", &text, NULL, NULL))
    return -1;
  const char *at = strstr (text, "\noom_kill ");
  return at ? (gint64)g_ascii_strtoull (at + strlen ("\noom_kill "), NULL, 10) : -1;
}

static guint64
read_memory (void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  const char *resident = strchr (text, ' ');
  return resident ? g_ascii_strtoull (resident, NULL, 10) * (guint64)sysconf (_SC_PAGESIZE) : 0;
}

/* With the mutex held. */
static gboolean
write_all (DhRunLock *lock)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_run_json_add_count (json, "pid", (guint64)getpid ());
  dh_run_json_add_text (json, "boot", lock->boot);
  dh_run_json_add_count (json, "ticks", (guint64)lock->ticks);
  dh_run_json_add_count (json, "started", (guint64)lock->started);
  dh_run_json_add_text (json, "phase", dh_run_phase_name (lock->phase));
  dh_run_json_add_count (json, "step", (guint64)lock->step);
  if (lock->checkpoint >= 0)
    dh_run_json_add_count (json, "checkpoint", (guint64)lock->checkpoint);
  dh_run_json_add_count (json, "beat", (guint64)g_get_real_time () / G_USEC_PER_SEC);
  dh_run_json_add_count (json, "memory", (guint64)read_memory ());
  dh_run_json_add_count (json, "oom_kills", (guint64)dh_run_lock_oom_kills ());
  dh_run_json_add_text (json, "why", lock->why);
  g_autofree char *text = dh_run_json_end (json, FALSE);
  char block[SIZE];
  const gsize length = MIN (strlen (text), SIZE - 1);
  memcpy (block, text, length);
  memset (block + length, ' ', SIZE - length);
  block[SIZE - 1] = '\n';
  const gssize written = pwrite (lock->file, block, SIZE, 0);
  if (written >= 0 && written < SIZE)
    errno = ENOSPC;
  return written == SIZE;
}

static gpointer
beat (gpointer data)
{
  DhRunLock *lock = data;
  g_mutex_lock (&lock->mutex);
  while (!lock->closing)
    {
      g_cond_wait_until (&lock->cond, &lock->mutex, g_get_monotonic_time () + BEAT_SECONDS * G_USEC_PER_SEC);
      write_all (lock);
    }
  g_mutex_unlock (&lock->mutex);
  return NULL;
}

static gboolean
take (DhRunLock *lock, const char *path, const char *folder, GError **error)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  lock->file = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (lock->file < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s cannot be opened: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (fcntl (lock->file, F_OFD_SETLK, &whole) == 0)
    return TRUE;
  if (errno != EAGAIN && errno != EACCES)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s cannot be locked: %s", path, g_strerror (errno));
      return FALSE;
    }
  DhRunLockInfo info = { 0 };
  dh_run_lock_read (folder, &info);
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED,
               "The run “%s” cannot be used: process %" G_GINT64_FORMAT
               " trains in it; wait for its end, or stop it with kill %" G_GINT64_FORMAT,
               folder, info.pid, info.pid);
  dh_run_lock_info_clear (&info);
  return FALSE;
}

DhRunLock *
dh_run_lock_take (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, NAME, NULL);
  g_autoptr (DhRunLock) lock = g_new0 (DhRunLock, 1);
  lock->checkpoint = -1;
  g_mutex_init (&lock->mutex);
  g_cond_init (&lock->cond);
  if (!take (lock, path, folder, error))
    return NULL;
  lock->boot = read_boot ();
  lock->ticks = read_ticks (getpid ());
  lock->started = g_get_real_time () / G_USEC_PER_SEC;
  if (!write_all (lock))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s cannot be written: %s", path, g_strerror (errno));
      return NULL;
    }
  g_autoptr (GError) why = NULL;
  lock->thread = g_thread_try_new ("heartbeat", beat, lock, &why);
  if (!lock->thread)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s cannot be renewed: %s", path, why->message);
      return NULL;
    }
  return g_steal_pointer (&lock);
}

void
dh_run_lock_set_phase (DhRunLock *lock, DhRunPhase phase, const char *why)
{
  g_mutex_lock (&lock->mutex);
  lock->phase = phase;
  g_free (lock->why);
  lock->why = why ? g_utf8_substring (why, 0, MIN (g_utf8_strlen (why, -1), MOST_WHY / 4)) : NULL;
  write_all (lock);
  g_mutex_unlock (&lock->mutex);
}

void
dh_run_lock_set_step (DhRunLock *lock, guint64 step)
{
  g_mutex_lock (&lock->mutex);
  lock->step = step;
  g_mutex_unlock (&lock->mutex);
}

void
dh_run_lock_set_checkpoint (DhRunLock *lock, guint64 step)
{
  g_mutex_lock (&lock->mutex);
  lock->checkpoint = (gint64)step;
  write_all (lock);
  g_mutex_unlock (&lock->mutex);
}

void
dh_run_lock_free (DhRunLock *lock)
{
  if (!lock)
    return;
  if (lock->thread)
    {
      g_mutex_lock (&lock->mutex);
      lock->closing = TRUE;
      g_cond_signal (&lock->cond);
      g_mutex_unlock (&lock->mutex);
      g_thread_join (lock->thread);
    }
  if (lock->file >= 0)
    close (lock->file);
  g_mutex_clear (&lock->mutex);
  g_cond_clear (&lock->cond);
  g_free (lock->boot);
  g_free (lock->why);
  g_free (lock);
}

/* FALSE where it is not what the process wrote that holds the lock: half of it, or still another's of before. What is
 * of another machine is taken as it is. */
static gboolean
parse (const char *text, gsize size, DhRunLockInfo *info)
{
  g_autoptr (JsonNode) root = dh_run_json_parse (text, size, NULL);
  if (!root)
    return FALSE;
  JsonObject *object = json_node_get_object (root);
  const char *phase = dh_run_json_text (object, "phase"), *boot = dh_run_json_text (object, "boot");
  for (DhRunPhase i = 0; phase && i < DH_N_RUN_PHASES; i++)
    if (g_str_equal (dh_run_phase_name (i), phase))
      info->phase = i;
  info->pid = dh_run_json_count (object, "pid", 0);
  info->why = g_strdup (dh_run_json_text (object, "why"));
  info->step = (guint64)MAX (dh_run_json_count (object, "step", 0), 0);
  info->checkpoint = dh_run_json_count (object, "checkpoint", -1);
  info->started = dh_run_json_count (object, "started", 0);
  info->beat = dh_run_json_count (object, "beat", 0);
  info->memory = (guint64)MAX (dh_run_json_count (object, "memory", 0), 0);
  info->oom_kills = dh_run_json_count (object, "oom_kills", -1);
  g_autofree char *now = read_boot ();
  const gboolean here = boot && g_str_equal (boot, now);
  info->reachable =
      info->held && info->pid > 1 && here && (gint64)read_ticks (info->pid) == dh_run_json_count (object, "ticks", -1);
  return info->phase < DH_N_RUN_PHASES && (!here || info->reachable);
}

/* What is being written while it is read comes in parts. */
static void
read_info (int file, DhRunLockInfo *info)
{
  for (guint i = 0; i < MOST_LOOKS; i++)
    {
      struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
      char block[SIZE];
      g_free (info->why);
      *info = (DhRunLockInfo){ .phase = DH_N_RUN_PHASES, .checkpoint = -1, .oom_kills = -1 };
      info->held = fcntl (file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
      const gssize length = pread (file, block, SIZE, 0);
      if ((length > 0 && parse (block, (gsize)length, info)) || !info->held)
        return;
      g_usleep (1000);
    }
}

gboolean
dh_run_lock_read (const char *folder, DhRunLockInfo *info)
{
  *info = (DhRunLockInfo){ .phase = DH_N_RUN_PHASES, .checkpoint = -1, .oom_kills = -1 };
  g_autofree char *path = g_build_filename (folder, NAME, NULL);
  const int file = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat about;
  if (file < 0)
    return FALSE;
  if (fstat (file, &about) != 0 || !S_ISREG (about.st_mode))
    {
      close (file);
      return FALSE;
    }
  read_info (file, info);
  close (file);
  return TRUE;
}

void
dh_run_lock_info_clear (DhRunLockInfo *info)
{
  g_clear_pointer (&info->why, g_free);
}
