#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Where output place `i` of `out` reads a line of `in` values: (1 − t)·v[a] + t·v[b]. PyTorch's rule for
 * interpolate(mode="bilinear") with and without align_corners. */
typedef struct
{
  gint a, b;
  float t;
} DhBilinear;

static inline DhBilinear
dh_bilinear_at (gint i, gint in, gint out, gboolean align_corners)
{
  DhBilinear at;
  double x;
  if (align_corners)
    x = out > 1 ? (double)i * (in - 1) / (out - 1) : 0;
  else
    x = MAX ((i + 0.5) * in / out - 0.5, 0);
  at.a = MIN ((gint)x, in - 1);
  at.b = MIN (at.a + 1, in - 1);
  at.t = (float)(x - at.a);
  return at;
}

/* The same where it reads one place alone. */
static inline DhBilinear
dh_nearest_at (gint i, gint in, gint out)
{
  const gint at = (gint)((gint64)i * in / out);
  return (DhBilinear){ at, at, 0 };
}

G_END_DECLS
