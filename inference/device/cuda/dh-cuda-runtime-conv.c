#include "dh-cuda-runtime-private.h"
#include "dh-cuda-time.h"
#include "dh-error.h"
#include "dh-plan-cache.h"

/* Convolutions of the real card: the fastest of cuDNN's plans, timed once and kept. */

enum
{
  CANDIDATES = 8, /* of each heuristic, timed */
};

/* A plan on memory of its convolution's. */
typedef struct
{
  const DhCudnnPlan *plan;
  const DhCudaConvSpec *spec;
  const DhCudaConvMemory *memory;
} Trial;

static gboolean
queue_trial (DhCudaCard *card, gpointer data, GError **error)
{
  const Trial *trial = data;
  return dh_cudnn_run (card->handle, trial->plan, trial->spec, trial->memory, error);
}

/* How many plans of each heuristic are tried: DH_CUDA_CANDIDATES, for who would rather start soon than run fast. */
static guint
candidates (void)
{
  const char *wanted = g_getenv ("DH_CUDA_CANDIDATES");
  guint64 number;
  return wanted && g_ascii_string_to_unsigned (wanted, 10, 1, CANDIDATES, &number, NULL) ? (guint)number : CANDIDATES;
}

/* All that decides which plan is the fastest. */
static char *
key_of (DhCudaCard *card, const DhCudaConvSpec *spec)
{
  GString *key = g_string_new (card->identity);
  const gint *words = (const gint *)(gconstpointer)spec;
  for (gsize i = 0; i < sizeof *spec / sizeof *words; i++)
    g_string_append_printf (key, " %d", words[i]);
  return g_string_free (key, FALSE);
}

/* What is kept of a plan with which the card was lost: it would be lost again in every start. */
static char *
key_of_fault (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudnnPlan *plan)
{
  g_autofree char *key = key_of (card, spec), *json = dh_cudnn_plan_to_json (plan);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, json ? json : plan->name, -1);
  return g_strconcat (key, " fault of ", sum, NULL);
}

static DhCudnnPlan *
choose (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most, GError **error)
{
  g_autofree char *reason = NULL;
  g_autoptr (GPtrArray) plans = dh_cudnn_list_plans (card->handle, NULL, spec, most, candidates (), &reason);
  double best = G_MAXDOUBLE;
  DhCudnnPlan *chosen = NULL;
  for (guint i = 0; i < plans->len; i++)
    {
      g_autoptr (GError) refused = NULL;
      Trial trial = { g_ptr_array_index (plans, i), spec, memory };
      g_autofree char *fault = card->cache ? key_of_fault (card, spec, trial.plan) : NULL;
      g_autofree char *known = fault ? dh_plan_cache_read (card->cache, fault) : NULL;
      if (known)
        continue;
      const double seconds = dh_cuda_time (card, queue_trial, &trial, best, &refused);
      if (seconds >= 0 && seconds < best)
        {
          best = seconds;
          chosen = g_ptr_array_index (plans, i);
        }
      /* A refusal leaves the card as it was; a fault does not. */
      if (seconds < 0 && !dh_cuda_card_wait (card, NULL))
        {
          if (fault)
            dh_plan_cache_write (card->cache, fault, refused->message);
          g_propagate_error (error, g_steal_pointer (&refused));
          return NULL;
        }
      if (seconds < 0 && !reason)
        reason = g_strdup (refused->message);
    }
  if (!chosen)
    g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "No engine of cuDNN computes a %d×%d convolution %d → %d: %s",
                 spec->kernel, spec->kernel, spec->in, spec->out, reason ? reason : "no reason is known");
  else
    chosen->refs++;
  return chosen;
}

/* The plan that was found the fastest in an earlier run, where it is kept and runs. */
static DhCudnnPlan *
recall (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most)
{
  if (!card->cache)
    return NULL;
  g_autofree char *key = key_of (card, spec), *json = dh_plan_cache_read (card->cache, key);
  if (!json)
    return NULL;
  DhCudnnPlan *plan = dh_cudnn_plan_from_json (card->handle, NULL, spec, most, json);
  if (plan && dh_cudnn_run (card->handle, plan, spec, memory, NULL) && dh_cuda_card_wait (card, NULL))
    return plan;
  /* Too little memory for it now is no reason to forget it. */
  if (plan)
    dh_plan_cache_drop (card->cache, key);
  dh_cudnn_plan_unref (plan);
  return NULL;
}

static void
remember (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudnnPlan *plan)
{
  if (!card->cache)
    return;
  g_autofree char *key = key_of (card, spec), *json = dh_cudnn_plan_to_json (plan);
  if (json)
    dh_plan_cache_write (card->cache, key, json);
}

char *
dh_cuda_card_recall (DhCudaCard *card, const char *key)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  return card->cache ? dh_plan_cache_read (card->cache, whole) : NULL;
}

void
dh_cuda_card_remember (DhCudaCard *card, const char *key, const char *what)
{
  g_autofree char *whole = g_strconcat (card->identity, " ", key, NULL);
  if (card->cache)
    dh_plan_cache_write (card->cache, whole, what);
}

DhCudaConvolution *
dh_cuda_card_conv_new (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most,
                       GError **error)
{
  if (!dh_cuda_card_enter (card, error))
    return NULL;
  DhCudnnPlan *plan = g_hash_table_lookup (card->plans, spec);
  if (!plan || plan->workspace > most)
    {
      plan = recall (card, spec, memory, most);
      if (!plan)
        {
          plan = choose (card, spec, memory, most, error);
          if (!plan)
            return NULL;
          if (candidates () == CANDIDATES)
            remember (card, spec, plan);
        }
      g_hash_table_insert (card->plans, g_memdup2 (spec, sizeof *spec), plan);
    }
  DhCudaConvolution *conv = g_new (DhCudaConvolution, 1);
  *conv = (DhCudaConvolution){ *spec, plan };
  plan->refs++;
  return conv;
}

gboolean
dh_cuda_card_conv_run (DhCudaCard *card, DhCudaConvolution *conv, const DhCudaConvMemory *memory, GError **error)
{
  return dh_cuda_card_enter (card, error) && dh_cudnn_run (card->handle, conv->plan, &conv->spec, memory, error);
}

gsize
dh_cuda_card_conv_workspace (DhCudaConvolution *conv)
{
  return conv->plan->workspace;
}

const char *
dh_cuda_card_conv_name (DhCudaConvolution *conv)
{
  return conv->plan->name;
}

char *
dh_cuda_card_conv_choice (DhCudaConvolution *conv)
{
  char *json = dh_cudnn_plan_to_json (conv->plan);
  return json ? json : g_strdup (conv->plan->name);
}

void
dh_cuda_card_conv_free (DhCudaConvolution *conv)
{
  dh_cudnn_plan_unref (conv->plan);
  g_free (conv);
}
