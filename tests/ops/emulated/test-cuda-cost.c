#include <stdlib.h>
#include <string.h>

#include "dh-device.h"
#include "dh-nets.h"

/* What the plans of both networks cost at least on an H100, by what they move, compute and launch: no change may make
 * them dearer unseen. An estimate: no card has run them. */

typedef struct
{
  const char *network;
  gint height, width;
  guint launches;
  double megabytes, milliseconds;
  const char *taps; /* how far dilations are made */
} Case;

static const Case cases[] = {
  { "ldn121", 1024, 2048, 148, 2551, 0.985, "one" },
  { "ldn121", 720, 1280, 148, 1135, 0.53, "one" },
  { "dlv3p_wrn38", 1024, 2048, 76, 14303, 15.99, "one" },
  { "dlv3p_wrn38", 1024, 2048, 79, 15209, 16.14, "taps" },
};

/* The numbers of the line that ends so. */
static void
read_sum (const char *text, guint *launches, double *megabytes, double *microseconds)
{
  const char *line = strstr (text, "  in all\n");
  g_assert_nonnull (line);
  while (line > text && line[-1] != '\n')
    line--;
  char **words = g_strsplit_set (g_strstrip (g_strndup (line, strcspn (line, "\n"))), " ", -1);
  GPtrArray *found = g_ptr_array_new ();
  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_ptr_array_add (found, words[i]);
  *launches = (guint)atoi (g_ptr_array_index (found, 0));
  *megabytes = g_ascii_strtod (g_ptr_array_index (found, 2), NULL);
  *microseconds = g_ascii_strtod (g_ptr_array_index (found, 6), NULL);
  g_ptr_array_unref (found);
  g_strfreev (words);
}

static void
test_cost (gconstpointer data)
{
  static const DhMap maps[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (c->network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1);
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
  g_assert_no_error (error);
  DhValue outputs[G_N_ELEMENTS (maps)];
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    outputs[i] = net->maps[maps[i]];
  const DhPlanOptions options = { .input = { 1, 3, c->height, c->width },
                                  .precision = DH_PRECISION_F16,
                                  .outputs = outputs,
                                  .n_outputs = G_N_ELEMENTS (maps) };
  g_setenv ("DH_EMULATED_TAPS", c->taps, TRUE);
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, &error);
  g_assert_no_error (error);
  /* What is foretold knows what is made in one step, and leaves out the workspace and the rest of chunks. */
  const guint64 guess = dh_device_estimate (device, net->graph, &options), taken = dh_plan_memory (plan);
  g_test_message ("%.1f MiB foretold, %.1f taken", guess / 1048576.0, taken / 1048576.0);
  g_assert_cmpuint (guess, <=, taken);
  g_assert_cmpuint (taken, <=, guess + ((guint64)9 << 20));
  g_autofree char *text = dh_plan_to_string (plan);
  guint launches;
  double megabytes, microseconds;
  read_sum (text, &launches, &megabytes, &microseconds);
  if (g_getenv ("DH_TEST_VERBOSE"))
    g_printerr ("%s", text);
  else
    for (char *line = strstr (text, "at least"); line && *line; line = strchr (line, '\n') + 1)
      g_test_message ("%.*s", (int)strcspn (line, "\n"), line);
  g_assert_cmpuint (launches, <=, c->launches);
  g_assert_cmpfloat (megabytes, <=, c->megabytes);
  g_assert_cmpfloat (microseconds, <=, 1000 * c->milliseconds);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/cuda-cost/%s/%dx%d/%s", cases[i].network, cases[i].height, cases[i].width, cases[i].taps);
      g_test_add_data_func (path, &cases[i], test_cost);
    }
  return g_test_run ();
}
