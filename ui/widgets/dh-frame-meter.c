#include "dh-frame-meter.h"
#include <stdlib.h>

gboolean
dh_frame_meter_wanted (void)
{
  static gsize wanted;
  if (g_once_init_enter (&wanted))
    {
      static const GDebugKey keys[] = { { "frames", 1 } };
      g_once_init_leave (&wanted, 1 + g_parse_debug_string (g_getenv ("DH_DEBUG"), keys, G_N_ELEMENTS (keys)));
    }
  return wanted > 1;
}

void
dh_frame_meter_begin (DhFrameMeter *meter)
{
  if (meter->gaps == NULL)
    meter->gaps = g_array_new (FALSE, FALSE, sizeof (double));
  g_array_set_size (meter->gaps, 0);
  meter->last = 0;
  meter->begun = g_get_monotonic_time ();
}

void
dh_frame_meter_tick (DhFrameMeter *meter, gint64 frame_time)
{
  if (meter->begun == 0)
    return;
  if (meter->last > 0 && frame_time > meter->last && meter->gaps->len < 1u << 20)
    {
      double gap = (double)(frame_time - meter->last) / 1000.0;
      g_array_append_val (meter->gaps, gap);
    }
  meter->last = frame_time;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

DhFrameSummary
dh_frame_meter_end (DhFrameMeter *meter, const char *what)
{
  DhFrameSummary summary = { 0 };
  if (meter->begun == 0)
    return summary;
  guint n = meter->gaps->len;
  if (n > 0)
    {
      double *gaps = &g_array_index (meter->gaps, double, 0), total = 0.0;
      qsort (gaps, n, sizeof (double), compare);
      for (guint i = 0; i < n; i++)
        total += gaps[i];
      summary.n = n;
      summary.median = gaps[n / 2];
      summary.p95 = gaps[MIN (n - 1, n * 95 / 100)];
      summary.rate = total > 0.0 ? 1000.0 * n / total : 0.0;
      if (dh_frame_meter_wanted ())
        g_printerr ("frames: %s: %u frames in %.2f s, %.1f a second, median gap %.1f ms, p95 %.1f ms\n", what, n + 1,
                    total / 1000.0, summary.rate, summary.median, summary.p95);
    }
  meter->begun = 0;
  return summary;
}

void
dh_frame_meter_clear (DhFrameMeter *meter)
{
  g_clear_pointer (&meter->gaps, g_array_unref);
  meter->begun = 0;
}
