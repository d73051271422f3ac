#pragma once
#include "dh-image-item.h"

G_BEGIN_DECLS

/* A filter as typed, see dh_image_list_set_filter(). Any text is a filter. */
typedef struct _DhImageFilter DhImageFilter;
DhImageFilter *dh_image_filter_new (const char *text);
/* The term that nothing but this value fits, "scene" or "tag" being the field; free with g_free. */
char *dh_image_filter_quote (const char *field, const char *value);
void dh_image_filter_free (DhImageFilter *filter);
gboolean dh_image_filter_matches (const DhImageFilter *filter, DhImageItem *item);

G_END_DECLS
