#include "dh-training-page.h"
#include "dh-focus.h"
#include "dh-job-list.h"
#include "dh-session-reopen.h"
#include "dh-training-curves.h"
#include "dh-training-log-card.h"
#include "dh-training-panel.h"

#define FORM_FOLDS 1010
#define NARROW 800 /* of what is beside the form */

struct _DhTrainingPage
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *flap, *panel, *stack, *jobs, *curves, *log;
  gboolean wide, known, folding;
  int width, height;
  guint fold_source;
};

G_DEFINE_FINAL_TYPE (DhTrainingPage, dh_training_page, GTK_TYPE_WIDGET)

static void
show_chosen (DhTrainingPage *self)
{
  DhTrainingJob *job = dh_job_list_get_chosen (DH_JOB_LIST (self->jobs));
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), job != NULL ? "jobs" : "empty");
  dh_training_curves_set_job (DH_TRAINING_CURVES (self->curves), job);
  dh_training_log_card_set_job (DH_TRAINING_LOG_CARD (self->log), job);
}

static void
use_in_browse (DhTrainingPage *self, DhTrainingJob *job, const char *path)
{
  if (dh_session_open_checkpoint (self->session, job, path))
    gtk_widget_activate_action (GTK_WIDGET (self), "win.page", "s", "browse");
}

static void
on_use (DhTrainingCurves *curves, DhTrainingJob *job, const char *path, DhTrainingPage *self)
{
  use_in_browse (self, job, path);
}

static void
on_asked (DhJobList *list, DhTrainingJob *job, const char *what, DhTrainingPage *self)
{
  if (g_str_equal (what, "browse"))
    use_in_browse (self, job, dh_training_job_get_best_path (job));
  else if (g_str_equal (what, "edit"))
    {
      dh_training_panel_take_job (DH_TRAINING_PANEL (self->panel), job);
      adw_flap_set_reveal_flap (ADW_FLAP (self->flap), TRUE);
    }
}

static void
on_added (DhTrainingPanel *panel, DhTrainingJob *job, DhTrainingPage *self)
{
  dh_job_list_choose (DH_JOB_LIST (self->jobs), job);
  if (!self->wide)
    adw_flap_set_reveal_flap (ADW_FLAP (self->flap), FALSE);
}

void
dh_training_page_choose (DhTrainingPage *self, DhTrainingJob *job)
{
  dh_job_list_choose (DH_JOB_LIST (self->jobs), job);
}

GtkWidget *
dh_training_page_get_flap (DhTrainingPage *self)
{
  return self->flap;
}

void
dh_training_page_focus_filter (DhTrainingPage *self)
{
  dh_training_log_card_focus_filter (DH_TRAINING_LOG_CARD (self->log));
}

void
dh_training_page_close_form (DhTrainingPage *self)
{
  if (!adw_flap_get_folded (ADW_FLAP (self->flap)) || !adw_flap_get_reveal_flap (ADW_FLAP (self->flap)))
    return;
  adw_flap_set_reveal_flap (ADW_FLAP (self->flap), FALSE);
  gtk_widget_child_focus (self->stack, GTK_DIR_TAB_FORWARD);
}

gboolean
dh_training_page_add (DhTrainingPage *self)
{
  return dh_training_panel_add (DH_TRAINING_PANEL (self->panel));
}

/* Not while sizes are being given out. */
static gboolean
fold (gpointer data)
{
  DhTrainingPage *self = data;
  self->fold_source = 0;
  int width = gtk_widget_get_width (GTK_WIDGET (self)), height = gtk_widget_get_height (GTK_WIDGET (self));
  /* It grows with the letters, beside the rest to about a third of the page. */
  const double grown = DH_TRAINING_PANEL_WIDTH * MAX (dh_ui_text_scale (GTK_WIDGET (self)), 1);
  const double most = width >= FORM_FOLDS ? 0.36 * width : width - 48;
  const int form = (int)MAX (MIN (grown, most), DH_TRAINING_PANEL_WIDTH);
  dh_training_panel_set_room (DH_TRAINING_PANEL (self->panel), form, height);
  if (width <= 0 || (self->known && width == self->width && height == self->height))
    return G_SOURCE_REMOVE;
  gboolean wide = width >= FORM_FOLDS;
  if (!self->known || wide != self->wide)
    {
      gboolean shown = dh_settings_get_int (dh_session_get_settings (self->session), "training", "show-form", 1) != 0;
      self->folding = TRUE;
      adw_flap_set_fold_policy (ADW_FLAP (self->flap), wide ? ADW_FLAP_FOLD_POLICY_NEVER : ADW_FLAP_FOLD_POLICY_ALWAYS);
      adw_flap_set_reveal_flap (ADW_FLAP (self->flap), wide && shown);
      self->folding = FALSE;
    }
  self->known = TRUE;
  self->wide = wide;
  self->width = width;
  self->height = height;
  int room = (wide && adw_flap_get_reveal_flap (ADW_FLAP (self->flap)) ? width - form : width) - 24;
  dh_job_list_set_room (DH_JOB_LIST (self->jobs), room < NARROW, height >= 760 ? 6 : height >= 600 ? 3 : 2);
  dh_training_curves_set_room (DH_TRAINING_CURVES (self->curves), room,
                               height >= 950   ? 190
                               : height >= 760 ? 136
                                               : 110);
  return G_SOURCE_REMOVE;
}

static void
on_revealed (DhTrainingPage *self)
{
  if (self->known && self->wide && !self->folding)
    dh_settings_set_int (dh_session_get_settings (self->session), "training", "show-form",
                         adw_flap_get_reveal_flap (ADW_FLAP (self->flap)));
  /* There is more room, or less. */
  self->width = 0;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

static void
reveal_form (DhTrainingPage *self)
{
  adw_flap_set_reveal_flap (ADW_FLAP (self->flap), TRUE);
}

static void
dh_training_page_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhTrainingPage *self = DH_TRAINING_PAGE (widget);
  gtk_widget_allocate (self->flap, width, height, baseline, NULL);
  if (self->fold_source == 0)
    self->fold_source = g_idle_add (fold, self);
}

static void
dh_training_page_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                          int *minimum_baseline, int *natural_baseline)
{
  gtk_widget_measure (DH_TRAINING_PAGE (widget)->flap, orientation, for_size, minimum, natural, minimum_baseline,
                      natural_baseline);
  /* The form folds when it no longer fits: the width must be allowed to become small. */
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    *minimum = MIN (*minimum, 360);
}

static void
dh_training_page_dispose (GObject *object)
{
  DhTrainingPage *self = DH_TRAINING_PAGE (object);
  g_clear_handle_id (&self->fold_source, g_source_remove);
  g_clear_pointer (&self->flap, gtk_widget_unparent);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_training_page_parent_class)->dispose (object);
}

static void
dh_training_page_class_init (DhTrainingPageClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_page_dispose;
  GTK_WIDGET_CLASS (class)->measure = dh_training_page_measure;
  GTK_WIDGET_CLASS (class)->size_allocate = dh_training_page_size_allocate;
}

static void
dh_training_page_init (DhTrainingPage *self)
{
}

static GtkWidget *
make_jobs (DhTrainingPage *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  self->jobs = dh_job_list_new (self->session);
  dh_focus_add_region (self->jobs);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "job", dh_job_list_get_actions (DH_JOB_LIST (self->jobs)));
  g_autoptr (GMenuModel) menu = dh_job_list_new_menu ();
  self->curves = dh_training_curves_new (self->session, menu);
  dh_focus_add_region (self->curves);
  self->log = dh_training_log_card_new ();
  dh_focus_add_region (self->log);
  gtk_widget_set_vexpand (self->log, TRUE);
  gtk_box_append (GTK_BOX (box), self->jobs);
  gtk_box_append (GTK_BOX (box), self->curves);
  gtk_box_append (GTK_BOX (box), self->log);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  return scroller;
}

/* The button shows the form where that is folded away. */
static GtkWidget *
make_empty (DhTrainingPage *self)
{
  GtkWidget *empty = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (empty), "dh-training-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (empty), _ ("No trainings yet"));
  adw_status_page_set_description (ADW_STATUS_PAGE (empty),
                                   _ ("Choose a recipe, a data set and, for the hybrid loss, negatives; then “Add to "
                                      "queue”. A training runs on when "
                                      "this window is closed, and can be stopped and gone on with at any step."));
  GtkWidget *form = gtk_button_new_with_label (_ ("New training"));
  gtk_widget_add_css_class (form, "suggested-action");
  gtk_widget_add_css_class (form, "pill");
  gtk_widget_set_halign (form, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (form, "clicked", G_CALLBACK (reveal_form), self);
  g_object_bind_property (self->flap, "reveal-flap", form, "visible", G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  adw_status_page_set_child (ADW_STATUS_PAGE (empty), form);
  return empty;
}

GtkWidget *
dh_training_page_new (DhSession *session)
{
  DhTrainingPage *self = g_object_new (DH_TYPE_TRAINING_PAGE, NULL);
  self->session = g_object_ref (session);
  self->flap = adw_flap_new ();
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack), make_empty (self), "empty");
  gtk_stack_add_named (GTK_STACK (self->stack), make_jobs (self), "jobs");
  self->panel = dh_training_panel_new (session);
  dh_focus_add_region (self->panel);
  adw_flap_set_content (ADW_FLAP (self->flap), self->stack);
  adw_flap_set_flap (ADW_FLAP (self->flap), self->panel);
  adw_flap_set_swipe_to_open (ADW_FLAP (self->flap), FALSE);
  adw_flap_set_swipe_to_close (ADW_FLAP (self->flap), FALSE);
  gtk_widget_set_parent (self->flap, GTK_WIDGET (self));
  g_signal_connect_object (self->jobs, "chosen", G_CALLBACK (show_chosen), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->jobs, "asked", G_CALLBACK (on_asked), self, 0);
  g_signal_connect_object (self->curves, "use", G_CALLBACK (on_use), self, 0);
  g_signal_connect_object (self->panel, "added", G_CALLBACK (on_added), self, 0);
  g_signal_connect_object (self->flap, "notify::reveal-flap", G_CALLBACK (on_revealed), self, G_CONNECT_SWAPPED);
  show_chosen (self);
  return GTK_WIDGET (self);
}
