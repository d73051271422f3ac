#include "dh-nets.h"
#include "golden.h"

/* The keys, shapes and dtypes of the reference implementation's own state dicts, in their order. */
static void
test_keys (gconstpointer data)
{
  const char *const *pair = data; /* architecture, class of the reference */
  g_autofree char *path = golden_path ("state_dicts.json");
  if (!path)
    return;
  g_autoptr (JsonNode) root = golden_read_json (path);
  JsonArray *expected = json_object_get_array_member (json_node_get_object (root), pair[1]);

  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (pair[0], 0, &architecture, NULL));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  for (guint i = 0; i < MIN (keys->len, json_array_get_length (expected)); i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      JsonArray *line = json_array_get_array_element (expected, i);
      g_assert_cmpstr (key->name, ==, json_array_get_string_element (line, 0));
      JsonArray *shape = json_array_get_array_element (line, 1);
      g_assert_cmpuint (key->n_dims, ==, json_array_get_length (shape));
      for (guint d = 0; d < key->n_dims; d++)
        g_assert_cmpint (key->dims[d], ==, json_array_get_int_element (shape, d));
      g_assert_cmpstr (dh_dtype_name (key->dtype), ==, json_array_get_string_element (line, 2));
    }
  g_assert_cmpuint (keys->len, ==, json_array_get_length (expected));
}

int
main (int argc, char **argv)
{
  static const char *const pairs[][2] = { { "ldn121-closed", "LadderDenseNet" },
                                          { "ldn121", "LadderDenseNetTH" },
                                          { "dlv3p_wrn38-closed", "DeepWV3Plus" },
                                          { "dlv3p_wrn38", "DeepWV3PlusTH" } };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *path = g_strdup_printf ("/state-dicts/%s", pairs[i][0]);
      g_test_add_data_func (path, pairs[i], test_keys);
    }
  return g_test_run ();
}
