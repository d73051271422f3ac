#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Numbers as the studio writes them: a true minus (U+2212), thousands with a comma, "—" for what is not defined. */

/* A fixed number of digits after the point; "—" for NaN, "∞" and "−∞". */
char *dh_number_format (double value, guint digits);
/* With a sign, "+1.20" or "−0.64"; what these digits show as nothing is "0.00". `shown` (may be NULL) is the number
 * that stands there, whose sign a colour may tell. */
char *dh_number_format_change (double change, guint digits, double *shown);
/* As few digits as tell it from its neighbours `step` apart: for axis ticks. */
char *dh_number_format_step (double value, double step);
/* So many digits after the point tell values of such a span apart: two; of one of thousands none, of small ones more.
 */
guint dh_number_find_digits (double span);
/* "1,043,905" */
char *dh_number_format_count (guint64 value);
/* 0.643 → "64.3 %"; "—" for NaN. */
char *dh_number_format_percent (double fraction, guint digits);
/* A probability near 0 or 1 keeps the digits that matter: 0.620, 0.9991, 0.00012. */
char *dh_number_format_probability (double probability);
/* Reads what the above write, and plain input: both minus signs, thousands, a trailing % (divides by 100).
 * FALSE where nothing is read or something is left over; `value` is then untouched. */
gboolean dh_number_parse (const char *text, double *value);

/* A spin button's "output" and "input" for a true minus; digits are the button's own. */
void dh_spin_button_use_true_minus (GtkSpinButton *button);

/* Keeps two adjustments at axis = ln(p/(1−p)), whichever moves: the posterior's slider and its field. The one in
 * logits clamps p to its own range. The bond lives as long as both do. */
void dh_adjustment_bind_logit (GtkAdjustment *logit, GtkAdjustment *probability);
double dh_logit (double probability);
double dh_logistic (double logit);

/* Round ticks. At most `most` of 1, 2, 5 × 10ⁿ apart, inside [low, high]; `ticks` has room for `most` + 1. Returns
 * their number, `step` (may be NULL) their distance. Bounds that are not finite or not in order give none. */
guint dh_ticks_linear (double low, double high, guint most, double *ticks, double *step);
/* The same, whole numbers alone; `step` is not NULL. */
guint dh_ticks_whole (double low, double high, guint most, double *ticks, double *step);
/* Powers of ten (every second, third … where they are many); with two or fewer decades also 2 and 5. low > 0. */
guint dh_ticks_log (double low, double high, guint most, double *ticks);
/* Positions are logits; ticks at p = …, 0.01, 0.1, 0.5, 0.9, 0.99, … */
guint dh_ticks_logit (double low, double high, guint most, double *ticks);
/* "10⁻³" for powers of ten, else as few digits as needed. */
char *dh_number_format_log (double value);

G_END_DECLS
