#include "dh-browse-panes-private.h"

/* Where the user looked: written with the view while it changes, taken up by the first picture of that size. */

/* "1.5 320 240" */
static void
append_look (GString *text, double zoom, double x, double y)
{
  char number[3][G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf (text, "%s %s %s", g_ascii_formatd (number[0], sizeof number[0], "%.6g", zoom),
                          g_ascii_formatd (number[1], sizeof number[1], "%.8g", x),
                          g_ascii_formatd (number[2], sizeof number[2], "%.8g", y));
}

/* "2 1.5 320 240;4 0 0 0": panes of the grid that were moved alone, by their numbers. Those of a comparison are not
 * kept, and say nothing of these. */
static char *
dup_own_looks (DhBrowsePanes *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < dh_canvas_get_n_panes (self->canvas); i++)
    {
      double zoom, x, y;
      if (!dh_canvas_get_own_view (self->canvas, i, &zoom, &x, &y))
        continue;
      g_string_append_printf (text, "%s%u ", text->len > 0 ? ";" : "", i);
      append_look (text, zoom, x, y);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
tell_look (DhBrowsePanes *self)
{
  guint width, height;
  double zoom, x, y;
  if (self->look_waits || self->taking_look || !dh_canvas_get_size (self->canvas, &width, &height))
    return;
  g_autoptr (GString) text = g_string_new (NULL);
  if (dh_canvas_get_view (self->canvas, &zoom, &x, &y))
    append_look (text, zoom, x, y);
  else
    g_string_append (text, "0 0 0");
  g_string_append_printf (text, " %u %u", width, height);
  self->telling_look = TRUE;
  g_object_set (self->view, "look", text->str, NULL);
  g_autofree char *own = self->comparing ? NULL : dup_own_looks (self);
  if (own != NULL)
    g_object_set (self->view, "own-looks", own, NULL);
  self->telling_look = FALSE;
}

static void
take_own_looks (DhBrowsePanes *self)
{
  g_auto (GStrv) looks = g_strsplit (dh_view_get_string (self->view, "own-looks"), ";", -1);
  const guint n = dh_canvas_get_n_panes (self->canvas);
  /* All of them were parted. */
  if (n > 1 && g_strv_length (looks) == n)
    dh_canvas_set_linked (self->canvas, FALSE);
  for (guint i = 0; looks[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (looks[i], " ", -1);
      if (g_strv_length (words) == 4)
        dh_canvas_set_own_view (self->canvas, (guint)g_ascii_strtoull (words[0], NULL, 10),
                                g_ascii_strtod (words[1], NULL), g_ascii_strtod (words[2], NULL),
                                g_ascii_strtod (words[3], NULL));
    }
}

/* Of a picture of another size it says nothing. */
static void
take_look (DhBrowsePanes *self)
{
  guint width, height;
  if (!dh_canvas_get_size (self->canvas, &width, &height))
    return;
  self->look_waits = FALSE;
  self->taking_look = TRUE;
  g_auto (GStrv) words = g_strsplit (dh_view_get_string (self->view, "look"), " ", -1);
  const gboolean fits = g_strv_length (words) == 5 && g_ascii_strtoull (words[3], NULL, 10) == width
                        && g_ascii_strtoull (words[4], NULL, 10) == height;
  dh_canvas_set_view (self->canvas, fits ? g_ascii_strtod (words[0], NULL) : 0,
                      fits ? g_ascii_strtod (words[1], NULL) : 0, fits ? g_ascii_strtod (words[2], NULL) : 0);
  if (fits && !self->comparing)
    take_own_looks (self);
  self->taking_look = FALSE;
}

/* Back from a comparison the panes are where they were. */
void
dh_browse_look_show_own (DhBrowsePanes *self)
{
  if (self->comparing || self->look_waits)
    return;
  self->taking_look = TRUE;
  take_own_looks (self);
  self->taking_look = FALSE;
}

static void
on_view_changed (DhBrowsePanes *self)
{
  if (self->taking_look)
    return;
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
