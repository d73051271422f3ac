#pragma once
#include "dh-report-drawn-private.h"

G_BEGIN_DECLS

/* For what fills and draws them. */
#define DH_REPORT_INTERVALS_POOLED "densehybrid-pooled"

/* A run and what is drawn of it. */
typedef struct
{
  const DhReportRun *run;
  const DhRunProtocolRow *pooled; /* borrowed; NULL: not measured by it */
  GPtrArray *protocols;           /* DhReportDrawn */
  GPtrArray *rows;                /* DhRunImageRow, borrowed: all that were measured */
  DhBootstrap *pixels;            /* of those that were read; NULL where no pooled protocol keeps a curve */
  GPtrArray *read;                /* DhRunImageRow, borrowed, in their order */
} DhReportIntervalsSide;

struct _DhReportIntervals
{
  DhReportIntervalsSide sides[2];
  guint n_sides;
  gboolean scenes;
  GHashTable *groups; /* the stem of an image, or its scene, to its group's number and 1 */
  char *why;          /* why there are none; NULL */
};

void dh_report_intervals_undefine (DhRunIntervals *drawn);

G_END_DECLS
