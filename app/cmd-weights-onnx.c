#include <stdio.h>
#include <sys/stat.h>

#include "cli-model.h"
#include "cmd-weights-private.h"
#include "dh-error.h"
#include "dh-map.h"
#include "dh-model-onnx.h"

static const DhMap maps[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };

/* By whatever name: weights are told by their content, and nothing makes weights of an ONNX file again. */
static gboolean
is_same_file (const char *a, const char *b)
{
  struct stat of_a, of_b;
  return stat (a, &of_a) == 0 && stat (b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static gboolean
has_map (DhModel *model, DhMap map)
{
  return dh_model_has_outlier_head (model) || !dh_map_needs_ood (map);
}

static void
print_json (DhModel *model, const char *from, const char *to, guint height, guint width)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "input", from);
  dh_json_member_string (json, "output", to);
  dh_json_member_string (json, "container", "onnx");
  dh_json_member_string (json, "architecture", dh_model_architecture (model));
  json_builder_set_member_name (json, "size");
  json_builder_begin_array (json);
  json_builder_add_int_value (json, height);
  json_builder_add_int_value (json, width);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "maps");
  json_builder_begin_array (json);
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    if (has_map (model, maps[i]))
      json_builder_add_string_value (json, dh_map_name (maps[i]));
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

int
dh_weights_save_onnx (DhCli *cli, const char *from, const char *to, guint height, guint width)
{
  g_autoptr (GError) error = NULL;
  if (is_same_file (from, to))
    {
      g_set_error (&error, DH_ERROR, DH_ERROR_USAGE,
                   "%s: the weights would be written over by the network made of them: "
                   "choose another name",
                   to);
      return dh_cli_fail (cli, &error);
    }
  g_autoptr (DhModel) model = dh_cli_load_model (from, NULL, &error);
  if (!model || !dh_model_save_onnx (model, to, height, width, &error))
    return dh_cli_fail (cli, &error);
  if (!dh_model_has_outlier_head (model))
    dh_cli_note (cli, "the weights have no outlier head: dataset posterior and hybrid score are not available");
  if (cli->json)
    {
      print_json (model, from, to, height, width);
      return DH_EXIT_DONE;
    }
  printf ("%s: %s, for images of %ux%u (height x width; --size for others):", to, dh_model_title (model), height,
          width);
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    if (has_map (model, maps[i]))
      printf ("%s %s", i ? "," : "", dh_map_name (maps[i]));
  printf ("\n");
  return DH_EXIT_DONE;
}
