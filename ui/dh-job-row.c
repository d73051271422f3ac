#include "dh-job-row.h"
#include <math.h>
#include "dh-run-item.h"

typedef enum
{
  BUTTON_UP,
  BUTTON_PAUSE,
  BUTTON_GO_ON,
  BUTTON_EDIT,
  BUTTON_BROWSE,
  BUTTON_CANCEL,
  BUTTON_REMOVE,
  N_BUTTONS,
} Button;

static const struct
{
  const char *name, *icon, *tooltip;
  DhJobActions needs; /* 0: decided otherwise */
} buttons[N_BUTTONS] = {
  { "up", "go-up-symbolic", N_ ("Earlier in the queue"), DH_JOB_CAN_MOVE_UP },
  { "pause", "media-playback-pause-symbolic", N_ ("Pause after the step"), DH_JOB_CAN_PAUSE },
  { "go-on", "media-playback-start-symbolic", N_ ("Go on from where it stopped"), DH_JOB_CAN_GO_ON },
  { "edit", "document-edit-symbolic", N_ ("Take its values into the form"), DH_JOB_CAN_EDIT },
  { "browse", "dh-browse-symbolic", N_ ("Use its best checkpoint in Browse"), 0 },
  { "cancel", "window-close-symbolic", N_ ("Stop it with a checkpoint"), DH_JOB_CAN_CANCEL },
  { "remove", "user-trash-symbolic", N_ ("Remove from the list"), DH_JOB_CAN_REMOVE },
};

struct _DhJobRow
{
  GtkListBoxRow parent_instance;
  DhTrainingJob *job;
  GtkWidget *icon, *state, *title, *sentence, *bar, *left;
  GtkWidget *buttons[N_BUTTONS];
  gboolean narrow;
};

G_DEFINE_FINAL_TYPE (DhJobRow, dh_job_row, GTK_TYPE_LIST_BOX_ROW)

static guint asked;

const char *
dh_job_state_icon (DhJobState state)
{
  static const char *const icons[DH_N_JOB_STATES] = {
    [DH_JOB_QUEUED] = "alarm-symbolic",
    [DH_JOB_RUNNING] = "media-playback-start-symbolic",
    [DH_JOB_PAUSED] = "media-playback-pause-symbolic",
    [DH_JOB_DONE] = "object-select-symbolic",
    [DH_JOB_FAILED] = "dialog-error-symbolic",
    [DH_JOB_CANCELLED] = "process-stop-symbolic",
    [DH_JOB_OUT_OF_MEMORY] = "dh-memory-symbolic",
    [DH_JOB_LOST] = "dialog-question-symbolic",
  };
  return (guint)state < DH_N_JOB_STATES ? icons[state] : "dialog-question-symbolic";
}

const char *
dh_job_state_class (DhJobState state)
{
  switch (state)
    {
    case DH_JOB_DONE:
      return "dh-ok";
    case DH_JOB_FAILED:
      return "dh-err";
    case DH_JOB_OUT_OF_MEMORY:
    case DH_JOB_LOST:
      return "dh-warn";
    case DH_JOB_PAUSED:
    case DH_JOB_CANCELLED:
      return "dim-label";
    case DH_JOB_QUEUED:
    case DH_JOB_RUNNING:
    case DH_N_JOB_STATES:
    default:
      return "";
    }
}

/* Of the colours that tell states, this one alone. */
static void
set_colour (GtkWidget *widget, const char *class, const char *usual)
{
  static const char *const classes[] = { "dh-ok", "dh-err", "dh-warn", "dim-label" };
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    gtk_widget_remove_css_class (widget, classes[i]);
  dh_ui_add_classes (widget, *class != '\0' ? class : usual);
}

static gboolean
is_bad (DhJobState state)
{
  return state == DH_JOB_FAILED || state == DH_JOB_OUT_OF_MEMORY || state == DH_JOB_LOST;
}

static void
show_progress (DhJobRow *self, DhJobState state, const DhJobProgress *progress)
{
  gboolean under_way = state == DH_JOB_RUNNING || state == DH_JOB_PAUSED;
  double fraction = progress->steps > 0 ? (double)progress->step / (double)progress->steps : 0.0;
  gtk_widget_set_visible (self->bar, under_way && !self->narrow);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), CLAMP (fraction, 0.0, 1.0));
  g_autofree char *left = NULL;
  if (isfinite (progress->seconds_left) && (under_way || state == DH_JOB_QUEUED))
    {
      g_autofree char *time = dh_run_dup_duration (progress->seconds_left);
      left = state == DH_JOB_RUNNING ? g_strdup_printf (_ ("%s left"), time) : g_strdup_printf ("≈ %s", time);
    }
  else if (state == DH_JOB_DONE && progress->seconds > 0.0)
    left = dh_run_dup_duration (progress->seconds);
  gtk_label_set_label (GTK_LABEL (self->left), left != NULL ? left : "");
  gtk_widget_set_tooltip_text (self->left, state == DH_JOB_DONE ? _ ("Time it took") : _ ("Time left"));
}

static void
show_name (DhJobRow *self, DhJobState state)
{
  g_autofree char *name = g_strdup_printf ("%s, %s. %s", dh_training_job_get_title (self->job),
                                           dh_job_state_name (state), dh_training_job_get_sentence (self->job));
  dh_ui_set_name (GTK_WIDGET (self), name);
}

static void
show (DhJobRow *self)
{
  DhJobState state = dh_training_job_get_state (self->job);
  DhJobActions can = dh_training_job_get_actions (self->job);
  const char *sentence = dh_training_job_get_sentence (self->job);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->icon), dh_job_state_icon (state));
  set_colour (self->icon, dh_job_state_class (state), "");
  gtk_widget_set_tooltip_text (self->icon, dh_job_state_name (state));
  gtk_label_set_label (GTK_LABEL (self->state), dh_job_state_name (state));
  set_colour (self->state, dh_job_state_class (state), "");
  gtk_label_set_label (GTK_LABEL (self->title), dh_training_job_get_title (self->job));
  g_autofree char *facts = dh_training_job_dup_facts (self->job);
  gtk_widget_set_tooltip_text (self->title, facts);
  gtk_label_set_label (GTK_LABEL (self->sentence), sentence);
  gtk_widget_set_tooltip_text (self->sentence, sentence);
  set_colour (self->sentence, is_bad (state) ? dh_job_state_class (state) : "", "dim-label");
  show_progress (self, state, dh_training_job_get_progress (self->job));
  for (guint i = 0; i < N_BUTTONS; i++)
    {
      gboolean shown = (can & buttons[i].needs) != 0;
      if (i == BUTTON_BROWSE)
        shown = state == DH_JOB_DONE && dh_training_job_get_best_path (self->job) != NULL;
      /* One that waits is cancelled. */
      if (i == BUTTON_REMOVE)
        shown = shown && state != DH_JOB_QUEUED;
      /* A done one has no need of its values as often as of its weights. */
      if (i == BUTTON_EDIT)
        shown = shown && (is_bad (state) || state == DH_JOB_QUEUED || state == DH_JOB_CANCELLED);
      gtk_widget_set_visible (self->buttons[i], shown);
    }
  show_name (self, state);
}

static void
on_clicked (GtkWidget *button, DhJobRow *self)
{
  for (guint i = 0; i < N_BUTTONS; i++)
    if (self->buttons[i] == button)
      g_signal_emit (self, asked, 0, buttons[i].name);
}

static void
on_menu (GtkGestureClick *click, int n_press, double x, double y, DhJobRow *self)
{
  g_signal_emit (self, asked, 0, "menu");
}

void
dh_job_row_set_narrow (DhJobRow *self, gboolean narrow)
{
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  gtk_widget_set_visible (self->state, !narrow);
  show (self);
}

DhTrainingJob *
dh_job_row_get_job (DhJobRow *self)
{
  return self->job;
}

static void
dh_job_row_dispose (GObject *object)
{
  g_clear_object (&DH_JOB_ROW (object)->job);
  G_OBJECT_CLASS (dh_job_row_parent_class)->dispose (object);
}

static void
dh_job_row_class_init (DhJobRowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_job_row_dispose;
  asked = g_signal_new ("asked", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                        G_TYPE_STRING);
}

static void
dh_job_row_init (DhJobRow *self)
{
}

static GtkWidget *
make_lines (DhJobRow *self)
{
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  gtk_widget_set_hexpand (lines, TRUE);
  self->title = dh_ui_short_label (NULL, "dh-dense", 0);
  self->sentence = dh_ui_short_label (NULL, "dh-small dh-num", 0);
  gtk_box_append (GTK_BOX (lines), self->title);
  gtk_box_append (GTK_BOX (lines), self->sentence);
  return lines;
}

GtkWidget *
dh_job_row_new (DhTrainingJob *job)
{
  DhJobRow *self = g_object_new (DH_TYPE_JOB_ROW, NULL);
  self->job = g_object_ref (job);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, "dh-jobrow");
  self->icon = gtk_image_new ();
  gtk_box_append (GTK_BOX (box), self->icon);
  self->state = dh_ui_label (NULL, "dh-dense", 0);
  gtk_label_set_width_chars (GTK_LABEL (self->state), 13);
  gtk_box_append (GTK_BOX (box), self->state);
  gtk_box_append (GTK_BOX (box), make_lines (self));
  self->bar = gtk_progress_bar_new ();
  gtk_widget_set_size_request (self->bar, 148, -1);
  gtk_widget_set_valign (self->bar, GTK_ALIGN_CENTER);
  dh_ui_set_name (self->bar, _ ("Progress"));
  gtk_box_append (GTK_BOX (box), self->bar);
  self->left = dh_ui_label (NULL, "dh-small dim-label dh-num", 1);
  gtk_label_set_width_chars (GTK_LABEL (self->left), 12);
  gtk_box_append (GTK_BOX (box), self->left);
  /* As wide as the most that are there at once, so that bars and times of all rows stand in columns. */
  GtkWidget *tools = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_widget_set_size_request (tools, 78, -1);
  gtk_widget_set_hexpand (tools, FALSE);
  GtkWidget *space = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_widget_set_hexpand (space, TRUE);
  gtk_box_append (GTK_BOX (tools), space);
  for (guint i = 0; i < N_BUTTONS; i++)
    {
      self->buttons[i] = dh_ui_icon_button (buttons[i].icon, _ (buttons[i].tooltip), NULL, "flat dh-iconbtn");
      gtk_widget_set_valign (self->buttons[i], GTK_ALIGN_CENTER);
      g_signal_connect (self->buttons[i], "clicked", G_CALLBACK (on_clicked), self);
      gtk_box_append (GTK_BOX (tools), self->buttons[i]);
    }
  gtk_box_append (GTK_BOX (box), tools);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), box);
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  /* Not when it is pressed: the release would go to the menu, and the row would look pressed for ever. */
  g_signal_connect (click, "released", G_CALLBACK (on_menu), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  g_signal_connect_object (job, "changed", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  show (self);
  return GTK_WIDGET (self);
}
