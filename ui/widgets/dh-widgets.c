#include "dh-widgets.h"
#include "dh-resources.h"

/* GLib keeps them in a list, which a second time would break. */
void
dh_widgets_register_resources (void)
{
  static gsize done;
  if (g_once_init_enter (&done))
    {
      dh_resources_register_resource ();
      g_once_init_leave (&done, 1);
    }
}

void
dh_widgets_init (void)
{
  static gsize done;
  if (g_once_init_enter (&done))
    {
      dh_widgets_register_resources ();
      gtk_icon_theme_add_resource_path (gtk_icon_theme_get_for_display (gdk_display_get_default ()),
                                        "/org/densehybrid/Studio/icons");
      g_once_init_leave (&done, 1);
    }
}

void
dh_widgets_use_style (GdkDisplay *display, gboolean dark)
{
  static GtkCssProvider *light_provider, *dark_provider;
  g_return_if_fail (GDK_IS_DISPLAY (display));
  if (light_provider == NULL)
    {
      light_provider = gtk_css_provider_new ();
      gtk_css_provider_load_from_resource (light_provider, "/org/densehybrid/Studio/style.css");
      dark_provider = gtk_css_provider_new ();
      gtk_css_provider_load_from_resource (dark_provider, "/org/densehybrid/Studio/style-dark.css");
    }
  gtk_style_context_add_provider_for_display (display, GTK_STYLE_PROVIDER (light_provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  if (dark)
    gtk_style_context_add_provider_for_display (display, GTK_STYLE_PROVIDER (dark_provider),
                                                GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
  else
    gtk_style_context_remove_provider_for_display (display, GTK_STYLE_PROVIDER (dark_provider));
}

void
dh_widget_drop_hyphens (GtkWidget *widget)
{
  if (!GTK_IS_LABEL (widget))
    {
      for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
           child = gtk_widget_get_next_sibling (child))
        dh_widget_drop_hyphens (child);
      return;
    }
  if (gtk_widget_has_css_class (widget, "title"))
    gtk_label_set_wrap_mode (GTK_LABEL (widget), PANGO_WRAP_WORD);
  PangoAttrList *own = gtk_label_get_attributes (GTK_LABEL (widget));
  g_autoptr (PangoAttrList) list = own != NULL ? pango_attr_list_copy (own) : pango_attr_list_new ();
  pango_attr_list_insert (list, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (GTK_LABEL (widget), list);
}

void
dh_widget_wrap (GtkWidget *label)
{
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  dh_widget_drop_hyphens (label);
}

void
dh_widget_unparent_children (GtkWidget *widget)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (widget)) != NULL)
    gtk_widget_unparent (child);
}

gboolean
dh_widget_is_dark (GtkWidget *widget)
{
  GdkRGBA color;
  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  return 0.299f * color.red + 0.587f * color.green + 0.114f * color.blue > 0.5f;
}

gboolean
dh_widget_needs_edge (GtkWidget *widget, guint32 rgb, GdkRGBA *edge)
{
  const gboolean dark = dh_widget_is_dark (widget);
  const guint light = (299 * (rgb >> 16 & 255) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255)) / 1000;
  const float grey = dark ? 1 : 0;
  *edge = (GdkRGBA){ grey, grey, grey, 0.4f };
  return dark ? light < 60 : light > 230;
}

void
dh_widget_lookup_color (GtkWidget *widget, const char *name, const char *fallback, GdkRGBA *color)
{
  if (!gtk_style_context_lookup_color (gtk_widget_get_style_context (widget), name, color))
    gdk_rgba_parse (color, fallback);
}

void
dh_tone_get_color (DhTone tone, gboolean dark, GdkRGBA *color)
{
  static const char *const colors[DH_N_TONES][2] = {
    [DH_TONE_HYBRID] = { "#1c71d8", "#78aeed" },    [DH_TONE_LIKELIHOOD] = { "#0e7c6b", "#5fd0b5" },
    [DH_TONE_POSTERIOR] = { "#7b3fa0", "#d7a6ee" }, [DH_TONE_ANOMALY] = { "#c2185b", "#ff79b4" },
    [DH_TONE_INLIER] = { "#8b919d", "#8a9099" },    [DH_TONE_NEUTRAL] = { "#2e2e30", "#ffffff" },
    [DH_TONE_OTHER] = { "#9c5b00", "#f8c653" },
  };
  g_return_if_fail ((guint)tone < DH_N_TONES);
  gdk_rgba_parse (color, colors[tone][dark ? 1 : 0]);
}

gboolean
dh_widget_reduces_motion (GtkWidget *widget)
{
  gboolean animations = TRUE;
  g_object_get (gtk_widget_get_settings (widget), "gtk-enable-animations", &animations, NULL);
  return !animations;
}

#define NAME "dh-accessible-name"

void
dh_widget_set_name (GtkWidget *widget, const char *name)
{
  if (name == NULL)
    return;
  g_object_set_data_full (G_OBJECT (widget), NAME, g_strdup (name), g_free);
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  /* What has a menu button's focus is the button in it. */
  if (GTK_IS_MENU_BUTTON (widget))
    gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_first_child (widget)), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    name, -1);
}

const char *
dh_widget_get_name (GtkWidget *widget)
{
  return g_object_get_data (G_OBJECT (widget), NAME);
}
