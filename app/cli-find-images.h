#pragma once
#include "cli.h"
#include "dh-finds.h"
#include "dh-video-info.h"

G_BEGIN_DECLS

/* The whole images of the first finds, each once, as a folder that opens as a set of one's own. */
typedef struct
{
  const DhFinds *finds;
  guint most;                /* finds */
  const char *recording;     /* of frames, which are decoded again; NULL: images are copied as they lie there */
  const DhVideoRange *range; /* of it that was searched */
  const char *folder;        /* new or empty */
  /* what came of it */
  guint written, lost; /* lost: frames that were not met again, images that are gone */
} DhCliFindImages;

/* Errors: DH_ERROR_IO, those of dh_video_reader_next(), G_IO_ERROR_CANCELLED. What is written stays. */
gboolean dh_cli_find_images_write (DhCli *cli, DhCliFindImages *images, GError **error);

G_END_DECLS
