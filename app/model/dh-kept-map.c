#include "dh-kept-map.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-run-threshold.h"
#include "dh-session-private.h"

static const char *const side_names[2] = { "compare-a", "compare-b" };

static void
kept_free (DhKeptMap *kept)
{
  g_free (kept->model);
  g_free (kept->sha256);
  g_free (kept->device);
  g_free (kept->precision);
  g_free (kept->stem);
  g_free (kept->name);
  g_clear_pointer (&kept->values, g_bytes_unref);
  dh_threshold_clear (&kept->threshold);
  for (guint side = 0; side < 2; side++)
    g_free (kept->before[side]);
  g_free (kept);
}

const DhKeptMap *
dh_session_get_kept_map (DhSession *self)
{
  return self->kept;
}

gboolean
dh_session_made_kept_map (DhSession *self)
{
  const DhKeptMap *kept = self->kept;
  return kept != NULL && kept->run == 0 && self->model != NULL && self->compute != NULL
         && g_strcmp0 (kept->sha256, self->model->sha256) == 0 && g_strcmp0 (kept->device, self->compute->name) == 0
         && g_strcmp0 (kept->precision, self->compute->precision) == 0;
}

void
dh_session_drop_kept_map (DhSession *self)
{
  g_clear_pointer (&self->kept, kept_free);
}

static void
take_of_network (DhSession *self, DhKeptMap *kept)
{
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

static void
take_of_run (DhSession *self, DhKeptMap *kept, guint side)
{
  const DhRunMap *map = self->run_maps[side];
  kept->run = self->compared[side];
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
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
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
  dh_session_drop_kept_map (self);
  self->kept = kept;
  dh_session_trace (self, "keeps map %d of %s at %.6g", (int)kept->kind, kept->stem, kept->threshold.value);
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

gboolean
dh_session_release_kept_map (DhSession *self)
{
  DhKeptMap *kept = g_steal_pointer (&self->kept);
  if (kept == NULL)
    return FALSE;
  for (guint side = 0; side < 2; side++)
    if (dh_view_is (self->view, side_names[side], DH_KEPT_NAME))
      g_object_set (self->view, side_names[side], kept->before[side], NULL);
  kept_free (kept);
  dh_session_trace (self, "keeps no map");
  dh_session_settle_kept_map (self);
  g_signal_emit_by_name (self, "compared");
  return TRUE;
}

static char *
explain (DhSession *self)
{
  const DhKeptMap *kept = self->kept;
  if (kept->run != 0)
    return g_strdup_printf (_ ("It was kept of %s, from run %" G_GINT64_FORMAT ". Choose the run itself to see it on "
                               "other images."),
                            kept->name, kept->run);
  return g_strdup_printf (_ ("It was kept of %s, from %s. Of this image it can be computed while those weights are "
                             "loaded, as they were."),
                          kept->name, kept->model);
}

void
dh_session_find_kept_map (DhSession *self, guint side, const DhFrame *frame)
{
  const DhKeptMap *kept = self->kept;
  const char *stem = self->current != NULL ? dh_image_item_get_stem (self->current) : NULL;
  if (kept == NULL || frame == NULL || stem == NULL)
    {
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
      return;
    }
  const gboolean same = g_str_equal (kept->stem, stem) && kept->width == frame->width && kept->height == frame->height;
  const gboolean made = dh_session_made_kept_map (self);
  GBytes *values = same ? kept->values : made ? frame->maps[kept->kind] : NULL;
  DhRunMap *map = self->run_maps[side];
  if (map == NULL || map->run != DH_KEPT_RUN || map->values != values || map->made != made
      || !g_str_equal (map->stem, stem))
    {
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
      map = self->run_maps[side] = g_atomic_rc_box_new0 (DhRunMap);
      map->run = DH_KEPT_RUN;
      map->stem = g_strdup (stem);
      map->width = frame->width;
      map->height = frame->height;
      map->kind = kept->kind;
      map->made = made;
      map->imported = kept->imported;
      map->best_f1 = NAN;
      map->inlier_median = kept->inlier_median;
      map->low = kept->low;
      map->high = kept->high;
      map->values = values != NULL ? g_bytes_ref (values) : NULL;
      map->non_finite = same ? kept->non_finite : values != NULL ? frame->non_finite[kept->kind] : 0;
      map->error = values == NULL && !made ? explain (self) : NULL;
    }
  dh_session_count_run_map (self, side, frame);
}
