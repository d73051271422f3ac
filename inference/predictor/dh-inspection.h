#pragma once
#include <glib.h>
#include "dh-checkpoint.h"

G_BEGIN_DECLS

/* What there is to say about a file of weights before it is loaded. */
typedef struct
{
  char *path;
  const char *container; /* "pytorch-zip", … (dh-checkpoint.h); static */
  char *wrapper;         /* the key under which the state dict lay, or "" */
  char *prefix;          /* what stood before every key, or "" */
  guint n_tensors;
  char *architecture; /* the network whose keys and shapes these are, or come nearest to; NULL: none known here */
  char *why_not;      /* why there is none; NULL where there is one */
  gint classes;       /* read off the final layer; 0 where there is no network */
  char **class_names; /* that an ONNX file has beside it; NULL: none */
  gboolean outlier_head;
  gint64 parameters;   /* trained numbers of the network; of all tensors where there is no network */
  char *normalisation; /* what happens to the picture before the network, in words; NULL where there is no network */
  char **missing;      /* keys that the network needs and the file lacks */
  char **unexpected;   /* keys of the file that the network does not know */
  char **misshaped;    /* "key (64×3×7×7, needed 32×3×7×7)" */
  char **defaulted;    /* keys that may be missing, and are: they get their defaults */
  char *sha256;        /* NULL where it was not asked for */
  char **non_finite;   /* keys of tensors that hold NaN or infinities; none where the sum was not asked for */
} DhInspection;

/* Opens, recognises and compares; without `with_sha256` the file's tensors are not read, so that it takes the same for
 * a megabyte and for a gigabyte. Weights of no known network are no error. Errors as dh_checkpoint_open(). Any thread.
 */
DhInspection *dh_inspect (const char *path, gboolean with_sha256, GError **error);
/* Of one that is open; `path` names it. Takes the reference. */
DhInspection *dh_inspect_take (DhCheckpoint *checkpoint, const char *path, gboolean with_sha256);
void dh_inspection_free (DhInspection *inspection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhInspection, dh_inspection_free)

/* Whether dh_model_load() would take the file as it is. */
gboolean dh_inspection_is_loadable (const DhInspection *inspection);

G_END_DECLS
