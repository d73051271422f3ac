/* Good files of every container, cut anywhere and with any bit turned over: an error or other numbers, nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "weights-bytes.h"

/* Good files of every container, for the loops below. */
static GPtrArray *
make_good_files (void)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *files = g_ptr_array_new ();
  g_ptr_array_add (files, PTH (GOOD));
  g_ptr_array_add (files, LEGACY (GOOD));
  g_ptr_array_add (
      files, weights_make_safetensors (0, "{" ENTRY ("a", "[2,2]", "[0,16]") "," ENTRY ("b", "[]", "[16,20]") "}", 20));
  static const char npy[] = "\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
                            "             \nabcdefghijklmnopqrstuvwx";
  g_ptr_array_add (files, weights_make_zip (&(WeightsMember){ "w.npy", npy, sizeof npy - 1 }, 1));

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
          g_autoptr (GError) error = weights_try_open (file->str, length);
          g_assert_nonnull (error);
        }
      weights_assert_opens (file);
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
          g_autoptr (GError) error = weights_try_open (work, file->len);
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
  g_test_add_func ("/checkpoint-broken/every-truncation", test_every_truncation);
  g_test_add_func ("/checkpoint-broken/flipped-bits", test_flipped_bits);
  return g_test_run ();
}
