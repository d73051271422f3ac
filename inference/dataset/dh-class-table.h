#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Names and colours of the classes 0…K−1 of a training set. Constant data; any thread. */
typedef struct
{
  const char *name;
  guint8 rgb[3]; /* in the palette of the data set's users (for StreetHazards: the reference implementation's) */
  guint8 authors_rgb[3]; /* in the palette of the data set's authors; equal to `rgb` where there is only one */
  guint8 safe_rgb[3];    /* of DH_PALETTE_COLOUR_BLIND */
} DhClass;

typedef struct
{
  const char *name;  /* "cityscapes", "street-hazards", "camvid" */
  const char *title; /* "Cityscapes" */
  guint n_classes;   /* K */
  const DhClass *classes;
} DhClassTable;

typedef enum
{
  DH_PALETTE_USUAL,
  DH_PALETTE_AUTHORS,
  DH_PALETTE_COLOUR_BLIND, /* at least 0.085 apart in OKLab under normal, protan, deutan and tritan sight */
} DhPalette;

/* NULL where there is no such table. */
const DhClassTable *dh_class_table_from_name (const char *name);
/* The table of a network with K classes: 19 Cityscapes, 12 StreetHazards, 11 CamVid, else NULL. */
const DhClassTable *dh_class_table_for_count (guint n_classes);

/* NULL where the class has no name (no table, or id ≥ K). `table` may be NULL. */
const char *dh_class_table_class_name (const DhClassTable *table, guint id);
/* Colour of class `id` for every id: without a table, or beyond it, one of a fixed series; id K of a table (ignore) is
 * black. `table` may be NULL. */
void dh_class_table_colour (const DhClassTable *table, DhPalette palette, guint id, guint8 rgb[3]);
/* Of anomaly pixels in the StreetHazards palette; used for all tables. */
#define DH_ANOMALY_RGB ((const guint8[3]){ 60, 250, 240 })

G_END_DECLS
