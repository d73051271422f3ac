#pragma once
#include "dh-database.h"
#include "dh-dataset.h"
#include "dh-records.h"

G_BEGIN_DECLS

/* A stored run whose images and maps take the network's place; all owned. */
typedef struct
{
  DhDatabase *database;
  DhRunRow *run;
  GPtrArray *rows; /* DhRunImageRow, of the images that it measured */
  DhDataset *dataset;
} DhCliRun;
void dh_cli_run_clear (DhCliRun *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliRun, dh_cli_run_clear)

/* Its set is read as the run read it. `db` NULL: the user's database. Errors: those of dh_database_open_existing(),
 * dh_export_list_images() and dh_reading_open(). */
gboolean dh_cli_run_open (DhCliRun *run, const char *db, gint64 number, GCancellable *cancellable, GError **error);

G_END_DECLS
