#include "dh-seen.h"

#include <string.h>

#define REGION "ignore="

char *
dh_seen_new (DhDegradation degradation, const DhRegion *region)
{
  g_autofree char *degraded = dh_degradation_to_text (degradation);
  if (!region)
    return g_steal_pointer (&degraded);
  return g_strconcat (degraded ? degraded : "", degraded ? "+" : "", REGION, dh_region_id (region), NULL);
}

gboolean
dh_seen_is (const char *text)
{
  DhDegradation degradation;
  const char *region = dh_seen_get_region (text);
  const char *end = region ? region - strlen (REGION) : text + strlen (text);
  g_autofree char *first = end > text ? g_strndup (text, (gsize)(end - text) - (region ? 1 : 0)) : NULL;
  return *text != '\0' && (!region || *region != '\0') && (!first || dh_degradation_from_text (first, &degradation));
}

DhDegradation
dh_seen_get_degradation (const char *seen)
{
  DhDegradation degradation = { 0 };
  if (seen)
    {
      g_autofree char *first = g_strndup (seen, strcspn (seen, "+"));
      dh_degradation_from_text (first, &degradation);
    }
  return degradation;
}

const char *
dh_seen_get_region (const char *seen)
{
  const char *plus = seen ? strchr (seen, '+') : NULL;
  const char *last = plus ? plus + 1 : seen;
  return last && g_str_has_prefix (last, REGION) ? last + strlen (REGION) : NULL;
}

gboolean
dh_seen_has_same_degradation (const char *seen, const char *other)
{
  return dh_degradation_equal (dh_seen_get_degradation (seen), dh_seen_get_degradation (other));
}

gboolean
dh_seen_has_same_region (const char *seen, const char *other)
{
  return g_strcmp0 (dh_seen_get_region (seen), dh_seen_get_region (other)) == 0;
}

char *
dh_seen_dup_title (const char *seen)
{
  const char *region = dh_seen_get_region (seen);
  g_autofree char *worse = dh_degradation_dup_title (dh_seen_get_degradation (seen));
  if (!region)
    return g_steal_pointer (&worse);
  g_autofree char *title = dh_region_id_dup_title (region);
  return g_strconcat (worse ? worse : "", worse ? " · " : "", "without ", title, NULL);
}

char *
dh_seen_dup_phrase (const char *seen)
{
  const char *region = dh_seen_get_region (seen);
  g_autofree char *degraded = dh_degradation_to_text (dh_seen_get_degradation (seen));
  g_autofree char *title = region ? dh_region_id_dup_title (region) : NULL;
  if (!degraded && !title)
    return g_strdup ("as they are");
  return g_strconcat (degraded ? "degraded by " : "", degraded ? degraded : "", degraded && title ? ", " : "",
                      title ? "without " : "", title, NULL);
}

const char *
dh_fingerprint_get_seen (const char *fingerprint)
{
  const char *plus = fingerprint ? strchr (fingerprint, '+') : NULL;
  return plus ? plus + 1 : NULL;
}

gboolean
dh_fingerprint_has_same_files (const char *fingerprint, const char *other)
{
  if (!fingerprint || !other)
    return fingerprint == other;
  const gsize n = strcspn (fingerprint, "+");
  return n == strcspn (other, "+") && strncmp (fingerprint, other, n) == 0;
}
