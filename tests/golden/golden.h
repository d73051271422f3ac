#pragma once
#include <json-glib/json-glib.h>

#include "dh-tensor.h"

G_BEGIN_DECLS

/* Golden files: DH_GOLDEN_DIR, by default the folder `golden` of DH_SHARED. */

/* The path of a file there, or NULL where it is absent: the test then skips itself, saying so. */
char *golden_path (const char *name);

typedef struct
{
  DhTensorDict *tensors;
  GHashTable *metadata; /* string → string */
} Golden;

/* A whole safetensors file; fails the test where it cannot be read. */
Golden *golden_read (const char *path);
void golden_free (Golden *golden);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Golden, golden_free)
/* Fails the test where it is missing. */
DhTensor *golden_tensor (Golden *golden, const char *format, ...) G_GNUC_PRINTF (2, 3);
double golden_number (Golden *golden, const char *key);

JsonNode *golden_read_json (const char *path);

G_END_DECLS
