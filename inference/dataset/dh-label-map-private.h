#pragma once
#include "dh-dataset-check.h"

G_BEGIN_DECLS

/* How the ids in a label file are numbered. */
typedef enum
{
  DH_FORM_NONE,
  DH_FORM_LF,                     /* 0, 1; 2 or 255 ignore */
  DH_FORM_BINARY,                 /* 0, 1; 255 ignore */
  DH_FORM_BLACK_WHITE,            /* 0; 255 anomaly */
  DH_FORM_ROAD_ANOMALY,           /* 0; 2 anomaly */
  DH_FORM_LOST_AND_FOUND,         /* 0 void, 1 road, 2–200 obstacle */
  DH_FORM_STREET_HAZARDS,         /* 1…14 */
  DH_FORM_STREET_HAZARDS_SHIFTED, /* 0…13 */
  DH_FORM_STREET_HAZARDS_PACKED,  /* 0…11, 12 anomaly, 13 or 255 ignore */
  DH_FORM_CITYSCAPES,             /* 0…33, 255 licence plate */
  DH_FORM_CITYSCAPES_TRAIN,       /* 0…18, 19 or 255 ignore */
  DH_FORM_CAMVID,                 /* 0…10, 11 ignore */
  DH_FORM_SEGMENTS,               /* 0 other, 1–150 (or more) segments of a negative */
  DH_N_FORMS,
} DhLabelForm;

/* Of ids that a layout takes as ignore though nothing defines them. */
#define DH_MEANING_NONE_IGNORED "no meaning, ignored"

/* The meaning of each of the 256 ids. */
typedef struct
{
  gboolean has_anomaly, has_classes;
  guint8 anomaly[256]; /* 0, 1, 2 */
  guint8 classes[256]; /* 0…K−1, K */
  guint8 role[256];    /* DhLabelRole */
  const char *meaning[256];
} DhLabelMap;

/* Constant; built at the first call; any thread. */
const DhLabelMap *dh_label_map_get (DhLabelForm form);
const DhClassTable *dh_label_form_table (DhLabelForm form);
/* What has ids, and what to do about one without meaning, for messages. */
const char *dh_label_form_title (DhLabelForm form);
const char *dh_label_form_advice (DhLabelForm form);

G_END_DECLS
