#include "dh-training-check-view.h"
#include <math.h>
#include "dh-number.h"

#define WAIT_MS 350      /* after the last change */
#define LINES_HEIGHT 150 /* at most, where there is room */

struct _DhTrainingCheckView
{
  GtkWidget parent_instance;
  DhSession *session;
  DhTrainingForm *form;
  DhTrainingCheck *check;
  GCancellable *cancellable; /* of the look under way */
  guint timeout;
  GtkWidget *box, *memory, *memory_bar, *time, *time_name, *lines, *scroller, *spinner, *add, *add_hint, *copy;
  int room; /* px for the lines */
};

G_DEFINE_FINAL_TYPE (DhTrainingCheckView, dh_training_check_view, GTK_TYPE_WIDGET)

enum
{
  CHECKED,
  ADDED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

DhTrainingCheck *
dh_training_check_view_get_check (DhTrainingCheckView *self)
{
  return self->check;
}

static const char *
icon_of (DhCheckLevel level)
{
  return level == DH_CHECK_OK        ? "object-select-symbolic"
         : level == DH_CHECK_WARNING ? "dialog-warning-symbolic"
                                     : "dialog-error-symbolic";
}

static const char *
class_of (DhCheckLevel level)
{
  return level == DH_CHECK_OK ? "dh-ok" : level == DH_CHECK_WARNING ? "dh-warn" : "dh-err";
}

static void
add_line (DhTrainingCheckView *self, const DhCheckLine *line)
{
  static const char *const levels[] = { N_ ("all right"), N_ ("warning"), N_ ("error") };
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *icon = gtk_image_new_from_icon_name (icon_of (line->level));
  gtk_image_set_pixel_size (GTK_IMAGE (icon), 14);
  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_set_margin_top (icon, 1);
  dh_ui_add_classes (icon, class_of (line->level));
  gtk_widget_set_tooltip_text (icon, _ (levels[line->level]));
  dh_ui_set_name (icon, _ (levels[line->level]));
  GtkWidget *label = dh_ui_label (line->text, "dh-small dh-num", 0);
  dh_widget_wrap (label);
  gtk_label_set_width_chars (GTK_LABEL (label), 30);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (self->lines), box);
}

/* Memory and time stand above, unless something is to be said of them. */
static gboolean
is_told (const DhCheckLine *line)
{
  return line->level == DH_CHECK_OK && (line->subject == DH_CHECK_MEMORY || line->subject == DH_CHECK_TIME);
}

/* A scrolled window's own height is that of lines which are not wrapped. */
static void
fit_lines (DhTrainingCheckView *self)
{
  int natural = 0;
  const int width = gtk_widget_get_width (self->scroller);
  GtkScrolledWindow *scroller = GTK_SCROLLED_WINDOW (self->scroller);
  if (width > 0)
    gtk_widget_measure (self->lines, GTK_ORIENTATION_VERTICAL, width, NULL, &natural, NULL, NULL);
  gtk_scrolled_window_set_min_content_height (scroller, -1);
  gtk_scrolled_window_set_max_content_height (scroller, self->room);
  gtk_scrolled_window_set_min_content_height (scroller, MIN (natural, self->room));
}

/* What is wrong comes first, so that it is seen without scrolling. */
static void
show_lines (DhTrainingCheckView *self)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (self->lines)) != NULL)
    gtk_box_remove (GTK_BOX (self->lines), child);
  if (self->check == NULL)
    return;
  static const DhCheckLevel order[] = { DH_CHECK_ERROR, DH_CHECK_WARNING, DH_CHECK_OK };
  for (guint k = 0; k < G_N_ELEMENTS (order); k++)
    for (guint i = 0; i < self->check->lines->len; i++)
      {
        const DhCheckLine *line = self->check->lines->pdata[i];
        if (line->level == order[k] && !is_told (line))
          add_line (self, line);
      }
  fit_lines (self);
}

static void
show_memory (DhTrainingCheckView *self)
{
  const DhTrainingCheck *check = self->check;
  gboolean known = check != NULL && check->memory_needed > 0;
  /* As in the sentences below: memory is counted in powers of two. */
  g_autofree char *needed = known ? g_format_size_full (check->memory_needed, G_FORMAT_SIZE_IEC_UNITS) : NULL;
  g_autofree char *there =
      known && check->memory_there > 0 ? g_format_size_full (check->memory_there, G_FORMAT_SIZE_IEC_UNITS) : NULL;
  g_autofree char *text = !known          ? g_strdup ("—")
                          : there != NULL ? g_strdup_printf (_ ("≈ %s of %s"), needed, there)
                                          : g_strdup_printf ("≈ %s", needed);
  gtk_label_set_label (GTK_LABEL (self->memory), text);
  double share = there != NULL ? (double)check->memory_needed / (double)check->memory_there : 0.0;
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->memory_bar), CLAMP (share, 0.0, 1.0));
  if (share > 1.0)
    gtk_widget_add_css_class (self->memory_bar, "dh-over");
  else
    gtk_widget_remove_css_class (self->memory_bar, "dh-over");
}

/* "≈ 20 min": of an estimate nobody wants seconds. */
static char *
rough_time (double seconds)
{
  if (!isfinite (seconds))
    return g_strdup ("—");
  if (seconds < 90)
    return g_strdup_printf (_ ("≈ %.0f s"), MAX (seconds, 1));
  if (seconds < 90 * 60)
    return g_strdup_printf (_ ("≈ %.0f min"), seconds / 60);
  if (seconds < 48 * 3600)
    return g_strdup_printf (_ ("≈ %.1f h"), seconds / 3600);
  return g_strdup_printf (_ ("≈ %.1f days"), seconds / 86400);
}

static guint
count_trainings (DhTrainingCheckView *self)
{
  return (guint)MAX (dh_training_form_get_number (self->form, DH_TRAINING_TRAININGS), 1);
}

static void
show_time (DhTrainingCheckView *self)
{
  const DhTrainingCheck *check = self->check;
  const guint n = count_trainings (self);
  g_autofree char *one = rough_time (check != NULL ? check->seconds : NAN);
  g_autofree char *time = n > 1 && check != NULL ? g_strdup_printf ("%u × %s", n, one) : g_strdup (one);
  g_autofree char *steps = dh_number_format_count (check != NULL ? check->steps : 0);
  g_autofree char *text = check != NULL && check->steps > 0
                              ? g_strdup_printf (ngettext ("%s · %s step", "%s · %s steps", check->steps), time, steps)
                              : g_strdup (time);
  gtk_label_set_label (GTK_LABEL (self->time), text);
  const char *precision = dh_training_form_get_text (self->form, DH_TRAINING_PRECISION);
  g_autofree char *name = check == NULL || check->device == NULL ? g_strdup (_ ("Time"))
                          : g_str_equal (precision, "f32")
                              ? g_strdup_printf (_ ("Time on %s"), check->device)
                              : g_strdup_printf (_ ("Time on %s in %s"), check->device, precision);
  gtk_label_set_label (GTK_LABEL (self->time_name), name);
  gtk_widget_set_tooltip_text (self->time_name, check != NULL ? check->device_title : NULL);
}

static void
show (DhTrainingCheckView *self)
{
  gboolean looking = self->check == NULL;
  gtk_widget_set_visible (self->spinner, looking);
  gtk_spinner_set_spinning (GTK_SPINNER (self->spinner), looking);
  show_memory (self);
  show_time (self);
  if (!looking)
    show_lines (self);
  gtk_widget_set_opacity (self->lines, looking ? 0.5 : 1.0);
  gboolean can = self->check != NULL && self->check->can_start;
  gtk_widget_set_sensitive (self->add, can);
  const guint n = count_trainings (self);
  g_autofree char *add = g_strdup_printf (ngettext ("Add to queue", "Add %u to queue", n), n);
  gtk_button_set_label (GTK_BUTTON (self->add), add);
  const char *why = NULL;
  for (guint i = 0; self->check != NULL && !can && why == NULL && i < self->check->lines->len; i++)
    {
      const DhCheckLine *line = self->check->lines->pdata[i];
      if (line->level == DH_CHECK_ERROR)
        why = line->text;
    }
  /* A button that is not sensitive shows no tooltip; what is around it does. */
  gtk_widget_set_tooltip_text (self->add_hint, looking ? _ ("Data, weights and memory are being looked at")
                                               : can   ? n > 1 ? _ ("They start one after the other")
                                                               : _ ("It starts when its turn comes")
                                                       : why);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->add), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  why != NULL ? why : "", -1);
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhTrainingCheckView) self = data;
  g_autoptr (GError) error = NULL;
  DhTrainingCheck *check = dh_training_check_finish (result, &error);
  if (check == NULL)
    return; /* another look is under way */
  if (self->box == NULL || g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    {
      dh_training_check_unref (check);
      return;
    }
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->check, dh_training_check_unref);
  self->check = check;
  show (self);
  g_signal_emit (self, signals[CHECKED], 0);
}

static gboolean
look (gpointer data)
{
  DhTrainingCheckView *self = data;
  self->timeout = 0;
  self->cancellable = g_cancellable_new ();
  dh_training_check_async (self->form, self->cancellable, looked, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* Nobody looks while the page is not seen: a check may read a whole data set. */
static void
look_soon (DhTrainingCheckView *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  if (self->check != NULL)
    {
      g_clear_pointer (&self->check, dh_training_check_unref);
      g_signal_emit (self, signals[CHECKED], 0);
    }
  show (self);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->timeout = g_timeout_add (WAIT_MS, look, self);
}

static void
on_mapped (DhTrainingCheckView *self)
{
  if (self->check == NULL && self->timeout == 0 && self->cancellable == NULL)
    look_soon (self);
}

gboolean
dh_training_check_view_add (DhTrainingCheckView *self)
{
  g_autoptr (GError) error = NULL;
  if (self->check == NULL || !self->check->can_start)
    return FALSE;
  DhTrainingQueue *queue = dh_session_get_training (self->session);
  DhTrainingJob *job = dh_training_queue_add (queue, self->form, self->check, &error);
  if (job == NULL)
    {
      g_signal_emit_by_name (self->session, "error", _ ("The training could not be queued"),
                             error != NULL ? error->message : "");
      return FALSE;
    }
  g_signal_emit (self, signals[ADDED], 0, job);
  /* Another one would need other room on the disk, and another folder. */
  look_soon (self);
  return TRUE;
}

void
dh_training_check_view_set_room (DhTrainingCheckView *self, int height)
{
  const double scale = dh_ui_text_scale (GTK_WIDGET (self)), lines = height / scale;
  const int room = (int)(scale
                         * (lines >= 760   ? LINES_HEIGHT
                            : lines >= 600 ? 0.75 * LINES_HEIGHT
                                           : 0.5 * LINES_HEIGHT));
  if (room == self->room)
    return;
  self->room = room;
  fit_lines (self);
}

static void
on_add (DhTrainingCheckView *self)
{
  dh_training_check_view_add (self);
}

static void
on_copy (DhTrainingCheckView *self)
{
  g_autofree char *command = dh_training_form_dup_command (self->form);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), command);
  g_signal_emit_by_name (self->session, "message", _ ("The command is in the clipboard"));
}

static void
dh_training_check_view_dispose (GObject *object)
{
  DhTrainingCheckView *self = DH_TRAINING_CHECK_VIEW (object);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->check, dh_training_check_unref);
  g_clear_object (&self->form);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_training_check_view_parent_class)->dispose (object);
}

static void
dh_training_check_view_class_init (DhTrainingCheckViewClass *class)
{
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_training_check_view_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  signals[CHECKED] = g_signal_new ("checked", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ADDED] =
      g_signal_new ("added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, DH_TYPE_TRAINING_JOB);
}

static void
dh_training_check_view_init (DhTrainingCheckView *self)
{
}

static GtkWidget *
add_fact (DhTrainingCheckView *self, const char *name, GtkWidget **label)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *title = dh_ui_short_label (name, "dh-small", 0);
  gtk_widget_set_hexpand (title, TRUE);
  *label = dh_ui_label (NULL, "dh-small dh-num", 1);
  gtk_box_append (GTK_BOX (line), title);
  gtk_box_append (GTK_BOX (line), *label);
  gtk_box_append (GTK_BOX (self->box), line);
  return title;
}

static void
add_buttons (DhTrainingCheckView *self)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_widget_set_margin_top (line, 3);
  self->copy = dh_ui_icon_button ("edit-copy-symbolic", _ ("Copy as a command"), NULL, NULL);
  g_signal_connect_swapped (self->copy, "clicked", G_CALLBACK (on_copy), self);
  gtk_box_append (GTK_BOX (line), self->copy);
  self->add = gtk_button_new_with_label (_ ("Add to queue"));
  dh_ui_add_classes (self->add, "suggested-action");
  gtk_widget_set_hexpand (self->add, TRUE);
  g_signal_connect_swapped (self->add, "clicked", G_CALLBACK (on_add), self);
  self->add_hint = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_box_append (GTK_BOX (self->add_hint), self->add);
  gtk_box_append (GTK_BOX (line), self->add_hint);
  gtk_box_append (GTK_BOX (self->box), line);
}

GtkWidget *
dh_training_check_view_new (DhSession *session, DhTrainingForm *form)
{
  DhTrainingCheckView *self = g_object_new (DH_TYPE_TRAINING_CHECK_VIEW, NULL);
  self->session = g_object_ref (session);
  self->form = g_object_ref (form);
  self->box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 5, "dh-checkview");
  add_fact (self, _ ("Memory"), &self->memory);
  self->memory_bar = gtk_progress_bar_new ();
  dh_ui_set_name (self->memory_bar, _ ("Share of the memory"));
  gtk_box_append (GTK_BOX (self->box), self->memory_bar);
  self->time_name = add_fact (self, _ ("Time"), &self->time);
  self->lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (self->scroller), TRUE);
  self->room = LINES_HEIGHT;
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (self->scroller), self->room);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->lines);
  GtkWidget *over = gtk_overlay_new ();
  gtk_overlay_set_child (GTK_OVERLAY (over), self->scroller);
  self->spinner = gtk_spinner_new ();
  gtk_widget_set_halign (self->spinner, GTK_ALIGN_END);
  gtk_widget_set_valign (self->spinner, GTK_ALIGN_START);
  gtk_overlay_add_overlay (GTK_OVERLAY (over), self->spinner);
  gtk_box_append (GTK_BOX (self->box), over);
  add_buttons (self);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  g_signal_connect_object (form, "changed", G_CALLBACK (look_soon), self, G_CONNECT_SWAPPED);
  g_signal_connect (self, "map", G_CALLBACK (on_mapped), NULL);
  show (self);
  return GTK_WIDGET (self);
}
