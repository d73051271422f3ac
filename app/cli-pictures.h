#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* The pictures that are named: of a folder those that lie in it, by name, and not in folders below it. Free with
 * g_strfreev. Errors: DH_ERROR_NOT_FOUND (a folder without any), DH_ERROR_IO. */
char **dh_cli_dup_pictures (char **named, GError **error);

G_END_DECLS
