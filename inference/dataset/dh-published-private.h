#pragma once
#include "dh-dataset-private.h"

G_BEGIN_DECLS

/* A published split that what is open was compared with, by the number of pictures and by how they are named. */
typedef struct
{
  const char *set, *split; /* "Fishyscapes Lost & Found", "validation": constants */
  char *in;                /* what findings call the split that was compared: "AnomalyTrack test"; "": the whole set */
  guint pictures;          /* that were published */
  guint there, others;     /* named as they are, and otherwise */
  char *missing;           /* "ADE_val_00000007, …" where names are numbered and some are not there; NULL */
} DhPublishedMatch;

/* One for each open split of which something is known; GPtrArray that owns them. Where towns of a split are open, but
 * not all, it is not compared. */
GPtrArray *dh_published_match (DhDataset *dataset);
gboolean dh_published_is_whole (const DhPublishedMatch *match);
/* "SMIYC AnomalyTrack test + validation (110 = 100 + 10 pictures)": of the matches from *first on those that are whole
 * and of one set; *first is then behind them. NULL where the first is not whole. Free with g_free. */
char *dh_published_dup_name (GPtrArray *matches, guint *first);

G_END_DECLS
