#include <stdio.h>
#include <stdlib.h>

#include "dh-cudnn.h"

/* describe-card [CARD]: the card as cuDNN writes it down, from which plans can be asked for where no card is. */
int
main (int argc, char **argv)
{
  g_autofree char *reason = NULL;
  g_autofree char *json = dh_cudnn_card_to_json (argc > 1 ? atoi (argv[1]) : 0, &reason);
  if (!json)
    {
      fprintf (stderr, "%s\n", reason);
      return 1;
    }
  puts (json);
  return 0;
}
