#include "dh-model-onnx.h"

#include "dh-class-table.h"
#include "dh-config.h"
#include "dh-model-net.h"
#include "dh-predictor.h"
#include "dh-onnx.h"

static const DhMap maps[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };

static const DhClassTable *
table_of (DhModel *model)
{
  return dh_class_table_for_count ((guint)dh_model_classes (model));
}

static char *
describe (DhModel *model, guint height, guint width)
{
  const DhClassTable *table = table_of (model);
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          "%s, from an image to its maps.\n"
                          "Input \"" DH_ONNX_INPUT
                          "\": uint8, 1 x %u x %u x 3 (height, width, channels): RGB, 0 to 255, as a decoder gives "
                          "it. Scaling and normalisation are done in this graph.\n"
                          "Outputs, each 1 x %u x %u:\n"
                          "\"segmentation\": uint8, the class of the largest of the logits f.\n"
                          "\"likelihood\": float32, logsumexp f, the unnormalised ln p(x); high = familiar.\n",
                          dh_model_title (model), height, width, height, width);
  if (dh_model_has_outlier_head (model))
    g_string_append (text, "\"dataset_posterior\": float32, softmax(g)[0] of the outlier logits g; 1 = familiar.\n"
                           "\"hybrid\": float32, -logsumexp f + ln softmax(g)[1]; high = anomalous.");
  else
    g_string_append (text, "Without an outlier head there are no dataset posterior and hybrid score.");
  if (!dh_model_class_names (model) && table) /* weights do not say what they were trained on */
    g_string_append_printf (text, "\nThe class names in the metadata are those of %s, by the number of classes alone.",
                            table->title);
  return g_string_free (text, FALSE);
}

/* A JSON array: of the network's own names, else of the table's. */
static char *
join_names (DhModel *model, const DhClassTable *table)
{
  const char *const *names = dh_model_class_names (model);
  GString *text = g_string_new ("[");
  for (gint i = 0; i < dh_model_classes (model); i++)
    {
      g_string_append (text, i ? ", \"" : "\"");
      for (const char *at = names ? names[i] : table->classes[i].name; *at; at++)
        {
          if (*at == '"' || *at == '\\')
            g_string_append_c (text, '\\');
          g_string_append_c (text, *at);
        }
      g_string_append_c (text, '"');
    }
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static GHashTable *
make_metadata (DhModel *model)
{
  const DhClassTable *table = table_of (model);
  GHashTable *metadata = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (metadata, "program", g_strdup ("DenseHybrid Studio " DH_VERSION));
  g_hash_table_insert (metadata, "weights_sha256", g_strdup (dh_model_sha256 (model)));
  g_hash_table_insert (metadata, "architecture", g_strdup (dh_model_architecture (model)));
  g_hash_table_insert (metadata, "classes", g_strdup_printf ("%d", dh_model_classes (model)));
  if (table || dh_model_class_names (model))
    g_hash_table_insert (metadata, "class_names", join_names (model, table));
  return metadata;
}

gboolean
dh_model_save_onnx (DhModel *model, const char *path, guint height, guint width, GError **error)
{
  g_return_val_if_fail (model != NULL && path != NULL, FALSE);
  if (!dh_predictor_check_size (width, height, error))
    return FALSE;
  const DhNet *net = dh_model_net (model);
  DhValue outputs[G_N_ELEMENTS (maps)];
  guint n_outputs = 0;
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    if (net->maps[maps[i]] != DH_NO_VALUE)
      outputs[n_outputs++] = net->maps[maps[i]];
  g_autofree char *description = describe (model, height, width);
  g_autoptr (GHashTable) metadata = make_metadata (model);
  const DhOnnxContents contents = { .graph = net->graph,
                                    .parameters = dh_model_tensors (model),
                                    .outputs = outputs,
                                    .n_outputs = n_outputs,
                                    .height = (gint)height,
                                    .width = (gint)width,
                                    .name = dh_model_architecture (model),
                                    .description = description,
                                    .metadata = metadata };
  return dh_onnx_save (path, &contents, error);
}
