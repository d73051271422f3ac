#include <cuda.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "dh-device.h"

/* lose-card: what becomes of a process whose card is lost by a fault of a kernel. CUDA's documentation wants the
 * process to be ended; whether a reset of its context does as well is for a card to show. Says in one line what
 * happened: the device is told to be lost, and opened again computes the same, or cannot be had back. Status 1 where it
 * is neither.
 *
 * The fault is this process's own: nothing else on the card is touched, but where programs share one context (MPS). */

enum
{
  SIDE = 64,
  CHANNELS = 16,
  COUNT = CHANNELS * SIDE * SIDE,
};

static const char faulty[] = ".version 6.3\n.target sm_75\n.address_size 64\n"
                             ".visible .entry fault ()\n{\n  .reg .u64 %at;\n  .reg .u32 %what;\n"
                             "  mov.u64 %at, 16;\n  mov.u32 %what, 1;\n  st.global.u32 [%at], %what;\n  ret;\n}\n";

static void *
symbol (void *library, const char *name)
{
  void *found = dlsym (library, name);
  if (!found)
    g_error ("the driver lacks %s", name);
  return found;
}

/* A kernel of its own in the context that the device computes in, by the driver. */
static void
lose (DhDevice *device)
{
  if (g_str_equal (dh_device_title (device), "Emulated card"))
    {
      g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
      return;
    }
  void *library = dlopen ("libcuda.so.1", RTLD_NOW);
  if (!library)
    g_error ("%s", dlerror ());
  CUresult (*get) (CUdevice *, int), (*retain) (CUcontext *, CUdevice), (*set) (CUcontext);
  CUresult (*wait) (void);
  CUresult (*load) (CUmodule *, const void *), (*find) (CUfunction *, CUmodule, const char *);
  CUresult (*launch) (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,
                      void **, void **);
  *(void **)&get = symbol (library, "cuDeviceGet");
  *(void **)&retain = symbol (library, "cuDevicePrimaryCtxRetain");
  *(void **)&set = symbol (library, "cuCtxSetCurrent");
  *(void **)&load = symbol (library, "cuModuleLoadData");
  *(void **)&find = symbol (library, "cuModuleGetFunction");
  *(void **)&launch = symbol (library, "cuLaunchKernel");
  *(void **)&wait = symbol (library, "cuCtxSynchronize");
  CUdevice card = 0;
  CUcontext context = NULL;
  CUmodule module = NULL;
  CUfunction function = NULL;
  CUresult code = get (&card, 0);
  code = code ? code : retain (&context, card);
  code = code ? code : set (context);
  code = code ? code : load (&module, faulty);
  code = code ? code : find (&function, module, "fault");
  code = code ? code : launch (function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
  if (code)
    g_error ("no fault can be made: the driver answers %d", (int)code);
  if (wait () == CUDA_SUCCESS)
    g_error ("no fault can be made: a store to nowhere is none");
}

static DhPlan *
make_plan (DhDevice *device, GError **error)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3);
  const DhValue y = dh_graph_conv (graph, x, "conv", (DhConv){ .out = CHANNELS, .kernel = 3, .padding = 1 });
  g_autoptr (DhTensorDict) parameters = dh_tensor_dict_new ();
  DhTensor *weights = dh_tensor_new_f32 (4, (gint64[]){ CHANNELS, 3, 3, 3 });
  for (gint64 i = 0; i < dh_tensor_count (weights); i++)
    dh_tensor_f32 (weights)[i] = (float)(i * 37 % 101) / 101.0f - 0.5f;
  dh_tensor_dict_take (parameters, "conv.weight", weights);
  const DhPlanOptions options = { .input = { 1, 3, SIDE, SIDE }, .outputs = &y, .n_outputs = 1 };
  DhPlan *plan = dh_plan_new (device, graph, parameters, &options, error);
  dh_graph_unref (graph);
  return plan;
}

static gboolean
compute (DhPlan *plan, float *values, GError **error)
{
  static float picture[3 * SIDE * SIDE];
  for (gsize i = 0; i < G_N_ELEMENTS (picture); i++)
    picture[i] = (float)(i * 53 % 256) / 255.0f;
  /* Plainly, and as a recording. */
  return dh_plan_run (plan, picture, (gpointer[]){ values }, NULL, NULL, error)
         && dh_plan_run (plan, picture, (gpointer[]){ values }, NULL, NULL, error);
}

int
main (int argc, char **argv)
{
  static float before[COUNT], after[COUNT];
  g_autoptr (GError) error = NULL, told = NULL;
  g_autoptr (DhDevice) device = dh_device_open (argc > 1 ? argv[1] : "cuda", 1, &error);
  DhPlan *plan = device ? make_plan (device, &error) : NULL;
  if (!plan || !compute (plan, before, &error))
    g_error ("%s", error->message);
  lose (device);
  if (compute (plan, after, &told) || !dh_device_is_lost (device))
    g_error ("the fault goes unnoticed: %s", told ? told->message : "runs go on");
  dh_plan_unref (plan);
  g_unsetenv ("DH_EMULATED_FAIL");
  printf ("a lost card (%s) ", told->message);
  fflush (stdout);
  const gint64 begin = g_get_monotonic_time ();
  if (!dh_device_reopen (device, &error) || !(plan = make_plan (device, &error)) || !compute (plan, after, &error))
    {
      printf ("cannot be had back in its process: %s\n", error->message);
      return 0;
    }
  const gboolean same = memcmp (before, after, sizeof before) == 0;
  printf ("is opened again in its process, in %.2f s, and computes %s\n",
          (double)(g_get_monotonic_time () - begin) * 1e-6, same ? "the same" : "SOMETHING ELSE");
  dh_plan_unref (plan);
  return same ? 0 : 1;
}
