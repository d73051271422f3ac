/* What an evaluation left, in reports and exports. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-error.h"
#include "dh-export.h"
#include "dh-file.h"
#include "dh-folder-lock.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "dh-run-reading.h"
#include "dh-run-state.h"
#include "evaluation-fixture.h"
#include "tree.h"

static void
test_report (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    for (guint other = 0; other <= 2; other += 2)
      {
        g_autofree char *path = g_strdup_printf ("%s/report%u.%s", fixture->folder, other, dh_report_format_name (f));
        g_assert_true (dh_report_write (fixture->database, 1, other, f, path, NULL, &error));
        g_assert_no_error (error);
        g_autofree char *text = NULL;
        gsize size;
        g_assert_true (g_file_get_contents (path, &text, &size, NULL));
        if (f == DH_REPORT_CSV)
          {
            g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\r\n", -1);
            g_assert_cmpuint (g_strv_length (lines), ==, EVALUATION_IMAGES + 1);
            const guint columns = other ? 24 : 13;
            for (guint l = 0; lines[l]; l++)
              {
                g_auto (GStrv) fields = g_strsplit (lines[l], ",", -1);
                g_assert_cmpuint (g_strv_length (fields), ==, columns);
              }
          }
        else if (f == DH_REPORT_JSON)
          {
            g_autoptr (JsonNode) root = json_from_string (text, &error);
            g_assert_no_error (error);
            JsonArray *runs = json_object_get_array_member (json_node_get_object (root), "runs");
            g_assert_cmpuint (json_array_get_length (runs), ==, other ? 2 : 1);
            JsonArray *images = json_object_get_array_member (json_array_get_object_element (runs, 0), "images");
            g_assert_true (json_object_get_null_member (json_array_get_object_element (images, 3), "ap"));
          }
        else if (f == DH_REPORT_HTML)
          {
            g_assert_nonnull (strstr (text, "data:image/jpeg;base64,"));
            g_assert_nonnull (strstr (text, "<svg"));
            g_assert_null (strstr (text, "http://localhost"));
          }
        else if (f == DH_REPORT_PDF)
          g_assert_cmpmem (text, 5, "%PDF-", 5);
      }
  g_autofree char *path = g_build_filename (fixture->folder, "absent", "r.csv", NULL);
  g_assert_false (dh_report_write (fixture->database, 1, 0, DH_REPORT_CSV, path, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_clear_error (&error);
  g_assert_false (dh_report_write (fixture->database, 99, 0, DH_REPORT_CSV, path, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

static char *
write_text (EvaluationFixture *fixture, gint64 run, gint64 other, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  char *text = NULL;
  g_assert_true (dh_report_write (fixture->database, run, other, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* What is measured is told in every format, components as well, and what it was measured on: an undefined AP beside
 * smiyc-component would read as a failure. */
static void
test_measured (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhResult *pooled = evaluation_result (evaluation, 0, 0);
  const DhComponentResult *components = evaluation_result (evaluation, 0, 3)->components;
  g_assert_cmpuint (components->n_components, >, 0);
  g_autofree char *fingerprint = dh_dataset_fingerprint (fixture->dataset, NULL, &error);
  g_autofree char *f1 = g_strdup_printf ("%.2f", 100 * components->f1_mean);
  g_autofree char *siou = g_strdup_printf ("%.2f", 100 * components->siou_mean);
  g_autofree char *ppv = g_strdup_printf ("%.2f", 100 * components->ppv_mean);

  g_autofree char *md = write_text (fixture, evaluation->run, 0, DH_REPORT_MD);
  evaluation_assert_has (md, "| Fingerprint | %s |", fingerprint);
  evaluation_assert_has (md, "| Resolution | %u×%u pixels |", EVALUATION_WIDTH, EVALUATION_HEIGHT);
  evaluation_assert_has (md, "| %s | %s | %s |\n", siou, ppv, f1);
  evaluation_assert_has (md, "best F1 of this very set; at least %u pixels, anomalies %u",
                         (guint)components->min_prediction, (guint)components->min_anomaly);
  evaluation_assert_has (md, "for TPR 95 %%, ");
  g_assert_null (strstr (md, "smiyc-component | —"));

  g_autofree char *html = write_text (fixture, evaluation->run, 0, DH_REPORT_HTML);
  evaluation_assert_has (html, "<td class=t>%s", fingerprint);
  evaluation_assert_has (html, "<td>%s<td>%s<td>%s\n", siou, ppv, f1);

  g_autofree char *tex = write_text (fixture, evaluation->run, 0, DH_REPORT_LATEX);
  evaluation_assert_has (tex, "{llrrrrrr}");
  evaluation_assert_has (tex, "smiyc-component & -- & -- & -- & %s & %s & %s \\\\", siou, ppv, f1);
  evaluation_assert_has (tex, "densehybrid-pooled & %.2f & %.2f & %.2f & -- & -- & -- \\\\", 100 * pooled->ap,
                         100 * pooled->fpr95, 100 * pooled->auroc);

  g_autofree char *json = write_text (fixture, evaluation->run, 0, DH_REPORT_JSON);
  g_autoptr (JsonNode) root = json_from_string (json, &error);
  JsonObject *run =
      json_array_get_object_element (json_object_get_array_member (json_node_get_object (root), "runs"), 0);
  g_assert_cmpstr (json_object_get_string_member (run, "fingerprint"), ==, fingerprint);
  JsonObject *found = json_object_get_object_member (json_object_get_object_member (run, "summary"), "components");
  g_assert_true (json_object_get_boolean_member (found, "threshold_from_set"));
  g_assert_cmpint (json_object_get_int_member (found, "anomalies"), ==, (gint64)components->n_components);
  JsonArray *fp = json_object_get_array_member (found, "fp"), *all = json_object_get_array_member (found, "f1");
  g_assert_cmpuint (json_array_get_length (all), ==, DH_COMPONENT_TAUS);
  double sum = 0;
  for (guint i = 0; i < DH_COMPONENT_TAUS; i++)
    {
      g_assert_cmpint (json_array_get_int_element (fp, i), ==, (gint64)components->fp[i]);
      sum += json_array_get_double_element (all, i);
    }
  g_assert_cmpfloat_with_epsilon (sum / DH_COMPONENT_TAUS, components->f1_mean, 1e-12);
}

static gint64
evaluate_score (EvaluationFixture *fixture, DhDataset *dataset, DhMap score)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.score = score;
  options.more_scores = 0;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation->run;
}

static const DhRunProtocolRow *
find_pooled (GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (((DhRunProtocolRow *)rows->pdata[i])->protocol, "densehybrid-pooled"))
      return rows->pdata[i];
  g_assert_not_reached ();
}

/* The objects of a run at a threshold, in all, by scene and tag, and the missed ones; without maps that is said. */
static void
test_objects (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhComponentResult *components = evaluation_result (evaluation, 0, 3)->components;
  const guint all = (guint)components->n_components;
  g_autoptr (GPtrArray) images = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  const DhMarkRow mark = { .path = ((DhRunImageRow *)images->pdata[0])->path,
                           .tags = (char *)"night\nrain",
                           .note = (char *)"" };
  g_assert_true (dh_database_put_mark (fixture->database, &mark, &error));

  const DhReportThreshold above_all = { .value = 1e30 };
  const DhReportContents contents = {
    .run = evaluation->run, .thresholds = &above_all, .n_thresholds = 1, .objects = TRUE
  };
  g_autofree char *path = g_build_filename (fixture->folder, "objects", NULL);
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    g_assert_true (dh_report_write_contents (fixture->database, &contents, f, path, NULL, &error));
  g_autofree char *md = NULL, *json = NULL, *best = NULL, *gone = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &md, NULL, NULL));
  evaluation_assert_has (md, "| all | %u | 0 | %u | 0.00 | 0.00 | 0 |", all, all);
  evaluation_assert_has (md, "(set by hand), of %u images", (guint)images->len);
  evaluation_assert_has (md, "| tag night | ");
  evaluation_assert_has (md, "| tag rain | ");
  evaluation_assert_has (md, "| scene AnomalyTrack | %u | ", all);
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_JSON, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &json, NULL, NULL));
  g_autoptr (JsonNode) root = json_from_string (json, &error);
  JsonObject *run =
      json_array_get_object_element (json_object_get_array_member (json_node_get_object (root), "runs"), 0);
  JsonObject *objects = json_object_get_object_member (run, "objects");
  JsonArray *listed = json_object_get_array_member (objects, "missed");
  g_assert_cmpuint (json_array_get_length (listed), ==, all);
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (listed, 0), "path"), !=, NULL);

  /* as CSV they are a list for others: whose file, what was said of it, and where */
  g_autofree char *csv = NULL;
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_CSV, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &csv, NULL, NULL));
  g_auto (GStrv) rows = g_strsplit (csv, "\r\n", -1);
  g_assert_cmpuint (g_strv_length (rows), ==, 1 + all + 1);
  g_assert_true (g_str_has_prefix (rows[0], "object,image,path,scene,tags,note,area,left,top,width,height,"));
  for (guint i = 1; i <= all; i++)
    g_assert_true (g_str_has_prefix (rows[i], "missed,"));
  evaluation_assert_has (csv, ",%s,AnomalyTrack,night;rain,,", mark.path);

  /* without a threshold, the very set's best; and when the maps are gone nothing is counted */
  const DhReportContents own = { .run = evaluation->run, .objects = TRUE };
  g_assert_true (dh_report_write_contents (fixture->database, &own, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &best, NULL, NULL));
  evaluation_assert_has (best, "(best F1 of this very set, by %s), of %u images", "smiyc-component",
                         (guint)images->len);
  g_autofree char *threshold =
      g_strdup_printf ("At the threshold %s%.4f ", components->threshold < 0 ? "−" : "", ABS (components->threshold));
  evaluation_assert_has (best, "%s", threshold); /* one best F1 in one report */
  evaluation_assert_has (best, "| all | %u | ", all);
  g_autofree char *one = NULL;
  g_assert_cmpint (g_unlink (((DhRunImageRow *)images->pdata[1])->score_file), ==, 0);
  g_assert_true (dh_report_write_contents (fixture->database, &own, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &one, NULL, NULL));
  evaluation_assert_has (one, " 1 image has no map any more, or no labels, and is not among them.");
  g_autofree char *command = g_strdup_printf ("rm -r '%s/eval/scores'", fixture->out);
  g_assert_cmpint (system (command), ==, 0);
  g_assert_true (dh_report_write_contents (fixture->database, &own, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &gone, NULL, NULL));
  g_assert_false (dh_report_write_contents (fixture->database, &own, DH_REPORT_CSV, path, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  evaluation_assert_has (gone, "of 0 images");
  evaluation_assert_has (gone, "%u images have no map", (guint)images->len);
  g_assert_no_error (error);
}

/* Whichever protocol was measured, its best F1 gives the threshold; where none has one, that is said. */
static void
test_objects_of_protocols (EvaluationFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *protocol;
    gboolean counts;
  } cases[] = {
    { "fishyscapes", TRUE }, { "smiyc-pixel", TRUE }, { "smiyc-component", TRUE }, { "densehybrid-per-image", FALSE }
  };
  g_autofree char *path = g_build_filename (fixture->folder, "objects.md", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      const DhProtocol *protocol = dh_protocol_find (cases[i].protocol, &error);
      DhEvaluationOptions options = evaluation_options (fixture);
      options.protocols = &protocol;
      options.n_protocols = 1;
      g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
      g_assert_no_error (error);
      const DhReportContents contents = { .run = evaluation->run, .objects = TRUE };
      g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
      g_autofree char *md = NULL;
      g_assert_true (g_file_get_contents (path, &md, NULL, NULL));
      if (cases[i].counts)
        evaluation_assert_has (md, "(best F1 of this very set, by %s), of %u images", cases[i].protocol,
                               evaluation->images);
      else
        evaluation_assert_has (md, "Nothing is counted: there is no threshold%s", "");
    }
}

/* Runs of one network with other weights are told apart by their files, and those of equal names by their folder. */
static void
test_model_names (void)
{
  static const struct
  {
    const char *path, *method, *want;
  } cases[] = {
    { "/a/ldn.pth", NULL, "ldn121, 19 classes (ldn.pth)" },
    { "/a/second/model_best.pth", NULL, "ldn121, 19 classes (second/model_best.pth)" },
    { "/a/second/checkpoint.pth", NULL, "ldn121, 19 classes (second/checkpoint.pth)" },
    { NULL, NULL, "ldn121, 19 classes" },
    { "", NULL, "ldn121, 19 classes" },
    { "/a/scores", "PEBAL", "ldn121, 19 classes" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const DhRunRow run = { .model_title = (char *)"ldn121, 19 classes",
                             .model_path = (char *)cases[i].path,
                             .method = (char *)cases[i].method };
      g_autofree char *name = dh_run_row_dup_model (&run);
      g_assert_cmpstr (name, ==, cases[i].want);
    }
}

/* Two runs are compared by what each has under one protocol, and by the pictures that change most; numbers of other
 * data are not subtracted. */
static void
test_compared (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const gint64 a = evaluate_score (fixture, fixture->dataset, DH_MAP_HYBRID);
  const gint64 b = evaluate_score (fixture, fixture->dataset, DH_MAP_MAX_SOFTMAX);
  g_autoptr (GPtrArray) first = dh_database_list_run_protocols (fixture->database, a, &error);
  g_autoptr (GPtrArray) second = dh_database_list_run_protocols (fixture->database, b, &error);
  const DhRunProtocolRow *one = find_pooled (first), *two = find_pooled (second);
  const double change = 100 * (one->ap - two->ap);
  g_assert_cmpfloat (fabs (change), >, 0.01);

  g_autofree char *md = write_text (fixture, a, b, DH_REPORT_MD);
  evaluation_assert_has (md, "| densehybrid-pooled | %.2f | %.2f | %s%.2f |", 100 * one->ap, 100 * two->ap,
                         change < 0 ? "−" : "+", fabs (change));
  evaluation_assert_has (md, ", hybrid; Run %" G_GINT64_FORMAT ": ", b);
  g_assert_null (strstr (md, "not subtracted"));
  /* by the difference, falling, and what is undefined last */
  const char *at = strstr (md, "the largest difference first");
  g_assert_nonnull (at);
  g_auto (GStrv) lines = g_strsplit (at, "\n", -1);
  double before = INFINITY;
  for (guint i = 2; i < 2 + EVALUATION_IMAGES; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], " | ", -1);
      const char *last = cells[g_strv_length (cells) - 1];
      const gboolean undefined = g_str_has_prefix (last, "—");
      g_assert_cmpint (undefined, ==, i == 1 + EVALUATION_IMAGES);
      if (undefined)
        continue;
      const char *number = g_str_has_prefix (last, "−") ? last + strlen ("−") : last;
      const double size = fabs (g_ascii_strtod (number, NULL));
      g_assert_cmpfloat (size, <=, before);
      before = size;
    }
  g_autofree char *html = write_text (fixture, a, b, DH_REPORT_HTML);
  evaluation_assert_has (html, "Images by the difference of their AP");

  /* one picture less is other data */
  g_autofree char *gone = g_build_filename (fixture->root, "images", "validation4.png", NULL);
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_autoptr (DhDataset) less = dh_dataset_open (fixture->folder, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  const gint64 c = evaluate_score (fixture, less, DH_MAP_HYBRID);
  g_autofree char *other = write_text (fixture, a, c, DH_REPORT_MD);
  evaluation_assert_has (other, "other data: their numbers stand beside each other and are not subtracted");
  g_auto (GStrv) others = g_strsplit (other, "\n", -1);
  for (guint i = 0; others[i] && !g_str_has_prefix (others[i], "## Run"); i++)
    if (g_str_has_prefix (others[i], "| densehybrid-pooled"))
      g_assert_nonnull (strstr (others[i], "| — |"));
}

/* A run whose process was killed is not told to be running. */
static void
test_killed (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_database_reopen_run (fixture->database, evaluation->run, NULL, &error));
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (run->state, ==, "running");
  g_assert_cmpstr (dh_run_state (run), ==, "unfinished");
  g_autofree char *killed = write_text (fixture, evaluation->run, 0, DH_REPORT_MD);
  evaluation_assert_has (killed, "| State | unfinished |");
  DhFolderLock *lock = dh_folder_lock_take (run->folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_run_state (run), ==, "running");
  g_autofree char *json = write_text (fixture, evaluation->run, 0, DH_REPORT_JSON);
  evaluation_assert_has (json, "\"state\" : \"running\"");
  dh_folder_lock_release (lock);
}

/* Names come from file systems and databases that anyone may have written: in no format do they become its markup. */
static void
test_names (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  const char *name = "a|b`c`_d_*e*[f](g)<script>\n# h\\|~^&amp;$x$%{i}";
  DhRunImageRow row = { .state = (char *)"done", .width = 1, .height = 1, .ap = 0.5 };
  row.image = dh_database_put_image (fixture->database, run->dataset, name, name, "", name, &error);
  g_assert_true (dh_database_put_run_image (fixture->database, evaluation->run, &row, &error));
  const DhRunProtocolRow protocol = { .score = (char *)name, .protocol = (char *)name };
  g_assert_true (dh_database_put_run_protocol (fixture->database, evaluation->run, &protocol, &error));
  g_autofree char *summary =
      g_strdup ("{\"open_miou\": 0.5, \"towns\": {\"t|<script>\\n\": {\"calibrated_on\": \"u|<script>\"}}}");
  g_assert_true (dh_database_end_run (fixture->database, evaluation->run, "done", NULL, summary, &error));
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *path = g_strdup_printf ("%s/names.%s", fixture->folder, dh_report_format_name (f));
      g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, f, path, NULL, &error));
      g_assert_no_error (error);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      if (f == DH_REPORT_HTML)
        g_assert_null (strstr (text, "<script"));
      else if (f == DH_REPORT_LATEX)
        {
          g_assert_nonnull (strstr (text, "a\\textbar{}b"));
          g_assert_nonnull (strstr (text, "\\textless{}script\\textgreater{} \\# h\\textbackslash{}\\textbar{}"
                                          "\\textasciitilde{}\\textasciicircum{}\\&amp;\\$x\\$\\%\\{i\\}"));
        }
      else if (f == DH_REPORT_MD)
        {
          g_assert_nonnull (strstr (text, "| a\\|b\\`c\\`\\_d\\_\\*e\\*\\[f\\](g)\\<script\\> \\# h\\\\\\|\\~"));
          g_assert_nonnull (strstr (text, "| Town t\\|\\<script\\>  |"));
          /* every row of a table has the cells of its heading */
          g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
          guint cells = 0;
          for (guint l = 0; lines[l]; l++)
            {
              guint n = 0;
              for (const char *c = lines[l]; *c; c++)
                if (*c == '\\')
                  c++;
                else
                  n += *c == '|';
              if (n > 0 && cells > 0)
                g_assert_cmpuint (n, ==, cells);
              g_assert_true (n == 0 || g_str_has_prefix (lines[l], "|"));
              cells = n;
            }
        }
    }
}

/* Official Lost and Found: labels in one place, pictures in another. A report finds both again. */
static void
test_report_base (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_build_filename (fixture->folder, "masks-alone", NULL);
  g_autofree char *base = g_build_filename (fixture->folder, "pictures", NULL);
  const guint8 ids[] = { 0, 1, 255 };
  tree_label (root, "masks/0000_04_Weg_8_000000_000030_labels.png", EVALUATION_WIDTH, EVALUATION_HEIGHT, ids, 3);
  tree_image (base, "leftImg8bit/test/04_Weg_8/04_Weg_8_000000_000030_leftImg8bit.png", EVALUATION_WIDTH,
              EVALUATION_HEIGHT);
  const DhDatasetOptions based = { .base_root = base };
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, "lf", &based, NULL, NULL, &error);
  g_assert_no_error (error);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, 1);
  g_autofree char *path = g_build_filename (fixture->folder, "base.html", NULL);
  g_autofree char *text = NULL;
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_HTML, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  /* picture, score, and what is found, false and missed, for which it needs the label */
  static const char *const pictures[] = { "alt=\"picture\"", "alt=\"score\"", "alt=\"found, false and missed\"" };
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    g_assert_nonnull (strstr (text, pictures[i]));
  g_assert_null (strstr (text, "no longer where it was"));
  /* without the base the report still comes, and says what is not there */
  g_autofree char *gone = g_strconcat (base, "-moved", NULL);
  g_assert_cmpint (g_rename (base, gone), ==, 0);
  g_clear_pointer (&text, g_free);
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_HTML, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "The image is no longer where it was"));
}

static void
test_export (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  static const char *const expected[DH_N_EXPORT_LAYOUTS] = {
    [DH_EXPORT_SMIYC] = "anomaly_p/M/AnomalyTrack-all/validation4.hdf5",
    [DH_EXPORT_FISHYSCAPES] = "validation4_anomaly.npy",
    [DH_EXPORT_ISSU] = "M/validation4.npz",
    [DH_EXPORT_PNG] = "range.json",
  };
  for (guint layout = 0; layout < DH_N_EXPORT_LAYOUTS; layout++)
    {
      guint written = 0;
      g_autofree char *folder = g_strdup_printf ("%s/export%u", fixture->folder, layout);
      g_assert_true (
          dh_export_run (fixture->database, evaluation->run, layout, "M", folder, &written, NULL, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (written, ==, EVALUATION_IMAGES);
      g_autofree char *path = expected[layout] ? g_build_filename (folder, expected[layout], NULL) : NULL;
      g_assert_true (!path || g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

static DhTensor *
load_npy (const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  DhTensor *tensor = dh_npy_load (path, &error);
  g_assert_no_error (error);
  return tensor;
}

static void
assert_in_npz (GBytes *npz, const char *name, DhTensor *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensor) tensor = dh_npz_load_array (npz, "npz", name, 1 << 20, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tensor->dtype, ==, expected->dtype);
  g_assert_cmpmem (dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), dh_tensor_data (expected),
                   dh_tensor_size_bytes (expected));
}

/* A run over another data set has written a map of the same name there since. */
static void
test_overwritten (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *scores = g_build_filename (fixture->out, "eval", "scores", NULL);
  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, 0)->stem, ".npy", NULL);
  g_autofree char *other = g_strconcat (dh_dataset_item (fixture->dataset, 1)->stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (scores, file, NULL);
  g_autoptr (DhTensor) map = load_npy (scores, other);
  g_assert_true (dh_npy_save (path, map, &error));
  g_autofree char *folder = g_build_filename (fixture->folder, "exported", NULL);
  guint written = 0;
  g_assert_false (
      dh_export_run (fixture->database, evaluation->run, DH_EXPORT_NPY, "M", folder, &written, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_autofree char *report = g_build_filename (fixture->folder, "report.html", NULL), *html = NULL;
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_HTML, report, NULL, &error));
  g_assert_true (g_file_get_contents (report, &html, NULL, &error));
  g_assert_nonnull (strstr (html, "The score map is no longer where it was."));
}

/* Fishyscapes and ISSU want the segmentation beside the scores. */
static void
test_segmentations (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_export_has_segmentations (fixture->database, evaluation->run));
  g_autofree char *folder = g_build_filename (fixture->folder, "exported", NULL);
  guint written = 0;
  for (guint layout = DH_EXPORT_FISHYSCAPES; layout <= DH_EXPORT_ISSU; layout++)
    g_assert_true (
        dh_export_run (fixture->database, evaluation->run, layout, "M", folder, &written, NULL, NULL, &error));

  g_autoptr (DhImage) image = dh_dataset_load_image (options.dataset, 4, &error);
  g_autoptr (DhPrediction) prediction =
      dh_predictor_run (options.predictor, image, DH_MAP_BIT (DH_MAP_SEGMENTATION), NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *stem = g_path_get_basename (dh_dataset_item (options.dataset, 4)->stem);
  g_autofree char *scores_name = g_strconcat (stem, "_anomaly.npy", NULL);
  g_autofree char *classes_name = g_strconcat (stem, "_segmentation.npy", NULL);
  g_autofree char *npz_path = g_strdup_printf ("%s/M/%s.npz", folder, stem);
  g_autoptr (DhTensor) scores = load_npy (folder, scores_name), classes = load_npy (folder, classes_name);
  const DhTensor *computed = prediction->maps[DH_MAP_SEGMENTATION];
  g_assert_cmpint (classes->dtype, ==, DH_DTYPE_U8);
  g_assert_cmpint (classes->dims[0], ==, image->height);
  g_assert_cmpmem (dh_tensor_data (classes), dh_tensor_size_bytes (classes), dh_tensor_data (computed),
                   dh_tensor_size_bytes (computed));
  g_autoptr (GBytes) npz = dh_file_read (npz_path, 1 << 20, &error);
  g_assert_no_error (error);
  assert_in_npz (npz, "anomaly_scores", scores);
  assert_in_npz (npz, "pred_id_labels", classes);

  /* One that is gone: the scores come alone, and what has both in one file does not come. */
  g_autofree char *kept =
      g_strdup_printf ("%s/eval/segmentation/%s.npy", options.folder, dh_dataset_item (options.dataset, 4)->stem);
  g_assert_cmpint (g_remove (kept), ==, 0);
  g_assert_false (dh_export_has_segmentations (fixture->database, evaluation->run));
  g_autofree char *without = g_build_filename (fixture->folder, "without", NULL);
  g_assert_false (
      dh_export_run (fixture->database, evaluation->run, DH_EXPORT_ISSU, "M", without, &written, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "kept no segmentation"));
  g_clear_error (&error);
  g_assert_false (g_file_test (without, G_FILE_TEST_EXISTS));
  g_assert_true (dh_export_run (fixture->database, evaluation->run, DH_EXPORT_FISHYSCAPES, "M", without, &written, NULL,
                                NULL, &error));
  g_assert_cmpuint (written, ==, EVALUATION_IMAGES);
  g_autofree char *alone = g_build_filename (without, scores_name, NULL);
  g_autofree char *absent = g_build_filename (without, classes_name, NULL);
  g_assert_true (g_file_test (alone, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (absent, G_FILE_TEST_EXISTS));
}

/* How a set was read is in the run and in its report; what nobody of this program wrote is no way to read one. */
static void
test_reading (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = tree_new ();
  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/validation%u.png", i);
      tree_image (root, image, EVALUATION_WIDTH, EVALUATION_HEIGHT);
    }
  tree_image (root, "dataset_AnomalyTrack/images/boat.png", EVALUATION_WIDTH, EVALUATION_HEIGHT);
  tree_label (root, "dataset_AnomalyTrack/labels_masks/boat_labels_semantic.png", EVALUATION_WIDTH, EVALUATION_HEIGHT,
              (const guint8[]){ 0 }, 1);
  g_autoptr (DhReading) reading = dh_reading_from_text ("labels=true");
  g_autoptr (DhDataset) dataset = dh_reading_open (reading, root, NULL, NULL, &error);
  g_assert_no_error (error);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_no_error (error);
  g_autoptr (DhReading) kept = dh_run_reading_get (run);
  g_autofree char *text = dh_reading_to_text (kept);
  g_assert_cmpstr (text, ==, "kind=smiyc;splits=validation,test;labels=true");
  g_autofree char *md = write_text (fixture, evaluation->run, 0, DH_REPORT_MD);
  evaluation_assert_has (md, "| Published as | %s |", "SMIYC AnomalyTrack validation (10 images)");
  evaluation_assert_has (md, "| Constant labels | one value in a whole split, %s |",
                         "taken as true because that was said");
  static const char *const odd[] = { "[]", "{\"labels_are_true\": 1, \"label_ids\": {}, \"base\": []}", "no JSON",
                                     NULL };
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      const DhRunRow row = { .dataset_kind = (char *)"unheard", .summary = (char *)odd[i] };
      g_autoptr (DhReading) none = dh_run_reading_get (&row);
      g_autofree char *said = dh_reading_to_text (none);
      g_assert_cmpstr (said, ==, "");
    }
  tree_remove (root);
}

/* A table that goes on on the next page has its columns' heads there again; a name is as long as it is. */
static void
test_pages (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = g_find_program_in_path ("pdftotext");
  g_assert_nonnull (program);
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  for (guint i = 0; i < 150; i++)
    {
      g_autofree char *stem = g_strdup_printf ("picture-%u", i);
      DhRunImageRow row = { .state = (char *)"done", .width = 1, .height = 1, .ap = 0.5 };
      row.image = dh_database_put_image (fixture->database, run->dataset, stem, stem, "", "", &error);
      g_assert_true (dh_database_put_run_image (fixture->database, evaluation->run, &row, &error));
    }
  g_autofree char *longest = g_strnfill (120, 'w');
  DhRunImageRow row = { .state = (char *)"done", .width = 1, .height = 1, .ap = 0.5 };
  row.image = dh_database_put_image (fixture->database, run->dataset, longest, longest, "", "", &error);
  g_assert_true (dh_database_put_run_image (fixture->database, evaluation->run, &row, &error));
  g_autofree char *path = g_build_filename (fixture->folder, "pages.pdf", NULL);
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_PDF, path, NULL, &error));
  g_assert_no_error (error);
  const char *const line[] = { program, "-layout", path, "-", NULL };
  g_autofree char *text = NULL;
  g_assert_true (g_spawn_sync (NULL, (char **)line, NULL, G_SPAWN_DEFAULT, NULL, NULL, &text, NULL, NULL, &error));
  g_auto (GStrv) pages = g_strsplit (text, "\f", -1);
  guint n = 0;
  for (guint i = 0; pages[i] != NULL; i++)
    if (strstr (pages[i], "picture-") != NULL)
      {
        const char *head = strstr (pages[i], "anomaly pixels");
        g_assert_true (head != NULL && head < strstr (pages[i], "picture-"));
        n++;
      }
  g_assert_cmpuint (n, >=, 3);
  guint letters = 0;
  for (const char *at = strchr (text, 'w'); at; at = strchr (at, 'w'))
    {
      const gsize length = strspn (at, "w");
      letters += length > 1 ? (guint)length : 0;
      at += length;
    }
  g_assert_cmpuint (letters, ==, 120);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/evaluation-report/report", NULL, test_report);
  EVALUATION_TEST ("/evaluation-report/measured", NULL, test_measured);
  EVALUATION_TEST ("/evaluation-report/objects", NULL, test_objects);
  EVALUATION_TEST ("/evaluation-report/objects-of-protocols", NULL, test_objects_of_protocols);
  g_test_add_func ("/evaluation-report/model-names", test_model_names);
  EVALUATION_TEST ("/evaluation-report/compared", NULL, test_compared);
  EVALUATION_TEST ("/evaluation-report/killed", NULL, test_killed);
  EVALUATION_TEST ("/evaluation-report/names", NULL, test_names);
  EVALUATION_TEST ("/evaluation-report/base", NULL, test_report_base);
  EVALUATION_TEST ("/evaluation-report/reading", NULL, test_reading);
  EVALUATION_TEST ("/evaluation-report/pages", NULL, test_pages);
  EVALUATION_TEST ("/evaluation-report/export", NULL, test_export);
  EVALUATION_TEST ("/evaluation-report/segmentations", NULL, test_segmentations);
  EVALUATION_TEST ("/evaluation-report/overwritten", NULL, test_overwritten);
  return g_test_run ();
}
