#include "dh-browse-panes-private.h"

/* Where the user looked: written with the view while it changes, taken up by the first picture of that size. */

static void
tell_look (DhBrowsePanes *self)
{
  guint width, height;
  double zoom, x, y;
  if (self->look_waits || !dh_canvas_get_size (self->canvas, &width, &height))
    return;
  g_autofree char *text = NULL;
  if (dh_canvas_get_view (self->canvas, &zoom, &x, &y))
    {
      char number[3][G_ASCII_DTOSTR_BUF_SIZE];
      text = g_strdup_printf ("%s %s %s %u %u", g_ascii_formatd (number[0], sizeof number[0], "%.6g", zoom),
                              g_ascii_formatd (number[1], sizeof number[1], "%.8g", x),
                              g_ascii_formatd (number[2], sizeof number[2], "%.8g", y), width, height);
    }
  self->telling_look = TRUE;
  g_object_set (self->view, "look", text != NULL ? text : "fit", NULL);
  self->telling_look = FALSE;
}

/* Of a picture of another size it says nothing. */
static void
take_look (DhBrowsePanes *self)
{
  guint width, height;
  if (!dh_canvas_get_size (self->canvas, &width, &height))
    return;
  self->look_waits = FALSE;
  g_auto (GStrv) words = g_strsplit (dh_view_get_string (self->view, "look"), " ", -1);
  const gboolean fits = g_strv_length (words) == 5 && g_ascii_strtoull (words[3], NULL, 10) == width
                        && g_ascii_strtoull (words[4], NULL, 10) == height;
  if (fits)
    dh_canvas_set_view (self->canvas, g_ascii_strtod (words[0], NULL), g_ascii_strtod (words[1], NULL),
                        g_ascii_strtod (words[2], NULL));
  else
    dh_canvas_fit (self->canvas);
}

static void
on_view_changed (DhBrowsePanes *self)
{
  if (self->look_waits)
    take_look (self);
  tell_look (self);
}

static void
on_pane_activated (DhBrowsePanes *self, guint index)
{
  g_autofree char *text = g_strdup_printf ("%u", index);
  g_object_set (self->view, "active-pane", text, NULL);
}

void
dh_browse_look_show (DhBrowsePanes *self)
{
  if (self->telling_look)
    return;
  self->look_waits = TRUE;
  take_look (self);
}

void
dh_browse_look_show_pane (DhBrowsePanes *self)
{
  const guint index = (guint)g_ascii_strtoull (dh_view_get_string (self->view, "active-pane"), NULL, 10);
  if (index < self->n_shown)
    dh_canvas_set_active_pane (self->canvas, index);
}

void
dh_browse_look_connect (DhBrowsePanes *self)
{
  dh_browse_look_show (self);
  dh_browse_look_show_pane (self);
  g_signal_connect_swapped (self->canvas, "view-changed", G_CALLBACK (on_view_changed), self);
  g_signal_connect_swapped (self->canvas, "pane-activated", G_CALLBACK (on_pane_activated), self);
}
