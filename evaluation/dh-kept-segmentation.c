#include "dh-kept-segmentation.h"

#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-map-owner.h"
#include "dh-map.h"
#include "dh-npy.h"

/* A header of more bytes was written by nobody. */
#define MOST_HEADER ((guint64)1 << 20)

gboolean
dh_kept_segmentation_is_there (const char *folder)
{
  g_autofree char *others = dh_map_owner_read_others (folder);
  g_auto (GStrv) names = g_strsplit (others ? others : "", ",", -1);
  return g_strv_contains ((const char *const *)names, dh_map_name (DH_MAP_SEGMENTATION));
}

char *
dh_kept_segmentation_path (const char *folder, const char *stem)
{
  g_autofree char *file = g_strconcat (stem, ".npy", NULL);
  return g_build_filename (folder, "eval", dh_map_name (DH_MAP_SEGMENTATION), file, NULL);
}

DhTensor *
dh_kept_segmentation_load (const char *folder, const char *stem, guint width, guint height, GError **error)
{
  g_autofree char *path = dh_kept_segmentation_path (folder, stem);
  const guint64 pixels = (guint64)width * height;
  GStatBuf status;
  const gboolean too_long = g_stat (path, &status) == 0 && (guint64)status.st_size > pixels + MOST_HEADER;
  g_autoptr (DhTensor) classes = too_long ? NULL : dh_npy_load (path, error);
  if (!classes && !too_long)
    return NULL;
  if (classes && classes->dtype == DH_DTYPE_U8 && classes->n_dims == 2 && classes->dims[0] == height
      && classes->dims[1] == width)
    return g_steal_pointer (&classes);
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: is no segmentation of %u × %u pixels", path, width, height);
  return NULL;
}
