#include "dh-status-bar.h"
#include <math.h>
#include <string.h>
#include "dh-run-item.h"
#include "dh-session-evaluation.h"
#include "dh-session-recording.h"

typedef struct
{
  DhSession *session;
  GtkWidget *bar, *device, *model, *dataset, *job, *progress, *stop;
} Status;

static void
status_free (gpointer data)
{
  g_object_unref (((Status *)data)->session);
  g_free (data);
}

static void
show_context (GtkWidget *bar)
{
  Status *self = g_object_get_data (G_OBJECT (bar), "status");
  DhComputeInfo *compute = dh_session_get_compute_info (self->session);
  DhModelInfo *model = dh_session_get_model_info (self->session);
  const char *set = dh_session_get_dataset_title (self->session);
  /* The digits of a calibration are for the runs. */
  g_autofree char *precision =
      compute != NULL ? g_strndup (compute->precision, strcspn (compute->precision, "-")) : NULL;
  const DhDeviceChoice *choice = dh_session_find_device_choice (self->session, dh_session_get_device (self->session));
  g_autofree char *device =
      compute != NULL
          ? g_strdup_printf (ngettext ("%s · %s · %u thread · %s", "%s · %s · %u threads · %s", compute->threads),
                             compute->name, compute->title, compute->threads, precision)
      : choice != NULL ? g_strdup_printf ("%s · %s", choice->name, choice->title)
                       : NULL;
  const DhFrame *frame = dh_session_get_frame (self->session);
  g_autofree char *tiled =
      frame != NULL && frame->tile > 0
          ? g_strdup_printf (_ ("%s, in tiles of %u px"), device != NULL ? device : "", frame->tile)
          : NULL;
  gtk_label_set_label (GTK_LABEL (self->device), tiled != NULL ? tiled : device != NULL ? device : "");
  gtk_widget_set_tooltip_text (self->device, dh_session_get_cuda_sentence (self->session));
  gtk_label_set_label (GTK_LABEL (self->model), model != NULL ? model->title : _ ("no weights"));
  gtk_label_set_label (GTK_LABEL (self->dataset), set != NULL ? set : _ ("no data set"));
}

static char *
describe_job (DhSession *session, double *fraction)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (session, &progress);
  *fraction = -1;
  if (progress.calibrating_of > 0)
    {
      *fraction = (double)(progress.calibrating - 1) / progress.calibrating_of;
      return g_strdup_printf (_ ("Calibrating: image %u of %u"), progress.calibrating, progress.calibrating_of);
    }
  if (dh_session_is_evaluating (session))
    {
      *fraction = progress.total > 0 ? (double)progress.done / progress.total : 0;
      g_autofree char *left = dh_run_dup_duration (progress.seconds_left);
      if (isnan (progress.per_second))
        return g_strdup_printf (_ ("Evaluating %u of %u"), progress.done, progress.total);
      return g_strdup_printf (_ ("Evaluating %u of %u · %.2g images/s · %s left"), progress.done, progress.total,
                              progress.per_second, left);
    }
  if (dh_session_is_recalling (session))
    {
      *fraction = progress.total > 0 ? (double)progress.done / progress.total : 0;
      return g_strdup_printf (_ ("Reading what was measured before: %u of %u"), progress.done, progress.total);
    }
  DhFramesProgress frames;
  if (dh_session_get_frames_progress (session, &frames))
    {
      *fraction = frames.total > 0 ? (double)frames.done / frames.total : 0;
      if (frames.total == 0)
        return g_strdup_printf (_ ("%s: frame %u"), frames.name, frames.done);
      return g_strdup_printf (_ ("%s: frame %u of %u"), frames.name, frames.done, frames.total);
    }
  if (dh_session_is_opening (session))
    return g_strdup (_ ("Opening…"));
  if (dh_session_is_loading (session))
    return g_strdup (_ ("Loading weights…"));
  guint64 size = dh_session_get_cache_size (session);
  if (size == 0)
    return g_strdup (_ ("cache empty"));
  g_autofree char *used = dh_ui_size (size), *limit = dh_ui_size (dh_session_get_cache_limit (session));
  return g_strdup_printf (_ ("cache %s of %s"), used, limit);
}

static void
show_job (GtkWidget *bar)
{
  Status *self = g_object_get_data (G_OBJECT (bar), "status");
  double fraction;
  g_autofree char *text = describe_job (self->session, &fraction);
  gtk_label_set_label (GTK_LABEL (self->job), text);
  gtk_widget_set_visible (self->progress, fraction >= 0);
  DhFramesProgress frames;
  const gboolean evaluates = dh_session_is_evaluating (self->session) || dh_session_is_recalling (self->session);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->stop), evaluates ? "win.cancel-evaluation" : "win.stop-frames");
  gtk_widget_set_visible (self->stop, evaluates || dh_session_get_frames_progress (self->session, &frames));
  if (fraction >= 0)
    gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->progress), CLAMP (fraction, 0, 1));
}

GtkWidget *
dh_status_bar_new (DhSession *session)
{
  Status *self = g_new0 (Status, 1);
  self->session = g_object_ref (session);
  GtkWidget *bar = self->bar = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-status");
  g_object_set_data_full (G_OBJECT (bar), "status", self, status_free);
  GtkWidget *icon = gtk_image_new_from_icon_name ("dh-chip-symbolic");
  gtk_image_set_pixel_size (GTK_IMAGE (icon), 13);
  gtk_box_append (GTK_BOX (bar), icon);
  self->device = dh_ui_short_label (NULL, NULL, 0);
  self->model = dh_ui_short_label (NULL, NULL, 0);
  self->dataset = dh_ui_short_label (NULL, "dim-label", 0);
  gtk_box_append (GTK_BOX (bar), self->device);
  gtk_box_append (GTK_BOX (bar), dh_ui_label ("·", "dim-label", 0));
  gtk_box_append (GTK_BOX (bar), self->model);
  gtk_box_append (GTK_BOX (bar), dh_ui_label ("·", "dim-label", 0));
  gtk_box_append (GTK_BOX (bar), self->dataset);
  gtk_widget_set_hexpand (self->dataset, TRUE);
  self->job = dh_ui_label (NULL, "dim-label dh-num", 1);
  gtk_box_append (GTK_BOX (bar), self->job);
  self->progress = gtk_progress_bar_new ();
  gtk_widget_set_size_request (self->progress, 150, -1);
  gtk_widget_set_valign (self->progress, GTK_ALIGN_CENTER);
  dh_ui_set_name (self->progress, _ ("Progress"));
  gtk_box_append (GTK_BOX (bar), self->progress);
  self->stop = dh_ui_icon_button ("window-close-symbolic", _ ("Stop"), "win.cancel-evaluation", "flat dh-stop");
  gtk_widget_set_valign (self->stop, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (bar), self->stop);
  static const char *const of_context[] = { "notify::model-info", "notify::dataset-title", "notify::frame" };
  static const char *const of_job[] = { "notify::opening", "notify::loading",    "notify::evaluating",
                                        "evaluation",      "notify::cache-size", "frames" };
  for (guint i = 0; i < G_N_ELEMENTS (of_context); i++)
    g_signal_connect_object (session, of_context[i], G_CALLBACK (show_context), bar, G_CONNECT_SWAPPED);
  for (guint i = 0; i < G_N_ELEMENTS (of_job); i++)
    g_signal_connect_object (session, of_job[i], G_CALLBACK (show_job), bar, G_CONNECT_SWAPPED);
  show_context (bar);
  show_job (bar);
  return bar;
}
