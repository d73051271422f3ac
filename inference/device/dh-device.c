#include "dh-device-private.h"

#include <string.h>

#include "dh-debug.h"
#include "dh-error.h"
#include "dh-machine.h"
#include "dh-module.h"
#include "dh-plan-cache.h"

/* Of what all devices keep in one folder. */
#define MOST_PLANS_KEPT 8192
/* Of memory pinned for maps: the frames that a studio keeps, and no more than this part of the machine's. */
#define MOST_PINNED ((guint64)768 << 20)
#define PART_PINNED 8

static const char *const precision_names[DH_N_PRECISIONS] = {
  [DH_PRECISION_F32] = "f32",   [DH_PRECISION_TF32] = "tf32", [DH_PRECISION_F16] = "fp16",
  [DH_PRECISION_BF16] = "bf16", [DH_PRECISION_INT8] = "int8",
};

/* In the order in which "auto" tries them. A kind without functions is not part of this build; one with a module is a
 * shared library that is opened when it is first asked for. */
static const struct
{
  const char *name;
  const DhDeviceFunctions *functions;
  const char *module;
  const char *title;
  const char *why_not;
} kinds[] = {
  { "cuda", NULL, "dh-cuda.so", "NVIDIA GPU", NULL },
#ifdef DH_HAVE_ONEDNN
  { "cpu", &dh_device_onednn_functions, NULL, NULL, NULL },
#else
  { "cpu", NULL, NULL, "Processor", "this build was made without oneDNN" },
#endif
  { "ref", &dh_device_ref_functions, NULL, NULL, NULL },
};

/* NULL with the reason. */
static const DhDeviceFunctions *
functions_of (guint kind, const char **why_not)
{
  *why_not = kinds[kind].why_not;
  return kinds[kind].module ? dh_module_get (kinds[kind].module, why_not) : kinds[kind].functions;
}

const char *
dh_precision_name (DhPrecision precision)
{
  g_return_val_if_fail (precision < DH_N_PRECISIONS, NULL);
  return precision_names[precision];
}

gboolean
dh_precision_from_name (const char *name, DhPrecision *precision)
{
  for (guint i = 0; i < DH_N_PRECISIONS; i++)
    if (g_str_equal (precision_names[i], name))
      {
        *precision = i;
        return TRUE;
      }
  return FALSE;
}

void
dh_device_info_free (DhDeviceInfo *info)
{
  if (!info)
    return;
  g_free (info->name);
  g_free (info->kind);
  g_free (info->title);
  g_free (info->instructions);
  g_free (info->source);
  g_free (info->why_not);
  g_free (info);
}

DhDeviceInfo *
dh_device_info_new (const char *name, const char *kind, const char *title)
{
  DhDeviceInfo *info = g_new0 (DhDeviceInfo, 1);
  info->name = g_strdup (name);
  info->kind = g_strdup (kind);
  info->title = g_strdup (title);
  return info;
}

GPtrArray *
dh_devices_list (void)
{
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_device_info_free);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const char *why_not;
      const DhDeviceFunctions *functions = functions_of (i, &why_not);
      if (functions)
        {
          functions->list (infos);
          continue;
        }
      DhDeviceInfo *info = dh_device_info_new (kinds[i].name, kinds[i].name, kinds[i].title);
      info->why_not = g_strdup (why_not);
      g_ptr_array_add (infos, info);
    }
  return infos;
}

/* "cuda:1" → kind "cuda", index 1. Only a kind with several devices takes a number. */
static gboolean
parse_name (const char *name, guint *kind, guint *index)
{
  *index = 0;
  for (*kind = 0; *kind < G_N_ELEMENTS (kinds); (*kind)++)
    {
      const char *known = kinds[*kind].name;
      const gsize length = strlen (known);
      if (strncmp (name, known, length) != 0)
        continue;
      if (name[length] == '\0')
        return TRUE;
      guint64 number;
      if (g_str_equal (known, "cuda") && name[length] == ':'
          && g_ascii_string_to_unsigned (name + length + 1, 10, 0, 255, &number, NULL))
        {
          *index = (guint)number;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
pin (gpointer owner, gpointer memory, gsize bytes)
{
  DhDevice *device = owner;
  return !device->lost && device->functions->pin (device, memory, bytes);
}

static void
unpin (gpointer owner, gpointer memory)
{
  DhDevice *device = owner;
  device->functions->unpin (device, memory);
}

static DhDevice *
open_kind (guint kind, guint index, guint threads, GError **error)
{
  const char *why_not;
  const DhDeviceFunctions *functions = functions_of (kind, &why_not);
  if (!functions)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_DEVICE, "The device “%s” is not available: %s", kinds[kind].name,
                   why_not);
      return NULL;
    }
  DhDevice *device = functions->open (index, threads ? threads : dh_machine_cores (), error);
  if (!device)
    return NULL;
  g_atomic_ref_count_init (&device->refs);
  device->functions = functions;
  static const DhHostPinning pinning = { pin, unpin };
  const guint64 memory = dh_machine_memory ();
  const guint64 most = memory ? MIN (MOST_PINNED, memory / PART_PINNED) : MOST_PINNED;
  device->host = dh_host_pool_new (functions->pin ? &pinning : NULL, device, (gsize)most);
  return device;
}

/* The first device of the kind that is available and opens; and why the first that is there does not. */
static DhDevice *
open_any (guint kind, guint threads, char **passed_over)
{
  const char *why_not;
  DhDevice *opened = NULL;
  const DhDeviceFunctions *functions = functions_of (kind, &why_not);
  if (!functions)
    return NULL;
  g_autoptr (GPtrArray) infos = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_device_info_free);
  functions->list (infos);
  for (guint i = 0; i < infos->len && !opened; i++)
    {
      const DhDeviceInfo *info = infos->pdata[i];
      g_autoptr (GError) error = NULL;
      guint same, index;
      if (info->available && parse_name (info->name, &same, &index))
        opened = open_kind (kind, index, threads, &error);
      if (opened || *passed_over)
        continue;
      if (error)
        *passed_over = g_strdup (error->message);
      else if (info->present)
        *passed_over = g_strdup_printf ("The device “%s” is not available: %s", info->name, info->why_not);
    }
  return opened;
}

static DhDevice *
open_auto (guint threads, GError **error)
{
  g_autofree char *passed_over = NULL;
  DhDevice *device = NULL;
  guint kind;
  for (kind = 0; kind < G_N_ELEMENTS (kinds) - 1 && !device; kind++)
    device = open_any (kind, threads, &passed_over);
  if (!device)
    device = open_kind (kind, 0, threads, error);
  if (device)
    device->passed_over = g_steal_pointer (&passed_over);
  return device;
}

DhDevice *
dh_device_open (const char *name, guint threads, GError **error)
{
  g_return_val_if_fail (name != NULL, NULL);
  guint kind, index;
  if (g_str_equal (name, "auto"))
    return open_auto (threads, error);
  if (!parse_name (name, &kind, &index))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "Unknown device “%s”; use auto, ref, cpu or cuda (cuda:N)", name);
      return NULL;
    }
  return open_kind (kind, index, threads, error);
}

const char *
dh_device_passed_over (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, NULL);
  return device->passed_over;
}

char *
dh_device_dup_note (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, NULL);
  return device->passed_over ? g_strdup_printf ("%s; %s computes", device->passed_over, device->name) : NULL;
}

DhDevice *
dh_device_ref (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, NULL);
  g_atomic_ref_count_inc (&device->refs);
  return device;
}

void
dh_device_unref (DhDevice *device)
{
  if (device && g_atomic_ref_count_dec (&device->refs))
    {
      DhHostPool *host = device->host; /* who holds a map needs no device */
      g_free (device->plans_folder);
      g_free (device->passed_over);
      dh_host_pool_unpin (host);
      device->functions->close (device);
      dh_host_pool_unref (host);
    }
}

void
dh_device_remember_plans (DhDevice *device, const char *folder)
{
  g_return_if_fail (device != NULL);
  g_free (device->plans_folder);
  device->plans_folder = folder != NULL ? g_strdup (folder) : dh_plan_cache_folder ();
  dh_plan_cache_prune (device->plans_folder, MOST_PLANS_KEPT);
}

const char *
dh_device_name (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, NULL);
  return device->name;
}

const char *
dh_device_title (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, NULL);
  return device->title;
}

guint
dh_device_threads (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, 0);
  return device->threads;
}

gboolean
dh_device_is_lost (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, FALSE);
  return device->lost;
}

gboolean
dh_device_leaves_out (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, FALSE);
  return device->left_out;
}

gboolean
dh_device_reopen (DhDevice *device, GError **error)
{
  g_return_val_if_fail (device != NULL, FALSE);
  if (!device->lost)
    return TRUE;
  dh_host_pool_unpin (device->host);
  return device->functions->reopen (device, error);
}

gboolean
dh_device_begin_anew (DhDevice *device, GError **reason)
{
  g_autoptr (GError) why_not = NULL;
  if (!device->begins_anew)
    return FALSE;
  if (dh_device_reopen (device, &why_not))
    {
      g_clear_error (reason);
      return TRUE;
    }
  g_autofree char *message =
      g_strdup_printf ("%s. %s. What it was lost with is left out then", (*reason)->message, why_not->message);
  g_free ((*reason)->message);
  (*reason)->message = g_steal_pointer (&message);
  return FALSE;
}

gboolean
dh_device_has_precision (DhDevice *device, DhPrecision precision)
{
  g_return_val_if_fail (device != NULL && precision < DH_N_PRECISIONS, FALSE);
  return (device->precisions & 1u << precision) != 0;
}

gboolean
dh_device_trains_in (DhDevice *device, DhPrecision precision)
{
  g_return_val_if_fail (device != NULL, FALSE);
  const guint all = device->training ? device->training : 1u << DH_PRECISION_F32;
  return device->functions->compile_training && precision < DH_N_PRECISIONS && (all & 1u << precision) != 0;
}

gboolean
dh_device_has_memory (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, FALSE);
  return device->functions->available != NULL;
}

GBytes *
dh_device_take_host_memory (DhDevice *device, gsize bytes)
{
  g_return_val_if_fail (device != NULL, NULL);
  return dh_host_pool_take (device->host, bytes);
}

guint64
dh_device_available (DhDevice *device)
{
  g_return_val_if_fail (device != NULL, 0);
  return device->functions->available ? device->functions->available (device) : dh_machine_memory_available ();
}
