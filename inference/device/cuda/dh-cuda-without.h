#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The environment's DH_CUDA_WITHOUT names it among its words, separated by commas: a way to find what is wrong where
 * something is. "fused": own kernels for a norm, a ReLU and a convolution; "taps": dilated convolutions in two;
 * "transformers": attention by tiles and layer norms by lanes;
 * "epilogues": those of the library; "recordings"; "checks": that what is fast is also right (dh-cuda-probe.h). */
gboolean dh_cuda_without (const char *what);

G_END_DECLS
