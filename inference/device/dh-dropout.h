#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What a dropout (the node `value` of its graph) multiplies one plane of its input by in the step of this seed: 0 with
 * `probability`, else 1 / (1 − probability). The same on every device: splitmix64 of the three. */
static inline float
dh_dropout_factor (guint64 seed, gint32 value, gsize plane, double probability)
{
  guint64 z = seed + ((guint64)value + 1) * G_GUINT64_CONSTANT (0xd1b54a32d192ed03)
              + (plane + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53 < probability ? 0 : (float)(1 / (1 - probability));
}

G_END_DECLS
