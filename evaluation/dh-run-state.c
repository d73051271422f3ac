#include "dh-run-state.h"

#include <gio/gio.h>

#include "dh-folder-lock.h"

const char *
dh_run_state (const DhRunRow *run)
{
  return g_str_equal (run->state, "running") && !dh_folder_lock_is_held (run->folder) ? "unfinished" : run->state;
}

char *
dh_run_row_dup_weights (const DhRunRow *run)
{
  if (run->method || !run->model_path || !*run->model_path)
    return NULL;
  g_autofree char *base = g_path_get_basename (run->model_path), *shown = g_filename_display_name (base);
  if (!g_str_equal (base, "checkpoint.pth") && !g_str_has_prefix (base, "model_"))
    return g_steal_pointer (&shown);
  g_autofree char *folder = g_path_get_dirname (run->model_path), *name = g_path_get_basename (folder);
  g_autofree char *training = g_filename_display_name (name);
  return g_strdup_printf ("%s/%s", training, shown);
}

char *
dh_run_row_dup_model (const DhRunRow *run)
{
  g_autofree char *weights = dh_run_row_dup_weights (run);
  return weights ? g_strdup_printf ("%s (%s)", run->model_title, weights) : g_strdup (run->model_title);
}
