#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Text from bytes that may be anything, such as the name of a file: what is no UTF-8 becomes %XX, a byte each, and so
 * do control characters, which a terminal obeys, unless they are kept for a format that writes them in a way of its own
 * (JSON). Free with g_free. Any thread. */
char *dh_text_escape (const char *bytes, gboolean keep_control);

/* json-glib writes 1e-08 as "1e-08.0", which is no JSON: takes such ends out, not within strings. In place; returns
 * `text`, which may be NULL. */
char *dh_text_mend_json (char *text);

/* Whether no more than so many brackets are open at once: json-glib's parser calls itself for every one, and a file may
 * come from anyone. */
gboolean dh_text_is_shallow_json (const char *text, gsize size, guint deepest);

G_END_DECLS
