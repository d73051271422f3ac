#pragma once
#include "dh-scene-canvas-private.h"

G_BEGIN_DECLS

typedef enum
{
  TEXTURE_PLAIN,
  TEXTURE_GRAIN, /* fine noise: plaster, asphalt, painted metal with dirt */
  TEXTURE_BRICK,
  TEXTURE_BLOCKS, /* large stones or slabs */
  TEXTURE_BOARDS, /* upright boards */
  TEXTURE_MESH,   /* wire, seen through */
  TEXTURE_PAINT,  /* car paint: reflects sky above, ground below */
  TEXTURE_GLASS,
  TEXTURE_CLOTH,
  TEXTURE_LEAVES,
  TEXTURE_BARK,
  TEXTURE_TILES, /* roof tiles in courses */
  /* Of anomalies only. */
  TEXTURE_FUR,
  TEXTURE_PATCHES, /* a cow's */
  TEXTURE_SPOTS,
  TEXTURE_ZEBRA,
  TEXTURE_SECTORS, /* a beach ball's */
  TEXTURE_PANELS,  /* a football's */
  TEXTURE_HAY,
  TEXTURE_TARTAN,
  TEXTURE_CHEVRON,
  TEXTURE_QUILT,
  TEXTURE_GLOSS,
  TEXTURE_BRUSHED,
} Texture;

typedef struct
{
  Texture texture;
  Rgb base, second;
  float scale; /* metres of one repeat */
  guint32 seed;
  Rgb light;          /* filled in by the surface that is drawn */
  Rgb sky;            /* what glass and paint reflect */
  float glow;         /* shines by itself: lamps, lit windows */
  float round;        /* 1: shaded as a rounded thing, from `ns`, `nt` */
  float lit_s, lit_t; /* direction of the light in the frame, for rounded things */
  /* A rounded shape's own coordinates: (s − s0, t − t0) turned by (cos, sin), divided by the half axes. */
  float s0, t0, cos, sin, rs, rt;
  gboolean limb; /* round across only */
  float clip;    /* limbs: length */
} Material;

G_GNUC_INTERNAL Material material (Texture texture, Rgb base, float scale, guint32 seed);
G_GNUC_INTERNAL Material material_two (Texture texture, Rgb base, Rgb second, float scale, guint32 seed);
G_GNUC_INTERNAL Material material_glow (Rgb colour, float glow);
/* A ShadeFunc; data is the Material. */
G_GNUC_INTERNAL Rgb material_shade (gconstpointer data, const Sample *sample, float *alpha);

G_END_DECLS
