#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "dh-checkpoint.h"
#include "dh-error.h"

/* Bytes of an own allocation, so that AddressSanitizer sees a read past their end. */
static GBytes *
exactly (gconstpointer data, gsize size)
{
  guint8 *copy = malloc (MAX (size, 1));
  if (size > 0)
    memcpy (copy, data, size);
  return g_bytes_new_with_free_func (copy, size, free, copy);
}

/* Opens bytes and reads every element; NULL where they open, else the error. */
static GError *
try_open (gconstpointer data, gsize size)
{
  GError *error = NULL;
  g_autoptr (GBytes) bytes = exactly (data, size);
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open_bytes (bytes, "file", &error);
  g_assert_true ((checkpoint != NULL) == (error == NULL));
  guint sum = 0;
  DhTensorDict *dicts[] = { checkpoint ? dh_checkpoint_state (checkpoint) : NULL,
                            checkpoint ? dh_checkpoint_extra (checkpoint) : NULL };
  for (guint d = 0; d < G_N_ELEMENTS (dicts) && dicts[d]; d++)
    for (guint i = 0; i < dh_tensor_dict_size (dicts[d]); i++)
      {
        const DhTensor *tensor = dh_tensor_dict_at (dicts[d], i);
        const guint8 *at = dh_tensor_data (tensor);
        for (gsize b = 0; b < dh_tensor_size_bytes (tensor); b++)
          sum += at[b];
      }
  if (sum == G_MAXUINT) /* the sum must be computed */
    g_test_message ("%u", sum);
  if (error)
    {
      g_assert_true (g_str_has_prefix (error->message, "file: "));
      g_assert_cmpuint (strlen (error->message), >, 15);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_null (strchr (error->message, '\n'));
    }
  return error;
}

static void
assert_refused (GString *file, DhError code, const char *words)
{
  g_autoptr (GError) error = try_open (file->str, file->len);
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_string_free (file, TRUE);
}

static void
assert_opens (GString *file)
{
  g_autoptr (GError) error = try_open (file->str, file->len);
  g_assert_no_error (error);
  g_string_free (file, TRUE);
}

static void
add (GString *to, guint64 value, guint width)
{
  for (guint i = 0; i < width; i++)
    g_string_append_c (to, i < 8 ? value >> 8 * i & 0xff : 0);
}

/* A stored zip file of members (name, bytes), …, NULL name. */
typedef struct
{
  const char *name;
  const char *data;
  gsize size;
} Member;

static GString *
make_zip (const Member *members, guint n)
{
  GString *zip = g_string_new (NULL);
  g_autoptr (GString) directory = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      const gsize start = zip->len, name_length = strlen (members[i].name);
      add (zip, 0x04034b50, 4);
      g_string_append_len (zip, "\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0", 14);
      add (zip, members[i].size, 4);
      add (zip, members[i].size, 4);
      add (zip, name_length, 4);
      g_string_append (zip, members[i].name);
      g_string_append_len (zip, members[i].data, members[i].size);

      add (directory, 0x02014b50, 4);
      g_string_append_len (directory, "\x14\0\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0", 16);
      add (directory, members[i].size, 4);
      add (directory, members[i].size, 4);
      add (directory, name_length, 4);
      add (directory, 0, 10);
      add (directory, start, 4);
      g_string_append (directory, members[i].name);
    }
  const gsize offset = zip->len;
  g_string_append_len (zip, directory->str, directory->len);
  add (zip, 0x06054b50, 4);
  add (zip, 0, 4);
  add (zip, n, 2);
  add (zip, n, 2);
  add (zip, directory->len, 4);
  add (zip, offset, 4);
  add (zip, 0, 2);
  return zip;
}

/* A PyTorch zip file with this pickle and one storage "0" of 24 bytes. */
static GString *
make_pth (const char *pickle, gsize size)
{
  const Member members[] = { { "a/data.pkl", pickle, size },
                             { "a/data/0", "abcdefghijklmnopqrstuvwx", 24 },
                             { "a/version", "3\n", 2 } };
  return make_zip (members, G_N_ELEMENTS (members));
}

#define PTH(pickle) make_pth ("\x80\x02" pickle, sizeof ("\x80\x02" pickle) - 1)

/* The legacy format: magic, protocol, system information, object, keys, storages. */
static GString *
make_legacy (const char *object, gsize size, gint64 count, gsize stored)
{
  GString *file = g_string_new (NULL);
#define PART(text) g_string_append_len (file, text, sizeof text - 1)
  PART ("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.");
  PART ("\x80\x02M\xe9\x03.");
  PART ("\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.");
  g_string_append_len (file, object, size);
  PART ("\x80\x02]X\x01\x00\x00\x00"
        "0a.");
#undef PART
  add (file, count, 8);
  g_string_append_len (file, "abcdefghijklmnopqrstuvwx", stored);
  return file;
}

#define LEGACY(pickle) make_legacy ("\x80\x02" pickle, sizeof ("\x80\x02" pickle) - 1, 6, 24)

/* {"w": tensor of storage "0" with six float32, offset, shape and strides as given in opcodes} */
#define STORAGE_OF(count)                                                                                              \
  "((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"                                                  \
  "0X\x03\x00\x00\x00"                                                                                                 \
  "cpu" count "tQ"
#define TENSOR(count, rest) "}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n" STORAGE_OF (count) rest "\x89}tRs."
#define GOOD TENSOR ("K\x06", "K\x00(K\x02K\x03t(K\x03K\x01t")
#define LONG_MAX_CODE "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"

static void
test_good_ones_open (void)
{
  assert_opens (PTH (GOOD));
  assert_opens (LEGACY (GOOD));
  assert_opens (PTH (TENSOR ("K\x06", "K\x01(K\x02K\x02t(K\x03K\x01t"))); /* a view that ends with the storage */
  assert_opens (PTH (TENSOR ("K\x06", "K\x00(K\x03K\x02t(K\x01K\x03t"))); /* transposed */
  assert_opens (PTH (TENSOR ("K\x06", "K\x05(K\x01K\x01t(" LONG_MAX_CODE "K\x01t"))); /* a stride that is never used */
  assert_opens (PTH (TENSOR ("K\x06", "K\x00(K\x00" LONG_MAX_CODE "t(K\x01K\x01t"))); /* empty */
}

static void
test_not_weights (void)
{
  assert_refused (g_string_new (""), DH_ERROR_INVALID, "empty");
  assert_refused (g_string_new ("hello\n"), DH_ERROR_INVALID, "not a file of weights");
  assert_refused (g_string_new ("<!DOCTYPE html><html><body>Quota exceeded"), DH_ERROR_INVALID, "web page");
  assert_refused (g_string_new ("version https://git-lfs.github.com/spec/v1\n"), DH_ERROR_INVALID, "Git LFS");
  assert_refused (g_string_new_len ("\x89HDF\r\n\x1a\n\0\0\0\0\0\0\0\0", 16), DH_ERROR_INVALID, "HDF5");
  GString *tar = g_string_new (NULL);
  for (guint i = 0; i < 512; i++)
    g_string_append_c (tar, i >= 257 && i < 262 ? "ustar"[i - 257] : 0);
  assert_refused (tar, DH_ERROR_INVALID, "tar format");
  const Member other = { "weights.pth", "x", 1 };
  assert_refused (make_zip (&other, 1), DH_ERROR_INVALID, "weights.pth");
  assert_refused (g_string_new_len ("\x80\x02K\x01.", 5), DH_ERROR_INVALID, "not one of PyTorch's");
  assert_refused (g_string_new_len ("PK\x03\x04 and no more", 16), DH_ERROR_INVALID, "truncated");
}

#define SYSTEM "cposix\nsystem\nX\x04\x00\x00\x00true\x85R."

static void
test_programs (void)
{
  assert_refused (PTH (SYSTEM), DH_ERROR_INVALID, "would run `posix.system` (os.system); it was not loaded");
  assert_refused (LEGACY (SYSTEM), DH_ERROR_INVALID, "would run `posix.system` (os.system); it was not loaded");
  assert_refused (PTH ("}X\x01\x00\x00\x00"
                       "acos\nsystem\n)Rs."),
                  DH_ERROR_INVALID, "`os.system`");
  assert_refused (PTH ("\x8c\x08"
                       "builtins\x8c\x04"
                       "eval\x93."),
                  DH_ERROR_INVALID, "`builtins.eval`");
  assert_refused (PTH ("(ios\nsystem\n."), DH_ERROR_INVALID, "`os.system`");
  assert_refused (PTH ("ctorch.storage\n_load_from_bytes\n."), DH_ERROR_INVALID, "`torch.storage._load_from_bytes`");
  assert_refused (PTH ("ctorch\nload\n."), DH_ERROR_INVALID, "`torch.load`");
  assert_refused (PTH ("cmodels\nLadder\x1bNet\n."), DH_ERROR_INVALID, "`models.Ladder?Net`");
  assert_refused (PTH ("ccollections\nOrderedDict\n)\x81."), DH_ERROR_INVALID, "opcode 0x81");
  assert_refused (PTH ("ctorch\nComplexFloatStorage\n."), DH_ERROR_UNSUPPORTED, "ComplexFloatStorage");
  const Member script[] = { { "a/data.pkl", "\x80\x02}.", 4 }, { "a/constants.pkl", "\x80\x02).", 4 } };
  assert_refused (make_zip (script, 2), DH_ERROR_UNSUPPORTED, "TorchScript");
}

static void
test_pickles (void)
{
  assert_refused (PTH ("."), DH_ERROR_INVALID, "stack");
  assert_refused (PTH ("}"), DH_ERROR_INVALID, "truncated");
  assert_refused (PTH ("}."), DH_ERROR_INVALID, "no tensors");
  assert_refused (PTH ("]."), DH_ERROR_INVALID, "no state dict");
  assert_refused (PTH ("(t."), DH_ERROR_INVALID, "no state dict");
  assert_refused (PTH ("t."), DH_ERROR_INVALID, "mark");
  assert_refused (PTH ("K\x01K\x02s."), DH_ERROR_INVALID, "stack");
  assert_refused (PTH ("K\x01K\x02K\x03s."), DH_ERROR_INVALID, "no dict");
  assert_refused (PTH ("h\x05."), DH_ERROR_INVALID, "never kept");
  assert_refused (PTH ("Nr\xff\xff\xff\xff."), DH_ERROR_INVALID, "memo");
  assert_refused (PTH ("X\xff\xff\xff\xff."), DH_ERROR_INVALID, "truncated");
  assert_refused (PTH ("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), DH_ERROR_INVALID, "truncated");
  assert_refused (PTH ("NNR."), DH_ERROR_INVALID, "no function");
  assert_refused (PTH ("ctorch\nFloatStorage\n)R."), DH_ERROR_INVALID, "no function");
  assert_refused (PTH ("NQ."), DH_ERROR_INVALID, "storage");
  assert_refused (PTH ("(}Nb."), DH_ERROR_INVALID, "no tensors");
  assert_refused (PTH ("]}b."), DH_ERROR_INVALID, "state");
  assert_refused (PTH ("}(K\x01u."), DH_ERROR_INVALID, "no dict");
  assert_refused (PTH ("]q\x00h\x00"
                       "a}X\x01\x00\x00\x00wh\x00s."),
                  DH_ERROR_INVALID, "no tensors"); /* holds itself */
}

static void
test_absurd_tensors (void)
{
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x07t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x01(K\x06t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "J\xff\xff\xff\xff(K\x06t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(J\xff\xff\xff\xfft(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x06t(J\xff\xff\xff\xfft")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x03t(" LONG_MAX_CODE "t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(" LONG_MAX_CODE "K\x04t(K\x00K\x00t")), DH_ERROR_INVALID, "outside its");
  assert_refused (PTH (TENSOR ("K\x06", LONG_MAX_CODE "(K\x01t(K\x01t")), DH_ERROR_INVALID, "outside its storage");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x02t(K\x01K\x01t")), DH_ERROR_INVALID, "do not match");
  assert_refused (PTH (TENSOR ("K\x07", "K\x00(K\x02t(K\x01t")), DH_ERROR_INVALID, "shorter than it says");
  assert_refused (PTH (TENSOR (LONG_MAX_CODE, "K\x00(K\x02t(K\x01t")), DH_ERROR_INVALID, "shorter than it says");
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t(K\x01t")),
                  DH_ERROR_UNSUPPORTED, "9 dimensions");
  /* One element repeated 2⁴⁰ times: it lies in its storage, but would take four terabytes. */
  assert_refused (PTH (TENSOR ("K\x06", "K\x00(\x8a\x06\x00\x00\x00\x00\x00\x01t(K\x00t")), DH_ERROR_TOO_LARGE, "MiB");
  assert_refused (make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, 7, 24), DH_ERROR_INVALID, "cut off");
  assert_refused (make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, G_MAXINT64, 24), DH_ERROR_INVALID,
                  "cut off");
  assert_refused (make_legacy ("\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1, 5, 20), DH_ERROR_INVALID, "cut off");
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
      assert_refused (make_pth (pickle->str, pickle->len), cases[i].code, "far more than a state dict needs");
    }
  /* As deep as the limit on values lets through: freed and looked at without recursion. */
  g_autoptr (GString) nested = g_string_new ("\x80\x02N");
  for (guint n = 0; n < 1000000; n++)
    g_string_append_c (nested, '\x85');
  g_string_append_c (nested, '.');
  assert_refused (make_pth (nested->str, nested->len), DH_ERROR_INVALID, "no state dict");
  getrusage (RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 160 << 10); /* KiB */
#endif
  g_test_message ("peak %ld KiB, before %ld KiB", after.ru_maxrss, before.ru_maxrss);
}

static GString *
make_safetensors (guint64 length, const char *header, gsize data)
{
  GString *file = g_string_new (NULL);
  add (file, length ? length : strlen (header), 8);
  g_string_append (file, header);
  for (gsize i = 0; i < data; i++)
    g_string_append_c (file, i);
  return file;
}

#define REFUSE(header, data, words) assert_refused (make_safetensors (0, header, data), DH_ERROR_INVALID, words)
#define ENTRY(name, shape, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void
test_safetensors (void)
{
  assert_opens (make_safetensors (0, "{" ENTRY ("a", "[2,2]", "[0,16]") "}", 16));
  assert_opens (
      make_safetensors (0, "{\"__metadata__\":{\"k\":\"v\"}," ENTRY ("\\u00e9\\ud83d\\ude00", "[]", "[0,4]") "} ", 4));
  assert_opens (make_safetensors (0, "{" ENTRY ("b", "[1]", "[4,8]") "," ENTRY ("a", "[1]", "[0,4]") "}", 8));

  assert_refused (make_safetensors (G_GUINT64_CONSTANT (1) << 63, "{}", 0), DH_ERROR_TOO_LARGE, "100 MB");
  assert_refused (make_safetensors (1000, "{}", 0), DH_ERROR_INVALID, "more than the file has");
  REFUSE ("{}", 0, "no tensors");
  REFUSE ("{" ENTRY ("a", "[-1,4]", "[9,1]") "}", 16, "whole number");
  REFUSE ("{" ENTRY ("a", "[4]", "[16,0]") "}", 16, "do not hold");
  REFUSE ("{" ENTRY ("a", "[4611686018427387904,4]", "[0,16]") "}", 16, "do not hold");
  REFUSE ("{" ENTRY ("a", "[99999999999999999999]", "[0,16]") "}", 16, "whole number");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,20]") "}", 20, "do not hold");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,16]") "}", 12, "truncated");
  REFUSE ("{" ENTRY ("a", "[4]", "[0,16]") "}", 20, "belong to no tensor");
  REFUSE ("{" ENTRY ("a", "[2]", "[0,8]") "," ENTRY ("b", "[2]", "[4,12]") "}", 12, "overlaps");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "," ENTRY ("b", "[1]", "[8,12]") "}", 12, "belong to none");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "," ENTRY ("a", "[1]", "[4,8]") "}", 8, "twice");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "twice");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
  REFUSE ("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "nothing else");
  REFUSE ("{" ENTRY ("a", "[1.0]", "[0,4]") "}", 4, "");
  REFUSE ("{" ENTRY ("a", "[01]", "[0,4]") "}", 4, "whole number");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") ",}", 4, "name");
  REFUSE ("{" ENTRY ("a", "[1]", "[0,4]") "} x", 4, "behind");
  REFUSE ("{" ENTRY ("a\xff", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{" ENTRY ("a\\u0000", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{" ENTRY ("a\\ud800", "[1]", "[0,4]") "}", 4, "name");
  REFUSE ("{\"__metadata__\":{\"k\":1}," ENTRY ("a", "[1]", "[0,4]") "}", 4, "strings");
  REFUSE ("{[[[[[[", 4, "name");
  assert_refused (make_safetensors (0, "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
                  DH_ERROR_UNSUPPORTED, "F8_E4M3");
}

static void
test_zips (void)
{
  const Member twice[] = { { "a.npy", "x", 1 }, { "a.npy", "y", 1 } };
  assert_refused (make_zip (twice, 2), DH_ERROR_INVALID, "two members");
  const Member nothing = { "a/data.pkl", "\x80\x02" GOOD, sizeof ("\x80\x02" GOOD) - 1 };
  assert_refused (make_zip (&nothing, 1), DH_ERROR_INVALID, "missing");

  /* Both entries of the directory point to the first member. */
  GString *overlap = make_zip ((Member[]){ { "a.npy", "x", 1 }, { "a.npz", "y", 1 } }, 2);
  const gsize end = overlap->len - 22, second = end - 51;
  memset (overlap->str + second + 42, 0, 4);
  overlap->str[second + 46 + 4] = 'y';
  g_autoptr (GError) error = try_open (overlap->str, overlap->len);
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_string_free (overlap, TRUE);

  /* A deflated member that claims four gigabytes in two bytes. */
  GString *bomb = make_zip (&(Member){ "a.npy", "\x03\x00", 2 }, 1);
  const gsize entry = bomb->len - 22 - 51;
  bomb->str[entry + 10] = 8;
  memset (bomb->str + entry + 24, 0xfe, 4);
  assert_refused (bomb, DH_ERROR_INVALID, "cannot be");

  GString *locked = make_zip (&(Member){ "a.npy", "x", 1 }, 1);
  locked->str[locked->len - 22 - 51 + 8] = 1;
  assert_refused (locked, DH_ERROR_UNSUPPORTED, "encrypted");

  GString *tail = PTH (GOOD);
  g_string_erase (tail, 0, 60);
  assert_refused (tail, DH_ERROR_INVALID, "truncated at the front");
}

/* Sizes and offset in the 64-bit extra field, as in files over 4 GiB. */
static void
test_zip64 (void)
{
  static const char npy[] = "\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
                            "             \nabcdefghijklmnopqrstuvwx";
  GString *file = make_zip (&(Member){ "w.npy", npy, sizeof npy - 1 }, 1);
  const gsize entry = file->len - 22 - 51;
  g_autoptr (GString) extra = g_string_new (NULL);
  add (extra, 1, 2);
  add (extra, 24, 2);
  add (extra, sizeof npy - 1, 8);
  add (extra, sizeof npy - 1, 8);
  add (extra, 0, 8);
  memset (file->str + entry + 20, 0xff, 8); /* both sizes */
  memset (file->str + entry + 42, 0xff, 4); /* the offset */
  file->str[entry + 30] = extra->len;
  g_string_insert_len (file, entry + 51, extra->str, extra->len);
  g_string_truncate (file, file->len - 22);
  const gsize length = 51 + extra->len, end = file->len;
  add (file, 0x06064b50, 4);
  add (file, 44, 8);
  add (file, 0, 12);
  add (file, 1, 8);
  add (file, 1, 8);
  add (file, length, 8);
  add (file, entry, 8);
  add (file, 0x07064b50, 4);
  add (file, 0, 4);
  add (file, end, 8);
  add (file, 1, 4);
  add (file, 0x06054b50, 4);
  for (guint i = 0; i < 16; i++)
    g_string_append_c (file, '\xff');
  add (file, 0, 2);

  GString *short_extra = g_string_new_len (file->str, file->len);
  short_extra->str[entry + 51 + 2] = 16;
  assert_refused (short_extra, DH_ERROR_INVALID, "directory is broken");
  GString *far = g_string_new_len (file->str, file->len);
  far->str[entry + 51 + 4 + 16 + 7] = '\x7f';
  assert_refused (far, DH_ERROR_INVALID, "lies outside the file");
  assert_opens (file);
}

/* Good files of every container, for the loops below. */
static GPtrArray *
make_good_files (void)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *files = g_ptr_array_new ();
  g_ptr_array_add (files, PTH (GOOD));
  g_ptr_array_add (files, LEGACY (GOOD));
  g_ptr_array_add (files,
                   make_safetensors (0, "{" ENTRY ("a", "[2,2]", "[0,16]") "," ENTRY ("b", "[]", "[16,20]") "}", 20));
  static const char npy[] = "\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
                            "             \nabcdefghijklmnopqrstuvwx";
  g_ptr_array_add (files, make_zip (&(Member){ "w.npy", npy, sizeof npy - 1 }, 1));

  /* And what our own writers make. */
  g_autoptr (DhTensorDict) state = dh_tensor_dict_new (), extra = dh_tensor_dict_new ();
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, "epoch", "3");
  dh_tensor_dict_take (state, "module.w", dh_tensor_new_f32 (2, (gint64[]){ 2, 3 }));
  dh_tensor_dict_take (state, "module.steps", dh_tensor_new_f32 (0, NULL));
  dh_tensor_dict_take (extra, "w.moment", dh_tensor_new_f32 (2, (gint64[]){ 2, 3 }));
  const DhCheckpointContents contents = { state, extra, metadata };
  g_autofree char *folder = g_dir_make_tmp ("dh-hostile-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  for (guint i = 0; i < 2; i++)
    {
      char *bytes;
      gsize size;
      g_assert_true (i ? dh_checkpoint_save_pth (path, &contents, &error)
                       : dh_checkpoint_save_safetensors (path, &contents, &error));
      g_assert_true (g_file_get_contents (path, &bytes, &size, &error));
      g_ptr_array_add (files, g_string_new_len (bytes, size));
      g_free (bytes);
    }
  remove (path);
  remove (folder);
  return files;
}

static void
test_every_truncation (void)
{
  g_autoptr (GPtrArray) files = make_good_files ();
  for (guint i = 0; i < files->len; i++)
    {
      GString *file = g_ptr_array_index (files, i);
      for (gsize length = 0; length < file->len; length++)
        {
          g_autoptr (GError) error = try_open (file->str, length);
          g_assert_nonnull (error);
        }
      assert_opens (file);
    }
}

static void
test_flipped_bits (void)
{
  g_autoptr (GPtrArray) files = make_good_files ();
  g_autoptr (GRand) random = g_rand_new_with_seed (20240531);
  const guint rounds = g_test_thorough () ? 200000 : 6000;
  guint opened = 0;
  for (guint i = 0; i < files->len; i++)
    {
      GString *file = g_ptr_array_index (files, i);
      g_autofree char *work = g_malloc (file->len);
      for (guint r = 0; r < rounds; r++)
        {
          memcpy (work, file->str, file->len);
          for (gint flips = g_rand_int_range (random, 1, 4); flips > 0; flips--)
            {
              const gint32 at = g_rand_int_range (random, 0, file->len);
              if (g_rand_boolean (random))
                work[at] ^= 1 << g_rand_int_range (random, 0, 8);
              else
                work[at] = "\0\x01\x7f\x80\xff."[g_rand_int_range (random, 0, 6)];
            }
          g_autoptr (GError) error = try_open (work, file->len);
          opened += error == NULL;
        }
      g_string_free (file, TRUE);
    }
  g_test_message ("%u opened all the same", opened); /* flips in the elements harm nothing */
  g_assert_cmpuint (opened, >, 0);
  g_assert_cmpuint (opened, <, files->len * rounds);
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
  g_test_add_func ("/checkpoint-hostile/safetensors", test_safetensors);
  g_test_add_func ("/checkpoint-hostile/zips", test_zips);
  g_test_add_func ("/checkpoint-hostile/zip64", test_zip64);
  g_test_add_func ("/checkpoint-hostile/every-truncation", test_every_truncation);
  g_test_add_func ("/checkpoint-hostile/flipped-bits", test_flipped_bits);
  return g_test_run ();
}
