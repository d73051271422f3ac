#include <glib/gi18n.h>
#include <math.h>
#include "dh-finds-write.h"
#include "dh-session-evaluation.h"
#include "dh-session-finds.h"
#include "dh-session-private.h"
#include "dh-session-recording-private.h"
#include "dh-session-set-objects.h"
#include "dh-set-maps-private.h"

/* So many are shown as pictures; the table has all. */
#define MOST DH_FINDS_ON_PAGE

typedef struct
{
  DhSetMaps *maps;
  DhDataset *dataset;
  DhScore score;
  DhFindingOptions finding;
  DhFindsOptions options;
  char *folder;
  char **facts;
  guint found; /* what came of it */
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;
  dh_set_maps_unref (job->maps);
  dh_dataset_unref (job->dataset);
  g_free (job->folder);
  g_strfreev (job->facts);
  g_free (job);
}

/* Not 0 where nothing is counted; NULL: everywhere it is. */
static guint8 *
dup_ignored (const DhFrame *frame)
{
  const guint8 *counted = dh_frame_peek_counted (frame);
  const gsize n = (gsize)frame->width * frame->height;
  guint8 *ignored = counted != NULL ? g_new (guint8, n) : NULL;
  for (gsize i = 0; ignored != NULL && i < n; i++)
    ignored[i] = counted[i] == 255;
  return ignored;
}

/* NULL where its map or, where something is found, the image cannot be read. */
static DhFindings *
find_in (const Job *job, guint index, DhImage **image)
{
  g_autoptr (DhFrame) frame =
      dh_set_maps_left_out (job->maps, index) == NULL ? dh_set_maps_load (job->maps, index, job->score, NULL) : NULL;
  if (frame == NULL)
    return NULL;
  dh_set_maps_add_classes (job->maps, index, frame);
  GBytes *classes = frame->maps[DH_FRAME_SEGMENTATION];
  g_autofree guint8 *ignored = dup_ignored (frame);
  g_autoptr (DhFindings) findings = dh_findings_new (dh_frame_floats (frame, dh_score_map (job->score)),
                                                     classes != NULL ? g_bytes_get_data (classes, NULL) : NULL, ignored,
                                                     frame->width, frame->height, &job->finding, NULL);
  if (findings == NULL || findings->n == 0)
    return g_steal_pointer (&findings);
  *image = dh_dataset_load_image (job->dataset, index, NULL);
  return *image != NULL && (*image)->width == frame->width && (*image)->height == frame->height
             ? g_steal_pointer (&findings)
             : NULL;
}

static gboolean
find_all (DhSessionRecording *work, Job *job, DhFinds *finds, GError **error)
{
  const guint n = dh_dataset_size (job->dataset);
  if (!dh_set_maps_check (job->maps, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      const DhDatasetItem *item = dh_dataset_item (job->dataset, i);
      const DhFindSource source = { item->stem, item->image, 0, NAN };
      g_autoptr (DhImage) image = NULL;
      if (g_cancellable_set_error_if_cancelled (work->cancellable, error))
        return FALSE;
      g_autoptr (DhFindings) findings = find_in (job, i, &image);
      if (!dh_finds_add (finds, &source, image, findings, error))
        return FALSE;
      dh_session_recording_note (i + 1, n, item->stem, work);
    }
  return dh_set_maps_check (job->maps, error);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  DhSessionRecording *work = data;
  Job *job = work->job;
  GError *error = NULL;
  g_autoptr (DhFinds) finds = dh_finds_new (&job->options);
  if (find_all (work, job, finds, &error))
    {
      dh_finds_finish (finds);
      job->found = dh_finds_count (finds);
      if (dh_finds_write (finds, job->folder, job->facts, &error))
        {
          g_task_return_boolean (task, TRUE);
          return;
        }
    }
  g_task_return_error (task, error);
}

static void
written (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const DhSessionRecording *work = dh_session_recording_end (self, result, &error);
  if (work == NULL)
    return;
  const Job *job = work->job;
  g_autofree char *name = dh_finds_dup_page_name (0);
  g_autofree char *page = g_build_filename (job->folder, name, NULL);
  g_autofree char *text =
      g_strdup_printf (ngettext ("%s: a page of %u find", "%s: a page of %u finds", job->found), name, job->found);
  if (error == NULL)
    dh_session_say_written (self, text, page);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_session_say (self, _ ("Stopped; the finds are not written"));
  else
    dh_session_complain (self, _ ("The finds could not be written"), error->message);
}

static void
add_fact (GPtrArray *facts, const char *name, char *value)
{
  g_ptr_array_add (facts, g_strdup (name));
  g_ptr_array_add (facts, value);
}

/* As `find` has them, which is no text of the window. */
static char **
list_facts (DhSession *self, const Job *job)
{
  GPtrArray *facts = g_ptr_array_new ();
  add_fact (facts, "searched", g_strdup (dh_session_get_dataset_title (self)));
  add_fact (facts, "images", g_strdup_printf ("%u", dh_dataset_size (job->dataset)));
  add_fact (facts, "maps of run", g_strdup_printf ("%" G_GINT64_FORMAT, dh_session_get_evaluation (self)->run));
  add_fact (facts, "network", g_strdup (self->model->title));
  add_fact (facts, "weights' SHA-256", g_strdup (self->model->sha256));
  add_fact (facts, "threshold",
            g_strdup_printf ("%s %s %g", dh_score_id (job->score), job->finding.low ? "below" : "above",
                             job->finding.threshold));
  add_fact (facts, "smallest region", g_strdup_printf ("%" G_GUINT64_FORMAT " pixels", job->finding.min_area));
  add_fact (facts, "order", g_strdup (dh_find_order_name (job->options.order)));
  g_ptr_array_add (facts, NULL);
  return (char **)g_ptr_array_free (facts, FALSE);
}

gboolean
dh_session_can_export_finds (DhSession *self)
{
  return self->model != NULL && self->dataset != NULL && dh_session_get_evaluation (self) != NULL
         && dh_session_get_set_objects (self) != NULL;
}

gboolean
dh_session_export_finds (DhSession *self, const char *folder)
{
  g_return_val_if_fail (dh_session_can_export_finds (self), FALSE);

  Job *job = g_new0 (Job, 1);
  job->maps = dh_set_maps_ref (dh_session_get_set_maps (self));
  job->dataset = dh_dataset_ref (self->dataset);
  job->folder = g_strdup (folder);
  job->score = self->active;
  job->finding = (DhFindingOptions){
    .threshold = self->thresholds[self->active].value,
    .low = !dh_score_flags_above (self->active),
    .min_area = g_ascii_strtoull (dh_view_get_string (self->view, "finds-least"), NULL, 10),
  };
  job->options = (DhFindsOptions){
    .min_images = 1,
    .most = MOST,
    .order = dh_view_is (self->view, "finds-order", "area") ? DH_FIND_AREA : DH_FIND_PEAK,
    .low = job->finding.low,
    .classes = self->model->n_classes,
  };
  job->facts = list_facts (self, job);
  return dh_session_recording_begin (self, folder, job, job_free, write_in_thread, written);
}
