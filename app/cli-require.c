#include "cli-require.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"

typedef struct
{
  char *text;
  const DhProtocol *protocol;
  guint number; /* of `numbers` */
  gboolean least, strict;
  double bound;
} Requirement;

struct _DhCliRequired
{
  GArray *all; /* Requirement */
};

static const char *const numbers[] = { "ap", "auroc", "fpr95", "best_f1", "tpr_at_fpr5", "siou", "ppv", "mean_f1" };
#define FIRST_OF_COMPONENTS 5

static double
number_of (const DhResult *result, guint number)
{
  const DhComponentResult *components = result->components;
  const double values[] = { result->ap,
                            result->auroc,
                            result->fpr95,
                            result->best_f1,
                            result->tpr_at_fpr5,
                            components ? components->siou_mean : (double)NAN,
                            components ? components->ppv_mean : (double)NAN,
                            components ? components->f1_mean : (double)NAN };
  G_STATIC_ASSERT (G_N_ELEMENTS (values) == G_N_ELEMENTS (numbers));
  return values[number];
}

/* "60%" or "0.6" */
static gboolean
parse_bound (const char *text, double *bound)
{
  char *end;
  *bound = g_ascii_strtod (text, &end);
  if (end == text)
    return FALSE;
  if (*end == '%')
    {
      *bound /= 100;
      end++;
    }
  return *end == '\0' && *bound >= 0 && *bound <= 1;
}

static gboolean
find_number (const char *name, guint *number)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (strcmp (numbers[i], name) == 0)
      {
        *number = i;
        return TRUE;
      }
  return FALSE;
}

/* What a protocol never gives would be found to be undefined after everything is measured. */
static gboolean
check_given (const char *text, const Requirement *requirement, GError **error)
{
  const char *name = numbers[requirement->number];
  const gboolean of_components = requirement->number >= FIRST_OF_COMPONENTS;
  if (of_components == (requirement->protocol->kind == DH_PROTOCOL_COMPONENT))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               of_components ? "--require \"%s\": %s gives no %s; write smiyc-component:%s, with smiyc-component in "
                               "--protocol"
                             : "--require \"%s\": %s gives no %s; write PROTOCOL:%s, of another protocol",
               text, requirement->protocol->name, name, name);
  return FALSE;
}

/* [PROTOCOL:]NAME<=BOUND and the like. */
static gboolean
parse (const char *text, GPtrArray *protocols, Requirement *requirement, GError **error)
{
  const char *sign = strpbrk (text, "<>"), *colon = strchr (text, ':');
  const char *after = sign ? sign + 1 + (sign[1] == '=') : NULL;
  const char *name = colon && sign && colon < sign ? colon + 1 : text;
  g_autofree char *word = sign ? g_strstrip (g_strndup (name, (gsize)(sign - name))) : NULL;
  if (!sign || !find_number (word, &requirement->number) || !parse_bound (after, &requirement->bound))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "--require \"%s\" is none: write ap>=60%% or ap>=0.6, of ap, auroc, fpr95, best_f1, tpr_at_fpr5, "
                   "siou, ppv or mean_f1",
                   text);
      return FALSE;
    }
  requirement->least = *sign == '>';
  requirement->strict = sign[1] != '=';
  requirement->protocol = protocols->pdata[0];
  if (name == text)
    return check_given (text, requirement, error);
  g_autofree char *protocol = g_strstrip (g_strndup (text, (gsize)(colon - text)));
  requirement->protocol = dh_protocol_find (protocol, error);
  if (requirement->protocol && !g_ptr_array_find (protocols, requirement->protocol, NULL))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--require \"%s\": %s is not measured; name it in --protocol too",
                   text, protocol);
      return FALSE;
    }
  return requirement->protocol && check_given (text, requirement, error);
}

DhCliRequired *
dh_cli_required_new (const char *text, GPtrArray *protocols, GError **error)
{
  g_autoptr (DhCliRequired) required = g_new0 (DhCliRequired, 1);
  required->all = g_array_new (FALSE, TRUE, sizeof (Requirement));
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);
  for (guint i = 0; words[i]; i++)
    {
      Requirement requirement = { 0 };
      if (!parse (g_strstrip (words[i]), protocols, &requirement, error))
        return NULL;
      requirement.text = g_strdup (words[i]);
      g_array_append_val (required->all, requirement);
    }
  return g_steal_pointer (&required);
}

void
dh_cli_required_free (DhCliRequired *required)
{
  for (guint i = 0; i < required->all->len; i++)
    g_free (g_array_index (required->all, Requirement, i).text);
  g_array_unref (required->all);
  g_free (required);
}

static const DhResult *
find_result (GPtrArray *results, const DhProtocol *protocol)
{
  for (guint i = 0; i < results->len; i++)
    if (((const DhResult *)results->pdata[i])->protocol == protocol)
      return results->pdata[i];
  return NULL;
}

static gboolean
holds (const Requirement *requirement, double value)
{
  const double bound = requirement->bound;
  if (requirement->least)
    return requirement->strict ? value > bound : value >= bound;
  return requirement->strict ? value < bound : value <= bound;
}

int
dh_cli_check_required (DhCli *cli, const DhCliRequired *required, GPtrArray *results, int status)
{
  for (guint i = 0; i < required->all->len; i++)
    {
      const Requirement *requirement = &g_array_index (required->all, Requirement, i);
      const DhResult *result = find_result (results, requirement->protocol);
      const double value = result ? number_of (result, requirement->number) : (double)NAN;
      if (holds (requirement, value))
        continue;
      g_autofree char *shown = isnan (value) ? g_strdup ("undefined") : g_strdup_printf ("%.4f %%", 100 * value);
      g_autoptr (GError) error =
          g_error_new (DH_ERROR, DH_ERROR_FAILED, "%s is required and does not hold: %s under %s is %s",
                       requirement->text, numbers[requirement->number], requirement->protocol->name, shown);
      status = dh_cli_fail (cli, &error);
    }
  return status;
}
