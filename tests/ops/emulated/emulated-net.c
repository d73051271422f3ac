#include "emulated-net.h"

#include "dh-error.h"

void
emulated_net_set_up (EmulatedNet *fixture, gconstpointer data)
{
  DhArchitecture architecture;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 5, &architecture, NULL));
  fixture->net = dh_net_new (&architecture);
  fixture->weights = dh_net_new_seeded (fixture->net, 3, 1);
  fixture->input = g_new (float, 3 * EMULATED_NET_AREA);
  fixture->map = g_new (float, EMULATED_NET_AREA);
  g_autofree double *r = g_new (double, 3 * EMULATED_NET_AREA);
  dh_seeded_uniform ("input", 3, 3 * EMULATED_NET_AREA, r);
  for (guint i = 0; i < 3 * EMULATED_NET_AREA; i++)
    fixture->input[i] = (float)(r[i] * 0.5 + 0.5);
}

void
emulated_net_tear_down (EmulatedNet *fixture, gconstpointer data)
{
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_net_unref (fixture->net);
  dh_tensor_dict_unref (fixture->weights);
  g_free (fixture->input);
  g_free (fixture->map);
}

DhPlan *
emulated_net_plan (EmulatedNet *fixture, DhDevice *device, DhPrecision precision, GError **error)
{
  const DhPlanOptions options = { .input = { 1, 3, EMULATED_NET_HEIGHT, EMULATED_NET_WIDTH },
                                  .precision = precision,
                                  .outputs = &fixture->net->maps[DH_MAP_HYBRID],
                                  .n_outputs = 1 };
  return dh_plan_new (device, fixture->net->graph, fixture->weights, &options, error);
}

gboolean
emulated_net_run (EmulatedNet *fixture, DhPlan *plan, GError **error)
{
  return dh_plan_run (plan, fixture->input, (gpointer[]){ fixture->map }, NULL, NULL, error);
}
