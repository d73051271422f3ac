#pragma once
#include "emulated-card.h"

/* Inside the emulated card: what its parts know of each other. What is here of the driver's functions is their own. */

enum
{
  EMULATED_WORKSPACE = 4096,
};

/* What one lane has still to do. */
typedef struct
{
  GArray *calls; /* EmulatedCall */
  guint done;
  guint after[DH_CUDA_N_LANES]; /* how much of the others must be done before what is queued from now on */
} EmulatedLane;

struct _DhCudaCard
{
  GHashTable *memory; /* start → bytes, of all that is allocated */
  GHashTable *pinned; /* the same, of the host's memory that was there already */
  EmulatedLane lanes[DH_CUDA_N_LANES];
  guint marks[DH_CUDA_N_MARKS]; /* how much of the lane was queued, */
  guint mark_lanes[DH_CUDA_N_MARKS];
  GRand *random;
  DhCudaRecording *recording;
  GHashTable *started; /* code that ran, in words */
  guint n_convolutions;
  guint under_way; /* runs whose results are queued and not waited for */
  guint n_watched;
  const char *last_way;
  gboolean watched;
  gboolean learned;
  gboolean lost;
};

typedef struct
{
  gpointer to; /* copy */
  gconstpointer from;
  gsize bytes;
  guint after[DH_CUDA_N_LANES];
  DhCudaDirection direction;
  DhCudaKernel kernel;
  DhCudaConvSpec spec;
  DhCudaConvMemory memory;
  guint number; /* of a convolution, from 1 on */
  enum
  {
    EMULATED_COPY,
    EMULATED_KERNEL,
    EMULATED_CONVOLUTION,
  } what;
} EmulatedCall;

struct _DhCudaRecording
{
  GArray *calls;
  gboolean is_broken; /* something in it was refused */
};

/* emulated-card.c: by DH_EMULATED_FAIL; a card that is lost is so from then on. */
gboolean emulated_fails (const char *what);
gboolean emulated_lose (DhCudaCard *card, const char *what, GError **error);

/* emulated-memory.c */
guint64 emulated_available (DhCudaCard *card);
gpointer emulated_alloc (DhCudaCard *card, gsize bytes, GError **error);
gpointer emulated_alloc_pinned (DhCudaCard *card, gsize bytes, GError **error);
void emulated_release (DhCudaCard *card, gpointer memory);
gboolean emulated_pin (DhCudaCard *card, gpointer memory, gsize bytes);
void emulated_unpin (DhCudaCard *card, gpointer memory);
/* All of it lies in one live allocation, where a load of 16 bytes may stand. */
void emulated_check_memory (DhCudaCard *card, gconstpointer memory, gsize bytes);
/* A kernel of this card runs: it is asked by emulated_find_memory(). */
void emulated_set_running (DhCudaCard *card);
/* Where a map comes down to. */
void emulated_check_down (DhCudaCard *card, gconstpointer to, gsize bytes);

/* emulated-lanes.c */
gboolean emulated_queue (DhCudaCard *card, DhCudaLane lane, const EmulatedCall *call, GError **error);
gboolean emulated_copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction,
                        DhCudaLane lane, GError **error);
gboolean emulated_launch (DhCudaCard *card, const DhCudaKernel *kernel, GError **error);
/* Runs lanes in any order until so much of each is done. */
void emulated_run_until (DhCudaCard *card, const guint wanted[DH_CUDA_N_LANES]);
gboolean emulated_wait (DhCudaCard *card, GError **error);
gboolean emulated_follow (DhCudaCard *card, DhCudaLane lane, DhCudaLane other, GError **error);
gboolean emulated_mark (DhCudaCard *card, guint number, DhCudaLane lane, GError **error);
gboolean emulated_wait_mark (DhCudaCard *card, guint number, GError **error);
double emulated_elapsed (DhCudaCard *card, guint from, guint to);
gboolean emulated_hold (DhCudaCard *card, double seconds, GError **error);
void emulated_watch (DhCudaCard *card, gboolean on);

/* emulated-known.c */
char *emulated_recall (DhCudaCard *card, const char *key);
void emulated_remember (DhCudaCard *card, const char *key, const char *what);
void emulated_put_aside (DhCudaCard *card, const char *key, const char *why);
char *emulated_why_aside (DhCudaCard *card, const char *key);
char *emulated_all_aside (DhCudaCard *card);
gboolean emulated_has_learned (DhCudaCard *card);

/* emulated-recording.c */
void emulated_note_start (DhCudaCard *card, const EmulatedCall *call);
gboolean emulated_record (DhCudaCard *card, const EmulatedCall *call, GError **error);
gboolean emulated_record_begin (DhCudaCard *card, GError **error);
void emulated_recording_free (DhCudaCard *card, DhCudaRecording *recording);
DhCudaRecording *emulated_record_end (DhCudaCard *card, GError **error);
gboolean emulated_replay (DhCudaCard *card, DhCudaRecording *recording, GError **error);

/* emulated-engine.c */
DhCudaConvolution *emulated_conv_new (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                                      gsize most, GError **error);
gboolean emulated_conv_run (DhCudaCard *card, DhCudaConvolution *conv, const DhCudaConvMemory *memory, GError **error);
gsize emulated_conv_workspace (DhCudaConvolution *conv);
const char *emulated_conv_name (DhCudaConvolution *conv);
char *emulated_conv_choice (DhCudaConvolution *conv);
void emulated_conv_free (DhCudaConvolution *conv);
/* What it reads and writes, and a workspace that it leaves full of rubbish. */
void emulated_check_convolution (DhCudaCard *card, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
                                 gboolean with_workspace);
