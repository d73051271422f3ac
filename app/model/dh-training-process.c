#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "dh-error.h"
#include "dh-file.h"
#include "dh-recipe.h"
#include "dh-training-form-private.h"
#include "dh-training-record.h"

/* A training's process: how it begins, how it is spoken to, and how it ended where it could not say so. */

#define OUTPUT "output.txt" /* what it prints: errors of the time before it has a log */

/* Between fork and exec: nothing but system calls. */
static void
prepare_child (gpointer data)
{
  setsid ();
  setpriority (PRIO_PROCESS, 0, 10);
  const int file = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file >= 0)
    {
      const gssize written = write (file, "500", 3);
      (void)written;
      close (file);
    }
}

static char **
resume_words (DhTrainingForm *form, const char *runs, const char *name)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_strv_builder_add_many (words, "train", "--resume", "--exp_name", name, "--runs", runs, NULL);
  if (form != NULL && form->numbers[DH_TRAINING_WORKERS] > 0)
    {
      g_autofree char *workers = g_strdup_printf ("%.0f", form->numbers[DH_TRAINING_WORKERS]);
      g_strv_builder_add_many (words, "--workers", workers, NULL);
    }
  return g_strv_builder_end (words);
}

static char **
dup_words (DhTrainingRecord *record, GError **error)
{
  const DhJobRow *row = record->row;
  g_autofree char *name = g_path_get_basename (row->folder), *runs = g_path_get_dirname (row->folder);
  g_autofree char *config = g_build_filename (row->folder, "config.json", NULL);
  g_autoptr (DhTrainingForm) form = row->form != NULL ? dh_training_form_new () : NULL;
  if (form != NULL && !dh_training_form_read_text (form, row->form, error))
    return NULL;
  if (g_file_test (config, G_FILE_TEST_EXISTS))
    return resume_words (form, runs, name);
  if (form == NULL)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s: there is no training to go on with"), row->folder);
      return NULL;
    }
  /* The recipe as it was when the job was made, whatever became of its file since. */
  g_autoptr (DhRecipe) recipe = dh_training_form_dup_recipe (form);
  g_autofree char *text = dh_recipe_to_json (recipe);
  g_autofree char *path = g_build_filename (row->folder, "recipe.json", NULL);
  dh_training_form_set_text (form, DH_TRAINING_RUNS, runs);
  if (!dh_folder_make (row->folder, error) || !dh_file_write (path, text, strlen (text), error))
    return NULL;
  return dh_training_form_dup_words (form, path, name);
}

gboolean
dh_training_record_launch (DhTrainingRecord *record, const char *program, const char *database, GError **error)
{
  g_auto (GStrv) words = dup_words (record, error);
  if (words == NULL)
    return FALSE;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_strv_builder_add (builder, program);
  g_strv_builder_addv (builder, (const char **)words);
  g_strv_builder_add_many (builder, "--quiet", "--db", database, NULL);
  g_auto (GStrv) line = g_strv_builder_end (builder);
  g_autofree char *path = g_build_filename (record->row->folder, OUTPUT, NULL);
  const int output = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (output < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, _ ("%s cannot be written: %s"), path, g_strerror (errno));
      return FALSE;
    }
  GPid child = 0;
  /* No pipe: it must not end with this program. */
  const gboolean done = g_spawn_async_with_fds ("/", line, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                                                prepare_child, NULL, &child, -1, -1, output, error);
  close (output);
  if (!done)
    return FALSE;
  record->child = child;
  record->child_ended = FALSE;
  record->stopped_at = 0;
  record->told_to_stop = FALSE;
  record->wants_pause = FALSE;
  return TRUE;
}

gboolean
dh_training_record_signal (DhTrainingRecord *record, int number)
{
  /* A child that was not waited for keeps its number; before its lock it knows only how to be ended. */
  const gint64 pid = record->reachable ? record->lock_pid
                     : record->child != 0 && !record->child_ended && (number == SIGTERM || number == SIGKILL)
                         ? record->child
                         : 0;
  return pid > 1 && kill ((pid_t)pid, number) == 0;
}

/* The end of what it printed. */
static char *
read_output (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, OUTPUT, NULL);
  const int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char text[8192];
  if (file < 0)
    return g_strdup ("");
  const off_t size = lseek (file, 0, SEEK_END);
  const gssize length = pread (file, text, sizeof text, MAX (0, size - (off_t)sizeof text));
  close (file);
  return g_utf8_make_valid (text, MAX (length, 0));
}

/* What the program said as its last word, "densehybrid: …". */
static char *
dup_last_word (const char *output)
{
  static const char prefix[] = "densehybrid: ";
  const char *at = g_strrstr (output, prefix);
  if (at == NULL)
    return NULL;
  at += strlen (prefix);
  char *word = g_strndup (at, strcspn (at, "\n"));
  return g_strchomp (word);
}

static gboolean
speaks_of_memory (const char *output)
{
  static const char *const words[] = { "failed to allocate", "bad_alloc", "Cannot allocate memory", "out of memory",
                                       "Out of memory" };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (output, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

DhJobState
dh_training_record_diagnose (DhTrainingRecord *record, const DhRunLockInfo *info, char **why)
{
  const int status = record->child != 0 && record->child_ended ? record->child_status : -1;
  const int signal_number = status >= 0 && WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  g_autofree char *output = read_output (record->row->folder);
  g_autofree char *word = dup_last_word (output);
  const gint64 oom_kills = dh_run_lock_oom_kills ();
  *why = NULL;
  if (speaks_of_memory (output))
    {
      *why = g_steal_pointer (&word);
      return DH_JOB_OUT_OF_MEMORY;
    }
  if ((signal_number == SIGKILL || status < 0) && info != NULL && info->oom_kills >= 0 && oom_kills > info->oom_kills)
    {
      g_autofree char *size = g_format_size_full (info->memory, G_FORMAT_SIZE_IEC_UNITS);
      *why = g_strdup_printf (_ ("the system ended it for want of memory when it held %s"), size);
      return DH_JOB_OUT_OF_MEMORY;
    }
  if (status >= 0 && WIFEXITED (status) && WEXITSTATUS (status) == 130)
    return DH_JOB_CANCELLED;
  if (word != NULL && (status < 0 || WIFEXITED (status)))
    {
      *why = g_steal_pointer (&word);
      return DH_JOB_FAILED;
    }
  if (signal_number == SIGTERM || signal_number == SIGINT)
    return DH_JOB_CANCELLED;
  if (signal_number != 0 && signal_number != SIGKILL && signal_number != SIGHUP)
    {
      *why = g_strdup_printf (_ ("the process crashed: %s"), strsignal (signal_number));
      return DH_JOB_FAILED;
    }
  return DH_JOB_LOST;
}
