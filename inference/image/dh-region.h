#pragma once
#include "dh-image.h"

G_BEGIN_DECLS

/* A region of every picture of a set that is not measured, such as the camera's own car: shares of the picture's sides,
 * or the pixels of a mask that are not black, of a lossy file (JPEG, WebP) those of half of white or more. A mask is
 * taken upright, as its EXIF says. Immutable, reference counted (atomic), any thread.
 *
 * Texts are shares, "bottom:12%" or "top:5.5%,left:3%", each side once, in whole or tenths of a percentage; or the path
 * of a picture; or a picture that is known by its content, as dh_region_text() writes it. */
typedef struct _DhRegion DhRegion;

/* Reads the mask. Errors: DH_ERROR_USAGE (shares that are none, or leave nothing to measure; a mask of one colour),
 * DH_ERROR_MISMATCH (the file is another than the text knows), those of dh_image_load(). */
DhRegion *dh_region_new (const char *text, GError **error);
DhRegion *dh_region_ref (DhRegion *region);
void dh_region_unref (DhRegion *region);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRegion, dh_region_unref)

/* What it is known by: "top:5.5%,bottom:12%", "mask:" and 16 digits of the SHA-256 of the file's bytes, wherever the
 * file lies. ASCII without spaces and '+'. */
const char *dh_region_id (const DhRegion *region);
/* The same, and where the mask lies: "mask:SHA-256:/data/car.png", in the escapes of an URI. */
const char *dh_region_text (const DhRegion *region);

/* Whether such a text is of that region, wherever its mask lies; NULL is none. */
gboolean dh_region_is (const DhRegion *region, const char *text);

/* Of an id: "bottom 12 %", "mask 0f3a99c1". Free with g_free. */
char *dh_region_id_dup_title (const char *id);
/* Of a text, without its file: the path that is in it, in the file system's bytes; NULL where there is none. Free with
 * g_free. */
char *dh_region_text_dup_path (const char *text);
/* What dh_region_new() knows it by that a person would write: shares, or that path. Free with g_free. */
char *dh_region_text_dup_plain (const char *text);
/* In per cent, of top, bottom, left and right: FALSE with zeros where the text is of a mask, or is no text. */
gboolean dh_region_text_get_shares (const char *text, double shares[4]);
/* The text of such shares; NULL where all are 0. Free with g_free. */
char *dh_region_shares_to_text (const double shares[4]);

/* Whether a picture of that size has it: a mask must be as large, or of the same aspect within a pixel, and is brought
 * to its size by the nearest pixels; shares, rounded to whole pixels, must leave some. Errors: DH_ERROR_MISMATCH,
 * naming the sizes and the picture, `name`. */
gboolean dh_region_fits (const DhRegion *region, guint width, guint height, const char *name, GError **error);
/* Gives its pixels that id, in a picture's width · height, which fits. */
void dh_region_apply (const DhRegion *region, guint8 *ids, guint width, guint height, guint8 id);

G_END_DECLS
