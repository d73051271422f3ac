#pragma once
#include "dh-finds.h"

G_BEGIN_DECLS

/* The pages (dh_finds_to_html()) and found.csv of finished finds into a folder that is there; pages behind the last
 * that an earlier search left there are removed. Each file is written whole or not at all, the first page last. Errors:
 * DH_ERROR_IO. */
gboolean dh_finds_write (const DhFinds *finds, const char *folder, char **facts, GError **error);

G_END_DECLS
