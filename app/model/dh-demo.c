#include "dh-demo.h"
#include <glib/gi18n.h>
#include "dh-error.h"

char *
dh_demo_write_scenes (GCancellable *cancellable, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s", _ ("This build comes without the demo"));
  return NULL;
}

GBytes *
dh_demo_get_weights (GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s", _ ("This build comes without the demo"));
  return NULL;
}

gboolean
dh_demo_is_there (void)
{
  return FALSE;
}
