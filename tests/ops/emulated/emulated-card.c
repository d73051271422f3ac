#include "emulated-card.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-cuda-value-math.h"
#include "dh-error.h"

/* A card on the processor: the kernels' own items in loops, plain convolutions, memory that begins as NaN and has guard
 * regions. What is queued runs at wait(), so that what must stay until then is missed where it did not; and the lanes
 * run in whatever order they are allowed to, so that what must follow another is missed where it does not.
 *
 * DH_EMULATED_FAIL=WHAT:N lets the N-th call of `alloc`, `pinned`, `launch`, `copy`, `wait`, `fetch` (a wait for one
 * run's results), `conv`, `engine` (which is put aside with it), `record` or `open` fail; `fused` refuses every
 * convolution with an epilogue, `unfused` has no kernel that reads through norms. DH_EMULATED_WAY=timed lets the ways
 * be timed in which such convolutions can go, and whatever else is taken for the name of one that is known from an
 * earlier run; without it each shape has one of the kernel's tilings, and all of them have some. DH_EMULATED_TAPS is
 * the same of those that are dilated: `one` or `taps`. DH_EMULATED_MIB is what memory is said to be free.
 * DH_EMULATED_DOWN=pinned says that all maps must come down into pinned memory; then, too, it becomes the address of
 * the last. DH_EMULATED_MOST, where it is a number, becomes the most runs that were under way at once where those are
 * more; DH_EMULATED_WATCHED how many kernels and convolutions a profiler would have counted since it was told to last.
 * DH_EMULATED_RELU=loses-nan lets a convolution's own ReLU make 0 of a NaN, none-loses-nan one that has none.
 * DH_EMULATED_LIES names a tiling of the fused kernel, or `taps`, that computes something else in a few channels;
 * DH_EMULATED_FASTER one that takes half as long as all else. */

enum
{
  WORKSPACE = 4096,
};

/* What one lane has still to do. */
typedef struct
{
  GArray *calls; /* Call */
  guint done;
  guint after[DH_CUDA_N_LANES]; /* how much of the others must be done before what is queued from now on */
} Lane;

struct _DhCudaCard
{
  GHashTable *memory; /* start → bytes, of all that is allocated */
  GHashTable *pinned; /* the same, of the host's memory that was there already */
  Lane lanes[DH_CUDA_N_LANES];
  guint marks[DH_CUDA_N_MARKS]; /* how much of the lane was queued, */
  guint mark_lanes[DH_CUDA_N_MARKS];
  GRand *random;
  DhCudaRecording *recording;
  guint under_way; /* runs whose results are queued and not waited for */
  guint n_watched;
  const char *last_way;
  gboolean watched;
  gboolean learned;
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
  guint after[DH_CUDA_N_LANES];
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
count (gboolean *present, char **why_not)
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
  if (fails ("open"))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_DEVICE, "the card does not open");
      return NULL;
    }
  DhCudaCard *card = g_new0 (DhCudaCard, 1);
  card->memory = g_hash_table_new (NULL, NULL);
  card->pinned = g_hash_table_new (NULL, NULL);
  card->random = g_rand_new_with_seed (7);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    card->lanes[i].calls = g_array_new (FALSE, FALSE, sizeof (Call));
  return card;
}

static void
close_card (DhCudaCard *card)
{
  g_assert_cmpuint (g_hash_table_size (card->memory), ==, 0); /* nothing leaks */
  g_assert_cmpuint (g_hash_table_size (card->pinned), ==, 0);
  g_hash_table_unref (card->memory);
  g_hash_table_unref (card->pinned);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    g_array_unref (card->lanes[i].calls);
  g_rand_free (card->random);
  g_free (card);
}

static const char *
find_memory (DhCudaCard *card, gconstpointer at, gsize *bytes)
{
  GHashTableIter iter;
  gpointer start, size;
  g_hash_table_iter_init (&iter, card->memory);
  while (g_hash_table_iter_next (&iter, &start, &size))
    if ((const char *)at >= (const char *)start && (const char *)at < (const char *)start + GPOINTER_TO_SIZE (size))
      {
        *bytes = GPOINTER_TO_SIZE (size);
        return start;
      }
  return NULL;
}

static DhCudaCard *running;

const char *
emulated_find_memory (const void *at, size_t *bytes)
{
  return find_memory (running, at, bytes);
}

/* All of it lies in one live allocation, where a load of 16 bytes may stand. */
static void
check_memory (DhCudaCard *card, gconstpointer memory, gsize bytes)
{
  gsize size = 0;
  const char *start = find_memory (card, memory, &size);
  if (!start || (const char *)memory + bytes > start + size)
    g_error ("the card is given memory that it does not have");
  g_assert_cmpuint ((gsize)memory % 16, ==, 0);
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
  char *memory = emulated_take (bytes);
  g_hash_table_insert (card->memory, memory, GSIZE_TO_POINTER (bytes));
  return memory;
}

static guint64
available (DhCudaCard *card)
{
  const char *wanted = g_getenv ("DH_EMULATED_MIB");
  return (wanted ? g_ascii_strtoull (wanted, NULL, 10) : 1 << 20) << 20;
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
  g_assert_true (g_hash_table_remove (card->memory, memory));
  emulated_give_back (memory, bytes);
}

static void run_until (DhCudaCard *card, const guint wanted[DH_CUDA_N_LANES]);

static gboolean
pin (DhCudaCard *card, gpointer memory, gsize bytes)
{
  g_assert_null (card->recording);
  if (card->lost || fails ("pin"))
    return FALSE;
  g_assert_cmpuint ((gsize)memory % 4096 + bytes % 4096, ==, 0);
  g_assert_true (g_hash_table_insert (card->pinned, memory, GSIZE_TO_POINTER (bytes)));
  return TRUE;
}

static void
unpin (DhCudaCard *card, gpointer memory)
{
  guint all[DH_CUDA_N_LANES];
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    all[i] = card->lanes[i].calls->len;
  if (!card->lost)
    run_until (card, all);
  g_assert_true (g_hash_table_remove (card->pinned, memory));
}

/* Where a map comes down to. */
static void
check_down (DhCudaCard *card, gconstpointer to, gsize bytes)
{
  const gsize most = GPOINTER_TO_SIZE (g_hash_table_lookup (card->pinned, to));
  if (!g_getenv ("DH_EMULATED_DOWN"))
    return;
  g_assert_cmpuint (bytes, <=, most);
  g_autofree char *address = g_strdup_printf ("%p", to);
  g_setenv ("DH_EMULATED_DOWN", address, TRUE);
}

static void
queue (DhCudaCard *card, DhCudaLane lane, const Call *call)
{
  if (card->recording)
    {
      g_assert_cmpint (lane, ==, DH_CUDA_LANE_COMPUTE);
      g_array_append_val (card->recording->calls, *call);
      return;
    }
  card->n_watched += card->watched && call->what != COPY;
  Call copy = *call;
  memcpy (copy.after, card->lanes[lane].after, sizeof copy.after);
  g_array_append_val (card->lanes[lane].calls, copy);
}

static gboolean
copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction, DhCudaLane lane,
      GError **error)
{
  if (lose (card, "copy", error))
    return FALSE;
  if (lane == DH_CUDA_LANE_DOWN)
    check_down (card, to, bytes);
  queue (card, lane, &(Call){ .what = COPY, .to = to, .from = from, .bytes = bytes, .direction = direction });
  return TRUE;
}

static gboolean
launch (DhCudaCard *card, const DhCudaKernel *kernel, GError **error)
{
  if (lose (card, "launch", error))
    return FALSE;
  queue (card, DH_CUDA_LANE_COMPUTE, &(Call){ .what = KERNEL, .kernel = *kernel });
  return TRUE;
}

static gboolean
has_fused (DhCudaCard *card, gint type)
{
  return g_strcmp0 (g_getenv ("DH_EMULATED_FAIL"), "unfused") != 0;
}

static char *
recall (DhCudaCard *card, const char *key)
{
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  static const char *const taps[] = { "one", "taps" };
  const char *way = g_getenv (g_str_has_prefix (key, "taps ") ? "DH_EMULATED_TAPS" : "DH_EMULATED_WAY");
  const gboolean timed = g_strcmp0 (way, "timed") == 0;
  if (g_str_has_prefix (key, "taps "))
    return timed ? NULL : g_strdup (way ? way : taps[g_str_hash (key) % G_N_ELEMENTS (taps)]);
  /* A choice among others than there are now must have another key. */
  g_assert_nonnull (strstr (key, " apart"));
  for (guint i = 0; i < G_N_ELEMENTS (tilings); i++)
    g_assert_nonnull (strstr (key, tilings[i]));
  if (timed)
    return NULL;
  return g_strdup (way ? way : tilings[g_str_hash (key) % G_N_ELEMENTS (tilings)]);
}

static void
remember (DhCudaCard *card, const char *key, const char *what)
{
}

/* Key → why; as long as the process, as on a card. */
static GHashTable *aside;

static void
put_aside (DhCudaCard *card, const char *key, const char *why)
{
  if (!aside)
    aside = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (aside, g_strdup (key), g_strdup (why));
  card->learned = TRUE;
}

static char *
why_aside (DhCudaCard *card, const char *key)
{
  return g_strdup (aside ? g_hash_table_lookup (aside, key) : NULL);
}

static char *
all_aside (DhCudaCard *card)
{
  GString *all = g_string_new (NULL);
  GHashTableIter iter;
  gpointer key, why;
  if (aside)
    g_hash_table_iter_init (&iter, aside);
  while (aside && g_hash_table_iter_next (&iter, &key, &why))
    g_string_append_printf (all, "%s\n", (const char *)why);
  return g_string_free (all, FALSE);
}

static gboolean
has_learned (DhCudaCard *card)
{
  return card->learned;
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
  memset (memory->workspace, EMULATED_POISON, WORKSPACE);
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

/* What a kernel of which there are several ways is called; or NULL. */
static const char *
way_of (const DhCudaKernel *k)
{
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  return k->op == DH_CUDA_FUSED ? tilings[k->mode] : k->op == DH_CUDA_TAPS ? "taps" : NULL;
}

/* A group of channels of what such a kernel makes is off by a quarter. */
static void
lie (const DhCudaKernel *k)
{
  const char *wanted = g_getenv ("DH_EMULATED_LIES");
  if (!wanted || g_strcmp0 (wanted, way_of (k)) != 0)
    return;
  for (gint64 pixel = 0; pixel < (gint64)k->n * k->h * k->w; pixel++)
    {
      float v[DH_CUDA_GROUP];
      for (gint j = 0; j < DH_CUDA_GROUP; j++)
        v[j] = 1.25f * dh_cuda_load1 (k->out, pixel * k->n_groups * DH_CUDA_GROUP + j, k->type);
      dh_cuda_store8 (k->out, pixel * k->n_groups * DH_CUDA_GROUP, k->type, v);
    }
}

static void
run_call (DhCudaCard *card, const Call *call)
{
  if (call->what == COPY)
    {
      check_memory (card, call->direction == DH_CUDA_TO_DEVICE ? call->to : call->from, call->bytes);
      memcpy (call->to, call->from, call->bytes);
    }
  else if (call->what == KERNEL)
    {
      check_kernel (card, &call->kernel);
      running = card;
      emulated_run (&call->kernel);
      lie (&call->kernel);
      card->last_way = way_of (&call->kernel);
    }
  else
    {
      check_convolution (card, &call->spec, &call->memory, TRUE);
      emulated_convolve (&call->spec, &call->memory);
      card->last_way = NULL;
    }
}

/* The lane's next call, where nothing that it must follow is still to be done. */
static const Call *
next_call (const DhCudaCard *card, guint lane)
{
  if (card->lanes[lane].done == card->lanes[lane].calls->len)
    return NULL;
  const Call *call = &g_array_index (card->lanes[lane].calls, Call, card->lanes[lane].done);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    if (call->after[i] > card->lanes[i].done)
      return NULL;
  return call;
}

/* Runs lanes in any order until so much of each is done. */
static void
run_until (DhCudaCard *card, const guint wanted[DH_CUDA_N_LANES])
{
  for (;;)
    {
      gboolean finished = TRUE;
      for (guint i = 0; i < DH_CUDA_N_LANES; i++)
        finished = finished && card->lanes[i].done >= wanted[i];
      if (finished)
        return;
      guint lane = (guint)g_rand_int_range (card->random, 0, DH_CUDA_N_LANES);
      for (guint i = 0; i < DH_CUDA_N_LANES && !next_call (card, lane); i++)
        lane = (lane + 1) % DH_CUDA_N_LANES;
      const Call *call = next_call (card, lane);
      g_assert_nonnull (call); /* or they wait for one another */
      run_call (card, call);
      card->lanes[lane].done++;
    }
}

static gboolean
wait_card (DhCudaCard *card, GError **error)
{
  guint all[DH_CUDA_N_LANES];
  g_assert_null (card->recording);
  const gboolean lost = lose (card, "wait", error);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    all[i] = card->lanes[i].calls->len;
  if (!lost)
    run_until (card, all);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    {
      g_array_set_size (card->lanes[i].calls, 0);
      card->lanes[i].done = 0;
      memset (card->lanes[i].after, 0, sizeof card->lanes[i].after);
    }
  memset (card->marks, 0, sizeof card->marks);
  card->under_way = 0;
  return !lost;
}

static gboolean
follow (DhCudaCard *card, DhCudaLane lane, DhCudaLane other, GError **error)
{
  g_assert_null (card->recording);
  card->lanes[lane].after[other] = card->lanes[other].calls->len;
  return !lose (card, "follow", error);
}

static void
note_under_way (DhCudaCard *card)
{
  const char *most = g_getenv ("DH_EMULATED_MOST");
  g_autofree char *now = g_strdup_printf ("%u", ++card->under_way);
  if (most && card->under_way > g_ascii_strtoull (most, NULL, 10))
    g_setenv ("DH_EMULATED_MOST", now, TRUE);
}

static gboolean
mark (DhCudaCard *card, guint number, DhCudaLane lane, GError **error)
{
  g_assert_cmpuint (number, <, DH_CUDA_N_MARKS);
  card->marks[number] = card->lanes[lane].calls->len;
  card->mark_lanes[number] = lane;
  if (lane == DH_CUDA_LANE_DOWN)
    note_under_way (card);
  return TRUE;
}

static gboolean
wait_mark (DhCudaCard *card, guint number, GError **error)
{
  g_assert_null (card->recording);
  if (lose (card, "wait", error) || lose (card, "fetch", error))
    return FALSE;
  card->under_way -= card->under_way > 0 && card->mark_lanes[number] == DH_CUDA_LANE_DOWN;
  guint wanted[DH_CUDA_N_LANES] = { 0 };
  wanted[card->mark_lanes[number]] = card->marks[number];
  run_until (card, wanted);
  return TRUE;
}

static double
elapsed (DhCudaCard *card, guint from, guint to)
{
  const char *faster = g_getenv ("DH_EMULATED_FASTER");
  /* What is shorter is run several times to be timed. */
  return faster && g_strcmp0 (faster, card->last_way) == 0 ? 5e-4 : 1e-3;
}

static gboolean
hold (DhCudaCard *card, double seconds, GError **error)
{
  g_assert_null (card->recording);
  g_assert_cmpfloat (seconds, >, 0);
  return !lose (card, "hold", error);
}

static void
watch (DhCudaCard *card, gboolean on)
{
  g_assert_null (card->recording);
  g_assert_true (card->watched != on);
  g_autofree char *count = g_strdup_printf ("%u", card->n_watched = on ? 0 : card->n_watched);
  card->watched = on;
  if (g_getenv ("DH_EMULATED_WATCHED"))
    g_setenv ("DH_EMULATED_WATCHED", count, TRUE);
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
  for (guint i = 0; i < recording->calls->len; i++)
    queue (card, DH_CUDA_LANE_COMPUTE, &g_array_index (recording->calls, Call, i));
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
  if (lose (card, "engine", error))
    {
      put_aside (card, "an engine", "lost the card");
      return NULL;
    }
  g_assert_null (card->recording);
  check_convolution (card, spec, memory, FALSE);
  /* A trial leaves its result behind. */
  gpointer const made[] = { memory->y, memory->x, memory->w };
  memset (made[spec->direction], EMULATED_POISON, 16);
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
  queue (card, DH_CUDA_LANE_COMPUTE, &(Call){ .what = CONVOLUTION, .spec = conv->spec, .memory = *memory });
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

static char *
conv_choice (DhCudaConvolution *conv)
{
  return g_strdup (conv_name (conv));
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
  .available = available,
  .alloc = alloc,
  .release = release,
  .alloc_pinned = alloc_pinned,
  .release_pinned = release,
  .pin = pin,
  .unpin = unpin,
  .copy = copy,
  .launch = launch,
  .has_fused = has_fused,
  .recall = recall,
  .remember = remember,
  .put_aside = put_aside,
  .why_aside = why_aside,
  .all_aside = all_aside,
  .has_learned = has_learned,
  .wait = wait_card,
  .follow = follow,
  .mark = mark,
  .wait_mark = wait_mark,
  .elapsed = elapsed,
  .hold = hold,
  .watch = watch,
  .record_begin = record_begin,
  .record_end = record_end,
  .replay = replay,
  .recording_free = recording_free,
  .conv_new = conv_new,
  .conv_run = conv_run,
  .conv_workspace = conv_workspace,
  .conv_name = conv_name,
  .conv_choice = conv_choice,
  .conv_free = conv_free,
};
