/* Pickles that are no weights, would run something, or are absurd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "weights-bytes.h"

static void
test_good_ones_open (void)
{
  weights_assert_opens (PTH (GOOD));
  weights_assert_opens (LEGACY (GOOD));
  weights_assert_opens (
      PTH (TENSOR ("K\x06", "K\x01(K\x02K\x02t(K\x03K\x01t"))); /* a view that ends with the storage */
  weights_assert_opens (PTH (TENSOR ("K\x06", "K\x00(K\x03K\x02t(K\x01K\x03t"))); /* transposed */
  weights_assert_opens (
      PTH (TENSOR ("K\x06", "K\x05(K\x01K\x01t(" LONG_MAX_CODE "K\x01t"))); /* a stride that is never used */
  weights_assert_opens (PTH (TENSOR ("K\x06", "K\x00(K\x00" LONG_MAX_CODE "t(K\x01K\x01t"))); /* empty */
}

static void
test_not_weights (void)
{
  weights_assert_refused (g_string_new (""), DH_ERROR_INVALID, "empty");
  weights_assert_refused (g_string_new ("hello\n"), DH_ERROR_INVALID, "not a file of weights");
  weights_assert_refused (g_string_new ("<!DOCTYPE html><html><body>Quota exceeded"), DH_ERROR_INVALID, "web page");
  weights_assert_refused (g_string_new ("version https://git-lfs.github.com/spec/v1\n"), DH_ERROR_INVALID, "Git LFS");
  weights_assert_refused (g_string_new_len ("\x89HDF\r\n\x1a\n\0\0\0\0\0\0\0\0", 16), DH_ERROR_INVALID, "HDF5");
  GString *tar = g_string_new (NULL);
  for (guint i = 0; i < 512; i++)
    g_string_append_c (tar, i >= 257 && i < 262 ? "ustar"[i - 257] : 0);
  weights_assert_refused (tar, DH_ERROR_INVALID, "tar format");
  const WeightsMember other = { "weights.pth", "x", 1 };
  weights_assert_refused (weights_make_zip (&other, 1), DH_ERROR_INVALID, "weights.pth");
  weights_assert_refused (g_string_new_len ("\x80\x02K\x01.", 5), DH_ERROR_INVALID, "not one of PyTorch's");
  weights_assert_refused (g_string_new_len ("PK\x03\x04 and no more", 16), DH_ERROR_INVALID, "truncated");
}

#define SYSTEM "cposix\nsystem\nX\x04\x00\x00\x00true\x85R."

static void
test_programs (void)
{
  weights_assert_refused (PTH (SYSTEM), DH_ERROR_INVALID, "would run `posix.system` (os.system); it was not loaded");
  weights_assert_refused (LEGACY (SYSTEM), DH_ERROR_INVALID, "would run `posix.system` (os.system); it was not loaded");
  weights_assert_refused (PTH ("}X\x01\x00\x00\x00"
                               "acos\nsystem\n)Rs."),
                          DH_ERROR_INVALID, "`os.system`");
  weights_assert_refused (PTH ("\x8c\x08"
                               "builtins\x8c\x04"
                               "eval\x93."),
                          DH_ERROR_INVALID, "`builtins.eval`");
  weights_assert_refused (PTH ("(ios\nsystem\n."), DH_ERROR_INVALID, "`os.system`");
  weights_assert_refused (PTH ("ctorch.storage\n_load_from_bytes\n."), DH_ERROR_INVALID,
                          "`torch.storage._load_from_bytes`");
  weights_assert_refused (PTH ("ctorch\nload\n."), DH_ERROR_INVALID, "`torch.load`");
  weights_assert_refused (PTH ("cmodels\nLadder\x1bNet\n."), DH_ERROR_INVALID, "`models.Ladder?Net`");
  weights_assert_refused (PTH ("ccollections\nOrderedDict\n)\x81."), DH_ERROR_INVALID, "opcode 0x81");
  weights_assert_refused (PTH ("ctorch\nComplexFloatStorage\n."), DH_ERROR_UNSUPPORTED, "ComplexFloatStorage");
  const WeightsMember script[] = { { "a/data.pkl", "\x80\x02}.", 4 }, { "a/constants.pkl", "\x80\x02).", 4 } };
  weights_assert_refused (weights_make_zip (script, 2), DH_ERROR_UNSUPPORTED, "TorchScript");
}

static void
test_pickles (void)
{
  weights_assert_refused (PTH ("."), DH_ERROR_INVALID, "stack");
  weights_assert_refused (PTH ("}"), DH_ERROR_INVALID, "truncated");
  weights_assert_refused (PTH ("}."), DH_ERROR_INVALID, "no tensors");
  weights_assert_refused (PTH ("]."), DH_ERROR_INVALID, "no state dict");
  weights_assert_refused (PTH ("(t."), DH_ERROR_INVALID, "no state dict");
  weights_assert_refused (PTH ("t."), DH_ERROR_INVALID, "mark");
  weights_assert_refused (PTH ("K\x01K\x02s."), DH_ERROR_INVALID, "stack");
  weights_assert_refused (PTH ("K\x01K\x02K\x03s."), DH_ERROR_INVALID, "no dict");
  weights_assert_refused (PTH ("h\x05."), DH_ERROR_INVALID, "never kept");
  weights_assert_refused (PTH ("Nr\xff\xff\xff\xff."), DH_ERROR_INVALID, "memo");
  weights_assert_refused (PTH ("X\xff\xff\xff\xff."), DH_ERROR_INVALID, "truncated");
  weights_assert_refused (PTH ("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), DH_ERROR_INVALID, "truncated");
  weights_assert_refused (PTH ("NNR."), DH_ERROR_INVALID, "no function");
  weights_assert_refused (PTH ("ctorch\nFloatStorage\n)R."), DH_ERROR_INVALID, "no function");
  weights_assert_refused (PTH ("NQ."), DH_ERROR_INVALID, "storage");
  weights_assert_refused (PTH ("(}Nb."), DH_ERROR_INVALID, "no tensors");
  weights_assert_refused (PTH ("]}b."), DH_ERROR_INVALID, "state");
  weights_assert_refused (PTH ("}(K\x01u."), DH_ERROR_INVALID, "no dict");
  weights_assert_refused (PTH ("]q\x00h\x00"
                               "a}X\x01\x00\x00\x00wh\x00s."),
                          DH_ERROR_INVALID, "no tensors"); /* holds itself */
}

static void
test_absurd_tensors (void)
{
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x07t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x01(K\x06t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "J\xff\xff\xff\xff(K\x06t(K\x01t")), DH_ERROR_INVALID,
                          "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(J\xff\xff\xff\xfft(K\x01t")), DH_ERROR_INVALID,
                          "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x06t(J\xff\xff\xff\xfft")), DH_ERROR_INVALID,
                          "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x03t(" LONG_MAX_CODE "t")), DH_ERROR_INVALID,
                          "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(" LONG_MAX_CODE "K\x04t(K\x00K\x00t")), DH_ERROR_INVALID,
                          "outside its");
  weights_assert_refused (PTH (TENSOR ("K\x06", LONG_MAX_CODE "(K\x01t(K\x01t")), DH_ERROR_INVALID,
                          "outside its storage");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x02t(K\x01K\x01t")), DH_ERROR_INVALID, "do not match");
  weights_assert_refused (PTH (TENSOR ("K\x07", "K\x00(K\x02t(K\x01t")), DH_ERROR_INVALID, "shorter than it says");
  weights_assert_refused (PTH (TENSOR (LONG_MAX_CODE, "K\x00(K\x02t(K\x01t")), DH_ERROR_INVALID,
                          "shorter than it says");
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t(K\x01t")),
                          DH_ERROR_UNSUPPORTED, "9 dimensions");
  /* One element repeated 2⁴⁰ times: it lies in its storage, but would take four terabytes. */
  weights_assert_refused (PTH (TENSOR ("K\x06", "K\x00(\x8a\x06\x00\x00\x00\x00\x00\x01t(K\x00t")), DH_ERROR_TOO_LARGE,
                          "MiB");
  weights_assert_refused (weights_make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, 7, 24), DH_ERROR_INVALID,
                          "cut off");
  weights_assert_refused (weights_make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, G_MAXINT64, 24),
                          DH_ERROR_INVALID, "cut off");
  weights_assert_refused (weights_make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, 5, 20), DH_ERROR_INVALID,
                          "cut off");
}

/* Values stacked or nested two million deep: refused at once, in little memory. */
static void
test_deep (void)
{
  static const struct
  {
    const char *repeat;
    DhError code;
  } cases[] = { { "]", DH_ERROR_TOO_LARGE },
                { "(", DH_ERROR_TOO_LARGE },
                { "N\x85", DH_ERROR_TOO_LARGE },
                { ")", DH_ERROR_TOO_LARGE },
                { "}K\x01", DH_ERROR_TOO_LARGE } };
  struct rusage before, after;
  getrusage (RUSAGE_SELF, &before);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) pickle = g_string_new ("\x80\x02");
      for (guint n = 0; n < 2000000; n++)
        g_string_append (pickle, cases[i].repeat);
      g_string_append_c (pickle, '.');
      weights_assert_refused (weights_make_pth (pickle->str, pickle->len), cases[i].code,
                              "far more than a state dict needs");
    }
  /* As deep as the limit on values lets through: freed and looked at without recursion. */
  g_autoptr (GString) nested = g_string_new ("\x80\x02N");
  for (guint n = 0; n < 1000000; n++)
    g_string_append_c (nested, '\x85');
  g_string_append_c (nested, '.');
  weights_assert_refused (weights_make_pth (nested->str, nested->len), DH_ERROR_INVALID, "no state dict");
  getrusage (RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 160 << 10); /* KiB */
#endif
  g_test_message ("peak %ld KiB, before %ld KiB", after.ru_maxrss, before.ru_maxrss);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checkpoint-hostile/good-ones-open", test_good_ones_open);
  g_test_add_func ("/checkpoint-hostile/not-weights", test_not_weights);
  g_test_add_func ("/checkpoint-hostile/programs", test_programs);
  g_test_add_func ("/checkpoint-hostile/pickles", test_pickles);
  g_test_add_func ("/checkpoint-hostile/absurd-tensors", test_absurd_tensors);
  g_test_add_func ("/checkpoint-hostile/deep", test_deep);
  return g_test_run ();
}
