#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What can be read off one image's logits f (K×H×W) and outlier logits g (2×H×W); formulas in dh-score.h. */
typedef enum
{
  DH_MAP_SEGMENTATION,      /* argmax f, uint8 */
  DH_MAP_LIKELIHOOD,        /* ln p̂(x) = logsumexp f; high = familiar */
  DH_MAP_DATASET_POSTERIOR, /* P(d_in|x) = softmax(g)_0; 1 = familiar */
  DH_MAP_HYBRID,            /* −logsumexp f + ln softmax(g)_1; high = anomalous */
  DH_MAP_MAX_SOFTMAX,       /* 1 − max softmax f */
  DH_MAP_MAX_LOGIT,         /* −max f */
  DH_MAP_ENTROPY,           /* −Σ p ln p of softmax f */
  DH_MAP_LOGITS,            /* f at full resolution, K×H×W */
  DH_MAP_LOGITS_OOD,        /* g at full resolution, 2×H×W */
  DH_N_MAPS,
} DhMap;

/* "segmentation", "dataset_posterior", … as on the command line and in file names. */
const char *dh_map_name (DhMap map);
gboolean dh_map_from_name (const char *name, DhMap *map);
/* Whether the map needs the outlier head g; a closed-set network does not have these. */
gboolean dh_map_needs_ood (DhMap map);
/* Whether small values are the anomalous ones: metrics take these maps negated, pictures reversed. */
gboolean dh_map_low_is_anomalous (DhMap map);

#define DH_MAP_BIT(map) (1u << (map))

G_END_DECLS
