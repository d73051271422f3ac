#pragma once
#include "dh-ranking.h"
#include "dh-report-private.h"

G_BEGIN_DECLS

/* A part of the set and what it measured. */
typedef struct
{
  const char *by;
  char *name;
  DhPlace place;   /* DH_N_PLACES: everywhere */
  GPtrArray *rows; /* DhRunImageRow, borrowed */
  guint images;    /* that were read */
  DhRanking *ranking;
  guint64 pixels, positives;
  DhPixelMetrics metrics;
  DhConfusion found; /* at the threshold, where `counted` */
  gboolean counted;
  double tpr, fpr; /* of that */
} DhReportSlice;

struct _DhReportSlices
{
  GPtrArray *slices; /* DhReportSlice; the first is the whole */
  DhReportOperating at;
};

/* Images whose maps could not be read. */
guint dh_report_slices_count_unread (const DhReportSlices *slices);
/* "tag night", "images with anomalies"; free with g_free. */
char *dh_report_slice_dup_name (const DhReportSlice *slice);

G_END_DECLS
