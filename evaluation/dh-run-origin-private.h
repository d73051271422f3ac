#pragma once
#include <json-glib/json-glib.h>
#include "dh-combined-scores.h"
#include "dh-imported-scores.h"
#include "dh-map.h"
#include "dh-predictor.h"
#include "dh-records.h"

G_BEGIN_DECLS

/* Who made a run's maps, as its rows tell it: a network on a device, another method somewhere else, or this program of
 * other runs'. */
typedef struct
{
  DhModelRow model;                              /* of a method its name, its folder, and what its maps are */
  const char *method;                            /* NULL: a network */
  const char *score;                             /* the map's name, DH_SCORE_IMPORTED or DH_SCORE_COMBINED */
  const char *device, *device_title, *precision; /* "" where nothing is computed here */
  char *path;                                    /* of the model */
  JsonObject *made_of;                           /* for the run's summary; NULL: not of other runs */
} DhRunOrigin;

/* What it borrows of them lives as long as they do. */
void dh_run_origin_init_network (DhRunOrigin *origin, DhPredictor *predictor, DhMap score);
/* Their sum is made. */
void dh_run_origin_init_imported (DhRunOrigin *origin, const DhImportedScores *scores);
/* They are prepared. */
void dh_run_origin_init_combined (DhRunOrigin *origin, const DhCombinedScores *scores);
void dh_run_origin_clear (DhRunOrigin *origin);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhRunOrigin, dh_run_origin_clear)

G_END_DECLS
