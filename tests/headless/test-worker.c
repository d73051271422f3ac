/* An evaluation on the studio's inference thread, and what the user looks at meanwhile. */
#include <stdlib.h>
#include <string.h>
#include "dh-evaluation.h"
#include "dh-file.h"
#include "dh-worker-private.h"
#include "session-fixture.h"
#include "tree.h"

enum
{
  N_IMAGES = 8,
  OTHER_SIZE = 0, /* of the set that is looked at: the picture of another size */
  SAME_SIZE = 1,
};

/* The emulated card runs it all, too. */
#ifdef DH_TEST_CARD
#define DEVICE "cuda"
#else
#define DEVICE "cpu"
#endif

typedef struct
{
  const char *fail; /* of the emulated card: from the begin on, or from when a picture is asked for */
  guint asked_at;   /* a picture is asked for once so many are measured; 0: none */
  guint picture;    /* number of that one */
} Case;

typedef struct
{
  DhWorker *worker;
  DhMapCache *cache;
  DhDataset *set, *looked;
  DhImageItem *asked;
  char *root, *folder, *runs;
  const Case *plan;
  GCancellable *cancellable;
  guint stop_after; /* pictures; 0: never */
  void (*stop) (gpointer inference);
  DhEvaluation *result;
  GError *error;
  gboolean over; /* the window's thread */
  char *failure;
  guint stored;

  GMutex mutex;
  GCond cond;
  gboolean answered; /* the one asked for */
} Inference;

static void
on_frame (DhWorker *worker, DhImageItem *item, DhFrame *frame, gboolean last, Inference *self)
{
  g_mutex_lock (&self->mutex);
  if (item == self->asked)
    self->answered = dh_frame_has_map (frame, DH_FRAME_HYBRID);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
on_failed (DhWorker *worker, DhImageItem *item, const char *message, gboolean memory, Inference *self)
{
  g_free (self->failure);
  self->failure = g_strdup (message);
}

static void
on_stored (DhWorker *worker, DhImageItem *item, Inference *self)
{
  self->stored++;
}

static gboolean
ask (gpointer data)
{
  Inference *self = data;
  dh_worker_request (self->worker, self->asked, DH_PRIORITY_SHOWN);
  return G_SOURCE_REMOVE;
}

static guint
count_waiting (DhWorker *worker)
{
  g_mutex_lock (&worker->mutex);
  const guint n = worker->queue->len;
  g_mutex_unlock (&worker->mutex);
  return n;
}

/* It waits for the network. */
static void
wait_for_request (DhWorker *worker)
{
  g_assert_true (patience_until (count_waiting (worker) > 0));
  g_assert_cmpuint (count_waiting (worker), ==, 1);
}

static void
wait_for_answer (Inference *self)
{
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  g_mutex_lock (&self->mutex);
  while (!self->answered)
    g_assert_true (g_cond_wait_until (&self->cond, &self->mutex, until));
  g_mutex_unlock (&self->mutex);
}

/* On the inference thread, which goes on only when it has returned. */
static void
image_done (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  Inference *self = data;
  const Case *plan = self->plan;
  if (plan != NULL && plan->asked_at == done)
    {
      if (plan->fail != NULL)
        g_setenv ("DH_EMULATED_FAIL", plan->fail, TRUE);
      g_idle_add (ask, self);
      wait_for_request (self->worker);
    }
  if (plan != NULL && plan->asked_at > 0 && plan->fail == NULL && plan->asked_at + 1 == done)
    wait_for_answer (self);
  if (self->stop_after == done)
    self->stop (self);
}

static void
evaluate (DhWorker *worker, DhPredictor *predictor, gpointer data)
{
  Inference *self = data;
  static const char *const names[] = { "densehybrid-pooled", "smiyc-component" };
  const DhProtocol *protocols[G_N_ELEMENTS (names)];
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    protocols[i] = dh_protocol_find (names[i], NULL);
  const DhMapMaker maker = worker != NULL ? dh_worker_map_maker (worker) : (DhMapMaker){ NULL };
  g_autoptr (DhDatabase) database = dh_database_open (self->runs, &self->error);
  g_assert_no_error (self->error);
  const DhEvaluationOptions options = { .dataset = self->set,
                                        .predictor = predictor,
                                        .database = database,
                                        .folder = self->folder,
                                        .score = DH_MAP_HYBRID,
                                        .more_scores = DH_MAP_BIT (DH_MAP_LIKELIHOOD),
                                        .protocols = protocols,
                                        .n_protocols = G_N_ELEMENTS (names),
                                        .metric_options = { .min_prediction = 3, .min_anomaly = 1 },
                                        .maker = worker != NULL ? &maker : NULL,
                                        .threads = 2,
                                        .image_done = image_done,
                                        .data = self };
  self->result = dh_evaluation_run (&options, self->cancellable, NULL, &self->error);
}

/* Behind the last picture too, while components are counted. */
static void
evaluate_and_wait (DhWorker *worker, DhPredictor *predictor, gpointer data)
{
  Inference *self = data;
  evaluate (worker, predictor, data);
  if (self->plan != NULL && self->plan->asked_at > 0 && self->plan->fail == NULL)
    wait_for_answer (self);
}

static void
done (gpointer data)
{
  ((Inference *)data)->over = TRUE;
}

static void
forget (Inference *self)
{
  g_clear_pointer (&self->result, dh_evaluation_free);
  g_clear_error (&self->error);
  self->over = FALSE;
}

static void
run (Inference *self)
{
  forget (self);
  g_assert_true (dh_worker_run_background (self->worker, evaluate_and_wait, self, done));
  session_wait_for (self->over);
}

static void
loaded (GObject *worker, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhModelInfo) info = dh_worker_load_model_finish (DH_WORKER (worker), result, NULL);
  *(gboolean *)data = info != NULL;
}

static void
set_up (Inference *self, SessionFixture *fixture)
{
  gboolean is_loaded = FALSE;
  g_autoptr (GError) error = NULL;
  self->root = g_build_filename (fixture->root, "worker", NULL);
  self->folder = g_build_filename (self->root, "out", NULL);
  g_autofree char *set = g_build_filename (self->root, "set", NULL),
                  *looked = g_build_filename (self->root, "looked", NULL);
  g_autofree char *maps = g_build_filename (self->root, "maps", NULL);
  self->runs = g_build_filename (self->root, "runs.db", NULL);
  session_write_set_of_size (set, N_IMAGES, SESSION_WIDTH, SESSION_HEIGHT);
  session_write_set_of_size (looked, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_write_set_of_size (looked, 1, 96, 64);
  self->set = dh_dataset_open (set, NULL, NULL, NULL, NULL, &error);
  self->looked = dh_dataset_open (looked, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->cache = dh_map_cache_new (maps, DH_MAP_CACHE_DEFAULT_LIMIT);
  self->worker = dh_worker_new (self->cache);
  self->cancellable = g_cancellable_new ();
  g_signal_connect (self->worker, "frame", G_CALLBACK (on_frame), self);
  g_signal_connect (self->worker, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->worker, "stored", G_CALLBACK (on_stored), self);
  dh_worker_set_device (self->worker, DEVICE, DH_PRECISION_F32);
  dh_worker_set_wanted (self->worker, 1u << DH_FRAME_HYBRID | 1u << DH_FRAME_LIKELIHOOD | 1u << DH_FRAME_SEGMENTATION);
  dh_worker_load_model_async (self->worker, fixture->weights, NULL, NULL, NULL, loaded, &is_loaded);
  session_wait_for (is_loaded);
}

static void
tear_down (Inference *self)
{
  forget (self);
  dh_worker_stop (self->worker);
  g_object_unref (self->worker);
  dh_map_cache_unref (self->cache);
  g_clear_object (&self->asked);
  g_object_unref (self->cancellable);
  dh_dataset_unref (self->set);
  dh_dataset_unref (self->looked);
  g_free (self->root);
  g_free (self->folder);
  g_free (self->runs);
  g_free (self->failure);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
}

/* The pictures of an item's data set are asked for from now on. */
static void
look_at (Inference *self, DhDataset *set, guint index)
{
  g_clear_object (&self->asked);
  self->asked = dh_image_item_new (index, dh_dataset_item (set, index)->stem, "", TRUE);
  self->answered = FALSE;
  dh_worker_set_dataset (self->worker, set);
}

static void
assert_same_maps (Inference *self, const char *other, const char *name)
{
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autofree char *file = g_strconcat (dh_dataset_item (self->set, i)->stem, ".npy", NULL);
      g_autofree char *mine = g_build_filename (self->folder, "eval", name, file, NULL);
      g_autofree char *theirs = g_build_filename (other, "eval", name, file, NULL);
      g_autofree char *a = NULL, *b = NULL;
      gsize n, m;
      g_assert_true (g_file_get_contents (mine, &a, &n, NULL));
      g_assert_true (g_file_get_contents (theirs, &b, &m, NULL));
      g_assert_cmpmem (a, n, b, m);
    }
}

/* What it gave is what the command line gives, to the last bit. */
static void
check_result (Inference *self, const char *weights)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_load (weights, NULL, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, DEVICE, DH_PRECISION_F32, 0, &error);
  g_assert_no_error (error);
  dh_device_remember_plans (dh_predictor_device (predictor), NULL);
  Inference alone = { .set = self->set, .runs = self->runs };
  alone.folder = g_build_filename (self->root, "alone", NULL);
  evaluate (NULL, predictor, &alone);
  g_assert_no_error (alone.error);
  g_assert_no_error (self->error);
  g_assert_cmpuint (self->result->images, ==, N_IMAGES);
  assert_same_maps (self, alone.folder, "scores");
  assert_same_maps (self, alone.folder, "likelihood");
  for (guint s = 0; s < 2; s++)
    {
      const DhScoreEvaluation *mine = &g_array_index (self->result->scores, DhScoreEvaluation, s);
      const DhScoreEvaluation *theirs = &g_array_index (alone.result->scores, DhScoreEvaluation, s);
      g_assert_cmpuint (mine->results->len, ==, theirs->results->len);
      for (guint p = 0; p < mine->results->len; p++)
        {
          const DhResult *a = mine->results->pdata[p], *b = theirs->results->pdata[p];
          g_assert_cmpmem (&a->ap, sizeof a->ap, &b->ap, sizeof b->ap);
          g_assert_cmpmem (&a->auroc, sizeof a->auroc, &b->auroc, sizeof b->auroc);
          g_assert_true (!a->components == !b->components);
          if (a->components != NULL)
            g_assert_cmpmem (a->components->f1, sizeof a->components->f1, b->components->f1, sizeof b->components->f1);
        }
    }
  dh_evaluation_free (alone.result);
  g_free (alone.folder);
}

/* A picture that is asked for is computed before another is measured, and behind the last one before components are
 * counted; neither changes what is measured. */
static void
test_asked (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .plan = data };
  set_up (&self, fixture);
  look_at (&self, self.looked, self.plan->picture);
  g_setenv ("DH_EMULATED_MOST", "0", TRUE);
  run (&self);
#ifdef DH_TEST_CARD
  g_assert_cmpstr (g_getenv ("DH_EMULATED_MOST"), ==, "2"); /* pictures were on it at once */
#endif
  g_unsetenv ("DH_EMULATED_MOST");
  g_assert_cmpuint (dh_worker_get_n_runs (self.worker), ==, N_IMAGES + (self.plan->asked_at > 0));
  check_result (&self, fixture->weights);
  tear_down (&self);
}

/* How many pictures' maps are kept, whole. */
static guint
count_kept (const char *folder)
{
  guint n = 0;
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      n += g_file_test (path, G_FILE_TEST_IS_DIR) ? count_kept (path) : !strstr (name, DH_FILE_PART);
    }
  g_clear_pointer (&dir, g_dir_close);
  return n;
}

/* What the user has seen is not computed again, at its turn or ahead of it, and then nothing is. */
static void
test_kept (SessionFixture *fixture, gconstpointer data)
{
  static const guint seen[] = { 0, 3, 4, 6 };
  Inference self = { NULL };
  set_up (&self, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      look_at (&self, self.set, seen[i]);
      ask (&self);
      session_wait_for (self.answered && self.stored == i + 1);
    }
  run (&self);
  g_assert_cmpuint (dh_worker_get_n_runs (self.worker), ==, N_IMAGES);
  check_result (&self, fixture->weights);
  g_autofree char *maps = g_build_filename (self.root, "maps", NULL);
  session_wait_for (count_kept (maps) == N_IMAGES);
  run (&self);
  g_assert_cmpuint (dh_worker_get_n_runs (self.worker), ==, N_IMAGES);
  check_result (&self, fixture->weights);
  tear_down (&self);
}

static void
cancel (gpointer inference)
{
  g_cancellable_cancel (((Inference *)inference)->cancellable);
}

/* Cancelled it ends behind what is computed, and nothing is left under way: another size is computed at once. It goes
 * on from there. */
static void
test_cancel (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .stop_after = 3, .stop = cancel };
  set_up (&self, fixture);
  run (&self);
  g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (dh_worker_get_n_runs (self.worker), <, N_IMAGES);
  look_at (&self, self.looked, OTHER_SIZE);
  ask (&self);
  session_wait_for (self.answered);
  self.stop_after = 0;
  g_cancellable_reset (self.cancellable);
  run (&self);
  g_assert_cmpuint (self.result->resumed, >=, 3); /* and what was computed by then */
  check_result (&self, fixture->weights);
  tear_down (&self);
}

static gboolean
stop_worker (gpointer worker)
{
  dh_worker_stop (worker);
  return G_SOURCE_REMOVE;
}

static gboolean
is_quitting (DhWorker *worker)
{
  g_mutex_lock (&worker->mutex);
  const gboolean quit = worker->quit;
  g_mutex_unlock (&worker->mutex);
  return quit;
}

static void
stop (gpointer inference)
{
  DhWorker *worker = ((Inference *)inference)->worker;
  g_idle_add (stop_worker, worker);
  g_assert_true (patience_until (is_quitting (worker)));
}

/* The program ends in the middle: at once, whether or not anybody cancelled. */
static void
test_stop (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .stop_after = 3, .stop = stop };
  set_up (&self, fixture);
  g_assert_true (dh_worker_run_background (self.worker, evaluate, &self, done));
  session_wait_for (self.over);
  g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  tear_down (&self);
}

#ifdef DH_TEST_CARD
/* With the plan's fault of the card. */
static void
run_failing (Inference *self)
{
  if (self->plan->asked_at == 0)
    g_setenv ("DH_EMULATED_FAIL", self->plan->fail, TRUE);
  run (self);
  g_unsetenv ("DH_EMULATED_FAIL");
}

/* The card is lost: the evaluation ends, says so, and goes on from there; the picture that was asked for comes. */
static void
test_lost (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .plan = data };
  set_up (&self, fixture);
  look_at (&self, self.looked, self.plan->picture);
  run_failing (&self);
  g_assert_nonnull (self.error);
  g_assert_nonnull (strstr (self.error->message, "was opened again; try once more"));
  session_wait_for (self.plan->asked_at == 0 || self.answered);
  g_assert_null (self.failure);
  self.plan = NULL;
  run (&self);
  g_assert_cmpuint (self.result->resumed, >=, 1);
  check_result (&self, fixture->weights);
  tear_down (&self);
}

/* It is lost with the picture that was asked for, which says so: the evaluation goes on, with a card opened again. */
static void
test_lost_asked (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .plan = data };
  set_up (&self, fixture);
  look_at (&self, self.looked, self.plan->picture);
  run_failing (&self);
  session_wait_for (self.failure != NULL);
  g_assert_nonnull (strstr (self.failure, "was opened again; try once more"));
  check_result (&self, fixture->weights);
  tear_down (&self);
}

/* Memory of the card that is short says how much is needed and what to do. */
static void
test_memory (SessionFixture *fixture, gconstpointer data)
{
  Inference self = { .plan = data };
  set_up (&self, fixture);
  run_failing (&self);
  g_assert_nonnull (self.error);
  g_assert_nonnull (strstr (self.error->message, " MiB on the card; use a smaller scale"));
  run (&self);
  check_result (&self, fixture->weights);
  tear_down (&self);
}
#endif

int
main (int argc, char **argv)
{
  static const Case usual = { NULL }, same = { NULL, 3, SAME_SIZE }, other = { NULL, 3, OTHER_SIZE };
  static const Case early = { NULL, 1, OTHER_SIZE }, late = { NULL, N_IMAGES, OTHER_SIZE };
#ifdef DH_TEST_CARD
  static const Case first = { "fetch:2" }, later = { "replay:3" }, last = { "fetch:8" };
  static const Case before = { "fetch:1", 3, OTHER_SIZE }, at = { "fetch:2", 3, OTHER_SIZE };
  static const Case compile = { "alloc:1" }, pinned = { "pinned:1" };
#endif
  static const SessionTest tests[] = {
    { "/worker/usual", test_asked, &usual },
    { "/worker/asked/same-size", test_asked, &same },
    { "/worker/asked/other-size", test_asked, &other },
    { "/worker/asked/early", test_asked, &early },
    { "/worker/asked/late", test_asked, &late },
    { "/worker/kept", test_kept },
    { "/worker/cancel", test_cancel },
    { "/worker/stop", test_stop },
#ifdef DH_TEST_CARD
    { "/worker/lost/first", test_lost, &first },
    { "/worker/lost/later", test_lost, &later },
    { "/worker/lost/last", test_lost, &last },
    { "/worker/lost/before-asked", test_lost, &before },
    { "/worker/lost/asked", test_lost_asked, &at },
    { "/worker/memory", test_memory, &compile },
    { "/worker/memory/pinned", test_memory, &pinned },
#endif
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}
