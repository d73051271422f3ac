/* What a histogram writes lies on nothing else that it draws, wherever its line stands. */
#include <math.h>
#include "dh-histogram.h"
#include "dh-widgets.h"
#include "pointer.h"

static DhHistogram *histogram;
static GtkAdjustment *adjustment;

typedef struct
{
  GArray *texts, *brackets, *handles; /* graphene_rect_t */
} Drawn;

static void
walk (GskRenderNode *node, float x, float y, Drawn *drawn)
{
  graphene_rect_t bounds;
  gsk_render_node_get_bounds (node, &bounds);
  graphene_rect_offset (&bounds, x, y);
  switch (gsk_render_node_get_node_type (node))
    {
    case GSK_CONTAINER_NODE:
      for (guint i = 0; i < gsk_container_node_get_n_children (node); i++)
        walk (gsk_container_node_get_child (node, i), x, y, drawn);
      break;
    case GSK_TRANSFORM_NODE:
      {
        float dx, dy;
        gsk_transform_to_translate (gsk_transform_node_get_transform (node), &dx, &dy);
        walk (gsk_transform_node_get_child (node), x + dx, y + dy, drawn);
        break;
      }
    case GSK_CLIP_NODE:
      walk (gsk_clip_node_get_child (node), x, y, drawn);
      break;
    case GSK_DEBUG_NODE:
      walk (gsk_debug_node_get_child (node), x, y, drawn);
      break;
    case GSK_TEXT_NODE:
      graphene_rect_inset (&bounds, 0, 2.5f); /* lines have room over and under their letters */
      g_array_append_val (drawn->texts, bounds);
      break;
    case GSK_COLOR_NODE:
      if (bounds.size.height == 1.5f)
        g_array_append_val (drawn->brackets, bounds);
      break;
    case GSK_CAIRO_NODE:
      if (bounds.size.width == 16 && bounds.size.height == 14)
        {
          graphene_rect_inset (&bounds, 2, 2);
          g_array_append_val (drawn->handles, bounds);
        }
      break;
    default:
      break;
    }
}

static void
assert_apart (GArray *some, GArray *others, const char *what)
{
  for (guint i = 0; i < some->len; i++)
    for (guint j = 0; j < others->len; j++)
      if (graphene_rect_intersection (&g_array_index (some, graphene_rect_t, i),
                                      &g_array_index (others, graphene_rect_t, j), NULL))
        {
          const graphene_rect_t *text = &g_array_index (some, graphene_rect_t, i);
          const graphene_rect_t *other = &g_array_index (others, graphene_rect_t, j);
          g_error ("with the line at %g a text at %g, %g of %g × %g lies on %s at %g, %g of %g × %g",
                   gtk_adjustment_get_value (adjustment), text->origin.x, text->origin.y, text->size.width,
                   text->size.height, what, other->origin.x, other->origin.y, other->size.width, other->size.height);
        }
}

static void
test_apart (void)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (histogram));
  for (guint below = 0; below < 2; below++)
    {
      dh_histogram_set_flag_below (histogram, below);
      for (double at = -20; at <= -4; at += 0.5)
        {
          gtk_adjustment_set_value (adjustment, at);
          pointer_wait (40);
          Drawn drawn = { g_array_new (FALSE, FALSE, sizeof (graphene_rect_t)),
                          g_array_new (FALSE, FALSE, sizeof (graphene_rect_t)),
                          g_array_new (FALSE, FALSE, sizeof (graphene_rect_t)) };
          g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
          gdk_paintable_snapshot (paintable, snapshot, gtk_widget_get_width (GTK_WIDGET (histogram)),
                                  gtk_widget_get_height (GTK_WIDGET (histogram)));
          g_autoptr (GskRenderNode) node = gtk_snapshot_to_node (snapshot);
          g_assert_nonnull (node);
          walk (node, 0, 0, &drawn);
          g_assert_cmpuint (drawn.texts->len, >=, 4);
          g_assert_cmpint (drawn.brackets->len > 0, >=, at > -20 && at < -4);
          g_assert_cmpuint (drawn.handles->len, ==, 1);
          assert_apart (drawn.texts, drawn.brackets, "the bracket");
          assert_apart (drawn.texts, drawn.handles, "the handle");
          g_array_unref (drawn.texts);
          g_array_unref (drawn.brackets);
          g_array_unref (drawn.handles);
        }
    }
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  histogram = DH_HISTOGRAM (dh_histogram_new ());
  adjustment = gtk_adjustment_new (-12, -20, -4, 0.05, 0.5, 0);
  dh_histogram_set_adjustment (histogram, adjustment);
  guint64 inliers[32], anomalies[32];
  for (guint i = 0; i < 32; i++)
    {
      inliers[i] = (guint64)(1.1e4 * exp (-0.02 * (i - 10.0) * (i - 10.0)));
      anomalies[i] = i > 12 ? 300 : 0;
    }
  dh_histogram_set_counts (histogram, -20, -4, inliers, anomalies, 32);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (histogram));
  GtkWidget *window = pointer_show (box, 332, 200);
  g_test_add_func ("/histogram/apart", test_apart);
  int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  pointer_wait (50);
  return result;
}
