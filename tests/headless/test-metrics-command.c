/* `densehybrid metrics` as a user runs it: files in, JSON or one line of error out. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "dh-froc.h"
#include "dh-image.h"
#include "dh-npy.h"
#include "naive-metrics.h"

enum
{
  W = 37,
  H = 23,
  N = W * H,
};

typedef struct
{
  char *folder;
  float scores[2][N];
  guint8 labels[2][N];
} Fixture;

static void
save (Fixture *fixture, const char *name, DhDtype dtype, guint n_dims, const gint64 *dims, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  const gsize size = dh_shape_count (n_dims, dims, 1) * dh_dtype_size (dtype);
  g_autoptr (DhTensor) tensor = dh_tensor_new_take (dtype, n_dims, dims, g_bytes_new (data, size));
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_npy_save (path, tensor, &error));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const gint64 one[] = { H, W }, stack[] = { 2, H, W };
  gint64 wide[N];
  guint64 random = 11;
  fixture->folder = g_dir_make_tmp ("dh-metrics-XXXXXX", NULL);
  for (guint image = 0; image < 2; image++)
    for (guint i = 0; i < N; i++)
      {
        fixture->labels[image][i] = random_unit (&random) < 0.1 ? 1 : random_unit (&random) < 0.1 ? 7 : 0;
        fixture->scores[image][i] = random_normal (&random) + 2 * (fixture->labels[image][i] == 1);
      }
  for (guint i = 0; i < N; i++)
    wide[i] = fixture->labels[1][i] == 7 ? -1 : fixture->labels[1][i];
  save (fixture, "s0.npy", DH_DTYPE_F32, 2, one, fixture->scores[0]);
  save (fixture, "s1.npy", DH_DTYPE_F32, 2, one, fixture->scores[1]);
  save (fixture, "l0.npy", DH_DTYPE_U8, 2, one, fixture->labels[0]);
  save (fixture, "l1.npy", DH_DTYPE_I64, 2, one, wide); /* another type, the same meaning */
  save (fixture, "s.npy", DH_DTYPE_F32, 3, stack, fixture->scores);
  save (fixture, "l.npy", DH_DTYPE_U8, 3, stack, fixture->labels);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "s0.npy", "s1.npy", "l0.npy", "l1.npy", "s.npy", "l.npy", "broken.npy" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->folder, names[i], NULL);
      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
}

/* Returns the exit status; the words are separated by blanks. */
static int
run (Fixture *fixture, const char *words, char **output, char **errors)
{
  g_autofree char *line = g_strconcat (g_getenv ("DH_PROGRAM"), " metrics ", words, NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  int status;
  g_assert_true (g_spawn_sync (fixture->folder, argv, NULL, 0, NULL, NULL, output, errors, &status, &error));
  return g_spawn_check_wait_status (status, &error) ? 0 : error->code;
}

static JsonNode *
run_json (Fixture *fixture, const char *words)
{
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (run (fixture, words, &output, &errors), ==, 0);
  JsonNode *node = json_from_string (output, &error);
  g_assert_no_error (error);
  return node;
}

static JsonObject *
find_protocol (JsonNode *root, const char *name)
{
  JsonObject *protocols = json_object_get_object_member (json_node_get_object (root), "protocols");
  return json_object_get_object_member (protocols, name);
}

static void
test_values (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) root =
      run_json (fixture, "--scores s0.npy s1.npy --labels l0.npy l1.npy --json --protocol densehybrid-pooled,caos");
  g_autoptr (Naive) naive = naive_new (fixture->scores[0], fixture->labels[0], 2 * N);
  JsonObject *got = find_protocol (root, "densehybrid-pooled");
  g_assert_cmpfloat (fabs (json_object_get_double_member (got, "ap") - naive->ap), <, 1e-14);
  g_assert_cmpfloat (fabs (json_object_get_double_member (got, "auroc") - naive->auroc), <, 1e-14);
  g_assert_cmpfloat (json_object_get_double_member (got, "fpr95"), ==, naive->fpr95[0]);
  g_assert_cmpfloat (json_object_get_double_member (got, "threshold_tpr95"), ==, naive->threshold[0]);
  g_assert_cmpint (json_object_get_int_member (got, "pixels"), ==, naive->inliers + naive->anomalies);
  g_assert_cmpint (json_object_get_int_member (got, "positives"), ==, naive->anomalies);
  g_assert_cmpint (json_object_get_int_member (got, "undefined_images"), ==, 0);
  g_assert_true (JSON_NODE_HOLDS_NULL (json_object_get_member (find_protocol (root, "caos"), "threshold_tpr95")));
}

/* A stack of maps is as many images. */
static void
test_stack (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonNode) files =
      run_json (fixture, "--scores s0.npy s1.npy --labels l0.npy l1.npy --json --protocol all");
  g_autoptr (JsonNode) stack = run_json (fixture, "--scores s.npy --labels l.npy --json --protocol all");
  g_autofree char *one = json_to_string (files, FALSE);
  g_autofree char *other = json_to_string (stack, FALSE);
  g_assert_cmpstr (one, ==, other);
}

/* As the library counts, of files in more passes than one and of a stack, by the sizes that are given. */
static void
test_froc (Fixture *fixture, gconstpointer data)
{
  static const char *const inputs[] = { "--scores s0.npy s1.npy --labels l0.npy l1.npy --protocol all",
                                        "--scores s.npy --labels l.npy" };
  const DhFrocOptions options = { .min_area = 2, .min_anomaly = 3, .found_share = 0.5 };
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_froc_add (froc, fixture->scores[i], fixture->labels[i], W, H, NULL));
  g_autoptr (DhFrocCurve) curve = dh_froc_finish (froc, NULL);
  g_assert_cmpuint (curve->n_objects, >, 4);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++)
    {
      g_autofree char *words =
          g_strconcat (inputs[i], " --froc --found-by 50% --min-prediction 2 --min-anomaly 3", NULL);
      g_autofree char *json_words = g_strconcat (words, " --json", NULL), *output = NULL;
      g_autoptr (JsonNode) root = run_json (fixture, json_words);
      JsonObject *got = json_object_get_object_member (json_node_get_object (root), "froc");
      JsonArray *at = json_object_get_array_member (got, "at");
      g_assert_cmpint (json_object_get_int_member (got, "images"), ==, 2);
      g_assert_cmpint (json_object_get_int_member (got, "objects"), ==, curve->n_objects);
      g_assert_cmpfloat_with_epsilon (json_object_get_double_member (got, "mean"), dh_froc_curve_mean (curve), 1e-12);
      g_assert_cmpuint (json_array_get_length (at), ==, 3);
      for (guint k = 1; k < 3; k++)
        {
          JsonObject *one = json_array_get_object_element (at, k);
          const DhFrocPoint *point = dh_froc_curve_at_rate (curve, json_object_get_double_member (one, "rate"));
          g_assert_cmpfloat_with_epsilon (json_object_get_double_member (one, "found"),
                                          dh_froc_curve_found (curve, point), 1e-12);
          g_assert_cmpfloat (json_object_get_double_member (one, "threshold"), ==,
                             nextafterf (point->threshold, -INFINITY));
        }
      g_assert_cmpint (run (fixture, words, &output, NULL), ==, 0);
      g_assert_nonnull (strstr (output, "of at least 3 pixels, against false alarms of at least 2"));
      g_assert_nonnull (strstr (output, "at most   10 false alarms an image"));
    }
}

/* What makes every number undefined, or upside down, is said beside the numbers. */
static void
test_doubts (Fixture *fixture, gconstpointer data)
{
  const gint64 one[] = { H, W };
  guint8 labels[3][N];
  float turned[N];
  for (guint i = 0; i < N; i++)
    {
      labels[0][i] = 255;
      labels[1][i] = 0;
      labels[2][i] = 1;
      turned[i] = -fixture->scores[0][i];
    }
  const struct
  {
    DhDtype dtype;
    gconstpointer elements;
    const char *words, *says;
  } cases[] = {
    { DH_DTYPE_U8, labels[0], "--scores s0.npy --labels broken.npy", "so nothing is measured" },
    { DH_DTYPE_U8, labels[1], "--scores s0.npy --labels broken.npy", "every number is undefined" },
    { DH_DTYPE_U8, labels[2], "--scores s0.npy --labels broken.npy", "AP says nothing" },
    { DH_DTYPE_F32, turned, "--scores broken.npy --labels l0.npy", "AUROC is under 50 %" },
    { DH_DTYPE_F32, fixture->scores[0], "--scores broken.npy --labels l0.npy", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *output = NULL, *errors = NULL;
      save (fixture, "broken.npy", cases[i].dtype, 2, one, cases[i].elements);
      g_assert_cmpint (run (fixture, cases[i].words, &output, &errors), ==, 0);
      g_assert_true (cases[i].says ? strstr (errors, cases[i].says) != NULL : strstr (errors, "note: ") == NULL);
    }
}

/* The same labels, written in other values, whatever the file: what they mean is said, and what is not said is named.
 */
static void
test_mask_values (Fixture *fixture, gconstpointer data)
{
  const gint64 one[] = { H, W };
  g_autofree char *plain = NULL, *plain_errors = NULL;
  gint64 wide[N];
  guint8 bytes[N];
  for (guint i = 0; i < N; i++)
    {
      const guint8 label = fixture->labels[0][i];
      bytes[i] = label == 1 ? 255 : label == 7 ? 9 : 0;
      wide[i] = label == 1 ? 300 + i % 5 : label == 7 ? 70000 : 4;
    }
  g_assert_cmpint (run (fixture, "--scores s0.npy --labels l0.npy --json --quiet", &plain, &plain_errors), ==, 0);
  const struct
  {
    DhDtype dtype;
    gconstpointer elements;
    const char *said;
  } cases[] = { { DH_DTYPE_U8, bytes, "anomaly=255;ignore=9" },
                { DH_DTYPE_I64, wide, "anomaly=300-304;inlier=4;ignore=rest" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *output = NULL, *errors = NULL;
      g_autofree char *words =
          g_strdup_printf ("--scores s0.npy --labels broken.npy --json --quiet --mask-values %s", cases[i].said);
      save (fixture, "broken.npy", cases[i].dtype, 2, one, cases[i].elements);
      g_assert_cmpint (run (fixture, words, &output, &errors), ==, 0);
      g_assert_cmpstr (output, ==, plain);
      g_assert_cmpstr (errors, ==, "");
    }
  g_autofree char *png = g_build_filename (fixture->folder, "mask.png", NULL);
  g_assert_true (dh_image_write_png (png, W, H, 1, bytes, NULL));
  g_autofree char *masked = NULL, *masked_errors = NULL, *unsaid = NULL, *unsaid_errors = NULL, *wrong_errors = NULL;
  g_assert_cmpint (run (fixture, "--scores s0.npy --labels mask.png --json --quiet --mask-values anomaly=255;ignore=9",
                        &masked, &masked_errors),
                   ==, 0);
  g_assert_cmpstr (masked, ==, plain);
  g_assert_cmpint (run (fixture, "--scores s0.npy --labels broken.npy --mask-values anomaly=300-304;inlier=4", &unsaid,
                        &unsaid_errors),
                   ==, 1);
  g_assert_nonnull (strstr (unsaid_errors, "the value 70000, of which --mask-values says nothing"));
  g_clear_pointer (&unsaid, g_free);
  g_assert_cmpint (run (fixture, "--scores s0.npy --labels broken.npy --mask-values bad=3", &unsaid, &wrong_errors), ==,
                   2);
  g_assert_nonnull (strstr (wrong_errors, "roles anomaly, inlier and ignore"));
  g_assert_cmpint (g_remove (png), ==, 0);
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *words;
    int status;
    const char *says;
  } cases[] = {
    { "--scores s0.npy s1.npy --labels l0.npy", 2, "score maps were given: 2, labels: 1" },
    { "--labels l0.npy", 2, "score maps were given: 0" },
    { "--scores s0.npy --labels l0.npy --protocol moon", 2, "densehybrid-pooled" },
    { "--scores s0.npy --labels l0.npy --protocol open-set", 2, "eval-osr" },
    { "--scores s0.npy --labels l0.npy --threshold much", 2, "much" },
    { "--scores s0.npy --labels l0.npy --threshold nan --protocol smiyc-component", 2, "finite" },
    { "--scores s.npy --labels l0.npy", 1, "2×23×37" },
    { "--scores nowhere.npy --labels l0.npy", 1, "nowhere.npy" },
    { "--scores broken.npy --labels l0.npy", 1, "broken.npy" },
  };
  g_autofree char *broken = g_build_filename (fixture->folder, "broken.npy", NULL);
  g_assert_true (g_file_set_contents (broken, "\x93NUMPY\x01", 7, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *output = NULL;
      g_autofree char *errors = NULL;
      g_assert_cmpint (run (fixture, cases[i].words, &output, &errors), ==, cases[i].status);
      g_assert_cmpstr (output, ==, "");
      g_assert_true (g_str_has_prefix (errors, "densehybrid: "));
      g_assert_nonnull (strstr (errors, cases[i].says));
      g_assert_true (strchr (errors, '\n') == errors + strlen (errors) - 1); /* one line */
    }
}

static void
test_table (Fixture *fixture, gconstpointer data)
{
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_assert_cmpint (run (fixture, "--scores s.npy --labels l.npy --quiet", &output, &errors), ==, 0);
  g_assert_cmpstr (errors, ==, "");
  g_assert_nonnull (strstr (output, "smiyc-pixel"));
  g_assert_nonnull (strstr (output, "Why they differ"));
}

/* What runs no network has no options of one in its help, and takes them all the same. */
static void
test_help (Fixture *fixture, gconstpointer data)
{
  g_autofree char *help = NULL;
  g_autofree char *errors = NULL;
  g_assert_cmpint (run (fixture, "--help", &help, &errors), ==, 0);
  g_assert_nonnull (strstr (help, "--json"));
  g_assert_null (strstr (help, "--device"));
  g_assert_null (strstr (help, "--precision"));
  g_assert_null (strstr (help, "--threads"));
  g_autofree char *output = NULL;
  g_assert_cmpint (run (fixture, "--scores s.npy --labels l.npy --device cpu --threads 1", &output, &errors), ==, 0);
  g_autofree char *program = g_strdup_printf ("'%s' infer --help", g_getenv ("DH_PROGRAM"));
  g_autofree char *other = NULL;
  g_assert_true (g_spawn_command_line_sync (program, &other, NULL, NULL, NULL));
  g_assert_nonnull (strstr (other, "--device"));
  g_assert_nonnull (strstr (other, "--precision"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!g_getenv ("DH_PROGRAM"))
    {
      g_print ("1..0 # SKIP DH_PROGRAM does not name the command line\n");
      return 0;
    }
  g_test_add ("/metrics-command/values", Fixture, NULL, set_up, test_values, tear_down);
  g_test_add ("/metrics-command/stack", Fixture, NULL, set_up, test_stack, tear_down);
  g_test_add ("/metrics-command/froc", Fixture, NULL, set_up, test_froc, tear_down);
  g_test_add ("/metrics-command/doubts", Fixture, NULL, set_up, test_doubts, tear_down);
  g_test_add ("/metrics-command/mask-values", Fixture, NULL, set_up, test_mask_values, tear_down);
  g_test_add ("/metrics-command/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add ("/metrics-command/help", Fixture, NULL, set_up, test_help, tear_down);
  g_test_add ("/metrics-command/table", Fixture, NULL, set_up, test_table, tear_down);
  return g_test_run ();
}
