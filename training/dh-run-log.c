#include "dh-run-log.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dh-run-json.h"

#define PIECE ((gsize)1 << 20)
#define LONGEST ((gsize)1 << 16) /* of a line; longer ones are left out */

struct _DhRunLog
{
  char *path;
  guint64 offset; /* of the next line */
  guint64 inode;
  char *piece;
};

static const char *const names[DH_N_EVENTS] = { "start", "step",     "skip", "epoch", "checkpoint",
                                                "pause", "continue", "note", "end" };

const char *
dh_run_event_name (DhRunEventKind kind)
{
  return kind < DH_N_EVENTS ? names[kind] : "";
}

DhRunLog *
dh_run_log_new (const char *folder)
{
  DhRunLog *log = g_new0 (DhRunLog, 1);
  log->path = g_build_filename (folder, "log.jsonl", NULL);
  log->piece = g_malloc (PIECE);
  return log;
}

void
dh_run_log_free (DhRunLog *log)
{
  if (!log)
    return;
  g_free (log->path);
  g_free (log->piece);
  g_free (log);
}

static void
clear_event (gpointer data)
{
  DhRunEvent *event = data;
  g_free (event->text);
  g_free (event->precision);
  g_free (event->state);
}

static gboolean
parse (const char *line, gsize length, DhRunEvent *event)
{
  g_autoptr (JsonNode) root = dh_run_json_parse (line, length, NULL);
  JsonObject *object = root ? json_node_get_object (root) : NULL;
  const char *name = object ? dh_run_json_text (object, "event") : NULL;
  DhRunEventKind kind = 0;
  while (name && kind < DH_N_EVENTS && !g_str_equal (names[kind], name))
    kind++;
  if (!name || kind == DH_N_EVENTS)
    return FALSE;
  *event = (DhRunEvent){ .kind = kind,
                         .step = (guint64)MAX (dh_run_json_count (object, "step", 0), 0),
                         .epoch = (guint64)MAX (dh_run_json_count (object, "epoch", 0), 0),
                         .time = dh_run_json_number (object, "time"),
                         .seconds = dh_run_json_number (object, "seconds") };
  if (kind == DH_EVENT_STEP)
    {
      event->is.step.total = dh_run_json_number (object, "loss");
      event->is.step.seg = dh_run_json_number (object, "seg");
      event->is.step.like = dh_run_json_number (object, "like");
      event->is.step.post = dh_run_json_number (object, "post");
      event->is.step.rate = dh_run_json_number (object, "lr");
    }
  else if (kind == DH_EVENT_EPOCH)
    {
      event->is.epoch.miou = dh_run_json_number (object, "miou");
      event->is.epoch.ap = dh_run_json_number (object, "ap");
      event->is.epoch.auroc = dh_run_json_number (object, "auroc");
      event->is.epoch.fpr95 = dh_run_json_number (object, "fpr95");
    }
  else if (kind == DH_EVENT_START)
    {
      event->is.start.steps = dh_run_json_number (object, "steps");
      event->is.start.epochs = dh_run_json_number (object, "epochs");
      event->is.start.parameters = dh_run_json_number (object, "parameters");
      event->is.start.validation_steps = dh_run_json_number (object, "validation_steps");
    }
  const char *text = dh_run_json_text (object, kind == DH_EVENT_START        ? "device"
                                               : kind == DH_EVENT_CHECKPOINT ? "path"
                                                                             : "why");
  event->text = g_strdup (text);
  event->precision = g_strdup (kind == DH_EVENT_START ? dh_run_json_text (object, "precision") : NULL);
  event->state = g_strdup (kind == DH_EVENT_END ? dh_run_json_text (object, "state") : NULL);
  return TRUE;
}

/* Whole lines alone; what is behind the last one waits for its end. */
static gsize
take_lines (DhRunLog *log, gsize length, GArray *events)
{
  gsize at = 0;
  const char *end;
  while (at < length && (end = memchr (log->piece + at, '\n', length - at)))
    {
      const gsize size = (gsize)(end - (log->piece + at));
      DhRunEvent event;
      if (size <= LONGEST && parse (log->piece + at, size, &event))
        g_array_append_val (events, event);
      at += size + 1;
    }
  /* A line without end that fills all: none of ours. */
  return at == 0 && length == PIECE ? length : at;
}

GArray *
dh_run_log_read (DhRunLog *log, gboolean *again, gboolean *more)
{
  GArray *events = g_array_new (FALSE, FALSE, sizeof (DhRunEvent));
  g_array_set_clear_func (events, clear_event);
  *again = *more = FALSE;
  struct stat info;
  const int file = open (log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 || fstat (file, &info) != 0 || !S_ISREG (info.st_mode))
    info = (struct stat){ 0 };
  if (log->offset > 0 && (info.st_ino != log->inode || (guint64)info.st_size < log->offset))
    {
      *again = TRUE;
      log->offset = 0;
    }
  log->inode = info.st_ino;
  if ((guint64)info.st_size > log->offset)
    {
      const gssize length = pread (file, log->piece, PIECE, (off_t)log->offset);
      const gsize taken = length > 0 ? take_lines (log, (gsize)length, events) : 0;
      log->offset += taken;
      *more = taken > 0 && (guint64)info.st_size > log->offset;
    }
  if (file >= 0)
    close (file);
  return events;
}
