#pragma once
#include "dh-evaluation-flow-private.h"

G_BEGIN_DECLS

/* All that a finished run has measured, in a file beside its maps, so that the next start has it at once:
 * dh-numbers-folder has it. On the evaluating thread.
 *
 * It begins with what it is tied to: the version of the program, the run, how the data set was read and by which rules
 * it was measured. Behind that stands by what each picture's label and maps are known again (dh-picture-seal), and then
 * rankings, counts by class and results; its last 32 bytes are the SHA-256 of all others. It is a copy of what the maps
 * say: whatever is wrong with it, they are read instead. */

/* Of a flow that has measured all, its run not being another method's. Nothing is written that would be larger than the
 * maps and than 16 MiB. Errors: DH_ERROR_IO (a full disk, a folder that cannot be written), DH_ERROR_TOO_LARGE; what
 * lay there before then stays. */
gboolean dh_kept_numbers_write (const DhEvaluationFlow *flow, GError **error);

/* For a flow that is prepared and whose run is recalled: fills the scores and classes of its result with what was
 * written, where pictures, labels and maps are still the same. Of the protocols asked for there are those that were
 * measured, in their order; `missing` says how many were not. FALSE, nothing having been filled, without an error where
 * there is no such file, or it is not this run's, or not whole; the only error is G_IO_ERROR_CANCELLED. Where labels
 * had to be read to know that they are the same, the file is told so. */
gboolean dh_kept_numbers_read (DhEvaluationFlow *flow, guint *missing, GError **error);

/* Bytes of all maps that the run measured, by the sizes in its rows. */
guint64 dh_kept_numbers_count_maps (const DhEvaluationFlow *flow);

G_END_DECLS
