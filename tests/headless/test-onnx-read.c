/* ONNX files as they are: every form of what they hold. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-file.h"
#include "dh-onnx.h"
#include "onnx-bytes.h"

static char *folder;

static const char *
name_at (GPtrArray *names, guint i)
{
  g_assert_cmpuint (i, <, names->len);
  return g_ptr_array_index (names, i);
}

static void
test_own_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "own.onnx", NULL);
  g_autoptr (DhGraph) graph = dh_graph_new ();
  DhValue x = dh_graph_input (graph, 3);
  x = dh_graph_conv (graph, x, "a", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
  const DhValue output = dh_graph_score (graph, DH_MAP_LIKELIHOOD, x, DH_NO_VALUE);
  g_autoptr (DhTensorDict) parameters = dh_tensor_dict_new ();
  DhTensor *weight = dh_tensor_new_f32 (4, (gint64[]){ 2, 3, 1, 1 });
  for (guint i = 0; i < 6; i++)
    dh_tensor_f32 (weight)[i] = 0.5f + (float)i;
  dh_tensor_dict_take (parameters, "a.weight", weight);
  dh_tensor_dict_take (parameters, "a.bias", dh_tensor_new_f32 (1, (gint64[]){ 2 }));
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, "network", "small");
  const DhOnnxContents contents = { .graph = graph,
                                    .parameters = parameters,
                                    .outputs = &output,
                                    .n_outputs = 1,
                                    .height = 16,
                                    .width = 32,
                                    .name = "own",
                                    .description = "",
                                    .metadata = metadata };
  g_assert_true (dh_onnx_save (path, &contents, &error));
  g_autoptr (DhOnnxModel) model = dh_onnx_model_read (path, &error);
  g_assert_no_error (error);

  g_assert_cmpint (model->ir_version, ==, 7);
  g_assert_cmpint (model->operator_set, ==, 13);
  g_assert_true (g_str_has_prefix (model->producer, "DenseHybrid Studio "));
  g_assert_cmpstr (g_hash_table_lookup (model->metadata, "network"), ==, "small");
  const DhTensor *read = dh_tensor_dict_get (model->constants, "a.weight");
  g_assert_nonnull (read);
  g_assert_cmpmem (dh_tensor_data (read), dh_tensor_size_bytes (read), dh_tensor_data (weight), 24);
  g_assert_cmpint (read->dims[1], ==, 3);
  const DhOnnxNode *conv = NULL;
  for (guint i = 0; i < model->nodes->len && !conv; i++)
    {
      const DhOnnxNode *node = g_ptr_array_index (model->nodes, i);
      conv = g_str_equal (node->operation, "Conv") ? node : NULL;
    }
  g_assert_nonnull (conv);
  g_assert_cmpstr (conv->domain, ==, "");
  g_assert_cmpstr (name_at (conv->inputs, 1), ==, "a.weight");
  const DhOnnxAttribute *shape = dh_onnx_node_get (conv, "kernel_shape", DH_ONNX_ATTRIBUTE_INTS);
  g_assert_nonnull (shape);
  g_assert_cmpuint (shape->integers->len, ==, 2);
  g_assert_cmpint (g_array_index (shape->integers, gint64, 1), ==, 1);
  g_assert_cmpuint (model->inputs->len, ==, 1);
  g_assert_cmpuint (model->outputs->len, ==, 1);

  g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, &error);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autofree char *sha256 = dh_sha256 (data, size);
  g_assert_cmpstr (model->sha256, ==, sha256);
  g_assert_true (dh_onnx_looks_like (data, MIN (size, 64)));
  g_remove (path);
}

/* The same elements of every type in every way of writing them. */
enum
{
  RAW,
  PACKED,
  SINGLE,
  MIXED,
  N_WAYS,
};

static const struct
{
  gint type;
  DhDtype dtype;
  guint field;
  guint64 written[3]; /* as numbers of that field */
  guint64 bits[3];    /* as elements */
} forms[] = {
  { 1, DH_DTYPE_F32, 4, { 0x3fc00000, 0xc0000000, 0x7fc00001 }, { 0x3fc00000, 0xc0000000, 0x7fc00001 } },
  { 2, DH_DTYPE_U8, 5, { 0, 200, 255 }, { 0, 200, 255 } },
  { 3, DH_DTYPE_I8, 5, { 5, (guint64)-1, (guint64)-128 }, { 5, 0xff, 0x80 } },
  { 5, DH_DTYPE_I16, 5, { 5, (guint64)-2, 0x7fff }, { 5, 0xfffe, 0x7fff } },
  { 6, DH_DTYPE_I32, 5, { 5, (guint64)-2, 0x7fffffff }, { 5, 0xfffffffe, 0x7fffffff } },
  { 7, DH_DTYPE_I64, 7, { 5, (guint64)-2, G_MAXINT64 }, { 5, (guint64)-2, G_MAXINT64 } },
  { 9, DH_DTYPE_BOOL, 5, { 0, 1, 256 }, { 0, 1, 1 } },
  { 10, DH_DTYPE_F16, 5, { 0x3c00, 0xc000, 0x7bff }, { 0x3c00, 0xc000, 0x7bff } },
  { 11,
    DH_DTYPE_F64,
    10,
    { 0x3ff8000000000000, 0xc000000000000000, 1 },
    { 0x3ff8000000000000, 0xc000000000000000, 1 } },
  { 16, DH_DTYPE_BF16, 5, { 0x3f80, 0xbf80, 0x7f7f }, { 0x3f80, 0xbf80, 0x7f7f } },
};

/* How a field's elements are written: 0, or the bytes of a fixed one. */
static guint
fixed_size (guint field)
{
  return field == 4 ? 4 : field == 10 ? 8 : 0;
}

static void
put_number (GByteArray *to, guint fixed, guint64 number)
{
  number = fixed ? GUINT64_TO_LE (number) : number;
  if (fixed)
    g_byte_array_append (to, (const guint8 *)&number, fixed);
  else
    onnx_put_varint (to, number);
}

/* Elements from `first` up to `end`, together or each with a key of its own. */
static void
put_elements (GByteArray *tensor, guint form, guint first, guint end, gboolean together)
{
  const guint field = forms[form].field, fixed = fixed_size (field);
  GByteArray *packed = g_byte_array_new ();
  for (guint i = first; i < end; i++)
    {
      if (!together)
        onnx_put_varint (tensor, field << 3 | (fixed == 8 ? 1 : fixed == 4 ? 5 : 0));
      put_number (together ? packed : tensor, fixed, forms[form].written[i]);
    }
  if (together)
    onnx_put_message (tensor, field, packed);
  else
    g_byte_array_unref (packed);
}

static void
test_forms (void)
{
  for (guint form = 0; form < G_N_ELEMENTS (forms); form++)
    for (guint way = 0; way < N_WAYS; way++)
      {
        const gsize size = dh_dtype_size (forms[form].dtype);
        g_autoptr (GByteArray) expected = g_byte_array_new ();
        for (guint i = 0; i < 3; i++)
          put_number (expected, (guint)size, forms[form].bits[i]);
        GByteArray *tensor = onnx_make_tensor ("c", forms[form].type, 2, (gint64[]){ 1, 3 });
        if (way == RAW)
          onnx_put_bytes (tensor, 9, expected->data, expected->len);
        else
          {
            put_elements (tensor, form, 0, way == MIXED ? 2 : 3, way != SINGLE);
            onnx_put_string (tensor, 12, "between");
            put_elements (tensor, form, way == MIXED ? 2 : 3, 3, FALSE);
          }
        g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_constant (tensor), NULL);
        const DhTensor *read = dh_tensor_dict_get (model->constants, "c");
        g_assert_nonnull (read);
        g_assert_cmpint (read->dtype, ==, forms[form].dtype);
        g_assert_cmpuint (read->n_dims, ==, 2);
        g_assert_cmpint (read->dims[1], ==, 3);
        g_assert_cmpmem (dh_tensor_data (read), dh_tensor_size_bytes (read), expected->data, expected->len);
      }
}

static void
test_constants (void)
{
  static const gint left_out[] = { 4, 8, 12, 13, 14, 15, 17, 21, 99 };
  static const gint64 many[DH_MAX_DIMS + 1] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
  static const guint8 packed_dims[] = { 2, 1 };
  GByteArray *graph = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (left_out); i++)
    {
      g_autofree char *name = g_strdup_printf ("left%u", i);
      onnx_put_message (graph, 5, onnx_make_tensor (name, left_out[i], 1, (gint64[]){ 3 }));
      GByteArray *value = g_byte_array_new ();
      onnx_put_string (value, 1, name);
      onnx_put_message (graph, 11, value);
    }
  GByteArray *tensor = onnx_make_tensor ("many", 2, G_N_ELEMENTS (many), many);
  onnx_put_bytes (tensor, 9, "a", 1);
  onnx_put_message (graph, 5, tensor);
  tensor = onnx_make_tensor ("scalar", 2, 0, NULL);
  onnx_put_bytes (tensor, 9, "a", 1);
  onnx_put_message (graph, 5, tensor);
  onnx_put_message (graph, 5, onnx_make_tensor ("empty", 1, 2, (gint64[]){ 4, 0 }));
  tensor = onnx_make_tensor ("packed", 2, 0, NULL);
  onnx_put_bytes (tensor, 1, packed_dims, sizeof packed_dims);
  onnx_put_bytes (tensor, 9, "ab", 2);
  onnx_put_message (graph, 5, tensor);
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_model (graph), NULL);
  g_assert_cmpuint (dh_tensor_dict_size (model->constants), ==, 3);
  g_assert_cmpuint (model->inputs->len, ==, 0);
  g_assert_cmpstr (dh_tensor_dict_name (model->constants, 0), ==, "scalar");
  g_assert_cmpuint (dh_tensor_dict_at (model->constants, 0)->n_dims, ==, 0);
  g_assert_cmpuint (dh_tensor_size_bytes (dh_tensor_dict_get (model->constants, "empty")), ==, 0);
  g_assert_cmpint (dh_tensor_dict_get (model->constants, "packed")->dims[0], ==, 2);
}

static GByteArray *
new_attribute (const char *name, gint type)
{
  GByteArray *attribute = g_byte_array_new ();
  onnx_put_string (attribute, 1, name);
  if (type)
    onnx_put_int (attribute, 20, type);
  return attribute;
}

/* With their types told, and without, as in files of the first version. */
static void
test_attributes (void)
{
  for (gint told = 0; told < 2; told++)
    {
      GByteArray *node = onnx_make_node ("Mix", "x", "y"), *graph = g_byte_array_new (),
                 *attribute = new_attribute ("alpha", told * 1);
      onnx_put_fixed32 (attribute, 2, 0x3fc00000);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("axis", told * 2);
      onnx_put_int (attribute, 3, -2);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("mode", told * 3);
      onnx_put_string (attribute, 4, "line\xc3\xa4r");
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("value", told * 4);
      GByteArray *tensor = onnx_make_tensor ("", 7, 0, NULL);
      onnx_put_int (tensor, 7, -7);
      onnx_put_message (attribute, 5, tensor);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("scales", told * 6);
      onnx_put_fixed32 (attribute, 7, 0x3fc00000);
      onnx_put_bytes (attribute, 7, "\0\0\0\x40\0\0\x80\xbf", 8);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("pads", told * 7);
      onnx_put_int (attribute, 8, -1);
      onnx_put_bytes (attribute, 8, "\1\x80\1", 3);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("names", told * 8);
      onnx_put_string (attribute, 9, "a");
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("bytes", told * 3);
      onnx_put_bytes (attribute, 4, "\xff\0", 2);
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("words", told * 4);
      onnx_put_message (attribute, 5, onnx_make_tensor ("", 8, 1, (gint64[]){ 1 }));
      onnx_put_message (node, 5, attribute);
      attribute = new_attribute ("argument", told * 2);
      onnx_put_int (attribute, 3, 1);
      onnx_put_string (attribute, 21, "outer");
      onnx_put_message (node, 5, attribute);
      onnx_put_string (node, 7, "ai.onnx");
      onnx_put_message (graph, 1, node);

      g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_model (graph), NULL);
      const DhOnnxNode *read = g_ptr_array_index (model->nodes, 0);
      g_assert_cmpstr (read->domain, ==, "");
      g_assert_cmpuint (read->attributes->len, ==, 10);
      g_assert_cmpfloat (dh_onnx_node_get_float (read, "alpha", 9), ==, 1.5);
      g_assert_cmpint (dh_onnx_node_get_int (read, "axis", 9), ==, -2);
      g_assert_cmpint (dh_onnx_node_get_int (read, "alpha", 9), ==, 9); /* of another type */
      g_assert_cmpint (dh_onnx_node_get_int (read, "absent", 9), ==, 9);
      g_assert_cmpstr (dh_onnx_node_get_string (read, "mode", ""), ==, "line\xc3\xa4r");
      const DhTensor *value = dh_onnx_node_get (read, "value", DH_ONNX_ATTRIBUTE_TENSOR)->tensor;
      g_assert_cmpint (*(const gint8 *)dh_tensor_data (value), ==, -7);
      const GArray *scales = dh_onnx_node_get (read, "scales", DH_ONNX_ATTRIBUTE_FLOATS)->numbers;
      g_assert_cmpuint (scales->len, ==, 3);
      g_assert_cmpfloat (g_array_index (scales, float, 0), ==, 1.5f);
      g_assert_cmpfloat (g_array_index (scales, float, 2), ==, -1.0f);
      const GArray *pads = dh_onnx_node_get (read, "pads", DH_ONNX_ATTRIBUTE_INTS)->integers;
      g_assert_cmpuint (pads->len, ==, 3);
      g_assert_cmpint (g_array_index (pads, gint64, 0), ==, -1);
      g_assert_cmpint (g_array_index (pads, gint64, 2), ==, 128);
      static const char *const others[] = { "names", "bytes", "words", "argument" };
      for (guint i = 0; i < G_N_ELEMENTS (others); i++)
        g_assert_nonnull (dh_onnx_node_get (read, others[i], DH_ONNX_ATTRIBUTE_OTHER));
    }
}

/* Lists and strings that are told and not there. */
static void
test_empty_attributes (void)
{
  GByteArray *node = onnx_make_node ("Mix", "", ""), *graph = g_byte_array_new ();
  onnx_put_message (node, 5, new_attribute ("scales", 6));
  onnx_put_message (node, 5, new_attribute ("pads", 7));
  onnx_put_message (node, 5, new_attribute ("mode", 3));
  onnx_put_message (graph, 1, node);
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_model (graph), NULL);
  const DhOnnxNode *read = g_ptr_array_index (model->nodes, 0);
  g_assert_cmpstr (name_at (read->inputs, 0), ==, "");
  g_assert_cmpuint (dh_onnx_node_get (read, "scales", DH_ONNX_ATTRIBUTE_FLOATS)->numbers->len, ==, 0);
  g_assert_cmpuint (dh_onnx_node_get (read, "pads", DH_ONNX_ATTRIBUTE_INTS)->integers->len, ==, 0);
  g_assert_cmpstr (dh_onnx_node_get_string (read, "mode", "none"), ==, "");
}

static void
test_ends (void)
{
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_good (), NULL);
  g_assert_cmpstr (model->producer, ==, "maker 1.5");
  g_assert_cmpint (model->operator_set, ==, 17);
  g_assert_cmpuint (model->inputs->len, ==, 1); /* "w" is a constant */
  const DhOnnxValue *x = g_ptr_array_index (model->inputs, 0);
  g_assert_cmpstr (x->name, ==, "x");
  g_assert_cmpint (x->type, ==, 1);
  g_assert_cmpint (x->n_dims, ==, 2);
  g_assert_cmpint (x->dims[0], ==, 3);
  g_assert_cmpint (x->dims[1], ==, -1);

  /* Without a type, without a shape, of no dimensions, of too many, and no tensor (an optional one). */
  static const char *const types[] = { "", "\x0a\x02\x08\x01", "\x0a\x04\x08\x01\x12", NULL, "\x4a\x02\x0a" };
  static const guint sizes[] = { 0, 4, 6, 0, 4 };
  GByteArray *graph = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      GByteArray *value = g_byte_array_new (), *shape = g_byte_array_new (), *tensor = g_byte_array_new (),
                 *type = g_byte_array_new ();
      onnx_put_string (value, 1, "v");
      for (guint k = 0; k <= DH_MAX_DIMS; k++)
        onnx_put_bytes (shape, 1, "\x08\x01", 2);
      onnx_put_int (tensor, 1, 1);
      onnx_put_message (tensor, 2, shape);
      onnx_put_message (type, 1, tensor);
      if (types[i])
        onnx_put_bytes (value, 2, types[i], sizes[i]);
      else
        onnx_put_bytes (value, 2, type->data, type->len);
      g_byte_array_unref (type);
      onnx_put_message (graph, 12, value);
    }
  g_autoptr (DhOnnxModel) other = onnx_assert_reads (onnx_make_model (graph), NULL);
  static const struct
  {
    gint type, n_dims;
  } expected[] = { { 0, -1 }, { 1, -1 }, { 1, 0 }, { 1, -1 }, { 0, -1 } };
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      const DhOnnxValue *value = g_ptr_array_index (other->outputs, i);
      g_assert_cmpint (value->type, ==, expected[i].type);
      g_assert_cmpint (value->n_dims, ==, expected[i].n_dims);
    }
}

/* What stands twice, in an order of its own, among fields of later versions. */
static void
test_unusual_order (void)
{
  GByteArray *model = g_byte_array_new (), *operators = g_byte_array_new (), *graph = g_byte_array_new ();
  onnx_put_int (operators, 2, 11);
  onnx_put_string (operators, 1, "ai.onnx");
  onnx_put_message (model, 8, operators);
  operators = g_byte_array_new ();
  onnx_put_string (operators, 1, "com.example");
  onnx_put_int (operators, 2, 3);
  onnx_put_message (model, 8, operators);
  onnx_put_int (model, 1, 4);
  onnx_put_message (graph, 1, onnx_make_node ("A", "x", "y"));
  onnx_put_message (model, 7, graph);
  onnx_put_entry (model, 14, "k", "first");
  onnx_put_int (model, 900, 5);
  onnx_put_fixed32 (model, 901, 5);
  onnx_put_string (model, 7000, "later");
  onnx_put_fixed32 (model, 1, 9); /* of another kind: unknown */
  graph = g_byte_array_new ();
  onnx_put_message (graph, 1, onnx_make_node ("B", "y", "z"));
  onnx_put_message (model, 7, graph);
  onnx_put_entry (model, 14, "k", "second");
  onnx_put_int (model, 1, 5);
  g_autoptr (DhOnnxModel) read = onnx_assert_reads (model, NULL);
  g_assert_cmpint (read->ir_version, ==, 5);
  g_assert_cmpint (read->operator_set, ==, 11);
  g_assert_cmpstr (read->producer, ==, "");
  g_assert_cmpuint (read->nodes->len, ==, 2);
  g_assert_cmpstr (((DhOnnxNode *)g_ptr_array_index (read->nodes, 1))->operation, ==, "B");
  g_assert_cmpstr (g_hash_table_lookup (read->metadata, "k"), ==, "second");
}

static void
test_looks_like (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
    gboolean like;
  } cases[] = {
    { "\x08\x07\x12\x07pytorch", 11, TRUE },
    { "\x08\x07\x3a\xff\xff\x03\x0a", 7, TRUE }, /* a graph that is cut off */
    { "\x08\x07", 2, FALSE },
    { "\x08\x00\x12\x01p", 5, FALSE },
    { "\x08\x65\x12\x01p", 5, FALSE },
    { "\x08", 1, FALSE },
    { "", 0, FALSE },
    { "\x0a\x07\x12\x01p", 5, FALSE },          /* another message */
    { "\x08\x07\x4a\x01p\x12\x01p", 8, FALSE }, /* a field that no model has */
    { "\x89PNG\r\n\x1a\n", 8, FALSE },
    { "PK\x03\x04", 4, FALSE },
    { "\x80\x02}q\x00.", 6, FALSE },
    { "version https://git-lfs.github.com/spec/v1\n", 43, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (dh_onnx_looks_like (cases[i].bytes, cases[i].size), ==, cases[i].like);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("dh-onnx-XXXXXX", NULL);
  g_test_add_func ("/onnx-read/own-file", test_own_file);
  g_test_add_func ("/onnx-read/forms", test_forms);
  g_test_add_func ("/onnx-read/constants", test_constants);
  g_test_add_func ("/onnx-read/attributes", test_attributes);
  g_test_add_func ("/onnx-read/empty-attributes", test_empty_attributes);
  g_test_add_func ("/onnx-read/ends", test_ends);
  g_test_add_func ("/onnx-read/unusual-order", test_unusual_order);
  g_test_add_func ("/onnx-read/looks-like", test_looks_like);
  const int status = g_test_run ();
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
  return status;
}
