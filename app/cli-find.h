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
  DhFindingOptions finding;
  DhFindsOptions options;
  DhReportThreshold threshold; /* whose value is `finding`'s */
  DhRegion *region;            /* where nothing is looked for; NULL: none */
  DhFinds *finds;
  /* what came of it */
  guint images, left_out;
  /* its own */
  guint8 *ignored; /* the region in an image of this size */
  guint width, height;
} DhCliFind;
void dh_cli_find_clear (DhCliFind *find);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhCliFind, dh_cli_find_clear)

/* Searches all of the flow's shots, writes the pages and, where `images` has a folder, the images, and tells of it.
 * Gives the exit status. What is cancelled or fails in the middle leaves what was found by then. */
int dh_cli_find_run (DhCliFind *find, DhCliFlow *flow, DhCliFindImages *images);

G_END_DECLS
