#pragma once
#include "dh-training-form.h"

G_BEGIN_DECLS

/* What is looked at before a training starts: whether the data is there, the weights fit, memory, time and disk
 * suffice. */
typedef enum
{
  DH_CHECK_OK,
  DH_CHECK_WARNING, /* it can start */
  DH_CHECK_ERROR,   /* it would fail */
} DhCheckLevel;

typedef enum
{
  DH_CHECK_FORM, /* a field's own problem */
  DH_CHECK_DATA,
  DH_CHECK_NEGATIVES,
  DH_CHECK_WEIGHTS,
  DH_CHECK_DEVICE,
  DH_CHECK_MEMORY,
  DH_CHECK_TIME,
  DH_CHECK_DISK,
} DhCheckSubject;

typedef struct
{
  DhCheckSubject subject;
  DhCheckLevel level;
  char *text; /* a sentence, translated */
} DhCheckLine;

/* Reference counted, immutable. */
typedef struct
{
  gatomicrefcount refs;
  GPtrArray *lines;                      /* DhCheckLine, in the order of the subjects */
  gboolean can_start;                    /* no line is an error */
  guint training, validation, negatives; /* pictures found */
  guint64 steps;                         /* in all; 0: unknown, as each number below */
  guint64 parameters;                    /* of the network */
  guint64 memory_needed, memory_there;   /* bytes, of the device */
  guint64 disk_needed, disk_there;       /* bytes, of all the form's trainings; other numbers are of one */
  double step_flop;                      /* dh_step_work() of one, forward and backward; NaN: unknown */
  double seconds;                        /* of the whole training; NaN: unknown */
  double sample_seconds;                 /* to read and prepare one sample on one thread; 0: not measured */
  char *device, *device_title;           /* "cpu", "AMD EPYC …"; NULL: none */
  char *data_title, *negatives_title;    /* "CamVid", "ADE20K"; NULL: not found */
  char *weights_title;                   /* "ldn121-closed, 12 classes"; NULL: fresh ones, or not readable */
} DhTrainingCheck;
DhTrainingCheck *dh_training_check_ref (DhTrainingCheck *check);
void dh_training_check_unref (DhTrainingCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTrainingCheck, dh_training_check_unref)

/* Looks on another thread at what the form says now. What it finds wrong is a line of the check; the only error is
 * G_IO_ERROR_CANCELLED. Scanning a large data set may take seconds: cancel and begin again when the form changes. */
void dh_training_check_async (DhTrainingForm *form, GCancellable *cancellable, GAsyncReadyCallback ready,
                              gpointer data);
DhTrainingCheck *dh_training_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
