#include <math.h>
#include "dh-canvas-private.h"

#define GAP 6
#define STRIP_HEIGHT 88
#define LEAST_WITH_ROW 420
#define BESIDE_BONUS 1.25 /* pictures to be compared stand beside each other unless below they are that much larger */

static double
picture_aspect (DhCanvas *canvas)
{
  return canvas->scene.width ? (double)canvas->scene.width / canvas->scene.height : 16.0 / 9.0;
}

/* The number of columns that makes the pictures of `n` panes largest; of equal ones that with the fewest empty places.
 * One row counts `bonus` times its size. */
static guint
choose_columns (DhCanvas *canvas, guint n, int width, int height, double bonus)
{
  double aspect = picture_aspect (canvas), best = -1.0;
  guint columns = 1, least_empty = 0;
  for (guint c = 1; c <= n; c++)
    {
      guint rows = (n + c - 1) / c, empty = rows * c - n;
      double w = (width - GAP * (c + 1.0)) / c - 2 * DH_PANE_INSET;
      double h = (height - GAP * (rows + 1.0)) / rows - DH_PANE_HEAD - DH_PANE_INSET;
      double size = MIN (w, h * aspect) * (rows == 1 ? bonus : 1.0);
      if (size > best * 1.0001 || (size > best * 0.9999 && empty < least_empty))
        {
          best = size;
          columns = c;
          least_empty = empty;
        }
    }
  return columns;
}

void
dh_canvas_drop_strip (DhCanvas *canvas)
{
  for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
    if (canvas->strip[i])
      {
        if (i < canvas->n_panes && canvas->panes[i])
          dh_pane_set_mirror (canvas->panes[i], NULL);
        gtk_widget_unparent (GTK_WIDGET (g_steal_pointer (&canvas->strip[i])));
      }
}

void
dh_canvas_make_strip (DhCanvas *canvas)
{
  dh_canvas_drop_strip (canvas);
  if (canvas->layout != DH_CANVAS_SINGLE || canvas->n_panes < 2)
    return;
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      DhPane *strip =
          DH_PANE (dh_pane_new (dh_pane_get_kind (canvas->panes[i]), dh_pane_get_slot (canvas->panes[i]), TRUE));
      canvas->strip[i] = strip;
      dh_pane_set_index (strip, i);
      gtk_widget_set_focusable (GTK_WIDGET (strip), FALSE);
      dh_pane_set_mirror (canvas->panes[i], strip);
      dh_pane_set_active (strip, i == canvas->active_pane);
      gtk_widget_insert_before (GTK_WIDGET (strip), GTK_WIDGET (canvas), canvas->marks);
    }
}

static void
allocate (GtkWidget *widget, int x, int y, int width, int height)
{
  int least = 0;
  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  width = MAX (width, least);
  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, width, &least, NULL, NULL, NULL);
  gtk_widget_size_allocate (widget, &(GdkRectangle){ x, y, width, MAX (height, least) }, -1);
}

/* `n` panes from `first` on in rows of `columns`, all of one size, to the pixel: the same place in two of them is the
 * same point of the picture. */
static void
allocate_rows (DhCanvas *canvas, guint first, guint n, guint columns, int y, int width, int height)
{
  guint rows = (n + columns - 1) / columns;
  int w = (width - GAP * ((int)columns + 1)) / (int)columns, h = (height - GAP * ((int)rows + 1)) / (int)rows;
  for (guint i = 0; i < n; i++)
    {
      int left = GAP + (int)(i % columns) * (w + GAP), top = y + GAP + (int)(i / columns) * (h + GAP);
      gtk_widget_set_child_visible (GTK_WIDGET (canvas->panes[first + i]), TRUE);
      allocate (GTK_WIDGET (canvas->panes[first + i]), left, top, w, h);
    }
}

static void
allocate_single (DhCanvas *canvas, int width, int height)
{
  guint n = canvas->n_panes;
  int strip = n > 1 ? STRIP_HEIGHT + GAP : 0;
  for (guint i = 0; i < n; i++)
    {
      gtk_widget_set_child_visible (GTK_WIDGET (canvas->panes[i]), i == canvas->active_pane);
      if (i == canvas->active_pane)
        allocate (GTK_WIDGET (canvas->panes[i]), GAP, GAP, width - 2 * GAP, height - 2 * GAP - strip);
      if (canvas->strip[i])
        {
          int left = GAP + (int)((gint64)(width - GAP) * i / n), right = (int)((gint64)(width - GAP) * (i + 1) / n);
          allocate (GTK_WIDGET (canvas->strip[i]), left, height - GAP - STRIP_HEIGHT, right - left, STRIP_HEIGHT);
        }
    }
}

/* Where there is room for a row of others below: as high as their pictures, and never more than a third. 0: none. */
static int
height_of_row (DhCanvas *canvas, guint n, int width, int height)
{
  if (n == 0 || height < LEAST_WITH_ROW || width < LEAST_WITH_ROW)
    return 0;
  double w = (width - GAP * (n + 1.0)) / n - 2 * DH_PANE_INSET;
  int wanted = (int)ceil (w / picture_aspect (canvas)) + DH_PANE_HEAD + DH_PANE_INSET;
  return CLAMP (wanted, 90, height * 3 / 10);
}

static void
allocate_comparison (DhCanvas *canvas, int width, int height)
{
  guint n_large = MIN (MAX (1, canvas->n_large), canvas->n_panes), n_row = canvas->n_panes - n_large;
  int row = height_of_row (canvas, n_row, width, height);
  for (guint i = 0; i < n_row && row == 0; i++)
    {
      dh_canvas_keep_focus (canvas, GTK_WIDGET (canvas->panes[n_large + i]), 0);
      gtk_widget_set_child_visible (GTK_WIDGET (canvas->panes[n_large + i]), FALSE);
    }
  if (row > 0)
    allocate_rows (canvas, n_large, n_row, n_row, height - row - 2 * GAP, width, row + 2 * GAP);
  height -= row > 0 ? row + GAP : 0;
  if (!dh_canvas_is_stacked (canvas))
    {
      guint columns = choose_columns (canvas, n_large, width, height, BESIDE_BONUS);
      allocate_rows (canvas, 0, n_large, columns, 0, width, height);
      return;
    }
  /* The first pane has the whole place, the second stands with its head over the right half of it. */
  int w = width - 2 * GAP, half = w / 2;
  for (guint i = 0; i < 2; i++)
    {
      gtk_widget_set_child_visible (GTK_WIDGET (canvas->panes[i]), TRUE);
      allocate (GTK_WIDGET (canvas->panes[i]), GAP + (i ? half : 0), GAP, i ? w - half : w, height - 2 * GAP);
    }
}

void
dh_canvas_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhCanvas *canvas = DH_CANVAS (widget);
  guint n = canvas->n_panes;
  dh_canvas_tell_stacked (canvas, (width - 2 * GAP) / 2);
  if (n > 0 && canvas->layout == DH_CANVAS_SINGLE)
    allocate_single (canvas, width, height);
  else if (n > 0 && canvas->layout == DH_CANVAS_COMPARE)
    allocate_comparison (canvas, width, height);
  else if (n > 0)
    allocate_rows (canvas, 0, n, choose_columns (canvas, n, width, height, 1.0), 0, width, height);
  GdkRectangle whole = { 0, 0, width, height };
  gtk_widget_size_allocate (canvas->view, &whole, -1);
  gtk_widget_size_allocate (canvas->marks, &whole, -1);
  if (gtk_widget_get_child_visible (canvas->handle))
    {
      graphene_rect_t area;
      dh_canvas_get_area (canvas, 0, &area);
      GdkRectangle place = { (int)area.origin.x, (int)area.origin.y, MAX (1, (int)area.size.width),
                             MAX (1, (int)area.size.height) };
      gtk_widget_size_allocate (canvas->handle, &place, -1);
    }
  dh_canvas_queue_frame (canvas);
}
