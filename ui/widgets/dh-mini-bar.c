#include "dh-mini-bar.h"
#include <math.h>
#include "dh-draw-private.h"

struct _DhMiniBar
{
  GtkWidget parent_instance;
  int width, height, least;
  double value;
  gboolean change;
  gboolean colored;
  GdkRGBA color;
};

G_DEFINE_FINAL_TYPE (DhMiniBar, dh_mini_bar, GTK_TYPE_WIDGET)

static void
dh_mini_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                     int *minimum_baseline, int *natural_baseline)
{
  DhMiniBar *bar = DH_MINI_BAR (widget);
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? bar->width : bar->height;
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? bar->least : bar->height;
}

static void
append_rounded (GtkSnapshot *snapshot, double x, double y, double width, double height, double radius,
                const GdkRGBA *color)
{
  if (width <= 0.0)
    return;
  GskRoundedRect rect;
  gsk_rounded_rect_init_from_rect (&rect, &GRAPHENE_RECT_INIT ((float)x, (float)y, (float)width, (float)height),
                                   (float)MIN (radius, width / 2));
  gtk_snapshot_push_rounded_clip (snapshot, &rect);
  gtk_snapshot_append_color (snapshot, color, &rect.bounds);
  gtk_snapshot_pop (snapshot);
}

static void
dh_mini_bar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhMiniBar *bar = DH_MINI_BAR (widget);
  double width = gtk_widget_get_width (widget), height = bar->height;
  double y = dh_draw_snap (widget, (gtk_widget_get_height (widget) - height) / 2.0);
  double radius = height <= 5 ? 1.0 : 2.0;
  gboolean dark = dh_widget_is_dark (widget);
  GdkRGBA trough, fill, rim;
  dh_draw_text_color (widget, 0.11, &trough);
  append_rounded (snapshot, 0, y, width, height, radius, &trough);

  if (bar->colored)
    fill = bar->color;
  else if (bar->change && bar->value < 0.0)
    dh_tone_get_color (DH_TONE_OTHER, dark, &fill);
  else
    dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &fill);

  if (bar->change)
    {
      double middle = dh_draw_snap (widget, width / 2.0);
      if (isfinite (bar->value))
        {
          double length = CLAMP (bar->value, -1.0, 1.0) * width / 2.0;
          append_rounded (snapshot, MIN (middle, middle + length), y, MAX (fabs (length), 1.0), height, 0.0, &fill);
        }
      GdkRGBA mark;
      dh_draw_text_color (widget, 0.8, &mark);
      dh_draw_rect (snapshot, middle - 0.5, y - 2, 1, height + 4, &mark);
      return;
    }
  if (!isfinite (bar->value) || bar->value <= 0.0)
    return;
  double length = MAX (1.0, CLAMP (bar->value, 0.0, 1.0) * width);
  append_rounded (snapshot, 0, y, length, height, radius, &fill);
  if (bar->colored && height >= 6)
    {
      GskRoundedRect rect;
      dh_draw_text_color (widget, 0.45, &rim);
      gsk_rounded_rect_init_from_rect (&rect, &GRAPHENE_RECT_INIT (0, (float)y, (float)length, (float)height),
                                       (float)MIN (radius, length / 2));
      gtk_snapshot_append_border (snapshot, &rect, (float[4]){ 1, 1, 1, 1 }, (GdkRGBA[4]){ rim, rim, rim, rim });
    }
}

static void
dh_mini_bar_class_init (DhMiniBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->measure = dh_mini_bar_measure;
  widget_class->snapshot = dh_mini_bar_snapshot;
  /* The number beside it says the same in words. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
  gtk_widget_class_set_css_name (widget_class, "minibar");
}

static void
dh_mini_bar_init (DhMiniBar *bar)
{
  bar->value = NAN;
  gtk_widget_set_can_target (GTK_WIDGET (bar), FALSE);
  gtk_widget_set_valign (GTK_WIDGET (bar), GTK_ALIGN_CENTER);
}

GtkWidget *
dh_mini_bar_new (int width, int height)
{
  DhMiniBar *bar = g_object_new (DH_TYPE_MINI_BAR, NULL);
  bar->width = bar->least = MAX (1, width);
  bar->height = MAX (1, height);
  return GTK_WIDGET (bar);
}

void
dh_mini_bar_set_least (DhMiniBar *bar, int least)
{
  g_return_if_fail (DH_IS_MINI_BAR (bar));
  bar->least = CLAMP (least, 1, bar->width);
  gtk_widget_queue_resize (GTK_WIDGET (bar));
}

static void
set_value (DhMiniBar *bar, double value, gboolean change)
{
  if (bar->change == change && (bar->value == value || (isnan (bar->value) && isnan (value))))
    return;
  bar->value = value;
  bar->change = change;
  gtk_widget_queue_draw (GTK_WIDGET (bar));
}

void
dh_mini_bar_set_fraction (DhMiniBar *bar, double fraction)
{
  g_return_if_fail (DH_IS_MINI_BAR (bar));
  set_value (bar, fraction, FALSE);
}

void
dh_mini_bar_set_change (DhMiniBar *bar, double change)
{
  g_return_if_fail (DH_IS_MINI_BAR (bar));
  set_value (bar, change, TRUE);
}

void
dh_mini_bar_set_color (DhMiniBar *bar, const GdkRGBA *color)
{
  g_return_if_fail (DH_IS_MINI_BAR (bar));
  bar->colored = color != NULL;
  if (color)
    bar->color = *color;
  gtk_widget_queue_draw (GTK_WIDGET (bar));
}
