#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The studio's own widgets see GTK and plain numbers, nothing else of the project. GTK's thread only.
 * Call once after GTK is initialised: takes up the resources (style, icons, shaders) and the icon theme path. The
 * style sheets themselves lie at /org/densehybrid/Studio/style.css and style-dark.css, where AdwApplication finds
 * them by the application id; without an AdwApplication, dh_widgets_use_style() loads them. */
void dh_widgets_init (void);
/* Takes up the resources alone, once: before an AdwApplication starts up, which looks there for its style sheets. */
void dh_widgets_register_resources (void);
/* Loads the style for a display by hand and keeps to it: for programs without AdwApplication (gallery, tests). */
void dh_widgets_use_style (GdkDisplay *display, gboolean dark);

/* A label's lines end between words, and within one where it must be, without hyphens, which are no part of a path. */
void dh_widget_wrap (GtkWidget *label);
/* Of all labels in it that wrap; the words of a row's title stay whole. */
void dh_widget_drop_hyphens (GtkWidget *widget);
/* What a widget that holds its children itself does when it is disposed of. */
void dh_widget_unparent_children (GtkWidget *widget);
/* Whether the window's style is a dark one, told from the widget's foreground colour. */
gboolean dh_widget_is_dark (GtkWidget *widget);
/* Whether a colour, 0xrrggbb, is hardly told from the ground: a white one on white, a black one on black. Its patch has
 * an edge then, of the colour that is given. */
gboolean dh_widget_needs_edge (GtkWidget *widget, guint32 rgb, GdkRGBA *edge);
/* A colour the style defines (@define-color), else `fallback`. */
void dh_widget_lookup_color (GtkWidget *widget, const char *name, const char *fallback, GdkRGBA *color);

/* The colours of series, the same in every widget: hybrid = accent, likelihood = green, posterior = violet,
 * anomaly = magenta, inlier = grey. */
typedef enum
{
  DH_TONE_HYBRID,
  DH_TONE_LIKELIHOOD,
  DH_TONE_POSTERIOR,
  DH_TONE_ANOMALY,
  DH_TONE_INLIER,
  DH_TONE_NEUTRAL, /* the text's own colour */
  DH_TONE_OTHER,   /* brown: run B, for one */
  DH_N_TONES,
} DhTone;
void dh_tone_get_color (DhTone tone, gboolean dark, GdkRGBA *color);

/* The overlay's colours, the same in both themes: far apart under normal, protan, deutan and tritan sight. */
#define DH_COLOR_TP 0x33b1ffu
#define DH_COLOR_FP 0xffb000u
#define DH_COLOR_FN 0xdc267fu   /* hatched wherever an area is filled */
#define DH_COLOR_MASK 0xfde724u /* flagged, without a truth to judge it: the bright end of the default colour map */
#define DH_COLOR_NON_FINITE 0xff00ffu
/* The accessible name; NULL is left out. GTK has no way to ask for it again: what gives it back is kept with it. */
void dh_widget_set_name (GtkWidget *widget, const char *name);
const char *dh_widget_get_name (GtkWidget *widget);
/* TRUE where motion is to be avoided or reduced: the desktop turned animations off. */
gboolean dh_widget_reduces_motion (GtkWidget *widget);

G_END_DECLS
