#include "dh-set-maps.h"
#include <glib/gi18n.h>
#include "dh-error.h"
#include "dh-map-owner.h"
#include "dh-npy.h"
#include "dh-records.h"
#include "dh-map.h"

struct _DhSetMaps
{
  gatomicrefcount refs;
  DhDataset *dataset;
  char *folder; /* of the maps of this score */
};

DhSetMaps *
dh_set_maps_open (DhDataset *dataset, gint64 run, DhScore score, GError **error)
{
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, error);
  g_autoptr (DhRunRow) row = database != NULL ? dh_database_get_run (database, run, error) : NULL;
  if (row == NULL)
    return NULL;
  g_autofree char *owner = dh_map_owner_new (row->model_sha256, row->score, row->precision, row->device, NULL);
  if (row->folder == NULL || !dh_map_owner_made_scores (row->folder, owner))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s: another run has written its maps there since"),
                   row->folder != NULL ? row->folder : "");
      return NULL;
    }
  const char *name = dh_map_name ((DhMap)dh_score_map (score));
  DhSetMaps *self = g_new0 (DhSetMaps, 1);
  g_atomic_ref_count_init (&self->refs);
  self->dataset = dh_dataset_ref (dataset);
  self->folder =
      g_build_filename (row->folder, "eval", g_strcmp0 (name, row->score) == 0 ? "scores" : name, (char *)NULL);
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
  dh_dataset_unref (self->dataset);
  g_free (self->folder);
  g_free (self);
}

gboolean
dh_set_maps_load (DhSetMaps *self, guint index, DhTensor **scores, DhLabels **labels, GError **error)
{
  const DhDatasetItem *item = dh_dataset_item (self->dataset, index);
  g_autofree char *file = g_strconcat (item->stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (self->folder, file, NULL);
  g_autoptr (DhTensor) tensor = dh_npy_load (path, error);
  g_autoptr (DhLabels) anomaly = NULL;
  if (tensor == NULL || !dh_dataset_load_labels (self->dataset, index, &anomaly, NULL, error))
    return FALSE;
  if (anomaly == NULL)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s has no anomaly labels"), item->image);
      return FALSE;
    }
  if (tensor->dtype != DH_DTYPE_F32 || tensor->n_dims != 2 || tensor->dims[0] != anomaly->height
      || tensor->dims[1] != anomaly->width)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, _ ("%s is no map of %u × %u pixels, which the picture has"),
                   path, anomaly->width, anomaly->height);
      return FALSE;
    }
  *scores = g_steal_pointer (&tensor);
  *labels = g_steal_pointer (&anomaly);
  return TRUE;
}
