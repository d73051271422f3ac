/* The files of a training's folder from any bytes: each is read, or refused with an error. */
#include <glib/gstdio.h>
#include <stdlib.h>

#include "dh-error.h"
#include "dh-run-config.h"
#include "dh-run-lock.h"
#include "dh-run-log.h"
#include "dh-run-plan.h"
#include "fuzz.h"

static const char *const names[] = { "log.jsonl", "job.lock", "config.json", "plan.json" };

static void
check (gboolean read, const GError *error)
{
  if (read == (error != NULL) || (error && error->domain != DH_ERROR))
    abort ();
}

static void
read_log (const char *folder)
{
  gboolean again, more = TRUE;
  g_autoptr (DhRunLog) log = dh_run_log_new (folder);
  while (more)
    {
      g_autoptr (GArray) events = dh_run_log_read (log, &again, &more);
      for (guint i = 0; i < events->len; i++)
        if (g_array_index (events, DhRunEvent, i).kind >= DH_N_EVENTS)
          abort ();
    }
}

static void
read_all (const char *folder)
{
  g_autoptr (GError) config_error = NULL;
  g_autoptr (GError) plan_error = NULL;
  DhRunLockInfo info = { 0 };
  read_log (folder);
  if (dh_run_lock_read (folder, &info) && info.phase > DH_N_RUN_PHASES)
    abort ();
  dh_run_lock_info_clear (&info);
  g_autoptr (DhRunConfig) config = dh_run_config_read (folder, &config_error);
  check (config != NULL, config_error);
  g_autoptr (DhRunPlan) plan = dh_run_plan_open (folder, FALSE, &plan_error);
  check (plan != NULL, plan_error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-fuzz-XXXXXX", NULL);
  if (!folder)
    abort ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      if (!g_file_set_contents_full (path, (const char *)data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
        abort ();
    }
  read_all (folder);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_unlink (path);
    }
  g_rmdir (folder);
  return 0;
}
