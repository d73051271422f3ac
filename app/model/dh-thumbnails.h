#pragma once
#include "dh-dataset.h"
#include "dh-image-item.h"

G_BEGIN_DECLS

/* The thumbnails of the pictures that lists show, of at most 144×108 pixels: what is out of sight again before it was
 * read is not read, and of what was read so many stay that nobody sees any more. For the window's thread. */
typedef struct _DhThumbnails DhThumbnails;

#define DH_THUMBNAILS_KEPT 500

DhThumbnails *dh_thumbnails_new (void);
/* Waits for the one that is being read. */
void dh_thumbnails_free (DhThumbnails *thumbnails);
/* A row shows the item, whose picture is that of its index in the set: the thumbnail comes into the item. */
void dh_thumbnails_show (DhThumbnails *thumbnails, DhDataset *dataset, DhImageItem *item);
/* It shows it no more; as often as it was shown. */
void dh_thumbnails_leave (DhThumbnails *thumbnails, DhImageItem *item);
/* Those that nobody sees go: another set is open. */
void dh_thumbnails_drop_kept (DhThumbnails *thumbnails);
/* Tried to be read so far. */
guint dh_thumbnails_get_n_read (DhThumbnails *thumbnails);

G_END_DECLS
