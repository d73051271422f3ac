#include "emulated-graph.h"

DhDevice *
emulated_open_card (void)
{
  g_autoptr (GError) error = NULL;
  DhDevice *device = dh_device_open ("cuda", 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_device_title (device), ==, "Emulated card");
  return device;
}

/* In [−1, 1), as good as at random. */
static float
noise (guint64 at)
{
  at = (at + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  at = (at ^ at >> 29) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  return (float)(gint32)(at >> 32) * 0x1p-31f;
}

float *
emulated_run_graph (DhDevice *device, DhGraph *graph, DhValue y, const char *variable, const char *way,
                    DhPrecision precision, DhShape input, gsize count, char **words, GError **error)
{
  g_autoptr (DhTensorDict) parameters = dh_tensor_dict_new ();
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, &y, 1);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = dh_tensor_new_f32 (wanted->n_dims, wanted->dims);
      for (gint64 j = 0; j < dh_tensor_count (tensor); j++)
        dh_tensor_f32 (tensor)[j] = (wanted->n_dims == 1 ? 0.5f : 0.0f) + 0.3f * noise (1000003 * i + (guint64)j);
      dh_tensor_dict_take (parameters, wanted->name, tensor);
    }
  const gsize n = (gsize)input.n * input.c * input.h * input.w;
  g_autofree float *picture = g_new (float, n);
  float *values = g_new (float, count);
  for (gsize i = 0; i < n; i++)
    picture[i] = noise (i << 32);
  const DhPlanOptions options = { .input = input, .precision = precision, .outputs = &y, .n_outputs = 1 };
  g_setenv (variable, way, TRUE);
  g_autoptr (DhPlan) plan = dh_plan_new (device, graph, parameters, &options, error);
  g_unsetenv (variable);
  dh_graph_unref (graph);
  gboolean fine = plan != NULL;
  for (guint i = 0; fine && i < 3; i++)
    fine = dh_plan_run (plan, picture, (gpointer[]){ values }, NULL, NULL, error);
  if (plan && words)
    *words = dh_plan_to_string (plan);
  return values;
}
