#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-predictor.h"
#include "emulated-net.h"

/* Runs on the emulated card, recorded and not: whatever the card refuses to record, and however runs overlap, the maps
 * are the same. */

/* Plain, recorded, refused to record, bare convolutions: the same map. */
static void
test_ways (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_assert_true (emulated_net_run (fixture, plan, &error));
  g_autofree float *first = g_memdup2 (fixture->map, EMULATED_NET_AREA * sizeof (float));
  for (guint i = 0; i < 2; i++)
    {
      memset (fixture->map, 0xff, EMULATED_NET_AREA * sizeof (float));
      g_assert_true (emulated_net_run (fixture, plan, &error));
      g_assert_cmpmem (first, EMULATED_NET_AREA * sizeof (float), fixture->map, EMULATED_NET_AREA * sizeof (float));
    }
  g_autoptr (DhPlan) other = emulated_net_plan (fixture, device, DH_PRECISION_F32, &error);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (emulated_net_run (fixture, other, &error));
      g_assert_cmpmem (first, EMULATED_NET_AREA * sizeof (float), fixture->map, EMULATED_NET_AREA * sizeof (float));
    }
  dh_plan_set_timing (other, TRUE);
  g_assert_true (emulated_net_run (fixture, other, &error));
  g_autoptr (GArray) steps = dh_plan_list_steps (other);
  g_assert_cmpuint (steps->len, >, 20);
  /* Those of the last run alone, however it was made. */
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (other, fixture->input, (gpointer[]){ fixture->map }, &error)
                   && dh_plan_end (other, &error));
  g_autoptr (GArray) last = dh_plan_list_steps (other);
  g_assert_cmpuint (last->len, ==, steps->len);
}

/* What the card refuses to record is started between recordings of the rest, in order: the same maps, of floats and of
 * bytes, in both of the places that runs have. A recording that fails as a whole is made in parts. */
static void
test_refused (EmulatedNet *fixture, gconstpointer data)
{
  static const struct
  {
    const char *refused, *fail;
    guint n_recordings; /* of a run */
    const char *said;
  } cases[] = {
    { "", NULL, 1, NULL },
    { "", "record:1", 1, NULL },
    { "kernel-0", NULL, 1, "1 of " },
    { "kernel-5", NULL, 1, "1 of " },
    { "conv-4", NULL, 2, "denselayer2.conv1” (plain C): " },
    { "conv-4,conv-5", NULL, 2, NULL },
    { "conv-4,conv-8", NULL, 3, NULL },
    { "kernel-0,conv-4,kernel-5", NULL, 2, "3 of " },
    { "all", NULL, 0, "71 of 71 steps, the first “picture” (pack): " },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhImage) image = dh_image_new (EMULATED_NET_WIDTH, EMULATED_NET_HEIGHT);
  for (guint i = 0; i < 3 * EMULATED_NET_AREA; i++)
    image->rgb[i] = (guint8)(i * 7);
  dh_image_to_planes (image, fixture->input);
  g_autoptr (DhPlan) plain = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_assert_true (emulated_net_run (fixture, plain, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, EMULATED_NET_AREA * sizeof (float));
  if (data)
    g_setenv ("DH_EMULATED_REFUSES_LATE", "1", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* Convolutions are counted by the card. */
      g_autoptr (DhDevice) own = emulated_open_card ();
      g_autoptr (DhPlan) plan = emulated_net_plan (fixture, own, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      gpointer maps[] = { fixture->map };
      g_setenv ("DH_EMULATED_REFUSES", cases[i].refused, TRUE);
      g_setenv ("DH_EMULATED_FAIL", cases[i].fail ? cases[i].fail : "", TRUE);
      for (guint number = 0; number < 10; number++)
        {
          g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
          memset (fixture->map, 0xff, EMULATED_NET_AREA * sizeof (float));
          g_assert_true (number % 4 < 2 ? dh_plan_begin (plan, fixture->input, maps, &error)
                                        : dh_plan_begin_rgb (plan, image->rgb, maps, &error));
          g_assert_true (dh_plan_end (plan, &error));
          g_assert_cmpmem (expected, EMULATED_NET_AREA * sizeof (float), fixture->map,
                           EMULATED_NET_AREA * sizeof (float));
          g_assert_cmpint (atoi (g_getenv ("DH_EMULATED_REPLAYS")), ==, number ? (gint)cases[i].n_recordings : 0);
        }
      g_autofree char *words = dh_plan_to_string (plan);
      const char *said = strstr (words, "not recorded: ");
      g_test_message ("%s: %s", cases[i].refused, said ? said : "recorded");
      g_assert_true (!said == !*cases[i].refused);
      g_assert_true (!cases[i].said || strstr (said, cases[i].said));
    }
  g_unsetenv ("DH_EMULATED_REPLAYS");
  g_unsetenv ("DH_EMULATED_REFUSES");
  g_unsetenv ("DH_EMULATED_REFUSES_LATE");
}

/* Steps that are recorded each by itself, but not together, are started as they are. */
static void
test_refused_together (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_setenv ("DH_EMULATED_REFUSES", "conv-4", TRUE);
  g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
  g_assert_true (emulated_net_run (fixture, plan, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, EMULATED_NET_AREA * sizeof (float));
  /* All of it, 71 steps, what is before the convolution, and this. */
  g_setenv ("DH_EMULATED_FAIL", "record:74", TRUE);
  g_assert_true (emulated_net_run (fixture, plan, &error));
  g_assert_cmpmem (expected, EMULATED_NET_AREA * sizeof (float), fixture->map, EMULATED_NET_AREA * sizeof (float));
  g_assert_cmpstr (g_getenv ("DH_EMULATED_REPLAYS"), ==, "1");
  g_autofree char *words = dh_plan_to_string (plan);
  g_assert_nonnull (strstr (words, " of 71 steps, the first “backbone.features.denseblock1.denselayer2.conv1"));
  g_assert_null (strstr (words, "not recorded: 1 of 71 steps"));
  g_unsetenv ("DH_EMULATED_REPLAYS");
  g_unsetenv ("DH_EMULATED_REFUSES");
}

/* The card is lost in the second of two recordings, in what is started between them, or while it records. */
static void
test_lost_apart (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_setenv ("DH_EMULATED_REFUSES", "conv-4", TRUE);
  /* From the third on in the other place, whose first is recorded. */
  for (guint i = 0; i < 2 + !g_str_has_prefix (data, "launch:"); i++)
    g_assert_true (emulated_net_run (fixture, plan, &error));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_false (emulated_net_run (fixture, plan, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_unsetenv ("DH_EMULATED_REFUSES");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "the card was lost in"));
  g_clear_error (&error);
  g_assert_false (emulated_net_run (fixture, plan, &error));
  g_assert_nonnull (strstr (error->message, "open it again"));
}

/* A run that was stopped counts for none: what it did not come to is not recorded before it ran. */
static void
test_cancelled (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer maps[] = { fixture->map };
  g_setenv ("DH_EMULATED_FAIL", "cancel:5", TRUE);
  g_cancellable_push_current (cancellable);
  g_assert_false (dh_plan_run (plan, fixture->input, maps, cancellable, NULL, &error));
  g_cancellable_pop_current (cancellable);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  for (guint i = 0; i < 3; i++)
    g_assert_true (emulated_net_run (fixture, plan, &error));
}

/* Runs that overlap give what runs one by one give, whichever lane is ahead; a fault ends all of them. */
static void
test_overlap (EmulatedNet *fixture, gconstpointer data)
{
  enum
  {
    RUNS = 7
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhPlan) other = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autofree float *expected = g_new (float, (gsize)RUNS *EMULATED_NET_AREA),
                   *found = g_new0 (float, (gsize)RUNS *EMULATED_NET_AREA);
  g_autofree float *pictures = g_new (float, (gsize)RUNS * 3 * EMULATED_NET_AREA);
  g_assert_cmpuint (dh_plan_depth (plan), ==, 2);
  for (guint i = 0; i < RUNS; i++)
    {
      for (guint j = 0; j < 3 * EMULATED_NET_AREA; j++)
        pictures[i * 3 * EMULATED_NET_AREA + j] = fixture->input[j] * (float)(i + 1) / RUNS;
      g_assert_true (dh_plan_run (other, pictures + i * 3 * EMULATED_NET_AREA,
                                  (gpointer[]){ expected + i * EMULATED_NET_AREA }, NULL, NULL, &error));
    }
  for (guint i = 0; i <= RUNS; i++)
    {
      if (i < RUNS)
        g_assert_true (dh_plan_begin (plan, pictures + i * 3 * EMULATED_NET_AREA,
                                      (gpointer[]){ found + i * EMULATED_NET_AREA }, &error));
      if (i == 0)
        continue;
      g_assert_true (dh_plan_end (plan, &error));
      g_assert_cmpmem (expected + (i - 1) * EMULATED_NET_AREA, EMULATED_NET_AREA * sizeof (float),
                       found + (i - 1) * EMULATED_NET_AREA, EMULATED_NET_AREA * sizeof (float));
    }
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (plan, pictures, (gpointer[]){ found + i * EMULATED_NET_AREA }, &error));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_false (dh_plan_end (plan, &error));
  memset (found, 7, 2 * EMULATED_NET_AREA * sizeof (float)); /* it is the caller's again */
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (dh_plan_begin (plan, pictures, (gpointer[]){ found }, &error));
  g_assert_nonnull (strstr (error->message, "open it again"));
}

/* Bytes give the bits of the floats that they stand for, mixed with them in any order, plain and recorded; and maps
 * that nobody wants are dropped. */
static void
test_bytes (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhPlan) other = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  g_autoptr (DhImage) image = dh_image_new (EMULATED_NET_WIDTH, EMULATED_NET_HEIGHT);
  g_autofree float *expected = g_new (float, EMULATED_NET_AREA);
  guint32 random = 9;
  for (guint i = 0; i < 7; i++)
    {
      for (guint j = 0; j < 3 * EMULATED_NET_AREA; j++)
        image->rgb[j] = (guint8)((random = random * 1664525u + 1013904223u) >> 24);
      dh_image_to_planes (image, fixture->input);
      g_assert_true (dh_plan_run (other, fixture->input, (gpointer[]){ expected }, NULL, NULL, &error));
      gpointer maps[] = { fixture->map };
      g_assert_true (i % 3 == 2 ? dh_plan_begin (plan, fixture->input, maps, &error)
                                : dh_plan_begin_rgb (plan, image->rgb, maps, &error));
      if (i == 3)
        {
          g_assert_true (dh_plan_begin_rgb (plan, image->rgb, NULL, &error));
          g_assert_cmpuint (dh_plan_in_flight (plan), ==, 2);
          g_assert_true (dh_plan_end (plan, &error));
        }
      g_assert_true (dh_plan_end (plan, &error));
      g_assert_cmpmem (expected, EMULATED_NET_AREA * sizeof (float), fixture->map, EMULATED_NET_AREA * sizeof (float));
    }
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, test) g_test_add (path, EmulatedNet, data, emulated_net_set_up, test, emulated_net_tear_down)
  ADD ("/cuda/ways", NULL, test_ways);
  ADD ("/cuda/refused/at-once", NULL, test_refused);
  ADD ("/cuda/refused/late", "late", test_refused);
  ADD ("/cuda/refused/together", NULL, test_refused_together);
  ADD ("/cuda/refused/lost-in-recording", "replay:2", test_lost_apart);
  ADD ("/cuda/refused/lost-between", "run:1", test_lost_apart);
  ADD ("/cuda/refused/lost-while-recording", "launch:3", test_lost_apart);
  ADD ("/cuda/cancelled", NULL, test_cancelled);
  ADD ("/cuda/overlap", NULL, test_overlap);
  ADD ("/cuda/bytes", NULL, test_bytes);
#undef ADD
  return g_test_run ();
}
