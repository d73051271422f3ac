#include <string.h>
#include <glib/gstdio.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-image.h"
#include "dh-scene-tree.h"

#define W DH_SCENE_WIDTH
#define H DH_SCENE_HEIGHT

typedef struct
{
  guint8 rgb[3 * W * H], labels[W * H];
} Picture;

static Picture *
render (guint64 seed, DhSceneKind kind, guint index)
{
  g_autoptr (GError) error = NULL;
  Picture *picture = g_new (Picture, 1);
  memset (picture, 0xA5, sizeof *picture);
  g_assert_true (dh_scene_render (seed, kind, index, W, H, picture->rgb, picture->labels, &error));
  g_assert_no_error (error);
  return picture;
}

static guint64
hash (const guint8 *bytes, gsize n, guint64 h)
{
  for (gsize i = 0; i < n; i++)
    h = (h ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001B3);
  return h;
}

/* The bytes of some scenes, fixed: a change of the generator, or a machine or compiler that computes otherwise, shows
 * here. The demo's weights belong to these scenes. */
static void
test_same_everywhere (void)
{
  static const struct
  {
    guint64 seed;
    DhSceneKind kind;
    guint index;
    guint64 hash;
  } known[] = {
    { 1, DH_SCENE_TRAIN, 0, G_GUINT64_CONSTANT (0x8E1D4861E9D0A763) },
    { 1, DH_SCENE_TRAIN, 1, G_GUINT64_CONSTANT (0xF59587FA60637689) },
    { 2026, DH_SCENE_TEST, 0, G_GUINT64_CONSTANT (0xD7F35B737C27489D) },
    { 2026, DH_SCENE_TEST, 31, G_GUINT64_CONSTANT (0x9F8A6695CE3593D2) },
    { 1, DH_SCENE_NEGATIVE, 0, G_GUINT64_CONSTANT (0x37B4E5240BA160E2) },
    { 1, DH_SCENE_NEGATIVE, 1, G_GUINT64_CONSTANT (0xEE89DEA130CD3499) },
  };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree Picture *p = render (known[i].seed, known[i].kind, known[i].index);
      const guint64 h =
          hash (p->labels, sizeof p->labels, hash (p->rgb, sizeof p->rgb, G_GUINT64_CONSTANT (0xCBF29CE484222325)));
      g_test_message ("seed %" G_GUINT64_FORMAT ", kind %d, index %u: 0x%016" G_GINT64_MODIFIER "x", known[i].seed,
                      known[i].kind, known[i].index, h);
      if (h != known[i].hash)
        g_test_fail ();
    }
}

static void
test_repeats_and_differs (void)
{
  for (DhSceneKind kind = DH_SCENE_TRAIN; kind <= DH_SCENE_NEGATIVE; kind++)
    {
      g_autofree Picture *a = render (5, kind, 3), *again = render (5, kind, 3);
      g_autofree Picture *next = render (5, kind, 4), *other = render (6, kind, 3);
      g_assert_cmpmem (a, sizeof *a, again, sizeof *again);
      g_assert_cmpint (memcmp (a->rgb, next->rgb, sizeof a->rgb), !=, 0);
      g_assert_cmpint (memcmp (a->rgb, other->rgb, sizeof a->rgb), !=, 0);
    }
  g_autofree Picture *train = render (5, DH_SCENE_TRAIN, 3), *test = render (5, DH_SCENE_TEST, 3);
  g_assert_cmpint (memcmp (train->rgb, test->rgb, sizeof train->rgb), !=, 0);
}

static void
count_labels (DhSceneKind kind, guint scenes, double *share, guint *holding)
{
  memset (share, 0, sizeof *share * DH_SCENE_N_LABELS);
  memset (holding, 0, sizeof *holding * DH_SCENE_N_LABELS);
  for (guint i = 0; i < scenes; i++)
    {
      guint counts[DH_SCENE_N_LABELS] = { 0 };
      g_autofree Picture *p = render (77, kind, i);
      for (guint k = 0; k < W * H; k++)
        {
          g_assert_cmpuint (p->labels[k], <, DH_SCENE_N_LABELS);
          counts[p->labels[k]]++;
        }
      for (guint c = 0; c < DH_SCENE_N_LABELS; c++)
        {
          share[c] += counts[c] / (double)(W * H * scenes);
          holding[c] += counts[c] > 0;
        }
    }
}

/* What a street holds: wide bounds of each class's share of pixels, and in how many of 40 scenes it must occur. */
static void
test_shares (void)
{
  static const struct
  {
    double low, high;
    guint scenes;
  } expected[DH_SCENE_ANOMALY] = {
    { 0.04, 0.35, 38 },   /* background */
    { 0.15, 0.50, 40 },   /* building */
    { 0.003, 0.10, 10 },  /* fence */
    { 0.002, 0.04, 30 },  /* person */
    { 0.003, 0.05, 34 },  /* pole */
    { 0.005, 0.07, 40 },  /* street lines */
    { 0.15, 0.45, 40 },   /* road */
    { 0.02, 0.25, 38 },   /* sidewalk */
    { 0.03, 0.35, 36 },   /* vegetation */
    { 0.02, 0.20, 36 },   /* car */
    { 0.001, 0.10, 6 },   /* wall */
    { 0.0008, 0.04, 25 }, /* traffic sign */
  };
  double share[DH_SCENE_N_LABELS];
  guint holding[DH_SCENE_N_LABELS];
  count_labels (DH_SCENE_TRAIN, 40, share, holding);
  for (guint c = 0; c < DH_SCENE_ANOMALY; c++)
    {
      g_test_message ("class %u: %.4f of the pixels, in %u of 40 scenes", c, share[c], holding[c]);
      g_assert_cmpfloat (share[c], >, expected[c].low);
      g_assert_cmpfloat (share[c], <, expected[c].high);
      g_assert_cmpuint (holding[c], >=, expected[c].scenes);
    }
  g_assert_cmpuint (holding[DH_SCENE_ANOMALY], ==, 0);
}

static void
test_anomalies (void)
{
  double share[DH_SCENE_N_LABELS];
  guint holding[DH_SCENE_N_LABELS];
  count_labels (DH_SCENE_TEST, 40, share, holding);
  g_test_message ("anomalies: %.4f of the pixels, in %u of 40 scenes", share[DH_SCENE_ANOMALY],
                  holding[DH_SCENE_ANOMALY]);
  g_assert_cmpuint (holding[DH_SCENE_ANOMALY], >=, 38);
  g_assert_cmpfloat (share[DH_SCENE_ANOMALY], >, 0.003);
  g_assert_cmpfloat (share[DH_SCENE_ANOMALY], <, 0.08);
}

/* Segments are numbered from 1; at least three are to be seen, as pasting needs. */
static void
test_negatives (void)
{
  for (guint i = 0; i < 20; i++)
    {
      gboolean seen[256] = { FALSE };
      guint segments = 0;
      g_autofree Picture *p = render (9, DH_SCENE_NEGATIVE, i);
      for (guint k = 0; k < W * H; k++)
        seen[p->labels[k]] = TRUE;
      for (guint c = 0; c < 256; c++)
        segments += seen[c];
      g_assert_false (seen[0]);
      g_assert_cmpuint (segments, >=, 3);
      g_assert_cmpuint (segments, <=, 18);
    }
}

/* Pictures are neither empty nor flat, at any size; no pixel is left as the canvas began (pure black). */
static void
test_sizes (void)
{
  static const guint sizes[][2] = { { 16, 16 }, { 17, 31 }, { 640, 360 }, { 33, 400 }, { 400, 33 }, { 1024, 512 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (DhSceneKind kind = DH_SCENE_TRAIN; kind <= DH_SCENE_NEGATIVE; kind++)
      {
        const guint w = sizes[i][0], h = sizes[i][1];
        g_autofree guint8 *rgb = g_malloc (3 * w * h), *labels = g_malloc (w * h);
        g_autoptr (GError) error = NULL;
        double sum = 0, squares = 0;
        g_assert_true (dh_scene_render (3, kind, i, w, h, rgb, labels, &error));
        g_assert_no_error (error);
        for (guint k = 0; k < 3 * w * h; k++)
          {
            sum += rgb[k];
            squares += rgb[k] * rgb[k];
          }
        const double mean = sum / (3 * w * h), variance = squares / (3 * w * h) - mean * mean;
        g_assert_cmpfloat (mean, >, 20);
        g_assert_cmpfloat (mean, <, 235);
        g_assert_cmpfloat (variance, >, 30);
      }
  static const guint wrong[][2] = { { 0, 0 }, { 15, 64 }, { 64, 5000 }, { G_MAXUINT, G_MAXUINT } };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (dh_scene_render (1, DH_SCENE_TEST, 0, wrong[i][0], wrong[i][1], NULL, NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
    }
}

/* Every pixel is painted: below the horizon nothing keeps the canvas's label of the sky in the lowest rows. */
static void
test_covered (void)
{
  for (guint i = 0; i < 60; i++)
    {
      g_autofree Picture *p = render (123, i & 1 ? DH_SCENE_TRAIN : DH_SCENE_TEST, i);
      for (guint k = W * (H * 3 / 4); k < W * H; k++)
        g_assert_cmpuint (p->labels[k], !=, DH_SCENE_BACKGROUND);
    }
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  for (const char *name = dir ? g_dir_read_name (dir) : NULL; name; name = g_dir_read_name (dir))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
test_tree (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-scenes-XXXXXX", &error);
  const DhSceneCounts counts = dh_scene_counts (3);
  g_assert_cmpuint (counts.training, ==, 3);
  g_assert_cmpuint (counts.validation, ==, 2);
  g_assert_cmpuint (counts.test, ==, 2);
  g_assert_cmpuint (counts.negatives, ==, 2);
  g_assert_true (dh_scene_tree_write (folder, 11, &counts, 96, 64, NULL, NULL, &error));
  g_assert_no_error (error);
  static const char *const there[] = { "train/images/training/town/00002.png", "train/images/validation/town/00001.png",
                                       "test/images/test/t5/00000.png", "test/images/test/t6/00000.png",
                                       "negatives/images/training/00001.png" };
  for (guint i = 0; i < G_N_ELEMENTS (there); i++)
    {
      g_autofree char *image_path = g_build_filename (folder, there[i], NULL);
      g_auto (GStrv) parts = g_strsplit (image_path, "/images/", 2);
      g_autofree char *label_path = g_strjoinv ("/annotations/", parts);
      g_autoptr (DhImage) image = dh_image_load (image_path, &error);
      g_assert_no_error (error);
      g_autoptr (DhLabels) labels = dh_labels_load (label_path, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (image->width, ==, 96);
      g_assert_cmpuint (labels->height, ==, 64);
      for (guint k = 0; i < 4 && k < 96 * 64; k++)
        g_assert_true (labels->ids[k] >= 1 && labels->ids[k] <= 14 && labels->ids[k] != 4);
    }
  guint8 rgb[3 * 96 * 64], labels[96 * 64];
  g_assert_true (dh_scene_render (11, DH_SCENE_TEST, 1, 96, 64, rgb, labels, &error));
  g_autofree char *t6 = g_build_filename (folder, "test/images/test/t6/00000.png", NULL);
  g_autoptr (DhImage) second = dh_image_load (t6, &error);
  g_assert_cmpmem (second->rgb, sizeof rgb, rgb, sizeof rgb);

  /* as many again are written anew; fewer would lie among those of the first start */
  g_assert_true (dh_scene_tree_write (folder, 12, &counts, 96, 64, NULL, NULL, &error));
  const DhSceneCounts fewer = { 2, 2, 2, 2 };
  g_assert_false (dh_scene_tree_write (folder, 13, &fewer, 96, 64, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "train/images/training/town/00002.png: is there already"));
  g_clear_error (&error);

  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_assert_false (dh_scene_tree_write (folder, 11, &counts, 96, 64, cancelled, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  remove_tree (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scenes/same-everywhere", test_same_everywhere);
  g_test_add_func ("/scenes/repeats-and-differs", test_repeats_and_differs);
  g_test_add_func ("/scenes/shares", test_shares);
  g_test_add_func ("/scenes/anomalies", test_anomalies);
  g_test_add_func ("/scenes/negatives", test_negatives);
  g_test_add_func ("/scenes/sizes", test_sizes);
  g_test_add_func ("/scenes/covered", test_covered);
  g_test_add_func ("/scenes/tree", test_tree);
  return g_test_run ();
}
