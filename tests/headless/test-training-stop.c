#include "dh-graph.h"
#include "dh-train-plan.h"
#include "dh-trainer.h"
#include "tiny-training.h"

/* Trainings that are stopped within a step: the step is dropped at once, and done again to the last bit. */

typedef struct
{
  GCancellable *cancellable;
  gulong delay; /* microseconds */
  gint64 at;    /* when it was cancelled */
} Stop;

static gpointer
cancel_later (gpointer data)
{
  Stop *stop = data;
  g_usleep (stop->delay);
  stop->at = g_get_monotonic_time ();
  g_cancellable_cancel (stop->cancellable);
  return NULL;
}

typedef struct
{
  GPtrArray *steps;
  Stop stop;
  gboolean stops;
  GThread *thread; /* that stops it */
} Watched;

/* The first step starts the clock of the stop. */
static void
keep_step (const char *line, gpointer data)
{
  Watched *watched = data;
  if (tiny_keep_step (line, watched->steps) && watched->stops && !watched->thread)
    watched->thread = g_thread_new ("stop", cancel_later, &watched->stop);
}

/* Stopped so long after its first step, or not at all. */
static gboolean
train (const char *name, gboolean resume, gboolean stops, gulong delay, GPtrArray *steps, GError **error)
{
  g_autoptr (DhRecipe) recipe = tiny_recipe (6);
  g_autofree char *path = g_build_filename (tiny_folder, name, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watched watched = { steps, { cancellable, delay, 0 }, stops, NULL };
  const DhTraining training = { .folder = path,
                                .device = "cpu",
                                .threads = 2,
                                .recipe = recipe,
                                .resume = resume,
                                .data_root = tiny_scenes,
                                .negative_root = tiny_negatives,
                                .seed = 5,
                                .workers = 1,
                                .event = keep_step,
                                .data = &watched };
  const gboolean done = dh_train (&training, cancellable, error);
  if (watched.thread)
    g_thread_join (watched.thread);
  return done;
}

/* Stopped again and again, in its steps and between them: the straight run's losses and weights. */
static void
test_dropped (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) straight = g_ptr_array_new_with_free_func (g_free);
  const gint64 begin = g_get_monotonic_time ();
  g_assert_true (train ("straight", FALSE, FALSE, 0, straight, &error));
  g_assert_no_error (error);
  /* A step and a share of the validations; each stop waits a little longer than the last, half a step at most. */
  const gulong step = (gulong)(g_get_monotonic_time () - begin) / 12;
  /* Where a stop came too late, it has all been done before: again. */
  guint stops = 0;
  for (guint run = 0; run < 50 && stops < 2; run++)
    {
      g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
      g_autofree char *name = g_strdup_printf ("parts-%u", run);
      stops = 0;
      while (!train (name, stops > 0, stops < 8, stops * step / 16, parts, &error))
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&error);
          stops++;
        }
      g_test_message ("%u stops", stops);
      static const char *const files[] = { "checkpoint.pth", "model_best.pth", NULL };
      tiny_assert_same_steps (straight, parts);
      tiny_assert_same_files ("straight", name, files);
    }
  g_assert_cmpuint (stops, >=, 2);
}

/* A step that is nearly all one operator ends long before that operator would. */
static void
check_within (const char *what, DhConv conv, gint side)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 64, .kernel = 1 });
  x = dh_graph_conv (graph, x, "middle", conv);
  const DhValue logits =
      dh_graph_resize (graph, dh_graph_conv (graph, x, "f", (DhConv){ .out = 3, .kernel = 1 }), input, FALSE);
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 2, &error);
  g_assert_no_error (error);
  g_autoptr (DhTensorDict) parameters = dh_tensor_dict_new (), gradients = dh_tensor_dict_new ();
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, &logits, 1);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      dh_tensor_dict_take (parameters, parameter->name, dh_tensor_new_f32 (parameter->n_dims, parameter->dims));
      dh_tensor_dict_take (gradients, parameter->name, dh_tensor_new_f32 (parameter->n_dims, parameter->dims));
    }
  const DhTrainOptions options = { .input = { 8, 3, side, side }, .logits = logits, .logits_ood = DH_NO_VALUE };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, graph, parameters, gradients, &options, &error);
  g_assert_no_error (error);
  g_autofree float *pixels = g_new0 (float, (gsize)8 * 3 * side * side);
  g_autofree guint8 *labels = g_malloc0 ((gsize)8 * side * side);
  DhLosses losses, first;
  gint64 whole = G_MAXINT64;
  for (guint i = 0; i < 2; i++)
    {
      const gint64 begin = g_get_monotonic_time ();
      g_assert_true (dh_train_plan_run (plan, pixels, labels, 0, 1, &first, NULL, &error));
      whole = MIN (whole, g_get_monotonic_time () - begin);
    }
  /* The rest of the step, and of its operator, is longer than what is waited for. Where the machine does other work a
   * stop may come too late or its answer take long: the shortest of some counts. */
  gint64 longest = -1;
  for (guint i = 0; i < 6; i++)
    {
      gint64 shortest = G_MAXINT64;
      for (guint tries = 0; tries < 100 && shortest >= whole / 5; tries++)
        {
          g_autoptr (GCancellable) cancellable = g_cancellable_new ();
          Stop stop = { cancellable, (gulong)(whole / 8 + i * whole / 10), 0 };
          GThread *thread = g_thread_new ("stop", cancel_later, &stop);
          const gboolean done = dh_train_plan_run (plan, pixels, labels, 0, 1, &losses, cancellable, &error);
          const gint64 end = g_get_monotonic_time ();
          g_thread_join (thread);
          if (done) /* before it was stopped */
            continue;
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&error);
          shortest = MIN (shortest, end - stop.at);
        }
      longest = MAX (longest, shortest);
    }
  g_test_message ("%s: a step takes %.0f ms, a stop at most %.0f", what, 1e-3 * (double)whole, 1e-3 * (double)longest);
  g_assert_cmpint (longest, >=, 0);
  g_assert_cmpint (longest, <, whole / 5);
  /* And the next one is whole. */
  DhLosses again;
  g_assert_true (dh_train_plan_run (plan, pixels, labels, 0, 1, &again, NULL, &error));
  g_assert_cmpmem (&first, sizeof first, &again, sizeof again);
}

static void
test_within (void)
{
  check_within ("3×3", (DhConv){ .out = 64, .kernel = 3, .padding = 1 }, 256);
  check_within ("library", (DhConv){ .out = 192, .kernel = 3, .padding = 12, .dilation = 12 }, 128);
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  g_test_add_func ("/training-stop/within", test_within);
  g_test_add_func ("/training-stop/dropped", test_dropped);
  return tiny_end ();
}
