#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "dh-error.h"
#include "dh-foreign-start.h"
#include "dh-run-folder.h"
#include "dh-training-record.h"

/* The files of a training's folder. */

void
dh_job_checkpoint_free (DhJobCheckpoint *checkpoint)
{
  g_free (checkpoint->name);
  g_free (checkpoint->path);
  g_free (checkpoint->title);
  g_free (checkpoint);
}

/* The checkpoint itself may be gigabytes. */
static gint64
read_step (const char *folder)
{
  DhRunLockInfo info;
  dh_run_lock_read (folder, &info);
  dh_run_lock_info_clear (&info);
  return info.checkpoint;
}

static char *
title_of (const DhTrainingRecord *record, const DhJobCheckpoint *checkpoint)
{
  const DhJobRow *row = record->row;
  if (checkpoint->last)
    return g_strdup_printf (_ ("last, step %" PRIu64), checkpoint->step);
  if (!checkpoint->best)
    return g_strdup_printf (_ ("epoch %u"), checkpoint->epoch);
  if (row->best_epoch == 0)
    return g_strdup (_ ("best"));
  const gboolean ap = g_strcmp0 (record->selection, "miou") != 0 && row->ap == row->ap;
  return g_strdup_printf (ap ? _ ("best, AP %.1f %% at epoch %u") : _ ("best, mIoU %.1f %% at epoch %u"),
                          100 * (ap ? row->ap : row->miou), checkpoint->epoch);
}

static DhJobCheckpoint *
make_checkpoint (const DhTrainingRecord *record, const char *name)
{
  const guint epoch = dh_run_folder_model_epoch (name);
  const gboolean best = g_str_equal (name, "model_best.pth") || g_str_equal (name, "model_best.onnx"),
                 last = g_str_equal (name, "checkpoint.pth");
  g_autofree char *path = g_build_filename (record->row->folder, name, NULL);
  g_autofree char *network = dh_foreign_start_path (record->row->folder);
  GStatBuf about;
  if ((epoch == 0 && !best && !last) || g_stat (path, &about) != 0 || !S_ISREG (about.st_mode))
    return NULL;
  DhJobCheckpoint *checkpoint = g_new0 (DhJobCheckpoint, 1);
  checkpoint->best = best;
  checkpoint->last = checkpoint->resumable = last;
  checkpoint->opens = !last || !g_file_test (network, G_FILE_TEST_EXISTS);
  checkpoint->epoch = best ? (guint)record->row->best_epoch : epoch;
  checkpoint->step = (guint64)(record->files.step >= 0 ? record->files.step : record->row->step);
  checkpoint->time = about.st_mtime;
  checkpoint->name = g_strdup (name);
  checkpoint->path = g_steal_pointer (&path);
  checkpoint->title = title_of (record, checkpoint);
  return checkpoint;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const DhJobCheckpoint *x = *(DhJobCheckpoint *const *)a, *y = *(DhJobCheckpoint *const *)b;
  if (x->best != y->best)
    return x->best ? -1 : 1;
  if (x->last != y->last)
    return x->last ? -1 : 1;
  return (x->epoch < y->epoch) - (x->epoch > y->epoch);
}

/* Of what the titles tell, too: a trainer writes a file first, then its step and its epoch elsewhere. */
static gboolean
is_same (const DhTrainingFiles *a, const DhTrainingFiles *b)
{
  return a->scanned == b->scanned && a->inode == b->inode && a->changed.tv_sec == b->changed.tv_sec
         && a->changed.tv_nsec == b->changed.tv_nsec && a->step == b->step && a->best_epoch == b->best_epoch;
}

/* A file system's times count in ticks of the system's clock (or in seconds): another file within the same one leaves
 * the folder's time as it is. */
static gboolean
may_change_unseen (const GStatBuf *about)
{
  const gint64 tick = about->st_mtim.tv_nsec == 0 ? 2 * G_USEC_PER_SEC : G_USEC_PER_SEC / 20;
  const gint64 age = g_get_real_time () - (about->st_mtim.tv_sec * G_USEC_PER_SEC + about->st_mtim.tv_nsec / 1000);
  return age >= -G_USEC_PER_SEC && age < tick;
}

gboolean
dh_training_record_scan (DhTrainingRecord *record)
{
  const DhJobRow *row = record->row;
  GStatBuf about = { 0 };
  g_stat (row->folder, &about);
  DhTrainingFiles files = { TRUE, about.st_ino, about.st_mtim, record->files.step, row->best_epoch };
  /* Nobody writes into the lock of one that has ended. */
  if (dh_training_record_is_active (record) || !is_same (&files, &record->files))
    files.step = read_step (row->folder);
  if (is_same (&files, &record->files))
    return FALSE;
  record->files = files;
  record->files.scanned = !may_change_unseen (&about);
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_job_checkpoint_free);
  g_autoptr (GDir) dir = g_dir_open (record->row->folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      DhJobCheckpoint *checkpoint = make_checkpoint (record, name);
      if (checkpoint != NULL)
        g_ptr_array_add (found, checkpoint);
    }
  g_ptr_array_sort (found, compare);
  g_ptr_array_unref (record->checkpoints);
  record->checkpoints = found;
  return TRUE;
}

/* Whatever else somebody put there stays, and so does the folder then. */
gboolean
dh_training_record_remove_files (DhTrainingRecord *record, GError **error)
{
  const char *folder = record->row->folder;
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  gboolean foreign = FALSE;
  const char *name;
  if (dir == NULL)
    return TRUE; /* gone already */
  while ((name = g_dir_read_name (dir)) != NULL)
    foreign = foreign || !dh_run_folder_owns (name);
  if (!foreign && g_file_trash (file, NULL, NULL))
    return TRUE;
  g_dir_rewind (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (dh_run_folder_owns (name) && g_unlink (path) != 0)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_IO, _ ("%s cannot be deleted: %s"), path, g_strerror (errno));
          return FALSE;
        }
    }
  g_rmdir (folder);
  return TRUE;
}
