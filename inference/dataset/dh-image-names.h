#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* What the images of a set can be called by in a table: the stem, the id, that behind its scene's, and the path below
 * the root or as much of the end of it as is given; each also without its extension. */
typedef struct _DhImageNames DhImageNames;
DhImageNames *dh_image_names_new (DhDataset *dataset);
void dh_image_names_free (DhImageNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhImageNames, dh_image_names_free)

#define DH_IMAGE_NAME_UNKNOWN (-1)
#define DH_IMAGE_NAME_AMBIGUOUS (-2)
/* The image's number in the set, or one of these. */
gint dh_image_names_find (const DhImageNames *names, const char *name);

G_END_DECLS
