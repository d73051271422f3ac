#include "dh-debug.h"

gboolean
dh_debug (DhDebugFlags flag)
{
  static const GDebugKey keys[] = {
    { "plan", DH_DEBUG_PLAN },     { "layers", DH_DEBUG_LAYERS }, { "frames", DH_DEBUG_FRAMES },
    { "sql", DH_DEBUG_SQL },       { "cache", DH_DEBUG_CACHE },   { "memory", DH_DEBUG_MEMORY },
    { "studio", DH_DEBUG_STUDIO }, { "guards", DH_DEBUG_GUARDS }, { "profile", DH_DEBUG_PROFILE },
    { "parts", DH_DEBUG_PARTS },   { "turns", DH_DEBUG_TURNS },
  };
  static gsize flags = 0;

  if (g_once_init_enter (&flags))
    {
      guint parsed = g_parse_debug_string (g_getenv ("DH_DEBUG"), keys, G_N_ELEMENTS (keys));
      g_once_init_leave (&flags, ((gsize)parsed << 1) | 1);
    }
  return ((flags >> 1) & flag) != 0;
}
