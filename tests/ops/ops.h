#pragma once
#include "dh-device.h"
#include "dh-graph.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* One proof: a graph of one or a few nodes, an input shape, and what must come out. */
typedef struct
{
  char *name;
  DhGraph *graph;
  DhShape input;
  GArray *outputs;    /* DhValue */
  double input_scale; /* the input is uniform in ± this */
  gboolean training;  /* norms use the statistics of the batch */
  gboolean perf_only; /* a real layer's size: timed, not proved */
} OpsCase;

/* All cases, in a fixed order. GPtrArray of OpsCase, owned. */
GPtrArray *ops_list_cases (void);

/* A new case in the list, which takes `graph`; its name says all that is special about it. */
OpsCase *ops_add_case (GPtrArray *list, DhGraph *graph, DhShape input, const char *format, ...) G_GNUC_PRINTF (4, 5);
/* A value that the case must deliver. */
void ops_deliver (OpsCase *ops_case, DhValue value);
void ops_add_chains (GPtrArray *list);
void ops_add_foreign (GPtrArray *list);
void ops_add_transformers (GPtrArray *list);
void ops_add_nets (GPtrArray *list);
void ops_add_perf (GPtrArray *list);

/* Seeded parameters for the case, and its input. */
DhTensorDict *ops_new_parameters (const OpsCase *ops_case);
float *ops_new_input (const OpsCase *ops_case);

/* Adds the proofs of gradients on the device, where they are wanted: /ops/‹device›/gradient/…; or prints their names.
 */
void ops_add_gradients (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words,
                        gboolean print);

/* The value of every needed node from the definitions alone, in double: an array of arrays, NULL for those not needed.
 */
double **ops_evaluate (const OpsCase *ops_case, DhTensorDict *parameters, const float *input, const DhShape *shapes);
void ops_free_values (const OpsCase *ops_case, double **values);

G_END_DECLS
