#include "dh-browse-band.h"
#include "dh-browse-panes.h"
#include "dh-compare-bar.h"
#include "dh-fit-row.h"

struct _DhBrowseBand
{
  GtkWidget parent_instance;
  DhSession *session;
  DhCanvas *canvas;
  GtkWidget *zoom, *overlay_menu, *linked, *linked_text, *opacity, *panes_menu, *fills, *label, *space, *compare;
};

G_DEFINE_FINAL_TYPE (DhBrowseBand, dh_browse_band, GTK_TYPE_WIDGET)

static void
show_zoom (DhBrowseBand *self)
{
  double zoom = dh_canvas_get_zoom (self->canvas) * 100;
  g_autofree char *text = g_strdup_printf ("%.0f %%", zoom);
  gtk_label_set_label (GTK_LABEL (self->zoom), text);
  gboolean linked = dh_canvas_get_linked (self->canvas);
  if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->linked)) != linked)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->linked), linked);
}

static void
on_linked (GtkToggleButton *button, DhBrowseBand *self)
{
  if (gtk_toggle_button_get_active (button) != dh_canvas_get_linked (self->canvas))
    dh_canvas_set_linked (self->canvas, gtk_toggle_button_get_active (button));
}

static void
show_overlay (DhBrowseBand *self)
{
  DhView *view = dh_session_get_view (self->session);
  const char *overlay = dh_view_get_string (view, "overlay");
  const char *title = g_str_equal (overlay, "mask")      ? _ ("Mask")
                      : g_str_equal (overlay, "outcome") ? _ ("TP / FP / FN")
                      : g_str_equal (overlay, "classes") ? _ ("Classes")
                                                         : _ ("No overlay");
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->overlay_menu), title);
}

static GMenuModel *
make_overlay_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Overlay"), _ ("_None"), "view.overlay::none", _ ("_Mask"), "view.overlay::mask",
                      _ ("_TP / FP / FN"), "view.overlay::outcome", _ ("_Classes"), "view.overlay::classes", NULL);
  dh_ui_menu_section (menu, NULL, _ ("C_lasses shown…"), "win.classes", NULL);
  dh_ui_menu_section (menu, _ ("Palette"), _ ("_Usual"), "view.palette::usual", _ ("The data set's _authors'"),
                      "view.palette::authors", _ ("Colour-_blind safe"), "view.palette::safe", NULL);
  return G_MENU_MODEL (menu);
}

static GtkWidget *
make_linked (guint n, const char **icons, const char **tooltips, const char *action, const char **targets)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked");
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  for (guint i = 0; i < n; i++)
    gtk_box_append (GTK_BOX (box), dh_ui_icon_toggle (icons[i], tooltips[i], action, targets[i], NULL));
  return box;
}

static GtkWidget *
make_fill_pair (DhBrowseBand *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked");
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  GtkWidget *fill = dh_ui_icon_toggle ("dh-fill-symbolic", _ ("Filled overlay"), NULL, NULL, NULL);
  GtkWidget *line = dh_ui_icon_toggle ("dh-outline-symbolic", _ ("Outlines only"), NULL, NULL, NULL);
  gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (line), GTK_TOGGLE_BUTTON (fill));
  DhView *view = dh_session_get_view (self->session);
  g_object_bind_property (view, "fill", fill, "active", G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_object_bind_property (view, "fill", line, "active", G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
  gtk_box_append (GTK_BOX (box), fill);
  gtk_box_append (GTK_BOX (box), line);
  return box;
}

static void
fill (DhBrowseBand *self, DhFitRow *band)
{
  const char *icons[] = { "dh-browse-symbolic", "dh-single-symbolic", "dh-swipe-symbolic" };
  const char *tips[] = { _ ("All panes (G)"), _ ("One pane large (Space)"), _ ("Compare two maps (C)") };
  const char *targets[] = { "grid", "single", "compare" };
  dh_fit_row_append (band, make_linked (G_N_ELEMENTS (icons), icons, tips, "view.layout", targets), 0);
  self->compare = dh_compare_bar_new (self->session);
  gtk_widget_set_hexpand (self->compare, TRUE);
  dh_fit_row_append (band, self->compare, 0);
  g_autoptr (GMenuModel) panes_menu = dh_browse_panes_new_menu ();
  self->panes_menu = dh_ui_text_menu (_ ("Panes"), panes_menu, "flat");
  gtk_widget_set_valign (self->panes_menu, GTK_ALIGN_CENTER);
  dh_fit_row_append (band, self->panes_menu, 3);

  self->linked = gtk_toggle_button_new ();
  GtkWidget *link = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_box_append (GTK_BOX (link), gtk_image_new_from_icon_name ("dh-link-symbolic"));
  self->linked_text = gtk_label_new (_ ("Linked"));
  gtk_widget_set_margin_start (self->linked_text, 6);
  gtk_box_append (GTK_BOX (link), self->linked_text);
  gtk_button_set_child (GTK_BUTTON (self->linked), link);
  gtk_widget_set_tooltip_text (self->linked, _ ("One zoom and pan for all panes (L)"));
  dh_ui_set_name (self->linked, _ ("Linked panes"));
  gtk_widget_set_valign (self->linked, GTK_ALIGN_CENTER);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->linked), TRUE);
  g_signal_connect (self->linked, "toggled", G_CALLBACK (on_linked), self);
  dh_fit_row_append (band, self->linked, 0);

  GtkWidget *fit = dh_ui_icon_button ("zoom-fit-best-symbolic", _ ("Fit (0)"), "win.fit", "flat");
  GtkWidget *one = dh_ui_icon_button ("zoom-original-symbolic", _ ("100 % (1)"), "win.zoom-one", "flat");
  gtk_widget_set_valign (fit, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (one, GTK_ALIGN_CENTER);
  dh_fit_row_append (band, fit, 1);
  dh_fit_row_append (band, one, 2);
  self->zoom = dh_ui_label ("", "dh-num", 0);
  gtk_label_set_width_chars (GTK_LABEL (self->zoom), 6);
  dh_fit_row_append (band, self->zoom, 0);
  self->label = gtk_toggle_button_new_with_label (_ ("Label"));
  gtk_widget_set_tooltip_text (self->label, _ ("Draw masks of your own images (Ctrl+L)"));
  gtk_widget_set_valign (self->label, GTK_ALIGN_CENTER);
  dh_ui_add_classes (self->label, "flat");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->label), "win.label");
  dh_fit_row_append (band, self->label, 6);
  self->space = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  gtk_widget_set_hexpand (self->space, TRUE);
  dh_fit_row_append (band, self->space, 0);
  g_autoptr (GMenuModel) overlay_menu = make_overlay_menu ();
  self->overlay_menu = dh_ui_text_menu ("", overlay_menu, "flat");
  dh_ui_set_menu_tooltip (self->overlay_menu, _ ("What is drawn over the image (O)"));
  gtk_widget_set_valign (self->overlay_menu, GTK_ALIGN_CENTER);
  dh_fit_row_append (band, self->overlay_menu, 0);
  self->opacity = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.05);
  gtk_scale_set_draw_value (GTK_SCALE (self->opacity), FALSE);
  gtk_widget_set_size_request (self->opacity, 84, -1);
  gtk_widget_set_tooltip_text (self->opacity, _ ("Opacity of the overlay ([ and ])"));
  dh_ui_set_name (self->opacity, _ ("Opacity of the overlay"));
  g_object_bind_property (dh_session_get_view (self->session), "opacity",
                          gtk_range_get_adjustment (GTK_RANGE (self->opacity)), "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  dh_fit_row_append (band, self->opacity, 5);
  self->fills = make_fill_pair (self);
  dh_fit_row_append (band, self->fills, 4);
}

void
dh_browse_band_show (DhBrowseBand *self, int width)
{
  gboolean compares = dh_view_is (dh_session_get_view (self->session), "layout", "compare");
  show_zoom (self);
  gtk_widget_set_visible (self->compare, compares);
  gtk_widget_set_visible (self->linked_text, width > 1320);
  /* Fit and 100 % stay: both sides of a comparison zoom as one. The overlay's keys are for the small image alone. */
  GtkWidget *const others[] = { self->linked,  self->label, self->space,     self->overlay_menu,
                                self->opacity, self->fills, self->panes_menu };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    gtk_widget_set_visible (others[i], !compares);
}

GtkWidget *
dh_browse_band_get_comparison (DhBrowseBand *self)
{
  return self->compare;
}

static void
dh_browse_band_dispose (GObject *object)
{
  DhBrowseBand *self = DH_BROWSE_BAND (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  g_clear_object (&self->canvas);
  G_OBJECT_CLASS (dh_browse_band_parent_class)->dispose (object);
}

static void
dh_browse_band_class_init (DhBrowseBandClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_browse_band_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_browse_band_init (DhBrowseBand *self)
{
}

GtkWidget *
dh_browse_band_new (DhSession *session, DhCanvas *canvas)
{
  DhBrowseBand *self = g_object_new (DH_TYPE_BROWSE_BAND, NULL);
  self->session = g_object_ref (session);
  self->canvas = g_object_ref (canvas);
  GtkWidget *row = dh_fit_row_new (6);
  dh_ui_add_classes (row, "dh-band");
  fill (self, DH_FIT_ROW (row));
  gtk_widget_set_parent (row, GTK_WIDGET (self));
  g_signal_connect_object (canvas, "view-changed", G_CALLBACK (show_zoom), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::frame", G_CALLBACK (show_zoom), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (dh_session_get_view (session), "notify::overlay", G_CALLBACK (show_overlay), self,
                           G_CONNECT_SWAPPED);
  show_overlay (self);
  show_zoom (self);
  return GTK_WIDGET (self);
}
