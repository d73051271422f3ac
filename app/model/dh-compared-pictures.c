#include "dh-compared-pictures.h"
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include "dh-compared-numbers.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "dh-session-private.h"

struct _DhComparedPicture
{
  GObject parent_instance;
  DhImageItem *item;
  guint place; /* in the data set */
  double ap[2];
  char *why;
};

G_DEFINE_FINAL_TYPE (DhComparedPicture, dh_compared_picture, G_TYPE_OBJECT)

static void
dh_compared_picture_finalize (GObject *object)
{
  DhComparedPicture *self = DH_COMPARED_PICTURE (object);
  g_clear_object (&self->item);
  g_free (self->why);
  G_OBJECT_CLASS (dh_compared_picture_parent_class)->finalize (object);
}

static void
dh_compared_picture_class_init (DhComparedPictureClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_compared_picture_finalize;
}

static void
dh_compared_picture_init (DhComparedPicture *self)
{
}

DhImageItem *
dh_compared_picture_get_item (DhComparedPicture *self)
{
  return self->item;
}

double
dh_compared_picture_get_ap (DhComparedPicture *self, guint side)
{
  g_return_val_if_fail (side < 2, NAN);
  return self->ap[side];
}

double
dh_compared_picture_get_change (DhComparedPicture *self)
{
  return self->ap[0] - self->ap[1];
}

const char *
dh_compared_picture_get_why (DhComparedPicture *self)
{
  return self->why;
}

const char *
dh_order_id (DhOrder order)
{
  static const char *const ids[DH_N_ORDERS] = { "gain", "loss", "change", "name" };
  g_return_val_if_fail (order < DH_N_ORDERS, NULL);
  return ids[order];
}

const char *
dh_order_title (DhOrder order)
{
  static const char *const titles[DH_N_ORDERS] = { N_ ("Largest gain of A first"), N_ ("Largest loss of A first"),
                                                   N_ ("Largest change first"), N_ ("By name") };
  g_return_val_if_fail (order < DH_N_ORDERS, NULL);
  return _ (titles[order]);
}

/* AP knows no threshold: what was kept of the network is as the network's; −1: of another one. */
static gint
side_of (DhSession *session, gint side)
{
  if (side < DH_FRAME_RUN_A || dh_session_get_compared_run (session, (guint)side - DH_FRAME_RUN_A) != DH_KEPT_RUN)
    return side;
  return dh_session_made_kept_map (session) ? (gint)dh_session_get_kept_map (session)->kind : -1;
}

/* Why a side has no AP of any picture; NULL where it has. */
static const char *
refuse_side (DhSession *session, gint side)
{
  if (side >= DH_FRAME_RUN_A)
    {
      const guint at = (guint)side - DH_FRAME_RUN_A;
      const DhRunDetails *details = dh_session_get_run_details (session, at);
      if (details == NULL)
        return dh_session_get_run_details_error (session, at) != NULL ? _ ("A run cannot be read") : _ ("Reading…");
      g_autofree char *root = g_canonicalize_filename (details->root != NULL ? details->root : "", NULL);
      g_autofree char *open = dh_session_dup_root (session);
      if (open != NULL && !g_str_equal (root, open))
        return _ ("A run is of another data set than the one that is open");
      return details->open_set ? _ ("An open-set run has no AP of single images") : NULL;
    }
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  const DhScore score = dh_compared_score_of_side (side);
  if (score == DH_N_SCORES)
    return _ ("One side has no AP of single images: choose a run or the hybrid score in its head");
  if (dh_session_get_set_stats (session) == NULL || summary == NULL)
    return dh_session_find_evaluated (session) != NULL
               ? _ ("The data set was evaluated before: Metrics (Ctrl+2) shows what was measured")
               : _ ("The data set is not evaluated yet (Ctrl+E)");
  return summary->score == score
             ? NULL
             : _ ("Of the network, single images have an AP of its main score alone; runs have one of theirs");
}

/* How the pictures were seen of which a side's numbers are. */
static char *
dup_seen (DhSession *session, gint side)
{
  if (side < DH_FRAME_RUN_A)
    return session->dataset != NULL ? dh_dataset_dup_seen (session->dataset) : NULL;
  return g_strdup (
      dh_fingerprint_get_seen (dh_session_get_run_details (session, (guint)side - DH_FRAME_RUN_A)->fingerprint));
}

/* Why the two are not of the same; NULL where they are. */
static const char *
refuse_both (DhSession *session, const gint sides[2])
{
  g_autofree char *a = dup_seen (session, sides[0]), *b = dup_seen (session, sides[1]);
  return dh_seen_has_same_region (a, b) ? NULL : _ ("Other pixels of the images were measured: see Not measured");
}

static char *
explain (guint64 anomalies, guint64 pixels, guint64 non_finite)
{
  if (non_finite > 0)
    return g_strdup_printf (_ ("%" PRIu64 " scores are not finite"), non_finite);
  return g_strdup (pixels == 0      ? _ ("no anomaly label")
                   : anomalies == 0 ? _ ("no anomaly pixels")
                                    : _ ("no inlier pixels"));
}

static double
find_ap (DhSession *session, gint side, DhImageItem *item, char **why)
{
  if (side < DH_FRAME_RUN_A)
    {
      const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
      if (!metrics->evaluated)
        *why = g_strdup (_ ("not evaluated"));
      else if (isnan (metrics->ap))
        *why = explain (metrics->n_anomaly, metrics->n_anomaly + metrics->n_inlier, 0);
      return metrics->evaluated ? metrics->ap : (double)NAN;
    }
  const DhRunDetails *details = dh_session_get_run_details (session, (guint)side - DH_FRAME_RUN_A);
  const DhRunPicture *picture = dh_run_details_find_picture (details, dh_image_item_get_stem (item));
  if (picture == NULL)
    *why = g_strdup (_ ("not in the run"));
  else if (isnan (picture->ap))
    *why = picture->why != NULL ? g_strdup_printf (_ ("failed: %s"), picture->why)
                                : explain (picture->anomalies, picture->pixels, picture->non_finite);
  return picture != NULL ? picture->ap : (double)NAN;
}

static DhComparedPicture *
compare_picture (DhSession *session, const gint sides[2], DhImageItem *item, guint place)
{
  DhComparedPicture *self = g_object_new (DH_TYPE_COMPARED_PICTURE, NULL);
  self->item = g_object_ref (item);
  self->place = place;
  g_autofree char *a = NULL, *b = NULL;
  self->ap[0] = find_ap (session, sides[0], item, &a);
  self->ap[1] = find_ap (session, sides[1], item, &b);
  if (a != NULL && b != NULL && g_str_equal (a, b))
    self->why = g_steal_pointer (&a);
  else if (a != NULL || b != NULL)
    self->why = g_strdup_printf (a != NULL ? _ ("A: %s") : _ ("B: %s"), a != NULL ? a : b);
  return self;
}

/* What comes first is larger. */
static double
weight_of (DhComparedPicture *picture, DhOrder order)
{
  const double change = dh_compared_picture_get_change (picture);
  return order == DH_ORDER_GAIN ? change : order == DH_ORDER_LOSS ? -change : fabs (change);
}

static gint
compare_order (gconstpointer a, gconstpointer b, gpointer data)
{
  const DhOrder order = GPOINTER_TO_UINT (data);
  DhComparedPicture *first = *(DhComparedPicture *const *)a, *second = *(DhComparedPicture *const *)b;
  const gint place = (gint)(first->place > second->place) - (gint)(first->place < second->place);
  if (order == DH_ORDER_NAME)
    return place;
  const double of_first = weight_of (first, order), of_second = weight_of (second, order);
  if (isnan (of_first) != isnan (of_second))
    return isnan (of_first) ? 1 : -1;
  if (isnan (of_first) || of_first == of_second)
    return place;
  return of_first > of_second ? -1 : 1;
}

GPtrArray *
dh_compared_pictures_list (DhSession *session, const gint sides[2], DhOrder order, const char **why)
{
  GPtrArray *pictures = g_ptr_array_new_with_free_func (g_object_unref);
  DhImageList *list = dh_session_get_list (session);
  const gint of[2] = { side_of (session, sides[0]), side_of (session, sides[1]) };
  *why = refuse_side (session, of[0]);
  if (*why == NULL)
    *why = refuse_side (session, of[1]);
  if (*why == NULL)
    *why = refuse_both (session, of);
  for (guint i = 0; *why == NULL && i < dh_image_list_get_size (list); i++)
    g_ptr_array_add (pictures, compare_picture (session, of, dh_image_list_get_item (list, i), i));
  g_ptr_array_sort_with_data (pictures, compare_order, GUINT_TO_POINTER (order));
  return pictures;
}
