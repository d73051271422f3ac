#include "dh-pane-private.h"

#define GAP 6
#define FORMULA_ROOM 6

static int
natural_width (GtkWidget *widget)
{
  int natural = 0;
  if (widget && gtk_widget_get_visible (widget))
    gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &natural, NULL, NULL);
  return natural;
}

static int
least_width (GtkWidget *widget)
{
  int least = 0;
  if (widget && gtk_widget_get_visible (widget))
    gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  return least;
}

static void
place (GtkWidget *widget, int x, int width)
{
  int height = 0;
  if (widget == NULL || !gtk_widget_get_visible (widget))
    return;
  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  height = MIN (height, DH_PANE_HEAD);
  width = MAX (width, least_width (widget));
  gtk_widget_size_allocate (widget, &(GdkRectangle){ x, (DH_PANE_HEAD - height) / 2 + 1, width, height }, -1);
}

/* What has no room is put aside, for the formula says less than the title and the legend less than the bar. */
static void
set_shown (GtkWidget *widget, gboolean shown)
{
  if (widget)
    gtk_widget_set_child_visible (widget, shown);
}

/* As allocate_head() places it, with the bar at its least. */
gboolean
dh_pane_fits_formula (DhPane *pane, int width)
{
  GtkWidget *title = pane->button ? pane->button : pane->label;
  int needed = (pane->button ? 2 : 8) + 8 + natural_width (title) + GAP;
  if (!gtk_widget_get_visible (pane->formula))
    return TRUE;
  needed += natural_width (pane->formula) + FORMULA_ROOM;
  if (gtk_widget_get_visible (pane->color_bar))
    needed += least_width (pane->color_bar) + 2 * GAP;
  if (gtk_widget_get_visible (pane->notice))
    needed += natural_width (pane->notice) + GAP;
  return needed <= width;
}

void
dh_pane_allow_formula (DhPane *pane, gboolean allowed)
{
  if (pane->formula_barred == !allowed)
    return;
  pane->formula_barred = !allowed;
  gtk_widget_queue_allocate (GTK_WIDGET (pane));
}

static void
allocate_head (DhPane *pane, int width)
{
  GtkWidget *title = pane->button ? pane->button : pane->label;
  int left = pane->button ? 2 : 8, right = width - 8;
  int title_width = natural_width (title), bar_width = 0;
  if (gtk_widget_get_visible (pane->color_bar))
    {
      int natural = natural_width (pane->color_bar), least = least_width (pane->color_bar);
      int room = right - left - title_width - GAP;
      bar_width = room >= natural ? natural : room >= least ? room : 0;
      set_shown (pane->color_bar, bar_width > 0);
      if (bar_width > 0)
        {
          /* The formula comes before a wider bar. */
          int formula = pane->formula_barred ? 0 : natural_width (pane->formula);
          if (formula > 0)
            formula += FORMULA_ROOM;
          int notice = natural_width (pane->notice);
          if (notice > 0)
            formula += notice + GAP;
          if (formula > 0)
            bar_width = CLAMP (room - formula - GAP, least, bar_width);
          place (pane->color_bar, right - bar_width, bar_width);
          right -= bar_width + GAP;
        }
    }
  title_width = MIN (title_width, MAX (0, right - left));
  place (title, left, title_width);
  left += title_width + GAP;
  if (gtk_widget_get_visible (pane->link))
    {
      int w = natural_width (pane->link);
      set_shown (pane->link, left + w <= right);
      place (pane->link, left, w);
      left += w + GAP;
    }
  if (gtk_widget_get_visible (pane->notice))
    {
      int w = MIN (natural_width (pane->notice), MAX (0, right - left));
      set_shown (pane->notice, w >= least_width (pane->notice));
      place (pane->notice, right - w, w);
      right -= w + GAP;
    }
  if (gtk_widget_get_visible (pane->formula))
    {
      /* Whole or not at all: half of a formula is another one. A label that may be cut measures itself a little short
       * of what it then needs, by its letters' spacing. */
      int w = natural_width (pane->formula) + FORMULA_ROOM;
      gboolean fits = left + w <= right && !pane->formula_barred;
      set_shown (pane->formula, fits);
      if (fits)
        {
          place (pane->formula, left, w);
          left += w + GAP;
        }
    }
  if (gtk_widget_get_visible (pane->legend))
    {
      set_shown (pane->legend, right > left);
      place (pane->legend, left, MAX (0, right - left));
    }
}

void
dh_pane_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  DhPane *pane = DH_PANE (widget);
  GdkRectangle area;
  if (pane->in_strip)
    {
      int w = MIN (natural_width (pane->label), width), h = 0;
      gtk_widget_measure (pane->label, GTK_ORIENTATION_VERTICAL, -1, NULL, &h, NULL, NULL);
      gtk_widget_size_allocate (pane->label,
                                &(GdkRectangle){ (width - w) / 2, height - 18 + (18 - h) / 2, MAX (w, 1), h }, -1);
    }
  else
    allocate_head (pane, pane->room > 0 ? MIN (width, pane->room) : width);
  dh_pane_get_picture_area (pane, &area);
  if (pane->message)
    {
      int least_w = 0, least_h = 0;
      if (pane->room > 0)
        area.width = MIN (area.width, pane->room - DH_PANE_INSET);
      set_shown (pane->message, !pane->in_strip);
      gtk_widget_measure (pane->message, GTK_ORIENTATION_HORIZONTAL, -1, &least_w, NULL, NULL, NULL);
      area.width = MAX (area.width, least_w);
      gtk_widget_measure (pane->message, GTK_ORIENTATION_VERTICAL, area.width, &least_h, NULL, NULL, NULL);
      area.height = MAX (area.height, least_h);
      gtk_widget_size_allocate (pane->message, &area, -1);
    }
}

void
dh_pane_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                 int *minimum_baseline, int *natural_baseline)
{
  /* The canvas decides; children must still be measured before they are allocated. */
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_visible (child))
      {
        int least = 0;
        gtk_widget_measure (child, orientation, -1, &least, NULL, NULL, NULL);
      }
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 60 : 48;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 320 : 220;
}

void
dh_pane_get_picture_area (DhPane *pane, GdkRectangle *area)
{
  int width = gtk_widget_get_width (GTK_WIDGET (pane)), height = gtk_widget_get_height (GTK_WIDGET (pane));
  if (pane->in_strip)
    *area = (GdkRectangle){ DH_PANE_INSET, DH_PANE_INSET, MAX (0, width - 2 * DH_PANE_INSET),
                            MAX (0, height - 18 - DH_PANE_INSET) };
  else
    *area = (GdkRectangle){ DH_PANE_INSET, DH_PANE_HEAD, MAX (0, width - 2 * DH_PANE_INSET),
                            MAX (0, height - DH_PANE_HEAD - DH_PANE_INSET) };
}
