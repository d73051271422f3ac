#pragma once
#include "dh-image-list.h"
#include "dh-session-set-objects.h"

G_BEGIN_DECLS

typedef enum
{
  DH_SLICE_WHOLE,
  DH_SLICE_ANOMALIES, /* pictures with, and pictures without */
  DH_SLICE_SCENE,
  DH_SLICE_TAG,
  DH_SLICE_PLACE, /* a part of each picture */
  DH_SLICE_CLASS, /* another: where the network sees it */
  DH_SLICE_SIZE,  /* of objects, not of pictures */
  DH_N_SLICE_KINDS,
} DhSliceKind;
/* Translated: "Set", "Anomalies", "Scene", "Tag", "Place", "Class", "Size". */
const char *dh_slice_kind_title (DhSliceKind kind);

/* What is known of a part of the evaluated set. Fractions of 1; NaN where undefined or not known yet. */
typedef struct
{
  guint n_pictures; /* with labels; of a size those that have such objects, and known with what is counted */
  /* Pixels, of a place or class known once it is ranked. */
  guint64 n_pixels, n_anomaly;
  /* Pooled over all pixels of the part, as densehybrid-pooled; no mean of pictures. */
  gboolean ranked;
  double ap, fpr95, auroc;
  char *why_not_ranked; /* why they are undefined; NULL where they are not, and while they are measured */
  /* The AP's 95 % interval for the chance of which pictures the part has (report/dh-run-intervals.h). */
  gboolean drawn;
  double ap_low, ap_high;
  /* At the threshold. */
  gboolean counted, old; /* of an earlier threshold: the present one's are on their way */
  double f1, tpr, fpr;
  guint64 fp, fn;            /* pixels that are flagged falsely, and that are missed */
  double fp_share, fn_share; /* of all of the set's which of these */
  guint64 n_found, n_missed; /* objects */
  double siou;               /* their mean */
  char *why_not_counted;     /* why there is none of these, or none of pixels; NULL where there is or will be */
} DhSliceNumbers;

/* A part of the evaluated set, and a row of numbers. For the window's thread. */
#define DH_TYPE_SLICE (dh_slice_get_type ())
G_DECLARE_FINAL_TYPE (DhSlice, dh_slice, DH, SLICE, GObject)

DhSliceKind dh_slice_get_kind (DhSlice *slice);
const char *dh_slice_get_name (DhSlice *slice);
/* What finds its pictures in a list of images, as dh_image_list_set_filter(); "" finds all. */
const char *dh_slice_get_filter (DhSlice *slice);
/* In the order of all. */
guint dh_slice_get_order (DhSlice *slice);
const DhSliceNumbers *dh_slice_get_numbers (DhSlice *slice);

/* What finds its objects in the list of these, and not its pictures: dh_image_filter_matches_object(). */
gboolean dh_slice_is_of_objects (DhSlice *slice);
/* A DhPlace (dh-place.h); DH_N_PLACES where it is everywhere in its pictures. */
guint dh_slice_get_place (DhSlice *slice);
/* What the network sees there; −1: anything. */
gint dh_slice_get_class (DhSlice *slice);
/* It is of a place or class: what is known of its pictures is not known of it. */
gboolean dh_slice_is_part_of_pictures (DhSlice *slice);
/* Areas of objects, in pixels: from the first to below the second. Any, but for a size. */
void dh_slice_get_areas (DhSlice *slice, guint64 *from, guint64 *below);
/* Numbers of its pictures in the set, ascending; of a place or size all are. Borrowed. */
const GArray *dh_slice_get_members (DhSlice *slice);
/* What two slices have in common that are of the same pictures, and no others: it stays as it is. Borrowed. */
const char *dh_slice_get_sum (DhSlice *slice);
/* To be filled by who keeps the slice. */
DhSliceNumbers *dh_slice_edit_numbers (DhSlice *slice);
/* dh-slice-count.c: fills what is of the threshold; `objects` NULL: nothing is known. `whole`: of the set, which was
 * counted before; NULL: this is it. `old`: soon it is another. */
void dh_slice_count (DhSlice *slice, const DhSetObjects *objects, const DhSliceNumbers *whole, gboolean old);

/* Classes that the network sees. */
typedef struct
{
  guint n;                /* of the arrays */
  GArray *const *members; /* guint: numbers of the pictures that a class is seen in; NULL: it is in none */
  char *(*dup_name) (guint id, gpointer data);
  gpointer data;
} DhSliceClassNames;
/* What the evaluated pictures of the list fall into: the whole, with and without anomalies, scenes, tags, places in
 * the picture, classes (may be NULL), sizes of objects; parts that would be the whole again are left out, but for tags.
 * Of `before` (may be NULL), one with the same name and pictures is taken over as it is. */
GPtrArray *dh_slice_list (DhImageList *list, const DhSliceClassNames *classes, GListModel *before);

G_END_DECLS
