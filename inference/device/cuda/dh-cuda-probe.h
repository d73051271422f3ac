#pragma once
#include "dh-cuda-driver.h"

G_BEGIN_DECLS

/* Whether what is fast is also right. A timing says nothing of what was computed, and there are engines that compute
 * something else on a card, or round what they should not. So whatever is about to be chosen has computed from noise
 * into memory of NaN, and some values of the result are held against plain sums in float64 by a kernel of our own, or
 * against those of another way that were. It takes about a millisecond, and DH_CUDA_PROBE_BYTES: `scratch`, or where
 * that is NULL for as long as it takes.
 *
 * DH_CUDA_WITHOUT=checks: everything is right. */

enum
{
  DH_CUDA_PROBE_VALUES = 4096,
  DH_CUDA_PROBE_BYTES = 1 << 20,
};

/* Queues noise, or NaN, on the compute lane into n × h × w × 8·n_groups values. */
gboolean dh_cuda_probe_fill (DhCudaCard *card, gpointer memory, gint type, const gint dims[4], DhCudaNoise noise,
                             GError **error);
/* Noise into all that the convolution reads but weights and bias, which the caller has there; NaN into its result. */
gboolean dh_cuda_probe_fill_inputs (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                                    GError **error);
gboolean dh_cuda_probe_fill_result (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                                    GError **error);

/* How far the result is off at worst, in what the rounding of its type and the order of its sum explain: right up to
 * 1; G_MAXDOUBLE where it is no number. Where the sum is none, or too large for the type, everything is right. −1 with
 * an error. */
double dh_cuda_probe_conv (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                           gpointer scratch, GError **error);

/* "computes something else, …", of what is off by more than 1. Free with g_free. */
char *dh_cuda_probe_say (double off);

/* DH_CUDA_PROBE_VALUES of n × h × w × c; free with g_free. NULL with an error. */
float *dh_cuda_probe_values (DhCudaCard *card, gconstpointer memory, gint type, const gint dims[4], gpointer scratch,
                             GError **error);
/* The same of another way of computing them, which are `c` channels in turn: as dh_cuda_probe_conv(). */
double dh_cuda_probe_compare (const float *right, const float *values, gint c, gint type);

G_END_DECLS
