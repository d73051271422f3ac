#include <string.h>
#include "dh-cuda-private.h"
#include "dh-cuda-time.h"
#include "dh-error.h"

/* Convolutions that are dilated so far that the library's fastest engines do not take them, in 16 bits: as the library
 * makes them after all; bare, with what follows in a kernel of our own; or in phases. A convolution of dilation f·d
 * over a picture is one of dilation d over f² pictures, each of every f-th pixel of every f-th row: the same sums. It
 * takes two more passes over the pixels, in parts of the workspace; where the step before has left there what this one
 * reads, one. A timing says which. */

enum
{
  FAR = 10,      /* cuDNN 9.19's and 9.26's engines for Hopper take that much, and no more */
  LITTLE = 3,    /* what the heuristics know them for */
  SHARED = 4,    /* phases that a pyramid's 12, 24 and 36 have alike */
  MOST_WAYS = 4, /* as it is, bare, in phases of two kinds */
};
#define WHOLE 1
#define BARE 0
#define ALIGN ((gsize)256)

/* WHOLE, BARE, or how many phases a side has; `n` of them. */
typedef struct
{
  gint of[MOST_WAYS];
  guint n;
} Ways;

static gboolean
leaves (const DhCudaConvSpec *spec, gint factor, gint most)
{
  return spec->dilation / factor <= most && spec->dilation % factor == 0 && spec->padding % factor == 0;
}

/* The fewest phases that leave no more than so much dilation, or those that others have. */
static gint
phases_for (const DhCudaConvSpec *spec, gint most)
{
  gint factor = leaves (spec, SHARED, most) ? SHARED : 1;
  while (!leaves (spec, factor, most))
    if (++factor > spec->dilation)
      return WHOLE;
  return factor;
}

static Ways
list_ways (const DhCudaStep *step)
{
  const DhCudaConvSpec *spec = &step->spec;
  Ways ways = { { WHOLE }, 1 };
  if (step->fused && !spec->z)
    ways.of[ways.n++] = BARE;
  if (spec->z || spec->stride != 1 || spec->out_h != spec->h || spec->out_w != spec->w || dh_cuda_without ("phases"))
    return ways;
  const gint few = phases_for (spec, FAR), many = phases_for (spec, LITTLE);
  if (few > WHOLE)
    ways.of[ways.n++] = few;
  if (many > few)
    ways.of[ways.n++] = many;
  return ways;
}

static char *
name_of (gint way)
{
  return way == WHOLE ? g_strdup ("whole") : way == BARE ? g_strdup ("bare") : g_strdup_printf ("phases %d", way);
}

void
dh_cuda_phases_free (DhCudaPhases *phases)
{
  if (!phases)
    return;
  if (phases->conv)
    dh_cuda_driver.conv_free (phases->conv);
  g_free (phases->name);
  g_free (phases);
}

gsize
dh_cuda_step_workspace (const DhCudaStep *step)
{
  const DhCudaPhases *phases = step->phases;
  return phases ? phases->x_bytes + phases->y_bytes + dh_cuda_driver.conv_workspace (phases->conv)
                : dh_cuda_driver.conv_workspace (step->conv);
}

/* Where the parts stand, and what is left for the library. */
static DhCudaConvMemory
memory_of_parts (const DhCudaPhases *phases, const DhCudaConvMemory *memory)
{
  char *workspace = memory->workspace;
  DhCudaConvMemory parts = *memory;
  parts.x = workspace;
  parts.y = workspace + phases->x_bytes;
  parts.workspace = workspace + phases->x_bytes + phases->y_bytes;
  return parts;
}

static DhCudaKernel
make_kernel (const DhCudaConvSpec *spec, const DhCudaConvSpec *part, gint factor, gint channels, gint mode)
{
  return (DhCudaKernel){ .op = DH_CUDA_PHASES,
                         .mode = mode,
                         .type = spec->type,
                         .n = spec->n,
                         .h = spec->h,
                         .w = spec->w,
                         .c = channels,
                         .n_groups = channels / DH_CUDA_GROUP,
                         .in_h = part->h,
                         .in_w = part->w,
                         .stride = factor };
}

static gsize
bytes_of (const DhCudaConvSpec *part, gint channels)
{
  const gsize bytes = sizeof (guint16) * part->n * part->h * part->w * channels;
  return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* NULL with DH_ERROR_UNSUPPORTED where the workspace is too small, or nothing computes it. */
static DhCudaPhases *
phases_new (DhCudaCard *card, const DhCudaStep *step, const DhCudaStep *before, gint factor,
            const DhCudaConvMemory *memory, gsize most, GError **error)
{
  DhCudaPhases *phases = g_new0 (DhCudaPhases, 1);
  DhCudaConvSpec part = step->spec;
  part.n *= factor * factor;
  part.h = part.out_h = (step->spec.h + factor - 1) / factor;
  part.w = part.out_w = (step->spec.w + factor - 1) / factor;
  part.padding /= factor;
  part.dilation /= factor;
  phases->spread = make_kernel (&step->spec, &part, factor, part.in, DH_CUDA_PHASES_SPREAD);
  phases->join = make_kernel (&step->spec, &part, factor, part.out, DH_CUDA_PHASES_JOIN);
  phases->x_bytes = bytes_of (&part, part.in);
  phases->y_bytes = bytes_of (&part, part.out);
  if (phases->x_bytes + phases->y_bytes >= most)
    g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the workspace is too small for the phases");
  else
    {
      const DhCudaConvMemory parts = memory_of_parts (phases, memory);
      phases->conv = dh_cuda_driver.conv_new (card, &part, &parts, most - phases->x_bytes - phases->y_bytes, error);
    }
  if (!phases->conv)
    {
      dh_cuda_phases_free (phases);
      return NULL;
    }
  phases->factor = factor;
  phases->is_spread = before && before->phases && before->phases->factor == factor && before->in == step->in;
  phases->name = g_strdup_printf ("%s, %d² phases%s", dh_cuda_driver.conv_name (phases->conv), factor,
                                  phases->is_spread ? " as before" : "");
  return phases;
}

gboolean
dh_cuda_run_phases (DhCudaCard *card, const DhCudaStep *step, const DhCudaConvMemory *memory, GError **error)
{
  const DhCudaPhases *phases = step->phases;
  const DhCudaConvMemory parts = memory_of_parts (phases, memory);
  DhCudaKernel spread = phases->spread, join = phases->join;
  spread.packed = memory->x;
  spread.out = parts.x;
  join.packed = parts.y;
  join.out = memory->y;
  return (phases->is_spread || dh_cuda_driver.launch (card, &spread, error))
         && dh_cuda_driver.conv_run (card, phases->conv, &parts, error) && dh_cuda_driver.launch (card, &join, error);
}

static void
take_off_epilogue (DhCudaConvSpec *spec, DhCudaConvMemory *memory)
{
  spec->z = spec->bias = spec->relu = FALSE;
  memory->z = memory->bias = NULL;
}

/* The step, which stands whole, that way, and `memory` as it then takes it; FALSE with an error. What it has as `conv`
 * by then may be another, the caller's to free. */
static gboolean
set_way (DhCudaCard *card, DhCudaStep *step, const DhCudaStep *before, gint way, DhCudaConvMemory *memory, gsize most,
         GError **error)
{
  if (way == WHOLE)
    return TRUE;
  if (way != BARE)
    return (step->phases = phases_new (card, step, before, way, memory, most, error)) != NULL;
  take_off_epilogue (&step->spec, memory);
  step->memory.z = step->memory.bias = NULL;
  step->fused = FALSE;
  DhCudaConvolution *bare = dh_cuda_driver.conv_new (card, &step->spec, memory, most, error);
  if (bare)
    step->conv = bare;
  return bare != NULL;
}

static void
unset_way (DhCudaStep *step, const DhCudaStep *whole)
{
  dh_cuda_phases_free (step->phases);
  if (step->conv != whole->conv)
    dh_cuda_driver.conv_free (step->conv);
  *step = *whole;
}

/* For good. */
static gboolean
keep_way (DhCudaCard *card, DhCudaStep *step, const DhCudaStep *before, gint way, const DhCudaConvMemory *memory,
          gsize most, GError **error)
{
  const DhCudaStep whole = *step;
  DhCudaConvMemory of_way = *memory;
  if (!set_way (card, step, before, way, &of_way, most, error))
    {
      unset_way (step, &whole);
      return FALSE;
    }
  if (step->conv != whole.conv)
    dh_cuda_driver.conv_free (whole.conv);
  return TRUE;
}

typedef struct
{
  const DhCudaStep *step;
  const DhCudaConvMemory *memory;
} Trial;

static gboolean
queue_trial (DhCudaCard *card, gpointer data, GError **error)
{
  const Trial *trial = data;
  return dh_cuda_launch_conv (card, trial->step, trial->memory, error);
}

/* Seconds of the step, which stands whole, that way; G_MAXDOUBLE where it cannot go so, −1 with an error. */
static double
time_way (DhCudaCard *card, DhCudaStep *step, const DhCudaStep *before, gint way, const DhCudaConvMemory *memory,
          gsize most, double good, GError **error)
{
  const DhCudaStep whole = *step;
  g_autoptr (GError) refused = NULL;
  DhCudaConvMemory of_way = *memory;
  double seconds = G_MAXDOUBLE;
  if (set_way (card, step, before, way, &of_way, most, &refused))
    seconds = dh_cuda_time (card, queue_trial, &(Trial){ step, &of_way }, good, error);
  else if (!g_error_matches (refused, DH_ERROR, DH_ERROR_UNSUPPORTED))
    {
      g_propagate_error (error, g_steal_pointer (&refused));
      seconds = -1;
    }
  unset_way (step, &whole);
  return seconds;
}

/* All that decides which way is the fastest, and between which it was decided. */
static char *
key_of (const DhCudaStep *step, const DhCudaStep *before, const Ways *ways)
{
  GString *key = g_string_new ("dilated, with ");
  g_string_append (key, dh_cuda_driver.conv_name (step->conv));
  const gint *words = (const gint *)(gconstpointer)&step->spec;
  for (gsize i = 0; i < sizeof step->spec / sizeof *words; i++)
    g_string_append_printf (key, " %d", words[i]);
  if (before && before->phases && before->in == step->in)
    g_string_append_printf (key, ", behind %d", before->phases->factor);
  for (guint i = 0; i < ways->n; i++)
    {
      g_autofree char *name = name_of (ways->of[i]);
      g_string_append_printf (key, ", %s", name);
    }
  return g_string_free (key, FALSE);
}

gboolean
dh_cuda_choose_dilated (DhCudaPlan *plan, DhCudaStep *step, const DhCudaStep *before, const DhCudaConvMemory *memory,
                        gsize most, GError **error)
{
  if (step->spec.dilation <= FAR || step->spec.type == DH_CUDA_F32)
    return TRUE;
  DhCudaCard *card = plan->pool.device->card;
  const Ways ways = list_ways (step);
  g_autofree char *key = key_of (step, before, &ways), *known = dh_cuda_driver.recall (card, key);
  double best = G_MAXDOUBLE;
  gint best_way = WHOLE;
  for (guint i = 0; known && i < ways.n; i++)
    {
      g_autofree char *name = name_of (ways.of[i]);
      if (g_str_equal (known, name) && keep_way (card, step, before, ways.of[i], memory, most, NULL))
        return TRUE;
    }
  for (guint i = 0; i < ways.n; i++)
    {
      const double seconds = time_way (card, step, before, ways.of[i], memory, most, best, error);
      if (seconds < 0)
        return FALSE;
      if (seconds < best)
        {
          best = seconds;
          best_way = ways.of[i];
        }
    }
  g_autofree char *name = name_of (best_way);
  dh_cuda_driver.remember (card, key, name);
  return keep_way (card, step, before, best_way, memory, most, error);
}
