#pragma once
#include "dh-finds.h"
#include "dh-tracker.h"

G_BEGIN_DECLS

/* A find in one image. */
typedef struct
{
  guint find, source; /* places */
  DhFinding finding;
} DhFindsView;

/* A find while images come. */
typedef struct
{
  guint n_images, best, first, last; /* views */
  guint64 seen;                      /* the image in which it was last */
  double value;
  GBytes *crop;
  guint pictured; /* the view that the crop is of */
} DhFindsGrowing;

/* Where a find stands in the order; no image that is added puts it further back. */
typedef struct
{
  double rank;
  guint number;
} DhFindsPlace;

struct _DhFinds
{
  DhFindsOptions options;
  DhTracker *tracker;
  guint64 n_images;
  DhFindsPlace last_shown; /* so many stand before it that what is behind is none of the first `most`, as it is */
  guint crops, prune;      /* how many there are; at how many they are looked through */
  GPtrArray *sources;      /* DhFindSource */
  GArray *views;           /* DhFindsView */
  GArray *growing;         /* DhFindsGrowing, by number */
  GArray *finds;           /* DhFind, in order, once all are in */
  guint *places;           /* of each of `growing` among these; G_MAXUINT: left out */
};

void dh_find_source_free (gpointer source);

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
