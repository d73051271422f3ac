#include "dh-play-bar.h"
#include "dh-player.h"

struct _DhPlayBar
{
  GtkWidget parent_instance;
  DhPlayer *player;
  GtkWidget *pace, *button;
  gint64 told; /* monotonic: the number is not to flicker */
};

G_DEFINE_FINAL_TYPE (DhPlayBar, dh_play_bar, GTK_TYPE_WIDGET)

#define TELL_EVERY (G_USEC_PER_SEC / 2)

static void
show_pace (DhPlayBar *self)
{
  const double pace = dh_player_get_pace (self->player);
  const gint64 now = g_get_monotonic_time ();
  if (pace != 0 && now - self->told < TELL_EVERY)
    return;
  self->told = pace != 0 ? now : 0;
  g_autofree char *text = pace != 0 ? g_strdup_printf (_ ("%.1f/s"), pace) : NULL;
  gtk_label_set_label (GTK_LABEL (self->pace), text);
}

static void
show_playing (DhPlayBar *self)
{
  const gboolean playing = dh_player_is_playing (self->player);
  const char *name = playing ? _ ("Stop (F5)") : _ ("Play the images one after another (F5)");
  gtk_button_set_icon_name (GTK_BUTTON (self->button),
                            playing ? "media-playback-pause-symbolic" : "media-playback-start-symbolic");
  gtk_widget_set_tooltip_text (self->button, name);
  dh_ui_set_name (self->button, name);
}

static GMenuModel *
make_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Images a second"), "1", "view.play-rate::1", "2", "view.play-rate::2", "5",
                      "view.play-rate::5", "10", "view.play-rate::10", "25", "view.play-rate::25", NULL);
  dh_ui_menu_section (menu, NULL, _ ("From the last to the first again"), "view.play-repeats", NULL);
  return G_MENU_MODEL (menu);
}

static void
dh_play_bar_dispose (GObject *object)
{
  DhPlayBar *self = DH_PLAY_BAR (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->player);
  G_OBJECT_CLASS (dh_play_bar_parent_class)->dispose (object);
}

static void
dh_play_bar_class_init (DhPlayBarClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_play_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BOX_LAYOUT);
}

static void
dh_play_bar_init (DhPlayBar *self)
{
}

GtkWidget *
dh_play_bar_new (DhSession *session)
{
  DhPlayBar *self = g_object_new (DH_TYPE_PLAY_BAR, NULL);
  self->player = g_object_ref (dh_session_get_player (session));
  self->pace = dh_ui_label (NULL, "dh-small dim-label dh-num", 1);
  gtk_widget_set_margin_end (self->pace, 6);
  gtk_widget_set_parent (self->pace, GTK_WIDGET (self));
  self->button = dh_ui_icon_toggle ("media-playback-start-symbolic", NULL, "win.play", NULL, "flat");
  gtk_widget_set_parent (self->button, GTK_WIDGET (self));
  g_autoptr (GMenuModel) menu = make_menu ();
  gtk_widget_set_parent (dh_ui_menu_button ("pan-down-symbolic", _ ("How fast images are played"), menu, "flat"),
                         GTK_WIDGET (self));
  g_signal_connect_object (self->player, "notify::playing", G_CALLBACK (show_playing), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->player, "notify::pace", G_CALLBACK (show_pace), self, G_CONNECT_SWAPPED);
  show_playing (self);
  return GTK_WIDGET (self);
}
