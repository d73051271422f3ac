#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* job.lock of a run's folder: held while a process trains there, and what that process says of itself in it, renewed
 * every two seconds. The lock is one of the open file (fcntl, F_OFD_SETLK): it goes with the process, however that
 * ends, and others can ask for it without taking it. The file is as long from its first moment on as ever: a full disk
 * does not keep a process from saying how it ended. */
typedef struct _DhRunLock DhRunLock;

typedef enum
{
  DH_RUN_STARTING, /* data and weights are read, the network is compiled */
  DH_RUN_STEPPING,
  DH_RUN_VALIDATING,
  DH_RUN_PAUSED,
  DH_RUN_STOPPING, /* was asked to, and writes its checkpoint */
  /* Ends. */
  DH_RUN_DONE,
  DH_RUN_STOPPED,
  DH_RUN_FAILED,
  DH_RUN_OUT_OF_MEMORY,
  DH_N_RUN_PHASES,
} DhRunPhase;
const char *dh_run_phase_name (DhRunPhase phase); /* "starting" */

/* Takes the lock and starts the renewing. Errors: DH_ERROR_FAILED where another process holds it, by its number;
 * DH_ERROR_IO. */
DhRunLock *dh_run_lock_take (const char *folder, GError **error);
/* Written at once. `why` (of an end) may be NULL. Any thread. */
void dh_run_lock_set_phase (DhRunLock *lock, DhRunPhase phase, const char *why);
void dh_run_lock_set_step (DhRunLock *lock, guint64 step);
void dh_run_lock_set_checkpoint (DhRunLock *lock, guint64 step);
void dh_run_lock_free (DhRunLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunLock, dh_run_lock_free)

/* What a lock file says. */
typedef struct
{
  gboolean held;      /* a process holds it now */
  gboolean reachable; /* and is known well enough to be sent signals: same boot, same process */
  gint64 pid;
  DhRunPhase phase; /* the last that it said; DH_N_RUN_PHASES: nothing can be read */
  char *why;        /* of an end; NULL */
  guint64 step;
  gint64 checkpoint;    /* step of the last one; −1: unknown, or none */
  gint64 started, beat; /* Unix, seconds: of the process, and when it last renewed; 0: unknown */
  guint64 memory;       /* bytes that it held then */
  gint64 oom_kills;     /* of the system until then; −1: unknown */
} DhRunLockInfo;
/* FALSE where there is no lock file. Takes nothing. */
gboolean dh_run_lock_read (const char *folder, DhRunLockInfo *info);
void dh_run_lock_info_clear (DhRunLockInfo *info);

/* Processes that the system has ended for want of memory since it started; −1 where it does not tell. */
gint64 dh_run_lock_oom_kills (void);

G_END_DECLS
