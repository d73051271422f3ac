#pragma once
#include <glib-object.h>

G_BEGIN_DECLS

/* What there is to say about the weights that are loaded. Immutable, reference counted (atomic). */
typedef struct
{
  gatomicrefcount refs;
  char *title;        /* the file's name, or "Demo network" */
  char *network;      /* "ldn121, 13 classes" */
  char *architecture; /* "ldn121" */
  char *path;         /* NULL where it came with the program */
  char *sha256;
  guint n_classes;
  char **class_names; /* as many, where the network has its own; else NULL */
  gboolean has_outlier_head;
  gint64 n_parameters;
  char *normalisation; /* what happens to the picture before the network, in words */
  gboolean assumed;    /* that, as nothing says another */
} DhModelInfo;

DhModelInfo *dh_model_info_new (void);
DhModelInfo *dh_model_info_ref (DhModelInfo *info);
void dh_model_info_unref (DhModelInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhModelInfo, dh_model_info_unref)

/* Where the network runs. Immutable, reference counted (atomic). */
typedef struct
{
  gatomicrefcount refs;
  char *name;       /* "cpu" */
  char *title;      /* "AMD EPYC 7B13" */
  char *precision;  /* "f32"; int8 with its calibration: "int8-0123456789ab" */
  guint precisions; /* that the device has: bits 1 << DhPrecision */
  guint threads;
  char *instead_why;  /* why the device that was asked for by its name does not compute; NULL where it does */
  char *cuda_why_not; /* why the cuda device is not used, in words; NULL where it is, or where it was not asked for */
} DhComputeInfo;

DhComputeInfo *dh_compute_info_new (void);
DhComputeInfo *dh_compute_info_ref (DhComputeInfo *info);
void dh_compute_info_unref (DhComputeInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhComputeInfo, dh_compute_info_unref)

G_END_DECLS
