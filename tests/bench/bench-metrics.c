/* Times the metrics on generated scores: bench-metrics [IMAGES]. Images are 2048×1024, scores look like a hybrid score
 * (smooth, −24 … 6), 2 % of the pixels are anomalies. One thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dh-froc.h"
#include "dh-metric.h"
#include "dh-ranking.h"

#define WIDTH 2048
#define HEIGHT 1024
#define N (WIDTH * HEIGHT)

/* Processor time, which other programs disturb less than the clock on the wall. */
static double
seconds (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static double
noise (guint64 *state)
{
  double sum = 0;
  for (guint i = 0; i < 4; i++)
    {
      *state ^= *state << 13;
      *state ^= *state >> 7;
      *state ^= *state << 17;
      sum += (*state >> 40) * 0x1p-24;
    }
  return sum - 2;
}

static void
make_image (guint number, float *scores, guint8 *labels)
{
  guint64 state = number * G_GUINT64_CONSTANT (0x9E3779B97F4A7C15) + 1;
  const double phase = noise (&state) * 10;
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++)
      {
        const guint i = y * WIDTH + x;
        const gboolean anomaly = hypot (x % 512 - 256.0, y % 512 - 300.0) < 41;
        labels[i] = y > HEIGHT - 40 ? 255 : anomaly;
        scores[i] = -12 + 4 * sin (x * 0.01 + phase) * cos (y * 0.013) + 6 * anomaly + noise (&state);
      }
}

static void
time_protocol (const char *protocol, const DhMetricOptions *options, const char *what, guint n_images, float *scores,
               guint8 *labels)
{
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find (protocol, NULL), options, NULL);
  double spent = 0;
  for (guint i = 0; i < n_images; i++)
    {
      make_image (i, scores, labels);
      const DhScoredImage image = { "image", scores, labels, WIDTH, HEIGHT };
      const double start = seconds ();
      if (!dh_metric_add (metric, &image, NULL))
        exit (1);
      spent += seconds () - start;
    }
  const double start = seconds ();
  g_autoptr (DhResult) result = dh_metric_finish (metric, NULL);
  const double end = seconds () - start;
  printf ("%-24s %-22s %7.3f s   %6.1f ms an image, %6.1f ms at the end   AP %.6f\n", protocol, what, spent + end,
          1000 * spent / n_images, 1000 * end, result ? result->ap : NAN);
}

static int
compare (const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
time_components (const float *scores, const guint8 *labels)
{
  enum
  {
    RUNS = 21
  };
  double spent[RUNS];
  g_autofree guint8 *mask = g_malloc (N);
  const DhComponentOptions options = { 500, 100, 0.25 };
  for (int t = -12; t <= -4; t += 4)
    {
      for (guint i = 0; i < N; i++)
        mask[i] = scores[i] > t;
      guint n = 0;
      for (guint r = 0; r < RUNS; r++)
        {
          const double start = seconds ();
          g_autoptr (DhComponents) components = dh_components_match (mask, labels, WIDTH, HEIGHT, &options, NULL);
          spent[r] = seconds () - start;
          n = components->n_anomalies + components->n_predictions;
        }
      qsort (spent, RUNS, sizeof *spent, compare);
      printf ("components at %-3d       %u of them             %7.1f ms (median of %d)\n", t, n, 1000 * spent[RUNS / 2],
              RUNS);
    }
}

static void
time_ranking (guint n_images, float *scores, guint8 *labels)
{
  g_autoptr (DhRanking) set = dh_ranking_new ();
  g_autoptr (DhRanking) image = dh_ranking_new ();
  for (guint i = 0; i < n_images; i++)
    {
      make_image (i, scores, labels);
      dh_ranking_clear (image);
      if (!dh_ranking_add (image, scores, labels, N, NULL, NULL) || !dh_ranking_merge (set, image, NULL))
        exit (1);
    }
  DhConfusion at;
  dh_ranking_confusion (set, 0, TRUE, &at);
  guint64 sum = 0;
  const double start = seconds ();
  for (guint i = 0; i < 1000; i++)
    {
      dh_ranking_confusion (set, -16 + i * 0.02, FALSE, &at);
      sum += at.tp;
    }
  printf ("a threshold's counts     of the whole set       %7.1f µs   (checksum %" G_GUINT64_FORMAT ")\n",
          1000 * (seconds () - start), sum);
  printf ("memory                   of the whole set       %7.1f MiB for %.3g pixels\n",
          dh_ranking_memory (set) / 1048576.0, (double)n_images * N);
}

static void
time_froc (guint n_images, guint64 min_area, float *scores, guint8 *labels)
{
  const DhFrocOptions options = { .min_area = min_area,
                                  .min_anomaly = DH_FROC_MIN_ANOMALY,
                                  .found_share = DH_FROC_FOUND_SHARE };
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  double spent = 0;
  for (guint i = 0; i < n_images; i++)
    {
      make_image (i, scores, labels);
      const double start = seconds ();
      if (!dh_froc_add (froc, scores, labels, WIDTH, HEIGHT, NULL))
        exit (1);
      spent += seconds () - start;
    }
  const double start = seconds ();
  g_autoptr (DhFrocCurve) curve = dh_froc_finish (froc, NULL);
  printf ("false alarms from %-4" G_GUINT64_FORMAT "   %6.1f ms an image, %6.1f ms at the end   %u points\n", min_area,
          1000 * spent / n_images, 1000 * (seconds () - start), curve ? curve->n_points : 0);
}

int
main (int argc, char **argv)
{
  const guint n_images = argc > 1 ? CLAMP (atoi (argv[1]), 1, 10000) : 20;
  g_autofree float *scores = g_new (float, N);
  g_autofree guint8 *labels = g_malloc (N);
  const DhMetricOptions bare = { .no_rows = TRUE };
  const DhMetricOptions components = { .has_threshold = TRUE, .threshold = -9 };
  printf ("%u images of %d×%d\n", n_images, WIDTH, HEIGHT);
  time_protocol ("densehybrid-pooled", &bare, "without rows", n_images, scores, labels);
  time_protocol ("densehybrid-pooled", NULL, "with rows", n_images, scores, labels);
  time_protocol ("densehybrid-per-image", NULL, "", n_images, scores, labels);
  time_protocol ("smiyc-pixel", &bare, "", n_images, scores, labels);
  time_protocol ("smiyc-component", &components, "one pass", n_images, scores, labels);
  time_ranking (n_images, scores, labels);
  time_components (scores, labels);
  time_froc (n_images, 1, scores, labels);
  time_froc (n_images, DH_FROC_MIN_AREA, scores, labels);
  return 0;
}
