#include <stdio.h>
#include <string.h>

#include "cli-model.h"
#include "cmd-weights-private.h"
#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-inspection.h"
#include "dh-model.h"

enum
{
  MAX_LISTED = 20, /* keys of one kind, for people */
};

static void
add_strings (JsonBuilder *json, const char *name, char **strings)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
  for (; *strings; strings++)
    json_builder_add_string_value (json, *strings);
  json_builder_end_array (json);
}

static void
print_json (const DhInspection *inspection)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "file", inspection->path);
  dh_json_member_string (json, "container", inspection->container);
  dh_json_member_string (json, "architecture", inspection->architecture);
  dh_json_member_string (json, "why_not", inspection->why_not);
  json_builder_set_member_name (json, "classes");
  if (inspection->architecture)
    json_builder_add_int_value (json, inspection->classes);
  else
    json_builder_add_null_value (json);
  if (inspection->class_names)
    add_strings (json, "class_names", inspection->class_names);
  dh_json_member_boolean (json, "outlier_head", inspection->outlier_head);
  dh_json_member_int (json, "parameters", inspection->parameters);
  dh_json_member_int (json, "tensors", inspection->n_tensors);
  dh_json_member_string (json, "normalisation", inspection->normalisation);
  dh_json_member_string (json, "prefix", inspection->prefix);
  dh_json_member_string (json, "wrapper", inspection->wrapper);
  dh_json_member_boolean (json, "loadable", dh_inspection_is_loadable (inspection));
  add_strings (json, "missing", inspection->missing);
  add_strings (json, "unexpected", inspection->unexpected);
  add_strings (json, "misshaped", inspection->misshaped);
  add_strings (json, "defaulted", inspection->defaulted);
  add_strings (json, "non_finite", inspection->non_finite);
  dh_json_member_string (json, "sha256", inspection->sha256);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_keys (const char *title, char **keys)
{
  const guint n = g_strv_length (keys);
  if (n == 0)
    return;
  printf ("%s (%u)\n", title, n);
  for (guint i = 0; i < MIN (n, MAX_LISTED); i++)
    printf ("  %s\n", keys[i]);
  if (n > MAX_LISTED)
    printf ("  … and %u more: --json lists them all\n", n - MAX_LISTED);
}

static void
print_text (const DhInspection *inspection)
{
  printf ("%s\n", inspection->path);
  printf ("  container      %s, %u tensors\n", inspection->container, inspection->n_tensors);
  if (inspection->architecture)
    {
      printf ("  architecture   %s\n", inspection->architecture);
      g_autofree char *names = inspection->class_names ? g_strjoinv (", ", inspection->class_names) : NULL;
      printf ("  classes        %d%s%s\n", inspection->classes, names ? ": " : "", names ? names : "");
      printf ("  outlier head   %s\n",
              inspection->outlier_head ? "yes" : "no: dataset posterior and hybrid score are not available");
      printf ("  normalisation  %s\n", inspection->normalisation);
    }
  else
    printf ("  architecture   unknown: %s\n", inspection->why_not);
  printf ("  parameters     %" G_GINT64_FORMAT "\n", inspection->parameters);
  if (*inspection->wrapper)
    printf ("  wrapper        %s (removed)\n", inspection->wrapper);
  if (*inspection->prefix)
    printf ("  prefix         %s (removed)\n", inspection->prefix);
  printf ("  SHA-256        %s\n", inspection->sha256);
  if (inspection->architecture)
    printf ("  loads          %s\n", dh_inspection_is_loadable (inspection) ? "yes" : "no");
  print_keys ("Missing", inspection->missing);
  print_keys ("Of another shape", inspection->misshaped);
  print_keys ("Not known to the network", inspection->unexpected);
  print_keys ("Holding NaN or infinite values, so that maps will too", inspection->non_finite);
  const guint defaulted = g_strv_length (inspection->defaulted);
  if (defaulted > 0)
    printf ("%u %s missing (num_batches_tracked, logits_aux): weights convert adds %s\n", defaulted,
            defaulted == 1 ? "key that nothing depends on is" : "keys that nothing depends on are",
            defaulted == 1 ? "it" : "them");
}

static int
inspect (DhCli *cli, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  int status;
  if (!dh_cli_parse (cli, argc, argv, NULL, NULL, "FILE",
                     "Says what a file of weights holds, whether it can be loaded, and what is missing.",
                     "densehybrid weights inspect ldn121.pth", &rest, &status))
    return status;
  if (g_strv_length (rest) != 1)
    return dh_cli_usage (cli, "it takes one file");

  g_autoptr (GError) error = NULL;
  DhCheckpoint *checkpoint = NULL;
  const gboolean foreign = dh_model_is_foreign (rest[0]);
  if (!foreign && !(checkpoint = dh_cli_open_checkpoint (rest[0], &error)))
    return dh_cli_fail (cli, &error);
  g_autoptr (DhInspection) inspection =
      foreign ? dh_inspect (rest[0], TRUE, &error) : dh_inspect_take (checkpoint, rest[0], TRUE);
  if (!inspection)
    return dh_cli_fail (cli, &error);
  if (cli->json)
    print_json (inspection);
  else
    print_text (inspection);
  return DH_EXIT_DONE;
}

/* The state dict to write: the whole one of a network that is known, else what the file holds. */
static DhTensorDict *
dup_state (DhCli *cli, const char *path, gboolean as_is, DhModel **model, GError **error)
{
  if (dh_model_is_foreign (path))
    {
      g_set_error (
          error, DH_ERROR, DH_ERROR_UNSUPPORTED,
          "%s brings its network with it, of which a file of weights knows nothing: it can be written as .onnx "
          "alone",
          path);
      return NULL;
    }
  g_autoptr (DhCheckpoint) checkpoint = dh_cli_open_checkpoint (path, error);
  if (!checkpoint)
    return NULL;
  if (as_is)
    return dh_tensor_dict_ref (dh_checkpoint_state (checkpoint));
  *model = dh_cli_load_model (path, NULL, error);
  if (!*model)
    {
      g_prefix_error (error, "the weights cannot be completed (--as-is converts them nevertheless): ");
      return NULL;
    }
  const guint unexpected = g_strv_length ((char **)dh_model_unexpected (*model));
  if (unexpected > 0)
    dh_cli_note (cli,
                 unexpected == 1 ? "%u key that %s does not know is left out: %s (--as-is keeps it)"
                                 : "%u keys that %s does not know are left out, %s among them (--as-is keeps them)",
                 unexpected, dh_model_architecture (*model), dh_model_unexpected (*model)[0]);
  return dh_model_dup_state (*model, error);
}

static GHashTable *
make_metadata (DhModel *model)
{
  GHashTable *metadata = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (metadata, "format", g_strdup ("pt"));
  if (model)
    {
      g_hash_table_insert (metadata, "architecture", g_strdup (dh_model_architecture (model)));
      g_hash_table_insert (metadata, "classes", g_strdup_printf ("%d", dh_model_classes (model)));
    }
  return metadata;
}

static int
save_weights (DhCli *cli, const char *from, const char *to, gboolean as_is)
{
  const gboolean pth = !g_str_has_suffix (to, ".safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = NULL;
  g_autoptr (DhTensorDict) state = dup_state (cli, from, as_is, &model, &error);
  if (!state)
    return dh_cli_fail (cli, &error);
  g_autoptr (GHashTable) metadata = pth ? NULL : make_metadata (model);
  const DhCheckpointContents contents = { .state = state, .metadata = metadata };
  if (!(pth ? dh_checkpoint_save_pth : dh_checkpoint_save_safetensors) (to, &contents, &error))
    return dh_cli_fail (cli, &error);
  if (cli->json)
    {
      JsonBuilder *json = json_builder_new ();
      json_builder_begin_object (json);
      dh_json_member_string (json, "input", from);
      dh_json_member_string (json, "output", to);
      dh_json_member_string (json, "container", pth ? "pytorch-zip" : "safetensors");
      dh_json_member_string (json, "architecture", model ? dh_model_architecture (model) : NULL);
      dh_json_member_int (json, "tensors", dh_tensor_dict_size (state));
      json_builder_end_object (json);
      dh_json_print (json);
    }
  else
    printf ("%s: %s%s%u tensors\n", to, model ? dh_model_title (model) : "", model ? ", " : "",
            dh_tensor_dict_size (state));
  return DH_EXIT_DONE;
}

static int
convert (DhCli *cli, int argc, char **argv)
{
  gboolean as_is = FALSE;
  g_autofree char *size = NULL;
  const GOptionEntry entries[] = {
    { "as-is", 0, 0, G_OPTION_ARG_NONE, &as_is, "Write what the file holds, of whatever network, without completing it",
      NULL },
    { "size", 0, 0, G_OPTION_ARG_STRING, &size,
      "Of .onnx: height x width of the images that the file is for (default 720x1280)", "HxW" },
    { NULL },
  };
  g_auto (GStrv) rest = NULL;
  int status;
  if (!dh_cli_parse (
          cli, argc, argv, entries, NULL, "IN OUT",
          "Writes weights in another container: OUT ends in .pth, .pt or .safetensors. Wrapper and prefix are\n"
          "removed, and what the published implementation wants beyond the network's needs is added, so that\n"
          "it loads there with strict=True. Where IN is demo, the weights that come with the program are written.\n\n"
          "Where OUT ends in .onnx it is the network with its weights, for ONNX Runtime, OpenVINO, TensorRT and\n"
          "others: from an image of one size (uint8, 1×H×W×3, RGB as decoded; what the network wants of it is\n"
          "part of the file) to segmentation, likelihood, dataset_posterior and hybrid (1×H×W each), in float32.",
          "densehybrid weights convert ldn121_hybrid.pth ldn121.onnx --size 1024x2048", &rest, &status))
    return status;
  if (g_strv_length (rest) != 2)
    return dh_cli_usage (cli, "it takes two files, IN and OUT");
  const gboolean onnx = g_str_has_suffix (rest[1], ".onnx");
  if (!onnx && !g_str_has_suffix (rest[1], ".pth") && !g_str_has_suffix (rest[1], ".pt")
      && !g_str_has_suffix (rest[1], ".safetensors"))
    return dh_cli_usage (cli, "%s ends in none of .pth, .pt, .safetensors, .onnx", rest[1]);
  if (onnx && as_is)
    return dh_cli_usage (cli, "--as-is writes weights alone; an .onnx file holds their network too");
  if (size && !onnx)
    return dh_cli_usage (cli, "--size belongs to .onnx; weights alone are of no size");
  gint height = 720, width = 1280;
  if (size && !dh_cli_parse_size (size, &height, &width))
    return dh_cli_usage (cli, "--size %s is no HxW, such as 720x1280", size);
  return onnx ? dh_weights_save_onnx (cli, rest[0], rest[1], (guint)height, (guint)width)
              : save_weights (cli, rest[0], rest[1], as_is);
}

int
dh_cmd_weights (DhCli *cli, int argc, char **argv)
{
  static const struct
  {
    const char *name, *whole;
    int (*run) (DhCli *cli, int argc, char **argv);
  } commands[] = { { "inspect", "weights inspect", inspect },
                   { "convert", "weights convert", convert },
                   { "check", "weights check", dh_weights_check } };
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      {
        cli->command = commands[i].whole;
        return commands[i].run (cli, argc - 1, argv + 1);
      }
  if (argc > 1 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0))
    {
      printf (
          "Usage: densehybrid weights inspect FILE\n"
          "       densehybrid weights convert IN OUT\n"
          "       densehybrid weights check W\n\n"
          "Says what a file of weights holds; writes it in another container, or its network as ONNX; checks\n"
          "whether it still gives what it gave. \"densehybrid weights check --help\" and so on tell the options.\n\n"
          "Example:\n  densehybrid weights inspect ldn121.pth\n");
      return DH_EXIT_DONE;
    }
  if (argc > 1)
    return dh_cli_usage (cli,
                         "\"weights %s\" is no command: there are \"weights inspect\", \"weights convert\" and "
                         "\"weights check\"",
                         argv[1]);
  return dh_cli_usage (cli,
                       "say what to do: \"weights inspect FILE\", \"weights convert IN OUT\" or \"weights check W\"");
}
