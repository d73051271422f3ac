#include <cuda.h>
#include <dlfcn.h>
#include "dh-cuda-archs.h"
#include "dh-cuda-runtime-private.h"

/* What cards there are, and whether they can be used. The driver is asked itself, by the functions that it documents:
 * it says more than the runtime of what is wrong, and nothing begins on a card. */

static const gint made[] = { DH_CUDA_ARCHS };
static const DhCudaArchs archs = { made, G_N_ELEMENTS (made), DH_CUDA_PTX };

/* The first driver for each CUDA generation: within one, every driver serves every toolkit. */
static const struct
{
  int cuda;
  int release;
} drivers[] = { { 12, 525 }, { 13, 580 } };

typedef struct
{
  CUresult (*init) (unsigned int flags);
  CUresult (*version) (int *version);
  CUresult (*count) (int *count);
  CUresult (*device) (CUdevice *device, int index);
  CUresult (*name) (char *name, int size, CUdevice device);
  CUresult (*memory) (size_t *bytes, CUdevice device);
  CUresult (*attribute) (int *value, CUdevice_attribute attribute, CUdevice device);
  CUresult (*error_string) (CUresult code, const char **text);
} Driver;

gboolean
dh_cuda_card_is_on_bus (const char *folder)
{
  gboolean found = FALSE;
  GDir *dir = g_dir_open (folder, 0, NULL);
  for (const char *name; dir && !found && (name = g_dir_read_name (dir));)
    {
      g_autofree char *vendor_path = g_build_filename (folder, name, "vendor", NULL);
      g_autofree char *class_path = g_build_filename (folder, name, "class", NULL);
      g_autofree char *vendor = NULL, *class = NULL;
      found = g_file_get_contents (vendor_path, &vendor, NULL, NULL) && g_str_has_prefix (vendor, "0x10de")
              && g_file_get_contents (class_path, &class, NULL, NULL) && g_str_has_prefix (class, "0x03");
    }
  if (dir)
    g_dir_close (dir);
  return found;
}

static int
needed_release (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (drivers); i++)
    if (drivers[i].cuda == CUDART_VERSION / 1000)
      return drivers[i].release;
  return 0;
}

/* " 580 or newer", or nothing where that is not known. */
static char *
name_needed (void)
{
  return needed_release () ? g_strdup_printf (" %d or newer", needed_release ()) : g_strdup ("");
}

static char *
explain_missing (gboolean *present)
{
  g_autofree char *needed = name_needed ();
  const char *said = dlerror ();
  *present = dh_cuda_card_is_on_bus ("/sys/bus/pci/devices");
  /* The linker names what it does not find as it was asked for, what it finds by its path. */
  if (said && !g_str_has_prefix (said, "libcuda.so.1:"))
    {
      *present = TRUE;
      return g_strdup_printf ("the NVIDIA driver cannot be loaded: %s", said);
    }
  if (*present)
    return g_strdup_printf (
        "this machine has an NVIDIA GPU, but the NVIDIA driver (libcuda.so.1) is not there: install "
        "driver%s, or in a container hand on the host's (--gpus all)",
        needed);
  return g_strdup ("there is no NVIDIA driver (libcuda.so.1)");
}

static char *
load (Driver *driver, gboolean *present)
{
  void *library = dlopen ("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (!library)
    return explain_missing (present);
  *present = TRUE;
  const struct
  {
    const char *name;
    void *pointer;
  } wanted[] = {
    { "cuInit", &driver->init },
    { "cuDriverGetVersion", &driver->version },
    { "cuDeviceGetCount", &driver->count },
    { "cuDeviceGet", &driver->device },
    { "cuDeviceGetName", &driver->name },
    { "cuDeviceTotalMem_v2", &driver->memory },
    { "cuDeviceGetAttribute", &driver->attribute },
    { "cuGetErrorString", &driver->error_string },
  };
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!(*(void **)wanted[i].pointer = dlsym (library, wanted[i].name)))
      return g_strdup_printf ("the NVIDIA driver (libcuda.so.1) lacks the function %s", wanted[i].name);
  return NULL;
}

/* Loads it once; NULL with the reason in words, static. `present`: it or a card is there. */
static const Driver *
get (gboolean *present, const char **why_not)
{
  static Driver driver;
  static char *reason;
  static gboolean there;
  static gsize once;
  if (g_once_init_enter (&once))
    {
      reason = load (&driver, &there);
      g_once_init_leave (&once, 1);
    }
  *present = there;
  *why_not = reason;
  return reason ? NULL : &driver;
}

/* What driver this is, in words: the kernel's module says its release. */
static char *
name_driver (int version)
{
  g_autofree char *release = NULL;
  if (g_file_get_contents ("/sys/module/nvidia/version", &release, NULL, NULL))
    g_strstrip (release);
  return g_strdup_printf ("%s%s(CUDA %d.%d)", release ? release : "", release ? " " : "", version / 1000,
                          version % 1000 / 10);
}

static char *
explain_old (int version)
{
  g_autofree char *driver = name_driver (version);
  g_autofree char *needed = name_needed ();
  return g_strdup_printf ("the NVIDIA driver %s is too old for this build, which needs one for CUDA %d.0: install "
                          "driver%s, or beside it, for a data-centre GPU, the package cuda-compat-%d-%d",
                          driver, CUDART_VERSION / 1000, needed, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
}

/* Why the driver does not begin. */
static char *
explain (const Driver *driver, CUresult code)
{
  const char *text = NULL, *visible = g_getenv ("CUDA_VISIBLE_DEVICES");
  switch (code)
    {
    case CUDA_ERROR_NO_DEVICE:
      return visible ? g_strdup_printf ("the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES is “%s”)", visible)
                     : g_strdup ("the NVIDIA driver sees no GPU");
    case CUDA_ERROR_STUB_LIBRARY:
      return g_strdup ("libcuda.so.1 is the CUDA toolkit's stub and no driver; take its folder out of LD_LIBRARY_PATH");
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return g_strdup ("the NVIDIA driver's library and its kernel module are of different versions; restart the "
                       "machine, or in a container use the host's libcuda.so.1");
    case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
      return g_strdup ("the package cuda-compat does not serve this GPU; remove it and install a newer NVIDIA driver");
    case CUDA_ERROR_SYSTEM_NOT_READY:
      return g_strdup ("the NVIDIA driver is not ready yet; on machines with NVSwitch the fabric manager must run");
    default:
      driver->error_string (code, &text);
      return g_strdup_printf ("the NVIDIA driver answers: %s (error %d)", text ? text : "what is not known", code);
    }
}

guint
dh_cuda_card_count (gboolean *present, char **why_not)
{
  const char *reason;
  int version = 0, count = 0;
  const Driver *driver = get (present, &reason);
  if (!driver)
    {
      *why_not = g_strdup (reason);
      return 0;
    }
  CUresult code = driver->version (&version);
  if (code == CUDA_SUCCESS && version / 1000 < CUDART_VERSION / 1000)
    {
      *why_not = explain_old (version);
      return 0;
    }
  code = code != CUDA_SUCCESS ? code : driver->init (0);
  code = code != CUDA_SUCCESS ? code : driver->count (&count);
  if (code == CUDA_SUCCESS && count <= 0)
    code = CUDA_ERROR_NO_DEVICE;
  if (code != CUDA_SUCCESS)
    *why_not = explain (driver, code);
  /* The library alone is in many a container; and who hides every card wants none. */
  const char *visible = g_getenv ("CUDA_VISIBLE_DEVICES");
  if (code == CUDA_ERROR_NO_DEVICE)
    *present = !(visible && !*visible) && dh_cuda_card_is_on_bus ("/sys/bus/pci/devices");
  return code == CUDA_SUCCESS ? (guint)count : 0;
}

/* NULL where the card runs this build's kernels. */
static char *
explain_unfit (int capability, int version)
{
  const DhCudaFit fit = dh_cuda_archs_fit (&archs, capability);
  g_autofree char *has = dh_cuda_archs_name (&archs);
  /* A driver compiles no PTX of a toolkit newer than itself. */
  if (fit == DH_CUDA_COMPILED && version / 10 < CUDART_VERSION / 10)
    return g_strdup_printf ("its compute capability %d.%d is newer than this build's kernels, and the NVIDIA driver "
                            "(CUDA %d.%d) too old to compile them for it: install a driver for CUDA %d.%d or newer",
                            capability / 10, capability % 10, version / 1000, version % 1000 / 10,
                            CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
  if (fit == DH_CUDA_TOO_OLD)
    return g_strdup_printf ("its compute capability %d.%d is too old for this build (%d.%d and newer)", capability / 10,
                            capability % 10, made[0] / 10, made[0] % 10);
  if (fit == DH_CUDA_BETWEEN)
    return g_strdup_printf ("this build has no kernels for its compute capability %d.%d, only for %s", capability / 10,
                            capability % 10, has);
  return NULL;
}

/* The card's compute capability; 0 with the reason. */
static int
look_at (const Driver *driver, guint index, DhCudaCardInfo *info, char *name, int size, char **why_not)
{
  CUdevice device;
  int major = 0, minor = 0, mode = 0;
  size_t bytes = 0;
  CUresult code = driver->device (&device, (int)index);
  code = code ? code : driver->name (name, size, device);
  code = code ? code : driver->attribute (&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device);
  code = code ? code : driver->attribute (&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
  code = code ? code : driver->attribute (&mode, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, device);
  code = code ? code : driver->memory (&bytes, device);
  if (code != CUDA_SUCCESS)
    {
      *why_not = explain (driver, code);
      return 0;
    }
  if (mode == CU_COMPUTEMODE_PROHIBITED)
    *why_not = g_strdup ("its compute mode is “prohibited”; “nvidia-smi -c 0” allows computing");
  info->memory = bytes;
  return major * 10 + minor;
}

gboolean
dh_cuda_card_describe (guint index, DhCudaCardInfo *info, char **why_not)
{
  gboolean present;
  const char *reason = NULL;
  char name[256] = "";
  int version = 0;
  const Driver *driver = get (&present, &reason);
  if (!driver)
    {
      *why_not = g_strdup (reason);
      return FALSE;
    }
  const int capability = look_at (driver, index, info, name, sizeof name, why_not);
  if (!capability)
    return FALSE;
  info->precisions = 1u << DH_PRECISION_F32 | 1u << DH_PRECISION_F16;
  if (capability >= 80)
    info->precisions |= 1u << DH_PRECISION_TF32 | 1u << DH_PRECISION_BF16;
  driver->version (&version);
  if (!*why_not)
    *why_not = explain_unfit (capability, version);
  const DhCudnn *cudnn = dh_cudnn_get (&reason);
  if (!cudnn && !*why_not)
    *why_not = g_strdup (reason);
  g_autofree char *cudnn_name = cudnn ? dh_cudnn_name (cudnn) : NULL;
  info->source = cudnn ? g_strdup (cudnn->path) : NULL;
  info->title = g_strdup_printf ("%s (%d.%d)%s%s", name, capability / 10, capability % 10, cudnn ? ", " : "",
                                 cudnn ? cudnn_name : "");
  if (*why_not)
    {
      g_autofree char *bare = *why_not;
      *why_not = g_strdup_printf ("%s: %s", name, bare);
    }
  return *why_not == NULL;
}

/* The reason, where the card opened but its kernels do not load; NULL for any other failure. */
char *
dh_cuda_card_explain_kernels (cudaError_t code, int capability)
{
  g_autofree char *has = dh_cuda_archs_name (&archs);
  switch (code)
    {
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidKernelImage:
    case cudaErrorInvalidPtx:
      return g_strdup_printf ("this build has no kernels for its compute capability %d.%d, only for %s",
                              capability / 10, capability % 10, has);
    case cudaErrorUnsupportedPtxVersion:
      return g_strdup_printf ("the NVIDIA driver is too old to compile this build's kernels for it: install a driver "
                              "for CUDA %d.%d or newer",
                              CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    case cudaErrorJitCompilerNotFound:
    case cudaErrorJitCompilationDisabled:
      return g_strdup_printf ("its kernels must be compiled by the NVIDIA driver, which does not do that (%s)",
                              code == cudaErrorJitCompilerNotFound ? "libnvidia-ptxjitcompiler.so.1 is missing"
                                                                   : "CUDA_DISABLE_PTX_JIT is set");
    default:
      return NULL;
    }
}
