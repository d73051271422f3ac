#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The few pieces of JSON that a safetensors header is made of, without recursion: nothing in such a header nests deeper
 * than its grammar. Every function skips white space before what it looks for and fails without moving on. */
typedef struct
{
  const char *at, *end;
} DhJsonScan;

gboolean dh_json_at_end (DhJsonScan *scan);
/* One of "{}[]:,". */
gboolean dh_json_take (DhJsonScan *scan, char c);
/* A string without NUL, unescaped, valid UTF-8; free with g_free. */
char *dh_json_string (DhJsonScan *scan);
/* A whole number of at most G_MAXINT64, written in digits alone. */
gboolean dh_json_count (DhJsonScan *scan, gint64 *count);
/* Appends `text` as a JSON string, quotes included. */
void dh_json_append_string (GString *to, const char *text);

G_END_DECLS
