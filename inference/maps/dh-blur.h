#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* A Gaussian blur of one picture's score map, as methods apply it before they measure theirs: torchvision's
 * GaussianBlur (kernel × kernel taps that are samples of the Gaussian, together 1; beyond its borders the map is
 * mirrored, the pixels at the border once), to the rounding of float32. A map that is smaller than half the kernel,
 * which torchvision refuses, is mirrored as often as it takes.
 *
 * A score that is NaN or infinite stays what and where it is and does not spread: the others are the mean, by the same
 * taps, of the finite ones around them. */

enum
{
  DH_BLUR_MOST_KERNEL = 9999,
};

/* The kernel where none is named: 2·⌈3σ⌉ + 1, beyond which a Gaussian has next to nothing. */
guint dh_blur_kernel_of (double sigma);
/* Whether that can be done: a σ over 0, an odd kernel of at most DH_BLUR_MOST_KERNEL. Error: DH_ERROR_USAGE. */
gboolean dh_blur_check (double sigma, guint kernel, GError **error);

/* `to` is another map of the same size, row-major; σ and kernel are checked. Any thread. Error: DH_ERROR_NO_MEMORY. */
gboolean dh_blur (const float *from, float *to, guint width, guint height, double sigma, guint kernel, GError **error);

G_END_DECLS
