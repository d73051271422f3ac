#pragma once
#include "dh-label-edit.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Drawing masks of one's own pictures: a mode, in which each picture's labels are read when it is shown, drawn on, and
 * written when it is left, the mode ends or it is asked for. Nothing is written of a picture on which nothing was
 * drawn. What could not be written is kept, told of by "error", and tried again whenever the picture is left or saved
 * again. After each writing the set has the new labels: what was measured of it is of others, and gone.
 *
 * Signals of the session: "labels" when the mode, the picture's labels, or what can be done to them changed;
 * "labels-ending" before the picture's labels are written: what is begun, and not drawn yet, is to be drawn now;
 * "labels-saved" (char *text) when a mask was written by itself, which dh_session_revert_labels() takes back. */

/* Why no labels of what is open can be drawn, translated; NULL where they can. Free with g_free. */
char *dh_session_dup_labels_refusal (DhSession *session);
/* FALSE where they cannot: the refusal is said. */
gboolean dh_session_set_labelling (DhSession *session, gboolean labelling);
gboolean dh_session_is_labelling (DhSession *session);

/* Of the shown picture, to be drawn on; borrowed. NULL while they are read, where they cannot be drawn, and out of the
 * mode. dh_session_tell_labels() is to be called when something was drawn. */
DhLabelEdit *dh_session_get_label_edit (DhSession *session);
void dh_session_tell_labels (DhSession *session);
/* Its pixels, which change with the drawing. Free with g_bytes_unref. */
GBytes *dh_session_dup_label_bytes (DhSession *session);
/* Why this picture's cannot be drawn; NULL where they can, or are being read. Borrowed. */
const char *dh_session_explain_labels (DhSession *session);
/* Whether the set's masks know ignored pixels. */
gboolean dh_session_labels_can_ignore (DhSession *session);
/* Whether there is something that is not written. */
gboolean dh_session_labels_are_unsaved (DhSession *session);

gboolean dh_session_undo_labels (DhSession *session);
gboolean dh_session_redo_labels (DhSession *session);
/* Now, of a picture without a mask also where nothing was drawn: then it has no anomaly. */
void dh_session_save_labels (DhSession *session);
/* The mask that was last written by itself becomes what it was before. */
void dh_session_revert_labels (DhSession *session);
/* Before the end: writes all, and waits for that. FALSE where something could not be written, which "error" has told.
 */
gboolean dh_session_flush_labels (DhSession *session);

G_END_DECLS
