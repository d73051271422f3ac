#include "dh-terms-bar.h"
#include <math.h>
#include "dh-draw-private.h"
#include "dh-number.h"

#define BAR_Y 15
#define BAR_HEIGHT 12
#define HEIGHT 36

struct _DhTermsBar
{
  GtkWidget parent_instance;
  double low, high, threshold;
  double likelihood_term, posterior_term;
};

G_DEFINE_FINAL_TYPE (DhTermsBar, dh_terms_bar, GTK_TYPE_WIDGET)

static void
dh_terms_bar_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural,
                      int *minimum_baseline, int *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = HEIGHT;
  else
    {
      *minimum = 72;
      *natural = 180;
    }
}

static double
position (DhTermsBar *bar, double value, double width)
{
  double low = MIN (bar->low, 0.0), high = MAX (bar->high, 0.0);
  double share = high > low ? (value - low) / (high - low) : 0.0;
  return dh_draw_snap (GTK_WIDGET (bar), CLAMP (share, 0.0, 1.0) * width);
}

static void
append_term (DhTermsBar *bar, GtkSnapshot *snapshot, double from, double to, double y, DhTone tone)
{
  GtkWidget *widget = GTK_WIDGET (bar);
  double width = gtk_widget_get_width (widget);
  double a = position (bar, MIN (from, to), width), b = position (bar, MAX (from, to), width);
  GdkRGBA color;
  dh_tone_get_color (tone, dh_widget_is_dark (widget), &color);
  /* A term near zero stays visible. */
  if (b - a < 2.0)
    {
      a = MIN (a, width - 2.0);
      b = a + 2.0;
    }
  dh_draw_rect (snapshot, a, y, b - a, BAR_HEIGHT / 2.0, &color);
}

static void
dh_terms_bar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  DhTermsBar *bar = DH_TERMS_BAR (widget);
  double width = gtk_widget_get_width (widget);
  gboolean dark = dh_widget_is_dark (widget);
  GdkRGBA trough, accent, anomaly, text;
  dh_draw_text_color (widget, 0.11, &trough);
  dh_draw_text_color (widget, 1.0, &text);
  dh_widget_lookup_color (widget, "accent_color", "#1c71d8", &accent);
  dh_widget_lookup_color (widget, "dh_anomaly", "#c2185b", &anomaly);
  dh_draw_rect (snapshot, 0, BAR_Y, width, BAR_HEIGHT, &trough);
  if (isfinite (bar->threshold))
    {
      double at = position (bar, bar->threshold, width);
      GdkRGBA tint = dh_draw_fade (&anomaly, dark ? 0.30 : 0.24);
      dh_draw_rect (snapshot, at, BAR_Y, width - at, BAR_HEIGHT, &tint);
    }
  gboolean first = isfinite (bar->likelihood_term), second = isfinite (bar->posterior_term);
  if (first)
    append_term (bar, snapshot, 0.0, bar->likelihood_term, BAR_Y, DH_TONE_LIKELIHOOD);
  if (first && second)
    {
      double sum = bar->likelihood_term + bar->posterior_term;
      append_term (bar, snapshot, bar->likelihood_term, sum, BAR_Y + BAR_HEIGHT / 2.0, DH_TONE_POSTERIOR);
      double at = position (bar, sum, width);
      dh_draw_triangle_up (snapshot, CLAMP (at, 5.0, width - 5.0), BAR_Y + BAR_HEIGHT + 2, 6, &text);
    }
  if (isfinite (bar->threshold))
    {
      double at = CLAMP (position (bar, bar->threshold, width), 1.0, width - 1.0);
      g_autoptr (PangoLayout) tau = dh_draw_layout (widget, "τ", 9.0, DH_TEXT_BOLD);
      dh_draw_rect (snapshot, at - 1, BAR_Y - 2, 2, BAR_HEIGHT + 3, &accent);
      dh_draw_text (snapshot, tau, CLAMP (at, 4.0, width - 4.0), -1, 0.5, &accent);
    }
}

static void
update_label (DhTermsBar *bar)
{
  g_autofree char *first = dh_number_format (bar->likelihood_term, 2);
  g_autofree char *second = dh_number_format (bar->posterior_term, 2);
  g_autofree char *sum = dh_number_format (bar->likelihood_term + bar->posterior_term, 2);
  g_autofree char *threshold = dh_number_format (bar->threshold, 2);
  g_autofree char *label =
      g_strdup_printf ("−ln p̂ %s, ln P(d_out) %s, sum %s, threshold %s", first, second, sum, threshold);
  dh_widget_set_name (GTK_WIDGET (bar), label);
  gtk_widget_queue_draw (GTK_WIDGET (bar));
}

static void
dh_terms_bar_class_init (DhTermsBarClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  widget_class->measure = dh_terms_bar_measure;
  widget_class->snapshot = dh_terms_bar_snapshot;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "termsbar");
}

static void
dh_terms_bar_init (DhTermsBar *bar)
{
  bar->low = -20.0;
  bar->threshold = bar->likelihood_term = bar->posterior_term = NAN;
}

GtkWidget *
dh_terms_bar_new (void)
{
  return g_object_new (DH_TYPE_TERMS_BAR, NULL);
}

void
dh_terms_bar_set_range (DhTermsBar *bar, double low, double high)
{
  g_return_if_fail (DH_IS_TERMS_BAR (bar));
  if (!isfinite (low) || !isfinite (high))
    return;
  bar->low = MIN (low, high);
  bar->high = MAX (low, high);
  gtk_widget_queue_draw (GTK_WIDGET (bar));
}

void
dh_terms_bar_set_threshold (DhTermsBar *bar, double threshold)
{
  g_return_if_fail (DH_IS_TERMS_BAR (bar));
  bar->threshold = threshold;
  update_label (bar);
}

void
dh_terms_bar_set_terms (DhTermsBar *bar, double minus_log_likelihood, double log_posterior_out)
{
  g_return_if_fail (DH_IS_TERMS_BAR (bar));
  bar->likelihood_term = minus_log_likelihood;
  bar->posterior_term = log_posterior_out;
  update_label (bar);
}

void
dh_terms_bar_clear (DhTermsBar *bar)
{
  dh_terms_bar_set_terms (bar, NAN, NAN);
}
