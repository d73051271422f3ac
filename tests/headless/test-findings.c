/* What is flagged in an image without labels, against flooding; and which findings of successive images are one. */
#include "dh-findings.h"

#include <math.h>
#include <time.h>
#include <string.h>

#include "dh-tracker.h"

enum
{
  MOST = 48 * 40,
};

typedef struct
{
  guint width, height;
  float scores[MOST];
  guint8 classes[MOST], ignored[MOST];
} Picture;

static guint32
next (guint32 *state)
{
  return (*state = *state * 1664525u + 1013904223u) >> 8;
}

static void
make_picture (Picture *picture, guint32 *state)
{
  picture->width = 1 + next (state) % 48;
  picture->height = 1 + next (state) % 40;
  for (guint i = 0; i < picture->width * picture->height; i++)
    {
      picture->scores[i] = (float)(next (state) % 9) - 4;
      if (next (state) % 40 == 0)
        picture->scores[i] = next (state) % 2 ? NAN : next (state) % 2 ? INFINITY : -INFINITY;
      picture->classes[i] = (guint8)(next (state) % 3);
      picture->ignored[i] = next (state) % 10 == 0;
    }
}

static gboolean
is_flagged (const Picture *picture, const DhFindingOptions *options, guint i)
{
  const float score = picture->scores[i];
  return isfinite (score) && !picture->ignored[i]
         && (options->low ? score < options->threshold : score > options->threshold);
}

/* Pixels of the region of `seed`, which are taken from `left`. */
static guint
flood (const Picture *picture, guint8 *left, guint seed, guint *pixels)
{
  guint n = 0;
  pixels[n++] = seed;
  left[seed] = 0;
  for (guint done = 0; done < n; done++)
    for (gint dy = -1; dy <= 1; dy++)
      for (gint dx = -1; dx <= 1; dx++)
        {
          const gint x = (gint)(pixels[done] % picture->width) + dx, y = (gint)(pixels[done] / picture->width) + dy;
          if (x < 0 || y < 0 || x >= (gint)picture->width || y >= (gint)picture->height)
            continue;
          const guint i = (guint)y * picture->width + (guint)x;
          if (left[i])
            {
              left[i] = 0;
              pixels[n++] = i;
            }
        }
  return n;
}

static void
check_finding (const Picture *picture, const DhFinding *finding, const guint *pixels, guint n, gboolean low)
{
  double sum = 0, peak = low ? INFINITY : -INFINITY;
  guint of_class[3] = { 0 }, left = G_MAXUINT, top = G_MAXUINT, right = 0, bottom = 0;
  for (guint k = 0; k < n; k++)
    {
      const guint x = pixels[k] % picture->width, y = pixels[k] / picture->width;
      const double score = picture->scores[pixels[k]];
      sum += score;
      peak = low ? MIN (peak, score) : MAX (peak, score);
      of_class[picture->classes[pixels[k]]]++;
      left = MIN (left, x);
      top = MIN (top, y);
      right = MAX (right, x + 1);
      bottom = MAX (bottom, y + 1);
    }
  g_assert_cmpuint (finding->area, ==, n);
  g_assert_cmpfloat_with_epsilon (finding->mean, sum / n, 1e-9);
  g_assert_cmpfloat (finding->peak, ==, peak);
  g_assert_cmpfloat (picture->scores[finding->peak_y * picture->width + finding->peak_x], ==, peak);
  g_assert_cmpuint (finding->x, ==, left);
  g_assert_cmpuint (finding->y, ==, top);
  g_assert_cmpuint (finding->width, ==, right - left);
  g_assert_cmpuint (finding->height, ==, bottom - top);
  guint most = 0;
  for (guint c = 1; c < 3; c++)
    if (of_class[c] > of_class[most])
      most = c;
  g_assert_cmpint (finding->class_id, ==, (gint)most);
}

/* Whose pixels the runs name: each of the region, and no other. */
static void
check_runs (const Picture *picture, const DhFindings *findings, guint which, const guint *pixels, guint n)
{
  g_autofree guint8 *mine = g_new0 (guint8, MOST);
  guint64 covered = 0;
  for (guint k = 0; k < n; k++)
    mine[pixels[k]] = 1;
  for (gsize i = findings->begins[which]; i < findings->begins[which + 1]; i++)
    {
      const DhComponentRun *run = &findings->runs[i];
      for (guint x = run->x; x < run->end; x++)
        {
          g_assert_true (mine[run->y * picture->width + x]);
          covered++;
        }
    }
  g_assert_cmpuint (covered, ==, n);
}

static void
test_flooded (void)
{
  guint32 state = 5;
  g_autofree Picture *picture = g_new (Picture, 1);
  g_autofree guint *pixels = g_new (guint, MOST);
  g_autofree guint8 *left = g_new (guint8, MOST);
  guint many = 0, small = 0;
  for (guint round = 0; round < 600; round++)
    {
      g_autoptr (GError) error = NULL;
      make_picture (picture, &state);
      const guint n = picture->width * picture->height;
      const DhFindingOptions options = { .threshold = (double)(next (&state) % 9) - 4,
                                         .low = next (&state) % 2,
                                         .min_area = 1 + next (&state) % 6 };
      g_autoptr (DhFindings) findings = dh_findings_new (picture->scores, picture->classes, picture->ignored,
                                                         picture->width, picture->height, &options, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        left[i] = is_flagged (picture, &options, i);
      guint found = 0;
      for (guint i = 0; i < n; i++)
        if (left[i])
          {
            const guint size = flood (picture, left, i, pixels);
            small += size < options.min_area;
            if (size < options.min_area)
              continue;
            g_assert_cmpuint (found, <, findings->n);
            check_finding (picture, &findings->items[found], pixels, size, options.low);
            check_runs (picture, findings, found, pixels, size);
            found++;
          }
      g_assert_cmpuint (found, ==, findings->n);
      many += found > 3;
    }
  g_assert_cmpuint (many, >, 50);
  g_assert_cmpuint (small, >, 50);
}

static void
test_nobody_knows (void)
{
  const float scores[] = { 1, -1, 2 };
  const DhFindingOptions options = { .threshold = 0, .min_area = 1 };
  g_autoptr (DhFindings) findings = dh_findings_new (scores, NULL, NULL, 3, 1, &options, NULL);
  g_assert_cmpuint (findings->n, ==, 2);
  g_assert_cmpint (findings->items[0].class_id, ==, -1);
  g_assert_cmpuint (findings->items[1].x, ==, 2);
}

/* The tracks of boxes (left, top, side), `n` of them. */
static void
add_boxes (DhTracker *tracker, const gint (*boxes)[3], guint n, guint *tracks)
{
  DhFinding items[8] = { { 0 } };
  const DhFindings findings = { .n = n, .items = items };
  for (guint i = 0; i < n; i++)
    items[i] = (DhFinding){
      .x = (guint)boxes[i][0], .y = (guint)boxes[i][1], .width = (guint)boxes[i][2], .height = (guint)boxes[i][2]
    };
  dh_tracker_add (tracker, &findings, tracks);
}

/* Two that pass each other, the faster one by more than its size from image to image once it is known how fast it is.
 */
static void
test_moving (void)
{
  g_autoptr (DhTracker) tracker = dh_tracker_new (1);
  guint tracks[8];
  gint x = 0;
  for (gint i = 0; i < 12; i++)
    {
      x += MIN (4 * i, 30);
      const gint boxes[][3] = { { x, 100, 20 }, { 300 - 10 * i, 130, 20 } };
      const gboolean turned = i % 2;
      const gint in_turn[][3] = { { boxes[turned][0], boxes[turned][1], 20 },
                                  { boxes[!turned][0], boxes[!turned][1], 20 } };
      add_boxes (tracker, in_turn, 2, tracks);
      g_assert_cmpuint (tracks[turned ? 1 : 0], ==, 0);
      g_assert_cmpuint (tracks[turned ? 0 : 1], ==, 1);
    }
  g_assert_cmpuint (dh_tracker_count (tracker), ==, 2);
}

static void
test_patience (void)
{
  const gint box[][3] = { { 50, 50, 20 } };
  for (guint gap = 0; gap < 5; gap++)
    {
      g_autoptr (DhTracker) tracker = dh_tracker_new (2);
      guint track;
      add_boxes (tracker, box, 1, &track);
      for (guint i = 0; i < gap; i++)
        dh_tracker_add (tracker, NULL, NULL);
      add_boxes (tracker, box, 1, &track);
      g_assert_cmpuint (track, ==, gap <= 1 ? 0 : gap > 2 ? 1 : 0);
    }
}

/* The better one takes it, whatever its place; what is left begins anew, and nothing is taken twice. */
static void
test_divided (void)
{
  g_autoptr (DhTracker) tracker = dh_tracker_new (0);
  const gint whole[][3] = { { 50, 50, 20 } };
  const gint parts[][3] = { { 58, 58, 20 }, { 52, 50, 20 }, { 200, 10, 20 } };
  guint tracks[3];
  add_boxes (tracker, whole, 1, tracks);
  add_boxes (tracker, parts, 3, tracks);
  g_assert_cmpuint (tracks[1], ==, 0);
  g_assert_cmpuint (tracks[0], ==, 1);
  g_assert_cmpuint (tracks[2], ==, 2);
}

/* Very many at once are no more work for each: every one is where it was, and a track of its own. */
static void
test_many (void)
{
  const guint n = 40000;
  g_autofree DhFinding *items = g_new0 (DhFinding, n);
  g_autofree guint *tracks = g_new (guint, n);
  const DhFindings findings = { .n = n, .items = items };
  g_autoptr (DhTracker) tracker = dh_tracker_new (1);
  const clock_t before = clock ();
  for (guint image = 0; image < 4; image++)
    {
      for (guint i = 0; i < n; i++)
        items[i] = (DhFinding){ .x = i % 200 * 10 + image, .y = i / 200 * 5, .width = 6, .height = 3 };
      dh_tracker_add (tracker, &findings, tracks);
      for (guint i = 0; i < n; i++)
        g_assert_cmpuint (tracks[i], ==, i);
    }
  g_assert_cmpfloat ((double)(clock () - before) / CLOCKS_PER_SEC, <, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/findings/flooded", test_flooded);
  g_test_add_func ("/findings/nobody-knows", test_nobody_knows);
  g_test_add_func ("/tracker/moving", test_moving);
  g_test_add_func ("/tracker/patience", test_patience);
  g_test_add_func ("/tracker/divided", test_divided);
  g_test_add_func ("/tracker/many", test_many);
  return g_test_run ();
}
