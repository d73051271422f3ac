/* ONNX files that are broken, or made to do harm: an error, soon and in little memory. */
#include <string.h>
#include <sys/resource.h>

#include "onnx-bytes.h"

static void
test_every_truncation (void)
{
  g_autoptr (GByteArray) file = onnx_make_good ();
  guint read = 0;
  for (gsize length = 0; length < file->len; length++)
    {
      g_autoptr (GError) error = onnx_try_read (file->data, length, NULL, NULL);
      read += error == NULL;
    }
  g_assert_cmpuint (read, ==, 1); /* cut before the metadata, with which it ends */
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (g_steal_pointer (&file), NULL);
  g_assert_cmpuint (model->nodes->len, ==, 1);
}

/* Each byte as every other one. */
static void
test_every_byte (void)
{
  g_autoptr (GByteArray) file = onnx_make_good ();
  guint read = 0, refused = 0;
  for (guint at = 0; at < file->len; at++)
    {
      const guint8 was = file->data[at];
      for (guint change = 1; change < 256; change++)
        {
          file->data[at] = (guint8)(was ^ change);
          g_autoptr (GError) error = onnx_try_read (file->data, file->len, NULL, NULL);
          *(error ? &refused : &read) += 1;
        }
      file->data[at] = was;
    }
  g_test_message ("%u read, %u refused", read, refused);
  g_assert_cmpuint (read, >, 1000);
  g_assert_cmpuint (refused, >, 1000);
}

static void
test_no_model (void)
{
  GByteArray *bytes = g_byte_array_new ();
  onnx_assert_refused (g_byte_array_ref (bytes), NULL, DH_ERROR_INVALID, "is empty");
  g_byte_array_append (bytes, (const guint8 *)"PK\3\4", 4);
  onnx_assert_refused (bytes, NULL, DH_ERROR_INVALID, "no ONNX file");
  bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *)"version https://git-lfs.github.com/spec/v1\n", 43);
  onnx_assert_refused (bytes, NULL, DH_ERROR_INVALID, "Git LFS");

  bytes = g_byte_array_new ();
  onnx_put_int (bytes, 1, 8);
  onnx_put_string (bytes, 2, "maker");
  onnx_assert_refused (bytes, NULL, DH_ERROR_INVALID, "no graph");
  bytes = g_byte_array_new ();
  onnx_put_int (bytes, 1, 8);
  onnx_put_message (bytes, 7, g_byte_array_new ());
  onnx_assert_refused (g_byte_array_ref (bytes), NULL, DH_ERROR_UNSUPPORTED, "version of ONNX's operators");
  GByteArray *operators = g_byte_array_new ();
  onnx_put_string (operators, 1, "com.example");
  onnx_put_int (operators, 2, 5);
  onnx_put_message (bytes, 8, operators);
  onnx_assert_refused (bytes, NULL, DH_ERROR_UNSUPPORTED, "version of ONNX's operators");
}

/* Fields that are none, behind a good graph. */
static void
test_wire (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
  } cases[] = {
    { "\x4b\x08\x01\x4c", 4 },                                  /* a group */
    { "\x4c", 1 },                                              /* its end */
    { "\x4e\x01", 2 },                                          /* kinds that are none */
    { "\x4f\x01", 2 },                                          /* */
    { "\x02\x01x", 3 },                                         /* a field of number 0 */
    { "\x80\x80\x80\x80\x10\x01", 6 },                          /* one of 2³¹ / 4 and more */
    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01", 12 }, /* eleven bytes */
    { "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
    { "\x4a\x02x", 3 },                                     /* more than there is */
    { "\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* 2⁶⁴ − 1 of it */
    { "\x4a\xf5\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* 2⁶⁴ − 11: back to its own beginning */
    { "\x4d\x01\x02\x03", 4 },                              /* a fixed number that is cut off */
    { "\x49\x01\x02\x03\x04\x05\x06\x07", 8 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GByteArray *file = onnx_make_good ();
      g_byte_array_append (file, (const guint8 *)cases[i].bytes, (guint)cases[i].size);
      onnx_assert_refused (file, NULL, DH_ERROR_INVALID, "broken or cut off");
    }
}

static GByteArray *
with_data (GByteArray *tensor, guint field, const char *data, gsize size)
{
  onnx_put_bytes (tensor, field, data, size);
  return tensor;
}

static void
test_tensors (void)
{
  static const gint64 absurd[] = { G_GINT64_CONSTANT (1) << 31, G_GINT64_CONSTANT (1) << 31, 2 },
                      large[] = { G_GINT64_CONSTANT (1) << 40 }, negative[] = { -1 }, two[] = { 2 };
  onnx_assert_refused (onnx_make_constant (onnx_make_tensor ("w", 1, 3, absurd)), NULL, DH_ERROR_INVALID, "absurd");
  onnx_assert_refused (onnx_make_constant (onnx_make_tensor ("w", 1, 1, negative)), NULL, DH_ERROR_INVALID, "absurd");
  onnx_assert_refused (onnx_make_constant (onnx_make_tensor ("w", 1, 1, large)), NULL, DH_ERROR_INVALID,
                       "1099511627776 elements");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 7, 1, large), 7, "\1\2", 2)), NULL,
                       DH_ERROR_INVALID, "2 elements");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 1, 1, two), 9, "1234567", 7)), NULL,
                       DH_ERROR_INVALID, "7 bytes");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 1, 1, two), 9, "123456789", 9)), NULL,
                       DH_ERROR_INVALID, "9 bytes");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 1, 1, two), 4, "123456789", 9)), NULL,
                       DH_ERROR_INVALID, "broken or cut off");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 6, 1, two), 5, "\1\2\x80", 3)), NULL,
                       DH_ERROR_INVALID, "broken or cut off");
  onnx_assert_refused (onnx_make_constant (with_data (onnx_make_tensor ("w", 6, 1, two), 7, "\1\2", 2)), NULL,
                       DH_ERROR_INVALID, "0 bytes"); /* int64_data of an int32 */
  GByteArray *tensor = with_data (onnx_make_tensor ("w", 2, 1, two), 9, "ab", 2);
  onnx_assert_refused (onnx_make_constant (with_data (tensor, 5, "\1\2", 2)), NULL, DH_ERROR_INVALID, "twice");
  tensor = with_data (onnx_make_tensor ("w", 2, 1, two), 9, "ab", 2);
  onnx_assert_refused (onnx_make_constant (with_data (tensor, 3, "", 0)), NULL, DH_ERROR_UNSUPPORTED, "segments");
}

static void
test_names (void)
{
  static const struct
  {
    const char *name;
    gsize size;
  } cases[] = { { "a\0b", 3 },
                { "\xff", 1 },
                { "a\xc3", 2 },
                { "a\nb", 3 },
                { "\x1b[2J", 4 },
                { "\x7f", 1 },
                { "\xc2\x9b"
                  "2J",
                  4 },
                { "\xed\xa0\x80", 3 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint field = 1; field <= 7; field++)
      if (field != 5 && field != 6)
        {
          GByteArray *node = g_byte_array_new (), *graph = g_byte_array_new ();
          onnx_put_bytes (node, field, cases[i].name, cases[i].size);
          onnx_put_message (graph, 1, node);
          onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_INVALID, "no text");
        }
  g_autofree char *longest = g_strnfill (2048, 'n'), *longer = g_strnfill (2049, 'n');
  GByteArray *graph = g_byte_array_new ();
  onnx_put_message (graph, 1, onnx_make_node (longest, longest, longest));
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_model (graph), NULL);
  g_assert_cmpstr (((DhOnnxNode *)g_ptr_array_index (model->nodes, 0))->operation, ==, longest);
  graph = g_byte_array_new ();
  onnx_put_message (graph, 1, onnx_make_node (longer, "x", "y"));
  onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_TOO_LARGE, "2048");

  /* What is shown only is mended. */
  GByteArray *file = onnx_make_good ();
  onnx_put_string (file, 2, "m\xff");
  onnx_put_entry (file, 14, "\xff", "\xfe");
  g_autoptr (DhOnnxModel) mended = onnx_assert_reads (file, NULL);
  g_assert_cmpstr (mended->producer, ==, "m\xef\xbf\xbd 1.5");
  g_assert_cmpstr (g_hash_table_lookup (mended->metadata, "\xef\xbf\xbd"), ==, "\xef\xbf\xbd");
}

static void
test_doubles (void)
{
  GByteArray *graph = g_byte_array_new ();
  for (guint i = 0; i < 2; i++)
    onnx_put_message (graph, 5, onnx_make_tensor ("w", 1 + 7 * (gint)i, 1, (gint64[]){ 0 })); /* one is left out */
  onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_INVALID, "w stands there twice");
  onnx_assert_refused (onnx_make_constant (onnx_make_tensor ("", 1, 1, (gint64[]){ 0 })), NULL, DH_ERROR_INVALID,
                       "has no name");
  GByteArray *node = onnx_make_node ("A", "x", "y");
  for (guint i = 0; i < 2; i++)
    onnx_put_bytes (node, 5, "\x0a\1k", 3);
  graph = g_byte_array_new ();
  onnx_put_message (graph, 1, node);
  onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_INVALID, "k stands there twice");
}

/* Two bytes each, millions of them. */
static void
test_counts (void)
{
  enum
  {
    MANY = 3000000,
  };
  static const struct
  {
    guint graph_field, field; /* in the graph, or in a node or value of it */
  } cases[] = { { 1, 0 }, { 5, 0 }, { 11, 0 }, { 12, 0 }, { 1, 1 }, { 1, 2 }, { 1, 5 } };
  struct rusage before, after;
  getrusage (RUSAGE_SELF, &before);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GByteArray *graph = g_byte_array_new (), *inner = g_byte_array_new ();
      for (guint n = 0; n < MANY; n++)
        onnx_put_bytes (cases[i].field ? inner : graph, cases[i].field ? cases[i].field : cases[i].graph_field, "", 0);
      onnx_put_message (graph, cases[i].graph_field, inner);
      /* Constants without a name, and attributes of one, are no matter of counting. */
      const gboolean counted = cases[i].graph_field != 5 && cases[i].field != 5;
      onnx_assert_refused (onnx_make_model (graph), NULL, counted ? DH_ERROR_TOO_LARGE : DH_ERROR_INVALID,
                           counted ? "far more" : "");
    }
  GByteArray *file = onnx_make_good ();
  for (guint n = 0; n < MANY; n++)
    onnx_put_bytes (file, 14, "", 0);
  onnx_assert_refused (file, NULL, DH_ERROR_TOO_LARGE, "far more metadata");
  GByteArray *graph = g_byte_array_new (), *node = onnx_make_node ("A", "x", "y");
  for (guint n = 0; n < 20001; n++)
    {
      g_autofree char *name = g_strdup_printf ("w%u", n);
      onnx_put_message (graph, 5, onnx_make_tensor (name, 1, 1, (gint64[]){ 0 }));
      GByteArray *attribute = g_byte_array_new ();
      onnx_put_string (attribute, 1, name);
      onnx_put_message (node, 5, attribute);
    }
  onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_TOO_LARGE, "far more constants");
  graph = g_byte_array_new ();
  onnx_put_message (graph, 1, node);
  onnx_assert_refused (onnx_make_model (graph), NULL, DH_ERROR_TOO_LARGE, "256 attributes");
  getrusage (RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 400 << 10); /* KiB */
#endif
  g_test_message ("peak %ld KiB, before %ld KiB", after.ru_maxrss, before.ru_maxrss);
}

/* Graphs in attributes of nodes of graphs. */
static void
test_deep (void)
{
  g_autoptr (GByteArray) inner = g_byte_array_new ();
  for (guint i = 0; i < 2000; i++)
    {
      GByteArray *attribute = g_byte_array_new (), *node = g_byte_array_new (), *graph = g_byte_array_new ();
      onnx_put_string (attribute, 1, "body");
      onnx_put_int (attribute, 20, 5);
      onnx_put_bytes (attribute, 6, inner->data, inner->len);
      onnx_put_message (node, 5, attribute);
      onnx_put_message (graph, 1, node);
      g_byte_array_unref (inner);
      inner = graph;
    }
  g_autoptr (DhOnnxModel) model = onnx_assert_reads (onnx_make_model (g_byte_array_ref (inner)), NULL);
  g_assert_cmpuint (model->nodes->len, ==, 1);
  g_assert_nonnull (dh_onnx_node_get (g_ptr_array_index (model->nodes, 0), "body", DH_ONNX_ATTRIBUTE_OTHER));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/onnx-hostile/every-truncation", test_every_truncation);
  g_test_add_func ("/onnx-hostile/every-byte", test_every_byte);
  g_test_add_func ("/onnx-hostile/no-model", test_no_model);
  g_test_add_func ("/onnx-hostile/wire", test_wire);
  g_test_add_func ("/onnx-hostile/tensors", test_tensors);
  g_test_add_func ("/onnx-hostile/names", test_names);
  g_test_add_func ("/onnx-hostile/doubles", test_doubles);
  g_test_add_func ("/onnx-hostile/counts", test_counts);
  g_test_add_func ("/onnx-hostile/deep", test_deep);
  return g_test_run ();
}
