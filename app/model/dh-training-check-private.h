#pragma once
#include "dh-device.h"
#include "dh-nets.h"
#include "dh-pictures.h"
#include "dh-training-check.h"
#include "dh-training-form-private.h"

G_BEGIN_DECLS

/* A check under way, in its own thread. */
typedef struct
{
  DhTrainingForm *form; /* a copy: of this thread alone */
  DhRecipe *recipe;
  DhPictures pictures;
  DhDevice *device;
  DhNet *net;
  DhTrainingCheck *check;
  GCancellable *cancellable;
} DhTrainingLook;

/* A line of the check. */
void dh_training_look_say (DhTrainingLook *look, DhCheckSubject subject, DhCheckLevel level, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
const char *dh_training_look_text (DhTrainingLook *look, DhTrainingField field);
DhPrecision dh_training_look_precision (const DhTrainingLook *look); /* float32 where the device cannot train so */

/* What it needs, against what is there. `net` and `device` are set; for the time, there are pictures. */
void dh_training_look_at_memory (DhTrainingLook *look);
void dh_training_look_at_time (DhTrainingLook *look);
void dh_training_look_at_disk (DhTrainingLook *look);

G_END_DECLS
