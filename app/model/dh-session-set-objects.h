#pragma once
#include "dh-picture-components.h"
#include "dh-score-stats.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* What a threshold finds in the whole evaluated set, object by object: the maps that the evaluation wrote are walked
 * again, in the background, a moment after the active score's threshold came to rest. */
typedef struct
{
  DhImageItem *item;               /* owned */
  DhCounts counts;                 /* this picture's pixels at the threshold; 0 where it could not be read */
  DhPictureComponents *components; /* its objects; NULL where it could not be read */
  char *why;                       /* then: why; else NULL */
} DhSetPicture;

/* Immutable; reference counted (atomic), but freed on the window's thread. */
typedef struct
{
  gatomicrefcount refs;
  DhScore score;
  double threshold;
  guint n;
  DhSetPicture *pictures; /* of the evaluated set, in its own order */
  guint n_unread;         /* those without components, which nothing below speaks of */
  DhCounts counts;        /* of the labelled pictures: those of set-stats */
  guint64 n_of[DH_N_OBJECT_KINDS];
  /* Over all objects of the labelled pictures, as smiyc-component has them; NaN where there are none to have it of. */
  double mean_f1, siou, ppv;
} DhSetObjects;
DhSetObjects *dh_set_objects_ref (DhSetObjects *objects);
void dh_set_objects_unref (DhSetObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSetObjects, dh_set_objects_unref)

/* The active score's, of the evaluation whose numbers the window shows; borrowed; NULL before there are any. The
 * signal "set-objects" tells of every step: they are there, old, gone, looked for, or some ten times a second how far
 * that is. */
const DhSetObjects *dh_session_get_set_objects (DhSession *session);
/* They are of an earlier threshold. */
gboolean dh_session_set_objects_are_old (DhSession *session);
/* Of the pictures that are walked for the present threshold; `of` is 0: nothing is under way. */
void dh_session_get_set_objects_progress (DhSession *session, guint *done, guint *of);
/* Why those of the present threshold are missing or not of all pictures, translated; NULL where that is not so, and
 * while they are looked for or nothing is evaluated. Free with g_free. */
char *dh_session_explain_set_objects (DhSession *session);

G_END_DECLS
