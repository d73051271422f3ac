#include "dh-window.h"
#include "dh-focus.h"
#include "dh-session-evaluation.h"
#include "dh-set-reading.h"
#include "dh-start-page.h"
#include "dh-status-bar.h"
#include "dh-widgets.h"
#include "dh-window-private.h"

#define PAGE_BAR 47 /* a page's bar, of letters of usual size */

G_DEFINE_FINAL_TYPE (DhWindow, dh_window, ADW_TYPE_APPLICATION_WINDOW)

/* On the header bar, where it is too narrow for the pages' names: the picture, or the page that shows none. */
static void
show_title (DhWindow *self)
{
  DhImageItem *item = dh_session_get_current (self->session);
  DhImageList *list = dh_session_get_list (self->session);
  const char *title = dh_session_get_dataset_title (self->session);
  g_autofree char *subtitle = NULL;
  if (item != NULL && title != NULL)
    subtitle =
        g_strdup_printf (_ ("%s · %u of %u"), title, dh_image_item_get_index (item) + 1, dh_image_list_get_size (list));
  AdwViewSwitcherTitle *switcher = ADW_VIEW_SWITCHER_TITLE (self->switcher_title);
  const char *name = item != NULL ? dh_image_item_get_name (item) : "DenseHybrid Studio";
  AdwViewStack *stack = ADW_VIEW_STACK (self->stack);
  const gboolean browses = g_strcmp0 (adw_view_stack_get_visible_child_name (stack), "browse") == 0;
  AdwViewStackPage *page = adw_view_stack_get_page (stack, adw_view_stack_get_visible_child (stack));
  adw_view_switcher_title_set_title (switcher, browses ? name : adw_view_stack_page_get_title (page));
  adw_view_switcher_title_set_subtitle (switcher, browses && subtitle != NULL ? subtitle : "");
  g_autofree char *window_title =
      item != NULL ? g_strdup_printf ("%s – DenseHybrid Studio", name) : g_strdup ("DenseHybrid Studio");
  gtk_window_set_title (GTK_WINDOW (self), window_title);
}

static void
show_open (DhWindow *self)
{
  gboolean open = dh_session_has_dataset (self->session);
  gtk_stack_set_visible_child (GTK_STACK (self->browse_stack),
                               open ? self->browse : gtk_widget_get_first_child (self->browse_stack));
  const char *page = adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack));
  gboolean panels = open && g_strcmp0 (page, "browse") == 0;
  gtk_widget_set_visible (self->images_toggle, panels);
  gtk_widget_set_visible (self->tuning_toggle, panels);
  gtk_widget_set_visible (self->form_toggle, g_strcmp0 (page, "training") == 0);
  show_title (self);
}

/* Beside the form of a new training where there is room for both, else above its button. */
static void
place_toasts (DhWindow *self)
{
  AdwFlap *form = ADW_FLAP (dh_training_page_get_flap (DH_TRAINING_PAGE (self->training)));
  const char *page = adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack));
  const gboolean shown = g_strcmp0 (page, "training") == 0 && adw_flap_get_reveal_flap (form);
  const char *const beside[] = { "dh-beside-form", NULL }, *const over[] = { "dh-over-form", NULL };
  const char *const none[] = { NULL };
  gtk_widget_set_css_classes (self->toasts, (const char **)(!shown                       ? none
                                                            : adw_flap_get_folded (form) ? over
                                                                                         : beside));
}

static void
on_message (DhSession *session, const char *text, DhWindow *self)
{
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), dh_ui_toast_new (text));
}

static void
on_error (DhSession *session, const char *title, const char *text, DhWindow *self)
{
  g_autofree char *full = g_strconcat (title, ".", NULL);
  dh_banner_show (self->banner, full, text, NULL, NULL);
}

void
dh_window_take_back (DhWindow *self, const char *title)
{
  g_autofree char *full = g_strconcat (title, ".", NULL);
  dh_banner_take_back (self->banner, full);
}

/* Something new is being opened: what was said of the former is over. */
static void
on_opening (DhWindow *self)
{
  if (dh_session_is_opening (self->session) || dh_session_is_loading (self->session))
    dh_banner_hide (self->banner);
}

/* Another try: what was said of the one before is over. */
static void
on_evaluating (DhWindow *self)
{
  if (dh_session_is_evaluating (self->session))
    dh_window_take_back (self, _ ("The evaluation failed"));
}

static void
on_notes (DhWindow *self)
{
  const char *const *notes = dh_session_get_notes (self->session);
  if (!dh_session_has_news (self->session))
    return;
  AdwToast *toast = dh_ui_toast_new (notes[0]);
  adw_toast_set_button_label (toast, dh_session_asks_how_to_read (self->session) ? _ ("Choose…") : _ ("More"));
  adw_toast_set_action_name (toast, "win.dataset-notes");
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
}

void
dh_window_show_opened (DhWindow *self)
{
  AdwViewStack *stack = ADW_VIEW_STACK (self->stack);
  if (g_strcmp0 (adw_view_stack_get_visible_child_name (stack), "metrics") != 0)
    adw_view_stack_set_visible_child_name (stack, "browse");
}

void
dh_window_show_last_page (DhWindow *self)
{
  AdwViewStack *stack = ADW_VIEW_STACK (self->stack);
  g_autofree char *page = dh_settings_dup_string (dh_session_get_settings (self->session), "window", "page");
  if (page != NULL && adw_view_stack_get_child_by_name (stack, page) != NULL)
    adw_view_stack_set_visible_child_name (stack, page);
}

/* The arrow of the split button has no name of its own. */
static void
name_arrow (GtkWidget *widget, const char *name)
{
  if (GTK_IS_MENU_BUTTON (widget))
    dh_ui_set_name (widget, name);
  else
    for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
         child = gtk_widget_get_next_sibling (child))
      name_arrow (child, name);
}

static GtkWidget *
make_header (DhWindow *self)
{
  GtkWidget *bar = adw_header_bar_new ();
  dh_focus_add_region (bar);
  self->images_toggle = dh_ui_icon_toggle ("sidebar-show-symbolic", _ ("Images (F9)"), NULL, NULL, NULL);
  self->tuning_toggle = dh_ui_icon_toggle ("sidebar-show-right-symbolic", _ ("Tuning (Shift+F9)"), NULL, NULL, NULL);
  g_object_bind_property (dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), FALSE), "reveal-flap",
                          self->images_toggle, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_object_bind_property (dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), TRUE), "reveal-flap",
                          self->tuning_toggle, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  self->form_toggle = dh_ui_icon_toggle ("sidebar-show-symbolic", _ ("New training (F9)"), NULL, NULL, NULL);
  g_object_bind_property (dh_training_page_get_flap (DH_TRAINING_PAGE (self->training)), "reveal-flap",
                          self->form_toggle, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  adw_header_bar_pack_start (ADW_HEADER_BAR (bar), self->images_toggle);
  adw_header_bar_pack_start (ADW_HEADER_BAR (bar), self->form_toggle);
  g_autoptr (GMenuModel) open_menu = dh_window_new_open_menu (self);
  GtkWidget *open = adw_split_button_new ();
  GtkWidget *content = adw_button_content_new ();
  adw_button_content_set_icon_name (ADW_BUTTON_CONTENT (content), "folder-open-symbolic");
  adw_button_content_set_label (ADW_BUTTON_CONTENT (content), _ ("Open"));
  adw_split_button_set_child (ADW_SPLIT_BUTTON (open), content);
  adw_split_button_set_menu_model (ADW_SPLIT_BUTTON (open), open_menu);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (open), "win.open-dataset");
  gtk_widget_set_tooltip_text (open, _ ("Open a data set (Ctrl+O), images or weights"));
  name_arrow (open, _ ("More to open"));
  adw_header_bar_pack_start (ADW_HEADER_BAR (bar), open);
  g_autoptr (GMenuModel) main_menu = dh_window_new_main_menu (self);
  GtkWidget *menu = dh_ui_menu_button ("open-menu-symbolic", _ ("Main menu"), main_menu, NULL);
  gtk_menu_button_set_primary (GTK_MENU_BUTTON (menu), TRUE);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), menu);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), self->tuning_toggle);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), dh_window_make_jobs_button (self));
  self->switcher_title = adw_view_switcher_title_new ();
  adw_view_switcher_title_set_stack (ADW_VIEW_SWITCHER_TITLE (self->switcher_title), ADW_VIEW_STACK (self->stack));
  adw_header_bar_set_title_widget (ADW_HEADER_BAR (bar), self->switcher_title);
  adw_header_bar_set_centering_policy (ADW_HEADER_BAR (bar), ADW_CENTERING_POLICY_STRICT);
  return bar;
}

static gboolean
show_switcher_bar (gpointer data)
{
  DhWindow *self = data;
  gboolean narrow = adw_view_switcher_title_get_title_visible (ADW_VIEW_SWITCHER_TITLE (self->switcher_title));
  adw_view_switcher_bar_set_reveal (ADW_VIEW_SWITCHER_BAR (self->switcher_bar), narrow);
  self->switcher_idle = 0;
  return G_SOURCE_REMOVE;
}

/* The title finds out while the window is being laid out; the bar would then get its place before it was measured. */
static void
on_title_visible (DhWindow *self)
{
  if (self->switcher_idle == 0)
    self->switcher_idle = g_idle_add_full (G_PRIORITY_HIGH_IDLE, show_switcher_bar, self, NULL);
}

static void
add_page (DhWindow *self, GtkWidget *page, const char *name, const char *title, const char *icon)
{
  AdwViewStack *stack = ADW_VIEW_STACK (self->stack);
  adw_view_stack_page_set_icon_name (adw_view_stack_add_titled (stack, page, name, title), icon);
}

static void
make_pages (DhWindow *self)
{
  self->stack = adw_view_stack_new ();
  self->browse = dh_browse_page_new (self->session);
  self->browse_stack = gtk_stack_new ();
  gtk_stack_add_child (GTK_STACK (self->browse_stack), dh_start_page_new (self->session));
  gtk_stack_add_child (GTK_STACK (self->browse_stack), self->browse);
  add_page (self, self->browse_stack, "browse", _ ("Browse"), "dh-browse-symbolic");
  self->metrics = dh_metrics_page_new (self->session);
  add_page (self, self->metrics, "metrics", _ ("Metrics"), "dh-metrics-symbolic");
  self->training = dh_training_page_new (self->session);
  add_page (self, self->training, "training", _ ("Training"), "dh-training-symbolic");
  self->runs = dh_runs_page_new (self->session);
  add_page (self, self->runs, "runs", _ ("Runs"), "dh-runs-symbolic");
  gtk_widget_set_vexpand (self->stack, TRUE);
}

static gboolean
on_close (DhWindow *self)
{
  DhSettings *settings = dh_session_get_settings (self->session);
  int width, height;
  if (dh_window_keeps_labels (self))
    return TRUE;
  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  dh_settings_set_int (settings, "window", "width", width);
  dh_settings_set_int (settings, "window", "height", height);
  dh_settings_set_int (settings, "window", "maximized", gtk_window_is_maximized (GTK_WINDOW (self)));
  dh_settings_set_string (settings, "window", "page",
                          adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack)));
  return FALSE;
}

static void
dh_window_dispose (GObject *object)
{
  DhWindow *self = DH_WINDOW (object);
  g_clear_handle_id (&self->switcher_idle, g_source_remove);
  g_clear_weak_pointer (&self->saved_toast);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  G_OBJECT_CLASS (dh_window_parent_class)->dispose (object);
  g_clear_object (&self->session);
  g_clear_object (&self->devices);
  g_clear_object (&self->precisions);
}

static void
dh_window_class_init (DhWindowClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_window_dispose;
}

static void
dh_window_init (DhWindow *self)
{
  self->devices = g_menu_new ();
  self->precisions = g_menu_new ();
}

GtkWidget *
dh_window_new (AdwApplication *application, DhSession *session)
{
  DhWindow *self = g_object_new (DH_TYPE_WINDOW, "application", application, NULL);
  self->session = g_object_ref (session);
  make_pages (self);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), make_header (self));
  self->toasts = adw_toast_overlay_new ();
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (self->toasts), dh_window_add_drop (self, self->stack));
  self->banner = DH_BANNER (dh_banner_new (self->toasts, PAGE_BAR));
  dh_banner_add_bar (self->banner, dh_browse_page_get_label_bar (DH_BROWSE_PAGE (self->browse)));
  gtk_widget_set_vexpand (GTK_WIDGET (self->banner), TRUE);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->banner));
  self->switcher_bar = adw_view_switcher_bar_new ();
  dh_focus_add_region (self->switcher_bar);
  adw_view_switcher_bar_set_stack (ADW_VIEW_SWITCHER_BAR (self->switcher_bar), ADW_VIEW_STACK (self->stack));
  g_signal_connect_object (self->switcher_title, "notify::title-visible", G_CALLBACK (on_title_visible), self,
                           G_CONNECT_SWAPPED);
  show_switcher_bar (self);
  gtk_box_append (GTK_BOX (box), self->switcher_bar);
  gtk_box_append (GTK_BOX (box), dh_status_bar_new (session));
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (self), box);

  dh_window_add_actions (self);
  dh_window_add_keys (self, GTK_APPLICATION (application));
  dh_focus_speak_rows (GTK_WINDOW (self));
  dh_window_add_written (self);
  dh_window_add_files (self);
  dh_window_add_labels (self);
  g_signal_connect_object (session, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (session, "error", G_CALLBACK (on_error), self, 0);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (show_open), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::dataset-title", G_CALLBACK (on_notes), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::current", G_CALLBACK (show_title), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::opening", G_CALLBACK (on_opening), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::loading", G_CALLBACK (on_opening), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::evaluating", G_CALLBACK (on_evaluating), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (show_open), self, G_CONNECT_SWAPPED);
  GtkWidget *form = dh_training_page_get_flap (DH_TRAINING_PAGE (self->training));
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (place_toasts), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (form, "notify::reveal-flap", G_CALLBACK (place_toasts), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (form, "notify::folded", G_CALLBACK (place_toasts), self, G_CONNECT_SWAPPED);
  g_signal_connect (self, "close-request", G_CALLBACK (on_close), NULL);
  DhSettings *settings = dh_session_get_settings (session);
  gtk_window_set_default_size (GTK_WINDOW (self),
                               CLAMP (dh_settings_get_int (settings, "window", "width", 1400), 360, 8000),
                               CLAMP (dh_settings_get_int (settings, "window", "height", 900), 294, 8000));
  if (dh_settings_get_int (settings, "window", "maximized", 0) != 0)
    gtk_window_maximize (GTK_WINDOW (self));
  show_open (self);
  return GTK_WIDGET (self);
}
