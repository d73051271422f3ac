#include "dh-shown-classes.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-session-private.h"

/* "cityscapes:0,10 camvid:4": a word a list of classes. */
#define PROPERTY "hidden-classes"

guint
dh_shown_classes_count (DhSession *self)
{
  const guint n = self->model != NULL ? self->model->n_classes : self->table != NULL ? self->table->n_classes : 0;
  return MIN (n, DH_MOST_CLASSES);
}

/* What its word begins with. */
static char *
dup_prefix (DhSession *self)
{
  if (self->table != NULL)
    return g_strdup_printf ("%s:", self->table->name);
  return g_strdup_printf ("classes-%u:", dh_shown_classes_count (self));
}

guint
dh_shown_classes_get (DhSession *self, gboolean hidden[DH_MOST_CLASSES])
{
  const guint n = dh_shown_classes_count (self);
  gboolean found[DH_MOST_CLASSES] = { FALSE };
  guint n_hidden = 0;
  g_autofree char *prefix = dup_prefix (self);
  g_auto (GStrv) words = g_strsplit (dh_view_get_string (self->view, PROPERTY), " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (!g_str_has_prefix (words[i], prefix))
        continue;
      g_auto (GStrv) ids = g_strsplit (words[i] + strlen (prefix), ",", -1);
      for (guint j = 0; ids[j] != NULL; j++)
        {
          guint64 id;
          if (g_ascii_string_to_unsigned (ids[j], 10, 0, DH_MOST_CLASSES - 1, &id, NULL) && id < n)
            found[id] = TRUE;
        }
    }
  for (guint i = 0; i < n; i++)
    n_hidden += found[i];
  if (hidden != NULL)
    memcpy (hidden, found, sizeof found);
  return n_hidden;
}

void
dh_shown_classes_set (DhSession *self, const gboolean hidden[DH_MOST_CLASSES])
{
  const guint n = dh_shown_classes_count (self);
  g_autofree char *prefix = dup_prefix (self);
  g_auto (GStrv) words = g_strsplit (dh_view_get_string (self->view, PROPERTY), " ", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0' && !g_str_has_prefix (words[i], prefix))
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", words[i]);
  gboolean any = FALSE;
  for (guint i = 0; i < n; i++)
    if (hidden[i])
      {
        g_string_append_printf (text, "%s%s%u", any || text->len == 0 ? "" : " ", any ? "," : prefix, i);
        any = TRUE;
      }
  g_object_set (self->view, PROPERTY, text->str, NULL);
}

void
dh_shown_classes_hide (DhSession *self, guint id, gboolean hide)
{
  gboolean hidden[DH_MOST_CLASSES];
  g_return_if_fail (id < DH_MOST_CLASSES);
  dh_shown_classes_get (self, hidden);
  hidden[id] = hide;
  dh_shown_classes_set (self, hidden);
}

void
dh_shown_classes_hide_all (DhSession *self, gboolean hide)
{
  gboolean hidden[DH_MOST_CLASSES];
  for (guint i = 0; i < DH_MOST_CLASSES; i++)
    hidden[i] = hide;
  dh_shown_classes_set (self, hidden);
}

void
dh_shown_classes_only (DhSession *self, guint id)
{
  gboolean hidden[DH_MOST_CLASSES];
  g_return_if_fail (id < dh_shown_classes_count (self));
  const gboolean alone = dh_shown_classes_get (self, hidden) == dh_shown_classes_count (self) - 1 && !hidden[id];
  for (guint i = 0; i < DH_MOST_CLASSES; i++)
    hidden[i] = !alone && i != id;
  dh_shown_classes_set (self, hidden);
}

char *
dh_shown_classes_dup_name (DhSession *self, guint id)
{
  const char *name = dh_session_get_class_name (self, id);
  return name != NULL ? g_strdup (name) : g_strdup_printf (_ ("class %u"), id);
}

char *
dh_shown_classes_dup_note (DhSession *self)
{
  const guint n = dh_shown_classes_get (self, NULL);
  return n > 0 ? g_strdup_printf (ngettext ("%u class hidden", "%u classes hidden", n), n) : NULL;
}

gboolean
dh_shown_classes_measure (DhSession *self, double shares[DH_MOST_CLASSES])
{
  const DhFrame *frame = dh_session_get_frame (self);
  GBytes *ids = frame == NULL                                ? NULL
                : frame->maps[DH_FRAME_SEGMENTATION] != NULL ? frame->maps[DH_FRAME_SEGMENTATION]
                                                             : frame->classes;
  guint64 counts[DH_MOST_CLASSES] = { 0 };
  gsize n = 0;
  const guint8 *of = ids != NULL ? g_bytes_get_data (ids, &n) : NULL;
  for (gsize i = 0; i < n; i++)
    counts[of[i]]++;
  for (guint i = 0; i < DH_MOST_CLASSES; i++)
    shares[i] = n > 0 ? (double)counts[i] / (double)n : 0;
  return n > 0;
}
