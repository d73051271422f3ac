#pragma once
#include "dh-class-pixels.h"
#include "dh-ranking.h"
#include "dh-report-private.h"

G_BEGIN_DECLS

/* A part of the set and what it measured. */
typedef struct
{
  const char *by;
  char *name;
  DhPlace place;    /* DH_N_PLACES: everywhere */
  gint class_id;    /* what the network sees there; −1: anything */
  guint64 expected; /* pixels of a class, void ones too: how much memory it will take */
  GPtrArray *rows;  /* DhRunImageRow, borrowed */
  guint images;     /* that were read */
  DhRanking *ranking;
  guint64 pixels, positives;
  DhPixelMetrics metrics;
  DhConfusion found; /* at the threshold, where `counted` */
  gboolean counted;
  double tpr, fpr;           /* of that */
  double fp_share, fn_share; /* of the whole set's that lie in it; NAN: there are none */
} DhReportSlice;

struct _DhReportSlices
{
  GPtrArray *slices; /* DhReportSlice; the first is the whole, the last are the classes */
  DhReportOperating at;
  char *why_no_classes; /* a sentence; NULL where there are some, or none are wanted */
  guint unsegmented;    /* images whose segmentation cannot be read: they are in no class */
};

/* Another slice of the list; owned by it. */
DhReportSlice *dh_report_slice_new (GPtrArray *slices, const char *by, const char *name);

/* dh-report-slice-classes.c: the classes that the network sees in the rows (DhRunImageRow), behind the other slices,
 * each with the rows that it is seen in; or why there are none. Reads all segmentations, which it tells the report's
 * progress as the first DH_REPORT_SCAN_SHARE-th of the images. */
#define DH_REPORT_SCAN_SHARE 8
void dh_report_slices_add_classes (DhReportSlices *slices, const DhReport *report, guint run, DhDataset *dataset);
/* The pixels of an image of the run by class; NULL where its segmentation cannot be read, or memory is short. */
DhClassPixels *dh_report_cut_by_class (const DhRunRow *run, const DhRunImageRow *row, const float *scores,
                                       const DhLabels *labels);
/* By the share of the set's false positives that lies there, the largest first. */
void dh_report_slices_sort_classes (DhReportSlices *slices);

/* Images whose maps could not be read. */
guint dh_report_slices_count_unread (const DhReportSlices *slices);
/* "tag night", "images with anomalies"; free with g_free. */
char *dh_report_slice_dup_name (const DhReportSlice *slice);

G_END_DECLS
