/* Where in a picture a pixel lies: places of one kind divide the picture, and all three ways of asking agree. */
#include <string.h>
#include "dh-place.h"

static const guint sizes[][2] = { { 1, 1 }, { 1280, 720 }, { 7, 5 }, { 20, 10 }, { 64, 48 }, { 10, 33 }, { 2, 1000 } };

/* By the definition: the shorter side's tenth from every edge. */
static gboolean
is_near (guint x, guint y, guint width, guint height)
{
  const guint apart = MIN (MIN (x, y), MIN (width - 1 - x, height - 1 - y));
  return apart < MIN (width, height) / 10;
}

static void
test_divides (void)
{
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      const guint width = sizes[s][0], height = sizes[s][1];
      for (guint y = 0; y < height; y++)
        {
          DhPlaceSpan spans[DH_PLACE_SPANS];
          guint at = 0;
          dh_place_cut_row (y, width, height, spans);
          for (guint i = 0; i < DH_PLACE_SPANS; i++)
            {
              g_assert_cmpuint (spans[i].from, ==, at);
              for (at = spans[i].from; at < spans[i].to; at++)
                {
                  const guint places = dh_place_of (at, y, width, height);
                  const DhPlace edge = is_near (at, y, width, height) ? DH_PLACE_BORDER : DH_PLACE_INNER;
                  const DhPlace third = 3 * y < height       ? DH_PLACE_TOP
                                        : 3 * y < 2 * height ? DH_PLACE_MIDDLE
                                                             : DH_PLACE_BOTTOM;
                  g_assert_cmpuint (places, ==, DH_PLACE_BIT (edge) | DH_PLACE_BIT (third));
                  g_assert_cmpuint (places, ==, spans[i].places);
                }
            }
          g_assert_cmpuint (at, ==, width);
        }
    }
}

static void
test_keep (void)
{
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (guint place = 0; place < DH_N_PLACES; place++)
      {
        const guint width = sizes[s][0], height = sizes[s][1];
        g_autofree guint8 *labels = g_malloc (width * height);
        memset (labels, 1, width * height);
        dh_place_keep (place, labels, width, height);
        for (guint i = 0; i < width * height; i++)
          {
            const gboolean here = (dh_place_of (i % width, i / width, width, height) & DH_PLACE_BIT (place)) != 0;
            g_assert_cmpuint (labels[i], ==, here ? 1 : 255);
          }
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/place/divides", test_divides);
  g_test_add_func ("/place/keep", test_keep);
  return g_test_run ();
}
