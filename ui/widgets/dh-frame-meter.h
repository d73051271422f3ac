#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Gaps between the frames of one drag, from the widget's frame clock. DH_DEBUG=frames prints their median and 95th
 * percentile when the drag ends. Plain struct; GTK's thread. */
typedef struct
{
  gint64 last;
  gint64 begun;
  GArray *gaps; /* double, ms */
} DhFrameMeter;

typedef struct
{
  guint n;
  double median, p95, rate; /* ms, ms, frames a second */
} DhFrameSummary;

gboolean dh_frame_meter_wanted (void);
void dh_frame_meter_begin (DhFrameMeter *meter);
/* Once a frame that was drawn. */
void dh_frame_meter_tick (DhFrameMeter *meter, gint64 frame_time);
/* Ends, and prints under `what` where DH_DEBUG asks for it. */
DhFrameSummary dh_frame_meter_end (DhFrameMeter *meter, const char *what);
void dh_frame_meter_clear (DhFrameMeter *meter);

G_END_DECLS
