#pragma once
#include "dh-device-private.h"

G_BEGIN_DECLS

/* The door between the program and a device that it opens at run time, as a shared library. Neither links the other:
 * what the module needs of the program it is handed. */

#define DH_MODULE_VERSION 2
#define DH_MODULE_SYMBOL "dh_module_open"

typedef struct
{
  guint version; /* DH_MODULE_VERSION */
  gsize sizes;   /* dh_module_sizes() */
  DhDeviceInfo *(*info_new) (const char *name, const char *kind, const char *title);
  void (*add_step) (DhPlan *plan, const char *name, const char *implementation, double seconds, double flop);
} DhModuleHost;

/* `host` must stay. NULL where the two were not built together. */
typedef const DhDeviceFunctions *(*DhModuleOpen) (const DhModuleHost *host);

/* Differs where the two were compiled against different headers. */
static inline gsize
dh_module_sizes (void)
{
  return sizeof (DhDeviceFunctions) + (sizeof (DhDevice) << 8) + (sizeof (DhPlan) << 16) + (sizeof (DhNode) << 24)
         + (sizeof (DhPlanOptions) << 34) + ((gsize)(sizeof (DhTrainPlan) + sizeof (DhTrainOptions)) << 40)
         + ((gsize)DH_N_OPS << 44) + ((gsize)DH_N_MAPS << 50) + ((gsize)DH_N_PRECISIONS << 56);
}

/* Opens the module `file` once and for all: the one beside the program, else, for a program of the build folder, the
 * one that was built with it, else the installed one. NULL with the reason in words, static. Any thread. */
const DhDeviceFunctions *dh_module_get (const char *file, const char **why_not);

G_END_DECLS
