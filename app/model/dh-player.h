#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* Shows the pictures of the session's list one after another, as a sequence, at the rate of the view ("play-rate",
 * pictures a second). A picture stays until all its maps were shown: where they are still to be computed, playing goes
 * at the network's pace. It ends at the last picture (or begins anew, "play-repeats"), and where another picture is
 * chosen or another set opened.
 *
 * Notified: "playing" (boolean, may be set), "pace" (double, pictures a second as they really come; 0 before two were
 * shown). One a session
 * (dh_session_get_player()); for the window's thread. */
#define DH_TYPE_PLAYER (dh_player_get_type ())
G_DECLARE_FINAL_TYPE (DhPlayer, dh_player, DH, PLAYER, GObject)

DhPlayer *dh_player_new (DhSession *session); /* borrows */

gboolean dh_player_is_playing (DhPlayer *player);
/* From the current picture on; from the first one where the current one is the last or not in the list. Nothing happens
 * where the list shows fewer than two. */
void dh_player_set_playing (DhPlayer *player, gboolean playing);
double dh_player_get_pace (DhPlayer *player);

G_END_DECLS
