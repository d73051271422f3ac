#pragma once
#include <gio/gio.h>
#include "dh-nets.h"

G_BEGIN_DECLS

/* The weights that a training begins with. */
typedef enum
{
  DH_START_FRESH,      /* all drawn from the seed */
  DH_START_WHOLE,      /* all of the file */
  DH_START_FRESH_HEAD, /* of the file, which is closed-set; the outlier head drawn afresh */
  DH_START_BACKBONE,   /* a DenseNet of torchvision (ImageNet's): the ladder's backbone; the rest drawn from the seed */
} DhStartKind;

/* The whole state dict of `net`; views into the file among it. `path` NULL: fresh. *title (free with g_free) names what
 * was found; it and `kind` may be NULL. Errors: those of dh_model_load(); DH_ERROR_MISMATCH where the file does not fit
 * the network; DH_ERROR_NO_MEMORY. */
DhTensorDict *dh_start_weights_load (const DhNet *net, const char *path, guint64 seed, DhStartKind *kind, char **title,
                                     GError **error);

G_END_DECLS
