#include "dh-image-filter.h"
#include <math.h>
#include <string.h>
#include "dh-place.h"

typedef enum
{
  TERM_WORD,
  TERM_SCENE,
  TERM_TAG,
  TERM_MARKED,
  TERM_STATE,
  TERM_NUMBER,
  TERM_OBJECT,
  TERM_PLACE,
  TERM_CLASS,
} TermKind;

typedef enum
{
  FIELD_AP,
  FIELD_FPR95,
  FIELD_AUROC,
  FIELD_ANOMALIES,
  FIELD_MISSED,
  FIELD_FALSE,
  FIELD_AREA, /* from here on of objects */
  FIELD_SIOU,
  FIELD_PPV,
} Field;

typedef struct
{
  TermKind kind;
  char *word;     /* casefolded */
  gboolean whole; /* nothing else stands beside it */
  DhItemState state;
  DhObjectKind object;
  DhPlace place;
  Field field;
  gboolean less, or_equal;
  double number;
} Term;

struct _DhImageFilter
{
  GArray *terms;
  char **classes; /* names, by id; NULL: not known */
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
  } fields[] = {
    { "ap", FIELD_AP },         { "fpr95", FIELD_FPR95 }, { "auroc", FIELD_AUROC }, { "anomalies", FIELD_ANOMALIES },
    { "missed", FIELD_MISSED }, { "false", FIELD_FALSE }, { "area", FIELD_AREA },   { "siou", FIELD_SIOU },
    { "ppv", FIELD_PPV },
  };
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

static gboolean
parse_kind (const char *text, Term *term)
{
  static const char *const kinds[DH_N_OBJECT_KINDS] = { "kind:missed", "kind:false", "kind:found", "kind:flagged" };
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (text, kinds[i]) == 0)
      {
        term->object = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
parse_place (const char *text, Term *term)
{
  if (!g_str_has_prefix (text, "place:"))
    return FALSE;
  for (term->place = 0; term->place < DH_N_PLACES; term->place++)
    if (strcmp (text + strlen ("place:"), dh_place_name (term->place)) == 0)
      return TRUE;
  return FALSE;
}

/* What may stand in quotation marks. */
static const struct
{
  const char *field;
  TermKind kind;
} named[] = { { "tag:", TERM_TAG }, { "scene:", TERM_SCENE }, { "class:", TERM_CLASS } };

static gboolean
parse_named (const char *text, Term *term)
{
  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_str_has_prefix (text, named[i].field))
      {
        term->kind = named[i].kind;
        term->word = g_strdup (text + strlen (named[i].field));
        return TRUE;
      }
  return FALSE;
}

static void
parse_term (const char *text, Term *term)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  if (parse_number (folded, term))
    term->kind = TERM_NUMBER;
  else if (parse_kind (folded, term))
    term->kind = TERM_OBJECT;
  else if (parse_place (folded, term))
    term->kind = TERM_PLACE;
  else if (strcmp (folded, "is:failed") == 0 || strcmp (folded, "is:cached") == 0)
    {
      term->kind = TERM_STATE;
      term->state = folded[3] == 'f' ? DH_ITEM_FAILED : DH_ITEM_CACHED;
    }
  else if (strcmp (folded, "is:marked") == 0)
    term->kind = TERM_MARKED;
  else if (!parse_named (folded, term))
    term->word = g_steal_pointer (&folded);
}

/* Where the value of one of these begins with a quotation mark, behind it, and which it is; else NULL. */
static const char *
find_quoted (const char *word, TermKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_ascii_strncasecmp (word, named[i].field, strlen (named[i].field)) == 0
        && word[strlen (named[i].field)] == '"')
      {
        *kind = named[i].kind;
        return word + strlen (named[i].field) + 1;
      }
  return NULL;
}

/* The quoted text from `at`, in which two marks are one, up to its end or that of the whole. */
static const char *
skip_quoted (const char *at, GString *text)
{
  for (; *at != '\0'; at++)
    {
      if (*at == '"' && *++at != '"')
        break;
      g_string_append_c (text, *at);
    }
  return at;
}

/* A term of its own at `at`, behind which it leaves off. "AP < 90" is one as well as "ap<90". */
static const char *
skip_word (const char *at, GString *word)
{
  for (; *at != '\0'; at++)
    {
      const char *next = at + strspn (at, " \t");
      if (next == at)
        {
          g_string_append_c (word, *at);
          continue;
        }
      const gboolean after = strchr ("<>=", word->str[word->len - 1]) != NULL;
      if (*next == '\0' || (strchr ("<>=", *next) == NULL && !after))
        return next;
      at = next - 1;
    }
  return at;
}

DhImageFilter *
dh_image_filter_new (const char *text)
{
  DhImageFilter *filter = g_new0 (DhImageFilter, 1);
  filter->terms = g_array_new (FALSE, TRUE, sizeof (Term));
  g_array_set_clear_func (filter->terms, term_clear);
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  for (const char *at = valid + strspn (valid, " \t"); *at != '\0'; at += strspn (at, " \t"))
    {
      Term term = { 0 };
      g_autoptr (GString) word = g_string_new (NULL);
      const char *quoted = find_quoted (at, &term.kind);
      if (quoted != NULL)
        {
          term.whole = TRUE;
          at = skip_quoted (quoted, word);
          term.word = g_utf8_casefold (word->str, -1);
        }
      else
        {
          at = skip_word (at, word);
          parse_term (word->str, &term);
        }
      g_array_append_val (filter->terms, term);
    }
  return filter;
}

char *
dh_image_filter_quote (const char *field, const char *value)
{
  g_autoptr (GString) doubled = g_string_new (value);
  g_string_replace (doubled, "\"", "\"\"", 0);
  return g_strdup_printf ("%s:\"%s\"", field, doubled->str);
}

void
dh_image_filter_free (DhImageFilter *filter)
{
  if (filter == NULL)
    return;
  g_array_unref (filter->terms);
  g_strfreev (filter->classes);
  g_free (filter);
}

void
dh_image_filter_name_classes (DhImageFilter *filter, const char *const *names)
{
  if (filter == NULL)
    return;
  g_strfreev (filter->classes);
  filter->classes = g_strdupv ((char **)names);
}

void
dh_image_filter_replace (DhImageFilter **filter, const char *text)
{
  g_clear_pointer (filter, dh_image_filter_free);
  if (text != NULL && *text != '\0')
    *filter = dh_image_filter_new (text);
}

static gboolean
fits (const Term *term, const char *text)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  return term->whole ? g_str_equal (folded, term->word) : strstr (folded, term->word) != NULL;
}

static gboolean
has_tag (DhImageItem *item, const Term *term)
{
  const char *const *tags = dh_image_item_get_tags (item);
  for (guint i = 0; tags[i] != NULL; i++)
    if (fits (term, tags[i]))
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
    case FIELD_AREA:
    case FIELD_SIOU:
    case FIELD_PPV:
    default:
      return NAN;
    }
}

static gboolean
compare (const Term *term, double value)
{
  if (term->or_equal && value == term->number)
    return TRUE;
  return term->less ? value < term->number : value > term->number;
}

static gboolean
item_fits (const Term *term, DhImageItem *item)
{
  switch (term->kind)
    {
    case TERM_WORD:
      return fits (term, dh_image_item_get_stem (item)) || fits (term, dh_image_item_get_group (item))
             || has_tag (item, term) || fits (term, dh_image_item_get_note (item));
    case TERM_SCENE:
      return fits (term, dh_image_item_get_group (item));
    case TERM_TAG:
      return has_tag (item, term);
    case TERM_MARKED:
      return dh_image_item_is_marked (item);
    case TERM_STATE:
      return dh_image_item_get_state (item) == term->state;
    case TERM_NUMBER:
      return compare (term, value_of (item, term->field));
    case TERM_OBJECT:
    case TERM_PLACE:
    case TERM_CLASS:
    default:
      return FALSE;
    }
}

gboolean
dh_image_filter_matches (const DhImageFilter *filter, DhImageItem *item)
{
  for (guint i = 0; i < filter->terms->len; i++)
    if (!item_fits (&g_array_index (filter->terms, Term, i), item))
      return FALSE;
  return TRUE;
}

static gboolean
is_of_class (const DhImageFilter *filter, const Term *term, gint id)
{
  const gint n = filter->classes != NULL ? (gint)g_strv_length (filter->classes) : 0;
  return id >= 0 && id < n && fits (term, filter->classes[id]);
}

static gboolean
object_fits (const DhImageFilter *filter, const Term *term, DhImageItem *item, const DhPictureObject *object)
{
  if (term->kind == TERM_CLASS)
    return is_of_class (filter, term, object->class_id);
  if (term->kind == TERM_OBJECT)
    return object->kind == term->object;
  if (term->kind == TERM_PLACE)
    return (object->places & DH_PLACE_BIT (term->place)) != 0;
  if (term->kind != TERM_NUMBER || term->field < FIELD_AREA)
    return item_fits (term, item);
  const gboolean predicted = object->kind == DH_OBJECT_FALSE;
  return term->field == FIELD_AREA ? compare (term, (double)object->area)
                                   : (term->field == FIELD_PPV) == predicted && compare (term, object->overlap);
}

gboolean
dh_image_filter_matches_object (const DhImageFilter *filter, DhImageItem *item, const DhPictureObject *object)
{
  for (guint i = 0; i < filter->terms->len; i++)
    if (!object_fits (filter, &g_array_index (filter->terms, Term, i), item, object))
      return FALSE;
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
