#pragma once
#include "dh-nets.h"

G_BEGIN_DECLS

/* The graph up to the logits, and input, coarse, coarse_ood, logits and logits_ood of `net`. */
void dh_ldn_build (DhNet *net) G_GNUC_INTERNAL;
void dh_dlv3p_build (DhNet *net) G_GNUC_INTERNAL;

/* The widths of a state dict, unchecked but for their presence and range. */
gboolean dh_ldn_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error) G_GNUC_INTERNAL;
gboolean dh_dlv3p_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error) G_GNUC_INTERNAL;

/* The output channels of a convolution's weight: within 1…65536, or 0 with an error. */
gint dh_recognise_width (DhTensorDict *dict, const char *key, GError **error) G_GNUC_INTERNAL;
/* How many of the keys {prefix}1{suffix}, {prefix}2{suffix}, … exist in a row: 1…256, or 0 with an error. */
gint dh_recognise_count (DhTensorDict *dict, const char *prefix, const char *suffix, GError **error) G_GNUC_INTERNAL;

G_END_DECLS
