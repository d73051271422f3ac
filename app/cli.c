#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dh-error.h"
#include "dh-region.h"
#include "dh-text.h"

/* "--scores A B --labels C" becomes "--scores A --scores B --labels C". */
static char **
spread_lists (int argc, char **argv, const char *const *lists)
{
  GPtrArray *words = g_ptr_array_new ();
  const char *current = NULL;
  guint taken = 0;
  for (int i = 0; i < argc; i++)
    {
      const char *word = argv[i];
      if (g_str_has_prefix (word, "--"))
        {
          current = lists && g_strv_contains (lists, word + 2) ? word : NULL;
          taken = 0;
        }
      else if (current && taken++ > 0)
        g_ptr_array_add (words, g_strdup (current));
      g_ptr_array_add (words, g_strdup (word));
    }
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (words, FALSE);
}

static void
draw_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhCli *cli = data;
  const gint64 now = g_get_monotonic_time ();
  if (!cli->started || done == 0)
    {
      cli->started = cli->drawn = now;
      cli->first = done;
    }
  const gboolean terminal = isatty (STDERR_FILENO);
  const gboolean last = terminal && total > 0 && done >= total;
  if (cli->quiet || (!last && now - cli->drawn < (terminal ? G_USEC_PER_SEC / 10 : 60 * G_USEC_PER_SEC)))
    return;
  cli->drawn = now;

  const double seconds = (now - cli->started) / (double)G_USEC_PER_SEC;
  const double rate = seconds > 0 ? (done - MIN (done, cli->first)) / seconds : 0;
  g_autofree char *left = NULL;
  if (rate > 0 && total > done)
    {
      const guint64 s = (guint64)((total - done) / rate + 0.5), h = s / 3600;
      left = h > 0
                 ? g_strdup_printf (", %" G_GUINT64_FORMAT ":%02u:%02u left", h, (guint)(s / 60 % 60), (guint)(s % 60))
                 : g_strdup_printf (", %u:%02u left", (guint)(s / 60), (guint)(s % 60));
    }
  g_autofree char *shown = dh_text_escape (what ? what : "", FALSE);
  char bar[25] = "";
  for (guint i = 0; i < 24 && total > 0; i++)
    bar[i] = i * total < done * 24 ? '#' : '.';
  if (total > 0)
    fprintf (stderr, "%s[%s] %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " %.2f/s%s  %.40s%s", terminal ? "\r" : "", bar,
             done, total, rate, left ? left : "", shown, terminal ? "\033[K" : "\n");
  else
    fprintf (stderr, "%s%" G_GUINT64_FORMAT " %.40s%s", terminal ? "\r" : "", done, shown, terminal ? "\033[K" : "\n");
  cli->bar_open = terminal;
}

void
dh_cli_progress_end (DhCli *cli)
{
  if (cli->bar_open)
    fputc ('\n', stderr);
  cli->bar_open = FALSE;
  cli->started = 0;
}

/* The first option that was given as an empty text, which names nothing: a script's variable was not set. */
static const char *
find_empty (const GOptionEntry *entries, const GOptionEntry *common)
{
  const GOptionEntry *const tables[] = { entries, common };
  for (guint t = 0; t < G_N_ELEMENTS (tables); t++)
    for (const GOptionEntry *entry = tables[t]; entry && entry->long_name; entry++)
      {
        const gboolean text = entry->arg == G_OPTION_ARG_STRING || entry->arg == G_OPTION_ARG_FILENAME;
        const char *value = text ? *(char **)entry->arg_data : NULL;
        if (value && !*value)
          return entry->long_name;
      }
  return NULL;
}

/* Options of the network are taken everywhere, and told of where they change anything. */
static gboolean
runs_network (const char *command)
{
  static const char *const those[] = { "bench",      "demo",  "eval-ood", "eval-osr",      "find", "infer",
                                       "robustness", "train", "video",    "weights check", NULL };
  return g_strv_contains (those, command);
}

gboolean
dh_cli_parse (DhCli *cli, int argc, char **argv, const GOptionEntry *entries, const char *const *lists,
              const char *usage, const char *summary, const char *example, char ***rest, int *status)
{
  gboolean help = FALSE;
  g_autofree char *precision = NULL;
  const gboolean network = runs_network (cli->command), check = g_str_equal (cli->command, "dataset check");
  const gint of_network = network ? 0 : G_OPTION_FLAG_HIDDEN;
  const gint of_threads = network || check ? 0 : G_OPTION_FLAG_HIDDEN;
  const GOptionEntry common[] = {
    { "device", 0, of_network, G_OPTION_ARG_STRING, &cli->device, "What computes: auto, ref, cpu, cuda[:N]", "D" },
    { "precision", 0, of_network, G_OPTION_ARG_STRING, &precision, "f32, tf32, fp16, bf16 or int8", "P" },
    { "threads", 0, of_threads, G_OPTION_ARG_INT, &cli->threads, "Threads of the cpu (default: the physical cores)",
      "N" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "One JSON document on standard output", NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &cli->quiet, "No progress", NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this page", NULL },
    { NULL },
  };

  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_help_enabled (context, FALSE);
  if (entries)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);

  char **words = spread_lists (argc, argv, lists);
  const gboolean parsed = g_option_context_parse_strv (context, &words, &error);
  g_auto (GStrv) left = words;
  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, FALSE, NULL);
      const char *options = strstr (text, "  --");
      g_print ("Usage: densehybrid %s %s\n\n%s\n\n%s\nExample:\n  %s\n", cli->command, usage, summary,
               options ? options : text, example);
      *status = DH_EXIT_DONE;
      return FALSE;
    }
  if (!parsed)
    {
      const gboolean dash = rest && g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
      *status = dh_cli_usage (cli, "%s%s", error->message,
                              dash ? "; a file whose name begins with a dash is written ./-…, or behind --" : "");
      return FALSE;
    }
  const char *empty = find_empty (entries, common);
  if (empty)
    {
      *status = dh_cli_usage (cli, "--%s is empty", empty);
      return FALSE;
    }
  if (!rest && left[0] && left[1])
    {
      *status = dh_cli_usage (cli, "\"%s\" is not understood here", left[1]);
      return FALSE;
    }
  if (!cli->device)
    cli->device = g_strdup ("auto");
  cli->precision = DH_PRECISION_F32;
  cli->has_precision = precision != NULL;
  if (precision && !dh_precision_from_name (precision, &cli->precision))
    {
      *status = dh_cli_usage (cli, "--precision %s is none of f32, tf32, fp16, bf16, int8", precision);
      return FALSE;
    }
  if (cli->threads < 0 || cli->threads > 1024)
    {
      *status = dh_cli_usage (cli, "--threads %d is not between 0 and 1024", cli->threads);
      return FALSE;
    }
  if (rest)
    {
      /* "--" ends the options: what follows may begin with a dash */
      const guint skip = !left[0] ? 0 : g_strcmp0 (left[1], "--") == 0 ? 2 : 1;
      *rest = g_strdupv (left + skip);
      if (g_strv_contains ((const char *const *)*rest, ""))
        {
          *status = dh_cli_usage (cli, "an empty name names no file");
          return FALSE;
        }
    }
  cli->progress = (DhProgress){ draw_progress, cli };
  return TRUE;
}

/* Whether "--dataroot" or "--dataroot=DIR" is an option that names a file; *value: what stands behind the "=", or NULL.
 */
static gboolean
names_file (const GOptionEntry *entries, const char *word, const char **value)
{
  const char *name = g_str_has_prefix (word, "--") ? word + 2 : "";
  const gsize length = strcspn (name, "=");
  *value = name[length] == '=' ? name + length + 1 : NULL;
  for (; entries && entries->long_name; entries++)
    if (entries->arg == G_OPTION_ARG_FILENAME && strlen (entries->long_name) == length
        && strncmp (entries->long_name, name, length) == 0)
      return TRUE;
  return FALSE;
}

/* The weights that are built in are no file, and neither are shares of an image. */
static char *
dup_absolute (const char *path)
{
  g_autofree char *file = dh_region_text_dup_path (path);
  return (!file || g_str_equal (path, "demo")) && !g_file_test (path, G_FILE_TEST_EXISTS)
             ? g_strdup (path)
             : g_canonicalize_filename (path, NULL);
}

char *
dh_cli_dup_command (const GOptionEntry *entries, int argc, char **argv)
{
  GString *command = g_string_new ("densehybrid");
  gboolean file = FALSE;
  for (int i = 0; i < argc; i++)
    {
      const char *value = NULL;
      g_autofree char *word = file ? dup_absolute (argv[i]) : g_strdup (argv[i]);
      file = !file && names_file (entries, argv[i], &value);
      if (file && value)
        {
          g_autofree char *absolute = dup_absolute (value);
          g_free (word);
          word = g_strdup_printf ("%.*s%s", (int)(value - argv[i]), argv[i], absolute);
          file = FALSE;
        }
      g_autofree char *quoted = g_shell_quote (word);
      const gboolean plain =
          *word != '\0' && strspn (word, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_./+:=,") == strlen (word);
      g_string_append_printf (command, " %s", plain ? word : quoted);
    }
  return g_string_free (command, FALSE);
}

static void
print_line (const char *prefix, const char *message)
{
  g_autofree char *words = g_strdelimit (g_strdup (message), "\n\r\t", ' ');
  g_autofree char *line = dh_text_escape (g_strchomp (words), FALSE);
  const gsize length = strlen (line);
  fprintf (stderr, "%s%s%s\n", prefix, line, length > 0 && strchr (".!?", line[length - 1]) ? "" : ".");
}

int
dh_cli_fail (DhCli *cli, GError **error)
{
  dh_cli_progress_end (cli);
  if (!error || !*error)
    return DH_EXIT_FAILED;

  int status = DH_EXIT_FAILED;
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      fprintf (stderr, "densehybrid: cancelled. %s\n",
               cli->whole ? "Nothing was written." : "What was finished is kept.");
      status = DH_EXIT_CANCELLED;
    }
  else
    {
      print_line ("densehybrid: ", (*error)->message);
      if (g_error_matches (*error, DH_ERROR, DH_ERROR_USAGE))
        status = DH_EXIT_USAGE;
    }
  g_clear_error (error);
  return status;
}

/* Reads digits; NULL where there is none, or too many. */
static const char *
parse_side (const char *text, gint *side)
{
  *side = 0;
  guint digits = 0;
  for (; g_ascii_isdigit (*text) && digits < 10; text++, digits++)
    *side = digits < 9 ? *side * 10 + (*text - '0') : 0;
  return digits > 0 && digits < 10 ? text : NULL;
}

gboolean
dh_cli_parse_size (const char *text, gint *height, gint *width)
{
  static const char *const between[] = { "x", "X", "×" };
  const char *rest = parse_side (text, height);
  for (guint i = 0; rest && i < G_N_ELEMENTS (between); i++)
    if (g_str_has_prefix (rest, between[i]))
      {
        rest = parse_side (rest + strlen (between[i]), width);
        return rest && *rest == '\0';
      }
  return FALSE;
}

int
dh_cli_usage (DhCli *cli, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  const char *stop = *message && strchr (".!?", message[strlen (message) - 1]) ? "" : ".";
  g_autofree char *whole = g_strdup_printf ("%s: %s%s \"densehybrid %s --help\" tells what it takes", cli->command,
                                            message, stop, cli->command);
  print_line ("densehybrid: ", whole);
  return DH_EXIT_USAGE;
}

void
dh_cli_note (DhCli *cli, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (cli->bar_open)
    fputc ('\n', stderr);
  cli->bar_open = FALSE;
  print_line ("note: ", message);
}

void
dh_cli_use_device (DhCli *cli, DhDevice *device)
{
  dh_device_remember_plans (device, NULL);
  g_autofree char *note = dh_device_dup_note (device);
  if (note)
    dh_cli_note (cli, "%s", note);
}

void
dh_json_member_number (JsonBuilder *builder, const char *name, double value)
{
  if (name)
    json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
dh_json_member_int (JsonBuilder *builder, const char *name, gint64 value)
{
  if (name)
    json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
dh_json_member_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (name)
    json_builder_set_member_name (builder, name);
  if (!value)
    {
      json_builder_add_null_value (builder);
      return;
    }
  g_autofree char *text = dh_text_escape (value, TRUE);
  json_builder_add_string_value (builder, text);
}

void
dh_json_member_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  if (name)
    json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

void
dh_json_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  g_autofree char *text = dh_text_mend_json (json_generator_to_data (generator, NULL));
  puts (text);
  g_object_unref (builder);
}

char *
dh_cli_percent (double value)
{
  return isfinite (value) ? g_strdup_printf ("%.2f", 100 * value) : g_strdup ("—");
}
