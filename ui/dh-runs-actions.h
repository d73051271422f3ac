#pragma once
#include "dh-runs-table.h"

G_BEGIN_DECLS

/* What is done with the runs that are chosen in a table: the actions "runs.…" of the page around it. */
typedef struct _DhRunsActions DhRunsActions;

/* `page` is borrowed and outlives them; "runs.by-seed" is a state. Free with dh_runs_actions_free(). */
DhRunsActions *dh_runs_actions_new (GtkWidget *page, DhSession *session, DhRunsTable *table);

void dh_runs_actions_free (DhRunsActions *actions);

void dh_runs_actions_set_enabled (DhRunsActions *actions, const char *name, gboolean enabled);

void dh_runs_actions_activate (DhRunsActions *actions, const char *name);

/* Opens an evaluation's set at a picture (NULL: at any), or a training's best checkpoint, in Browse. */
void dh_runs_actions_browse (DhRunsActions *actions, DhRunItem *item, const char *stem);

void dh_runs_actions_show_curves (DhRunsActions *actions, DhRunItem *item);

G_END_DECLS
