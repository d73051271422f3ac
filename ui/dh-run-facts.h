#pragma once
#include "dh-run-item.h"

G_BEGIN_DECLS

/* What a run was, each fact in a few words for a cell of a table; NULL where it has none. */
char *dh_run_facts_dup_weights (const DhRun *run);
char *dh_run_facts_dup_fingerprint (const DhRun *run);
char *dh_run_facts_dup_score (const DhRun *run);
char *dh_run_facts_dup_best_f1_threshold (const DhRun *run);
char *dh_run_facts_dup_images (const DhRun *run);
char *dh_run_facts_dup_device (const DhRun *run);
char *dh_run_facts_dup_steps (const DhRun *run);
char *dh_run_facts_dup_best_epoch (const DhRun *run);
char *dh_run_facts_dup_time (const DhRun *run);
char *dh_run_facts_dup_start (const DhRun *run);
char *dh_run_facts_dup_kind (const DhRun *run);

G_END_DECLS
