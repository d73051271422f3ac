#include "dh-finds-panel.h"
#include "dh-found-row.h"
#include "dh-number.h"
#include "dh-picture-list.h"
#include "dh-run-list.h"
#include "dh-session-components.h"
#include "dh-session-finds.h"
#include "dh-session-set-objects.h"

enum
{
  ORDER,
  LEAST,
  SHOWN,
  N_CHOICES,
};

/* One that the view keeps. */
typedef struct
{
  const char *property, *name;
  const char *ids[7], *titles[7]; /* NULL-terminated */
} Choice;

static const Choice choices[N_CHOICES] = {
  { "finds-order",
    N_ ("Order of the finds"),
    { "score", "area", "image" },
    { N_ ("By peak"), N_ ("By area"), N_ ("By image") } },
  { "finds-least",
    N_ ("Least area of a find, in pixels"),
    { "500", "1000", "2000", "5000", "10000", "20000" },
    { N_ ("≥ 500"), N_ ("≥ 1,000"), N_ ("≥ 2,000"), N_ ("≥ 5,000"), N_ ("≥ 10,000"), N_ ("≥ 20,000") } },
  { "finds-shown",
    N_ ("Which finds are shown"),
    { "all", "open", "real", "false" },
    { N_ ("All"), N_ ("Not judged"), N_ ("Real"), N_ ("False") } },
};

struct _DhFindsPanel
{
  GtkWidget parent_instance;
  DhSession *session;
  DhFoundList *found;
  GtkSingleSelection *selection;
  DhFoundItem *chosen; /* NULL: none was */
  GtkWidget *choices[N_CHOICES], *count, *stack, *list, *nothing, *why, *look, *real, *wrong, *export;
  gboolean showing; /* what is set is what is known */
};

G_DEFINE_FINAL_TYPE (DhFindsPanel, dh_finds_panel, GTK_TYPE_WIDGET)

static guint
count_shown (DhFindsPanel *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->found));
}

/* What gives maps where there are none. */
static void
show_look (DhFindsPanel *self)
{
  const DhRun *run = dh_session_find_evaluated (self->session);
  const gboolean before = run != NULL && run->has_maps;
  gtk_widget_set_visible (self->look, dh_session_lacks_maps (self->session));
  gtk_button_set_label (GTK_BUTTON (self->look),
                        before ? _ ("Read the maps of before") : _ ("Look through all images"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->look), before ? "win.recall-evaluation" : "win.evaluate");
  gtk_widget_set_tooltip_text (self->look, before ? _ ("The network need not look at the images again")
                                                  : _ ("Evaluates the data set, in the background (Ctrl+E)"));
}

static char *
dup_why (DhFindsPanel *self)
{
  char *why = dh_session_explain_finds (self->session);
  const guint all = dh_found_list_count (self->found);
  if (why != NULL)
    return why;
  if (all > 0)
    return g_strdup_printf (ngettext ("%u thing was found; the least area or what is shown above leaves it out.",
                                      "%u things were found; the least area or what is shown above leaves out all.",
                                      all),
                            all);
  why = dh_session_explain_set_objects (self->session); /* of images that could not be read */
  return why != NULL ? why : g_strdup (_ ("Nothing is flagged in any image at this threshold."));
}

static void
show_state (DhFindsPanel *self)
{
  const guint n = count_shown (self), all = dh_found_list_count (self->found);
  guint done, of;
  dh_session_get_set_objects_progress (self->session, &done, &of);
  g_autofree char *why = n == 0 ? dup_why (self) : NULL;
  g_autofree char *left_out = n > 0 && of == 0 ? dh_session_explain_set_objects (self->session) : NULL;
  g_autofree char *shown = dh_number_format_count (n), *whole = dh_number_format_count (all);
  g_autofree char *count = n == all ? g_strdup_printf (ngettext ("%s find", "%s finds", n), shown)
                                    : g_strdup_printf (ngettext ("%s of %s find", "%s of %s finds", all), shown, whole);
  g_autofree char *text = of > 0             ? g_strdup_printf (_ ("%s · looking at %u of %u"), count, done, of)
                          : left_out != NULL ? g_strdup_printf ("%s · %s", count, left_out)
                                             : g_strdup (count);
  gtk_label_set_label (GTK_LABEL (self->count), text);
  gtk_widget_set_tooltip_text (self->count, left_out);
  gtk_widget_set_visible (gtk_widget_get_parent (self->count), all > 0);
  gtk_label_set_label (GTK_LABEL (self->why), why != NULL ? why : "");
  show_look (self);
  gtk_widget_set_opacity (self->list, dh_session_set_objects_are_old (self->session) ? 0.5 : 1);
  gtk_stack_set_visible_child_name (GTK_STACK (self->stack), n > 0 ? "list" : "nothing");
}

static void
show_chosen (DhFindsPanel *self)
{
  DhFoundItem *item = gtk_single_selection_get_selected_item (self->selection);
  const DhFindMark mark = item != NULL ? dh_found_item_get_mark (item) : DH_FIND_NEW;
  gtk_widget_set_sensitive (self->real, item != NULL);
  gtk_widget_set_sensitive (self->wrong, item != NULL);
  self->showing = TRUE;
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->real), mark == DH_FIND_REAL);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->wrong), mark == DH_FIND_FALSE);
  self->showing = FALSE;
}

/* The list was made anew: what was chosen stays chosen where it is still there. */
static void
on_items_changed (DhFindsPanel *self)
{
  const gint position = dh_found_list_find (self->found, self->chosen);
  self->showing = TRUE;
  gtk_single_selection_set_selected (self->selection, position >= 0 ? (guint)position : GTK_INVALID_LIST_POSITION);
  self->showing = FALSE;
  if (position >= 0)
    dh_picture_list_show (self->list, (guint)position);
  show_state (self);
  show_chosen (self);
}

static void
show_in_panes (DhFindsPanel *self, DhFoundItem *item)
{
  dh_session_show_object (self->session, dh_found_item_get_image (item), dh_found_item_get_object (item));
}

static void
on_selected (DhFindsPanel *self)
{
  DhFoundItem *item = gtk_single_selection_get_selected_item (self->selection);
  if (self->showing || item == NULL)
    return;
  g_set_object (&self->chosen, item);
  if (dh_found_item_get_mark (item) == DH_FIND_NEW)
    dh_found_list_mark (self->found, gtk_single_selection_get_selected (self->selection), DH_FIND_SEEN);
  show_chosen (self);
  show_in_panes (self, item);
}

/* Enter or a double click: again, where one has looked elsewhere since. */
static void
on_activate (GtkListView *list, guint position, DhFindsPanel *self)
{
  g_autoptr (DhFoundItem) item = g_list_model_get_item (G_LIST_MODEL (self->found), position);
  if (item != NULL)
    show_in_panes (self, item);
}

gboolean
dh_finds_panel_step (DhFindsPanel *self, gint step)
{
  const guint n = count_shown (self), at = gtk_single_selection_get_selected (self->selection);
  if (n == 0 || (at < n && (step > 0 ? at + 1 >= n : at == 0)))
    return FALSE;
  const guint next = at < n ? (step > 0 ? at + 1 : at - 1) : step > 0 ? 0 : n - 1;
  gtk_single_selection_set_selected (self->selection, next);
  dh_picture_list_show (self->list, next);
  return TRUE;
}

gboolean
dh_finds_panel_mark (DhFindsPanel *self, DhFindMark mark)
{
  DhFoundItem *item = gtk_single_selection_get_selected_item (self->selection);
  if (item == NULL)
    return FALSE;
  dh_found_list_mark (self->found, gtk_single_selection_get_selected (self->selection),
                      dh_found_item_get_mark (item) == mark ? DH_FIND_SEEN : mark);
  show_chosen (self);
  return TRUE;
}

static void
on_toggled (GtkWidget *button, DhFindsPanel *self)
{
  if (!self->showing)
    dh_finds_panel_mark (self, button == self->real ? DH_FIND_REAL : DH_FIND_FALSE);
}

static void
show_choices (DhFindsPanel *self)
{
  self->showing = TRUE;
  for (guint c = 0; c < N_CHOICES; c++)
    for (guint i = 0; choices[c].ids[i] != NULL; i++)
      if (dh_view_is (dh_session_get_view (self->session), choices[c].property, choices[c].ids[i]))
        gtk_drop_down_set_selected (GTK_DROP_DOWN (self->choices[c]), i);
  self->showing = FALSE;
}

static void
on_choice (GtkDropDown *drop, GParamSpec *spec, DhFindsPanel *self)
{
  for (guint c = 0; c < N_CHOICES && !self->showing; c++)
    if (self->choices[c] == GTK_WIDGET (drop))
      g_object_set (dh_session_get_view (self->session), choices[c].property,
                    choices[c].ids[gtk_drop_down_get_selected (drop)], NULL);
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *row, DhFindsPanel *self)
{
  gtk_list_item_set_child (row, dh_found_row_new (self->session, self->found));
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *row, gpointer data)
{
  dh_found_row_set_item (DH_FOUND_ROW (gtk_list_item_get_child (row)), gtk_list_item_get_item (row));
}

static void
unbind_row (GtkSignalListItemFactory *factory, GtkListItem *row, gpointer data)
{
  dh_found_row_set_item (DH_FOUND_ROW (gtk_list_item_get_child (row)), NULL);
}

static void
dh_finds_panel_dispose (GObject *object)
{
  DhFindsPanel *self = DH_FINDS_PANEL (object);
  if (self->selection != NULL)
    g_signal_handlers_disconnect_by_data (self->selection, self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->chosen);
  g_clear_object (&self->selection);
  g_clear_object (&self->found);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_finds_panel_parent_class)->dispose (object);
}

static void
dh_finds_panel_class_init (DhFindsPanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_finds_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_finds_panel_init (DhFindsPanel *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))),
                                  GTK_ORIENTATION_VERTICAL);
}

static GtkWidget *
with_margins (GtkWidget *widget, int top, int bottom)
{
  gtk_widget_set_margin_start (widget, 12);
  gtk_widget_set_margin_end (widget, 12);
  gtk_widget_set_margin_top (widget, top);
  gtk_widget_set_margin_bottom (widget, bottom);
  return widget;
}

static GtkWidget *
make_choice (DhFindsPanel *self, const Choice *choice)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  for (guint i = 0; choice->titles[i] != NULL; i++)
    gtk_string_list_append (titles, _ (choice->titles[i]));
  GtkWidget *drop = gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&titles)), NULL);
  dh_ui_add_classes (drop, "dh-dense");
  dh_ui_set_name (drop, _ (choice->name));
  /* the button in it has the focus */
  dh_ui_set_name (gtk_widget_get_first_child (drop), _ (choice->name));
  dh_ui_set_menu_tooltip (drop, _ (choice->name));
  return drop;
}

static GtkWidget *
make_head (DhFindsPanel *self)
{
  GtkWidget *head = dh_ui_box (GTK_ORIENTATION_VERTICAL, 3, NULL);
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  for (guint c = 0; c < N_CHOICES; c++)
    {
      self->choices[c] = make_choice (self, &choices[c]);
      gtk_box_append (GTK_BOX (line), self->choices[c]);
    }
  /* Large letters must not make the window wider than a small screen. */
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), line);
  gtk_box_append (GTK_BOX (head), scroller);
  GtkWidget *below = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->count = dh_ui_short_label (NULL, "dh-small dim-label dh-num", 0);
  gtk_widget_set_hexpand (self->count, TRUE);
  self->export = dh_ui_icon_button ("document-save-symbolic", _ ("Export the finds as a page and a table…"),
                                    "win.export-finds", "flat dh-sqbtn");
  gtk_box_append (GTK_BOX (below), self->count);
  gtk_box_append (GTK_BOX (below), self->export);
  gtk_box_append (GTK_BOX (head), below);
  return with_margins (head, 9, 6);
}

static GtkWidget *
make_nothing (DhFindsPanel *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  self->why = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->why), TRUE);
  self->look = gtk_button_new_with_label ("");
  gtk_widget_set_halign (self->look, GTK_ALIGN_START);
  dh_ui_add_classes (self->look, "suggested-action");
  gtk_box_append (GTK_BOX (box), self->why);
  gtk_box_append (GTK_BOX (box), self->look);
  return with_margins (box, 3, 3);
}

static GtkWidget *
make_button (const char *title, const char *tooltip)
{
  GtkWidget *button = gtk_toggle_button_new_with_label (title);
  gtk_widget_set_hexpand (button, TRUE);
  gtk_widget_set_tooltip_text (button, tooltip);
  dh_ui_add_classes (button, "dh-dense");
  return button;
}

static void
build (DhFindsPanel *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  gtk_widget_set_parent (make_head (self), widget);
  self->selection = dh_picture_selection_new (G_LIST_MODEL (self->found));
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), self);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row), NULL);
  self->stack = gtk_stack_new ();
  gtk_stack_add_named (GTK_STACK (self->stack),
                       dh_picture_list_new (self->selection, factory, _ ("Finds in all images"), &self->list), "list");
  gtk_stack_add_named (GTK_STACK (self->stack), make_nothing (self), "nothing");
  gtk_widget_set_vexpand (self->stack, TRUE);
  gtk_widget_set_parent (self->stack, widget);
  GtkWidget *foot = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  self->real = make_button (_ ("Real"), _ ("The chosen find is an anomaly (Y)"));
  self->wrong = make_button (_ ("False alarm"), _ ("The chosen find is none (W)"));
  gtk_box_append (GTK_BOX (foot), self->real);
  gtk_box_append (GTK_BOX (foot), self->wrong);
  gtk_widget_set_parent (with_margins (foot, 6, 9), widget);
}

GtkWidget *
dh_finds_panel_new (DhSession *session)
{
  DhFindsPanel *self = g_object_new (DH_TYPE_FINDS_PANEL, NULL);
  self->session = g_object_ref (session);
  self->found = dh_found_list_new (session);
  build (self);
  show_choices (self);
  for (guint c = 0; c < N_CHOICES; c++)
    g_signal_connect (self->choices[c], "notify::selected", G_CALLBACK (on_choice), self);
  g_signal_connect_swapped (self->selection, "notify::selected", G_CALLBACK (on_selected), self);
  g_signal_connect (self->list, "activate", G_CALLBACK (on_activate), self);
  g_signal_connect (self->real, "toggled", G_CALLBACK (on_toggled), self);
  g_signal_connect (self->wrong, "toggled", G_CALLBACK (on_toggled), self);
  g_signal_connect_object (self->found, "items-changed", G_CALLBACK (on_items_changed), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  static const char *const of_state[] = { "set-objects",          "evaluation",         "threshold",
                                          "notify::model-info",   "notify::evaluating", "notify::set-stats",
                                          "notify::dataset-title" };
  for (guint i = 0; i < G_N_ELEMENTS (of_state); i++)
    g_signal_connect_object (session, of_state[i], G_CALLBACK (show_state), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (dh_session_get_runs (session), "items-changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  show_state (self);
  show_chosen (self);
  return GTK_WIDGET (self);
}
