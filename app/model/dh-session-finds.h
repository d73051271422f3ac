#pragma once
#include "dh-found-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* What the user says of what the threshold finds in the set: kept in the database by a thread of its own, by the
 * image's file, the score and the find's peak, which is where it was whatever the threshold is. What cannot be kept is
 * of this session alone, and "error" says so. For the window's thread; nothing blocks. */
void dh_session_mark_find (DhSession *session, DhFoundItem *item, DhFindMark mark);
/* Of an image, for dh_find_marks_get(); borrowed until the main loop runs again. NULL: nothing was said. The signal
 * "find-marks" tells that all were read anew. */
typedef struct _DhFindMarks DhFindMarks;
const DhFindMarks *dh_session_get_find_marks (DhSession *session, DhImageItem *item);
DhFindMark dh_find_marks_get (const DhFindMarks *marks, DhScore score, const DhPictureObject *object);

/* They are being read: that they cannot be may still be told. */
gboolean dh_session_is_reading_finds (DhSession *session);

/* The name of its image; before that, of a recording's frame, when it was taken: "0:10.40 · drive_000312". Free with
 * g_free. */
char *dh_session_dup_find_title (DhSession *session, DhFoundItem *item);

/* Why nothing is listed: no weights, the images were never looked through, or the search goes on and how far it is;
 * NULL where finds are there. Translated; free with g_free. */
char *dh_session_explain_finds (DhSession *session);
/* Whether an evaluation, which writes the maps that are searched, would give some. */
gboolean dh_session_lacks_maps (DhSession *session);

/* The pages and the table that the command `find` writes, into a folder: of what the active score's threshold flags in
 * the set's images, with the view's least area, whatever is said of it. In the background; "written" or "error" tells
 * how it ended. FALSE where something else is being written (dh-session-recording.h). */
gboolean dh_session_can_export_finds (DhSession *session);
gboolean dh_session_export_finds (DhSession *session, const char *folder);

G_END_DECLS
