#pragma once
#include "dh-image.h"

G_BEGIN_DECLS

/* What the values of one's own masks mean, where that is said: "anomaly=1,2 ignore=255". Roles are anomaly, inlier and
 * ignore; values are numbers, ranges of them (2-200), colours (#ff0000) and "rest", all that is not named. Where
 * neither "rest" nor an inlier is named, the rest is inlier. Immutable; any thread. */
typedef struct _DhMaskValues DhMaskValues;

/* Errors: DH_ERROR_USAGE, a sentence that says how it is written. */
DhMaskValues *dh_mask_values_new (const char *text, GError **error);
DhMaskValues *dh_mask_values_ref (DhMaskValues *values);
void dh_mask_values_unref (DhMaskValues *values);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMaskValues, dh_mask_values_unref)
/* The same text for all that are written alike but for spaces and the order of roles; borrowed. */
const char *dh_mask_values_text (const DhMaskValues *values);
/* A DhPixelMeaning of it: 1 anomaly, 0 inlier, 255 ignore; -1 where nothing is said. */
gint dh_mask_values_find (DhPixelValue value, gpointer values);
/* The one number that means this id and can be written in 8 bits; -1 where there is none, or several. */
gint dh_mask_values_get_number (const DhMaskValues *values, gint id);

G_END_DECLS
