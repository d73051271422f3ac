#include "dh-run-map.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-floats.h"
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-records.h"
#include "dh-run-curve-private.h"
#include "dh-run-names-private.h"
#include "dh-session-private.h"

/* Both sides of the shown picture and of two before. */
#define MOST_KEPT 6

typedef struct
{
  guint side;
  char *root;
  DhRunMap *map; /* run, stem and size are asked for */
} Reading;

static void
run_map_clear (gpointer data)
{
  DhRunMap *map = data;
  g_free (map->stem);
  g_free (map->error);
  g_clear_pointer (&map->values, g_bytes_unref);
  g_clear_pointer (&map->stats, dh_score_stats_unref);
}

void
dh_run_map_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, run_map_clear);
}

static void
reading_free (gpointer data)
{
  Reading *reading = data;
  g_clear_pointer (&reading->map, dh_run_map_unref);
  g_free (reading->root);
  g_free (reading);
}

static gboolean
take_values (DhRunMap *map, const DhRunImageRow *row, GError **error)
{
  const char *path = row->score_file;
  g_autoptr (DhTensor) tensor = dh_npy_load (path, error);
  if (tensor == NULL)
    return FALSE;
  if (tensor->dtype != DH_DTYPE_F32 || tensor->n_dims != 2 || tensor->dims[0] != map->height
      || tensor->dims[1] != map->width)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, _ ("%s is no map of %u × %u pixels, which the image has"), path,
                   map->width, map->height);
      return FALSE;
    }
  if (row->width != (gint64)map->width || row->height != (gint64)map->height
      || !dh_map_owner_measured (row, dh_tensor_f32 (tensor)))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s: another run has written its maps there since"), path);
      return FALSE;
    }
  const gsize count = (gsize)map->width * map->height;
  float *values = g_try_malloc_n (count, sizeof (float));
  if (values == NULL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, _ ("no memory is left for it"));
      return FALSE;
    }
  memcpy (values, dh_tensor_f32 (tensor), count * sizeof (float));
  dh_evaluation_orient ((DhMap)map->kind, values, count);
  for (gsize i = 0; i < count; i++)
    map->non_finite += !isfinite (values[i]);
  float low, high;
  /* The run kept no histogram. */
  if (!(map->low < map->high) && dh_floats_span (values, count, &low, &high))
    {
      map->low = (double)low;
      map->high = (double)high;
    }
  map->values = g_bytes_new_take (values, count * sizeof (float));
  return TRUE;
}

static gboolean
take_protocols (DhRunMap *map, DhDatabase *database, const char *score, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_run_protocols (database, map->run, error);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const DhRunProtocolRow *row = rows->pdata[i];
      if (g_strcmp0 (row->score, score) == 0 && g_strcmp0 (row->protocol, "densehybrid-pooled") == 0)
        {
          g_autoptr (DhRunCurve) curve = dh_run_curve_new (row, map->kind);
          map->best_f1 = dh_run_curve_choose (curve, DH_RULE_BEST_F1);
          map->inlier_median = dh_run_curve_inlier_median (curve);
          dh_run_curve_get_span (curve, &map->low, &map->high);
        }
    }
  return rows != NULL;
}

static gboolean
read_map (DhRunMap *map, const char *root, GError **error)
{
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, error);
  g_autoptr (DhRunRow) run = database != NULL ? dh_database_get_run (database, map->run, error) : NULL;
  if (run == NULL)
    return FALSE;
  g_autofree char *canonical = g_canonicalize_filename (run->dataset_root != NULL ? run->dataset_root : "", NULL);
  if (g_strcmp0 (root, canonical) != 0)
    {
      g_autofree char *name = dh_run_names_dup_data (run);
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, _ ("The run is of another data set: %s"),
                   name != NULL ? name : canonical);
      return FALSE;
    }
  map->imported = run->method != NULL;
  if (!dh_run_curve_find_map (run, &map->kind))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("The run has measured no score map"));
      return FALSE;
    }
  g_autofree char *owner = dh_map_owner_new (run, NULL);
  if (run->folder != NULL && !dh_map_owner_made_scores (run->folder, owner))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s: another run has written its maps there since"),
                   run->folder);
      return FALSE;
    }
  g_autoptr (GError) local = NULL;
  g_autoptr (DhRunImageRow) image = dh_database_find_run_image (database, map->run, map->stem, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!take_protocols (map, database, run->score, error))
    return FALSE;
  if (image == NULL || image->score_file == NULL)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("The run has kept no map of this image%s%s"),
                   image != NULL && image->why != NULL ? ": " : "",
                   image != NULL && image->why != NULL ? image->why : "");
      return FALSE;
    }
  return take_values (map, image, error);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *reading = data;
  g_autoptr (GError) error = NULL;
  if (!read_map (reading->map, reading->root, &error))
    reading->map->error = g_strdup (error->message);
  g_task_return_boolean (task, TRUE);
}

static gboolean
is_of (const DhRunMap *map, gint64 run, const char *stem, const DhFrame *frame)
{
  return map->run == run && g_str_equal (map->stem, stem) && map->width == frame->width && map->height == frame->height;
}

static void
keep (DhSession *self, DhRunMap *map)
{
  g_queue_push_head (&self->kept_run_maps, g_atomic_rc_box_acquire (map));
  while (self->kept_run_maps.length > MOST_KEPT)
    dh_run_map_unref (g_queue_pop_tail (&self->kept_run_maps));
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Reading *reading = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), NULL) || self->worker == NULL)
    return;
  if (self->asked_run_maps[reading->side] == reading->map)
    g_clear_pointer (&self->asked_run_maps[reading->side], dh_run_map_unref);
  /* What could not be read is tried again when it is looked at again. */
  if (reading->map->error == NULL)
    keep (self, reading->map);
  DhFrame *frame = dh_session_get_frame (self);
  if (frame == NULL || self->current == NULL
      || !is_of (reading->map, self->compared[reading->side], dh_image_item_get_stem (self->current), frame))
    return;
  g_clear_pointer (&self->run_maps[reading->side], dh_run_map_unref);
  self->run_maps[reading->side] = g_atomic_rc_box_acquire (reading->map);
  dh_session_trace (self, "run %" G_GINT64_FORMAT " beside %s%s%s", reading->map->run, reading->map->stem,
                    reading->map->error != NULL ? ": " : "", reading->map->error != NULL ? reading->map->error : "");
  dh_session_renew_frame (self);
  /* The frame of before is gone. */
  dh_session_count_run_map (self, reading->side, dh_session_get_frame (self));
  g_signal_emit_by_name (self, "compared");
}

static void
read_side (DhSession *self, guint side, const DhFrame *frame)
{
  Reading *reading = g_new0 (Reading, 1);
  reading->side = side;
  reading->root = dh_session_dup_root (self);
  reading->map = g_atomic_rc_box_new0 (DhRunMap);
  reading->map->run = self->compared[side];
  reading->map->stem = g_strdup (dh_image_item_get_stem (self->current));
  reading->map->width = frame->width;
  reading->map->height = frame->height;
  reading->map->best_f1 = reading->map->inlier_median = NAN;
  self->asked_run_maps[side] = g_atomic_rc_box_acquire (reading->map);
  g_clear_object (&self->reading_run_map[side]);
  self->reading_run_map[side] = g_cancellable_new ();
  g_autoptr (GTask) task = g_task_new (self, self->reading_run_map[side], was_read, NULL);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
stop_reading (DhSession *self, guint side)
{
  g_clear_pointer (&self->asked_run_maps[side], dh_run_map_unref);
  if (self->reading_run_map[side] != NULL)
    g_cancellable_cancel (self->reading_run_map[side]);
}

void
dh_session_find_run_maps (DhSession *self, const DhFrame *frame)
{
  for (guint side = 0; side < 2; side++)
    {
      const char *stem = self->current != NULL ? dh_image_item_get_stem (self->current) : NULL;
      if (self->compared[side] == DH_KEPT_RUN)
        {
          if (self->reading_run_map[side] != NULL)
            g_cancellable_cancel (self->reading_run_map[side]);
          dh_session_find_kept_map (self, side, frame);
          continue;
        }
      const gint64 run = self->dataset != NULL && frame != NULL && stem != NULL ? self->compared[side] : 0;
      if (run != 0 && self->run_maps[side] != NULL && is_of (self->run_maps[side], run, stem, frame))
        {
          dh_session_count_run_map (self, side, frame);
          continue;
        }
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
      if (run != 0 && self->asked_run_maps[side] != NULL && is_of (self->asked_run_maps[side], run, stem, frame))
        continue;
      stop_reading (self, side);
      for (GList *link = self->kept_run_maps.head; link != NULL && run != 0; link = link->next)
        if (self->run_maps[side] == NULL && is_of (link->data, run, stem, frame))
          self->run_maps[side] = g_atomic_rc_box_acquire (link->data);
      if (run != 0 && self->run_maps[side] == NULL)
        read_side (self, side, frame);
      else if (run != 0)
        dh_session_count_run_map (self, side, frame);
    }
}

DhFrame *
dh_session_compose_frame (DhSession *self, DhFrame *frame)
{
  gboolean same = TRUE;
  GBytes *values[2];
  for (guint side = 0; side < 2; side++)
    {
      values[side] = self->run_maps[side] != NULL ? self->run_maps[side]->values : NULL;
      same = same && frame->maps[DH_FRAME_RUN_A + side] == values[side];
    }
  if (same)
    return dh_frame_ref (frame);
  DhFrame *composed = dh_frame_copy (frame);
  for (guint side = 0; side < 2; side++)
    {
      const guint map = DH_FRAME_RUN_A + side;
      g_clear_pointer (&composed->maps[map], g_bytes_unref);
      composed->maps[map] = values[side] != NULL ? g_bytes_ref (values[side]) : NULL;
      composed->non_finite[map] = values[side] != NULL ? self->run_maps[side]->non_finite : 0;
    }
  return composed;
}

void
dh_session_compare_run (DhSession *self, guint side, gint64 run)
{
  g_return_if_fail (side < 2);
  if (self->compared[side] == run)
    return;
  self->compared[side] = run;
  dh_session_find_run_details (self, side);
  dh_session_find_run_maps (self, dh_session_get_frame (self));
  dh_session_renew_frame (self);
  g_signal_emit_by_name (self, "compared");
}

gint64
dh_session_get_compared_run (DhSession *self, guint side)
{
  g_return_val_if_fail (side < 2, 0);
  return self->compared[side];
}

const DhRunMap *
dh_session_get_run_map (DhSession *self, guint side)
{
  g_return_val_if_fail (side < 2, NULL);
  return self->run_maps[side];
}

gboolean
dh_session_can_compare_run (DhSession *self, const DhRun *run)
{
  if (self->dataset == NULL || run->training || run->state != DH_RUN_ITEM_DONE || !run->has_maps)
    return FALSE;
  g_autofree char *open = dh_session_dup_root (self);
  return g_strcmp0 (open, run->root) == 0;
}

void
dh_session_drop_run_maps (DhSession *self)
{
  for (guint side = 0; side < 2; side++)
    {
      if (self->reading_run_map[side] != NULL)
        g_cancellable_cancel (self->reading_run_map[side]);
      g_clear_object (&self->reading_run_map[side]);
      g_clear_pointer (&self->asked_run_maps[side], dh_run_map_unref);
      g_clear_pointer (&self->run_maps[side], dh_run_map_unref);
    }
  g_queue_clear_full (&self->kept_run_maps, dh_run_map_unref);
}
