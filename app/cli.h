#pragma once
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include "dh-device.h"
#include "dh-progress.h"

G_BEGIN_DECLS

/* What every command gets. */
typedef struct
{
  const char *command;
  char *device;              /* --device: "auto", "ref", "cpu", "cuda[:N]" */
  DhPrecision precision;     /* --precision */
  gboolean has_precision;    /* it was given */
  gint threads;              /* --threads, 0: the physical cores */
  gboolean json;             /* --json: one document on standard output, nothing else there */
  gboolean quiet;            /* --quiet: no progress */
  GCancellable *cancellable; /* cancelled by Ctrl-C, SIGTERM, SIGHUP; a second one ends the program at once */
  DhProgress progress;       /* draws on standard error */
  gboolean whole;            /* all that the command writes is one file, whole or not at all */
  gint64 started;            /* monotonic, of the progress under way */
  guint64 first;             /* how much was done by then */
  gint64 drawn;
  gboolean bar_open;
} DhCli;

/* Exit statuses. */
enum
{
  DH_EXIT_DONE = 0,
  DH_EXIT_FAILED = 1,
  DH_EXIT_USAGE = 2,
  DH_EXIT_CANCELLED = 130,
};

/* Parses the words behind the command's name: `entries` and the common options. `lists` (NULL-terminated, may be NULL)
 * names options that take several words ("--scores A B C"); such an entry must be G_OPTION_ARG_FILENAME_ARRAY or
 * G_OPTION_ARG_STRING_ARRAY. What is left goes to `rest` (free with g_strfreev; NULL: nothing may be left). `usage` is
 * what stands behind the name, `example` a whole line. --help prints and sets *status to 0; an error is printed and
 * sets it to 2. Returns whether to go on. */
gboolean dh_cli_parse (DhCli *cli, int argc, char **argv, const GOptionEntry *entries, const char *const *lists,
                       const char *usage, const char *summary, const char *example, char ***rest, int *status);

/* The line that does the same once more, quoted as a shell wants it; free with g_free. Files and folders that options
 * of `entries` (may be NULL) name are named from the root, so that it does the same from wherever it is given. */
char *dh_cli_dup_command (const GOptionEntry *entries, int argc, char **argv);

/* "HxW": two numbers of up to 9 digits, which may still be too small or too large. */
gboolean dh_cli_parse_size (const char *text, gint *height, gint *width);

/* Prints "densehybrid: <message>." on one line and returns the exit status that fits the error. Clears `*error`. */
int dh_cli_fail (DhCli *cli, GError **error);
int dh_cli_usage (DhCli *cli, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* A line on standard error beside a progress bar ("note: …"). */
void dh_cli_note (DhCli *cli, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* What is timed on it is kept for the next start; and where "auto" took another device than one might expect, why. */
void dh_cli_use_device (DhCli *cli, DhDevice *device);
/* Ends the progress bar's line, if one is open. */
void dh_cli_progress_end (DhCli *cli);

/* JSON: undefined (NaN, infinite) numbers become null; bytes that are no UTF-8, as names of files may hold, become %XX.
 * `name` NULL inside an array. */
void dh_json_member_number (JsonBuilder *builder, const char *name, double value);
void dh_json_member_int (JsonBuilder *builder, const char *name, gint64 value);
void dh_json_member_string (JsonBuilder *builder, const char *name, const char *value); /* NULL → null */
void dh_json_member_boolean (JsonBuilder *builder, const char *name, gboolean value);
/* Prints the finished document and unrefs the builder. */
void dh_json_print (JsonBuilder *builder);

/* "94.32" for 0.9432; "—" where it is undefined. Free with g_free. */
char *dh_cli_percent (double value);

typedef int (*DhCommandFunc) (DhCli *cli, int argc, char **argv);
int dh_cmd_bench (DhCli *cli, int argc, char **argv);
int dh_cmd_combine (DhCli *cli, int argc, char **argv);
int dh_cmd_dataset (DhCli *cli, int argc, char **argv);
int dh_cmd_demo (DhCli *cli, int argc, char **argv);
int dh_cmd_demo_scenes (DhCli *cli, int argc, char **argv);
int dh_cmd_devices (DhCli *cli, int argc, char **argv);
int dh_cmd_eval_ood (DhCli *cli, int argc, char **argv);
int dh_cmd_eval_osr (DhCli *cli, int argc, char **argv);
int dh_cmd_export (DhCli *cli, int argc, char **argv);
int dh_cmd_find (DhCli *cli, int argc, char **argv);
int dh_cmd_frames (DhCli *cli, int argc, char **argv);
int dh_cmd_infer (DhCli *cli, int argc, char **argv);
int dh_cmd_metrics (DhCli *cli, int argc, char **argv);
int dh_cmd_report (DhCli *cli, int argc, char **argv);
int dh_cmd_robustness (DhCli *cli, int argc, char **argv);
int dh_cmd_train (DhCli *cli, int argc, char **argv);
int dh_cmd_video (DhCli *cli, int argc, char **argv);
int dh_cmd_weights (DhCli *cli, int argc, char **argv);

G_END_DECLS
