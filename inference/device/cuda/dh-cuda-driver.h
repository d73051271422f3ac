#pragma once
#include <gio/gio.h>
#include "dh-cuda-kernels.h"
#include "dh-device.h"

G_BEGIN_DECLS

/* All that the device asks of the card: memory, copies, kernels, convolutions, recorded runs. Two of them exist: the
 * CUDA runtime with cuDNN, and the emulation on the processor that the tests run. Not thread safe: a card and what
 * belongs to it are one thread's at a time.
 *
 * Every failure sets an error. DH_ERROR_NO_MEMORY leaves the card usable; after any DH_ERROR_FAILED it is lost and only
 * closing it makes sense. */

typedef struct
{
  char *title;
  char *source; /* where its libraries were found; or NULL */
  guint64 memory;
  guint precisions; /* bits 1 << DhPrecision */
} DhCudaCardInfo;

typedef struct _DhCudaCard DhCudaCard;
typedef struct _DhCudaConvolution DhCudaConvolution;
typedef struct _DhCudaRecording DhCudaRecording;

typedef enum
{
  DH_CUDA_TO_DEVICE,
  DH_CUDA_TO_HOST,
} DhCudaDirection;

/* What is queued on one lane runs in order; lanes run beside each other but where one is made to follow another. */
typedef enum
{
  DH_CUDA_LANE_COMPUTE, /* kernels, convolutions, recordings */
  DH_CUDA_LANE_UP,
  DH_CUDA_LANE_DOWN,
  DH_CUDA_N_LANES,
} DhCudaLane;

enum
{
  DH_CUDA_N_MARKS = 4096 + 8
};

#define DH_CUDA_LONGEST_HOLD 0.02

typedef struct
{
  /* Cards that are there; 0 with the reason in words, `present` where a driver or a card is there nevertheless. Any
   * thread, as describe(). */
  guint (*count) (gboolean *present, char **why_not);
  /* FALSE with the reason in words: too old, cuDNN missing. Fills `info` as far as it is known; its title and
   * source are the caller's. */
  gboolean (*describe) (guint index, DhCudaCardInfo *info, char **why_not);
  DhCudaCard *(*open) (guint index, GError **error);
  void (*close) (DhCudaCard *card);

  /* Bytes of the card that are free; 0 where that is not known. */
  guint64 (*available) (DhCudaCard *card);
  gpointer (*alloc) (DhCudaCard *card, gsize bytes, GError **error);
  void (*release) (DhCudaCard *card, gpointer memory);
  gpointer (*alloc_pinned) (DhCudaCard *card, gsize bytes, GError **error);
  void (*release_pinned) (DhCudaCard *card, gpointer memory);
  /* Memory of the host that is there already, whole pages of it: copies to it are as fast as to pinned memory. It need
   * not be possible, and makes no difference to what is computed. unpin() waits for what is queued. */
  gboolean (*pin) (DhCudaCard *card, gpointer memory, gsize bytes);
  void (*unpin) (DhCudaCard *card, gpointer memory);

  /* Queued behind what was queued before on the lane; the memory must stay until it is done. Any memory of the host
   * will do; what is not pinned is copied while the call lasts. */
  gboolean (*copy) (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction,
                    DhCudaLane lane, GError **error);
  gboolean (*launch) (DhCudaCard *card, const DhCudaKernel *kernel, GError **error);
  /* The own kernel DH_CUDA_FUSED can be had in this DhCudaType. */
  gboolean (*has_fused) (DhCudaCard *card, gint type);
  /* What was found out before on this very card, by a key in words: NULL where nothing is kept. Free with g_free. */
  char *(*recall) (DhCudaCard *card, const char *key);
  void (*remember) (DhCudaCard *card, const char *key, const char *what);
  /* Ways of computing something, by a key in words, that are not gone again, by whatever card of this kind: the card
   * was lost with it, or it computed something else. Why, as a line, or NULL; all of them, a line each, "" for none.
   * Free both with g_free. */
  void (*put_aside) (DhCudaCard *card, const char *key, const char *why);
  char *(*why_aside) (DhCudaCard *card, const char *key);
  char *(*all_aside) (DhCudaCard *card);
  /* Something was put aside since it was opened: where it is lost, it may be that only with this. */
  gboolean (*has_learned) (DhCudaCard *card);
  /* For everything on all lanes. */
  gboolean (*wait) (DhCudaCard *card, GError **error);
  /* What is queued on `lane` from now on waits for what is queued on `other` so far. */
  gboolean (*follow) (DhCudaCard *card, DhCudaLane lane, DhCudaLane other, GError **error);
  /* `mark` is below DH_CUDA_N_MARKS. wait_mark() waits for what was queued on the mark's lane before it; seconds of the
   * card between two marks, after that. */
  gboolean (*mark) (DhCudaCard *card, guint mark, DhCudaLane lane, GError **error);
  gboolean (*wait_mark) (DhCudaCard *card, guint mark, GError **error);
  double (*elapsed) (DhCudaCard *card, guint from, guint to);
  /* What is queued on the compute lane from now on begins when so many seconds are over, DH_CUDA_LONGEST_HOLD at most:
   * for a timing, which would else be that of the processor that queues. */
  gboolean (*hold) (DhCudaCard *card, double seconds, GError **error);
  /* A profiler that waits to be told counts what is queued from one to the other. */
  void (*watch) (DhCudaCard *card, gboolean on);

  /* What is queued from begin to end is recorded, not run. end() returns NULL where the card refuses to. */
  gboolean (*record_begin) (DhCudaCard *card, GError **error);
  DhCudaRecording *(*record_end) (DhCudaCard *card, GError **error);
  gboolean (*replay) (DhCudaCard *card, DhCudaRecording *recording, GError **error);
  void (*recording_free) (DhCudaCard *card, DhCudaRecording *recording);

  /* Chooses by timing, and by what is computed, on the memory given, whose contents are lost but for weights and bias
   * that are read, and which must be there (workspace: `most` bytes of it). Errors:
   * DH_ERROR_UNSUPPORTED where nothing computes it in one piece. */
  DhCudaConvolution *(*conv_new) (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                                  gsize most, GError **error);
  gboolean (*conv_run) (DhCudaCard *card, DhCudaConvolution *conv, const DhCudaConvMemory *memory, GError **error);
  gsize (*conv_workspace) (DhCudaConvolution *conv);
  const char *(*conv_name) (DhCudaConvolution *conv);
  /* What was chosen, as far as it decides the last bits; free with g_free. */
  char *(*conv_choice) (DhCudaConvolution *conv);
  void (*conv_free) (DhCudaConvolution *conv);
} DhCudaDriver;

extern const DhCudaDriver dh_cuda_driver;

G_END_DECLS
