#pragma once
#include "dh-composer.h"
#include "dh-device.h"
#include "dh-nets.h"

G_BEGIN_DECLS

typedef struct
{
  double miou;             /* closed, over the classes that occur; NAN without any */
  double ap, auroc, fpr95; /* of the hybrid score on composites; NAN without an outlier head or negatives */
} DhValidation;

/* The network with its present parameters on the first `most` of the items (0: all): closed mIoU on the pictures as
 * they are, and the hybrid score on composites of the same pictures, as many of each as the recipe says, with one
 * seeded negative in each composite, always the same; the first is the same whatever the recipe says. The
 * pictures are read ahead by so many threads, of which no result depends. */
gboolean dh_validate (DhDevice *device, const DhNet *net, DhTensorDict *parameters, const DhComposer *composer,
                      guint most, guint workers, DhValidation *result, GCancellable *cancellable, GError **error);

/* Work of it, as if all pictures were as large as the first; 0 where that cannot be told. In the unit of
 * dh_step_work(), of which a step is three times that of its batches. */
double dh_validation_work (const DhNet *net, const DhComposer *composer, guint most);
/* A guess at the memory that it takes beside the training's, in bytes, as if all pictures were as large as the first; 0
 * where that cannot be told. */
guint64 dh_validation_bytes (DhDevice *device, const DhNet *net, const DhComposer *composer);

G_END_DECLS
