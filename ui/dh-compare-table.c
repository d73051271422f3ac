#include "dh-compare-table.h"
#include <math.h>
#include "dh-browse-panes-private.h"
#include "dh-compared-numbers.h"
#include "dh-help.h"
#include "dh-kept-map.h"
#include "dh-number.h"
#include "dh-run-list.h"

enum
{
  COLUMN_A,
  COLUMN_B,
  COLUMN_CHANGE,
  N_COLUMNS,
};

#define HIDDEN_MS 300
#define ROW_THRESHOLD DH_N_COMPARED
#define N_ROWS (DH_N_COMPARED + 1)

struct _DhCompareTable
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *titles[2], *head, *rule, *names[N_ROWS], *values[N_ROWS][N_COLUMNS], *notes, *scale;
  char *summary;
  guint timeout;
};

G_DEFINE_FINAL_TYPE (DhCompareTable, dh_compare_table, GTK_TYPE_WIDGET)

static guint changed_signal;

static void
set_classes (GtkWidget *label, const char *tone)
{
  static const char *const tones[] = { "dh-ok", "dh-err", "dh-warn" };
  for (guint i = 0; i < G_N_ELEMENTS (tones); i++)
    if (tone != NULL && g_str_equal (tone, tones[i]))
      gtk_widget_add_css_class (label, tones[i]);
    else
      gtk_widget_remove_css_class (label, tones[i]);
}

/* `spoken`: the row as a screen reader names it. */
static void
set_cell (DhCompareTable *self, guint row, guint column, const char *text, const char *tooltip, const char *spoken)
{
  static const char *const columns[N_COLUMNS] = { "A", "B", "A − B" };
  GtkWidget *label = self->values[row][column];
  if (g_strcmp0 (gtk_widget_get_tooltip_text (label), tooltip) != 0)
    gtk_widget_set_tooltip_text (label, tooltip);
  /* Most of them stay while a threshold is dragged. */
  if (g_str_equal (gtk_label_get_label (GTK_LABEL (label)), text))
    return;
  gtk_label_set_label (GTK_LABEL (label), text);
  g_autofree char *name = g_strdup_printf ("%s, %s, %s", spoken, columns[column], text);
  dh_ui_set_name (label, name);
}

static void
show_line (DhCompareTable *self, guint number, const DhComparedLine *line, const char *not_subtracted)
{
  const char *title = dh_compared_number_title (number);
  const gboolean more = dh_compared_number_more_is_better (number);
  for (guint side = 0; side < 2; side++)
    {
      g_autofree char *text = dh_number_format (line->value[side] * 100, 2);
      set_cell (self, number, side, text, line->why[side], title);
    }
  double change;
  g_autofree char *text = dh_number_format_change (line->change * 100, 2, &change);
  set_cell (self, number, COLUMN_CHANGE, text,
            isnan (change) && !isnan (line->value[0]) && !isnan (line->value[1]) ? not_subtracted : NULL, title);
  set_classes (self->values[number][COLUMN_CHANGE], isnan (change) || change == 0      ? NULL
                                                    : (more ? change > 0 : change < 0) ? "dh-ok"
                                                                                       : "dh-err");
}

static char *
dup_rule (const DhThreshold *threshold)
{
  return threshold->rule == DH_RULE_BEST_F1 ? g_strdup (_ ("best F1")) : dh_threshold_dup_rule (threshold);
}

/* "best F1 on this set", "TPR 95 % on FS Static" */
static char *
describe_rule (const DhThreshold *threshold, gboolean own)
{
  if (threshold->rule == DH_RULE_START)
    return threshold->source == NULL ? g_strdup (_ ("not chosen yet"))
                                     : g_strdup_printf (_ ("not chosen yet: flags 5 %% of %s"), threshold->source);
  g_autofree char *rule = dup_rule (threshold);
  if (threshold->rule == DH_RULE_BY_HAND || threshold->source == NULL)
    return g_steal_pointer (&rule);
  if (own)
    return g_strdup_printf (_ ("%s on this set"), rule);
  return g_strdup_printf (_ ("%s on %s"), rule, threshold->source);
}

/* The rule stands once where both have it. */
static char *
name_rules (const DhComparedNumbers *numbers, const char *rule_a, const char *rule_b)
{
  if (rule_a == NULL && rule_b == NULL)
    return g_strdup ("τ");
  const DhThreshold *a = numbers->threshold[0], *b = numbers->threshold[1];
  /* What was flagged by is of no interest where nobody chose. */
  if ((a == NULL || a->rule == DH_RULE_START) && (b == NULL || b->rule == DH_RULE_START))
    return g_strdup_printf (_ ("τ, %s"), _ ("not chosen yet"));
  if (rule_a == NULL || rule_b == NULL || g_str_equal (rule_a, rule_b))
    return g_strdup_printf (_ ("τ, %s"), rule_a != NULL ? rule_a : rule_b);
  if (!numbers->same_rule)
    return g_strdup (_ ("τ, by other rules"));
  g_autofree char *rule = dup_rule (a);
  return g_strdup_printf (_ ("τ, %s"), rule);
}

static guint
find_digits (DhCompareTable *self, guint side, double value)
{
  const gint map = dh_browse_comparison_side (dh_session_get_view (self->session), side)->map;
  const guint least = fabs (value) < 1 ? 3 : 2;
  if (map < DH_FRAME_RUN_A)
    return least;
  double low, high;
  dh_session_get_run_axis (self->session, (guint)map - DH_FRAME_RUN_A, &low, &high);
  return fabs (value) < 1 ? MAX (least, dh_number_find_digits (high - low)) : dh_number_find_digits (high - low);
}

static void
show_thresholds (DhCompareTable *self, const DhComparedNumbers *numbers)
{
  char *rules[2] = { NULL, NULL };
  for (guint side = 0; side < 2; side++)
    if (numbers->threshold[side] != NULL)
      rules[side] = describe_rule (numbers->threshold[side], numbers->own[side]);
  g_autofree char *name = name_rules (numbers, rules[0], rules[1]);
  gtk_label_set_label (GTK_LABEL (self->names[ROW_THRESHOLD]), name);
  gtk_widget_set_tooltip_text (self->names[ROW_THRESHOLD], name);
  for (guint side = 0; side < 2; side++)
    {
      const DhThreshold *threshold = numbers->threshold[side];
      g_autofree char *text = threshold == NULL
                                  ? g_strdup ("—")
                                  : dh_number_format (threshold->value, find_digits (self, side, threshold->value));
      set_cell (self, ROW_THRESHOLD, side, text, rules[side], "τ");
      set_classes (self->values[ROW_THRESHOLD][side], numbers->own[side] ? "dh-warn" : NULL);
      g_free (rules[side]);
    }
}

static void
add_note (GString *notes, const char *sides, const char *why)
{
  g_string_append_printf (notes, "%s—  %s%s", notes->len > 0 ? "\n" : "", sides, why);
}

/* Each reason once, and whose it is. */
static void
show_notes (DhCompareTable *self, const DhComparedNumbers *numbers)
{
  g_autoptr (GString) notes = g_string_new (NULL);
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < numbers->differs->len; i++)
    {
      g_autofree char *text = g_strdup_printf (_ ("not subtracted. %s."), (char *)numbers->differs->pdata[i]);
      add_note (notes, "", text);
    }
  for (guint i = 0; i < 2 * DH_N_COMPARED; i++)
    {
      const char *why = numbers->lines[i / 2].why[i % 2];
      if (why == NULL || !g_hash_table_add (told, (gpointer)why))
        continue;
      gboolean has[2] = { FALSE, FALSE };
      for (guint j = 0; j < 2 * DH_N_COMPARED; j++)
        has[j % 2] = has[j % 2] || g_strcmp0 (numbers->lines[j / 2].why[j % 2], why) == 0;
      add_note (notes, has[0] && has[1] ? "" : has[0] ? "A: " : "B: ", why);
    }
  gtk_label_set_label (GTK_LABEL (self->notes), notes->str);
  gtk_widget_set_visible (self->notes, notes->len > 0);
}

static void
show_protocol (DhCompareTable *self, const DhComparedNumbers *numbers)
{
  const char *a = numbers->protocol[0], *b = numbers->protocol[1];
  const char *one = a != NULL && (b == NULL || g_str_equal (a, b)) ? a : a == NULL ? b : NULL;
  g_autofree char *both = a != NULL && b != NULL && one == NULL ? g_strdup_printf ("%s · %s", a, b) : NULL;
  g_autofree char *tooltip = NULL;
  if (one != NULL || both != NULL)
    tooltip = g_strdup_printf (_ ("Of the data set, in per cent. AP, FPR95 and AUROC: %s. Precision, TPR and F1: all "
                                  "pixels pooled, at each side’s own τ."),
                               one != NULL ? one : both);
  gtk_label_set_label (GTK_LABEL (self->head), one != NULL ? one : both != NULL ? both : _ ("data set"));
  gtk_widget_set_tooltip_text (self->head, tooltip);
}

/* Of what is kept of the network that is loaded, as of that network itself. */
static gint
find_score (DhCompareTable *self, guint side, gint map)
{
  const gboolean kept = map >= DH_FRAME_RUN_A && dh_session_get_compared_run (self->session, side) == DH_KEPT_RUN
                        && dh_session_made_kept_map (self->session);
  return kept ? (gint)dh_session_get_kept_map (self->session)->kind : map;
}

static void
show_scale (DhCompareTable *self, const gint *sides)
{
  const gboolean aligned = dh_view_is (dh_session_get_view (self->session), "compare-scale", "aligned");
  const gboolean same = find_score (self, 0, sides[0]) == find_score (self, 1, sides[1]);
  gtk_label_set_label (GTK_LABEL (self->scale),
                       aligned && same ? _ ("Both maps are set to 0 at their own τ and −1 at the median inlier; raw "
                                            "values stay in the probe.")
                       : aligned       ? _ ("Two scores share no scale. Both maps are set to 0 at their own τ and "
                                                  "−1 at the median inlier; raw values stay in the probe.")
                                 : _ ("Each map is drawn on its own scale: colours of A and B are not to be compared. "
                                      "“Aligned at τ” sets both to 0 at their own τ."));
}

static void
update (DhCompareTable *self)
{
  DhView *view = dh_session_get_view (self->session);
  if (!dh_view_is (view, "layout", "compare"))
    return;
  const gint sides[2] = { dh_browse_comparison_side (view, 0)->map, dh_browse_comparison_side (view, 1)->map };
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (self->session, sides);
  for (guint side = 0; side < 2; side++)
    {
      g_autofree char *title = dh_browse_comparison_dup_long_title (self->session, side);
      gtk_label_set_label (GTK_LABEL (self->titles[side]), title);
      gtk_widget_set_tooltip_text (self->titles[side], title);
    }
  const char *differs = numbers->differs->len > 0 ? numbers->differs->pdata[0] : NULL;
  for (guint i = 0; i < DH_N_COMPARED; i++)
    show_line (self, i, &numbers->lines[i], differs);
  show_protocol (self, numbers);
  show_thresholds (self, numbers);
  show_notes (self, numbers);
  show_scale (self, sides);
  g_free (self->summary);
  self->summary =
      g_strconcat (differs != NULL           ? _ ("not the same data")
                   : numbers->seen_otherwise ? _ ("degraded otherwise")
                                             : _ ("same data set"),
                   numbers->same_rule                                               ? _ (" · same threshold rule")
                   : numbers->threshold[0] != NULL && numbers->threshold[1] != NULL ? _ (" · other threshold rules")
                                                                                    : "",
                   NULL);
  g_signal_emit (self, changed_signal, 0);
}

static gboolean
update_soon (gpointer data)
{
  DhCompareTable *self = data;
  self->timeout = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

/* Behind another page it need not follow every move of a drag. */
static void
on_threshold (DhCompareTable *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update (self);
  else if (self->timeout == 0)
    self->timeout = g_timeout_add (HIDDEN_MS, update_soon, self);
}

static void
on_map (DhCompareTable *self)
{
  if (self->timeout == 0)
    return;
  g_clear_handle_id (&self->timeout, g_source_remove);
  update (self);
}

static void
on_view (DhCompareTable *self, GParamSpec *spec)
{
  if (g_str_equal (spec->name, "layout")
      || (g_str_has_prefix (spec->name, "compare-") && !g_str_equal (spec->name, "compare-split")))
    update (self);
}

const char *
dh_compare_table_get_summary (DhCompareTable *self)
{
  return self->summary != NULL ? self->summary : "";
}

static void
dh_compare_table_dispose (GObject *object)
{
  DhCompareTable *self = DH_COMPARE_TABLE (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_object (&self->session);
  g_clear_pointer (&self->summary, g_free);
  G_OBJECT_CLASS (dh_compare_table_parent_class)->dispose (object);
}

static void
dh_compare_table_class_init (DhCompareTableClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_compare_table_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  changed_signal =
      g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GtkWidget *
make_grid (DhCompareTable *self)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_row_spacing (GTK_GRID (grid), 2);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 6);
  dh_ui_add_classes (grid, "dh-table");
  static const char *const heads[N_COLUMNS] = { "A", "B", "A − B" };
  self->head = dh_ui_short_label (NULL, "head", 0);
  gtk_widget_set_hexpand (self->head, TRUE);
  gtk_grid_attach (GTK_GRID (grid), self->head, 0, 0, 1, 1);
  for (guint column = 0; column < N_COLUMNS; column++)
    gtk_grid_attach (GTK_GRID (grid), dh_ui_label (heads[column], "head", 1), (int)column + 1, 0, 1, 1);
  for (guint row = 0; row < N_ROWS; row++)
    {
      self->names[row] = dh_ui_short_label (row < DH_N_COMPARED ? dh_compared_number_title (row) : "τ", "lab", 0);
      dh_help_set (self->names[row], gtk_label_get_label (GTK_LABEL (self->names[row])));
      gtk_grid_attach (GTK_GRID (grid), self->names[row], 0, (int)row + 1, 1, 1);
      for (guint column = 0; column < N_COLUMNS; column++)
        {
          self->values[row][column] = dh_ui_label (NULL, "val", 1);
          gtk_label_set_width_chars (GTK_LABEL (self->values[row][column]), 6);
          gtk_grid_attach (GTK_GRID (grid), self->values[row][column], (int)column + 1, (int)row + 1, 1, 1);
        }
    }
  return grid;
}

static void
dh_compare_table_init (DhCompareTable *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  GtkWidget *titles = gtk_grid_new ();
  gtk_grid_set_column_spacing (GTK_GRID (titles), 9);
  for (guint side = 0; side < 2; side++)
    {
      gtk_grid_attach (GTK_GRID (titles), dh_ui_label (side == 0 ? "A" : "B", "dh-small heading", 0), 0, (int)side, 1,
                       1);
      self->titles[side] = dh_ui_short_label (NULL, "dh-small", 0);
      gtk_label_set_ellipsize (GTK_LABEL (self->titles[side]), PANGO_ELLIPSIZE_MIDDLE);
      gtk_widget_set_hexpand (self->titles[side], TRUE);
      gtk_grid_attach (GTK_GRID (titles), self->titles[side], 1, (int)side, 1, 1);
    }
  gtk_box_append (GTK_BOX (box), titles);
  gtk_box_append (GTK_BOX (box), make_grid (self));
  self->notes = dh_ui_label (NULL, "dh-small dim-label", 0);
  gtk_label_set_wrap (GTK_LABEL (self->notes), TRUE);
  gtk_box_append (GTK_BOX (box), self->notes);
  self->scale = dh_ui_label (NULL, "dh-infobox", 0);
  gtk_label_set_wrap (GTK_LABEL (self->scale), TRUE);
  gtk_box_append (GTK_BOX (box), self->scale);
}

GtkWidget *
dh_compare_table_new (DhSession *session)
{
  DhCompareTable *self = g_object_new (DH_TYPE_COMPARE_TABLE, NULL);
  self->session = g_object_ref (session);
  static const char *const signals[] = { "compared",        "notify::set-stats",  "notify::model-info",
                                         "notify::loading", "notify::evaluating", "notify::dataset-title" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (session, signals[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "run-threshold", G_CALLBACK (on_threshold), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "ranges", G_CALLBACK (on_threshold), self, G_CONNECT_SWAPPED); /* digits */
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  g_signal_connect_object (dh_session_get_runs (session), "items-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify", G_CALLBACK (on_view), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  update (self);
  return GTK_WIDGET (self);
}
