#pragma once
#include "cli.h"
#include "cli-shots.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* Shots that are read, computed and used, each on a thread of its own, so that the network waits for nobody. */
typedef struct
{
  DhCliShots *shots;
  DhPredictor *predictor; /* NULL: the shots have their maps */
  DhReduction reduction;
  guint maps;             /* bits DH_MAP_BIT(), to be computed */
  guint64 before;         /* shots that were used at an earlier start, of all that there are */
  double network_seconds; /* what came of it */
} DhCliFlow;

/* What becomes of a shot, one after another in their order. */
typedef gboolean (*DhCliFlowFunc) (DhCliShot *shot, gpointer data, GCancellable *cancellable, GError **error);

/* On the calling thread, which is the network's. Shots without an image are passed over. */
gboolean dh_cli_flow_compute (DhCliFlow *flow, DhCliShot *shot, GCancellable *cancellable, GError **error);
/* All of them; FALSE with the error of what failed first in the flow, G_IO_ERROR_CANCELLED where it was Ctrl-C. */
gboolean dh_cli_flow_run (DhCli *cli, DhCliFlow *flow, DhCliFlowFunc use, gpointer data, GError **error);

G_END_DECLS
