/* Known answers: recorded, read, compared, explained; and what no sound network gives. */
#include <math.h>
#include "dh-answers-compare.h"
#include "dh-ask.h"
#include "dh-demo.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-first-look.h"
#include "tree.h"

enum
{
  W = 40,
  H = 24,
  CLASSES = 5,
};

/* Invented ones: maps that slope, and classes of which each has a share of its own. */
static DhAnswers *
invent (double shift)
{
  DhAnswers *answers = dh_answers_new ();
  answers->program = g_strdup ("0");
  answers->network = g_strdup ("ldn-tiny");
  answers->classes = CLASSES;
  answers->normalisation = g_strdup ("none");
  answers->weights = g_strnfill (64, 'a');
  answers->device = g_strdup ("cpu");
  answers->precision = g_strdup ("f32");
  for (guint i = 0; i < 2; i++)
    {
      DhAnswer *answer = dh_answer_new ();
      float values[W * H];
      for (guint k = 0; k < W * H; k++)
        values[k] = (float)(k % W + i * (k / W) + shift);
      answer->name = g_strdup_printf ("picture %u", i);
      answer->pixels = g_strnfill (64, (char)('0' + i));
      answer->width = W;
      answer->height = H;
      for (guint c = 0; c < CLASSES; c++)
        answer->classes[c] = c == 0 ? W * H - 4 * 10 - (1 + 2 + 3 + 4) * (50 + i) : 10 + c * (50 + i);
      for (guint m = 0; m < DH_N_MAPS; m++)
        if (dh_answers_has_map (m))
          dh_answer_map_read (&answer->maps[m], values, W, H);
      g_ptr_array_add (answers->answers, answer);
    }
  return answers;
}

static DhAnswersComparison *
compare (const DhAnswers *recorded, const DhAnswers *found)
{
  g_autoptr (GError) error = NULL;
  DhAnswersComparison *comparison = dh_answers_compare (recorded, found, &error);
  g_assert_no_error (error);
  return comparison;
}

static void
test_numbers (void)
{
  DhAnswerMap map;
  float values[W * H];
  for (guint k = 0; k < W * H; k++)
    values[k] = (float)(k / W);
  values[0] = NAN;
  values[W * H - 1] = INFINITY;
  dh_answer_map_read (&map, values, W, H);
  g_assert_cmpuint (map.non_finite, ==, 2);
  g_assert_cmpfloat (map.min, ==, 0);
  g_assert_cmpfloat (map.max, ==, H - 1);
  g_assert_cmpfloat (map.quantiles[3], ==, 11);
  g_assert_cmpfloat (map.cells[9], ==, 8.5); /* rows 6 to 11 */
  for (guint k = 0; k < W * H; k++)
    values[k] = NAN;
  dh_answer_map_read (&map, values, W, H);
  g_assert_true (isnan (map.mean) && isnan (map.min) && isnan (map.cells[0]) && isnan (map.quantiles[0]));
}

static void
test_kept (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *path = g_build_filename (root, "w.pth.answers.json", NULL);
  g_autofree char *weights = g_build_filename (root, "w.pth", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhAnswers) answers = invent (0.1);
  DhAnswer *first = answers->answers->pdata[0];
  first->maps[DH_MAP_ENTROPY].cells[3] = NAN; /* a cell without a number */
  g_assert_null (dh_answers_find_beside (weights));
  g_assert_true (dh_answers_save (answers, path, &error));
  g_autofree char *beside = dh_answers_find_beside (weights);
  g_assert_cmpstr (beside, ==, path);
  g_autoptr (DhAnswers) again = dh_answers_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->normalisation, ==, "none");
  g_assert_true (isnan (((DhAnswer *)again->answers->pdata[0])->maps[DH_MAP_ENTROPY].cells[3]));
  g_autoptr (DhAnswersComparison) comparison = compare (answers, again);
  g_assert_true (comparison->agrees);
  g_assert_null (comparison->meaning);
  g_assert_cmpfloat (comparison->maps[0].off, ==, 0);
  /* as another choice of pictures they have a place of their own, whatever their order */
  g_autofree char *own = dh_answers_dup_own_path (answers);
  gpointer moved = g_ptr_array_steal_index (answers->answers, 0);
  g_ptr_array_add (answers->answers, moved);
  g_autofree char *same = dh_answers_dup_own_path (answers);
  g_autofree char *scenes = dh_answers_dup_kept_path (answers->network, answers->weights);
  g_assert_cmpstr (own, ==, same);
  g_assert_cmpstr (own, !=, scenes);
  tree_remove (root);
}

static void
expect_refused (const char *path, const char *text, gint code)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_autoptr (DhAnswers) answers = dh_answers_load (path, &error);
  g_assert_null (answers);
  g_assert_error (error, DH_ERROR, code);
}

static void
test_hostile (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *path = g_build_filename (root, "a.json", NULL), *text = NULL;
  g_autoptr (DhAnswers) answers = invent (0.125);
  g_autoptr (GError) error = NULL;
  gsize size;
  g_assert_true (dh_answers_save (answers, path, &error));
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  static const struct
  {
    const char *from, *to;
    gint code;
  } changes[] = {
    { "\"version\" : 1", "\"version\" : 2", DH_ERROR_UNSUPPORTED },
    { "\"version\" : 1", "\"version\" : -1", DH_ERROR_INVALID },
    { "densehybrid-answers", "something", DH_ERROR_INVALID },
    { "\"classes\" : 5", "\"classes\" : 4", DH_ERROR_INVALID },
    { "\"classes\" : 5", "\"classes\" : 100000000", DH_ERROR_INVALID },
    { "\"width\" : 40", "\"width\" : 41", DH_ERROR_INVALID },
    { "\"width\" : 40", "\"width\" : 4000000000", DH_ERROR_INVALID },
    { "\"min\" : 0.125", "\"min\" : 1e300", DH_ERROR_INVALID },
    { "\"min\" : 0.125", "\"min\" : \"x\"", DH_ERROR_INVALID },
    { "\"cells\" : [", "\"cells\" : [ 1,", DH_ERROR_INVALID },
    { "\"non_finite\" : 0", "\"non_finite\" : 99999999", DH_ERROR_INVALID },
    { "aaaaaaaa", "../../..", DH_ERROR_INVALID },
    { "\"images\" : [", "\"images\" : [ 7,", DH_ERROR_INVALID },
    { "\"hybrid\" : {", "\"hybrid\" : 1, \"x\" : {", DH_ERROR_INVALID },
  };
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (GString) changed = g_string_new (text);
      g_test_message ("%s → %s", changes[i].from, changes[i].to);
      g_assert_cmpuint (g_string_replace (changed, changes[i].from, changes[i].to, 1), ==, 1);
      expect_refused (path, changed->str, changes[i].code);
    }
  for (gsize cut = 0; cut + 3 < size; cut += 97)
    {
      g_autofree char *part = g_strndup (text, cut);
      expect_refused (path, part, DH_ERROR_INVALID);
    }
  g_autofree char *deep = g_strnfill (100000, '[');
  expect_refused (path, deep, DH_ERROR_INVALID);
  /* one byte at a time may be another number, but never the end of the program */
  for (gsize at = 0; at < size; at += 13)
    {
      g_autofree char *changed = g_strdup (text);
      changed[at] = (char)(changed[at] ^ 0x15);
      g_assert_true (g_file_set_contents (path, changed, (gssize)size, NULL));
      dh_answers_free (dh_answers_load (path, NULL));
    }
  tree_remove (root);
}

static void
test_explained (void)
{
  g_autoptr (DhAnswers) recorded = invent (0), found = invent (0), shifted = invent (9);
  g_free (shifted->weights);
  shifted->weights = g_strnfill (64, 'b');
  g_autoptr (DhAnswersComparison) constant = compare (recorded, shifted);
  g_assert_false (constant->agrees);
  g_assert_nonnull (strstr (constant->meaning, "off by a constant"));
  g_assert_nonnull (strstr (constant->note, "another file"));

  for (guint i = 0; i < 2; i++)
    {
      DhAnswer *answer = found->answers->pdata[i];
      const guint64 one = answer->classes[1];
      answer->classes[1] = answer->classes[3];
      answer->classes[3] = one;
    }
  g_autoptr (DhAnswersComparison) permuted = compare (recorded, found);
  g_assert_false (permuted->agrees);
  g_assert_nonnull (strstr (permuted->meaning, "class 1 is now 3, 3 is now 1"));
  g_assert_true (permuted->maps[0].agrees);

  g_autoptr (GError) error = NULL;
  DhAnswer *other = found->answers->pdata[1];
  other->pixels[5] = 'f';
  g_assert_null (dh_answers_compare (recorded, found, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "picture 1"));
  g_clear_error (&error);
  g_free (found->network);
  found->network = g_strdup ("dlv3p-tiny");
  g_assert_null (dh_answers_compare (recorded, found, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
}

static DhModel *
load_demo (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) weights = dh_demo_get_weights (&error);
  DhModel *model = dh_model_load_bytes (weights, "demo", NULL, &error);
  g_assert_no_error (error);
  return model;
}

static DhAnswers *
load_demo_answers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dh_demo_get_answers (&error);
  DhAnswers *answers = dh_answers_load_bytes (bytes, "demo", &error);
  g_assert_no_error (error);
  return answers;
}

/* What comes with the program is what it computes, on every device and in every precision that is here; and the scenes
 * are those that were recorded, to the byte. */
static void
test_demo (gconstpointer data)
{
  const char *const *how = data;
  DhPrecision precision;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = load_demo ();
  g_autoptr (DhAnswers) recorded = load_demo_answers ();
  g_assert_true (dh_precision_from_name (how[1], &precision));
  g_assert_cmpstr (recorded->weights, ==, dh_model_sha256 (model));
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, how[0], precision, 0, &error);
  if (g_error_matches (error, DH_ERROR, DH_ERROR_UNSUPPORTED) || g_error_matches (error, DH_ERROR, DH_ERROR_NO_DEVICE))
    {
      g_test_skip (error->message);
      return;
    }
  g_assert_no_error (error);
  g_autoptr (DhQuestions) questions = dh_questions_new_scenes ();
  g_autoptr (DhAnswers) found = dh_ask (predictor, questions, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  /* what int8 was calibrated on for this is no one else's */
  g_assert_null (dh_predictor_quantization (predictor));
  g_autoptr (DhAnswersComparison) comparison = compare (recorded, found);
  for (guint m = 0; m < comparison->n_maps; m++)
    g_test_message ("%s: %.3g %%, up to %.3g %%", dh_map_name (comparison->maps[m].map), 100 * comparison->maps[m].off,
                    100 * comparison->maps[m].bound);
  g_assert_cmpuint (comparison->n_maps, ==, 6);
  g_assert_true (comparison->agrees);
}

static void
add_picture (DhFirstLook *look, const float *values, const guint8 *ids, const guint8 *labels)
{
  const gint64 dims[] = { H, W };
  DhTensor *maps[DH_N_MAPS] = { NULL };
  g_autoptr (DhLabels) classes = labels ? dh_labels_new (W, H) : NULL;
  if (labels)
    memcpy (classes->ids, labels, W * H);
  maps[DH_MAP_LIKELIHOOD] = dh_tensor_new_take (DH_DTYPE_F32, 2, dims, g_bytes_new (values, W * H * sizeof *values));
  maps[DH_MAP_SEGMENTATION] = dh_tensor_new_take (DH_DTYPE_U8, 2, dims, g_bytes_new (ids, W * H));
  dh_first_look_add (look, maps, classes);
  dh_tensor_unref (maps[DH_MAP_LIKELIHOOD]);
  dh_tensor_unref (maps[DH_MAP_SEGMENTATION]);
}

/* A part of the warning, or NULL where there is to be none. */
static void
expect_warning (const float *values, const guint8 *ids, const guint8 *labels, const char *expected)
{
  g_autoptr (DhFirstLook) look = dh_first_look_new (CLASSES, NULL);
  add_picture (look, values, ids, labels);
  g_autofree char *warning = dh_first_look_dup_warning (look);
  g_test_message ("%s", warning ? warning : "no warning");
  if (expected)
    g_assert_nonnull (strstr (warning, expected));
  else
    g_assert_null (warning);
}

static void
test_first_look (void)
{
  float values[W * H], same[W * H];
  guint8 labels[W * H], ids[W * H], one[W * H] = { 0 }, shuffled[W * H], exchanged[W * H];
  static const guint8 order[] = { 2, 3, 4, 1, 0 }, two[] = { 0, 1, 4, 3, 2 };
  for (guint k = 0; k < W * H; k++)
    {
      values[k] = (float)k;
      same[k] = 7;
      labels[k] = k / 8 % CLASSES;
      ids[k] = k % 19 == 0 ? 1 : labels[k];
      shuffled[k] = order[ids[k]];
      exchanged[k] = two[ids[k]];
    }
  expect_warning (values, ids, NULL, NULL);
  expect_warning (values, ids, labels, NULL);
  expect_warning (same, ids, labels, "same value everywhere");
  expect_warning (values, one, NULL, "Nearly every pixel is taken for class 0");
  expect_warning (values, shuffled, labels, "in another order");
  expect_warning (values, exchanged, labels, "class 2 is called class 4 and the other way round");
  values[11] = NAN;
  expect_warning (values, ids, NULL, "no numbers");
  values[11] = 11;
  for (guint k = 0; k < W * H; k++)
    ids[k] = k * 7 % 23 % CLASSES == labels[k] ? (labels[k] + 1) % CLASSES : k * 7 % 23 % CLASSES;
  expect_warning (values, ids, labels, "does not know what it sees");
}

/* A network that knows what it sees names other classes too, a pixel here and there, of which few are labelled. */
static void
test_few_labels (void)
{
  float values[W * H];
  guint8 labels[W * H], ids[W * H];
  for (guint k = 0; k < W * H; k++)
    {
      values[k] = (float)k;
      labels[k] = k / 8 % 3;
      ids[k] = k % 16 == 0 ? 3 + k / 16 % 20 : labels[k];
    }
  g_autoptr (DhFirstLook) look = dh_first_look_new (23, NULL);
  add_picture (look, values, ids, labels);
  g_assert_cmpfloat (dh_first_look_miou (look), <, 0.15);
  g_assert_null (dh_first_look_dup_warning (look));
}

/* Another method's scores: nothing is said of weights, and what it leaves out is no damage. */
static void
test_foreign_scores (void)
{
  const gint64 dims[] = { H, W };
  float values[W * H] = { 0 };
  DhTensor *maps[DH_N_MAPS] = { NULL };
  for (guint step = 0; step < 3; step++)
    {
      for (guint k = 0; k < W * H; k++)
        values[k] = step == 0 ? 0 : k < (step == 1 ? 5 : W * H / 2) ? NAN : (float)k;
      g_autoptr (DhFirstLook) look = dh_first_look_new (0, NULL);
      maps[DH_MAP_HYBRID] = dh_tensor_new_take (DH_DTYPE_F32, 2, dims, g_bytes_new (values, sizeof values));
      dh_first_look_add (look, maps, NULL);
      g_autofree char *warning = dh_first_look_dup_warning (look);
      g_assert_cmpstr (warning, ==,
                       step == 0   ? "In the first image: the score is the same everywhere: nothing was found in these "
                                     "images, or the maps are empty"
                       : step == 1 ? NULL
                                   : "In the first image: 50 % of the scores are no numbers, and are not measured");
      dh_tensor_unref (maps[DH_MAP_HYBRID]);
    }
}

/* Returns the exit status. */
static int
run (const char *words, char **output)
{
  g_autofree char *line = g_strconcat (g_getenv ("DH_PROGRAM"), " weights check ", words, " --device cpu", NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  int status;
  g_assert_true (g_spawn_sync (NULL, argv, NULL, 0, NULL, NULL, output, NULL, &status, &error));
  return g_spawn_check_wait_status (status, &error) ? 0 : error->code;
}

static void
write_file (const char *path, GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_file_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error));
}

/* As a user has it: the first time it is kept, then compared; an author's record goes first. */
static void
test_command (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *weights = g_build_filename (root, "w.safetensors", NULL);
  g_autofree char *beside = g_strconcat (weights, ".answers.json", NULL);
  g_autofree char *first = NULL, *second = NULL, *third = NULL, *shipped = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dh_demo_get_weights (&error);
  write_file (weights, bytes);
  g_assert_cmpint (run ("demo", &shipped), ==, 0);
  g_assert_nonnull (strstr (shipped, "These weights give what is recorded."));
  g_assert_cmpint (run (weights, &first), ==, 0);
  g_assert_nonnull (strstr (first, "Nothing was recorded"));
  g_assert_cmpint (run (weights, &second), ==, 0);
  g_assert_nonnull (strstr (second, "These weights give what is recorded."));
  g_autoptr (DhAnswers) other = load_demo_answers ();
  for (guint c = 0; c < DH_ANSWER_CELLS; c++)
    ((DhAnswer *)other->answers->pdata[0])->maps[DH_MAP_HYBRID].cells[c] += 30;
  g_assert_true (dh_answers_save (other, beside, &error));
  g_assert_cmpint (run (weights, &third), ==, 1);
  g_assert_nonnull (strstr (third, "These weights do not give what is recorded: hybrid is off by"));
  tree_remove (root);
}

int
main (int argc, char **argv)
{
  g_autofree char *home = tree_new ();
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_CACHE_HOME", home, TRUE);
  g_test_init (&argc, &argv, NULL);
  static const char *const ways[][2] = { { "cpu", "f32" }, { "cpu", "bf16" }, { "cpu", "int8" }, { "ref", "f32" } };
  g_test_add_func ("/answers/numbers", test_numbers);
  g_test_add_func ("/answers/kept", test_kept);
  g_test_add_func ("/answers/hostile", test_hostile);
  g_test_add_func ("/answers/explained", test_explained);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *path = g_strdup_printf ("/answers/demo/%s-%s", ways[i][0], ways[i][1]);
      g_test_add_data_func (path, ways[i], test_demo);
    }
  g_test_add_func ("/answers/first-look", test_first_look);
  g_test_add_func ("/answers/few-labels", test_few_labels);
  g_test_add_func ("/answers/foreign-scores", test_foreign_scores);
  g_test_add_func ("/answers/command", test_command);
  const int status = g_test_run ();
  tree_remove (home);
  return status;
}
