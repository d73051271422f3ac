#pragma once
#include "dh-records.h"

G_BEGIN_DECLS

/* What a run that is made of others' maps (dh-combined-scores.h) says in its summary of them, as they were: they may
 * have been removed since. Strings are NULL and numbers NAN where the summary, which anyone may have written, has none.
 */
typedef struct
{
  gint64 run;
  char *model, *score, *sha256, *device, *precision;
  gboolean scores;                /* the checksum is over scores, else over weights */
  double weight, mean, deviation; /* the last two of scores that were brought to another scale */
} DhMadeOfPart;

typedef struct
{
  char *how, *standardised; /* dh_combine_name(), dh_standard_name() */
  double sigma;
  gint64 kernel;    /* 0 without a sigma */
  GPtrArray *parts; /* DhMadeOfPart */
} DhMadeOf;

/* NULL: it is not made of others. */
DhMadeOf *dh_made_of_read (const DhRunRow *run);
void dh_made_of_free (DhMadeOf *made);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMadeOf, dh_made_of_free)

G_END_DECLS
