/* A run's numbers by what the network sees, in reports: against the protocol itself and plain counts on those pixels
 * alone, over segmentations that are made up here. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "dh-kept-segmentation.h"
#include "dh-metric.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "dh-run-numbers.h"
#include "evaluation-fixture.h"

enum
{
  N = EVALUATION_WIDTH * EVALUATION_HEIGHT
};

/* Classes 0 and 1 everywhere, 2 in two pictures, 200 in one: no network has that many, and it counts all the same. */
static guint
class_of (guint picture, guint pixel)
{
  const guint x = pixel % EVALUATION_WIDTH, y = pixel / EVALUATION_WIDTH;
  if (picture == 4 && y < 5)
    return 200;
  if (picture < 2 && (x * 7 + y * 3) % 5 == 0)
    return 2;
  return (x / 9 + y / 7 + picture) % 2;
}

static char *
dup_segmentation_path (EvaluationFixture *fixture, guint picture)
{
  return dh_kept_segmentation_path (fixture->out, dh_dataset_item (fixture->dataset, picture)->stem);
}

static void
write_segmentation (EvaluationFixture *fixture, guint picture, DhDtype dtype, gint64 width)
{
  const gint64 dims[] = { EVALUATION_HEIGHT, width };
  const gsize size = dtype == DH_DTYPE_U8 ? 1 : sizeof (float);
  g_autofree char *path = dup_segmentation_path (fixture, picture);
  guint8 *values = g_malloc0 (EVALUATION_HEIGHT * (gsize)width * size);
  for (guint k = 0; dtype == DH_DTYPE_U8 && width == EVALUATION_WIDTH && k < N; k++)
    values[k] = (guint8)class_of (picture, k);
  g_autoptr (DhTensor) tensor =
      dh_tensor_new_take (dtype, 2, dims, g_bytes_new_take (values, EVALUATION_HEIGHT * (gsize)width * size));
  g_assert_true (dh_npy_save (path, tensor, NULL));
}

static gint64
evaluate (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    write_segmentation (fixture, i, DH_DTYPE_U8, EVALUATION_WIDTH);
  return evaluation->run;
}

static char *
write_text (EvaluationFixture *fixture, gint64 run, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  const DhReportContents contents = { .run = run, .slices = TRUE, .intervals = TRUE };
  char *text = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, &contents, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static JsonObject *
get_slices (JsonNode *root)
{
  JsonArray *runs = json_object_get_array_member (json_node_get_object (root), "runs");
  return json_object_get_object_member (json_array_get_object_element (runs, 0), "slices");
}

/* The protocol on the pixels of a class, all others void; `readable` says whose segmentation counts. Counts are by
 * label and flag. */
static DhResult *
measure (EvaluationFixture *fixture, guint id, const gboolean *readable, double threshold, guint64 n[2][2])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find ("densehybrid-pooled", NULL), NULL, &error);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autofree char *path =
          g_strdup_printf ("%s/eval/scores/%s.npy", fixture->out, dh_dataset_item (fixture->dataset, i)->stem);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error));
      guint8 kept[N];
      for (guint k = 0; k < N; k++)
        {
          kept[k] = readable[i] && class_of (i, k) == id ? labels->ids[k] : 255;
          if (kept[k] <= 1)
            n[kept[k]][dh_tensor_f32 (map)[k] > threshold]++;
        }
      const DhScoredImage image = { "", dh_tensor_f32 (map), kept, EVALUATION_WIDTH, EVALUATION_HEIGHT, NULL };
      g_assert_true (dh_metric_add (metric, &image, &error));
    }
  g_assert_no_error (error);
  return dh_metric_finish (metric, &error);
}

static void
assert_is (JsonObject *slice, const char *member, guint64 expected)
{
  g_assert_cmpint (json_object_get_int_member (slice, member), ==, (gint64)expected);
}

/* Each class, and that classes are the whole to the last pixel where every segmentation counts. */
static void
assert_classes (EvaluationFixture *fixture, JsonObject *slices, const gboolean *readable, guint n_expected)
{
  static const char *const counts[] = { "tp", "fp", "fn", "tn", "pixels", "positives" };
  JsonArray *list = json_object_get_array_member (slices, "slices");
  JsonObject *whole = json_array_get_object_element (list, 0);
  const double threshold = json_object_get_double_member (slices, "threshold");
  gint64 sums[G_N_ELEMENTS (counts)] = { 0 };
  double before = INFINITY, shares = 0;
  guint n_classes = 0;
  gboolean all = TRUE;
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    all = all && readable[i];
  for (guint s = 0; s < json_array_get_length (list); s++)
    {
      JsonObject *slice = json_array_get_object_element (list, s);
      if (!g_str_equal (json_object_get_string_member (slice, "by"), "class"))
        {
          g_assert_cmpuint (n_classes, ==, 0);
          g_assert_false (json_object_has_member (slice, "class"));
          continue;
        }
      guint64 n[2][2] = { { 0 } };
      const guint id = (guint)json_object_get_int_member (slice, "class");
      g_autoptr (DhResult) result = measure (fixture, id, readable, threshold, n);
      g_autofree char *name = g_strdup_printf ("%u", id); /* five classes are of no table */
      g_assert_cmpstr (json_object_get_string_member (slice, "slice"), ==, name);
      assert_is (slice, "pixels", result->pixels);
      assert_is (slice, "positives", result->positives);
      assert_is (slice, "tp", n[1][1]);
      assert_is (slice, "fp", n[0][1]);
      assert_is (slice, "fn", n[1][0]);
      assert_is (slice, "tn", n[0][0]);
      g_assert_cmpuint (result->positives, >, 0);
      g_assert_cmpfloat (json_object_get_double_member (slice, "ap"), ==, result->ap);
      g_assert_cmpfloat (json_object_get_double_member (slice, "auroc"), ==, result->auroc);
      g_assert_cmpfloat (json_object_get_double_member (slice, "fpr95"), ==, result->fpr95);
      const double share = json_object_get_double_member (slice, "fp_share");
      g_assert_cmpfloat (share, ==, (double)n[0][1] / (double)json_object_get_int_member (whole, "fp"));
      g_assert_cmpfloat (json_object_get_double_member (slice, "fn_share"), ==,
                         (double)n[1][0] / (double)json_object_get_int_member (whole, "fn"));
      g_assert_cmpfloat (share, <=, before);
      before = share;
      shares += share;
      for (guint k = 0; k < G_N_ELEMENTS (counts); k++)
        sums[k] += json_object_get_int_member (slice, counts[k]);
      n_classes++;
    }
  g_assert_cmpuint (n_classes, ==, n_expected);
  for (guint k = 0; all && k < G_N_ELEMENTS (counts); k++)
    assert_is (whole, counts[k], (guint64)sums[k]);
  if (all)
    g_assert_cmpfloat_with_epsilon (shares, 1, 1e-12);
}

static void
test_numbers (EvaluationFixture *fixture, gconstpointer data)
{
  static const gboolean readable[] = { TRUE, TRUE, TRUE, TRUE, TRUE };
  G_STATIC_ASSERT (G_N_ELEMENTS (readable) == EVALUATION_IMAGES);
  const gint64 run = evaluate (fixture);
  g_autofree char *json = write_text (fixture, run, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (json, NULL);
  JsonObject *slices = get_slices (root);
  assert_classes (fixture, slices, readable, 4);
  assert_is (slices, "images_unsegmented", 0);
  g_assert_true (json_object_get_null_member (slices, "why_no_classes"));
  JsonArray *list = json_object_get_array_member (slices, "slices");
  for (guint s = 0; s < json_array_get_length (list); s++)
    {
      JsonObject *slice = json_array_get_object_element (list, s);
      const char *name = json_object_get_string_member (slice, "slice");
      if (g_str_equal (json_object_get_string_member (slice, "by"), "class"))
        assert_is (slice, "images", g_str_equal (name, "200") ? 1 : g_str_equal (name, "2") ? 2 : EVALUATION_IMAGES);
    }
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *text = write_text (fixture, run, f);
      if (f == DH_REPORT_MD)
        evaluation_assert_has (text, "| class 200 | 1 | %s", "");
    }
}

/* An image whose segmentation is of another size or type, cut off, far too long or gone is in no class, which is said;
 * all other numbers stay as they are. */
static void
test_broken (EvaluationFixture *fixture, gconstpointer data)
{
  static const gboolean readable[] = { TRUE, TRUE, FALSE, FALSE, FALSE };
  const gint64 run = evaluate (fixture);
  g_autofree char *before = write_text (fixture, run, DH_REPORT_JSON);
  g_autofree char *cut = dup_segmentation_path (fixture, 4), *gone = dup_segmentation_path (fixture, 3);
  write_segmentation (fixture, 2, DH_DTYPE_U8, EVALUATION_WIDTH / 2);
  g_assert_cmpint (truncate (cut, 200), ==, 0);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_autofree char *json = write_text (fixture, run, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (json, NULL), old = json_from_string (before, NULL);
  JsonObject *slices = get_slices (root);
  assert_is (slices, "images_unsegmented", 3);
  assert_classes (fixture, slices, readable, 3);
  JsonArray *list = json_object_get_array_member (slices, "slices");
  JsonArray *list_before = json_object_get_array_member (get_slices (old), "slices");
  for (guint s = 0; s + 3 < json_array_get_length (list); s++)
    {
      g_autofree char *now = json_to_string (json_array_get_element (list, s), FALSE);
      g_autofree char *then = json_to_string (json_array_get_element (list_before, s), FALSE);
      g_assert_cmpstr (now, ==, then);
    }
  g_autofree char *md = write_text (fixture, run, DH_REPORT_MD);
  evaluation_assert_has (md, "3 images have no segmentation any more%s", "");
  write_segmentation (fixture, 0, DH_DTYPE_F32, EVALUATION_WIDTH);
  /* A file with a hole takes no place. */
  g_autofree char *long_one = dup_segmentation_path (fixture, 1);
  g_assert_cmpint (truncate (long_one, (goffset)1 << 42), ==, 0);
  g_autofree char *none = write_text (fixture, run, DH_REPORT_MD);
  evaluation_assert_has (none, "No segmentation of the run can be read any more, so there are no classes.%s", "");
  g_assert_null (strstr (none, "| class "));
}

/* A folder that says nothing of segmentations has none, whatever an earlier run left there. */
static void
test_not_kept (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_autofree char *owner = g_build_filename (fixture->out, "eval", "owner.txt", NULL), *text = NULL;
  g_assert_true (dh_kept_segmentation_is_there (fixture->out));
  g_assert_true (g_file_get_contents (owner, &text, NULL, NULL));
  char *others = strstr (text, "segmentation,");
  g_assert_nonnull (others);
  memmove (others, others + strlen ("segmentation,"), strlen (others + strlen ("segmentation,")) + 1);
  g_assert_true (g_file_set_contents (owner, text, -1, NULL));
  g_assert_false (dh_kept_segmentation_is_there (fixture->out));
  g_autofree char *md = write_text (fixture, run, DH_REPORT_MD);
  evaluation_assert_has (md, "The run kept no segmentation, so there are no classes: evaluate again.%s", "");
  g_assert_null (strstr (md, "| class "));
  g_assert_null (dh_run_slices_measure (fixture->database, run, TRUE, NULL, &error));
  g_assert_nonnull (strstr (error->message, "kept no segmentation"));
}

/* What was required of slices before there were classes is required of no class. */
static void
test_required (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 run = evaluate (fixture);
  g_autoptr (GPtrArray) parts = dh_run_slices_measure (fixture->database, run, FALSE, NULL, &error);
  g_autoptr (GPtrArray) classes = dh_run_slices_measure (fixture->database, run, TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (parts->len, ==, 6); /* with anomalies, five places */
  g_assert_cmpuint (classes->len, ==, 4);
  for (guint i = 0; i < parts->len; i++)
    g_assert_false (g_str_has_prefix (((DhRunSlice *)parts->pdata[i])->name, "class "));
  for (guint i = 0; i < classes->len; i++)
    {
      const DhRunSlice *slice = classes->pdata[i];
      g_assert_true (g_str_has_prefix (slice->name, "class "));
      g_assert_true (isfinite (slice->numbers.ap));
    }
  g_autofree char *gone = dup_segmentation_path (fixture, 3);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_null (dh_run_slices_measure (fixture->database, run, TRUE, NULL, &error));
  g_assert_nonnull (strstr (error->message, "cannot be measured"));
}

/* Where two networks see other things, numbers stand beside each other and are not subtracted. */
static void
test_compared (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 first = evaluate (fixture);
  g_autofree char *out = g_build_filename (fixture->folder, "other", NULL), *md = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  options.score = DH_MAP_MAX_SOFTMAX;
  options.more_scores = 0;
  options.folder = out;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *before = fixture->out;
  fixture->out = g_strdup (out);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    write_segmentation (fixture, i, DH_DTYPE_U8, EVALUATION_WIDTH);
  g_autofree char *path = g_build_filename (fixture->folder, "compared", NULL);
  const DhReportContents contents = { .run = first, .other = evaluation->run, .slices = TRUE };
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &md, NULL, NULL));
  evaluation_assert_has (md, "| of all FP %u | of all FP %u |", (guint)first, (guint)evaluation->run);
  g_autoptr (GRegex) subtracted =
      g_regex_new ("\\| class 200 \\| [0-9]+ \\| [0-9.]+ \\| [0-9.]+ \\| [+−]?[0-9.]+ \\|", 0, 0, NULL);
  g_autoptr (GRegex) apart = g_regex_new ("\\| class 200 \\| [0-9]+ / 0 \\| [0-9.]+ \\| — \\| — \\|", 0, 0, NULL);
  g_assert_true (g_regex_match (subtracted, md, 0, NULL));
  /* the other sees it in one pixel, which is no anomaly */
  g_autofree char *seen = dup_segmentation_path (fixture, 4), *other = NULL;
  g_autoptr (DhTensor) tensor = dh_npy_load (seen, &error);
  guint8 values[N];
  memcpy (values, dh_tensor_data (tensor), N);
  for (guint k = 0; k < N; k++)
    values[k] = values[k] == 200 && k > 0 ? 0 : values[k];
  g_autoptr (DhTensor) changed = dh_tensor_new_take (DH_DTYPE_U8, 2, tensor->dims, g_bytes_new (values, N));
  g_assert_true (dh_npy_save (seen, changed, &error));
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &other, NULL, NULL));
  g_assert_true (g_regex_match (apart, other, 0, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/report-class-slices/numbers", NULL, test_numbers);
  EVALUATION_TEST ("/report-class-slices/broken", NULL, test_broken);
  EVALUATION_TEST ("/report-class-slices/not-kept", NULL, test_not_kept);
  EVALUATION_TEST ("/report-class-slices/required", NULL, test_required);
  EVALUATION_TEST ("/report-class-slices/compared", NULL, test_compared);
  return g_test_run ();
}
