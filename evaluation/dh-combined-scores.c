#include "dh-combined-scores.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "dh-blur.h"
#include "dh-combined-part-private.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-map.h"
#include "dh-run-reading.h"
#include "dh-run-state.h"

struct _DhCombinedScores
{
  gatomicrefcount refs;
  DhCombination *combination;
  DhDataset *dataset;
  GPtrArray *parts; /* DhCombinedPart */
  char *method, *sha256;
};

static DhCombinedPart *
part_at (const DhCombinedScores *scores, guint i)
{
  return scores->parts->pdata[i];
}

/* "3", "3:max_softmax" */
static char *
name_part (const DhCombinedPart *part)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT "%s%s", part->run->id, part->map ? ":" : "", part->map ? part->map : "");
}

static gboolean
refuse_pair (const DhCombinedPart *a, const DhCombinedPart *b, gint code, GError **error, const char *why)
{
  g_autofree char *first = name_part (a), *second = name_part (b);
  g_set_error (error, DH_ERROR, code, "run %s and run %s %s", first, second, why);
  return FALSE;
}

/* By what both say of their images, whatever splits these were opened by; whether they are still so is seen once they
 * are opened. */
static gboolean
check_pair (const DhCombination *combination, const DhCombinedPart *a, const DhCombinedPart *b, GError **error)
{
  g_autoptr (DhReading) first = dh_run_reading_get (a->run), second = dh_run_reading_get (b->run);
  if (g_strcmp0 (a->run->dataset_kind, b->run->dataset_kind) != 0
      || g_strcmp0 (a->run->dataset_fingerprint, b->run->dataset_fingerprint) != 0)
    return refuse_pair (a, b, DH_ERROR_MISMATCH, error, "measured other images: only runs of the same are combined");
  if (!dh_reading_has_same_labels (first, second))
    return refuse_pair (a, b, DH_ERROR_MISMATCH, error, "took the labels to mean other things: read the set alike");
  if (combination->standard == DH_STANDARD_UNSAID && combination->how != DH_COMBINE_SUM
      && !dh_combined_part_is_alike (a, b))
    return refuse_pair (a, b, DH_ERROR_USAGE, error,
                        "have scores of different scales, of which the larger would decide alone: bring them to one by "
                        "their deviation or by ranks (--standardise deviation or ranks), or say that none is wanted "
                        "(--standardise none)");
  return TRUE;
}

static gboolean
open_parts (DhCombinedScores *scores, DhDatabase *database, const char *out, GError **error)
{
  const GArray *wanted = scores->combination->parts;
  for (guint i = 0; i < wanted->len; i++)
    {
      DhCombinedPart *part = dh_combined_part_open (database, &g_array_index (wanted, DhCombinationPart, i), error);
      if (!part)
        return FALSE;
      g_ptr_array_add (scores->parts, part);
      for (guint k = 0; k < i; k++)
        if (part_at (scores, k)->run->id == part->run->id && g_strcmp0 (part_at (scores, k)->map, part->map) == 0)
          return refuse_pair (part, part, DH_ERROR_USAGE, error, "are one, by the same map: name each once");
      if (i > 0 && !check_pair (scores->combination, part_at (scores, 0), part, error))
        return FALSE;
      if (out && dh_path_lies_in (part->run->folder, out) && dh_path_lies_in (out, part->run->folder))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                       "%s: the maps of run %" G_GINT64_FORMAT " lie there; name another folder for the new run", out,
                       part->run->id);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
open_dataset (DhCombinedScores *scores, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  const DhRunRow *run = part_at (scores, 0)->run;
  g_autoptr (DhReading) reading = dh_run_reading_get (run);
  scores->dataset = dh_reading_open (reading, run->dataset_root, cancellable, progress, error);
  g_autofree char *fingerprint = scores->dataset ? dh_dataset_fingerprint (scores->dataset, cancellable, error) : NULL;
  if (!fingerprint)
    return FALSE;
  if (g_strcmp0 (fingerprint, run->dataset_fingerprint) == 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "%s: has changed since run %" G_GINT64_FORMAT " measured it; evaluate again", run->dataset_root,
               run->id);
  return FALSE;
}

static gboolean
check_maps (const DhCombinedScores *scores, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < scores->parts->len; i++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !dh_combined_part_check_maps (part_at (scores, i), scores->dataset, error))
      return FALSE;
  return TRUE;
}

/* "entropy of ldn121, 19 classes (a.pth)"; of another method its name. */
static char *
name_alone (const DhCombinedPart *part)
{
  g_autofree char *model = dh_run_row_dup_model (part->run);
  const char *score = dh_combined_part_score (part);
  return part->run->method || g_str_equal (score, dh_map_name (DH_MAP_HYBRID))
             ? g_steal_pointer (&model)
             : g_strdup_printf ("%s of %s", score, model);
}

static char *
name_method (const DhCombinedScores *scores)
{
  static const char *const hows[DH_N_COMBINES] = { "Mean", "Maximum", "Minimum", "Weighted sum" };
  const DhCombination *combination = scores->combination;
  const guint n = scores->parts->len;
  GString *name = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *part = n > 1 ? name_part (part_at (scores, i)) : name_alone (part_at (scores, i));
      if (n > 1 && i == 0)
        g_string_append_printf (name, "%s of runs ", hows[combination->how]);
      g_string_append_printf (name, "%s%s", i > 0 ? ", " : "", part);
    }
  if (combination->sigma > 0)
    g_string_append_printf (name, ", blurred by %g", combination->sigma);
  return g_string_free (name, FALSE);
}

DhCombinedScores *
dh_combined_scores_open (DhDatabase *database, const DhCombination *combination, const char *method, const char *out,
                         GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  g_autoptr (DhCombinedScores) scores = g_new0 (DhCombinedScores, 1);
  g_atomic_ref_count_init (&scores->refs);
  scores->combination = dh_combination_copy (combination);
  scores->parts = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_combined_part_free);
  scores->method = g_strstrip (g_strdup (method ? method : ""));
  if (!g_utf8_validate (scores->method, -1, NULL) || (method && !*scores->method))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, "the run needs a name, which tables show it by");
      return NULL;
    }
  if (!dh_combination_check (scores->combination, error) || !open_parts (scores, database, out, error)
      || !open_dataset (scores, cancellable, progress, error) || !check_maps (scores, cancellable, error))
    return NULL;
  if (!method)
    {
      g_free (scores->method);
      scores->method = name_method (scores);
    }
  return g_steal_pointer (&scores);
}

DhCombinedScores *
dh_combined_scores_ref (DhCombinedScores *scores)
{
  g_atomic_ref_count_inc (&scores->refs);
  return scores;
}

void
dh_combined_scores_unref (DhCombinedScores *scores)
{
  if (!scores || !g_atomic_ref_count_dec (&scores->refs))
    return;
  dh_combination_free (scores->combination);
  g_clear_pointer (&scores->dataset, dh_dataset_unref);
  g_ptr_array_unref (scores->parts);
  g_free (scores->method);
  g_free (scores->sha256);
  g_free (scores);
}

DhDataset *
dh_combined_scores_dataset (const DhCombinedScores *scores)
{
  return scores->dataset;
}

const char *
dh_combined_scores_method (const DhCombinedScores *scores)
{
  return scores->method;
}

const char *
dh_combined_scores_sha256 (const DhCombinedScores *scores)
{
  return scores->sha256;
}

/* Making ready */

static gboolean
measure_scale (DhCombinedScores *scores, guint p, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  DhCombinedPart *part = part_at (scores, p);
  const guint n = dh_dataset_size (scores->dataset);
  g_autoptr (DhScoreScale) scale = dh_score_scale_new (scores->combination->standard == DH_STANDARD_RANKS);
  for (guint i = 0; i < n; i++)
    {
      const char *stem = dh_dataset_item (scores->dataset, i)->stem;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      dh_progress_report (progress, (guint64)p * n + i, (guint64)scores->parts->len * n, "the scores' scale");
      if (!dh_combined_part_has (part, stem, NULL))
        continue;
      g_autoptr (DhTensor) map = dh_combined_part_load (part, scores->dataset, i, error);
      if (!map)
        return FALSE;
      dh_score_scale_add (scale, dh_tensor_f32 (map), dh_tensor_count (map));
    }
  if (!dh_score_scale_finish (scale))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "run %" G_GINT64_FORMAT ": its scores do not differ, so there is nothing to standardise",
                   part->run->id);
      return FALSE;
    }
  dh_score_scale_free (part->scale); /* of a start that was stopped */
  part->scale = g_steal_pointer (&scale);
  return TRUE;
}

gboolean
dh_combined_scores_prepare (DhCombinedScores *scores, GCancellable *cancellable, const DhProgress *progress,
                            GError **error)
{
  const gboolean scaled = scores->combination->standard >= DH_STANDARD_DEVIATION;
  if (scores->sha256)
    return TRUE;
  g_autoptr (GString) text = g_string_new ("combined scores\n");
  g_autofree char *done = dh_combination_to_text (scores->combination);
  g_string_append (text, done);
  for (guint i = 0; i < scores->parts->len; i++)
    {
      if (scaled && !measure_scale (scores, i, cancellable, progress, error))
        return FALSE;
      g_autofree char *identity = dh_combined_part_dup_identity (part_at (scores, i));
      g_string_append (text, identity);
    }
  scores->sha256 = dh_sha256 (text->str, text->len);
  return TRUE;
}

char *
dh_combined_scores_default_folder (const DhCombinedScores *scores)
{
  g_return_val_if_fail (scores->sha256 != NULL, NULL);
  g_autofree char *root = g_canonicalize_filename (dh_dataset_root (scores->dataset), NULL);
  g_autofree char *whose = g_strdup_printf ("%s\n%s", root, scores->method);
  g_autofree char *hash = dh_sha256 (whose, strlen (whose));
  g_autofree char *name = g_strdup_printf ("combined-%.12s-%.12s", scores->sha256, hash);
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "evaluations", name, NULL);
}

/* What it is made of, which is all that is known of it once one of the runs is removed. */
static JsonObject *
describe_part (const DhCombinedPart *part)
{
  const DhRunRow *run = part->run;
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "run", run->id);
  json_object_set_string_member (object, "model", run->model_title);
  json_object_set_string_member (object, "score", dh_combined_part_score (part));
  json_object_set_string_member (object, run->method ? "scores_sha256" : "weights_sha256", run->model_sha256);
  if (!run->method)
    {
      json_object_set_string_member (object, "device", run->device);
      json_object_set_string_member (object, "precision", run->precision);
    }
  json_object_set_double_member (object, "weight", part->weight);
  if (part->scale)
    {
      json_object_set_double_member (object, "mean", dh_score_scale_mean (part->scale));
      json_object_set_double_member (object, "deviation", dh_score_scale_deviation (part->scale));
    }
  return object;
}

JsonObject *
dh_combined_scores_to_json (const DhCombinedScores *scores)
{
  const DhCombination *combination = scores->combination;
  JsonObject *object = json_object_new ();
  JsonArray *parts = json_array_new ();
  const char *standard = dh_standard_name (combination->standard);
  for (guint i = 0; i < scores->parts->len; i++)
    json_array_add_object_element (parts, describe_part (part_at (scores, i)));
  if (scores->parts->len > 1 || combination->how == DH_COMBINE_SUM)
    json_object_set_string_member (object, "how", dh_combine_name (combination->how));
  json_object_set_string_member (object, "standardised", standard ? standard : dh_standard_name (DH_STANDARD_NONE));
  if (combination->sigma > 0)
    {
      json_object_set_double_member (object, "sigma", combination->sigma);
      json_object_set_int_member (object, "kernel", combination->kernel);
    }
  json_object_set_array_member (object, "of", parts);
  return object;
}

/* A picture's map */

/* One more map onto what there is, in double precision: the order of the maps does not show in float32. */
static void
gather (const DhCombinedScores *scores, guint p, const float *values, double *sums, gsize n)
{
  const DhCombinedPart *part = part_at (scores, p);
  const DhCombine how = scores->combination->how;
  for (gsize i = 0; i < n; i++)
    {
      const double value = part->scale ? dh_score_scale_apply (part->scale, values[i]) : values[i];
      if (p == 0)
        sums[i] = how == DH_COMBINE_SUM ? part->weight * value : value;
      else if (how == DH_COMBINE_MEAN || how == DH_COMBINE_SUM)
        sums[i] += how == DH_COMBINE_SUM ? part->weight * value : value;
      else if (isnan (value) || (how == DH_COMBINE_MAX ? value > sums[i] : value < sums[i]))
        sums[i] = value; /* once NaN it stays so: nothing is more or less than that */
    }
}

static gboolean
no_memory (const char *stem, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for the score map of %s", stem);
  return FALSE;
}

/* All the maps in one, before the blur. */
static DhTensor *
gather_all (const DhCombinedScores *scores, guint index, GError **error)
{
  const guint n_parts = scores->parts->len;
  g_autofree double *sums = NULL;
  g_autoptr (DhTensor) made = NULL;
  for (guint p = 0; p < n_parts; p++)
    {
      g_autoptr (DhTensor) map = dh_combined_part_load (part_at (scores, p), scores->dataset, index, error);
      const gsize n = map ? (gsize)dh_tensor_count (map) : 0;
      if (!map)
        return NULL;
      if (p == 0 && (!(sums = g_try_new (double, n)) || !(made = dh_tensor_new_f32 (2, map->dims))))
        {
          no_memory (dh_dataset_item (scores->dataset, index)->stem, error);
          return NULL;
        }
      gather (scores, p, dh_tensor_f32 (map), sums, n);
    }
  const double whole = scores->combination->how == DH_COMBINE_MEAN ? n_parts : 1;
  float *to = dh_tensor_f32 (made);
  for (gint64 i = 0, n = dh_tensor_count (made); i < n; i++)
    to[i] = (float)(sums[i] / whole);
  return g_steal_pointer (&made);
}

DhTensor *
dh_combined_scores_load (const DhCombinedScores *scores, guint index, GError **error)
{
  const DhCombination *combination = scores->combination;
  g_autoptr (DhTensor) made = gather_all (scores, index, error);
  if (!made || combination->sigma == 0)
    return g_steal_pointer (&made);
  g_autoptr (DhTensor) blurred = dh_tensor_new_f32 (made->n_dims, made->dims);
  if (!blurred)
    {
      no_memory (dh_dataset_item (scores->dataset, index)->stem, error);
      return NULL;
    }
  if (!dh_blur (dh_tensor_f32 (made), dh_tensor_f32 (blurred), (guint)made->dims[1], (guint)made->dims[0],
                combination->sigma, combination->kernel, error))
    return NULL;
  return g_steal_pointer (&blurred);
}
