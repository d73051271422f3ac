#include "dh-start-page.h"

static GtkWidget *
make_choice (const char *icon, const char *title, const char *text, const char *keys, const char *action,
             const char *classes)
{
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 2, NULL);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_box_append (GTK_BOX (lines), dh_ui_label (title, "dh-h", 0));
  GtkWidget *label = dh_ui_label (text, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_box_append (GTK_BOX (lines), label);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 18, NULL);
  GtkWidget *image = gtk_image_new_from_icon_name (icon);
  gtk_image_set_pixel_size (GTK_IMAGE (image), 22);
  gtk_box_append (GTK_BOX (box), image);
  gtk_box_append (GTK_BOX (box), lines);
  gtk_box_append (GTK_BOX (box), dh_ui_label (keys, "dh-small dim-label", 1));
  GtkWidget *button = gtk_button_new ();
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  dh_ui_set_name (button, title);
  dh_ui_add_classes (button, classes);
  return button;
}

static void
show_device (DhSession *session, GParamSpec *spec, GtkLabel *label)
{
  const char *sentence = dh_session_get_device_sentence (session), *cuda = dh_session_get_cuda_sentence (session);
  g_autofree char *both = cuda != NULL ? g_strconcat (sentence, " ", cuda, NULL) : g_strdup (sentence);
  gtk_label_set_label (label, both != NULL ? both : _ ("Looking for what can compute…"));
}

GtkWidget *
dh_start_page_new (DhSession *session)
{
  GtkWidget *choices = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_box_append (GTK_BOX (choices),
                  make_choice ("media-playback-start-symbolic", _ ("Open the demo"),
                               _ ("Generated street scenes and a small network, nothing to download"), "Ctrl+D",
                               "win.open-demo", "dh-choice suggested-action"));
  gtk_box_append (GTK_BOX (choices),
                  make_choice ("folder-open-symbolic", _ ("Open a data set…"),
                               _ ("Fishyscapes, SegmentMeIfYouCan, StreetHazards, Cityscapes … known by its layout"),
                               "Ctrl+O", "win.open-dataset", "dh-choice"));
  gtk_box_append (GTK_BOX (choices),
                  make_choice ("image-x-generic-symbolic", _ ("Open images…"), _ ("Maps only, no labels needed"),
                               "Ctrl+Shift+O", "win.open-pictures", "dh-choice"));
  GtkWidget *drop = dh_ui_label (_ ("Or drop images, a folder, a recording, weights, a saved view or scores anywhere."),
                                 "dh-small dim-label", 0.5);
  gtk_label_set_wrap (GTK_LABEL (drop), TRUE);
  gtk_label_set_justify (GTK_LABEL (drop), GTK_JUSTIFY_CENTER);
  gtk_widget_set_margin_top (drop, 6);
  gtk_box_append (GTK_BOX (choices), drop);
  GtkWidget *device = dh_ui_label (NULL, "dh-small dim-label", 0.5);
  gtk_label_set_wrap (GTK_LABEL (device), TRUE);
  gtk_label_set_justify (GTK_LABEL (device), GTK_JUSTIFY_CENTER);
  gtk_box_append (GTK_BOX (choices), device);
  g_signal_connect_object (session, "notify::model-info", G_CALLBACK (show_device), device, 0);
  show_device (session, NULL, GTK_LABEL (device));

  GtkWidget *clamp = adw_clamp_new ();
  adw_clamp_set_maximum_size (ADW_CLAMP (clamp), 520);
  adw_clamp_set_child (ADW_CLAMP (clamp), choices);
  GtkWidget *page = adw_status_page_new ();
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (page), "org.densehybrid.Studio");
  adw_status_page_set_title (ADW_STATUS_PAGE (page), "DenseHybrid Studio");
  adw_status_page_set_description (ADW_STATUS_PAGE (page), _ ("See where a network meets what it has never seen."));
  adw_status_page_set_child (ADW_STATUS_PAGE (page), clamp);
  gtk_widget_add_css_class (page, "dh-start");
  return page;
}
