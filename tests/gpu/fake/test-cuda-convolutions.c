#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include "dh-cuda-driver.h"
#include "dh-cuda-search-version.h"
#include "dh-error.h"
#include "fake-card.h"

/* How the module chooses, keeps and finds again what computes a convolution, with a cuDNN whose engines are what a test
 * says, and take as long as it says. */

static const DhCudaConvSpec half = { .type = DH_CUDA_F16,
                                     .n = 1,
                                     .in = 64,
                                     .out = 128,
                                     .h = 16,
                                     .w = 16,
                                     .out_h = 16,
                                     .out_w = 16,
                                     .kernel = 3,
                                     .stride = 1,
                                     .padding = 1,
                                     .dilation = 1 };

/* A convolution that no other test has: what is put aside stays so. */
static DhCudaConvSpec
another (void)
{
  static gint width = 16;
  DhCudaConvSpec spec = half;
  spec.w = spec.out_w = ++width;
  return spec;
}

static int
live (void)
{
  int (*count) (void);
  *(void **)&count = dlsym (RTLD_DEFAULT, "fake_cudnn_live");
  g_assert_nonnull (count);
  return count ();
}

static DhCudaConvolution *
try_new (DhCudaCard *card, const DhCudaConvSpec *spec, const char *engines, gsize most, GError **error)
{
  static char memory[16], workspace[1 << 20];
  const DhCudaConvMemory of = { memory, memory, memory, memory, memory, workspace };
  g_setenv ("DH_FAKE_ENGINES", engines, TRUE);
  g_unsetenv ("DH_FAKE_RAN");
  return dh_cuda_driver.conv_new (card, spec, &of, most, error);
}

/* The engine that is taken on a card of its own. */
static void
assert_taken (DhCudaCard *opened, const DhCudaConvSpec *spec, const char *engines, gsize most, const char *name)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = opened ? opened : open_card ();
  DhCudaConvolution *conv = try_new (card, spec, engines, most, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dh_cuda_driver.conv_name (conv), ==, name);
  g_assert_cmpuint (dh_cuda_driver.conv_workspace (conv), <=, most);
  dh_cuda_driver.conv_free (conv);
  if (opened)
    return;
  dh_cuda_driver.close (card);
  g_assert_cmpint (live (), ==, 0);
}

static void
assert_none (const DhCudaConvSpec *spec, const char *engines, gint code, const char *said)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = open_card ();
  g_assert_null (try_new (card, spec, engines, 1 << 20, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, said));
  dh_cuda_driver.close (card);
  g_assert_cmpint (live (), ==, 0);
}

static void
test_fastest (void)
{
  assert_taken (NULL, &half, "41/0/3,3/0/1,10/0/2", 1 << 20, "cudnn 3");
  assert_taken (NULL, &half, "41/0/3,3/0/1/x,10/0/2/t", 1 << 20, "cudnn 10 tensor cores");
  assert_taken (NULL, &half, "41/0/3,3/0/1/p,10/0/2", 1 << 20, "cudnn 10");
  /* Only so many are timed. */
  assert_taken (NULL, &half, "1/0/9,2/0/9,3/0/9,4/0/9,5/0/9,6/0/9,7/0/9,9/0/5,10/0/1", 1 << 20, "cudnn 9");
}

/* What takes a few microseconds is told apart, though the processor takes longer to start it. */
static void
test_short (void)
{
  g_setenv ("DH_FAKE_PACE", "0.03", TRUE);
  assert_taken (NULL, &half, "41/0/0.004,3/0/0.002,10/0/0.003", 1 << 20, "cudnn 3");
  g_unsetenv ("DH_FAKE_PACE");
  const DhCudaConvSpec spec = another ();
  g_setenv ("DH_FAKE_FAIL", "hold:1:700", TRUE);
  assert_none (&spec, "41/0/1,3/0/2", DH_ERROR_FAILED, "The card failed in starting a kernel");
  g_unsetenv ("DH_FAKE_FAIL");
}

/* Nor does it matter that the card's clock ticks more slowly than what differs. */
static void
test_ticks (void)
{
  g_setenv ("DH_FAKE_TICK", "0.001", TRUE);
  g_setenv ("DH_FAKE_PACE", "0.03", TRUE);
  assert_taken (NULL, &half, "41/0/0.0062,3/0/0.0058,10/0/0.0064", 1 << 20, "cudnn 3");
  g_unsetenv ("DH_FAKE_PACE");
  g_unsetenv ("DH_FAKE_TICK");
}

/* Nor that events take as long as a kernel, nor what comes between once, whenever it does: 41 is timed five times. */
static void
test_once (void)
{
  const char *const timings[] = { "6", "7", "8", "9", "10" };
  g_setenv ("DH_FAKE_MARKS", "0.003", TRUE);
  assert_taken (NULL, &half, "41/0/0.002,3/0/0.0019,10/0/0.0021", 1 << 20, "cudnn 3");
  for (guint i = 0; i < G_N_ELEMENTS (timings); i++)
    {
      g_setenv ("DH_FAKE_LATE", timings[i], TRUE);
      assert_taken (NULL, &half, "41/0/0.002,3/0/0.0019,10/0/0.0021", 1 << 20, "cudnn 3");
      g_unsetenv ("DH_FAKE_LATE");
    }
  g_unsetenv ("DH_FAKE_MARKS");
}

static void
test_allowed (void)
{
  DhCudaConvSpec strict = half;
  strict.type = DH_CUDA_F32;
  strict.strict = TRUE;
  assert_taken (NULL, &strict, "41/0/1/t,3/0/2", 1 << 20, "cudnn 3");
  assert_taken (NULL, &half, "41/0/1/n,3/0/2", 1 << 20, "cudnn 3");
  assert_none (&strict, "41/0/1/t", DH_ERROR_UNSUPPORTED, "in this precision");
  assert_none (&half, "", DH_ERROR_UNSUPPORTED, "3×3 convolution 64 → 128");
  assert_none (&half, "41/0/1/x", DH_ERROR_UNSUPPORTED, "the fake refuses");
  /* What is compiled at run time takes seconds: only where nothing else does it, and one of them never. */
  assert_taken (NULL, &half, "7/0/1/c,41/0/2", 1 << 20, "cudnn 41");
  assert_taken (NULL, &half, "8/0/1/c,7/0/2/c", 1 << 20, "cudnn 7 compiled");
}

/* Heuristic A may not know the fastest (cuDNN 9.19 names none of Hopper's own for many dilated convolutions, though
 * there are): B is asked too, and what both name for the same without dilation is tried, with all that belongs to it.
 */
static void
test_named_elsewhere (void)
{
  DhCudaConvSpec dilated = half;
  dilated.dilation = dilated.padding = 4;
  assert_taken (NULL, &half, "41/0/3,62/0/1/b", 1 << 20, "cudnn 62");
  assert_taken (NULL, &half, "62/0/1/b", 1 << 20, "cudnn 62");
  assert_taken (NULL, &dilated, "10/0/3,41/0/1/uk", 1 << 20, "cudnn 41");
  assert_taken (NULL, &dilated, "41/0/1/uk", 1 << 20, "cudnn 41");
  /* The plan must be one of the dilated convolution's. */
  assert_taken (NULL, &dilated, "10/0/3,41/0/1/up,3/0/1/un", 1 << 20, "cudnn 10");
  assert_taken (NULL, &dilated, "7/0/1/cu,10/0/3", 1 << 20, "cudnn 10");
  /* One that does not tell how it is set cannot be set so elsewhere. */
  assert_taken (NULL, &half, "41/0/3,3/0/1/q", 1 << 20, "cudnn 3");
  assert_taken (NULL, &dilated, "10/0/3,3/0/1/uq", 1 << 20, "cudnn 10");
  /* One that is named twice is timed once. */
  g_setenv ("DH_FAKE_FAIL", "cudaStreamSynchronize:10:700", TRUE);
  assert_taken (NULL, &half, "41/0/100", 1 << 20, "cudnn 41");
  g_unsetenv ("DH_FAKE_FAIL");
  /* In haste the first will do. */
  g_setenv ("DH_CUDA_CANDIDATES", "1", TRUE);
  assert_taken (NULL, &dilated, "10/0/3,62/0/1/b,41/0/2/u", 1 << 20, "cudnn 10");
  assert_taken (NULL, &dilated, "62/0/2/b,41/0/1/u", 1 << 20, "cudnn 62");
  /* One that makes no plan is none, though the next list begins with it, too. */
  assert_taken (NULL, &half, "10/0/3/p,62/0/1/b", 1 << 20, "cudnn 62");
  assert_taken (NULL, &dilated, "10/0/3/p,41/0/2/u", 1 << 20, "cudnn 41");
  g_unsetenv ("DH_CUDA_CANDIDATES");
}

static void
test_workspace (void)
{
  assert_taken (NULL, &half, "41/4096/1,3/64/2", 64, "cudnn 3");
  assert_none (&half, "41/4194304/1", DH_ERROR_UNSUPPORTED, "its workspace of 4 MiB is too large");
  /* The same convolution again, where there is less room. */
  DhCudaCard *card = open_card ();
  assert_taken (card, &half, "41/4096/1,3/64/2", 4096, "cudnn 41");
  assert_taken (card, &half, "41/4096/1,3/64/2", 64, "cudnn 3");
  dh_cuda_driver.close (card);
  g_assert_cmpint (live (), ==, 0);
}

/* What this kind of card has put aside. */
static char *
all_aside (void)
{
  DhCudaCard *card = open_card ();
  char *all = dh_cuda_driver.all_aside (card);
  dh_cuda_driver.close (card);
  return all;
}

/* A fault while engines are timed loses the card; it is no refusal. The engine with which it was lost is not tried
 * again for this convolution, whether anything is kept or not. */
static void
test_fault (void)
{
  const DhCudaConvSpec spec = another (), other = another ();
  g_setenv ("DH_FAKE_FAIL", "cudaStreamSynchronize:2:700", TRUE);
  assert_none (&spec, "41/0/1,3/0/2", DH_ERROR_FAILED, "The card failed in a kernel");
  g_unsetenv ("DH_FAKE_FAIL");
  assert_taken (NULL, &spec, "41/0/1,3/0/2", 1 << 20, "cudnn 3");
  assert_taken (NULL, &other, "41/0/1,3/0/2", 1 << 20, "cudnn 41");
  g_autofree char *all = all_aside ();
  g_assert_nonnull (
      strstr (all, "3×3 convolution 64 → 128 of 18×16 in float16: cudnn 41: The card failed in a kernel"));
}

/* Nor is one that computes something else taken, however fast it is, and all that was timed since the last that was
 * right counts. Where none is right there is none. */
static void
test_wrong (void)
{
  static const char *const wrong[] = { "41/0/1/w,10/0/3,3/0/2", "41/0/1/z,10/0/3,3/0/2" };
  static const char *const said[] = { "cudnn 41 computes something else, off by", "cudnn 41 leaves what is no number" };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      DhCudaConvSpec spec = another ();
      assert_taken (NULL, &spec, wrong[i], 1 << 20, "cudnn 3");
      g_autofree char *all = all_aside ();
      g_assert_nonnull (strstr (all, said[i]));
      spec.relu = TRUE;
      assert_none (&spec, i ? "41/0/1/z" : "41/0/1/w", DH_ERROR_UNSUPPORTED, said[i]);
      assert_none (&spec, i ? "41/0/1/z" : "41/0/1/w", DH_ERROR_UNSUPPORTED, "DH_CUDA_WITHOUT=checks");
      g_setenv ("DH_CUDA_WITHOUT", "taps,checks", TRUE);
      assert_taken (NULL, &spec, wrong[i], 1 << 20, "cudnn 41");
      g_unsetenv ("DH_CUDA_WITHOUT");
    }
  /* What rounding to 11 bits explains, and rounding to 24 does not. */
  DhCudaConvSpec spec = another ();
  assert_taken (NULL, &spec, "41/0/1/l,3/0/2", 1 << 20, "cudnn 41");
  spec.type = DH_CUDA_F32;
  assert_taken (NULL, &spec, "41/0/1/l,3/0/2", 1 << 20, "cudnn 41");
  spec.strict = TRUE;
  assert_taken (NULL, &spec, "41/0/1/l,3/0/2", 1 << 20, "cudnn 3");
  /* In haste as well: the first that is right. */
  spec = another ();
  g_setenv ("DH_CUDA_CANDIDATES", "1", TRUE);
  assert_taken (NULL, &spec, "41/0/2/w,10/0/3,3/0/1", 1 << 20, "cudnn 3");
  g_unsetenv ("DH_CUDA_CANDIDATES");
}

/* And so it stays, on disk; what was kept and computes something else by now is chosen anew. */
static void
test_wrong_kept (void)
{
  const DhCudaConvSpec spec = another (), other = another ();
  g_autofree char *folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
  g_setenv ("DH_PLAN_CACHE", folder, TRUE);
  assert_taken (NULL, &spec, "41/0/1/w,3/0/2", 1 << 20, "cudnn 3");
  assert_taken (NULL, &other, "41/0/1,3/0/2", 1 << 20, "cudnn 41");
  assert_taken (NULL, &other, "41/0/1/w,3/0/2", 1 << 20, "cudnn 3");
  /* A process that has not seen it goes by what the folder says. */
  g_autofree char *sizes = g_strdup_printf ("%d %d", spec.w, other.w);
  g_setenv ("DH_TEST_FOLDER", folder, TRUE);
  g_setenv ("DH_TEST_SIZES", sizes, TRUE);
  g_test_trap_subprocess ("/cuda-convolutions/wrong-known", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
}

static void
test_wrong_known (void)
{
  if (!g_test_subprocess ())
    return;
  g_setenv ("DH_PLAN_CACHE", g_getenv ("DH_TEST_FOLDER"), TRUE);
  g_autofree char *all = all_aside ();
  g_auto (GStrv) sizes = g_strsplit (g_getenv ("DH_TEST_SIZES"), " ", -1);
  g_assert_cmpuint (g_strv_length (sizes), ==, 2);
  for (guint i = 0; sizes[i]; i++)
    {
      g_autofree char *line = g_strdup_printf ("of %s×16 in float16: cudnn 41 computes something else", sizes[i]);
      DhCudaConvSpec spec = half;
      g_assert_nonnull (strstr (all, line));
      spec.w = spec.out_w = atoi (sizes[i]);
      assert_none (&spec, "41/0/1", DH_ERROR_UNSUPPORTED, line);
    }
}

static void
damage (const char *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_assert_true (g_file_set_contents (path, "nothing of use", -1, NULL));
    }
  g_dir_close (dir);
}

static void
test_kept (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
  const char *const first = "41/0/1,3/0/2", *const second = "41/0/2,3/0/1";
  g_setenv ("DH_PLAN_CACHE", folder, TRUE);
  assert_taken (NULL, &half, first, 1 << 20, "cudnn 41");
  assert_taken (NULL, &half, second, 1 << 20, "cudnn 41");
  /* Another convolution, another cuDNN, too little room now: chosen anew, nothing forgotten. */
  DhCudaConvSpec other = half;
  other.relu = other.bias = TRUE;
  assert_taken (NULL, &other, second, 1 << 20, "cudnn 3");
  g_setenv ("DH_FAKE_CUDNN", "91901", TRUE);
  assert_taken (NULL, &half, second, 1 << 20, "cudnn 3");
  g_unsetenv ("DH_FAKE_CUDNN");
  assert_taken (NULL, &half, second, 1 << 20, "cudnn 41");
  /* What does not run any more, is not allowed, or is not there. */
  assert_taken (NULL, &half, "41/0/1/x,3/0/2", 1 << 20, "cudnn 3");
  assert_taken (NULL, &half, first, 1 << 20, "cudnn 3");
  assert_taken (NULL, &half, "3/0/1/n,41/0/2", 1 << 20, "cudnn 41");
  assert_taken (NULL, &half, "10/0/1", 1 << 20, "cudnn 10");
  damage (folder);
  assert_taken (NULL, &half, first, 1 << 20, "cudnn 41");
  /* What was chosen in haste is not kept. */
  damage (folder);
  g_setenv ("DH_CUDA_CANDIDATES", "1", TRUE);
  assert_taken (NULL, &half, second, 1 << 20, "cudnn 41");
  g_unsetenv ("DH_CUDA_CANDIDATES");
  assert_taken (NULL, &half, second, 1 << 20, "cudnn 3");
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
}

/* Whether a file that was kept says so of what it was chosen for. */
static gboolean
is_kept_of (const char *folder, const char *words)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  g_autofree char *path = g_build_filename (folder, g_dir_read_name (dir), NULL), *contents = NULL;
  g_dir_close (dir);
  g_assert_true (g_file_get_contents (path, &contents, NULL, NULL));
  return strstr (contents, words) != NULL;
}

/* A build that tries other engines, or times them otherwise, does not go by what another one chose. */
static void
test_kept_by_search (void)
{
  g_autofree char *folder = g_dir_make_tmp ("dh-plans-XXXXXX", NULL);
  g_setenv ("DH_PLAN_CACHE", folder, TRUE);
  assert_taken (NULL, &half, "41/0/1,3/0/2", 1 << 20, "cudnn 41");
  g_assert_true (is_kept_of (folder, ", search " DH_CUDA_SEARCH));
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
}

static void
test_run (void)
{
  g_autoptr (GError) error = NULL;
  char memory[16];
  const DhCudaConvMemory of = { memory, memory, memory, memory, memory, memory };
  DhCudaCard *card = open_card ();
  DhCudaConvolution *conv = try_new (card, &half, "41/0/3,3/0/1", 1 << 20, &error);
  g_autofree char *choice = dh_cuda_driver.conv_choice (conv);
  g_assert_cmpstr (choice, ==, "{\"engine\": 3}");
  g_unsetenv ("DH_FAKE_RAN");
  g_assert_true (dh_cuda_driver.conv_run (card, conv, &of, &error));
  g_assert_cmpstr (g_getenv ("DH_FAKE_RAN"), ==, "3");
  /* Recorded; and refused, as are what follows and the whole, by which the card is not lost. */
  g_assert_true (dh_cuda_driver.record_begin (card, &error) && dh_cuda_driver.conv_run (card, conv, &of, &error));
  DhCudaRecording *recording = dh_cuda_driver.record_end (card, &error);
  g_assert_no_error (error);
  dh_cuda_driver.recording_free (card, recording);
  g_setenv ("DH_FAKE_ENGINES", "3/0/1/g", TRUE);
  g_assert_true (dh_cuda_driver.record_begin (card, &error));
  g_assert_false (dh_cuda_driver.conv_run (card, conv, &of, NULL));
  g_assert_false (dh_cuda_driver.launch (card, &(DhCudaKernel){ 0 }, NULL));
  g_assert_null (dh_cuda_driver.record_end (card, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_true (dh_cuda_driver.conv_run (card, conv, &of, &error) && dh_cuda_driver.wait (card, &error));
  g_setenv ("DH_FAKE_ENGINES", "3/0/1/x", TRUE);
  g_assert_false (dh_cuda_driver.conv_run (card, conv, &of, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  dh_cuda_driver.conv_free (conv);
  dh_cuda_driver.close (card);
  g_assert_cmpint (live (), ==, 0);
}

/* With a card that is reset goes what another one of this process has there: nothing of it is touched any more. */
static void
test_reset (void)
{
  g_autoptr (GError) error = NULL;
  const DhCudaConvSpec spec = another ();
  static char memory[16];
  const DhCudaConvMemory of = { memory, memory, memory, memory, memory, memory };
  DhCudaCard *card = open_card (), *other = open_card ();
  DhCudaConvolution *conv = try_new (other, &spec, "41/0/1,3/0/2", 1 << 20, &error);
  g_assert_no_error (error);
  g_setenv ("DH_FAKE_FAULT", "700", TRUE);
  g_assert_false (dh_cuda_driver.wait (card, NULL));
  dh_cuda_driver.close (card);
  card = open_card ();
  g_assert_false (dh_cuda_driver.conv_run (other, conv, &of, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "was reset"));
  dh_cuda_driver.conv_free (conv);
  dh_cuda_driver.close (other);
  assert_taken (card, &spec, "41/0/1,3/0/2", 1 << 20, "cudnn 41");
  dh_cuda_driver.close (card);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("DH_PLAN_CACHE", "", TRUE);
  g_test_add_func ("/cuda-convolutions/fastest", test_fastest);
  g_test_add_func ("/cuda-convolutions/short", test_short);
  g_test_add_func ("/cuda-convolutions/ticks", test_ticks);
  g_test_add_func ("/cuda-convolutions/once", test_once);
  g_test_add_func ("/cuda-convolutions/allowed", test_allowed);
  g_test_add_func ("/cuda-convolutions/named-elsewhere", test_named_elsewhere);
  g_test_add_func ("/cuda-convolutions/workspace", test_workspace);
  g_test_add_func ("/cuda-convolutions/fault", test_fault);
  g_test_add_func ("/cuda-convolutions/wrong", test_wrong);
  g_test_add_func ("/cuda-convolutions/wrong-kept", test_wrong_kept);
  g_test_add_func ("/cuda-convolutions/wrong-known", test_wrong_known);
  g_test_add_func ("/cuda-convolutions/kept", test_kept);
  g_test_add_func ("/cuda-convolutions/kept-by-search", test_kept_by_search);
  g_test_add_func ("/cuda-convolutions/run", test_run);
  g_test_add_func ("/cuda-convolutions/reset", test_reset);
  return g_test_run ();
}
