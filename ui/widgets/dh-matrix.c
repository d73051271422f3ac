#include "dh-matrix.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-color-map.h"
#include "dh-draw-private.h"
#include "dh-number.h"

enum
{
  CELL = 15,  /* high, where letters are of the usual size */
  LEAST = 11, /* wide */
  MOST = 30,
  GAP = 5,
  BAR = 90,
  BAR_HEIGHT = 8,
};
#define POINTS 8.5

struct _DhMatrix
{
  GtkWidget parent_instance;
  guint n;
  char **names;
  guint64 *counts, *sums; /* n×n, n */
  PangoLayout **layouts;  /* NULL until they are needed */
  int widest, line;       /* of these */
  GdkTexture *colors;
  gboolean has_cell;
  guint row, column;
};

G_DEFINE_FINAL_TYPE (DhMatrix, dh_matrix, GTK_TYPE_WIDGET)

/* Where the cells are. */
typedef struct
{
  double left, top, width, height; /* of the upper left cell, and of each */
} Place;

static void
drop_layouts (DhMatrix *self)
{
  for (guint i = 0; self->layouts != NULL && i < self->n; i++)
    g_object_unref (self->layouts[i]);
  g_clear_pointer (&self->layouts, g_free);
}

static void
ensure_layouts (DhMatrix *self)
{
  if (self->layouts != NULL)
    return;
  self->layouts = g_new (PangoLayout *, MAX (self->n, 1));
  self->widest = self->line = 0;
  for (guint i = 0; i < self->n; i++)
    {
      int width, height;
      self->layouts[i] = dh_draw_layout (GTK_WIDGET (self), self->names[i], POINTS, DH_TEXT_PLAIN);
      pango_layout_get_pixel_size (self->layouts[i], &width, &height);
      self->widest = MAX (self->widest, width);
      self->line = MAX (self->line, height);
    }
}

static int
cell_height (DhMatrix *self)
{
  return MAX (CELL, self->line);
}

/* Of names above and lines beneath. */
static int
height_beside (DhMatrix *self)
{
  return self->widest + 3 * GAP + 2 * MAX (self->line, CELL);
}

static void
place (DhMatrix *self, Place *cells)
{
  ensure_layouts (self);
  const double room = gtk_widget_get_width (GTK_WIDGET (self)) - self->widest - GAP;
  const double room_below = gtk_widget_get_height (GTK_WIDGET (self)) - height_beside (self);
  cells->height = floor (CLAMP (room_below / MAX (self->n, 1), cell_height (self), MOST));
  cells->width = floor (CLAMP (room / MAX (self->n, 1), LEAST, MAX (MOST, cells->height)));
  cells->left = self->widest + GAP;
  cells->top = self->widest + GAP;
}

static void
dh_matrix_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                   int *minimum_baseline, int *natural_baseline)
{
  DhMatrix *self = DH_MATRIX (widget);
  ensure_layouts (self);
  const int names = self->widest + GAP, n = (int)self->n;
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = n * cell_height (self) + height_beside (self);
  else
    {
      *minimum = MAX (names + n * MAX (LEAST, self->line * 3 / 4), 3 * BAR);
      *natural = MAX (names + n * (cell_height (self) + 4), 3 * BAR);
    }
}

static double
share_of (const DhMatrix *self, guint row, guint column)
{
  return self->sums[row] > 0 ? (double)self->counts[row * self->n + column] / (double)self->sums[row] : NAN;
}

static void
color_of (double share, GdkRGBA *color)
{
  const guint8 *rgb =
      dh_color_map_get_table (DH_COLOR_MAP_VIRIDIS) + 4 * (guint)(255 * sqrt (CLAMP (share, 0, 1)) + 0.5);
  *color = (GdkRGBA){ rgb[0] / 255.0f, rgb[1] / 255.0f, rgb[2] / 255.0f, 1 };
}

static void
draw_names (DhMatrix *self, GtkSnapshot *snapshot, const Place *cells)
{
  GdkRGBA plain, strong;
  dh_draw_text_color (GTK_WIDGET (self), 0.78, &plain);
  dh_draw_text_color (GTK_WIDGET (self), 1, &strong);
  for (guint i = 0; i < self->n; i++)
    {
      const double inset = (cells->height - self->line) / 2;
      const gboolean of_row = self->has_cell && self->row == i, of_column = self->has_cell && self->column == i;
      dh_draw_text (snapshot, self->layouts[i], cells->left - GAP, cells->top + i * cells->height + inset, 1,
                    of_row ? &strong : &plain);
      gtk_snapshot_save (snapshot);
      const double x = cells->left + i * cells->width + (cells->width - self->line) / 2;
      gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT ((float)round (x), (float)(cells->top - GAP)));
      gtk_snapshot_rotate (snapshot, -90);
      gtk_snapshot_append_layout (snapshot, self->layouts[i], of_column ? &strong : &plain);
      gtk_snapshot_restore (snapshot);
    }
}

static void
draw_cells (DhMatrix *self, GtkSnapshot *snapshot, const Place *cells)
{
  GdkRGBA empty;
  dh_draw_text_color (GTK_WIDGET (self), 0.07, &empty);
  for (guint row = 0; row < self->n; row++)
    for (guint column = 0; column < self->n; column++)
      {
        GdkRGBA color = empty;
        const double share = share_of (self, row, column);
        if (!isnan (share))
          color_of (share, &color);
        dh_draw_rect (snapshot, cells->left + column * cells->width, cells->top + row * cells->height, cells->width - 1,
                      cells->height - 1, &color);
      }
  if (!self->has_cell)
    return;
  GdkRGBA rim;
  dh_widget_lookup_color (GTK_WIDGET (self), "accent_color", "#1c71d8", &rim);
  GskRoundedRect frame;
  gsk_rounded_rect_init_from_rect (&frame,
                                   &GRAPHENE_RECT_INIT ((float)(cells->left + self->column * cells->width - 2),
                                                        (float)(cells->top + self->row * cells->height - 2),
                                                        (float)cells->width + 3, (float)cells->height + 3),
                                   2);
  gtk_snapshot_append_border (snapshot, &frame, (float[4]){ 2, 2, 2, 2 }, (GdkRGBA[4]){ rim, rim, rim, rim });
}

static void
draw_line (DhMatrix *self, GtkSnapshot *snapshot, const char *text, double x, double y, double align)
{
  GdkRGBA color;
  dh_draw_text_color (GTK_WIDGET (self), 0.86, &color);
  g_autoptr (PangoLayout) layout = dh_draw_layout (GTK_WIDGET (self), text, POINTS + 0.5, DH_TEXT_PLAIN);
  if (align == 0)
    {
      pango_layout_set_width (layout, (int)(gtk_widget_get_width (GTK_WIDGET (self)) - x) * PANGO_SCALE);
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
    }
  dh_draw_text (snapshot, layout, x, y, align, &color);
}

static GdkTexture *
ensure_colors (DhMatrix *self)
{
  if (self->colors == NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (dh_color_map_get_table (DH_COLOR_MAP_VIRIDIS), 256 * 4);
      self->colors = gdk_memory_texture_new (256, 1, GDK_MEMORY_R8G8B8A8, bytes, 256 * 4);
    }
  return self->colors;
}

/* What the colours mean, and the cell that is told. */
static void
draw_foot (DhMatrix *self, GtkSnapshot *snapshot, const Place *cells)
{
  static const double ticks[] = { 0.01, 0.1, 0.5, 1 };
  const double y = cells->top + self->n * cells->height + GAP, line = MAX (self->line, CELL);
  g_autofree char *reading = self->has_cell ? dh_matrix_dup_reading (self, self->row, self->column) : NULL;
  draw_line (self, snapshot,
             reading != NULL ? reading : _ ("Row: label · column: prediction · share of the label's pixels"), 0, y, 0);
  GdkRGBA mark;
  dh_draw_text_color (GTK_WIDGET (self), 0.7, &mark);
  const double top = y + line + GAP + 1, left = 20, wide = 2 * BAR;
  draw_line (self, snapshot, "0", 0, top - 4, 0);
  gtk_snapshot_append_texture (snapshot, ensure_colors (self),
                               &GRAPHENE_RECT_INIT ((float)left, (float)top, (float)wide, BAR_HEIGHT));
  double behind = left + wide + GAP;
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++)
    dh_draw_rect (snapshot, dh_draw_snap (GTK_WIDGET (self), left + wide * sqrt (ticks[i])) - 1, top + BAR_HEIGHT, 1, 3,
                  &mark);
  draw_line (self, snapshot, _ ("100 %; ticks at 1, 10, 50 %"), behind, top - 4, 0);
}

static void
dh_matrix_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhMatrix *self = DH_MATRIX (widget);
  if (self->n == 0)
    return;
  Place cells;
  place (self, &cells);
  draw_names (self, snapshot, &cells);
  draw_cells (self, snapshot, &cells);
  draw_foot (self, snapshot, &cells);
}

static void
tell (DhMatrix *self)
{
  g_autofree char *reading = self->has_cell ? dh_matrix_dup_reading (self, self->row, self->column) : NULL;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  reading != NULL ? reading : "", -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
set_cell (DhMatrix *self, gboolean has, guint row, guint column)
{
  if (self->has_cell == has && (!has || (self->row == row && self->column == column)))
    return;
  self->has_cell = has;
  self->row = row;
  self->column = column;
  tell (self);
}

static void
on_motion (DhMatrix *self, double x, double y)
{
  Place cells;
  place (self, &cells);
  const double column = floor ((x - cells.left) / cells.width), row = floor ((y - cells.top) / cells.height);
  set_cell (self, column >= 0 && row >= 0 && column < self->n && row < self->n, (guint)MAX (row, 0),
            (guint)MAX (column, 0));
}

static void
on_leave (DhMatrix *self)
{
  if (!gtk_widget_has_focus (GTK_WIDGET (self)))
    set_cell (self, FALSE, 0, 0);
}

static void
on_focus (DhMatrix *self)
{
  if (!gtk_widget_has_focus (GTK_WIDGET (self)))
    set_cell (self, FALSE, 0, 0);
  else if (!self->has_cell)
    set_cell (self, self->n > 0, 0, 0);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, DhMatrix *self)
{
  const gint down = keyval == GDK_KEY_Down ? 1 : keyval == GDK_KEY_Up ? -1 : 0;
  const gint right = keyval == GDK_KEY_Right ? 1 : keyval == GDK_KEY_Left ? -1 : 0;
  if ((state & gtk_accelerator_get_default_mod_mask ()) != 0 || (down == 0 && right == 0) || self->n == 0)
    return FALSE;
  const gint last = (gint)self->n - 1;
  set_cell (self, TRUE, (guint)CLAMP ((gint)self->row + down, 0, last),
            (guint)CLAMP ((gint)self->column + right, 0, last));
  return TRUE;
}

static void
clear (DhMatrix *self)
{
  drop_layouts (self);
  g_clear_pointer (&self->names, g_strfreev);
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->sums, g_free);
  self->n = 0;
}

static void
dh_matrix_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (dh_matrix_parent_class)->css_changed (widget, change);
  drop_layouts (DH_MATRIX (widget));
  gtk_widget_queue_resize (widget);
}

static void
dh_matrix_finalize (GObject *object)
{
  clear (DH_MATRIX (object));
  g_clear_object (&DH_MATRIX (object)->colors);
  G_OBJECT_CLASS (dh_matrix_parent_class)->finalize (object);
}

static void
dh_matrix_class_init (DhMatrixClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  G_OBJECT_CLASS (class)->finalize = dh_matrix_finalize;
  widget_class->measure = dh_matrix_measure;
  widget_class->snapshot = dh_matrix_snapshot;
  widget_class->css_changed = dh_matrix_css_changed;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "matrix");
}

static void
dh_matrix_init (DhMatrix *self)
{
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  g_signal_connect_swapped (motion, "motion", G_CALLBACK (on_motion), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (on_leave), self);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  GtkGesture *click = gtk_gesture_click_new ();
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (gtk_widget_grab_focus), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), key);
  g_signal_connect (self, "notify::has-focus", G_CALLBACK (on_focus), NULL);
}

GtkWidget *
dh_matrix_new (void)
{
  return g_object_new (DH_TYPE_MATRIX, NULL);
}

void
dh_matrix_set (DhMatrix *self, guint n, const char *const *names, const guint64 *counts)
{
  g_return_if_fail (DH_IS_MATRIX (self));
  clear (self);
  self->n = n;
  self->has_cell = FALSE;
  self->row = self->column = 0;
  self->names = g_new0 (char *, n + 1);
  self->counts = g_memdup2 (counts, n * n * sizeof *counts);
  self->sums = g_new0 (guint64, MAX (n, 1));
  for (guint row = 0; row < n; row++)
    {
      self->names[row] = g_strdup (names[row]);
      for (guint column = 0; column < n; column++)
        self->sums[row] += counts[row * n + column];
    }
  tell (self);
  g_autofree char *worst = dh_matrix_dup_worst (self);
  g_autofree char *label = g_strdup_printf (_ ("Confusion of classes, the arrow keys go through its cells. %s"), worst);
  dh_widget_set_name (GTK_WIDGET (self), label);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

char *
dh_matrix_dup_reading (DhMatrix *self, guint row, guint column)
{
  g_return_val_if_fail (DH_IS_MATRIX (self), NULL);
  if (row >= self->n || column >= self->n)
    return NULL;
  const char *label = self->names[row], *prediction = self->names[column];
  if (self->sums[row] == 0)
    return g_strdup_printf (_ ("%s: no pixel has this label"), label);
  g_autofree char *count = dh_number_format_count (self->counts[row * self->n + column]);
  g_autofree char *share = dh_number_format_percent (share_of (self, row, column), 2);
  return row == column ? g_strdup_printf (_ ("%s, found: %s px, %s"), label, count, share)
                       : g_strdup_printf (_ ("%s taken for %s: %s px, %s"), label, prediction, count, share);
}

gboolean
dh_matrix_get_cell (DhMatrix *self, guint *row, guint *column)
{
  g_return_val_if_fail (DH_IS_MATRIX (self), FALSE);
  *row = self->row;
  *column = self->column;
  return self->has_cell;
}

char *
dh_matrix_dup_worst (DhMatrix *self)
{
  g_return_val_if_fail (DH_IS_MATRIX (self), NULL);
  double most = 0;
  guint at_row = 0, at_column = 0;
  for (guint row = 0; row < self->n; row++)
    for (guint column = 0; column < self->n; column++)
      if (row != column && share_of (self, row, column) > most)
        {
          most = share_of (self, row, column);
          at_row = row;
          at_column = column;
        }
  if (most <= 0)
    return g_strdup ("");
  g_autofree char *reading = dh_matrix_dup_reading (self, at_row, at_column);
  return g_strdup_printf (_ ("The largest: %s"), reading);
}
