#include "dh-weights-window.h"
#include <math.h>
#include "dh-number.h"
#include "dh-session-check.h"

typedef struct
{
  DhSession *session; /* owned reference */
  GtkWidget *check, *record, *bar, *words, *table;
} Weights;

static void
weights_free (gpointer data)
{
  Weights *self = data;
  g_object_unref (self->session);
  g_free (self);
}

static void
add_row (GtkWidget *group, const char *title, const char *text)
{
  GtkWidget *row = adw_action_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  GtkWidget *label = dh_ui_label (text, "dh-dense dh-num", 1);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  dh_widget_wrap (label);
  /* A row gives a text that wraps no more than it must have, and is as wide with large letters as with small ones. */
  const int chars = (int)(44 / MAX (dh_ui_text_scale (row), 1));
  gtk_label_set_width_chars (GTK_LABEL (label), (int)MIN (g_utf8_strlen (text, -1), chars));
  gtk_label_set_max_width_chars (GTK_LABEL (label), 44);
  dh_widget_drop_hyphens (row);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
}

static GtkWidget *
make_facts (DhSession *session)
{
  DhModelInfo *model = dh_session_get_model_info (session);
  DhComputeInfo *compute = dh_session_get_compute_info (session);
  GtkWidget *group = adw_preferences_group_new ();
  g_autofree char *parameters = dh_number_format_count ((guint64)model->n_parameters);
  const char *table = dh_session_get_class_table_title (session);
  g_autofree char *classes =
      table != NULL ? g_strdup_printf ("%u, %s", model->n_classes, table) : g_strdup_printf ("%u", model->n_classes);
  add_row (group, _ ("File"), model->path != NULL ? model->path : _ ("comes with the program"));
  add_row (group, _ ("Network"), model->network);
  add_row (group, _ ("Classes"), classes);
  add_row (group, _ ("Outlier head"), model->has_outlier_head ? _ ("yes") : _ ("no: closed set"));
  add_row (group, _ ("Normalisation"), model->normalisation);
  add_row (group, _ ("Parameters"), parameters);
  add_row (group, "SHA-256", model->sha256);
  if (compute != NULL)
    {
      g_autofree char *device = g_strdup_printf ("%s · %s · %s", compute->name, compute->title, compute->precision);
      add_row (group, _ ("Computes on"), device);
      if (compute->cuda_why_not != NULL)
        add_row (group, _ ("CUDA"), compute->cuda_why_not);
    }
  return group;
}

static void
attach (GtkWidget *table, const char *text, const char *classes, guint column, guint row)
{
  gtk_grid_attach (GTK_GRID (table), dh_ui_label (text, classes, column == 0 ? 0 : 1), (int)column, (int)row, 1, 1);
}

static void
fill_table (GtkWidget *table, const DhWeightsCheck *result)
{
  dh_ui_clear_grid (GTK_GRID (table));
  const guint n = result != NULL ? result->n_maps : 0;
  gtk_widget_set_visible (table, n > 0);
  if (n == 0)
    return;
  attach (table, _ ("Map"), "dh-dim", 0, 0);
  attach (table, _ ("Off"), "dh-dim", 1, 0);
  attach (table, _ ("Up to"), "dh-dim", 2, 0);
  for (guint m = 0; m < n; m++)
    {
      const DhCheckedMap *map = &result->maps[m];
      g_autofree char *off =
          isfinite (map->off) ? g_strdup_printf ("%.3g %%", 100 * map->off) : g_strdup (_ ("not a number"));
      g_autofree char *bound = g_strdup_printf ("%.3g %%", 100 * map->bound);
      attach (table, map->map, "", 0, m + 1);
      attach (table, off, map->agrees ? "dh-num" : "dh-num dh-err", 1, m + 1);
      attach (table, bound, "dh-num", 2, m + 1);
      attach (table, map->agrees ? _ ("agrees") : _ ("differs"), map->agrees ? "dh-dim" : "dh-err", 3, m + 1);
    }
}

/* What there is to say, in sentences; free with g_free. */
static char *
describe (const DhWeightsCheck *result, gboolean checking)
{
  if (result == NULL)
    return g_strdup (checking ? "" : _ ("Not checked yet."));
  if (result->error != NULL)
    return g_strdup_printf (_ ("They could not be checked: %s."), result->error);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *const sentences[] = { result->verdict, result->meaning, result->note };
  for (guint i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (sentences[i] != NULL)
      g_string_append_printf (text, "%s%s.", text->len > 0 ? " " : "", sentences[i]);
  if (result->recorded)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "",
                            _ ("These answers are recorded now as what is known of these weights."));
  else if (result->n_maps == 0 && result->fine)
    g_string_append (text, _ ("Nothing is recorded of these weights yet. The answers look sound."));
  return g_strdup (text->str);
}

static void
renew (DhSession *session, GtkWidget *window)
{
  Weights *self = g_object_get_data (G_OBJECT (window), "weights");
  if (self == NULL)
    return;
  const DhWeightsCheck *result = dh_session_get_weights_check (self->session);
  const double progress = dh_session_get_check_progress (self->session);
  g_autofree char *text = describe (result, progress >= 0);
  gtk_widget_set_sensitive (self->check, dh_session_can_check_weights (self->session));
  gtk_widget_set_visible (self->bar, progress >= 0);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), MAX (progress, 0));
  gtk_label_set_label (GTK_LABEL (self->words), text);
  gtk_widget_set_visible (self->words, *text != '\0');
  if (result != NULL && !result->fine && !result->recorded)
    gtk_widget_add_css_class (self->words, "dh-err");
  else
    gtk_widget_remove_css_class (self->words, "dh-err");
  gtk_widget_set_visible (self->record, result != NULL && result->can_record);
  fill_table (self->table, result);
}

static void
on_check (GtkButton *button, Weights *self)
{
  dh_session_check_weights (self->session);
}

static void
on_record (GtkButton *button, Weights *self)
{
  dh_session_record_answers (self->session);
}

static GtkWidget *
make_answers (Weights *self)
{
  GtkWidget *group = adw_preferences_group_new ();
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), _ ("Known answers"));
  adw_preferences_group_set_description (
      ADW_PREFERENCES_GROUP (group),
      _ ("The network’s answers to four generated scenes, compared with what is recorded of these weights."));
  GtkWidget *buttons = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 8, NULL);
  self->check = gtk_button_new_with_label (_ ("Check these weights"));
  self->record = gtk_button_new_with_label (_ ("Record as known"));
  g_signal_connect (self->check, "clicked", G_CALLBACK (on_check), self);
  g_signal_connect (self->record, "clicked", G_CALLBACK (on_record), self);
  gtk_box_append (GTK_BOX (buttons), self->check);
  gtk_box_append (GTK_BOX (buttons), self->record);
  self->bar = gtk_progress_bar_new ();
  dh_ui_set_name (self->bar, _ ("Progress of the check"));
  self->words = dh_ui_label ("", NULL, 0);
  gtk_label_set_wrap (GTK_LABEL (self->words), TRUE);
  gtk_label_set_selectable (GTK_LABEL (self->words), TRUE);
  self->table = dh_ui_table (4);
  gtk_grid_set_column_spacing (GTK_GRID (self->table), 24);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  GtkWidget *const parts[] = { buttons, self->bar, self->words, self->table };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    gtk_box_append (GTK_BOX (box), parts[i]);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), box);
  return group;
}

/* Other weights are another window's. */
static void
on_model (GtkWidget *window)
{
  gtk_window_close (GTK_WINDOW (window));
}

static void
on_destroy (GtkWidget *window, gpointer data)
{
  g_object_set_data (G_OBJECT (window), "weights", NULL);
}

GtkWidget *
dh_weights_window_new (DhSession *session, GtkWindow *parent)
{
  Weights *self = g_new0 (Weights, 1);
  self->session = g_object_ref (session);
  GtkWidget *window = adw_window_new ();
  g_object_set (window, "title", _ ("Weights"), "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (window, 640, 720);
  g_object_set_data_full (G_OBJECT (window), "weights", self, weights_free);
  g_signal_connect (window, "destroy", G_CALLBACK (on_destroy), NULL);
  GtkWidget *page = adw_preferences_page_new ();
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (make_answers (self)));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), ADW_PREFERENCES_GROUP (make_facts (session)));
  gtk_widget_set_vexpand (page, TRUE);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), adw_header_bar_new ());
  gtk_box_append (GTK_BOX (box), page);
  adw_window_set_content (ADW_WINDOW (window), box);
  g_signal_connect_object (session, "check", G_CALLBACK (renew), window, 0);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (renew), window, 0);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (on_model), window, G_CONNECT_SWAPPED);
  renew (session, window);
  dh_ui_close_on_escape (window);
  return window;
}
