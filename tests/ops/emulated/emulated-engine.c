#include "emulated-card-private.h"

#include <string.h>

#include "dh-error.h"

/* Convolutions as the library has them: chosen, and queued. */

struct _DhCudaConvolution
{
  DhCudaConvSpec spec;
  guint number;
};

/* What a convolution reads and writes, and a workspace that it leaves full of rubbish. */
void
emulated_check_convolution (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                            gboolean with_workspace)
{
  const gsize size = spec->type == DH_CUDA_F32 ? 4 : 2, filter = (gsize)spec->kernel * spec->kernel * spec->in;
  const gsize y = size * spec->n * spec->out_h * spec->out_w * spec->out;
  emulated_check_memory (card, memory->x, size * spec->n * spec->h * spec->w * spec->in);
  emulated_check_memory (card, memory->w, size * spec->out * filter);
  emulated_check_memory (card, memory->y, y);
  if (spec->z)
    emulated_check_memory (card, memory->z, y);
  if (spec->bias)
    emulated_check_memory (card, memory->bias, size * spec->out);
  g_assert_cmpint (spec->out_h, ==,
                   (spec->h + 2 * spec->padding - spec->dilation * (spec->kernel - 1) - 1) / spec->stride + 1);
  g_assert_cmpint (spec->out_w, ==,
                   (spec->w + 2 * spec->padding - spec->dilation * (spec->kernel - 1) - 1) / spec->stride + 1);
  if (!with_workspace)
    return;
  emulated_check_memory (card, memory->workspace, EMULATED_WORKSPACE);
  memset (memory->workspace, EMULATED_POISON, EMULATED_WORKSPACE);
}

DhCudaConvolution *
emulated_conv_new (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most,
                   GError **error)
{
  const gboolean epilogue = spec->z || spec->bias || spec->relu;
  if (epilogue && g_strcmp0 (g_getenv ("DH_EMULATED_FAIL"), "fused") == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "no engine fuses this");
      return NULL;
    }
  if (emulated_lose (card, "conv", error))
    return NULL;
  if (emulated_lose (card, "engine", error))
    {
      emulated_put_aside (card, "an engine", "lost the card");
      return NULL;
    }
  g_assert_null (card->recording);
  emulated_check_convolution (card, spec, memory, FALSE);
  /* A trial leaves its result behind. */
  gpointer const made[] = { memory->y, memory->x, memory->w };
  memset (made[spec->direction], EMULATED_POISON, 16);
  g_assert_true (!spec->z == !memory->z && !spec->bias == !memory->bias);
  g_assert_true (memory->y != memory->x && memory->y != memory->z);
  g_assert_true (spec->in % 8 == 0 && spec->out % 8 == 0);
  DhCudaConvolution *conv = g_new0 (DhCudaConvolution, 1);
  conv->spec = *spec;
  conv->number = ++card->n_convolutions;
  return conv;
}

gboolean
emulated_conv_run (DhCudaCard *card, DhCudaConvolution *conv, const DhCudaConvMemory *memory, GError **error)
{
  if (emulated_lose (card, "run", error))
    return FALSE;
  const EmulatedCall call = {
    .what = EMULATED_CONVOLUTION, .spec = conv->spec, .memory = *memory, .number = conv->number
  };
  return emulated_queue (card, DH_CUDA_LANE_COMPUTE, &call, error);
}

gsize
emulated_conv_workspace (DhCudaConvolution *conv)
{
  return EMULATED_WORKSPACE;
}

const char *
emulated_conv_name (DhCudaConvolution *conv)
{
  return "plain C";
}

char *
emulated_conv_choice (DhCudaConvolution *conv)
{
  return g_strdup (emulated_conv_name (conv));
}

void
emulated_conv_free (DhCudaConvolution *conv)
{
  g_free (conv);
}
