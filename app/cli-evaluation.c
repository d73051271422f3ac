#include <stdio.h>

#include "cli-model.h"
#include "cli-result.h"
#include "dh-error.h"
#include "dh-image.h"
#include "dh-run-folder.h"

/* Of pictures that are left out, in sentences. */
#define MOST_NAMED 20

static void
print_json (const DhEvaluation *evaluation)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, "run", evaluation->run);
  if (evaluation->displaced->len > 0)
    {
      dh_json_member_int (json, "displaced", g_array_index (evaluation->displaced, gint64, 0));
      json_builder_set_member_name (json, "displaced_runs");
      json_builder_begin_array (json);
      for (guint i = 0; i < evaluation->displaced->len; i++)
        dh_json_member_int (json, NULL, g_array_index (evaluation->displaced, gint64, i));
      json_builder_end_array (json);
    }
  dh_json_member_int (json, "images", evaluation->images);
  dh_json_member_int (json, "failed", evaluation->left_out->len);
  json_builder_set_member_name (json, "left_out");
  json_builder_begin_array (json);
  for (guint i = 0; i < evaluation->left_out->len; i++)
    {
      const DhLeftOut *left_out = &g_array_index (evaluation->left_out, DhLeftOut, i);
      json_builder_begin_object (json);
      dh_json_member_string (json, "image", left_out->stem);
      dh_json_member_string (json, "error", left_out->why);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  dh_json_member_int (json, "resumed", evaluation->resumed);
  dh_json_member_number (json, "seconds", evaluation->seconds);
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  dh_json_member_string (json, "score", score->name);
  json_builder_set_member_name (json, "protocols");
  json_builder_begin_object (json);
  for (guint i = 0; i < score->results->len; i++)
    dh_cli_add_result (json, score->results->pdata[i], FALSE);
  json_builder_end_object (json);
  if (evaluation->scores->len > 1)
    {
      json_builder_set_member_name (json, "scores");
      json_builder_begin_object (json);
      for (guint m = 1; m < evaluation->scores->len; m++)
        {
          const DhScoreEvaluation *more = &g_array_index (evaluation->scores, DhScoreEvaluation, m);
          json_builder_set_member_name (json, more->name);
          json_builder_begin_object (json);
          dh_cli_add_result (json, more->results->pdata[0], FALSE);
          json_builder_end_object (json);
        }
      json_builder_end_object (json);
    }
  if (evaluation->classes)
    {
      JsonNode *classes = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (classes, dh_class_result_to_json (evaluation->classes));
      json_builder_set_member_name (json, "classes");
      json_builder_add_value (json, classes);
    }
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_classes (const DhClassResult *classes)
{
  g_autofree char *closed = dh_cli_percent (classes->closed_miou), *open = dh_cli_percent (classes->open_miou);
  printf ("\nclasses of %s, in per cent: closed mIoU %s", classes->table->title, closed);
  if (classes->has_open)
    printf (", open-mIoU %s over the threshold %.3f of TPR 95 %% of this very set", open, classes->threshold);
  putchar ('\n');
}

static void
print_table (const DhEvaluation *evaluation)
{
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  const DhResult *first = score->results->len ? score->results->pdata[0] : NULL;
  printf ("run %" G_GINT64_FORMAT ": %u image%s", evaluation->run, evaluation->images,
          evaluation->images == 1 ? "" : "s");
  if (evaluation->resumed)
    printf (" (%u from an earlier start)", evaluation->resumed);
  if (evaluation->left_out->len)
    printf (", %u left out", evaluation->left_out->len);
  if (!g_str_equal (score->name, DH_SCORE_IMPORTED) && !g_str_equal (score->name, DH_SCORE_COMBINED))
    printf (", %.1f s of inference", evaluation->seconds);
  putchar ('\n');
  if (!first || first->pixels == 0)
    {
      printf (first && first->non_finite ? "no labelled pixel has a finite score: maps only, no metrics\n"
              : evaluation->classes      ? "no anomaly labels: maps and classes only\n"
                                         : "no anomaly labels: maps only, no metrics\n");
      if (evaluation->classes)
        print_classes (evaluation->classes);
      return;
    }
  printf ("%" G_GUINT64_FORMAT " pixels, %" G_GUINT64_FORMAT " of them anomalous", first->pixels, first->positives);
  if (first->non_finite)
    printf (", %" G_GUINT64_FORMAT " left out because their score is not finite", first->non_finite);
  printf ("\n\n");
  g_autofree char *title = g_strdup_printf ("%s, in per cent", score->name);
  dh_cli_print_heading (title);
  for (guint i = 0; i < score->results->len; i++)
    {
      const DhResult *result = score->results->pdata[i];
      dh_cli_print_result (result->protocol->name, result);
    }
  if (evaluation->scores->len > 1)
    {
      putchar ('\n');
      dh_cli_print_heading ("other scores, densehybrid-pooled");
      for (guint m = 1; m < evaluation->scores->len; m++)
        {
          const DhScoreEvaluation *more = &g_array_index (evaluation->scores, DhScoreEvaluation, m);
          dh_cli_print_result (more->name, more->results->pdata[0]);
        }
    }
  if (evaluation->classes)
    print_classes (evaluation->classes);
}

/* The numbers are not the whole set's: that is said last, and in the exit status. */
static int
say_left_out (DhCli *cli, const DhEvaluation *evaluation)
{
  const guint n = evaluation->left_out->len, total = evaluation->images + n;
  const DhLeftOut *first = &g_array_index (evaluation->left_out, DhLeftOut, 0);
  g_autoptr (GError) error = NULL;
  for (guint i = 0; n > 1 && i < MIN (n, MOST_NAMED); i++)
    dh_cli_note (cli, "left out: %s", g_array_index (evaluation->left_out, DhLeftOut, i).why);
  if (n > MOST_NAMED)
    dh_cli_note (cli, "left out: %u more, which --json names", n - MOST_NAMED);
  if (n == 1)
    g_set_error (&error, DH_ERROR, DH_ERROR_INVALID,
                 "1 of the %u images is left out of these numbers: %s. Mend it and evaluate again", total, first->why);
  else
    g_set_error (&error, DH_ERROR, DH_ERROR_INVALID,
                 "%u of the %u images are left out of these numbers. Mend them and evaluate again", n, total);
  return dh_cli_fail (cli, &error);
}

int
dh_cli_print_evaluation (DhCli *cli, const DhEvaluation *evaluation)
{
  (cli->json ? print_json : print_table) (evaluation);
  fflush (stdout);
  return evaluation->left_out->len ? say_left_out (cli, evaluation) : DH_EXIT_DONE;
}

/* Images of which no map of the score lies there. */
static guint
count_mapless (DhDataset *dataset, const char *folder)
{
  guint n = 0;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      g_autofree char *name = g_strconcat (dh_dataset_item (dataset, i)->stem, ".npy", NULL);
      g_autofree char *path = g_build_filename (folder, "eval", "scores", name, NULL);
      n += !g_file_test (path, G_FILE_TEST_EXISTS);
    }
  return n;
}

void
dh_cli_say_lost (DhCli *cli, DhDataset *dataset, const char *folder, guint n_left_out)
{
  const guint mapless = count_mapless (dataset, folder);
  if (mapless > n_left_out)
    dh_cli_note (cli,
                 "%u of the maps %s no longer in %s, which was moved or emptied meanwhile: the numbers are whole, but "
                 "slices, objects and exports will not be",
                 mapless - n_left_out, mapless - n_left_out == 1 ? "is" : "are", folder);
}

void
dh_cli_say_room (DhCli *cli, DhDataset *dataset, const char *folder, guint n_scores, gboolean segmentation)
{
  guint width = 0, height = 0;
  if (dh_dataset_size (dataset) == 0 || !dh_image_probe (dh_dataset_item (dataset, 0)->image, &width, &height, NULL))
    return;
  const guint n = count_mapless (dataset, folder);
  const guint64 needed = (guint64)n * width * height * (sizeof (float) * n_scores + segmentation);
  const guint64 there = dh_run_folder_free_space (folder);
  /* 0: some know nothing of their room. */
  if (there == 0 || there >= needed)
    return;
  g_autofree char *left = g_format_size (there), *take = g_format_size (needed);
  dh_cli_note (cli,
               "the disk of %s has %s left, and the maps of %u image%s will take about %s: make room, or choose "
               "another --folder",
               folder, left, n, n == 1 ? "" : "s", take);
}

void
dh_cli_say_displaced (DhCli *cli, const GArray *runs, const char *folder)
{
  g_autoptr (GString) names = g_string_new (NULL);
  const gboolean one = runs->len == 1;
  for (guint i = 0; i < runs->len; i++)
    g_string_append_printf (names, "%s%" G_GINT64_FORMAT,
                            i == 0              ? ""
                            : i + 1 < runs->len ? ", "
                                                : " and ",
                            g_array_index (runs, gint64, i));
  if (runs->len > 0)
    dh_cli_note (cli,
                 "the maps of run%s %s lay in %s and were written over: %s numbers stay, but %s can no longer be "
                 "exported; --folder names another place for each",
                 one ? "" : "s", names->str, folder, one ? "its" : "their", one ? "it" : "they");
}

void
dh_cli_warn_early (const char *text, gpointer cli)
{
  dh_cli_note (cli, "%s", text);
}
