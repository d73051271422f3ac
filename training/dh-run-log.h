#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* log.jsonl of a run, read while it grows. Lines that are no events (half ones that a kill left among them) and events
 * of unknown names are left out. One thread at a time. */
typedef struct _DhRunLog DhRunLog;

typedef enum
{
  DH_EVENT_START, /* `step`: where it begins or goes on; later steps that stand before are not part of the training */
  DH_EVENT_STEP,
  DH_EVENT_SKIP,
  DH_EVENT_EPOCH,
  DH_EVENT_CHECKPOINT,
  DH_EVENT_PAUSE,
  DH_EVENT_CONTINUE,
  DH_EVENT_NOTE,
  DH_EVENT_END,
  DH_N_EVENTS,
} DhRunEventKind;
const char *dh_run_event_name (DhRunEventKind kind); /* "start" */

/* Numbers that an event has not are NAN. */
typedef struct
{
  DhRunEventKind kind;
  guint64 step, epoch;
  double time;    /* Unix, seconds; NAN in runs of an older program */
  double seconds; /* of the step or the validation */
  union
  {
    struct
    {
      double total, seg, like, post, rate;
    } step;
    struct
    {
      double miou, ap, auroc, fpr95;
    } epoch;
    struct
    {
      double steps, epochs, parameters, validation_steps; /* the last: see dh_validation_work() */
    } start;
  } is;
  char *text;      /* what a skip, note or end says; a checkpoint's path; a start's device; NULL */
  char *precision; /* of a start, "bf16"; NULL: an older program's, float32 */
  char *state;     /* of an end: "done", "stopped", "failed", "out-of-memory"; NULL */
} DhRunEvent;

DhRunLog *dh_run_log_new (const char *folder);
void dh_run_log_free (DhRunLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunLog, dh_run_log_free)

/* The events of the next piece of the file, a megabyte at most: GArray of DhRunEvent, which owns them; empty where
 * nothing is new. *again: the file became shorter, or another one: what was read before counts no more. *more: there
 * is more to be read now. A file that is not there (yet) is empty. */
GArray *dh_run_log_read (DhRunLog *log, gboolean *again, gboolean *more);

G_END_DECLS
