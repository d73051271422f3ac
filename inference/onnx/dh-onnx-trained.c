#include "dh-onnx-trained.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "dh-file.h"
#include "dh-onnx.h"
#include "dh-text.h"

static const char *const names[] = { "logits", "logits_ood" };

static void
add_colour (JsonBuilder *json, const char *name, const float numbers[3], double factor)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
  for (guint c = 0; c < 3; c++)
    json_builder_add_double_value (json, (double)numbers[c] * factor);
  json_builder_end_array (json);
}

static char *
describe (const DhNet *net, const DhOnnxPictures *pictures)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  gboolean bytes = FALSE; /* numbers over 1 are read as those of pictures in 0…255 */
  for (guint c = 0; c < 3; c++)
    bytes = bytes || pictures->mean[c] > 1 || pictures->mean[c] < -1 || pictures->deviation[c] > 1;
  json_builder_begin_object (json);
  add_colour (json, "mean", pictures->mean, bytes ? 255 : 1);
  add_colour (json, "std", pictures->deviation, bytes ? 255 : 1);
  json_builder_set_member_name (json, "logits");
  json_builder_add_string_value (json, names[0]);
  if (net->logits_ood != DH_NO_VALUE)
    {
      json_builder_set_member_name (json, "outlier_logits");
      json_builder_add_string_value (json, names[1]);
    }
  if (pictures->classes)
    {
      json_builder_set_member_name (json, "classes");
      json_builder_begin_array (json);
      for (guint i = 0; pictures->classes[i]; i++)
        json_builder_add_string_value (json, pictures->classes[i]);
      json_builder_end_array (json);
    }
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return dh_text_mend_json (json_to_string (root, TRUE));
}

gboolean
dh_onnx_save_trained (const char *path, const DhNet *net, DhTensorDict *tensors, const DhOnnxPictures *pictures,
                      gint side, GError **error)
{
  g_return_val_if_fail (path != NULL && net != NULL && tensors != NULL && pictures != NULL, FALSE);
  const DhValue outputs[] = { net->logits, net->logits_ood };
  const DhOnnxContents contents = { .graph = net->graph,
                                    .parameters = tensors,
                                    .outputs = outputs,
                                    .n_outputs = net->logits_ood == DH_NO_VALUE ? 1 : 2,
                                    .names = names,
                                    .height = side,
                                    .width = side,
                                    .name = dh_architecture_name (&net->architecture),
                                    .description = "A network that was trained on; how its pictures are normalised "
                                                   "stands in the .onnx.json beside it." };
  g_autofree char *beside = g_strconcat (path, ".json", NULL), *text = describe (net, pictures);
  /* First, for without it the network would be read as another. */
  return dh_file_write (beside, text, strlen (text), error) && dh_onnx_save (path, &contents, error);
}
