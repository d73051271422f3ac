#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "dh-config.h"

static const struct
{
  const char *name;
  DhCommandFunc run;
  const char *summary;
} commands[] = {
  { "dataset", dh_cmd_dataset, "check a data set: layout, counts, labels, broken files; tag its images" },
  { "devices", dh_cmd_devices, "what can compute here, and why something cannot" },
  { "weights", dh_cmd_weights, "what a file of weights holds; write it in another container; check it" },
  { "find", dh_cmd_find, "what is anomalous in images without labels" },
  { "frames", dh_cmd_frames, "the frames of a recording as images" },
  { "infer", dh_cmd_infer, "images to maps" },
  { "video", dh_cmd_video, "a video of images and maps side by side" },
  { "eval-ood", dh_cmd_eval_ood, "measure anomaly detection on a data set" },
  { "eval-osr", dh_cmd_eval_osr, "measure open-set recognition on StreetHazards" },
  { "robustness", dh_cmd_robustness, "measure what it loses on worse images: noise, blur, night, fog, rain, …" },
  { "metrics", dh_cmd_metrics, "measure score maps of any method" },
  { "combine", dh_cmd_combine, "make a run of other runs' score maps: their mean, blurred" },
  { "train", dh_cmd_train, "train a network by a published recipe or your own" },
  { "report", dh_cmd_report, "write a run, or a table of many, as CSV, JSON, HTML, PDF, Markdown or LaTeX" },
  { "export", dh_cmd_export, "write the score maps of a run in a benchmark's layout" },
  { "bench", dh_cmd_bench, "time a network, layer by layer" },
  { "demo", dh_cmd_demo, "the whole job on built-in scenes and weights" },
  { "demo-scenes", dh_cmd_demo_scenes, "write generated street scenes as a data set" },
};

static void
print_help (FILE *to)
{
  fprintf (to, "Usage: densehybrid COMMAND [OPTION…]\n\n"
               "Dense anomaly detection and open-set segmentation on street scenes.\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-14s %s\n", commands[i].name, commands[i].summary);
  fprintf (to, "\n\"densehybrid COMMAND --help\" tells the options of a command, with an example.\n"
               "\"densehybrid --version\" tells the version.\n\n"
               "Exit status: 0 done, 1 failed (or something was left out, or is not as required), 2 wrong usage,\n"
               "130 cancelled. Results go to standard output, errors and progress to standard error.\n");
}

/* The end of the terminal counts too, where nohup does not say otherwise. */
static void
fill_signals (sigset_t *set)
{
  struct sigaction hang_up;
  sigemptyset (set);
  sigaddset (set, SIGINT);
  sigaddset (set, SIGTERM);
  if (sigaction (SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN)
    sigaddset (set, SIGHUP);
}

/* Microseconds in which more signals are the same wish: timeout(1) and who ends a whole session tell the process and
 * its group, a terminal that is closed does so by the kernel and by the shell. */
#define SAME_WISH (G_USEC_PER_SEC / 2)

/* Signals are taken by a thread of their own, where cancelling is safe. One that is repeated does not wait for a clean
 * end. */
static gpointer
wait_for_signals (gpointer data)
{
  sigset_t set;
  fill_signals (&set);
  int signal_number;
  gint64 first = 0;
  while (sigwait (&set, &signal_number) == 0)
    {
      const gint64 now = g_get_monotonic_time ();
      if (first && now - first > SAME_WISH)
        _exit (DH_EXIT_CANCELLED);
      first = first ? first : now;
      g_cancellable_cancel (data);
    }
  return NULL;
}

static int
run_command (guint position, int argc, char **argv)
{
  DhCli cli = { .command = commands[position].name, .cancellable = g_cancellable_new () };
  sigset_t set;
  fill_signals (&set);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  g_thread_unref (g_thread_new ("signals", wait_for_signals, cli.cancellable));

  int status = commands[position].run (&cli, argc, argv);
  dh_cli_progress_end (&cli);
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      fprintf (stderr, "densehybrid: the output could not be written whole. Check the disk or the pipe.\n");
      status = DH_EXIT_FAILED;
    }
  g_free (cli.device);
  return status;
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  signal (SIGPIPE, SIG_IGN);

  if (argc < 2 || strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 || strcmp (argv[1], "help") == 0)
    {
      print_help (argc < 2 ? stderr : stdout);
      return argc < 2 ? DH_EXIT_USAGE : DH_EXIT_DONE;
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      printf ("densehybrid %s\n", DH_VERSION);
      return DH_EXIT_DONE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      return run_command (i, argc - 1, argv + 1);

  fprintf (stderr, "densehybrid: \"%s\" is no command. \"densehybrid --help\" lists them.\n", argv[1]);
  return DH_EXIT_USAGE;
}
