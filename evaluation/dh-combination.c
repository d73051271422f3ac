#include "dh-combination.h"

#include <math.h>

#include "dh-blur.h"
#include "dh-error.h"
#include "dh-map.h"

static const char *const combine_names[DH_N_COMBINES] = { "mean", "max", "min", "sum" };
static const char *const standard_names[DH_N_STANDARDS] = { NULL, "none", "deviation", "ranks" };

static void
clear_part (gpointer data)
{
  g_free (((DhCombinationPart *)data)->map);
}

DhCombination *
dh_combination_new (void)
{
  DhCombination *combination = g_new0 (DhCombination, 1);
  combination->parts = g_array_new (FALSE, FALSE, sizeof (DhCombinationPart));
  g_array_set_clear_func (combination->parts, clear_part);
  return combination;
}

DhCombination *
dh_combination_copy (const DhCombination *combination)
{
  DhCombination *copy = dh_combination_new ();
  for (guint i = 0; i < combination->parts->len; i++)
    {
      const DhCombinationPart *part = &g_array_index (combination->parts, DhCombinationPart, i);
      dh_combination_add (copy, part->run, part->map, part->weight);
    }
  copy->how = combination->how;
  copy->standard = combination->standard;
  copy->sigma = combination->sigma;
  copy->kernel = combination->kernel;
  return copy;
}

void
dh_combination_free (DhCombination *combination)
{
  if (!combination)
    return;
  g_array_unref (combination->parts);
  g_free (combination);
}

const char *
dh_combine_name (DhCombine how)
{
  return combine_names[how];
}

gboolean
dh_combine_from_name (const char *name, DhCombine *how)
{
  for (guint i = 0; i < DH_N_COMBINES; i++)
    if (g_strcmp0 (name, combine_names[i]) == 0)
      {
        *how = i;
        return TRUE;
      }
  return FALSE;
}

const char *
dh_standard_name (DhStandard standard)
{
  return standard_names[standard];
}

gboolean
dh_standard_from_name (const char *name, DhStandard *standard)
{
  for (guint i = 0; i < DH_N_STANDARDS; i++)
    if (name && g_strcmp0 (name, standard_names[i]) == 0)
      {
        *standard = i;
        return TRUE;
      }
  return FALSE;
}

void
dh_combination_add (DhCombination *combination, gint64 run, const char *map, double weight)
{
  const DhCombinationPart part = { run, g_strdup (map), weight };
  g_array_append_val (combination->parts, part);
}

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, text);
  return FALSE;
}

gboolean
dh_combination_add_text (DhCombination *combination, const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  for (char **word = words; *word; word++)
    {
      g_auto (GStrv) halves = g_strsplit (g_strstrip (*word), ":", 2);
      gint64 run = 0;
      DhMap map;
      if (!halves[0] || !g_ascii_string_to_signed (halves[0], 10, 1, G_MAXINT64, &run, NULL))
        return refuse (error, "\"%s\" is no number of a run; \"densehybrid report\" lists them", *word);
      if (halves[1] && (!dh_map_from_name (halves[1], &map) || map == DH_MAP_SEGMENTATION || map >= DH_MAP_LOGITS))
        return refuse (error, "\"%s\" is no score map that lies beside a run's own", halves[1]);
      dh_combination_add (combination, run, halves[1], 1);
    }
  return TRUE;
}

gboolean
dh_combination_set_weights (DhCombination *combination, const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  const guint n = g_strv_length (words);
  if (n != combination->parts->len)
    return refuse (error, "%u weight%s for %u map%s: each has one", n, n == 1 ? "" : "s", combination->parts->len,
                   combination->parts->len == 1 ? "" : "s");
  for (guint i = 0; i < n; i++)
    {
      char *end;
      const char *word = g_strstrip (words[i]);
      const double weight = g_ascii_strtod (word, &end);
      if (end == word || *end || !isfinite (weight))
        return refuse (error, "\"%s\" is no weight: a number is", word);
      g_array_index (combination->parts, DhCombinationPart, i).weight = weight;
    }
  return TRUE;
}

static gboolean
check_parts (const DhCombination *combination, GError **error)
{
  const guint n = combination->parts->len;
  const DhCombinationPart *parts = (const DhCombinationPart *)combination->parts->data;
  if (n == 0 || n > DH_COMBINATION_MOST_PARTS)
    return refuse (error, "a run is made of at least one and at most %d others", DH_COMBINATION_MOST_PARTS);
  gboolean any = FALSE;
  for (guint i = 0; i < n; i++)
    {
      any = any || parts[i].weight != 0;
      for (guint k = 0; k < i; k++)
        if (parts[k].run == parts[i].run && g_strcmp0 (parts[k].map, parts[i].map) == 0)
          return refuse (error, "run %" G_GINT64_FORMAT "%s%s is named twice", parts[i].run, parts[i].map ? ":" : "",
                         parts[i].map ? parts[i].map : "");
    }
  return any || refuse (error, "all weights are 0: nothing is left of the maps");
}

gboolean
dh_combination_check (DhCombination *combination, GError **error)
{
  const gboolean weighted = combination->how == DH_COMBINE_SUM;
  if (!check_parts (combination, error))
    return FALSE;
  for (guint i = 0; !weighted && i < combination->parts->len; i++)
    if (g_array_index (combination->parts, DhCombinationPart, i).weight != 1)
      return refuse (error, "weights belong to a sum; a %s has none", combine_names[combination->how]);
  if (combination->sigma == 0 && combination->kernel > 0)
    return refuse (error, "a kernel belongs to a blur, which has a sigma");
  if (combination->sigma == 0 && combination->parts->len == 1)
    return refuse (error, "of one map alone the same would be made once more: blur it, or name several");
  if (combination->sigma != 0 && combination->kernel == 0 && combination->sigma > 0)
    combination->kernel = dh_blur_kernel_of (combination->sigma);
  return combination->sigma == 0 || dh_blur_check (combination->sigma, combination->kernel, error);
}

static void
add_number (GString *text, const char *name, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf (text, "%s%s", name, g_ascii_formatd (digits, sizeof digits, "%.17g", value));
}

/* The shortest that reads the same. */
static void
add_short (GString *text, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (digits, sizeof digits, "%.15g", value);
  if (g_ascii_strtod (digits, NULL) != value)
    g_ascii_formatd (digits, sizeof digits, "%.17g", value);
  g_string_append (text, digits);
}

char *
dh_combination_dup_flags (const DhCombination *combination)
{
  GString *text = g_string_new ("--run ");
  const guint n = combination->parts->len;
  for (guint i = 0; i < n; i++)
    {
      const DhCombinationPart *part = &g_array_index (combination->parts, DhCombinationPart, i);
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT "%s%s", i ? "," : "", part->run, part->map ? ":" : "",
                              part->map ? part->map : "");
    }
  if (n > 1 || combination->how == DH_COMBINE_SUM)
    g_string_append_printf (text, " --how %s", combine_names[combination->how]);
  for (guint i = 0; combination->how == DH_COMBINE_SUM && i < n; i++)
    {
      g_string_append (text, i ? "," : " --weights=");
      add_short (text, g_array_index (combination->parts, DhCombinationPart, i).weight);
    }
  if (combination->standard != DH_STANDARD_UNSAID)
    g_string_append_printf (text, " --standardise %s", standard_names[combination->standard]);
  if (combination->sigma > 0)
    {
      g_string_append (text, " --smooth ");
      add_short (text, combination->sigma);
      if (combination->kernel > 0 && combination->kernel != dh_blur_kernel_of (combination->sigma))
        g_string_append_printf (text, " --kernel %u", combination->kernel);
    }
  return g_string_free (text, FALSE);
}

char *
dh_combination_to_text (const DhCombination *combination)
{
  GString *text = g_string_new (NULL);
  const char *standard = standard_names[combination->standard];
  g_string_append_printf (text, "how %s\nstandardised %s\n", combine_names[combination->how],
                          standard ? standard : standard_names[DH_STANDARD_NONE]);
  add_number (text, "sigma ", combination->sigma);
  g_string_append_printf (text, "\nkernel %u\n", combination->kernel);
  for (guint i = 0; i < combination->parts->len; i++)
    {
      add_number (text, "weight ", g_array_index (combination->parts, DhCombinationPart, i).weight);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
