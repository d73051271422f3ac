#include "dh-simd.h"

#define DH_TABLE DH_ISA (dh_cpu_kernels)
#define DH_QUOTE(x) #x
#define DH_QUOTE_VALUE(x) DH_QUOTE (x)

const DhCpuKernels DH_TABLE = {
  .name = DH_QUOTE_VALUE (DH_CPU_ISA),
  .lanes = DH_LANES,
  .tile = DH_TILE,
  .coarse_tile = DH_COARSE_TILE,
  .panel_bf16 = DH_PANEL_BF16,
  .panel_int8 = DH_PANEL_INT8,
  .run = DH_RUN,
#ifdef DH_HAS_TILES
  .tiles = TRUE,
  .most_packed = DH_RUN_TILES,
#else
  .run_bf16 = DH_RUN,
#endif
  .taps_margin = DH_TAPS_MARGIN,
#ifdef __AVX512BF16__
  .has_bf16 = TRUE,
#endif
#ifdef DH_HAS_VNNI
  .has_int8 = TRUE,
#endif
  .conv1x1_items = dh_conv1x1_items,
  .conv1x1_scratch = dh_conv1x1_scratch,
  .conv1x1 = dh_conv1x1,
  .taps_items = dh_taps_items,
  .taps_scratch = dh_taps_scratch,
  .taps = dh_taps,
  .taps_pack = dh_taps_pack,
  .winograd_items = dh_winograd_items,
  .winograd_scratch = dh_winograd_scratch,
  .winograd = dh_winograd,
  .winograd_filters = dh_winograd_filters,
  .depthwise = dh_depthwise,
  .pointwise = dh_pointwise,
  .max_pool = dh_max_pool,
  .average_pool = dh_average_pool,
  .adaptive_pool = dh_adaptive_pool,
  .resize_scratch = dh_resize_scratch,
  .resize = dh_resize,
  .pack = dh_pack,
  .unpack = dh_unpack,
  .layer_norm = dh_layer_norm,
  .attention_packed = dh_attention_packed,
  .attention_pack_items = dh_attention_pack_items,
  .attention_pack = dh_attention_pack,
  .attention_items = dh_attention_items,
  .attention_scratch = dh_attention_scratch,
  .attention = dh_attention,
  .score_scratch = dh_score_scratch,
  .score = dh_score_row,
};
