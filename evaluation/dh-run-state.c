#include "dh-run-state.h"

#include "dh-folder-lock.h"

const char *
dh_run_state (const DhRunRow *run)
{
  return g_str_equal (run->state, "running") && !dh_folder_lock_is_held (run->folder) ? "unfinished" : run->state;
}
