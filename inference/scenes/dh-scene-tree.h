#pragma once
#include "dh-progress.h"
#include "dh-scenes.h"

G_BEGIN_DECLS

/* How many scenes of each kind a folder gets. */
typedef struct
{
  guint training, validation, test, negatives;
} DhSceneCounts;

/* `count` training scenes and what goes with them: a sixteenth for validation, an eighth for the test (each at least
 * 2), a quarter as negatives. */
DhSceneCounts dh_scene_counts (guint count);

/* Writes scenes as PNG pictures in the layout of StreetHazards, with its file ids, and the negatives in ADE20K's:
 *   train/{images,annotations}/{training,validation}/town/NNNNN.png
 *   test/{images,annotations}/test/{t5,t6}/NNNNN.png      the first half is t5
 *   negatives/{images,annotations}/training/NNNNN.png     ids: numbers of segments
 * Pictures that are there already are written anew; a folder that holds more, of another start, is refused. Not for the
 * window's thread. `cancellable` and `progress` may be NULL. Errors: DH_ERROR_IO, DH_ERROR_USAGE, DH_ERROR_NO_MEMORY,
 * G_IO_ERROR_CANCELLED; what was written before stays. */
gboolean dh_scene_tree_write (const char *folder, guint64 seed, const DhSceneCounts *counts, guint width, guint height,
                              GCancellable *cancellable, const DhProgress *progress, GError **error);

G_END_DECLS
