#pragma once
#include "dh-image-item.h"
#include "dh-picture-components.h"

G_BEGIN_DECLS

/* A filter as typed, see dh_image_list_set_filter(). Any text is a filter. */
typedef struct _DhImageFilter DhImageFilter;
DhImageFilter *dh_image_filter_new (const char *text);
/* The term that nothing but this value fits, "scene", "tag" or "class" being the field; free with g_free. */
char *dh_image_filter_quote (const char *field, const char *value);
void dh_image_filter_free (DhImageFilter *filter);
/* Names of classes, by id: without them no object is of a class that is asked for. Copied; the filter may be NULL. */
void dh_image_filter_name_classes (DhImageFilter *filter, const char *const *names);
/* That of the text takes the former one's place: NULL where there is no text. */
void dh_image_filter_replace (DhImageFilter **filter, const char *text);
gboolean dh_image_filter_matches (const DhImageFilter *filter, DhImageItem *item);
/* An object of that picture; of objects there are more terms: "kind:missed", "kind:false", "kind:found",
 * "kind:flagged", "area>500" (pixels), "siou<0.5", "ppv<0.5", "place:top",
 * or another of dh_place_name(), and "class:road", of what the network sees there, if names are given. No picture by
 * itself matches these. */
gboolean dh_image_filter_matches_object (const DhImageFilter *filter, DhImageItem *item, const DhPictureObject *object);

G_END_DECLS
