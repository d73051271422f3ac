#include "emulated-card.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-cuda-math.h"
#include "dh-error.h"
#include "dh-tensor.h"

/* A card on the processor: the kernels' own items in loops, plain convolutions, memory that begins as NaN and has guard
 * regions. What is queued runs at wait(), so that what must stay until then is missed where it did not.
 *
 * DH_EMULATED_FAIL=WHAT:N lets the N-th call of `alloc`, `pinned`, `launch`, `copy`, `wait`, `conv` or `record` fail;
 * `fused` refuses every convolution with an epilogue. */

enum
{
  GUARD = 256,
  WORKSPACE = 4096,
  POISON = 0xff, /* NaN in every type */
};

struct _DhCudaCard
{
  GHashTable *memory; /* start → bytes, of all that is allocated */
  GArray *queue;      /* Call */
  DhCudaRecording *recording;
  gboolean lost;
};

struct _DhCudaConvolution
{
  DhCudaConvSpec spec;
};

typedef struct
{
  gpointer to; /* copy */
  gconstpointer from;
  gsize bytes;
  DhCudaDirection direction;
  DhCudaKernel kernel;
  DhCudaConvSpec spec;
  DhCudaConvMemory memory;
  enum
  {
    COPY,
    KERNEL,
    CONVOLUTION,
  } what;
} Call;

struct _DhCudaRecording
{
  GArray *calls;
};

float
dh_cuda_half_to_float (uint16_t bits)
{
  return dh_f16_to_f32 (bits);
}

float
dh_cuda_bf16_to_float (uint16_t bits)
{
  return dh_bf16_to_f32 (bits);
}

uint16_t
dh_cuda_float_to_half (float value)
{
  return dh_f32_to_f16 (value);
}

uint16_t
dh_cuda_float_to_bf16 (float value)
{
  return dh_f32_to_bf16 (value);
}

static gboolean
fails (const char *what)
{
  static gint calls;
  static char *seen;
  const char *wanted = g_getenv ("DH_EMULATED_FAIL");
  const gsize length = strlen (what);
  if (g_strcmp0 (wanted, seen) != 0)
    {
      g_free (seen);
      seen = g_strdup (wanted);
      calls = 0;
    }
  if (!wanted || strncmp (wanted, what, length) != 0 || wanted[length] != ':')
    return FALSE;
  return ++calls == atoi (wanted + length + 1);
}

static gboolean
lose (DhCudaCard *card, const char *what, GError **error)
{
  if (!card->lost && !fails (what))
    return FALSE;
  card->lost = TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "the card was lost in %s", what);
  return TRUE;
}

static guint
count (char **why_not)
{
  return 1;
}

static gboolean
describe (guint index, DhCudaCardInfo *info, char **why_not)
{
  info->title = g_strdup ("Emulated card");
  info->memory = (guint64)1 << 30;
  info->precisions =
      1u << DH_PRECISION_F32 | 1u << DH_PRECISION_TF32 | 1u << DH_PRECISION_F16 | 1u << DH_PRECISION_BF16;
  return TRUE;
}

static DhCudaCard *
open_card (guint index, GError **error)
{
  DhCudaCard *card = g_new0 (DhCudaCard, 1);
  card->memory = g_hash_table_new (NULL, NULL);
  card->queue = g_array_new (FALSE, FALSE, sizeof (Call));
  return card;
}

static void
close_card (DhCudaCard *card)
{
  g_assert_cmpuint (g_hash_table_size (card->memory), ==, 0); /* nothing leaks */
  g_hash_table_unref (card->memory);
  g_array_unref (card->queue);
  g_free (card);
}

/* All of it lies in one live allocation, where a load of 16 bytes may stand. */
static void
check_memory (DhCudaCard *card, gconstpointer memory, gsize bytes)
{
  GHashTableIter iter;
  gpointer start, size;
  g_hash_table_iter_init (&iter, card->memory);
  while (g_hash_table_iter_next (&iter, &start, &size))
    if ((const char *)memory >= (const char *)start
        && (const char *)memory + bytes <= (const char *)start + GPOINTER_TO_SIZE (size))
      {
        g_assert_cmpuint ((gsize)memory % 16, ==, 0);
        return;
      }
  g_error ("the card is given memory that it does not have");
}

static gpointer
allocate (DhCudaCard *card, gsize bytes, const char *what, GError **error)
{
  g_assert_null (card->recording); /* a card would not record it */
  if (card->lost || fails (what))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%.0f MiB of the card's memory are not free",
                   bytes / 1048576.0);
      return NULL;
    }
  char *whole = aligned_alloc (256, (bytes + 2 * GUARD + 255) / 256 * 256);
  g_assert_nonnull (whole);
  memset (whole, POISON, bytes + 2 * GUARD);
  g_hash_table_insert (card->memory, whole + GUARD, GSIZE_TO_POINTER (bytes));
  return whole + GUARD;
}

static gpointer
alloc (DhCudaCard *card, gsize bytes, GError **error)
{
  return allocate (card, bytes, "alloc", error);
}

static gpointer
alloc_pinned (DhCudaCard *card, gsize bytes, GError **error)
{
  return allocate (card, bytes, "pinned", error);
}

static void
release (DhCudaCard *card, gpointer memory)
{
  g_assert_null (card->recording);
  const gsize bytes = GPOINTER_TO_SIZE (g_hash_table_lookup (card->memory, memory));
  const guint8 *start = memory;
  g_assert_true (g_hash_table_remove (card->memory, memory));
  for (guint i = 0; i < GUARD; i++)
    g_assert_true (start[-1 - (gint)i] == POISON && start[bytes + i] == POISON);
  free ((char *)memory - GUARD);
}

static void
queue (DhCudaCard *card, const Call *call)
{
  g_array_append_val (card->recording ? card->recording->calls : card->queue, *call);
}

static gboolean
copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction, GError **error)
{
  if (lose (card, "copy", error))
    return FALSE;
  queue (card, &(Call){ .what = COPY, .to = to, .from = from, .bytes = bytes, .direction = direction });
  return TRUE;
}

static gboolean
launch (DhCudaCard *card, const DhCudaKernel *kernel, GError **error)
{
  if (lose (card, "launch", error))
    return FALSE;
  queue (card, &(Call){ .what = KERNEL, .kernel = *kernel });
  return TRUE;
}

static void
run_kernel (const DhCudaKernel *k)
{
  const gint64 items = dh_cuda_kernel_items (k);
  const gint type = k->op == DH_CUDA_PACK ? k->type : k->in.type;
  if (k->op >= DH_CUDA_FIRST_TRAINING_OP)
    {
      emulated_train (k);
      return;
    }
  g_assert_cmpint (items, >, 0);
#ifdef _OPENMP
#pragma omp parallel for if (items > 20000)
#endif
  for (gint64 item = 0; item < items; item++)
    switch (k->op)
      {
      case DH_CUDA_PACK:
        dh_cuda_pack_item (k, type, item);
        break;
      case DH_CUDA_POINTWISE:
        dh_cuda_pointwise_item (k, type, item);
        break;
      case DH_CUDA_POOL:
        dh_cuda_pool_item (k, type, item);
        break;
      case DH_CUDA_RESIZE:
        dh_cuda_resize_item (k, type, item);
        break;
      case DH_CUDA_HEAD:
        dh_cuda_head_item (k, type, item);
        break;
      case DH_CUDA_SCORE:
        dh_cuda_score_item (k, type, item);
        break;
      case DH_CUDA_UNPACK:
        dh_cuda_unpack_item (k, type, item);
        break;
      default:
        g_assert_not_reached ();
      }
}

/* What a convolution reads and writes, and a workspace that it leaves full of rubbish. */
static void
check_convolution (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                   gboolean with_workspace)
{
  const gsize size = spec->type == DH_CUDA_F32 ? 4 : 2, filter = (gsize)spec->kernel * spec->kernel * spec->in;
  const gsize y = size * spec->n * spec->out_h * spec->out_w * spec->out;
  check_memory (card, memory->x, size * spec->n * spec->h * spec->w * spec->in);
  check_memory (card, memory->w, size * spec->out * filter);
  check_memory (card, memory->y, y);
  if (spec->z)
    check_memory (card, memory->z, y);
  if (spec->bias)
    check_memory (card, memory->bias, size * spec->out);
  g_assert_cmpint (spec->out_h, ==,
                   (spec->h + 2 * spec->padding - spec->dilation * (spec->kernel - 1) - 1) / spec->stride + 1);
  g_assert_cmpint (spec->out_w, ==,
                   (spec->w + 2 * spec->padding - spec->dilation * (spec->kernel - 1) - 1) / spec->stride + 1);
  if (!with_workspace)
    return;
  check_memory (card, memory->workspace, WORKSPACE);
  memset (memory->workspace, POISON, WORKSPACE);
}

/* What a kernel is given without a table in between. */
static void
check_kernel (DhCudaCard *card, const DhCudaKernel *k)
{
  const DhCudaRead *const reads[] = { &k->in, &k->other };
  for (guint i = 0; i < 2; i++)
    for (gint g = 0; reads[i]->groups && !reads[i]->places && g < reads[i]->n_groups; g++)
      check_memory (card, reads[i]->groups[g].base, 16);
  if (k->out && k->op != DH_CUDA_UNPACK && k->op < DH_CUDA_FIRST_TRAINING_OP)
    check_memory (card, k->out,
                  (k->type == DH_CUDA_F32 ? (gsize)4 : 2) * k->n * k->h * k->w * k->n_groups * DH_CUDA_GROUP);
  for (gint g = 0; k->targets && g < k->n_groups; g++)
    if (k->targets[g].base)
      check_memory (card, k->targets[g].base, 16);
}

static void
run_calls (DhCudaCard *card, GArray *calls)
{
  for (guint i = 0; i < calls->len; i++)
    {
      const Call *call = &g_array_index (calls, Call, i);
      if (call->what == COPY)
        {
          check_memory (card, call->direction == DH_CUDA_TO_DEVICE ? call->to : call->from, call->bytes);
          memcpy (call->to, call->from, call->bytes);
        }
      else if (call->what == KERNEL)
        {
          check_kernel (card, &call->kernel);
          run_kernel (&call->kernel);
        }
      else
        {
          check_convolution (card, &call->spec, &call->memory, TRUE);
          emulated_convolve (&call->spec, &call->memory);
        }
    }
}

static gboolean
wait_card (DhCudaCard *card, GError **error)
{
  g_assert_null (card->recording);
  if (lose (card, "wait", error))
    {
      g_array_set_size (card->queue, 0);
      return FALSE;
    }
  run_calls (card, card->queue);
  g_array_set_size (card->queue, 0);
  return TRUE;
}

static gboolean
mark (DhCudaCard *card, guint number, GError **error)
{
  return number < 4096;
}

static double
elapsed (DhCudaCard *card, guint from, guint to)
{
  return 1e-6;
}

static gboolean
record_begin (DhCudaCard *card, GError **error)
{
  card->recording = g_new0 (DhCudaRecording, 1);
  card->recording->calls = g_array_new (FALSE, FALSE, sizeof (Call));
  return TRUE;
}

static void
recording_free (DhCudaCard *card, DhCudaRecording *recording)
{
  g_array_unref (recording->calls);
  g_free (recording);
}

static DhCudaRecording *
record_end (DhCudaCard *card, GError **error)
{
  DhCudaRecording *recording = g_steal_pointer (&card->recording);
  if (!fails ("record"))
    return recording;
  recording_free (card, recording);
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "the card does not record");
  return NULL;
}

static gboolean
replay (DhCudaCard *card, DhCudaRecording *recording, GError **error)
{
  if (lose (card, "replay", error))
    return FALSE;
  g_array_append_vals (card->queue, recording->calls->data, recording->calls->len);
  return TRUE;
}

static DhCudaConvolution *
conv_new (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most, GError **error)
{
  const gboolean epilogue = spec->z || spec->bias || spec->relu;
  if (epilogue && g_strcmp0 (g_getenv ("DH_EMULATED_FAIL"), "fused") == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "no engine fuses this");
      return NULL;
    }
  if (lose (card, "conv", error))
    return NULL;
  g_assert_null (card->recording);
  check_convolution (card, spec, memory, FALSE);
  /* A trial leaves its result behind. */
  gpointer const made[] = { memory->y, memory->x, memory->w };
  memset (made[spec->direction], POISON, 16);
  g_assert_true (!spec->z == !memory->z && !spec->bias == !memory->bias);
  g_assert_true (memory->y != memory->x && memory->y != memory->z);
  g_assert_true (spec->in % 8 == 0 && spec->out % 8 == 0);
  DhCudaConvolution *conv = g_new0 (DhCudaConvolution, 1);
  conv->spec = *spec;
  return conv;
}

static gboolean
conv_run (DhCudaCard *card, DhCudaConvolution *conv, const DhCudaConvMemory *memory, GError **error)
{
  if (lose (card, "run", error))
    return FALSE;
  queue (card, &(Call){ .what = CONVOLUTION, .spec = conv->spec, .memory = *memory });
  return TRUE;
}

static gsize
conv_workspace (DhCudaConvolution *conv)
{
  return WORKSPACE;
}

static const char *
conv_name (DhCudaConvolution *conv)
{
  return "plain C";
}

static void
conv_free (DhCudaConvolution *conv)
{
  g_free (conv);
}

const DhCudaDriver dh_cuda_driver = {
  .count = count,
  .describe = describe,
  .open = open_card,
  .close = close_card,
  .alloc = alloc,
  .release = release,
  .alloc_pinned = alloc_pinned,
  .release_pinned = release,
  .copy = copy,
  .launch = launch,
  .wait = wait_card,
  .mark = mark,
  .elapsed = elapsed,
  .record_begin = record_begin,
  .record_end = record_end,
  .replay = replay,
  .recording_free = recording_free,
  .conv_new = conv_new,
  .conv_run = conv_run,
  .conv_workspace = conv_workspace,
  .conv_name = conv_name,
  .conv_free = conv_free,
};
