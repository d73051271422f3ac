#pragma once
#include "dh-picture-components.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* The objects of the current picture at the active score's threshold. They are looked for on another thread a moment
 * after picture, score or threshold came to rest; the signal "components" says that they are there, or are no longer
 * those of what is shown. Borrowed; NULL while there are no maps, and of another picture than the one before until they
 * are there. */
const DhPictureComponents *dh_session_get_components (DhSession *session);
/* What is got is of an earlier threshold: the present one's are looked for. */
gboolean dh_session_components_are_old (DhSession *session);
/* Why there are none, translated; NULL where there are some, and while they are looked for. */
const char *dh_session_explain_components (DhSession *session);

/* Shows the picture in Browse's panes, and chooses this one of its objects once they are there. */
void dh_session_show_object (DhSession *session, DhImageItem *item, const DhPictureObject *object);
/* The number, among the components, of the object that is to be chosen; −1 where none is, or it is not there (yet). It
 * is given once. */
gint dh_session_take_object (DhSession *session);

G_END_DECLS
