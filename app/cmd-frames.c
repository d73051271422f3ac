#include <stdio.h>

#include "cli.h"
#include "cli-video.h"
#include "dh-video-frames.h"

int
dh_cmd_frames (DhCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL;
  g_auto (DhCliRange) range = { NULL };
  gboolean jpeg = FALSE;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Folder for the images, new or empty", "DIR" },
    DH_CLI_RANGE_ENTRIES (range),
    { "jpeg", 0, 0, G_OPTION_ARG_NONE, &jpeg, "JPEG (quality 95), a third of the size, rather than PNG", NULL },
    { NULL },
  };
  int status;
  g_auto (GStrv) named = NULL;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "VIDEO --out DIR",
                     "Writes the frames of a recording as images, upright, named by their numbers in it; the folder "
                     "opens\nas a set of one's own. The same again goes on with what is missing. FFmpeg must be "
                     "installed.",
                     "densehybrid frames drive.mp4 --out drive --every 10 --from 1:30 --to 2:00", &named, &status))
    return status;
  if (!named || !named[0])
    return dh_cli_usage (cli, "no recording is named");
  if (named[1])
    return dh_cli_usage (cli, "one recording at a time: \"%s\" is one too many", named[1]);
  if (!out)
    return dh_cli_usage (cli, "--out is missing: which folder?");
  DhVideoFramesOptions options = { .jpeg = jpeg };
  if (!dh_cli_parse_range (cli, &range, &options.range, &status))
    return status;

  g_autoptr (GError) error = NULL;
  DhVideoFrames frames;
  const gboolean done =
      dh_video_write_frames (named[0], out, &options, &frames, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  g_autofree char *damage = frames.damage;
  if (!done)
    return dh_cli_fail (cli, &error);
  if (damage)
    dh_cli_note (cli, "%s may be damaged: %s", named[0], damage);
  if (cli->json)
    {
      JsonBuilder *json = json_builder_new ();
      json_builder_begin_object (json);
      dh_json_member_string (json, "recording", named[0]);
      dh_json_member_string (json, "folder", out);
      dh_json_member_int (json, "written", frames.written);
      dh_json_member_int (json, "kept", frames.kept);
      dh_json_member_string (json, "damage", damage);
      json_builder_end_object (json);
      dh_json_print (json);
    }
  else if (!cli->quiet && frames.kept > 0)
    printf ("%u frames in %s, %u of which lay there already\n", frames.written + frames.kept, out, frames.kept);
  else if (!cli->quiet)
    printf ("%u frame%s in %s\n", frames.written, frames.written == 1 ? "" : "s", out);
  return DH_EXIT_DONE;
}
