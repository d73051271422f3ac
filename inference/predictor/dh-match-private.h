#pragma once
#include "dh-nets.h"

G_BEGIN_DECLS

/* How a state dict compares with a network's list of keys. Arrays of owned strings. */
typedef struct
{
  GPtrArray *missing;    /* needed, not there */
  GPtrArray *misshaped;  /* "key (shape, needed shape)" */
  GPtrArray *unexpected; /* there, not known */
  GPtrArray *defaulted;  /* not there, not needed */
} DhKeyComparison;
void dh_key_comparison_clear (DhKeyComparison *comparison) G_GNUC_INTERNAL;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhKeyComparison, dh_key_comparison_clear)
void dh_compare_keys (const DhNet *net, DhTensorDict *state, DhKeyComparison *comparison) G_GNUC_INTERNAL;

/* Whether any key begins with "logits_ood.". */
gboolean dh_has_outlier_head (DhTensorDict *state) G_GNUC_INTERNAL;

/* What happens to the picture before the network, in words; static. */
const char *dh_normalisation_of (DhFamily family) G_GNUC_INTERNAL;

/* K where the final layer is there and sensible, else 0. */
gint dh_read_classes (DhTensorDict *state, DhFamily family) G_GNUC_INTERNAL;

/* The network whose keys and shapes the state dict has; where none fits, the known one of its family that it comes
 * nearest to, so that what is missing can be named. Errors: DH_ERROR_MISMATCH where it is of no family. */
gboolean dh_match_network (DhTensorDict *state, DhArchitecture *architecture, GError **error) G_GNUC_INTERNAL;

G_END_DECLS
