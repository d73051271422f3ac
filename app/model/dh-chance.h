#pragma once
#include "dh-run-item.h"

G_BEGIN_DECLS

/* 95 of 100 draws lie between these. Fractions of 1; NAN where undefined: of too few images. */
typedef struct
{
  double low, high;
} DhSpread;
typedef struct
{
  DhSpread of[2];      /* of each run */
  DhSpread difference; /* of the first less the second, on the same draws */
  double first_higher; /* in which part of the draws the first is the higher one */
} DhSpreadNumber;
typedef struct
{
  gboolean scenes; /* were drawn, each with all of its images, and not the images themselves */
  guint drawn_from, draws;
  DhSpreadNumber ap, fpr95, auroc, best_f1, mean_f1;
} DhSpreads;

/* How far the numbers of finished runs, each by the protocol that its AP is shown of, and of two runs' difference, are
 * a matter of chance: 95 % intervals (report/dh-run-intervals.h), measured on a thread of its own from the runs' maps
 * when somebody asks, and kept for as long as this lives. One measurement at a time. Says "changed" when it begins, as
 * it goes on, and when it ended. For the window's thread. */
#define DH_TYPE_CHANCE (dh_chance_get_type ())
G_DECLARE_FINAL_TYPE (DhChance, dh_chance, DH, CHANCE, GObject)

DhChance *dh_chance_new (void);
/* What is under way ends without a word. */
void dh_chance_stop (DhChance *chance);

/* Of one evaluation, or of two compared (`other` NULL: one). Why there is nothing to be measured, translated; NULL
 * where there is. */
const char *dh_chance_refuse (const DhRun *run, const DhRun *other);
/* Another one that is under way is stopped. */
void dh_chance_measure (DhChance *chance, const DhRun *run, const DhRun *other);
/* NULL where they are not measured, or not yet: the number of a run that was removed is another's afterwards, which is
 * told from it by its start. Borrowed. */
const DhSpreads *dh_chance_get (DhChance *chance, const DhRun *run, const DhRun *other);
/* How far their measurement is, 0 to 1; negative where it is not under way. */
double dh_chance_get_progress (DhChance *chance, const DhRun *run, const DhRun *other);
/* Why it failed the last time; NULL where it did not. Borrowed. */
const char *dh_chance_get_error (DhChance *chance, const DhRun *run, const DhRun *other);

G_END_DECLS
