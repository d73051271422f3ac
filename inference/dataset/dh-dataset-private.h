#pragma once
#include "dh-dataset-check.h"
#include "dh-layout-private.h"
#include "dh-mask-values.h"

G_BEGIN_DECLS

struct _DhDataset
{
  gatomicrefcount refs;
  DhDatasetKind kind;
  char *root, *base_root, *title, *evidence, *needs;
  char *name;       /* or NULL: what it is called in place of its layout's title */
  char *full_title; /* NULL: as it stands there */
  DhDegradation degradation;
  DhRegion *region; /* NULL: all is measured */
  char *orientation_note;
  char *mask_note;           /* what was taken of masks that are not 0, 1 and 255; NULL */
  DhMaskValues *mask_values; /* by which all masks are read; NULL: ids as they stand */
  gboolean mask_values_said, mask_values_certain;
  char **mask_readings; /* NULL: none */
  GPtrArray *items;     /* DhItem */
  GHashTable *by_stem;  /* stem → position + 1 */
  GPtrArray *orphans;   /* labels without a picture, relative to the root */
  GPtrArray *no_files;  /* names of pictures behind which there is no file, relative to the root */
  GPtrArray *foreign;   /* pictures of kinds that are not read, relative to the root */
  gboolean labels_expected;
  char **splits, **groups, **notes;
  char **scan_notes; /* those of the notes that tell of folders: not read, left aside */
  guint n_duplicates;
  GPtrArray *parts; /* DhDatasetPart */
  char *chosen;     /* parts, in their order; NULL: all */
  guint kinds;
  DhLabelIds label_ids_asked, label_ids;
  gboolean label_ids_certain;
  gboolean labels_are_true;
  guint n_taken_as_true;
};

/* Sorts the items, makes stems safe and unique, collects splits and groups. */
void dh_dataset_arrange (DhDataset *dataset, gboolean sort);
/* What is sought for a kind, for the message that it is not there. */
const char *dh_dataset_kind_layout (DhDatasetKind kind);
DhDataset *dh_dataset_new_empty (const char *root);
/* dh-dataset-parts.c: lists them, and keeps the items of those asked for. Errors: DH_ERROR_USAGE. */
void dh_dataset_list_parts (DhDataset *dataset);
gboolean dh_dataset_choose_parts (DhDataset *dataset, const char *asked, const char *name, GError **error);
DhItem *dh_item_copy (const DhItem *item);
/* Shares the items and what was found beside them. */
DhDataset *dh_dataset_copy (DhDataset *dataset);
const DhItem *dh_dataset_peek (DhDataset *dataset, guint index);
/* Finds out how StreetHazards' ids count by a few labels, where that was not said, and sets the items' forms. */
void dh_dataset_settle_label_ids (DhDataset *dataset);
/* Marks the items whose labels are hidden, or counts them where labels_are_true (dh-hidden.c). Errors:
 * G_IO_ERROR_CANCELLED. */
gboolean dh_dataset_find_hidden (DhDataset *dataset, GCancellable *cancellable, GError **error);
/* Of an open set: what is not measured (dh-dataset-seen.c). Errors: those of dh_region_new(), DH_ERROR_MISMATCH where
 * the first picture has no such region. */
gboolean dh_dataset_take_region (DhDataset *dataset, const char *text, GError **error);
/* Gives what is not measured of that picture's labels, or of anything of its size, that id. Errors: DH_ERROR_MISMATCH.
 */
gboolean dh_dataset_ignore (DhDataset *dataset, guint index, DhLabels *labels, guint8 id, GError **error);
/* How the mask of one of one's own pictures is turned when it is loaded, by EXIF of its own; 1 of published sets. */
guint dh_dataset_label_orientation (DhDataset *dataset, const DhDatasetItem *item);
/* What EXIF says of some of the pictures, and what comes of it; NULL: nothing (dh-orientation.c). Free with g_free. */
char *dh_dataset_dup_orientation_note (DhDataset *dataset);
/* A path for messages: relative to the root where it lies below it, UTF-8. Free with g_free. */
char *dh_dataset_display_path (DhDataset *dataset, const char *path);

G_END_DECLS
