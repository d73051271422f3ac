#pragma once
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "dh-image.h"

/* Small trees of files in a temporary folder. */
static inline char *
tree_new (void)
{
  g_autoptr (GError) error = NULL;
  char *root = g_dir_make_tmp ("dh-tree-XXXXXX", &error);
  g_assert_no_error (error);
  return root;
}

/* Whatever lies in it, links not followed. */
static inline void
tree_remove (const char *path)
{
  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK) && g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      GDir *folder = g_dir_open (path, 0, NULL);
      const char *name;
      while (folder && (name = g_dir_read_name (folder)))
        {
          g_autofree char *child = g_build_filename (path, name, NULL);
          tree_remove (child);
        }
      if (folder)
        g_dir_close (folder);
    }
  g_remove (path);
}

/* Makes the folders above a file; free the path with g_free. */
static inline char *
tree_path (const char *root, const char *path)
{
  char *whole = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (whole);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  return whole;
}

static inline void
tree_bytes (const char *root, const char *path, gconstpointer data, gsize size)
{
  g_autofree char *whole = tree_path (root, path);
  g_assert_true (g_file_set_contents (whole, data, size, NULL));
}

/* A colour picture of `width`×`height`, as PNG or JPEG by its name. */
static inline void
tree_image (const char *root, const char *path, guint width, guint height)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *rgb = g_malloc (width * height * 3);
  for (guint i = 0; i < width * height * 3; i++)
    rgb[i] = i * 7;
  g_autoptr (GBytes) bytes = g_str_has_suffix (path, ".jpg") ? dh_image_encode_jpeg (width, height, rgb, 90, &error)
                                                             : dh_image_encode_png (width, height, 3, rgb, &error);
  g_assert_no_error (error);
  tree_bytes (root, path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* A label of `width`×`height` in which the n ids take turns. */
static inline void
tree_label (const char *root, const char *path, guint width, guint height, const guint8 *ids, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = g_malloc (width * height);
  for (guint i = 0; i < width * height; i++)
    pixels[i] = ids[i % n];
  g_autoptr (GBytes) bytes = dh_image_encode_png (width, height, 1, pixels, &error);
  g_assert_no_error (error);
  tree_bytes (root, path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* A picture of 16×8 and its label. */
#define tree_pair(root, image, label, ...)                                                                             \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const guint8 ids_[] = { __VA_ARGS__ };                                                                             \
    tree_image (root, image, 16, 8);                                                                                   \
    tree_label (root, label, 16, 8, ids_, sizeof ids_);                                                                \
  }                                                                                                                    \
  G_STMT_END
