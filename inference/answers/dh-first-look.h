#pragma once
#include "dh-answers.h"
#include "dh-class-table.h"
#include "dh-image.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The first pictures of an evaluation, looked at without a record: whether a sound network could give this at all, and
 * where classes are labelled, whether it knows them. */
#define DH_FIRST_LOOK_IMAGES 4

typedef struct _DhFirstLook DhFirstLook;
/* `classes` of the network, at most 255; `table` (may be NULL): their names. */
DhFirstLook *dh_first_look_new (guint classes, const DhClassTable *table);
void dh_first_look_free (DhFirstLook *look);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFirstLook, dh_first_look_free)
/* One picture: `maps` by DhMap, those that are there, negated or not. `classes` (may be NULL): its labels, of its size;
 * K and above are not counted. */
void dh_first_look_add (DhFirstLook *look, DhTensor *const *maps, const DhLabels *classes);
guint dh_first_look_images (const DhFirstLook *look);
/* Mean IoU of the classes that occur in labels or segmentation; NAN without labels. */
double dh_first_look_miou (const DhFirstLook *look);
/* What is wrong, and what it usually comes from, in one or two sentences; NULL where nothing is. Free with g_free. */
char *dh_first_look_dup_warning (const DhFirstLook *look);

G_END_DECLS
