#include <math.h>
#include <string.h>

#include "dh-cuda-probe.h"
#include "dh-cuda-value-math.h"
#include "dh-error.h"

/* A probe of what a convolution computes: right of what the emulated card makes, in every precision and direction, and
 * wrong of what an engine might do instead. */

typedef struct
{
  DhCudaCard *card;
  DhCudaConvSpec spec;
  DhCudaConvMemory memory;
  char *all;
} Fixture;

static gsize
count_of (const DhCudaConvSpec *s, DhCudaConvDirection made)
{
  return made == DH_CUDA_CONV_FORWARD ? (gsize)s->n * s->out_h * s->out_w * s->out
         : made == DH_CUDA_CONV_DATA  ? (gsize)s->n * s->h * s->w * s->in
                                      : (gsize)s->out * s->kernel * s->kernel * s->in;
}

static Fixture
begin (DhCudaConvSpec spec)
{
  enum
  {
    PIECE = 1 << 20
  };
  g_autoptr (GError) error = NULL;
  Fixture f = { .card = dh_cuda_driver.open (0, &error), .spec = spec };
  g_assert_no_error (error);
  f.all = dh_cuda_driver.alloc (f.card, 6 * (gsize)PIECE, &error);
  g_assert_no_error (error);
  f.memory = (DhCudaConvMemory){ .x = f.all,
                                 .w = f.all + PIECE,
                                 .y = f.all + 2 * PIECE,
                                 .z = spec.z ? f.all + 3 * PIECE : NULL,
                                 .bias = spec.bias ? f.all + 4 * PIECE : NULL,
                                 .workspace = f.all + 5 * PIECE };
  const gint w[] = { spec.out, spec.kernel, spec.kernel, spec.in }, bias[] = { 1, 1, 1, spec.out };
  g_assert_true (dh_cuda_probe_fill (f.card, f.memory.w, spec.type, w, DH_CUDA_NOISE_EVEN, &error));
  g_assert_true (!spec.bias
                 || dh_cuda_probe_fill (f.card, (gpointer)f.memory.bias, spec.type, bias, DH_CUDA_NOISE_EVEN, &error));
  g_assert_true (dh_cuda_probe_fill_inputs (f.card, &spec, &f.memory, &error));
  g_assert_true (dh_cuda_probe_fill_result (f.card, &spec, &f.memory, &error));
  return f;
}

static void
end (Fixture *f)
{
  dh_cuda_driver.release (f->card, f->all);
  dh_cuda_driver.close (f->card);
}

/* By an engine that takes the convolution for another one. */
static void
compute (Fixture *f, DhCudaConvSpec as)
{
  g_autoptr (GError) error = NULL;
  DhCudaConvMemory memory = f->memory;
  memory.z = as.z ? memory.z : NULL;
  memory.bias = as.bias ? memory.bias : NULL;
  DhCudaConvolution *conv = dh_cuda_driver.conv_new (f->card, &as, &memory, 1 << 20, &error);
  g_assert_no_error (error);
  g_assert_true (dh_cuda_driver.conv_run (f->card, conv, &memory, &error));
  g_assert_true (dh_cuda_driver.wait (f->card, &error));
  dh_cuda_driver.conv_free (conv);
}

/* With scratch memory and without. */
static double
off (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  const double own = dh_cuda_probe_conv (f->card, &f->spec, &f->memory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (own, ==, dh_cuda_probe_conv (f->card, &f->spec, &f->memory, f->memory.workspace, &error));
  return own;
}

static gpointer
made (const Fixture *f)
{
  return f->spec.direction == DH_CUDA_CONV_FORWARD ? f->memory.y
         : f->spec.direction == DH_CUDA_CONV_DATA  ? f->memory.x
                                                   : f->memory.w;
}

/* Values from `first` on, `step` apart, times `factor`. */
static void
scale (Fixture *f, gsize first, gsize step, gsize run, float factor)
{
  const gsize n = count_of (&f->spec, f->spec.direction);
  for (gsize at = first; at + run <= n; at += step)
    for (gsize i = 0; i < run; i += 8)
      {
        float v[8];
        for (gint j = 0; j < 8; j++)
          v[j] = factor * dh_cuda_load1 (made (f), (int64_t)(at + i) + j, f->spec.type);
        dh_cuda_store8 (made (f), (int64_t)(at + i), f->spec.type, v);
      }
}

static const DhCudaConvSpec cases[] = {
  { .z = 1,
    .bias = 1,
    .relu = 1,
    .n = 2,
    .in = 64,
    .out = 48,
    .h = 9,
    .w = 14,
    .out_h = 9,
    .out_w = 14,
    .kernel = 3,
    .stride = 1,
    .padding = 1,
    .dilation = 1 },
  { .bias = 1,
    .n = 1,
    .in = 24,
    .out = 32,
    .h = 19,
    .w = 16,
    .out_h = 10,
    .out_w = 8,
    .kernel = 3,
    .stride = 2,
    .padding = 1,
    .dilation = 1 },
  { .relu = 1,
    .n = 1,
    .in = 512,
    .out = 16,
    .h = 11,
    .w = 20,
    .out_h = 11,
    .out_w = 20,
    .kernel = 3,
    .stride = 1,
    .padding = 4,
    .dilation = 4 },
  { .n = 2,
    .in = 128,
    .out = 40,
    .h = 7,
    .w = 23,
    .out_h = 7,
    .out_w = 23,
    .kernel = 1,
    .stride = 1,
    .padding = 0,
    .dilation = 1 },
  { .bias = 1,
    .relu = 1,
    .n = 1,
    .in = 8,
    .out = 64,
    .h = 30,
    .w = 33,
    .out_h = 15,
    .out_w = 17,
    .kernel = 7,
    .stride = 2,
    .padding = 3,
    .dilation = 1 },
};

static void
test_right (gconstpointer data)
{
  static const struct
  {
    DhCudaType type;
    gint strict;
  } types[] = { { DH_CUDA_F32, 1 }, { DH_CUDA_F32, 0 }, { DH_CUDA_F16, 0 }, { DH_CUDA_BF16, 0 } };
  double worst = 0;
  for (guint t = 0; t < G_N_ELEMENTS (types); t++)
    for (gint direction = DH_CUDA_CONV_FORWARD; direction <= DH_CUDA_CONV_WEIGHTS; direction++)
      {
        DhCudaConvSpec spec = *(const DhCudaConvSpec *)data;
        spec.type = types[t].type;
        spec.strict = types[t].strict;
        spec.direction = direction;
        if (direction != DH_CUDA_CONV_FORWARD)
          spec.z = spec.bias = spec.relu = 0;
        Fixture f = begin (spec);
        g_assert_cmpfloat (off (&f), ==, G_MAXDOUBLE); /* nothing was made yet */
        compute (&f, spec);
        const double right = off (&f);
        worst = MAX (worst, right);
        g_assert_cmpfloat (right, <=, 1);
        /* By little more than is rounded; one row of each picture, a group of channels, what was left out. */
        const gsize row = (gsize)(direction == DH_CUDA_CONV_FORWARD ? spec.out_w * spec.out
                                  : direction == DH_CUDA_CONV_DATA  ? spec.w * spec.in
                                                                    : spec.kernel * spec.in);
        const gsize channels = (gsize)(direction == DH_CUDA_CONV_FORWARD ? spec.out : spec.in);
        const gsize n = count_of (&spec, direction);
        const float little = spec.type == DH_CUDA_BF16                  ? 1.1f
                             : spec.type == DH_CUDA_F16 || !spec.strict ? 1.02f
                                                                        : 1.0003f;
        scale (&f, 0, 8, 8, little);
        g_assert_cmpfloat (off (&f), >, 1);
        compute (&f, spec);
        scale (&f, n - row, row, row, 2);
        g_assert_cmpfloat (off (&f), >, 1);
        compute (&f, spec);
        scale (&f, channels - 8, channels, 8, -1);
        g_assert_cmpfloat (off (&f), >, 1);
        compute (&f, spec);
        scale (&f, 0, channels, 8, NAN);
        g_assert_cmpfloat (off (&f), ==, G_MAXDOUBLE);
        end (&f);
      }
  g_test_message ("right within %.2g of the bound", worst);
}

/* An engine that takes it for another convolution, or does what float32 does not allow. */
static void
test_wrong (void)
{
  DhCudaConvSpec as[6];
  for (guint i = 0; i < G_N_ELEMENTS (as); i++)
    as[i] = cases[0];
  as[0].z = as[1].bias = as[2].relu = 0;
  as[3].dilation = as[3].padding = 2;
  as[4].padding = 0, as[4].out_h -= 2, as[4].out_w -= 2;
  as[5].strict = 0;
  for (guint i = 0; i < G_N_ELEMENTS (as); i++)
    {
      DhCudaConvSpec spec = cases[0];
      spec.strict = i == 5;
      Fixture f = begin (spec);
      compute (&f, as[i]);
      g_assert_cmpfloat (off (&f), >, 1);
      compute (&f, spec);
      g_assert_cmpfloat (off (&f), <=, 1);
      g_setenv ("DH_CUDA_WITHOUT", "checks", TRUE);
      compute (&f, as[i]);
      g_assert_cmpfloat (off (&f), ==, 0);
      g_unsetenv ("DH_CUDA_WITHOUT");
      end (&f);
    }
}

/* What is no number in the weights is so in the result, and not the engine's fault; nor is what the type does not hold.
 */
static void
test_overflow (void)
{
  DhCudaConvSpec spec = cases[3];
  spec.type = DH_CUDA_F16;
  for (guint i = 0; i < 2; i++)
    {
      Fixture f = begin (spec);
      const gsize filter = (gsize)spec.in;
      for (gsize at = 0; at < filter; at += 8)
        {
          const float v[8] = { i ? NAN : 60000, 60000, 60000, 60000, 60000, 60000, 60000, 60000 };
          dh_cuda_store8 (f.memory.w, (int64_t)at, spec.type, v);
        }
      compute (&f, spec);
      g_assert_cmpfloat (off (&f), <=, 1);
      end (&f);
    }
}

static void
test_faults (void)
{
  static const char *const faults[] = { "launch:1", "copy:1", "wait:1", "alloc:1" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GError) error = NULL;
      const gint code = i < 3 ? DH_ERROR_FAILED : DH_ERROR_NO_MEMORY;
      Fixture f = begin (cases[3]);
      compute (&f, cases[3]);
      g_setenv ("DH_EMULATED_FAIL", faults[i], TRUE);
      g_assert_cmpfloat (dh_cuda_probe_conv (f.card, &f.spec, &f.memory, NULL, &error), ==, -1);
      g_unsetenv ("DH_EMULATED_FAIL");
      g_assert_error (error, DH_ERROR, code);
      end (&f);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/cuda/probe/%dx%d-%d-to-%d", cases[i].kernel, cases[i].kernel, cases[i].in, cases[i].out);
      g_test_add_data_func (path, &cases[i], test_right);
    }
  g_test_add_func ("/cuda/probe/wrong", test_wrong);
  g_test_add_func ("/cuda/probe/overflow", test_overflow);
  g_test_add_func ("/cuda/probe/faults", test_faults);
  return g_test_run ();
}
