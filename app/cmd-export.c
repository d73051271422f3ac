#include <stdio.h>

#include "cli.h"
#include "dh-dataset.h"
#include "dh-export.h"
#include "dh-records.h"

int
dh_cmd_export (DhCli *cli, int argc, char **argv)
{
  g_autofree char *db = NULL;
  g_autofree char *layout_name = NULL;
  g_autofree char *method = NULL;
  g_autofree char *out = NULL;
  gint64 run = 0;
  const GOptionEntry entries[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { "run", 0, 0, G_OPTION_ARG_INT64, &run, "The run", "N" },
    { "layout", 0, 0, G_OPTION_ARG_STRING, &layout_name, "smiyc, fishyscapes, issu, png or npy", "L" },
    { "method", 0, 0, G_OPTION_ARG_STRING, &method,
      "Name of the method in SMIYC's and ISSU's trees (default DenseHybrid; of imported scores their own)", "M" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The folder to write", "DIR" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--run N --layout L --out DIR",
                     "Writes the score maps of a run in a benchmark's own layout.",
                     "densehybrid export --run 3 --layout smiyc --out outputs", NULL, &status))
    return status;
  if (run < 0)
    return dh_cli_usage (cli, "--run %" G_GINT64_FORMAT " is no number of a run", run);
  if (run == 0)
    return dh_cli_usage (cli, "--run is missing: which run? \"densehybrid report\" lists them");
  if (!out)
    return dh_cli_usage (cli, "--out is missing: which folder?");
  DhExportLayout layout;
  if (!layout_name)
    return dh_cli_usage (cli, "--layout is missing: smiyc, fishyscapes, issu, png or npy?");
  if (!dh_export_layout_from_name (layout_name, &layout))
    return dh_cli_usage (cli, "--layout %s is none of smiyc, fishyscapes, issu, png, npy", layout_name);
  if (method && (!*method || *method == '.' || g_strrstr (method, "/")))
    return dh_cli_usage (cli, "--method %s cannot be the name of a folder", method);

  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (db, &error);
  guint written = 0;
  if (!database
      || !dh_export_run (database, run, layout, method, out, &written, cli->cancellable, &cli->progress, &error))
    return dh_cli_fail (cli, &error);
  dh_cli_progress_end (cli);
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, NULL);
  const char *seen = row ? dh_fingerprint_get_seen (row->dataset_fingerprint) : NULL;
  g_autofree char *degraded = dh_degradation_to_text (dh_seen_get_degradation (seen));
  if (degraded)
    dh_cli_note (cli, "the run saw the images degraded by %s: these are no maps of the images as they are", degraded);
  const gboolean segmented = dh_export_has_segmentations (database, run);
  if (layout == DH_EXPORT_FISHYSCAPES && !segmented)
    dh_cli_note (cli,
                 "the run kept no segmentation, so there are no *_segmentation.npy, which Fishyscapes' server wants "
                 "as well; an evaluation of weights keeps it");
  if (cli->json)
    {
      JsonBuilder *json = json_builder_new ();
      json_builder_begin_object (json);
      dh_json_member_int (json, "run", run);
      dh_json_member_string (json, "layout", dh_export_layout_name (layout));
      dh_json_member_string (json, "folder", out);
      dh_json_member_int (json, "maps", written);
      dh_json_member_boolean (json, "segmentations",
                              segmented && (layout == DH_EXPORT_FISHYSCAPES || layout == DH_EXPORT_ISSU));
      json_builder_end_object (json);
      dh_json_print (json);
    }
  else if (!cli->quiet)
    printf ("%u map%s in %s\n", written, written == 1 ? "" : "s", out);
  return DH_EXIT_DONE;
}
