#pragma once
#include "cli-find-images.h"
#include "cli-flow.h"
#include "dh-region.h"
#include "dh-report.h"

G_BEGIN_DECLS

/* Images that are searched, and what was found in them. */
typedef struct
{
  DhCli *cli;
  const char *in, *out;
  DhMap score;
  const char *score_name; /* another method's has its own */
  DhFindingOptions finding;
  DhFindsOptions options;
  DhReportThreshold threshold; /* whose value is `finding`'s */
  DhRegion *region;            /* where nothing is looked for; NULL: none */
  DhFinds *finds;
  char *same;          /* what an unfinished search must have had in common to be gone on with, a line each; owned */
  GChecksum *searched; /* of the files of a set's images so far; owned */
  char **made_by;      /* pairs of facts about what made the scores, NULL-terminated; owned */
  /* what came of it */
  guint images, left_out;
  guint64 used; /* both */
  /* its own */
  guint8 *ignored; /* the region in an image of this size */
  guint width, height;
  gboolean kept;                  /* it lies in its folder, as it was at some time */
  gboolean told_full;             /* that it cannot be kept */
  gint64 began, kept_at, keeping; /* monotonic; how long it took last */
} DhCliFind;
void dh_cli_find_clear (DhCliFind *find);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliFind, dh_cli_find_clear)

/* Searches all of the flow's shots, writes the pages and, where `images` has a folder, the images, and tells of it.
 * Gives the exit status. What is cancelled or fails in the middle leaves what was found by then, and the next time goes
 * on from there (cli-find-kept.h). */
int dh_cli_find_run (DhCliFind *find, DhCliFlow *flow, DhCliFindImages *images);

G_END_DECLS
