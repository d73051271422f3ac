#include "dh-set-maps-private.h"
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include "dh-error.h"
#include "dh-kept-segmentation.h"
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-packed-labels.h"

/* Of packed labels; what is beyond is read from its files each time. */
#define MOST_BYTES ((gsize)128 << 20)

struct _DhSetMaps
{
  gatomicrefcount refs;
  DhDataset *dataset;
  char *folder, *owner;
  DhMap score;             /* whose maps lie in eval/scores */
  guint measured;          /* bits DH_MAP_BIT() */
  gboolean has_classes;    /* the segmentation lies beside them */
  GHashTable *left_out;    /* stem → why */
  DhPackedLabels **labels; /* atomic; a picture each; NULL: not read yet, or none */
  gsize labels_bytes;      /* atomic */
};

DhSetMaps *
dh_set_maps_new (DhDataset *dataset, const char *folder, const DhEvaluation *evaluation)
{
  DhSetMaps *self = g_new0 (DhSetMaps, 1);
  g_atomic_ref_count_init (&self->refs);
  self->dataset = dh_dataset_ref (dataset);
  self->folder = g_strdup (folder);
  self->owner = dh_map_owner_read (folder);
  self->has_classes = dh_kept_segmentation_is_there (folder);
  self->score = g_array_index (evaluation->scores, DhScoreEvaluation, 0).score;
  for (guint i = 0; i < evaluation->scores->len; i++)
    self->measured |= DH_MAP_BIT (g_array_index (evaluation->scores, DhScoreEvaluation, i).score);
  self->left_out = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < evaluation->left_out->len; i++)
    {
      const DhLeftOut *left_out = &g_array_index (evaluation->left_out, DhLeftOut, i);
      g_hash_table_insert (self->left_out, g_strdup (left_out->stem), g_strdup (left_out->why));
    }
  self->labels = g_new0 (DhPackedLabels *, MAX (dh_dataset_size (dataset), 1));
  return self;
}

DhSetMaps *
dh_set_maps_ref (DhSetMaps *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dh_set_maps_unref (DhSetMaps *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < dh_dataset_size (self->dataset); i++)
    dh_packed_labels_free (self->labels[i]);
  g_free (self->labels);
  g_hash_table_unref (self->left_out);
  dh_dataset_unref (self->dataset);
  g_free (self->folder);
  g_free (self->owner);
  g_free (self);
}

guint
dh_set_maps_size (DhSetMaps *self)
{
  return dh_dataset_size (self->dataset);
}

const char *
dh_set_maps_left_out (DhSetMaps *self, guint index)
{
  return g_hash_table_lookup (self->left_out, dh_dataset_item (self->dataset, index)->stem);
}

gboolean
dh_set_maps_check (DhSetMaps *self, GError **error)
{
  g_autofree char *now = dh_map_owner_read (self->folder);
  if (g_strcmp0 (now, self->owner) == 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               now != NULL ? _ ("%s: another run has written its maps there since")
                           : _ ("%s: the maps of the evaluation are gone. Evaluate again (Ctrl+E)."),
               self->folder);
  return FALSE;
}

static void
keep_labels (DhSetMaps *self, guint index, const DhLabels *labels)
{
  DhPackedLabels *packed =
      (gsize)g_atomic_pointer_get (&self->labels_bytes) < MOST_BYTES ? dh_packed_labels_new (labels) : NULL;
  if (packed == NULL)
    return;
  if (g_atomic_pointer_compare_and_exchange (&self->labels[index], NULL, packed))
    g_atomic_pointer_add (&self->labels_bytes, dh_packed_labels_size_bytes (packed));
  else
    dh_packed_labels_free (packed);
}

/* NULL without error where the picture has none. */
static DhLabels *
load_labels (DhSetMaps *self, guint index, GError **error)
{
  const DhPackedLabels *packed = g_atomic_pointer_get (&self->labels[index]);
  DhLabels *labels = packed != NULL ? dh_packed_labels_unpack (packed) : NULL;
  if (labels != NULL || !dh_dataset_load_labels (self->dataset, index, &labels, NULL, error))
    return labels;
  if (labels != NULL)
    keep_labels (self, index, labels);
  return labels;
}

static GBytes *
bytes_of (DhSetMaps *self, DhMap map, DhTensor *tensor, GError **error)
{
  if (!dh_map_low_is_anomalous (map))
    return g_bytes_ref (tensor->bytes);
  const gsize size = dh_tensor_size_bytes (tensor);
  float *values = g_try_malloc (size);
  if (values == NULL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, _ ("no memory is left for it"));
      return NULL;
    }
  memcpy (values, dh_tensor_f32 (tensor), size);
  dh_evaluation_orient (map, values, size / sizeof *values);
  return g_bytes_new_take (values, size);
}

static char *
path_of (DhSetMaps *self, guint index, DhMap map)
{
  g_autofree char *file = g_strconcat (dh_dataset_item (self->dataset, index)->stem, ".npy", NULL);
  return g_build_filename (self->folder, "eval", map == self->score ? "scores" : dh_map_name (map), file, NULL);
}

gboolean
dh_set_maps_has (DhSetMaps *self, DhScore score)
{
  return (self->measured & DH_MAP_BIT (dh_score_map (score))) != 0;
}

guint64
dh_set_maps_pixels (DhSetMaps *self, guint index)
{
  g_autofree char *path = path_of (self, index, self->score);
  GStatBuf status;
  return g_stat (path, &status) == 0 ? (guint64)status.st_size / sizeof (float) : 0;
}

static gboolean
is_map (const DhTensor *tensor)
{
  return tensor->dtype == DH_DTYPE_F32 && tensor->n_dims == 2 && tensor->dims[0] > 0 && tensor->dims[1] > 0;
}

static DhTensor *
load_map (DhSetMaps *self, guint index, DhMap map, GError **error)
{
  g_autofree char *path = path_of (self, index, map);
  g_autoptr (DhTensor) tensor = dh_npy_load (path, error);
  if (tensor == NULL)
    return NULL;
  if (is_map (tensor))
    return g_steal_pointer (&tensor);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, _ ("%s is no score map"), path);
  return NULL;
}

DhFrame *
dh_set_maps_load (DhSetMaps *self, guint index, DhScore score, GError **error)
{
  const DhMap map = (DhMap)dh_score_map (score);
  g_autoptr (GError) local = NULL;
  g_autoptr (DhLabels) labels = load_labels (self, index, &local);
  g_autoptr (DhTensor) tensor = local == NULL ? load_map (self, index, map, &local) : NULL;
  if (tensor != NULL && labels != NULL && (tensor->dims[0] != labels->height || tensor->dims[1] != labels->width))
    g_set_error (&local, DH_ERROR, DH_ERROR_MISMATCH, _ ("the score map has %u × %u pixels and the label %u × %u"),
                 (guint)tensor->dims[1], (guint)tensor->dims[0], labels->width, labels->height);
  GBytes *values = local == NULL ? bytes_of (self, map, tensor, &local) : NULL;
  if (values == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  DhFrame *frame = dh_frame_new ((guint)tensor->dims[1], (guint)tensor->dims[0]);
  frame->maps[dh_score_map (score)] = values;
  if (labels != NULL)
    frame->truth = g_bytes_new_with_free_func (labels->ids, (gsize)labels->width * labels->height,
                                               (GDestroyNotify)dh_labels_unref, dh_labels_ref (labels));
  g_autoptr (DhLabels) unmeasured =
      labels == NULL ? dh_dataset_load_unmeasured (self->dataset, index, frame->width, frame->height, NULL) : NULL;
  if (unmeasured != NULL)
    frame->unmeasured = g_bytes_new_with_free_func (unmeasured->ids, (gsize)unmeasured->width * unmeasured->height,
                                                    (GDestroyNotify)dh_labels_unref, dh_labels_ref (unmeasured));
  return frame;
}

void
dh_set_maps_add_terms (DhSetMaps *self, guint index, DhFrame *frame)
{
  static const DhMap maps[] = { DH_MAP_HYBRID, DH_MAP_LIKELIHOOD };
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    {
      GBytes **bytes = &frame->maps[(DhFrameMap)maps[i]];
      const gboolean wanted = *bytes == NULL && (self->measured & DH_MAP_BIT (maps[i])) != 0;
      g_autoptr (DhTensor) tensor = wanted ? load_map (self, index, maps[i], NULL) : NULL;
      if (tensor != NULL && tensor->dims[0] == frame->height && tensor->dims[1] == frame->width)
        *bytes = bytes_of (self, maps[i], tensor, NULL);
    }
}

gboolean
dh_set_maps_has_classes (DhSetMaps *self)
{
  return self->has_classes;
}

/* The score's map is mapped and not read: its first bytes tell its size. */
GBytes *
dh_set_maps_load_classes (DhSetMaps *self, guint index, GError **error)
{
  g_autofree char *path = path_of (self, index, self->score);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, error);
  g_autoptr (GBytes) bytes = file != NULL ? g_mapped_file_get_bytes (file) : NULL;
  g_autoptr (DhTensor) map = bytes != NULL ? dh_npy_load_bytes (bytes, path, error) : NULL;
  if (map == NULL)
    return NULL;
  if (!is_map (map))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, _ ("%s is no score map"), path);
      return NULL;
    }
  g_autoptr (DhTensor) classes = dh_kept_segmentation_load (self->folder, dh_dataset_item (self->dataset, index)->stem,
                                                            (guint)map->dims[1], (guint)map->dims[0], error);
  return classes != NULL ? g_bytes_ref (classes->bytes) : NULL;
}

void
dh_set_maps_add_classes (DhSetMaps *self, guint index, DhFrame *frame)
{
  GBytes **bytes = &frame->maps[DH_FRAME_SEGMENTATION];
  if (*bytes != NULL || !self->has_classes)
    return;
  g_autoptr (DhTensor) classes = dh_kept_segmentation_load (self->folder, dh_dataset_item (self->dataset, index)->stem,
                                                            frame->width, frame->height, NULL);
  if (classes != NULL)
    *bytes = g_bytes_ref (classes->bytes);
}
