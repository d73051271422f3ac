#include "emulated-card-private.h"

#include <string.h>

#include "dh-cuda-value-math.h"

/* What is queued, in the order in which it may run. */

gboolean
emulated_queue (DhCudaCard *card, DhCudaLane lane, const EmulatedCall *call, GError **error)
{
  if (card->recording)
    {
      g_assert_cmpint (lane, ==, DH_CUDA_LANE_COMPUTE);
      return emulated_record (card, call, error);
    }
  emulated_note_start (card, call);
  card->n_watched += card->watched && call->what != EMULATED_COPY;
  EmulatedCall copy = *call;
  memcpy (copy.after, card->lanes[lane].after, sizeof copy.after);
  g_array_append_val (card->lanes[lane].calls, copy);
  return TRUE;
}

gboolean
emulated_copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction,
               DhCudaLane lane, GError **error)
{
  if (emulated_lose (card, "copy", error))
    return FALSE;
  if (lane == DH_CUDA_LANE_DOWN)
    emulated_check_down (card, to, bytes);
  const EmulatedCall call = { .what = EMULATED_COPY, .to = to, .from = from, .bytes = bytes, .direction = direction };
  return emulated_queue (card, lane, &call, error);
}

gboolean
emulated_launch (DhCudaCard *card, const DhCudaKernel *kernel, GError **error)
{
  if (emulated_lose (card, "launch", error))
    return FALSE;
  if (emulated_fails ("cancel"))
    g_cancellable_cancel (g_cancellable_get_current ());
  const EmulatedCall call = { .what = EMULATED_KERNEL, .kernel = *kernel };
  return emulated_queue (card, DH_CUDA_LANE_COMPUTE, &call, error);
}

/* What a kernel is given without a table in between. */
static void
check_kernel (DhCudaCard *card, const DhCudaKernel *k)
{
  const DhCudaRead *const reads[] = { &k->in, &k->other };
  for (guint i = 0; i < 2; i++)
    for (gint g = 0; reads[i]->groups && !reads[i]->places && g < reads[i]->n_groups; g++)
      emulated_check_memory (card, reads[i]->groups[g].base, 16);
  if (k->out && k->op != DH_CUDA_UNPACK && k->op < DH_CUDA_FIRST_TRAINING_OP)
    emulated_check_memory (card, k->out,
                           (k->type == DH_CUDA_F32 ? (gsize)4 : 2) * k->n * k->h * k->w * k->n_groups * DH_CUDA_GROUP);
  for (gint g = 0; k->targets && g < k->n_groups; g++)
    if (k->targets[g].base)
      emulated_check_memory (card, k->targets[g].base, 16);
}

/* What a kernel of which there are several ways is called; or NULL. */
static const char *
way_of (const DhCudaKernel *k)
{
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  return k->op == DH_CUDA_FUSED                                             ? tilings[k->mode]
         : k->op == DH_CUDA_TAPS                                            ? "taps"
         : k->op == DH_CUDA_ATTENTION && k->mode == DH_CUDA_ATTENTION_TILES ? "tiles"
                                                                            : NULL;
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
run_call (DhCudaCard *card, const EmulatedCall *call)
{
  if (call->what == EMULATED_COPY)
    {
      emulated_check_memory (card, call->direction == DH_CUDA_TO_DEVICE ? call->to : call->from, call->bytes);
      memcpy (call->to, call->from, call->bytes);
    }
  else if (call->what == EMULATED_KERNEL)
    {
      check_kernel (card, &call->kernel);
      emulated_set_running (card);
      emulated_run (&call->kernel);
      lie (&call->kernel);
      card->last_way = way_of (&call->kernel);
    }
  else
    {
      emulated_check_convolution (card, &call->spec, &call->memory, TRUE);
      emulated_convolve (&call->spec, &call->memory);
      card->last_way = NULL;
    }
}

/* The lane's next call, where nothing that it must follow is still to be done. */
static const EmulatedCall *
next_call (const DhCudaCard *card, guint lane)
{
  if (card->lanes[lane].done == card->lanes[lane].calls->len)
    return NULL;
  const EmulatedCall *call = &g_array_index (card->lanes[lane].calls, EmulatedCall, card->lanes[lane].done);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    if (call->after[i] > card->lanes[i].done)
      return NULL;
  return call;
}

/* Runs lanes in any order until so much of each is done. */
void
emulated_run_until (DhCudaCard *card, const guint wanted[DH_CUDA_N_LANES])
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
      const EmulatedCall *call = next_call (card, lane);
      g_assert_nonnull (call); /* or they wait for one another */
      run_call (card, call);
      card->lanes[lane].done++;
    }
}

gboolean
emulated_wait (DhCudaCard *card, GError **error)
{
  guint all[DH_CUDA_N_LANES];
  g_assert_null (card->recording);
  const gboolean lost = emulated_lose (card, "wait", error);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    all[i] = card->lanes[i].calls->len;
  if (!lost)
    emulated_run_until (card, all);
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

gboolean
emulated_follow (DhCudaCard *card, DhCudaLane lane, DhCudaLane other, GError **error)
{
  g_assert_null (card->recording);
  card->lanes[lane].after[other] = card->lanes[other].calls->len;
  return !emulated_lose (card, "follow", error);
}

static void
note_under_way (DhCudaCard *card)
{
  const char *most = g_getenv ("DH_EMULATED_MOST");
  g_autofree char *now = g_strdup_printf ("%u", ++card->under_way);
  if (most && card->under_way > g_ascii_strtoull (most, NULL, 10))
    g_setenv ("DH_EMULATED_MOST", now, TRUE);
}

gboolean
emulated_mark (DhCudaCard *card, guint number, DhCudaLane lane, GError **error)
{
  g_assert_cmpuint (number, <, DH_CUDA_N_MARKS);
  card->marks[number] = card->lanes[lane].calls->len;
  card->mark_lanes[number] = lane;
  if (lane == DH_CUDA_LANE_DOWN)
    note_under_way (card);
  return TRUE;
}

gboolean
emulated_wait_mark (DhCudaCard *card, guint number, GError **error)
{
  g_assert_null (card->recording);
  if (emulated_lose (card, "wait", error) || emulated_lose (card, "fetch", error))
    return FALSE;
  card->under_way -= card->under_way > 0 && card->mark_lanes[number] == DH_CUDA_LANE_DOWN;
  guint wanted[DH_CUDA_N_LANES] = { 0 };
  wanted[card->mark_lanes[number]] = card->marks[number];
  emulated_run_until (card, wanted);
  return TRUE;
}

double
emulated_elapsed (DhCudaCard *card, guint from, guint to)
{
  const char *faster = g_getenv ("DH_EMULATED_FASTER");
  /* What is shorter is run several times to be timed. */
  return faster && g_strcmp0 (faster, card->last_way) == 0 ? 5e-4 : 1e-3;
}

gboolean
emulated_hold (DhCudaCard *card, double seconds, GError **error)
{
  g_assert_null (card->recording);
  g_assert_cmpfloat (seconds, >, 0);
  return !emulated_lose (card, "hold", error);
}

void
emulated_watch (DhCudaCard *card, gboolean on)
{
  g_assert_null (card->recording);
  g_assert_true (card->watched != on);
  g_autofree char *count = g_strdup_printf ("%u", card->n_watched = on ? 0 : card->n_watched);
  card->watched = on;
  if (g_getenv ("DH_EMULATED_WATCHED"))
    g_setenv ("DH_EMULATED_WATCHED", count, TRUE);
}
