#include "dh-degradation.h"

#include <string.h>

#include "dh-degrade-private.h"
#include "dh-error.h"

static const struct
{
  const char *name, *title, *about;
  gboolean (*make) (const DhDegradeJob *job); /* NULL: by libjpeg */
} kinds[DH_N_DEGRADE] = {
  [DH_DEGRADE_NOISE] = { "noise", "Noise", "noise of the sensor, the same in dark and bright places",
                         dh_degrade_noise },
  [DH_DEGRADE_SHOT] = { "shot", "Shot noise", "noise of few photons, more where it is bright", dh_degrade_shot },
  [DH_DEGRADE_DEFOCUS] = { "defocus", "Defocus", "a lens out of focus", dh_degrade_defocus },
  [DH_DEGRADE_MOTION] = { "motion", "Motion blur", "a camera that turned while the shutter was open",
                          dh_degrade_motion },
  [DH_DEGRADE_DARK] = { "dark", "Dark", "little light, as in dusk and at night, with its noise", dh_degrade_dark },
  [DH_DEGRADE_BRIGHT] = { "bright", "Overexposed", "too much light, cut off", dh_degrade_bright },
  [DH_DEGRADE_CONTRAST] = { "contrast", "Low contrast", "a flat image, as of a dirty lens", dh_degrade_contrast },
  [DH_DEGRADE_FOG] = { "fog", "Fog", "fog that grows with the distance", dh_degrade_fog },
  [DH_DEGRADE_RAIN] = { "rain", "Rain", "streaks of rain, and what it takes of the contrast", dh_degrade_rain },
  [DH_DEGRADE_JPEG] = { "jpeg", "JPEG", "strong compression", NULL },
  [DH_DEGRADE_RESOLUTION] = { "resolution", "Low resolution", "fewer pixels, made as many again",
                              dh_degrade_resolution },
};

const char *
dh_degrade_name (DhDegradeKind kind)
{
  return kinds[kind].name;
}

const char *
dh_degrade_title (DhDegradeKind kind)
{
  return kinds[kind].title;
}

const char *
dh_degrade_about (DhDegradeKind kind)
{
  return kinds[kind].about;
}

const char *
dh_degrade_names (void)
{
  return "noise, shot, defocus, motion, dark, bright, contrast, fog, rain, jpeg, resolution";
}

gboolean
dh_degrade_find (const char *name, DhDegradeKind *kind)
{
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    if (strcmp (kinds[k].name, name) == 0)
      {
        *kind = k;
        return TRUE;
      }
  return FALSE;
}

gboolean
dh_degradation_equal (DhDegradation a, DhDegradation b)
{
  return a.severity == b.severity && (a.severity == 0 || a.kind == b.kind);
}

gboolean
dh_degradation_from_text (const char *text, DhDegradation *degradation)
{
  const char *colon = strchr (text, ':');
  g_autofree char *name = colon ? g_strndup (text, (gsize)(colon - text)) : NULL;
  DhDegradeKind kind;
  if (!colon || !dh_degrade_find (name, &kind) || colon[1] < '1' || colon[1] > '0' + DH_DEGRADE_SEVERITIES
      || colon[2] != '\0')
    return FALSE;
  *degradation = (DhDegradation){ kind, (guint)(colon[1] - '0') };
  return TRUE;
}

char *
dh_degradation_to_text (DhDegradation degradation)
{
  return degradation.severity ? g_strdup_printf ("%s:%u", kinds[degradation.kind].name, degradation.severity) : NULL;
}

char *
dh_degradation_dup_title (DhDegradation degradation)
{
  return degradation.severity ? g_strdup_printf ("%s %u", kinds[degradation.kind].title, degradation.severity) : NULL;
}

/* Of all pixels. */
static guint64
find_seed (const DhImage *image)
{
  const gsize n = (gsize)3 * image->width * image->height;
  guint64 sum = (guint64)image->width << 32 | image->height;
  for (gsize i = 0; i < n; i += 8)
    {
      guint64 word = 0;
      memcpy (&word, image->rgb + i, MIN (n - i, 8));
      sum = (sum ^ GUINT64_FROM_LE (word)) * G_GUINT64_CONSTANT (0xff51afd7ed558ccd);
      sum ^= sum >> 32;
    }
  return sum;
}

static DhImage *
compress (const DhImage *image, guint severity, GError **error)
{
  static const gint quality[] = { 0, 40, 25, 15, 10, 7 };
  g_autoptr (GBytes) bytes = dh_image_encode_jpeg (image->width, image->height, image->rgb, quality[severity], error);
  return bytes ? dh_image_load_bytes (bytes, "the compressed image", error) : NULL;
}

DhImage *
dh_degradation_apply (DhDegradation degradation, DhImage *image, GError **error)
{
  g_return_val_if_fail (degradation.kind < DH_N_DEGRADE && degradation.severity <= DH_DEGRADE_SEVERITIES, NULL);

  if (degradation.severity == 0)
    return dh_image_ref (image);
  if (!kinds[degradation.kind].make)
    return compress (image, degradation.severity, error);
  g_autoptr (DhImage) made = dh_image_new (image->width, image->height);
  const DhDegradeJob job = { image, made, degradation.severity, dh_degrade_mix (find_seed (image) + degradation.kind) };
  if (made && kinds[degradation.kind].make (&job))
    return g_steal_pointer (&made);
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory to degrade %u×%u pixels", image->width,
               image->height);
  return NULL;
}
