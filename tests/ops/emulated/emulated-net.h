#pragma once
#include "dh-device.h"
#include "dh-nets.h"
#include "emulated-graph.h"

/* A small network on the emulated card, with a picture as good as at random: a fixture of g_test_add(). */

enum
{
  EMULATED_NET_HEIGHT = 64,
  EMULATED_NET_WIDTH = 96,
  EMULATED_NET_AREA = EMULATED_NET_HEIGHT * EMULATED_NET_WIDTH,
};

typedef struct
{
  DhNet *net;
  DhTensorDict *weights;
  float *input;
  float *map;
} EmulatedNet;

/* Without DH_EMULATED_FAIL, before and after. */
void emulated_net_set_up (EmulatedNet *fixture, gconstpointer data);
void emulated_net_tear_down (EmulatedNet *fixture, gconstpointer data);

/* The plan of its hybrid map; and one run of it, into `map`. */
DhPlan *emulated_net_plan (EmulatedNet *fixture, DhDevice *device, DhPrecision precision, GError **error);
gboolean emulated_net_run (EmulatedNet *fixture, DhPlan *plan, GError **error);
