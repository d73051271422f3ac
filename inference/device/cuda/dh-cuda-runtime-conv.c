#include "dh-cuda-probe.h"
#include "dh-cuda-runtime-private.h"
#include "dh-cuda-time.h"
#include "dh-cuda-without.h"
#include "dh-error.h"

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

/* All that decides which plan is the fastest on a card. */
static char *
words_of (const DhCudaConvSpec *spec)
{
  GString *key = g_string_new ("convolution");
  const gint *words = (const gint *)(gconstpointer)spec;
  for (gsize i = 0; i < sizeof *spec / sizeof *words; i++)
    g_string_append_printf (key, " %d", words[i]);
  return g_string_free (key, FALSE);
}

/* `for_what`: "fault" or "result", which is not asked for where results are not checked. */
static char *
key_of_aside (const DhCudaConvSpec *spec, const DhCudnnPlan *plan, const char *for_what)
{
  g_autofree char *words = words_of (spec), *json = dh_cudnn_plan_to_json (plan);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, json ? json : plan->name, -1);
  return g_strconcat (words, " with ", sum, " ", for_what, NULL);
}

/* Free with g_free; NULL where it is not. `wrong` becomes TRUE where that is for its result. */
static char *
why_aside (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudnnPlan *plan, gboolean *wrong)
{
  g_autofree char *fault = key_of_aside (spec, plan, "fault"), *result = key_of_aside (spec, plan, "result");
  char *why = dh_cuda_card_why_aside (card, fault);
  if (why || dh_cuda_without ("checks"))
    return why;
  why = dh_cuda_card_why_aside (card, result);
  *wrong = *wrong || why;
  return why;
}

static void
put_aside (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudnnPlan *plan, const char *for_what,
           const char *what)
{
  static const char *const directions[] = { "convolution", "convolution's gradient",
                                            "convolution's weights' gradient" };
  static const char *const types[] = { "float32", "float16", "bfloat16" };
  g_autofree char *key = key_of_aside (spec, plan, for_what);
  g_autofree char *why = g_strdup_printf ("%d×%d %s %d → %d of %d×%d in %s: %s%s %s", spec->kernel, spec->kernel,
                                          directions[spec->direction], spec->in, spec->out, spec->w, spec->h,
                                          spec->type || spec->strict ? types[spec->type] : "TF32", plan->name,
                                          g_str_equal (for_what, "fault") ? ":" : "", what);
  dh_cuda_card_put_aside (card, key, why);
}

/* `most` bytes of workspace. */
static gpointer
scratch_of (const DhCudaConvMemory *memory, gsize most)
{
  return most >= DH_CUDA_PROBE_BYTES ? memory->workspace : NULL;
}

/* One after the other what was found to be right and the fastest, until all were tried. */
typedef struct
{
  DhCudaCard *card;
  const DhCudaConvSpec *spec;
  const DhCudaConvMemory *memory;
  gsize most;
  double best;
  DhCudnnPlan *chosen; /* borrowed */
  char *reason;        /* why the first that is not chosen is not */
  gboolean wrong;      /* some computed something else */
} Choice;

/* Where a timing says that it is the fastest so far. FALSE with an error where the card is lost, or has no memory. */
static gboolean
take_if_right (Choice *choice, DhCudnnPlan *plan, double seconds, GError **error)
{
  const double off =
      dh_cuda_probe_conv (choice->card, choice->spec, choice->memory, scratch_of (choice->memory, choice->most), error);
  if (off < 0)
    return FALSE;
  if (off <= 1)
    {
      choice->best = seconds;
      choice->chosen = plan;
      return TRUE;
    }
  g_autofree char *what = dh_cuda_probe_say (off);
  put_aside (choice->card, choice->spec, plan, "result", what);
  choice->wrong = TRUE;
  if (!choice->reason)
    choice->reason = g_strdup_printf ("%s %s", plan->name, what);
  return TRUE;
}

static gboolean
try_plan (Choice *choice, DhCudnnPlan *plan, GError **error)
{
  DhCudaCard *card = choice->card;
  Trial trial = { plan, choice->spec, choice->memory };
  g_autoptr (GError) reason = NULL;
  g_autofree char *known = why_aside (card, choice->spec, plan, &choice->wrong);
  if (known && !choice->reason)
    choice->reason = g_strdup (known);
  if (known)
    return TRUE;
  if (!dh_cuda_probe_fill_result (card, choice->spec, choice->memory, error))
    return FALSE;
  const double seconds = dh_cuda_time (card, queue_trial, &trial, choice->best, &reason);
  if (seconds >= choice->best || (seconds >= 0 && take_if_right (choice, plan, seconds, &reason)))
    return TRUE;
  /* A refusal leaves the card as it was; a fault does not. */
  const gboolean lost = !dh_cuda_card_wait (card, NULL);
  if (lost)
    put_aside (card, choice->spec, plan, "fault", reason->message);
  if (lost || g_error_matches (reason, DH_ERROR, DH_ERROR_NO_MEMORY))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  if (!choice->reason)
    choice->reason = g_strdup (reason->message);
  return TRUE;
}

/* The first that is right will do where few are to be tried: others are asked only where there is none. */
static DhCudnnPlan *
choose (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most, GError **error)
{
  Choice choice = { card, spec, memory, most, G_MAXDOUBLE, NULL, NULL, FALSE };
  gboolean fine = dh_cuda_probe_fill_inputs (card, spec, memory, error);
  for (guint few = candidates (), last = 0; fine && !choice.chosen && last < CANDIDATES; last = few, few = CANDIDATES)
    {
      g_autofree char *none = NULL;
      g_autoptr (GPtrArray) plans = dh_cudnn_list_plans (card->handle, NULL, spec, most, few, &none);
      for (guint i = 0; fine && i < plans->len; i++)
        fine = try_plan (&choice, g_ptr_array_index (plans, i), error);
      if (fine && choice.chosen)
        choice.chosen->refs++;
      if (!choice.reason)
        choice.reason = g_steal_pointer (&none);
    }
  if (fine && !choice.chosen)
    g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "No engine of cuDNN computes a %d×%d convolution %d → %d: %s%s",
                 spec->kernel, spec->kernel, spec->in, spec->out, choice.reason ? choice.reason : "no reason is known",
                 choice.wrong ? " (DH_CUDA_WITHOUT=checks takes what is fastest, right or not)" : "");
  g_free (choice.reason);
  return fine ? choice.chosen : NULL;
}

/* The plan that was found the fastest in an earlier run, where it is kept and computes what it should. */
static DhCudnnPlan *
recall (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory, gsize most)
{
  g_autofree char *key = words_of (spec), *json = dh_cuda_card_recall (card, key);
  DhCudnnPlan *plan = json ? dh_cudnn_plan_from_json (card->handle, NULL, spec, most, json) : NULL;
  /* Too little memory for it now is no reason to forget it. */
  if (!plan)
    return NULL;
  double off = -1;
  if (dh_cuda_probe_fill_inputs (card, spec, memory, NULL) && dh_cuda_probe_fill_result (card, spec, memory, NULL)
      && dh_cudnn_run (card->handle, plan, spec, memory, NULL))
    off = dh_cuda_probe_conv (card, spec, memory, scratch_of (memory, most), NULL);
  if (off >= 0 && off <= 1)
    return plan;
  dh_cuda_card_forget (card, key);
  g_autofree char *what = dh_cuda_probe_say (off);
  if (off > 1)
    put_aside (card, spec, plan, "result", what);
  else if (!dh_cuda_card_wait (card, NULL))
    put_aside (card, spec, plan, "fault", "it lost the card");
  dh_cudnn_plan_unref (plan);
  return NULL;
}

static void
remember (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudnnPlan *plan)
{
  g_autofree char *key = words_of (spec), *json = dh_cudnn_plan_to_json (plan);
  if (json)
    dh_cuda_card_remember (card, key, json);
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
  *conv = (DhCudaConvolution){ card, *spec, plan };
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
  if (!dh_cuda_card_is_there (conv->card))
    dh_cudnn_plan_forget (conv->plan);
  dh_cudnn_plan_unref (conv->plan);
  g_free (conv);
}
