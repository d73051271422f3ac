#pragma once
#include "dh-scene-canvas-private.h"
#include "dh-scene-material-private.h"
#include "dh-scenes.h"

G_BEGIN_DECLS

/* One street scene while it is drawn. World: x to the right of the road's middle, y up from the ground, z ahead of the
 * camera, metres; the road bends by curve · z². Camera: pinhole at (camera_x, camera_y, 0), looking along z. */
typedef struct
{
  Canvas canvas;
  Rng rng;
  gboolean test; /* anomalies, and the other town's style */

  float focal, cx, cy; /* pixels */
  float camera_x, camera_y, curve;

  Vec sun_dir; /* towards the sun */
  Rgb sun, ambient, sky_top, sky_low, fog, ground_light;
  float fog_density; /* per metre */
  float wet, rain, night, clouds;
  float shadow; /* how dark a cast shadow is, 0…1 */

  float road_left, road_right;      /* x of the kerbs; left is negative */
  float walk_left, walk_right;      /* widths of the pavements */
  float junction_from, junction_to; /* z of a crossing road; empty where from ≥ to */
  gboolean left_hand;
} Scene;

/* A plane piece of the world in camera coordinates: origin, and the directions of s and t (units of length). */
typedef struct
{
  Vec origin, u, v;
} Frame;

G_GNUC_INTERNAL Vec scene_point (const Scene *scene, float x, float y, float z);
/* Sunlight and skylight on a surface of this normal (turned towards the camera where `origin` is given). */
G_GNUC_INTERNAL Rgb scene_light (const Scene *scene, Vec normal);
/* Pixels for one metre at distance z. */
G_GNUC_INTERNAL float scene_scale (const Scene *scene, float z);

/* Fills a polygon of camera coordinates on the plane of `frame`; what lies behind the camera is cut off. */
G_GNUC_INTERNAL void scene_fill (Scene *scene, const Frame *frame, const Vec *points, int n, guint8 label,
                                 ShadeFunc shade, gconstpointer data, gboolean opaque);
/* A polygon with corners (s, t) in the frame. */
G_GNUC_INTERNAL void scene_shape (Scene *scene, const Frame *frame, const float (*st)[2], int n, guint8 label,
                                  const Material *material);
G_GNUC_INTERNAL void scene_rect (Scene *scene, const Frame *frame, float s0, float t0, float s1, float t1, guint8 label,
                                 const Material *material);
/* An ellipsoid seen as a disc: centre, half axes, turn of the first axis (in turns). */
G_GNUC_INTERNAL void scene_ball (Scene *scene, const Frame *frame, float s, float t, float rs, float rt, float turn,
                                 guint8 label, const Material *material);
/* A rounded limb from one radius to another. */
G_GNUC_INTERNAL void scene_limb (Scene *scene, const Frame *frame, float s0, float t0, float r0, float s1, float t1,
                                 float r1, guint8 label, const Material *material);
/* A plane polygon of 3-D points with its own frame (u along the first edge), lit by its own normal. */
G_GNUC_INTERNAL void scene_face (Scene *scene, const Vec *points, int n, guint8 label, const Material *material);
/* A box standing on the ground at camera coordinates, turned about the vertical. */
G_GNUC_INTERNAL void scene_box (Scene *scene, Vec base, float width, float height, float length, float turn,
                                guint8 label, const Material *side, const Material *top);
/* A frame upright at a place of the ground, turned about the vertical (0: facing the camera). */
G_GNUC_INTERNAL Frame scene_upright (const Scene *scene, float x, float z, float turn);

/* Cast shadow on the ground (world coordinates): a vertical board's, a disc's at some height, a polygon's. */
G_GNUC_INTERNAL void scene_shadow_board (Scene *scene, float x0, float z0, float x1, float z1, float height);
G_GNUC_INTERNAL void scene_shadow_disc (Scene *scene, float x, float y, float z, float radius);
/* Dark ground beneath a thing that stands on it, whatever the light. */
G_GNUC_INTERNAL void scene_contact (Scene *scene, float x, float z, float half_x, float half_z, float strength);

/* The parts, in drawing order. */
G_GNUC_INTERNAL void scene_draw_sky (Scene *scene);
G_GNUC_INTERNAL void scene_draw_ground (Scene *scene);
G_GNUC_INTERNAL void scene_apply_shadow (Scene *scene);

/* A thing that stands in the scene. Its shadow is drawn with the ground, itself later, far ones first; both take their
 * numbers from `seed`, so that they agree. */
typedef struct _Thing Thing;
struct _Thing
{
  void (*draw) (Scene *scene, const Thing *thing);
  void (*shade) (Scene *scene, const Thing *thing);
  float x, z, turn, size;
  int kind;
  guint64 seed;
};

G_GNUC_INTERNAL void scene_draw_building (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_building (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_skyline (Scene *scene);
G_GNUC_INTERNAL void scene_draw_tree (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_tree (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_bush (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_bush (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_lamp (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_sign (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_signal (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_pole (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_fence (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_wall (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_wall (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_car (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_car (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_person (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_person (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_draw_anomaly (Scene *scene, const Thing *thing);
G_GNUC_INTERNAL void scene_shade_anomaly (Scene *scene, const Thing *thing);
#define N_ANOMALIES 16
G_GNUC_INTERNAL void scene_draw_animal (Scene *scene, const Thing *thing, Rng *rng);

#define MAX_THINGS 600

typedef struct
{
  Scene scene;
  Thing things[MAX_THINGS]; /* once laid out: buildings, then the rest, each from far to near */
  int n;
} Street;

/* Light, camera, and what stands where; in this order. */
G_GNUC_INTERNAL void scene_set_light (Scene *scene);
G_GNUC_INTERNAL void scene_set_camera (Scene *scene, int width, int height);
G_GNUC_INTERNAL void scene_lay_out (Street *street);

/* Fog, rain, the lens and the sensor; radiance becomes 8-bit RGB. */
G_GNUC_INTERNAL void scene_finish (Scene *scene, guint8 *rgb);

/* A picture of training outliers, its labels the numbers of its segments (1…). */
G_GNUC_INTERNAL void scene_draw_negative (Canvas *canvas, Rng *rng);

G_END_DECLS
