#include <math.h>
#include "dh-nets.h"
#include "dh-step-work.h"

/* Steps of training as they were timed (tests/bench/bench-train NETWORK BATCH SIDE, cpu, two threads of a Zen 5). */
#define THREADS 2
#define THREAD_SPEED 230e9
static const struct
{
  const char *network;
  gint batch, side;
  double seconds;
} timed[] = {
  { "ldn-tiny", 2, 64, 0.0018 },     { "ldn-tiny", 4, 128, 0.0045 },     { "ldn-tiny", 4, 256, 0.0149 },
  { "ldn-demo", 8, 128, 0.0247 },    { "ldn-demo", 4, 256, 0.0416 },     { "dlv3p-tiny", 4, 128, 0.0126 },
  { "dlv3p-tiny", 2, 256, 0.0264 },  { "ldn121", 2, 512, 0.7078 },       { "ldn121", 2, 768, 1.3851 },
  { "dlv3p_wrn38", 2, 256, 6.5065 }, { "dlv3p_wrn38", 2, 512, 18.4464 },
};

static DhStepParts
parts_of (const char *network, gint batch, gint side)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  const DhShape input = { batch, 3, side, side };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (net->graph, input, &error);
  g_assert_no_error (error);
  const DhValue outputs[] = { net->logits, net->logits_ood };
  const DhStepParts parts = dh_step_parts (net->graph, shapes, outputs, 2);
  g_assert_cmpfloat (parts.flop, ==, dh_graph_flop (net->graph, shapes, outputs, 2));
  return parts;
}

static void
test_timed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (timed); i++)
    {
      const DhStepParts parts = parts_of (timed[i].network, timed[i].batch, timed[i].side);
      const double guess = 3 * dh_step_work (&parts) / (THREADS * THREAD_SPEED);
      g_test_message ("%s %d %d: flop %g bytes %g nodes %g guess %.4f timed %.4f ratio %.2f", timed[i].network,
                      timed[i].batch, timed[i].side, parts.flop, parts.bytes, parts.nodes, guess, timed[i].seconds,
                      guess / timed[i].seconds);
      g_assert_cmpfloat (guess, <, 2 * timed[i].seconds);
      g_assert_cmpfloat (guess, >, timed[i].seconds / 2);
    }
}

/* More with every side and batch; never less than the convolutions; less than twice for twice the batch. */
static void
test_properties (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (timed); i++)
    for (gint batch = 1; batch <= 4; batch++)
      for (gint side = 64; side <= 512; side += 64)
        {
          const DhStepParts parts = parts_of (timed[i].network, batch, side);
          const DhStepParts wider = parts_of (timed[i].network, batch, side + 64);
          const DhStepParts twice = parts_of (timed[i].network, 2 * batch, side);
          const double work = dh_step_work (&parts);
          g_assert_cmpfloat (work, >, parts.flop);
          g_assert_cmpfloat (dh_step_work (&wider), >, work);
          g_assert_cmpfloat (dh_step_work (&twice), >, work);
          g_assert_cmpfloat (dh_step_work (&twice), <, 2 * work);
          g_assert_true (isfinite (work));
        }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/step-work/timed", test_timed);
  g_test_add_func ("/step-work/properties", test_properties);
  return g_test_run ();
}
