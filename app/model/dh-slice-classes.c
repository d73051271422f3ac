#include "dh-slice-classes-private.h"

DhSliceClasses *
dh_slice_classes_ref (DhSliceClasses *classes)
{
  return g_atomic_rc_box_acquire (classes);
}

static void
classes_clear (gpointer data)
{
  DhSliceClasses *classes = data;
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    g_clear_pointer (&classes->members[c], g_array_unref);
  g_free (classes->why);
}

void
dh_slice_classes_unref (gpointer classes)
{
  g_atomic_rc_box_release_full (classes, classes_clear);
}

static void
add (DhSliceClasses *classes, guint picture, GBytes *seen)
{
  guint64 counts[DH_CLASS_IDS] = { 0 };
  gsize n;
  const guint8 *ids = g_bytes_get_data (seen, &n);
  dh_class_pixels_add_counts (ids, n, counts);
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    {
      if (counts[c] == 0)
        continue;
      if (classes->members[c] == NULL)
        classes->members[c] = g_array_new (FALSE, FALSE, sizeof (guint));
      classes->pixels[c] += counts[c];
      g_array_append_val (classes->members[c], picture);
    }
}

DhSliceClasses *
dh_slice_classes_scan (DhSetMaps *maps, const GArray *pictures, DhSliceClassesTold told, gpointer data,
                       GCancellable *cancellable)
{
  DhSliceClasses *classes = g_atomic_rc_box_new0 (DhSliceClasses);
  for (guint i = 0; i < pictures->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const guint picture = g_array_index (pictures, guint, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) seen = dh_set_maps_load_classes (maps, picture, &error);
      if (seen != NULL)
        add (classes, picture, seen);
      else if (classes->n_left_out++ == 0)
        classes->why = g_strdup (error->message);
      told (i + 1, data);
    }
  return classes;
}
