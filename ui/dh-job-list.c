#include "dh-job-list.h"
#include "dh-job-row.h"
#include "dh-metrics-charts.h"

#define ROW_HEIGHT 37

struct _DhJobList
{
  GtkWidget parent_instance;
  DhSession *session;
  DhTrainingQueue *queue;
  DhTrainingJob *chosen;
  GtkWidget *card, *note, *box, *scroller, *menu;
  GSimpleActionGroup *actions;
  gboolean narrow, filling;
  guint rows, scroll_source;
  gulong watch; /* of the chosen one */
};

G_DEFINE_FINAL_TYPE (DhJobList, dh_job_list, GTK_TYPE_WIDGET)

enum
{
  CHOSEN,
  ASKED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

char *
dh_job_list_dup_counts (DhTrainingQueue *queue)
{
  static const DhJobState states[] = { DH_JOB_RUNNING, DH_JOB_PAUSED, DH_JOB_QUEUED };
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      guint n = dh_training_queue_count (queue, states[i]);
      if (n > 0)
        g_string_append_printf (text, "%s%u %s", text->len > 0 ? " · " : "", n, dh_job_state_name (states[i]));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
show_counts (DhJobList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->queue));
  g_autofree char *counts = dh_job_list_dup_counts (self->queue);
  g_autofree char *all = g_strdup_printf (ngettext ("%u ended", "%u ended", n), n);
  gtk_label_set_label (GTK_LABEL (self->note), *counts != '\0' ? counts : n > 0 ? all : "");
}

/* What can be done with the chosen one. */
static void
show_actions (DhJobList *self)
{
  static const struct
  {
    const char *name;
    DhJobActions needs;
  } actions[] = { { "pause", DH_JOB_CAN_PAUSE },  { "go-on", DH_JOB_CAN_GO_ON },    { "cancel", DH_JOB_CAN_CANCEL },
                  { "up", DH_JOB_CAN_MOVE_UP },   { "down", DH_JOB_CAN_MOVE_DOWN }, { "edit", DH_JOB_CAN_EDIT },
                  { "remove", DH_JOB_CAN_REMOVE } };
  DhJobActions can = self->chosen != NULL ? dh_training_job_get_actions (self->chosen) : 0;
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), actions[i].name);
      g_simple_action_set_enabled (G_SIMPLE_ACTION (action), (can & actions[i].needs) != 0);
    }
  static const char *const of_any[] = { "copy-command", "open-folder" };
  for (guint i = 0; i < G_N_ELEMENTS (of_any); i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), of_any[i]);
      g_simple_action_set_enabled (G_SIMPLE_ACTION (action), self->chosen != NULL);
    }
  GAction *browse = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "browse");
  g_simple_action_set_enabled (G_SIMPLE_ACTION (browse),
                               self->chosen != NULL && dh_training_job_get_best_path (self->chosen) != NULL);
}

DhTrainingJob *
dh_job_list_get_chosen (DhJobList *self)
{
  return self->chosen;
}

static GtkListBoxRow *
find_row (DhJobList *self, DhTrainingJob *job)
{
  for (int i = 0;; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->box), i);
      if (row == NULL || dh_job_row_get_job (DH_JOB_ROW (row)) == job)
        return row;
    }
}

static void
scroll_to_chosen (DhJobList *self)
{
  GtkListBoxRow *row = self->chosen != NULL ? find_row (self, self->chosen) : NULL;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller));
  if (row == NULL)
    return;
  double top = gtk_list_box_row_get_index (row) * (double)ROW_HEIGHT;
  gtk_adjustment_clamp_page (adjustment, top, top + ROW_HEIGHT);
}

static gboolean
scroll_later (gpointer data)
{
  DhJobList *self = data;
  self->scroll_source = 0;
  scroll_to_chosen (self);
  return G_SOURCE_REMOVE;
}

static void
take (DhJobList *self, DhTrainingJob *job)
{
  if (job == self->chosen)
    return;
  g_clear_signal_handler (&self->watch, self->chosen);
  g_set_object (&self->chosen, job);
  if (job != NULL)
    self->watch = g_signal_connect_swapped (job, "changed", G_CALLBACK (show_actions), self);
  show_actions (self);
  g_signal_emit (self, signals[CHOSEN], 0);
}

void
dh_job_list_choose (DhJobList *self, DhTrainingJob *job)
{
  GtkListBoxRow *row = find_row (self, job);
  if (row != NULL)
    gtk_list_box_select_row (GTK_LIST_BOX (self->box), row);
}

static void
on_row_selected (GtkListBox *box, GtkListBoxRow *row, DhJobList *self)
{
  /* While the list is being rearranged a row may go for a moment. */
  if (row != NULL && !self->filling)
    take (self, dh_job_row_get_job (DH_JOB_ROW (row)));
}

static void
removal_answered (AdwMessageDialog *dialog, const char *answer, DhJobList *self)
{
  DhTrainingJob *job = g_object_get_data (G_OBJECT (dialog), "job");
  if (!g_str_equal (answer, "keep") && !g_str_equal (answer, "close"))
    dh_training_queue_remove (self->queue, job, g_str_equal (answer, "files"));
}

static void
ask_removal (DhJobList *self, DhTrainingJob *job)
{
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL, NULL);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);
  adw_message_dialog_format_heading (message, _ ("Remove “%s”?"), dh_training_job_get_title (job));
  adw_message_dialog_format_body (message,
                                  _ ("It leaves the list. Its checkpoints, curves and log lie in %s: they can stay "
                                     "there, or go to the trash."),
                                  dh_training_job_get_folder (job));
  adw_message_dialog_add_responses (message, "keep", _ ("_Keep"), "list", _ ("_Remove from the list"), "files",
                                    _ ("_Files to the trash"), NULL);
  adw_message_dialog_set_response_appearance (message, "files", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (message, "list");
  adw_message_dialog_set_close_response (message, "keep");
  dh_ui_focus_default (dialog);
  g_object_set_data_full (G_OBJECT (dialog), "job", g_object_ref (job), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (removal_answered), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
open_folder (DhJobList *self, DhTrainingJob *job)
{
  g_autofree char *uri = g_filename_to_uri (dh_training_job_get_folder (job), NULL, NULL);
  if (uri != NULL)
    gtk_show_uri (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), uri, GDK_CURRENT_TIME);
}

static void
copy_command (DhJobList *self, DhTrainingJob *job)
{
  g_autofree char *command = dh_training_job_dup_command (job);
  if (command != NULL)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), command);
  g_signal_emit_by_name (self->session, "message",
                         command != NULL ? _ ("The command is in the clipboard")
                                         : _ ("What this training was started with is not known"));
}

static void
act (DhJobList *self, DhTrainingJob *job, const char *what)
{
  if (job == NULL)
    return;
  if (g_str_equal (what, "pause"))
    dh_training_queue_pause (self->queue, job);
  else if (g_str_equal (what, "go-on"))
    dh_training_queue_go_on (self->queue, job);
  else if (g_str_equal (what, "cancel"))
    dh_training_queue_cancel (self->queue, job);
  else if (g_str_equal (what, "up") || g_str_equal (what, "down"))
    dh_training_queue_move (self->queue, job, g_str_equal (what, "up") ? -1 : 1);
  else if (g_str_equal (what, "remove"))
    ask_removal (self, job);
  else if (g_str_equal (what, "open-folder"))
    open_folder (self, job);
  else if (g_str_equal (what, "copy-command"))
    copy_command (self, job);
  else
    g_signal_emit (self, signals[ASKED], 0, job, what);
}

static void
activate (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhJobList *self = data;
  act (self, self->chosen, g_action_get_name (G_ACTION (action)));
}

static void
show_menu (DhJobList *self, GtkWidget *row)
{
  graphene_rect_t bounds;
  gtk_list_box_select_row (GTK_LIST_BOX (self->box), GTK_LIST_BOX_ROW (row));
  if (!gtk_widget_compute_bounds (row, GTK_WIDGET (self), &bounds))
    return;
  const GdkRectangle at = { (int)bounds.origin.x + 120, (int)(bounds.origin.y + bounds.size.height / 2), 1, 1 };
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
on_asked (DhJobRow *row, const char *what, DhJobList *self)
{
  if (g_str_equal (what, "menu"))
    show_menu (self, GTK_WIDGET (row));
  else
    act (self, dh_job_row_get_job (row), what);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, DhJobList *self)
{
  gboolean menu = keyval == GDK_KEY_Menu || (keyval == GDK_KEY_F10 && (state & GDK_SHIFT_MASK) != 0);
  if (menu && self->chosen != NULL && find_row (self, self->chosen) != NULL)
    {
      show_menu (self, GTK_WIDGET (find_row (self, self->chosen)));
      return TRUE;
    }
  if (keyval == GDK_KEY_Delete && self->chosen != NULL
      && (dh_training_job_get_actions (self->chosen) & DH_JOB_CAN_REMOVE) != 0)
    {
      ask_removal (self, self->chosen);
      return TRUE;
    }
  return FALSE;
}

static GtkWidget *
make_row (gpointer item, gpointer data)
{
  DhJobList *self = data;
  GtkWidget *row = dh_job_row_new (item);
  dh_job_row_set_narrow (DH_JOB_ROW (row), self->narrow);
  g_signal_connect (row, "asked", G_CALLBACK (on_asked), self);
  return row;
}

/* A scroller is never lower than its bar: without one where all rows are seen. */
static void
show_scroller (DhJobList *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->queue));
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_NEVER,
                                  n > self->rows ? GTK_POLICY_AUTOMATIC : GTK_POLICY_NEVER);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (self->scroller),
                                              (int)MIN (n, self->rows) * ROW_HEIGHT);
  if (self->scroll_source == 0)
    self->scroll_source = g_timeout_add (100, scroll_later, self);
}

static void
before_change (DhJobList *self)
{
  self->filling = TRUE;
}

/* The chosen one stays chosen wherever it goes; the first one where it is gone. */
static void
after_change (DhJobList *self)
{
  self->filling = FALSE;
  GtkListBoxRow *row = self->chosen != NULL ? find_row (self, self->chosen) : NULL;
  if (row == NULL)
    row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->box), 0);
  if (row != NULL)
    gtk_list_box_select_row (GTK_LIST_BOX (self->box), row);
  take (self, row != NULL ? dh_job_row_get_job (DH_JOB_ROW (row)) : NULL);
  show_counts (self);
  show_scroller (self);
}

void
dh_job_list_set_room (DhJobList *self, gboolean narrow, guint rows)
{
  /* The least may never be above the most. */
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (self->scroller), -1);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (self->scroller), (int)rows * ROW_HEIGHT);
  self->rows = rows;
  show_scroller (self);
  if (self->narrow == narrow)
    return;
  self->narrow = narrow;
  GtkListBoxRow *row;
  for (int i = 0; (row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->box), i)) != NULL; i++)
    dh_job_row_set_narrow (DH_JOB_ROW (row), narrow);
}

static void
dh_job_list_dispose (GObject *object)
{
  DhJobList *self = DH_JOB_LIST (object);
  g_clear_handle_id (&self->scroll_source, g_source_remove);
  if (self->queue != NULL)
    g_signal_handlers_disconnect_by_data (self->queue, self);
  if (self->chosen != NULL)
    g_clear_signal_handler (&self->watch, self->chosen);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->card, gtk_widget_unparent);
  g_clear_object (&self->chosen);
  g_clear_object (&self->actions);
  g_clear_object (&self->queue);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_job_list_parent_class)->dispose (object);
}

static void
dh_job_list_class_init (DhJobListClass *class)
{
  GType type = G_TYPE_FROM_CLASS (class);
  G_OBJECT_CLASS (class)->dispose = dh_job_list_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  signals[CHOSEN] = g_signal_new ("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ASKED] = g_signal_new ("asked", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 DH_TYPE_TRAINING_JOB, G_TYPE_STRING);
}

static void
dh_job_list_init (DhJobList *self)
{
}

GActionGroup *
dh_job_list_get_actions (DhJobList *self)
{
  return G_ACTION_GROUP (self->actions);
}

GMenuModel *
dh_job_list_new_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("_Pause after the step"), "job.pause", _ ("_Go on"), "job.go-on",
                      _ ("_Stop with a checkpoint"), "job.cancel", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Ea_rlier in the queue"), "job.up", _ ("_Later in the queue"), "job.down", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Use the _best checkpoint in Browse"), "job.browse",
                      _ ("_Take its values into the form"), "job.edit", _ ("_Copy as command"), "job.copy-command",
                      _ ("Open its _folder"), "job.open-folder", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Re_move…"), "job.remove", NULL);
  return G_MENU_MODEL (menu);
}

static void
add_menu (DhJobList *self)
{
  static const char *const names[] = { "pause", "go-on",  "cancel",       "up",          "down",
                                       "edit",  "browse", "copy-command", "open-folder", "remove" };
  self->actions = g_simple_action_group_new ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const GActionEntry entry = { names[i], activate, NULL, NULL, NULL };
      g_action_map_add_action_entries (G_ACTION_MAP (self->actions), &entry, 1, self);
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "job", G_ACTION_GROUP (self->actions));
  g_autoptr (GMenuModel) menu = dh_job_list_new_menu ();
  self->menu = gtk_popover_menu_new_from_model (menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
  gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
  gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
}

GtkWidget *
dh_job_list_new (DhSession *session)
{
  DhJobList *self = g_object_new (DH_TYPE_JOB_LIST, NULL);
  self->session = g_object_ref (session);
  self->queue = g_object_ref (dh_session_get_training (session));
  self->card = dh_metrics_card_new (_ ("Jobs"), &self->note, NULL);
  self->rows = 6;
  self->box = gtk_list_box_new ();
  dh_ui_add_classes (self->box, "dh-jobs");
  dh_ui_set_name (self->box, _ ("Trainings"));
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->box), GTK_SELECTION_BROWSE);
  g_signal_connect (self->box, "row-selected", G_CALLBACK (on_row_selected), self);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (self->scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (self->scroller), (int)self->rows * ROW_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->box);
  gtk_box_append (GTK_BOX (self->card), self->scroller);
  gtk_widget_set_overflow (self->card, GTK_OVERFLOW_HIDDEN);
  gtk_widget_set_parent (self->card, GTK_WIDGET (self));
  add_menu (self);
  /* The box's own handler stands between these two. */
  g_signal_connect_swapped (self->queue, "items-changed", G_CALLBACK (before_change), self);
  gtk_list_box_bind_model (GTK_LIST_BOX (self->box), G_LIST_MODEL (self->queue), make_row, self, NULL);
  g_signal_connect_swapped (self->queue, "items-changed", G_CALLBACK (after_change), self);
  g_signal_connect_swapped (self->queue, "counts", G_CALLBACK (show_counts), self);
  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (self->box, key);
  after_change (self);
  return GTK_WIDGET (self);
}
