#include "dh-legend-private.h"
#include "dh-draw-private.h"

#define SWATCH 10
#define SWATCH_GAP 4
#define ENTRY_GAP 9
#define MAX_ENTRIES 32

typedef struct
{
  guint32 rgb;
  gboolean hatched;
  PangoLayout *layout;
  char *text;
  int width;
} Entry;

struct _DhLegend
{
  GtkWidget parent_instance;
  Entry entries[MAX_ENTRIES];
  guint n;
};

G_DEFINE_FINAL_TYPE (DhLegend, dh_legend, GTK_TYPE_WIDGET)

static void
ensure_layouts (DhLegend *legend)
{
  for (guint i = 0; i < legend->n; i++)
    {
      Entry *entry = &legend->entries[i];
      if (entry->layout)
        continue;
      entry->layout = dh_draw_layout (GTK_WIDGET (legend), entry->text, 10.0, DH_TEXT_PLAIN);
      pango_layout_get_pixel_size (entry->layout, &entry->width, NULL);
    }
}

static void
drop_layouts (DhLegend *legend)
{
  for (guint i = 0; i < legend->n; i++)
    g_clear_object (&legend->entries[i].layout);
}

static void
clear_entries (DhLegend *legend)
{
  drop_layouts (legend);
  for (guint i = 0; i < legend->n; i++)
    g_clear_pointer (&legend->entries[i].text, g_free);
  legend->n = 0;
}

static int
entry_width (const Entry *entry)
{
  return SWATCH + SWATCH_GAP + entry->width;
}

static void
dh_legend_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  DhLegend *legend = DH_LEGEND (widget);
  int total = 0, tallest = 0;
  ensure_layouts (legend);
  for (guint i = 0; i < legend->n; i++)
    {
      int height = 0;
      pango_layout_get_pixel_size (legend->entries[i].layout, NULL, &height);
      tallest = MAX (tallest, height);
      total += entry_width (&legend->entries[i]) + (i ? ENTRY_GAP : 0);
    }
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = tallest;
  else
    {
      *minimum = 0;
      *natural = total;
    }
}

static void
append_swatch (GtkWidget *widget, GtkSnapshot *snapshot, double x, double y, const Entry *entry)
{
  GdkRGBA color = dh_draw_rgb (entry->rgb);
  dh_draw_rect (snapshot, x, y, SWATCH, SWATCH, &color);
  GdkRGBA edge;
  if (dh_widget_needs_edge (widget, entry->rgb, &edge))
    gtk_snapshot_append_border (snapshot, &GSK_ROUNDED_RECT_INIT ((float)x, (float)y, SWATCH, SWATCH),
                                (const float[]){ 1, 1, 1, 1 }, (const GdkRGBA[]){ edge, edge, edge, edge });
  if (!entry->hatched)
    return;
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT ((float)x, (float)y, SWATCH, SWATCH));
  cairo_set_source_rgba (cr, 1, 1, 1, 0.75);
  cairo_set_line_width (cr, 1.0);
  cairo_rectangle (cr, x, y, SWATCH, SWATCH);
  cairo_clip (cr);
  for (int k = 1; k < 4; k++)
    {
      cairo_move_to (cr, x - SWATCH + 5 * k, y + SWATCH);
      cairo_line_to (cr, x + 5 * k, y);
    }
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
dh_legend_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhLegend *legend = DH_LEGEND (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget), total = 0;
  guint shown = 0;
  GdkRGBA text;
  ensure_layouts (legend);
  dh_draw_text_color (widget, 0.84, &text);
  for (; shown < legend->n; shown++)
    {
      int more = entry_width (&legend->entries[shown]) + (shown ? ENTRY_GAP : 0);
      if (total + more > width)
        break;
      total += more;
    }
  double x = width - total;
  for (guint i = 0; i < shown; i++)
    {
      const Entry *entry = &legend->entries[i];
      int text_height = 0;
      pango_layout_get_pixel_size (entry->layout, NULL, &text_height);
      append_swatch (widget, snapshot, x, dh_draw_snap (widget, (height - SWATCH) / 2.0), entry);
      dh_draw_text (snapshot, entry->layout, x + SWATCH + SWATCH_GAP, (height - text_height) / 2.0, 0.0, &text);
      x += entry_width (entry) + ENTRY_GAP;
    }
}

static void
dh_legend_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_legend_parent_class)->css_changed (widget, change);
  drop_layouts (DH_LEGEND (widget));
}

static void
dh_legend_finalize (GObject *object)
{
  clear_entries (DH_LEGEND (object));
  G_OBJECT_CLASS (dh_legend_parent_class)->finalize (object);
}

static void
dh_legend_class_init (DhLegendClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = dh_legend_finalize;
  widget_class->measure = dh_legend_measure;
  widget_class->snapshot = dh_legend_snapshot;
  widget_class->css_changed = dh_legend_css_changed;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
dh_legend_init (DhLegend *legend)
{
  gtk_widget_set_can_target (GTK_WIDGET (legend), FALSE);
}

GtkWidget *
dh_legend_new (void)
{
  return g_object_new (DH_TYPE_LEGEND, NULL);
}

void
dh_legend_set_entries (DhLegend *legend, const DhLegendEntry *entries, guint n)
{
  g_autoptr (GString) label = g_string_new (NULL);
  clear_entries (legend);
  legend->n = MIN (n, MAX_ENTRIES);
  for (guint i = 0; i < legend->n; i++)
    {
      legend->entries[i] = (Entry){ entries[i].rgb, entries[i].hatched, NULL,
                                    g_utf8_make_valid (entries[i].text ? entries[i].text : "", -1), 0 };
      g_string_append_printf (label, "%s%s", i ? ", " : "", legend->entries[i].text);
    }
  dh_widget_set_name (GTK_WIDGET (legend), label->str);
  gtk_widget_queue_resize (GTK_WIDGET (legend));
}

guint
dh_legend_get_n_entries (DhLegend *legend)
{
  return legend->n;
}
