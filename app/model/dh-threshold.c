#include "dh-threshold.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-dataset.h"

void
dh_threshold_clear (DhThreshold *threshold)
{
  g_clear_pointer (&threshold->source, g_free);
  g_clear_pointer (&threshold->source_id, g_free);
  threshold->value = NAN;
  threshold->rule = DH_RULE_BY_HAND;
  threshold->n_images = 0;
  threshold->area = 0;
}

void
dh_threshold_copy (DhThreshold *to, const DhThreshold *from)
{
  if (to == from)
    return;
  dh_threshold_clear (to);
  to->value = from->value;
  to->rule = from->rule;
  to->source = g_strdup (from->source);
  to->source_id = g_strdup (from->source_id);
  to->n_images = from->n_images;
  to->area = from->area;
}

gboolean
dh_threshold_equal (const DhThreshold *a, const DhThreshold *b)
{
  return (a->value == b->value || (isnan (a->value) && isnan (b->value))) && a->rule == b->rule && a->area == b->area
         && g_strcmp0 (a->source, b->source) == 0 && g_strcmp0 (a->source_id, b->source_id) == 0;
}

char *
dh_threshold_dup_rule (const DhThreshold *threshold)
{
  const char *title = dh_rule_title (threshold->rule);
  return threshold->area == 0
             ? g_strdup (title)
             : g_strdup_printf (ngettext ("%s, of %u pixel or more", "%s, of %u pixels or more", threshold->area),
                                title, threshold->area);
}

#define STEM_MARK "//"
#define SPLITS_MARK "::"
#define SEEN_MARK "++"

/* NULL where there is none: a folder or a picture may be called anything. */
static const char *
find_seen_mark (const char *source_id)
{
  const char *mark = source_id != NULL ? g_strrstr (source_id, SEEN_MARK) : NULL;
  return mark != NULL && dh_seen_is (mark + strlen (SEEN_MARK)) ? mark : NULL;
}

char *
dh_threshold_make_source_id (const char *set, const char *splits, const char *stem, const char *seen)
{
  const gboolean of_splits = stem == NULL && splits != NULL && *splits != '\0';
  const char *part_mark = stem != NULL ? STEM_MARK : of_splits ? SPLITS_MARK : "";
  const char *part = stem != NULL ? stem : of_splits ? splits : "";
  return g_strconcat (set, part_mark, part, seen != NULL ? SEEN_MARK : NULL, seen, NULL);
}

const char *
dh_threshold_get_seen (const DhThreshold *threshold)
{
  const char *mark = find_seen_mark (threshold->source_id);
  return mark != NULL ? mark + strlen (SEEN_MARK) : NULL;
}

gboolean
dh_threshold_is_from (const DhThreshold *threshold, const char *set, const char *splits)
{
  if (threshold->rule <= DH_RULE_START || threshold->source_id == NULL || set == NULL
      || !g_str_has_prefix (threshold->source_id, set))
    return FALSE;
  const char *behind = threshold->source_id + strlen (set), *mark = find_seen_mark (behind);
  g_autofree char *rest = mark != NULL ? g_strndup (behind, (gsize)(mark - behind)) : g_strdup (behind);
  if (*rest == '\0' || g_str_has_prefix (rest, STEM_MARK))
    return TRUE;
  if (!g_str_has_prefix (rest, SPLITS_MARK))
    return FALSE; /* a folder whose name begins as this one's does */
  return dh_dataset_opened_overlap (rest + strlen (SPLITS_MARK), splits);
}

/* Behind a rule's id. */
#define AREA_MARK ":"

/* Cuts the area off, which rules of false alarms alone have. */
static gboolean
read_rule (char *text, DhRule *rule, guint *area)
{
  char *mark = strstr (text, AREA_MARK);
  guint64 pixels = 0;
  if (mark != NULL && !g_ascii_string_to_unsigned (mark + strlen (AREA_MARK), 10, 1, G_MAXUINT, &pixels, NULL))
    return FALSE;
  if (mark != NULL)
    *mark = '\0';
  *area = (guint)pixels;
  return dh_rule_from_id (text, rule) && (mark == NULL || !isnan (dh_rule_false_alarms (*rule)));
}

char *
dh_threshold_to_string (const DhThreshold *threshold)
{
  char value[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_dtostr (value, sizeof value, threshold->value);
  g_autofree char *area = threshold->area > 0 ? g_strdup_printf (AREA_MARK "%u", threshold->area) : g_strdup ("");
  return g_strdup_printf ("%s\t%s%s\t%u\t%s\t%s", value, dh_rule_id (threshold->rule), area, threshold->n_images,
                          threshold->source_id != NULL ? threshold->source_id : "",
                          threshold->source != NULL ? threshold->source : "");
}

static char *
dup_or_null (const char *text)
{
  return *text != '\0' ? g_strdup (text) : NULL;
}

gboolean
dh_threshold_from_string (const char *text, DhThreshold *threshold)
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", "\t", 5);
  DhRule rule;
  guint area;
  if (g_strv_length (parts) != 5 || !read_rule (parts[1], &rule, &area))
    return FALSE;
  char *end;
  double value = g_ascii_strtod (parts[0], &end);
  if (end == parts[0] || *end != '\0' || !isfinite (value))
    return FALSE;
  dh_threshold_clear (threshold);
  threshold->value = value;
  threshold->rule = rule;
  threshold->area = area;
  threshold->n_images = (guint)MIN (g_ascii_strtoull (parts[2], NULL, 10), G_MAXUINT);
  threshold->source_id = dup_or_null (parts[3]);
  threshold->source = dup_or_null (parts[4]);
  return TRUE;
}
