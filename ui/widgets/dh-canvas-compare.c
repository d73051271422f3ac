#include <math.h>
#include "dh-canvas-private.h"

gboolean
dh_canvas_is_stacked (DhCanvas *canvas)
{
  return canvas->layout == DH_CANVAS_COMPARE && canvas->comparison != DH_COMPARISON_BESIDE && canvas->n_large == 2
         && canvas->n_panes >= 2;
}

guint
dh_canvas_get_place (DhCanvas *canvas, guint pane)
{
  return pane == 1 && dh_canvas_is_stacked (canvas) ? 0 : pane;
}

/* What is not there can be neither swiped nor flipped: its message stands in one half, the other picture in the other.
 */
static gboolean
is_parted (DhCanvas *canvas)
{
  return dh_pane_has_message (canvas->panes[0]) || dh_pane_has_message (canvas->panes[1]);
}

gboolean
dh_canvas_get_seen (DhCanvas *canvas, guint pane, graphene_rect_t *seen)
{
  dh_canvas_get_area (canvas, pane, seen);
  if (pane > 1 || !dh_canvas_is_stacked (canvas))
    return TRUE;
  gboolean parted = is_parted (canvas);
  if (canvas->comparison == DH_COMPARISON_FLIPPED && !parted)
    return (pane == 1) == canvas->flipped;
  float line = (float)round (seen->size.width * (parted ? 0.5 : canvas->split));
  if (pane == 1)
    seen->origin.x += line;
  seen->size.width = pane == 0 ? line : seen->size.width - line;
  return seen->size.width > 0;
}

void
dh_canvas_tell_stacked (DhCanvas *canvas, int half)
{
  gboolean stacked = dh_canvas_is_stacked (canvas);
  /* Both heads say as much as the fuller of the two has room for. */
  gboolean formulas =
      !stacked || (dh_pane_fits_formula (canvas->panes[0], half) && dh_pane_fits_formula (canvas->panes[1], half));
  for (guint i = 0; i < canvas->n_panes; i++)
    {
      dh_pane_set_room (canvas->panes[i], stacked && i == 0 ? half : 0);
      dh_pane_allow_formula (canvas->panes[i], formulas || i > 1);
      /* The ring about the place is the first pane's. */
      if (stacked && i == 1)
        gtk_widget_add_css_class (GTK_WIDGET (canvas->panes[i]), "dh-second");
      else
        gtk_widget_remove_css_class (GTK_WIDGET (canvas->panes[i]), "dh-second");
      dh_pane_set_active (canvas->panes[i], dh_canvas_get_place (canvas, canvas->active_pane) == i);
    }
  gboolean swiped =
      stacked && canvas->comparison == DH_COMPARISON_SWIPED && canvas->scene.width > 0 && !is_parted (canvas);
  if (!swiped)
    dh_canvas_keep_focus (canvas, canvas->handle, 0);
  gtk_widget_set_child_visible (canvas->handle, swiped);
}

void
dh_canvas_set_comparison (DhCanvas *canvas, DhComparisonKind kind, guint n_large)
{
  g_return_if_fail (DH_IS_CANVAS (canvas) && kind <= DH_COMPARISON_FLIPPED && n_large >= 1);
  if (canvas->comparison == kind && canvas->n_large == n_large)
    return;
  canvas->comparison = kind;
  canvas->n_large = n_large;
  canvas->flipped = FALSE;
  gtk_widget_queue_resize (GTK_WIDGET (canvas));
  dh_canvas_emit_view_changed (canvas);
}

void
dh_canvas_set_split (DhCanvas *canvas, double share)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  share = isfinite (share) ? CLAMP (share, 0.0, 1.0) : 0.5;
  if (canvas->split == share)
    return;
  canvas->split = share;
  dh_swipe_handle_update (canvas->handle);
  dh_canvas_queue_views (canvas);
}

double
dh_canvas_get_split (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), 0.5);
  return canvas->split;
}

void
dh_canvas_move_split (DhCanvas *canvas, double share)
{
  double before = canvas->split;
  dh_canvas_note_motion (canvas);
  dh_canvas_set_split (canvas, share);
  if (canvas->split != before)
    dh_canvas_emit_split_changed (canvas);
}

void
dh_canvas_set_flipped (DhCanvas *canvas, gboolean flipped)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  if (canvas->flipped == !!flipped)
    return;
  canvas->flipped = !!flipped;
  dh_canvas_queue_views (canvas);
}

gboolean
dh_canvas_get_flipped (DhCanvas *canvas)
{
  g_return_val_if_fail (DH_IS_CANVAS (canvas), FALSE);
  return canvas->flipped;
}

void
dh_canvas_set_difference (DhCanvas *canvas, const DhCanvasDifference *difference)
{
  g_return_if_fail (DH_IS_CANVAS (canvas));
  DhSceneDifference *scene = &canvas->scene.difference;
  gboolean others = (difference != NULL) != scene->is_set;
  if (difference == NULL)
    {
      scene->is_set = FALSE;
      if (others)
        dh_canvas_queue_frame (canvas);
      return;
    }
  const double *zero = difference->zero, *factor = difference->factor;
  g_return_if_fail (difference->slot[0] < DH_CANVAS_MAX_MAPS && difference->slot[1] < DH_CANVAS_MAX_MAPS);
  g_return_if_fail (isfinite (factor[0]) && isfinite (factor[1]) && difference->range > 0);
  others |= scene->slot[0] != difference->slot[0] || scene->slot[1] != difference->slot[1];
  *scene = (DhSceneDifference){
    .slot = { difference->slot[0], difference->slot[1] },
    .factor = { (float)factor[0], (float)factor[1] },
    .offset = (float)(zero[1] * factor[1] - zero[0] * factor[0]),
    .scale = { DH_COLOR_MAP_DIFFERENCE, FALSE, -difference->range, difference->range, (double)NAN, FALSE },
    .is_set = TRUE,
  };
  for (guint i = 0; i < canvas->n_panes; i++)
    if (dh_pane_get_kind (canvas->panes[i]) == DH_PANE_DIFFERENCE)
      dh_pane_set_scale (canvas->panes[i], &scene->scale);
  if (others)
    dh_canvas_queue_frame (canvas);
  else
    dh_canvas_queue_slot (canvas, DH_SCENE_DIFFERENCE_SLOT);
}
