#include <math.h>
#include "dh-training-curves.h"

struct _DhTrainingLine
{
  GObject parent_instance;
  DhTrainingLineKind kind;
  gint64 time;
  guint64 step;
  char *text;
};

G_DEFINE_FINAL_TYPE (DhTrainingLine, dh_training_line, G_TYPE_OBJECT)

static void
dh_training_line_finalize (GObject *object)
{
  g_free (DH_TRAINING_LINE (object)->text);
  G_OBJECT_CLASS (dh_training_line_parent_class)->finalize (object);
}

static void
dh_training_line_class_init (DhTrainingLineClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_training_line_finalize;
}

static void
dh_training_line_init (DhTrainingLine *self)
{
}

DhTrainingLineKind
dh_training_line_get_kind (DhTrainingLine *self)
{
  return self->kind;
}

gint64
dh_training_line_get_time (DhTrainingLine *self)
{
  return self->time;
}

guint64
dh_training_line_get_step (DhTrainingLine *self)
{
  return self->step;
}

const char *
dh_training_line_get_text (DhTrainingLine *self)
{
  return self->text;
}

static void
append_number (GString *text, const char *name, double value, const char *format)
{
  if (!isfinite (value))
    return;
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (number, sizeof number, format, value);
  /* A true minus. */
  g_string_append_printf (text, "  %s %s%s", name, *number == '-' ? "−" : "", number + (*number == '-'));
}

char *
dh_training_line_describe (const DhRunEvent *event)
{
  GString *text = g_string_new (NULL);
  switch (event->kind)
    {
    case DH_EVENT_STEP:
      g_string_append_printf (text, "step %" G_GUINT64_FORMAT, event->step);
      append_number (text, "loss", event->is.step.total, "%.4f");
      append_number (text, "seg", event->is.step.seg, "%.4f");
      append_number (text, "like", event->is.step.like, "%.4f");
      append_number (text, "post", event->is.step.post, "%.4f");
      append_number (text, "lr", event->is.step.rate, "%g");
      break;
    case DH_EVENT_EPOCH:
      g_string_append_printf (text, "epoch %" G_GUINT64_FORMAT, event->epoch);
      append_number (text, "mIoU", 100 * event->is.epoch.miou, "%.2f");
      append_number (text, "AP", 100 * event->is.epoch.ap, "%.2f");
      append_number (text, "AUROC", 100 * event->is.epoch.auroc, "%.2f");
      append_number (text, "FPR95", 100 * event->is.epoch.fpr95, "%.2f");
      break;
    case DH_EVENT_SKIP:
      g_string_append_printf (text, "step %" G_GUINT64_FORMAT "  skipped: %s", event->step,
                              event->text != NULL ? event->text : "");
      break;
    default:
      g_string_append_printf (text, "%s  step %" G_GUINT64_FORMAT, dh_run_event_name (event->kind), event->step);
      if (event->text != NULL)
        g_string_append_printf (text, "  %s", event->text);
      if (event->precision != NULL)
        g_string_append_printf (text, "  %s", event->precision);
    }
  return g_string_free (text, FALSE);
}

static DhTrainingLineKind
line_kind (const DhRunEvent *event)
{
  switch (event->kind)
    {
    case DH_EVENT_STEP:
      return DH_LINE_STEP;
    case DH_EVENT_EPOCH:
      return DH_LINE_EPOCH;
    case DH_EVENT_CHECKPOINT:
      return DH_LINE_CHECKPOINT;
    case DH_EVENT_SKIP:
      return DH_LINE_WARNING;
    case DH_EVENT_END:
      return g_strcmp0 (event->state, "done") == 0 || g_strcmp0 (event->state, "stopped") == 0 ? DH_LINE_NOTE
                                                                                               : DH_LINE_WARNING;
    default:
      return DH_LINE_NOTE;
    }
}

DhTrainingLine *
dh_training_line_new (const DhRunEvent *event)
{
  DhTrainingLine *line = g_object_new (DH_TYPE_TRAINING_LINE, NULL);
  line->kind = line_kind (event);
  line->time = isnan (event->time) ? 0 : (gint64)CLAMP (event->time, 0, 1e12);
  line->step = event->step;
  line->text = dh_training_line_describe (event);
  return line;
}
