#include "dh-csv.h"

#include <string.h>

static char
find_separator (const char *text)
{
  const gsize n = strcspn (text, "\r\n");
  return memchr (text, '\t', n) ? '\t' : memchr (text, ',', n) || !memchr (text, ';', n) ? ',' : ';';
}

/* The cell at `at`, behind which it leaves off: at a separator, the end of a line or the end. */
static const char *
take_cell (const char *at, char separator, GPtrArray *cells, gboolean *any, const char **unclosed)
{
  g_autoptr (GString) cell = g_string_new (NULL);
  at += strspn (at, separator == '\t' ? " " : " \t");
  if (*at == '"')
    {
      const char *quote = at;
      gboolean closed = FALSE;
      for (at++; *at; at++)
        {
          closed = *at == '"' && *++at != '"';
          if (closed)
            break;
          g_string_append_c (cell, *at);
        }
      if (!closed)
        *unclosed = quote;
    }
  while (*at && *at != separator && *at != '\n' && *at != '\r')
    g_string_append_c (cell, *at++);
  g_strstrip (cell->str);
  *any |= *cell->str != '\0';
  g_ptr_array_add (cells, g_strdup (cell->str));
  return at;
}

GPtrArray *
dh_csv_parse (const char *text, char *separator, guint *unclosed)
{
  const char *open = NULL;
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  const char mark = find_separator (text);
  if (separator)
    *separator = mark;
  for (const char *at = text; *at;)
    {
      g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
      gboolean any = FALSE;
      at = take_cell (at, mark, cells, &any, &open);
      while (*at == mark)
        at = take_cell (at + 1, mark, cells, &any, &open);
      at += strspn (at, "\r\n");
      g_ptr_array_add (cells, NULL);
      char **row = (char **)g_ptr_array_steal (cells, NULL);
      if (any)
        g_ptr_array_add (rows, row);
      else
        g_strfreev (row);
    }
  *unclosed = open ? 1 : 0;
  for (const char *at = text; open && at < open; at++)
    *unclosed += *at == '\n';
  return rows;
}

void
dh_csv_append (GString *line, const char *cell)
{
  const gboolean quoted = strpbrk (cell, ",;\t\"\r\n") != NULL;
  if (quoted)
    g_string_append_c (line, '"');
  for (const char *at = cell; *at; at++)
    {
      if (*at == '"')
        g_string_append_c (line, '"');
      g_string_append_c (line, *at);
    }
  if (quoted)
    g_string_append_c (line, '"');
}
