#include "dh-number.h"
#include <math.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"
#define DASH "\xe2\x80\x94"

static char *
with_true_minus (const char *text)
{
  GString *string = g_string_sized_new (32);
  for (const char *p = text; *p; p++)
    if (*p == '-')
      g_string_append (string, MINUS);
    else
      g_string_append_c (string, *p);
  return g_string_free (string, FALSE);
}

char *
dh_number_format (double value, guint digits)
{
  if (isnan (value))
    return g_strdup (DASH);
  if (isinf (value))
    return g_strdup (value < 0 ? MINUS "\xe2\x88\x9e" : "\xe2\x88\x9e");
  char format[16], buffer[G_ASCII_DTOSTR_BUF_SIZE + 400];
  g_snprintf (format, sizeof format, "%%.%uf", MIN (digits, 17));
  g_ascii_formatd (buffer, sizeof buffer, format, value);
  /* "-0.00" is 0.00 */
  if (buffer[0] == '-' && strspn (buffer + 1, "0.") == strlen (buffer + 1))
    return g_strdup (buffer + 1);
  return with_true_minus (buffer);
}

char *
dh_number_format_change (double change, guint digits, double *shown)
{
  const double power = pow (10, digits), rounded = round (change * power) / power;
  if (shown != NULL)
    *shown = rounded;
  g_autofree char *number = dh_number_format (rounded, digits);
  return g_strconcat (rounded > 0 ? "+" : "", number, NULL);
}

guint
dh_number_find_digits (double span)
{
  guint digits = span > 5000 ? 0 : span > 500 ? 1 : 2;
  for (double least = 2; span > 0 && span <= least && digits < 9; least /= 10)
    digits++;
  return digits;
}

static guint
digits_of_step (double step)
{
  if (!(step > 0.0) || !isfinite (step))
    return 3;
  for (guint digits = 0; digits < 12; digits++)
    {
      double scaled = step * pow (10.0, digits);
      if (scaled > 0.5 && fabs (scaled - round (scaled)) < 1e-6 * scaled)
        return digits;
    }
  return 12;
}

char *
dh_number_format_step (double value, double step)
{
  if (fabs (value) >= 10000.0 && fabs (value) < 1e15 && digits_of_step (step) == 0)
    {
      g_autofree char *count = dh_number_format_count ((guint64)fabs (value));
      return g_strconcat (value < 0 ? MINUS : "", count, NULL);
    }
  if (fabs (value) >= 1000.0 && fabs (value) < 10000.0 && digits_of_step (step) == 0)
    {
      g_autofree char *count = dh_number_format_count ((guint64)fabs (value));
      return g_strconcat (value < 0 ? MINUS : "", count, NULL);
    }
  if (isfinite (value) && (fabs (value) >= 1e15 || (step > 0 && step < 1e-6)))
    {
      char buffer[64];
      g_ascii_formatd (buffer, sizeof buffer, "%.3g", value);
      return with_true_minus (buffer);
    }
  return dh_number_format (value, digits_of_step (step));
}

char *
dh_number_format_count (guint64 value)
{
  char plain[32];
  int n = g_snprintf (plain, sizeof plain, "%" G_GUINT64_FORMAT, value);
  GString *string = g_string_sized_new (32);
  for (int i = 0; i < n; i++)
    {
      if (i > 0 && (n - i) % 3 == 0)
        g_string_append_c (string, ',');
      g_string_append_c (string, plain[i]);
    }
  return g_string_free (string, FALSE);
}

char *
dh_number_format_percent (double fraction, guint digits)
{
  if (!isfinite (fraction))
    return g_strdup (DASH);
  g_autofree char *number = dh_number_format (100.0 * fraction, digits);
  return g_strconcat (number, "\xc2\xa0%", NULL);
}

char *
dh_number_format_probability (double p)
{
  if (!isfinite (p))
    return g_strdup (DASH);
  double near = MIN (p, 1.0 - p);
  if (near <= 0.0 || near >= 0.01)
    return dh_number_format (p, 3);
  if (near < 1e-9)
    {
      if (p > 0.5)
        return g_strdup ("1.000");
      char buffer[64];
      g_ascii_formatd (buffer, sizeof buffer, "%.1e", p);
      return with_true_minus (buffer);
    }
  /* Two digits beyond the leading zeros, or nines. */
  guint digits = MIN (10u, 1u + (guint)ceil (-log10 (near)));
  char *text = dh_number_format (p, digits);
  if (digits > 3 && text[strlen (text) - 1] == '0')
    text[strlen (text) - 1] = '\0';
  return text;
}

gboolean
dh_number_parse (const char *text, double *value)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  gboolean percent = FALSE;
  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (c == 0x2212)
        g_string_append_c (plain, '-');
      else if (c == ',' || g_unichar_isspace (c))
        continue;
      else if (c == '%' && !percent)
        percent = TRUE;
      else if (c < 128 && !percent)
        g_string_append_c (plain, (char)c);
      else
        return FALSE;
    }
  char *end = NULL;
  double parsed = g_ascii_strtod (plain->str, &end);
  if (end == plain->str || *end != '\0' || !isfinite (parsed))
    return FALSE;
  *value = percent ? parsed / 100.0 : parsed;
  return TRUE;
}

static gboolean
on_spin_output (GtkSpinButton *button, gpointer data)
{
  g_autofree char *text = dh_number_format (gtk_spin_button_get_value (button), gtk_spin_button_get_digits (button));
  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (button))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (button), text);
  return TRUE;
}

static int
on_spin_input (GtkSpinButton *button, double *value, gpointer data)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (button));
  /* The field shows fewer digits than there are: what nobody has changed is not rounded to what it shows. */
  g_autofree char *shown = dh_number_format (gtk_spin_button_get_value (button), gtk_spin_button_get_digits (button));
  if (g_strcmp0 (text, shown) == 0)
    {
      *value = gtk_spin_button_get_value (button);
      return TRUE;
    }
  return dh_number_parse (text, value) ? TRUE : GTK_INPUT_ERROR;
}

void
dh_spin_button_use_true_minus (GtkSpinButton *button)
{
  g_return_if_fail (GTK_IS_SPIN_BUTTON (button));
  g_signal_connect (button, "output", G_CALLBACK (on_spin_output), NULL);
  g_signal_connect (button, "input", G_CALLBACK (on_spin_input), NULL);
  /* Not gtk_spin_button_update(), which would take what is shown, and rounded, for the value. */
  on_spin_output (button, NULL);
}

double
dh_logit (double p)
{
  return log (p) - log1p (-p);
}

double
dh_logistic (double logit)
{
  return logit >= 0.0 ? 1.0 / (1.0 + exp (-logit)) : exp (logit) / (1.0 + exp (logit));
}

static gboolean
to_probability (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_double (to, dh_logistic (g_value_get_double (from)));
  return TRUE;
}

static gboolean
to_logit (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_autoptr (GObject) source = g_binding_dup_source (binding);
  double p = g_value_get_double (from);
  if (source == NULL)
    return FALSE;
  double low = gtk_adjustment_get_lower (GTK_ADJUSTMENT (source));
  double high = gtk_adjustment_get_upper (GTK_ADJUSTMENT (source));
  g_value_set_double (to, p <= 0.0 ? low : p >= 1.0 ? high : CLAMP (dh_logit (p), low, high));
  return TRUE;
}

void
dh_adjustment_bind_logit (GtkAdjustment *logit, GtkAdjustment *probability)
{
  g_object_bind_property_full (logit, "value", probability, "value", G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE,
                               to_probability, to_logit, NULL, NULL);
}
