#pragma once
#include "dh-drawn-mask.h"
#include "dh-session-labels.h"
#include "dh-session-private.h"

G_BEGIN_DECLS

/* A picture whose labels are drawn, or wait to be written. The window's thread, but for `mask`, which is the writer's
 * while it writes. */
typedef struct
{
  gatomicrefcount refs;
  char *image, *stem, *name;
  DhDrawnMask *mask; /* NULL: `why` it cannot be drawn */
  DhLabelEdit *edit;
  char *why;
  guint64 saved; /* the edit's state as it is in the file */
  guint writing; /* so many times it is on its way */
  gboolean forced;
} DhDraft;

struct _DhLabelling
{
  gboolean on;
  DhDraft *draft;         /* of the shown picture; NULL while it is read */
  GCancellable *reading;  /* of it */
  GHashTable *drafts;     /* path of the picture → DhDraft: what is not written */
  DhDraft *last;          /* written last by itself */
  DhDraft *same;          /* as its file is, which is about to be read again: NULL but then */
  gboolean rereads;       /* the set is exchanged for itself: its picture is not left */
  GThreadPool *writer;    /* of one thread, in order; NULL before the first */
  GQueue writings;        /* on their way: dh-session-label-writing.c */
  gboolean evaluate_next; /* as soon as all is written */
};

/* dh-session-label-writing.c */
G_GNUC_INTERNAL DhDraft *dh_draft_ref (DhDraft *draft);
G_GNUC_INTERNAL void dh_draft_unref (gpointer draft);
G_GNUC_INTERNAL void dh_draft_set (DhDraft **place, DhDraft *draft);
G_GNUC_INTERNAL gboolean dh_draft_is_unsaved (const DhDraft *draft);
G_GNUC_INTERNAL gsize dh_draft_size (const DhDraft *draft);
/* Where it is not saved, nor on its way; `quiet`: the user asked for it. */
G_GNUC_INTERNAL void dh_session_save_draft (DhSession *session, DhDraft *draft, gboolean quiet);
G_GNUC_INTERNAL void dh_session_save_drafts (DhSession *session);
/* Or takes back what was written last. */
G_GNUC_INTERNAL void dh_session_write_draft (DhSession *session, DhDraft *draft, gboolean reverts, gboolean quiet);

G_END_DECLS
