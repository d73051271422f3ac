#include "dh-browse-panes-private.h"
#include <math.h>
#include <string.h>
#include "dh-fit-column.h"
#include "dh-kept-map.h"
#include "dh-run-map.h"
#include "dh-shown-classes.h"
#include "dh-widgets.h"

/* The shown classes that take most of the picture. */
static guint
common_classes (DhFrame *frame, const gboolean *hidden, guint8 *ids, guint room)
{
  guint counts[256] = { 0 };
  gsize n;
  const guint8 *map = g_bytes_get_data (frame->maps[DH_FRAME_SEGMENTATION], &n);
  gsize step = MAX (1, n / 20000);
  for (gsize i = 0; i < n; i += step)
    counts[map[i]] += !hidden[map[i]];
  guint found = 0;
  for (; found < room; found++)
    {
      guint best = 0;
      for (guint i = 1; i < 256; i++)
        if (counts[i] > counts[best])
          best = i;
      if (counts[best] == 0)
        break;
      ids[found] = (guint8)best;
      counts[best] = 0;
    }
  return found;
}

static void
show_segmentation_legend (DhBrowsePanes *self, DhPane *pane)
{
  guint8 ids[3];
  gboolean hidden[DH_MOST_CLASSES];
  dh_shown_classes_get (self->session, hidden);
  guint n = dh_frame_has_map (self->frame, DH_FRAME_SEGMENTATION) ? common_classes (self->frame, hidden, ids, 3) : 0;
  DhLegendEntry entries[3];
  char *names[3] = { NULL };
  for (guint i = 0; i < n; i++)
    {
      guint8 rgb[3];
      dh_session_get_class_color (self->session, dh_view_get_palette (self->view), ids[i], rgb);
      names[i] = dh_shown_classes_dup_name (self->session, ids[i]);
      entries[i] = (DhLegendEntry){ (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2], names[i], FALSE };
    }
  dh_pane_set_legend (pane, entries, n);
  for (guint i = 0; i < n; i++)
    g_free (names[i]);
}

/* Of the frame, or as it is drawn. */
static gboolean
shows_truth (DhBrowsePanes *self)
{
  return self->edit != NULL || (self->frame != NULL && self->frame->truth != NULL);
}

static void
show_drawing_legend (DhPane *pane, gboolean maps)
{
  const DhLegendEntry entries[] = { { DH_COLOR_FN, _ ("anomaly"), FALSE },
                                    { 0x9a9a9a, _ ("ignored"), TRUE },
                                    { DH_COLOR_MASK, _ ("flagged"), FALSE } };
  dh_pane_set_legend (pane, entries, maps ? 3 : 2);
}

void
dh_browse_panes_show_legend (DhBrowsePanes *self, guint index)
{
  DhPane *pane = dh_canvas_get_pane (self->canvas, index);
  const DhPaneContent *content = self->shown[index];
  static const DhLegendEntry truth[] = { { DH_COLOR_FN, N_ ("anomaly"), FALSE }, { 0x9a9a9a, N_ ("void"), TRUE } };
  static const DhLegendEntry outcome[] = { { DH_COLOR_TP, "TP", FALSE },
                                           { DH_COLOR_FP, "FP", FALSE },
                                           { DH_COLOR_FN, "FN", TRUE } };
  dh_pane_set_legend_help (pane, content->kind == DH_PANE_TRUTH ? _ (
                                     "Anomaly: what the label calls anomalous. Void: what it leaves open, such as the "
                                     "rim of objects or the car itself; no metric counts it. The rest is inlier.")
                                                                : NULL);
  if (content->kind == DH_PANE_SEGMENTATION)
    show_segmentation_legend (self, pane);
  else if (content->kind == DH_PANE_TRUTH)
    {
      DhLegendEntry entries[] = { truth[0], truth[1] };
      entries[0].text = _ (truth[0].text);
      entries[1].text = _ (truth[1].text);
      if (!shows_truth (self) && self->frame != NULL && self->frame->unmeasured != NULL)
        dh_pane_set_legend (pane, &entries[1], 1);
      else
        dh_pane_set_legend (pane, entries, shows_truth (self) ? 2 : 0);
    }
  else if (content->kind == DH_PANE_IMAGE)
    {
      const char *overlay = dh_view_get_string (self->view, "overlay");
      gboolean maps = dh_frame_has_map (self->frame, dh_score_map (dh_session_get_active_score (self->session)));
      gboolean judged = maps && self->frame->truth != NULL && g_str_equal (overlay, "outcome");
      gboolean flagged = maps && !judged && (g_str_equal (overlay, "outcome") || g_str_equal (overlay, "mask"));
      if (self->edit != NULL)
        {
          show_drawing_legend (pane, maps);
          return;
        }
      const DhLegendEntry mask = { DH_COLOR_MASK, _ ("flagged"), FALSE };
      if (flagged)
        dh_pane_set_legend (pane, &mask, 1);
      else
        dh_pane_set_legend (pane, outcome, judged ? G_N_ELEMENTS (outcome) : 0);
    }
}

/* The first stays, however small the pane is; a second goes with its icon. */
static void
add_button (GtkWidget *box, const char *label, const char *action)
{
  if (box == NULL)
    return;
  GtkWidget *button = gtk_button_new_with_label (label);
  gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  dh_fit_column_append (DH_FIT_COLUMN (box), button, GTK_IS_BUTTON (gtk_widget_get_last_child (box)) ? 3 : 0);
}

void
dh_browse_panes_forget_message (DhPaneMessage *message)
{
  if (message->box != NULL)
    g_object_remove_weak_pointer (G_OBJECT (message->box), (gpointer *)&message->box);
  *message = (DhPaneMessage){ 0 };
}

/* Shows a message, or only renews its text where it stands there already, so that a spinner keeps turning. The box
 * where it is new, for buttons; else NULL. `title` is one of the translated constants. */
static GtkWidget *
say (DhBrowsePanes *self, guint index, const char *icon, const char *tone, const char *title, const char *text)
{
  DhPane *pane = dh_canvas_get_pane (self->canvas, index);
  DhPaneMessage *message = &self->messages[index];
  if (message->box != NULL && message->pane == pane && g_str_equal (message->title, title))
    {
      GtkWidget *label = gtk_widget_get_last_child (message->box);
      /* A button may stand below it. */
      while (label != NULL && !GTK_IS_LABEL (label))
        label = gtk_widget_get_prev_sibling (label);
      gtk_widget_set_tooltip_text (message->box, text);
      if (label != NULL && text != NULL)
        gtk_label_set_label (GTK_LABEL (label), text);
      return NULL;
    }
  dh_browse_panes_forget_message (message);
  GtkWidget *box = dh_pane_show_message (pane, icon, tone, title, text);
  *message = (DhPaneMessage){ pane, title, box };
  g_object_add_weak_pointer (G_OBJECT (box), (gpointer *)&message->box);
  return box;
}

static void show_missing_map (DhBrowsePanes *self, guint index, DhFrameMap map, const char *error);

static void
show_missing_run_map (DhBrowsePanes *self, guint index, DhFrameMap map, const char *error)
{
  const DhRunMap *run = dh_session_get_run_map (self->session, map - DH_FRAME_RUN_A);
  const gboolean kept = dh_session_get_compared_run (self->session, map - DH_FRAME_RUN_A) == DH_KEPT_RUN;
  if (run == NULL && kept)
    say (self, index, NULL, NULL, _ ("Looking for what was computed…"), NULL);
  else if (run != NULL && kept && run->error != NULL)
    say (self, index, "dialog-information-symbolic", NULL, _ ("Kept of another image"), run->error);
  else if (kept)
    show_missing_map (self, index, run->kind, error);
  else if (run != NULL && run->error != NULL)
    say (self, index, "dialog-warning-symbolic", "dh-warn", _ ("The run’s map cannot be shown"), run->error);
  else
    say (self, index, NULL, NULL, _ ("Reading the run’s map…"), NULL);
}

/* Words in place of a picture that is not there. */
static void
show_missing_map (DhBrowsePanes *self, guint index, DhFrameMap map, const char *error)
{
  GtkWidget *box;
  if (map >= DH_N_FRAME_MAPS)
    show_missing_run_map (self, index, map, error);
  else if (dh_session_is_loading (self->session))
    say (self, index, NULL, NULL, _ ("Loading weights…"), NULL);
  else if (dh_session_get_model_info (self->session) == NULL)
    {
      box = say (self, index, "dh-chip-symbolic", NULL, _ ("No weights"), _ ("A network makes this map"));
      add_button (box, _ ("Choose weights…"), "win.open-weights");
    }
  else if (!dh_session_has_map (self->session, map))
    say (self, index, "dialog-information-symbolic", NULL, _ ("No outlier head"),
         _ ("These weights are of a closed-set network; it has likelihood, max softmax, max logit and entropy"));
  else if (dh_session_can_tile (self->session))
    {
      g_autofree char *text = g_strdup_printf (
          _ ("%s. Tiles fit; their maps differ from the whole image’s, near their edges most."), error);
      box = say (self, index, "dh-memory-symbolic", "dh-warn", _ ("Not enough memory"), text);
      add_button (box, _ ("Compute in tiles"), "win.compute-in-tiles");
      add_button (box, _ ("Try again"), "win.retry");
    }
  else if (error != NULL)
    {
      box = say (self, index, "dialog-warning-symbolic", "dh-err", _ ("It could not be computed"), error);
      add_button (box, _ ("Try again"), "win.retry");
    }
  else if (!self->computing)
    say (self, index, NULL, NULL, _ ("Waiting…"), NULL);
  else
    {
      double left = self->fraction > 0.02 ? self->seconds / self->fraction - self->seconds : NAN;
      g_autofree char *text = isnan (left) ? g_strdup (self->layer)
                                           : g_strdup_printf (_ ("%s · about %.0f s left"), self->layer, ceil (left));
      say (self, index, NULL, NULL, _ ("Computing…"), text);
    }
}

static gboolean
has_stats (const DhScoreStats *stats)
{
  for (guint score = 0; score < DH_N_SCORES; score++)
    if (dh_score_stats_has (stats, score))
      return TRUE;
  return FALSE;
}

/* A − B waits for whatever either side waits for, then for what is counted of the picture. */
static gboolean
show_missing_difference (DhBrowsePanes *self, guint index, const char *error)
{
  for (guint side = 0; side < 2; side++)
    {
      DhFrameMap map = (DhFrameMap)dh_browse_comparison_side (self->view, side)->map;
      if (dh_frame_has_map (self->frame, map))
        continue;
      show_missing_map (self, index, map, error);
      return TRUE;
    }
  if (!self->has_difference)
    say (self, index, NULL, NULL,
         has_stats (dh_session_get_stats (self->session)) ? _ ("Nothing in this image to align by") : _ ("Counting…"),
         NULL);
  return !self->has_difference;
}

void
dh_browse_panes_show_message (DhBrowsePanes *self, guint index)
{
  const DhPaneContent *content = self->shown[index];
  const char *error = dh_session_get_frame_error (self->session);
  DhFrame *frame = self->frame;
  GtkWidget *box;
  if (content->kind == DH_PANE_IMAGE && frame == NULL && error != NULL)
    {
      box = say (self, index, "dialog-warning-symbolic", "dh-err", _ ("This image cannot be shown"), error);
      add_button (box, _ ("Try again"), "win.retry");
    }
  else if (content->kind == DH_PANE_TRUTH && frame != NULL && frame->truth_error != NULL)
    say (self, index, "dialog-warning-symbolic", "dh-warn", _ ("The label cannot be used"), frame->truth_error);
  else if (content->kind == DH_PANE_TRUTH && frame != NULL && !shows_truth (self) && frame->unmeasured == NULL)
    say (self, index, "dialog-information-symbolic", NULL, _ ("No anomaly label"),
         _ ("It is left out of every metric, and has maps all the same"));
  else if (content->kind == DH_PANE_CLASSES && frame != NULL && frame->classes == NULL)
    say (self, index, "dialog-information-symbolic", NULL, _ ("No class labels"), NULL);
  else if (content->kind == DH_PANE_DIFFERENCE && frame != NULL && show_missing_difference (self, index, error))
    return;
  else if (content->map < 0 || dh_frame_has_map (frame, (DhFrameMap)content->map) || frame == NULL)
    {
      dh_browse_panes_forget_message (&self->messages[index]);
      dh_pane_set_message (dh_canvas_get_pane (self->canvas, index), NULL);
    }
  else
    show_missing_map (self, index, (DhFrameMap)content->map, error);
}
