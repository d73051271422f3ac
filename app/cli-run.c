#include "cli-run.h"

#include "dh-export.h"
#include "dh-reading.h"
#include "dh-run-reading.h"

void
dh_cli_run_clear (DhCliRun *run)
{
  g_clear_pointer (&run->dataset, dh_dataset_unref);
  g_clear_pointer (&run->run, dh_run_row_free);
  g_clear_pointer (&run->rows, g_ptr_array_unref);
  g_clear_pointer (&run->database, dh_database_close);
}

gboolean
dh_cli_run_open (DhCliRun *run, const char *db, gint64 number, GCancellable *cancellable, GError **error)
{
  run->database = dh_database_open_existing (db, error);
  run->run = run->database ? dh_database_get_run (run->database, number, error) : NULL;
  run->rows = run->run ? dh_export_list_images (run->database, run->run, error) : NULL;
  if (!run->rows)
    return FALSE;
  g_autoptr (DhReading) reading = dh_run_reading_get (run->run);
  run->dataset = dh_reading_open (reading, run->run->dataset_root, cancellable, NULL, error);
  return run->dataset != NULL;
}
