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

/* The blockings of a plan, on disk: a file of text for each program version, processor, number of threads, network,
 * size and precision, named by the hash of all that. It holds that key, a line of numbers, one a step, and the hash of
 * both; what is not exactly so is as if it were not there. */

#define MOST_BYTES (256u << 10)

static void
append_view (GString *text, const DhCpuView *view)
{
  if (view != NULL)
    g_string_append_printf (text, " %dx%dx%d/%d%s", view->c, view->h, view->w, view->n_planes, view->relu ? "r" : "");
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
      g_string_append_c (text, '\n');
    }
  return dh_sha256 (text->str, text->len);
}

static char *
make_key (const DhCpuPlan *plan)
{
  g_autofree char *steps = hash_steps (plan);
  guint signature = 0;
#ifdef __x86_64__
  guint b, c, d;
  __get_cpuid (1, &signature, &b, &c, &d);
#endif
  return g_strdup_printf ("DenseHybrid plan 1\nversion %s\nprocessor %s %x\nkernels %s\nthreads %d\nprecision %s\n"
                          "input %dx%dx%d\nsteps %s\n",
                          DH_VERSION, dh_machine_processor (), signature, plan->device->kernels->name, plan->threads,
                          plan->bf16 ? "bf16" : "f32", plan->input.c, plan->input.h, plan->input.w, steps);
}

/* The file's bytes for these blockings. */
static char *
make_text (const DhCpuPlan *plan, const char *key)
{
  g_autoptr (GString) text = g_string_new (key);
  g_string_append (text, "blockings");
  for (guint i = 0; i < plan->steps->len; i++)
    g_string_append_printf (text, " %u", ((DhCpuStep *)g_ptr_array_index (plan->steps, i))->blocking);
  g_string_append_c (text, '\n');
  g_autofree char *hash = dh_sha256 (text->str, text->len);
  g_string_append_printf (text, "sha256 %s\n", hash);
  return g_strdup (text->str);
}

static void
by_rule (const DhCpuPlan *plan)
{
  for (guint i = 0; i < plan->steps->len; i++)
    dh_cpu_step_set_blocking (g_ptr_array_index (plan->steps, i), 0);
}

/* Takes the blockings of a file that is whole and meant for this plan: then the text made of them is that of the file.
 */
static gboolean
read_blockings (const DhCpuPlan *plan, const char *key, const char *path)
{
  g_autoptr (GBytes) bytes = dh_file_read (path, MOST_BYTES, NULL);
  gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0, length = strlen (key);
  if (size <= length || memcmp (g_bytes_get_data (bytes, NULL), key, length) != 0)
    return FALSE;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), size);
  const char *at = text + length;
  gboolean ok = g_str_has_prefix (at, "blockings");
  at += ok ? strlen ("blockings") : 0;
  for (guint i = 0; ok && i < plan->steps->len; i++)
    {
      char *end;
      guint64 blocking = g_ascii_strtoull (at, &end, 10);
      ok = end != at && blocking < 16 && dh_cpu_step_set_blocking (g_ptr_array_index (plan->steps, i), (guint)blocking);
      at = end;
    }
  g_autofree char *whole = ok ? make_text (plan, key) : NULL;
  ok = ok && strlen (whole) == size && memcmp (whole, g_bytes_get_data (bytes, NULL), size) == 0;
  if (!ok)
    by_rule (plan);
  return ok;
}

/* Where nothing can be kept, nothing is timed: each start would time anew. */
static gboolean
is_writable (const char *folder)
{
  g_autoptr (GError) error = NULL;
  if (dh_folder_make (folder, &error) && access (folder, W_OK) == 0)
    return TRUE;
  if (dh_debug (DH_DEBUG_PLAN))
    g_printerr ("blockings by rule: %s\n", error != NULL ? error->message : folder);
  return FALSE;
}

DhCpuRemembered
dh_cpu_plan_recall (DhCpuPlan *plan, char **path, char **key)
{
  const char *folder = plan->device->base.plans_folder;
  if (folder == NULL)
    return DH_CPU_BY_RULE;
  *key = make_key (plan);
  g_autofree char *hash = dh_sha256 (*key, strlen (*key));
  g_autofree char *file = g_strconcat (hash, ".plan", NULL);
  *path = g_build_filename (folder, file, NULL);
  if (read_blockings (plan, *key, *path))
    return DH_CPU_RECALLED;
  return is_writable (folder) ? DH_CPU_TO_BE_TIMED : DH_CPU_BY_RULE;
}

void
dh_cpu_plan_remember (const DhCpuPlan *plan, const char *path, const char *key)
{
  g_autofree char *text = make_text (plan, key);
  g_autoptr (GError) error = NULL;
  if (!dh_file_write (path, text, strlen (text), &error) && dh_debug (DH_DEBUG_PLAN))
    g_printerr ("the blockings are not kept: %s\n", error->message);
}
