/* Many runs as one table: rows, groups, what is best, what is not comparable. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <utime.h>

#include "dh-error.h"
#include "dh-records.h"
#include "dh-report.h"
#include "dh-run-config.h"
#include "tree.h"

typedef struct
{
  char *folder, *out;
  DhDatabase *database;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->folder = tree_new ();
  fixture->out = g_build_filename (fixture->folder, "table", NULL);
  g_autofree char *path = g_build_filename (fixture->folder, "runs.db", NULL);
  fixture->database = dh_database_open (path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_database_close (fixture->database);
  tree_remove (fixture->folder);
  g_free (fixture->out);
  g_free (fixture->folder);
}

typedef struct
{
  const char *root, *fingerprint, *sha256, *title, *method, *score, *summary;
  double ap, fpr95, auroc;
  gint64 pixels;
  guint failed;
  const char *precision; /* NULL: f32 */
  const char *weights;   /* NULL: such as no training's folder has */
} Run;

static gint64
add (Fixture *fixture, Run run)
{
  g_autoptr (GError) error = NULL;
  DhDatabase *database = fixture->database;
  const DhDatasetRow set = { .root = (char *)run.root,
                             .kind = (char *)"masks",
                             .title = (char *)"Images & masks",
                             .fingerprint = (char *)run.fingerprint,
                             .images = 3 };
  const DhModelRow model = { .sha256 = (char *)run.sha256,
                             .path = (char *)(run.weights ? run.weights : "/w/one_x.pth"),
                             .title = (char *)run.title,
                             .architecture = (char *)"ldn-tiny" };
  const gint64 dataset = dh_database_put_dataset (database, &set, &error);
  const DhRunRow row = { .kind = (char *)"eval-ood",
                         .dataset = dataset,
                         .model = dh_database_put_model (database, &model, &error),
                         .method = (char *)run.method,
                         .source = (char *)(run.method ? "/scores" : NULL),
                         .split = (char *)"",
                         .folder = fixture->folder,
                         .score = (char *)run.score,
                         .device = (char *)"ref",
                         .precision = (char *)(run.method      ? ""
                                               : run.precision ? run.precision
                                                               : "f32"),
                         .program = (char *)"1" };
  const gint64 id = dh_database_add_run (database, &row, &error);
  for (guint i = 0; i < run.failed; i++)
    {
      g_autofree char *stem = g_strdup_printf ("%u", i);
      DhRunImageRow image = { .state = (char *)"failed", .why = (char *)"x" };
      image.image = dh_database_put_image (database, dataset, stem, "p.png", "", "", &error);
      g_assert_true (dh_database_put_run_image (database, id, &image, &error));
    }
  const DhRunProtocolRow numbers = { .score = (char *)run.score,
                                     .protocol = (char *)"densehybrid-pooled",
                                     .ap = run.ap,
                                     .fpr95 = run.fpr95,
                                     .auroc = run.auroc,
                                     .pixels = run.pixels ? run.pixels : 100,
                                     .positives = 10 };
  g_assert_true (dh_database_put_run_protocol (database, id, &numbers, &error));
  g_assert_true (dh_database_end_run (database, id, "done", NULL, run.summary ? run.summary : "{}", &error));
  g_assert_no_error (error);
  return id;
}

static char *
write_table (Fixture *fixture, DhReportFormat format, DhTableMarks marks)
{
  g_autoptr (GError) error = NULL;
  const DhTableOptions options = { .digits = 1, .marks = marks };
  g_assert_true (dh_report_write_table (fixture->database, &options, format, fixture->out, NULL, &error));
  char *text = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &text, NULL, NULL));
  return text;
}

static void
says (const char *text, const char *words)
{
  if (!strstr (text, words))
    g_error ("\"%s\" is not in\n%s", words, text);
}

/* Runs of images made worse are no numbers of the set: named, they have columns of their own, else they are left out.
 */
static void
test_degraded (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  static const char worse[] = "{\"degrade\": \"fog:3\", \"published\": \"Static (30 pictures)\"}";
  gint64 runs[2];
  runs[0] = add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", "{\"published\": \"Static (30 pictures)\"}",
                                 0.5, 0.20, 0.9 });
  runs[1] = add (fixture, (Run){ "/d/a", "f1+fog:3", "s1", "Net", NULL, "hybrid", worse, 0.3, 0.40, 0.8 });
  g_autofree char *all = write_table (fixture, DH_REPORT_MD, DH_TABLE_MARK_NONE);
  says (all, "| Method | Static: AP ↑ | FPR95 ↓ | AUROC ↑ |\n");
  says (all, "| 50.0 | 20.0 | 90.0 |\n");
  const DhTableOptions options = { .runs = runs, .n_runs = 2, .digits = 1 };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, fixture->out, NULL, &error));
  g_autofree char *both = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &both, NULL, NULL));
  says (both, "| Method | Static: AP ↑ | FPR95 ↓ | AUROC ↑ | Static · Fog 3: AP ↑ | FPR95 ↓ | AUROC ↑ |\n");
  says (both, "| 50.0 | 20.0 | 90.0 | 30.0 | 40.0 | 80.0 |\n");
}

static void
test_rows_and_groups (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.5, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s2", "Net", NULL, "hybrid", NULL, 0.7, 0.10, 0.9001 });
  add (fixture, (Run){ "/d/a", "f1", "s3", "x", "Other_1", "imported", NULL, 0.6, 0.30, NAN });
  add (fixture, (Run){ "/d/b", "f2", "s2", "Net", NULL, "hybrid", NULL, 0.1, 0.5, 0.6 });
  /* the same files elsewhere */
  add (fixture, (Run){ "/e/b", "f2", "s4", "x", "Other_1", "imported", NULL, 0.2, 0.4, 0.5 });
  g_autofree char *tex = write_table (fixture, DH_REPORT_LATEX, DH_TABLE_MARK_SECOND);
  says (tex, "\\multicolumn{3}{c}{Images \\& masks (a)} & \\multicolumn{3}{c}{Images \\& masks (b)} \\\\\n"
             "\\cmidrule(lr){2-4}\\cmidrule(lr){5-7}\n");
  says (tex, "\nNet, hybrid, one\\_x.pth, f32, run 1 & 50.0 & \\underline{20.0} & \\textbf{90.0} & -- & -- & -- \\\\\n"
             "Net, hybrid, one\\_x.pth, f32, run 2 & \\textbf{70.0} & \\textbf{10.0} & \\textbf{90.0} & "
             "\\underline{10.0} & \\underline{50.0} & \\textbf{60.0} \\\\\n"
             "Other\\_1 & \\underline{60.0} & 30.0 & -- & \\textbf{20.0} & \\textbf{40.0} & \\underline{50.0} \\\\\n"
             "\\bottomrule\n\\end{tabular}\n");
  g_assert_null (strstr (tex, "footnotesize"));
  says (tex, "% run 1: Net, SHA-256 s1, in f32; Images & masks, fingerprint f1; ");
  /* scores that were made elsewhere have no precision */
  says (tex, "% run 3: Other_1, SHA-256 s3; Images & masks, fingerprint f1; ");
  g_autofree char *md = write_table (fixture, DH_REPORT_MD, DH_TABLE_MARK_BEST);
  says (md, "| Other\\_1 | 60.0 | 30.0 | – | **20.0** | **40.0** | 50.0 |\n");
  g_autofree char *csv = write_table (fixture, DH_REPORT_CSV, DH_TABLE_MARK_NONE);
  says (csv, "method,data_set,run,protocol,ap_percent,fpr95_percent,");
  says (csv, "\nOther_1,Images & masks (b),5,densehybrid-pooled,20.0,40.0,50.0,,,,,5,1,,1,,1,,0,,0,,0,\n");
}

/* Numbers of other pixels stand there with a note, and are not the best; the first run that is whole is what others are
 * compared with. A method that was measured twice has two rows. */
static void
test_not_comparable (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "A", NULL, "hybrid", NULL, 0.9, 0.1, 0.9, 90, 2 });
  add (fixture, (Run){ "/d/a", "f1", "s2", "B", NULL, "hybrid", NULL, 0.5, 0.2, 0.8 });
  add (fixture, (Run){ "/d/a", "f1", "s3", "C", NULL, "hybrid", NULL, 0.4, 0.2, 0.8 });
  add (fixture, (Run){ "/d/a", "f3", "s4", "D", NULL, "hybrid", NULL, 0.95, 0.1, 0.9, 99 });
  add (fixture, (Run){ "/d/a", "f1", "s5", "E", NULL, "hybrid", "{\"mask_values\":\"anomaly=3\"}", 0.96, 0.1, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s3", "C", NULL, "hybrid", NULL, 0.41, 0.2, 0.8 });
  add (fixture, (Run){ "/d/a", "f4", "s6", "F", NULL, "hybrid", NULL, 0.97, 0.1, 0.9 });
  g_autofree char *tex = write_table (fixture, DH_REPORT_LATEX, DH_TABLE_MARK_BEST);
  says (tex, "\nA & 90.0$^{a}$ & 10.0$^{a}$ & 90.0$^{a}$ \\\\\n");
  says (tex, "\nB & \\textbf{50.0} & ");
  says (tex, "\nD & 95.0$^{b}$ & ");
  says (tex, "\nE & 96.0$^{c}$ & ");
  says (tex, "\nF & 97.0$^{d}$ & ");
  says (tex, ", run 3 & 40.0 & ");
  says (tex, ", run 6 & 41.0 & ");
  says (tex, "\\multicolumn{4}{l}{\\footnotesize $^{a}$ run 1: leaves 2 images out} \\\\\n"
             "\\multicolumn{4}{l}{\\footnotesize $^{b}$ run 4: measured other pixels than run 2} \\\\\n"
             "\\multicolumn{4}{l}{\\footnotesize $^{c}$ run 5: the labels were read in another way than by run 2} "
             "\\\\\n"
             "\\multicolumn{4}{l}{\\footnotesize $^{d}$ run 7: files of the set were others than in run 2} \\\\\n"
             "\\end{tabular}\n");
}

/* Groups are made of likeness to their first run, which a whole one replaces: what was like the one before stays. */
static void
test_changed_first (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "A", NULL, "hybrid", NULL, 0.9, 0.1, 0.9, 90, 1 });
  add (fixture, (Run){ "/d/a", "f3", "s2", "B", NULL, "hybrid", NULL, 0.8, 0.1, 0.9, 90, 1 });
  add (fixture, (Run){ "/e/a", "f1", "s3", "C", NULL, "hybrid", NULL, 0.7, 0.2, 0.8 });
  g_autofree char *tex = write_table (fixture, DH_REPORT_LATEX, DH_TABLE_MARK_BEST);
  says (tex, "\nA & 90.0$^{a}$ & 10.0$^{a}$ & 90.0$^{a}$ \\\\\n");
  says (tex, "\nB & 80.0$^{b}$ & 10.0$^{b}$ & 90.0$^{b}$ \\\\\n");
  says (tex, "\nC & 70.0 & 20.0 & 80.0 \\\\\n");
}

/* What was seen smaller or in tiles says so, in the row and in what the table is of. */
static void
test_reduced (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "A", NULL, "hybrid", NULL, 0.9, 0.1, 0.9, 0, 0, "f32-scale0.5-tile512" });
  g_autofree char *tex = write_table (fixture, DH_REPORT_LATEX, DH_TABLE_MARK_BEST);
  says (tex, "\nA, scale0.5-tile512 & 90.0 & ");
  says (tex, "% run 1: A, SHA-256 s1, in f32-scale0.5-tile512; ");
}

/* A name that runs are given here makes them one method's, whatever weights they had; maps beside the measured score
 * have rows of their own. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.5, 0.20, 0.9 });
  add (fixture, (Run){ "/d/b", "f2", "s2", "Net", NULL, "hybrid", NULL, 0.7, 0.10, 0.8 });
  add (fixture, (Run){ "/d/b", "f2", "s3", "x", "Other", "imported", NULL, 0.6, 0.30, 0.7 });
  add (fixture, (Run){ "/d/a", "f1", "s4", "x", NULL, "hybrid", NULL, 0.4, 0.40, 0.6 });
  const DhRunProtocolRow beside = { .score = (char *)"likelihood",
                                    .protocol = (char *)"densehybrid-pooled",
                                    .ap = 0.3,
                                    .fpr95 = 0.5,
                                    .auroc = 0.6,
                                    .pixels = 100,
                                    .positives = 10 };
  g_assert_true (dh_database_put_run_protocol (fixture->database, 2, &beside, &error));
  const DhTableName names[] = { { 1, "Ours & co" }, { 2, "Ours & co" }, { 3, "PEBAL" }, { 4, "PEBAL" } };
  const DhTableOptions options = { .digits = 1, .names = names, .n_names = G_N_ELEMENTS (names) };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_LATEX, fixture->out, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *tex = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &tex, NULL, NULL));
  says (tex, "\\midrule\nOurs \\& co & 50.0 & 20.0 & 90.0 & 70.0 & 10.0 & 80.0 \\\\\n");
  says (tex, "\nOurs \\& co, likelihood & -- & -- & -- & 30.0 & 50.0 & 60.0 \\\\\n");
  says (tex, "\nPEBAL & 40.0 & 40.0 & 60.0 & 60.0 & 30.0 & 70.0 \\\\\n\\bottomrule");
  says (tex, "% run 2: Net, SHA-256 s2"); /* what it was stays there */
}

static char *
write_named (Fixture *fixture, const DhTableName *names, guint n, DhReportFormat format, DhTableMarks marks)
{
  g_autoptr (GError) error = NULL;
  const DhTableOptions options = { .digits = 2, .marks = marks, .names = names, .n_names = n };
  g_assert_true (dh_report_write_table (fixture->database, &options, format, fixture->out, NULL, &error));
  g_assert_no_error (error);
  char *text = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &text, NULL, NULL));
  return text;
}

/* Runs of one name that measured one set are one cell: 0.80, 0.82, 0.87 have the mean 0.83, and
 * √((0.03² + 0.01² + 0.04²) / 2) = 0.03606. The best is so by its mean. */
static void
test_seeds (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.80, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s2", "Net", NULL, "hybrid", NULL, 0.82, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s3", "Net", NULL, "hybrid", NULL, 0.87, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s4", "x", "Other", "imported", NULL, 0.84, 0.30, 0.9 });
  add (fixture, (Run){ "/d/b", "f2", "s1", "Net", NULL, "hybrid", NULL, 0.5, 0.20, 0.9 });
  const DhTableName names[] = { { 1, "Ours" }, { 2, "Ours" }, { 3, "Ours" }, { 5, "Ours" } };
  g_autofree char *tex = write_named (fixture, names, 4, DH_REPORT_LATEX, DH_TABLE_MARK_SECOND);
  says (tex, "\nOurs & \\underline{83.00}$\\pm$3.61 & \\textbf{20.00}$\\pm$0.00 & "
             "\\textbf{90.00}$\\pm$0.00 & 50.00 & 20.00 & 90.00 \\\\\n"
             "Other & \\textbf{84.00} & \\underline{30.00} & \\textbf{90.00} & -- & -- & -- \\\\\n");
  says (tex, "\n% x $\\pm$ y: mean and sample standard deviation of 3 runs\n");
  g_assert_null (strstr (tex, "footnotesize"));
  g_autofree char *md = write_named (fixture, names, 4, DH_REPORT_MD, DH_TABLE_MARK_BEST);
  says (md, "| Ours | 83.00 ± 3.61 | **20.00** ± 0.00 | **90.00** ± 0.00 | 50.00 | 20.00 | 90.00 |\n");
  says (md, "in per cent; x ± y: mean and sample standard deviation of 3 runs.\n");
  g_autofree char *csv = write_named (fixture, names, 4, DH_REPORT_CSV, DH_TABLE_MARK_BEST);
  says (csv, "\nOurs,Images & masks (a),1,densehybrid-pooled,83.00,20.00,90.00,,,,,1 2 3,3,3.61,3,0.00,3,0.00,0,,0,,"
             "0,\n");
  says (csv, "\nOurs,Images & masks (b),5,densehybrid-pooled,50.00,20.00,90.00,,,,,5,1,,1,,1,,0,,0,,0,\n");
  /* No interval of several runs: their maps are not read. */
  g_autoptr (GError) error = NULL;
  const gint64 runs[] = { 1, 2, 3 };
  const DhTableOptions options = { .runs = runs, .n_runs = 3, .names = names, .n_names = 3, .intervals = TRUE };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, fixture->out, NULL, &error));
  g_autofree char *alone = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &alone, NULL, NULL));
  says (alone, "| Ours | 83 ± 4 | 20 ± 0 | 90 ± 0 |\n");
  says (alone, "\nruns 1, 2, 3: an interval is of one run's images; of several");
  /* Without names nothing says that they are one method's. */
  g_autofree char *apart = write_named (fixture, NULL, 0, DH_REPORT_MD, DH_TABLE_MARK_BEST);
  g_assert_null (strstr (apart, "±"));
}

/* What is in a mean that does not belong there is said, and such a mean is not the best. */
static void
test_unlike_seeds (Fixture *fixture, gconstpointer data)
{
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.9, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.9, 0.20, 0.9, 0, 0, "bf16" });
  add (fixture, (Run){ "/d/a", "f1", "s2", "x", NULL, "likelihood", NULL, 0.8, 0.20, 0.8, 99 });
  add (fixture, (Run){ "/d/a", "f1", "s3", "Net", NULL, "hybrid", NULL, 0.6, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s4", "Net", NULL, "hybrid", NULL, 0.7, 0.30, NAN });
  add (fixture, (Run){ "/d/a", "f1", "s5", "Net", NULL, "hybrid", NULL, 0.7, 0.40, 0.7 });
  add (fixture, (Run){ "/d/a", "f1", "s6", "Net", NULL, "hybrid", NULL, 0.7, 0.50, 0.8 });
  add (fixture, (Run){ "/d/a", "f1", "s7", "Net", NULL, "hybrid", NULL, 0.7, 0.50, 0.8 });
  add (fixture, (Run){ "/d/a", "f1", "s8", "Net", NULL, "hybrid", NULL, 0.7, 0.50, 0.8 });
  const DhTableName names[] = { { 1, "A" }, { 2, "A" }, { 3, "B" }, { 4, "B" }, { 5, "C" }, { 6, "C" }, { 7, "C" } };
  g_autofree char *md = write_named (fixture, names, 7, DH_REPORT_MD, DH_TABLE_MARK_BEST);
  says (md, "| A | 90.00 ± 0.00 <sup>a,b</sup> (n = 2) | 20.00 ± 0.00 <sup>a,b</sup> (n = 2) | ");
  says (md, "| B | 70.00 ± 14.14 <sup>c,d</sup> (n = 2) | ");
  says (md, "| C | **70.00** ± 0.00 (n = 3) | **40.00** ± 10.00 (n = 3) | 75.00 ± 7.07 <sup>e</sup> (n = 2) |\n");
  says (md, "<sup>a</sup> run 2: computed in bf16, run 1 in f32\n");
  says (md, "<sup>b</sup> run 2: has the weights of run 1, which is no other training\n");
  says (md, "<sup>c</sup> run 3: measured other pixels than run 1\n");
  says (md, "<sup>d</sup> run 4: of the score hybrid, run 3 of likelihood\n");
  says (md, "<sup>e</sup> run 5: no AUROC, and left out of its mean\n");
  says (md, "mean and sample standard deviation of n runs.\n");
  g_autofree char *csv = write_named (fixture, names, 7, DH_REPORT_CSV, DH_TABLE_MARK_BEST);
  says (csv, ",\"run 3: measured other pixels than run 1; run 4: of the score hybrid, run 3 of likelihood\",3 4,2,");
  says (csv, ",\"run 5: no AUROC, and left out of its mean\",5 6 7,3,0.00,3,10.00,2,7.07,0,");
}

/* A folder of a training with that seed, and its weights' path in it. */
static char *
train (Fixture *fixture, const char *name, guint64 seed, double beta)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_build_filename (fixture->folder, name, NULL);
  DhRunConfig config = { .recipe = dh_recipe_load ("ldn-streethazards", &error),
                         .data_root = (char *)"/d/train",
                         .device = (char *)"cpu",
                         .threads = (guint)seed + 1,
                         .seed = seed };
  dh_recipe_set_number (config.recipe, "beta", beta);
  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (dh_run_config_write (&config, folder, &error));
  dh_recipe_free (config.recipe);
  return g_build_filename (folder, "model_best.pth", NULL);
}

static void
test_by_seed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *zero = train (fixture, "ours-s0", 0, 0.03), *one = train (fixture, "ours-s1", 1, 0.03);
  g_autofree char *two = train (fixture, "ours-seed-2", 2, 0.03), *other = train (fixture, "wide-s1-2", 1, 0.3);
  g_autofree char *later = train (fixture, "ours-s4", 4, 0.03);
  add (fixture, (Run){ "/d/a", "f1", "s1", "Net", NULL, "hybrid", NULL, 0.80, 0.20, 0.9, .weights = zero });
  add (fixture, (Run){ "/d/a", "f1", "s2", "Net", NULL, "hybrid", NULL, 0.82, 0.20, 0.9, .weights = one });
  add (fixture, (Run){ "/d/a", "f1", "s3", "Net", NULL, "hybrid", NULL, 0.87, 0.20, 0.9, .weights = two });
  add (fixture, (Run){ "/d/a", "f1", "s4", "Net", NULL, "hybrid", NULL, 0.10, 0.20, 0.9, .weights = other });
  /* the same seed again; another score; weights that no training is known of, or a later one of that folder */
  add (fixture, (Run){ "/d/a", "f1", "s2", "Net", NULL, "hybrid", NULL, 0.82, 0.20, 0.9, .weights = one });
  add (fixture, (Run){ "/d/a", "f1", "s3", "Net", NULL, "likelihood", NULL, 0.3, 0.20, 0.9, .weights = two });
  add (fixture, (Run){ "/d/a", "f1", "s5", "Published", NULL, "hybrid", NULL, 0.6, 0.20, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s6", "Gone", NULL, "hybrid", NULL, 0.7, 0.20, 0.9, .weights = later });
  g_autofree char *folder = g_path_get_dirname (later), *config = g_build_filename (folder, "config.json", NULL);
  const struct utimbuf times = { time (NULL) + 3600, time (NULL) + 3600 };
  g_assert_cmpint (g_utime (config, (struct utimbuf *)&times), ==, 0);
  const DhTableOptions options = { .digits = 2, .by_seed = TRUE };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, fixture->out, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *md = NULL;
  g_assert_true (g_file_get_contents (fixture->out, &md, NULL, NULL));
  says (md, "| ours, hybrid, model\\_best.pth, f32, run 1 | 83.00 ± 3.61 | 20.00 ± 0.00 | 90.00 ± 0.00 |\n"
            "| wide | 10.00 | 20.00 | 90.00 |\n"
            "| ours, hybrid, model\\_best.pth, f32, run 5 | 82.00 | 20.00 | 90.00 |\n"
            "| ours, likelihood | 30.00 | 20.00 | 90.00 |\n"
            "| Published | 60.00 | 20.00 | 90.00 |\n"
            "| Gone | 70.00 | 20.00 | 90.00 |\n");
  says (md,
        "\nrun 7: no training is known that its weights come from: no config.json lies beside them, or a later one\n"
        "run 8: no training is known");
  says (md, "; seed 2 of ours-seed-2\n");
}

static void
test_components (Fixture *fixture, gconstpointer data)
{
  static const char *const rules[] = {
    "{\"components\":{\"protocol\":\"smiyc-component\",\"siou\":0.5,\"ppv\":0.25,\"mean_f1\":0.125,"
    "\"threshold_from_set\":true,\"min_prediction\":50,\"min_anomaly\":10}}",
    "{\"components\":{\"protocol\":\"smiyc-component\",\"siou\":0.6,\"ppv\":0.2,\"mean_f1\":null,"
    "\"threshold_from_set\":true,\"min_prediction\":500,\"min_anomaly\":100}}"
  };
  add (fixture, (Run){ "/d/a", "f1", "s1", "A", NULL, "hybrid", rules[0], 0.5, 0.1, 0.9 });
  add (fixture, (Run){ "/d/a", "f1", "s2", "B", NULL, "hybrid", rules[1], 0.6, 0.1, 0.9 });
  g_autofree char *tex = write_table (fixture, DH_REPORT_LATEX, DH_TABLE_MARK_BEST);
  says (tex, "\nA & 50.0 & \\textbf{10.0} & \\textbf{90.0} & 50.0 & 25.0 & 12.5 \\\\\n");
  says (tex, "\nB & \\textbf{60.0} & \\textbf{10.0} & \\textbf{90.0} & 60.0$^{a}$ & 20.0$^{a}$ & -- \\\\\n");
  says (tex, "run 2: components by another rule: best F1 of this very set; at least 500 pixels, anomalies 100");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhTableOptions options = { .digits = 2 };
  g_assert_false (dh_report_write_table (fixture->database, &options, DH_REPORT_LATEX, fixture->out, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  const gint64 run = add (fixture, (Run){ "/d/a", "f1", "s1", "A", NULL, "hybrid", NULL, 0.5, 0.1, 0.9 });
  const gint64 runs[] = { run, 99 };
  g_assert_false (dh_report_write_table (fixture->database, &options, DH_REPORT_HTML, fixture->out, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  options.runs = runs;
  options.n_runs = 2;
  g_assert_false (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, fixture->out, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_assert_false (g_file_test (fixture->out, G_FILE_TEST_EXISTS));
}

#define ADD(name, test) g_test_add ("/paper-table/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rows-and-groups", test_rows_and_groups);
  ADD ("degraded", test_degraded);
  ADD ("not-comparable", test_not_comparable);
  ADD ("changed-first", test_changed_first);
  ADD ("reduced", test_reduced);
  ADD ("names", test_names);
  ADD ("seeds", test_seeds);
  ADD ("unlike-seeds", test_unlike_seeds);
  ADD ("by-seed", test_by_seed);
  ADD ("components", test_components);
  ADD ("refused", test_refused);
  return g_test_run ();
}
