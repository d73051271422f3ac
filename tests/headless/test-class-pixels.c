/* A picture's pixels put together by class, against a walk over the picture for each. */
#include "dh-class-pixels.h"

enum
{
  N = 4000
};

static guint32
next (guint32 *state)
{
  return (*state = *state * 1664525u + 1013904223u) >> 16;
}

static void
test_order (void)
{
  g_autofree float *scores = g_new (float, N);
  g_autofree guint8 *labels = g_new (guint8, N), *classes = g_new (guint8, N);
  guint32 state = 5;
  for (guint i = 0; i < N; i++)
    {
      static const guint8 kinds[] = { 0, 0, 1, 255, 2 }, ids[] = { 0, 3, 18, 255 };
      scores[i] = (float)i;
      labels[i] = kinds[next (&state) % G_N_ELEMENTS (kinds)];
      classes[i] = ids[next (&state) % G_N_ELEMENTS (ids)];
    }
  g_autoptr (DhClassPixels) pixels = dh_class_pixels_new (scores, labels, classes, N);
  guint64 counts[DH_CLASS_IDS] = { [3] = 10 };
  dh_class_pixels_add_counts (classes, N, counts);
  for (guint id = 0; id < DH_CLASS_IDS; id++)
    {
      gsize at = pixels->begin[id], all = 0;
      for (guint i = 0; i < N; i++)
        {
          if (classes[i] != id)
            continue;
          all++;
          if (labels[i] > 1)
            continue;
          g_assert_cmpfloat (pixels->scores[at], ==, scores[i]);
          g_assert_cmpuint (pixels->labels[at], ==, labels[i]);
          at++;
        }
      g_assert_cmpuint (at, ==, pixels->begin[id + 1]);
      g_assert_cmpuint (dh_class_pixels_count (pixels, (guint8)id), ==, at - pixels->begin[id]);
      g_assert_cmpuint (counts[id], ==, all + (id == 3 ? 10 : 0));
    }
}

/* Of nothing but void there is nothing, and that is no error. */
static void
test_void (void)
{
  const float scores[] = { 1, 2 };
  const guint8 labels[] = { 255, 255 }, classes[] = { 0, 255 };
  g_autoptr (DhClassPixels) none = dh_class_pixels_new (scores, labels, classes, 2);
  g_autoptr (DhClassPixels) empty = dh_class_pixels_new (scores, labels, classes, 0);
  g_assert_nonnull (none);
  g_assert_nonnull (empty);
  g_assert_cmpuint (none->begin[DH_CLASS_IDS], ==, 0);
  g_assert_cmpuint (empty->begin[DH_CLASS_IDS], ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/class-pixels/order", test_order);
  g_test_add_func ("/class-pixels/void", test_void);
  return g_test_run ();
}
