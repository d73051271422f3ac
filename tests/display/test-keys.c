/* What keys do depends on the page: what is not seen does not change. Escape takes away what lies over the panes; the
 * list of keys is as narrow as the window. */
#include <adwaita.h>
#include <string.h>
#include <glib/gstdio.h>
#include "dh-player.h"
#include "dh-set-lookup.h"
#include "dh-view.h"
#include "dh-widgets.h"
#include "dh-window.h"
#include "pointer.h"

static DhSession *session;
static GtkWidget *window;
static gboolean could_save; /* with nothing open */
static char *unlabelled;    /* what is said of the objects then */

static gboolean
is_shown (void)
{
  DhFrame *frame = dh_session_get_frame (session);
  return frame != NULL && dh_frame_has_map (frame, DH_FRAME_HYBRID);
}

static GtkWidget *
find (GtkWidget *widget, const char *type)
{
  if (g_str_equal (G_OBJECT_TYPE_NAME (widget), type))
    return widget;
  GtkWidget *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type);
  return found;
}

static const char *
get_page (void)
{
  return adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (find (window, "AdwViewStack")));
}

static void
go_to (const char *key, const char *page)
{
  pointer_key (key);
  pointer_wait_until (g_str_equal (get_page (), page));
}

/* A key is done with once the one behind it is. */
static void
press_all (const char *const *keys)
{
  for (guint i = 0; keys[i] != NULL; i++)
    pointer_key (keys[i]);
}

static void
test_pages (void)
{
  /* Not space, by which what has the focus is pressed. */
  static const char *const of_browse[] = { "c",  "g",     "k",        "o",  "shift+o", "Right",
                                           "F5", "alt+2", "shift+F9", "F9", "period",  NULL };
  static const char *const pages[][2] = { { "ctrl+2", "metrics" }, { "ctrl+4", "runs" }, { "ctrl+3", "training" } };
  DhView *view = dh_session_get_view (session);
  DhImageItem *item = dh_session_get_current (session);
  const double threshold = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  g_autofree char *overlay = g_strdup (dh_view_get_string (view, "overlay"));
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      go_to (pages[i][0], pages[i][1]);
      press_all (of_browse);
      go_to ("ctrl+4", "runs");
      g_assert_cmpstr (dh_view_get_string (view, "layout"), ==, "grid");
      g_assert_cmpstr (dh_view_get_string (view, "overlay"), ==, overlay);
      g_assert_true (dh_view_get_boolean (view, "fill"));
      g_assert_true (dh_view_get_boolean (view, "show-tuning"));
      g_assert_true (dh_view_get_boolean (view, "show-images"));
      g_assert_true (dh_session_get_current (session) == item);
      g_assert_false (dh_player_is_playing (dh_session_get_player (session)));
      g_assert_cmpint (dh_session_get_active_score (session), ==, DH_SCORE_HYBRID);
      g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, threshold);
    }
  go_to ("ctrl+1", "browse");
  pointer_key ("space");
  pointer_wait_until (dh_view_is (view, "layout", "single"));
  pointer_key ("g");
  pointer_wait_until (dh_view_is (view, "layout", "grid"));
}

static void
test_undo (void)
{
  const double before = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  pointer_key ("period");
  pointer_wait_until (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value != before);
  const double after = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  go_to ("ctrl+4", "runs");
  pointer_key ("ctrl+z");
  go_to ("ctrl+1", "browse");
  g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, after);
  pointer_key ("ctrl+z");
  pointer_wait_until (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value == before);
}

static AdwFlap *
get_flap (const char *panel)
{
  return ADW_FLAP (gtk_widget_get_ancestor (find (window, panel), ADW_TYPE_FLAP));
}

static void
test_panels (void)
{
  AdwFlap *images = get_flap ("DhImagePanel"), *tuning = get_flap ("DhTuningPanel");
  gtk_window_set_default_size (GTK_WINDOW (window), 800, 600);
  pointer_wait_until (adw_flap_get_folded (images) && adw_flap_get_folded (tuning));
  pointer_key ("F9");
  pointer_wait_until (adw_flap_get_reveal_flap (images));
  /* One at a time. */
  pointer_key ("shift+F9");
  pointer_wait_until (adw_flap_get_reveal_flap (tuning) && !adw_flap_get_reveal_flap (images));
  pointer_key ("Escape");
  pointer_wait_until (!adw_flap_get_reveal_flap (tuning));
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (window));
  g_assert_true (focus != NULL && gtk_widget_is_ancestor (focus, find (window, "DhCanvas")));
  pointer_key ("F9");
  pointer_wait_until (adw_flap_get_reveal_flap (images));
  pointer_key ("Escape");
  pointer_wait_until (!adw_flap_get_reveal_flap (images));
}

static GtkWindow *
dup_dialog (void)
{
  GListModel *windows = gtk_window_get_toplevels ();
  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) one = g_list_model_get_item (windows, i);
      if (gtk_window_get_transient_for (one) == GTK_WINDOW (window))
        return g_steal_pointer (&one);
    }
  return NULL;
}

static guint
count_rows (GtkWidget *widget)
{
  guint n = ADW_IS_ACTION_ROW (widget) && gtk_widget_get_mapped (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_rows (child);
  return n;
}

static void
test_list (void)
{
  g_assert_true (gtk_widget_activate_action (window, "win.shortcuts", NULL));
  g_autoptr (GtkWindow) dialog = dup_dialog ();
  g_assert_nonnull (dialog);
  pointer_wait_until (gtk_widget_get_mapped (GTK_WIDGET (dialog)));
  int least;
  gtk_widget_measure (GTK_WIDGET (dialog), GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 480);
  const guint all = count_rows (GTK_WIDGET (dialog));
  g_assert_cmpuint (all, >, 50);
  GtkWidget *filter = find (GTK_WIDGET (dialog), "GtkSearchEntry");
  gtk_editable_set_text (GTK_EDITABLE (filter), "zoom");
  pointer_wait_until (count_rows (GTK_WIDGET (dialog)) == 2);
  gtk_editable_set_text (GTK_EDITABLE (filter), "ctrl+shift");
  pointer_wait_until (count_rows (GTK_WIDGET (dialog)) >= 4 && count_rows (GTK_WIDGET (dialog)) < 10);
  g_signal_emit_by_name (filter, "stop-search");
  pointer_wait_until (count_rows (GTK_WIDGET (dialog)) == all);
  g_signal_emit_by_name (filter, "stop-search");
  pointer_wait_until (!gtk_widget_get_mapped (GTK_WIDGET (dialog)));
}

/* Of the popover of whichever menu has the text; NULL: of none. */
static GtkWidget *
find_item (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return widget;
  GtkWidget *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_item (child, text);
  return found;
}

static guint
count_items (GtkWidget *widget, const char *text)
{
  guint n = 0;
  if (GTK_IS_MENU_BUTTON (widget) && gtk_widget_get_mapped (widget))
    {
      gtk_menu_button_popup (GTK_MENU_BUTTON (widget));
      GtkPopover *popover = gtk_menu_button_get_popover (GTK_MENU_BUTTON (widget));
      n += popover != NULL && find_item (GTK_WIDGET (popover), text) != NULL;
      gtk_menu_button_popdown (GTK_MENU_BUTTON (widget));
      return n;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_items (child, text);
  return n;
}

/* An underscore in a name is a letter of it. */
static void
test_names (void)
{
  g_autofree char *folder = g_dir_make_tmp ("my_own_set-XXXXXX", NULL), *uri = g_filename_to_uri (folder, NULL, NULL);
  dh_settings_set_list (dh_session_get_settings (session), "training-recent", "data", (const char *[]){ uri, NULL });
  go_to ("ctrl+3", "training");
  AdwFlap *form = ADW_FLAP (find (find (window, "DhTrainingPage"), "AdwFlap"));
  if (!adw_flap_get_reveal_flap (form))
    pointer_key ("F9");
  pointer_wait_until (adw_flap_get_reveal_progress (form) == 1);
  g_assert_cmpuint (count_items (find (window, "DhTrainingPage"), "my_own_set"), ==, 1);
  go_to ("ctrl+1", "browse");
  g_rmdir (folder);
}

static gboolean
can (const char *action)
{
  return g_action_group_get_action_enabled (G_ACTION_GROUP (window), action);
}

/* Before anything is open there is no view to be saved. A report is of what was evaluated, and among runs of the chosen
 * one. */
static void
test_enabled (void)
{
  g_assert_false (could_save);
  g_assert_cmpstr (unlabelled, ==, "no anomaly labels");
  g_assert_true (can ("save-view"));
  g_assert_false (can ("export"));
  go_to ("ctrl+4", "runs");
  g_assert_true (can ("export"));
  go_to ("ctrl+1", "browse");
  g_assert_false (can ("export"));
}

int
main (int argc, char **argv)
{
  pointer_own_home ();
  if (!pointer_begin (&argc, &argv))
    return 0;
  dh_widgets_init ();
  g_autoptr (AdwApplication) application = adw_application_new ("org.densehybrid.StudioTest", G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (application), NULL, NULL));
  session = dh_session_new ();
  window = dh_window_new (application, session);
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), 1400, 900);
  gtk_window_present (GTK_WINDOW (window));
  pointer_wait_until (gtk_widget_get_mapped (window));
  could_save = can ("save-view");
  DhSetLookup *lookup = dh_set_lookup_new (session);
  unlabelled = dh_set_lookup_dup_note (lookup);
  dh_set_lookup_free (lookup);
  dh_session_open_demo (session);
  pointer_wait_until (is_shown ());
  g_test_add_func ("/keys/pages", test_pages);
  g_test_add_func ("/keys/undo", test_undo);
  g_test_add_func ("/keys/names", test_names); /* while the window is large enough for the form */
  g_test_add_func ("/keys/panels", test_panels);
  g_test_add_func ("/keys/list", test_list);
  g_test_add_func ("/keys/enabled", test_enabled);
  const int status = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  dh_session_close (session);
  g_object_unref (session);
  return status;
}
