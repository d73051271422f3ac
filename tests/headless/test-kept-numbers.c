/* What a run measured is kept beside its maps: the same numbers to the last bit without reading one of these, and none
 * where anything is not as it was. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "dh-error.h"
#include "dh-numbers-folder-private.h"
#include "dh-picture-seal-private.h"
#include "dh-scene-tree.h"
#include "evaluation-fixture.h"
#include "patience.h"

static DhEvaluation *
run (EvaluationFixture *fixture, const DhEvaluationOptions *options)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions usual = evaluation_options (fixture);
  DhEvaluation *evaluation = dh_evaluation_run (options ? options : &usual, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

/* All that anybody is told of an evaluation, as text and bytes. */
static gboolean
append (gconstpointer bytes, gsize size, gpointer data, GError **error)
{
  g_byte_array_append (data, bytes, (guint)size);
  return TRUE;
}

static void
add_row (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  GString *text = data;
  g_string_append_printf (text, "%u/%u %s %s %s %s %s %s", done, total, row->stem, row->path, row->scene, row->state,
                          row->why, row->score_file);
  g_string_append_printf (
      text, " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
      row->width, row->height, row->pixels, row->positives, row->non_finite);
  g_string_append_printf (text, " %a %a %a %a %a %a %a %a\n", row->seconds, row->ap, row->auroc, row->fpr95,
                          row->best_f1, row->best_f1_threshold, row->mean_score, row->max_score);
}

static void
add_classes (GString *text, const DhClassResult *classes)
{
  if (!classes)
    return;
  const guint k = classes->table->n_classes;
  g_string_append_printf (text, "%s %d %a %a %a %a\n", classes->table->name, classes->has_open, classes->closed_miou,
                          classes->open_miou, classes->anomaly_iou, classes->threshold);
  for (guint c = 0; c < k; c++)
    g_string_append_printf (text, "%a %a\n", classes->closed_iou[c], classes->open_iou[c]);
  for (guint i = 0; i < k * k; i++)
    g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", classes->confusion[i]);
}

static GByteArray *
write_down (const DhEvaluation *evaluation, DhDataset *dataset, const char *rows)
{
  GByteArray *bytes = g_byte_array_new ();
  g_autoptr (GString) text = g_string_new (rows);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    g_ptr_array_add (names, dh_dataset_item (dataset, i)->stem);
  g_string_append_printf (text, "%" G_GINT64_FORMAT " %u %a\n", evaluation->run, evaluation->images,
                          evaluation->seconds);
  for (guint i = 0; i < evaluation->left_out->len; i++)
    {
      const DhLeftOut *one = &g_array_index (evaluation->left_out, DhLeftOut, i);
      g_string_append_printf (text, "%s: %s\n", one->stem, one->why);
    }
  add_classes (text, evaluation->classes);
  DhPack pack;
  dh_pack_init (&pack, append, bytes);
  dh_pack_text (&pack, text->str);
  for (guint s = 0; s < evaluation->scores->len; s++)
    {
      const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, s);
      dh_pack_text (&pack, score->name);
      g_assert_true (dh_ranking_pack (score->ranking, &pack));
      if (score->sweep)
        dh_open_sweep_pack (score->sweep, &pack);
      for (guint p = 0; p < score->results->len; p++)
        g_assert_true (dh_result_pack (score->results->pdata[p], (const char *const *)names->pdata, names->len, &pack));
    }
  g_assert_true (dh_pack_end (&pack, NULL));
  return bytes;
}

/* NULL with the error; `kept` says whether the maps were left alone. */
static GByteArray *
recall (EvaluationFixture *fixture, const DhEvaluationOptions *asked, guint classes, gint64 id, guint64 most_bytes,
        gboolean *kept, GError **error)
{
  DhEvaluationOptions options = asked ? *asked : evaluation_options (fixture);
  g_autoptr (GString) rows = g_string_new (NULL);
  options.predictor = NULL;
  options.folder = NULL;
  options.more_scores = 0;
  options.image_done = add_row;
  options.data = rows;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_recall (&options, id, classes, most_bytes, NULL, NULL, error);
  if (kept)
    *kept = evaluation && evaluation->kept;
  if (evaluation)
    g_assert_cmpuint (evaluation->resumed, ==, evaluation->images);
  return evaluation ? write_down (evaluation, options.dataset, rows->str) : NULL;
}

static GByteArray *
assert_recalled (EvaluationFixture *fixture, const DhEvaluationOptions *asked, guint classes, gint64 id, gboolean kept)
{
  g_autoptr (GError) error = NULL;
  gboolean was_kept;
  GByteArray *bytes = recall (fixture, asked, classes, id, 0, &was_kept, &error);
  g_assert_no_error (error);
  g_assert_cmpint (was_kept, ==, kept);
  return bytes;
}

static void
assert_kept (EvaluationFixture *fixture, gint64 id, gboolean kept)
{
  g_autoptr (GByteArray) bytes = assert_recalled (fixture, NULL, 5, id, kept);
}

static void
assert_refused (EvaluationFixture *fixture, gint64 id, DhError code, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (recall (fixture, NULL, 5, id, 0, NULL, &error));
  g_assert_error (error, DH_ERROR, code);
  evaluation_assert_has (error->message, "%s", word);
}

static char *
numbers_of (EvaluationFixture *fixture, DhDataset *dataset)
{
  return dh_numbers_folder_get_path (fixture->out, dataset ? dataset : fixture->dataset);
}

static void
assert_same_bytes (const GByteArray *a, const GByteArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  g_assert_cmpint (memcmp (a->data, b->data, a->len), ==, 0);
}

/* What is kept when a run ends is what its maps say when they are read again, and so is what is kept then. */
static void
assert_all_the_same (EvaluationFixture *fixture, const DhEvaluationOptions *options, guint classes)
{
  g_autoptr (DhEvaluation) first = run (fixture, options);
  g_assert_false (first->kept);
  g_autoptr (GByteArray) kept = assert_recalled (fixture, options, classes, first->run, TRUE);
  g_autofree char *numbers = numbers_of (fixture, options ? options->dataset : NULL);
  g_assert_cmpint (g_unlink (numbers), ==, 0);
  g_autoptr (GByteArray) measured = assert_recalled (fixture, options, classes, first->run, FALSE);
  assert_same_bytes (kept, measured);
  g_autoptr (GByteArray) kept_again = assert_recalled (fixture, options, classes, first->run, TRUE);
  assert_same_bytes (kept_again, measured);
}

static void
test_same (EvaluationFixture *fixture, gconstpointer data)
{
  assert_all_the_same (fixture, NULL, 5);
}

static void
test_same_left_out (EvaluationFixture *fixture, gconstpointer data)
{
  evaluation_write_pair (fixture->root, 1, EVALUATION_WIDTH - 1); /* a label that does not fit */
  assert_all_the_same (fixture, NULL, 5);
}

static DhDataset *
open_scenes (EvaluationFixture *fixture, const char *split)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scenes = g_build_filename (fixture->folder, "scenes", NULL);
  DhSceneCounts counts = dh_scene_counts (32);
  counts.test = 6;
  if (!g_file_test (scenes, G_FILE_TEST_EXISTS))
    g_assert_true (dh_scene_tree_write (scenes, 3, &counts, 128, 64, NULL, NULL, &error));
  const DhDatasetOptions options = { .splits = split };
  DhDataset *dataset = dh_dataset_open (scenes, "street-hazards-full", &options, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static DhPredictor *
open_network (guint classes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", classes, 3, 1.0, &error);
  DhPredictor *predictor = dh_predictor_new (model, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  return predictor;
}

/* Labels of classes as well; in the second without any anomaly. */
static void
test_same_classes (EvaluationFixture *fixture, gconstpointer split)
{
  g_autoptr (DhDataset) dataset = open_scenes (fixture, split);
  const guint k = dh_dataset_class_table (dataset)->n_classes;
  g_autoptr (DhPredictor) predictor = open_network (k);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.predictor = predictor;
  assert_all_the_same (fixture, &options, k);
  /* weights of other classes are not measured by them */
  g_autoptr (GByteArray) without = assert_recalled (fixture, &options, k + 1, 1, FALSE);
}

/* Each part of a set has its own. */
static void
test_parts (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhDataset) test = open_scenes (fixture, "test");
  g_autoptr (DhDataset) validation = open_scenes (fixture, "validation");
  g_autoptr (DhPredictor) predictor = open_network (5);
  DhEvaluationOptions options = evaluation_options (fixture), other = options;
  options.dataset = test;
  options.predictor = other.predictor = predictor;
  other.dataset = validation;
  g_autoptr (DhEvaluation) first = run (fixture, &options);
  g_autoptr (DhEvaluation) second = run (fixture, &other);
  g_autoptr (GByteArray) of_first = assert_recalled (fixture, &options, 5, first->run, TRUE);
  g_autoptr (GByteArray) of_second = assert_recalled (fixture, &other, 5, second->run, TRUE);
}

static char *
label_of (EvaluationFixture *fixture, guint index)
{
  g_autofree char *name = g_strdup_printf ("validation%u_labels_semantic.png", index);
  return g_build_filename (fixture->root, "labels_masks", name, NULL);
}

static char *
map_of (EvaluationFixture *fixture, const char *kind, guint index)
{
  g_autofree char *name = g_strdup_printf ("validation%u.npy", index);
  return g_build_filename (fixture->out, "eval", kind, name, NULL);
}

static void
set_contents (const char *path, const char *bytes, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, &error));
  g_assert_no_error (error);
}

static gboolean
write_once (const char *path, const char *bytes, gsize size, const struct stat *before)
{
  struct stat after;
  const struct timespec times[] = { before->st_atim, before->st_mtim };
  const int fd = open (path, O_WRONLY | O_TRUNC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, size), ==, (gssize)size);
  close (fd);
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
  g_assert_cmpint (stat (path, &after), ==, 0);
  return after.st_ctim.tv_sec != before->st_ctim.tv_sec || after.st_ctim.tv_nsec != before->st_ctim.tv_nsec;
}

/* In its place, with the times that it had, but for what only the kernel sets: once its clock has ticked. */
static void
write_over (const char *path, const char *bytes, gsize size)
{
  struct stat before;
  g_assert_cmpint (stat (path, &before), ==, 0);
  g_assert_true (patience_until (write_once (path, bytes, size, &before)));
}

/* To so many bytes: what stands behind a PNG's end is not looked at. */
static char *
read_padded (const char *path, gsize size)
{
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;
  gsize length = 0;
  g_assert_true (g_file_get_contents (path, &bytes, &length, &error));
  g_assert_cmpuint (length, <=, size);
  bytes = g_realloc (bytes, size);
  memset (bytes + length, 0, size - length);
  return bytes;
}

enum
{
  PADDED = 3000,
};

/* A label of the same size and times, and with as many anomalies, which says something else. */
static void
test_label (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *label = label_of (fixture, 2);
  g_autofree char *own = read_padded (label, PADDED);
  set_contents (label, own, PADDED);
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  write_over (label, own, PADDED); /* the same: it is read, and found so */
  g_autoptr (GByteArray) before = assert_recalled (fixture, NULL, 5, first->run, TRUE);

  guint8 ids[EVALUATION_WIDTH * EVALUATION_HEIGHT];
  g_autoptr (GError) error = NULL;
  g_autoptr (DhLabels) labels = dh_labels_load (label, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < sizeof ids; i++)
    ids[i] = labels->ids[sizeof ids - 1 - i];
  g_autofree char *turned = g_build_filename (fixture->folder, "turned.png", NULL);
  g_assert_true (dh_image_write_png (turned, EVALUATION_WIDTH, EVALUATION_HEIGHT, 1, ids, &error));
  g_autofree char *other = read_padded (turned, PADDED);
  write_over (label, other, PADDED);
  g_autoptr (GByteArray) after = assert_recalled (fixture, NULL, 5, first->run, FALSE);
  g_assert_false (after->len == before->len && memcmp (after->data, before->data, after->len) == 0);
  assert_kept (fixture, first->run, TRUE);

  g_autofree char *from = label_of (fixture, 3);
  g_autofree char *none = read_padded (from, PADDED);
  write_over (label, none, PADDED);
  assert_refused (fixture, first->run, DH_ERROR_MISMATCH, "validation2_labels_semantic.png");
}

/* Maps that were written anew are read, those of other pictures noticed, and those that are gone as well. */
static void
test_maps (EvaluationFixture *fixture, gconstpointer data)
{
  static const char *const kinds[] = { "scores", "max_softmax", "segmentation" };
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = map_of (fixture, kinds[i], 2), *bytes = NULL;
      gsize size = 0;
      g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
      assert_kept (fixture, first->run, TRUE);
      write_over (path, bytes, size);
      assert_kept (fixture, first->run, FALSE);
      assert_kept (fixture, first->run, TRUE);
      g_assert_cmpint (g_unlink (path), ==, 0);
      assert_refused (fixture, first->run, DH_ERROR_NOT_FOUND, "validation2.npy");
      set_contents (path, bytes, size);
      assert_kept (fixture, first->run, FALSE);
    }
  g_autofree char *path = map_of (fixture, "scores", 2), *from = map_of (fixture, "scores", 1), *other = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (from, &other, &size, NULL));
  write_over (path, other, size);
  assert_refused (fixture, first->run, DH_ERROR_NOT_FOUND, "another's");
}

static void
stop (EvaluationFixture *fixture, DhMap score)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = evaluation_options (fixture);
  options.score = score;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A later run of the same set takes the place, one of another score all of it; one that was stopped may have written
 * over some maps. */
static void
test_other_run (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *numbers = numbers_of (fixture, NULL);
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  stop (fixture, DH_MAP_HYBRID);
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) again = recall (fixture, NULL, 5, first->run, 0, NULL, &error);
  g_assert_no_error (error);
  assert_kept (fixture, first->run, TRUE);

  g_autoptr (DhEvaluation) second = run (fixture, NULL);
  g_assert_cmpint (second->run, ==, first->run + 1);
  assert_kept (fixture, second->run, TRUE);
  assert_kept (fixture, first->run, FALSE);
  assert_kept (fixture, second->run, FALSE);
  assert_kept (fixture, second->run, TRUE);

  stop (fixture, DH_MAP_MAX_LOGIT);
  g_assert_false (g_file_test (numbers, G_FILE_TEST_EXISTS));
  assert_refused (fixture, second->run, DH_ERROR_NOT_FOUND, "another run");
}

/* Stopped, and gone on with. */
static void
test_resumed (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *numbers = numbers_of (fixture, NULL);
  stop (fixture, DH_MAP_HYBRID);
  g_assert_false (g_file_test (numbers, G_FILE_TEST_EXISTS));
  g_autoptr (DhEvaluation) whole = run (fixture, NULL);
  g_assert_cmpuint (whole->resumed, >=, 2);
  g_autoptr (GByteArray) kept = assert_recalled (fixture, NULL, 5, whole->run, TRUE);
  g_assert_cmpint (g_unlink (numbers), ==, 0);
  g_autoptr (GByteArray) measured = assert_recalled (fixture, NULL, 5, whole->run, FALSE);
  assert_same_bytes (kept, measured);
}

/* Bytes are changed, cut off and added: all of that is noticed. */
static void
test_broken (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  g_autoptr (GByteArray) right = assert_recalled (fixture, NULL, 5, first->run, TRUE);
  g_autofree char *numbers = numbers_of (fixture, NULL), *bytes = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (numbers, &bytes, &size, NULL));
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  for (guint i = 0; i < 60; i++)
    {
      const gsize near = i % 2 ? size : MIN (size, 1200), at = (gsize)g_rand_int_range (random, 0, (gint)near);
      gsize length = i % 3 == 2 ? at : size;
      g_autofree char *work = g_malloc0 (size + 1);
      memcpy (work, bytes, size);
      if (i % 3 == 0)
        work[at] ^= (char)(1 << g_rand_int_range (random, 0, 8));
      if (i % 3 == 1)
        length = size + 1;
      set_contents (numbers, work, length);
      g_autoptr (GByteArray) got = assert_recalled (fixture, NULL, 5, first->run, FALSE);
      assert_same_bytes (got, right);
    }
  set_contents (numbers, bytes, size);
  assert_kept (fixture, first->run, TRUE);
}

/* Somebody who knows how the sum is made: what cannot be is refused, and what can be has the pixels of the rows. */
static void
test_forged (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  g_autofree char *numbers = numbers_of (fixture, NULL), *bytes = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (numbers, &bytes, &size, NULL));
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  guint refused = 0;
  for (guint i = 0; i < 150; i++)
    {
      g_autofree guint8 *work = g_memdup2 (bytes, size);
      for (gint n = g_rand_int_range (random, 1, 4); n > 0; n--)
        work[g_rand_int_range (random, 0, (gint)size - 32)] = (guint8)g_rand_int (random);
      g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
      gsize n = 32;
      g_checksum_update (sum, work, (gssize)size - 32);
      g_checksum_get_digest (sum, work + size - 32, &n);
      set_contents (numbers, (const char *)work, size);
      g_autoptr (GError) error = NULL;
      DhEvaluationOptions options = evaluation_options (fixture);
      g_autoptr (DhEvaluation) got = dh_evaluation_recall (&options, first->run, 5, 0, NULL, NULL, &error);
      g_assert_no_error (error);
      refused += !got->kept;
      const DhRanking *one = g_array_index (got->scores, DhScoreEvaluation, 0).ranking,
                      *other = g_array_index (first->scores, DhScoreEvaluation, 0).ranking;
      g_assert_cmpuint (dh_ranking_inliers (one), ==, dh_ranking_inliers (other));
      g_assert_cmpuint (dh_ranking_anomalies (one), ==, dh_ranking_anomalies (other));
    }
  g_assert_cmpuint (refused, >, 10);
}

/* However large the maps are, and whatever else was measured than is asked for. */
static void
test_limits (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean kept;
  DhEvaluationOptions fewer = evaluation_options (fixture);
  fewer.n_protocols = 2;
  g_autoptr (DhEvaluation) first = run (fixture, &fewer);
  g_autoptr (GByteArray) exact = recall (fixture, &fewer, 5, first->run, 1, &kept, &error);
  g_assert_no_error (error);
  g_assert_true (kept);
  /* the maps are too many: what there is */
  g_autoptr (GByteArray) part = recall (fixture, NULL, 5, first->run, 1, &kept, &error);
  g_assert_no_error (error);
  g_assert_true (kept);
  assert_same_bytes (part, exact);
  /* else all, which is kept from then on */
  g_autoptr (GByteArray) all = assert_recalled (fixture, NULL, 5, first->run, FALSE);
  g_autoptr (GByteArray) again = recall (fixture, NULL, 5, first->run, 1, &kept, &error);
  g_assert_no_error (error);
  g_assert_true (kept);
  assert_same_bytes (again, all);
  /* by other rules nothing is the same */
  DhEvaluationOptions rules = evaluation_options (fixture);
  rules.metric_options.min_anomaly = 2;
  g_assert_null (recall (fixture, &rules, 5, first->run, 1, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_autoptr (GByteArray) other = assert_recalled (fixture, &rules, 5, first->run, FALSE);
}

/* Where nothing can be kept, the run is done all the same, and its maps are read. */
static void
test_no_place (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *numbers = numbers_of (fixture, NULL), *folder = g_path_get_dirname (numbers);
  g_autofree char *eval = g_path_get_dirname (folder);
  g_assert_cmpint (g_mkdir_with_parents (eval, 0755), ==, 0);
  set_contents (folder, "a file", 6);
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRunRow) row = dh_database_get_run (fixture->database, first->run, &error);
  g_assert_cmpstr (row->state, ==, "done");
  assert_kept (fixture, first->run, FALSE);
  assert_kept (fixture, first->run, FALSE);
  g_assert_cmpint (g_unlink (folder), ==, 0);
  assert_kept (fixture, first->run, FALSE);
  assert_kept (fixture, first->run, TRUE);
}

static gboolean
is_settled (DhDataset *dataset, guint index)
{
  DhPictureSeal seal;
  dh_picture_seal_files (&seal, dh_dataset_item (dataset, index));
  return dh_picture_seal_is_settled (&seal);
}

/* Labels that had just been written are read until they have been there for a while; from then on by their times. */
static void
test_settled (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *numbers = numbers_of (fixture, NULL), *first_bytes = NULL, *settled = NULL, *still = NULL;
  gsize size[3];
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  g_assert_true (g_file_get_contents (numbers, &first_bytes, &size[0], NULL));
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    g_assert_true (patience_until (is_settled (fixture->dataset, i)));
  assert_kept (fixture, first->run, TRUE);
  g_assert_true (g_file_get_contents (numbers, &settled, &size[1], NULL));
  g_assert_cmpuint (size[1], ==, size[0]);
  assert_kept (fixture, first->run, TRUE);
  g_assert_true (g_file_get_contents (numbers, &still, &size[2], NULL));
  g_assert_cmpmem (still, size[2], settled, size[1]);

  DhPictureSeal before, after;
  dh_picture_seal_files (&before, dh_dataset_item (fixture->dataset, 0));
  g_autofree char *label = label_of (fixture, 0), *bytes = NULL;
  g_assert_true (g_file_get_contents (label, &bytes, &size[0], NULL));
  write_over (label, bytes, size[0]);
  g_assert_true (patience_until (is_settled (fixture->dataset, 0)));
  dh_picture_seal_files (&after, dh_dataset_item (fixture->dataset, 0));
  g_assert_cmpint (memcmp (before.files, after.files, sizeof before.files), !=, 0);
  assert_kept (fixture, first->run, TRUE);
}

/* A pipe in its place, which nobody reads, and a link to what is another's, go; they are not written into. */
static void
test_no_file (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *numbers = numbers_of (fixture, NULL), *other = g_build_filename (fixture->folder, "other", NULL);
  g_autoptr (DhEvaluation) first = run (fixture, NULL);
  struct stat info;
  for (guint link = 0; link < 2; link++)
    {
      g_assert_cmpint (g_unlink (numbers), ==, 0);
      g_assert_true (g_file_set_contents (other, "mine", -1, NULL));
      g_assert_cmpint (link ? symlink (other, numbers) : mkfifo (numbers, 0600), ==, 0);
      g_autoptr (DhEvaluation) again = run (fixture, NULL);
      g_assert_cmpint (lstat (numbers, &info), ==, 0);
      g_assert_true (S_ISREG (info.st_mode) && info.st_size > 1000);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (other, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, "mine");
    }
}

static void
write_masked (const char *root, const char *split, guint8 first)
{
  g_autoptr (GError) error = NULL;
  guint8 rgb[3 * EVALUATION_WIDTH * EVALUATION_HEIGHT], ids[EVALUATION_WIDTH * EVALUATION_HEIGHT];
  g_autofree char *images = g_build_filename (root, split, "images", NULL),
                  *masks = g_build_filename (root, split, "masks", NULL);
  g_autofree char *image = g_build_filename (images, "a.png", NULL), *mask = g_build_filename (masks, "a.png", NULL);
  for (guint i = 0; i < sizeof rgb; i++)
    rgb[i] = (guint8)(7 * i);
  for (guint i = 0; i < sizeof ids; i++)
    ids[i] = i % EVALUATION_WIDTH < 9 ? 255 : 0;
  ids[0] = first;
  g_assert_cmpint (g_mkdir_with_parents (images, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (masks, 0755), ==, 0);
  g_assert_true (dh_image_write_png (image, EVALUATION_WIDTH, EVALUATION_HEIGHT, 3, rgb, &error));
  g_assert_true (dh_image_write_png (mask, EVALUATION_WIDTH, EVALUATION_HEIGHT, 1, ids, &error));
}

static DhDataset *
open_masks (const char *root)
{
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .splits = "val" };
  DhDataset *dataset = dh_dataset_open (root, "masks", &options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (dataset), ==, 1);
  return dataset;
}

/* A mask of a part that is not open tells what 255 means in one that is: no file of what was measured has changed. */
static void
test_meaning (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *root = g_build_filename (fixture->folder, "masked", NULL);
  write_masked (root, "train", 255);
  write_masked (root, "val", 255);
  g_autoptr (DhDataset) black_white = open_masks (root);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = black_white;
  g_assert_true (patience_until (is_settled (black_white, 0)));
  g_autoptr (DhEvaluation) first = run (fixture, &options);
  g_autoptr (GByteArray) kept = assert_recalled (fixture, &options, 5, first->run, TRUE);

  write_masked (root, "train", 1);
  g_autoptr (DhDataset) ignoring = open_masks (root);
  options.dataset = ignoring;
  g_autoptr (GError) error = NULL;
  g_assert_null (recall (fixture, &options, 5, first->run, 0, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/kept-numbers/same", NULL, test_same);
  EVALUATION_TEST ("/kept-numbers/same-left-out", NULL, test_same_left_out);
  EVALUATION_TEST ("/kept-numbers/same-classes", "test", test_same_classes);
  EVALUATION_TEST ("/kept-numbers/same-no-anomaly", "validation", test_same_classes);
  EVALUATION_TEST ("/kept-numbers/parts", NULL, test_parts);
  EVALUATION_TEST ("/kept-numbers/label", NULL, test_label);
  EVALUATION_TEST ("/kept-numbers/maps", NULL, test_maps);
  EVALUATION_TEST ("/kept-numbers/meaning", NULL, test_meaning);
  EVALUATION_TEST ("/kept-numbers/no-file", NULL, test_no_file);
  EVALUATION_TEST ("/kept-numbers/other-run", NULL, test_other_run);
  EVALUATION_TEST ("/kept-numbers/resumed", NULL, test_resumed);
  EVALUATION_TEST ("/kept-numbers/broken", NULL, test_broken);
  EVALUATION_TEST ("/kept-numbers/forged", NULL, test_forged);
  EVALUATION_TEST ("/kept-numbers/limits", NULL, test_limits);
  EVALUATION_TEST ("/kept-numbers/no-place", NULL, test_no_place);
  EVALUATION_TEST ("/kept-numbers/settled", NULL, test_settled);
  return g_test_run ();
}
