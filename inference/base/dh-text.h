#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Text from bytes that may be anything, such as the name of a file: what is no UTF-8 becomes %XX, a byte each, and so
 * do control characters, which a terminal obeys, unless they are kept for a format that writes them in a way of its own
 * (JSON). Free with g_free. Any thread. */
char *dh_text_escape (const char *bytes, gboolean keep_control);

G_END_DECLS
