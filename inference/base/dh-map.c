#include "dh-map.h"

static const char *const names[DH_N_MAPS] = {
  [DH_MAP_SEGMENTATION] = "segmentation",
  [DH_MAP_LIKELIHOOD] = "likelihood",
  [DH_MAP_DATASET_POSTERIOR] = "dataset_posterior",
  [DH_MAP_HYBRID] = "hybrid",
  [DH_MAP_MAX_SOFTMAX] = "max_softmax",
  [DH_MAP_MAX_LOGIT] = "max_logit",
  [DH_MAP_ENTROPY] = "entropy",
  [DH_MAP_LOGITS] = "logits",
  [DH_MAP_LOGITS_OOD] = "logits_ood",
};

const char *
dh_map_name (DhMap map)
{
  g_return_val_if_fail (map < DH_N_MAPS, NULL);
  return names[map];
}

gboolean
dh_map_from_name (const char *name, DhMap *map)
{
  for (guint i = 0; i < DH_N_MAPS; i++)
    if (g_str_equal (names[i], name))
      {
        *map = i;
        return TRUE;
      }
  return FALSE;
}

gboolean
dh_map_needs_ood (DhMap map)
{
  return map == DH_MAP_DATASET_POSTERIOR || map == DH_MAP_HYBRID || map == DH_MAP_LOGITS_OOD;
}

gboolean
dh_map_low_is_anomalous (DhMap map)
{
  return map == DH_MAP_LIKELIHOOD || map == DH_MAP_DATASET_POSTERIOR;
}
