#include "dh-kept-map.h"
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include "dh-file.h"
#include "dh-run-threshold.h"
#include "dh-session-private.h"
#include "dh-set-seen.h"

static const char *const side_names[2] = { "compare-a", "compare-b" };

void
dh_kept_map_free (gpointer data)
{
  DhKeptMap *kept = data;
  g_free (kept->model);
  g_free (kept->sha256);
  g_free (kept->device);
  g_free (kept->precision);
  g_free (kept->stem);
  g_free (kept->name);
  g_free (kept->seen);
  g_clear_pointer (&kept->values, g_bytes_unref);
  dh_threshold_clear (&kept->threshold);
  for (guint side = 0; side < 2; side++)
    g_free (kept->before[side]);
  g_free (kept->layout);
  g_free (kept);
}

const DhKeptMap *
dh_session_get_kept_map (DhSession *self)
{
  return self->kept;
}

/* Of pictures that the network sees as it did then: what is not measured is in maps all the same. */
static gboolean
is_seen_so (DhSession *self)
{
  g_autofree char *seen = self->dataset != NULL ? dh_dataset_dup_seen (self->dataset) : NULL;
  return dh_seen_has_same_degradation (self->kept->seen, seen);
}

gboolean
dh_session_made_kept_map (DhSession *self)
{
  const DhKeptMap *kept = self->kept;
  return kept != NULL && is_seen_so (self) && kept->run == 0 && self->model != NULL && self->compute != NULL
         && g_strcmp0 (kept->sha256, self->model->sha256) == 0 && g_strcmp0 (kept->device, self->compute->name) == 0
         && g_strcmp0 (kept->precision, self->compute->precision) == 0;
}

static void
take_of_network (DhSession *self, DhKeptMap *kept)
{
  kept->seen = dh_dataset_dup_seen (self->dataset);
  kept->model = g_strdup (self->model->title);
  kept->sha256 = g_strdup (self->model->sha256);
  kept->device = g_strdup (self->compute->name);
  kept->precision = g_strdup (self->compute->precision);
  kept->inlier_median = NAN;
  dh_session_get_range (self, kept->kind, FALSE, &kept->low, &kept->high);
  for (guint i = 0; i < DH_N_SCORES; i++)
    if (dh_score_map (i) == kept->kind)
      dh_threshold_copy (&kept->threshold, &self->thresholds[i]);
}

/* As the run has seen the pictures, however they are seen now. */
static char *
dup_seen_of_run (DhSession *self, gint64 id)
{
  GListModel *runs = G_LIST_MODEL (self->runs);
  for (guint i = 0; i < g_list_model_get_n_items (runs); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (runs, i);
      const DhRun *run = dh_run_item_get (item);
      if (!run->training && run->id == id)
        return g_strdup (dh_run_get_seen (run));
    }
  return NULL;
}

static void
take_of_run (DhSession *self, DhKeptMap *kept, guint side)
{
  const DhRunMap *map = self->run_maps[side];
  kept->run = self->compared[side];
  kept->seen = dup_seen_of_run (self, kept->run);
  kept->kind = map->kind;
  kept->imported = map->imported;
  kept->low = map->low;
  kept->high = map->high;
  kept->inlier_median = map->inlier_median;
  dh_threshold_copy (&kept->threshold, dh_session_get_run_threshold (self, side));
}

/* Where it stands already, it is another one now. */
static void
renew (DhSession *self)
{
  for (guint side = 0; side < 2; side++)
    if (self->compared[side] == DH_KEPT_RUN)
      {
        g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
        g_clear_pointer (&self->asked_run_maps[side], dh_run_map_unref);
      }
  dh_session_find_run_maps (self, dh_session_get_frame (self));
  dh_session_renew_frame (self);
  g_signal_emit_by_name (self, "compared");
  for (guint side = 0; side < 2; side++)
    if (self->compared[side] == DH_KEPT_RUN)
      g_signal_emit_by_name (self, "run-threshold", side);
}

gboolean
dh_session_keep_map (DhSession *self, DhFrameMap map)
{
  g_return_val_if_fail (map != DH_FRAME_SEGMENTATION && map < DH_N_SHOWN_MAPS, FALSE);
  DhFrame *frame = dh_session_get_frame (self);
  const gint side = map >= DH_FRAME_RUN_A ? (gint)(map - DH_FRAME_RUN_A) : -1;
  if (frame == NULL || self->current == NULL || !dh_frame_has_map (frame, map))
    return FALSE;
  if (side >= 0 ? self->run_maps[side] == NULL || self->compared[side] == DH_KEPT_RUN
                : self->model == NULL || self->compute == NULL)
    return FALSE;
  DhKeptMap *kept = g_new0 (DhKeptMap, 1);
  kept->kind = map;
  kept->threshold.value = NAN;
  kept->stem = g_strdup (dh_image_item_get_stem (self->current));
  kept->name = g_strdup (dh_image_item_get_name (self->current));
  kept->width = frame->width;
  kept->height = frame->height;
  kept->values = g_bytes_ref (frame->maps[map]);
  kept->non_finite = frame->non_finite[map];
  if (side >= 0)
    take_of_run (self, kept, (guint)side);
  else
    take_of_network (self, kept);
  for (guint i = 0; i < 2; i++)
    {
      const char *now = dh_view_get_string (self->view, side_names[i]);
      const gboolean stands = g_str_equal (now, DH_KEPT_NAME) && self->kept != NULL;
      kept->before[i] = g_strdup (stands ? self->kept->before[i] : now);
    }
  const char *layout = dh_view_get_string (self->view, "layout");
  if (!g_str_equal (layout, "compare"))
    kept->layout = g_strdup (layout);
  else if (self->kept != NULL)
    kept->layout = g_strdup (self->kept->layout);
  g_clear_pointer (&self->kept, dh_kept_map_free);
  self->kept = kept;
  dh_session_trace (self, "keeps map %d of %s at %.6g", (int)kept->kind, kept->stem, kept->threshold.value);
  dh_session_write_kept (self);
  renew (self);
  return TRUE;
}

void
dh_session_settle_kept_map (DhSession *self)
{
  static const char *const usual[2] = { "hybrid", "likelihood" };
  for (guint side = 0; side < 2 && self->kept == NULL; side++)
    if (dh_view_is (self->view, side_names[side], DH_KEPT_NAME))
      g_object_set (self->view, side_names[side], usual[side], NULL);
}

/* The panes no more show it. */
void
dh_session_drop_kept (DhSession *self)
{
  DhKeptMap *kept = g_steal_pointer (&self->kept);
  if (kept == NULL)
    return;
  for (guint side = 0; side < 2; side++)
    if (dh_view_is (self->view, side_names[side], DH_KEPT_NAME))
      {
        const gboolean swapped = dh_view_is (self->view, side_names[1 - side], kept->before[side]);
        g_object_set (self->view, side_names[side], kept->before[swapped ? 1 - side : side], NULL);
      }
  if (kept->layout != NULL && dh_view_is (self->view, "layout", "compare"))
    g_object_set (self->view, "layout", kept->layout, NULL);
  dh_kept_map_free (kept);
  dh_session_trace (self, "keeps no map");
  dh_session_settle_kept_map (self);
  g_signal_emit_by_name (self, "compared");
}

gboolean
dh_session_release_kept_map (DhSession *self)
{
  if (self->kept == NULL)
    return FALSE;
  dh_session_remove_kept (self);
  dh_session_drop_kept (self);
  return TRUE;
}

void
dh_session_init_kept (DhSession *self)
{
  const gboolean comparing = dh_view_is (self->view, "layout", "compare");
  self->kept_sides = 0;
  for (guint side = 0; side < 2 && comparing; side++)
    if (dh_view_is (self->view, side_names[side], DH_KEPT_NAME))
      self->kept_sides |= 1u << side;
  if (self->kept_sides != 0)
    g_object_set (self->view, "layout", "grid", NULL);
  dh_session_settle_kept_map (self);
}

void
dh_session_take_kept (DhSession *self, DhKeptMap *kept)
{
  const guint sides = self->kept_sides;
  self->kept_sides = 0;
  if (kept == NULL)
    return;
  self->kept = kept;
  dh_session_trace (self, "has map %d of %s, kept before", (int)kept->kind, kept->stem);
  renew (self);
  for (guint side = 0; side < 2; side++)
    if ((sides & 1u << side) != 0)
      g_object_set (self->view, side_names[side], DH_KEPT_NAME, "layout", "compare", NULL);
}

static char *
explain (DhSession *self)
{
  const DhKeptMap *kept = self->kept;
  if (kept->run != 0)
    return g_strdup_printf (_ ("It was kept of %s, from run %" PRId64 ". Choose the run itself to see it on "
                               "other images."),
                            kept->name, kept->run);
  if (!is_seen_so (self))
    return g_strdup_printf (_ ("It was kept of %s, as images were seen then: there is none of this image. Choose under "
                               "the set’s name how images are degraded."),
                            kept->name);
  return g_strdup_printf (_ ("It was kept of %s, from %s. Of this image there is no map of that network: load its "
                             "weights to compute it."),
                          kept->name, kept->model);
}

static DhRunMap *
new_map (DhSession *self, const DhFrame *frame, GBytes *values, guint64 non_finite)
{
  const DhKeptMap *kept = self->kept;
  DhRunMap *map = g_atomic_rc_box_new0 (DhRunMap);
  map->run = DH_KEPT_RUN;
  map->stem = g_strdup (dh_image_item_get_stem (self->current));
  map->width = frame->width;
  map->height = frame->height;
  map->kind = kept->kind;
  map->made = dh_session_made_kept_map (self);
  map->imported = kept->imported;
  map->best_f1 = NAN;
  map->inlier_median = kept->inlier_median;
  map->low = kept->low;
  map->high = kept->high;
  map->values = values != NULL ? g_bytes_ref (values) : NULL;
  map->non_finite = non_finite;
  return map;
}

/* What that network has computed of the picture before may lie in the cache on disk. */
typedef struct
{
  guint side;
  DhRunMap *map;   /* to be filled */
  GBytes *of;      /* the values of what was kept when it was asked for */
  GBytes *picture; /* RGB */
  DhMapCache *cache;
  char *sha256, *device, *precision, *explanation;
} Lookup;

static void
lookup_free (gpointer data)
{
  Lookup *lookup = data;
  dh_run_map_unref (lookup->map);
  g_bytes_unref (lookup->of);
  g_bytes_unref (lookup->picture);
  dh_map_cache_unref (lookup->cache);
  g_free (lookup->sha256);
  g_free (lookup->device);
  g_free (lookup->precision);
  g_free (lookup->explanation);
  g_free (lookup);
}

static void
look_up_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Lookup *lookup = data;
  DhRunMap *map = lookup->map;
  gsize size;
  const guint8 *rgb = g_bytes_get_data (lookup->picture, &size);
  g_autofree char *picture = dh_sha256 (rgb, size);
  g_autofree char *key =
      dh_map_cache_key (lookup->sha256, lookup->device, lookup->precision, picture, map->width, map->height);
  g_autoptr (DhFrame) frame = dh_frame_new (map->width, map->height);
  if (dh_map_cache_load (lookup->cache, key, 1u << map->kind, frame))
    {
      map->values = g_bytes_ref (frame->maps[map->kind]);
      map->non_finite = frame->non_finite[map->kind];
    }
  else
    map->error = g_steal_pointer (&lookup->explanation);
  g_task_return_boolean (task, TRUE);
}

static void
was_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Lookup *lookup = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), NULL) || self->worker == NULL
      || self->asked_run_maps[lookup->side] != lookup->map)
    return;
  g_clear_pointer (&self->asked_run_maps[lookup->side], dh_run_map_unref);
  DhFrame *frame = dh_session_get_frame (self);
  if (self->compared[lookup->side] != DH_KEPT_RUN || self->kept == NULL || self->kept->values != lookup->of
      || frame == NULL || !g_str_equal (dh_image_item_get_stem (self->current), lookup->map->stem))
    return;
  g_clear_pointer (&self->run_maps[lookup->side], dh_run_map_unref);
  self->run_maps[lookup->side] = g_atomic_rc_box_acquire (lookup->map);
  dh_session_renew_frame (self);
  dh_session_count_run_map (self, lookup->side, dh_session_get_frame (self));
  g_signal_emit_by_name (self, "compared");
}

static void
look_up (DhSession *self, guint side, const DhFrame *frame)
{
  const DhKeptMap *kept = self->kept;
  Lookup *lookup = g_new0 (Lookup, 1);
  lookup->side = side;
  lookup->map = new_map (self, frame, NULL, 0);
  lookup->of = g_bytes_ref (kept->values);
  lookup->picture = g_bytes_ref (frame->image);
  lookup->cache = dh_map_cache_ref (self->cache);
  lookup->sha256 = g_strdup (kept->sha256);
  lookup->device = g_strdup (kept->device);
  lookup->precision = g_strdup (kept->precision);
  lookup->explanation = explain (self);
  self->asked_run_maps[side] = g_atomic_rc_box_acquire (lookup->map);
  g_autoptr (GTask) task = g_task_new (self, self->closing, was_looked_up, NULL);
  g_task_set_task_data (task, lookup, lookup_free);
  g_task_run_in_thread (task, look_up_in_thread);
}

static gboolean
is_of (const DhRunMap *map, const char *stem)
{
  return map != NULL && map->run == DH_KEPT_RUN && g_str_equal (map->stem, stem);
}

void
dh_session_find_kept_map (DhSession *self, guint side, const DhFrame *frame)
{
  const DhKeptMap *kept = self->kept;
  const char *stem = self->current != NULL ? dh_image_item_get_stem (self->current) : NULL;
  DhRunMap *map = self->run_maps[side];
  if (kept == NULL || frame == NULL || stem == NULL)
    {
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
      return;
    }
  const gboolean same = g_str_equal (kept->stem, stem) && kept->width == frame->width && kept->height == frame->height;
  const gboolean made = dh_session_made_kept_map (self);
  GBytes *values = same ? kept->values : made ? frame->maps[kept->kind] : NULL;
  if (is_of (map, stem) && map->made == made && (map->values == values || (!same && !made)))
    {
      dh_session_count_run_map (self, side, frame);
      return;
    }
  g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
  if (!same && !made && kept->run == 0 && is_seen_so (self))
    {
      if (!is_of (self->asked_run_maps[side], stem))
        {
          g_clear_pointer (&self->asked_run_maps[side], dh_run_map_unref);
          look_up (self, side, frame);
        }
      return;
    }
  g_clear_pointer (&self->asked_run_maps[side], dh_run_map_unref);
  map = new_map (self, frame, values, same ? kept->non_finite : values != NULL ? frame->non_finite[kept->kind] : 0);
  map->error = values == NULL && !made ? explain (self) : NULL;
  self->run_maps[side] = map;
  dh_session_count_run_map (self, side, frame);
}
