#pragma once

/* Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray, 2016) on the points 0, ±A, ±B and infinity. With 5/8 and
 * 3/2, which are exact in binary as are their products here, rounding errors are several times smaller than with the
 * textbook's 1 and 2 (Barabasz et al., Error Analysis and Improving the Accuracy of Winograd Convolution, 2020, choose
 * points by the same consideration). y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A. */
#define DH_WINOGRAD_A 0.625
#define DH_WINOGRAD_B 1.5
#define DH_WINOGRAD_A2 (DH_WINOGRAD_A * DH_WINOGRAD_A)
#define DH_WINOGRAD_B2 (DH_WINOGRAD_B * DH_WINOGRAD_B)
/* of a row of G for ±A and ±B: 1, ±point, point² times these */
#define DH_WINOGRAD_GA (1 / (2 * DH_WINOGRAD_A2 * (DH_WINOGRAD_A2 - DH_WINOGRAD_B2)))
#define DH_WINOGRAD_GB (1 / (2 * DH_WINOGRAD_B2 * (DH_WINOGRAD_B2 - DH_WINOGRAD_A2)))
#define DH_WINOGRAD_G0 (1 / (DH_WINOGRAD_A2 * DH_WINOGRAD_B2))
