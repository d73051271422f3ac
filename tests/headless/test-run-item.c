/* Runs as the list of all shows them: evaluations, and trainings while they go on. */
#include <math.h>
#include "dh-run-item.h"
#include "dh-run-names-private.h"
#include "dh-training-job-private.h"

static DhRunItem *
make_evaluation (DhRunItemState state)
{
  DhRun run = { .id = 7,
                .state = state,
                .kind = g_strdup ("eval-ood"),
                .model = g_strdup ("first/model_best.pth"),
                .data = g_strdup ("StreetHazards, test split"),
                .root = g_strdup ("/data/town"),
                .protocol = g_strdup ("densehybrid-pooled"),
                .images = 4,
                .failed = 1,
                .total = 10 };
  return dh_run_item_new (&run);
}

static DhJobSnapshot *
make_snapshot (const char *state, guint step, guint best_epoch)
{
  const DhJobRow row = { .id = 3,
                         .state = (char *)state,
                         .title = (char *)"LDN-121 on Cityscapes",
                         .recipe = (char *)"ldn-semseg",
                         .folder = (char *)"/runs/x",
                         .device = (char *)"cpu",
                         .program = (char *)"1",
                         .command = (char *)"densehybrid train",
                         .created = (char *)"2026-01-02T03:04:05Z",
                         .step = step,
                         .steps = 100,
                         .epochs = 4,
                         .best_epoch = best_epoch,
                         .ap = 0.25,
                         .fpr95 = 0.5,
                         .auroc = 0.75,
                         .miou = NAN };
  DhJobSnapshot *snapshot = g_new0 (DhJobSnapshot, 1);
  snapshot->row = dh_job_row_copy (&row);
  snapshot->checkpoints = g_ptr_array_new ();
  snapshot->data = g_strdup ("Cityscapes + ADE20K");
  snapshot->progress =
      (DhJobProgress){ .step = step, .steps = 100, .epoch = 1 + step / 25, .epochs = 4, .seconds_left = 65 };
  return snapshot;
}

static void
assert_state (DhRunItem *item, const char *expected)
{
  g_autofree char *state = dh_run_item_dup_state (item);
  g_assert_cmpstr (state, ==, expected);
}

static void
test_evaluation (void)
{
  static const struct
  {
    DhRunItemState state;
    const char *text;
  } cases[] = { { DH_RUN_ITEM_DONE, "done, 1 left out" },
                { DH_RUN_ITEM_RUNNING, "running, 5 of 10" },
                { DH_RUN_ITEM_CANCELLED, "stopped at 4 of 10" },
                { DH_RUN_ITEM_UNFINISHED, "unfinished, 4 of 10" },
                { DH_RUN_ITEM_FAILED, "failed: " } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (DhRunItem) item = make_evaluation (cases[i].state);
      assert_state (item, cases[i].text);
      g_assert_null (dh_run_item_get_job (item));
      g_assert_cmpstr (dh_run_item_get_kind_name (item), ==, "evaluation");
    }
}

static void
test_words (void)
{
  g_autoptr (DhRunItem) item = make_evaluation (DH_RUN_ITEM_DONE);
  static const char *const all[] = { NULL, "", "first", "FIRST streethazards", "done 7", "pooled  evaluation" };
  static const char *const none[] = { "second", "first second", "training" };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_assert_true (dh_run_item_matches (item, all[i]));
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (dh_run_item_matches (item, none[i]));
}

static DhTrainingJob *
make_job (gint64 id)
{
  DhTrainingJob *job = dh_training_job_new ("/runs/x");
  DhJobSnapshot *snapshot = make_snapshot ("done", 100, 2);
  snapshot->row->id = id;
  dh_training_job_take_snapshot (job, snapshot, 0, 0);
  return job;
}

/* Ids, in the list's order. */
static void
assert_ids (GListModel *items, const char *expected)
{
  g_autoptr (GString) ids = g_string_new (NULL);
  for (guint i = 0; i < g_list_model_get_n_items (items); i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (items, i);
      g_string_append_printf (ids, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "", dh_run_item_get (item)->id);
    }
  g_assert_cmpstr (ids->str, ==, expected);
}

/* Jobs come before items that are in use, go and change places: each has its item where it is itself. */
static void
test_list (void)
{
  g_autoptr (GListStore) jobs = g_list_store_new (DH_TYPE_TRAINING_JOB);
  g_autoptr (DhTrainingJob) a = make_job (1), b = make_job (2), c = make_job (3);
  g_list_store_append (jobs, a);
  g_autoptr (GListModel) items = dh_run_item_new_list (G_LIST_MODEL (jobs));
  g_autoptr (DhRunItem) held = g_list_model_get_item (items, 0);
  g_list_store_insert (jobs, 0, b);
  assert_ids (items, "2 1");
  g_autoptr (DhRunItem) last = g_list_model_get_item (items, 1);
  g_assert_true (held == last);
  g_list_store_insert (jobs, 1, c);
  assert_ids (items, "2 3 1");
  gpointer turned[] = { c, a };
  g_list_store_splice (jobs, 0, 3, turned, 2);
  assert_ids (items, "3 1");
  g_list_store_remove_all (jobs);
  assert_ids (items, "");
  g_clear_object (&items);
  g_list_store_append (jobs, b);
}

static void
count (DhRunItem *item, guint *n)
{
  (*n)++;
}

/* A training's item follows it. */
static void
test_training (void)
{
  g_autoptr (DhTrainingJob) job = dh_training_job_new ("/runs/x");
  dh_training_job_take_snapshot (job, make_snapshot ("queued", 0, 0), 1, 0);
  g_autoptr (DhRunItem) item = dh_run_item_new_for_job (job);
  guint n = 0;
  g_signal_connect (item, "changed", G_CALLBACK (count), &n);
  const DhRun *run = dh_run_item_get (item);
  g_assert_true (run->training);
  g_assert_cmpint (run->id, ==, 3);
  g_assert_cmpint (run->state, ==, DH_RUN_ITEM_QUEUED);
  g_assert_cmpstr (run->data, ==, "Cityscapes + ADE20K");
  g_assert_cmpstr (run->started, ==, "2026-01-02T03:04:05Z");
  /* What the row says of AP is nothing before an epoch was measured. */
  g_assert_true (isnan (run->ap));
  assert_state (item, "queued, ≈ 1:05");

  dh_training_job_take_snapshot (job, make_snapshot ("running", 50, 2), 0, 0);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (run->state, ==, DH_RUN_ITEM_RUNNING);
  g_assert_cmpfloat (run->fraction, ==, 0.5);
  g_assert_cmpfloat (run->ap, ==, 0.25);
  g_assert_cmpuint (run->best_epoch, ==, 2);
  assert_state (item, "50 %, 1:05 left");
  g_assert_true (dh_run_item_matches (item, "training ade20k 50"));

  dh_training_job_take_snapshot (job, make_snapshot ("lost", 60, 2), 0, 0);
  assert_state (item, "lost at epoch 3");
  g_assert_true (isnan (run->fraction));
  dh_training_job_take_snapshot (job, make_snapshot ("out-of-memory", 60, 2), 0, 0);
  assert_state (item, "out of memory");
  dh_training_job_take_snapshot (job, make_snapshot ("done", 100, 2), 0, 0);
  assert_state (item, "done");
  g_assert_cmpuint (n, ==, 4);
}

/* The same run read again is the same; equal numbers of an evaluation and a training are two. */
static void
test_same (void)
{
  g_autoptr (DhTrainingJob) job = dh_training_job_new ("/runs/x");
  dh_training_job_take_snapshot (job, make_snapshot ("done", 100, 2), 0, 0);
  g_autoptr (DhRunItem) a = make_evaluation (DH_RUN_ITEM_RUNNING), b = make_evaluation (DH_RUN_ITEM_DONE);
  g_autoptr (DhRunItem) training = dh_run_item_new_for_job (job), again = dh_run_item_new_for_job (job);
  g_assert_true (dh_run_item_is_same (a, b));
  g_assert_true (dh_run_item_is_same (training, again));
  g_assert_false (dh_run_item_is_same (a, training));
}

/* The numbers of a part of the set stand behind those of the whole. */
static void
test_whole (void)
{
  const DhRun whole = { .id = 1, .images = 10, .total = 10, .ap = 0.5 };
  DhRun others[] = { whole, whole, whole, whole, whole };
  others[0].images = 9; /* the best of all, of one picture less */
  others[0].failed = 1;
  others[0].ap = 0.9;
  others[1].ap = 0.4;
  others[2].ap = NAN;
  others[3].id = 2;
  others[4].images = 9;
  g_assert_true (dh_run_is_whole (&whole));
  g_assert_false (dh_run_is_whole (&others[0]) || dh_run_is_whole (&others[4]));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_cmpint (dh_run_compare_ap (&whole, &others[i]), <, 0);
      g_assert_cmpint (dh_run_compare_ap (&others[i], &whole), >, 0);
    }
}

/* Two scores of one network, and two precisions, are two rows that differ in more than their numbers. */
static void
test_model (void)
{
  const struct
  {
    DhRun run;
    const char *text;
  } cases[] = { { { .model = "m", .score = "hybrid" }, "m" },
                { { .model = "m", .score = "max_softmax" }, "max_softmax · m" },
                { { .model = "m", .score = "hybrid", .precision = "f32" }, "m" },
                { { .model = "m", .score = "hybrid", .precision = "bf16" }, "m · bf16" },
                { { .model = "m", .score = "max_softmax", .precision = "int8-0123456789ab" },
                  "max_softmax · m · int8" },
                { { .model = "RbA", .score = "imported", .imported = TRUE }, "RbA" },
                { { .model = "t, bf16", .training = TRUE, .precision = "bf16" }, "t, bf16" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = dh_run_dup_model (&cases[i].run);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

/* Of other pictures, by other protocols, or of another kind altogether. */
static void
test_subtract (void)
{
  const DhRun run = {
    .kind = "eval-ood", .data = "d", .root = "/d", .fingerprint = "f", .split = "val", .protocol = "p", .images = 10
  };
  DhRun others[] = { run, run, run, run, run, run, run, run, run, run };
  /* data that was moved is the same data */
  others[7].root = "/e";
  g_assert_true (dh_run_can_subtract (&run, &others[0]));
  g_assert_true (dh_run_can_subtract (&run, &others[7]));
  others[1].images = 9;
  others[2].fingerprint = "g"; /* in the same place */
  others[3].split = NULL;
  others[4].protocol = "q";
  others[5].kind = "eval-osr";
  others[6].training = TRUE;
  /* What the labels mean has to be the same, as far as it was said; where the pictures lay is nothing to them. */
  DhRun named = run;
  named.reading = "kind=street-hazards;base=/a;ids=raw";
  others[8].reading = "kind=street-hazards;base=/b;ids=raw";
  others[9].reading = "kind=street-hazards;ids=shifted";
  g_assert_true (dh_run_can_subtract (&named, &others[8]));
  g_assert_true (dh_run_can_subtract (&named, &others[0]));
  g_assert_false (dh_run_can_subtract (&named, &others[9]));
  others[9].reading = "labels=true";
  g_assert_false (dh_run_can_subtract (&others[9], &named));
  for (guint i = 1; i < 7; i++)
    {
      g_assert_false (dh_run_can_subtract (&run, &others[i]));
      g_assert_false (dh_run_can_subtract (&others[i], &run));
    }
  g_assert_true (dh_run_can_subtract (&others[6], &others[6]));
}

/* Of single images one is better where the same pixels count: degraded, of fewer images or of another split. */
static void
test_alike (void)
{
  const DhRun run = { .fingerprint = "f", .split = "val", .images = 10 };
  DhRun fewer = run, worse = run, region = run, same = run, labels = run;
  fewer.images = 3;
  fewer.split = "test";
  worse.fingerprint = "f+fog:3";
  region.fingerprint = "f+ignore=bottom:25%";
  same.fingerprint = "f+fog:3+ignore=bottom:25%";
  labels.reading = "labels=true";
  g_assert_true (dh_run_measures_alike (&run, &fewer));
  g_assert_true (dh_run_measures_alike (&run, &worse));
  g_assert_false (dh_run_measures_alike (&run, &region));
  g_assert_false (dh_run_measures_alike (&worse, &region));
  g_assert_true (dh_run_measures_alike (&same, &region));
  g_assert_false (dh_run_measures_alike (&run, &labels));
}

static void
test_duration (void)
{
  static const struct
  {
    double seconds;
    const char *text;
  } cases[] = { { 0, "0:00" },       { 6.6, "0:07" }, { 59.6, "1:00" },  { 3599.4, "59:59" },
                { 3729, "1:02:09" }, { -1, "0:00" },  { INFINITY, "—" }, { NAN, "—" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = dh_run_dup_duration (cases[i].seconds);
      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

/* Sets of one kind are told apart by their folders. */
static void
test_data (void)
{
  g_autoptr (DhRunItem) item = make_evaluation (DH_RUN_ITEM_DONE);
  g_autofree char *data = dh_run_dup_data (dh_run_item_get (item));
  g_assert_cmpstr (data, ==, "StreetHazards, test split · town");
  g_assert_true (dh_run_item_matches (item, "street town"));
  const DhRun training = { .data = (char *)"town + negatives" };
  g_autofree char *of_training = dh_run_dup_data (&training);
  g_assert_cmpstr (of_training, ==, "town + negatives");
  g_assert_null (dh_run_dup_data (&(DhRun){ 0 }));
}

/* The demo's runs are called as the demo is elsewhere, not after the layout and the folder that its scenes lie in. */
static void
test_names (void)
{
  g_autofree char *demo = g_build_filename (g_get_user_cache_dir (), "densehybrid", "demo", "0bf43a9bc089", NULL);
  DhRunRow row = { .dataset_root = demo,
                   .dataset_title = (char *)"StreetHazards, test split",
                   .model_title = (char *)"ldn-demo, 12 classes",
                   .model_path = (char *)"" };
  g_autofree char *data = dh_run_names_dup_data (&row), *model = dh_run_names_dup_model (&row);
  g_assert_cmpstr (data, ==, "Demo scenes");
  g_assert_cmpstr (model, ==, "Demo network");
  g_autofree char *shown = dh_run_dup_data (&(DhRun){ .data = data, .root = demo });
  g_assert_cmpstr (shown, ==, "Demo scenes");
  row.dataset_root = (char *)"/data/town";
  row.model_path = (char *)"/w/ldn.pth";
  g_autofree char *other = dh_run_names_dup_data (&row), *weights = dh_run_names_dup_model (&row);
  g_assert_cmpstr (other, ==, "StreetHazards, test split");
  g_assert_cmpstr (weights, ==, "ldn.pth");
  row.model_path = NULL;
  row.method = row.model_title = (char *)"RbA";
  g_autofree char *method = dh_run_names_dup_model (&row);
  g_assert_cmpstr (method, ==, "RbA");

  /* Of what another is made: which map of a run, where that is not the usual one. */
  row.score = (char *)"combined";
  row.summary = (char *)"{\"combined\":{\"how\":\"mean\",\"standardised\":\"ranks\",\"of\":["
                        "{\"run\":3,\"score\":\"max_softmax\"},{\"run\":5,\"score\":\"hybrid\"}]}}";
  g_autofree char *made_of = dh_run_names_dup_made_of (&row);
  g_assert_cmpstr (made_of, ==, "mean of runs 3 (max_softmax), 5 · each as ranks");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-item/data", test_data);
  g_test_add_func ("/run-item/names", test_names);
  g_test_add_func ("/run-item/evaluation", test_evaluation);
  g_test_add_func ("/run-item/words", test_words);
  g_test_add_func ("/run-item/training", test_training);
  g_test_add_func ("/run-item/same", test_same);
  g_test_add_func ("/run-item/whole", test_whole);
  g_test_add_func ("/run-item/model", test_model);
  g_test_add_func ("/run-item/subtract", test_subtract);
  g_test_add_func ("/run-item/alike", test_alike);
  g_test_add_func ("/run-item/duration", test_duration);
  g_test_add_func ("/run-item/list", test_list);
  return g_test_run ();
}
