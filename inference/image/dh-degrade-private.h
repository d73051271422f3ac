#pragma once
#include "dh-degradation.h"

G_BEGIN_DECLS

/* One picture on its way. */
typedef struct
{
  const DhImage *from;
  DhImage *to; /* of the same size, to be filled */
  guint severity;
  guint64 seed; /* of the picture's pixels and of the kind */
} DhDegradeJob;

/* Each fills all of `to`, or gives FALSE where memory is short. */
gboolean dh_degrade_noise (const DhDegradeJob *job);
gboolean dh_degrade_shot (const DhDegradeJob *job);
gboolean dh_degrade_dark (const DhDegradeJob *job);
gboolean dh_degrade_bright (const DhDegradeJob *job);
gboolean dh_degrade_contrast (const DhDegradeJob *job);
gboolean dh_degrade_defocus (const DhDegradeJob *job);
gboolean dh_degrade_motion (const DhDegradeJob *job);
gboolean dh_degrade_resolution (const DhDegradeJob *job);
gboolean dh_degrade_fog (const DhDegradeJob *job);
gboolean dh_degrade_rain (const DhDegradeJob *job);

/* Sixty-four bits by chance, the same for the same number. */
static inline guint64
dh_degrade_mix (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* A length, in 1/256 pixel, of a picture 1024 high as it is in one of this height. */
static inline guint
dh_degrade_length (guint length, guint height)
{
  return length * CLAMP (height, 512, 4096) / 1024;
}

/* What is seen of the pixel as grey, 0 to 255. */
static inline guint
dh_degrade_luminance (const guint8 *rgb)
{
  return (77u * rgb[0] + 150u * rgb[1] + 29u * rgb[2]) >> 8;
}

static inline guint8
dh_degrade_byte (gint value)
{
  return (guint8)CLAMP (value, 0, 255);
}

G_END_DECLS
