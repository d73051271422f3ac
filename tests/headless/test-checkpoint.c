#include <json-glib/json-glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-npy.h"

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static double
element (const DhTensor *tensor, gint64 i)
{
  const guint8 *at = (const guint8 *)dh_tensor_data (tensor) + i * dh_dtype_size (tensor->dtype);
  gint64 wide;
  gint32 narrow;
  double real;
  float single;
  switch (tensor->dtype)
    {
    case DH_DTYPE_F32:
      memcpy (&single, at, sizeof single);
      return single;
    case DH_DTYPE_F64:
      memcpy (&real, at, sizeof real);
      return real;
    case DH_DTYPE_I64:
      memcpy (&wide, at, sizeof wide);
      return wide;
    case DH_DTYPE_I32:
      memcpy (&narrow, at, sizeof narrow);
      return narrow;
    case DH_DTYPE_U8:
      return *at;
    default:
      g_assert_not_reached ();
    }
}

static void
assert_near (double got, double want)
{
  g_assert_cmpfloat_with_epsilon (got, want, 1e-9 * MAX (1, fabs (want)));
}

/* What PyTorch says of one tensor. */
static void
check_tensor (const DhTensor *tensor, JsonObject *want)
{
  g_assert_cmpstr (dh_dtype_name (tensor->dtype), ==, json_object_get_string_member (want, "dtype"));
  JsonArray *shape = json_object_get_array_member (want, "shape");
  g_assert_cmpuint (tensor->n_dims, ==, json_array_get_length (shape));
  for (guint d = 0; d < tensor->n_dims; d++)
    g_assert_cmpint (tensor->dims[d], ==, json_array_get_int_element (shape, d));

  double sum = 0, abs_sum = 0;
  const gint64 count = dh_tensor_count (tensor);
  for (gint64 i = 0; i < count; i++)
    {
      sum += element (tensor, i);
      abs_sum += fabs (element (tensor, i));
    }
  g_assert_cmpfloat_with_epsilon (sum, json_object_get_double_member (want, "sum"), 1e-9 * MAX (1, abs_sum));
  assert_near (abs_sum, json_object_get_double_member (want, "abs_sum"));
  if (count > 0)
    {
      g_assert_cmpfloat (element (tensor, 0), ==, json_object_get_double_member (want, "first"));
      g_assert_cmpfloat (element (tensor, count - 1), ==, json_object_get_double_member (want, "last"));
    }
}

/* Other people's files, against what PyTorch and NumPy read in them. */
static void
test_real_files (void)
{
  g_autofree char *data = g_build_filename (g_getenv ("DH_SHARED"), "data", "checkpoints", NULL);
  g_autofree char *path = g_build_filename (data, "expected.json", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the shared checkpoints are not here");
      return;
    }
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  JsonObject *files = json_node_get_object (json_parser_get_root (parser));
  g_autoptr (GList) names = json_object_get_members (files);
  guint tensors = 0;
  for (GList *name = names; name; name = name->next)
    {
      g_autofree char *file = g_build_filename (data, name->data, NULL);
      g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (file, &error);
      g_assert_no_error (error);
      DhTensorDict *state = dh_checkpoint_state (checkpoint);
      JsonObject *want = json_object_get_object_member (files, name->data);
      g_autoptr (GList) keys = json_object_get_members (want);
      g_assert_cmpuint (dh_tensor_dict_size (state), ==, g_list_length (keys));
      for (GList *key = keys; key; key = key->next, tensors++)
        {
          DhTensor *tensor = dh_tensor_dict_get (state, key->data);
          g_test_message ("%s: %s", (char *)name->data, (char *)key->data);
          g_assert_nonnull (tensor);
          check_tensor (tensor, json_object_get_object_member (want, key->data));
        }
    }
  g_assert_cmpuint (tensors, >, 300);
}

static void
test_containers (void)
{
  static const struct
  {
    const char *name;
    DhContainer container;
  } cases[] = {
    { "legacy_rebuild_tensor_v1.pth", DH_CONTAINER_PTH_LEGACY },
    { "zip_test.pt", DH_CONTAINER_PTH_ZIP },
    { "test.npz", DH_CONTAINER_NPZ },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_build_filename (g_getenv ("DH_SHARED"), "data", "checkpoints", cases[i].name, NULL);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        {
          g_test_skip ("the shared checkpoints are not here");
          return;
        }
      g_autoptr (GError) error = NULL;
      g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
      g_assert_no_error (error);
      g_assert_cmpint (dh_checkpoint_container (checkpoint), ==, cases[i].container);
      g_assert_cmpstr (dh_checkpoint_prefix (checkpoint), ==, "");
      g_assert_cmpstr (dh_checkpoint_wrapper (checkpoint), ==, "");
    }
}

/* One tensor of every dtype and of awkward shapes, with bytes that tell their place. */
static DhTensorDict *
make_state (const char *prefix)
{
  DhTensorDict *state = dh_tensor_dict_new ();
  for (guint t = 0; t < DH_N_DTYPES; t++)
    {
      const gint64 dims[] = { 3, 1, 5 + t };
      g_autofree char *name = g_strdup_printf ("%slayer.%s", prefix, dh_dtype_name (t));
      const gsize size = 15 * dh_dtype_size (t) + 3 * t * dh_dtype_size (t);
      guint8 *bytes = g_malloc (size);
      for (gsize i = 0; i < size; i++)
        bytes[i] = t == DH_DTYPE_BOOL ? i % 2 : (i * 7 + t) & 0x3f;
      dh_tensor_dict_take (state, name, dh_tensor_new_take (t, 3, dims, g_bytes_new_take (bytes, size)));
    }
  const gint64 steps = 7, none[] = { 0, 4 };
  g_autofree char *scalar = g_strconcat (prefix, "steps \"é\"", NULL), *empty = g_strconcat (prefix, "empty", NULL);
  dh_tensor_dict_take (state, scalar, dh_tensor_new_take (DH_DTYPE_I64, 0, NULL, g_bytes_new (&steps, sizeof steps)));
  dh_tensor_dict_take (state, empty, dh_tensor_new_f32 (2, none));
  return state;
}

static void
assert_same_dict (DhTensorDict *a, DhTensorDict *b)
{
  g_assert_cmpuint (dh_tensor_dict_size (a), ==, dh_tensor_dict_size (b));
  for (guint i = 0; i < dh_tensor_dict_size (a); i++)
    {
      const DhTensor *one = dh_tensor_dict_at (a, i), *two = dh_tensor_dict_at (b, i);
      g_assert_cmpstr (dh_tensor_dict_name (a, i), ==, dh_tensor_dict_name (b, i));
      g_assert_cmpint (one->dtype, ==, two->dtype);
      g_assert_cmpmem (one->dims, one->n_dims * sizeof *one->dims, two->dims, two->n_dims * sizeof *two->dims);
      g_assert_cmpmem (dh_tensor_data (one), dh_tensor_size_bytes (one), dh_tensor_data (two),
                       dh_tensor_size_bytes (two));
    }
}

typedef gboolean (*Save) (const char *path, const DhCheckpointContents *contents, GError **error);

static void
check_round_trip (Save save, const char *name, DhContainer container)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in_folder (name);
  g_autoptr (DhTensorDict) state = make_state (""), extra = make_state ("moment.");
  g_assert_true (save (path, &(DhCheckpointContents){ .state = state }, &error));
  g_autoptr (DhCheckpoint) bare = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dh_checkpoint_container (bare), ==, container);
  assert_same_dict (dh_checkpoint_state (bare), state);
  g_assert_cmpuint (dh_tensor_dict_size (dh_checkpoint_extra (bare)), ==, 0);

  /* Saving over a file that was read leaves what was read as it was. */
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, "epoch", "12");
  g_hash_table_insert (metadata, "note", "\"quoted\" \\ \n é");
  g_assert_true (save (path, &(DhCheckpointContents){ .state = state, .extra = extra, .metadata = metadata }, &error));
  g_autoptr (DhCheckpoint) full = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  assert_same_dict (dh_checkpoint_state (full), state);
  assert_same_dict (dh_checkpoint_extra (full), extra);
  assert_same_dict (dh_checkpoint_state (bare), state);
  g_assert_cmpstr (g_hash_table_lookup (dh_checkpoint_metadata (full), "epoch"), ==, "12");
  g_assert_cmpstr (g_hash_table_lookup (dh_checkpoint_metadata (full), "note"), ==, "\"quoted\" \\ \n é");

  g_autofree guint8 *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, (char **)&bytes, &size, &error));
  g_autofree char *sum = dh_sha256 (bytes, size);
  g_assert_cmpstr (dh_checkpoint_sha256 (full), ==, sum);

  /* Views into the mapping, aligned to their elements. */
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (dh_checkpoint_state (full), i);
      g_assert_cmpuint ((guintptr)dh_tensor_data (tensor) % dh_dtype_size (tensor->dtype), ==, 0);
    }
  g_assert_true (save (path, &(DhCheckpointContents){ .state = extra }, &error));
  g_autofree char *nowhere = in_folder ("absent/file");
  g_assert_false (save (nowhere, &(DhCheckpointContents){ .state = state }, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
}

static void
test_round_trip_pth (void)
{
  check_round_trip (dh_checkpoint_save_pth, "round.pth", DH_CONTAINER_PTH_ZIP);
}

static void
test_round_trip_safetensors (void)
{
  check_round_trip (dh_checkpoint_save_safetensors, "round.safetensors", DH_CONTAINER_SAFETENSORS);
}

/* The pickle of one float32 tensor, byte for byte as PyTorch's unpickler takes it (checked once with PyTorch 2). */
static void
test_pth_bytes (void)
{
  static const char pickle[] = "\x80\x02"
                               "ccollections\nOrderedDict\nq\x00)R("
                               "X\x01\x00\x00\x00w"
                               "ctorch._utils\n_rebuild_tensor_v2\nq\x01(("
                               "X\x07\x00\x00\x00storageq\x02"
                               "ctorch\nFloatStorage\nq\x03"
                               "X\x01\x00\x00\x00"
                               "0"
                               "X\x03\x00\x00\x00"
                               "cpuq\x04"
                               "K\x06tQK\x00(K\x02K\x03t(K\x03K\x01t\x89h\x00)RtRu.";
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensorDict) state = dh_tensor_dict_new ();
  const gint64 dims[] = { 2, 3 };
  dh_tensor_dict_take (state, "w", dh_tensor_new_f32 (2, dims));
  g_autofree char *path = in_folder ("bytes.pth"), *bytes = NULL;
  gsize size;
  g_assert_true (dh_checkpoint_save_pth (path, &(DhCheckpointContents){ .state = state }, &error));
  g_assert_true (g_file_get_contents (path, &bytes, &size, &error));
  g_assert_cmpmem (bytes + 64, sizeof pickle - 1, pickle, sizeof pickle - 1);
  const char *zeros = memmem (bytes, size, "archive/data/0", 14);
  g_assert_nonnull (zeros);
  g_assert_cmpint (memcmp (bytes, "PK\x03\x04", 4), ==, 0);
}

static void
test_prefixes (void)
{
  static const struct
  {
    const char *prefix, *removed;
  } cases[] = {
    { "module.", "module." },
    { "model.", "model." },
    { "module.model.", "module.model." },
    { "_orig_mod.", "_orig_mod." },
    { "module._orig_mod.", "module._orig_mod." },
    { "net.", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = in_folder ("prefix.safetensors");
      g_autoptr (DhTensorDict) state = make_state (cases[i].prefix);
      g_autoptr (DhTensorDict) bare = make_state (*cases[i].removed ? "" : cases[i].prefix);
      g_assert_true (dh_checkpoint_save_safetensors (path, &(DhCheckpointContents){ .state = state }, &error));
      g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (dh_checkpoint_prefix (checkpoint), ==, cases[i].removed);
      assert_same_dict (dh_checkpoint_state (checkpoint), bare);
    }

  /* Not throughout: nothing is removed. */
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in_folder ("prefix.safetensors");
  g_autoptr (DhTensorDict) state = make_state ("module.");
  dh_tensor_dict_take (state, "other", dh_tensor_new_f32 (0, NULL));
  g_assert_true (dh_checkpoint_save_safetensors (path, &(DhCheckpointContents){ .state = state }, &error));
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
  g_assert_cmpstr (dh_checkpoint_prefix (checkpoint), ==, "");
  assert_same_dict (dh_checkpoint_state (checkpoint), state);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("dh-checkpoint-XXXXXX", NULL);
  g_test_add_func ("/checkpoint/real-files", test_real_files);
  g_test_add_func ("/checkpoint/containers", test_containers);
  g_test_add_func ("/checkpoint/round-trip/pth", test_round_trip_pth);
  g_test_add_func ("/checkpoint/round-trip/safetensors", test_round_trip_safetensors);
  g_test_add_func ("/checkpoint/pth-bytes", test_pth_bytes);
  g_test_add_func ("/checkpoint/prefixes", test_prefixes);
  const int status = g_test_run ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = in_folder (name);
      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
