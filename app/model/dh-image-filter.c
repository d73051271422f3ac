#include "dh-image-filter.h"
#include <math.h>
#include <string.h>

typedef enum
{
  TERM_WORD,
  TERM_SCENE,
  TERM_TAG,
  TERM_MARKED,
  TERM_STATE,
  TERM_NUMBER,
} TermKind;

typedef enum
{
  FIELD_AP,
  FIELD_FPR95,
  FIELD_AUROC,
  FIELD_ANOMALIES,
  FIELD_MISSED,
  FIELD_FALSE,
} Field;

typedef struct
{
  TermKind kind;
  char *word; /* casefolded */
  DhItemState state;
  Field field;
  gboolean less, or_equal;
  double number;
} Term;

struct _DhImageFilter
{
  GArray *terms;
};

static void
term_clear (gpointer term)
{
  g_free (((Term *)term)->word);
}

static gboolean
parse_number (const char *text, Term *term)
{
  static const struct
  {
    const char *name;
    Field field;
  } fields[] = { { "ap", FIELD_AP },         { "fpr95", FIELD_FPR95 },
                 { "auroc", FIELD_AUROC },   { "anomalies", FIELD_ANOMALIES },
                 { "missed", FIELD_MISSED }, { "false", FIELD_FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (!g_str_has_prefix (text, fields[i].name))
        continue;
      const char *at = text + strlen (fields[i].name);
      if (*at != '<' && *at != '>')
        continue;
      term->field = fields[i].field;
      term->less = *at++ == '<';
      if ((term->or_equal = *at == '='))
        at++;
      char *end;
      term->number = g_ascii_strtod (at, &end);
      return end != at && (*end == '\0' || strcmp (end, "%") == 0);
    }
  return FALSE;
}

static void
parse_term (const char *text, Term *term)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  if (parse_number (folded, term))
    term->kind = TERM_NUMBER;
  else if (strcmp (folded, "is:failed") == 0 || strcmp (folded, "is:cached") == 0)
    {
      term->kind = TERM_STATE;
      term->state = folded[3] == 'f' ? DH_ITEM_FAILED : DH_ITEM_CACHED;
    }
  else if (strcmp (folded, "is:marked") == 0)
    term->kind = TERM_MARKED;
  else if (g_str_has_prefix (folded, "tag:"))
    {
      term->kind = TERM_TAG;
      term->word = g_strdup (folded + strlen ("tag:"));
    }
  else if (g_str_has_prefix (folded, "scene:"))
    {
      term->kind = TERM_SCENE;
      term->word = g_strdup (folded + strlen ("scene:"));
    }
  else
    term->word = g_steal_pointer (&folded);
}

/* "AP < 90" is one term as well as "ap<90". */
static char *
close_comparisons (const char *text)
{
  GString *closed = g_string_new (NULL);
  for (const char *at = text; *at != '\0'; at++)
    {
      if (*at == ' ')
        {
          const char *next = at + strspn (at, " ");
          gboolean after = closed->len > 0 && strchr ("<>=", closed->str[closed->len - 1]) != NULL;
          if ((*next != '\0' && strchr ("<>=", *next) != NULL) || after)
            {
              at = next - 1;
              continue;
            }
        }
      g_string_append_c (closed, *at);
    }
  return g_string_free (closed, FALSE);
}

DhImageFilter *
dh_image_filter_new (const char *text)
{
  DhImageFilter *filter = g_new0 (DhImageFilter, 1);
  filter->terms = g_array_new (FALSE, TRUE, sizeof (Term));
  g_array_set_clear_func (filter->terms, term_clear);
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  g_autofree char *closed = close_comparisons (valid);
  g_auto (GStrv) words = g_strsplit_set (closed, " \t", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (words[i][0] == '\0')
        continue;
      Term term = { 0 };
      parse_term (words[i], &term);
      g_array_append_val (filter->terms, term);
    }
  return filter;
}

void
dh_image_filter_free (DhImageFilter *filter)
{
  if (filter == NULL)
    return;
  g_array_unref (filter->terms);
  g_free (filter);
}

static gboolean
contains (const char *text, const char *folded_word)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  return strstr (folded, folded_word) != NULL;
}

static gboolean
has_tag (DhImageItem *item, const char *folded_word)
{
  const char *const *tags = dh_image_item_get_tags (item);
  for (guint i = 0; tags[i] != NULL; i++)
    if (contains (tags[i], folded_word))
      return TRUE;
  return FALSE;
}

/* NaN where it is unknown or undefined. */
static double
value_of (DhImageItem *item, Field field)
{
  const DhItemMetrics *metrics = dh_image_item_get_metrics (item);
  const gint n_missed = dh_image_item_get_n_missed (item), n_false = dh_image_item_get_n_false (item);
  switch (field)
    {
    case FIELD_AP:
      return metrics->evaluated ? metrics->ap * 100 : NAN;
    case FIELD_FPR95:
      return metrics->evaluated ? metrics->fpr95 * 100 : NAN;
    case FIELD_AUROC:
      return metrics->evaluated ? metrics->auroc * 100 : NAN;
    case FIELD_ANOMALIES:
      return metrics->evaluated ? (double)metrics->n_anomaly : NAN;
    case FIELD_MISSED:
      return n_missed >= 0 ? n_missed : NAN;
    case FIELD_FALSE:
      return n_false >= 0 ? n_false : NAN;
    default:
      g_return_val_if_reached (NAN);
    }
}

static gboolean
compare (const Term *term, double value)
{
  if (term->or_equal && value == term->number)
    return TRUE;
  return term->less ? value < term->number : value > term->number;
}

gboolean
dh_image_filter_matches (const DhImageFilter *filter, DhImageItem *item)
{
  for (guint i = 0; i < filter->terms->len; i++)
    {
      const Term *term = &g_array_index (filter->terms, Term, i);
      gboolean matches = FALSE;
      switch (term->kind)
        {
        case TERM_WORD:
          matches = contains (dh_image_item_get_stem (item), term->word)
                    || contains (dh_image_item_get_group (item), term->word) || has_tag (item, term->word);
          break;
        case TERM_SCENE:
          matches = contains (dh_image_item_get_group (item), term->word);
          break;
        case TERM_TAG:
          matches = has_tag (item, term->word);
          break;
        case TERM_MARKED:
          matches = dh_image_item_is_marked (item);
          break;
        case TERM_STATE:
          matches = dh_image_item_get_state (item) == term->state;
          break;
        case TERM_NUMBER:
          matches = compare (term, value_of (item, term->field));
          break;
        }
      if (!matches)
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_image_item_matches (DhImageItem *item, const char *filter)
{
  if (filter == NULL || *filter == '\0')
    return TRUE;
  DhImageFilter *parsed = dh_image_filter_new (filter);
  gboolean matches = dh_image_filter_matches (parsed, item);
  dh_image_filter_free (parsed);
  return matches;
}
