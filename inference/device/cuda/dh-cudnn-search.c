#include "dh-cudnn-private.h"
#include <string.h>

/* Which engines compute a convolution, and how: what the heuristics name, as plans. */

enum
{
  SLOW_ENGINE = 8, /* compiled at run time for over half a minute */
  MOST_CONFIGS = 64,
  MOST_KNOBS = 32,
};

/* One search: for plans of engines that are all compiled at run time, or none of them. */
typedef struct
{
  const DhCudnn *cudnn;
  cudnnHandle_t handle;
  Descriptor device;
  const DhCudaConvSpec *spec;
  Descriptor graph;
  gsize max_workspace;
  guint most;
  gboolean compiled;
  GPtrArray *plans;
  GHashTable *seen; /* engines with their knobs, in words → whether they became plans */
  char **reason;
} Search;

/* Of a configuration: the engine's number and the bits of its notes. */
static gboolean
read_engine (const DhCudnn *cudnn, Descriptor config, gint64 *index, guint *numbers, guint *behaviours)
{
  Descriptor engine = NULL;
  gint64 count = 0;
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  cudnnBackendBehaviorNote_t habits[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  *numbers = *behaviours = 0;
  if (cudnn->create_descriptor (CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine) != CUDNN_STATUS_SUCCESS)
    return FALSE;
  gboolean fine =
      cudnn->get_attribute (config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine)
          == CUDNN_STATUS_SUCCESS
      && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &count, index)
             == CUDNN_STATUS_SUCCESS;
  count = 0;
  fine = fine
         && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                  G_N_ELEMENTS (notes), &count, notes)
                == CUDNN_STATUS_SUCCESS;
  for (gint64 i = 0; fine && i < MIN (count, (gint64)G_N_ELEMENTS (notes)); i++)
    *numbers |= 1u << notes[i];
  count = 0;
  fine = fine
         && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                                  G_N_ELEMENTS (habits), &count, habits)
                == CUDNN_STATUS_SUCCESS;
  for (gint64 i = 0; fine && i < MIN (count, (gint64)G_N_ELEMENTS (habits)); i++)
    *behaviours |= 1u << habits[i];
  cudnn->destroy_descriptor (engine);
  return fine;
}

static gboolean
is_allowed (const DhCudaConvSpec *spec, guint numbers)
{
  guint refused = 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
  if (spec->strict)
    refused |= 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE | 1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS
               | 1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION | 1u << CUDNN_NUMERICAL_NOTE_FFT
               | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6 | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13;
  return (numbers & refused) == 0;
}

gboolean
dh_cudnn_read_plan (const DhCudnn *cudnn, const DhCudaConvSpec *spec, Descriptor config, DhCudnnPlan *plan)
{
  guint numbers = 0, behaviours = 0;
  if (!read_engine (cudnn, config, &plan->engine, &numbers, &behaviours) || !is_allowed (spec, numbers))
    return FALSE;
  plan->compiled = (behaviours & 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != 0;
  g_free (plan->name);
  plan->name = g_strdup_printf ("cudnn %" G_GINT64_FORMAT "%s%s", plan->engine, plan->compiled ? " compiled" : "",
                                numbers & 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE ? " tensor cores" : "");
  return TRUE;
}

typedef struct
{
  guint n;
  cudnnBackendKnobType_t types[MOST_KNOBS];
  gint64 values[MOST_KNOBS];
} Knobs;

static gboolean
read_knobs (const DhCudnn *cudnn, Descriptor config, Knobs *knobs)
{
  Descriptor choices[MOST_KNOBS] = { NULL };
  gint64 n = 0, count;
  gboolean fine = TRUE;
  for (guint i = 0; i < MOST_KNOBS; i++)
    fine = fine && cudnn->create_descriptor (CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, &choices[i]) == CUDNN_STATUS_SUCCESS;
  fine = fine
         && cudnn->get_attribute (config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, MOST_KNOBS,
                                  &n, choices)
                == CUDNN_STATUS_SUCCESS
         && n <= MOST_KNOBS;
  knobs->n = fine ? (guint)n : 0;
  for (guint i = 0; i < knobs->n; i++)
    fine = fine
           && cudnn->get_attribute (choices[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &count,
                                    &knobs->types[i])
                  == CUDNN_STATUS_SUCCESS
           && cudnn->get_attribute (choices[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &count,
                                    &knobs->values[i])
                  == CUDNN_STATUS_SUCCESS;
  for (guint i = 0; i < MOST_KNOBS; i++)
    if (choices[i])
      cudnn->destroy_descriptor (choices[i]);
  return fine;
}

/* The engine with its knobs, in words. */
static char *
words_of (gint64 engine, const Knobs *knobs)
{
  GString *words = g_string_new (NULL);
  g_string_printf (words, "%" G_GINT64_FORMAT, engine);
  for (guint i = 0; i < knobs->n; i++)
    g_string_append_printf (words, " %d=%" G_GINT64_FORMAT, (int)knobs->types[i], knobs->values[i]);
  return g_string_free (words, FALSE);
}

/* The engine with these knobs, for the search's own graph; NULL where it does not compute that. */
static Descriptor
transfer (const Search *search, DhCudnnBuilder *b, gint64 index, const Knobs *knobs)
{
  Descriptor engine = dh_cudnn_make (b, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  Descriptor choices[MOST_KNOBS];
  dh_cudnn_set_descriptor (b, engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, search->graph);
  dh_cudnn_set (b, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &index);
  if (search->device)
    dh_cudnn_set_descriptor (b, engine, CUDNN_ATTR_ENGINE_DEVICEPROP, search->device);
  if (!dh_cudnn_finish (b, engine, "an engine"))
    return NULL;
  for (guint i = 0; i < knobs->n; i++)
    {
      choices[i] = dh_cudnn_make (b, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
      dh_cudnn_set (b, choices[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &knobs->types[i]);
      dh_cudnn_set (b, choices[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &knobs->values[i]);
      if (!dh_cudnn_finish (b, choices[i], "a knob"))
        return NULL;
    }
  Descriptor config = dh_cudnn_make (b, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  dh_cudnn_set_descriptor (b, config, CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (knobs->n)
    dh_cudnn_set (b, config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, knobs->n, choices);
  return dh_cudnn_finish (b, config, "a configuration") ? config : NULL;
}

static DhCudnnPlan *
finish_plan (const Search *search, Descriptor config)
{
  DhCudnnBuilder b = { .cudnn = search->cudnn };
  gint64 workspace = 0, count = 0;
  Descriptor plan = dh_cudnn_make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (search->handle)
    dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &search->handle);
  else
    dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, search->device);
  if (dh_cudnn_finish (&b, plan, "the plan"))
    dh_cudnn_check (&b,
                    b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count,
                                            &workspace),
                    "to name its workspace");
  if (!b.reason && (guint64)workspace > search->max_workspace)
    b.reason = g_strdup_printf ("its workspace of %.0f MiB is too large", (double)workspace / 1048576.0);
  DhCudnnPlan *result = NULL;
  if (!b.reason)
    {
      result = g_new0 (DhCudnnPlan, 1);
      result->refs = 1;
      result->plan = plan;
      result->workspace = (gsize)workspace;
      b.n = 0; /* the plan stays */
    }
  else
    {
      g_free (*search->reason);
      *search->reason = g_strdup (b.reason);
    }
  dh_cudnn_clear (&b);
  return result;
}

/* TRUE where the configuration became a plan, now or before. `foreign`: it is another graph's. */
static gboolean
try_config (const Search *search, Descriptor config, gboolean foreign)
{
  gint64 engine = 0;
  guint numbers = 0, behaviours = 0;
  Knobs knobs;
  if (!read_engine (search->cudnn, config, &engine, &numbers, &behaviours) || !is_allowed (search->spec, numbers))
    return FALSE;
  const gboolean compiled = (behaviours & 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != 0;
  if (compiled != search->compiled || (compiled && engine == SLOW_ENGINE))
    return FALSE;
  const gboolean told = read_knobs (search->cudnn, config, &knobs);
  if (!told && foreign)
    return FALSE;
  g_autofree char *words = told ? words_of (engine, &knobs) : NULL;
  gpointer before;
  if (words && g_hash_table_lookup_extended (search->seen, words, NULL, &before))
    return GPOINTER_TO_INT (before);
  DhCudnnBuilder own = { .cudnn = search->cudnn };
  Descriptor fit = foreign ? transfer (search, &own, engine, &knobs) : config;
  DhCudnnPlan *plan = fit ? finish_plan (search, fit) : NULL;
  const gboolean made = plan && dh_cudnn_read_plan (search->cudnn, search->spec, fit, plan);
  if (made)
    g_ptr_array_add (search->plans, plan);
  else if (plan)
    dh_cudnn_plan_unref (plan);
  dh_cudnn_clear (&own);
  if (words)
    g_hash_table_insert (search->seen, g_steal_pointer (&words), GINT_TO_POINTER (made));
  return made;
}

/* The configurations of one heuristic for this graph, the first of them, become plans of the search's. */
static void
ask (const Search *search, Descriptor graph, cudnnBackendHeurMode_t mode)
{
  const DhCudnn *cudnn = search->cudnn;
  DhCudnnBuilder b = { .cudnn = cudnn };
  Descriptor heuristic = dh_cudnn_make (&b, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  dh_cudnn_set_descriptor (&b, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  dh_cudnn_set (&b, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (search->device)
    dh_cudnn_set_descriptor (&b, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, search->device);
  Descriptor configs[MOST_CONFIGS] = { NULL };
  gint64 n = 0;
  guint made = 0;
  if (dh_cudnn_finish (&b, heuristic, "the search"))
    {
      for (guint i = 0; i < MOST_CONFIGS; i++)
        cudnn->create_descriptor (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
      dh_cudnn_check (&b,
                      cudnn->get_attribute (heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                            MOST_CONFIGS, &n, configs),
                      "to name engines");
    }
  if (b.reason && !*search->reason)
    *search->reason = g_strdup (b.reason);
  for (gint64 i = 0; i < MIN (n, (gint64)MOST_CONFIGS) && made < search->most; i++)
    made += (guint)try_config (search, configs[i], graph != search->graph);
  for (guint i = 0; i < MOST_CONFIGS; i++)
    if (configs[i])
      cudnn->destroy_descriptor (configs[i]);
  dh_cudnn_clear (&b);
}

/* The same without dilation; FALSE where it has none, or could not be that. */
static gboolean
without_dilation (const DhCudaConvSpec *spec, DhCudaConvSpec *near)
{
  *near = *spec;
  near->dilation = 1;
  near->padding -= (spec->dilation - 1) * (spec->kernel - 1) / 2;
  return spec->dilation > 1 && spec->kernel % 2 == 1 && near->padding >= 0;
}

/* What heuristic A does not name may be faster by far: of cuDNN 9.19's none for a Hopper card names its own engine for
 * some dilated convolutions, nor 9.26's any that uses tensor cores for those that are dilated far. So B is asked as
 * well, and what A would do without the dilation. */
static void
search_all (const Search *search, DhCudnnBuilder *b)
{
  DhCudaConvSpec near;
  ask (search, search->graph, CUDNN_HEUR_MODE_A);
  if (search->most > 1 || !search->plans->len)
    ask (search, search->graph, CUDNN_HEUR_MODE_B);
  if ((search->most > 1 || !search->plans->len) && without_dilation (search->spec, &near))
    {
      Descriptor graph = dh_cudnn_make_graph (b, search->handle, &near);
      if (graph)
        ask (search, graph, CUDNN_HEUR_MODE_A);
    }
  ask (search, search->graph, CUDNN_HEUR_MODE_FALLBACK);
}

GPtrArray *
dh_cudnn_list_plans (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                     gsize max_workspace, guint most, char **reason)
{
  const char *why_not;
  GPtrArray *plans = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_cudnn_plan_unref);
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  *reason = NULL;
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return plans;
    }
  Descriptor graph = dh_cudnn_make_graph (&b, handle, spec);
  for (gint compiled = 0; graph && compiled < 2 && plans->len == 0; compiled++)
    {
      g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      DhCudnnBuilder near = { .cudnn = b.cudnn };
      const Search search = {
        b.cudnn, handle, device, spec, graph, max_workspace, most, compiled, plans, seen, reason
      };
      search_all (&search, &near);
      dh_cudnn_clear (&near);
    }
  if (plans->len)
    g_clear_pointer (reason, g_free);
  else if (b.reason)
    {
      g_free (*reason);
      *reason = g_strdup (b.reason);
    }
  else if (!*reason)
    *reason = g_strdup ("no engine of cuDNN computes it in this precision");
  dh_cudnn_clear (&b);
  return plans;
}
