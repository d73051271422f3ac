#include "dh-finds-write.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dh-file.h"

static gboolean
write_text (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return dh_file_write (path, text, strlen (text), error);
}

/* Those behind the last that an earlier search left there. */
static void
remove_pages (const char *folder, guint from)
{
  for (guint page = from;; page++)
    {
      g_autofree char *name = dh_finds_dup_page_name (page);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_unlink (path) != 0)
        return;
    }
}

gboolean
dh_finds_write (const DhFinds *finds, const char *folder, char **facts, GError **error)
{
  const guint n = dh_finds_count_pages (finds);
  g_autofree char *csv = dh_finds_to_csv (finds);
  if (!write_text (folder, "found.csv", csv, error))
    return FALSE;
  for (guint page = n; page-- > 0;)
    {
      g_autofree char *name = dh_finds_dup_page_name (page), *html = dh_finds_to_html (finds, page, facts);
      if (!write_text (folder, name, html, error))
        return FALSE;
    }
  remove_pages (folder, n);
  return TRUE;
}
