#pragma once
#include <gio/gio.h>
#include "dh-settings.h"

G_BEGIN_DECLS

/* The data sets that were opened, the last one first: a GListModel of DhKnownSet, kept in the settings. It is a list of
 * names alone: taking one off it touches neither pictures nor runs nor numbers. For the window's thread. */
#define DH_TYPE_KNOWN_SETS (dh_known_sets_get_type ())
G_DECLARE_FINAL_TYPE (DhKnownSets, dh_known_sets, DH, KNOWN_SETS, GObject)

/* One of them. Immutable. */
#define DH_TYPE_KNOWN_SET (dh_known_set_get_type ())
G_DECLARE_FINAL_TYPE (DhKnownSet, dh_known_set, DH, KNOWN_SET, GObject)
const char *dh_known_set_get_path (DhKnownSet *set);
const char *dh_known_set_get_title (DhKnownSet *set); /* "StreetHazards, test split" */
guint dh_known_set_get_n_images (DhKnownSet *set);    /* when it was last opened */
/* "test/t5" where a part of it was chosen; else NULL. Free with g_free. */
char *dh_known_set_dup_part (DhKnownSet *set);
/* "SegmentMeIfYouCan · smiyc": told from others of its kind by its folder. Free with g_free. */
char *dh_known_set_dup_name (DhKnownSet *set);

/* `settings` must outlive it. */
DhKnownSets *dh_known_sets_new (DhSettings *settings);
/* To the front; the one that has been longest unused goes where there are too many. */
/* `reading`: how it is to be read when it is opened again, a text of dh-reading.h. */
void dh_known_sets_add (DhKnownSets *sets, const char *path, const char *title, guint n_images, const char *reading);
/* Of the set at this path; NULL where it is not in the list. Free with g_free. */
char *dh_known_sets_dup_reading (DhKnownSets *sets, const char *path);
/* Gives what was taken off, to be unreferenced, and its `id` for dh_known_sets_put_back(); NULL where there is no such
 * path. */
DhKnownSet *dh_known_sets_remove (DhKnownSets *sets, const char *path, guint *id);
/* To where it was, in whichever order several are; nothing where it is in the list again, or was put back before. */
void dh_known_sets_put_back (DhKnownSets *sets, guint id);

G_END_DECLS
