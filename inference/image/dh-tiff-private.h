#pragma once
#include <tiffio.h>
#include "dh-image-private.h"

G_BEGIN_DECLS

/* A file that is being read. */
typedef struct
{
  const DhImageSource *source;
  gsize position;
  char message[160]; /* the first; "" */
} DhTiffJob;

/* At the page that is the picture. Without mapping: strips are copied, and no more is allocated at once than a picture
 * within the limits takes. NULL with an error; TIFFClose() otherwise. */
TIFF *dh_tiff_open (DhTiffJob *job, GError **error);
/* The picture's size, where it and the pages beside it can be read at all. */
gboolean dh_tiff_check (DhTiffJob *job, TIFF *tiff, guint *width, guint *height, GError **error);
void dh_tiff_set_broken (const DhTiffJob *job, GError **error);

G_END_DECLS
