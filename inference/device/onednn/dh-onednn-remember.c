#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <unistd.h>
#include "dh-config.h"
#include "dh-debug.h"
#include "dh-file.h"
#include "dh-machine.h"
#include "dh-onednn-private.h"
#include "dh-plan-cache.h"

/* The blockings of a plan, on disk: a line of numbers, one a step, under a key that names the program's version, the
 * processor, the number of threads, the network, its size and precision. What is not exactly so is as if it were not
 * there. */

static void
append_view (GString *text, const DhCpuView *view)
{
  if (view != NULL)
    g_string_append_printf (text, " %dx%dx%d/%d%s%s", view->c, view->h, view->w, view->n_planes, view->relu ? "r" : "",
                            view->gate != NULL ? "g" : "");
}

/* The steps in words: what is to be computed, not where. */
static char *
hash_steps (const DhCpuPlan *plan)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const DhCpuStep *step = g_ptr_array_index (plan->steps, i);
      g_string_append_printf (text, "%s %s %d", step->implementation, step->name, step->kind);
      append_view (text, step->in);
      append_view (text, step->sum);
      append_view (text, step->out);
      if (step->output.activation.function != DH_CPU_NOTHING)
        g_string_append_printf (text, " f%d", step->output.activation.function);
      g_string_append_c (text, '\n');
    }
  return dh_sha256 (text->str, text->len);
}

char *
dh_cpu_plan_machine (const DhCpuPlan *plan)
{
  guint signature = 0;
#ifdef __x86_64__
  guint b, c, d;
  __get_cpuid (1, &signature, &b, &c, &d);
#endif
  return g_strdup_printf ("version %s; processor %s %x; kernels %s; threads %d", DH_VERSION, dh_machine_processor (),
                          signature, plan->device->kernels->name, plan->threads);
}

static char *
make_key (const DhCpuPlan *plan)
{
  g_autofree char *steps = hash_steps (plan);
  g_autofree char *machine = dh_cpu_plan_machine (plan);
  return g_strdup_printf ("cpu blockings 2; %s; precision %s; input %dx%dx%d; steps %s", machine,
                          plan->bf16 ? "bf16" : "f32", plan->input.c, plan->input.h, plan->input.w, steps);
}

static char *
make_text (const DhCpuPlan *plan)
{
  GString *text = g_string_new ("blockings");
  for (guint i = 0; i < plan->steps->len; i++)
    g_string_append_printf (text, " %u", ((DhCpuStep *)g_ptr_array_index (plan->steps, i))->blocking);
  return g_string_free (text, FALSE);
}

void
dh_cpu_plan_block_by_rule (const DhCpuPlan *plan)
{
  for (guint i = 0; i < plan->steps->len; i++)
    dh_cpu_step_set_blocking (plan, g_ptr_array_index (plan->steps, i), 0);
}

/* Takes the blockings of a text that is whole: then the one made of them is the same. */
static gboolean
take_blockings (const DhCpuPlan *plan, const char *text)
{
  gboolean ok = g_str_has_prefix (text, "blockings");
  const char *at = text + (ok ? strlen ("blockings") : 0);
  for (guint i = 0; ok && i < plan->steps->len; i++)
    {
      char *end;
      guint64 blocking = g_ascii_strtoull (at, &end, 10);
      ok = end != at && blocking < 16
           && dh_cpu_step_set_blocking (plan, g_ptr_array_index (plan->steps, i), (guint)blocking);
      at = end;
    }
  g_autofree char *whole = ok ? make_text (plan) : NULL;
  ok = ok && g_str_equal (whole, text);
  if (!ok)
    dh_cpu_plan_block_by_rule (plan);
  return ok;
}

/* Where nothing can be kept, nothing is timed: each start would time anew. */
gboolean
dh_cpu_plan_can_keep (const DhCpuPlan *plan)
{
  const char *folder = plan->device->base.plans_folder;
  g_autoptr (GError) error = NULL;
  if (folder == NULL)
    return FALSE;
  if (dh_folder_make (folder, &error) && access (folder, W_OK) == 0)
    return TRUE;
  if (dh_debug (DH_DEBUG_PLAN))
    g_printerr ("nothing is timed: %s\n", error != NULL ? error->message : folder);
  return FALSE;
}

gboolean
dh_cpu_plan_recall (DhCpuPlan *plan, char **key)
{
  *key = make_key (plan);
  g_autofree char *text = dh_plan_cache_read (plan->device->base.plans_folder, *key);
  return text != NULL && take_blockings (plan, text);
}

void
dh_cpu_plan_remember (const DhCpuPlan *plan, const char *key)
{
  g_autofree char *text = make_text (plan);
  dh_plan_cache_write (plan->device->base.plans_folder, key, text);
}
