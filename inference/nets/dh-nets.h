#pragma once
#include "dh-graph.h"
#include "dh-map.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The two networks, in the names of the published checkpoints' state dicts. The outlier head makes `logits_ood`; a
 * network without it is closed-set. */
typedef enum
{
  DH_FAMILY_LDN,   /* Ladder-DenseNet (Krešo, Krapac, Šegvić, T-ITS 2020), half-pixel resizing */
  DH_FAMILY_DLV3P, /* DeepLabV3+ on WideResNet-38 (Zhu et al., CVPR 2019), corners aligned */
  DH_N_FAMILIES,
  DH_FAMILY_FOREIGN = DH_N_FAMILIES, /* somebody else's, whatever it is: a graph and no widths */
} DhFamily;

typedef struct
{
  gint stem, growth; /* channels of conv0, of each dense layer (its bottleneck has four times as many) */
  gint blocks[4];    /* dense layers */
  gint pyramid;      /* channels of spp_bn */
  gint level;        /* channels of each pyramid level */
  gint fuse;         /* channels of spp_fuse */
  gint decoder[3];   /* channels after each upsampling, deepest first */
} DhLdn;

typedef struct
{
  gint stem;           /* channels of mod1 */
  gint blocks[6];      /* residual blocks of mod2…mod7 */
  gint channels[6][3]; /* of their convolutions: two in mod2…mod5 (the third is 0), three in mod6 and mod7 */
  gint aspp;           /* channels of each branch and of bot_aspp */
  gint fine;           /* channels of bot_fine */
  gint decoder;        /* channels of final.0 and final.3 */
} DhDlv3p;

/* Everything that decides the shapes of a network's parameters. */
typedef struct
{
  DhFamily family;
  gint classes; /* K, 2 to 255 */
  gboolean outlier_head;
  DhLdn ldn; /* of its family, zero otherwise */
  DhDlv3p dlv3p;
} DhArchitecture;

/* The known names: "ldn121", "ldn121-closed", "dlv3p_wrn38", "dlv3p_wrn38-closed" and the small ones: "ldn-demo" (of
 * the built-in demo), "ldn-tiny", "dlv3p-tiny" (for tests), each with "-closed" too. NULL-terminated, static. */
const char *const *dh_architecture_names (void);

/* `classes` 0: the published number (12, 19). Errors: DH_ERROR_USAGE for an unknown name or number of classes. */
gboolean dh_architecture_from_name (const char *name, gint classes, DhArchitecture *architecture, GError **error);

/* The known name whose widths these are, or "ldn-variant", "dlv3p-variant", "onnx" of a foreign one (with "-closed").
 * Static. */
const char *dh_architecture_name (const DhArchitecture *architecture);

/* Reads the family, all widths, the classes and the outlier head off a state dict's keys and shapes. It looks only at
 * what it needs to know: dh_net_check_keys() then says whether all is there. Any dict is safe. Errors:
 * DH_ERROR_MISMATCH with what is missing. */
gboolean dh_architecture_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error);

/* A network. Immutable: any thread may read it. */
typedef struct
{
  gatomicrefcount refs;
  DhArchitecture architecture;
  DhGraph *graph;
  DhValue input;           /* N×3×H×W, RGB in [0, 1] */
  DhValue coarse;          /* logits before their last upsampling */
  DhValue coarse_ood;      /* DH_NO_VALUE in a closed-set network, as the next */
  DhValue logits;          /* N×K×H×W */
  DhValue logits_ood;      /* N×2×H×W: inlier, outlier */
  DhValue maps[DH_N_MAPS]; /* the score nodes; DH_NO_VALUE where the outlier head is missing */
} DhNet;

/* The widths must be sensible (programmer error): from one of the two functions above. */
DhNet *dh_net_new (const DhArchitecture *architecture);
/* A foreign one, made of its graph up to the logits, which are as large as the input; `logits_ood` may be DH_NO_VALUE.
 * A reference to the graph is kept, and the scores become part of it. */
DhNet *dh_net_new_foreign (DhGraph *graph, DhValue input, DhValue logits, DhValue logits_ood);
DhNet *dh_net_ref (DhNet *net);
void dh_net_unref (DhNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhNet, dh_net_unref)

/* One key of the state dict. */
typedef struct
{
  char *name;
  DhDtype dtype; /* DH_DTYPE_F32, or DH_DTYPE_I64 for num_batches_tracked */
  guint n_dims;  /* 0: scalar */
  gint64 dims[4];
  gboolean needed;  /* the network's result depends on it */
  gboolean trained; /* a parameter, not a buffer */
} DhNetKey;

/* Every key of the reference implementation's state dict, in its order, among them those that no result depends on:
 * num_batches_tracked and the ladder's logits_aux, which are to be read, kept and written back. GArray of DhNetKey that
 * frees its names. */
GArray *dh_net_list_keys (const DhNet *net);

/* Whether `dict` has all needed keys, and no key of another shape than listed. Keys that the network does not know are
 * no error. Errors: DH_ERROR_MISMATCH with the first few missing and mis-shaped keys and their number. */
gboolean dh_net_check_keys (const DhNet *net, DhTensorDict *dict, GError **error);

/* Trained parameters, without those that nothing uses. */
gint64 dh_net_parameter_count (const DhNet *net);
/* Names of the parameters that a training of its logits changes; NULL-terminated, free with g_strfreev. */
char **dh_net_list_trained (const DhNet *net);

/* `n` values in [−1, 1): splitmix64 in counter mode, keyed by FNV-1a 64 of the name and by the seed. */
void dh_seeded_uniform (const char *name, guint64 seed, gsize n, double *values);

/* A whole seeded state dict, the golden files' rule: r × √(6 / fan_in) × gain for convolution weights, 1 + r/4 for norm
 * weights, 1 + r/2 for running variances, r/10 for the rest, in double, rounded to float32. NULL where memory is short.
 */
DhTensorDict *dh_net_new_seeded (const DhNet *net, guint64 seed, double gain);

/* Freshly initialised tensors, as PyTorch's defaults, for the keys that begin with `prefix` ("": all): convolution
 * weights and biases uniform in ±1/√fan_in, norms 1, 0, 0, 1. NULL where memory is short. */
DhTensorDict *dh_net_new_fresh (const DhNet *net, const char *prefix, guint64 seed);

G_END_DECLS
