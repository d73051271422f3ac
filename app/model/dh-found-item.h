#pragma once
#include "dh-image-item.h"
#include "dh-picture-components.h"

G_BEGIN_DECLS

/* What the user says of what was found. */
typedef enum
{
  DH_FIND_NEW,
  DH_FIND_SEEN,
  DH_FIND_REAL,
  DH_FIND_FALSE,
  DH_N_FIND_MARKS,
} DhFindMark;
/* "", "seen", "real", "false"; as it is kept. */
const char *dh_find_mark_id (DhFindMark mark);
/* DH_FIND_NEW of words that it does not know. */
DhFindMark dh_find_mark_from_id (const char *id);
/* Translated: "New", "Seen", "Real", "False alarm". */
const char *dh_find_mark_title (DhFindMark mark);

/* One thing that a threshold flags in a set, for a row of a list: a copy. For the window's thread. Notifies "mark" and
 * "crop". */
#define DH_TYPE_FOUND_ITEM (dh_found_item_get_type ())
G_DECLARE_FINAL_TYPE (DhFoundItem, dh_found_item, DH, FOUND_ITEM, GObject)

DhFoundItem *dh_found_item_new (DhImageItem *image, const DhPictureObject *object, DhScore score, DhFindMark mark);
/* Borrowed. */
DhImageItem *dh_found_item_get_image (DhFoundItem *item);
const DhPictureObject *dh_found_item_get_object (DhFoundItem *item);
DhScore dh_found_item_get_score (DhFoundItem *item);
/* Whether both are the same thing: of one image, with one peak. */
gboolean dh_found_item_is_same (DhFoundItem *item, DhFoundItem *other);

DhFindMark dh_found_item_get_mark (DhFoundItem *item);
void dh_found_item_set_mark (DhFoundItem *item, DhFindMark mark);
/* What is around it, RGB of so many pixels; NULL until it is read, or where `why` says that it cannot be. Borrowed. */
#define DH_FOUND_CROP_WIDTH 120
#define DH_FOUND_CROP_HEIGHT 80
GBytes *dh_found_item_get_crop (DhFoundItem *item, const char **why);
void dh_found_item_set_crop (DhFoundItem *item, GBytes *crop, const char *why);

G_END_DECLS
