#pragma once
#include "dh-finds.h"

G_BEGIN_DECLS

/* dh-find-crop.c: finding `which` of an image and what is around it, outlined, as JPEG. NULL where memory is short. */
GBytes *dh_find_crop (const DhImage *image, const DhFindings *findings, guint which);

/* One image of one find; borrowed. */
typedef struct
{
  guint find; /* its place */
  const DhFindSource *source;
  const DhFinding *finding;
} DhFindView;
/* All of them, by find, then in the order of the images; free with g_array_unref(). */
GArray *dh_finds_list_views (const DhFinds *finds);
const DhFindsOptions *dh_finds_options (const DhFinds *finds);

G_END_DECLS
