#pragma once
#include <math.h>

/* Logits of one pixel → its value in every score map; the same source for C and CUDA.
 *
 * Sources: likelihood, dataset posterior and hybrid score of DenseHybrid (Grcić, Bevandić, Šegvić, ECCV 2022); maximum
 * softmax probability (Hendrycks and Gimpel, ICLR 2017); maximum logit (Hendrycks et al., ICML 2022).
 *
 * One pass over the K logits f with one exponential each:
 *
 *   DhScore score = dh_score_begin (f[0]);
 *   for (c = 1; c < K; c++)
 *     dh_score_add (&score, f[c], c);
 *
 * Nothing overflows or underflows to an infinity for finite logits of any size: every exponential is of a number ≤ 0,
 * and what stands beside the largest term is kept apart from its 1, so that a confident pixel keeps its digits. A logit
 * that is not finite makes every map that reads it NaN; its segmentation then means nothing. */

#ifdef __CUDACC__
#define DH_SCORE_INLINE static __host__ __device__ __forceinline__
#else
#define DH_SCORE_INLINE static inline
#endif

typedef struct
{
  float max;    /* m = the largest logit so far */
  float rest;   /* Σ e^(f_c − m) but for the largest logit's own 1 */
  float slope;  /* Σ (f_c − m) e^(f_c − m) */
  float poison; /* 0, or NaN once a logit was not finite */
  int argmax;   /* the first class of the largest logit */
} DhScore;

DH_SCORE_INLINE DhScore
dh_score_begin (float f)
{
  DhScore score;
  score.max = f;
  score.rest = 0.0f;
  score.slope = 0.0f;
  score.poison = f - f;
  score.argmax = 0;
  return score;
}

DH_SCORE_INLINE void
dh_score_add (DhScore *score, float f, int c)
{
  const float e = expf (-fabsf (f - score->max));
  if (f > score->max)
    {
      score->slope = e * (score->slope + (score->max - f) * (1.0f + score->rest));
      score->rest = e * (1.0f + score->rest);
      score->max = f;
      score->argmax = c;
    }
  else
    {
      score->slope += (f - score->max) * e;
      score->rest += e;
    }
  score->poison += f - f;
}

/* ln p̂(x) = logsumexp f, unnormalised; high = familiar. */
DH_SCORE_INLINE float
dh_score_likelihood (const DhScore *score)
{
  return score->max + log1pf (score->rest) + score->poison;
}

/* 1 − max softmax f, in [0, 1 − 1/K]. */
DH_SCORE_INLINE float
dh_score_max_softmax (const DhScore *score)
{
  return score->rest / (1.0f + score->rest) + score->poison;
}

/* −max f */
DH_SCORE_INLINE float
dh_score_max_logit (const DhScore *score)
{
  return -score->max + score->poison;
}

/* −Σ p ln p of p = softmax f, in [0, ln K]. */
DH_SCORE_INLINE float
dh_score_entropy (const DhScore *score)
{
  return log1pf (score->rest) - score->slope / (1.0f + score->rest) + score->poison;
}

/* P(d_in|x) = softmax(g)_0 of the outlier logits g; 1 = familiar. */
DH_SCORE_INLINE float
dh_score_dataset_posterior (float g0, float g1)
{
  const float d = g1 - g0;
  const float e = expf (-fabsf (d));
  return (d > 0.0f ? e : 1.0f) / (1.0f + e) + (g0 - g0) + (g1 - g1);
}

/* ln P(d_out|x) = ln softmax(g)_1 = −softplus (g0 − g1) */
DH_SCORE_INLINE float
dh_score_ln_outlier (float g0, float g1)
{
  const float d = g0 - g1;
  return -(fmaxf (d, 0.0f) + log1pf (expf (-fabsf (d)))) + (g0 - g0) + (g1 - g1);
}

/* The hybrid score s = −ln p̂(x) + ln P(d_out|x); high = anomalous. */
DH_SCORE_INLINE float
dh_score_hybrid (const DhScore *score, float g0, float g1)
{
  return dh_score_ln_outlier (g0, g1) - dh_score_likelihood (score);
}
