#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* Whether the loaded weights still give what is recorded of them: the network's answers to a few generated scenes,
 * compared with those in FILE.answers.json beside the weights or, where there are none, with those that were recorded
 * here. Asked on the inference thread, behind all that is shown; an evaluation that is asked for goes first. After
 * loading this happens by itself where something is recorded, and is told (signal "error") where it disagrees.
 *
 * The signal "check" tells of progress, of a result, and that there is none any more. For the window's thread. */

typedef struct
{
  const char *map; /* its name on the command line; static */
  double off;      /* as a share of the map's range (of the segmentation: of pixels); may be INFINITY */
  double bound;
  gboolean agrees;
} DhCheckedMap;

typedef struct
{
  char *error;   /* it could not be made, and why; else NULL */
  char *record;  /* the file compared with; NULL: none, as of the demo, whose record comes with the program */
  char *verdict; /* a sentence each; NULL where there is nothing to say */
  char *meaning;
  char *note;
  gboolean fine;       /* nothing is wrong with the answers */
  gboolean can_record; /* and they are not recorded yet, nor does the author's record go before */
  gboolean recorded;   /* they were, after this check */
  guint n_maps;
  DhCheckedMap maps[16];
} DhWeightsCheck;

gboolean dh_session_can_check_weights (DhSession *session);
void dh_session_check_weights (DhSession *session);
/* From 0 to 1; −1 where none is under way. */
double dh_session_get_check_progress (DhSession *session);
/* Of these weights on this device in this precision; NULL before. Borrowed, until the next signal. */
const DhWeightsCheck *dh_session_get_weights_check (DhSession *session);
/* The last check's answers are what is known of these weights from now on. Errors of writing are told by the signal
 * "error". */
void dh_session_record_answers (DhSession *session);

G_END_DECLS
