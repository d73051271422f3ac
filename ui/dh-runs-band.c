#include "dh-runs-band.h"

static GtkWidget *
make_button (const char *icon, const char *text, const char *tooltip, const char *action)
{
  GtkWidget *button = gtk_button_new (), *content = adw_button_content_new ();
  adw_button_content_set_icon_name (ADW_BUTTON_CONTENT (content), icon);
  adw_button_content_set_label (ADW_BUTTON_CONTENT (content), text);
  gtk_button_set_child (GTK_BUTTON (button), content);
  gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (button), action);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_object_set_data (G_OBJECT (button), "label", (gpointer)text); /* a constant */
  dh_ui_add_classes (button, "flat image-text-button");
  return button;
}

GtkWidget *
dh_runs_band_new_import_button (void)
{
  return make_button ("document-open-symbolic", _ ("Import scores…"), _ ("Measure the score maps of another method"),
                      "runs.import");
}

static GMenuModel *
make_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Report"), _ ("_HTML, one file with images…"), "runs.export::html", _ ("_PDF…"),
                      "runs.export::pdf", _ ("_Markdown…"), "runs.export::md", _ ("_LaTeX rows…"), "runs.export::tex",
                      _ ("_JSON…"), "runs.export::json", _ ("C_SV, per image…"), "runs.export::csv",
                      _ ("What _worse images cost, HTML…"), "runs.worse::html", NULL);
  dh_ui_menu_section (menu, NULL, _ ("With sl_ices of the set"), "win.report-slices", _ ("With lists of the _objects"),
                      "win.report-objects", _ ("With _false alarms"), "win.report-false-alarms",
                      _ ("Wi_th 95 % intervals"), "win.report-intervals", NULL);
  dh_ui_menu_section (menu, _ ("Table of the runs that are shown"), _ ("LaTe_X, booktabs…"), "runs.table::tex",
                      _ ("Markdow_n…"), "runs.table::md", _ ("CS_V…"), "runs.table::csv",
                      _ ("S_eeds of a training as one row"), "runs.by-seed", NULL);
  dh_ui_menu_section (menu, _ ("Raw scores"), _ ("Se_gmentMeIfYouCan layout, HDF5…"), "runs.maps::smiyc",
                      _ ("_Fishyscapes layout, .npy…"), "runs.maps::fishyscapes", _ ("_ISSU layout, .npz…"),
                      "runs.maps::issu", _ ("N_umPy, a tree of .npy…"), "runs.maps::npy",
                      _ ("Images of 16 _bits, .png…"), "runs.maps::png", NULL);
  return G_MENU_MODEL (menu);
}

void
dh_runs_band_init (DhRunsBand *self)
{
  GtkWidget *band = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, "dh-band");
  GtkWidget *space = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_widget_set_hexpand (space, TRUE);
  gtk_box_append (GTK_BOX (band),
                  make_button ("list-add-symbolic", _ ("Evaluate"),
                               _ ("Measure the open data set with the open weights (Ctrl+E)"), "win.evaluate"));
  gtk_box_append (GTK_BOX (band), make_button ("dh-training-symbolic", _ ("Train…"),
                                               _ ("The form of a new training (Ctrl+3)"), "win.page::training"));
  gtk_box_append (GTK_BOX (band), dh_runs_band_new_import_button ());
  self->combine = make_button ("dh-link-symbolic", _ ("Combine…"), NULL, "runs.combine");
  gtk_box_append (GTK_BOX (band), self->combine);
  gtk_box_append (GTK_BOX (band), space);
  self->curves =
      make_button ("dh-training-symbolic", _ ("Curves"), _ ("Curves and log of the training"), "runs.curves");
  gtk_box_append (GTK_BOX (band), self->curves);
  gtk_box_append (GTK_BOX (band),
                  make_button ("edit-copy-symbolic", _ ("Copy as command"),
                               _ ("The command line that does the same, into the clipboard"), "runs.copy-command"));
  self->remove = make_button ("user-trash-symbolic", _ ("Remove…"), NULL, "runs.remove");
  gtk_box_append (GTK_BOX (band), self->remove);
  self->browse = make_button ("dh-browse-symbolic", _ ("Open in Browse"),
                              _ ("Its weights and its data set; of a training the best checkpoint"), "runs.browse");
  gtk_box_append (GTK_BOX (band), self->browse);
  self->compare = make_button ("dh-swipe-symbolic", _ ("Compare in Browse"), NULL, "runs.compare");
  gtk_box_append (GTK_BOX (band), self->compare);
  g_autoptr (GMenuModel) menu = make_menu ();
  self->export = dh_ui_text_menu (_ ("Export"), menu, NULL);
  gtk_widget_set_valign (self->export, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (band), self->export);
  self->widget = band;
}

/* Of the band's buttons; without them their icons and tooltips are left. */
static void
show_labels (DhRunsBand *self, gboolean shown)
{
  for (GtkWidget *child = gtk_widget_get_first_child (self->widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      const char *label = g_object_get_data (G_OBJECT (child), "label");
      if (label != NULL)
        adw_button_content_set_label (ADW_BUTTON_CONTENT (gtk_button_get_child (GTK_BUTTON (child))),
                                      shown ? label : "");
    }
}

void
dh_runs_band_fit (DhRunsBand *self, int width)
{
  int needed;
  show_labels (self, TRUE);
  gtk_widget_measure (self->widget, GTK_ORIENTATION_HORIZONTAL, -1, &needed, NULL, NULL, NULL);
  show_labels (self, needed <= width);
}
