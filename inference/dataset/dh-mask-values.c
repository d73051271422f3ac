#include "dh-mask-values.h"

#include <string.h>

#include "dh-error.h"

typedef struct
{
  gint first, last;
  gboolean colour;
  gint id;
} Range;

struct _DhMaskValues
{
  gatomicrefcount refs;
  char *text;
  GArray *ranges; /* Range */
  gint rest;      /* -1: not said */
};

static const struct
{
  const char *name;
  gint id;
} roles[] = { { "anomaly", 1 }, { "inlier", 0 }, { "ignore", 255 } };

DhMaskValues *
dh_mask_values_ref (DhMaskValues *values)
{
  g_atomic_ref_count_inc (&values->refs);
  return values;
}

void
dh_mask_values_unref (DhMaskValues *values)
{
  if (!values || !g_atomic_ref_count_dec (&values->refs))
    return;
  g_free (values->text);
  g_array_unref (values->ranges);
  g_free (values);
}

const char *
dh_mask_values_text (const DhMaskValues *values)
{
  return values->text;
}

static gboolean
parse_number (const char *text, gsize n, guint base, guint64 most, gint *number)
{
  g_autofree char *digits = g_strndup (text, n);
  guint64 parsed;
  if (!g_ascii_isxdigit (*digits) || !g_ascii_string_to_unsigned (digits, base, 0, most, &parsed, NULL))
    return FALSE;
  *number = (gint)parsed;
  return TRUE;
}

/* "7", "2-200", "#fa3253" */
static gboolean
parse_range (const char *text, Range *range)
{
  const gsize n = strlen (text), first = strcspn (text, "-");
  range->colour = *text == '#';
  if (range->colour)
    {
      const gboolean parsed = n == 7 && parse_number (text + 1, n - 1, 16, 0xffffff, &range->first);
      range->last = range->first;
      return parsed;
    }
  if (!parse_number (text, first, 10, 65535, &range->first))
    return FALSE;
  range->last = range->first;
  return first == n
         || (parse_number (text + first + 1, n - first - 1, 10, 65535, &range->last) && range->first <= range->last);
}

static const Range *
find_overlap (const DhMaskValues *values, const Range *range)
{
  for (guint i = 0; i < values->ranges->len; i++)
    {
      const Range *other = &g_array_index (values->ranges, Range, i);
      if (other->colour == range->colour && other->first <= range->last && range->first <= other->last)
        return other;
    }
  return NULL;
}

/* One value of a role; NULL, or what is wrong with it. */
static const char *
add_value (DhMaskValues *values, const char *word, gint id)
{
  Range range = { .id = id };
  if (strcmp (word, "rest") == 0)
    {
      if (values->rest >= 0 && values->rest != id)
        return "is given two meanings";
      values->rest = id;
      return NULL;
    }
  if (!parse_range (word, &range))
    return "is no value";
  if (find_overlap (values, &range))
    return "is given two meanings, or named twice";
  g_array_append_val (values->ranges, range);
  return NULL;
}

static gboolean
add_role (DhMaskValues *values, const char *word, gboolean given[], GError **error)
{
  static const char *const how = "write it as 'anomaly=1,2 ignore=255': roles anomaly, inlier and ignore, values "
                                 "numbers, ranges (2-200), colours (#ff0000) or rest";
  const char *equals = strchr (word, '=');
  guint role = 0;
  while (
      equals && role < G_N_ELEMENTS (roles)
      && (strlen (roles[role].name) != (gsize)(equals - word) || strncmp (roles[role].name, word, equals - word) != 0))
    role++;
  if (!equals || role == G_N_ELEMENTS (roles))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "mask values: \"%s\" is no role with values; %s", word, how);
      return FALSE;
    }
  g_auto (GStrv) words = g_strsplit (equals[1] ? equals + 1 : ",", ",", -1);
  given[role] = TRUE;
  for (guint i = 0; words[i]; i++)
    {
      const char *wrong = add_value (values, words[i], roles[role].id);
      if (!wrong)
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "mask values: \"%s\" %s; %s", words[i], wrong, how);
      return FALSE;
    }
  return TRUE;
}

static guint
role_of (gint id)
{
  guint role = 0;
  while (roles[role].id != id)
    role++;
  return role;
}

/* As the text has them: what is both a number and a colour that were said is the same when that is read again. */
static gint
compare_roles (gconstpointer a, gconstpointer b)
{
  return (gint)role_of (((const Range *)a)->id) - (gint)role_of (((const Range *)b)->id);
}

/* The roles in their order, as they are kept and compared. */
static char *
make_text (char *const *words)
{
  GString *text = g_string_new (NULL);
  for (guint role = 0; role < G_N_ELEMENTS (roles); role++)
    for (guint i = 0; words[i]; i++)
      if (g_str_has_prefix (words[i], roles[role].name))
        g_string_append_printf (text, "%s%s", text->len ? " " : "", words[i]);
  return g_string_free (text, FALSE);
}

DhMaskValues *
dh_mask_values_new (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  g_autoptr (DhMaskValues) values = g_new0 (DhMaskValues, 1);
  g_atomic_ref_count_init (&values->refs);
  values->ranges = g_array_new (FALSE, FALSE, sizeof (Range));
  values->rest = -1;
  gboolean given[G_N_ELEMENTS (roles)] = { FALSE };
  g_autofree char *lower = g_ascii_strdown (text, -1);
  g_auto (GStrv) all = g_strsplit_set (lower, " ;\t\n", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (guint i = 0; all[i]; i++)
    if (*all[i])
      g_ptr_array_add (words, all[i]);
  for (guint i = 0; i < words->len; i++)
    if (!add_role (values, words->pdata[i], given, error))
      return NULL;
  if (!given[0])
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "mask values: no value is the anomaly; write it as 'anomaly=1,2 ignore=255'");
      return NULL;
    }
  if (values->rest < 0 && !given[1])
    values->rest = 0;
  g_ptr_array_add (words, NULL);
  g_array_sort (values->ranges, compare_roles);
  values->text = make_text ((char *const *)words->pdata);
  return g_steal_pointer (&values);
}

gint
dh_mask_values_find (DhPixelValue value, gpointer data)
{
  const DhMaskValues *values = data;
  for (guint i = 0; i < values->ranges->len; i++)
    {
      const Range *range = &g_array_index (values->ranges, Range, i);
      const gint own = range->colour ? value.colour : value.number;
      if (own >= range->first && own <= range->last)
        return range->id;
    }
  return values->rest;
}

gint
dh_mask_values_get_number (const DhMaskValues *values, gint id)
{
  gint number = -1;
  for (guint i = 0; i < values->ranges->len; i++)
    {
      const Range *range = &g_array_index (values->ranges, Range, i);
      if (range->id != id)
        continue;
      if (number >= 0 || range->colour || range->first != range->last || range->last > 255)
        return -1;
      number = range->first;
    }
  /* Inliers that are the rest of the values are mostly 0. */
  const DhPixelValue zero = { 0, -1 };
  const gboolean is_rest = number < 0 && values->rest == id;
  return is_rest && id == 0 && dh_mask_values_find (zero, (gpointer)values) == 0 ? 0 : is_rest ? -1 : number;
}
