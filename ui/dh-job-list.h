#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The card of all trainings, one of them chosen: what runs, waits and has ended, with what can be done with each, by
 * button, by menu (right click, Shift+F10) and by key (Delete).
 *
 * Signals "chosen" (): another one; "asked" (DhTrainingJob, char *what): "edit" (its values into the form) or "browse"
 * (its best checkpoint). The rest it does itself. */
#define DH_TYPE_JOB_LIST (dh_job_list_get_type ())
G_DECLARE_FINAL_TYPE (DhJobList, dh_job_list, DH, JOB_LIST, GtkWidget)

GtkWidget *dh_job_list_new (DhSession *session);
/* Borrowed; NULL while there is none. */
DhTrainingJob *dh_job_list_get_chosen (DhJobList *list);
void dh_job_list_choose (DhJobList *list, DhTrainingJob *job);
/* Fewer words where the window is narrow; `rows` are seen before it scrolls. */
void dh_job_list_set_room (DhJobList *list, gboolean narrow, guint rows);

/* The actions on the chosen one, "job.pause" and the like, and their menu. */
GActionGroup *dh_job_list_get_actions (DhJobList *list);
GMenuModel *dh_job_list_new_menu (void);

/* "1 running · 2 queued"; "" where nothing is under way. Free with g_free. */
char *dh_job_list_dup_counts (DhTrainingQueue *queue);

G_END_DECLS
