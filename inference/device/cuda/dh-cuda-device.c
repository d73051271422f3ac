#include <string.h>
#include "dh-cuda-private.h"
#include "dh-error.h"

const DhModuleHost *dh_cuda_host;

static void
list (GPtrArray *infos)
{
  g_autofree char *none = NULL;
  gboolean present = FALSE;
  const guint count = dh_cuda_driver.count (&present, &none);
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *name = g_strdup_printf ("cuda:%u", i);
      g_autofree char *why_not = NULL;
      DhCudaCardInfo card = { 0 };
      const gboolean available = dh_cuda_driver.describe (i, &card, &why_not);
      DhDeviceInfo *info = dh_cuda_host->info_new (name, "cuda", card.title ? card.title : "NVIDIA GPU");
      info->available = available;
      info->present = TRUE;
      info->memory = card.memory;
      info->precisions = info->training = available ? card.precisions : 0;
      info->source = card.source;
      info->why_not = g_steal_pointer (&why_not);
      g_ptr_array_add (infos, info);
      g_free (card.title);
    }
  if (count == 0)
    {
      DhDeviceInfo *info = dh_cuda_host->info_new ("cuda", "cuda", "NVIDIA GPU");
      info->present = present;
      info->why_not = g_steal_pointer (&none);
      g_ptr_array_add (infos, info);
    }
}

static DhDevice *
open_device (guint index, guint threads, GError **error)
{
  g_autofree char *why_not = NULL;
  DhCudaCardInfo info = { 0 };
  gboolean present;
  const guint count = dh_cuda_driver.count (&present, &why_not);
  if (count > 0 && index >= count)
    why_not = count == 1 ? g_strdup ("there is only one NVIDIA GPU, “cuda:0”")
                         : g_strdup_printf ("there are only %u NVIDIA GPUs, numbered from 0", count);
  if (why_not || !dh_cuda_driver.describe (index, &info, &why_not))
    {
      g_free (info.title);
      g_free (info.source);
      g_set_error (error, DH_ERROR, DH_ERROR_NO_DEVICE, "The device “cuda:%u” is not available: %s", index, why_not);
      return NULL;
    }
  g_free (info.source);
  DhCudaCard *card = dh_cuda_driver.open (index, error);
  if (!card)
    {
      g_free (info.title);
      return NULL;
    }
  DhCudaDevice *device = g_new0 (DhCudaDevice, 1);
  device->card = card;
  device->index = index;
  device->base.name = g_strdup_printf ("cuda:%u", index);
  device->base.title = info.title;
  device->base.threads = threads;
  device->base.precisions = device->base.training = info.precisions;
  return &device->base;
}

static void
close_device (DhDevice *base)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (device->card)
    dh_cuda_driver.close (device->card);
  g_free (device->lost);
  g_free (base->name);
  g_free (base->title);
  g_free (device);
}

static gboolean
reopen_device (DhDevice *base, GError **error)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (device->n_plans > 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "The device “%s” cannot be opened again: plans of it are in use",
                   base->name);
      return FALSE;
    }
  if (device->card)
    dh_cuda_driver.close (device->card);
  device->card = dh_cuda_driver.open (device->index, error);
  if (!device->card)
    return FALSE;
  g_clear_pointer (&device->lost, g_free);
  base->lost = base->left_out = base->begins_anew = FALSE;
  return TRUE;
}

static guint64
available (DhDevice *device)
{
  return device->lost ? 0 : dh_cuda_driver.available (((DhCudaDevice *)device)->card);
}

static gboolean
pin (DhDevice *base, gpointer memory, gsize bytes)
{
  return dh_cuda_driver.pin (((DhCudaDevice *)base)->card, memory, bytes);
}

static void
unpin (DhDevice *base, gpointer memory)
{
  DhCudaDevice *device = (DhCudaDevice *)base;
  if (device->card) /* or it went with the last one */
    dh_cuda_driver.unpin (device->card, memory);
}

static const DhDeviceFunctions functions = {
  .list = list,
  .open = open_device,
  .close = close_device,
  .compile = dh_cuda_compile,
  .run = dh_cuda_run,
  .begin = dh_cuda_begin,
  .begin_rgb = dh_cuda_begin_rgb,
  .end = dh_cuda_end,
  .depth = DH_CUDA_DEPTH,
  .pin = pin,
  .unpin = unpin,
  .free_plan = dh_cuda_free_plan,
  .describe = dh_cuda_describe,
  .list_remarks = dh_cuda_list_remarks,
  .estimate = dh_cuda_estimate,
  .available = available,
  .compile_training = dh_cuda_compile_training,
  .train = dh_cuda_train,
  .free_training = dh_cuda_free_training,
  .describe_training = dh_cuda_describe_training,
  .list_training_remarks = dh_cuda_list_training_remarks,
  .estimate_training = dh_cuda_estimate_training,
  .new_state = dh_cuda_state_new,
  .free_state = dh_cuda_state_free,
  .fetch_state = dh_cuda_state_fetch,
  .step_state = dh_cuda_state_step,
  .zero_state = dh_cuda_state_zero,
  .keep_state = dh_cuda_state_keep,
  .reopen = reopen_device,
};

__attribute__ ((visibility ("default"))) const DhDeviceFunctions *dh_module_open (const DhModuleHost *host);

const DhDeviceFunctions *
dh_module_open (const DhModuleHost *host)
{
  if (host->version != DH_MODULE_VERSION || host->sizes != dh_module_sizes ())
    return NULL;
  dh_cuda_host = host;
  return &functions;
}
