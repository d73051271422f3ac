#pragma once
#include "dh-dataset.h"
#include "dh-map.h"
#include "dh-records.h"
#include "dh-tensor.h"
#include "dh-video-reader.h"

G_BEGIN_DECLS

/* What a video is made of, one after another: the frames of a recording, the images of a set, or those of a run with
 * the maps that it left. */

typedef struct
{
  DhImage *image;            /* NULL where it could not be read and such are wanted: `why` says the reason */
  DhTensor *maps[DH_N_MAPS]; /* of a run, and what was computed since */
  char *line;                /* what it is: frame and time, or name and number */
  char *name, *path;         /* of an image, its stem in the set and its file; NULL of a frame */
  DhVideoMoment moment;      /* of a frame */
  char *why;
} DhCliShot;
void dh_cli_shot_free (gpointer shot);

/* Borrows what is not NULL of these; one of `recording`, `dataset`. */
typedef struct
{
  const char *recording;
  const DhVideoRange *range; /* of the recording; of a set `every` alone */
  DhDataset *dataset;
  GPtrArray *rows; /* DhRunImageRow, of a run of that set; NULL: no maps */
  const DhRunRow *run;
  guint wanted;        /* bits DH_MAP_BIT() of the maps that are wanted of it */
  gboolean broken_too; /* images of a set that cannot be read are shots without an image, and no error */
} DhCliShotsOptions;

typedef struct _DhCliShots DhCliShots;
/* Errors as of opening a recording. */
DhCliShots *dh_cli_shots_new (const DhCliShotsOptions *options, GCancellable *cancellable, GError **error);
/* About how many; 0: not known. */
guint64 dh_cli_shots_count (DhCliShots *shots);
/* In a second, as they were taken; 0: nothing says it. */
double dh_cli_shots_rate (DhCliShots *shots);
/* Before the first: passes over so many. */
void dh_cli_shots_skip (DhCliShots *shots, guint64 n);
/* The file of the i-th of a set or a run, borrowed; NULL of a frame, behind the last, or where it is gone. */
const char *dh_cli_shots_path (DhCliShots *shots, guint64 i);
/* The next; NULL without an error behind the last. */
DhCliShot *dh_cli_shots_next (DhCliShots *shots, GCancellable *cancellable, GError **error);
/* Some from all over it, without disturbing what next() gives, on another thread than that. NULL with an error. */
#define DH_CLI_SAMPLES 5
DhCliShot *dh_cli_shots_sample (DhCliShots *shots, guint i, GCancellable *cancellable, GError **error);
/* The image of one of them, for DhPictures; `shots` is a DhCliShots. */
DhImage *dh_cli_shots_load_sample (guint i, gpointer shots, GError **error);
/* What a decoder complained of; NULL: nothing. Borrowed. */
const char *dh_cli_shots_complaint (DhCliShots *shots);
void dh_cli_shots_free (DhCliShots *shots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCliShots, dh_cli_shots_free)

G_END_DECLS
