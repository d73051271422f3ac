#pragma once
#include "dh-image.h"
#include "dh-progress.h"

G_BEGIN_DECLS

/* The demo that comes with the program: a small ladder network, and held-out test scenes drawn when they are asked for.
 * The scenes are the generator's, of a seed that no training has seen; none of them was chosen. */

#define DH_DEMO_TITLE "Demo scenes" /* of them as a data set, as records and reports name it */
guint dh_demo_scene_count (void);
/* Scene `i`: the picture and its labels in StreetHazards' file ids. Some tens of milliseconds; any thread.
 * Errors: DH_ERROR_NO_MEMORY. */
gboolean dh_demo_scene (guint i, DhImage **image, DhLabels **labels, GError **error);
/* Which of them shows at once what it is about: where the studio begins. */
#define DH_DEMO_FIRST 3

/* What the network's thresholds were chosen on: other test scenes, of the training's seed. As dh_demo_scene(). */
#define DH_DEMO_N_CALIBRATION 150
gboolean dh_demo_calibration_scene (guint i, DhImage **image, DhLabels **labels, GError **error);
/* Where a map has its largest F1 there, all pixels pooled, on its own scale: "hybrid", "likelihood" and
 * "dataset_posterior" (which flag below); NAN for others. */
double dh_demo_threshold (const char *map);

/* The network's weights, a safetensors file in the program itself. DH_ERROR_NOT_FOUND where this build has none. */
GBytes *dh_demo_get_weights (GError **error);
/* The answers that are recorded of it (dh-answers.h), in float32 on the cpu. Likewise. */
GBytes *dh_demo_get_answers (GError **error);
gboolean dh_demo_is_there (void);

/* Writes the scenes as the test split of a StreetHazards tree under `folder`, and the weights beside them as
 * demo-network.safetensors. Some seconds: never on the window's thread. `cancellable` and `progress` may be NULL.
 * Errors: DH_ERROR_IO, DH_ERROR_NOT_FOUND, G_IO_ERROR_CANCELLED. */
gboolean dh_demo_write (const char *folder, GCancellable *cancellable, const DhProgress *progress, GError **error);
/* The same into the user's cache folder, unless it is there already. The folder; free with g_free. */
char *dh_demo_write_scenes (GCancellable *cancellable, GError **error);

G_END_DECLS
