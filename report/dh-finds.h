#pragma once
#include "dh-findings.h"
#include "dh-image.h"
#include "dh-pack.h"

G_BEGIN_DECLS

/* What a threshold flags in many images without labels, put in an order in which a person looks at it: each thing that
 * was found, in one image or, where the images follow one another, in several (dh-tracker.h). Not tied to a thread; one
 * at a time. */
typedef struct _DhFinds DhFinds;

/* What comes first: the highest value, of any image that it was found in; but the number of images with `IMAGES`. */
typedef enum
{
  DH_FIND_MEAN, /* of the score over its pixels */
  DH_FIND_PEAK,
  DH_FIND_AREA,
  DH_FIND_IMAGES,
  DH_N_FIND_ORDERS,
} DhFindOrder;
/* "mean", "peak", "area", "images" */
const char *dh_find_order_name (DhFindOrder order);
gboolean dh_find_order_from_name (const char *name, DhFindOrder *order);

typedef struct
{
  gboolean follow;  /* the images follow one another */
  guint patience;   /* images in which it may be lost meanwhile */
  guint min_images; /* what was found in fewer is left out */
  guint most;       /* how many are shown as pictures */
  DhFindOrder order;
  gboolean low;                   /* low scores are the anomalous ones */
  guint classes;                  /* K of the network */
  const char *const *class_names; /* as many; NULL: those that its number of classes has, if any. Borrowed */
} DhFindsOptions;

/* An image. */
typedef struct
{
  char *name;     /* in its set; NULL of a recording's frame */
  char *path;     /* its file; NULL of a frame */
  guint64 number; /* of a frame */
  double time;    /* of a frame, seconds from the recording's beginning; else NAN */
} DhFindSource;

/* One thing; of the image in which its value is the highest, of equal ones the first. Borrowed from the whole. */
typedef struct
{
  guint n_images;
  double value; /* by which it is ordered, high first */
  DhFinding finding;
  const DhFindSource *source, *first, *last;
  const DhFindSource
      *pictured; /* the image that the crop is of: where it came to be one of the first late, a later one */
  GBytes *crop;  /* a JPEG of it and what is around it, outlined; NULL where it is none of the first `most` */
} DhFind;

/* So many findings at most. */
#define DH_FINDS_MOST 2000000

DhFinds *dh_finds_new (const DhFindsOptions *options);
/* The next image; `source` is copied. `image` and `findings` are NULL where it could not be looked at. Errors:
 * DH_ERROR_TOO_LARGE where the threshold flags more than DH_FINDS_MOST regions. */
gboolean dh_finds_add (DhFinds *finds, const DhFindSource *source, const DhImage *image, const DhFindings *findings,
                       GError **error);
/* All that is known by now as bytes, before finish(); and from them what goes on as if nothing had come between, with
 * the same options. NULL where they are not such. */
void dh_finds_pack (const DhFinds *finds, DhPack *pack);
DhFinds *dh_finds_unpack (const DhFindsOptions *options, DhUnpack *unpack);
/* Once, behind the last image: puts them in order. What follows is for afterwards. */
void dh_finds_finish (DhFinds *finds);
guint dh_finds_count (const DhFinds *finds);
const DhFind *dh_finds_get (const DhFinds *finds, guint i);
/* What it is seen as, or its number; free with g_free. NULL where nobody knows. */
char *dh_finds_dup_class (const DhFinds *finds, const DhFinding *finding);
/* "frame 312, 0:10.40", or the image's name; free with g_free. */
char *dh_find_source_dup_title (const DhFindSource *source);

/* A row for each image of each find. Free with g_free. */
char *dh_finds_to_csv (const DhFinds *finds);
/* The first `most` as pages that a browser opens at once, so many on each: one page at least. */
#define DH_FINDS_ON_PAGE 500
guint dh_finds_count_pages (const DhFinds *finds);
/* "found.html", "found-2.html", …, of pages from 0; free with g_free. */
char *dh_finds_dup_page_name (guint page);
/* A page, with pairs of facts (NULL-terminated) below and, where there are several, the way to the others. Free with
 * g_free. */
char *dh_finds_to_html (const DhFinds *finds, guint page, char **facts);

void dh_finds_free (DhFinds *finds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFinds, dh_finds_free)

G_END_DECLS
