#include "dh-browse-panes.h"
#include <math.h>
#include <string.h>
#include "dh-browse-panes-private.h"
#include "dh-run-list.h"
#include "dh-run-threshold.h"
#include "dh-session-labels.h"
#include "dh-set-seen.h"
#include "dh-shown-classes.h"

static gint
score_of (gint map)
{
  for (guint i = 0; i < DH_N_SCORES; i++)
    if ((gint)dh_score_map (i) == map)
      return (gint)i;
  return -1;
}

static void
show_scale (DhBrowsePanes *self, gint map)
{
  DhScale scale = DH_SCALE_INIT;
  dh_color_map_from_name (dh_view_get_string (self->view, "colors"), &scale.map);
  dh_session_get_range (self->session, (DhFrameMap)map, dh_view_get_boolean (self->view, "this-image"), &scale.low,
                        &scale.high);
  gint score = score_of (map);
  const DhRunMap *run = map >= DH_N_FRAME_MAPS ? dh_session_get_run_map (self->session, map - DH_FRAME_RUN_A) : NULL;
  gint kind = run != NULL ? (gint)run->kind : map;
  gboolean low_is_anomalous = kind == DH_FRAME_LIKELIHOOD || kind == DH_FRAME_DATASET_POSTERIOR;
  scale.reversed = low_is_anomalous && dh_view_get_boolean (self->view, "bright");
  scale.flag_below = low_is_anomalous;
  if (score >= 0)
    scale.threshold = dh_session_get_threshold (self->session, (DhScore)score)->value;
  else if (run != NULL)
    scale.threshold = dh_session_get_run_threshold (self->session, (guint)map - DH_FRAME_RUN_A)->value;
  dh_browse_comparison_adjust (self, map, &scale);
  dh_canvas_set_scale (self->canvas, (guint)map, &scale);
  dh_canvas_set_outline (self->canvas, (guint)map, dh_view_get_boolean (self->view, "outline"));
}

static void
show_scales (DhBrowsePanes *self)
{
  for (gint map = DH_FRAME_LIKELIHOOD; map < DH_N_SHOWN_MAPS; map++)
    show_scale (self, map);
}

static void
show_palette (DhBrowsePanes *self)
{
  guint8 rgb[256 * 3];
  for (guint i = 0; i < 256; i++)
    dh_session_get_class_color (self->session, dh_view_get_palette (self->view), i, rgb + 3 * i);
  dh_canvas_set_palette (self->canvas, rgb, 256);
}

static void
show_hidden_classes (DhBrowsePanes *self)
{
  gboolean hidden[DH_MOST_CLASSES];
  dh_shown_classes_get (self->session, hidden);
  dh_canvas_set_hidden_classes (self->canvas, hidden, DH_MOST_CLASSES);
}

/* What is missing in panes of classes is told where maps have their formula. */
char *
dh_browse_panes_dup_formula (DhBrowsePanes *self, const DhPaneContent *content)
{
  const gboolean of_classes = content->kind == DH_PANE_SEGMENTATION || content->kind == DH_PANE_CLASSES;
  return of_classes ? dh_shown_classes_dup_note (self->session) : g_strdup (content->formula);
}

static void
show_formula (DhBrowsePanes *self, guint index)
{
  g_autofree char *formula = dh_browse_panes_dup_formula (self, self->shown[index]);
  dh_pane_set_formula (dh_canvas_get_pane (self->canvas, index), formula);
}

void
dh_browse_panes_show_overlay (DhBrowsePanes *self)
{
  const char *name = dh_view_get_string (self->view, "overlay");
  DhOverlay overlay = g_str_equal (name, "mask")      ? DH_OVERLAY_MASK
                      : g_str_equal (name, "outcome") ? DH_OVERLAY_OUTCOME
                      : g_str_equal (name, "classes") ? DH_OVERLAY_CLASSES
                                                      : DH_OVERLAY_NONE;
  if (dh_session_get_label_edit (self->session) != NULL)
    overlay = DH_OVERLAY_LABELS;
  dh_canvas_set_overlay (self->canvas, overlay, dh_view_get_number (self->view, "opacity"),
                         dh_view_get_boolean (self->view, "fill"));
  dh_canvas_set_active_map (self->canvas, dh_score_map (dh_session_get_active_score (self->session)));
  const char *layout = dh_view_get_string (self->view, "layout");
  dh_canvas_set_layout (self->canvas, g_str_equal (layout, "single")    ? DH_CANVAS_SINGLE
                                      : g_str_equal (layout, "compare") ? DH_CANVAS_COMPARE
                                                                        : DH_CANVAS_GRID);
}

static void
show_pane_states (DhBrowsePanes *self)
{
  for (guint i = 0; i < self->n_shown; i++)
    {
      dh_browse_panes_show_message (self, i);
      dh_browse_panes_show_legend (self, i);
    }
}

/* Scales of aligned maps are made of thresholds, medians and the picture. */
static void
show_comparison (DhBrowsePanes *self)
{
  if (self->comparing)
    show_scales (self);
  dh_browse_comparison_update (self);
}

/* Rows of the frame's arrays have no padding. */
static void
show_frame (DhBrowsePanes *self)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  DhCanvas *canvas = self->canvas;
  if (frame != self->frame)
    {
      self->computing = FALSE;
      DhFrame *before = self->frame;
      self->frame = frame != NULL ? dh_frame_ref (frame) : NULL;
      self->edit = NULL;
      if (frame == NULL)
        dh_canvas_clear (canvas);
      else
        {
          guint width = frame->width, height = frame->height;
          dh_canvas_set_image (canvas, frame->image, width, height, (gsize)3 * width, 3);
          dh_browse_labels_show (self);
          dh_canvas_set_classes (canvas, frame->classes, width, height, width);
          dh_canvas_set_segmentation (canvas, frame->maps[DH_FRAME_SEGMENTATION], width, height, width);
          for (guint map = DH_FRAME_LIKELIHOOD; map < DH_N_SHOWN_MAPS; map++)
            dh_canvas_set_map (canvas, map, frame->maps[map], width, height, sizeof (float) * width);
        }
      g_clear_pointer (&before, dh_frame_unref);
      show_comparison (self);
    }
  show_pane_states (self);
}

static void
on_progress (DhBrowsePanes *self, double fraction, double seconds, const char *layer)
{
  self->computing = TRUE;
  self->fraction = fraction;
  self->seconds = seconds;
  g_free (self->layer);
  self->layer = g_strdup (layer);
  for (guint i = 0; i < self->n_shown; i++)
    if (self->shown[i]->map >= 0 || self->shown[i]->kind == DH_PANE_DIFFERENCE)
      dh_browse_panes_show_message (self, i);
}

static void
set_content_state (DhBrowsePanes *self, guint index, const char *name)
{
  g_autofree char *id = g_strdup_printf ("content%u", index);
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), id);
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (name));
}

gboolean
dh_browse_panes_is_there (DhBrowsePanes *self, const DhPaneContent *content)
{
  gboolean open = dh_session_has_dataset (self->session);
  if (content->kind == DH_PANE_TRUTH)
    return !open || dh_session_has_anomaly_labels (self->session) || dh_session_leaves_unmeasured (self->session);
  if (content->kind == DH_PANE_CLASSES)
    return !open || dh_session_has_class_labels (self->session);
  return TRUE;
}

static guint
list_chosen (DhBrowsePanes *self, const DhPaneContent **shown)
{
  g_auto (GStrv) names = g_strsplit (dh_view_get_string (self->view, "panes"), ",", -1);
  guint n = 0;
  for (guint i = 0; names[i] != NULL && n < DH_CANVAS_MAX_PANES; i++)
    {
      const DhPaneContent *content = dh_pane_content_find (names[i]);
      if (content != NULL && dh_browse_panes_is_there (self, content))
        shown[n++] = content;
    }
  if (n == 0)
    shown[n++] = &dh_pane_contents[0];
  return n;
}

static char *
title_of (DhBrowsePanes *self, guint pane)
{
  const char *title = _ (self->shown[pane]->title);
  g_autofree char *text = NULL;
  for (guint side = 0; side < 2; side++)
    if (self->comparing && self->sides[side] == (gint)pane)
      {
        text = dh_browse_comparison_dup_title (self->session, side);
        return g_strdup_printf ("%c  %s", "AB"[side], text);
      }
  g_autofree char *worse = self->shown[pane]->kind == DH_PANE_IMAGE ? dh_session_dup_seen (self->session) : NULL;
  return worse != NULL ? g_strdup_printf ("%s · %s", title, worse) : g_strdup (title);
}

static void
show_panes (DhBrowsePanes *self)
{
  DhPaneSpec specs[DH_CANVAS_MAX_PANES];
  self->comparing = dh_view_is (self->view, "layout", "compare");
  dh_browse_comparison_tell_runs (self);
  self->n_shown = self->comparing ? dh_browse_comparison_list (self, self->shown) : list_chosen (self, self->shown);
  for (guint i = 0; i < self->n_shown; i++)
    {
      const DhPaneContent *content = self->shown[i];
      specs[i] = (DhPaneSpec){ content->kind, content->kind == DH_PANE_MAP ? (guint)content->map : 0 };
    }
  dh_canvas_set_panes (self->canvas, specs, self->n_shown);
  dh_browse_look_show_own (self);
  for (guint i = 0; i < self->n_shown; i++)
    {
      DhPane *pane = dh_canvas_get_pane (self->canvas, i);
      g_autoptr (GMenuModel) menu = dh_browse_panes_new_pane_menu (self, i);
      g_autofree char *title = title_of (self, i);
      gboolean has_bar = self->shown[i]->kind == DH_PANE_MAP || self->shown[i]->kind == DH_PANE_DIFFERENCE;
      dh_pane_set_title (pane, title);
      show_formula (self, i);
      dh_pane_set_menu (pane, menu);
      dh_pane_set_show_color_bar (pane, has_bar && dh_view_get_boolean (self->view, "color-bar"));
      if (!self->comparing)
        set_content_state (self, i, self->shown[i]->name);
      if (self->shown[i]->map >= 0 && self->shown[i]->map < DH_N_FRAME_MAPS)
        dh_session_want_map (self->session, (DhFrameMap)self->shown[i]->map);
    }
  show_comparison (self);
  dh_browse_comparison_settle_blink (self);
  show_pane_states (self);
}

static void
on_threshold (DhBrowsePanes *self, guint score)
{
  dh_canvas_set_threshold (self->canvas, dh_score_map (score), dh_session_get_threshold (self->session, score)->value);
  if (!self->comparing)
    return;
  gboolean had = self->has_difference;
  if (dh_view_is (self->view, "compare-scale", "aligned"))
    show_scales (self);
  dh_browse_comparison_update (self);
  if (had != self->has_difference)
    show_pane_states (self);
}

static void
on_run_threshold (DhBrowsePanes *self, guint side)
{
  if (!self->comparing)
    return;
  const gboolean had = self->has_difference;
  /* As the network's: the canvas knows that something is being dragged. */
  dh_canvas_set_threshold (self->canvas, DH_FRAME_RUN_A + side,
                           dh_session_get_run_threshold (self->session, side)->value);
  show_scale (self, DH_FRAME_RUN_A + (gint)side);
  dh_browse_comparison_update (self);
  if (had != self->has_difference)
    show_pane_states (self);
}

/* Layout, mode, sides or scale of a comparison were chosen. */
static void
show_compared (DhBrowsePanes *self)
{
  gboolean before = self->comparing;
  show_panes (self);
  if (before && !self->comparing)
    show_scales (self);
  else if (self->comparing)
    dh_canvas_set_active_pane (self->canvas, 0); /* a large one */
  dh_browse_panes_show_overlay (self);
}

static void
on_view (DhBrowsePanes *self, GParamSpec *spec)
{
  static const char *const of_scales[] = { "colors", "this-image", "bright", "outline", NULL };
  if (g_strv_contains (of_scales, spec->name))
    show_scales (self);
  else if (g_str_equal (spec->name, "compare-split"))
    {
      dh_canvas_set_split (self->canvas, dh_view_get_number (self->view, "compare-split"));
      return;
    }
  else if (g_str_equal (spec->name, "look") || g_str_equal (spec->name, "own-looks")
           || g_str_equal (spec->name, "active-pane"))
    {
      if (*spec->name == 'a')
        dh_browse_look_show_pane (self);
      else
        dh_browse_look_show (self);
      return;
    }
  else if (g_str_equal (spec->name, "layout") || g_str_has_prefix (spec->name, "compare-"))
    show_compared (self);
  else if (g_str_equal (spec->name, "panes") || g_str_equal (spec->name, "color-bar"))
    {
      /* Their numbers are others' now. */
      if (*spec->name == 'p')
        g_object_set (self->view, "own-looks", "", NULL);
      show_panes (self);
    }
  else if (g_str_equal (spec->name, "palette"))
    show_palette (self);
  else if (g_str_equal (spec->name, "hidden-classes"))
    {
      show_hidden_classes (self);
      for (guint i = 0; i < self->n_shown; i++)
        show_formula (self, i);
    }
  else
    dh_browse_panes_show_overlay (self);
  show_pane_states (self);
}

/* Another run stands there, its map was read, or the list of runs in the menus is another. */
static void
on_compared (DhBrowsePanes *self)
{
  if (self->comparing)
    show_panes (self);
}

static void
on_active (DhBrowsePanes *self)
{
  dh_browse_panes_show_overlay (self);
  show_comparison (self);
  show_pane_states (self);
}

/* Other weights or another set: other classes, other panes. */
static void
on_context (DhBrowsePanes *self)
{
  show_palette (self);
  show_hidden_classes (self);
  show_scales (self);
  show_panes (self);
}

static void
on_stats (DhBrowsePanes *self)
{
  if (dh_view_get_boolean (self->view, "this-image"))
    show_scales (self);
  if (!self->comparing)
    return;
  show_comparison (self);
  show_pane_states (self);
}

static void
panes_free (gpointer data, GClosure *closure)
{
  DhBrowsePanes *self = data;
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_signal_handlers_disconnect_by_data (dh_session_get_runs (self->session), self);
  g_signal_handlers_disconnect_by_data (self->view, self);
  dh_browse_comparison_stop (self);
  for (guint i = 0; i < DH_CANVAS_MAX_PANES; i++)
    dh_browse_panes_forget_message (&self->messages[i]);
  g_clear_pointer (&self->frame, dh_frame_unref);
  g_object_unref (self->actions);
  g_object_unref (self->session);
  g_object_unref (self->view);
  g_free (self->layer);
  g_free (self);
}

static void
on_destroy (DhCanvas *canvas, gpointer data)
{
}

void
dh_browse_panes_connect (DhCanvas *canvas, DhSession *session)
{
  DhBrowsePanes *self = g_new0 (DhBrowsePanes, 1);
  self->canvas = canvas;
  self->session = g_object_ref (session);
  self->view = g_object_ref (dh_session_get_view (session));
  dh_browse_panes_add_actions (self);
  gtk_widget_insert_action_group (GTK_WIDGET (canvas), "pane", G_ACTION_GROUP (self->actions));
  g_object_set_data (G_OBJECT (canvas), "pane-actions", self->actions);
  g_signal_connect_swapped (session, "threshold", G_CALLBACK (on_threshold), self);
  g_signal_connect_swapped (session, "run-threshold", G_CALLBACK (on_run_threshold), self);
  g_signal_connect_swapped (session, "ranges", G_CALLBACK (show_scales), self);
  g_signal_connect_swapped (session, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect_swapped (session, "notify::frame", G_CALLBACK (show_frame), self);
  g_signal_connect_swapped (session, "notify::stats", G_CALLBACK (on_stats), self);
  g_signal_connect_swapped (session, "notify::set-stats", G_CALLBACK (on_stats), self);
  g_signal_connect_swapped (session, "notify::active-score", G_CALLBACK (on_active), self);
  g_signal_connect_swapped (session, "notify::model-info", G_CALLBACK (on_context), self);
  g_signal_connect_swapped (session, "notify::dataset-title", G_CALLBACK (on_context), self);
  g_signal_connect_swapped (session, "notify::loading", G_CALLBACK (show_pane_states), self);
  g_signal_connect_swapped (session, "compared", G_CALLBACK (on_compared), self);
  g_signal_connect_swapped (dh_session_get_runs (session), "items-changed", G_CALLBACK (on_compared), self);
  g_signal_connect_swapped (self->view, "notify", G_CALLBACK (on_view), self);
  g_signal_connect_data (canvas, "destroy", G_CALLBACK (on_destroy), self, panes_free, 0);
  dh_browse_comparison_connect (self);
  dh_browse_labels_connect (self);
  on_context (self);
  dh_browse_panes_show_overlay (self);
  dh_browse_look_connect (self);
  show_frame (self);
}
