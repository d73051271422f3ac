#include <stdio.h>

#include "cli.h"

/* The device that "auto" takes: the first kind that is there. */
static const char *
find_default (GPtrArray *infos)
{
  static const char *const order[] = { "cuda", "cpu", "ref" };
  for (guint k = 0; k < G_N_ELEMENTS (order); k++)
    for (guint i = 0; i < infos->len; i++)
      {
        const DhDeviceInfo *info = g_ptr_array_index (infos, i);
        if (info->available && g_str_equal (info->kind, order[k]))
          return info->name;
      }
  return NULL;
}

static void
add_json (JsonBuilder *json, const DhDeviceInfo *info)
{
  json_builder_begin_object (json);
  dh_json_member_string (json, "name", info->name);
  dh_json_member_string (json, "kind", info->kind);
  dh_json_member_string (json, "title", info->title);
  dh_json_member_string (json, "instructions", info->instructions);
  dh_json_member_string (json, "source", info->source);
  dh_json_member_boolean (json, "available", info->available);
  dh_json_member_string (json, "why_not", info->why_not);
  dh_json_member_int (json, "memory_mib", info->memory >> 20);
  json_builder_set_member_name (json, "precisions");
  json_builder_begin_array (json);
  for (guint p = 0; p < DH_N_PRECISIONS; p++)
    if (info->precisions & 1u << p)
      json_builder_add_string_value (json, dh_precision_name (p));
  json_builder_end_array (json);
  json_builder_end_object (json);
}

static void
print_info (const DhDeviceInfo *info, const char *chosen)
{
  if (!info->available)
    {
      printf ("%-8s not available: %s\n", info->name, info->why_not ? info->why_not : "no reason is known");
      return;
    }
  g_autoptr (GString) precisions = g_string_new (NULL);
  for (guint p = 0; p < DH_N_PRECISIONS; p++)
    if (info->precisions & 1u << p)
      g_string_append_printf (precisions, "%s%s", precisions->len ? ", " : "", dh_precision_name (p));
  printf ("%-8s %s%s%s%s%s · %" G_GUINT64_FORMAT " MiB · %s%s\n", info->name, info->title ? info->title : info->kind,
          info->source ? " from " : "", info->source ? info->source : "", info->instructions ? " · " : "",
          info->instructions ? info->instructions : "", info->memory >> 20, precisions->str,
          g_strcmp0 (chosen, info->name) == 0 ? " · default" : "");
}

int
dh_cmd_devices (DhCli *cli, int argc, char **argv)
{
  int status;
  if (!dh_cli_parse (cli, argc, argv, NULL, NULL, "[--json]", "What can compute here, and why something cannot.",
                     "densehybrid devices", NULL, &status))
    return status;

  g_autoptr (GPtrArray) infos = dh_devices_list ();
  const char *chosen = find_default (infos);
  if (!cli->json)
    {
      for (guint i = 0; i < infos->len; i++)
        print_info (g_ptr_array_index (infos, i), chosen);
      return DH_EXIT_DONE;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "devices");
  json_builder_begin_array (json);
  for (guint i = 0; i < infos->len; i++)
    add_json (json, g_ptr_array_index (infos, i));
  json_builder_end_array (json);
  dh_json_member_string (json, "default", chosen);
  json_builder_end_object (json);
  dh_json_print (json);
  return DH_EXIT_DONE;
}
