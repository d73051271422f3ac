#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* What the user writes about pictures: tags and a note. They belong to the picture's file, whatever set it is opened
 * in, and are kept in the database by a thread of their own, in the order in which they were written; where that fails
 * the session's "error" says so, and they are tried again with the next that is written and at the end; until then they
 * are of this session alone. The signal "marks" tells of each change. For the window's thread; nothing blocks. */
void dh_session_set_tag (DhSession *session, DhImageItem *item, const char *tag, gboolean on);
/* The same of many pictures at once, GPtrArray of DhImageItem: all of them are kept, or none. How many had it
 * otherwise.
 */
guint dh_session_set_tag_of_all (DhSession *session, GPtrArray *items, const char *tag, gboolean on);
/* The tags of a table (dh-tag-table.h) are added to pictures of the open set; read on another thread. "message" says
 * how many, "error" which rows name no picture, or why none were taken. */
void dh_session_add_tags_of_table (DhSession *session, const char *path);
/* Kept when it comes to rest, when another is written, and at the end. */
void dh_session_set_note (DhSession *session, DhImageItem *item, const char *note);
/* By what they know a picture: its file, from the root; "" where its set is no longer open. Free with g_free. */
char *dh_session_dup_file (DhSession *session, DhImageItem *item);
/* Those on pictures of the open set and some usual ones, sorted, each once; free with g_strfreev. */
char **dh_session_list_tags (DhSession *session);

G_END_DECLS
