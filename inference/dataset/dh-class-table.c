#include "dh-class-table.h"

#include <string.h>

/* The colour-blind-safe colours were found by maximising the least OKLab distance over normal sight and Machado's
 * protan, deutan and tritan matrices (also to black, white and the colour of anomalies), then given to the classes
 * whose usual colours lie nearest. */
static const DhClass cityscapes[] = {
  { "road", { 128, 64, 128 }, { 128, 64, 128 }, { 128, 64, 96 } },
  { "sidewalk", { 244, 35, 232 }, { 244, 35, 232 }, { 128, 96, 255 } },
  { "building", { 70, 70, 70 }, { 70, 70, 70 }, { 96, 32, 64 } },
  { "wall", { 102, 102, 156 }, { 102, 102, 156 }, { 160, 96, 192 } },
  { "fence", { 190, 153, 153 }, { 190, 153, 153 }, { 192, 160, 255 } },
  { "pole", { 153, 153, 153 }, { 153, 153, 153 }, { 128, 192, 192 } },
  { "traffic light", { 250, 170, 30 }, { 250, 170, 30 }, { 255, 128, 128 } },
  { "traffic sign", { 220, 220, 0 }, { 220, 220, 0 }, { 224, 192, 0 } },
  { "vegetation", { 107, 142, 35 }, { 107, 142, 35 }, { 160, 160, 0 } },
  { "terrain", { 152, 251, 152 }, { 152, 251, 152 }, { 192, 255, 96 } },
  { "sky", { 70, 130, 180 }, { 70, 130, 180 }, { 96, 160, 192 } },
  { "person", { 220, 20, 60 }, { 220, 20, 60 }, { 192, 96, 128 } },
  { "rider", { 255, 0, 0 }, { 255, 0, 0 }, { 224, 0, 0 } },
  { "car", { 0, 0, 142 }, { 0, 0, 142 }, { 0, 0, 128 } },
  { "truck", { 0, 0, 70 }, { 0, 0, 70 }, { 64, 0, 64 } },
  { "bus", { 0, 60, 100 }, { 0, 60, 100 }, { 96, 32, 160 } },
  { "train", { 0, 80, 100 }, { 0, 80, 100 }, { 0, 128, 64 } },
  { "motorcycle", { 0, 0, 230 }, { 0, 0, 230 }, { 32, 0, 224 } },
  { "bicycle", { 119, 11, 32 }, { 119, 11, 32 }, { 128, 0, 0 } },
};

static const DhClass street_hazards[] = {
  { "background", { 0, 0, 0 }, { 0, 0, 0 }, { 96, 160, 192 } },
  { "building", { 70, 70, 70 }, { 70, 70, 70 }, { 96, 32, 64 } },
  { "fence", { 190, 153, 153 }, { 190, 153, 153 }, { 192, 160, 255 } },
  { "person", { 220, 20, 60 }, { 220, 20, 60 }, { 192, 96, 128 } },
  { "pole", { 153, 153, 153 }, { 153, 153, 153 }, { 128, 192, 192 } },
  { "street lines", { 255, 255, 255 }, { 157, 234, 50 }, { 192, 255, 96 } },
  { "road", { 128, 64, 128 }, { 128, 64, 128 }, { 128, 64, 96 } },
  { "sidewalk", { 244, 35, 232 }, { 244, 35, 232 }, { 128, 96, 255 } },
  { "vegetation", { 107, 142, 35 }, { 107, 142, 35 }, { 160, 160, 0 } },
  { "car", { 0, 0, 142 }, { 0, 0, 142 }, { 0, 0, 128 } },
  { "wall", { 102, 102, 156 }, { 102, 102, 156 }, { 160, 96, 192 } },
  { "traffic sign", { 220, 220, 0 }, { 220, 220, 0 }, { 224, 192, 0 } },
};

static const DhClass camvid[] = {
  { "sky", { 128, 128, 128 }, { 128, 128, 128 }, { 96, 160, 192 } },
  { "building", { 128, 0, 0 }, { 128, 0, 0 }, { 96, 32, 64 } },
  { "pole", { 192, 192, 128 }, { 192, 192, 128 }, { 128, 192, 192 } },
  { "road", { 128, 64, 128 }, { 128, 64, 128 }, { 128, 64, 96 } },
  { "pavement", { 60, 40, 222 }, { 60, 40, 222 }, { 128, 96, 255 } },
  { "tree", { 128, 128, 0 }, { 128, 128, 0 }, { 160, 160, 0 } },
  { "sign", { 192, 128, 128 }, { 192, 128, 128 }, { 224, 192, 0 } },
  { "fence", { 64, 64, 128 }, { 64, 64, 128 }, { 192, 160, 255 } },
  { "car", { 64, 0, 128 }, { 64, 0, 128 }, { 0, 0, 128 } },
  { "pedestrian", { 64, 64, 0 }, { 64, 64, 0 }, { 192, 96, 128 } },
  { "bicyclist", { 0, 128, 192 }, { 0, 128, 192 }, { 128, 0, 0 } },
};

static const DhClassTable tables[] = {
  { "cityscapes", "Cityscapes", G_N_ELEMENTS (cityscapes), cityscapes },
  { "street-hazards", "StreetHazards", G_N_ELEMENTS (street_hazards), street_hazards },
  { "camvid", "CamVid", G_N_ELEMENTS (camvid), camvid },
};

/* The same colours, each as far as can be from those before it. */
static const guint8 series[][3] = { { 32, 0, 224 },    { 224, 0, 0 },   { 64, 0, 64 },    { 96, 160, 192 },
                                    { 224, 192, 0 },   { 128, 0, 0 },   { 0, 0, 128 },    { 160, 160, 0 },
                                    { 128, 96, 255 },  { 128, 64, 96 }, { 192, 96, 128 }, { 128, 192, 192 },
                                    { 255, 128, 128 }, { 96, 32, 160 }, { 192, 255, 96 }, { 192, 160, 255 },
                                    { 0, 128, 64 },    { 96, 32, 64 },  { 160, 96, 192 } };

const DhClassTable *
dh_class_table_from_name (const char *name)
{
  for (guint i = 0; name && i < G_N_ELEMENTS (tables); i++)
    if (strcmp (name, tables[i].name) == 0)
      return &tables[i];
  return NULL;
}

const DhClassTable *
dh_class_table_for_count (guint n_classes)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    if (tables[i].n_classes == n_classes)
      return &tables[i];
  return NULL;
}

const char *
dh_class_table_class_name (const DhClassTable *table, guint id)
{
  return table && id < table->n_classes ? table->classes[id].name : NULL;
}

void
dh_class_table_colour (const DhClassTable *table, DhPalette palette, guint id, guint8 rgb[3])
{
  if (table && id == table->n_classes)
    {
      memset (rgb, 0, 3);
      return;
    }
  if (!table || id > table->n_classes)
    {
      memcpy (rgb, series[id % G_N_ELEMENTS (series)], 3);
      return;
    }
  const DhClass *entry = &table->classes[id];
  memcpy (rgb,
          palette == DH_PALETTE_COLOUR_BLIND ? entry->safe_rgb
          : palette == DH_PALETTE_AUTHORS    ? entry->authors_rgb
                                             : entry->rgb,
          3);
}
