#include <glib/gi18n.h>
#include <math.h>
#include "dh-combined-scores.h"
#include "dh-imported-scores.h"
#include "dh-made-of.h"
#include "dh-run-names-private.h"
#include "dh-run-state.h"
#include "dh-session-private.h"

char *
dh_run_names_dup_data (const DhRunRow *run)
{
  const char *root = run->dataset_root;
  if (root != NULL && dh_session_id_of_root (root) != root)
    {
      g_autofree char *seen = dh_seen_dup_title (dh_fingerprint_get_seen (run->dataset_fingerprint));
      return g_strconcat (_ ("Demo scenes"), seen != NULL ? " · " : NULL, seen, NULL);
    }
  return g_strdup (run->dataset_title);
}

char *
dh_run_names_dup_model (const DhRunRow *run)
{
  char *weights = dh_run_row_dup_weights (run);
  if (weights != NULL)
    return weights;
  /* What is in no file came with the program. */
  return g_strdup (run->method == NULL ? _ ("Demo network") : run->model_title);
}

/* A run's map is told where it is not the one that runs have for their own. */
static gboolean
is_usual (const char *score)
{
  static const char *const usual[] = { "hybrid", DH_SCORE_IMPORTED, DH_SCORE_COMBINED, NULL };
  return score == NULL || g_strv_contains (usual, score);
}

static char *
list_parts (const DhMadeOf *made)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < made->parts->len; i++)
    {
      const DhMadeOfPart *part = made->parts->pdata[i];
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", part->run);
      if (!is_usual (part->score))
        g_string_append_printf (text, " (%s)", part->score);
    }
  return g_string_free (text, FALSE);
}

static char *
name_how (DhCombine how, const char *parts)
{
  switch (how)
    {
    case DH_COMBINE_MAX:
      return g_strdup_printf (_ ("maximum of runs %s"), parts);
    case DH_COMBINE_MIN:
      return g_strdup_printf (_ ("minimum of runs %s"), parts);
    case DH_COMBINE_SUM:
      return g_strdup_printf (_ ("weighted sum of runs %s"), parts);
    default:
      return g_strdup_printf (_ ("mean of runs %s"), parts);
    }
}

char *
dh_run_names_dup_made_of (const DhRunRow *run)
{
  if (run->method == NULL || g_strcmp0 (run->score, DH_SCORE_COMBINED) != 0)
    return NULL;
  g_autoptr (DhMadeOf) made = dh_made_of_read (run);
  if (made == NULL)
    return g_strdup ("—");
  static const char *const scales[DH_N_STANDARDS] = {
    [DH_STANDARD_DEVIATION] = N_ ("each by its deviation"), [DH_STANDARD_RANKS] = N_ ("each as ranks")
  };
  DhCombine how = DH_COMBINE_MEAN;
  DhStandard standard = DH_STANDARD_NONE;
  const gboolean several = dh_combine_from_name (made->how, &how);
  dh_standard_from_name (made->standardised, &standard);
  g_autofree char *parts = list_parts (made);
  g_autofree char *what = several ? name_how (how, parts) : g_strdup_printf (_ ("run %s"), parts);
  GString *text = g_string_new (what);
  if (scales[standard] != NULL)
    g_string_append_printf (text, " · %s", _ (scales[standard]));
  if (isfinite (made->sigma))
    {
      g_string_append (text, " · ");
      g_string_append_printf (text, _ ("blurred by %g px"), made->sigma);
    }
  return g_string_free (text, FALSE);
}
