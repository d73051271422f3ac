#pragma once
#include "dh-run-item.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The columns of the table of runs: what each says of a run, and how it sorts them. */
typedef enum
{
  DH_RUNS_COLUMN_BOX,
  DH_RUNS_COLUMN_RUN,
  DH_RUNS_COLUMN_STATE,
  DH_RUNS_COLUMN_KIND,
  DH_RUNS_COLUMN_MODEL,
  DH_RUNS_COLUMN_DATA,
  DH_RUNS_COLUMN_PROTOCOL,
  DH_RUNS_COLUMN_AP,
  DH_RUNS_COLUMN_FPR95,
  DH_RUNS_COLUMN_AUROC,
  DH_RUNS_COLUMN_MIOU,
  DH_RUNS_COLUMN_OPEN_MIOU,
  DH_RUNS_COLUMN_STARTED,
  DH_N_RUNS_COLUMNS,
} DhRunsColumn;

/* "24"; a training's is "T3". Free with g_free. */
char *dh_runs_column_dup_id (const DhRun *run);
/* `badge` (data: user's) gives "A", "B" or NULL for a row. */
typedef const char *(*DhRunsBadge) (DhRunItem *item, gpointer data);
/* Which comes first; what is undefined last, whatever the direction. 0: neither. */
int dh_runs_column_compare (DhRunItem *a, DhRunItem *b, DhRunsColumn column, gboolean descending);
/* Appends all columns but that of the boxes; the rows of the view are DhRowSlot of DhRunItem. `badge` is asked whenever
 * a row is bound or dh_runs_columns_update() is called; `data` must outlive the view. */
void dh_runs_columns_add (GtkColumnView *view, DhRunsBadge badge, gpointer data);
void dh_runs_columns_update (GtkColumnView *view);
/* Shows what fits into `width`; the column of open-mIoU only where a run has one. */
void dh_runs_columns_fit (GtkColumnView *view, int width, gboolean open);

G_END_DECLS
