#pragma once
#include "dh-run-pictures-private.h"

G_BEGIN_DECLS

/* One picture of dh_run_pictures(), from being read to being added, and what is done to it by itself. */
typedef struct
{
  DhRunPicture picture;
  DhImage *image;              /* to be computed; NULL: its maps are there */
  DhPrediction *prediction;    /* computed, or from a source */
  char *path;                  /* picture.row.score_file */
  const DhRunImageRow *stored; /* what the record has of it, or NULL; borrowed */
  guint64 bytes;               /* about what it takes on its way, once it is read: under the flow's mutex */
  gboolean busy;               /* in a thread's hands: under the flow's mutex */
} DhPictureWork;

/* On the caller's thread. */
DhPictureWork *dh_picture_work_new (const DhRunPictures *work, guint index);

void dh_picture_work_free (DhPictureWork *item, const DhRunPictures *work);

/* On any thread, an item in the hands of one of them. */

/* Labels, and the maps of an earlier start, or what a source has for one, or else the image, which is to be computed.
 */
gboolean dh_picture_work_read (const DhRunPictures *work, DhPictureWork *item, GError **error);

/* What was computed is oriented and written; then the picture is measured. */
gboolean dh_picture_work_measure (const DhRunPictures *work, DhPictureWork *item, GError **error);

/* The picture and its labels, its maps as they come and as they are kept, what is measured of them: about, once it was
 * read. */
guint64 dh_picture_work_bytes (const DhRunPictures *work, const DhPictureWork *item);

G_END_DECLS
