#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* A generator of street scenes with exact labels: what the demo shows, and what its network was trained on. The same
 * arguments give the same bytes on every machine, and every picture is ours alone.
 *
 * Classes are StreetHazards' in their packed form. Training scenes hold classes 0…11 only. Test scenes also hold one to
 * three anomalies (animals, furniture, balls, crates and the like, on the road and beside it, near and far) that never
 * occur in training. Negative pictures are what the outlier head learns from: abstract textures in segments. They
 * share neither a shape nor a texture routine with the anomalies, so that a test measures what is truly unseen. */

#define DH_SCENE_WIDTH 512
#define DH_SCENE_HEIGHT 256
#define DH_SCENE_MIN_SIDE 16
#define DH_SCENE_MAX_SIDE 4096

typedef enum
{
  DH_SCENE_BACKGROUND, /* the sky */
  DH_SCENE_BUILDING,
  DH_SCENE_FENCE,
  DH_SCENE_PERSON,
  DH_SCENE_POLE,
  DH_SCENE_STREET_LINES,
  DH_SCENE_ROAD,
  DH_SCENE_SIDEWALK,
  DH_SCENE_VEGETATION,
  DH_SCENE_CAR,
  DH_SCENE_WALL,
  DH_SCENE_TRAFFIC_SIGN,
  DH_SCENE_ANOMALY,
  DH_SCENE_N_LABELS,
} DhSceneLabel;

typedef enum
{
  DH_SCENE_TRAIN,
  DH_SCENE_TEST,
  DH_SCENE_NEGATIVE,
} DhSceneKind;

/* Renders scene `index` of the series `seed`; the three kinds are series of their own. `rgb` holds 3·width·height
 * bytes, `labels` width·height: a DhSceneLabel, or for a negative the number of the segment, from 1. Any thread.
 * Errors: DH_ERROR_USAGE (a side out of range), DH_ERROR_NO_MEMORY. */
gboolean dh_scene_render (guint64 seed, DhSceneKind kind, guint index, guint width, guint height, guint8 *rgb,
                          guint8 *labels, GError **error);

/* Whether scenes of this size can be drawn. Errors: DH_ERROR_USAGE. */
gboolean dh_scene_check_size (guint width, guint height, GError **error);

/* The id that StreetHazards' own files use for a label: 1 for the background, 14 for the anomaly. */
guint8 dh_scene_raw_id (guint8 label);

G_END_DECLS
