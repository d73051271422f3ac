#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The error domain of everything under inference/.
 *
 * A message is one sentence or two without a final full stop: what failed, on which file or layer, why, and what to
 * do. The command line prints it behind "densehybrid: "; the studio shows it as it is. */
#define DH_ERROR (dh_error_quark ())
GQuark dh_error_quark (void);

typedef enum
{
  DH_ERROR_FAILED,      /* none of the others */
  DH_ERROR_INVALID,     /* the data is broken or hostile */
  DH_ERROR_UNSUPPORTED, /* well formed, but this program or device cannot do it */
  DH_ERROR_NOT_FOUND,   /* a file, folder, key or layer is missing */
  DH_ERROR_TOO_LARGE,   /* over a size limit that is checked before memory is spent */
  DH_ERROR_NO_MEMORY,   /* an allocation failed */
  DH_ERROR_IO,          /* reading or writing failed: disk full, not writable */
  DH_ERROR_NO_DEVICE,   /* the device is absent; the message says why */
  DH_ERROR_MISMATCH,    /* two things do not belong together: weights and network, image and label */
  DH_ERROR_USAGE,       /* the caller's options are wrong (exit status 2 of the command line) */
  DH_ERROR_BUSY,        /* another program holds it; later it may do */
} DhError;

G_END_DECLS
