#include "dh-text.h"

char *
dh_text_escape (const char *bytes, gboolean keep_control)
{
  GString *to = g_string_new (NULL);
  while (*bytes)
    {
      const gunichar c = g_utf8_get_char_validated (bytes, -1);
      const gboolean broken = c == (gunichar)-1 || c == (gunichar)-2;
      const gsize n = broken ? 1 : g_utf8_skip[(guchar)*bytes];
      if (!broken && (keep_control || !g_unichar_iscntrl (c)))
        g_string_append_len (to, bytes, (gssize)n);
      else
        for (gsize i = 0; i < n; i++)
          g_string_append_printf (to, "%%%02X", (guchar)bytes[i]);
      bytes += n;
    }
  return g_string_free (to, FALSE);
}

char *
dh_text_mend_json (char *text)
{
  gboolean in_string = FALSE, exponent = FALSE;
  char *to = text;
  if (!text)
    return NULL;
  for (const char *at = text; *at; at++)
    {
      if (in_string)
        {
          in_string = *at != '"';
          *to++ = *at;
          if (*at == '\\' && at[1])
            *to++ = *++at;
          continue;
        }
      in_string = *at == '"';
      if (exponent && *at == '.')
        {
          while (g_ascii_isdigit (at[1]))
            at++;
          continue;
        }
      if (*at == 'e' || *at == 'E')
        exponent = at > text && g_ascii_isdigit (at[-1]);
      else
        exponent = exponent && (g_ascii_isdigit (*at) || *at == '-' || *at == '+');
      *to++ = *at;
    }
  *to = '\0';
  return text;
}

gboolean
dh_text_is_shallow_json (const char *text, gsize size, guint deepest)
{
  guint depth = 0;
  gboolean quoted = FALSE;
  for (gsize i = 0; i < size; i++)
    if (quoted)
      {
        if (text[i] == '\\')
          i++;
        else if (text[i] == '"')
          quoted = FALSE;
      }
    else if (text[i] == '"')
      quoted = TRUE;
    else if ((text[i] == '[' || text[i] == '{') && ++depth > deepest)
      return FALSE;
    else if ((text[i] == ']' || text[i] == '}') && depth > 0)
      depth--;
  return TRUE;
}
