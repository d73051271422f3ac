#include <string.h>
#include "dh-cpu-tiles.h"
#include "dh-error.h"
#include "dh-machine.h"
#include "dh-train-private.h"

const DhCpuKernels *dh_cpu_kernels_emulated;

static gboolean
runs (const DhCpuKernels *kernels)
{
#if defined __x86_64__
  gboolean avx2 = __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
  gboolean avx512 = avx2 && __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
                    && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl");
  gboolean vnni = __builtin_cpu_supports ("avx512vnni");
  gboolean bf16 = vnni && __builtin_cpu_supports ("avx512bf16");
  if (kernels == &dh_cpu_kernels_avx512_amx)
    return avx512 && bf16 && dh_cpu_tiles_allowed ();
  if (kernels == &dh_cpu_kernels_avx512_bf16)
    return avx512 && bf16;
  if (kernels == &dh_cpu_kernels_avx512_vnni)
    return avx512 && vnni;
  if (kernels == &dh_cpu_kernels_avx512)
    return avx512;
  if (kernels == &dh_cpu_kernels_avx2_vnni)
    return avx2 && __builtin_cpu_supports ("avxvnni");
  if (kernels == &dh_cpu_kernels_avx2)
    return avx2;
#endif
  return kernels == &dh_cpu_kernels_plain;
}

const DhCpuKernels *
dh_cpu_kernels_get (void)
{
  static const DhCpuKernels *const all[] = {
#if defined __x86_64__
    &dh_cpu_kernels_avx512_amx,
    &dh_cpu_kernels_avx512_bf16,
    &dh_cpu_kernels_avx512_vnni,
    &dh_cpu_kernels_avx512,
    &dh_cpu_kernels_avx2_vnni,
    &dh_cpu_kernels_avx2,
#endif
    &dh_cpu_kernels_plain,
  };
  const char *wanted = g_getenv ("DH_CPU_ISA");
  if (dh_cpu_kernels_emulated != NULL && g_strcmp0 (wanted, dh_cpu_kernels_emulated->name) == 0)
    return dh_cpu_kernels_emulated;
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (runs (all[i]) && (wanted == NULL || g_str_equal (wanted, all[i]->name)))
      return all[i];
  return NULL;
}

static char *
why_no_kernels (void)
{
  return g_strdup_printf ("DH_CPU_ISA=%s names no kernels that this processor runs", g_getenv ("DH_CPU_ISA"));
}

static guint
precisions (const DhCpuKernels *kernels)
{
  return 1u << DH_PRECISION_F32 | (kernels->has_bf16 ? 1u << DH_PRECISION_BF16 : 0)
         | (kernels->has_int8 ? 1u << DH_PRECISION_INT8 : 0);
}

/* Training multiplies in these; the library's convolutions, norms, losses and the optimiser stay in float32. */
static guint
training_precisions (const DhCpuKernels *kernels)
{
  return 1u << DH_PRECISION_F32 | (kernels->has_bf16 ? 1u << DH_PRECISION_BF16 : 0);
}

/* What is said of the kernels to people. Times as fast as float32: tests/bench/RESULTS.md, the most of both networks.
 */
static void
describe_kernels (const DhCpuKernels *kernels, DhDeviceInfo *info)
{
  static const struct
  {
    const char *name, *instructions;
    float bf16, int8, bf16_training;
  } facts[] = {
    { "avx2", "AVX2", 0, 0, 0 },
    { "avx2_vnni", "AVX2, VNNI", 0, 0, 0 },
    { "avx512", "AVX-512", 0, 0, 0 },
    { "avx512_vnni", "AVX-512, VNNI", 0, 0, 0 },
    { "avx512_bf16", "AVX-512, VNNI, BF16", 1.4f, 1.6f, 1.5f },
    { "avx512_amx", "AVX-512, VNNI, BF16, AMX", 3.7f, 4.2f, 1.9f },
  };
  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    if (g_str_equal (facts[i].name, kernels->name))
      {
        info->instructions = g_strdup (facts[i].instructions);
        info->faster[DH_PRECISION_BF16] = facts[i].bf16;
        info->faster[DH_PRECISION_INT8] = facts[i].int8;
        info->trains_faster[DH_PRECISION_BF16] = facts[i].bf16_training;
      }
}

static void
cpu_list (GPtrArray *infos)
{
  DhDeviceInfo *info = dh_device_info_new ("cpu", "cpu", dh_machine_processor ());
  const DhCpuKernels *kernels = dh_cpu_kernels_get ();
  info->available = kernels != NULL;
  info->why_not = kernels == NULL ? why_no_kernels () : NULL;
  info->memory = dh_machine_memory ();
  info->precisions = kernels != NULL ? precisions (kernels) : 0;
  info->training = kernels != NULL ? training_precisions (kernels) : 0;
  if (kernels != NULL)
    describe_kernels (kernels, info);
  g_ptr_array_add (infos, info);
}

static void
cpu_close (DhDevice *base)
{
  DhCpuDevice *device = (DhCpuDevice *)base;
  if (device->stream != NULL)
    dnnl_stream_destroy (device->stream);
  if (device->engine != NULL)
    dnnl_engine_destroy (device->engine);
  g_free (base->name);
  g_free (base->title);
  g_free (device);
}

static DhDevice *
cpu_open (guint index, guint threads, GError **error)
{
  const DhCpuKernels *kernels = dh_cpu_kernels_get ();
  if (kernels == NULL)
    {
      g_autofree char *why = why_no_kernels ();
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The cpu device cannot be used: %s", why);
      return NULL;
    }
  DhCpuDevice *device = g_new0 (DhCpuDevice, 1);
  device->kernels = kernels;
  device->base.name = g_strdup ("cpu");
  device->base.title = g_strdup (dh_machine_processor ());
  device->base.threads = CLAMP (threads, 1, 1024);
  device->base.precisions = precisions (device->kernels);
  device->base.training = training_precisions (device->kernels);
  /* Only the blocks of channels that our kernels read: the library must not choose wider ones. */
  if (device->kernels->lanes < 16)
    dnnl_set_max_cpu_isa (dnnl_cpu_isa_avx2);
  dnnl_status_t status = dnnl_engine_create (&device->engine, dnnl_cpu, 0);
  if (status == dnnl_success)
    status = dnnl_stream_create (&device->stream, device->engine, dnnl_stream_default_flags);
  if (status != dnnl_success)
    {
      dh_cpu_set_error (error, "cpu", status);
      cpu_close (&device->base);
      return NULL;
    }
  return &device->base;
}

/* The instruction set decides which convolutions are ours and in what order sums run; the library chooses by its own.
 */
static char *
cpu_describe_training (DhTrainPlan *plan)
{
  const dnnl_version_t *version = dnnl_version ();
  return g_strdup_printf ("%s kernels, oneDNN %d.%d.%d for 0x%x", ((DhCpuDevice *)plan->device)->kernels->name,
                          version->major, version->minor, version->patch, (guint)dnnl_get_effective_cpu_isa ());
}

const DhDeviceFunctions dh_device_onednn_functions = {
  .list = cpu_list,
  .open = cpu_open,
  .close = cpu_close,
  .compile = dh_cpu_compile,
  .run = dh_cpu_run,
  .free_plan = dh_cpu_free_plan,
  .describe = dh_cpu_describe,
  .compile_training = dh_cpu_train_new,
  .train = dh_cpu_train_run,
  .free_training = dh_cpu_train_free,
  .describe_training = cpu_describe_training,
  .estimate_training = dh_cpu_train_estimate,
};
