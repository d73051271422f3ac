#pragma once
#include "dh-class-pixels.h"
#include "dh-set-maps-private.h"

G_BEGIN_DECLS

/* Which classes the network sees in an evaluated set, and where. Reference counted (atomic); immutable once it left its
 * maker. */
typedef struct
{
  guint64 pixels[DH_CLASS_IDS]; /* of each class, those without a label too */
  GArray
      *members[DH_CLASS_IDS]; /* guint: numbers of the pictures that it is seen in, ascending; NULL: it is not seen */
  guint n_left_out;           /* pictures whose segmentation cannot be read: they are in no class */
  char *why;                  /* of the first of them; NULL where there is none */
} DhSliceClasses;
DhSliceClasses *dh_slice_classes_ref (DhSliceClasses *classes);
void dh_slice_classes_unref (gpointer classes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSliceClasses, dh_slice_classes_unref)

/* Reads the segmentation of each of the pictures (guint), and says after each how many were read. Gives up where
 * cancelled, and knows less then. Any thread but the window's. */
typedef void (*DhSliceClassesTold) (guint reading, gpointer data);
DhSliceClasses *dh_slice_classes_scan (DhSetMaps *maps, const GArray *pictures, DhSliceClassesTold told, gpointer data,
                                       GCancellable *cancellable);

G_END_DECLS
