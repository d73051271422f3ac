#include "dh-calibration-menu.h"
#include <math.h>
#include "dh-number.h"

struct _DhCalibrationMenu
{
  GtkWidget parent_instance;
  DhSession *session;
  gint side;
  DhScore score;
  GtkWidget *button, *popover, *place;
  GPtrArray *found; /* DhCalibration; NULL: not read yet */
  GCancellable *reading;
};

G_DEFINE_FINAL_TYPE (DhCalibrationMenu, dh_calibration_menu, GTK_TYPE_WIDGET)

static void
set_content (DhCalibrationMenu *self, GtkWidget *content)
{
  GtkWidget *before = gtk_widget_get_first_child (self->place);
  if (before != NULL)
    gtk_box_remove (GTK_BOX (self->place), before);
  gtk_box_append (GTK_BOX (self->place), content);
}

static void
say (DhCalibrationMenu *self, const char *text)
{
  GtkWidget *label = dh_ui_label (text, "dh-small", 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_width_chars (GTK_LABEL (label), 34);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 40);
  set_content (self, label);
}

static void
on_choose (GtkButton *button, DhCalibrationMenu *self)
{
  const guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "index"));
  const DhRule rule = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "rule"));
  gtk_popover_popdown (GTK_POPOVER (self->popover));
  dh_session_use_calibration (self->session, self->side, self->score, self->found->pdata[index], rule);
}

static GtkWidget *
make_value (DhCalibrationMenu *self, guint index, DhRule rule)
{
  const DhCalibration *calibration = self->found->pdata[index];
  const double value = calibration->values[rule];
  g_autofree char *number = isnan (value)                               ? g_strdup ("—")
                            : self->score == DH_SCORE_DATASET_POSTERIOR ? dh_number_format_probability (value)
                                                                        : dh_number_format (value, 2);
  if (isnan (value))
    return dh_ui_label (number, "dh-small dim-label", 1);
  GtkWidget *cell = gtk_button_new_with_label (number);
  gtk_label_set_xalign (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (cell))), 1);
  dh_ui_add_classes (cell, "flat dh-chip dh-num");
  g_autofree char *name = g_strdup_printf (_ ("%s on %s: %s"), dh_rule_title (rule), calibration->source, number);
  dh_ui_set_name (cell, name);
  gtk_widget_set_tooltip_text (cell, name);
  g_object_set_data (G_OBJECT (cell), "index", GUINT_TO_POINTER (index));
  g_object_set_data (G_OBJECT (cell), "rule", GUINT_TO_POINTER (rule));
  g_signal_connect (cell, "clicked", G_CALLBACK (on_choose), self);
  return cell;
}

/* What it was measured on; how and when, at a second look. */
static GtkWidget *
make_source (const DhCalibration *calibration)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  g_autofree char *base = g_path_get_basename (calibration->root), *folder = g_filename_display_name (base);
  g_autofree char *images =
      g_strdup_printf (ngettext ("%u image", "%u images", calibration->images), calibration->images);
  g_autofree char *text = g_strdup_printf ("%s · %s", folder, images);
  GtkWidget *lines[] = { dh_ui_short_label (calibration->title, "dh-small dh-h", 0),
                         dh_ui_short_label (text, "dh-small dim-label dh-num", 0) };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      gtk_label_set_width_chars (GTK_LABEL (lines[i]), 22);
      gtk_label_set_max_width_chars (GTK_LABEL (lines[i]), 22);
      gtk_box_append (GTK_BOX (box), lines[i]);
    }
  g_autofree char *time = dh_ui_time (calibration->started), *root = g_filename_display_name (calibration->root);
  g_autofree char *run = g_strdup_printf ("%" G_GINT64_FORMAT, calibration->run);
  g_autofree char *how = g_strdup_printf (_ ("%s, run %s, %s"), images, run, time);
  g_autofree char *tooltip = g_strconcat (calibration->title, "\n", root, "\n", how,
                                          calibration->precision != NULL ? ", " : NULL, calibration->precision, NULL);
  gtk_widget_set_tooltip_text (box, tooltip);
  return box;
}

static void
attach_words (GtkWidget *grid, const char *text, const char *classes, int row)
{
  GtkWidget *label = dh_ui_label (text, classes, 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 30);
  gtk_grid_attach (GTK_GRID (grid), label, 0, row, 1 + DH_N_RULES - DH_RULE_TPR95, 1);
}

static const char *
say_what_to_do (DhCalibrationMenu *self)
{
  return self->side < 0 ? _ ("Evaluate another data set with these weights to calibrate there.")
                        : _ ("No other data set was measured with what this run is of, by the same score.");
}

static void
show_found (DhCalibrationMenu *self)
{
  if (self->found->len == 0)
    {
      say (self, say_what_to_do (self));
      return;
    }
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_column_spacing (GTK_GRID (grid), 6);
  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  int row = 0;
  for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
    gtk_grid_attach (GTK_GRID (grid), dh_ui_label (dh_rule_title (rule), "dh-small dim-label", 1),
                     (int)(1 + rule - DH_RULE_TPR95), row, 1, 1);
  row++;
  gboolean own = FALSE;
  for (guint i = 0; i < self->found->len; i++)
    {
      const DhCalibration *calibration = self->found->pdata[i];
      if (i == 0 && calibration->own)
        attach_words (grid, say_what_to_do (self), "dh-small", row++);
      if (calibration->own && !own)
        attach_words (grid, _ ("This very set: the best that could be had, not what to expect."), "dh-warnbox", row++);
      own = calibration->own;
      gtk_grid_attach (GTK_GRID (grid), make_source (calibration), 0, row, 1, 1);
      for (guint rule = DH_RULE_TPR95; rule < DH_N_RULES; rule++)
        {
          GtkWidget *value = make_value (self, i, rule);
          gtk_widget_set_valign (value, GTK_ALIGN_CENTER);
          gtk_grid_attach (GTK_GRID (grid), value, (int)(1 + rule - DH_RULE_TPR95), row, 1, 1);
        }
      row++;
    }
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 360);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), grid);
  set_content (self, scroller);
  /* The focus stood on what was said before. */
  if (gtk_widget_get_mapped (self->popover))
    gtk_widget_child_focus (self->popover, GTK_DIR_TAB_FORWARD);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhCalibrationMenu) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = dh_session_load_calibrations_finish (DH_SESSION (source), result, &error);
  if (self->popover == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_pointer (&self->found, g_ptr_array_unref);
  if (found == NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("The runs could not be read: %s"), error->message);
      say (self, text);
      return;
    }
  self->found = g_steal_pointer (&found);
  show_found (self);
}

static void
on_show (DhCalibrationMenu *self)
{
  g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  self->reading = g_cancellable_new ();
  say (self, _ ("Reading the runs…"));
  dh_session_load_calibrations (self->session, self->side, self->score, self->reading, loaded, g_object_ref (self));
}

void
dh_calibration_menu_set_used (DhCalibrationMenu *self, gboolean used)
{
  if (used)
    gtk_widget_add_css_class (self->button, "used");
  else
    gtk_widget_remove_css_class (self->button, "used");
}

static void
dh_calibration_menu_dispose (GObject *object)
{
  DhCalibrationMenu *self = DH_CALIBRATION_MENU (object);
  g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  self->popover = NULL;
  g_clear_pointer (&self->button, gtk_widget_unparent);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_calibration_menu_parent_class)->dispose (object);
}

static void
dh_calibration_menu_class_init (DhCalibrationMenuClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_calibration_menu_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_calibration_menu_init (DhCalibrationMenu *self)
{
  self->place = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  self->popover = gtk_popover_new ();
  gtk_popover_set_child (GTK_POPOVER (self->popover), self->place);
  g_signal_connect_swapped (self->popover, "show", G_CALLBACK (on_show), self);
  self->button = gtk_menu_button_new ();
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->button), _ ("Calibrated on"));
  gtk_menu_button_set_popover (GTK_MENU_BUTTON (self->button), self->popover);
  dh_ui_add_classes (self->button, "flat dh-chipmenu");
  dh_ui_set_menu_tooltip (self->button, _ ("Thresholds that were chosen on another data set"));
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
}

GtkWidget *
dh_calibration_menu_new (DhSession *session, gint side, DhScore score)
{
  DhCalibrationMenu *self = g_object_new (DH_TYPE_CALIBRATION_MENU, NULL);
  self->session = g_object_ref (session);
  self->side = side;
  self->score = score;
  return GTK_WIDGET (self);
}
