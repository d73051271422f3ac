#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* Which classes are drawn, in panes of classes and in the overlay: a choice of the view's for each list of classes
 * ("hidden-classes" of dh-view.h, whose notification tells of changes), so that Cityscapes' hidden sky is none of
 * CamVid's. What the network computes, the probe and all numbers do not know of it. For the window's thread. */
#define DH_MOST_CLASSES 256

/* Classes of the list in use: that of the network, else of the data set; 0 without any. */
guint dh_shown_classes_count (DhSession *session);
/* How many of them are hidden; `hidden` may be NULL, and is FALSE beyond the list. */
guint dh_shown_classes_get (DhSession *session, gboolean hidden[DH_MOST_CLASSES]);
void dh_shown_classes_set (DhSession *session, const gboolean hidden[DH_MOST_CLASSES]);
void dh_shown_classes_hide (DhSession *session, guint id, gboolean hidden);
void dh_shown_classes_hide_all (DhSession *session, gboolean hidden);
/* Hides all others; where they are hidden already, shows all. */
void dh_shown_classes_only (DhSession *session, guint id);

/* The name of a class, or its number in words. Free with g_free. */
char *dh_shown_classes_dup_name (DhSession *session, guint id);
/* "2 classes hidden"; NULL where none is. Free with g_free. */
char *dh_shown_classes_dup_note (DhSession *session);
/* The share of the shown picture that each class takes, of 1: as segmented, without a segmentation as labelled. FALSE
 * where there is neither. */
gboolean dh_shown_classes_measure (DhSession *session, double shares[DH_MOST_CLASSES]);

G_END_DECLS
