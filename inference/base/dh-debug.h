#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Switches of the environment variable DH_DEBUG, comma separated. Read once; any thread. */
typedef enum
{
  DH_DEBUG_PLAN = 1 << 0,    /* plan: print every compiled plan */
  DH_DEBUG_LAYERS = 1 << 1,  /* layers: print the time of every step of every run */
  DH_DEBUG_FRAMES = 1 << 2,  /* frames: print frame times of the canvas */
  DH_DEBUG_SQL = 1 << 3,     /* sql: print every statement */
  DH_DEBUG_CACHE = 1 << 4,   /* cache: print hits and misses of the map cache */
  DH_DEBUG_STUDIO = 1 << 6,  /* studio: print what the window shows, and every run of the network behind it */
  DH_DEBUG_MEMORY = 1 << 5,  /* memory: print arenas and large allocations */
  DH_DEBUG_GUARDS = 1 << 7,  /* guards: the cpu device fails where a step writes beyond its output; slow */
  DH_DEBUG_PROFILE = 1 << 8, /* profile: a profiler of a card is told where a plan's second run begins and ends */
  DH_DEBUG_PARTS = 1 << 9,   /* parts: training on the cpu cuts all convolutions into small parts, as large ones are */
  DH_DEBUG_TURNS = 1 << 10,  /* turns: print what turns of the window's main loop take, where that is long */
} DhDebugFlags;

gboolean dh_debug (DhDebugFlags flag);

G_END_DECLS
