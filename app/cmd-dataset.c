#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-dataset.h"
#include "cmd-dataset-private.h"
#include "dh-dataset-check.h"
#include "dh-error.h"

static void
add_splits (JsonBuilder *json, const DhDatasetReport *report)
{
  json_builder_set_member_name (json, "splits");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->splits->len; i++)
    {
      const DhSplitCount *split = report->splits->pdata[i];
      json_builder_begin_object (json);
      dh_json_member_string (json, "name", split->name);
      dh_json_member_int (json, "images", split->images);
      dh_json_member_int (json, "labels", split->labels);
      dh_json_member_int (json, "pairs", split->pairs);
      if (split->expected)
        dh_json_member_int (json, "expected", split->expected);
      else
        dh_json_member_number (json, "expected", NAN);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

static void
add_values (JsonBuilder *json, const DhDatasetReport *report)
{
  json_builder_set_member_name (json, "sizes");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->sizes->len; i++)
    {
      const DhSizeCount *size = report->sizes->pdata[i];
      json_builder_begin_object (json);
      dh_json_member_int (json, "width", size->width);
      dh_json_member_int (json, "height", size->height);
      dh_json_member_int (json, "images", size->images);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "values");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->values->len; i++)
    {
      const DhLabelValue *value = report->values->pdata[i];
      json_builder_begin_object (json);
      dh_json_member_int (json, "value", value->value);
      dh_json_member_string (json, "role", dh_label_role_name (value->role));
      dh_json_member_string (json, "meaning", value->meaning);
      dh_json_member_int (json, "pixels", value->pixels);
      dh_json_member_int (json, "images", value->images);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

static void
add_findings (JsonBuilder *json, const DhDatasetReport *report)
{
  json_builder_set_member_name (json, "findings");
  json_builder_begin_array (json);
  for (guint i = 0; i < report->findings->len; i++)
    {
      const DhFinding *finding = report->findings->pdata[i];
      json_builder_begin_object (json);
      dh_json_member_string (json, "severity", dh_finding_severity_name (finding->severity));
      dh_json_member_string (json, "code", finding->code);
      dh_json_member_string (json, "sentence", finding->sentence);
      dh_json_member_string (json, "detail", finding->detail);
      dh_json_member_int (json, "count", finding->count);
      json_builder_set_member_name (json, "files");
      json_builder_begin_array (json);
      for (guint k = 0; finding->files && finding->files[k]; k++)
        json_builder_add_string_value (json, finding->files[k]);
      json_builder_end_array (json);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

static void
print_json (const DhDatasetReport *report)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "root", report->root);
  dh_json_member_string (json, "kind", dh_dataset_kind_name (report->kind));
  dh_json_member_string (json, "title", report->title);
  dh_json_member_string (json, "evidence", report->evidence);
  json_builder_set_member_name (json, "other_kinds");
  json_builder_begin_array (json);
  for (guint kind = 0; kind < DH_N_DATASET_KINDS; kind++)
    if (report->other_kinds & 1u << kind)
      json_builder_add_string_value (json, dh_dataset_kind_name (kind));
  json_builder_end_array (json);
  dh_json_member_string (json, "published", report->published);
  dh_json_member_string (json, "severity", dh_finding_severity_name (dh_dataset_report_severity (report)));
  dh_json_member_int (json, "images", report->n_images);
  dh_json_member_int (json, "labels", report->n_labels);
  dh_json_member_int (json, "pairs", report->n_pairs);
  dh_json_member_int (json, "usable", report->n_usable);
  dh_json_member_int (json, "unreadable", report->n_unreadable);
  dh_json_member_boolean (json, "hidden_labels", report->hidden_labels);
  if (report->region)
    {
      json_builder_set_member_name (json, "region");
      json_builder_begin_object (json);
      dh_json_member_string (json, "id", report->region);
      dh_json_member_number (json, "share", report->unmeasured_share);
      dh_json_member_int (json, "pixels", report->unmeasured);
      dh_json_member_int (json, "anomalies", report->anomalies);
      dh_json_member_int (json, "unmeasured_anomalies", report->unmeasured_anomalies);
      json_builder_end_object (json);
    }
  add_splits (json, report);
  add_values (json, report);
  add_findings (json, report);
  json_builder_end_object (json);
  dh_json_print (json);
}

static int
check (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  gboolean quick = FALSE;
  const GOptionEntry entries[] = {
    DH_CLI_DATASET_ENTRIES (set),
    DH_CLI_REGION_ENTRY (set.region),
    { "quick", 0, 0, G_OPTION_ARG_NONE, &quick, "Read of images only the header, and some of the labels", NULL },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--dataroot DIR [--dataset KIND]",
                     "Says what a data set is, what is missing or broken in it, and what its labels mean. The exit\n"
                     "status is 0 whatever it finds; \"severity\" in --json is for scripts.",
                     "densehybrid dataset check --dataroot ~/data/fs_static", NULL, &status))
    return status;
  g_autoptr (DhDataset) dataset = dh_cli_open_dataset (cli, &set, &status);
  if (!dataset)
    return status;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatasetReport) report = dh_dataset_check (
      dataset, quick ? DH_CHECK_QUICK : DH_CHECK_ALL, MAX (cli->threads, 0), cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!report)
    return dh_cli_fail (cli, &error);
  if (cli->json)
    print_json (report);
  else
    {
      g_autofree char *text = dh_dataset_report_to_text (report);
      fputs (text, stdout);
    }
  return DH_EXIT_DONE;
}

int
dh_cmd_dataset (DhCli *cli, int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "tags") == 0)
    {
      cli->command = "dataset tags";
      return dh_dataset_tags (cli, argc - 1, argv + 1);
    }
  if (argc > 1 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0))
    {
      printf ("Usage: densehybrid dataset check --dataroot DIR\n"
              "       densehybrid dataset tags --dataroot DIR [--from FILE.csv]\n\n"
              "Says what a data set is and what is wrong with it; lists the tags of its images, or adds those of a\n"
              "table. \"densehybrid dataset check --help\" and so on tell the options.\n\n"
              "Example:\n  densehybrid dataset check --dataroot ~/data/fs_static\n");
      return DH_EXIT_DONE;
    }
  const gboolean named = argc > 1 && strcmp (argv[1], "check") == 0;
  if (named || argc < 2 || argv[1][0] == '-')
    {
      cli->command = "dataset check";
      return check (cli, argc - named, argv + named);
    }
  return dh_cli_usage (cli, "\"dataset %s\" is no command: there are \"dataset check\" and \"dataset tags\"", argv[1]);
}
