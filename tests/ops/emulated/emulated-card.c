#include "emulated-card-private.h"

#include <stdlib.h>
#include <string.h>

#include "dh-error.h"

/* A card on the processor: the kernels' own items in loops, plain convolutions, memory that begins as NaN and has guard
 * regions. What is queued runs at wait(), so that what must stay until then is missed where it did not; and the lanes
 * run in whatever order they are allowed to, so that what must follow another is missed where it does not.
 *
 * DH_EMULATED_FAIL=WHAT:N lets the N-th call of `alloc`, `pinned`, `launch`, `copy`, `wait`, `fetch` (a wait for one
 * run's results), `conv`, `engine` (which is put aside with it), `record` or `open` fail; `fused` refuses every
 * convolution with an epilogue, `unfused` has no kernel that reads through norms. At
 * the N-th launch `cancel` cancels what is pushed as the current GCancellable. DH_EMULATED_WAY=timed lets the ways
 * be timed in which such convolutions can go, and whatever else is taken for the name of one that is known from an
 * earlier run; without it each shape has one of the kernel's tilings, and all of them have some. DH_EMULATED_TAPS is
 * the same of those that are dilated: `one` or `taps`; DH_EMULATED_ATTENTION of attention: `items` or `tiles`.
 * DH_EMULATED_MIB is what memory is said to be free. DH_EMULATED_DOWN=pinned says that all maps must come down into
 * pinned memory; then, too, it becomes the address of the last. DH_EMULATED_MOST, where it is a number, becomes the
 * most runs that were under way at once where those are more; DH_EMULATED_WATCHED how many kernels and convolutions a
 * profiler would have counted since it was told to last. DH_EMULATED_RELU=loses-nan lets a convolution's own ReLU make
 * 0 of a NaN, none-loses-nan one that has none. DH_EMULATED_LIES names a tiling of the fused kernel, `taps` or `tiles`,
 * that computes something else in a few channels; DH_EMULATED_FASTER one that takes half as long as all else.
 * DH_EMULATED_REFUSES names what is not recorded, with commas between: `copy`, `kernel-N` by its DhCudaOp, `conv-N`,
 * the N-th that was chosen on the card, or `all`; it is told at once, with DH_EMULATED_REFUSES_LATE by what comes after
 * it. DH_EMULATED_REPLAYS, where it is a number, counts the recordings that were started; DH_EMULATED_FORGETS lets
 * their first call be missing. DH_EMULATED_STAYS: once a card is lost none opens any more. */

gboolean
emulated_fails (const char *what)
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

static gboolean stays_lost; /* any card of this process, while DH_EMULATED_STAYS is set */

gboolean
emulated_lose (DhCudaCard *card, const char *what, GError **error)
{
  if (!card->lost && !emulated_fails (what))
    return FALSE;
  card->lost = TRUE;
  stays_lost = g_getenv ("DH_EMULATED_STAYS") != NULL;
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
  stays_lost = stays_lost && g_getenv ("DH_EMULATED_STAYS");
  if (emulated_fails ("open") || stays_lost)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_DEVICE, "the card does not open");
      return NULL;
    }
  DhCudaCard *card = g_new0 (DhCudaCard, 1);
  card->memory = g_hash_table_new (NULL, NULL);
  card->pinned = g_hash_table_new (NULL, NULL);
  card->started = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  card->random = g_rand_new_with_seed (7);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    card->lanes[i].calls = g_array_new (FALSE, FALSE, sizeof (EmulatedCall));
  return card;
}

static void
close_card (DhCudaCard *card)
{
  g_assert_cmpuint (g_hash_table_size (card->memory), ==, 0); /* nothing leaks */
  g_assert_cmpuint (g_hash_table_size (card->pinned), ==, 0);
  g_hash_table_unref (card->memory);
  g_hash_table_unref (card->pinned);
  g_hash_table_unref (card->started);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    g_array_unref (card->lanes[i].calls);
  g_rand_free (card->random);
  g_free (card);
}

static gboolean
has_fused (DhCudaCard *card, gint type)
{
  return g_strcmp0 (g_getenv ("DH_EMULATED_FAIL"), "unfused") != 0;
}

const DhCudaDriver dh_cuda_driver = {
  .count = count,
  .describe = describe,
  .open = open_card,
  .close = close_card,
  .available = emulated_available,
  .alloc = emulated_alloc,
  .release = emulated_release,
  .alloc_pinned = emulated_alloc_pinned,
  .release_pinned = emulated_release,
  .pin = emulated_pin,
  .unpin = emulated_unpin,
  .copy = emulated_copy,
  .launch = emulated_launch,
  .has_fused = has_fused,
  .recall = emulated_recall,
  .remember = emulated_remember,
  .put_aside = emulated_put_aside,
  .why_aside = emulated_why_aside,
  .all_aside = emulated_all_aside,
  .has_learned = emulated_has_learned,
  .wait = emulated_wait,
  .follow = emulated_follow,
  .mark = emulated_mark,
  .wait_mark = emulated_wait_mark,
  .elapsed = emulated_elapsed,
  .hold = emulated_hold,
  .watch = emulated_watch,
  .record_begin = emulated_record_begin,
  .record_end = emulated_record_end,
  .replay = emulated_replay,
  .recording_free = emulated_recording_free,
  .conv_new = emulated_conv_new,
  .conv_run = emulated_conv_run,
  .conv_workspace = emulated_conv_workspace,
  .conv_name = emulated_conv_name,
  .conv_choice = emulated_conv_choice,
  .conv_free = emulated_conv_free,
};
