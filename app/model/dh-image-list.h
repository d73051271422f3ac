#pragma once
#include "dh-image-item.h"

G_BEGIN_DECLS

typedef enum
{
  DH_SORT_NAME,
  DH_SORT_AP,
  DH_SORT_FPR95,
  DH_SORT_MEAN_SCORE,
  DH_SORT_LARGEST_MISS,
  DH_SORT_MISSED,
  DH_SORT_FALSE,
  DH_SORT_ANOMALY_PIXELS,
  DH_N_SORTS,
} DhSort;
const char *dh_sort_id (DhSort sort);
const char *dh_sort_title (DhSort sort); /* translated */

/* The pictures of the open set as a list model: DhImageItem, and DhImageGroup between them where it is grouped. Sorts
 * and filters by itself; what is undefined comes last. For the window's thread. */
#define DH_TYPE_IMAGE_LIST (dh_image_list_get_type ())
G_DECLARE_FINAL_TYPE (DhImageList, dh_image_list, DH, IMAGE_LIST, GObject)

DhImageList *dh_image_list_new (void);
/* Takes an array of DhImageItem (it must own its elements); NULL empties the list. */
void dh_image_list_take_items (DhImageList *list, GPtrArray *items);

/* Of the whole set, in its own order. */
guint dh_image_list_get_size (DhImageList *list);
DhImageItem *dh_image_list_get_item (DhImageList *list, guint index); /* borrowed */
/* Of those shown. */
guint dh_image_list_get_shown (DhImageList *list);

/* Position of an item in the list model; −1 where it is filtered out. */
gint dh_image_list_position (DhImageList *list, DhImageItem *item);
/* The picture `step` places on from `item` among those shown; NULL at the ends. NULL as `item`: the first. Borrowed. */
DhImageItem *dh_image_list_step (DhImageList *list, DhImageItem *item, gint step);

void dh_image_list_set_sort (DhImageList *list, DhSort sort, gboolean worst_first);
DhSort dh_image_list_get_sort (DhImageList *list);
gboolean dh_image_list_get_worst_first (DhImageList *list);
void dh_image_list_set_grouped (DhImageList *list, gboolean grouped);
gboolean dh_image_list_get_grouped (DhImageList *list);
/* Words that all must occur in the name, the group, a tag or the note; also "ap<90", "fpr95>=10", "auroc<99",
 * "anomalies>0" (per cent, pixels), "missed>0", "false>0" (objects at the threshold: dh-session-set-objects.h),
 * "scene:NAME", "tag:NAME" (a part of it; scene:"NAME" the whole, in which "" is a quotation mark), "is:marked",
 * "is:failed", "is:cached". */
void dh_image_list_set_filter (DhImageList *list, const char *filter);
/* After metrics or states have changed. */
void dh_image_list_resort (DhImageList *list);

/* How many of the whole set are in a state. */
guint dh_image_list_count_state (DhImageList *list, DhItemState state);

G_END_DECLS
