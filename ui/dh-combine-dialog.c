#include "dh-combine-dialog.h"
#include "dh-form-window.h"
#include "dh-number.h"
#include "dh-run-item.h"
#include "dh-session-combine.h"
#include "dh-session-import.h"

/* What a reader takes in; of more the number is told. */
#define MOST_LISTED 6

struct _DhCombineDialog
{
  AdwWindow parent_instance;
  DhSession *session;
  GPtrArray *items; /* DhRunItem, the oldest first */
  GtkWidget *how, *weights, *scale, *sigma, *name, *hint, *make;
  gboolean named, filling; /* by the user; by ourselves */
};

G_DEFINE_FINAL_TYPE (DhCombineDialog, dh_combine_dialog, ADW_TYPE_WINDOW)

static const DhRun *
run_at (DhCombineDialog *self, guint i)
{
  return dh_run_item_get (self->items->pdata[i]);
}

static char *
dup_name (DhCombineDialog *self)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->name))));
}

/* `runs` and the order live as long as the dialog's rows stay as they are; free `runs` with g_free. */
static DhCombineOrder
read_order (DhCombineDialog *self, gint64 **runs)
{
  *runs = g_new (gint64, self->items->len);
  for (guint i = 0; i < self->items->len; i++)
    (*runs)[i] = run_at (self, i)->id;
  return (DhCombineOrder){ .runs = *runs,
                           .n_runs = self->items->len,
                           .how = (DhCombined)adw_combo_row_get_selected (ADW_COMBO_ROW (self->how)),
                           .scale = (DhCombinedScale)adw_combo_row_get_selected (ADW_COMBO_ROW (self->scale)),
                           .weights = gtk_editable_get_text (GTK_EDITABLE (self->weights)),
                           .sigma = gtk_spin_button_get_value (GTK_SPIN_BUTTON (self->sigma)) };
}

/* "3, 5, 7" */
static char *
list_ids (DhCombineDialog *self)
{
  GString *ids = g_string_new (NULL);
  for (guint i = 0; i < self->items->len; i++)
    g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", run_at (self, i)->id);
  return g_string_free (ids, FALSE);
}

static char *
suggest_name (DhCombineDialog *self, const DhCombineOrder *order)
{
  g_autofree char *ids = list_ids (self), *model = dh_run_dup_model (run_at (self, 0));
  g_autofree char *blur = order->sigma > 0 ? g_strdup_printf (_ (", blurred by %g"), order->sigma) : g_strdup ("");
  if (order->n_runs == 1)
    return g_strconcat (model, blur, NULL);
  switch (order->how)
    {
    case DH_COMBINED_MAX:
      return g_strdup_printf (_ ("Maximum of runs %s%s"), ids, blur);
    case DH_COMBINED_MIN:
      return g_strdup_printf (_ ("Minimum of runs %s%s"), ids, blur);
    case DH_COMBINED_SUM:
      return g_strdup_printf (_ ("Weighted sum of runs %s%s"), ids, blur);
    default:
      return g_strdup_printf (_ ("Mean of runs %s%s"), ids, blur);
    }
}

static gboolean
are_of_one_scale (DhCombineDialog *self)
{
  g_autofree const DhRun **runs = g_new (const DhRun *, self->items->len);
  for (guint i = 0; i < self->items->len; i++)
    runs[i] = run_at (self, i);
  return dh_session_are_of_one_scale (runs, self->items->len);
}

static void
show_hint (DhCombineDialog *self, const DhCombineOrder *order, const char *refused)
{
  const gboolean mixed = order->n_runs > 1 && order->scale == DH_COMBINED_AS_THEY_ARE && order->how != DH_COMBINED_SUM
                         && !are_of_one_scale (self);
  GString *text = g_string_new (NULL);
  if (refused != NULL)
    g_string_append_printf (text, "%c%s.", g_ascii_toupper (*refused), refused + 1);
  else if (mixed)
    g_string_append (text, _ ("Their scores are of different scales: as they are, the larger decide alone."));
  else if (order->n_runs > 1 && order->scale != DH_COMBINED_AS_THEY_ARE)
    g_string_append (
        text, _ ("The scale is that of all pixels of the set, labelled or not: no label has a part in a score."));
  if (refused == NULL && order->sigma > 0)
    g_string_append_printf (
        text, "%s%s", text->len > 0 ? "\n" : "",
        _ ("By a Gaussian, as torchvision’s GaussianBlur; RPL measures its scores with a sigma of 1."));
  gtk_label_set_label (GTK_LABEL (self->hint), text->str);
  g_string_free (text, TRUE);
  gtk_widget_remove_css_class (self->hint, "dh-warn");
  if (refused != NULL || mixed)
    gtk_widget_add_css_class (self->hint, "dh-warn");
}

static void
update (DhCombineDialog *self)
{
  DhImportProgress progress;
  g_autofree gint64 *runs = NULL;
  const DhCombineOrder order = read_order (self, &runs);
  if (self->filling)
    return;
  gtk_widget_set_visible (self->weights, order.n_runs > 1 && order.how == DH_COMBINED_SUM);
  if (!self->named)
    {
      g_autofree char *suggested = suggest_name (self, &order);
      self->filling = TRUE;
      gtk_editable_set_text (GTK_EDITABLE (self->name), suggested);
      self->filling = FALSE;
    }
  g_autofree char *name = dup_name (self), *refused = dh_session_refuse_order (&order);
  show_hint (self, &order, refused);
  gtk_widget_set_sensitive (self->make, refused == NULL && *name != '\0'
                                            && !dh_session_get_import_progress (self->session, &progress));
}

static void
on_named (DhCombineDialog *self)
{
  if (self->filling)
    return;
  self->named = TRUE;
  update (self);
}

static void
on_make (DhCombineDialog *self)
{
  g_autofree gint64 *runs = NULL;
  /* What was typed into it counts without Return as well. */
  gtk_spin_button_update (GTK_SPIN_BUTTON (self->sigma));
  const DhCombineOrder order = read_order (self, &runs);
  g_autofree char *name = dup_name (self);
  if (dh_session_combine_runs (self->session, &order, name))
    gtk_window_close (GTK_WINDOW (self));
}

/* The window */

static void
dh_combine_dialog_dispose (GObject *object)
{
  DhCombineDialog *self = DH_COMBINE_DIALOG (object);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_combine_dialog_parent_class)->dispose (object);
}

static void
dh_combine_dialog_class_init (DhCombineDialogClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_combine_dialog_dispose;
}

static void
dh_combine_dialog_init (DhCombineDialog *self)
{
}

/* What is chosen, below what it is. */
static GtkWidget *
make_runs_row (DhCombineDialog *self)
{
  GtkWidget *row = adw_action_row_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < MIN (self->items->len, MOST_LISTED); i++)
    {
      const DhRun *run = run_at (self, i);
      g_autofree char *model = dh_run_dup_model (run);
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT "  %s", i > 0 ? "\n" : "", run->id, model);
    }
  if (self->items->len > MOST_LISTED)
    {
      const guint more = self->items->len - MOST_LISTED;
      g_string_append_c (text, '\n');
      g_string_append_printf (text, ngettext ("and %u more", "and %u more", more), more);
    }
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), self->items->len == 1 ? _ ("Run") : _ ("Runs"));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), text->str);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), MOST_LISTED + 1);
  dh_widget_drop_hyphens (row);
  return row;
}

static GtkWidget *
make_combo (DhCombineDialog *self, const char *title, const char *const *words, guint selected)
{
  GtkWidget *row = adw_combo_row_new ();
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  for (guint i = 0; words[i] != NULL; i++)
    gtk_string_list_append (list, _ (words[i]));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_combo_row_set_model (ADW_COMBO_ROW (row), G_LIST_MODEL (list));
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), selected);
  gtk_widget_set_visible (row, self->items->len > 1);
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return row;
}

static GtkWidget *
make_entry (const char *title)
{
  GtkWidget *row = adw_entry_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  return row;
}

static GtkWidget *
make_sigma_row (DhCombineDialog *self)
{
  GtkWidget *row = adw_action_row_new ();
  const gboolean alone = self->items->len == 1; /* it has to be blurred */
  self->sigma = gtk_spin_button_new_with_range (alone ? 0.1 : 0, 100, 0.5);
  gtk_spin_button_set_digits (GTK_SPIN_BUTTON (self->sigma), 2);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->sigma), alone ? 1 : 0);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->sigma), 5);
  gtk_widget_set_valign (self->sigma, GTK_ALIGN_CENTER);
  dh_ui_set_name (self->sigma, _ ("Sigma of the blur, in pixels"));
  g_signal_connect_object (self->sigma, "value-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("Blur"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), alone ? _ ("Sigma in pixels") : _ ("Sigma in pixels, 0 for none"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), self->sigma);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), self->sigma);
  return row;
}

static GtkWidget *
make_rows (DhCombineDialog *self)
{
  static const char *const hows[] = { [DH_COMBINED_MEAN] = N_ ("mean"),
                                      [DH_COMBINED_MAX] = N_ ("maximum"),
                                      [DH_COMBINED_MIN] = N_ ("minimum"),
                                      [DH_COMBINED_SUM] = N_ ("weighted sum"),
                                      NULL };
  static const char *const scales[] = { [DH_COMBINED_AS_THEY_ARE] = N_ ("as they are"),
                                        [DH_COMBINED_DEVIATION] = N_ ("by mean and deviation"),
                                        [DH_COMBINED_RANKS] = N_ ("as ranks"),
                                        NULL };
  GtkWidget *group = adw_preferences_group_new ();
  self->how = make_combo (self, _ ("Pixel by pixel their"), hows, DH_COMBINED_MEAN);
  self->scale = make_combo (self, _ ("Scores of each"), scales,
                            are_of_one_scale (self) ? DH_COMBINED_AS_THEY_ARE : DH_COMBINED_DEVIATION);
  self->weights = make_entry (_ ("Weights, in the order above"));
  GString *ones = g_string_new ("1");
  for (guint i = 1; i < self->items->len; i++)
    g_string_append (ones, ", 1");
  gtk_editable_set_text (GTK_EDITABLE (self->weights), ones->str);
  g_string_free (ones, TRUE);
  g_signal_connect_object (self->weights, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->name = make_entry (_ ("Name"));
  g_signal_connect_object (self->name, "changed", G_CALLBACK (on_named), self, G_CONNECT_SWAPPED);
  GtkWidget *const rows[] = { make_runs_row (self),  self->how, self->weights, self->scale,
                              make_sigma_row (self), self->name };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), rows[i]);
  return group;
}

static GtkWidget *
make_content (DhCombineDialog *self)
{
  GtkWidget *box = dh_form_window_box ();
  gtk_box_append (GTK_BOX (box), make_rows (self));
  self->hint = dh_ui_label (NULL, NULL, 0);
  dh_widget_wrap (self->hint);
  gtk_box_append (GTK_BOX (box), self->hint);
  return box;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const gint64 x = dh_run_item_get (*(DhRunItem *const *)a)->id, y = dh_run_item_get (*(DhRunItem *const *)b)->id;
  return (x > y) - (x < y);
}

void
dh_combine_dialog_show (GtkWindow *parent, DhSession *session, GPtrArray *items)
{
  DhCombineDialog *self = g_object_new (DH_TYPE_COMBINE_DIALOG, "title",
                                        items->len == 1 ? _ ("Blur a run’s scores") : _ ("Combine runs’ scores"),
                                        "modal", TRUE, "transient-for", parent, NULL);
  dh_ui_set_window_size (GTK_WIDGET (self), 520, -1);
  self->session = g_object_ref (session);
  g_ptr_array_sort (items, compare_ids);
  self->items = items;
  self->filling = TRUE;
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *bar = dh_form_window_bar (GTK_WINDOW (self), _ ("Make"), G_CALLBACK (on_make), &self->make);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), make_content (self));
  adw_window_set_content (ADW_WINDOW (self), box);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->make);
  dh_ui_close_on_escape (GTK_WIDGET (self));
  g_signal_connect_object (session, "import", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  self->filling = FALSE;
  update (self);
  gtk_widget_grab_focus (self->make);
  gtk_window_present (GTK_WINDOW (self));
}
