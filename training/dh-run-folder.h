#pragma once
#include <gio/gio.h>
#include "dh-run-lock.h"

G_BEGIN_DECLS

/* The folder of one training: log.jsonl, config.json, checkpoint.pth, model_best.pth, model_{epoch}.pth, job.lock. */
typedef struct
{
  char *path;
  DhRunLock *lock;
  int log; /* file descriptor */
} DhRunFolder;

/* `fresh`: makes the folder; one that holds a training's results (config.json, plan.json, checkpoint.pth,
 * model_*.pth), of this program or of another, is an error, never overwritten. Else it must hold one. Takes its lock;
 * where another process holds it: DH_ERROR_FAILED. */
DhRunFolder *dh_run_folder_open (const char *path, gboolean fresh, GError **error);
void dh_run_folder_free (DhRunFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunFolder, dh_run_folder_free)
/* Free with g_free. */
char *dh_run_folder_file (const DhRunFolder *folder, const char *name);
/* One line behind log.jsonl; a line is written whole or not at all, but for a kill: the next then begins on a line of
 * its own. */
gboolean dh_run_folder_log (DhRunFolder *folder, const char *line, GError **error);
/* Removes model_{epoch}.pth (or .onnx) of the run's epochs, 1 … `epoch`, but the `keep` last; those of others are not
 * its own. */
void dh_run_folder_prune (DhRunFolder *folder, guint keep, guint64 epoch);

/* Whether a file of this name in a run's folder is the run's: one of its files, or what a kill left of one. */
gboolean dh_run_folder_owns (const char *name);
/* "model_12.pth", "model_12.onnx" → 12; 0 for other names. */
guint dh_run_folder_model_epoch (const char *name);
/* Bytes that a training's files take at most, for so many parameters; and those that are free where the folder is, or
 * will be: 0 where that cannot be told. */
guint64 dh_run_folder_needs (guint64 parameters, guint keep);
guint64 dh_run_folder_free_space (const char *path);
/* Whether there is room for it, with the .pth files that stand there already; an error says how much is there. */
gboolean dh_run_folder_has_space (const DhRunFolder *folder, guint64 bytes, GError **error);

G_END_DECLS
