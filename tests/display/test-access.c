/* The studio without a pointer and without eyes: whatever can have the focus has a name, whatever is drawn by hand says
 * what it shows, Tab comes to all of a page and around, F6 from part to part, and rows say what stands in them. */
#include <adwaita.h>
#include <math.h>
#include <string.h>
#include "dh-focus.h"
#include "dh-metrics-charts.h"
#include "dh-session-components.h"
#include "dh-session-evaluation.h"
#include "dh-table.h"
#include "dh-ui.h"
#include "dh-widgets.h"
#include "dh-window.h"
#include "pointer.h"

static DhSession *session;
static GtkWidget *window;

/* What a screen reader is given; NULL: nothing. GTK tells a property only by what it is not. */
static char *
dup_name (GtkWidget *widget)
{
  GtkAccessible *accessible = GTK_ACCESSIBLE (widget);
  if (!gtk_test_accessible_has_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL))
    return gtk_test_accessible_has_relation (accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY) ? g_strdup ("by another")
                                                                                              : NULL;
  char *text = gtk_test_accessible_check_property (accessible, GTK_ACCESSIBLE_PROPERTY_LABEL, "\001");
  if (text != NULL && *g_strstrip (text) != '\0')
    return text;
  g_free (text);
  return NULL;
}

static gboolean
is_a (GtkWidget *widget, const char *type)
{
  return g_str_equal (G_OBJECT_TYPE_NAME (widget), type);
}

/* Since GTK 4.10 a button is named by the text in it, and has no property of its own for that. */
static gboolean
is_named_by_text (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    return *gtk_label_get_text (GTK_LABEL (widget)) != '\0';
  gboolean found = FALSE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && !found;
       child = gtk_widget_get_next_sibling (child))
    found = !GTK_IS_POPOVER (child) && gtk_widget_get_visible (child) && is_named_by_text (child);
  return found;
}

/* GTK's own parts, which are named by what they belong to, or when the focus comes to them. */
static gboolean
is_named_elsewhere (GtkWidget *widget)
{
  return GTK_IS_TEXT (widget) || GTK_IS_SCROLLED_WINDOW (widget) || GTK_IS_POPOVER (widget) || GTK_IS_LABEL (widget)
         || GTK_IS_WINDOW (widget) || is_a (widget, "GtkListItemWidget") || is_a (widget, "GtkColumnViewRowWidget")
         || GTK_IS_LIST_BOX_ROW (widget) || is_a (widget, "GtkModelButton") || is_a (widget, "GtkColumnViewTitle")
         || (GTK_IS_BUTTON (widget) && gtk_widget_get_ancestor (widget, GTK_TYPE_SPIN_BUTTON) != NULL)
         || (GTK_IS_BUTTON (widget) && gtk_check_version (4, 10, 0) == NULL && is_named_by_text (widget))
         || (GTK_IS_LIST_BOX (widget) && gtk_widget_get_ancestor (widget, ADW_TYPE_PREFERENCES_GROUP) != NULL)
         || (GTK_IS_LIST_VIEW (widget) && gtk_widget_get_ancestor (widget, GTK_TYPE_DROP_DOWN) != NULL);
}

static gboolean
needs_name (GtkWidget *widget)
{
  const GtkAccessibleRole role = gtk_accessible_get_accessible_role (GTK_ACCESSIBLE (widget));
  /* What shows nothing yet has nothing to say. */
  const gboolean drawn = gtk_widget_get_mapped (widget) && role == GTK_ACCESSIBLE_ROLE_IMG
                         && g_str_has_prefix (G_OBJECT_TYPE_NAME (widget), "Dh");
  return (gtk_widget_get_focusable (widget) || drawn || role == GTK_ACCESSIBLE_ROLE_PROGRESS_BAR)
         && !is_named_elsewhere (widget);
}

static void
append_place (GtkWidget *widget, GString *place)
{
  for (GtkWidget *at = widget; at != NULL; at = gtk_widget_get_parent (at))
    g_string_append_printf (place, "%s%s", at == widget ? "" : " in ", G_OBJECT_TYPE_NAME (at));
}

static guint
count_nameless (GtkWidget *widget)
{
  guint n = 0;
  if (!gtk_widget_get_visible (widget) && !GTK_IS_POPOVER (widget))
    return 0;
  g_autofree char *name = needs_name (widget) ? dup_name (widget) : g_strdup ("");
  if (name == NULL)
    {
      g_autoptr (GString) place = g_string_new (NULL);
      append_place (widget, place);
      g_test_message ("no name: %s", place->str);
      n++;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_nameless (child);
  return n;
}

static void
test_names (void)
{
  g_assert_cmpuint (count_nameless (window), ==, 0);
}

static GtkWidget *
get_focus (void)
{
  return gtk_window_get_focus (GTK_WINDOW (window));
}

static gboolean
is_in (GtkWidget *widget, const char *type)
{
  for (; widget != NULL; widget = gtk_widget_get_parent (widget))
    if (is_a (widget, type))
      return TRUE;
  return FALSE;
}

/* The widget that has the focus; of a row its list, which may make its rows anew at any time. */
static GtkWidget *
get_stop (void)
{
  GtkWidget *focus = get_focus ();
  GtkWidget *list = focus != NULL ? gtk_widget_get_ancestor (focus, GTK_TYPE_LIST_VIEW) : NULL;
  return list != NULL ? list : focus;
}

/* Presses the key until the focus is where it began; what it came to. */
static GPtrArray *
go_round (const char *key)
{
  GPtrArray *found = g_ptr_array_new ();
  GtkWidget *first = get_stop ();
  do
    {
      GtkWidget *before = get_stop ();
      g_ptr_array_add (found, before);
      pointer_key (key);
      pointer_wait_until (get_stop () != before);
      g_assert_cmpuint (found->len, <, 200);
      g_assert_nonnull (get_stop ());
      if (get_stop () != first)
        g_assert_false (g_ptr_array_find (found, get_stop (), NULL));
    }
  while (get_stop () != first);
  return found;
}

static guint
count_in (GPtrArray *widgets, const char *type)
{
  guint n = 0;
  for (guint i = 0; i < widgets->len; i++)
    n += is_in (widgets->pdata[i], type);
  return n;
}

/* The maps of the picture, and what its objects are. */
static gboolean
is_shown (void)
{
  DhFrame *frame = dh_session_get_frame (session);
  return frame != NULL && dh_frame_has_map (frame, DH_FRAME_HYBRID) && dh_session_get_components (session) != NULL;
}

/* Until nothing comes or goes in the window any more: as much to go to forwards as backwards. */
static GPtrArray *
go_both_ways (void)
{
  for (guint tried = 0; tried < 4; tried++)
    {
      g_autoptr (GPtrArray) all = go_round ("Tab");
      g_autoptr (GPtrArray) back = go_round ("shift+Tab");
      if (back->len == all->len)
        return g_steal_pointer (&all);
      g_test_message ("%u forwards, %u backwards", all->len, back->len);
    }
  g_assert_not_reached ();
}

static void
open_demo (void)
{
  if (!dh_session_has_dataset (session))
    dh_session_open_demo (session);
  pointer_wait_until (is_shown ());
}

static void
test_browse (void)
{
  open_demo ();
  pointer_wait_until (get_focus () != NULL && is_in (get_focus (), "GtkListView"));
  g_autofree char *row = dup_name (get_focus ());
  g_assert_nonnull (row);
  g_assert_nonnull (strstr (row, dh_image_item_get_name (dh_session_get_current (session))));
  static const char *const parts[] = { "AdwHeaderBar", "DhImagePanel", "DhBrowseBand", "DhCanvas", "DhTuningPanel" };
  g_autoptr (GPtrArray) all = go_both_ways ();
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_test_message ("%s: %u", parts[i], count_in (all, parts[i]));
      g_assert_cmpuint (count_in (all, parts[i]), >=, 3);
    }
  /* All in one part, one after the other. */
  guint changes = 0;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    for (guint j = 0; j < all->len; j++)
      changes += is_in (all->pdata[j], parts[i]) && !is_in (all->pdata[(j + 1) % all->len], parts[i]);
  g_assert_cmpuint (changes, ==, G_N_ELEMENTS (parts));

  pointer_key ("F6");
  g_autoptr (GPtrArray) steps = go_round ("F6");
  g_assert_cmpuint (steps->len, ==, G_N_ELEMENTS (parts));
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_assert_cmpuint (count_in (steps, parts[i]), ==, 1);
  g_assert_cmpuint (count_nameless (window), ==, 0);
}

/* Of what opens beside the window, which then lies over it. */
static void
test_dialogs (void)
{
  static const char *const dialogs[] = { "win.known-sets", "win.dataset-notes", "win.weights-info" };
  open_demo ();
  for (guint i = 0; i < G_N_ELEMENTS (dialogs); i++)
    {
      GListModel *windows = gtk_window_get_toplevels ();
      const guint before = g_list_model_get_n_items (windows);
      g_test_message ("%s", dialogs[i]);
      g_assert_true (gtk_widget_activate_action (window, dialogs[i], NULL));
      pointer_wait_until (g_list_model_get_n_items (windows) > before);
      g_autoptr (GtkWindow) dialog = NULL;
      for (guint j = 0; j <= before; j++)
        {
          g_autoptr (GtkWindow) one = g_list_model_get_item (windows, j);
          if (gtk_window_get_transient_for (one) == GTK_WINDOW (window))
            g_set_object (&dialog, one);
        }
      g_assert_nonnull (dialog);
      pointer_wait_until (gtk_widget_get_mapped (GTK_WIDGET (dialog)));
      g_assert_cmpuint (count_nameless (GTK_WIDGET (dialog)), ==, 0);
      gtk_window_destroy (dialog);
    }
}

enum
{
  COLUMN_NAME,
  COLUMN_NUMBER,
  N_COLUMNS,
};

static const DhTableColumn columns[N_COLUMNS] = {
  [COLUMN_NAME] = { .title = "Name", .words = TRUE, .letters = 80 },
  [COLUMN_NUMBER] = { .title = "AP", .letters = 80 },
};

static double
value (gpointer item, guint column, gpointer data)
{
  return column == COLUMN_NUMBER ? (double)strlen (gtk_string_object_get_string (item)) : NAN;
}

static const char *
get_word (gpointer item, guint column, gpointer data)
{
  return gtk_string_object_get_string (item);
}

static char *
dup_text (gpointer item, guint column, gpointer data)
{
  return column == COLUMN_NAME ? g_strdup (gtk_string_object_get_string (item))
                               : g_strdup_printf ("%.1f", value (item, column, data));
}

static const DhTableKind kind = {
  .columns = columns, .n_columns = N_COLUMNS, .value = value, .get_word = get_word, .dup_text = dup_text
};

static void
assert_focus_says (const char *text)
{
  g_autofree char *name = dup_name (get_focus ());
  g_assert_cmpstr (name, ==, text);
}

static void
test_table (void)
{
  g_autoptr (GtkStringList) items = gtk_string_list_new ((const char *const[]){ "b", "aaa", "cc", NULL });
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *before = gtk_button_new_with_label ("before"), *after = gtk_button_new_with_label ("after");
  gtk_box_append (GTK_BOX (box), before);
  gtk_box_append (GTK_BOX (box), dh_table_new (&kind, G_LIST_MODEL (items), "Words", NULL));
  gtk_box_append (GTK_BOX (box), after);
  GtkWidget *studio = window;
  window = pointer_show (box, 500, 400);
  dh_focus_speak_rows (GTK_WINDOW (window));
  gtk_widget_grab_focus (before);
  pointer_key ("Tab");
  assert_focus_says ("Name, sorted ascending");
  pointer_key ("Right");
  assert_focus_says ("AP");
  pointer_key ("Return");
  assert_focus_says ("AP, sorted ascending");
  pointer_key ("space");
  assert_focus_says ("AP, sorted descending");
  pointer_key ("Tab");
  assert_focus_says ("Name aaa, AP 3.0");
  pointer_key ("Down");
  assert_focus_says ("Name cc, AP 2.0");
  pointer_key ("Tab");
  g_assert_true (get_focus () == after);
  pointer_key ("shift+Tab");
  pointer_key ("shift+Tab");
  g_assert_true (is_a (get_focus (), "GtkColumnViewTitle"));
  pointer_key ("shift+Tab");
  g_assert_true (get_focus () == before);
  gtk_window_destroy (GTK_WINDOW (window));
  window = studio;
}

/* Three in a row would leave one alone. */
static void
test_charts (void)
{
  GtkWidget *charts = g_object_ref_sink (dh_metrics_charts_new (session));
  int least;
  gtk_widget_measure (charts, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  const guint in_row[] = { 2, 2, 2, 4, 4 };
  for (guint i = 0; i < G_N_ELEMENTS (in_row); i++)
    {
      dh_metrics_charts_set_room (charts, (int)(i + 1) * (least + 12));
      g_assert_cmpuint (gtk_flow_box_get_max_children_per_line (GTK_FLOW_BOX (charts)), ==, in_row[i]);
    }
  g_object_unref (charts);
}

static void
on_answer (AdwMessageDialog *dialog, const char *answer, char **taken)
{
  *taken = g_strdup (answer);
}

/* Return gives the default answer, also where answers stand below each other. */
static void
test_answers (void)
{
  g_autofree char *taken = NULL;
  /* GTK 4.18 warns of the widths that libadwaita 1.7 asks for. */
  const GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (window), "Remove run 3?", "Its maps lie in a folder.");
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);
  adw_message_dialog_add_responses (message, "keep", "Keep", "list", "Remove it from the list alone", "maps",
                                    "Remove it with all of its maps", NULL);
  adw_message_dialog_set_default_response (message, "keep");
  dh_ui_focus_default (dialog);
  g_signal_connect (dialog, "response", G_CALLBACK (on_answer), &taken);
  gtk_window_present (GTK_WINDOW (dialog));
  pointer_wait_until (gtk_widget_get_mapped (dialog) && gtk_window_is_active (GTK_WINDOW (dialog)));
  pointer_wait (300);
  pointer_key ("Return");
  pointer_wait_until (taken != NULL);
  g_log_set_always_fatal (fatal);
  g_assert_cmpstr (taken, ==, "keep");
}

static gboolean
is_said (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && gtk_widget_get_mapped (widget)
      && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (is_said (child, text))
      return TRUE;
  return FALSE;
}

/* What is said of an evaluation does not stand over the next, and what is said of something else stays. */
static void
test_evaluated_again (void)
{
  static const char *const titles[] = { "The evaluation failed", "The report could not be written" };
  open_demo ();
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    {
      g_signal_emit_by_name (session, "error", titles[i], "no room for it");
      pointer_wait_until (is_said (window, "no room for it"));
      pointer_wait_until (dh_session_can_evaluate (session));
      dh_session_evaluate (session);
      pointer_wait_until (!dh_session_is_evaluating (session));
      pointer_wait (300);
      g_assert_true (is_said (window, "no room for it") == (i > 0));
    }
}

int
main (int argc, char **argv)
{
  pointer_own_home ();
  g_setenv ("GTK_A11Y", "test", TRUE);
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
  g_test_add_func ("/access/names", test_names);
  g_test_add_func ("/access/browse", test_browse);
  g_test_add_func ("/access/charts", test_charts);
  g_test_add_func ("/access/dialogs", test_dialogs);
  g_test_add_func ("/access/table", test_table);
  g_test_add_func ("/access/answers", test_answers);
  g_test_add_func ("/access/evaluated-again", test_evaluated_again);
  const int status = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  dh_session_close (session);
  g_object_unref (session);
  return status;
}
