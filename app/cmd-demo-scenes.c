#include <stdio.h>

#include "cli.h"
#include "dh-scene-tree.h"

static gboolean
check (DhCli *cli, const char *out, gint64 seed, gint64 count, gint width, gint height, int *status)
{
  g_autoptr (GError) error = NULL;
  if (!out)
    *status = dh_cli_usage (cli, "give a folder to write to with --out DIR");
  else if (seed < 0)
    *status = dh_cli_usage (cli, "--seed %" G_GINT64_FORMAT " is negative. Give 0 or more", seed);
  else if (count < 1 || count > 99999)
    *status = dh_cli_usage (cli, "--count %" G_GINT64_FORMAT " is out of range. Give 1 to 99999", count);
  else if (!dh_scene_check_size (MAX (width, 0), MAX (height, 0), &error))
    *status = dh_cli_usage (cli, "%s", error->message);
  else
    return TRUE;
  return FALSE;
}

int
dh_cmd_demo_scenes (DhCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL;
  gint64 seed = 1, count = 200;
  gint width = DH_SCENE_WIDTH, height = DH_SCENE_HEIGHT;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Folder to write", "DIR" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "The same number draws the same scenes on every machine (1)", "N" },
    { "count", 0, 0, G_OPTION_ARG_INT64, &count,
      "Training scenes (200); a sixteenth of it for validation, an eighth for the test, a quarter as negatives", "N" },
    { "width", 0, 0, G_OPTION_ARG_INT, &width, "Pixels (512)", "N" },
    { "height", 0, 0, G_OPTION_ARG_INT, &height, "Pixels (256)", "N" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--out DIR [--seed N] [--count N]",
                     "Writes generated street scenes with exact labels as a StreetHazards tree: training and "
                     "validation scenes, test scenes with anomalies, and abstract negatives.",
                     "densehybrid demo-scenes --out scenes --seed 7 --count 400", NULL, &status))
    return status;
  if (!check (cli, out, seed, count, width, height, &status))
    return status;

  const DhSceneCounts counts = dh_scene_counts ((guint)count);
  g_autoptr (GError) error = NULL;
  const gboolean done = dh_scene_tree_write (out, (guint64)seed, &counts, (guint)width, (guint)height, cli->cancellable,
                                             &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!done)
    return dh_cli_fail (cli, &error);
  if (!cli->json)
    {
      printf ("%s: %u training, %u validation and %u test scene%s, %u negative%s\n", out, counts.training,
              counts.validation, counts.test, counts.test == 1 ? "" : "s", counts.negatives,
              counts.negatives == 1 ? "" : "s");
      return DH_EXIT_DONE;
    }
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "folder", out);
  dh_json_member_int (json, "seed", seed);
  dh_json_member_int (json, "training", counts.training);
  dh_json_member_int (json, "validation", counts.validation);
  dh_json_member_int (json, "test", counts.test);
  dh_json_member_int (json, "negatives", counts.negatives);
  json_builder_end_object (json);
  dh_json_print (json);
  return DH_EXIT_DONE;
}
