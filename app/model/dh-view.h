#pragma once
#include <glib-object.h>
#include "dh-settings.h"

G_BEGIN_DECLS

/* How things are shown, remembered from one start to the next. All are properties that notify, so that each can be a
 * stateful action: "layout" (grid, single, compare), "overlay" (none, mask, outcome, classes), "palette" (usual,
 * authors, safe), "colors" (a colour map's name), "panes" (names of maps separated by commas),
 * "hidden-classes" (dh-shown-classes.h), "look" (fit, or zoom, middle and the size of
 * the picture: dh-browse-look.c), "own-looks" (of panes that were moved alone), "active-pane" (0 … 7), "compare-mode"
 * (swipe, side, blink, difference), "compare-a", "compare-b" (a map's name), "compare-scale" (own, aligned),
 * "compare-page" (of the right panel in a comparison: compare, a, b), "changes-order" (of pictures by what changes from
 * B to A: gain, loss, change, name), "tuning-page" (of the right panel: tune, components, notes,
 * finds), "finds-order", "finds-least", "finds-shown" (dh-found-list.h), "image-order" (the id
 * of a sort in dh-image-list.h), "image-filter" (dh_image_list_set_filter()), "table-page" (of the table on Metrics:
 * images, slices, objects, false-alarms), "alarm-area" (pixels that make a false alarm there: 1, 10, 50, 100, 200, 500,
 * 1000, 2000), "table-images-filter", "table-slices-filter", "table-objects-filter" (what its pages are
 * filtered by), "play-rate" (pictures a second that a player shows: 1, 2, 5, 10, 25) are strings; "this-image" (range
 * of the picture alone), "bright" (bright is anomalous in every score), "outline", "color-bar", "fill",
 * "linear-counts", "set-histogram", "worst-first", "grouped" (of the list of images), "play-repeats", "show-images",
 * "show-tuning" are booleans; "opacity" and "compare-split" (A's share of a swipe) are doubles of 0 … 1. For the
 * window's thread. */
#define DH_TYPE_VIEW (dh_view_get_type ())
G_DECLARE_FINAL_TYPE (DhView, dh_view, DH, VIEW, GObject)

/* Borrows the settings, which must outlive it. */
DhView *dh_view_new (DhSettings *settings);

const char *dh_view_get_string (DhView *view, const char *property);
/* Whether that string is this one. */
gboolean dh_view_is (DhView *view, const char *property, const char *choice);
gboolean dh_view_get_boolean (DhView *view, const char *property);
/* The chosen palette, as dh_session_get_class_color() counts them. */
guint dh_view_get_palette (DhView *view);
double dh_view_get_number (DhView *view, const char *property);

/* All that is no panel's, in the group "view" of a key file; and back, where what is missing or cannot be read there
 * stays as it is. */
void dh_view_store (DhView *view, GKeyFile *file);
void dh_view_take (DhView *view, GKeyFile *file);

G_END_DECLS
