#pragma once
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The JSON of a run's files, which may come from anyone: what is too deep, no UTF-8 or no object is not read. */

/* A node that holds an object. Errors: DH_ERROR_INVALID, where the text is none, or nests deeper than a few levels. */
JsonNode *dh_run_json_parse (const char *text, gsize size, GError **error);

/* Members; NULL, `otherwise`, NAN where there is none of that kind. Texts are borrowed. */
const char *dh_run_json_text (JsonObject *object, const char *name);
gint64 dh_run_json_count (JsonObject *object, const char *name, gint64 otherwise);
double dh_run_json_number (JsonObject *object, const char *name);
/* A path as add_path() wrote it; free with g_free. */
char *dh_run_json_dup_path (JsonObject *object, const char *name);

/* Members of an object that is being built. A text that is NULL is left out; a number that is not finite is null; a
 * path is made absolute, and written as a URI where it is no UTF-8. */
void dh_run_json_add_text (JsonBuilder *json, const char *name, const char *value);
void dh_run_json_add_count (JsonBuilder *json, const char *name, guint64 value);
void dh_run_json_add_number (JsonBuilder *json, const char *name, double value);
void dh_run_json_add_path (JsonBuilder *json, const char *name, const char *path);
/* Ends the object and gives its text on one line, or `pretty`; frees the builder. Free with g_free. */
char *dh_run_json_end (JsonBuilder *json, gboolean pretty);

G_END_DECLS
