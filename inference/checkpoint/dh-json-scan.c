#include "dh-json-scan-private.h"

#include <string.h>

static void
skip_space (DhJsonScan *scan)
{
  while (scan->at < scan->end && strchr (" \t\n\r", *scan->at) && *scan->at)
    scan->at++;
}

gboolean
dh_json_at_end (DhJsonScan *scan)
{
  skip_space (scan);
  return scan->at == scan->end;
}

gboolean
dh_json_take (DhJsonScan *scan, char c)
{
  skip_space (scan);
  if (scan->at == scan->end || *scan->at != c)
    return FALSE;
  scan->at++;
  return TRUE;
}

/* The four digits of \uXXXX, or -1. */
static gint32
hex4 (const char *at, const char *end)
{
  gint32 value = 0;
  if (end - at < 4)
    return -1;
  for (guint i = 0; i < 4; i++)
    {
      const gint digit = g_ascii_xdigit_value (at[i]);
      if (digit < 0)
        return -1;
      value = value << 4 | digit;
    }
  return value;
}

/* What follows "\u"; moves `at` behind it. */
static gboolean
append_unicode (GString *text, const char **at, const char *end)
{
  gint32 code = hex4 (*at, end);
  if (code <= 0)
    return FALSE;
  *at += 4;
  if (code >= 0xd800 && code < 0xdc00)
    {
      const gint32 low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? hex4 (*at + 2, end) : -1;
      if (low < 0xdc00 || low > 0xdfff)
        return FALSE;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      *at += 6;
    }
  else if (code >= 0xdc00 && code < 0xe000)
    return FALSE;
  g_string_append_unichar (text, code);
  return TRUE;
}

char *
dh_json_string (DhJsonScan *scan)
{
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  const char *start = scan->at;
  if (!dh_json_take (scan, '"'))
    return NULL;
  const char *at = scan->at;
  gboolean good = TRUE;
  g_autoptr (GString) text = g_string_new (NULL);
  while (good && at < scan->end && *at != '"')
    {
      const char *plain = at;
      while (at < scan->end && *at != '"' && *at != '\\' && (guchar)*at >= 0x20)
        at++;
      g_string_append_len (text, plain, at - plain);
      if (at == scan->end || (guchar)*at < 0x20)
        break;
      if (*at == '"')
        continue;
      at++;
      const char *escape = at < scan->end && *at ? strchr (escapes, *at) : NULL;
      if (escape)
        {
          g_string_append_c (text, meanings[escape - escapes]);
          at++;
        }
      else if (at < scan->end && *at == 'u')
        {
          at++;
          good = append_unicode (text, &at, scan->end);
        }
      else
        good = FALSE;
    }
  if (good && at < scan->end && *at == '"' && g_utf8_validate_len (text->str, text->len, NULL))
    {
      scan->at = at + 1;
      return g_string_free (g_steal_pointer (&text), FALSE);
    }
  scan->at = start;
  return NULL;
}

gboolean
dh_json_count (DhJsonScan *scan, gint64 *count)
{
  skip_space (scan);
  const char *at = scan->at;
  gint64 value = 0;
  for (; at < scan->end && g_ascii_isdigit (*at); at++)
    if (__builtin_mul_overflow (value, 10, &value) || __builtin_add_overflow (value, *at - '0', &value))
      return FALSE;
  const gboolean leading_zero = at - scan->at > 1 && *scan->at == '0';
  if (at == scan->at || leading_zero || (at < scan->end && strchr (".eE+-", *at) && *at))
    return FALSE;
  scan->at = at;
  *count = value;
  return TRUE;
}

void
dh_json_append_string (GString *to, const char *text)
{
  g_string_append_c (to, '"');
  for (; *text; text++)
    {
      if (*text == '"' || *text == '\\')
        g_string_append_printf (to, "\\%c", *text);
      else if ((guchar)*text < 0x20)
        g_string_append_printf (to, "\\u%04x", *text);
      else
        g_string_append_c (to, *text);
    }
  g_string_append_c (to, '"');
}
