#include <math.h>
#include <inttypes.h>
#include "dh-browse-panes-private.h"
#include "dh-set-seen.h"
#include "dh-comparison.h"
#include "dh-kept-map.h"
#include "dh-number.h"
#include "dh-run-list.h"
#include "dh-run-map.h"

/* Which of two pictures is seen changes often enough to see what moves, and less than three times a second. */
#define BLINK_MS 600

static const DhPaneContent difference = { "difference", N_ ("A − B"), NULL, DH_PANE_DIFFERENCE, -1 };

/* Another run's map. */
static const DhPaneContent runs[2] = { { "run-a", N_ ("Run"), NULL, DH_PANE_MAP, DH_FRAME_RUN_A },
                                       { "run-b", N_ ("Run"), NULL, DH_PANE_MAP, DH_FRAME_RUN_B } };

/* "run:12", or what is kept; 0: neither. */
static gint64
run_of (DhView *view, guint side)
{
  const char *name = dh_view_get_string (view, side ? "compare-b" : "compare-a");
  gint64 run = 0;
  if (g_str_equal (name, DH_KEPT_NAME))
    return DH_KEPT_RUN;
  return g_str_has_prefix (name, "run:") && g_ascii_string_to_signed (name + 4, 10, 1, G_MAXINT64, &run, NULL) ? run
                                                                                                               : 0;
}

const DhPaneContent *
dh_browse_comparison_side (DhView *view, guint side)
{
  const DhPaneContent *content = dh_pane_content_find (dh_view_get_string (view, side ? "compare-b" : "compare-a"));
  if (run_of (view, side) != 0)
    return &runs[side];
  return content != NULL ? content : dh_pane_content_find (side ? "likelihood" : "hybrid");
}

/* The run that stands there, a new reference; NULL where none does, or the list of runs has it not (yet). */
static DhRunItem *
find_run (DhSession *session, guint side)
{
  const gint64 id = run_of (dh_session_get_view (session), side);
  GListModel *list = dh_session_get_runs (session);
  for (guint i = 0; id != 0 && i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (list, i);
      if (dh_run_item_get (item)->id == id)
        return g_steal_pointer (&item);
    }
  return NULL;
}

static char *
dup_title (DhSession *session, guint side)
{
  DhView *view = dh_session_get_view (session);
  const gint64 id = run_of (view, side);
  g_autoptr (DhRunItem) item = find_run (session, side);
  const DhRun *run = item != NULL ? dh_run_item_get (item) : NULL;
  if (id == DH_KEPT_RUN)
    return dh_browse_kept_dup_title (session);
  const DhPaneContent *content = run != NULL && run->score != NULL ? dh_pane_content_find (run->score) : NULL;
  if (run != NULL && run->imported)
    return g_strdup_printf (_ ("Run %" PRId64 " · %s"), id, run->model);
  if (content != NULL)
    return g_strdup_printf (_ ("Run %" PRId64 " · %s"), id, _ (content->title));
  if (id != 0)
    return g_strdup_printf (_ ("Run %" PRId64), id);
  return g_strdup (_ (dh_browse_comparison_side (view, side)->title));
}

char *
dh_browse_comparison_dup_title (DhSession *session, guint side)
{
  g_autoptr (DhRunItem) item = find_run (session, side);
  const DhRun *run = item != NULL ? dh_run_item_get (item) : NULL;
  g_autofree char *title = dup_title (session, side);
  return run != NULL ? dh_session_dup_name_seen (session, title, dh_run_get_seen (run)) : g_steal_pointer (&title);
}

char *
dh_browse_comparison_dup_long_title (DhSession *session, guint side)
{
  const DhModelInfo *info = dh_session_get_model_info (session);
  const gboolean own = dh_browse_comparison_side (dh_session_get_view (session), side)->map < DH_N_FRAME_MAPS;
  const gboolean made = dh_browse_comparison_side (dh_session_get_view (session), side)->map >= 0;
  g_autoptr (DhRunItem) item = find_run (session, side);
  /* An imported run's title bears the method already. */
  const DhRun *run = item != NULL ? dh_run_item_get (item) : NULL;
  const DhKeptMap *kept =
      run_of (dh_session_get_view (session), side) == DH_KEPT_RUN ? dh_session_get_kept_map (session) : NULL;
  const char *model = kept != NULL                  ? kept->model
                      : run != NULL                 ? run->imported ? NULL : run->model
                      : own && made && info != NULL ? info->title
                                                    : NULL;
  g_autofree char *title = dh_browse_comparison_dup_title (session, side);
  if (item != NULL && dh_run_item_get (item)->imported) /* the method is named already */
    return g_steal_pointer (&title);
  return model != NULL ? g_strdup_printf ("%s · %s", title, model) : g_steal_pointer (&title);
}

void
dh_browse_comparison_tell_runs (DhBrowsePanes *self)
{
  for (guint side = 0; side < 2; side++)
    dh_session_compare_run (self->session, side, self->comparing ? run_of (self->view, side) : 0);
}

const char *
dh_browse_comparison_refuse_difference (DhSession *session)
{
  DhView *view = dh_session_get_view (session);
  return dh_comparison_refuse (dh_session_get_comparison (session), dh_browse_comparison_side (view, 0)->map,
                               dh_browse_comparison_side (view, 1)->map);
}

const char *
dh_browse_comparison_mode (DhSession *session)
{
  const char *mode = dh_view_get_string (dh_session_get_view (session), "compare-mode");
  gboolean cannot = g_str_equal (mode, "difference") && dh_browse_comparison_refuse_difference (session) != NULL;
  return cannot ? "swipe" : mode;
}

static gboolean
is_aligned (DhBrowsePanes *self)
{
  return dh_view_is (self->view, "compare-scale", "aligned");
}

static gboolean
is_blinking (DhBrowsePanes *self)
{
  return self->comparing && g_str_equal (dh_browse_comparison_mode (self->session), "blink");
}

guint
dh_browse_comparison_list (DhBrowsePanes *self, const DhPaneContent **shown)
{
  const DhPaneContent *sides[2] = { dh_browse_comparison_side (self->view, 0),
                                    dh_browse_comparison_side (self->view, 1) };
  const char *mode = dh_browse_comparison_mode (self->session);
  gboolean subtracts = dh_browse_comparison_refuse_difference (self->session) == NULL;
  gboolean leads = g_str_equal (mode, "difference");
  guint n = 0;
  if (leads)
    shown[n++] = &difference;
  for (guint side = 0; side < 2; side++)
    {
      self->sides[side] = (gint)n;
      shown[n++] = sides[side];
    }
  if (subtracts && !leads)
    shown[n++] = &difference;
  /* What both are looked at against: a row of three, whatever is compared, so that its place stays the same. */
  static const char *const others[] = { "image", "truth", "segmentation", "hybrid", "likelihood" };
  for (guint i = 0; i < G_N_ELEMENTS (others) && n < (leads ? 4 : 5); i++)
    {
      const DhPaneContent *content = dh_pane_content_find (others[i]);
      gboolean is_made = content->map < 0 || dh_session_get_model_info (self->session) == NULL
                         || dh_session_has_map (self->session, (DhFrameMap)content->map);
      if (content != sides[0] && content != sides[1] && is_made && dh_browse_panes_is_there (self, content))
        shown[n++] = content;
    }
  dh_canvas_set_comparison (self->canvas,
                            g_str_equal (mode, "swipe")   ? DH_COMPARISON_SWIPED
                            : g_str_equal (mode, "blink") ? DH_COMPARISON_FLIPPED
                                                          : DH_COMPARISON_BESIDE,
                            leads ? 1 : 2);
  return n;
}

void
dh_browse_comparison_adjust (DhBrowsePanes *self, gint map, DhScale *scale)
{
  DhAlignment alignment;
  gboolean side = FALSE;
  for (guint i = 0; i < 2; i++)
    side |= dh_browse_comparison_side (self->view, i)->map == map;
  if (!self->comparing || !side || !is_aligned (self)
      || !dh_comparison_align (dh_session_get_comparison (self->session), (DhFrameMap)map, &alignment))
    return;
  double reach = DH_COMPARISON_RANGE / fabs (alignment.factor);
  scale->map = DH_COLOR_MAP_DIVERGING;
  scale->low = alignment.zero - reach;
  scale->high = alignment.zero + reach;
  scale->threshold = alignment.zero;
  scale->reversed = alignment.factor < 0;
  scale->flag_below = alignment.factor < 0;
}

gboolean
dh_browse_comparison_is_aligned (DhBrowsePanes *self, const DhPaneContent *content)
{
  DhAlignment alignment;
  return self->comparing && content->kind == DH_PANE_MAP && is_aligned (self)
         && dh_comparison_align (dh_session_get_comparison (self->session), (DhFrameMap)content->map, &alignment);
}

static char *
dup_formula (DhBrowsePanes *self, const DhPaneContent *content, const DhDifference *taken)
{
  if (content != &difference)
    {
      /* Its own scale where it cannot be aligned, and why. */
      if (content->kind != DH_PANE_MAP || !is_aligned (self))
        return dh_browse_panes_dup_formula (self, content);
      if (dh_browse_comparison_is_aligned (self, content))
        return g_strdup (_ ("white at τ"));
      return g_strdup (dh_frame_has_map (self->frame, (DhFrameMap)content->map) ? _ ("own scale: no τ or no inlier")
                                                                                : content->formula);
    }
  if (!self->has_difference)
    return NULL;
  if (taken->aligned)
    return g_strdup ("z = (s − τ) / (τ − median inlier)");
  const DhFrameMap a = (DhFrameMap)dh_browse_comparison_side (self->view, 0)->map,
                   b = (DhFrameMap)dh_browse_comparison_side (self->view, 1)->map;
  g_autofree char *formula = dh_comparison_dup_formula (dh_session_get_comparison (self->session), a, b);
  return g_strdup_printf ("%s, %s", formula, dh_comparison_unit_title (dh_session_get_comparison (self->session), a));
}

void
dh_browse_comparison_update (DhBrowsePanes *self)
{
  DhDifference taken = { 0 };
  const DhPaneContent *sides[2] = { dh_browse_comparison_side (self->view, 0),
                                    dh_browse_comparison_side (self->view, 1) };
  self->has_difference =
      self->comparing
      && dh_comparison_refuse (dh_session_get_comparison (self->session), sides[0]->map, sides[1]->map) == NULL
      && dh_comparison_subtract (dh_session_get_comparison (self->session), (DhFrameMap)sides[0]->map,
                                 (DhFrameMap)sides[1]->map, is_aligned (self), &taken);
  const DhCanvasDifference drawn = { .slot = { (guint)MAX (0, sides[0]->map), (guint)MAX (0, sides[1]->map) },
                                     .zero = { taken.side[0].zero, taken.side[1].zero },
                                     .factor = { taken.side[0].factor, taken.side[1].factor },
                                     .range = taken.range };
  dh_canvas_set_difference (self->canvas, self->has_difference ? &drawn : NULL);
  for (guint i = 0; i < self->n_shown && self->comparing; i++)
    {
      g_autofree char *formula = dup_formula (self, self->shown[i], &taken);
      dh_pane_set_formula (dh_canvas_get_pane (self->canvas, i), formula);
    }
}

char *
dh_browse_comparison_dup_value (DhSession *session, guint side, const DhProbe *probe)
{
  const DhPaneContent *content = dh_browse_comparison_side (dh_session_get_view (session), side);
  const DhFrame *frame = dh_session_get_frame (session);
  if (content->kind == DH_PANE_MAP)
    {
      double value = dh_frame_value (frame, (DhFrameMap)content->map, probe->x, probe->y);
      const DhRunMap *run =
          content->map >= DH_N_FRAME_MAPS ? dh_session_get_run_map (session, content->map - DH_FRAME_RUN_A) : NULL;
      gint kind = run != NULL ? (gint)run->kind : content->map;
      gboolean probability = kind == DH_FRAME_DATASET_POSTERIOR || kind == DH_FRAME_MAX_SOFTMAX;
      return probability ? dh_number_format_probability (value) : dh_number_format (value, 2);
    }
  if (content->kind == DH_PANE_IMAGE)
    {
      const guint8 *rgb = g_bytes_get_data (frame->image, NULL);
      rgb += 3 * ((gsize)probe->y * frame->width + probe->x);
      return g_strdup_printf ("%u %u %u", rgb[0], rgb[1], rgb[2]);
    }
  if (content->kind == DH_PANE_TRUTH)
    return g_strdup (probe->truth < 0    ? "—"
                     : probe->truth == 0 ? _ ("inlier")
                     : probe->truth == 1 ? _ ("anomaly")
                                         : _ ("void"));
  gint id = content->kind == DH_PANE_CLASSES ? probe->label_class : probe->segmentation_class;
  const char *name = id >= 0 ? dh_session_get_class_name (session, (guint)id) : "—";
  return name != NULL ? g_strdup (name) : g_strdup_printf (_ ("class %d"), id);
}

char *
dh_browse_comparison_dup_difference (DhSession *session, const DhProbe *probe, char **caption)
{
  DhView *view = dh_session_get_view (session);
  DhFrame *frame = dh_session_get_frame (session);
  gint a = dh_browse_comparison_side (view, 0)->map, b = dh_browse_comparison_side (view, 1)->map;
  DhDifference taken;
  if (dh_comparison_refuse (dh_session_get_comparison (session), a, b) != NULL
      || !dh_comparison_subtract (dh_session_get_comparison (session), (DhFrameMap)a, (DhFrameMap)b,
                                  dh_view_is (view, "compare-scale", "aligned"), &taken))
    return NULL;
  double value = dh_difference_at (&taken, dh_frame_value (frame, (DhFrameMap)a, probe->x, probe->y),
                                   dh_frame_value (frame, (DhFrameMap)b, probe->x, probe->y));
  g_autofree char *number = dh_number_format (value, taken.range < 1 ? 3 : 2);
  *caption = taken.aligned
                 ? g_strdup (_ ("A − B in z"))
                 : dh_comparison_dup_formula (dh_session_get_comparison (session), (DhFrameMap)a, (DhFrameMap)b);
  return g_strconcat (value > 0 ? "+" : "", number, NULL);
}

static gboolean
on_blink (gpointer data)
{
  DhBrowsePanes *self = data;
  if (gtk_widget_get_mapped (GTK_WIDGET (self->canvas)))
    dh_canvas_set_flipped (self->canvas, !dh_canvas_get_flipped (self->canvas));
  return G_SOURCE_CONTINUE;
}

static void
play (DhBrowsePanes *self, gboolean playing)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "blink-by-itself");
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_boolean (playing));
  g_clear_handle_id (&self->blink_id, g_source_remove);
  if (playing)
    self->blink_id = g_timeout_add (BLINK_MS, on_blink, self);
}

void
dh_browse_comparison_settle_blink (DhBrowsePanes *self)
{
  gboolean blinking = is_blinking (self);
  if (blinking == self->blinking)
    return;
  self->blinking = blinking;
  gboolean animations = TRUE;
  g_object_get (gtk_settings_get_default (), "gtk-enable-animations", &animations, NULL);
  play (self, blinking && animations);
}

static void
change_play (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  play (self, g_variant_get_boolean (value) && is_blinking (self));
}

/* By hand: from then on it does not go by itself. Elsewhere it leads to the blinking. */
static void
flip (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  if (!is_blinking (self))
    {
      g_object_set (self->view, "compare-mode", "blink", "layout", "compare", NULL);
      return;
    }
  play (self, FALSE);
  dh_canvas_set_flipped (self->canvas, !dh_canvas_get_flipped (self->canvas));
}

static void
swap (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhBrowsePanes *self = data;
  g_autofree char *a = g_strdup (dh_view_get_string (self->view, "compare-a"));
  g_autofree char *b = g_strdup (dh_view_get_string (self->view, "compare-b"));
  if (self->comparing)
    g_object_set (self->view, "compare-a", b, "compare-b", a, NULL);
}

void
dh_browse_comparison_add_actions (DhBrowsePanes *self)
{
  const GActionEntry entries[] = {
    { "blink-by-itself", NULL, NULL, "false", change_play },
    { "flip", flip, NULL, NULL, NULL },
    { "swap", swap, NULL, NULL, NULL },
  };
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries), self);
}

static void
on_split (DhBrowsePanes *self)
{
  g_object_set (self->view, "compare-split", dh_canvas_get_split (self->canvas), NULL);
}

void
dh_browse_comparison_connect (DhBrowsePanes *self)
{
  g_signal_connect_swapped (self->canvas, "split-changed", G_CALLBACK (on_split), self);
  dh_canvas_set_split (self->canvas, dh_view_get_number (self->view, "compare-split"));
}

void
dh_browse_comparison_stop (DhBrowsePanes *self)
{
  g_clear_handle_id (&self->blink_id, g_source_remove);
}
