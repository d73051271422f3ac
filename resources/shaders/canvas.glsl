/* One pane of the canvas. The first line (#version) and the defines KIND and OVERLAY come from the program.
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
#define OVERLAY_NONE 0
#define OVERLAY_MASK 1
#define OVERLAY_OUTCOME 2
#define OVERLAY_CLASSES 3

uniform vec2 u_origin;      /* target position of the picture's corner */
uniform float u_zoom;       /* target pixels per picture pixel */
uniform vec2 u_size;        /* of the picture */
uniform float u_line;       /* width of outlines, target pixels */
uniform sampler2D u_image;
uniform float u_level;
uniform bool u_has_image;
uniform sampler2D u_map;
uniform usampler2D u_ids;
uniform usampler2D u_truth;
uniform sampler2D u_colors; /* 256 wide, a row a colour map */
uniform int u_color_row;
uniform sampler2D u_palette;
uniform vec4 u_range;       /* low, 1 / (high − low); middle and its position for a diverging map, else middle = low */
uniform vec2 u_halves;      /* diverging: ½ / (middle − low), ½ / (high − middle) */
uniform bool u_diverging;
uniform bool u_reversed;
uniform float u_bound;      /* the threshold: the only thing that a slider moves */
uniform bool u_below;
uniform bool u_outline;
uniform float u_opacity;
uniform bool u_fill;

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
texel (vec2 p, ivec2 size)
{
  return clamp (ivec2 (floor (p * vec2 (size) / u_size)), ivec2 (0), size - 1);
}

/* Exactly what is counted: the value as stored, against a bound that decides as double precision does. */
bool
flagged (vec2 p)
{
  float v = texelFetch (u_map, texel (p, textureSize (u_map, 0)), 0).r;
  if (is_nan (v))
    return false;
  return u_below ? v < u_bound : v > u_bound;
}

vec3
photograph (vec2 p)
{
  if (!u_has_image)
    return vec3 (0.5);
  if (u_zoom >= 1.0)
    return texelFetch (u_image, texel (p, textureSize (u_image, 0)), 0).rgb;
  return textureLod (u_image, p / u_size, u_level).rgb;
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
map_value (vec2 p)
{
  ivec2 size = textureSize (u_map, 0);
  vec2 q = p * vec2 (size) / u_size;
  float nearest = texelFetch (u_map, clamp (ivec2 (floor (q)), ivec2 (0), size - 1), 0).r;
  if (u_zoom >= 1.0 || !is_finite (nearest))
    return nearest;
  q -= 0.5;
  ivec2 i = ivec2 (floor (q));
  vec2 f = q - vec2 (i);
  ivec2 lo = clamp (i, ivec2 (0), size - 1), hi = clamp (i + 1, ivec2 (0), size - 1);
  vec4 v = vec4 (texelFetch (u_map, lo, 0).r, texelFetch (u_map, ivec2 (hi.x, lo.y), 0).r,
                 texelFetch (u_map, ivec2 (lo.x, hi.y), 0).r, texelFetch (u_map, hi, 0).r);
  vec4 w = vec4 ((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
  if (!is_finite (v.x)) { w.x = 0.0; v.x = 0.0; }
  if (!is_finite (v.y)) { w.y = 0.0; v.y = 0.0; }
  if (!is_finite (v.z)) { w.z = 0.0; v.z = 0.0; }
  if (!is_finite (v.w)) { w.w = 0.0; v.w = 0.0; }
  return dot (v, w) / dot (w, vec4 (1.0));
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
  t *= 255.0;
  int i = min (int (t), 254);
  return mix (texelFetch (u_colors, ivec2 (i, u_color_row), 0).rgb,
              texelFetch (u_colors, ivec2 (i + 1, u_color_row), 0).rgb, t - float (i));
}
#endif

/* 0 nothing, 1 TP or mask, 2 FP, 3 FN, 4 + id for classes */
int
category (vec2 p)
{
#if OVERLAY == OVERLAY_MASK
  return flagged (p) ? 1 : 0;
#elif OVERLAY == OVERLAY_OUTCOME
  uint truth = texelFetch (u_truth, texel (p, textureSize (u_truth, 0)), 0).r;
  if (truth > 1u)
    return 0;
  bool f = flagged (p);
  return truth == 1u ? (f ? 1 : 3) : (f ? 2 : 0);
#elif OVERLAY == OVERLAY_CLASSES
  return 4 + int (texelFetch (u_ids, texel (p, textureSize (u_ids, 0)), 0).r);
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
  int l = category (p - vec2 (d, 0.0)), r = category (p + vec2 (d, 0.0));
  int t = category (p - vec2 (0.0, d)), b = category (p + vec2 (0.0, d));
  bool edge = l != c || r != c || t != c || b != c;
#if OVERLAY == OVERLAY_CLASSES
  if (u_fill)
    return mix (color, category_color (c), u_opacity);
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
  if (!u_fill)
    return color;
  float share = u_opacity;
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
  vec2 p = (gl_FragCoord.xy - u_origin) / u_zoom;
  vec3 color;
#if KIND == KIND_IMAGE
  color = with_overlay (photograph (p), p);
#elif KIND == KIND_IDS
  vec3 paint = texelFetch (u_palette, ivec2 (int (texelFetch (u_ids, texel (p, textureSize (u_ids, 0)), 0).r), 0), 0).rgb;
  color = u_has_image ? mix (vec3 (luminance (photograph (p))), paint, 0.80) : paint;
#elif KIND == KIND_TRUTH
  uint truth = texelFetch (u_truth, texel (p, textureSize (u_truth, 0)), 0).r;
  color = vec3 (luminance (photograph (p)) * 0.50);
  if (truth == 1u)
    color = mix (color, FN, 0.92);
  else if (truth > 1u)
    color = mix (color, vec3 (hatch () > 0.5 ? 0.78 : 0.55), 0.6);
#else
  color = map_color (map_value (p));
  if (u_outline)
    {
      float d = u_line / u_zoom;
      bool c = flagged (p);
      bool near = flagged (p - vec2 (d, 0.0)) != c || flagged (p + vec2 (d, 0.0)) != c
                  || flagged (p - vec2 (0.0, d)) != c || flagged (p + vec2 (0.0, d)) != c;
      if (near)
        color = c ? vec3 (1.0) : mix (color, RIM, RIM_SHARE);
      else if (c)
        {
          d *= 2.0;
          if (!flagged (p - vec2 (d, 0.0)) || !flagged (p + vec2 (d, 0.0)) || !flagged (p - vec2 (0.0, d))
              || !flagged (p + vec2 (0.0, d)))
            color = mix (color, RIM, RIM_SHARE);
        }
    }
#endif
  o_color = vec4 (color, 1.0);
}
