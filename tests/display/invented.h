#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* A picture, labels and maps from a formula: the same on every machine, like no real scene, but with what the widgets
 * must cope with: a sky, a road, objects, void, values that are not finite. */
typedef struct
{
  guint width, height;
  GBytes *image;                           /* RGB */
  GBytes *segmentation;                    /* uint8 class ids 0 … 4 */
  GBytes *truth;                           /* uint8, DH_TRUTH_… */
  GBytes *likelihood, *posterior, *hybrid; /* float */
} Invented;

Invented *invented_new (guint width, guint height, guint seed);
void invented_free (Invented *invented);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Invented, invented_free)
/* 5 × RGB */
extern const guint8 invented_palette[15];
/* Bins a map; `label` keeps pixels of that truth only, −1 all. Positions are logits where `logit`. */
void invented_count (const Invented *invented, GBytes *map, int label, gboolean logit, double low, double high,
                     guint64 *bins, guint n);

G_END_DECLS
