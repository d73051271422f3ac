#pragma once
#include "cli-require.h"

G_BEGIN_DECLS

#define DH_CLI_POOLED "densehybrid-pooled"
#define DH_CLI_LAST (-1)

/* What is asked of the number's 95 % interval. */
typedef enum
{
  DH_CLI_CHANCE_LEFT_OUT,
  DH_CLI_CHANCE_SURELY, /* that all of it is as required */
  DH_CLI_CHANCE_MAYBE,  /* that some of it is */
} DhCliChance;

/* What parts of the set the number is asked of. */
typedef enum
{
  DH_CLI_SLICES_NONE,
  DH_CLI_SLICES_OF_PARTS,   /* each scene, tag and place */
  DH_CLI_SLICES_OF_CLASSES, /* each class, where the network sees it */
  DH_CLI_N_SLICES,
} DhCliSlices;

typedef struct
{
  char *text;
  const DhProtocol *protocol; /* NULL: of the classes */
  guint number;               /* of dh_cli_required_name() */
  gboolean least, strict;
  DhCliSlices slices;
  DhCliChance chance;
  double rate;  /* false alarms an image, of DH_CLI_NUMBER_FOUND */
  gint64 run;   /* whose number is the bound, or DH_CLI_LAST; 0: none's */
  double bound; /* or how much more than that run's */
} DhCliRequirement;

struct _DhCliRequired
{
  GArray *all; /* DhCliRequirement */
  DhFrocRules froc;
};

enum
{
  DH_CLI_NUMBERS_OF_SLICES = 3, /* the first so many */
  DH_CLI_NUMBER_TPR_AT_FPR5 = 4,
  DH_CLI_FIRST_OF_COMPONENTS = 5,
  DH_CLI_FIRST_OF_CLASSES = 8, /* which are of no protocol, and read from where the run is kept */
  DH_CLI_FIRST_OF_FROC = 10,   /* of no protocol, too, and measured from the run's maps */
  DH_CLI_NUMBER_FROC = DH_CLI_FIRST_OF_FROC,
  DH_CLI_NUMBER_FOUND,
  DH_CLI_N_NUMBERS,
};

/* "ap"; of the numbers that there are, the first at 0. NULL behind the last. */
const char *dh_cli_required_name (guint number);

G_END_DECLS
