/* What was counted, as bytes and back: the same to the last bit; and any other bytes, of which nothing comes that
 * cannot be. */
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-metric.h"
#include "dh-open-sweep.h"
#include "naive-metrics.h"

enum
{
  N = 400000,
  K = 5,
};

static gboolean
append (gconstpointer bytes, gsize size, gpointer data, GError **error)
{
  g_byte_array_append (data, bytes, (guint)size);
  return TRUE;
}

static GByteArray *
end (DhPack *pack)
{
  g_assert_true (dh_pack_end (pack, NULL));
  return pack->data;
}

static void
begin (DhPack *pack)
{
  dh_pack_init (pack, append, g_byte_array_new ());
}

static GByteArray *
pack_ranking (const DhRanking *ranking)
{
  DhPack pack;
  begin (&pack);
  g_assert_true (dh_ranking_pack (ranking, &pack));
  return end (&pack);
}

static GByteArray *
pack_sweep (const DhOpenSweep *sweep)
{
  DhPack pack;
  begin (&pack);
  dh_open_sweep_pack (sweep, &pack);
  return end (&pack);
}

static DhUnpack
bytes_of (const GByteArray *bytes)
{
  return (DhUnpack){ bytes->data, bytes->data + bytes->len, FALSE };
}

/* Numbers */

static void
test_numbers (void)
{
  static const guint64 counts[] = {
    0, 1, 127, 128, 16383, 16384, G_MAXINT32, G_MAXINT64, G_MAXUINT64 - 1, G_MAXUINT64
  };
  static const double doubles[] = { 0, -0.0, 1.5, -INFINITY, 4.9e-324, G_MAXDOUBLE };
  static const guint8 many[70000] = { 1, [69999] = 2 };
  DhPack pack;
  begin (&pack);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    dh_pack_count (&pack, counts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (doubles); i++)
    dh_pack_double (&pack, doubles[i]);
  dh_pack_bytes (&pack, many, sizeof many);
  dh_pack_text (&pack, "Straße");
  dh_pack_byte (&pack, 200);
  dh_pack_word (&pack, G_GUINT64_CONSTANT (0x0102030405060708));
  g_autoptr (GByteArray) bytes = end (&pack);
  g_assert_cmpuint (bytes->data[bytes->len - 8], ==, 8); /* whatever the machine */
  DhUnpack from = bytes_of (bytes);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    g_assert_cmpuint (dh_unpack_count (&from, G_MAXUINT64), ==, counts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (doubles); i++)
    {
      const double got = dh_unpack_double (&from);
      g_assert_cmpmem (&got, sizeof got, &doubles[i], sizeof got);
    }
  g_assert_cmpmem (dh_unpack_bytes (&from, sizeof many), sizeof many, many, sizeof many);
  g_assert_true (dh_unpack_same_text (&from, "Straße"));
  g_assert_cmpuint (dh_unpack_byte (&from), ==, 200);
  g_assert_cmpuint (dh_unpack_word (&from), ==, G_GUINT64_CONSTANT (0x0102030405060708));
  g_assert_true (from.at == from.end && !from.failed);
  g_assert_cmpuint (dh_unpack_byte (&from), ==, 0);
  g_assert_true (from.failed);
}

static void
assert_no_count (const char *bytes, gsize size, guint64 most)
{
  DhUnpack from = { (const guint8 *)bytes, (const guint8 *)bytes + size, FALSE };
  g_assert_cmpuint (dh_unpack_count (&from, most), ==, 0);
  g_assert_true (from.failed);
  g_assert_true (from.at == from.end);
}

static void
test_no_numbers (void)
{
  assert_no_count ("", 0, G_MAXUINT64);
  assert_no_count ("\x80", 1, G_MAXUINT64);
  assert_no_count ("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, G_MAXUINT64);
  assert_no_count ("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, G_MAXUINT64); /* 65 bits */
  assert_no_count ("\x05", 1, 4);
  DhUnpack text = { (const guint8 *)"\x03one", (const guint8 *)"\x03one" + 4, FALSE };
  g_assert_false (dh_unpack_same_text (&text, "two"));
  g_assert_true (text.failed);
  DhUnpack few = { (const guint8 *)"abc", (const guint8 *)"abc" + 3, FALSE };
  g_assert_null (dh_unpack_bytes (&few, 4));
  g_assert_cmpuint (dh_unpack_byte (&few), ==, 0); /* nor anything behind a failure */
}

static gboolean
refuse (gconstpointer bytes, gsize size, gpointer data, GError **error)
{
  *(guint *)data += 1;
  g_set_error_literal (error, DH_ERROR, DH_ERROR_IO, "no room");
  return FALSE;
}

/* A full disk is told of once, and nothing more is tried. */
static void
test_no_room (void)
{
  g_autoptr (GError) error = NULL;
  guint calls = 0;
  DhPack pack;
  dh_pack_init (&pack, refuse, &calls);
  for (guint i = 0; i < 100000; i++)
    dh_pack_word (&pack, i);
  g_assert_false (dh_pack_end (&pack, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_cmpuint (calls, ==, 1);
}

/* Rankings */

typedef enum
{
  CONTINUOUS,
  TIED,
  DENORMAL,
  ANY_BITS, /* every float there is */
  CONSTANT,
  NARROW, /* pages of all kinds of counts */
  ZEROS,
  N_KINDS,
} Kind;

static float
make_score (Kind kind, guint64 *random)
{
  const double value = random_normal (random);
  switch (kind)
    {
    case TIED:
      return round (value * 2) / 2;
    case DENORMAL:
      return value * 1e-42;
    case ANY_BITS:
      {
        const guint32 bits = (guint32)(random_unit (random) * 4294967296.0);
        float score;
        memcpy (&score, &bits, sizeof score);
        return score;
      }
    case CONSTANT:
      return -3.5f;
    case NARROW:
      return (value < -0.5 ? 1 : value < 0.5 ? 2 : 4) + (int)(value * (value > 0 ? 40 : 4000)) * 0x1p-22f;
    case ZEROS:
      return value < 0 ? -0.0f : value < 0.5 ? 0.0f : value;
    default:
      return value;
    }
}

static DhRanking *
make_ranking (Kind kind, guint n)
{
  DhRanking *ranking = dh_ranking_new ();
  g_autofree float *scores = g_new (float, MAX (n, 1));
  g_autofree guint8 *labels = g_malloc (MAX (n, 1));
  guint64 random = 77 + kind;
  for (guint i = 0; i < n; i++)
    {
      scores[i] = make_score (kind, &random);
      labels[i] = random_unit (&random) < 0.1 ? 1 : random_unit (&random) < 0.1 ? 255 : 0;
    }
  g_assert_true (dh_ranking_add (ranking, scores, labels, n, NULL, NULL));
  return ranking;
}

static guint64
pixels_of (const DhRanking *ranking)
{
  return dh_ranking_inliers (ranking) + dh_ranking_anomalies (ranking);
}

static void
assert_same_curve (const DhCurve *a, const DhCurve *b)
{
  g_assert_cmpuint (a->inliers, ==, b->inliers);
  g_assert_cmpuint (a->anomalies, ==, b->anomalies);
  g_assert_cmpmem (a->points, a->n_points * sizeof *a->points, b->points, b->n_points * sizeof *b->points);
}

static void
assert_same_ranking (DhRanking *a, DhRanking *b)
{
  const double mean_a = dh_ranking_mean_score (a), mean_b = dh_ranking_mean_score (b);
  g_assert_cmpmem (&mean_a, sizeof mean_a, &mean_b, sizeof mean_b);
  g_assert_cmpuint (dh_ranking_ignored (a), ==, dh_ranking_ignored (b));
  g_assert_cmpuint (dh_ranking_non_finite (a), ==, dh_ranking_non_finite (b));
  for (guint rule = 0; rule < 3; rule++)
    {
      DhPixelMetrics of_a, of_b;
      g_assert_true (dh_ranking_metrics (a, rule, &of_a) && dh_ranking_metrics (b, rule, &of_b));
      g_assert_cmpmem (&of_a, sizeof of_a, &of_b, sizeof of_b);
    }
  g_autoptr (DhCurve) all_a = dh_ranking_curve (a, 0, DH_FPR95_ABOVE);
  g_autoptr (DhCurve) all_b = dh_ranking_curve (b, 0, DH_FPR95_ABOVE); /* every distinct score */
  assert_same_curve (all_a, all_b);
  for (guint i = 0; i < all_a->n_points; i += 1 + all_a->n_points / 100)
    {
      DhConfusion of_a, of_b;
      dh_ranking_confusion (a, (float)all_a->points[i].threshold, i % 2, &of_a);
      dh_ranking_confusion (b, (float)all_a->points[i].threshold, i % 2, &of_b);
      g_assert_cmpmem (&of_a, sizeof of_a, &of_b, sizeof of_b);
    }
  for (double q = 0; q <= 1; q += 0.05)
    {
      const double of_a = dh_ranking_quantile (a, q), of_b = dh_ranking_quantile (b, q);
      g_assert_cmpmem (&of_a, sizeof of_a, &of_b, sizeof of_b);
    }
}

static void
test_ranking (gconstpointer data)
{
  static const guint sizes[] = { 0, 1, 50, 5000, N };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DhRanking) ranking = make_ranking (GPOINTER_TO_UINT (data), sizes[i]);
      g_autoptr (GByteArray) bytes = pack_ranking (ranking);
      DhUnpack from = bytes_of (bytes), again = from, few = from;
      g_autoptr (DhRanking) got = dh_ranking_unpack (&from, pixels_of (ranking));
      g_assert_nonnull (got);
      g_assert_true (from.at == from.end && !from.failed);
      assert_same_ranking (got, ranking);
      g_assert_cmpuint (bytes->len, <=, 64 + 8 * (gsize)sizes[i]);
      if (pixels_of (ranking) > 0)
        {
          g_assert_null (dh_ranking_unpack (&few, pixels_of (ranking) - 1));
          g_assert_true (few.failed);
        }

      /* it goes on as the other does */
      g_autoptr (DhRanking) other = make_ranking (NARROW, 1000);
      g_autoptr (DhRanking) more = dh_ranking_unpack (&again, G_MAXINT64);
      g_assert_true (dh_ranking_merge (ranking, other, NULL) && dh_ranking_merge (more, other, NULL));
      assert_same_ranking (more, ranking);
      g_autoptr (GByteArray) of_one = pack_ranking (ranking);
      g_autoptr (GByteArray) of_other = pack_ranking (more);
      g_assert_cmpmem (of_one->data, of_one->len, of_other->data, of_other->len);
    }
}

/* However many pixels there are. */
static void
test_large (void)
{
  g_autoptr (DhRanking) ranking = make_ranking (NARROW, N);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (DhRanking) same = dh_ranking_new ();
      g_assert_true (dh_ranking_merge (same, ranking, NULL) && dh_ranking_merge (ranking, same, NULL));
    }
  g_autoptr (GByteArray) bytes = pack_ranking (ranking);
  DhUnpack from = bytes_of (bytes);
  g_autoptr (DhRanking) got = dh_ranking_unpack (&from, pixels_of (ranking));
  assert_same_ranking (got, ranking);
  g_assert_cmpuint (bytes->len, <, N);
}

/* A byte or a few of them changed, or the end gone: never a crash, nor more pixels than there may be, nor a walk that
 * does not come to them. */
static void
test_broken_ranking (gconstpointer data)
{
  g_autoptr (DhRanking) ranking = make_ranking (GPOINTER_TO_UINT (data), 30000);
  g_autoptr (GByteArray) bytes = pack_ranking (ranking);
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  const guint64 most = pixels_of (ranking) + 100;
  guint refused = 0;
  const guint tries = 240;
  for (guint i = 0; i < tries; i++)
    {
      const gsize size = i % 3 == 0 ? (gsize)g_rand_int_range (random, 0, (gint)bytes->len) : bytes->len;
      g_autofree guint8 *work = g_memdup2 (bytes->data, MAX (size, 1));
      for (gint n = size > 0 ? g_rand_int_range (random, 0, 4) : 0; n > 0; n--)
        work[g_rand_int_range (random, 0, i % 2 ? (gint)size : (gint)MIN (size, 64))] = (guint8)g_rand_int (random);
      DhUnpack from = { work, work + size, FALSE };
      g_autoptr (DhRanking) got = dh_ranking_unpack (&from, most);
      g_assert_true ((got == NULL) == from.failed);
      refused += got == NULL;
      if (!got)
        continue;
      g_assert_cmpuint (pixels_of (got), <=, most);
      g_autoptr (DhCurve) curve = dh_ranking_curve (got, 64, DH_FPR95_ABOVE);
      if (pixels_of (got) > 0)
        {
          g_assert_cmpuint (curve->points[curve->n_points - 1].tp, ==, dh_ranking_anomalies (got));
          g_assert_cmpuint (curve->points[curve->n_points - 1].fp, ==, dh_ranking_inliers (got));
        }
    }
  g_assert_cmpuint (refused, >, tries / 3);
}

/* Of keys that no finite score has, of pages that are empty or no kind there is. */
static void
test_no_ranking (void)
{
  static const struct
  {
    guint page, form, first; /* the key's upper half, how it is written, its lower half twice */
    gboolean fine;
  } cases[] = {
    { 0xbf80, 0, 0, TRUE },                                            /* 1 */
    { 0x7fff, 0, 2 * 0xfffe, TRUE }, { 0x7fff, 0, 2 * 0xffff, FALSE }, /* −0 */
    { 0xff80, 0, 0, FALSE },                                           /* ∞ */
    { 0xff7f, 0, 0, TRUE },          { 0x0000, 0, 0, FALSE },          /* a NaN */
    { 0x007f, 0, 0, FALSE },                                           /* −∞ */
    { 0x0080, 0, 0, TRUE },          { 0xbf80, 3, 0, FALSE },
    { 0xbf80, 0, 1, FALSE }, /* twice, of one pixel */
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DhPack pack;
      begin (&pack);
      dh_pack_count (&pack, 0);
      dh_pack_count (&pack, 0);
      dh_pack_double (&pack, 1);
      dh_pack_count (&pack, 1); /* one inlier on one page */
      dh_pack_count (&pack, 1);
      dh_pack_count (&pack, cases[i].page);
      dh_pack_count (&pack, 1);
      dh_pack_byte (&pack, (guint8)cases[i].form);
      dh_pack_count (&pack, cases[i].first);
      if (cases[i].first & 1)
        dh_pack_count (&pack, 2);
      dh_pack_count (&pack, 0); /* no anomaly */
      dh_pack_count (&pack, 0);
      g_autoptr (GByteArray) bytes = end (&pack);
      DhUnpack from = bytes_of (bytes);
      g_autoptr (DhRanking) got = dh_ranking_unpack (&from, 10);
      g_assert_cmpint (got != NULL, ==, cases[i].fine);
    }
}

/* By class */

static DhOpenSweep *
make_sweep (guint n)
{
  DhOpenSweep *sweep = dh_open_sweep_new (K);
  guint64 random = 9;
  for (guint i = 0; i < n; i++)
    {
      const guint8 label = (guint8)(random_unit (&random) * (K + 2)), class = (guint8)(random_unit (&random) * (K + 1));
      const float score = i % 1000 == 0 ? NAN : (float)(3 * random_normal (&random) + 2 * (label == K));
      g_assert_true (dh_open_sweep_add (sweep, &class, &score, &label, 1, NULL));
    }
  return sweep;
}

static void
assert_same_sweep (DhOpenSweep *a, DhOpenSweep *b)
{
  guint64 cells_a[K * K], cells_b[K * K];
  double iou_a[K + 1], iou_b[K + 1];
  g_assert_cmpuint (dh_open_sweep_pixels (a), ==, dh_open_sweep_pixels (b));
  g_assert_cmpuint (dh_open_sweep_anomalies (a), ==, dh_open_sweep_anomalies (b));
  g_assert_cmpuint (dh_open_sweep_non_finite (a), ==, dh_open_sweep_non_finite (b));
  dh_open_sweep_closed (a, iou_a, cells_a);
  dh_open_sweep_closed (b, iou_b, cells_b);
  g_assert_cmpmem (cells_a, sizeof cells_a, cells_b, sizeof cells_b);
  g_assert_cmpmem (iou_a, K * sizeof (double), iou_b, K * sizeof (double));
  for (double threshold = -14; threshold < 14; threshold += 0.013)
    {
      const double of_a = dh_open_sweep_miou (a, threshold, iou_a), of_b = dh_open_sweep_miou (b, threshold, iou_b);
      g_assert_cmpmem (&of_a, sizeof of_a, &of_b, sizeof of_b);
      g_assert_cmpmem (iou_a, sizeof iou_a, iou_b, sizeof iou_b);
    }
}

static void
test_sweep (void)
{
  static const guint sizes[] = { 0, 1, 100, 60000 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (DhOpenSweep) sweep = make_sweep (sizes[i]);
      g_autoptr (GByteArray) bytes = pack_sweep (sweep);
      DhUnpack from = bytes_of (bytes), other = from, few = from;
      g_autoptr (DhOpenSweep) got = dh_open_sweep_unpack (&from, K, dh_open_sweep_pixels (sweep));
      g_assert_nonnull (got);
      g_assert_true (from.at == from.end && !from.failed);
      assert_same_sweep (got, sweep);
      g_assert_cmpuint (dh_open_sweep_memory (got), <=, dh_open_sweep_memory (sweep));
      g_assert_null (dh_open_sweep_unpack (&other, K + 1, dh_open_sweep_pixels (sweep)));
      if (dh_open_sweep_pixels (sweep) > 0)
        g_assert_null (dh_open_sweep_unpack (&few, K, dh_open_sweep_pixels (sweep) - 1));
      g_autoptr (DhOpenSweep) more = make_sweep (7);
      g_assert_true (dh_open_sweep_merge (sweep, more, NULL) && dh_open_sweep_merge (got, more, NULL));
      assert_same_sweep (got, sweep);
    }
}

/* The rows are checked against the confusion, so that hardly any change passes; none does harm. */
static void
test_broken_sweep (void)
{
  g_autoptr (DhOpenSweep) sweep = make_sweep (20000);
  g_autoptr (GByteArray) bytes = pack_sweep (sweep);
  g_autoptr (GRand) random = g_rand_new_with_seed (6);
  guint refused = 0;
  const guint tries = 900;
  for (guint i = 0; i < tries; i++)
    {
      const gsize size = i % 3 == 0 ? (gsize)g_rand_int_range (random, 0, (gint)bytes->len) : bytes->len;
      g_autofree guint8 *work = g_memdup2 (bytes->data, MAX (size, 1));
      for (gint n = size > 0 ? g_rand_int_range (random, 1, 4) : 0; n > 0; n--)
        work[g_rand_int_range (random, 0, i % 2 ? (gint)size : (gint)MIN (size, 64))] ^=
            (guint8)(1 + g_rand_int (random) % 255);
      DhUnpack from = { work, work + size, FALSE };
      g_autoptr (DhOpenSweep) got = dh_open_sweep_unpack (&from, K, 20000);
      g_assert_true ((got == NULL) == from.failed);
      refused += got == NULL;
      if (!got)
        continue;
      g_assert_cmpuint (dh_open_sweep_pixels (got), <=, 20000);
      for (double threshold = -20; threshold < 20; threshold += 1.7)
        {
          double iou[K + 1];
          dh_open_sweep_miou (got, threshold, iou);
          for (guint c = 0; c <= K; c++)
            g_assert_true (isnan (iou[c]) || (iou[c] >= 0 && iou[c] <= 1));
        }
    }
  g_assert_cmpuint (refused, >, tries * 3 / 4);
}

/* One pixel of class 0, and behind its row as many as are wanted that count nothing. */
static GByteArray *
pack_one_pixel (guint empty)
{
  const guint8 one[32] = { 1 }, none[32] = { 0 };
  DhPack pack;
  begin (&pack);
  dh_pack_count (&pack, K);
  dh_pack_count (&pack, 0);
  dh_pack_count (&pack, 0);
  for (guint i = 0; i < (K + 1) * (K + 1); i++)
    dh_pack_count (&pack, i == 0);
  dh_pack_count (&pack, 1); /* page */
  dh_pack_count (&pack, 0);
  dh_pack_count (&pack, 1 + empty); /* rows */
  dh_pack_count (&pack, 0);
  dh_pack_bytes (&pack, one, sizeof one);
  dh_pack_count (&pack, 1);
  for (guint i = 0; i < empty; i++)
    {
      dh_pack_count (&pack, 0);
      dh_pack_bytes (&pack, none, sizeof none);
    }
  return end (&pack);
}

/* No memory is had for bytes that say nothing. */
static void
test_empty_rows (void)
{
  g_autoptr (GByteArray) right = pack_one_pixel (0), empty = pack_one_pixel (1);
  DhUnpack from = bytes_of (right), other = bytes_of (empty);
  g_autoptr (DhOpenSweep) got = dh_open_sweep_unpack (&from, K, 1);
  g_assert_nonnull (got);
  g_assert_cmpuint (dh_open_sweep_pixels (got), ==, 1);
  g_assert_null (dh_open_sweep_unpack (&other, K, 1));
}

/* Results */

static const char *const names[] = { "a", "b", "b2", "c", "d", "e" };

static DhResult *
measure (const char *protocol, gboolean no_rows)
{
  g_autoptr (GError) error = NULL;
  enum
  {
    SIDE = 60
  };
  float scores[SIDE * SIDE];
  guint8 labels[SIDE * SIDE];
  guint64 random = 3;
  const DhMetricOptions options = { .no_rows = no_rows, .min_prediction = 5, .min_anomaly = 5 };
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find (protocol, NULL), &options, &error);
  g_assert_no_error (error);
  do
    for (guint picture = 0; picture < G_N_ELEMENTS (names); picture++)
      {
        if (picture == 2) /* one has no label */
          continue;
        for (guint i = 0; i < SIDE * SIDE; i++)
          {
            labels[i] = picture == 4 ? 0 : i % SIDE < 12 && i / SIDE < 20 + picture;
            scores[i] = (float)(random_normal (&random) + 3 * labels[i]);
          }
        const DhScoredImage image = { names[picture], scores, labels, SIDE, SIDE, NULL };
        g_assert_true (dh_metric_add (metric, &image, &error));
      }
  while (dh_metric_next_pass (metric));
  DhResult *result = dh_metric_finish (metric, &error);
  g_assert_no_error (error);
  return result;
}

static void
assert_same_number (double a, double b)
{
  g_assert_true (isnan (a) ? isnan (b) : memcmp (&a, &b, sizeof a) == 0);
}

static void
assert_same_row (const DhImageResult *a, const DhImageResult *b)
{
  g_assert_cmpstr (a->key, ==, b->key);
  g_assert_cmpuint (a->width, ==, b->width);
  g_assert_cmpuint (a->height, ==, b->height);
  g_assert_cmpuint (a->pixels, ==, b->pixels);
  g_assert_cmpuint (a->positives, ==, b->positives);
  g_assert_cmpuint (a->ignored, ==, b->ignored);
  g_assert_cmpuint (a->non_finite, ==, b->non_finite);
  assert_same_number (a->ap, b->ap);
  assert_same_number (a->auroc, b->auroc);
  assert_same_number (a->fpr95, b->fpr95);
  assert_same_number (a->threshold_tpr95, b->threshold_tpr95);
  assert_same_number (a->mean_score, b->mean_score);
  assert_same_number (a->siou_mean, b->siou_mean);
  assert_same_number (a->ppv_mean, b->ppv_mean);
  g_assert_cmpuint (a->n_components, ==, b->n_components);
  g_assert_cmpuint (a->n_predictions, ==, b->n_predictions);
  g_assert_cmpuint (a->largest_missed, ==, b->largest_missed);
}

static void
assert_same_result (const DhResult *a, const DhResult *b)
{
  g_assert_true (a->protocol == b->protocol);
  assert_same_number (a->ap, b->ap);
  assert_same_number (a->auroc, b->auroc);
  assert_same_number (a->fpr95, b->fpr95);
  assert_same_number (a->threshold_tpr95, b->threshold_tpr95);
  assert_same_number (a->best_f1, b->best_f1);
  assert_same_number (a->best_f1_threshold, b->best_f1_threshold);
  assert_same_number (a->tpr_at_fpr5, b->tpr_at_fpr5);
  assert_same_number (a->threshold_fpr5, b->threshold_fpr5);
  g_assert_cmpuint (a->pixels, ==, b->pixels);
  g_assert_cmpuint (a->positives, ==, b->positives);
  g_assert_cmpuint (a->ignored, ==, b->ignored);
  g_assert_cmpuint (a->non_finite, ==, b->non_finite);
  g_assert_cmpuint (a->images, ==, b->images);
  g_assert_cmpuint (a->undefined_images, ==, b->undefined_images);
  g_assert_true (!a->rows == !b->rows && !a->curve == !b->curve && !a->components == !b->components);
  for (guint i = 0; a->rows && i < a->images; i++)
    assert_same_row (&a->rows[i], &b->rows[i]);
  if (a->curve)
    assert_same_curve (a->curve, b->curve);
  if (a->components)
    g_assert_cmpmem (a->components, sizeof *a->components, b->components, sizeof *b->components);
}

static void
test_result (gconstpointer data)
{
  for (guint no_rows = 0; no_rows < 2; no_rows++)
    {
      g_autoptr (DhResult) result = measure (data, no_rows);
      DhPack pack;
      begin (&pack);
      g_assert_true (dh_result_pack (result, names, G_N_ELEMENTS (names), &pack));
      g_autoptr (GByteArray) bytes = end (&pack);
      DhUnpack from = bytes_of (bytes), fewer = from;
      g_autoptr (DhResult) got = dh_result_unpack (&from, names, G_N_ELEMENTS (names));
      g_assert_nonnull (got);
      g_assert_true (from.at == from.end && !from.failed);
      assert_same_result (got, result);
      g_assert_null (dh_result_unpack (&fewer, names, 4));
      g_autoptr (GByteArray) none = g_byte_array_new ();
      dh_pack_init (&pack, append, none);
      if (!no_rows) /* of a picture that is not among them */
        g_assert_false (dh_result_pack (result, names, 5, &pack));
      dh_pack_end (&pack, NULL);

      g_autoptr (GRand) random = g_rand_new_with_seed (8);
      for (guint i = 0; i < 300; i++)
        {
          const gsize size = i % 3 == 0 ? (gsize)g_rand_int_range (random, 0, (gint)bytes->len) : bytes->len;
          g_autofree guint8 *work = g_memdup2 (bytes->data, MAX (size, 1));
          for (gint n = size > 0 ? g_rand_int_range (random, 0, 4) : 0; n > 0; n--)
            work[g_rand_int_range (random, 0, i % 2 ? (gint)size : (gint)MIN (size, 100))] =
                (guint8)g_rand_int (random);
          DhUnpack broken = { work, work + size, FALSE };
          g_autoptr (DhResult) other = dh_result_unpack (&broken, names, G_N_ELEMENTS (names));
          g_assert_true ((other == NULL) == broken.failed);
          for (guint p = 0; other && other->curve && p < other->curve->n_points; p++)
            g_assert_cmpuint (other->curve->points[p].tp, <=, other->curve->anomalies);
        }
    }
}

int
main (int argc, char **argv)
{
  static const char *const kinds[N_KINDS] = { "continuous", "tied",   "denormal", "any-bits",
                                              "constant",   "narrow", "zeros" };
  static const char *const protocols[] = { "densehybrid-pooled",
                                           "fishyscapes",
                                           "smiyc-pixel",
                                           "densehybrid-per-image",
                                           "densehybrid-per-image-as-published",
                                           "caos",
                                           "smiyc-component" };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packed-metrics/numbers", test_numbers);
  g_test_add_func ("/packed-metrics/no-numbers", test_no_numbers);
  g_test_add_func ("/packed-metrics/no-room", test_no_room);
  for (guint i = 0; i < N_KINDS; i++)
    {
      g_autofree char *whole = g_strconcat ("/packed-metrics/ranking/", kinds[i], NULL);
      g_test_add_data_func (whole, GUINT_TO_POINTER (i), test_ranking);
    }
  g_test_add_data_func ("/packed-metrics/broken-ranking/continuous", GUINT_TO_POINTER (CONTINUOUS),
                        test_broken_ranking);
  g_test_add_data_func ("/packed-metrics/broken-ranking/narrow", GUINT_TO_POINTER (NARROW), test_broken_ranking);
  g_test_add_func ("/packed-metrics/large", test_large);
  g_test_add_func ("/packed-metrics/no-ranking", test_no_ranking);
  g_test_add_func ("/packed-metrics/sweep", test_sweep);
  g_test_add_func ("/packed-metrics/broken-sweep", test_broken_sweep);
  g_test_add_func ("/packed-metrics/empty-rows", test_empty_rows);
  for (guint i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autofree char *path = g_strconcat ("/packed-metrics/result/", protocols[i], NULL);
      g_test_add_data_func (path, protocols[i], test_result);
    }
  return g_test_run ();
}
