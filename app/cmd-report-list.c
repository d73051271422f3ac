/* The runs that "report" and "export" can name. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd-report-private.h"
#include "dh-run-numbers.h"
#include "dh-run-state.h"

static char *
dup_data (const DhRunRow *run)
{
  g_autofree char *base = g_path_get_basename (run->dataset_root);
  return g_strdup_printf ("%s · %s", run->dataset_title, base);
}

/* What printf is to be told so that a text takes so many columns: it counts bytes. */
static int
bytes_of (const char *text, int columns)
{
  return columns + (int)(strlen (text) - (gsize)g_utf8_strlen (text, -1));
}

gboolean
dh_report_list (DhCli *cli, DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) runs = dh_database_list_runs (database, error);
  if (!runs)
    return FALSE;
  JsonBuilder *json = cli->json ? json_builder_new () : NULL;
  if (json)
    {
      json_builder_begin_object (json);
      json_builder_set_member_name (json, "runs");
      json_builder_begin_array (json);
    }
  int width = (int)strlen ("data set");
  for (guint i = 0; i < runs->len; i++)
    {
      g_autofree char *data = dup_data (runs->pdata[i]);
      width = MAX (width, (int)g_utf8_strlen (data, -1));
    }
  if (!json)
    printf ("%5s  %-10s %8s %7s  %-20s  %-*s  %s\n", "run", "state", "images", "AP, %", "started", width, "data set",
            "model");
  for (guint i = 0; i < runs->len; i++)
    {
      const DhRunRow *run = runs->pdata[i];
      DhRunNumbers numbers = { .ap = NAN, .fpr95 = NAN, .auroc = NAN };
      dh_run_numbers_get (database, run->id, "densehybrid-pooled", &numbers, NULL);
      if (!json)
        {
          g_autofree char *model = dh_run_row_dup_model (run), *data = dup_data (run);
          g_autofree char *ap = dh_cli_percent (numbers.ap);
          printf ("%5" G_GINT64_FORMAT "  %-10s %8" G_GINT64_FORMAT " %*s  %-20.20s  %-*s  %s\n", (gint64)run->id,
                  dh_run_state (run), (gint64)run->images_done, bytes_of (ap, 7), ap, run->started,
                  bytes_of (data, width), data, model);
          continue;
        }
      json_builder_begin_object (json);
      dh_json_member_int (json, "run", run->id);
      dh_json_member_string (json, "state", dh_run_state (run));
      dh_json_member_int (json, "images", run->images_done);
      dh_json_member_int (json, "failed", run->images_failed);
      dh_json_member_string (json, "started", run->started);
      dh_json_member_string (json, "dataset", run->dataset_kind);
      dh_json_member_string (json, "dataroot", run->dataset_root);
      dh_json_member_string (json, "model", run->model_title);
      dh_json_member_string (json, "weights", run->method ? NULL : run->model_path);
      dh_json_member_string (json, "folder", run->folder);
      dh_json_member_string (json, "sha256", run->model_sha256);
      dh_json_member_string (json, "fingerprint", run->dataset_fingerprint);
      dh_json_member_number (json, "ap", numbers.ap);
      dh_json_member_number (json, "fpr95", numbers.fpr95);
      dh_json_member_number (json, "auroc", numbers.auroc);
      json_builder_end_object (json);
    }
  if (json)
    {
      json_builder_end_array (json);
      json_builder_end_object (json);
      dh_json_print (json);
    }
  return TRUE;
}
