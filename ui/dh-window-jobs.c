#include "dh-job-list.h"
#include "dh-window-private.h"

/* Trainings outside their page: how many there are, in the header, and what became of them, to be seen and heard. */

static void
show_counts (DhWindow *self)
{
  DhTrainingQueue *queue = dh_session_get_training (self->session);
  guint n = dh_training_queue_count (queue, DH_JOB_RUNNING) + dh_training_queue_count (queue, DH_JOB_QUEUED)
            + dh_training_queue_count (queue, DH_JOB_PAUSED);
  g_autofree char *number = g_strdup_printf ("%u", n), *counts = dh_job_list_dup_counts (queue);
  g_autofree char *name = g_strdup_printf (_ ("Trainings: %s"), counts);
  gtk_label_set_label (GTK_LABEL (self->jobs_number), number);
  gtk_widget_set_tooltip_text (self->jobs_button, name);
  dh_ui_set_name (self->jobs_button, name);
  gtk_widget_set_visible (self->jobs_button, n > 0);
}

/* A toast for whoever looks here; the desktop's own notification, which screen readers speak, for everybody else. */
static void
on_ended (DhTrainingQueue *queue, DhTrainingJob *job, DhWindow *self)
{
  DhJobState state = dh_training_job_get_state (job);
  g_autofree char *said = g_strdup_printf (_ ("“%s”: %s"), dh_training_job_get_title (job), dh_job_state_name (state));
  AdwToast *toast = dh_ui_toast_new (said);
  const char *page = adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack));
  if (g_strcmp0 (page, "training") != 0)
    {
      /* What failed stays until it was read. */
      adw_toast_set_timeout (toast, state == DH_JOB_DONE || state == DH_JOB_CANCELLED ? 5 : 0);
      adw_toast_set_button_label (toast, _ ("Show"));
      adw_toast_set_action_name (toast, "win.page");
      adw_toast_set_action_target (toast, "s", "training");
    }
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->toasts), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, said, -1);
  if (gtk_window_is_active (GTK_WINDOW (self)) && g_strcmp0 (page, "training") == 0)
    return;
  /* Without a session bus nobody shows it, and GLib complains of having been asked. */
  GApplication *application = G_APPLICATION (gtk_window_get_application (GTK_WINDOW (self)));
  if (g_application_get_dbus_connection (application) == NULL)
    return;
  g_autoptr (GNotification) notification = g_notification_new (said);
  g_notification_set_body (notification, dh_training_job_get_sentence (job));
  g_autofree char *id = g_strdup_printf ("training-%" G_GINT64_FORMAT, dh_training_job_get_id (job));
  g_application_send_notification (application, id, notification);
}

static void
on_error (DhTrainingQueue *queue, const char *title, const char *text, DhWindow *self)
{
  if (text != NULL)
    g_signal_emit_by_name (self->session, "error", title, text);
  else
    dh_window_take_back (self, title);
}

GtkWidget *
dh_window_make_jobs_button (DhWindow *self)
{
  DhTrainingQueue *queue = dh_session_get_training (self->session);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->jobs_number = dh_ui_label (NULL, "dh-num", 0.5);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("dh-queue-symbolic"));
  gtk_box_append (GTK_BOX (box), self->jobs_number);
  self->jobs_button = gtk_button_new ();
  dh_ui_add_classes (self->jobs_button, "flat");
  gtk_button_set_child (GTK_BUTTON (self->jobs_button), box);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (self->jobs_button), "s", "training");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->jobs_button), "win.page");
  g_signal_connect_object (queue, "counts", G_CALLBACK (show_counts), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (queue, "ended", G_CALLBACK (on_ended), self, 0);
  g_signal_connect_object (queue, "error", G_CALLBACK (on_error), self, 0);
  show_counts (self);
  return self->jobs_button;
}
