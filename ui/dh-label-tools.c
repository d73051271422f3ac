#include "dh-label-tools.h"
#include <math.h>
#include "dh-session-files.h"
#include "dh-ui.h"

/* GTK pixels: so near to its first corner a click closes a polygon. */
#define NEAR 8
#define MOST_DOUBLINGS 8 /* of the brush's radius, from half a pixel on */

struct _DhLabelTools
{
  DhCanvas *canvas;
  DhSession *session;
  DhView *view;
  GArray *corners; /* DhLabelPoint */
  char *image;     /* the picture that they are of */
};

static guint8
value_of (DhView *view)
{
  const char *value = dh_view_get_string (view, "label-value");
  return g_str_equal (value, "anomaly") ? 1 : g_str_equal (value, "ignore") ? 255 : 0;
}

guint32
dh_label_color (const char *value)
{
  return g_str_equal (value, "anomaly") ? DH_COLOR_FN : g_str_equal (value, "ignore") ? 0xc7c7c7 : 0xffffff;
}

static double
radius_of (DhView *view)
{
  return 0.5 * exp2 (dh_view_get_number (view, "label-size") * MOST_DOUBLINGS);
}

static void
show_polygon (DhLabelTools *self)
{
  dh_canvas_set_polygon (self->canvas, (const double *)(const void *)self->corners->data, self->corners->len);
}

static void
forget_polygon (DhLabelTools *self)
{
  g_array_set_size (self->corners, 0);
  show_polygon (self);
}

/* Corners that were set with care are not lost because something else is done: what they surround is drawn. */
static void
end_polygon (DhLabelTools *self)
{
  if (self->corners->len > 2)
    dh_label_tools_close (self);
}

/* What the pointer is now. */
static void
show_tool (DhLabelTools *self)
{
  const gboolean draws = dh_session_get_label_edit (self->session) != NULL;
  const gboolean brush = dh_view_is (self->view, "label-tool", "brush");
  if (draws && !dh_view_is (self->view, "label-tool", "polygon"))
    end_polygon (self);
  /* While labels are read, they may be those of the same picture again. */
  if (self->corners->len > 0
      && (!dh_session_is_labelling (self->session) || !dh_view_is (self->view, "label-tool", "polygon")
          || dh_session_explain_labels (self->session) != NULL))
    forget_polygon (self);
  dh_canvas_set_tool (self->canvas,
                      !draws  ? DH_TOOL_NONE
                      : brush ? DH_TOOL_BRUSH
                              : DH_TOOL_POINT,
                      radius_of (self->view), dh_label_color (dh_view_get_string (self->view, "label-value")));
}

/* Another picture: what was begun on the former is no part of it. A set that is read again shows none for a moment. */
static void
on_current (DhLabelTools *self)
{
  g_autofree char *image = dh_session_dup_image_file (self->session);
  if (self->corners->len > 0 && image != NULL && g_strcmp0 (image, self->image) != 0)
    forget_polygon (self);
}

static gboolean
may_draw (DhLabelTools *self)
{
  if (value_of (self->view) != 255 || dh_session_labels_can_ignore (self->session))
    return TRUE;
  g_signal_emit_by_name (self->session, "message",
                         _ ("This set’s masks are of black and white, or of one value, and know no ignored pixels"));
  return FALSE;
}

static gboolean
is_near_first (DhLabelTools *self, double x, double y)
{
  const DhLabelPoint *first = &g_array_index (self->corners, DhLabelPoint, 0);
  const double zoom = dh_canvas_get_zoom (self->canvas) / gtk_widget_get_scale_factor (GTK_WIDGET (self->canvas));
  return self->corners->len > 2 && hypot (x - first->x, y - first->y) * zoom < NEAR;
}

static void
add_corner (DhLabelTools *self, double x, double y, int n_press)
{
  const DhLabelPoint corner = { x, y };
  if (n_press > 1 || is_near_first (self, x, y))
    {
      dh_label_tools_close (self);
      return;
    }
  if (self->corners->len == 0)
    {
      g_free (self->image);
      self->image = dh_session_dup_image_file (self->session);
    }
  g_array_append_val (self->corners, corner);
  show_polygon (self);
}

static void
take_object (DhLabelTools *self, DhLabelEdit *edit, double x, double y)
{
  const DhScore score = dh_session_get_active_score (self->session);
  const double threshold = dh_session_get_threshold (self->session, score)->value;
  if (x >= 0 && y >= 0
      && dh_label_edit_fill_object (edit, dh_session_get_frame (self->session), score, threshold, (guint)x, (guint)y,
                                    value_of (self->view)))
    dh_session_tell_labels (self->session);
  else
    g_signal_emit_by_name (self->session, "message",
                           _ ("Nothing is flagged or labelled there: another threshold may flag it"));
}

static void
on_tool (DhCanvas *canvas, guint phase, double x, double y, int n_press, DhLabelTools *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self->session);
  if (edit == NULL)
    return;
  if (phase == DH_TOOL_PRESSED && !may_draw (self))
    return;
  if (phase == DH_TOOL_PRESSED && dh_view_is (self->view, "label-tool", "polygon"))
    add_corner (self, x, y, n_press);
  else if (phase == DH_TOOL_PRESSED && dh_view_is (self->view, "label-tool", "object"))
    take_object (self, edit, x, y);
  else if (dh_view_is (self->view, "label-tool", "brush"))
    {
      if (phase == DH_TOOL_PRESSED && !dh_label_edit_is_stroking (edit))
        dh_label_edit_begin_stroke (edit, x, y, radius_of (self->view), value_of (self->view));
      else if (phase == DH_TOOL_MOVED && dh_label_edit_is_stroking (edit))
        dh_label_edit_move_stroke (edit, x, y);
      else if (phase == DH_TOOL_RELEASED && dh_label_edit_is_stroking (edit))
        dh_label_edit_end_stroke (edit);
      dh_session_tell_labels (self->session);
    }
}

gboolean
dh_label_tools_close (DhLabelTools *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self->session);
  if (self->corners->len == 0 || edit == NULL)
    return FALSE;
  const gboolean changed = self->corners->len > 2
                           && dh_label_edit_fill_polygon (edit, (const DhLabelPoint *)(const void *)self->corners->data,
                                                          self->corners->len, value_of (self->view));
  forget_polygon (self);
  if (changed)
    dh_session_tell_labels (self->session);
  return TRUE;
}

gboolean
dh_label_tools_drop_corner (DhLabelTools *self)
{
  if (self->corners->len == 0)
    return FALSE;
  g_array_set_size (self->corners, self->corners->len - 1);
  show_polygon (self);
  return TRUE;
}

gboolean
dh_label_tools_drop (DhLabelTools *self)
{
  if (self->corners->len == 0)
    return FALSE;
  forget_polygon (self);
  return TRUE;
}

gboolean
dh_label_tools_resize (DhLabelTools *self, gint steps)
{
  if (!dh_session_is_labelling (self->session) || !dh_view_is (self->view, "label-tool", "brush"))
    return FALSE;
  const double size = dh_view_get_number (self->view, "label-size") + steps / (4.0 * MOST_DOUBLINGS);
  g_object_set (self->view, "label-size", CLAMP (size, 0, 1), NULL);
  return TRUE;
}

static void
tools_free (gpointer data, GClosure *closure)
{
  DhLabelTools *self = data;
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_signal_handlers_disconnect_by_data (self->view, self);
  g_array_unref (self->corners);
  g_free (self->image);
  g_object_unref (self->session);
  g_object_unref (self->view);
  g_free (self);
}

DhLabelTools *
dh_label_tools_connect (DhCanvas *canvas, DhSession *session)
{
  DhLabelTools *self = g_new0 (DhLabelTools, 1);
  self->canvas = canvas;
  self->session = g_object_ref (session);
  self->view = g_object_ref (dh_session_get_view (session));
  self->corners = g_array_new (FALSE, FALSE, sizeof (DhLabelPoint));
  static const char *const of_view[] = { "notify::label-tool", "notify::label-value", "notify::label-size" };
  for (guint i = 0; i < G_N_ELEMENTS (of_view); i++)
    g_signal_connect_swapped (self->view, of_view[i], G_CALLBACK (show_tool), self);
  g_signal_connect_swapped (session, "labels", G_CALLBACK (show_tool), self);
  g_signal_connect_swapped (session, "labels-ending", G_CALLBACK (end_polygon), self);
  g_signal_connect_swapped (session, "notify::current", G_CALLBACK (on_current), self);
  g_signal_connect_data (canvas, "tool", G_CALLBACK (on_tool), self, tools_free, 0);
  return self;
}
