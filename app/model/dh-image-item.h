#pragma once
#include <gio/gio.h>
#include <math.h>

G_BEGIN_DECLS

typedef enum
{
  DH_ITEM_UNKNOWN,   /* nothing was asked of it yet */
  DH_ITEM_QUEUED,    /* waits for the network */
  DH_ITEM_COMPUTING, /* runs */
  DH_ITEM_CACHED,    /* its maps are at hand, in memory or on disk */
  DH_ITEM_FAILED,    /* `reason` says why */
} DhItemState;

/* What an evaluation found for one picture. Fractions of 1; NaN where undefined. */
typedef struct
{
  gboolean evaluated;
  double ap, fpr95, auroc;
  double mean_score;
  guint64 n_anomaly, n_inlier;
  double
      largest_missed; /* pixels of the largest anomaly not found (smiyc-component, τ of the set); NaN where unknown */
} DhItemMetrics;

#define DH_ITEM_METRICS_NONE                                                                                           \
  ((DhItemMetrics){ .ap = NAN, .fpr95 = NAN, .auroc = NAN, .mean_score = NAN, .largest_missed = NAN })

/* One picture of the open set. For the window's thread. Notifies "state", "thumbnail", "metrics", "objects" and
 * "marks". */
#define DH_TYPE_IMAGE_ITEM (dh_image_item_get_type ())
G_DECLARE_FINAL_TYPE (DhImageItem, dh_image_item, DH, IMAGE_ITEM, GObject)

/* `index` is its number in the data set; `stem` is unique there, `name` the last part of it. */
DhImageItem *dh_image_item_new (guint index, const char *stem, const char *group, gboolean labelled);
guint dh_image_item_get_index (DhImageItem *item);
const char *dh_image_item_get_stem (DhImageItem *item);
const char *dh_image_item_get_name (DhImageItem *item);
const char *dh_image_item_get_group (DhImageItem *item);
gboolean dh_image_item_is_labelled (DhImageItem *item);
void dh_image_item_set_labelled (DhImageItem *item, gboolean labelled);

DhItemState dh_image_item_get_state (DhImageItem *item);
/* NULL unless failed. */
const char *dh_image_item_get_reason (DhImageItem *item);
void dh_image_item_set_state (DhImageItem *item, DhItemState state, const char *reason);

/* RGB, 3·width·height; NULL until it is loaded. */
GBytes *dh_image_item_get_thumbnail (DhImageItem *item, guint *width, guint *height);
void dh_image_item_set_thumbnail (DhImageItem *item, GBytes *rgb, guint width, guint height);

const DhItemMetrics *dh_image_item_get_metrics (DhImageItem *item);
/* Why an evaluated picture has no AP, translated: no label, no anomaly or no inlier in it; NULL where it has one. */
const char *dh_image_item_why_no_ap (DhImageItem *item);
void dh_image_item_set_metrics (DhImageItem *item, const DhItemMetrics *metrics);

/* Anomalies that the threshold misses here, and what it flags falsely: dh-session-set-objects.h. −1 where nobody knows.
 */
gint dh_image_item_get_n_missed (DhImageItem *item);
gint dh_image_item_get_n_false (DhImageItem *item);
/* Pixels of the largest anomaly that is missed; NaN where there is none. Where nobody knows what the threshold misses,
 * what the evaluation found at its own. */
double dh_image_item_get_largest_missed (DhImageItem *item);
void dh_image_item_set_objects (DhImageItem *item, gint n_missed, gint n_false, double largest_missed);

/* What the user wrote about it: sorted tags, NULL-terminated, and a note; borrowed, empty where there is none.
 * Notifies "marks". dh-session-marks.h keeps them. */
const char *const *dh_image_item_get_tags (DhImageItem *item);
gboolean dh_image_item_has_tag (DhImageItem *item, const char *tag);
const char *dh_image_item_get_note (DhImageItem *item);
gboolean dh_image_item_is_marked (DhImageItem *item);
void dh_image_item_set_tags (DhImageItem *item, const char *const *tags);
void dh_image_item_set_note (DhImageItem *item, const char *note);

/* As dh_image_list_set_filter(); NULL matches everything. */
gboolean dh_image_item_matches (DhImageItem *item, const char *filter);

/* A heading between pictures in a grouped list. */
#define DH_TYPE_IMAGE_GROUP (dh_image_group_get_type ())
G_DECLARE_FINAL_TYPE (DhImageGroup, dh_image_group, DH, IMAGE_GROUP, GObject)
const char *dh_image_group_get_title (DhImageGroup *group);
guint dh_image_group_get_size (DhImageGroup *group);
DhImageGroup *dh_image_group_new (const char *title, guint size);

G_END_DECLS
