#pragma once
#include <glib.h>
#include <string.h>

/* A float32 as an unsigned integer of the same order; −0 becomes 0. Integers only, so that a thread that flushes
 * denormals to zero does not merge them. */
static inline guint32
dh_key_from_bits (guint32 bits)
{
  if (bits << 1 == 0)
    bits = 0;
  return bits ^ ((guint32)((gint32)bits >> 31) | 0x80000000u);
}

static inline float
dh_key_to_float (guint32 key)
{
  const guint32 bits = key & 0x80000000u ? key ^ 0x80000000u : ~key;
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

static inline guint32
dh_float_bits (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  return bits;
}

/* NaN or infinite. */
static inline gboolean
dh_bits_non_finite (guint32 bits)
{
  return (bits & 0x7f800000u) == 0x7f800000u;
}
