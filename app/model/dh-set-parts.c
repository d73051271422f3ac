#include <glib/gi18n.h>
#include <string.h>
#include "dh-session-private.h"
#include "dh-set-reading-private.h"

/* Towns and tracks are few; cities of Cityscapes are not offered one by one. */
#define MOST_GROUPS 8

static char *
name_part (const DhDatasetPart *part, const char *name)
{
  if (part->labels == 0)
    return g_strdup_printf (_ ("%s · %u (no labels)"), name, part->images);
  if (part->labels < part->images)
    return g_strdup_printf (_ ("%s · %u (%u with labels)"), name, part->images, part->labels);
  return g_strdup_printf ("%s · %u", name, part->images);
}

static gboolean
has_few_groups (DhSession *self, const DhDatasetPart *part)
{
  const GPtrArray *parts = dh_dataset_parts (self->dataset);
  const gsize split = (gsize)(part->group - part->name);
  guint n = 0;
  for (guint i = 0; i < parts->len; i++)
    {
      const DhDatasetPart *other = parts->pdata[i];
      n += other->group != NULL && strncmp (other->name, part->name, split) == 0;
    }
  return n <= MOST_GROUPS;
}

void
dh_set_parts_list (DhSession *self, GPtrArray *choices)
{
  const GPtrArray *parts = dh_dataset_parts (self->dataset);
  const char *chosen = self->reading->splits;
  if (parts->len < 2)
    return;
  g_autofree char *opened = dh_dataset_dup_opened (self->dataset);
  gboolean found = FALSE;
  dh_read_choices_add (choices, "", g_strdup (_ ("All together")), chosen == NULL);
  for (guint i = 0; i < parts->len; i++)
    {
      const DhDatasetPart *part = parts->pdata[i];
      const gboolean own = chosen != NULL && g_str_equal (opened, part->name);
      found |= own;
      if (part->group == NULL || own || has_few_groups (self, part))
        dh_read_choices_add (choices, part->name, name_part (part, part->name), own);
    }
  if (chosen != NULL && !found)
    {
      g_auto (GStrv) several = g_strsplit (opened, ",", -1);
      const guint n = dh_dataset_size (self->dataset);
      g_autofree char *names = g_strjoinv (", ", several);
      dh_read_choices_add (choices, opened, g_strdup_printf ("%s · %u", names, n), TRUE);
    }
}

static void
part_free (gpointer data)
{
  g_free (((DhReadPart *)data)->name);
  g_free (((DhReadPart *)data)->title);
  g_free (data);
}

static gboolean
is_split (const DhDatasetPart *part)
{
  return part->group == NULL;
}

GPtrArray *
dh_session_list_parts (DhSession *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (part_free);
  const GPtrArray *parts = dh_session_can_choose_reading (self) ? dh_dataset_parts (self->dataset) : NULL;
  g_autofree char *opened = parts != NULL ? dh_dataset_dup_opened (self->dataset) : NULL;
  g_auto (GStrv) names = parts != NULL ? g_strsplit (opened, ",", -1) : NULL;
  const gboolean all = parts != NULL && self->reading->splits == NULL;
  guint n = 0; /* that have no parts themselves */
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    {
      const DhDatasetPart *part = parts->pdata[i];
      const gboolean has_groups = is_split (part) && i + 1 < parts->len && !is_split (parts->pdata[i + 1]);
      g_autofree char *split = is_split (part) ? NULL : g_strndup (part->name, part->group - part->name - 1);
      DhReadPart *made = g_new0 (DhReadPart, 1);
      made->name = g_strdup (part->name);
      made->title = name_part (part, is_split (part) ? part->name : part->group);
      made->of_group = !is_split (part);
      made->images = part->images;
      made->chosen = all || g_strv_contains ((const char *const *)names, part->name)
                     || (split != NULL && g_strv_contains ((const char *const *)names, split));
      n += !has_groups;
      g_ptr_array_add (list, made);
    }
  if (n < 3)
    g_ptr_array_set_size (list, 0);
  return list;
}

char *
dh_read_parts_dup_id (GPtrArray *parts)
{
  g_autoptr (GString) id = g_string_new (NULL);
  gboolean all = TRUE, whole = FALSE;
  for (guint i = 0; i < parts->len; i++)
    {
      const DhReadPart *part = parts->pdata[i];
      if (!part->of_group)
        whole = part->chosen;
      all = all && part->chosen;
      if (part->chosen && !(part->of_group && whole))
        g_string_append_printf (id, "%s%s", id->len > 0 ? "," : "", part->name);
    }
  return id->len == 0 ? NULL : g_strdup (all ? "" : id->str);
}
