#pragma once
#include "dh-image.h"

G_BEGIN_DECLS

/* Pictures made worse, as a camera, the weather or a link make them, in five severities: to learn how much a detector
 * loses by it. Sizes and places stay, so that labels fit as before. The idea is that of common-corruption benchmarks
 * (Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR
 * 2019); formulas and strengths are our own, and numbers are not to be held against theirs.
 *
 * The strengths of severities 1 to 5. v is a stored value, 0 to 255; light is taken as v². Lengths are in pixels of a
 * picture 1024 high and grow and shrink with the height, between 512 and 4096.
 *   noise       v plus noise of σ = 6, 12, 20, 30, 45
 *   shot        the same with σ = √(255 v / n), n = 200, 90, 45, 22, 11: what is bright is noisier
 *   defocus     the mean over a disk of radius 1.5, 3, 5, 7.5, 11
 *   motion      the mean along a line of 7, 13, 21, 33, 49, which is nearly level
 *   dark        0.55, 0.35, 0.2, 0.11, 0.06 of the light, with the noise of what is left and of reading it
 *   bright      1.5, 2.1, 3, 4.3, 6 times the light, cut off at 255
 *   contrast    0.7, 0.5, 0.35, 0.22, 0.12 of what lies between v and the picture's mean luminance
 *   fog         a veil that lets e^−τ through, τ = 0.35, 0.7, 1.2, 1.9, 2.8 above two fifths of the height and less
 *               towards the bottom (a plain road is nearer there), here thicker and there thinner by 3/8
 *   rain        150, 350, 700, 1200, 2000 streaks a megapixel, of which a fifth or more fall beside it, of length 24
 *               to 60, and a veil of 4 to 20 per cent
 *   jpeg        written and read as JPEG of quality 40, 25, 15, 10, 7
 *   resolution  the means of blocks of 2, 3, 4, 6, 8 pixels a side, and lines between their centres
 *
 * What is by chance hangs on the picture's pixels alone, and is the same chance in each severity. All is computed in
 * whole numbers, so that the bytes are the same on every machine; those of jpeg are as libjpeg there makes them. */
typedef enum
{
  DH_DEGRADE_NOISE,
  DH_DEGRADE_SHOT,
  DH_DEGRADE_DEFOCUS,
  DH_DEGRADE_MOTION,
  DH_DEGRADE_DARK,
  DH_DEGRADE_BRIGHT,
  DH_DEGRADE_CONTRAST,
  DH_DEGRADE_FOG,
  DH_DEGRADE_RAIN,
  DH_DEGRADE_JPEG,
  DH_DEGRADE_RESOLUTION,
  DH_N_DEGRADE,
} DhDegradeKind;

#define DH_DEGRADE_SEVERITIES 5

/* All 0: none. */
typedef struct
{
  DhDegradeKind kind;
  guint severity; /* 1 to 5; 0: the picture as it is */
} DhDegradation;

const char *dh_degrade_name (DhDegradeKind kind);  /* "fog" */
const char *dh_degrade_title (DhDegradeKind kind); /* "Fog" */
const char *dh_degrade_about (DhDegradeKind kind); /* what it is like, one line */
/* "noise, shot, …" for messages; a constant. */
const char *dh_degrade_names (void);
gboolean dh_degrade_find (const char *name, DhDegradeKind *kind);

gboolean dh_degradation_equal (DhDegradation a, DhDegradation b);
/* "fog:3"; FALSE, with nothing changed, where it is nothing of the kind. */
gboolean dh_degradation_from_text (const char *text, DhDegradation *degradation);
/* "fog:3"; NULL of none. Free with g_free. */
char *dh_degradation_to_text (DhDegradation degradation);
/* "Fog 3"; NULL of none. Free with g_free. */
char *dh_degradation_dup_title (DhDegradation degradation);

/* The picture made worse; a reference to it where there is nothing to do. Any thread. Errors: DH_ERROR_NO_MEMORY. */
DhImage *dh_degradation_apply (DhDegradation degradation, DhImage *image, GError **error);

G_END_DECLS
