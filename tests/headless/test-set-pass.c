/* The objects of a whole set, from the maps that an evaluation wrote: by hand, against the protocol smiyc-component and
 * against the counts of pixels; and what happens to a set whose files are not what they were. */
#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>
#include "dh-npy.h"
#include "dh-packed-labels.h"
#include "dh-room-private.h"
#include "dh-set-objects-private.h"
#include "evaluation-fixture.h"
#include "patience.h"
#include "tree.h"

/* Pictures of cells, in each of which there is one thing or none. */
enum
{
  CELL = 40,
  COLUMNS = 4,
  ROWS = 3,
  WIDTH = COLUMNS * CELL,
  HEIGHT = ROWS * CELL,
  PICTURES = 7,
  OBJECT = 30,
};

typedef enum
{
  NOTHING,
  FOUND,   /* flagged as it is */
  PARTLY,  /* flagged to 60 per cent */
  MISSED,  /* not flagged */
  INVENTED /* flagged where nothing is */
} Cell;

typedef struct
{
  char *root, *maps, *out;
  DhDataset *dataset;
  DhEvaluation *evaluation;
  DhImageList *list;
  GThreadPool *pool;
  guint n_of[INVENTED + 1];
} Set;

static Cell
cell_of (guint picture, guint cell)
{
  /* the last picture has no anomaly */
  const guint roll = (picture * 31 + cell * 17 + picture * cell) % 11;
  const Cell what = roll < 5 ? (Cell)roll : NOTHING;
  return picture == PICTURES - 1 && what != INVENTED ? NOTHING : what;
}

static void
fill (guint cell, guint8 *labels, float *scores, guint height, float score, gint label)
{
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < OBJECT; x++)
      {
        const guint at = (cell / COLUMNS * CELL + 4 + y) * WIDTH + cell % COLUMNS * CELL + 4 + x;
        if (label >= 0)
          labels[at] = (guint8)label;
        if (!isnan (score))
          scores[at] = score;
      }
}

/* Scores are eighths, which float16 has exactly. */
static void
write_picture (Set *set, guint picture)
{
  guint8 rgb[3 * WIDTH * HEIGHT] = { (guint8)picture }, labels[WIDTH * HEIGHT] = { 0 };
  float scores[WIDTH * HEIGHT];
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    scores[i] = -4 - (float)(i * 7 % 16) / 8;
  for (guint cell = 0; cell < COLUMNS * ROWS; cell++)
    {
      const Cell what = cell_of (picture, cell);
      set->n_of[what]++;
      if (what == FOUND || what == PARTLY || what == MISSED)
        fill (cell, labels, scores, OBJECT, NAN, 1);
      if (what == FOUND || what == PARTLY || what == INVENTED)
        fill (cell, labels, scores, what == PARTLY ? OBJECT * 3 / 5 : OBJECT, 2 + (float)(cell % 4) / 8, -1);
    }
  for (guint x = 0; x < WIDTH; x++)
    labels[x] = 255;
  scores[WIDTH * HEIGHT - 1] = NAN;
  g_autoptr (GError) error = NULL;
  g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/validation%u.png", picture);
  g_autofree char *label =
      g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", picture);
  g_autofree char *map = g_strdup_printf ("validation%u.npy", picture);
  g_autofree char *image_path = tree_path (set->root, image), *label_path = tree_path (set->root, label);
  g_autofree char *map_path = tree_path (set->maps, map);
  g_assert_true (dh_image_write_png (image_path, WIDTH, HEIGHT, 3, rgb, &error));
  g_assert_true (dh_image_write_png (label_path, WIDTH, HEIGHT, 1, labels, &error));
  const gint64 dims[] = { HEIGHT, WIDTH };
  g_autoptr (DhTensor) tensor = dh_tensor_new_take (DH_DTYPE_F32, 2, dims, g_bytes_new (scores, sizeof scores));
  g_assert_true (dh_npy_save (map_path, tensor, &error));
  g_assert_no_error (error);
}

static void
evaluate (Set *set, EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImportedScores) scores =
      dh_imported_scores_open (set->maps, "By hand", FALSE, set->dataset, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_imported_scores_sum (scores, NULL, NULL, &error));
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = set->dataset;
  options.predictor = NULL;
  options.scores = scores;
  options.folder = set->out;
  options.metric_options = (DhMetricOptions){ 0 };
  set->evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  /* as if they were a network's */
  g_array_index (set->evaluation->scores, DhScoreEvaluation, 0).score = DH_MAP_HYBRID;
}

static Set *
set_new (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  Set *set = g_new0 (Set, 1);
  set->root = g_build_filename (fixture->folder, "cells", NULL);
  set->maps = g_build_filename (fixture->folder, "cells-maps", NULL);
  set->out = g_build_filename (fixture->folder, "cells-out", NULL);
  for (guint i = 0; i < PICTURES; i++)
    write_picture (set, i);
  set->dataset = dh_dataset_open (set->root, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (set->dataset), ==, PICTURES);
  evaluate (set, fixture);
  set->list = dh_image_list_new ();
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < PICTURES; i++)
    g_ptr_array_add (items, dh_image_item_new (i, dh_dataset_item (set->dataset, i)->stem, "", TRUE));
  dh_image_list_take_items (set->list, items);
  set->pool = dh_set_pass_pool_new (3);
  return set;
}

static void
set_free (Set *set)
{
  g_thread_pool_free (set->pool, FALSE, TRUE);
  g_object_unref (set->list);
  dh_evaluation_free (set->evaluation);
  dh_dataset_unref (set->dataset);
  g_free (set->root);
  g_free (set->maps);
  g_free (set->out);
  g_free (set);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Set, set_free)

static void
is_done (DhSetPass *pass, gpointer data)
{
  *(gboolean *)data = TRUE;
}

static DhSetPass *
walk (Set *set, DhSetMaps *maps, double threshold)
{
  gboolean done = FALSE;
  DhSetPass *pass = dh_set_pass_start (set->pool, maps, DH_SCORE_HYBRID, threshold, is_done, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  return pass;
}

static DhSetObjects *
find_objects (Set *set, DhSetMaps *maps, double threshold)
{
  DhSetPass *pass = walk (set, maps, threshold);
  g_assert_cmpstr (dh_set_pass_get_failure (pass), ==, NULL);
  g_assert_cmpuint (dh_set_pass_get_done (pass), ==, PICTURES);
  DhSetObjects *objects = dh_set_objects_new (pass, set->list);
  dh_set_pass_stop (pass);
  return objects;
}

static void
assert_counts_of_set (Set *set, const DhSetObjects *objects)
{
  DhConfusion confusion;
  DhRanking *ranking = g_array_index (set->evaluation->scores, DhScoreEvaluation, 0).ranking;
  dh_ranking_confusion (ranking, (float)objects->threshold, FALSE, &confusion);
  g_assert_cmpuint (objects->counts.tp, ==, confusion.tp);
  g_assert_cmpuint (objects->counts.fp, ==, confusion.fp);
  g_assert_cmpuint (objects->counts.fn, ==, confusion.fn);
  g_assert_cmpuint (objects->counts.tn, ==, confusion.tn);
  guint64 tp = 0, pixels = 0;
  for (guint i = 0; i < objects->n; i++)
    {
      tp += objects->pictures[i].counts.tp;
      pixels += objects->pictures[i].counts.pixels;
    }
  g_assert_cmpuint (tp, ==, confusion.tp);
  g_assert_cmpuint (pixels, ==, PICTURES * ((HEIGHT - 1) * WIDTH - 1));
}

/* Every object is known: F1 of the protocol's overlaps, 0.25, 0.3 … 0.75, sIoU and PPV by hand. */
static void
test_by_hand (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autoptr (DhSetObjects) objects = find_objects (set, maps, 0);
  const guint anomalies = set->n_of[FOUND] + set->n_of[PARTLY] + set->n_of[MISSED];
  const guint flagged = set->n_of[FOUND] + set->n_of[PARTLY] + set->n_of[INVENTED];
  for (guint what = FOUND; what <= INVENTED; what++)
    g_assert_cmpuint (set->n_of[what], >, 0);
  g_assert_cmpuint (objects->n, ==, PICTURES);
  g_assert_cmpuint (objects->n_unread, ==, 0);
  g_assert_cmpuint (objects->n_of[DH_OBJECT_FOUND], ==, set->n_of[FOUND] + set->n_of[PARTLY]);
  g_assert_cmpuint (objects->n_of[DH_OBJECT_MISSED], ==, set->n_of[MISSED]);
  g_assert_cmpuint (objects->n_of[DH_OBJECT_FALSE], ==, set->n_of[INVENTED]);
  g_assert_cmpfloat_with_epsilon (objects->siou, (set->n_of[FOUND] + 0.6 * set->n_of[PARTLY]) / anomalies, 1e-12);
  g_assert_cmpfloat_with_epsilon (objects->ppv, (double)(set->n_of[FOUND] + set->n_of[PARTLY]) / flagged, 1e-12);
  double f1 = 0;
  for (guint k = 0; k < 11; k++)
    {
      const guint found = set->n_of[FOUND] + (0.25 + k * 0.05 <= 0.6 ? set->n_of[PARTLY] : 0);
      f1 += 2.0 * found / (found + anomalies + set->n_of[INVENTED]);
    }
  g_assert_cmpfloat_with_epsilon (objects->mean_f1, f1 / 11, 1e-12);
  for (guint i = 0; i < PICTURES; i++)
    {
      g_assert_true (objects->pictures[i].item == dh_image_list_get_item (set->list, i));
      guint missed = 0;
      for (guint cell = 0; cell < COLUMNS * ROWS; cell++)
        missed += cell_of (i, cell) == MISSED;
      g_assert_cmpuint (objects->pictures[i].components->n_of[DH_OBJECT_MISSED], ==, missed);
    }
  assert_counts_of_set (set, objects);
  /* above all scores everything is missed, and there is no PPV to speak of */
  g_autoptr (DhSetObjects) none = find_objects (set, maps, 100);
  g_assert_cmpuint (none->n_of[DH_OBJECT_MISSED], ==, anomalies);
  g_assert_cmpfloat (none->mean_f1, ==, 0);
  g_assert_true (isnan (none->ppv));
  assert_counts_of_set (set, none);
}

/* Scores that float16 has exactly: to the last bit the evaluation's own numbers at its own threshold. */
static void
test_protocol (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  const DhComponentResult *components = evaluation_result (set->evaluation, 0, 3)->components;
  g_assert_nonnull (components);
  /* the second time with labels from memory */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DhSetObjects) objects = find_objects (set, maps, components->threshold);
      g_assert_cmpuint (objects->n_of[DH_OBJECT_FOUND] + objects->n_of[DH_OBJECT_MISSED], ==, components->n_components);
      g_assert_cmpuint (objects->n_of[DH_OBJECT_MISSED], ==, components->fn[0]);
      g_assert_cmpuint (objects->n_of[DH_OBJECT_FALSE], ==, components->fp[0]);
      g_assert_cmpfloat (objects->mean_f1, ==, components->f1_mean);
      g_assert_cmpfloat (objects->siou, ==, components->siou_mean);
      g_assert_cmpfloat (objects->ppv, ==, components->ppv_mean);
      assert_counts_of_set (set, objects);
    }
}

static char *
map_path (Set *set, guint index)
{
  g_autofree char *name = g_strconcat (dh_dataset_item (set->dataset, index)->stem, ".npy", NULL);
  return g_build_filename (set->out, "eval", "scores", name, NULL);
}

/* One that is cut off, one that is gone, one of another size: told of each, and the rest is found. */
static void
test_broken (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autofree char *cut = map_path (set, 1), *gone = map_path (set, 2), *small = map_path (set, 3);
  g_assert_true (g_file_set_contents (cut, "\x93NUMPY\x01", 7, NULL));
  g_assert_cmpint (g_remove (gone), ==, 0);
  const gint64 dims[] = { 2, 3 };
  g_autoptr (DhTensor) tensor = dh_tensor_new_f32 (2, dims);
  g_assert_true (dh_npy_save (small, tensor, NULL));
  g_autoptr (DhSetObjects) objects = find_objects (set, maps, 0);
  g_assert_cmpuint (objects->n_unread, ==, 3);
  for (guint i = 0; i < PICTURES; i++)
    {
      const DhSetPicture *picture = &objects->pictures[i];
      const gboolean broken = i >= 1 && i <= 3;
      g_assert_true ((picture->components == NULL) == broken);
      g_assert_true ((picture->why != NULL) == broken);
      g_assert_true ((picture->counts.pixels == 0) == broken);
    }
  g_assert_nonnull (strstr (objects->pictures[1].why, cut));
  g_assert_nonnull (strstr (objects->pictures[2].why, gone));
  g_assert_nonnull (strstr (objects->pictures[3].why, "3 × 2"));
  g_assert_true (isfinite (objects->mean_f1));
}

/* What the evaluation has left out stays out, with its reason. */
static void
test_left_out (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  const DhLeftOut left_out = { g_strdup (dh_dataset_item (set->dataset, 4)->stem), g_strdup ("it is broken") };
  g_array_append_val (set->evaluation->left_out, left_out);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autoptr (DhSetObjects) objects = find_objects (set, maps, 0);
  g_assert_cmpuint (objects->n_unread, ==, 1);
  g_assert_cmpstr (objects->pictures[4].why, ==, "it is broken");
}

/* Maps of other weights bear the same names. */
static void
test_other_owner (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autofree char *owner = g_build_filename (set->out, "eval", "owner.txt", NULL);
  g_assert_true (g_file_test (owner, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (owner, "weights 0\n", -1, NULL));
  DhSetPass *pass = walk (set, maps, 0);
  g_assert_nonnull (strstr (dh_set_pass_get_failure (pass), "another run"));
  dh_set_pass_stop (pass);
}

/* A folder that was removed is nobody else's. */
static void
test_no_owner (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autofree char *eval = g_build_filename (set->out, "eval", NULL);
  tree_remove (eval);
  DhSetPass *pass = walk (set, maps, 0);
  g_assert_nonnull (strstr (dh_set_pass_get_failure (pass), set->out));
  g_assert_nonnull (strstr (dh_set_pass_get_failure (pass), "gone"));
  dh_set_pass_stop (pass);
}

static void
never (DhSetPass *pass, gpointer data)
{
  g_assert_not_reached ();
}

/* Given up at once, in the middle and behind: nothing is told, and nothing is waited for but a picture. */
static void
test_stop (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  for (guint until = 0; until <= PICTURES; until++)
    {
      DhSetPass *pass = dh_set_pass_start (set->pool, maps, DH_SCORE_HYBRID, 0, never, NULL);
      g_assert_true (patience_until (dh_set_pass_get_done (pass) >= until));
      dh_set_pass_stop (pass);
    }
  /* behind them all, which the same threads have let go */
  g_autoptr (DhSetObjects) objects = find_objects (set, maps, 0);
  g_assert_cmpuint (objects->n_unread, ==, 0);
}

typedef struct
{
  DhRoom *room;
  guint64 bytes;
  gint inside, most, done; /* atomic */
} Crowd;

static gpointer
work_inside (gpointer data)
{
  Crowd *crowd = data;
  for (guint i = 0; i < 500; i++)
    {
      dh_room_enter (crowd->room, crowd->bytes);
      const gint now = g_atomic_int_add (&crowd->inside, 1) + 1;
      for (gint most = g_atomic_int_get (&crowd->most);
           now > most && !g_atomic_int_compare_and_exchange (&crowd->most, most, now);)
        most = g_atomic_int_get (&crowd->most);
      g_thread_yield ();
      g_atomic_int_add (&crowd->inside, -1);
      dh_room_leave (crowd->room, crowd->bytes);
    }
  g_atomic_int_inc (&crowd->done);
  return NULL;
}

/* Large pictures are measured beside each other as far as there is room, and those that are larger than it alone. */
static void
test_room (void)
{
  static const struct
  {
    guint64 bytes;
    gint most;
  } cases[] = { { 300, 3 }, { 501, 1 }, { 5000, 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DhRoom) room = dh_room_new (1000);
      Crowd crowd = { .room = room, .bytes = cases[i].bytes };
      GThread *threads[4];
      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        threads[t] = g_thread_new ("crowd", work_inside, &crowd);
      for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
        g_thread_join (threads[t]);
      g_assert_cmpint (crowd.done, ==, G_N_ELEMENTS (threads));
      g_assert_cmpint (crowd.most, <=, cases[i].most);
    }
}

/* A map of more pixels than memory is there for is told of before it is read: here a file with nothing in it. */
static void
test_too_large (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (Set) set = set_new (fixture);
  g_autoptr (DhSetMaps) maps = dh_set_maps_new (set->dataset, set->out, set->evaluation);
  g_autofree char *path = map_path (set, 2);
  if (truncate (path, (off_t)1 << 43) != 0)
    {
      g_test_skip ("This file system has no files of such a size");
      return;
    }
  g_autoptr (DhSetObjects) objects = find_objects (set, maps, 0);
  g_assert_cmpuint (objects->n_unread, ==, 1);
  g_assert_nonnull (strstr (objects->pictures[2].why, "needs about 42.0"));
}

static void
test_packed (void)
{
  for (guint n = 1; n < 200; n += 7)
    {
      g_autoptr (DhLabels) labels = dh_labels_new (n, 3);
      for (guint i = 0; i < 3 * n; i++)
        labels->ids[i] = (guint8)(i * i / (n + 1) % 3);
      DhPackedLabels *packed = dh_packed_labels_new (labels);
      g_autoptr (DhLabels) again = dh_packed_labels_unpack (packed);
      g_assert_cmpmem (labels->ids, 3 * n, again->ids, again->width * again->height);
      dh_packed_labels_free (packed);
    }
  /* a plain label takes next to nothing */
  g_autoptr (DhLabels) plain = dh_labels_new (2048, 1024);
  memset (plain->ids, 0, 2048 * 1024);
  plain->ids[5] = 255;
  DhPackedLabels *packed = dh_packed_labels_new (plain);
  g_assert_cmpuint (dh_packed_labels_size_bytes (packed), <, 64);
  g_autoptr (DhLabels) again = dh_packed_labels_unpack (packed);
  g_assert_cmpuint (again->ids[5], ==, 2);
  dh_packed_labels_free (packed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/set-pass/by-hand", NULL, test_by_hand);
  EVALUATION_TEST ("/set-pass/protocol", NULL, test_protocol);
  EVALUATION_TEST ("/set-pass/broken", NULL, test_broken);
  EVALUATION_TEST ("/set-pass/left-out", NULL, test_left_out);
  EVALUATION_TEST ("/set-pass/other-owner", NULL, test_other_owner);
  EVALUATION_TEST ("/set-pass/no-owner", NULL, test_no_owner);
  EVALUATION_TEST ("/set-pass/stop", NULL, test_stop);
  EVALUATION_TEST ("/set-pass/too-large", NULL, test_too_large);
  g_test_add_func ("/set-pass/room", test_room);
  g_test_add_func ("/set-pass/packed", test_packed);
  return g_test_run ();
}
