#pragma once
#include "dh-image-item.h"

G_BEGIN_DECLS

/* A filter as typed, see dh_image_list_set_filter(). Any text is a filter. */
typedef struct _DhImageFilter DhImageFilter;
DhImageFilter *dh_image_filter_new (const char *text);
void dh_image_filter_free (DhImageFilter *filter);
gboolean dh_image_filter_matches (const DhImageFilter *filter, DhImageItem *item);

G_END_DECLS
