#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The hybrid score at one pixel as its two terms laid end to end from zero: −ln p̂(x), then ln P(d_out|x); the sum is
 * marked by a triangle, the threshold by τ, the flagged side is tinted. */
#define DH_TYPE_TERMS_BAR (dh_terms_bar_get_type ())
G_DECLARE_FINAL_TYPE (DhTermsBar, dh_terms_bar, DH, TERMS_BAR, GtkWidget)

GtkWidget *dh_terms_bar_new (void);
/* Axis; zero is always shown. */
void dh_terms_bar_set_range (DhTermsBar *bar, double low, double high);
/* NaN: no threshold. */
void dh_terms_bar_set_threshold (DhTermsBar *bar, double threshold);
/* Both in nats; either not finite draws that term as missing, without a sum. */
void dh_terms_bar_set_terms (DhTermsBar *bar, double minus_log_likelihood, double log_posterior_out);
void dh_terms_bar_clear (DhTermsBar *bar);

G_END_DECLS
