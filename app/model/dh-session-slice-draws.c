#include "dh-bootstrap.h"
#include "dh-session-private.h"
#include "dh-session-slices-private.h"

/* The number of each picture's scene, where every one that was evaluated has one and there are enough of them, else its
 * own. */
static guint *
number_groups (DhSession *self, const GArray *evaluated, guint *n_groups)
{
  const guint n = dh_image_list_get_size (self->list);
  g_autoptr (GHashTable) scenes = g_hash_table_new (g_str_hash, g_str_equal);
  guint *groups = g_new0 (guint, MAX (n, 1));
  gboolean all = TRUE;
  for (guint i = 0; i < evaluated->len; i++)
    {
      const guint picture = g_array_index (evaluated, guint, i);
      const char *scene = dh_image_item_get_group (dh_image_list_get_item (self->list, picture));
      all = all && *scene != '\0';
      if (!g_hash_table_contains (scenes, scene))
        g_hash_table_insert (scenes, (gpointer)scene, GUINT_TO_POINTER (g_hash_table_size (scenes)));
      groups[picture] = GPOINTER_TO_UINT (g_hash_table_lookup (scenes, scene));
    }
  *n_groups = g_hash_table_size (scenes);
  if (all && *n_groups >= DH_BOOTSTRAP_LEAST)
    return groups;
  *n_groups = n;
  for (guint i = 0; i < n; i++)
    groups[i] = i;
  return groups;
}

DhSliceDraws *
dh_session_make_slice_draws (DhSession *self, DhScore score, const GArray *evaluated)
{
  const DhScoreCurve *points = dh_score_stats_curve (self->set_stats, score);
  DhCurve *curve = points != NULL ? dh_curve_new (0, 0, points->n) : NULL;
  if (curve == NULL)
    return NULL;
  for (guint i = 0; i < points->n; i++)
    curve->points[i] =
        (DhCurvePoint){ .threshold = dh_score_flags_above (score) ? points->threshold[i] : -points->threshold[i] };
  guint n_groups;
  guint *groups = number_groups (self, evaluated, &n_groups);
  return dh_slice_draws_new (curve, groups, n_groups);
}
