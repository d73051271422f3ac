#include "dh-machine.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

guint
dh_machine_cores (void)
{
  cpu_set_t allowed;
  CPU_ZERO (&allowed);
  if (sched_getaffinity (0, sizeof allowed, &allowed) != 0)
    return MAX (g_get_num_processors (), 1);

  /* Hyper-threads of one core name the same list of siblings. */
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint cpu = 0; cpu < CPU_SETSIZE; cpu++)
    {
      if (!CPU_ISSET (cpu, &allowed))
        continue;
      g_autofree char *path = g_strdup_printf ("/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
      g_autofree char *siblings = NULL;
      if (!g_file_get_contents (path, &siblings, NULL, NULL))
        siblings = g_strdup_printf ("%u", cpu);
      g_hash_table_add (cores, g_strdup (g_strstrip (siblings)));
    }
  return MAX (g_hash_table_size (cores), 1);
}

const char *
dh_machine_processor (void)
{
  static gsize once = 0;
  static char *title = NULL;
  if (g_once_init_enter (&once))
    {
      g_autofree char *text = NULL;
      g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL);
      const char *found = text ? strstr (text, "model name") : NULL;
      found = found ? strchr (found, ':') : NULL;
      if (found)
        title = g_strstrip (g_strndup (found + 1, strcspn (found + 1, "\n")));
      if (!title || !*title || !g_utf8_validate (title, -1, NULL))
        title = g_strdup ("Processor");
      g_once_init_leave (&once, 1);
    }
  return title;
}

/* A line "KEY 123" of a file's text; FALSE where there is none. */
static gboolean
read_line (const char *text, const char *key, guint64 *value)
{
  const gsize n = strlen (key);
  for (const char *line = text; line; line = (line = strchr (line, '\n')) ? line + 1 : NULL)
    if (strncmp (line, key, n) == 0)
      {
        *value = g_ascii_strtoull (line + n, NULL, 10);
        return TRUE;
      }
  return FALSE;
}

/* A line "KEY:  123 kB" of a file under /proc, in bytes; 0 where there is none. */
static guint64
read_kib (const char *path, const char *key)
{
  g_autofree char *text = NULL;
  guint64 kib;
  return g_file_get_contents (path, &text, NULL, NULL) && read_line (text, key, &kib) ? kib * 1024 : 0;
}

/* A number of a control group; FALSE where it has none, or "max". */
static gboolean
read_group (const char *group, const char *file, guint64 *value)
{
  g_autofree char *path = g_build_filename (group, file, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_ascii_isdigit (*text))
    return FALSE;
  *value = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

/* What may be taken in this group alone. */
static void
look_at_group (const char *group, guint64 *limit, guint64 *left)
{
  guint64 most = G_MAXUINT64, used, cached = 0, value;
  if (read_group (group, "memory.max", &value))
    most = value;
  if (read_group (group, "memory.high", &value))
    most = MIN (most, value);
  if (most == G_MAXUINT64 || !read_group (group, "memory.current", &used))
    return;
  /* Clean pages of files are given back when memory runs short. */
  g_autofree char *path = g_build_filename (group, "memory.stat", NULL);
  g_autofree char *stat = NULL;
  if (g_file_get_contents (path, &stat, NULL, NULL))
    read_line (stat, "inactive_file ", &cached);
  used -= MIN (cached, used);
  *limit = MIN (*limit, most);
  *left = MIN (*left, most - MIN (used, most));
}

void
dh_machine_look_at_groups (const char *root, const char *groups, guint64 *limit, guint64 *left)
{
  *limit = *left = G_MAXUINT64;
  /* "0::/user.slice/a.scope": the line of version 2, which a container's own root may be the end of. */
  const char *line = g_str_has_prefix (groups, "0::/") ? groups : strstr (groups, "\n0::/");
  line = line ? strchr (line, '/') : NULL;
  g_autofree char *group = line ? g_strndup (line, strcspn (line, "\n")) : g_strdup ("/");
  if (strstr (group, ".."))
    strcpy (group, "/");
  for (;;)
    {
      g_autofree char *path = g_build_filename (root, group, NULL);
      look_at_group (path, limit, left);
      char *slash = strrchr (group, '/');
      if (group[1] == '\0')
        return;
      slash[slash == group] = '\0';
    }
}

/* What this process may take by its limits: addresses, and memory of its own that can be written. */
static void
look_at_process (guint64 *limit, guint64 *left)
{
  static const struct
  {
    int resource;
    const char *used;
  } limits[] = { { RLIMIT_AS, "VmSize:" }, { RLIMIT_DATA, "VmData:" } };
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      struct rlimit own;
      if (getrlimit (limits[i].resource, &own) != 0 || own.rlim_cur == RLIM_INFINITY)
        continue;
      const guint64 used = read_kib ("/proc/self/status", limits[i].used);
      *limit = MIN (*limit, own.rlim_cur);
      *left = MIN (*left, own.rlim_cur - MIN (used, own.rlim_cur));
    }
}

static void
look_at_limits (guint64 *limit, guint64 *left)
{
  g_autofree char *groups = NULL;
  g_file_get_contents ("/proc/self/cgroup", &groups, NULL, NULL);
  dh_machine_look_at_groups ("/sys/fs/cgroup", groups ? groups : "", limit, left);
  look_at_process (limit, left);
}

guint64
dh_machine_memory (void)
{
  guint64 limit, left;
  look_at_limits (&limit, &left);
  return MIN (read_kib ("/proc/meminfo", "MemTotal:"), limit);
}

guint64
dh_machine_memory_available (void)
{
  guint64 limit, left;
  look_at_limits (&limit, &left);
  /* 0 says that nothing is known. */
  return MIN (read_kib ("/proc/meminfo", "MemAvailable:"), MAX (left, 1));
}
