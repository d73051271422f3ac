#include "dh-side-tuner.h"
#include <math.h>
#include "dh-browse-panes-private.h"
#include "dh-compared-numbers.h"
#include "dh-counts-table.h"
#include "dh-kept-map.h"
#include "dh-run-list.h"
#include "dh-run-tuner.h"
#include "dh-score-tuner.h"

struct _DhSideTuner
{
  GtkWidget parent_instance;
  DhSession *session;
  guint side;
  GtkWidget *title, *place, *tuner, *none, *line, *counts;
  gint64 run;    /* that `tuner` is for; 0: it is for a score */
  DhScore score; /* whose axis it has; DH_N_SCORES: there is no tuner */
};

G_DEFINE_FINAL_TYPE (DhSideTuner, dh_side_tuner, GTK_TYPE_WIDGET)

static gint
map_of (DhSideTuner *self)
{
  return dh_browse_comparison_side (dh_session_get_view (self->session), self->side)->map;
}

static gboolean
is_compared (DhSideTuner *self)
{
  return dh_view_is (dh_session_get_view (self->session), "layout", "compare");
}

/* What a run that stands there measured; −1: that is not known (yet), or not what to call it: a method's name is in its
 * details alone. */
static gint
measured_by_run (DhSideTuner *self)
{
  const DhRunDetails *details = dh_session_get_run_details (self->session, self->side);
  const DhRunMap *map = dh_session_get_run_map (self->session, self->side);
  if (details != NULL)
    return details->map;
  return map != NULL && map->error == NULL && !map->imported ? (gint)map->kind : -1;
}

static const char *
title_of (DhSideTuner *self, gint map)
{
  const DhRunDetails *details = dh_session_get_run_details (self->session, self->side);
  if (details != NULL && details->method != NULL)
    return details->method;
  for (guint i = 0; i < dh_n_pane_contents; i++)
    if (map >= 0 && dh_pane_contents[i].map == map)
      return _ (dh_pane_contents[i].title);
  return "";
}

static gboolean
is_kept (DhSideTuner *self, gint map)
{
  return map >= DH_FRAME_RUN_A && dh_session_get_compared_run (self->session, self->side) == DH_KEPT_RUN;
}

/* Why nothing can be tuned there; NULL where something can. */
static const char *
refuse (DhSideTuner *self, gint map)
{
  if (is_kept (self, map))
    return _ ("Map and threshold are kept: they do not move.");
  if (map >= DH_FRAME_RUN_A && dh_session_get_run_details_error (self->session, self->side) != NULL)
    return _ ("The run cannot be read");
  if (map >= DH_FRAME_RUN_A)
    return measured_by_run (self) < 0 ? _ ("Reading the run…") : NULL;
  if (map < 0 || map == DH_FRAME_SEGMENTATION)
    return _ ("Images, classes and labels have no threshold");
  if (dh_compared_score_of_side (map) < DH_N_SCORES)
    return NULL;
  return _ ("This map has no threshold of its own: beside the others it is aligned where it flags as large a share of "
            "the image as the active score. A run of this score can be tuned.");
}

static void
set_tuner (DhSideTuner *self, gint64 run, DhScore score, GtkWidget *tuner)
{
  if (self->tuner != NULL)
    gtk_box_remove (GTK_BOX (self->place), self->tuner);
  self->tuner = tuner;
  self->run = run;
  self->score = score;
  if (tuner != NULL)
    gtk_box_append (GTK_BOX (self->place), tuner);
}

static void
show_tuner (DhSideTuner *self)
{
  const gint map = map_of (self);
  const char *refused = refuse (self, map);
  const gint measured = map >= DH_FRAME_RUN_A ? measured_by_run (self) : map;
  const gboolean kept = is_kept (self, map);
  const DhScore score = kept && measured >= 0   ? dh_run_curve_score_of_map ((DhFrameMap)measured)
                        : refused != NULL       ? DH_N_SCORES
                        : map >= DH_FRAME_RUN_A ? dh_run_curve_score_of_map ((DhFrameMap)measured)
                                                : dh_compared_score_of_side (map);
  const gint64 run =
      map >= DH_FRAME_RUN_A && (refused == NULL || kept) ? dh_session_get_compared_run (self->session, self->side) : 0;
  if (run != self->run || score != self->score)
    set_tuner (self, run, score,
               refused != NULL ? NULL
               : run != 0      ? dh_run_tuner_new (self->session, self->side, score, title_of (self, measured))
                               : dh_score_tuner_new_alone (self->session, score));
  gtk_widget_set_visible (self->none, refused != NULL);
  gtk_label_set_label (GTK_LABEL (self->none), refused != NULL ? refused : "");
  gtk_widget_set_visible (self->line, refused == NULL || kept);
  gtk_widget_set_visible (self->counts, refused == NULL || kept);
  g_autofree char *title = dh_browse_comparison_dup_long_title (self->session, self->side);
  g_autofree char *text = g_strdup_printf ("%c   %s", "AB"[self->side], title);
  gtk_label_set_label (GTK_LABEL (self->title), text);
  gtk_widget_set_tooltip_text (self->title, title);
}

static double
threshold_of (DhSideTuner *self)
{
  return self->run != 0 ? dh_session_get_run_threshold (self->session, self->side)->value
                        : dh_session_get_threshold (self->session, self->score)->value;
}

static const DhScoreStats *
stats_of (DhSideTuner *self)
{
  const DhRunMap *map = self->run != 0 ? dh_session_get_run_map (self->session, self->side) : NULL;
  return self->run == 0 ? dh_session_get_stats (self->session) : map != NULL ? map->stats : NULL;
}

static gboolean
count_set (DhSideTuner *self, double threshold, DhCounts *counts)
{
  if (self->run == DH_KEPT_RUN && !dh_session_made_kept_map (self->session))
    return FALSE;
  if (self->run > 0)
    {
      const DhRunDetails *details = dh_session_get_run_details (self->session, self->side);
      return details != NULL && dh_run_curve_count (details->curve, threshold, counts);
    }
  const DhScoreStats *stats = dh_session_get_set_stats (self->session);
  if (!dh_score_stats_has (stats, self->score) || isnan (threshold))
    return FALSE;
  dh_score_stats_count (stats, self->score, threshold, counts);
  return TRUE;
}

/* Why there are dashes. */
static const char *
explain (DhSideTuner *self, const DhScoreStats *stats, gboolean of_set)
{
  const DhFrame *frame = dh_session_get_frame (self->session);
  const DhRunMap *map = self->run != 0 ? dh_session_get_run_map (self->session, self->side) : NULL;
  if (map != NULL && map->error != NULL && self->run == DH_KEPT_RUN)
    return _ ("—  it was kept of another image");
  if (map != NULL && map->error != NULL)
    return _ ("—  the run’s map of this image cannot be read");
  if (map != NULL && map->non_finite == (guint64)map->width * map->height)
    return _ ("—  the run’s map of this image has no finite score");
  const char *of_image = dh_counts_table_explain (frame, stats, self->score);
  if (of_image != NULL)
    return of_image;
  const DhKeptMap *kept = self->run == DH_KEPT_RUN ? dh_session_get_kept_map (self->session) : NULL;
  if (!of_set && kept != NULL && kept->run != 0)
    return _ ("—  what was kept of a run has no numbers of the set; the run itself has");
  if (!of_set && self->run == DH_KEPT_RUN && !dh_session_made_kept_map (self->session))
    return _ ("—  what was kept of another network has no numbers of the set");
  if (!of_set && self->run <= 0)
    return !dh_session_has_anomaly_labels (self->session) ? NULL
           : dh_session_find_evaluated (self->session) != NULL
               ? _ ("—  the data set was evaluated before: Metrics (Ctrl+2) shows what was measured")
               : _ ("—  the data set is not evaluated yet (Ctrl+E)");
  if (!of_set && dh_session_get_run_details (self->session, self->side) != NULL)
    return _ ("—  the run keeps no pooled curve of its data set");
  return NULL;
}

static void
show_counts (DhSideTuner *self)
{
  if (!is_compared (self) || self->score == DH_N_SCORES)
    return;
  DhCountsTable *table = DH_COUNTS_TABLE (self->counts);
  const DhScoreStats *stats = stats_of (self);
  const double threshold = threshold_of (self);
  const gboolean of_image = dh_score_stats_counts_any (stats, self->score) && !isnan (threshold);
  DhCounts image, set;
  if (of_image)
    dh_score_stats_count (stats, self->score, threshold, &image);
  const gboolean of_set = count_set (self, threshold, &set);
  dh_counts_table_set (table, 0, of_image ? &image : NULL);
  dh_counts_table_set (table, 1, of_set ? &set : NULL);
  dh_counts_table_set_why (table, explain (self, stats, of_set));
}

static void
update (DhSideTuner *self)
{
  if (!is_compared (self))
    return;
  show_tuner (self);
  show_counts (self);
}

static void
on_side (DhSession *session, guint side, DhSideTuner *self)
{
  if (side == self->side && self->run != 0)
    show_counts (self);
}

static void
on_score (DhSession *session, guint score, DhSideTuner *self)
{
  if (score == self->score && self->run == 0)
    show_counts (self);
}

static void
on_view (DhSideTuner *self, GParamSpec *spec)
{
  static const char *const of_it[] = { "layout", "compare-a", "compare-b", NULL };
  if (g_strv_contains (of_it, spec->name))
    update (self);
}

gboolean
dh_side_tuner_can_tune (DhSideTuner *self)
{
  return self->tuner != NULL;
}

void
dh_side_tuner_focus_field (DhSideTuner *self)
{
  if (self->tuner != NULL && self->run != 0)
    dh_run_tuner_focus_field (DH_RUN_TUNER (self->tuner));
  else if (self->tuner != NULL)
    dh_score_tuner_focus_field (DH_SCORE_TUNER (self->tuner));
}

void
dh_side_tuner_reset (DhSideTuner *self)
{
  if (self->tuner != NULL && self->run != 0)
    dh_session_choose_run_threshold (self->session, self->side, DH_RULE_BEST_F1);
  else if (self->tuner != NULL)
    dh_session_reset_threshold (self->session, self->score);
}

void
dh_side_tuner_nudge (DhSideTuner *self, double steps)
{
  if (self->tuner != NULL && self->run != 0)
    dh_run_tuner_nudge (DH_RUN_TUNER (self->tuner), steps);
  else if (self->tuner != NULL)
    dh_score_tuner_nudge (DH_SCORE_TUNER (self->tuner), steps);
}

static void
dh_side_tuner_dispose (GObject *object)
{
  DhSideTuner *self = DH_SIDE_TUNER (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_side_tuner_parent_class)->dispose (object);
}

static void
dh_side_tuner_class_init (DhSideTunerClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_side_tuner_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_side_tuner_init (DhSideTuner *self)
{
  self->score = DH_N_SCORES;
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_bottom (box, 9);
  self->title = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_box_append (GTK_BOX (box), self->title);
  self->none = dh_ui_label (NULL, "dh-infobox", 0);
  gtk_label_set_wrap (GTK_LABEL (self->none), TRUE);
  gtk_box_append (GTK_BOX (box), self->none);
  self->place = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  gtk_box_append (GTK_BOX (box), self->place);
  self->line = dh_ui_line ();
  gtk_box_append (GTK_BOX (box), self->line);
  self->counts = dh_counts_table_new ();
  gtk_box_append (GTK_BOX (box), self->counts);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  gtk_widget_set_vexpand (scroller, TRUE);
  gtk_widget_set_parent (scroller, GTK_WIDGET (self));
}

GtkWidget *
dh_side_tuner_new (DhSession *session, guint side)
{
  DhSideTuner *self = g_object_new (DH_TYPE_SIDE_TUNER, NULL);
  self->session = g_object_ref (session);
  self->side = side;
  static const char *const all[] = { "compared", "notify::model-info", "notify::dataset-title" };
  static const char *const counts[] = { "notify::stats", "notify::set-stats", "notify::frame" };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_signal_connect_object (session, all[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    g_signal_connect_object (session, counts[i], G_CALLBACK (show_counts), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "run-threshold", G_CALLBACK (on_side), self, 0);
  g_signal_connect_object (session, "run-stats", G_CALLBACK (on_side), self, 0);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_score), self, 0);
  g_signal_connect_object (dh_session_get_view (session), "notify", G_CALLBACK (on_view), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  update (self);
  return GTK_WIDGET (self);
}
