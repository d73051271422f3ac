#include "dh-probe-strip.h"
#include <math.h>
#include "dh-browse-panes-private.h"
#include "dh-fit-row.h"
#include "dh-number.h"
#include "dh-terms-bar.h"
#include "dh-widgets.h"

enum
{
  CELL_PLACE,
  CELL_A,
  CELL_B,
  CELL_DIFFERENCE,
  CELL_LABEL,
  CELL_CLASS,
  CELL_LIKELIHOOD,
  CELL_POSTERIOR,
  CELL_SUM,
  CELL_VERDICT,
  N_CELLS,
};

struct _DhProbeStrip
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *cells[N_CELLS], *values[N_CELLS], *swatches[N_CELLS];
  GtkWidget *row, *terms, *captions[N_CELLS], *hint;
  gboolean inside;
  int x, y;
};

G_DEFINE_FINAL_TYPE (DhProbeStrip, dh_probe_strip, GTK_TYPE_WIDGET)

static void
set_value (DhProbeStrip *self, guint cell, const char *text)
{
  gtk_label_set_label (GTK_LABEL (self->values[cell]), text);
}

static void
set_swatch (DhProbeStrip *self, guint cell, gboolean shown, guint32 rgb, gboolean hatched)
{
  gtk_widget_set_visible (self->swatches[cell], shown);
  dh_ui_swatch_set (self->swatches[cell], rgb, hatched);
}

static guint
palette_of (DhProbeStrip *self)
{
  const char *palette = dh_view_get_string (dh_session_get_view (self->session), "palette");
  return g_str_equal (palette, "authors") ? 1 : g_str_equal (palette, "safe") ? 2 : 0;
}

static char *
class_name (DhProbeStrip *self, int id)
{
  const char *name = dh_session_get_class_name (self->session, (guint)id);
  return name != NULL ? g_strdup (name) : g_strdup_printf (_ ("class %d"), id);
}

static void
show_classes (DhProbeStrip *self, const DhProbe *probe)
{
  if (probe->truth == 1)
    set_value (self, CELL_LABEL, _ ("anomaly"));
  else if (probe->truth > 1)
    set_value (self, CELL_LABEL, _ ("void"));
  else if (probe->label_class >= 0 && dh_session_get_class_name (self->session, (guint)probe->label_class) != NULL)
    set_value (self, CELL_LABEL, dh_session_get_class_name (self->session, (guint)probe->label_class));
  else
    set_value (self, CELL_LABEL, probe->truth == 0 ? _ ("inlier") : "—");
  set_swatch (self, CELL_LABEL, probe->truth == 1, DH_COLOR_FN, FALSE);
  gboolean has = probe->segmentation_class >= 0;
  gtk_widget_set_visible (self->cells[CELL_CLASS], has);
  if (!has)
    return;
  guint8 rgb[3];
  dh_session_get_class_color (self->session, palette_of (self), (guint)probe->segmentation_class, rgb);
  g_autofree char *name = class_name (self, probe->segmentation_class);
  g_autofree char *probability = dh_number_format (probe->max_softmax, 2);
  g_autofree char *text = g_strdup_printf ("%s %s", name, probability);
  set_value (self, CELL_CLASS, text);
  set_swatch (self, CELL_CLASS, TRUE, (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2], FALSE);
}

static char *
hex (GtkWidget *widget, DhTone tone)
{
  GdkRGBA color;
  dh_tone_get_color (tone, dh_widget_is_dark (widget), &color);
  return g_strdup_printf ("#%02x%02x%02x", (int)(color.red * 255), (int)(color.green * 255), (int)(color.blue * 255));
}

/* The numbers shown add up as shown: the second is what the sum leaves. */
static void
show_sum (DhProbeStrip *self, const DhProbe *probe)
{
  gboolean has = isfinite (probe->hybrid) && isfinite (probe->likelihood);
  gtk_widget_set_visible (self->cells[CELL_SUM], has);
  gtk_widget_set_visible (self->terms, has);
  if (!has)
    {
      dh_terms_bar_clear (DH_TERMS_BAR (self->terms));
      return;
    }
  double sum = round (probe->hybrid * 100) / 100, first = round (-probe->likelihood * 100) / 100;
  double second = sum - first;
  g_autofree char *a = dh_number_format (first, 2);
  g_autofree char *b = dh_number_format (fabs (second), 2);
  g_autofree char *s = dh_number_format (sum, 2);
  g_autofree char *green = hex (GTK_WIDGET (self), DH_TONE_LIKELIHOOD);
  g_autofree char *violet = hex (GTK_WIDGET (self), DH_TONE_POSTERIOR);
  g_autofree char *markup =
      g_strdup_printf ("<span foreground=\"%s\">%s</span> %s <span foreground=\"%s\">%s</span> = <b>%s</b>", green, a,
                       second < 0 ? "−" : "+", violet, b, s);
  gtk_label_set_markup (GTK_LABEL (self->values[CELL_SUM]), markup);
  double low, high;
  dh_session_get_axis (self->session, DH_SCORE_HYBRID, &low, &high);
  dh_terms_bar_set_range (DH_TERMS_BAR (self->terms), low, high);
  dh_terms_bar_set_threshold (DH_TERMS_BAR (self->terms),
                              dh_session_get_threshold (self->session, DH_SCORE_HYBRID)->value);
  dh_terms_bar_set_terms (DH_TERMS_BAR (self->terms), -probe->likelihood, probe->log_p_out);
}

static double
value_of (DhScore score, const DhProbe *probe)
{
  return score == DH_SCORE_HYBRID ? probe->hybrid : score == DH_SCORE_LIKELIHOOD ? probe->likelihood : probe->posterior;
}

static void
show_verdict (DhProbeStrip *self, const DhProbe *probe)
{
  DhScore score = dh_session_get_active_score (self->session);
  static const char *const captions[DH_N_SCORES] = { "s − τ", "ln p̂ − τ", "P(d_in) − τ" };
  gtk_label_set_label (GTK_LABEL (self->captions[CELL_VERDICT]), captions[score]);
  double value = value_of (score, probe), threshold = dh_session_get_threshold (self->session, score)->value;
  gboolean has = !isnan (value) && !isnan (threshold);
  gtk_widget_set_visible (self->cells[CELL_VERDICT], has);
  if (!has)
    return;
  gboolean flagged = dh_score_flags_above (score) ? value > threshold : value < threshold;
  gboolean anomaly = probe->truth == 1, judged = probe->truth == 0 || probe->truth == 1;
  const char *word = !judged   ? (flagged ? _ ("flagged") : _ ("clear"))
                     : flagged ? (anomaly ? "TP" : "FP")
                               : (anomaly ? "FN" : "TN");
  g_autofree char *number = dh_number_format (value - threshold, score == DH_SCORE_DATASET_POSTERIOR ? 3 : 2);
  g_autofree char *text = g_strdup_printf ("%s %s%s", word, value > threshold ? "+" : "", number);
  set_value (self, CELL_VERDICT, text);
  guint32 color = flagged && anomaly ? DH_COLOR_TP : flagged ? DH_COLOR_FP : DH_COLOR_FN;
  set_swatch (self, CELL_VERDICT, judged ? flagged || anomaly : flagged, judged ? color : DH_COLOR_MASK,
              judged && !flagged && anomaly);
}

/* In a comparison: both sides' raw values and their difference in the place of the score's terms. */
static void
show_comparison (DhProbeStrip *self, const DhProbe *probe)
{
  static const guint replaced[] = { CELL_LIKELIHOOD, CELL_POSTERIOR, CELL_SUM };
  DhView *view = dh_session_get_view (self->session);
  gboolean compares = dh_view_is (view, "layout", "compare");
  g_autofree char *subtracted = NULL;
  g_autofree char *difference =
      compares ? dh_browse_comparison_dup_difference (self->session, probe, &subtracted) : NULL;
  for (guint side = 0; side < 2; side++)
    {
      guint cell = side ? CELL_B : CELL_A;
      gtk_widget_set_visible (self->cells[cell], compares);
      if (!compares)
        continue;
      g_autofree char *value = dh_browse_comparison_dup_value (self->session, side, probe);
      g_autofree char *title = dh_browse_comparison_dup_title (self->session, side);
      g_autofree char *caption = g_strdup_printf ("%c  %s", "AB"[side], title);
      gtk_label_set_label (GTK_LABEL (self->captions[cell]), caption);
      set_value (self, cell, value);
    }
  gtk_widget_set_visible (self->cells[CELL_DIFFERENCE], difference != NULL);
  gtk_label_set_label (GTK_LABEL (self->captions[CELL_DIFFERENCE]), subtracted != NULL ? subtracted : "A − B");
  set_value (self, CELL_DIFFERENCE, difference != NULL ? difference : "");
  for (guint i = 0; i < G_N_ELEMENTS (replaced) && compares; i++)
    gtk_widget_set_visible (self->cells[replaced[i]], FALSE);
  /* The bar also keeps the verdict at the end. */
  if (compares)
    gtk_widget_set_visible (self->terms, FALSE);
  gtk_widget_set_hexpand (self->cells[CELL_VERDICT], compares);
  gtk_widget_set_halign (self->cells[CELL_VERDICT], compares ? GTK_ALIGN_END : GTK_ALIGN_FILL);
}

static void
show (DhProbeStrip *self)
{
  DhProbe probe;
  gboolean has = self->inside && dh_frame_probe (dh_session_get_frame (self->session), self->x, self->y, &probe);
  for (guint i = 0; i < N_CELLS; i++)
    gtk_widget_set_visible (self->cells[i], has);
  gtk_widget_set_visible (self->terms, has);
  gtk_widget_set_visible (self->hint, !has);
  if (!has)
    return;
  g_autofree char *place = g_strdup_printf ("%u, %u", probe.x, probe.y);
  set_value (self, CELL_PLACE, place);
  show_classes (self, &probe);
  g_autofree char *likelihood = dh_number_format (probe.likelihood, 2);
  g_autofree char *posterior = dh_number_format_probability (probe.posterior);
  set_value (self, CELL_LIKELIHOOD, likelihood);
  set_value (self, CELL_POSTERIOR, posterior);
  gtk_widget_set_visible (self->cells[CELL_LIKELIHOOD], !isnan (probe.likelihood));
  gtk_widget_set_visible (self->cells[CELL_POSTERIOR], !isnan (probe.posterior));
  show_sum (self, &probe);
  show_comparison (self, &probe);
  show_verdict (self, &probe);
}

void
dh_probe_strip_set_pixel (DhProbeStrip *self, gboolean inside, int x, int y)
{
  if (self->inside == inside && (!inside || (self->x == x && self->y == y)))
    return;
  self->inside = inside;
  self->x = x;
  self->y = y;
  show (self);
}

char *
dh_probe_strip_dup_text (DhProbeStrip *self)
{
  if (!gtk_widget_get_visible (self->cells[CELL_PLACE]))
    return NULL;
  /* NULL: as it is written over the value. */
  static const char *const captions[N_CELLS] = { "x, y",       NULL,      NULL,        NULL, N_ ("label"),
                                                 N_ ("class"), "ln p̂(x)", "P(d_in|x)", "s",  "τ" };
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < N_CELLS; i++)
    if (gtk_widget_get_visible (self->cells[i]))
      g_string_append_printf (text, "%s%s %s", text->len > 0 ? "; " : "",
                              captions[i] != NULL ? _ (captions[i])
                                                  : gtk_label_get_text (GTK_LABEL (self->captions[i])),
                              gtk_label_get_text (GTK_LABEL (self->values[i])));
  return g_strdup (text->str);
}

static void
on_threshold (DhSession *session, guint score, DhProbeStrip *self)
{
  show (self);
}

static void
on_view (DhProbeStrip *self, GParamSpec *spec)
{
  if (g_str_equal (spec->name, "layout")
      || (g_str_has_prefix (spec->name, "compare-") && !g_str_equal (spec->name, "compare-split")))
    show (self);
}

static void
dh_probe_strip_dispose (GObject *object)
{
  DhProbeStrip *self = DH_PROBE_STRIP (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_probe_strip_parent_class)->dispose (object);
}

static void
dh_probe_strip_class_init (DhProbeStripClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_probe_strip_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
add_cell (DhProbeStrip *self, guint cell, const char *caption, int width_chars, gboolean swatch, guint rank)
{
  GtkWidget *box = self->cells[cell] = dh_ui_box (GTK_ORIENTATION_VERTICAL, 1, NULL);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  self->captions[cell] = dh_ui_short_label (caption, "cap", 0);
  gtk_box_append (GTK_BOX (box), self->captions[cell]);
  GtkWidget *line = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 5, NULL);
  self->swatches[cell] = dh_ui_swatch (0, FALSE);
  gtk_widget_set_visible (self->swatches[cell], swatch);
  self->values[cell] = dh_ui_short_label (NULL, "val", 0);
  gtk_label_set_width_chars (GTK_LABEL (self->values[cell]), width_chars);
  gtk_box_append (GTK_BOX (line), self->swatches[cell]);
  gtk_box_append (GTK_BOX (line), self->values[cell]);
  gtk_box_append (GTK_BOX (box), line);
  dh_fit_row_append (DH_FIT_ROW (self->row), box, rank);
}

static void
dh_probe_strip_init (DhProbeStrip *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  dh_ui_add_classes (widget, "dh-strip");
  self->row = dh_fit_row_new (15);
  gtk_widget_set_parent (self->row, widget);
  add_cell (self, CELL_PLACE, "x, y", 8, FALSE, 0);
  add_cell (self, CELL_A, "A", 8, FALSE, 0);
  add_cell (self, CELL_B, "B", 8, FALSE, 0);
  add_cell (self, CELL_DIFFERENCE, "A − B", 7, FALSE, 0);
  add_cell (self, CELL_LABEL, _ ("Label"), 8, FALSE, 3);
  add_cell (self, CELL_CLASS, _ ("Class f"), 12, TRUE, 2);
  add_cell (self, CELL_LIKELIHOOD, "ln p̂(x)", 6, FALSE, 4);
  add_cell (self, CELL_POSTERIOR, "P(d_in)", 6, FALSE, 5);
  add_cell (self, CELL_SUM, "−ln p̂ + ln P(d_out) = s", 19, FALSE, 0);
  self->terms = dh_terms_bar_new ();
  gtk_widget_set_hexpand (self->terms, TRUE);
  gtk_widget_set_valign (self->terms, GTK_ALIGN_CENTER);
  dh_fit_row_append (DH_FIT_ROW (self->row), self->terms, 6);
  add_cell (self, CELL_VERDICT, "s − τ", 9, TRUE, 1);
  self->hint =
      dh_ui_short_label (_ ("Point at an image to read every map there; a click pins it, Esc frees it."), "cap", 0);
  dh_fit_row_append (DH_FIT_ROW (self->row), self->hint, 0);
}

GtkWidget *
dh_probe_strip_new (DhSession *session)
{
  DhProbeStrip *self = g_object_new (DH_TYPE_PROBE_STRIP, NULL);
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "threshold", G_CALLBACK (on_threshold), self, 0);
  g_signal_connect_object (session, "notify::frame", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::active-score", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::stats", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify", G_CALLBACK (on_view), self, G_CONNECT_SWAPPED);
  show (self);
  return GTK_WIDGET (self);
}
