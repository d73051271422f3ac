#pragma once
#include "dh-simd.h"

/* exp and ln of vectors after S. Moshier's Cephes library (expf, logf): within 2 units in the last place; NaN stays
 * NaN. exp is for arguments up to 0 (what stands under the maximum; below −87 it is as good as 0), ln for positive
 * normal numbers. */

DH_INLINE DhVec
dh_exp (DhVec x)
{
  x = dh_select (x < -87.0f, dh_splat (-87.0f), x);
  const float magic = 12582912.0f; /* 1.5·2²³: rounds to an integer */
  DhVec shifted = x * 1.44269504088896341f + magic;
  DhVec n = shifted - magic;
  DhVec r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  DhVec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  DhVecInt exponent = ((DhVecInt)shifted - 0x4B400000 + 127) << 23;
  return p * (DhVec)exponent;
}

DH_INLINE DhVec
dh_log (DhVec x)
{
  DhVecInt bits = (DhVecInt)x;
  /* The mantissa in [√½, √2). */
  DhVecInt shifted = bits - 0x3F3504F3;
  DhVecInt exponent = shifted >> 23;
  DhVec m = (DhVec)(bits - (exponent << 23)) - 1.0f;
  DhVec e = __builtin_convertvector(exponent, DhVec);
  DhVec z = m * m;
  DhVec p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  DhVec y = p * m * z;
  y = y - e * 2.12194440e-4f - 0.5f * z;
  DhVec result = m + y + e * 0.693359375f;
  return dh_select (x == x, result, x);
}

/* The larger of the two, lane by lane; of NaN and another the second. */
DH_INLINE DhVec
dh_larger (DhVec a, DhVec b)
{
#if defined __AVX512F__
  return (DhVec)_mm512_max_ps ((__m512)a, (__m512)b);
#elif defined __AVX2__
  return (DhVec)_mm256_max_ps ((__m256)a, (__m256)b);
#else
  return dh_select (a > b, a, b);
#endif
}

/* 2 to the power of x within 2 units in the last place, `coarse` within 7.5e-5 of it; for x below 100, and what is
 * below −126 is as good as 0. NaN stays NaN. The polynomials are fitted for the least relative error up to ±½. */
DH_INLINE DhVec
dh_exp2 (DhVec x, gboolean coarse)
{
  const float magic = 12582912.0f; /* 1.5·2²³: rounds to an integer */
  x = dh_larger (dh_splat (-126.0f), x);
  const DhVec shifted = x + magic, r = x - (shifted - magic);
  const DhVecInt power = ((DhVecInt)shifted << 23) + (127 << 23);
  if (coarse)
    return (((r * 0.0551716691f + 0.242611122f) * r + 0.693260985f) * r + 0.999928074f) * (DhVec)power;
  DhVec p = r * 1.3276472e-3f + 9.67554133e-3f;
  p = p * r + 5.55071327e-2f;
  p = p * r + 0.240221197f;
  p = p * r + 0.693146967f;
  return (p * r + 1.00000007f) * (DhVec)power;
}

/* ln (1 + x) for x ≥ 0: what rounding took from 1 + x is added to first order. */
DH_INLINE DhVec
dh_log1p (DhVec x)
{
  DhVec u = 1.0f + x;
  return dh_log (u) - ((u - 1.0f) - x) / u;
}
