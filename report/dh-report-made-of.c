#include <math.h>

#include "dh-combination.h"
#include "dh-made-of.h"
#include "dh-report-private.h"

/* Facts of a run that is made of other runs' maps. */

static void
add_fact (GPtrArray *facts, const char *name, char *text)
{
  g_ptr_array_add (facts, g_strdup (name));
  g_ptr_array_add (facts, text);
}

static char *
describe_part (const DhMadeOfPart *part, gboolean weighted)
{
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "run %" G_GINT64_FORMAT ": %s of %s", part->run, part->score ? part->score : "—",
                          part->model ? part->model : "—");
  if (part->device && part->precision)
    g_string_append_printf (text, " (%s, %s)", part->device, part->precision);
  g_string_append_printf (text, ", SHA-256 of the %s %s", part->scores ? "scores" : "weights",
                          part->sha256 ? part->sha256 : "—");
  if (weighted)
    g_string_append_printf (text, "; weight %.15g", part->weight);
  if (isfinite (part->mean) && isfinite (part->deviation))
    g_string_append_printf (text, "; mean %.9g, deviation %.9g over all pixels", part->mean, part->deviation);
  return g_string_free (text, FALSE);
}

static char *
describe_making (const DhMadeOf *made, gboolean weighted)
{
  static const char *const scaled[DH_N_STANDARDS] = { "", "", ", each less its mean, by its deviation",
                                                      ", each as ranks" };
  GString *text = g_string_new (NULL);
  DhStandard standard = DH_STANDARD_NONE;
  if (made->how && (made->parts->len > 1 || weighted))
    g_string_append_printf (text, "%s of %u map%s", weighted ? "weighted sum" : made->how, made->parts->len,
                            made->parts->len == 1 ? "" : "s");
  else
    g_string_append (text, "the map");
  dh_standard_from_name (made->standardised, &standard);
  g_string_append (text, scaled[standard]);
  if (isfinite (made->sigma))
    g_string_append_printf (text,
                            "; blurred by a Gaussian of sigma %g pixels, kernel %" G_GINT64_FORMAT "×%" G_GINT64_FORMAT,
                            made->sigma, made->kernel, made->kernel);
  return g_string_free (text, FALSE);
}

void
dh_report_add_made_of (const DhRunRow *run, GPtrArray *facts)
{
  g_autoptr (DhMadeOf) made = dh_made_of_read (run);
  if (!made)
    return;
  const gboolean weighted = g_strcmp0 (made->how, dh_combine_name (DH_COMBINE_SUM)) == 0;
  add_fact (facts, "Made as", describe_making (made, weighted));
  for (guint i = 0; i < made->parts->len; i++)
    add_fact (facts, "Made of", describe_part (made->parts->pdata[i], weighted));
}

char *
dh_report_dup_made_of (const DhRunRow *run)
{
  g_autoptr (DhMadeOf) made = dh_made_of_read (run);
  if (!made)
    return NULL;
  const gboolean weighted = g_strcmp0 (made->how, dh_combine_name (DH_COMBINE_SUM)) == 0;
  g_autofree char *making = describe_making (made, weighted);
  GString *text = g_string_new (making);
  for (guint i = 0; i < made->parts->len; i++)
    {
      const DhMadeOfPart *part = made->parts->pdata[i];
      g_string_append_printf (text, "%s run %" G_GINT64_FORMAT ": %s", i ? "," : "; of", part->run,
                              part->score ? part->score : "—");
      if (weighted)
        g_string_append_printf (text, " by %.15g", part->weight);
    }
  return g_string_free (text, FALSE);
}
