#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* Bytes of an own allocation, so that AddressSanitizer sees a read past their end. */
static void
try_exactly (const char *data, gsize size)
{
  guint8 *copy = malloc (MAX (size, 1));
  memcpy (copy, data, size);
  g_assert_cmpint (LLVMFuzzerTestOneInput (copy, size), ==, 0);
  free (copy);
}

/* What the environment asks for: other changes, and more of them. */
static guint
number_from (const char *variable, guint usual)
{
  const char *text = g_getenv (variable);
  return text ? (guint)g_ascii_strtoull (text, NULL, 10) : usual;
}

/* A file of the corpus as it is, cut at some lengths, and with bytes changed: the same ones on every run. */
static void
replay (gconstpointer path)
{
  g_autofree char *data = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  try_exactly (data, size);
  for (guint i = 0; i < 64; i++)
    try_exactly (data, size * i / 64);
  g_autoptr (GRand) random = g_rand_new_with_seed (size + number_from ("DH_FUZZ_SEED", 0));
  const guint tries = number_from ("DH_FUZZ_TRIES", 500);
  for (guint i = 0; size > 0 && i < tries; i++)
    {
      g_autofree char *work = g_memdup2 (data, size);
      for (guint n = g_rand_int_range (random, 1, 5); n > 0; n--)
        work[g_rand_int_range (random, 0, size)] = g_rand_int (random);
      try_exactly (work, size);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  g_autoptr (GDir) folder = g_dir_open (argv[1], 0, NULL);
  g_assert_nonnull (folder);
  for (const char *name; (name = g_dir_read_name (folder));)
    {
      g_autofree char *test = g_strconcat ("/fuzz/", name, NULL);
      g_test_add_data_func_full (test, g_build_filename (argv[1], name, NULL), replay, g_free);
    }
  return g_test_run ();
}
