/* The evaluated set in parts: pooled numbers against a sort of all pixels, tags that come and go, what cannot be read.
 */
#include "dh-session-slices.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "dh-class-pixels.h"
#include "dh-dataset.h"
#include "dh-image-filter.h"
#include "dh-image.h"
#include "dh-npy.h"
#include "dh-place.h"
#include "dh-records.h"
#include "dh-session-evaluation.h"
#include "dh-session-marks.h"
#include "dh-session-private.h"
#include "dh-slice-ranks-private.h"
#include "naive-metrics.h"
#include "session-fixture.h"
#include "tree.h"

/* Two scenes of three pictures: the third of each has no anomaly, and the second of the first has no inlier. */
static void
write_scenes (const char *root)
{
  enum
  {
    N = SESSION_WIDTH * SESSION_HEIGHT
  };
  static const char *const tracks[] = { "Anomaly", "Obstacle" };
  guint8 rgb[3 * N], labels[N];
  for (guint i = 0; i < 6; i++)
    {
      for (guint k = 0; k < 3 * N; k++)
        rgb[k] = (guint8)((k * 41 + i * 83) ^ (k >> 4));
      for (guint k = 0; k < N; k++)
        labels[k] = k < 64 * (i + 1) ? 255 : i == 1 || (i % 3 != 2 && k % 64 > 30 + i * 5 && k / 64 > 20) ? 1 : 0;
      g_autofree char *image = g_strdup_printf ("dataset_%sTrack/images/validation%u.png", tracks[i / 3], i);
      g_autofree char *label =
          g_strdup_printf ("dataset_%sTrack/labels_masks/validation%u_labels_semantic.png", tracks[i / 3], i);
      g_autofree char *image_path = tree_path (root, image), *label_path = tree_path (root, label);
      g_assert_true (dh_image_write_png (image_path, SESSION_WIDTH, SESSION_HEIGHT, 3, rgb, NULL));
      g_assert_true (dh_image_write_png (label_path, SESSION_WIDTH, SESSION_HEIGHT, 1, labels, NULL));
    }
}

static void
open_evaluated (SessionFixture *fixture)
{
  g_autofree char *root = g_build_filename (fixture->root, "scenes", NULL);
  write_scenes (root);
  dh_session_open_dataset (fixture->session, root);
  dh_session_open_weights (fixture->session, fixture->weights);
  session_wait_for (dh_session_can_evaluate (fixture->session));
  dh_session_evaluate (fixture->session);
  session_wait_for (!dh_session_is_evaluating (fixture->session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_cmpuint (dh_session_get_evaluation (fixture->session)->images, ==, 6);
}

static gboolean
at_rest (DhSession *session)
{
  guint done, of;
  dh_session_get_slices_progress (session, &done, &of);
  return of == 0;
}

/* Held by the session; NULL where there is none. */
static DhSlice *
find (DhSession *session, const char *name)
{
  GListModel *slices = dh_session_get_slices (session);
  for (guint i = 0; i < g_list_model_get_n_items (slices); i++)
    {
      g_autoptr (DhSlice) slice = g_list_model_get_item (slices, i);
      if (g_str_equal (dh_slice_get_name (slice), name))
        return slice;
    }
  return NULL;
}

static char *
dup_map_path (SessionFixture *fixture, const char *folder, guint index)
{
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, NULL);
  g_autoptr (DhRunRow) run = dh_database_get_run (database, dh_session_get_evaluation (fixture->session)->run, NULL);
  g_assert_nonnull (run);
  DhImageItem *item = dh_image_list_get_item (dh_session_get_list (fixture->session), index);
  g_autofree char *file = g_strconcat (dh_image_item_get_stem (item), ".npy", NULL);
  return g_build_filename (run->folder, "eval", folder, file, NULL);
}

/* What the network is made to have seen: 0 and 1 everywhere, 2 in one picture, and 77, which no network has, in
 * another.
 */
static guint
class_of (guint picture, guint pixel)
{
  const guint x = pixel % SESSION_WIDTH, y = pixel / SESSION_WIDTH;
  if (picture == 3 && x > 40)
    return 77;
  if (picture == 0 && x < 40)
    return 2;
  return (x / 11 + y / 9 + picture) % 2;
}

static void
write_classes (SessionFixture *fixture, guint picture, gint64 width)
{
  const gint64 dims[] = { SESSION_HEIGHT, width };
  g_autofree char *path = dup_map_path (fixture, "segmentation", picture);
  const gsize n = SESSION_HEIGHT * (gsize)width;
  guint8 *values = g_malloc (n);
  for (guint k = 0; k < n; k++)
    values[k] = (guint8)class_of (picture, k);
  g_autoptr (DhTensor) tensor = dh_tensor_new_take (DH_DTYPE_U8, 2, dims, g_bytes_new_take (values, n));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  g_assert_true (dh_npy_save (path, tensor, NULL));
}

/* All pixels of these pictures, or of a place or class in them, sorted. */
static Naive *
naive_of (SessionFixture *fixture, const char *folder, DhSlice *slice)
{
  const GArray *members = dh_slice_get_members (slice);
  const guint place = dh_slice_get_place (slice);
  const gint id = dh_slice_get_class (slice);
  g_autofree char *root = g_build_filename (fixture->root, "scenes", NULL);
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, NULL, NULL, NULL, NULL);
  g_autoptr (GArray) scores = g_array_new (FALSE, FALSE, sizeof (float));
  g_autoptr (GByteArray) labels = g_byte_array_new ();
  for (guint i = 0; i < members->len; i++)
    {
      const guint index = g_array_index (members, guint, i);
      g_autofree char *path = dup_map_path (fixture, folder, index);
      g_autoptr (DhTensor) map = dh_npy_load (path, NULL);
      g_autoptr (DhLabels) anomaly = NULL;
      g_assert_nonnull (map);
      g_assert_true (dh_dataset_load_labels (dataset, index, &anomaly, NULL, NULL));
      for (guint k = 0; k < SESSION_WIDTH * SESSION_HEIGHT; k++)
        if ((id < 0 || class_of (index, k) == (guint)id)
            && (place == DH_N_PLACES
                || dh_place_of (k % SESSION_WIDTH, k / SESSION_WIDTH, SESSION_WIDTH, SESSION_HEIGHT)
                       & DH_PLACE_BIT (place)))
          {
            g_array_append_val (scores, dh_tensor_f32 (map)[k]);
            g_byte_array_append (labels, &anomaly->ids[k], 1);
          }
    }
  return naive_new ((const float *)scores->data, labels->data, labels->len);
}

static void
assert_is_naive (SessionFixture *fixture, const char *folder, const char *name)
{
  DhSlice *slice = find (fixture->session, name);
  g_assert_nonnull (slice);
  const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
  g_autoptr (Naive) naive = naive_of (fixture, folder, slice);
  g_assert_true (numbers->ranked);
  g_assert_cmpstr (numbers->why_not_ranked, ==, NULL);
  g_assert_cmpuint (numbers->n_anomaly, ==, naive->anomalies);
  g_assert_cmpuint (numbers->n_pixels, ==, naive->anomalies + naive->inliers);
  g_assert_cmpfloat_with_epsilon (numbers->ap, naive->ap, 1e-9);
  g_assert_cmpfloat_with_epsilon (numbers->auroc, naive->auroc, 1e-9);
  g_assert_cmpfloat_with_epsilon (numbers->fpr95, naive->fpr95[0], 1e-12);
}

static void
test_numbers (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  /* nothing is measured before somebody looks */
  g_assert_cmpuint (g_list_model_get_n_items (dh_session_get_slices (session)), ==, 0);
  dh_session_want_slices (session);
  session_wait_for (at_rest (session));
  static const char *const parts[] = { "All images",   "With anomalies", "AnomalyTrack",    "ObstacleTrack",
                                       "Middle third", "Bottom third",   "Near the border", "Away from the border" };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    assert_is_naive (fixture, "scores", parts[i]);
  /* the whole is the protocol's number to the last digit, and the scenes are the whole */
  const DhProtocolLine *pooled = dh_session_get_evaluation (session)->lines->pdata[0];
  const DhSliceNumbers *whole = dh_slice_get_numbers (find (session, "All images"));
  g_assert_cmpstr (pooled->name, ==, "densehybrid-pooled");
  g_assert_cmpfloat (whole->ap, ==, pooled->ap);
  g_assert_cmpfloat (whole->fpr95, ==, pooled->fpr95);
  g_assert_cmpfloat (whole->auroc, ==, pooled->auroc);
  const DhSliceNumbers *scenes[] = { dh_slice_get_numbers (find (session, "AnomalyTrack")),
                                     dh_slice_get_numbers (find (session, "ObstacleTrack")) };
  g_assert_cmpuint (whole->n_pictures, ==, 6);
  g_assert_cmpuint (scenes[0]->n_pictures + scenes[1]->n_pictures, ==, 6);
  g_assert_cmpuint (scenes[0]->n_anomaly + scenes[1]->n_anomaly, ==, whole->n_anomaly);
  /* so are places of one kind; one without anomalies has a reason and no number */
  const DhSliceNumbers *thirds[] = { dh_slice_get_numbers (find (session, "Top third")),
                                     dh_slice_get_numbers (find (session, "Middle third")),
                                     dh_slice_get_numbers (find (session, "Bottom third")) };
  g_assert_cmpuint (thirds[0]->n_anomaly + thirds[1]->n_anomaly + thirds[2]->n_anomaly, ==, whole->n_anomaly);
  g_assert_cmpuint (dh_slice_get_numbers (find (session, "Near the border"))->n_anomaly
                        + dh_slice_get_numbers (find (session, "Away from the border"))->n_anomaly,
                    ==, whole->n_anomaly);
  g_assert_cmpuint (thirds[1]->n_pictures, ==, 6);
  /* without anomalies there is a reason and no number */
  const DhSliceNumbers *without = dh_slice_get_numbers (find (session, "Without anomalies"));
  g_assert_cmpuint (without->n_pictures, ==, 2);
  g_assert_true (isnan (without->ap) && isnan (without->fpr95) && isnan (without->auroc));
  g_assert_cmpstr (without->why_not_ranked, ==, "no anomaly pixels");

  /* another score has other numbers, and the first one's are kept */
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  g_assert_false (dh_slice_get_numbers (find (session, "AnomalyTrack"))->ranked);
  session_wait_for (at_rest (session));
  assert_is_naive (fixture, "likelihood", "All images");
  assert_is_naive (fixture, "likelihood", "AnomalyTrack");
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  g_assert_true (at_rest (session));
  assert_is_naive (fixture, "scores", "AnomalyTrack");

  /* weights and set take the rows along, also while they are measured */
  dh_session_set_active_score (session, DH_SCORE_DATASET_POSTERIOR);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (g_list_model_get_n_items (dh_session_get_slices (session)) == 0);
  g_assert_true (at_rest (session));
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
}

static gboolean
is_counted (DhSession *session)
{
  return dh_session_get_set_objects (session) != NULL && !dh_session_set_objects_are_old (session);
}

/* TPR and FPR of the pixels there, one after another. */
static void
assert_place_counts (SessionFixture *fixture, DhSlice *slice, float threshold)
{
  const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
  g_autoptr (Naive) naive = naive_of (fixture, "scores", slice);
  guint64 tp = 0, fp = 0;
  for (guint i = 0; i < naive->points->len; i++)
    {
      const NaivePoint *point = &g_array_index (naive->points, NaivePoint, i);
      if (point->score <= threshold)
        break;
      tp = point->tp;
      fp = point->fp;
    }
  g_assert_true (numbers->counted && !numbers->old);
  if (naive->anomalies > 0)
    g_assert_cmpfloat_with_epsilon (numbers->tpr, (double)tp / (double)naive->anomalies, 1e-12);
  else
    g_assert_true (isnan (numbers->tpr));
  g_assert_cmpfloat_with_epsilon (numbers->fpr, (double)fp / (double)naive->inliers, 1e-12);
  g_assert_cmpuint (numbers->fp, ==, fp);
  g_assert_cmpuint (numbers->fn, ==, naive->anomalies - tp);
}

/* What the slice is called by finds its objects among all. */
static void
assert_place_filter (DhSession *session, DhSlice *slice)
{
  const DhSetObjects *objects = dh_session_get_set_objects (session);
  const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
  DhImageFilter *filter = dh_image_filter_new (dh_slice_get_filter (slice));
  guint64 n = 0;
  g_assert_true (dh_slice_is_of_objects (slice));
  for (guint k = 0; k < objects->n; k++)
    for (guint j = 0; j < objects->pictures[k].components->n; j++)
      {
        const DhPictureObject *object = &objects->pictures[k].components->items[j];
        const guint x = object->x + object->width / 2, y = object->y + object->height / 2;
        const gboolean here = (dh_place_of (x, y, SESSION_WIDTH, SESSION_HEIGHT) >> dh_slice_get_place (slice)) & 1;
        g_assert_true (dh_image_filter_matches_object (filter, objects->pictures[k].item, object) == here);
        n += here && object->kind != DH_OBJECT_FALSE;
      }
  g_assert_cmpuint (numbers->n_found + numbers->n_missed, ==, n);
  dh_image_filter_free (filter);
}

static guint64
sum_of (DhSession *session, DhSliceKind kind, gsize member)
{
  guint64 sum = 0;
  for (guint i = 0; i < g_list_model_get_n_items (dh_session_get_slices (session)); i++)
    {
      g_autoptr (DhSlice) slice = g_list_model_get_item (dh_session_get_slices (session), i);
      if (dh_slice_get_kind (slice) == kind)
        sum += G_STRUCT_MEMBER (guint64, dh_slice_get_numbers (slice), member);
    }
  return sum;
}

/* Of those of the objects that most pixels are seen as the class, and these are found by its name. */
static void
assert_class_objects (DhSession *session, DhSlice *slice)
{
  const DhSetObjects *objects = dh_session_get_set_objects (session);
  const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
  const char *names[DH_CLASS_IDS + 1] = { NULL };
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    names[c] = "of another class";
  names[dh_slice_get_class (slice)] = dh_slice_get_name (slice);
  DhImageFilter *filter = dh_image_filter_new (dh_slice_get_filter (slice));
  dh_image_filter_name_classes (filter, names);
  guint64 n = 0;
  for (guint k = 0; k < objects->n; k++)
    for (guint j = 0; j < objects->pictures[k].components->n; j++)
      {
        const DhPictureObject *object = &objects->pictures[k].components->items[j];
        const gboolean here = object->class_id == dh_slice_get_class (slice);
        g_assert_true (dh_image_filter_matches_object (filter, objects->pictures[k].item, object) == here);
        n += here && object->kind != DH_OBJECT_FALSE;
      }
  g_assert_cmpuint (numbers->n_found + numbers->n_missed, ==, n);
  dh_image_filter_free (filter);
}

/* What the network sees: each class against all of its pixels, and all of them are the set to the last one. */
static void
test_classes (SessionFixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "class 0", "class 1", "class 2", "class 77" };
  static const guint n_pictures[] = { 6, 6, 1, 1 };
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  for (guint i = 0; i < 6; i++)
    write_classes (fixture, i, SESSION_WIDTH);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  dh_session_want_slices (session);
  session_wait_for (at_rest (session) && is_counted (session));
  g_assert_null (dh_session_explain_classes (session));
  const DhSliceNumbers *whole = dh_slice_get_numbers (find (session, "All images"));
  const double threshold = dh_session_get_set_objects (session)->threshold;
  double shares[2] = { 0, 0 };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      DhSlice *slice = find (session, names[i]);
      assert_is_naive (fixture, "scores", names[i]);
      assert_place_counts (fixture, slice, (float)threshold);
      assert_class_objects (session, slice);
      const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
      g_assert_cmpuint (numbers->n_pictures, ==, n_pictures[i]);
      g_assert_cmpfloat (numbers->fp_share, ==, (double)numbers->fp / (double)whole->fp);
      shares[0] += numbers->fp_share;
      shares[1] += numbers->fn_share;
      g_assert_true (isnan (numbers->ap_low));
    }
  static const gsize members[] = {
    G_STRUCT_OFFSET (DhSliceNumbers, n_pixels), G_STRUCT_OFFSET (DhSliceNumbers, n_anomaly),
    G_STRUCT_OFFSET (DhSliceNumbers, fp),       G_STRUCT_OFFSET (DhSliceNumbers, fn),
    G_STRUCT_OFFSET (DhSliceNumbers, n_found),  G_STRUCT_OFFSET (DhSliceNumbers, n_missed)
  };
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    g_assert_cmpuint (sum_of (session, DH_SLICE_CLASS, members[i]), ==, G_STRUCT_MEMBER (guint64, whole, members[i]));
  g_assert_cmpuint (whole->fp, >, 0);
  g_assert_cmpfloat (whole->fp_share, ==, 1);
  g_assert_cmpfloat_with_epsilon (shares[0], 1, 1e-12);
  g_assert_cmpfloat_with_epsilon (shares[1], 1, 1e-12);

  /* another score has other numbers of the same classes */
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  session_wait_for (at_rest (session));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_is_naive (fixture, "likelihood", names[i]);
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
}

/* A picture whose segmentation is of another size, or gone, is in no class, which is told; the rest is as it was. */
static void
test_broken_classes (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  for (guint i = 0; i < 6; i++)
    write_classes (fixture, i, i == 3 ? SESSION_WIDTH / 2 : SESSION_WIDTH);
  g_autofree char *gone = dup_map_path (fixture, "segmentation", 4),
                  *broken = dup_map_path (fixture, "segmentation", 3);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  dh_session_want_slices (session);
  session_wait_for (at_rest (session) && is_counted (session));
  g_autofree char *why = dh_session_explain_classes (session);
  g_assert_nonnull (strstr (why, "2 images are in no class"));
  g_assert_nonnull (strstr (why, broken));
  g_assert_null (find (session, "class 77"));
  g_assert_cmpuint (dh_slice_get_numbers (find (session, "class 0"))->n_pictures, ==, 4);
  const double threshold = dh_session_get_set_objects (session)->threshold;
  static const char *const names[] = { "class 0", "class 1", "class 2", "All images", "ObstacleTrack" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      assert_is_naive (fixture, "scores", names[i]);
      assert_place_counts (fixture, find (session, names[i]), (float)threshold);
    }
}

static void
nothing (DhSliceRank *rank, guint reading, gpointer data)
{
}

/* One that goes while the set is measured is the end of its classes, with a reason, and of nothing else. */
static void
test_lost_classes (SessionFixture *fixture, gconstpointer data)
{
  open_evaluated (fixture);
  for (guint i = 0; i < 6; i++)
    write_classes (fixture, i, SESSION_WIDTH);
  g_autofree char *gone = dup_map_path (fixture, "segmentation", 0);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_autoptr (GPtrArray) ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  for (guint i = 0; i < 3; i++)
    {
      DhSliceRank *rank = dh_slice_rank_new ();
      rank->class_id = i == 0 ? -1 : 0;
      for (guint k = i == 2 ? 1 : 0; k < 6; k++)
        g_array_append_val (rank->members, k);
      rank->pixels = rank->members->len * SESSION_WIDTH * SESSION_HEIGHT;
      g_ptr_array_add (ranks, rank);
    }
  dh_slice_ranks_measure (ranks, dh_session_get_set_maps (fixture->session), DH_SCORE_HYBRID, DH_SLICE_RANKS_BUDGET,
                          nothing, NULL, NULL);
  const DhSliceRank *whole = ranks->pdata[0], *lost = ranks->pdata[1], *kept = ranks->pdata[2];
  g_assert_cmpstr (whole->why, ==, NULL);
  g_assert_nonnull (lost->why);
  g_assert_nonnull (strstr (lost->why, gone));
  g_assert_true (isnan (lost->ap));
  g_assert_cmpstr (kept->why, ==, NULL);
  g_assert_true (isfinite (kept->ap));
}

/* At the threshold: parts that divide the set are the set, by pixels and by objects, and sizes divide the objects. */
static void
test_counts (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  dh_session_want_slices (session);
  session_wait_for (at_rest (session) && is_counted (session));
  const DhSetObjects *objects = dh_session_get_set_objects (session);
  DhCounts counts;
  dh_score_stats_count (dh_session_get_set_stats (session), DH_SCORE_HYBRID,
                        dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, &counts);
  const DhSliceNumbers *whole = dh_slice_get_numbers (find (session, "All images"));
  g_assert_true (whole->counted && !whole->old);
  g_assert_cmpfloat (whole->f1, ==, dh_counts_f1 (&counts));
  g_assert_cmpfloat (whole->tpr, ==, dh_counts_tpr (&counts));
  g_assert_cmpfloat (whole->fpr, ==, dh_counts_fpr (&counts));
  g_assert_cmpfloat_with_epsilon (whole->siou, objects->siou, 1e-9);
  g_assert_cmpuint (whole->n_found, ==, objects->n_of[DH_OBJECT_FOUND]);
  g_assert_cmpuint (whole->n_missed, ==, objects->n_of[DH_OBJECT_MISSED]);
  g_assert_cmpuint (whole->n_found + whole->n_missed, >, 0);
  guint64 n_scenes = 0, n_sizes = 0, area = 0, n_bins = 0, n_places[2] = { 0, 0 };
  for (guint i = 0; i < g_list_model_get_n_items (dh_session_get_slices (session)); i++)
    {
      g_autoptr (DhSlice) slice = g_list_model_get_item (dh_session_get_slices (session), i);
      const DhSliceNumbers *numbers = dh_slice_get_numbers (slice);
      if (dh_slice_get_kind (slice) == DH_SLICE_SCENE)
        n_scenes += numbers->n_found + numbers->n_missed;
      if (dh_slice_get_kind (slice) == DH_SLICE_PLACE)
        {
          const guint place = dh_slice_get_place (slice);
          n_places[place >= DH_PLACE_BORDER] += numbers->n_found + numbers->n_missed;
          assert_place_counts (fixture, slice, (float)objects->threshold);
          assert_place_filter (session, slice);
        }
      if (dh_slice_get_kind (slice) != DH_SLICE_SIZE)
        continue;
      n_bins++;
      n_sizes += numbers->n_found + numbers->n_missed;
      area += numbers->n_anomaly;
      g_assert_true (isnan (numbers->f1) && numbers->why_not_counted != NULL);
      guint64 from, below, n = 0;
      dh_slice_get_areas (slice, &from, &below);
      for (guint k = 0; k < objects->n; k++)
        for (guint j = 0; j < objects->pictures[k].components->n; j++)
          {
            const DhPictureObject *object = &objects->pictures[k].components->items[j];
            n += object->kind != DH_OBJECT_FALSE && object->area >= from && object->area < below;
          }
      g_assert_cmpuint (numbers->n_found + numbers->n_missed, ==, n);
    }
  g_assert_cmpuint (n_bins, ==, 4);
  g_assert_cmpuint (n_scenes, ==, whole->n_found + whole->n_missed);
  g_assert_cmpuint (n_sizes, ==, n_scenes);
  g_assert_cmpuint (n_places[0], ==, n_scenes);
  g_assert_cmpuint (n_places[1], ==, n_scenes);
  g_assert_cmpuint (area, <=, whole->n_anomaly);
  /* Without anomalies there is no F1, and a rate of false alarms. */
  const DhSliceNumbers *without = dh_slice_get_numbers (find (session, "Without anomalies"));
  g_assert_true (isnan (without->f1) && isnan (without->tpr) && isfinite (without->fpr));

  /* objects have the hybrid score's two terms, which are it */
  for (guint k = 0; k < objects->n; k++)
    for (guint j = 0; j < objects->pictures[k].components->n; j++)
      {
        const DhPictureObject *object = &objects->pictures[k].components->items[j];
        g_assert_cmpfloat_with_epsilon (object->minus_log_likelihood + object->log_p_out, object->score, 1e-4);
      }

  /* a threshold that moved makes them old, and then they are others */
  const double before = whole->tpr;
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 1e9);
  g_assert_true (dh_slice_get_numbers (find (session, "All images"))->old);
  session_wait_for (is_counted (session));
  g_assert_cmpfloat (dh_slice_get_numbers (find (session, "All images"))->tpr, ==, 0);
  g_assert_cmpfloat (before, >, 0);
}

static void
test_tags (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhImageList *list = dh_session_get_list (session);
  open_evaluated (fixture);
  dh_session_want_slices (session);
  session_wait_for (at_rest (session));
  DhSlice *scene = find (session, "AnomalyTrack");
  dh_session_set_tag (session, dh_image_list_get_item (list, 0), "clean road", TRUE);
  dh_session_set_tag (session, dh_image_list_get_item (list, 3), "clean road", TRUE);
  dh_session_set_tag (session, dh_image_list_get_item (list, 2), "empty", TRUE);
  session_wait_for (at_rest (session));
  assert_is_naive (fixture, "scores", "clean road");
  g_assert_true (find (session, "AnomalyTrack") == scene);
  g_assert_cmpstr (dh_slice_get_numbers (find (session, "empty"))->why_not_ranked, ==, "no anomaly pixels");
  /* what it is called by finds its pictures */
  for (guint i = 0; i < g_list_model_get_n_items (dh_session_get_slices (session)); i++)
    {
      g_autoptr (DhSlice) slice = g_list_model_get_item (dh_session_get_slices (session), i);
      if (dh_slice_is_of_objects (slice))
        continue; /* found among these */
      dh_image_list_set_filter (list, dh_slice_get_filter (slice));
      g_assert_cmpuint (dh_image_list_get_shown (list), ==, dh_slice_get_numbers (slice)->n_pictures);
    }
  dh_session_set_tag (session, dh_image_list_get_item (list, 2), "empty", FALSE);
  g_assert_null (find (session, "empty"));
  dh_session_set_tag (session, dh_image_list_get_item (list, 0), "clean road", FALSE);
  session_wait_for (at_rest (session));
  g_assert_cmpuint (dh_slice_get_numbers (find (session, "clean road"))->n_pictures, ==, 1);
  assert_is_naive (fixture, "scores", "clean road");
  dh_session_set_tag (session, dh_image_list_get_item (list, 3), "clean road", FALSE);
}

/* A part with a picture whose map is gone has a reason; others have their numbers. */
static void
test_unreadable (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_evaluated (fixture);
  g_autofree char *path = dup_map_path (fixture, "scores", 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  dh_session_want_slices (session);
  session_wait_for (at_rest (session));
  const DhSliceNumbers *numbers = dh_slice_get_numbers (find (session, "AnomalyTrack"));
  g_assert_true (numbers->ranked && isnan (numbers->ap));
  g_assert_nonnull (strstr (numbers->why_not_ranked, path));
  g_assert_true (isfinite (dh_slice_get_numbers (find (session, "All images"))->ap));
  assert_is_naive (fixture, "scores", "ObstacleTrack");
}

static void
count (DhSliceRank *rank, guint reading, gpointer data)
{
  guint *told = data;
  told[0] = reading;
  told[1] += rank != NULL;
}

/* With little memory the pictures are read more often, for the same numbers. */
static void
test_memory (SessionFixture *fixture, gconstpointer data)
{
  static const gsize budgets[] = { G_MAXSIZE / 2, 60000, 1 };
  static const guint readings[] = { 6, 12, 14 };
  double aps[3][4];
  open_evaluated (fixture);
  DhSetMaps *maps = dh_session_get_set_maps (fixture->session);
  g_assert_nonnull (maps);
  for (guint b = 0; b < G_N_ELEMENTS (budgets); b++)
    {
      static const guint members[4][7] = { { 0, 1, 2, 99 }, { 3, 4, 5, 99 }, { 0, 1, 2, 3, 4, 5, 99 }, { 1, 4, 99 } };
      g_autoptr (GPtrArray) ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
      guint told[2] = { 0, 0 };
      for (guint i = 0; i < 4; i++)
        {
          DhSliceRank *rank = dh_slice_rank_new ();
          for (guint k = 0; members[i][k] != 99; k++)
            g_array_append_val (rank->members, members[i][k]);
          rank->pixels = rank->members->len * SESSION_WIDTH * SESSION_HEIGHT;
          g_ptr_array_add (ranks, rank);
        }
      g_assert_cmpuint (dh_slice_ranks_count_readings (ranks, budgets[b]), ==, readings[b]);
      dh_slice_ranks_measure (ranks, maps, DH_SCORE_HYBRID, budgets[b], count, told, NULL);
      g_assert_cmpuint (told[0], ==, readings[b]);
      g_assert_cmpuint (told[1], ==, 4);
      for (guint i = 0; i < 4; i++)
        {
          aps[b][i] = ((DhSliceRank *)ranks->pdata[i])->ap;
          g_assert_cmpfloat (aps[b][i], ==, aps[0][i]);
          g_assert_true (isfinite (aps[b][i]));
        }
    }
}

/* Seconds of computing to plan so many slices that all stand open at one time. */
static double
work_of_plan (guint n)
{
  g_autoptr (GPtrArray) ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  for (guint i = 0; i < n; i++)
    {
      DhSliceRank *rank = dh_slice_rank_new ();
      const guint members[] = { n - 1 - i, n + (7 * i) % n };
      g_array_append_vals (rank->members, members, G_N_ELEMENTS (members));
      rank->pixels = 1;
      g_ptr_array_add (ranks, rank);
    }
  double least = INFINITY;
  for (guint i = 0; i < 3; i++)
    {
      const double before = patience_work ();
      g_assert_cmpuint (dh_slice_ranks_count_readings (ranks, G_MAXSIZE / 2), ==, 2 * n);
      least = MIN (least, patience_work () - before);
    }
  return least;
}

/* A set with very many tags is planned before anything is measured, while the window waits. */
static void
test_many (SessionFixture *fixture, gconstpointer data)
{
  const double few = work_of_plan (201), many = work_of_plan (1608);
  g_test_message ("few slices %.2f ms, eight times as many %.2f ms", 1e3 * few, 1e3 * many);
  g_assert_cmpfloat (many, <, 200 * few);
}

static void
open_many (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "many", NULL);
  session_write_set_of_size (set, 24, 256, 192);
  dh_session_open_weights (session, fixture->weights);
  dh_session_open_dataset (session, set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 24 && dh_session_can_evaluate (session));
}

static void
want_anew (SessionFixture *fixture)
{
  DhSession *session = fixture->session;
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  for (guint i = 0; i < 20; i++)
    dh_session_set_tag (session, dh_image_list_get_item (dh_session_get_list (session), i), "some", TRUE);
  dh_session_want_slices (session);
  g_assert_false (at_rest (session));
}

/* Another evaluation, score, weights and the end of the session each come in the middle. */
static void
test_middle (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_many (fixture);
  want_anew (fixture);
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpuint (g_list_model_get_n_items (dh_session_get_slices (session)), ==, 0);
  g_assert_true (at_rest (session));
  want_anew (fixture);
  dh_session_set_active_score (session, DH_SCORE_LIKELIHOOD);
  g_assert_false (at_rest (session));
  session_wait_for (at_rest (session));
  g_assert_true (dh_slice_get_numbers (find (session, "some"))->ranked);
  dh_session_set_active_score (session, DH_SCORE_HYBRID);
  g_assert_false (dh_slice_get_numbers (find (session, "some"))->ranked);
  dh_session_open_weights (session, fixture->closed);
  g_assert_true (at_rest (session));
  session_wait_for (!dh_session_is_loading (session) && dh_session_can_evaluate (session));
  g_assert_null (dh_session_get_set_objects (session));
  want_anew (fixture);
}

static void
take_folder (DhSliceRank *rank, guint reading, gpointer data)
{
  if (reading == 2)
    g_assert_true (g_file_set_contents (data, "weights 0\n", -1, NULL));
}

/* Another run that takes the folder in the middle writes maps of the same names: no number may be of both. */
static void
test_taken (SessionFixture *fixture, gconstpointer data)
{
  open_evaluated (fixture);
  g_autofree char *map = dup_map_path (fixture, "scores", 0), *scores = g_path_get_dirname (map);
  g_autofree char *eval = g_path_get_dirname (scores), *owner = g_build_filename (eval, "owner.txt", NULL);
  g_autoptr (GPtrArray) ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  for (guint i = 0; i < 2; i++)
    {
      DhSliceRank *rank = dh_slice_rank_new ();
      for (guint k = 0; k < (i == 0 ? 2 : 6); k++)
        g_array_append_val (rank->members, k);
      rank->pixels = rank->members->len * SESSION_WIDTH * SESSION_HEIGHT;
      g_ptr_array_add (ranks, rank);
    }
  dh_slice_ranks_measure (ranks, dh_session_get_set_maps (fixture->session), DH_SCORE_HYBRID, DH_SLICE_RANKS_BUDGET,
                          take_folder, owner, NULL);
  const DhSliceRank *before = ranks->pdata[0], *behind = ranks->pdata[1];
  g_assert_true (before->done && behind->done);
  g_assert_cmpstr (before->why, ==, NULL);
  g_assert_true (isfinite (before->ap));
  g_assert_nonnull (behind->why);
  g_assert_nonnull (strstr (behind->why, "another run"));
  g_assert_true (isnan (behind->ap));
}

/* A map of more pixels than there is memory for is not begun; the slices that it is in say why, the others are whole.
 */
static void
test_shortage (SessionFixture *fixture, gconstpointer data)
{
  open_evaluated (fixture);
  g_autofree char *map = dup_map_path (fixture, "scores", 0);
  /* A file with a hole takes no place. */
  g_assert_cmpint (truncate (map, (goffset)1 << 42), ==, 0);
  g_autoptr (GPtrArray) ranks = g_ptr_array_new_with_free_func (dh_slice_rank_unref);
  for (guint i = 0; i < 2; i++)
    {
      DhSliceRank *rank = dh_slice_rank_new ();
      for (guint k = i; k < 6; k++)
        g_array_append_val (rank->members, k);
      rank->pixels = rank->members->len * SESSION_WIDTH * SESSION_HEIGHT;
      g_ptr_array_add (ranks, rank);
    }
  dh_slice_ranks_measure (ranks, dh_session_get_set_maps (fixture->session), DH_SCORE_HYBRID, DH_SLICE_RANKS_BUDGET,
                          nothing, NULL, NULL);
  const DhSliceRank *with = ranks->pdata[0], *without = ranks->pdata[1];
  g_assert_true (with->done && without->done);
  g_assert_nonnull (with->why);
  g_assert_nonnull (strstr (with->why, "needs about 17"));
  g_assert_cmpstr (without->why, ==, NULL);
  g_assert_true (isfinite (without->ap));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/slices/numbers", test_numbers },
    { "/slices/counts", test_counts },
    { "/slices/tags", test_tags },
    { "/slices/unreadable", test_unreadable },
    { "/slices/memory", test_memory },
    { "/slices/taken", test_taken },
    { "/slices/classes", test_classes },
    { "/slices/broken-classes", test_broken_classes },
    { "/slices/lost-classes", test_lost_classes },
    { "/slices/middle", test_middle },
    { "/slices/shortage", test_shortage },
    { "/slices/many", test_many },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
