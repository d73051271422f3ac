#include "dh-color-bar.h"
#include <math.h>
#include "dh-draw-private.h"
#include "dh-number.h"

#define POINTS 9.5
#define GAP 6
#define BAR_HEIGHT 9

struct _DhColorBar
{
  GtkWidget parent_instance;
  DhScale scale;
  int least, natural;
  PangoLayout *low, *high;
  GdkTexture *colors;
};

G_DEFINE_FINAL_TYPE (DhColorBar, dh_color_bar, GTK_TYPE_WIDGET)

/* As few digits as bring the bound to a fiftieth of the range. */
static char *
bound_text (double value, double range)
{
  for (guint digits = 0; digits < 6; digits++)
    {
      double power = pow (10.0, digits);
      if (!isfinite (value) || fabs (round (value * power) / power - value) <= 0.02 * fabs (range))
        return dh_number_format (value, digits);
    }
  return dh_number_format (value, 6);
}

static void
ensure_layouts (DhColorBar *bar)
{
  if (bar->low)
    return;
  double range = bar->scale.high - bar->scale.low;
  g_autofree char *low = bound_text (bar->scale.low, range);
  g_autofree char *high = bound_text (bar->scale.high, range);
  bar->low = dh_draw_layout (GTK_WIDGET (bar), low, POINTS, DH_TEXT_PLAIN);
  bar->high = dh_draw_layout (GTK_WIDGET (bar), high, POINTS, DH_TEXT_PLAIN);
}

static void
drop_layouts (DhColorBar *bar)
{
  g_clear_object (&bar->low);
  g_clear_object (&bar->high);
}

static GdkTexture *
ensure_colors (DhColorBar *bar)
{
  if (bar->colors == NULL)
    {
      guint8 *pixels = g_malloc (256 * 4);
      for (int i = 0; i < 256; i++)
        {
          double value = bar->scale.low + (bar->scale.high - bar->scale.low) * (i + 0.5) / 256.0;
          dh_scale_get_color (&bar->scale, value, pixels + 4 * i);
          pixels[4 * i + 3] = 255;
        }
      g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, 256 * 4);
      bar->colors = gdk_memory_texture_new (256, 1, GDK_MEMORY_R8G8B8A8, bytes, 256 * 4);
    }
  return bar->colors;
}

static void
dh_color_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  DhColorBar *bar = DH_COLOR_BAR (widget);
  int low = 0, high = 0, height = 0;
  ensure_layouts (bar);
  pango_layout_get_pixel_size (bar->low, &low, &height);
  pango_layout_get_pixel_size (bar->high, &high, NULL);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      *minimum = *natural = MAX (height, 20);
      return;
    }
  *minimum = low + high + 2 * GAP + bar->least;
  *natural = low + high + 2 * GAP + bar->natural;
}

static void
dh_color_bar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhColorBar *bar = DH_COLOR_BAR (widget);
  int low = 0, high = 0, text_height = 0;
  GdkRGBA text, accent, anomaly;
  ensure_layouts (bar);
  pango_layout_get_pixel_size (bar->low, &low, &text_height);
  pango_layout_get_pixel_size (bar->high, &high, NULL);
  double height = gtk_widget_get_height (widget);
  double x = low + GAP, width = gtk_widget_get_width (widget) - low - high - 2 * GAP;
  double y = dh_draw_snap (widget, (height - BAR_HEIGHT) / 2.0 - 1.0);
  if (width < 8.0)
    return;
  dh_draw_text_color (widget, 0.74, &text);
  dh_draw_text (snapshot, bar->low, 0, (height - text_height) / 2.0, 0.0, &text);
  dh_draw_text (snapshot, bar->high, gtk_widget_get_width (widget), (height - text_height) / 2.0, 1.0, &text);
  gtk_snapshot_append_texture (snapshot, ensure_colors (bar),
                               &GRAPHENE_RECT_INIT ((float)x, (float)y, (float)width, BAR_HEIGHT));

  const DhScale *scale = &bar->scale;
  if (isnan (scale->threshold) || !(scale->high > scale->low))
    return;
  dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  double share = CLAMP ((scale->threshold - scale->low) / (scale->high - scale->low), 0.0, 1.0);
  double at = dh_draw_snap (widget, x + share * width);
  double line_y = y + BAR_HEIGHT + 1;
  if (scale->flag_below)
    dh_draw_rect (snapshot, x, line_y, at - x, 2, &anomaly);
  else
    dh_draw_rect (snapshot, at, line_y, x + width - at, 2, &anomaly);
  if (scale->threshold >= scale->low && scale->threshold <= scale->high)
    {
      dh_draw_rect (snapshot, at - 1, y - 1, 2, BAR_HEIGHT + 3, &accent);
      dh_draw_triangle_up (snapshot, at, y + BAR_HEIGHT, 5, &accent);
    }
}

static void
dh_color_bar_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_color_bar_parent_class)->css_changed (widget, change);
  drop_layouts (DH_COLOR_BAR (widget));
}

static void
dh_color_bar_finalize (GObject *object)
{
  DhColorBar *bar = DH_COLOR_BAR (object);
  drop_layouts (bar);
  g_clear_object (&bar->colors);
  G_OBJECT_CLASS (dh_color_bar_parent_class)->finalize (object);
}

static void
dh_color_bar_class_init (DhColorBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = dh_color_bar_finalize;
  widget_class->measure = dh_color_bar_measure;
  widget_class->snapshot = dh_color_bar_snapshot;
  widget_class->css_changed = dh_color_bar_css_changed;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "colorbar");
}

static void
name_bar (DhColorBar *bar)
{
  g_autofree char *low = dh_number_format_step (bar->scale.low, 0.01);
  g_autofree char *high = dh_number_format_step (bar->scale.high, 0.01);
  g_autofree char *label = g_strdup_printf ("%s … %s", low, high);
  dh_widget_set_name (GTK_WIDGET (bar), label);
}

static void
dh_color_bar_init (DhColorBar *bar)
{
  bar->scale = (DhScale)DH_SCALE_INIT;
  bar->least = 60;
  bar->natural = 114;
  name_bar (bar);
  gtk_widget_set_can_target (GTK_WIDGET (bar), FALSE);
}

GtkWidget *
dh_color_bar_new (void)
{
  return g_object_new (DH_TYPE_COLOR_BAR, NULL);
}

void
dh_color_bar_set_scale (DhColorBar *bar, const DhScale *scale)
{
  g_return_if_fail (DH_IS_COLOR_BAR (bar));
  const DhScale *old = &bar->scale;
  gboolean range = old->low != scale->low || old->high != scale->high;
  gboolean colors = range || old->map != scale->map || old->reversed != scale->reversed
                    || (scale->map == DH_COLOR_MAP_DIVERGING && old->threshold != scale->threshold);
  bar->scale = *scale;
  if (colors)
    g_clear_object (&bar->colors);
  if (range)
    {
      drop_layouts (bar);
      gtk_widget_queue_resize (GTK_WIDGET (bar));
      name_bar (bar);
    }
  gtk_widget_queue_draw (GTK_WIDGET (bar));
}

const DhScale *
dh_color_bar_get_scale (DhColorBar *bar)
{
  g_return_val_if_fail (DH_IS_COLOR_BAR (bar), NULL);
  return &bar->scale;
}

void
dh_color_bar_set_width (DhColorBar *bar, int least, int natural)
{
  g_return_if_fail (DH_IS_COLOR_BAR (bar));
  bar->least = MAX (8, least);
  bar->natural = MAX (bar->least, natural);
  gtk_widget_queue_resize (GTK_WIDGET (bar));
}
