#include "dh-groups.h"

#include <math.h>
#include <string.h>

/* A number of a group's file; FALSE where it is not there, or no number: "max", "-1". */
static gboolean
read_number (const char *group, const char *file, guint64 *value)
{
  g_autofree char *path = g_build_filename (group, file, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_ascii_isdigit (*text))
    return FALSE;
  *value = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

/* A line "KEY 123" of memory.stat; 0 where there is none. */
static guint64
read_stat (const char *group, const char *key)
{
  g_autofree char *path = g_build_filename (group, "memory.stat", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  const gsize n = strlen (key);
  for (const char *line = text; line; line = (line = strchr (line, '\n')) ? line + 1 : NULL)
    if (strncmp (line, key, n) == 0 && line[n] == ' ')
      return g_ascii_strtoull (line + n, NULL, 10);
  return 0;
}

/* Clean pages of files, which are counted as used, are given back when memory runs short. */
static void
limit_memory (DhGroups *groups, guint64 most, guint64 used, guint64 cached)
{
  used -= MIN (cached, used);
  groups->memory = MIN (groups->memory, most);
  groups->memory_left = MIN (groups->memory_left, most - MIN (used, most));
}

static void
limit_processors (DhGroups *groups, double quota, double period)
{
  if (quota > 0 && period > 0)
    groups->processors = MIN (groups->processors, quota / period);
}

static void
look_at_2 (const char *group, DhGroups *groups)
{
  guint64 most = G_MAXUINT64, used, value;
  if (read_number (group, "memory.max", &value))
    most = value;
  if (read_number (group, "memory.high", &value))
    most = MIN (most, value);
  if (most < G_MAXUINT64 && read_number (group, "memory.current", &used))
    limit_memory (groups, most, used, read_stat (group, "inactive_file"));
  /* "150000 100000" or "max 100000". */
  g_autofree char *path = g_build_filename (group, "cpu.max", NULL);
  g_autofree char *text = NULL;
  char *end;
  if (g_file_get_contents (path, &text, NULL, NULL) && g_ascii_isdigit (*text))
    {
      const double quota = (double)g_ascii_strtoull (text, &end, 10);
      limit_processors (groups, quota, (double)g_ascii_strtoull (end, NULL, 10));
    }
}

/* No limit is a number near the end of 64 bits. */
static void
look_at_memory_1 (const char *group, DhGroups *groups)
{
  guint64 most, used;
  if (read_number (group, "memory.limit_in_bytes", &most) && most < G_MAXINT64 / 2
      && read_number (group, "memory.usage_in_bytes", &used))
    limit_memory (groups, most, used, read_stat (group, "total_inactive_file"));
}

static void
look_at_cpu_1 (const char *group, DhGroups *groups)
{
  guint64 quota, period;
  if (read_number (group, "cpu.cfs_quota_us", &quota) && read_number (group, "cpu.cfs_period_us", &period))
    limit_processors (groups, (double)quota, (double)period);
}

/* From the group up to the root. */
static void
walk (const char *root, const char *folder, const char *named, DhGroups *groups,
      void (*look) (const char *group, DhGroups *groups))
{
  g_autofree char *group = strstr (named, "..") ? g_strdup ("/") : g_strdup (named);
  for (;;)
    {
      g_autofree char *path = g_build_filename (root, folder, group, NULL);
      look (path, groups);
      if (group[0] == '\0' || group[1] == '\0')
        return;
      char *slash = strrchr (group, '/');
      slash[slash == group] = '\0';
    }
}

static gboolean
has (const char *controllers, const char *wanted)
{
  g_auto (GStrv) names = g_strsplit (controllers, ",", -1);
  return g_strv_contains ((const char *const *)names, wanted);
}

void
dh_groups_look_at (const char *root, const char *text, DhGroups *groups)
{
  *groups = (DhGroups){ G_MAXUINT64, G_MAXUINT64, G_MAXDOUBLE };
  gboolean second = FALSE;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  /* "4:memory:/docker/a", of version 2 "0::/user.slice/a.scope". */
  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) parts = g_strsplit (*line, ":", 3);
      if (g_strv_length (parts) < 3 || parts[2][0] != '/')
        continue;
      if (parts[1][0] == '\0')
        {
          second = TRUE;
          walk (root, "", parts[2], groups, look_at_2);
          walk (root, "unified", parts[2], groups, look_at_2);
        }
      else if (has (parts[1], "memory"))
        walk (root, "memory", parts[2], groups, look_at_memory_1);
      else if (has (parts[1], "cpu"))
        {
          walk (root, "cpu", parts[2], groups, look_at_cpu_1);
          walk (root, "cpu,cpuacct", parts[2], groups, look_at_cpu_1);
        }
    }
  if (!second)
    walk (root, "", "/", groups, look_at_2);
}

void
dh_groups_look (DhGroups *groups)
{
  g_autofree char *text = NULL;
  g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL);
  dh_groups_look_at ("/sys/fs/cgroup", text ? text : "", groups);
}

guint
dh_groups_processors (void)
{
  DhGroups groups;
  dh_groups_look (&groups);
  const guint there = MAX (g_get_num_processors (), 1);
  return groups.processors < there ? (guint)MAX (ceil (groups.processors), 1) : there;
}
