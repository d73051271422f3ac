#include <math.h>
#include <pthread.h>
#include <string.h>

#include "dh-batch-loader.h"
#include "dh-composer.h"
#include "dh-prefetch.h"
#include "tree.h"

/* Training samples of pictures in which every pixel says where it stood: red is its column, green its row, blue 200 in
 * a training picture and 255 in a negative. */

#define WIDTH 97
#define HEIGHT 63
#define NEGATIVE 48
#define K 12
#define SAMPLES 400

static char *root;
static DhDataset *streets, *negatives;
static const guint items[] = { 0, 1, 2, 3, 4 };

static guint8
negative_id (guint x, guint y)
{
  return (guint8)(1 + (x + 2 * y) % 5);
}

static void
write_pair (const char *image, const char *label, guint width, guint height, gboolean negative)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *rgb = g_malloc ((gsize)width * height * 3), *ids = g_malloc ((gsize)width * height);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        guint8 *pixel = rgb + 3 * ((gsize)y * width + x);
        pixel[0] = (guint8)x;
        pixel[1] = (guint8)y;
        pixel[2] = negative ? 255 : 200;
        ids[(gsize)y * width + x] = negative ? negative_id (x, y) : (guint8)(1 + (x / 7 + y / 5) % 14);
      }
  g_autofree char *image_path = tree_path (root, image), *label_path = tree_path (root, label);
  dh_image_write_png (image_path, width, height, 3, rgb, &error);
  dh_image_write_png (label_path, width, height, 1, ids, &error);
  g_assert_no_error (error);
}

static DhRecipe *
make_recipe (guint crop, double scale)
{
  g_autoptr (GError) error = NULL;
  DhRecipe *recipe = dh_recipe_from_json ("{\"architecture\": \"ldn-tiny-closed\", \"fill\": [1, 2, 3]}", "x", &error);
  g_assert_no_error (error);
  recipe->crop = crop;
  recipe->scale[0] = recipe->scale[1] = scale;
  recipe->negative_side = recipe->negative_crop = NEGATIVE;
  return recipe;
}

static DhComposer
make_composer (const DhRecipe *recipe)
{
  return (DhComposer){ .recipe = recipe,
                       .dataset = streets,
                       .negatives = recipe->negatives ? negatives : NULL,
                       .items = items,
                       .n_items = 1,
                       .negative_items = items,
                       .n_negative_items = 1,
                       .classes = K };
}

typedef struct
{
  guint8 *rgb, *labels; /* rgb: planes */
} Sample;

static void
clear_sample (Sample *sample)
{
  g_free (sample->rgb);
  g_free (sample->labels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sample, clear_sample)

static Sample
draw (const DhComposer *composer, guint64 number)
{
  g_autoptr (GError) error = NULL;
  const gsize area = (gsize)composer->recipe->crop * composer->recipe->crop;
  g_autofree float *input = g_new (float, 3 * area);
  Sample sample = { g_malloc (3 * area), g_malloc (area) };
  dh_composer_sample (composer, 0, dh_random_new (7, 1, number), input, sample.labels, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 3 * area; i++)
    sample.rgb[i] = (guint8)lrintf (input[i] * 255);
  return sample;
}

/* Whether the sample is this picture with its corner at (left, top), mirrored or not, and padding around it. */
static gboolean
is_at (const Sample *sample, guint side, const DhImage *image, const DhLabels *labels, gint left, gint top,
       gboolean mirrored)
{
  static const guint8 fill[3] = { 1, 2, 3 };
  const gsize area = (gsize)side * side;
  for (guint y = 0; y < side; y++)
    for (guint x = 0; x < side; x++)
      {
        const gint px = (gint)(mirrored ? side - 1 - x : x) - left, py = (gint)y - top;
        const gboolean inside = px >= 0 && py >= 0 && px < (gint)image->width && py < (gint)image->height;
        const gsize from = inside ? (gsize)py * image->width + (gsize)px : 0, to = (gsize)y * side + x;
        const guint8 *pixel = inside ? image->rgb + 3 * from : fill;
        if (sample->rgb[to] != pixel[0] || sample->rgb[area + to] != pixel[1] || sample->rgb[2 * area + to] != pixel[2]
            || sample->labels[to] != (inside ? labels->ids[from] : K))
          return FALSE;
      }
  return TRUE;
}

/* Every sample is the scaled picture at one place within the deficit that is added on both sides, and no other; all
 * columns and rows of that range occur, and half of the samples are mirrored. */
static void
check_place (guint side, double scale)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = make_recipe (side, scale);
  const DhComposer composer = make_composer (recipe);
  const guint width = (guint)(scale * WIDTH), height = (guint)(scale * HEIGHT);
  g_autoptr (DhImage) whole = dh_dataset_load_image (streets, 0, &error);
  g_autoptr (DhLabels) ids = NULL;
  g_assert_true (dh_dataset_load_labels (streets, 0, NULL, &ids, &error));
  g_autoptr (DhImage) image = dh_image_resize_bilinear (whole, width, height, FALSE);
  g_autoptr (DhLabels) labels = dh_labels_resize_nearest (ids, width, height);
  const gint least_x = MIN (0, (gint)side - (gint)width), most_x = MAX (0, (gint)side - (gint)width);
  const gint least_y = MIN (0, (gint)side - (gint)height), most_y = MAX (0, (gint)side - (gint)height);
  /* With a short side, the range is as if the picture had its deficit on both sides: it is always whole in it. */
  guint mirrored = 0;
  gint range[4] = { G_MAXINT, G_MININT, G_MAXINT, G_MININT };
  const guint samples = 150;
  for (guint n = 0; n < samples; n++)
    {
      g_auto (Sample) sample = draw (&composer, n);
      guint found = 0;
      for (gint left = least_x; left <= most_x; left++)
        for (gint top = least_y; top <= most_y; top++)
          for (gint m = 0; m < 2; m++)
            if (is_at (&sample, side, image, labels, left, top, m))
              {
                found++;
                mirrored += (guint)m;
                range[0] = MIN (range[0], left);
                range[1] = MAX (range[1], left);
                range[2] = MIN (range[2], top);
                range[3] = MAX (range[3], top);
              }
      g_assert_cmpuint (found, ==, 1);
    }
  g_test_message ("side %u, scale %g: columns %d to %d of %d to %d, rows %d to %d of %d to %d, %u of %u mirrored", side,
                  scale, range[0], range[1], least_x, most_x, range[2], range[3], least_y, most_y, mirrored, samples);
  /* Of 150 draws, the outer tenths are missed with a chance of 1e-7. */
  g_assert_cmpint (range[0], <=, least_x + (most_x - least_x) / 10);
  g_assert_cmpint (range[1], >=, most_x - (most_x - least_x) / 10);
  g_assert_cmpint (range[2], <=, least_y + (most_y - least_y) / 10);
  g_assert_cmpint (range[3], >=, most_y - (most_y - least_y) / 10);
  g_assert_cmpuint (mirrored, >, 75 - 31); /* five standard deviations */
  g_assert_cmpuint (mirrored, <, 75 + 31);
}

static void
test_place (void)
{
  check_place (40, 1);   /* a crop within the picture */
  check_place (40, 0.7); /* 67 × 44 of 67.9 × 44.1 */
  check_place (80, 1);   /* padded above and below alone */
  check_place (120, 1);  /* padded on all sides */
  check_place (50, 0.5); /* padded, and small */
}

/* What is pasted is a filled rectangle with sides of 16, 24, 32 or 40, or all pixels of one or two ids of the
 * negative, each half of the time; its labels are K + 1, all others are as they were. */
static void
test_paste (void)
{
  g_autoptr (DhRecipe) recipe = make_recipe (56, 1), plain = make_recipe (56, 1);
  recipe->negatives = TRUE;
  const DhComposer composer = make_composer (recipe), without = make_composer (plain);
  const guint side = recipe->crop;
  const gsize area = (gsize)side * side;
  guint rectangles = 0, single = 0, widths[64] = { 0 }, heights[64] = { 0 };
  for (guint n = 0; n < SAMPLES; n++)
    {
      g_auto (Sample) sample = draw (&composer, n), before = draw (&without, n);
      guint x0 = side, x1 = 0, y0 = side, y1 = 0, count = 0, present[6] = { 0 };
      for (gsize i = 0; i < area; i++)
        {
          const gboolean pasted = sample.rgb[2 * area + i] == 255;
          g_assert_cmpint (sample.labels[i] == K + 1, ==, pasted);
          if (!pasted)
            {
              g_assert_cmpuint (sample.labels[i], ==, before.labels[i]);
              g_assert_cmpuint (sample.rgb[i], ==, before.rgb[i]);
              continue;
            }
          count++;
          present[negative_id (sample.rgb[i], sample.rgb[area + i])]++;
          x0 = MIN (x0, (guint)i % side);
          x1 = MAX (x1, (guint)i % side + 1);
          y0 = MIN (y0, (guint)i / side);
          y1 = MAX (y1, (guint)i / side + 1);
        }
      g_assert_cmpuint (count, >, 0);
      guint kinds = 0, expected = 0;
      for (guint id = 1; id < 6; id++)
        kinds += present[id] > 0;
      if (kinds > 2)
        {
          g_assert_cmpuint (count, ==, (x1 - x0) * (y1 - y0));
          widths[x1 - x0]++;
          heights[y1 - y0]++;
          rectangles++;
          continue;
        }
      single += kinds == 1;
      for (guint y = 0; y < NEGATIVE; y++)
        for (guint x = 0; x < NEGATIVE; x++)
          expected += present[negative_id (x, y)] > 0;
      g_assert_cmpuint (count, ==, expected);
    }
  g_test_message ("%u rectangles of %u, %u of a single id", rectangles, SAMPLES, single);
  g_assert_cmpuint (rectangles, >, 200 - 50);
  g_assert_cmpuint (rectangles, <, 200 + 50);
  /* Two ids are drawn with repetition: a fifth of those are one. */
  g_assert_cmpuint (single, >, 10);
  g_assert_cmpuint (single, <, 80);
  for (guint i = 0; i < 64; i++)
    {
      const gboolean known = i == 16 || i == 24 || i == 32 || i == 40;
      g_assert_cmpint (widths[i] > 0, ==, known);
      g_assert_cmpint (heights[i] > 0, ==, known);
    }
}

/* A negative smaller than its crop: what is pasted is of the picture, never of padding. */
static void
test_small_negative (void)
{
  g_autoptr (DhRecipe) recipe = make_recipe (56, 1);
  recipe->negatives = TRUE;
  recipe->negative_crop = 90;
  const DhComposer composer = make_composer (recipe);
  const gsize area = (gsize)recipe->crop * recipe->crop;
  for (guint n = 0; n < SAMPLES; n++)
    {
      g_auto (Sample) sample = draw (&composer, n);
      guint count = 0;
      for (gsize i = 0; i < area; i++)
        if (sample.labels[i] == K + 1)
          {
            g_assert_cmpuint (sample.rgb[2 * area + i], ==, 255);
            count++;
          }
      g_assert_cmpuint (count, >, 0);
    }
}

/* The last, short batch is left out or used, but never one of a single crop. */
static void
test_short_batch (void)
{
  static const struct
  {
    guint pictures, batch;
    gboolean keep;
    guint batches, last;
  } cases[] = { { 5, 3, FALSE, 1, 3 }, { 5, 3, TRUE, 2, 2 }, { 5, 2, TRUE, 2, 2 }, { 4, 2, TRUE, 2, 2 },
                { 5, 2, FALSE, 2, 2 }, { 4, 3, TRUE, 1, 3 }, { 2, 4, FALSE, 0, 0 } };
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DhRecipe) recipe = make_recipe (32, 1);
      recipe->batch = cases[i].batch;
      recipe->keep_short = cases[i].keep;
      DhComposer composer = make_composer (recipe);
      composer.n_items = cases[i].pictures;
      DhBatchLoader *loader = dh_batch_loader_new (&composer, 3, 0, 1, 0);
      g_assert_cmpuint (dh_batch_loader_epoch_size (loader), ==, cases[i].batches);
      if (cases[i].batches)
        {
          g_autoptr (DhBatch) last = dh_batch_loader_take (loader, cases[i].batches - 1, &error);
          g_assert_no_error (error);
          g_assert_cmpuint (last->n, ==, cases[i].last);
        }
      dh_batch_loader_free (loader);
    }
}

static gpointer
make_square (guint64 number, gpointer data)
{
  guint64 square = number * number;
  return g_memdup2 (&square, sizeof square);
}

/* A system that has no thread left: what was to be made ahead is made when it is asked for. */
static void
test_no_threads (void)
{
  pthread_attr_t usual, senseless;
  g_assert_cmpint (pthread_getattr_default_np (&usual), ==, 0);
  g_assert_cmpint (pthread_getattr_default_np (&senseless), ==, 0);
  g_assert_cmpint (pthread_attr_setstacksize (&senseless, (gsize)1 << 46), ==, 0);
  g_assert_cmpint (pthread_setattr_default_np (&senseless), ==, 0);
  /* One that the pool of an earlier test has left would do as well. */
  g_thread_pool_stop_unused_threads ();
  DhPrefetch *prefetch = dh_prefetch_new (6, 3, make_square, g_free, NULL);
  for (guint64 i = 0; i < 6; i++)
    {
      g_autofree guint64 *square = dh_prefetch_take (prefetch, i);
      g_assert_cmpuint (*square, ==, i * i);
    }
  dh_prefetch_free (prefetch);
  g_assert_cmpint (pthread_setattr_default_np (&usual), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  root = tree_new ();
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *image = g_strdup_printf ("streets/train/images/training/town/%05u.png", i);
      g_autofree char *label = g_strdup_printf ("streets/train/annotations/training/town/%05u.png", i);
      write_pair (image, label, WIDTH, HEIGHT, FALSE);
    }
  write_pair ("negatives/images/training/a.png", "negatives/annotations/training/a.png", NEGATIVE, NEGATIVE, TRUE);
  g_autofree char *street_path = tree_path (root, "streets"), *negative_path = tree_path (root, "negatives");
  streets = dh_dataset_open (street_path, "street-hazards-full", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  negatives = dh_dataset_open (negative_path, "ade20k", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/composer/no-threads", test_no_threads);
  g_test_add_func ("/composer/place", test_place);
  g_test_add_func ("/composer/paste", test_paste);
  g_test_add_func ("/composer/small-negative", test_small_negative);
  g_test_add_func ("/composer/short-batch", test_short_batch);
  const int status = g_test_run ();
  dh_dataset_unref (streets);
  dh_dataset_unref (negatives);
  tree_remove (root);
  return status;
}
