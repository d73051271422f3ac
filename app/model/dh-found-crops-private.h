#pragma once
#include "dh-dataset.h"
#include "dh-found-item.h"

G_BEGIN_DECLS

/* What is around the finds that a list shows, read on a thread of its own: what is out of sight again before its turn
 * is not read, and so many stay that were read. For the window's thread. */
typedef struct _DhFoundCrops DhFoundCrops;
#define DH_FOUND_CROPS_KEPT 500

DhFoundCrops *dh_found_crops_new (void);
/* Waits for the one that is being read. */
void dh_found_crops_free (DhFoundCrops *crops);
/* A row shows the find: its crop comes into the item. */
void dh_found_crops_show (DhFoundCrops *crops, DhDataset *dataset, DhFoundItem *item);
/* It shows it no more. */
void dh_found_crops_leave (DhFoundCrops *crops, DhFoundItem *item);
/* Of another set. */
void dh_found_crops_drop (DhFoundCrops *crops);

G_END_DECLS
