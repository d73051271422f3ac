#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* What a run was made of, opened again. FALSE where something is not there any more, which "error" tells. */

/* An evaluation's weights and data set, where they are not open already, at picture `stem` (may be NULL); of imported
 * scores the data set, and Browse's comparison with their run as A. */
gboolean dh_session_open_run (DhSession *session, const DhRun *run, const char *stem);
/* Two evaluations of one data set, which is opened where it is not, against each other in Browse's comparison. */
gboolean dh_session_compare_runs (DhSession *session, const DhRun *a, const DhRun *b);
/* Why they cannot be: a sentence, translated; NULL where they can. */
const char *dh_session_refuse_runs (const DhRun *a, const DhRun *b);
/* Weights of a training, on its own data where nothing else is open. */
gboolean dh_session_open_checkpoint (DhSession *session, DhTrainingJob *job, const char *path);

G_END_DECLS
