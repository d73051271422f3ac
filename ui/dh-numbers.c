#include "dh-numbers.h"
#include <math.h>
#include "dh-counts-table.h"
#include "dh-object-rows.h"
#include "dh-session-evaluation.h"
#include "dh-session-set-objects.h"

struct _DhNumbers
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *table;
};

G_DEFINE_FINAL_TYPE (DhNumbers, dh_numbers, GTK_TYPE_WIDGET)

static void
show_column (DhNumbers *self, guint column, const DhScoreStats *stats)
{
  DhScore score = dh_session_get_active_score (self->session);
  double threshold = dh_session_get_threshold (self->session, score)->value;
  gboolean has = dh_score_stats_counts_any (stats, score) && !isnan (threshold);
  DhCounts counts;
  if (has)
    dh_score_stats_count (stats, score, threshold, &counts);
  dh_counts_table_set (DH_COUNTS_TABLE (self->table), column, has ? &counts : NULL);
}

/* Why no open-mIoU is to be had of this set with these weights; NULL where one is. */
static const char *
explain_open_miou (DhNumbers *self)
{
  if (dh_session_get_model_info (self->session) == NULL || dh_session_measures_classes (self->session))
    return dh_session_has_class_labels (self->session) && !dh_session_has_anomaly_labels (self->session)
               ? _ ("—  no anomaly labels")
               : NULL;
  return dh_session_has_class_labels (self->session) ? _ ("—  labels of other classes") : _ ("—  no class labels");
}

static void
show_open_miou (DhNumbers *self)
{
  const DhScore score = dh_session_get_active_score (self->session);
  const double threshold = dh_session_get_threshold (self->session, score)->value;
  dh_counts_table_set_open_miou (
      DH_COUNTS_TABLE (self->table), dh_score_stats_open_miou (dh_session_get_stats (self->session), score, threshold),
      dh_score_stats_open_miou (dh_session_get_set_stats (self->session), score, threshold), explain_open_miou (self));
}

/* Why there are dashes, in the picture's column. */
static char *
explain_image (DhNumbers *self)
{
  DhFrame *frame = dh_session_get_frame (self->session);
  DhScoreStats *stats = dh_session_get_stats (self->session);
  if (dh_session_get_model_info (self->session) == NULL)
    return g_strdup (_ ("—  no weights are loaded"));
  const char *of_image = dh_counts_table_explain (frame, stats, dh_session_get_active_score (self->session));
  if (of_image != NULL)
    return g_strdup (of_image);
  if (stats != NULL && dh_session_get_set_stats (self->session) == NULL
      && dh_session_has_anomaly_labels (self->session))
    return g_strconcat ("—  ", dh_session_explain_no_evaluation (self->session), NULL);
  return NULL;
}

/* What is to be known of the numbers: that some are looked for, or why they are dashes. */
static char *
explain (DhNumbers *self)
{
  guint done, of;
  dh_session_get_set_objects_progress (self->session, &done, &of);
  if (of > 0)
    return g_strdup_printf (_ ("updating… %u of %u"), done, of);
  char *image = explain_image (self);
  g_autofree char *set = dh_session_explain_set_objects (self->session);
  if (set == NULL || image == NULL)
    return image != NULL ? image : g_steal_pointer (&set);
  char *both = g_strconcat (image, "\n", set, NULL);
  g_free (image);
  return both;
}

static void
show (DhNumbers *self)
{
  show_column (self, 0, dh_session_get_stats (self->session));
  show_column (self, 1, dh_session_get_set_stats (self->session));
  show_open_miou (self);
}

static void
show_why (DhNumbers *self)
{
  g_autofree char *why = explain (self);
  dh_counts_table_set_why (DH_COUNTS_TABLE (self->table), why);
}

static void
show_all (DhNumbers *self)
{
  show (self);
  show_why (self);
}

static void
on_threshold (DhSession *session, guint score, DhNumbers *self)
{
  if (score == dh_session_get_active_score (session))
    show (self);
}

static void
dh_numbers_dispose (GObject *object)
{
  DhNumbers *self = DH_NUMBERS (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_numbers_parent_class)->dispose (object);
}

static void
dh_numbers_class_init (DhNumbersClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_numbers_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_numbers_init (DhNumbers *self)
{
  self->table = dh_counts_table_new ();
  gtk_widget_set_parent (self->table, GTK_WIDGET (self));
}

GtkWidget *
dh_numbers_new (DhSession *session)
{
  DhNumbers *self = g_object_new (DH_TYPE_NUMBERS, NULL);
  self->session = g_object_ref (session);
  dh_object_rows_add (DH_COUNTS_TABLE (self->table), session);
  static const char *const props[] = { "notify::stats",      "notify::set-stats", "notify::active-score",
                                       "notify::model-info", "notify::frame",     "notify::dataset-title" };
  for (guint i = 0; i < G_N_ELEMENTS (props); i++)
    g_signal_connect_object (session, props[i], G_CALLBACK (show_all), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "set-objects", G_CALLBACK (show_why), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "evaluation", G_CALLBACK (show_why), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, 0);
  show_all (self);
  return GTK_WIDGET (self);
}
