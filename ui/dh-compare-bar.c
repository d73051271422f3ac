#include "dh-compare-bar.h"
#include "dh-browse-panes-private.h"

static const struct
{
  const char *mode, *title, *tooltip;
} modes[] = {
  { "swipe", N_ ("Swipe"), N_ ("A and B in one place, a line between them") },
  { "side", N_ ("Side by side"), N_ ("A and B beside each other, with one zoom and pan") },
  { "blink", N_ ("Blink"), N_ ("A and B in turns in one place (B)") },
  { "difference", N_ ("Difference"), N_ ("A − B in colours about zero") },
};
#define N_MODES G_N_ELEMENTS (modes)

struct _DhCompareBar
{
  GtkWidget parent_instance;
  DhSession *session;
  DhView *view;
  GtkWidget *buttons[N_MODES], *play, *scale, *menu;
  gboolean updating;
};

G_DEFINE_FINAL_TYPE (DhCompareBar, dh_compare_bar, GTK_TYPE_WIDGET)

static guint
current_mode (DhCompareBar *self)
{
  const char *mode = dh_browse_comparison_mode (self->session);
  for (guint i = 0; i < N_MODES; i++)
    if (g_str_equal (modes[i].mode, mode))
      return i;
  return 0;
}

static void
append_scales (GMenu *menu)
{
  dh_ui_menu_section (menu, _ ("Scale"), _ ("_Own scales"), "view.compare-scale::own", _ ("_Aligned at τ"),
                      "view.compare-scale::aligned", NULL);
}

/* An item without an action is insensitive. */
static GMenuModel *
make_menu (DhCompareBar *self, const char *refused)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) ways = g_menu_new ();
  for (guint i = 0; i < N_MODES; i++)
    {
      g_autofree char *action = g_strconcat ("view.compare-mode::", modes[i].mode, NULL);
      gboolean can = refused == NULL || !g_str_equal (modes[i].mode, "difference");
      g_menu_append (ways, _ (modes[i].title), can ? action : "pane.none");
    }
  g_menu_append_section (menu, NULL, G_MENU_MODEL (ways));
  if (g_str_equal (modes[current_mode (self)].mode, "blink"))
    dh_ui_menu_section (menu, NULL, _ ("_By itself"), "pane.blink-by-itself", NULL);
  dh_ui_menu_section (menu, NULL, _ ("S_wap A and B"), "pane.swap", NULL);
  append_scales (menu);
  return G_MENU_MODEL (menu);
}

static void
update (DhCompareBar *self)
{
  guint mode = current_mode (self);
  const char *refused = dh_browse_comparison_refuse_difference (self->session);
  gboolean blinks = g_str_equal (modes[mode].mode, "blink");
  gboolean aligned = dh_view_is (self->view, "compare-scale", "aligned");
  self->updating = TRUE;
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->buttons[mode]), TRUE);
  self->updating = FALSE;
  for (guint i = 0; i < N_MODES; i++)
    {
      gboolean cannot = g_str_equal (modes[i].mode, "difference") && refused != NULL;
      gtk_widget_set_sensitive (self->buttons[i], !cannot);
      gtk_widget_set_tooltip_text (self->buttons[i], cannot ? refused : _ (modes[i].tooltip));
    }
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->scale), aligned ? _ ("Aligned at τ") : _ ("Own scales"));
  gtk_menu_button_set_label (GTK_MENU_BUTTON (self->menu), _ (modes[mode].title));
  g_autoptr (GMenuModel) menu = make_menu (self, refused);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (self->menu), menu);
  gtk_widget_set_visible (self->play, blinks);
}

static void
on_view (DhCompareBar *self, GParamSpec *spec)
{
  if (g_str_has_prefix (spec->name, "compare-") && !g_str_equal (spec->name, "compare-split"))
    update (self);
}

static void
on_toggled (GtkToggleButton *button, DhCompareBar *self)
{
  if (self->updating || !gtk_toggle_button_get_active (button))
    return;
  for (guint i = 0; i < N_MODES; i++)
    if (self->buttons[i] == GTK_WIDGET (button))
      g_object_set (self->view, "compare-mode", modes[i].mode, NULL);
}

static void
dh_compare_bar_dispose (GObject *object)
{
  DhCompareBar *self = DH_COMPARE_BAR (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->view);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_compare_bar_parent_class)->dispose (object);
}

static void
dh_compare_bar_class_init (DhCompareBarClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_compare_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
add (GtkWidget *box, GtkWidget *child)
{
  gtk_widget_set_valign (child, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), child);
}

static GtkWidget *
make_wide (DhCompareBar *self)
{
  GtkWidget *wide = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *toggles = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked");
  for (guint i = 0; i < N_MODES; i++)
    {
      self->buttons[i] = gtk_toggle_button_new_with_label (_ (modes[i].title));
      if (i > 0)
        gtk_toggle_button_set_group (GTK_TOGGLE_BUTTON (self->buttons[i]), GTK_TOGGLE_BUTTON (self->buttons[0]));
      g_signal_connect (self->buttons[i], "toggled", G_CALLBACK (on_toggled), self);
      gtk_box_append (GTK_BOX (toggles), self->buttons[i]);
    }
  add (wide, toggles);
  self->play = dh_ui_icon_toggle ("media-playback-start-symbolic", _ ("Blink by itself; B turns by hand"),
                                  "pane.blink-by-itself", NULL, NULL);
  add (wide, self->play);
  add (wide, dh_ui_icon_button ("object-flip-horizontal-symbolic", _ ("Swap A and B (X)"), "pane.swap", "flat"));
  g_autoptr (GMenu) scales = g_menu_new ();
  append_scales (scales);
  self->scale = dh_ui_text_menu ("", G_MENU_MODEL (scales), "flat");
  dh_ui_set_menu_tooltip (self->scale, _ ("Aligned, white is each map's own threshold and −1 its median inlier"));
  gtk_widget_set_hexpand (self->scale, TRUE);
  gtk_widget_set_halign (self->scale, GTK_ALIGN_END);
  add (wide, self->scale);
  return wide;
}

static void
dh_compare_bar_init (DhCompareBar *self)
{
  GtkWidget *squeezer = adw_squeezer_new ();
  adw_squeezer_set_homogeneous (ADW_SQUEEZER (squeezer), FALSE);
  adw_squeezer_add (ADW_SQUEEZER (squeezer), make_wide (self));
  GtkWidget *narrow = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, NULL);
  self->menu = dh_ui_text_menu ("", NULL, "flat");
  dh_ui_set_menu_tooltip (self->menu, _ ("How A and B are shown"));
  add (narrow, self->menu);
  adw_squeezer_add (ADW_SQUEEZER (squeezer), narrow);
  gtk_widget_set_parent (squeezer, GTK_WIDGET (self));
}

GtkWidget *
dh_compare_bar_new (DhSession *session)
{
  DhCompareBar *self = g_object_new (DH_TYPE_COMPARE_BAR, NULL);
  self->session = g_object_ref (session);
  self->view = g_object_ref (dh_session_get_view (session));
  g_signal_connect_object (self->view, "notify", G_CALLBACK (on_view), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "compared", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}
