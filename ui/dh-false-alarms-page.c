#include "dh-false-alarms-page.h"
#include <inttypes.h>
#include <math.h>
#include "dh-chart-menu.h"
#include "dh-chart.h"
#include "dh-help.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"
#include "dh-pair.h"
#include "dh-session-evaluation.h"
#include "dh-session-false-alarms.h"

static const DhRule rules[] = { DH_RULE_FALSE_ALARMS_TENTH, DH_RULE_FALSE_ALARMS_ONE, DH_RULE_FALSE_ALARMS_TEN };
#define N_RATES G_N_ELEMENTS (rules)
#define AT_THRESHOLD N_RATES /* the last row */
#define N_ROWS (N_RATES + 1)
static const char *const areas[] = { "1", "10", "50", "100", "200", "500", "1000", "2000", NULL };
/* The axis begins here, or lower where the set is large. */
#define LEAST_RATE 0.01

enum
{
  COLUMN_RATE, /* the first */
  COLUMN_FOUND,
  COLUMN_OBJECTS,
  COLUMN_THRESHOLD,
  COLUMN_USE,
  N_COLUMNS,
};

typedef struct
{
  DhSession *session;
  GtkWidget *chart, *cells[N_ROWS][N_COLUMNS], *mean, *area;
  gboolean showing;
} Page;

static Page *
page_of (GtkWidget *page)
{
  return g_object_get_data (G_OBJECT (page), "page");
}

static void
set_text (GtkWidget *label, char *text)
{
  gtk_label_set_label (GTK_LABEL (label), text);
  g_free (text);
}

static char *
dup_threshold (Page *self, double threshold)
{
  return dh_session_get_active_score (self->session) == DH_SCORE_DATASET_POSTERIOR && !isnan (threshold)
             ? dh_number_format_probability (threshold)
             : dh_number_format (threshold, 3);
}

static void
show_row (Page *self, guint row, const DhFalseAlarms *alarms, const DhFalseAlarmsPoint *point)
{
  const guint objects = alarms != NULL ? dh_false_alarms_count_objects (alarms) : 0;
  GtkWidget **cells = self->cells[row];
  set_text (cells[COLUMN_FOUND], dh_number_format_percent (point->found, 1));
  set_text (cells[COLUMN_OBJECTS],
            objects == 0 ? g_strdup ("—") : g_strdup_printf (_ ("%.0f of %u"), point->found * objects, objects));
  set_text (cells[COLUMN_THRESHOLD], dup_threshold (self, point->threshold));
}

static void
show_threshold (GtkWidget *page)
{
  Page *self = page_of (page);
  const DhScore score = dh_session_get_active_score (self->session);
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (self->session);
  DhFalseAlarmsPoint point = { NAN, NAN, NAN, dh_session_get_threshold (self->session, score)->value };
  if (alarms != NULL)
    dh_false_alarms_at (alarms, point.threshold, &point);
  show_row (self, AT_THRESHOLD, alarms, &point);
  g_autofree char *rate = dh_number_format (point.rate, 2);
  set_text (self->cells[AT_THRESHOLD][COLUMN_RATE], g_strdup_printf (_ ("%s at the threshold"), rate));
  const double *x, *y;
  if (alarms == NULL || dh_false_alarms_get_corners (alarms, &x, &y) == 0)
    return;
  /* It lies on the curve where the most are. */
  g_autofree char *most = dh_number_format (point.most, 2);
  g_autofree char *text =
      g_strdup_printf (point.most > point.rate ? _ ("at most %s an image") : _ ("%s an image"), most);
  dh_chart_set_marker (DH_CHART (self->chart), 0, point.most, point.found, text);
}

/* Raises `most` to the rate that the axis must reach. */
static void
add_curve (Page *self, const DhFalseAlarms *alarms, const char *name, DhTone tone, gboolean own, double *most)
{
  const double *x, *y;
  const guint n = dh_false_alarms_get_corners (alarms, &x, &y);
  if (n == 0)
    return;
  g_autofree char *mean = dh_number_format (dh_false_alarms_mean (alarms) * 100, 1);
  g_autofree char *text = g_strdup_printf (_ ("%s  mean %s"), name, mean);
  const DhSeries series = { .name = text,
                            .tone = tone,
                            .kind = DH_SERIES_LINE,
                            .dash = own                     ? DH_DASH_SOLID
                                    : tone == DH_TONE_OTHER ? DH_DASH_DASHED
                                                            : DH_DASH_DOTTED,
                            .active = own,
                            .x = x,
                            .y = y,
                            .n = n };
  dh_chart_add_series (DH_CHART (self->chart), &series);
  *most = MAX (*most, x[n - 1]);
}

static void
show_curves (Page *self, const DhFalseAlarms *alarms)
{
  static const char *const names[DH_N_SCORES] = { N_ ("hybrid"), N_ ("likelihood"), N_ ("posterior") };
  static const DhTone tones[DH_N_SCORES] = { DH_TONE_HYBRID, DH_TONE_LIKELIHOOD, DH_TONE_POSTERIOR };
  const DhScore score = dh_session_get_active_score (self->session);
  DhChart *chart = DH_CHART (self->chart);
  double most = 10;
  dh_chart_clear (chart);
  if (alarms == NULL)
    return;
  add_curve (self, alarms, _ (names[score]), tones[score], TRUE, &most);
  for (guint side = 0; side < 2; side++)
    {
      const DhFalseAlarms *others;
      const DhRun *run = dh_session_get_false_alarms_run (self->session, side, &others);
      if (run == NULL || others == NULL)
        continue;
      g_autofree char *doubt = dh_session_dup_false_alarms_doubt (self->session, side);
      g_autofree char *name =
          g_strdup_printf (doubt != NULL ? _ ("Run %" PRId64 ", other images") : _ ("Run %" PRId64), run->id);
      add_curve (self, others, name, side == 0 ? DH_TONE_OTHER : DH_TONE_NEUTRAL, FALSE, &most);
    }
  const guint images = dh_false_alarms_count_images (alarms);
  const double least = images > 0 ? MIN (LEAST_RATE, 1.0 / images) : LEAST_RATE;
  dh_chart_set_axis (chart, DH_CHART_X, _ ("false alarms an image, log"), DH_AXIS_LOG, least, most);
  DhFalseAlarmsPoint one;
  dh_false_alarms_at_rate (alarms, 1, &one);
  g_autofree char *found = dh_number_format (one.found * 100, 1);
  g_autofree char *sentence = g_strdup_printf (_ ("Share of objects found over false alarms an image of the %s: %s per "
                                                  "cent are found at one false alarm an image"),
                                               dh_score_title (score), found);
  dh_chart_set_description (chart, sentence);
}

static void
show_placeholder (Page *self, const DhFalseAlarms *alarms)
{
  guint done, of;
  dh_session_get_false_alarms_progress (self->session, &done, &of);
  const char *why = alarms != NULL ? dh_false_alarms_get_why (alarms) : NULL;
  dh_chart_set_placeholder (DH_CHART (self->chart),
                            !dh_session_has_anomaly_labels (self->session) ? _ ("No anomaly labels: nothing to measure")
                            : alarms == NULL                               ? of > 0 ? _ ("Counting…") : "—"
                            : why != NULL && !dh_false_alarms_has_curve (alarms) ? why
                                                                                 : _ ("No objects: nothing to find"));
}

static void
show_area (Page *self)
{
  const char *kept = dh_view_get_string (dh_session_get_view (self->session), "alarm-area");
  self->showing = TRUE;
  for (guint i = 0; areas[i] != NULL; i++)
    if (g_str_equal (areas[i], kept))
      gtk_drop_down_set_selected (GTK_DROP_DOWN (self->area), i);
  self->showing = FALSE;
}

static void
show_all (GtkWidget *page)
{
  Page *self = page_of (page);
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (self->session);
  show_area (self);
  show_placeholder (self, alarms);
  show_curves (self, alarms);
  for (guint row = 0; row < N_RATES; row++)
    {
      DhFalseAlarmsPoint point = { NAN, NAN, NAN, NAN };
      if (alarms != NULL)
        dh_false_alarms_at_rate (alarms, dh_rule_false_alarms (rules[row]), &point);
      show_row (self, row, alarms, &point);
      gtk_widget_set_sensitive (self->cells[row][COLUMN_USE], !isnan (point.threshold));
    }
  set_text (self->mean, dh_number_format_percent (alarms != NULL ? dh_false_alarms_mean (alarms) : (double)NAN, 1));
  show_threshold (page);
}

/* Of another evaluation it is counted where it is seen. */
static void
want (GtkWidget *page)
{
  if (gtk_widget_get_mapped (page))
    dh_session_want_false_alarms (page_of (page)->session);
  show_all (page);
}

static void
on_threshold (GtkWidget *page, guint score, gpointer session)
{
  if (score == dh_session_get_active_score (page_of (page)->session))
    show_threshold (page);
}

static void
on_use (GtkWidget *button, GtkWidget *page)
{
  Page *self = page_of (page);
  for (guint row = 0; row < N_RATES; row++)
    if (self->cells[row][COLUMN_USE] == button)
      dh_session_choose_by_false_alarms (self->session, rules[row]);
}

static void
on_area (GtkWidget *page)
{
  Page *self = page_of (page);
  if (!self->showing)
    g_object_set (dh_session_get_view (self->session), "alarm-area",
                  areas[gtk_drop_down_get_selected (GTK_DROP_DOWN (self->area))], NULL);
}

char *
dh_false_alarms_page_dup_note (GtkWidget *page)
{
  Page *self = page_of (page);
  const DhFalseAlarms *alarms = dh_session_get_false_alarms (self->session);
  guint done, of;
  dh_session_get_false_alarms_progress (self->session, &done, &of);
  g_autoptr (GString) note = g_string_new (dh_score_title (dh_session_get_active_score (self->session)));
  if (alarms != NULL && dh_false_alarms_has_curve (alarms))
    {
      const guint objects = dh_false_alarms_count_objects (alarms), images = dh_false_alarms_count_images (alarms);
      g_autofree char *share = dh_number_format_percent (dh_false_alarms_found_share (alarms), 0);
      g_string_append_printf (note, ngettext (", %u object", ", %u objects", objects), objects);
      g_string_append_printf (note, ngettext (" in %u image", " in %u images", images), images);
      g_string_append_printf (note, _ (" · of at least %" PRIu64 " pixels, found where %s of one is flagged"),
                              dh_false_alarms_min_anomaly (alarms), share);
      g_string_append (note, _ (" · a false alarm touches no anomaly"));
      g_string_append (note, _ (" · Objects goes by sIoU and PPV, and so has other numbers"));
    }
  if (of > 0)
    g_string_append_printf (note, _ (" · counting… %u of %u"), done, of);
  if (alarms != NULL && dh_false_alarms_get_why (alarms) != NULL)
    g_string_append_printf (note, " · %s", dh_false_alarms_get_why (alarms));
  for (guint side = 0; side < 2; side++)
    {
      g_autofree char *doubt = dh_session_dup_false_alarms_doubt (self->session, side);
      if (doubt != NULL)
        g_string_append_printf (note, " · %s", doubt);
    }
  return g_string_free (g_steal_pointer (&note), FALSE);
}

char *
dh_false_alarms_page_to_csv (GtkWidget *page)
{
  return dh_chart_to_csv (DH_CHART (page_of (page)->chart));
}

static void
page_free (gpointer data)
{
  Page *self = data;
  g_object_unref (self->session);
  g_free (self);
}

static GtkWidget *
make_cell (GtkGrid *grid, int column, int row, const char *text, const char *classes)
{
  GtkWidget *label = dh_ui_label (text, classes, column == 0 ? 0 : 1);
  gtk_grid_attach (grid, label, column, row, 1, 1);
  return label;
}

static GtkWidget *
make_table (Page *self, GtkWidget *page)
{
  static const char *const heads[] = { N_ ("False alarms an image"), N_ ("Found"), N_ ("Objects"), N_ ("Threshold") };
  GtkGrid *grid = GTK_GRID (dh_ui_table (0));
  gtk_grid_set_row_homogeneous (grid, TRUE); /* with a button or without */
  for (guint c = 0; c < G_N_ELEMENTS (heads); c++)
    dh_help_set (make_cell (grid, (int)c, 0, _ (heads[c]), "head"), _ (heads[c]));
  for (guint row = 0; row < N_ROWS; row++)
    {
      const gboolean last = row == AT_THRESHOLD;
      for (guint c = COLUMN_RATE; c < COLUMN_USE; c++)
        self->cells[row][c] = make_cell (grid, (int)c, (int)row + 1, "—",
                                         c == COLUMN_RATE ? last ? "lab heading" : "lab"
                                         : last           ? "val heading"
                                                          : "val");
      if (last)
        continue;
      set_text (self->cells[row][COLUMN_RATE], g_strdup_printf (_ ("at most %g"), dh_rule_false_alarms (rules[row])));
      GtkWidget *use = gtk_button_new_with_label (_ ("Use"));
      g_autofree char *name = g_strdup_printf (_ ("Use the threshold of at most %g false alarms an image"),
                                               dh_rule_false_alarms (rules[row]));
      dh_ui_add_classes (use, "flat dh-cell");
      dh_ui_set_name (use, name);
      gtk_widget_set_tooltip_text (use, name);
      g_signal_connect (use, "clicked", G_CALLBACK (on_use), page);
      self->cells[row][COLUMN_USE] = use;
      gtk_grid_attach (grid, use, COLUMN_USE, (int)row + 1, 1, 1);
    }
  const int below = N_ROWS + 1;
  GtkWidget *mean = make_cell (grid, 0, below, _ ("mean from ⅛ to 8"), "lab");
  gtk_widget_set_tooltip_text (
      mean, _ ("The mean share found at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms an image, as LUNA16 takes it"));
  self->mean = make_cell (grid, COLUMN_FOUND, below, "—", "val");
  return GTK_WIDGET (grid);
}

static GtkWidget *
make_area (Page *self, GtkWidget *page)
{
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  GtkWidget *label = dh_ui_label (_ ("A false alarm has at least"), "dh-small", 0);
  self->area = gtk_drop_down_new_from_strings (areas);
  dh_ui_add_classes (self->area, "dh-dense");
  gtk_widget_set_valign (self->area, GTK_ALIGN_CENTER);
  dh_ui_set_name (self->area, _ ("Pixels that make a false alarm"));
  /* the button in it has the focus */
  dh_ui_set_name (gtk_widget_get_first_child (self->area), _ ("Pixels that make a false alarm"));
  dh_ui_set_menu_tooltip (self->area, _ ("Smaller flagged regions are not counted"));
  gtk_box_append (GTK_BOX (line), label);
  gtk_box_append (GTK_BOX (line), self->area);
  gtk_box_append (GTK_BOX (line), dh_ui_label (_ ("pixels"), "dh-small", 0));
  gtk_widget_set_margin_start (line, 12);
  g_signal_connect_swapped (self->area, "notify::selected", G_CALLBACK (on_area), page);
  return line;
}

GtkWidget *
dh_false_alarms_page_new (DhSession *session)
{
  Page *self = g_new0 (Page, 1);
  self->session = g_object_ref (session);
  self->chart = dh_chart_new ();
  GtkWidget *side = dh_ui_box (GTK_ORIENTATION_VERTICAL, 9, NULL);
  GtkWidget *page = dh_pair_new (self->chart, side, 12);
  g_object_set_data_full (G_OBJECT (page), "page", self, page_free);
  dh_chart_menu_add (DH_CHART (self->chart), session, "false-alarms");
  dh_chart_set_axis (DH_CHART (self->chart), DH_CHART_X, _ ("false alarms an image, log"), DH_AXIS_LOG, LEAST_RATE, 10);
  dh_chart_set_axis (DH_CHART (self->chart), DH_CHART_Y, _ ("objects found"), DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_reading (DH_CHART (self->chart), 3, 1, TRUE);
  dh_chart_set_description (DH_CHART (self->chart), _ ("Share of objects found over false alarms an image"));
  dh_ui_set_text_size (self->chart, 270, 196);
  gtk_widget_set_margin_start (self->chart, 6);
  gtk_widget_set_margin_bottom (self->chart, 6);
  /* Large letters must not make the window wider than a small screen. */
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_propagate_natural_width (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), make_table (self, page));
  gtk_box_append (GTK_BOX (side), scroller);
  gtk_box_append (GTK_BOX (side), make_area (self, page));
  gtk_widget_set_margin_bottom (side, 12);
  g_signal_connect_object (session, "false-alarms", G_CALLBACK (show_all), page, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::set-stats", G_CALLBACK (want), page, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (show_all), page,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), page, G_CONNECT_SWAPPED);
  g_signal_connect_after (page, "map", G_CALLBACK (want), NULL);
  show_all (page);
  return page;
}
