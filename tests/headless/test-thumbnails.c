/* Thumbnails of lists: read where they are seen, and few kept of what was. */
#include "dh-thumbnails.h"
#include "tree.h"

typedef struct
{
  char *root;
  DhDataset *dataset;
  DhThumbnails *thumbnails;
  GPtrArray *items; /* DhImageItem */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const guint n = GPOINTER_TO_UINT (data);
  fixture->root = tree_new ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *image = g_strdup_printf ("%05u.png", i);
      tree_image (fixture->root, image, 8, 6);
    }
  fixture->dataset = dh_dataset_open (fixture->root, "folder", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  fixture->items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (fixture->items, dh_image_item_new (i, dh_dataset_item (fixture->dataset, i)->stem, "", FALSE));
  fixture->thumbnails = dh_thumbnails_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_thumbnails_free (fixture->thumbnails);
  while (g_main_context_iteration (NULL, FALSE)) /* what was on its way comes to nobody */
    ;
  g_ptr_array_unref (fixture->items);
  dh_dataset_unref (fixture->dataset);
  tree_remove (fixture->root);
  g_free (fixture->root);
}

static gboolean
has_thumbnail (Fixture *fixture, guint i)
{
  guint width, height;
  const gboolean has = dh_image_item_get_thumbnail (fixture->items->pdata[i], &width, &height) != NULL;
  g_assert_cmpuint (width, ==, has ? 8 : 0);
  g_assert_cmpuint (height, ==, has ? 6 : 0);
  return has;
}

static guint
count_thumbnails (Fixture *fixture)
{
  guint n = 0;
  for (guint i = 0; i < fixture->items->len; i++)
    n += has_thumbnail (fixture, i);
  return n;
}

static void
show (Fixture *fixture, guint i)
{
  dh_thumbnails_show (fixture->thumbnails, fixture->dataset, fixture->items->pdata[i]);
}

static void
leave (Fixture *fixture, guint i)
{
  dh_thumbnails_leave (fixture->thumbnails, fixture->items->pdata[i]);
}

static void
wait_for (Fixture *fixture, guint i)
{
  while (!has_thumbnail (fixture, i))
    g_main_context_iteration (NULL, TRUE);
}

/* A walk through the whole list keeps few, the last seen ones and what is seen; and those that went are read again. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  const guint n = fixture->items->len;
  show (fixture, 0);
  for (guint i = 1; i < n; i++)
    {
      show (fixture, i);
      wait_for (fixture, i);
      leave (fixture, i);
    }
  g_assert_cmpuint (count_thumbnails (fixture), ==, DH_THUMBNAILS_KEPT + 1);
  g_assert_true (has_thumbnail (fixture, 0) && has_thumbnail (fixture, n - 1));
  g_assert_false (has_thumbnail (fixture, 1));
  const guint before = dh_thumbnails_get_n_read (fixture->thumbnails);
  g_assert_cmpuint (before, ==, n);
  show (fixture, n - 1);
  leave (fixture, n - 1);
  show (fixture, 1);
  wait_for (fixture, 1);
  g_assert_cmpuint (dh_thumbnails_get_n_read (fixture->thumbnails), ==, before + 1);
  dh_thumbnails_drop_kept (fixture->thumbnails);
  g_assert_cmpuint (count_thumbnails (fixture), ==, 2);
}

/* What is passed over quickly is not read, and comes where it is seen in the end. */
static void
test_passed (Fixture *fixture, gconstpointer data)
{
  const guint n = fixture->items->len;
  for (guint i = 0; i + 1 < n; i++)
    {
      show (fixture, i);
      leave (fixture, i);
    }
  show (fixture, 3);
  show (fixture, n - 1);
  wait_for (fixture, n - 1);
  wait_for (fixture, 3);
  g_assert_cmpuint (dh_thumbnails_get_n_read (fixture->thumbnails), <, n / 2);
  /* Two rows show it: it stays until both have left. */
  show (fixture, 3);
  leave (fixture, 3);
  dh_thumbnails_drop_kept (fixture->thumbnails);
  g_assert_true (has_thumbnail (fixture, 3));
  leave (fixture, 3);
  dh_thumbnails_drop_kept (fixture->thumbnails);
  g_assert_false (has_thumbnail (fixture, 3));
}

/* A picture that cannot be read is tried once while it is seen. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  tree_bytes (fixture->root, "00001.png", "nothing", 7);
  show (fixture, 1);
  show (fixture, 0);
  wait_for (fixture, 0);
  show (fixture, 1);
  show (fixture, 2);
  wait_for (fixture, 2);
  g_assert_false (has_thumbnail (fixture, 1));
  g_assert_cmpuint (dh_thumbnails_get_n_read (fixture->thumbnails), ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  static const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
    guint n;
  } tests[] = { { "/thumbnails/kept", test_kept, DH_THUMBNAILS_KEPT + 60 },
                { "/thumbnails/passed", test_passed, 300 },
                { "/thumbnails/broken", test_broken, 3 } };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, GUINT_TO_POINTER (tests[i].n), set_up, tests[i].test, tear_down);
  return g_test_run ();
}
