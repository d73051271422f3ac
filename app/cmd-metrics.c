#include <stdio.h>
#include <string.h>

#include "cli-dataset.h"
#include "cli-require.h"
#include "cli-result.h"
#include "dh-dataset.h"
#include "dh-error.h"
#include "dh-mask-values.h"
#include "dh-npy.h"

typedef struct
{
  DhCli *cli;
  char **scores, **labels; /* paths, as many of each */
  guint n_files;
  DhMaskValues *mask_values; /* NULL: 0 inlier, 1 anomaly, others ignored */
  DhRegion *region;          /* NULL: all is measured */
  GPtrArray *metrics;        /* DhMetric */
  const DhCliRequired *required;
  DhFroc *froc;      /* NULL: not wanted */
  guint done, total; /* files, over all passes */
} Flow;

static DhTensor *
load_mask (const char *path, DhMaskValues *values, GError **error)
{
  g_autoptr (DhLabels) mask =
      values ? dh_labels_load_as (path, dh_mask_values_find, values, error) : dh_labels_load (path, error);
  if (!mask)
    return NULL;
  const gint64 dims[] = { mask->height, mask->width };
  GBytes *ids = g_bytes_new_with_free_func (mask->ids, (gsize)mask->width * mask->height,
                                            (GDestroyNotify)dh_labels_unref, dh_labels_ref (mask));
  return dh_tensor_new_take (DH_DTYPE_U8, 2, dims, ids);
}

/* -1: nothing is said of it. */
static gint
meaning_of (float value, DhMaskValues *values)
{
  if (!values)
    return value == 0 ? 0 : value == 1 ? 1 : 255;
  const gboolean whole = value >= 0 && value <= G_MAXUINT16 && value == (float)(gint)value;
  return dh_mask_values_find ((DhPixelValue){ whole ? (gint)value : -1, -1 }, values);
}

/* Labels as bytes: 0, 1, and 255 for anything else. */
static DhTensor *
load_labels (const char *path, DhMaskValues *mask_values, GError **error)
{
  if (dh_path_is_picture (path))
    return load_mask (path, mask_values, error);
  g_autoptr (DhTensor) labels = dh_npy_load (path, error);
  if (!labels || (!mask_values && (labels->dtype == DH_DTYPE_U8 || labels->dtype == DH_DTYPE_BOOL)))
    return g_steal_pointer (&labels);
  g_autoptr (DhTensor) wide = dh_tensor_to_f32 (labels);
  const gint64 n = dh_tensor_count (labels);
  guint8 *bytes = wide ? g_try_malloc (MAX (n, 1)) : NULL;
  if (!bytes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: its labels do not fit in memory. End other programs",
                   path);
      return NULL;
    }
  const float *values = dh_tensor_f32 (wide);
  for (gint64 i = 0; i < n; i++)
    {
      const gint meaning = meaning_of (values[i], mask_values);
      if (meaning < 0)
        {
          g_free (bytes);
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "%s: holds the value %g, of which --mask-values says nothing. Name it, or say what the rest is",
                       path, (double)values[i]);
          return NULL;
        }
      bytes[i] = (guint8)meaning;
    }
  return dh_tensor_new_take (DH_DTYPE_U8, labels->n_dims, labels->dims, g_bytes_new_take (bytes, n));
}

static DhTensor *
load_scores (Flow *flow, const char *path, GError **error)
{
  g_autoptr (DhTensor) scores = dh_npy_load (path, error);
  if (!scores)
    return NULL;
  if (scores->dtype != DH_DTYPE_F32 && scores->dtype != DH_DTYPE_F16 && flow->done < flow->n_files)
    dh_cli_note (flow->cli, "%s holds %s; it is measured as float32", path, dh_dtype_name (scores->dtype));
  g_autoptr (DhTensor) narrow = dh_tensor_to_f32 (scores);
  if (!narrow)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: its scores do not fit in memory. End other programs", path);
  return g_steal_pointer (&narrow);
}

/* One picture H×W, a row of pixels, or a stack N×H×W; gives N, H and W. */
static gboolean
find_shape (const char *path, const DhTensor *scores, const char *labels_path, const DhTensor *labels, gint64 *shape,
            GError **error)
{
  g_autofree char *one = dh_tensor_shape_string (scores), *other = dh_tensor_shape_string (labels);
  if (!g_str_equal (one, other))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                   "%s is %s and its labels %s are %s. Give scores and labels of the same images in the same order",
                   path, one, labels_path, other);
      return FALSE;
    }
  shape[0] = shape[1] = shape[2] = 1;
  for (guint d = 0; d < scores->n_dims && scores->n_dims <= 3; d++)
    shape[3 - scores->n_dims + d] = scores->dims[d];
  if (scores->n_dims > 3 || shape[1] > G_MAXUINT32 || shape[2] > G_MAXUINT32)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                   "%s is %s, which is neither one map (H×W) nor a stack of maps (N×H×W). Write one file a map", path,
                   one);
      return FALSE;
    }
  return TRUE;
}

/* Labels of that shape without what is not measured; a reference where all is. */
static DhTensor *
ignore_region (const Flow *flow, DhTensor *labels, const gint64 *shape, const char *name, GError **error)
{
  const gsize n = (gsize)(shape[1] * shape[2]), size = (gsize)shape[0] * n;
  if (!flow->region)
    return dh_tensor_ref (labels);
  if (labels->n_dims < 2)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "%s: --ignore-region is of maps of H×W, and this is a row of pixels", name);
      return NULL;
    }
  if (!dh_region_fits (flow->region, (guint)shape[2], (guint)shape[1], name, error))
    return NULL;
  guint8 *ids = g_try_malloc (MAX (size, 1));
  if (!ids)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: its labels do not fit in memory. End other programs",
                   name);
      return NULL;
    }
  const guint8 *from = dh_tensor_data (labels);
  for (gsize i = 0; i < size; i++)
    ids[i] = MIN (from[i], DH_ANOMALY_IGNORE);
  for (gint64 i = 0; i < shape[0]; i++)
    dh_region_apply (flow->region, ids + (gsize)i * n, (guint)shape[2], (guint)shape[1], DH_ANOMALY_UNMEASURED);
  return dh_tensor_new_take (DH_DTYPE_U8, labels->n_dims, labels->dims, g_bytes_new_take (ids, size));
}

static gboolean
add_file (Flow *flow, guint file, GError **error)
{
  const char *path = flow->scores[file];
  g_autoptr (DhTensor) scores = load_scores (flow, path, error);
  g_autoptr (DhTensor) all = scores ? load_labels (flow->labels[file], flow->mask_values, error) : NULL;
  gint64 shape[3];
  if (!all || !find_shape (path, scores, flow->labels[file], all, shape, error))
    return FALSE;
  g_autoptr (DhTensor) labels = ignore_region (flow, all, shape, flow->labels[file], error);
  if (!labels)
    return FALSE;
  const gsize n = shape[1] * shape[2];
  for (gint64 i = 0; i < shape[0]; i++)
    {
      g_autofree char *name = shape[0] > 1 ? g_strdup_printf ("%s[%" G_GINT64_FORMAT "]", path, i) : NULL;
      const DhScoredImage image = { .key = name ? name : path,
                                    .scores = dh_tensor_f32 (scores) + i * n,
                                    .labels = (const guint8 *)dh_tensor_data (labels) + i * n,
                                    .width = shape[2],
                                    .height = shape[1],
                                    .unmeasured = flow->region ? DH_ANOMALY_UNMEASURED : 0 };
      if (flow->froc && flow->done < flow->n_files /* the first pass */
          && !dh_froc_add (flow->froc, image.scores, image.labels, image.width, image.height, error))
        return FALSE;
      for (guint m = 0; m < flow->metrics->len; m++)
        if (g_cancellable_set_error_if_cancelled (flow->cli->cancellable, error)
            || !dh_metric_add (flow->metrics->pdata[m], &image, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
measure (Flow *flow, GError **error)
{
  while (flow->metrics->len)
    {
      for (guint file = 0; file < flow->n_files; file++)
        {
          dh_progress_report (&flow->cli->progress, flow->done, flow->total, flow->scores[file]);
          if (g_cancellable_set_error_if_cancelled (flow->cli->cancellable, error) || !add_file (flow, file, error))
            return FALSE;
          flow->done++;
        }
      /* what needs no further pass leaves the list */
      for (guint m = flow->metrics->len; m-- > 0;)
        if (!dh_metric_next_pass (flow->metrics->pdata[m]))
          g_ptr_array_remove_index (flow->metrics, m);
    }
  dh_progress_report (&flow->cli->progress, flow->total, flow->total, NULL);
  dh_cli_progress_end (flow->cli);
  return TRUE;
}

static void
print_json (GPtrArray *results, const DhFrocCurve *froc)
{
  const DhResult *first = results->pdata[0];
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, "images", first->images);
  json_builder_set_member_name (json, "protocols");
  json_builder_begin_object (json);
  for (guint i = 0; i < results->len; i++)
    dh_cli_add_result (json, results->pdata[i], TRUE);
  json_builder_end_object (json);
  if (froc)
    dh_cli_add_froc (json, froc);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_table (GPtrArray *results)
{
  const DhResult *first = results->pdata[0];
  printf ("%u image%s, %" G_GUINT64_FORMAT " pixels, %" G_GUINT64_FORMAT " of them anomalous, %" G_GUINT64_FORMAT
          " ignored",
          first->images, first->images == 1 ? "" : "s", first->pixels, first->positives, first->ignored);
  if (first->non_finite)
    printf (", %" G_GUINT64_FORMAT " left out because their score is not finite", first->non_finite);
  printf ("\n\n");
  dh_cli_print_heading ("in per cent");
  for (guint i = 0; i < results->len; i++)
    dh_cli_print_result (((const DhResult *)results->pdata[i])->protocol->name, results->pdata[i]);
  if (results->len > 1)
    printf ("\nWhy they differ:\n");
  else
    putchar ('\n');
  for (guint i = 0; i < results->len; i++)
    {
      const DhProtocol *protocol = ((const DhResult *)results->pdata[i])->protocol;
      printf ("%s: %s.\n", protocol->name, protocol->description);
    }
}

static GPtrArray *
finish (GPtrArray *all, GError **error)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_result_free);
  for (guint m = 0; m < all->len; m++)
    {
      DhResult *result = dh_metric_finish (all->pdata[m], error);
      if (!result)
        return NULL;
      g_ptr_array_add (results, result);
    }
  return g_steal_pointer (&results);
}

/* What makes numbers undefined, or likely upside down. */
static void
note_doubts (DhCli *cli, const DhResult *result, gboolean said)
{
  if (result->pixels == 0)
    dh_cli_note (cli, "no pixel with a finite score is labelled 0 (inlier) or 1 (anomaly), so nothing is measured");
  else if (result->positives == 0)
    dh_cli_note (cli, said ? "no pixel has a value that is an anomaly, so every number is undefined"
                      : result->ignored
                          ? "no pixel is labelled 1 (anomaly), so every number is undefined; others than 0 "
                            "and 1 are ignored: of masks of black and white say --mask-values anomaly=255"
                          : "no pixel is labelled 1 (anomaly), so every number is undefined");
  else if (result->positives == result->pixels)
    dh_cli_note (cli, "no pixel is labelled 0 (inlier), so AUROC and FPR95 are undefined and AP says nothing");
  else if (result->auroc < 0.5)
    dh_cli_note (cli, "AUROC is under 50 %%: if low scores are the anomalous ones, give their negatives");
}

static int
run (Flow *flow, GPtrArray *protocols, const DhMetricOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_metric_free);
  g_autoptr (GPtrArray) busy = flow->metrics = g_ptr_array_new ();
  flow->total = flow->n_files;
  for (guint p = 0; p < protocols->len; p++)
    {
      const DhProtocol *protocol = protocols->pdata[p];
      DhMetric *metric = dh_metric_new (protocol, options, &error);
      if (!metric)
        return dh_cli_fail (flow->cli, &error);
      if (protocol->kind == DH_PROTOCOL_COMPONENT && !options->has_threshold)
        flow->total = 2 * flow->n_files;
      g_ptr_array_add (all, metric);
      g_ptr_array_add (busy, metric);
    }
  if (!measure (flow, &error))
    return dh_cli_fail (flow->cli, &error);
  g_autoptr (GPtrArray) results = finish (all, &error);
  g_autoptr (DhFrocCurve) froc = results && flow->froc ? dh_froc_finish (flow->froc, &error) : NULL;
  if (!results || (flow->froc && !froc))
    return dh_cli_fail (flow->cli, &error);
  if (flow->cli->json)
    print_json (results, froc);
  else
    print_table (results);
  if (froc && !flow->cli->json)
    dh_cli_print_froc (froc);
  fflush (stdout);
  note_doubts (flow->cli, results->pdata[0], flow->mask_values != NULL);
  return dh_cli_check_required (flow->cli, flow->required, results, NULL, 0, DH_EXIT_DONE);
}

int
dh_cmd_metrics (DhCli *cli, int argc, char **argv)
{
  g_auto (GStrv) scores = NULL;
  g_auto (GStrv) labels = NULL;
  g_autofree char *names = NULL;
  g_autofree char *mask_values = NULL;
  g_autofree char *region_text = NULL;
  g_autofree char *threshold = NULL;
  g_autofree char *require = NULL;
  gint64 min_prediction = 0, min_anomaly = 0;
  g_autofree char *found_by = NULL;
  gboolean per_image = FALSE, froc = FALSE;
  const GOptionEntry entries[] = {
    { "scores", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &scores, "Score maps, high = anomalous (float32; H×W or N×H×W)",
      "S.npy…" },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &labels,
      "Their labels, .npy or PNG masks: 0 inlier, 1 anomaly, others ignored", "L…" },
    { "mask-values", 0, 0, G_OPTION_ARG_STRING, &mask_values,
      "What the labels' values mean, where that is another: 'anomaly=2-200 ignore=255'; also colours (#ff0000) and "
      "rest",
      "ROLE=V,…" },
    DH_CLI_REGION_ENTRY (region_text),
    { "protocol", 0, 0, G_OPTION_ARG_STRING, &names, "Protocols, by comma (\"all\": every one that takes scores)",
      "P,…" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &threshold, "Of smiyc-component (default: best F1 of this set)", "T" },
    { "min-prediction", 0, 0, G_OPTION_ARG_INT64, &min_prediction,
      "Smallest predicted component (default 500; ObstacleTrack 50)", "N" },
    { "min-anomaly", 0, 0, G_OPTION_ARG_INT64, &min_anomaly, "Smallest true component (default 100; ObstacleTrack 10)",
      "N" },
    { "froc", 0, 0, G_OPTION_ARG_NONE, &froc,
      "Adds which share of the objects is found at how many false alarms an image (FROC): of the sizes above", NULL },
    { "found-by", 0, 0, G_OPTION_ARG_STRING, &found_by,
      "With --froc: how much of an object must be flagged (default 25%)", "S%|any" },
    { "per-image", 0, 0, G_OPTION_ARG_NONE, &per_image, "With --json: the metrics of every image as well", NULL },
    DH_CLI_REQUIRE_ENTRY (require),
    { NULL },
  };
  static const char *const lists[] = { "scores", "labels", NULL };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, lists, "--scores S.npy… --labels L… [--protocol P,…]",
                     "Measures anomaly scores of any method against labels, under each protocol.",
                     "densehybrid metrics --scores out/*_hybrid.npy --labels labels/*.npy --protocol "
                     "densehybrid-pooled,smiyc-pixel",
                     NULL, &status))
    return status;

  const guint n_scores = scores ? g_strv_length (scores) : 0, n_labels = labels ? g_strv_length (labels) : 0;
  if (!n_scores || n_scores != n_labels)
    return dh_cli_usage (cli, "score maps were given: %u, labels: %u; it takes at least one, and as many of each",
                         n_scores, n_labels);
  if (min_prediction < 0 || min_anomaly < 0)
    return dh_cli_usage (cli, "the smallest component is given in pixels, 1 or more");
  DhMetricOptions options = { .no_rows = !per_image, .min_prediction = min_prediction, .min_anomaly = min_anomaly };
  if (threshold)
    {
      char *end;
      options.has_threshold = TRUE;
      options.threshold = g_ascii_strtod (threshold, &end);
      if (end == threshold || *end)
        return dh_cli_usage (cli, "--threshold %s is no number", threshold);
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) protocols = dh_cli_find_protocols (names, &error);
  g_autoptr (DhCliRequired) required =
      protocols ? dh_cli_required_new (require, protocols, DH_CLI_REQUIRE_OF_MAPS, &error) : NULL;
  if (!required)
    return dh_cli_fail (cli, &error);
  g_autoptr (DhMaskValues) values = mask_values ? dh_mask_values_new (mask_values, &error) : NULL;
  g_autoptr (DhRegion) region = region_text && !error ? dh_region_new (region_text, &error) : NULL;
  if (error)
    return dh_cli_fail (cli, &error);
  DhFrocOptions sizes = { min_prediction ? (guint64)min_prediction : DH_FROC_MIN_AREA,
                          min_anomaly ? (guint64)min_anomaly : DH_FROC_MIN_ANOMALY, DH_FROC_FOUND_SHARE, 0 };
  if (found_by && (!froc || !dh_cli_parse_share (found_by, &sizes.found_share)))
    return dh_cli_usage (cli, "--found-by %s: it belongs to --froc, and is any, or a share as 50%% or 0.5", found_by);
  g_autoptr (DhFroc) counted = froc ? dh_froc_new (&sizes) : NULL;
  Flow flow = { .cli = cli,
                .scores = scores,
                .labels = labels,
                .n_files = n_scores,
                .mask_values = values,
                .region = region,
                .required = required,
                .froc = counted };
  return run (&flow, protocols, &options);
}
