#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* What is remembered from one start to the next: a key file in the user's configuration folder. Written a moment after
 * the last change, on another thread, and at the end: only what was changed, so that two windows keep both. For the
 * window's thread. A broken file counts as empty. */
typedef struct _DhSettings DhSettings;

DhSettings *dh_settings_open (const char *path);
/* $XDG_CONFIG_HOME/densehybrid/studio.ini; free with g_free. */
char *dh_settings_default_path (void);
/* Writes at once. */
void dh_settings_close (DhSettings *settings);

/* Free with g_free; NULL where there is none. */
char *dh_settings_dup_string (DhSettings *settings, const char *group, const char *key);
void dh_settings_set_string (DhSettings *settings, const char *group, const char *key, const char *value);
gint dh_settings_get_int (DhSettings *settings, const char *group, const char *key, gint fallback);
void dh_settings_set_int (DhSettings *settings, const char *group, const char *key, gint value);
double dh_settings_get_double (DhSettings *settings, const char *group, const char *key, double fallback);
void dh_settings_set_double (DhSettings *settings, const char *group, const char *key, double value);
/* NULL-terminated; free with g_strfreev; NULL where there is none. */
char **dh_settings_dup_list (DhSettings *settings, const char *group, const char *key);
/* As it stands in the file now: another window may have written it. NULL: there is none. */
char **dh_settings_read_list (DhSettings *settings, const char *group, const char *key);
void dh_settings_set_list (DhSettings *settings, const char *group, const char *key, const char *const *values);

G_END_DECLS
