#pragma once
#include "cli.h"
#include "dh-nets.h"

G_BEGIN_DECLS

/* One measurement of `densehybrid bench`. */
typedef struct
{
  DhNet *net;
  DhDevice *device;
  gint height, width;
  gint batch; /* crops of a training step; 0: inference */
  gboolean recompute;
  double *runs_ms;
  guint n_runs;
  /* found */
  GArray *steps; /* DhPlanStep of one more run, or of the last step */
  guint64 plan_bytes;
  char **remarks; /* what is to be known of how it is computed; or NULL */
} DhBench;

/* An estimate that cannot fit is DH_ERROR_TOO_LARGE at once, rather than the system's end of the process later: "`what`
 * needs about …; choose `instead`". */
gboolean dh_bench_check_memory (const DhBench *bench, guint64 need, const char *what, const char *instead,
                                GError **error);

/* Training steps: forward, losses, backward, Adam, on invented crops. One warm-up, then n_runs. `parameters` are
 * changed. */
gboolean dh_bench_training (DhCli *cli, DhBench *bench, DhTensorDict *parameters, GError **error);

G_END_DECLS
