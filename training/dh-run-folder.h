#pragma once
#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The folder of one training: log.jsonl, config.json, checkpoint.pth, model_best.pth, model_{epoch}.pth, job.lock. */
typedef struct
{
  char *path;
  int lock; /* file descriptor */
  GOutputStream *log;
} DhRunFolder;

/* `fresh`: makes the folder; one that holds a training already is an error, never overwritten. Else it must hold one.
 * Takes job.lock, which says pid, boot id and start time; where another process holds it: DH_ERROR_FAILED. */
DhRunFolder *dh_run_folder_open (const char *path, gboolean fresh, GError **error);
void dh_run_folder_free (DhRunFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunFolder, dh_run_folder_free)
/* Free with g_free. */
char *dh_run_folder_file (const DhRunFolder *folder, const char *name);
/* One line behind log.jsonl. */
gboolean dh_run_folder_log (DhRunFolder *folder, const char *line, GError **error);
/* Removes all model_{epoch}.pth but the `keep` last. */
void dh_run_folder_prune (DhRunFolder *folder, guint keep);
/* Whether `bytes` are free there; an error says how much is. */
gboolean dh_run_folder_has_space (const DhRunFolder *folder, guint64 bytes, GError **error);

G_END_DECLS
