#include "dh-banner.h"
#include <math.h>

struct _DhBanner
{
  GtkWidget parent_instance;
  GtkWidget *overlay, *line, *text, *button;
  char *title; /* that was shown last */
  GPtrArray *bars;
  int least_top;
};

G_DEFINE_FINAL_TYPE (DhBanner, dh_banner, GTK_TYPE_WIDGET)

void
dh_banner_show (DhBanner *self, const char *title, const char *text, const char *button, const char *action)
{
  g_free (self->title);
  self->title = g_strdup (title);
  g_autofree char *markup = g_markup_printf_escaped ("<b>%s</b>  %s", title, text);
  gtk_label_set_markup (GTK_LABEL (self->text), markup);
  gtk_widget_set_visible (self->button, button != NULL);
  if (button != NULL)
    {
      gtk_button_set_label (GTK_BUTTON (self->button), button);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), action);
    }
  gtk_widget_set_visible (self->line, TRUE);
}

void
dh_banner_hide (DhBanner *self)
{
  gtk_widget_set_visible (self->line, FALSE);
}

void
dh_banner_take_back (DhBanner *self, const char *title)
{
  if (g_strcmp0 (self->title, title) == 0)
    dh_banner_hide (self);
}

void
dh_banner_add_bar (DhBanner *self, GtkWidget *bar)
{
  g_ptr_array_add (self->bars, g_object_ref (bar));
  gtk_widget_queue_allocate (self->overlay);
}

/* The overlay's content has its place by now. */
static gboolean
place (GtkOverlay *overlay, GtkWidget *line, GdkRectangle *place, DhBanner *self)
{
  int top = self->least_top;
  for (guint i = 0; i < self->bars->len; i++)
    {
      graphene_rect_t bounds;
      GtkWidget *bar = self->bars->pdata[i];
      if (gtk_widget_get_mapped (bar) && gtk_widget_compute_bounds (bar, GTK_WIDGET (overlay), &bounds))
        top = MAX (top, (int)ceilf (bounds.origin.y + bounds.size.height));
    }
  const int width = gtk_widget_get_width (GTK_WIDGET (overlay));
  int height;
  gtk_widget_measure (line, GTK_ORIENTATION_VERTICAL, width, &height, NULL, NULL, NULL);
  *place =
      (GdkRectangle){ 0, MAX (MIN (top, gtk_widget_get_height (GTK_WIDGET (overlay)) - height), 0), width, height };
  return TRUE;
}

static void
dh_banner_dispose (GObject *object)
{
  dh_widget_unparent_children (GTK_WIDGET (object));
  g_clear_pointer (&DH_BANNER (object)->bars, g_ptr_array_unref);
  g_clear_pointer (&DH_BANNER (object)->title, g_free);
  G_OBJECT_CLASS (dh_banner_parent_class)->dispose (object);
}

static void
dh_banner_class_init (DhBannerClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_banner_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_banner_init (DhBanner *self)
{
  self->line = g_object_new (GTK_TYPE_BOX, "spacing", 9, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, NULL);
  gtk_widget_add_css_class (self->line, "dh-banner");
  GtkWidget *icon = gtk_image_new_from_icon_name ("dialog-warning-symbolic");
  gtk_widget_add_css_class (icon, "dh-warn");
  gtk_box_append (GTK_BOX (self->line), icon);
  self->text = dh_ui_label (NULL, "dh-dense", 0);
  dh_widget_wrap (self->text);
  gtk_label_set_selectable (GTK_LABEL (self->text), TRUE);
  gtk_widget_set_hexpand (self->text, TRUE);
  gtk_box_append (GTK_BOX (self->line), self->text);
  self->button = gtk_button_new ();
  gtk_widget_set_valign (self->button, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (self->line), self->button);
  GtkWidget *close = dh_ui_icon_button ("window-close-symbolic", _ ("Close"), NULL, "flat");
  gtk_widget_set_valign (close, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (close, "clicked", G_CALLBACK (dh_banner_hide), self);
  gtk_box_append (GTK_BOX (self->line), close);
  /* No GtkRevealer: GTK has warned that one's child was drawn before it had a size. */
  gtk_widget_set_valign (self->line, GTK_ALIGN_START);
  gtk_widget_set_visible (self->line, FALSE);
  self->overlay = gtk_overlay_new ();
  self->bars = g_ptr_array_new_with_free_func (g_object_unref);
  g_signal_connect (self->overlay, "get-child-position", G_CALLBACK (place), self);
  gtk_overlay_add_overlay (GTK_OVERLAY (self->overlay), self->line);
  gtk_widget_set_parent (self->overlay, GTK_WIDGET (self));
}

GtkWidget *
dh_banner_new (GtkWidget *content, int top)
{
  DhBanner *self = g_object_new (DH_TYPE_BANNER, NULL);
  self->least_top = top;
  gtk_overlay_set_child (GTK_OVERLAY (self->overlay), content);
  return GTK_WIDGET (self);
}
