#pragma once
#include <gio/gio.h>
#include "dh-score-kind.h"

G_BEGIN_DECLS

/* What one picture shows: its pixels, its labels and its maps. Immutable once it left its maker; reference counted
 * (atomic); any thread. All arrays are row-major without padding: a row is `width` elements. */
#define DH_TYPE_FRAME (dh_frame_get_type ())
GType dh_frame_get_type (void);

typedef struct
{
  gatomicrefcount refs;
  guint width, height;
  GBytes *image;                 /* 3·W·H, RGB 8 bit */
  GBytes *truth;                 /* W·H: 0 inlier, 1 anomaly, 255 void; NULL where there are no anomaly labels */
  GBytes *unmeasured;            /* W·H: 255 in a region that is not measured (dh-region.h), else 0; NULL where truth
                                  * tells that already, or all is measured */
  GBytes *classes;               /* W·H: the labels' classes, K void; NULL where there are none */
  GBytes *maps[DH_N_SHOWN_MAPS]; /* float32 W·H, but the segmentation uint8; NULL where it was not computed */
  guint64 non_finite[DH_N_SHOWN_MAPS];
  char *truth_error; /* why the labels cannot be used; NULL where they can or where there are none */
  double seconds;    /* the network's run; 0 where the maps came from the cache */
  guint tile;        /* the network's maps were computed in tiles of so many pixels a side; 0: of the whole picture */
  gboolean cached;
} DhFrame;

/* Empty, with one reference; the maker fills it before sharing. */
DhFrame *dh_frame_new (guint width, guint height);
/* A copy that shares the arrays, for a maker who adds to it. */
DhFrame *dh_frame_copy (const DhFrame *frame);
DhFrame *dh_frame_ref (DhFrame *frame);
void dh_frame_unref (DhFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFrame, dh_frame_unref)

gboolean dh_frame_has_map (const DhFrame *frame, DhFrameMap map);
/* Borrowed; NULL where there is none. */
const float *dh_frame_floats (const DhFrame *frame, DhFrameMap map);
/* Of a float map at a pixel of the picture; NaN where there is none. */
double dh_frame_value (const DhFrame *frame, DhFrameMap map, guint x, guint y);
/* Borrowed: 255 where a pixel is not counted, whatever else it is: truth, else what is not measured; NULL: all are. */
const guint8 *dh_frame_peek_counted (const DhFrame *frame);
/* Bytes of memory its arrays take. */
gsize dh_frame_size_bytes (const DhFrame *frame);

/* Everything under one pixel. */
typedef struct
{
  guint x, y;
  gint truth;                           /* 0, 1, 255; −1 without labels */
  gint label_class, segmentation_class; /* −1 where unknown */
  double likelihood, posterior, hybrid; /* NaN where the map is missing */
  double max_softmax;                   /* probability of the segmentation's class; NaN where unknown */
  double log_p_out; /* the second term: hybrid + likelihood, so that the terms shown add up to the score shown */
} DhProbe;
/* FALSE outside the picture. */
gboolean dh_frame_probe (const DhFrame *frame, gint x, gint y, DhProbe *probe);

G_END_DECLS
