/* One pane of the canvas. The first line (#version) and the defines KIND, OVERLAY, NEAREST, SMOOTH, OUTLINE, DIFFERENCE, FILL and COLORS come from
 * the program: drivers that draw by the CPU take every branch, so what is fixed for a pane is not left to a uniform.
 * Row 0 of the target is the top one, so gl_FragCoord counts downwards here. */
#ifdef GL_ES
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
#endif

#define KIND_IMAGE 0
#define KIND_IDS 1
#define KIND_MAP 2
#define KIND_TRUTH 3
#define KIND_CORNER 4
#define OVERLAY_NONE 0
#define OVERLAY_MASK 1
#define OVERLAY_OUTCOME 2
#define OVERLAY_CLASSES 3
#define OVERLAY_LABELS 8

uniform vec2 u_origin;      /* target position of the picture's corner */
uniform float u_zoom;       /* target pixels per picture pixel */
uniform vec2 u_size;        /* of the picture */
uniform float u_line;       /* width of outlines, target pixels */
uniform sampler2D u_image;
uniform float u_level;
uniform bool u_has_image;
uniform sampler2D u_map;
uniform sampler2D u_other;  /* DIFFERENCE: the map that is taken from the first */
uniform vec4 u_other_size;
uniform vec3 u_terms;       /* factors of both, and what is added */
uniform usampler2D u_ids;
uniform usampler2D u_truth;
uniform vec4 u_image_size;  /* columns, rows, and both as shares of the picture's */
uniform vec4 u_map_size;
uniform vec4 u_ids_size;
uniform vec4 u_truth_size;
uniform sampler2D u_colors; /* COLORS wide, a row a colour map */
uniform int u_color_row;
uniform sampler2D u_palette;   /* of the classes; alpha 0: hidden */
uniform vec4 u_range;       /* low, 1 / (high − low); middle and its position for a diverging map, else middle = low */
uniform vec2 u_halves;      /* diverging: ½ / (middle − low), ½ / (high − middle) */
uniform bool u_diverging;
uniform bool u_reversed;
uniform float u_bound;      /* the threshold: the only thing that a slider moves */
uniform bool u_below;
uniform float u_opacity;
uniform vec4 u_inner, u_outer; /* of a pane's corner */

out vec4 o_color;

const vec3 TP = vec3 (51.0, 177.0, 255.0) / 255.0;
const vec3 FP = vec3 (255.0, 176.0, 0.0) / 255.0;
const vec3 FN = vec3 (220.0, 38.0, 127.0) / 255.0;
const vec3 MASK = vec3 (253.0, 231.0, 36.0) / 255.0;
const vec3 RIM = vec3 (16.0, 16.0, 18.0) / 255.0;
const vec3 NON_FINITE = vec3 (1.0, 0.0, 1.0);
const float RIM_SHARE = 0.80;

bool
is_finite (float v)
{
  return (floatBitsToUint (v) & 0x7f800000u) != 0x7f800000u;
}

bool
is_nan (float v)
{
  return (floatBitsToUint (v) & 0x7fffffffu) > 0x7f800000u;
}

ivec2
texel (vec2 p, vec4 size)
{
  return ivec2 (clamp (floor (p * size.zw), vec2 (0.0), size.xy - 1.0));
}

/* Floats in their order as integers: comparing these is exact where a card flushes small numbers to zero. */
int
order (float v)
{
  int bits = floatBitsToInt (v);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

/* Exactly what is counted: the value as stored, against a bound that decides as double precision does. */
bool
flagged (vec2 p)
{
  float v = texelFetch (u_map, texel (p, u_map_size), 0).r;
#if NEAREST
  int o = order (v), bound = order (u_bound);
  return !is_nan (v) && (u_below ? o < bound : o > bound);
#else
  return u_below ? v < u_bound : v > u_bound;
#endif
}

vec3
photograph (vec2 p)
{
#if NEAREST
  vec3 color = texelFetch (u_image, texel (p, u_image_size), 0).rgb;
#else
  vec3 color = textureLod (u_image, p / u_size, u_level).rgb;
#endif
  return u_has_image ? color : vec3 (0.5);
}

float
luminance (vec3 c)
{
  return dot (c, vec3 (0.299, 0.587, 0.114));
}

/* Stripes at 45°, the same on the screen at every zoom. */
float
hatch ()
{
  float period = 6.0 * u_line;
  return mod (gl_FragCoord.x + gl_FragCoord.y, period) < 0.4 * period ? 1.0 : 0.0;
}

#if KIND == KIND_MAP
/* Bilinear over what is finite; a value that is not stays so over its own pixel, and poisons no neighbour. */
float
sampled (sampler2D map, vec4 size, vec2 p)
{
#if NEAREST
  return texelFetch (map, texel (p, size), 0).r;
#elif SMOOTH
  /* All values are finite, and the card can filter floats. */
  return textureLod (map, p / u_size, 0.0).r;
#else
  vec2 q = p * size.zw - 0.5;
  vec2 i = floor (q);
  vec2 f = q - i;
  ivec2 lo = ivec2 (clamp (i, vec2 (0.0), size.xy - 1.0));
  ivec2 hi = ivec2 (clamp (i + 1.0, vec2 (0.0), size.xy - 1.0));
  vec4 v = vec4 (texelFetch (map, lo, 0).r, texelFetch (map, ivec2 (hi.x, lo.y), 0).r,
                 texelFetch (map, ivec2 (lo.x, hi.y), 0).r, texelFetch (map, hi, 0).r);
  vec4 w = vec4 ((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
  vec2 row = f.x < 0.5 ? v.xz : v.yw;
  float nearest = f.y < 0.5 ? row.x : row.y;
  bvec4 bad = equal (floatBitsToUint (v) & uvec4 (0x7f800000u), uvec4 (0x7f800000u));
  w = mix (w, vec4 (0.0), bad);
  v = mix (v, vec4 (0.0), bad);
  return is_finite (nearest) ? dot (v, w) / dot (w, vec4 (1.0)) : nearest;
#endif
}

float
map_value (vec2 p)
{
  float v = sampled (u_map, u_map_size, p);
#if DIFFERENCE
  float other = sampled (u_other, u_other_size, p);
  /* Not left to arithmetic: some cards know no NaN. */
  if (is_finite (v))
    v = is_finite (other) ? u_terms.x * v - u_terms.y * other + u_terms.z : other;
#endif
  return v;
}

vec3
map_color (float v)
{
  if (!is_finite (v))
    return NON_FINITE;
  float t;
  if (u_diverging)
    t = v < u_range.z ? (v - u_range.x) * u_halves.x : 0.5 + (v - u_range.z) * u_halves.y;
  else
    t = (v - u_range.x) * u_range.y;
  t = clamp (t, 0.0, 1.0);
  if (u_reversed)
    t = 1.0 - t;
  return texelFetch (u_colors, ivec2 (int (t * float (COLORS - 1) + 0.5), u_color_row), 0).rgb;
}

/* White with a dark rim. Where texels are seen they are followed exactly: white inside, the rim outside. Zoomed out the
 * line lies where the interpolated map crosses the threshold, its width told from the map's slope. */
vec3
with_outline (vec3 color, float v, vec2 p)
{
#if NEAREST
  float d = u_line / u_zoom;
  bool c = flagged (p);
  bool edge = flagged (p - vec2 (d, 0.0)) != c || flagged (p + vec2 (d, 0.0)) != c
              || flagged (p - vec2 (0.0, d)) != c || flagged (p + vec2 (0.0, d)) != c;
  return edge ? (c ? vec3 (1.0) : mix (color, RIM, RIM_SHARE)) : color;
#else
  float s = is_finite (v) ? v : u_bound;
  vec2 slope = vec2 (dFdx (s), dFdy (s));
  float steepness = max (length (slope), 1e-20);
  float d = abs (s - u_bound) / steepness;
  if (!is_finite (v) || d > 2.1 * u_line)
    return color;
  /* At an edge of the map the slope promises a crossing that may not come: look whether it does. */
  vec2 towards = slope / steepness * (s < u_bound ? d + 0.6 : -d - 0.6);
  if (flagged (p + towards / u_zoom) == (u_below ? s < u_bound : s > u_bound))
    return color;
  d /= u_line;
  float rim = clamp ((2.1 - d) * 1.4, 0.0, 1.0), line = clamp ((1.1 - d) * 2.0, 0.0, 1.0);
  color = mix (color, RIM, rim * RIM_SHARE);
  return mix (color, vec3 (1.0), line);
#endif
}
#endif

/* 0 nothing or a hidden class, 1 TP or mask, 2 FP, 3 FN, 4 + id for classes; of labels that are drawn 1 what is flagged
 * and not labelled, 2 ignored, 3 anomaly */
int
category (vec2 p)
{
#if OVERLAY == OVERLAY_MASK
  return flagged (p) ? 1 : 0;
#elif OVERLAY == OVERLAY_OUTCOME
  uint truth = texelFetch (u_truth, texel (p, u_truth_size), 0).r;
  if (truth > 1u)
    return 0;
  bool f = flagged (p);
  return truth == 1u ? (f ? 1 : 3) : (f ? 2 : 0);
#elif OVERLAY == OVERLAY_LABELS
  uint truth = texelFetch (u_truth, texel (p, u_truth_size), 0).r;
  return truth == 1u ? 3 : truth > 1u ? 2 : flagged (p) ? 1 : 0;
#elif OVERLAY == OVERLAY_CLASSES
  int id = int (texelFetch (u_ids, texel (p, u_ids_size), 0).r);
  return texelFetch (u_palette, ivec2 (id, 0), 0).a > 0.5 ? 4 + id : 0;
#else
  return 0;
#endif
}

vec3
category_color (int c)
{
#if OVERLAY == OVERLAY_CLASSES
  return texelFetch (u_palette, ivec2 (c - 4, 0), 0).rgb;
#elif OVERLAY == OVERLAY_MASK
  return MASK;
#elif OVERLAY == OVERLAY_LABELS
  return c == 1 ? MASK : c == 2 ? vec3 (0.78) : FN;
#else
  return c == 1 ? TP : c == 2 ? FP : FN;
#endif
}

vec3
with_overlay (vec3 color, vec2 p)
{
#if OVERLAY == OVERLAY_NONE
  return color;
#else
  float d = u_line / u_zoom;
  int c = category (p);
#if OVERLAY == OVERLAY_CLASSES
  if (c == 0)
    return color;
#endif
#if OVERLAY == OVERLAY_CLASSES && FILL
  return mix (color, category_color (c), u_opacity);
#endif
  int r = category (p + vec2 (d, 0.0)), b = category (p + vec2 (0.0, d));
#if FILL && !NEAREST
  /* Zoomed out one line of a pixel is enough, between each pixel and the next. */
#if OVERLAY == OVERLAY_LABELS
  if ((r != c || b != c) && max (c, max (r, b)) == 1)
    return mix (color, MASK, 0.90);
#endif
  if (r != c || b != c)
    return mix (color, RIM, RIM_SHARE);
  bool edge = false;
  int l = c, t = c;
#else
  int l = category (p - vec2 (d, 0.0)), t = category (p - vec2 (0.0, d));
  bool edge = l != c || r != c || t != c || b != c;
#endif
#if OVERLAY == OVERLAY_CLASSES
  return edge ? mix (color, category_color (c), max (u_opacity, 0.5)) : color;
#else
  if (c == 0)
    return edge ? mix (color, RIM, RIM_SHARE) : color;
  vec3 tint = category_color (c);
  if (edge)
    {
      /* Between two tinted areas the rim is drawn once, on the side of the higher number. */
      bool inner = (l != 0 && l < c) || (r != 0 && r < c) || (t != 0 && t < c) || (b != 0 && b < c);
      return inner ? mix (color, RIM, RIM_SHARE) : mix (color, tint, max (u_opacity, 0.85));
    }
#if !FILL
  return color;
#endif
  float share = u_opacity;
#if OVERLAY == OVERLAY_LABELS
  if (c < 3)
    return c == 1 ? color : mix (color, vec3 (hatch () > 0.5 ? 0.78 : 0.55), share);
#endif
#if OVERLAY == OVERLAY_OUTCOME
  if (c == 3)
    {
      vec3 filled = mix (color, tint, share);
      return mix (filled, vec3 (1.0), hatch () * 0.45 * share);
    }
#endif
  return mix (color, tint, share);
#endif
#endif
}

void
main ()
{
#if KIND == KIND_CORNER
  o_color = mix (u_inner, u_outer, clamp (distance (gl_FragCoord.xy, u_origin) - u_zoom + 0.5, 0.0, 1.0));
#else
  vec2 p = (gl_FragCoord.xy - u_origin) / u_zoom;
  vec3 color;
#if KIND == KIND_IMAGE
  color = with_overlay (photograph (p), p);
#elif KIND == KIND_IDS
  vec4 paint = texelFetch (u_palette, ivec2 (int (texelFetch (u_ids, texel (p, u_ids_size), 0).r), 0), 0);
  color = u_has_image ? mix (vec3 (luminance (photograph (p))), paint.rgb, 0.80 * paint.a) : paint.rgb * paint.a;
#elif KIND == KIND_TRUTH
  uint truth = texelFetch (u_truth, texel (p, u_truth_size), 0).r;
  color = vec3 (luminance (photograph (p)) * 0.50);
  if (truth == 1u)
    color = mix (color, FN, 0.92);
  else if (truth > 1u)
    color = mix (color, vec3 (hatch () > 0.5 ? 0.78 : 0.55), 0.6);
#else
  float v = map_value (p);
  color = map_color (v);
#if OUTLINE
  color = with_outline (color, v, p);
#endif
#endif
  o_color = vec4 (color, 1.0);
#endif
}
