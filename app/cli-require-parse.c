/* What --require says. */
#include <math.h>
#include <string.h>

#include "cli-require-private.h"
#include "dh-error.h"

static const char *const slices[DH_CLI_N_SLICES] = {
  [DH_CLI_SLICES_OF_PARTS] = "slices", [DH_CLI_SLICES_OF_CLASSES] = "classes"
};
static const char *const chances[] = { [DH_CLI_CHANCE_SURELY] = "surely", [DH_CLI_CHANCE_MAYBE] = "maybe" };
static const char *const numbers[] = { "ap",  "auroc",   "fpr95",       "best_f1",   "tpr_at_fpr5", "siou",
                                       "ppv", "mean_f1", "closed_miou", "open_miou", "froc",        "found" };

const char *
dh_cli_required_name (guint number)
{
  G_STATIC_ASSERT (G_N_ELEMENTS (numbers) == DH_CLI_N_NUMBERS);
  return number < G_N_ELEMENTS (numbers) ? numbers[number] : NULL;
}

/* "60%" or "0.6"; behind a run "+2%" or "-0.02", or nothing. */
static gboolean
parse_bound (const char *text, gboolean more, double *bound)
{
  char *end;
  *bound = 0;
  if (more && *text == '\0')
    return TRUE;
  if (more && *text != '+' && *text != '-')
    return FALSE;
  *bound = g_ascii_strtod (text, &end);
  if (end == text)
    return FALSE;
  if (*end == '%')
    {
      *bound /= 100;
      end++;
    }
  return *end == '\0' && *bound >= (more ? -1 : 0) && *bound <= 1;
}

/* "@12", "@last", each with more behind it; or a bound alone. */
static gboolean
parse_right (const char *text, DhCliRequirement *requirement)
{
  char *end = NULL;
  if (*text != '@')
    return parse_bound (text, FALSE, &requirement->bound);
  if (g_str_has_prefix (text, "@last"))
    {
      requirement->run = DH_CLI_LAST;
      return parse_bound (text + strlen ("@last"), TRUE, &requirement->bound);
    }
  if (!g_ascii_isdigit (text[1]))
    return FALSE;
  requirement->run = g_ascii_strtoll (text + 1, &end, 10);
  return requirement->run > 0 && parse_bound (end, TRUE, &requirement->bound);
}

/* "found@0.1" has a rate. */
static gboolean
find_number (const char *name, guint *number, double *rate)
{
  const char *at = strchr (name, '@');
  if (at)
    {
      char *end;
      *rate = g_ascii_strtod (at + 1, &end);
      *number = DH_CLI_NUMBER_FOUND;
      return g_str_has_prefix (name, "found@") && g_ascii_isdigit (at[1]) && *end == '\0' && isfinite (*rate);
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (i != DH_CLI_NUMBER_FOUND && strcmp (numbers[i], name) == 0)
      {
        *number = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
refuse (const char *text, GError **error, const char *why)
{
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--require \"%s\": %s", text, why);
  return FALSE;
}

/* What a protocol never gives would be found to be undefined after everything is measured. */
static gboolean
check_given (const char *text, const DhCliRequirement *requirement, DhCliRequireOf of, GError **error)
{
  const char *name = numbers[requirement->number];
  const gboolean of_components = requirement->number >= DH_CLI_FIRST_OF_COMPONENTS;
  if (of == DH_CLI_REQUIRE_OF_MAPS && (requirement->slices || requirement->chance || requirement->run != 0))
    return refuse (text, error, "runs, slices and intervals are known to eval-ood and report");
  if (requirement->number >= DH_CLI_FIRST_OF_FROC)
    return of != DH_CLI_REQUIRE_OF_MAPS
           || refuse (text, error, "false alarms are counted by eval-ood and report, from a run's maps");
  if (requirement->number >= DH_CLI_FIRST_OF_CLASSES)
    return of != DH_CLI_REQUIRE_OF_MAPS
           || refuse (text, error, "the segmentation is known to eval-ood, eval-osr and report");
  if (requirement->slices && requirement->number >= DH_CLI_NUMBERS_OF_SLICES)
    return refuse (text, error, "of slices and classes ap, auroc and fpr95 are measured");
  if (requirement->chance && requirement->number == DH_CLI_NUMBER_TPR_AT_FPR5)
    return refuse (text, error, "tpr_at_fpr5 is kept of no run, and has no interval");
  if (requirement->number == DH_CLI_NUMBER_TPR_AT_FPR5 && (of == DH_CLI_REQUIRE_OF_STORED || requirement->run != 0))
    return refuse (text, error, "tpr_at_fpr5 is not kept of a run");
  if (of_components == (requirement->protocol->kind == DH_PROTOCOL_COMPONENT))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               of_components ? "--require \"%s\": %s gives no %s; write smiyc-component:%s, with smiyc-component in "
                               "--protocol"
                             : "--require \"%s\": %s gives no %s; write PROTOCOL:%s, of another protocol",
               text, requirement->protocol->name, name, name);
  return FALSE;
}

/* What stands before the number: "smiyc-pixel", "slices", "surely", "surely:smiyc-pixel". */
static gboolean
parse_left (const char *left, const char *text, GPtrArray *protocols, DhCliRequirement *requirement, GError **error)
{
  const char *colon = strchr (left, ':');
  g_autofree char *word = colon ? g_strndup (left, (gsize)(colon - left)) : g_strdup (left);
  for (guint i = DH_CLI_SLICES_OF_PARTS; i < DH_CLI_N_SLICES; i++)
    if (g_str_equal (word, slices[i]))
      requirement->slices = i;
  for (guint i = DH_CLI_CHANCE_SURELY; i < G_N_ELEMENTS (chances); i++)
    if (g_str_equal (word, chances[i]))
      requirement->chance = i;
  if (colon && !requirement->chance)
    return refuse (text, error, "one thing stands before the number, or surely: or maybe: and a protocol");
  for (guint i = DH_CLI_SLICES_OF_PARTS; colon && i < DH_CLI_N_SLICES; i++)
    if (requirement->chance && g_str_equal (colon + 1, slices[i]))
      return refuse (text, error, "surely: and maybe: are of numbers of the whole set, not of slices or classes");
  const char *name = requirement->slices || (requirement->chance && !colon) ? DH_CLI_POOLED : colon ? colon + 1 : word;
  requirement->protocol = dh_protocol_find (name, error);
  /* Slices are ranked anew, whatever was measured. */
  if (!requirement->protocol || requirement->slices || !protocols
      || g_ptr_array_find (protocols, requirement->protocol, NULL))
    return requirement->protocol != NULL;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--require \"%s\": %s is not measured; name it in --protocol too", text,
               name);
  return FALSE;
}

/* [PROTOCOL:]NAME<=BOUND and the like. */
static gboolean
parse (const char *text, GPtrArray *protocols, DhCliRequireOf of, DhCliRequirement *requirement, GError **error)
{
  const char *sign = strpbrk (text, "<>"), *colon = sign ? g_strrstr_len (text, sign - text, ":") : NULL;
  const char *after = sign ? sign + 1 + (sign[1] == '=') : NULL;
  const char *name = colon ? colon + 1 : text;
  g_autofree char *word = sign ? g_strndup (name, (gsize)(sign - name)) : NULL;
  if (!sign || !find_number (word, &requirement->number, &requirement->rate) || !parse_right (after, requirement))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "--require \"%s\" is none: write ap>=60%% or ap>=0.6, of ap, auroc, fpr95, best_f1, tpr_at_fpr5, "
                   "siou, ppv, mean_f1, closed_miou, open_miou, froc or found@1%s",
                   text,
                   of == DH_CLI_REQUIRE_OF_MAPS
                       ? ""
                       : "; or against run 12: ap>=@12-1%, slices:ap>=@12-2%, classes:ap>=50%, surely:ap>=@12-1%");
      return FALSE;
    }
  requirement->least = *sign == '>';
  requirement->strict = sign[1] != '=';
  requirement->protocol = protocols ? protocols->pdata[0] : dh_protocol_find (DH_CLI_POOLED, NULL);
  g_autofree char *left = name == text ? NULL : g_strndup (text, (gsize)(colon - text));
  if (requirement->number >= DH_CLI_FIRST_OF_CLASSES)
    {
      requirement->protocol = NULL;
      for (guint i = DH_CLI_CHANCE_SURELY; left && i < G_N_ELEMENTS (chances); i++)
        if (g_str_equal (left, chances[i]))
          requirement->chance = i;
      if (left && !requirement->chance)
        return refuse (text, error, "that number is of no protocol and of no slice; write it alone");
      if (left && requirement->number < DH_CLI_FIRST_OF_FROC)
        return refuse (text, error, "closed_miou and open_miou have no interval");
      return check_given (text, requirement, of, error);
    }
  return (!left || parse_left (left, text, protocols, requirement, error))
         && check_given (text, requirement, of, error);
}

/* "ap >= @12 - 1%" */
static void
drop_spaces (char *text)
{
  char *to = text;
  for (; *text; text++)
    if (!g_ascii_isspace (*text))
      *to++ = *text;
  *to = '\0';
}

DhCliRequired *
dh_cli_required_new (const char *text, GPtrArray *protocols, DhCliRequireOf of, GError **error)
{
  g_autoptr (DhCliRequired) required = g_new0 (DhCliRequired, 1);
  required->all = g_array_new (FALSE, TRUE, sizeof (DhCliRequirement));
  required->froc = (DhFrocRules)DH_FROC_RULES_INIT;
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);
  for (guint i = 0; words[i]; i++)
    {
      DhCliRequirement requirement = { 0 };
      drop_spaces (words[i]);
      if (!parse (words[i], protocols, of, &requirement, error))
        return NULL;
      requirement.text = g_strdup (words[i]);
      g_array_append_val (required->all, requirement);
    }
  return g_steal_pointer (&required);
}

void
dh_cli_required_set_froc (DhCliRequired *required, const DhFrocRules *rules)
{
  required->froc = *rules;
}

void
dh_cli_required_free (DhCliRequired *required)
{
  for (guint i = 0; i < required->all->len; i++)
    g_free (g_array_index (required->all, DhCliRequirement, i).text);
  g_array_unref (required->all);
  g_free (required);
}

gboolean
dh_cli_required_reads_maps (const DhCliRequired *required)
{
  for (guint i = 0; i < required->all->len; i++)
    {
      const DhCliRequirement *one = &g_array_index (required->all, DhCliRequirement, i);
      if (one->slices || one->chance || one->number >= DH_CLI_FIRST_OF_FROC)
        return TRUE;
    }
  return FALSE;
}

const char *
dh_cli_required_find_compared_classes (const DhCliRequired *required)
{
  for (guint i = 0; i < required->all->len; i++)
    {
      const DhCliRequirement *one = &g_array_index (required->all, DhCliRequirement, i);
      if (one->slices == DH_CLI_SLICES_OF_CLASSES && one->run != 0)
        return one->text;
    }
  return NULL;
}
