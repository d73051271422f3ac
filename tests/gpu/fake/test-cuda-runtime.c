#include <driver_types.h>
#include <glib/gstdio.h>
#include <string.h>
#include "dh-cuda-archs.h"
#include "dh-cuda-grid.h"
#include "dh-cuda-runtime-private.h"
#include "dh-error.h"
#include "fake-card.h"
#include "fake-runtime.h"

/* The module's own host code above a CUDA runtime, a driver and a cuDNN that compute nothing: what it says of each
 * fault, that it gives back all it made, and that a card comes back after it. */

static void
fail (const char *what)
{
  if (what)
    g_setenv ("DH_FAKE_FAIL", what, TRUE);
  else
    g_unsetenv ("DH_FAKE_FAIL");
}

static void
test_open (void)
{
  g_assert_cmpint (fake_runtime_live (), ==, 0);
  dh_cuda_driver.close (open_card ());
  g_assert_cmpint (fake_runtime_live (), ==, 0);
}

/* Whatever fails while it is opened, all that was made before is given back, and the next try succeeds. */
static void
test_open_fails (void)
{
  static const char *const faults[] = { "cudaSetDevice:1:46",
                                        "cudaSetDevice:1:2",
                                        "cudaDeviceGetAttribute:2:1",
                                        "load:1:719",
                                        "cudaStreamCreateWithFlags:1:2",
                                        "cudaStreamCreateWithFlags:3:999",
                                        "cudaEventCreateWithFlags:2:2" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GError) error = NULL;
      fail (faults[i]);
      g_assert_null (dh_cuda_driver.open (0, &error));
      g_assert_nonnull (error);
      g_test_message ("%s: %s", faults[i], error->message);
      g_assert_cmpint (fake_runtime_live (), ==, 0);
      fail (NULL);
      dh_cuda_driver.close (open_card ());
    }
}

static void
test_kernels (void)
{
  static const struct
  {
    cudaError_t code;
    const char *said;
  } cases[] = {
    { cudaErrorNoKernelImageForDevice, "no kernels for its compute capability 11.0, only for 7.5, 8.0, 9.0, 12.0" },
    { cudaErrorInvalidKernelImage, "no kernels for its compute capability 11.0" },
    { cudaErrorUnsupportedPtxVersion, "too old to compile this build's kernels" },
    { cudaErrorJitCompilerNotFound, "libnvidia-ptxjitcompiler.so.1 is missing" },
    { cudaErrorJitCompilationDisabled, "CUDA_DISABLE_PTX_JIT" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *code = g_strdup_printf ("%d", cases[i].code);
      g_setenv ("DH_FAKE_KERNELS", code, TRUE);
      g_assert_null (dh_cuda_driver.open (0, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_NO_DEVICE);
      g_assert_nonnull (strstr (error->message, "“cuda:0” is not available: "));
      g_assert_nonnull (strstr (error->message, cases[i].said));
      g_assert_cmpint (fake_runtime_live (), ==, 0);
    }
  g_unsetenv ("DH_FAKE_KERNELS");
}

/* What the driver compiles from an older card's code lacks what that card lacked. */
static void
test_fused (void)
{
  static const struct
  {
    const char *architecture;
    gboolean f16, bf16;
  } cases[] = { { "75", TRUE, FALSE }, { "80", TRUE, TRUE }, { "120", TRUE, TRUE }, { "61", FALSE, FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_setenv ("DH_FAKE_ARCHITECTURE", cases[i].architecture, TRUE);
      DhCudaCard *card = open_card ();
      g_assert_true (dh_cuda_driver.has_fused (card, DH_CUDA_F16) == cases[i].f16);
      g_assert_true (dh_cuda_driver.has_fused (card, DH_CUDA_BF16) == cases[i].bf16);
      g_assert_false (dh_cuda_driver.has_fused (card, DH_CUDA_F32));
      dh_cuda_driver.close (card);
    }
  g_unsetenv ("DH_FAKE_ARCHITECTURE");
}

static void
test_cudnn (void)
{
  g_autoptr (GError) error = NULL;
  g_setenv ("DH_FAKE_CREATE", "1001", TRUE);
  g_assert_null (dh_cuda_driver.open (0, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, "cuDNN does not start: the fake refuses"));
  g_assert_cmpint (fake_runtime_live (), ==, 0);
  g_unsetenv ("DH_FAKE_CREATE");
}

/* Too little memory is said with how much there is, and the card goes on. */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  fake_runtime_set_memory (100ul << 20);
  g_assert_cmpuint (dh_cuda_driver.available (card), ==, 100u << 20);
  g_assert_null (dh_cuda_driver.alloc (card, 200u << 20, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (error->message, "200 MiB of the card's memory"));
  g_assert_nonnull (strstr (error->message, "100 of the card's 1024 MiB"));
  g_clear_error (&error);
  fail ("cudaMallocHost:1:2");
  g_assert_null (dh_cuda_driver.alloc_pinned (card, 1 << 20, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (error->message, "pinned memory"));
  g_clear_error (&error);
  fail (NULL);
  fake_runtime_set_memory (0);
  gpointer memory = dh_cuda_driver.alloc (card, 8, &error);
  char there[8] = "kept", back[8] = "";
  g_assert_true (dh_cuda_driver.copy (card, memory, there, 8, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_UP, &error));
  g_assert_true (dh_cuda_driver.copy (card, back, memory, 8, DH_CUDA_TO_HOST, DH_CUDA_LANE_DOWN, &error));
  g_assert_true (dh_cuda_driver.wait (card, &error));
  g_assert_cmpstr (back, ==, "kept");
  dh_cuda_driver.release (card, memory);
  fail ("cudaHostRegister:1:801");
  g_assert_false (dh_cuda_driver.pin (card, there, 8));
  fail (NULL);
  /* That code stays with the card, as every fault of its own does. */
  g_assert_false (dh_cuda_driver.wait (card, NULL));
  dh_cuda_driver.close (card);
  g_assert_cmpint (fake_runtime_live (), ==, 0);
}

/* After a fault nothing goes on; closed and opened again, everything does, but for what another had there. */
static void
test_lost (void)
{
  static const char *const faults[] = { "launch:1:700", "cudaStreamSynchronize:1:719", "cudaMemcpyAsync:1:717",
                                        "cudaGraphLaunch:1:700" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GError) error = NULL;
      DhCudaCard *card = open_card (), *other = open_card ();
      char bytes[4] = { 0 };
      gpointer memory = dh_cuda_driver.alloc (card, 4, NULL), others = dh_cuda_driver.alloc (other, 4, NULL);
      g_assert_true (dh_cuda_driver.record_begin (card, &error));
      DhCudaRecording *recording = dh_cuda_driver.record_end (card, &error);
      g_assert_no_error (error);
      const DhCudaKernel kernel = { 0 };
      fail (faults[i]);
      g_assert_false (dh_cuda_driver.launch (card, &kernel, &error)
                      && dh_cuda_driver.copy (card, memory, bytes, 4, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_UP, &error)
                      && dh_cuda_driver.replay (card, recording, &error) && dh_cuda_driver.wait (card, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_clear_error (&error);
      fail (NULL);
      g_assert_false (dh_cuda_driver.wait (card, NULL));
      g_assert_cmpuint (dh_cuda_driver.available (card), ==, 0);
      dh_cuda_driver.recording_free (card, recording);
      dh_cuda_driver.release (card, memory);
      dh_cuda_driver.close (card);
      g_assert_cmpint (fake_runtime_live (), ==, 0);

      card = open_card ();
      const gint own = fake_runtime_live ();
      g_assert_true (dh_cuda_driver.wait (card, &error));
      g_assert_false (dh_cuda_driver.wait (other, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "was reset"));
      dh_cuda_driver.release (other, others);
      dh_cuda_driver.close (other);
      g_assert_cmpint (fake_runtime_live (), ==, own);
      dh_cuda_driver.close (card);
      g_assert_cmpint (fake_runtime_live (), ==, 0);
    }
}

/* Where no reset ends the fault, as is said of some, it is the process that must be ended. */
static void
test_lost_for_good (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  fail ("cudaStreamSynchronize:1:700");
  g_setenv ("DH_FAKE_STAYS", "1", TRUE);
  g_assert_false (dh_cuda_driver.wait (card, &error));
  g_assert_null (strstr (error->message, "start the program again"));
  g_clear_error (&error);
  dh_cuda_driver.close (card);
  fail (NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (dh_cuda_driver.open (0, &error));
      g_assert_nonnull (strstr (error->message, "“cuda:0” is not available in this process, which lost it; start the "
                                                "program again: The card failed in taking the card"));
      g_clear_error (&error);
      g_assert_cmpint (fake_runtime_live (), ==, 0);
    }
  g_unsetenv ("DH_FAKE_STAYS");
  fail ("cudaSetDevice:1:1");
  g_assert_null (dh_cuda_driver.open (0, NULL));
  fail (NULL);
  dh_cuda_driver.close (open_card ());
}

/* All that may be recorded is, and nothing else is asked of the card meanwhile. */
static void
test_recorded (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  const DhCudaKernel kernel = { 0 };
  char bytes[4] = { 0 };
  gpointer memory = dh_cuda_driver.alloc (card, 4, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dh_cuda_driver.record_begin (card, &error));
      g_assert_true (dh_cuda_driver.copy (card, memory, bytes, 4, DH_CUDA_TO_DEVICE, DH_CUDA_LANE_COMPUTE, &error)
                     && dh_cuda_driver.launch (card, &kernel, &error)
                     && dh_cuda_driver.copy (card, bytes, memory, 4, DH_CUDA_TO_HOST, DH_CUDA_LANE_COMPUTE, &error));
      DhCudaRecording *recording = dh_cuda_driver.record_end (card, &error);
      g_assert_no_error (error);
      g_assert_true (dh_cuda_driver.replay (card, recording, &error) && dh_cuda_driver.wait (card, &error));
      dh_cuda_driver.recording_free (card, recording);
    }
  dh_cuda_driver.release (card, memory);
  dh_cuda_driver.close (card);
  g_assert_cmpint (fake_runtime_live (), ==, 0);
}

/* A recording that is refused is none, and its parts are given back. */
static void
test_record (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  const gint own = fake_runtime_live ();
  g_assert_true (dh_cuda_driver.record_begin (card, &error));
  fail ("cudaGraphInstantiate:1:900");
  g_assert_null (dh_cuda_driver.record_end (card, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  fail (NULL);
  g_assert_cmpint (fake_runtime_live (), <=, own + 1);
  dh_cuda_driver.close (card);
  g_assert_cmpint (fake_runtime_live (), ==, 0);
}

/* A profiler that is not there refuses to be told, which is no matter. */
static void
test_watch (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  dh_cuda_driver.watch (card, TRUE);
  g_assert_true (fake_runtime_watched ());
  dh_cuda_driver.watch (card, FALSE);
  g_assert_false (fake_runtime_watched ());
  fail ("cudaProfilerStart:1:6");
  dh_cuda_driver.watch (card, TRUE);
  fail (NULL);
  g_assert_true (dh_cuda_driver.wait (card, &error));
  dh_cuda_driver.close (card);
}

/* What was found out on a card is there the next time it is opened, and not on another. */
static void
test_remembered (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-cards-XXXXXX", NULL);
  g_setenv ("DH_PLAN_CACHE", folder, TRUE);
  DhCudaCard *card = open_card ();
  g_assert_null (dh_cuda_driver.recall (card, "a key"));
  dh_cuda_driver.remember (card, "a key", "a way");
  dh_cuda_driver.close (card);
  card = open_card ();
  g_autofree char *kept = dh_cuda_driver.recall (card, "a key");
  g_assert_cmpstr (kept, ==, "a way");
  dh_cuda_driver.close (card);
  g_setenv ("DH_FAKE_CUDNN", "91901", TRUE);
  card = open_card ();
  g_assert_null (dh_cuda_driver.recall (card, "a key"));
  dh_cuda_driver.close (card);
  g_unsetenv ("DH_FAKE_CUDNN");
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
}

static void
add_device (const char *folder, const char *name, const char *vendor, const char *class)
{
  g_autofree char *device = g_build_filename (folder, name, NULL);
  g_autofree char *vendor_path = g_build_filename (device, "vendor", NULL);
  g_autofree char *class_path = g_build_filename (device, "class", NULL);
  g_mkdir (device, 0755);
  g_assert_true (g_file_set_contents (vendor_path, vendor, -1, NULL));
  g_assert_true (g_file_set_contents (class_path, class, -1, NULL));
}

/* A card is seen without a driver: not another's, nor what else NVIDIA makes. */
static void
test_bus (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-bus-XXXXXX", NULL);
  g_assert_false (dh_cuda_card_is_on_bus ("/nowhere"));
  g_assert_false (dh_cuda_card_is_on_bus (folder));
  add_device (folder, "0000:00:02.0", "0x8086\n", "0x030000\n");
  add_device (folder, "0000:01:00.1", "0x10de\n", "0x040300\n");
  g_assert_false (dh_cuda_card_is_on_bus (folder));
  add_device (folder, "0000:01:00.0", "0x10de\n", "0x030200\n");
  g_assert_true (dh_cuda_card_is_on_bus (folder));
}

static void
assert_fit (const DhCudaArchs *archs, gint capability, DhCudaFit fit)
{
  g_assert_cmpint (dh_cuda_archs_fit (archs, capability), ==, fit);
}

static void
test_archs (void)
{
  static const gint released[] = { 75, 80, 86, 89, 90, 100, 120 }, one[] = { 90 }, two[] = { 75, 90 };
  const DhCudaArchs all = { released, 7, 120 }, ours = { one, 1, 90 }, few = { two, 2, 90 };
  g_autofree char *name = dh_cuda_archs_name (&few);
  g_assert_cmpstr (name, ==, "7.5, 9.0 and what is newer");
  for (guint i = 0; i < G_N_ELEMENTS (released); i++)
    assert_fit (&all, released[i], DH_CUDA_FITS);
  assert_fit (&all, 70, DH_CUDA_TOO_OLD);
  assert_fit (&all, 61, DH_CUDA_TOO_OLD);
  assert_fit (&all, 87, DH_CUDA_FITS);
  assert_fit (&all, 103, DH_CUDA_FITS);
  assert_fit (&all, 110, DH_CUDA_BETWEEN);
  assert_fit (&all, 121, DH_CUDA_FITS);
  assert_fit (&all, 130, DH_CUDA_COMPILED);
  assert_fit (&ours, 89, DH_CUDA_TOO_OLD);
  assert_fit (&ours, 90, DH_CUDA_FITS);
  assert_fit (&ours, 100, DH_CUDA_COMPILED);
  assert_fit (&ours, 120, DH_CUDA_COMPILED);
  assert_fit (&few, 80, DH_CUDA_BETWEEN);
  assert_fit (&few, 89, DH_CUDA_BETWEEN);
  assert_fit (&few, 100, DH_CUDA_COMPILED);
}

static void
assert_grid (const DhCudaKernel *kernel, guint x, guint y)
{
  const DhCudaGrid grid = dh_cuda_kernel_grid (kernel);
  g_assert_cmpuint (grid.x, ==, x);
  g_assert_cmpuint (grid.y, ==, y);
}

/* A grid covers all there is to do and never leaves what a card takes, whatever the size. */
static void
test_grid (void)
{
  DhCudaKernel kernel = { .op = DH_CUDA_POINTWISE, .n = 1, .h = 1024, .w = 2048, .n_groups = 8 };
  assert_grid (&kernel, 1024 * 2048 * 8 / DH_CUDA_THREADS, 1);
  kernel.w = 1;
  kernel.h = 1;
  kernel.n_groups = 1;
  assert_grid (&kernel, 1, 1);
  kernel.h = 0;
  assert_grid (&kernel, 0, 0);
  /* 2^44 items: they go round. */
  kernel.h = kernel.w = 1 << 20;
  kernel.n_groups = 16;
  assert_grid (&kernel, G_MAXINT32, 1);

  kernel = (DhCudaKernel){ .op = DH_CUDA_FUSED, .n = 1, .h = 256, .w = 513, .n_groups = 16 };
  assert_grid (&kernel, (256 * 513 + 63) / 64, 1);
  kernel.n_groups = 32;
  assert_grid (&kernel, (256 * 513 + 63) / 64 * 2, 1);
  kernel.mode = DH_CUDA_TILING_MIDDLE;
  assert_grid (&kernel, (256 * 513 + 63) / 64 * 4, 1);
  kernel.mode = DH_CUDA_TILING_SMALL;
  assert_grid (&kernel, (256 * 513 + 31) / 32 * 4, 1);
  kernel.n_groups = 17;
  assert_grid (&kernel, 0, 0);
  kernel.mode = DH_CUDA_TILING_DEEP;
  assert_grid (&kernel, 0, 0);
  kernel.n_groups = 16 * 65536; /* 2052 blocks for each of as many channels */
  assert_grid (&kernel, (256 * 513 + 63) / 64 * 65536, 1);
  kernel.n_groups = 16;
  kernel.n = 1 << 20;
  kernel.h = kernel.w = 1 << 10; /* 2^40 pixels, 2^34 blocks */
  assert_grid (&kernel, 0, 0);

  kernel = (DhCudaKernel){ .op = DH_CUDA_STATS, .n = 16, .h = 768, .w = 768, .n_groups = 32, .n_slices = 256 };
  assert_grid (&kernel, 4, 256);
  kernel.n_groups = 3;
  assert_grid (&kernel, 2, 256);
  kernel.n_slices = 65535;
  assert_grid (&kernel, 2, 65535);
  kernel.n_slices = 65536;
  assert_grid (&kernel, 0, 0);
  kernel.op = DH_CUDA_BACK_SUMS;
  assert_grid (&kernel, 0, 0);
  kernel.op = DH_CUDA_LOSS;
  assert_grid (&kernel, 65536, 1);
  kernel.n_slices = 0;
  assert_grid (&kernel, 0, 0);

  /* One block for each place, where that many blocks can be. */
  kernel = (DhCudaKernel){
    .op = DH_CUDA_POOL, .mode = DH_CUDA_POOL_ADAPTIVE, .n = 2, .h = 1, .w = 1, .n_groups = 64, .in_h = 64, .in_w = 128
  };
  assert_grid (&kernel, 128, 1);
  kernel = (DhCudaKernel){ .op = DH_CUDA_LOSS_END };
  assert_grid (&kernel, 1, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
  g_test_add_func ("/cuda-runtime/open", test_open);
  g_test_add_func ("/cuda-runtime/open-fails", test_open_fails);
  g_test_add_func ("/cuda-runtime/kernels", test_kernels);
  g_test_add_func ("/cuda-runtime/fused", test_fused);
  g_test_add_func ("/cuda-runtime/cudnn", test_cudnn);
  g_test_add_func ("/cuda-runtime/memory", test_memory);
  g_test_add_func ("/cuda-runtime/lost", test_lost);
  g_test_add_func ("/cuda-runtime/lost-for-good", test_lost_for_good);
  g_test_add_func ("/cuda-runtime/record", test_record);
  g_test_add_func ("/cuda-runtime/recorded", test_recorded);
  g_test_add_func ("/cuda-runtime/watch", test_watch);
  g_test_add_func ("/cuda-runtime/remembered", test_remembered);
  g_test_add_func ("/cuda-runtime/bus", test_bus);
  g_test_add_func ("/cuda-runtime/archs", test_archs);
  g_test_add_func ("/cuda-runtime/grid", test_grid);
  return g_test_run ();
}
