#include "dh-label-map-private.h"

#include <string.h>

/* StreetHazards' packed class of the published file ids 1…14; 12 is ignore. */
static const guint8 street_hazards_class[15] = { 12, 0, 1, 2, 12, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static const char *const cityscapes_names[34] = { "unlabeled",  "ego vehicle",   "rectification border",
                                                  "out of roi", "static",        "dynamic",
                                                  "ground",     "road",          "sidewalk",
                                                  "parking",    "rail track",    "building",
                                                  "wall",       "fence",         "guard rail",
                                                  "bridge",     "tunnel",        "pole",
                                                  "polegroup",  "traffic light", "traffic sign",
                                                  "vegetation", "terrain",       "sky",
                                                  "person",     "rider",         "car",
                                                  "truck",      "bus",           "caravan",
                                                  "trailer",    "train",         "motorcycle",
                                                  "bicycle" };
/* Train ids of the label ids 0…33; 19 is ignore. */
static const guint8 cityscapes_class[34] = { 19, 19, 19, 19, 19, 19, 19, 0,  1,  19, 19, 2,  3,  4,  19, 19, 19,
                                             5,  19, 6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 19, 19, 16, 17, 18 };

static void
set (DhLabelMap *map, guint id, DhLabelRole role, const char *meaning)
{
  map->role[id] = role;
  map->meaning[id] = meaning;
  map->anomaly[id] = role == DH_ROLE_ANOMALY  ? DH_ANOMALY_ANOMALY
                     : role == DH_ROLE_INLIER ? DH_ANOMALY_INLIER
                                              : DH_ANOMALY_IGNORE;
}

static void
set_class (DhLabelMap *map, guint id, DhLabelRole role, const DhClassTable *table, guint class_id)
{
  set (map, id, role, table->classes[class_id].name);
  map->classes[id] = class_id;
}

static void
fill_street_hazards (DhLabelMap *map, const DhClassTable *table, guint first)
{
  for (guint id = 1; id <= 14; id++)
    {
      const guint at = id - 1 + first;
      if (id == 14)
        set (map, at, DH_ROLE_ANOMALY, "anomaly");
      else if (id == 4)
        set (map, at, DH_ROLE_IGNORE, "other, ignored");
      else
        set_class (map, at, DH_ROLE_INLIER, table, street_hazards_class[id]);
    }
  map->has_anomaly = TRUE;
}

static void
fill_packed (DhLabelMap *map, const DhClassTable *table)
{
  for (guint id = 0; id < table->n_classes; id++)
    set_class (map, id, DH_ROLE_INLIER, table, id);
  set (map, table->n_classes, DH_ROLE_ANOMALY, "anomaly");
  set (map, table->n_classes + 1, DH_ROLE_IGNORE, "ignore");
  set (map, 255, DH_ROLE_IGNORE, "ignore");
  map->has_anomaly = TRUE;
}

static void
fill_cityscapes (DhLabelMap *map, const DhClassTable *table)
{
  for (guint id = 34; id < 255; id++)
    set (map, id, DH_ROLE_IGNORE, DH_MEANING_NONE_IGNORED);
  for (guint id = 0; id < 34; id++)
    if (cityscapes_class[id] < 19)
      set_class (map, id, DH_ROLE_CLASS, table, cityscapes_class[id]);
    else
      set (map, id, DH_ROLE_IGNORE, cityscapes_names[id]);
  set (map, 255, DH_ROLE_IGNORE, "licence plate");
}

static void
fill (DhLabelMap *map, DhLabelForm form)
{
  const DhClassTable *table = dh_label_form_table (form);
  map->has_classes = table != NULL;
  for (guint id = 0; id < 256; id++)
    {
      set (map, id, DH_ROLE_UNKNOWN, "no meaning");
      map->classes[id] = table ? table->n_classes : 0;
    }
  switch (form)
    {
    case DH_FORM_LF:
    case DH_FORM_BINARY:
      map->has_anomaly = TRUE;
      set (map, 0, DH_ROLE_INLIER, "inlier");
      set (map, 1, DH_ROLE_ANOMALY, "anomaly");
      set (map, 255, DH_ROLE_IGNORE, "ignore");
      if (form == DH_FORM_LF)
        set (map, 2, DH_ROLE_IGNORE, "ignore");
      break;
    case DH_FORM_BLACK_WHITE:
      map->has_anomaly = TRUE;
      set (map, 0, DH_ROLE_INLIER, "inlier");
      set (map, 255, DH_ROLE_ANOMALY, "anomaly");
      break;
    case DH_FORM_ROAD_ANOMALY:
      map->has_anomaly = TRUE;
      set (map, 0, DH_ROLE_INLIER, "inlier");
      set (map, 2, DH_ROLE_ANOMALY, "anomaly");
      set (map, 255, DH_ROLE_IGNORE, "ignore");
      break;
    case DH_FORM_LOST_AND_FOUND:
      map->has_anomaly = TRUE;
      set (map, 0, DH_ROLE_IGNORE, "void, ignored");
      set (map, 1, DH_ROLE_INLIER, "road");
      for (guint id = 2; id <= 200; id++)
        set (map, id, DH_ROLE_ANOMALY, "obstacle");
      set (map, 255, DH_ROLE_IGNORE, "ignore");
      break;
    case DH_FORM_STREET_HAZARDS:
      fill_street_hazards (map, table, 1);
      break;
    case DH_FORM_STREET_HAZARDS_SHIFTED:
      fill_street_hazards (map, table, 0);
      break;
    case DH_FORM_STREET_HAZARDS_PACKED:
      fill_packed (map, table);
      break;
    case DH_FORM_CITYSCAPES:
      fill_cityscapes (map, table);
      break;
    case DH_FORM_CITYSCAPES_TRAIN:
    case DH_FORM_CAMVID:
      for (guint id = 0; id < table->n_classes; id++)
        set_class (map, id, DH_ROLE_CLASS, table, id);
      set (map, table->n_classes, DH_ROLE_IGNORE, "ignore");
      set (map, 255, DH_ROLE_IGNORE, "ignore");
      break;
    case DH_FORM_SEGMENTS:
      set (map, 0, DH_ROLE_IGNORE, "other");
      for (guint id = 1; id < 256; id++)
        set (map, id, DH_ROLE_SEGMENT, "segment");
      break;
    default:
      break;
    }
}

const DhClassTable *
dh_label_form_table (DhLabelForm form)
{
  switch (form)
    {
    case DH_FORM_STREET_HAZARDS:
    case DH_FORM_STREET_HAZARDS_SHIFTED:
    case DH_FORM_STREET_HAZARDS_PACKED:
      return dh_class_table_from_name ("street-hazards");
    case DH_FORM_CITYSCAPES:
    case DH_FORM_CITYSCAPES_TRAIN:
      return dh_class_table_from_name ("cityscapes");
    case DH_FORM_CAMVID:
      return dh_class_table_from_name ("camvid");
    default:
      return NULL;
    }
}

static gboolean
is_street_hazards (DhLabelForm form)
{
  return form == DH_FORM_STREET_HAZARDS || form == DH_FORM_STREET_HAZARDS_SHIFTED
         || form == DH_FORM_STREET_HAZARDS_PACKED;
}

const char *
dh_label_form_title (DhLabelForm form)
{
  return form == DH_FORM_STREET_HAZARDS           ? "StreetHazards as published (1 to 14)"
         : form == DH_FORM_STREET_HAZARDS_SHIFTED ? "StreetHazards shifted by one (0 to 13)"
         : form == DH_FORM_STREET_HAZARDS_PACKED  ? "StreetHazards' packed classes (0 to 13, 255)"
                                                  : "this data set";
}

const char *
dh_label_form_advice (DhLabelForm form)
{
  return is_street_hazards (form) ? "if its labels count otherwise, say so (label ids: raw, shifted or packed); "
                                    "densehybrid dataset check tells more"
                                  : "densehybrid dataset check tells more";
}

const DhLabelMap *
dh_label_map_get (DhLabelForm form)
{
  static DhLabelMap maps[DH_N_FORMS];
  static gsize filled;
  if (g_once_init_enter (&filled))
    {
      for (guint i = 0; i < DH_N_FORMS; i++)
        fill (&maps[i], i);
      g_once_init_leave (&filled, 1);
    }
  return &maps[form];
}
