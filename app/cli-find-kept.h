#pragma once
#include "cli-find.h"

G_BEGIN_DECLS

/* What a search has found so far lies in its folder while it goes on, so that whatever ends it loses seconds of it. */
#define DH_CLI_FIND_KEPT "found.state"

/* Whether a folder has an unfinished search. */
gboolean dh_cli_find_is_kept (const char *folder);
/* Takes up what lies in its folder: finds, counts and `used`. TRUE where nothing does, or nothing that can be read.
 * Errors: DH_ERROR_USAGE where it is of another search, which `find->same` tells: what differs is named; or where the
 * files that it searched, of the first `shots`, are others by now. */
gboolean dh_cli_find_take_up (DhCliFind *find, DhCliShots *shots, GError **error);
/* An image's file that was searched, as it is: its size and when it was written last. NULL: a frame's. */
void dh_cli_find_add_file (DhCliFind *find, const char *path);
/* Whether it is time to keep it: at first after a second, later every half a minute, and no more than a fiftieth of the
 * time is spent on it. */
gboolean dh_cli_find_should_keep (const DhCliFind *find);
/* Errors: DH_ERROR_IO. */
gboolean dh_cli_find_keep (DhCliFind *find, GError **error);
/* It is finished: nothing is left, of an earlier one neither. */
void dh_cli_find_drop (DhCliFind *find);

G_END_DECLS
