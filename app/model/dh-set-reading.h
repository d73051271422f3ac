#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* How the open data set is read, and how else it could be: what is chosen here is remembered with the folder, and goes
 * into commands and runs. */
typedef enum
{
  DH_READ_SPLITS,
  DH_READ_KIND,
  DH_READ_LABEL_IDS,
  DH_READ_MASK_VALUES,
  DH_READ_CONSTANT_LABELS,
  DH_READ_DEGRADATION, /* how pictures are made worse before they are shown and computed */
  DH_READ_REGION,      /* what of each picture is not measured: a text of dh-region.h; "": nothing */
  DH_N_READ,
} DhReadAspect;
const char *dh_read_aspect_id (DhReadAspect aspect);    /* "splits", "kind", "label-ids", "mask-values", … */
const char *dh_read_aspect_title (DhReadAspect aspect); /* "Split"; translated */

typedef struct
{
  char *id;
  char *title;       /* "val · 500", translated */
  const char *group; /* "Fog": where choices are many, those that belong together; NULL. Borrowed */
  gboolean chosen;
} DhReadChoice;

/* Whether there is something to choose: neither for pictures by name nor for the demo. */
gboolean dh_session_can_choose_reading (DhSession *session);
/* GPtrArray of DhReadChoice, owned, one of which is chosen; empty where there is nothing to choose. Degradations are
 * the same of every set, and are there without one. */
GPtrArray *dh_session_list_readings (DhSession *session, DhReadAspect aspect);
/* A split, or one of its towns or tracks, to be opened together with others; all that there are. */
typedef struct
{
  char *name;  /* "test", "test/t5" */
  char *title; /* "test · 1,500"; of a group "t5 · 750"; translated */
  gboolean of_group, chosen;
  guint images;
} DhReadPart;

/* GPtrArray of DhReadPart, owned, each split before its groups; empty where not even two could be left out. */
GPtrArray *dh_session_list_parts (DhSession *session);
/* What dh_session_read_as() takes for those that are chosen of such a list: "" for all of them, "train,test/t5"; NULL:
 * for none. Free with g_free. */
char *dh_read_parts_dup_id (GPtrArray *parts);

/* Reads the folder again so, and shows the picture that was shown where it is there. An error leaves what is open. */
void dh_session_read_as (DhSession *session, DhReadAspect aspect, const char *id);
/* A sentence on what the choice is about, translated; NULL where there is none to be made. Free with g_free. */
char *dh_session_explain_reading (DhSession *session, DhReadAspect aspect);
/* Whether something was assumed that is better chosen: how ids count, what masks mean, or that labels are hidden and
 * nobody said so. */
gboolean dh_session_asks_how_to_read (DhSession *session);
/* Whether the notes of the set hold more than what was chosen of it. */
gboolean dh_session_has_news (DhSession *session);
/* "test/t5": where not all that lies in the folder is open; else NULL. Free with g_free. */
char *dh_session_dup_opened_part (DhSession *session);
/* What the open set was published as; NULL: nothing known. Free with g_free. */
char *dh_session_dup_published (DhSession *session);

G_END_DECLS
