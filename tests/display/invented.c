#include "invented.h"
#include <math.h>

const guint8 invented_palette[15] = { 128, 64, 128, 107, 142, 35, 70, 130, 180, 152, 251, 152, 244, 35, 232 };

static float
hash (int x, int y, guint seed)
{
  guint h = (guint)x * 374761393u + (guint)y * 668265263u + seed * 2246822519u;
  h = (h ^ (h >> 13)) * 1274126177u;
  h ^= h >> 16;
  return (float)(h & 0xffffff) / 16777215.0f;
}

static float
noise (float x, float y, guint seed)
{
  float sum = 0.0f, weight = 0.5f;
  for (guint octave = 0; octave < 4; octave++, x *= 2.0f, y *= 2.0f, weight *= 0.5f)
    {
      int ix = (int)floorf (x), iy = (int)floorf (y);
      float fx = x - (float)ix, fy = y - (float)iy;
      fx = fx * fx * (3 - 2 * fx);
      fy = fy * fy * (3 - 2 * fy);
      float top = hash (ix, iy, seed + octave) * (1 - fx) + hash (ix + 1, iy, seed + octave) * fx;
      float bottom = hash (ix, iy + 1, seed + octave) * (1 - fx) + hash (ix + 1, iy + 1, seed + octave) * fx;
      sum += weight * (top * (1 - fy) + bottom * fy);
    }
  return sum;
}

/* 1 inside an object, falling to 0 outside. */
static float
objects (float u, float v)
{
  static const float discs[][3] = { { 0.17f, 0.70f, 0.045f }, { 0.22f, 0.66f, 0.030f }, { 0.45f, 0.72f, 0.040f },
                                    { 0.64f, 0.70f, 0.025f }, { 0.82f, 0.76f, 0.035f }, { 0.32f, 0.71f, 0.018f } };
  float most = 0.0f;
  for (guint i = 0; i < G_N_ELEMENTS (discs); i++)
    {
      float du = u - discs[i][0], dv = (v - discs[i][1]) * 0.75f;
      float d = sqrtf (du * du + dv * dv) / discs[i][2] + 0.35f * (noise (u * 40, v * 40, 7 + i) - 0.5f);
      most = fmaxf (most, 1.0f / (1.0f + expf (9.0f * (d - 1.0f))));
    }
  return most;
}

Invented *
invented_new (guint width, guint height, guint seed)
{
  Invented *invented = g_new0 (Invented, 1);
  gsize n = (gsize)width * height;
  guint8 *image = g_malloc (3 * n), *ids = g_malloc (n), *truth = g_malloc (n);
  float *likelihood = g_new (float, n), *posterior = g_new (float, n), *hybrid = g_new (float, n);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      {
        gsize i = (gsize)y * width + x;
        float u = ((float)x + 0.5f) / (float)width, v = ((float)y + 0.5f) / (float)height;
        float fine = noise (u * 60, v * 34, seed), coarse = noise (u * 9, v * 6, seed + 20);
        float horizon = 0.42f + 0.05f * sinf (u * 5.0f), object = objects (u, v);
        gboolean road = v > horizon + 0.22f * fabsf (u - 0.55f);
        int id = v < 0.20f + 0.1f * coarse ? 2 : road ? 0 : v < horizon ? 1 : 3;
        static const guint8 base[5][3] = {
          { 108, 106, 114 }, { 66, 82, 52 }, { 170, 190, 215 }, { 150, 140, 96 }, { 180, 170, 180 }
        };
        for (int c = 0; c < 3; c++)
          {
            float value = base[id][c] * (0.62f + 0.8f * fine);
            value += (60.0f + 25.0f * (float)c - value) * object * 0.8f;
            image[3 * i + (guint)c] = (guint8)fminf (fmaxf (value, 0), 255);
          }
        ids[i] = (guint8)id;
        truth[i] = object > 0.5f ? 1 : (v > 0.94f || (id == 2 && v < 0.03f)) ? 255 : 0;
        float seen = u > 0.28f && u < 0.36f ? 0.25f * object : object; /* one that is missed */
        likelihood[i] = 12.0f - 4.5f * coarse - 2.5f * fine + (road ? 1.6f : 0.0f) - 6.5f * seen;
        float logit = 5.5f - 3.5f * fine - 1.5f * coarse - 6.5f * seen + (road ? 1.0f : 0.0f);
        posterior[i] = 1.0f / (1.0f + expf (-logit));
        hybrid[i] = -likelihood[i] + logf (1.0f - posterior[i] + 1e-12f);
      }
  /* Values that no map should have, and some do. */
  if (width > 64 && height > 64)
    for (guint k = 0; k < 41; k++)
      hybrid[(gsize)(height / 3 + k / 7) * width + width * 5 / 8 + k % 7] = k % 3 == 0   ? NAN
                                                                            : k % 3 == 1 ? INFINITY
                                                                                         : -INFINITY;
  invented->width = width;
  invented->height = height;
  invented->image = g_bytes_new_take (image, 3 * n);
  invented->segmentation = g_bytes_new_take (ids, n);
  invented->truth = g_bytes_new_take (truth, n);
  invented->likelihood = g_bytes_new_take (likelihood, n * sizeof (float));
  invented->posterior = g_bytes_new_take (posterior, n * sizeof (float));
  invented->hybrid = g_bytes_new_take (hybrid, n * sizeof (float));
  return invented;
}

void
invented_free (Invented *invented)
{
  g_bytes_unref (invented->image);
  g_bytes_unref (invented->segmentation);
  g_bytes_unref (invented->truth);
  g_bytes_unref (invented->likelihood);
  g_bytes_unref (invented->posterior);
  g_bytes_unref (invented->hybrid);
  g_free (invented);
}

void
invented_count (const Invented *invented, GBytes *map, int label, gboolean logit, double low, double high,
                guint64 *bins, guint n)
{
  const float *values = g_bytes_get_data (map, NULL);
  const guint8 *truth = g_bytes_get_data (invented->truth, NULL);
  for (guint i = 0; i < n; i++)
    bins[i] = 0;
  for (gsize i = 0; i < (gsize)invented->width * invented->height; i++)
    {
      if (label >= 0 && truth[i] != label)
        continue;
      double v = logit ? log ((double)values[i] / (1.0 - (double)values[i])) : (double)values[i];
      if (isfinite (v) && v >= low && v < high)
        bins[(guint)((v - low) / (high - low) * n)]++;
    }
}
