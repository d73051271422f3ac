#pragma once
#include <gio/gio.h>
#include "dh-class-table.h"
#include "dh-degradation.h"
#include "dh-image.h"
#include "dh-progress.h"
#include "dh-seen.h"

G_BEGIN_DECLS

/* A data set: a folder in one of the layouts that the field uses, found by what is in it and not by its name. Layouts
 * are sought at the root and two levels below it. Pairs are made on paths relative to the root. */
typedef enum
{
  DH_DATASET_LF,                  /* lf: Fishyscapes Lost & Found */
  DH_DATASET_STATIC,              /* static: Fishyscapes Static */
  DH_DATASET_STREET_HAZARDS,      /* street-hazards: its test split */
  DH_DATASET_STREET_HAZARDS_FULL, /* street-hazards-full: training, validation, and test where it is there */
  DH_DATASET_CITYSCAPES,          /* cityscapes */
  DH_DATASET_SMIYC,               /* smiyc: AnomalyTrack, ObstacleTrack, or both */
  DH_DATASET_ROAD_ANOMALY,        /* road-anomaly */
  DH_DATASET_LOST_AND_FOUND,      /* lost-and-found */
  DH_DATASET_ADE20K,              /* ade20k: negatives; labels are segment numbers */
  DH_DATASET_CAMVID,              /* camvid */
  DH_DATASET_MASKS,               /* masks: one's own pictures beside masks of anomalies, images/ and masks/ */
  DH_DATASET_FOLDER,              /* folder: pictures without labels */
  DH_N_DATASET_KINDS,
} DhDatasetKind;

const char *dh_dataset_kind_name (DhDatasetKind kind);
gboolean dh_dataset_kind_from_name (const char *name, DhDatasetKind *kind);
/* "Fishyscapes Lost & Found"; of a layout that other sets use as well, "Cityscapes layout". */
const char *dh_dataset_kind_title (DhDatasetKind kind);
/* "lf, static, …" for messages; a constant. */
const char *dh_dataset_kind_names (void);

/* How StreetHazards' label files count. */
typedef enum
{
  DH_LABEL_IDS_AUTO,    /* a few labels are read at open; where these do not tell, a note says what was assumed */
  DH_LABEL_IDS_RAW,     /* as published: 1…14, anomaly 14 */
  DH_LABEL_IDS_SHIFTED, /* by one: 0…13, anomaly 13 */
  DH_LABEL_IDS_PACKED,  /* the classes alone, without "other": 0…11, anomaly 12, ignore 13 or 255 */
  DH_N_LABEL_IDS,
} DhLabelIds;
const char *dh_label_ids_name (DhLabelIds ids); /* "auto", "raw", "shifted", "packed" */
gboolean dh_label_ids_from_name (const char *name, DhLabelIds *ids);

typedef struct
{
  const char *splits;    /* names of parts (DhDatasetPart) separated by commas; NULL: all */
  const char *base_root; /* where the pictures of Cityscapes or Lost and Found are that the official Fishyscapes sets
                          * build upon; NULL: sought under the root */
  DhLabelIds label_ids;
  gboolean labels_are_true;  /* labels of one constant value are what they say, and not kept back */
  const char *mask_values;   /* what the values of one's own masks mean (dh-mask-values.h); NULL: recognised */
  DhDegradation degradation; /* how pictures are made worse when they are loaded */
  const char *region;        /* what of each picture is not measured (dh-region.h); NULL: all is */
} DhDatasetOptions;

/* What can be opened alone: a split, or the pictures of one of its groups. */
typedef struct
{
  char *name;        /* "test"; of a group "test/t5" */
  const char *group; /* within `name`; NULL: a whole split */
  guint images, labels;
} DhDatasetPart;

/* One picture. Paths are in the file system's bytes, absolute or relative as the root was given. */
typedef struct
{
  char *stem;      /* relative, "/"-separated, without extension and layout suffix; UTF-8 (other bytes as %XX), free of
                    * "." and ".." parts, unique in the data set: names of outputs and the database's key */
  char *id;        /* the file's own id as benchmarks use it: "validation3", "frankfurt_000000_000294" */
  char *split;     /* "train", "val", "test", "training", …; "" where the layout has none */
  char *group;     /* town, scene or track: "t5", "frankfurt", "AnomalyTrack"; "" where there is none */
  char *image;     /* the picture */
  char *overlay;   /* official Static: the .npz that is added to the picture; else NULL */
  char *label;     /* NULL where there is none */
  gboolean hidden; /* its label, and all others of its split (of SMIYC: of its track's), which is none for training or
                    * validation, are one constant value, and nobody said that this is true: labels that are kept
                    * back, of which only dh_dataset_load_raw_labels() knows */
} DhDatasetItem;

/* Immutable once open; reference counted (atomic); any thread may read and load. */
typedef struct _DhDataset DhDataset;

/* Scans the folder; no picture is read, and of labels only as many as tell hidden from shown ones (mostly one a split;
 * and see DH_LABEL_IDS_AUTO). `kind` NULL: recognised; a name: that layout, or
 * an error that says what was sought and what is there. `options`, `cancellable`, `progress` may be NULL. Symbolic
 * links are followed, loops are not; folders that cannot be read are noted. Not for the window's thread.
 * Errors: DH_ERROR_NOT_FOUND (no folder, no pictures, no such layout), DH_ERROR_USAGE (unknown kind or split, mask
 * values), DH_ERROR_TOO_LARGE (over 2 million files), those of a region (dh_region_new(), dh_region_fits() with the
 * first picture), G_IO_ERROR_CANCELLED. A set of which only the labels are there
 * opens with no items: dh_dataset_check() says what is missing. */
DhDataset *dh_dataset_open (const char *root, const char *kind, const DhDatasetOptions *options,
                            GCancellable *cancellable, const DhProgress *progress, GError **error);
/* Pictures and folders by name (kind folder), in the order given; nothing is checked but that each is there. Of equal
 * stems, each gets its parent folder's name before it. */
DhDataset *dh_dataset_new_for_paths (const char *const *paths, guint n_paths, GCancellable *cancellable,
                                     GError **error);
/* The same set, which was opened as it is, with its pictures made worse. */
DhDataset *dh_dataset_new_degraded (DhDataset *dataset, DhDegradation degradation);
DhDataset *dh_dataset_ref (DhDataset *dataset);
void dh_dataset_unref (DhDataset *dataset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDataset, dh_dataset_unref)

DhDatasetKind dh_dataset_kind (DhDataset *dataset);
const char *dh_dataset_root (DhDataset *dataset); /* as given */
/* As it was given; NULL: none was. */
const char *dh_dataset_base_root (DhDataset *dataset);
/* What it is called from now on, where that is not what its layout says; before others know it. */
void dh_dataset_set_title (DhDataset *dataset, const char *title);
/* "Fishyscapes Lost & Found, as the reference packs it"; how its pictures are seen stands behind, " · Fog 3"
 * (dh_seen_dup_title()). */
const char *dh_dataset_title (DhDataset *dataset);
const char *dh_dataset_evidence (DhDataset *dataset); /* "images beside labels_masks" */
/* By which its pictures are made worse. */
DhDegradation dh_dataset_degradation (DhDataset *dataset);
/* What of each picture is not measured; NULL: all is. Borrowed. */
const DhRegion *dh_dataset_region (DhDataset *dataset);
/* Both as text (dh-seen.h). Free with g_free. */
char *dh_dataset_dup_seen (DhDataset *dataset);
guint dh_dataset_size (DhDataset *dataset);
/* Borrowed; sorted by split, group and name with numbers in order. */
const DhDatasetItem *dh_dataset_item (DhDataset *dataset, guint index);
/* -1 where there is none. */
gint dh_dataset_find (DhDataset *dataset, const char *stem);
/* NULL-terminated, in the order of the items; borrowed. */
const char *const *dh_dataset_splits (DhDataset *dataset);
const char *const *dh_dataset_groups (DhDataset *dataset);
/* What lies in the folder, whatever of it was opened: GPtrArray of DhDatasetPart, each split before its groups where it
 * has several, in the order of the items; borrowed. Empty where there are no splits. */
GPtrArray *dh_dataset_parts (DhDataset *dataset);
/* "train,val", "test/t5": what was opened, as DhDatasetOptions.splits asks for it; "" where there are no splits. Free
 * with g_free. */
char *dh_dataset_dup_opened (DhDataset *dataset);
/* Whether two such texts speak of a picture in common; one that names nothing speaks of all. */
gboolean dh_dataset_opened_overlap (const char *opened, const char *other);
/* Bits 1 << DhDatasetKind: as what the folder can be read. */
guint dh_dataset_fitting_kinds (DhDataset *dataset);
/* Sentences to show once: unreadable folders, pictures without label, what was assumed. NULL-terminated; borrowed. */
const char *const *dh_dataset_notes (DhDataset *dataset);
/* Those of them that tell of folders: what could not be read, or was left aside. */
const char *const *dh_dataset_folder_notes (DhDataset *dataset);
/* What label_ids came to; `certain` (may be NULL) is FALSE where it was assumed, and the user should be asked. RAW and
 * certain for kinds other than StreetHazards. */
DhLabelIds dh_dataset_label_ids (DhDataset *dataset, gboolean *certain);
/* What was said of the masks' values, as text; NULL: nothing. `certain` (may be NULL) is FALSE where it was assumed
 * what they mean, or could not be. */
const char *dh_dataset_mask_values (DhDataset *dataset, gboolean *certain);
/* What they are read as, said or not: by masks that lie in parts which are not open, too. NULL of other kinds. */
const char *dh_dataset_mask_meaning (DhDataset *dataset);
/* What could be said of them: texts of dh-mask-values.h, by the values that are there. NULL-terminated; borrowed; NULL
 * of other kinds. */
const char *const *dh_dataset_mask_readings (DhDataset *dataset);
/* Pictures whose labels are one constant value in all of their split: hidden, or taken as true because that was said
 * (labels_are_true). */
guint dh_dataset_n_hidden (DhDataset *dataset);
guint dh_dataset_n_taken_as_true (DhDataset *dataset);

/* What the labels mean. Either, both or none: cityscapes and camvid have classes only; lf, static, smiyc anomalies
 * only; StreetHazards both. */
gboolean dh_dataset_has_anomaly_labels (DhDataset *dataset);
gboolean dh_dataset_has_class_labels (DhDataset *dataset);
/* NULL where there are no class labels. */
const DhClassTable *dh_dataset_class_table (DhDataset *dataset);

#define DH_ANOMALY_INLIER 0
#define DH_ANOMALY_ANOMALY 1
#define DH_ANOMALY_IGNORE 2
#define DH_ANOMALY_UNMEASURED 3

/* All of these run on any thread, and name the file in their errors (those of dh-image.h).
 *
 * How the picture is turned when it is loaded, 1 to 8 as EXIF counts: 1 of published sets, whose labels lie on the
 * pixels as they are stored. One's own are turned as EXIF says, but where a mask fits the stored pixels and not the
 * turned ones. A mask that carries EXIF is turned by its own. */
guint dh_dataset_orientation (DhDataset *dataset, guint index);
/* The size of the picture as it is loaded, from headers alone. */
gboolean dh_dataset_probe_image (DhDataset *dataset, guint index, guint *width, guint *height, GError **error);
/* The picture; for official Static clip (Cityscapes + overlay, 0, 255). Made worse, where that was asked for. */
DhImage *dh_dataset_load_image (DhDataset *dataset, guint index, GError **error);
/* As it is, whatever was asked for. */
DhImage *dh_dataset_load_clean_image (DhDataset *dataset, guint index, GError **error);
DhImage *dh_dataset_load_thumbnail (DhDataset *dataset, guint index, guint max_width, guint max_height, GError **error);
/* Anomaly labels (0 inlier, 1 anomaly, 2 ignore, 3 not measured) and class labels (0…K−1, K ignore, or not measured) at
 * the picture's size. Each is set to NULL where the kind or the item has none, or it is hidden; either pointer may be
 * NULL. What is not measured is told apart from ignore for protocols that count this (DhScoredImage). Further errors:
 * DH_ERROR_MISMATCH where picture and label, or region, differ in size, DH_ERROR_INVALID for an id without meaning. */
gboolean dh_dataset_load_labels (DhDataset *dataset, guint index, DhLabels **anomaly, DhLabels **classes,
                                 GError **error);
/* The ids as they stand in the file, of masks whose values were given a meaning 0, 1 and 255; NULL without error where
 * there is no label. */
DhLabels *dh_dataset_load_raw_labels (DhDataset *dataset, guint index, GError **error);
/* 255 where the picture is not measured, else 0, at that size, which is its own; NULL where all is measured, and with
 * an error DH_ERROR_MISMATCH or DH_ERROR_NO_MEMORY. */
DhLabels *dh_dataset_load_unmeasured (DhDataset *dataset, guint index, guint width, guint height, GError **error);

/* Whether a path is named like a picture: .png .jpg .jpeg .webp .tif .tiff .bmp in any case. */
gboolean dh_path_is_picture (const char *path);

/* "Fishyscapes Lost & Found validation (100 pictures)", "Cityscapes val, 497 of 500 pictures": what was published and
 * is open here, known by the number of pictures and by their names; NULL: nothing that is known, or less than half of
 * it. Free with g_free. */
char *dh_dataset_dup_published (DhDataset *dataset);

/* 64 hexadecimal digits over stems and sizes of all files (not their content, but that of masks that were drawn here),
 * independent of the root: provenance. Reads the size of each file. How pictures are seen stands behind a '+', "+fog:3"
 * (dh-seen.h). Free with g_free. */
char *dh_dataset_fingerprint (DhDataset *dataset, GCancellable *cancellable, GError **error);
G_END_DECLS
