#include "fake-runtime-private.h"

#include <math.h>
#include <stdlib.h>

/* Events, and what lies between two of them. */

enum
{
  LATE = 20, /* milliseconds */
};

/* What an event knows of what ran before it was recorded (fake-cudnn.c). */
typedef struct
{
  double milliseconds;
  int runs;
} Moment;

static double held; /* milliseconds that the next timing has the card held */

void
fake_hold (double milliseconds)
{
  held = milliseconds;
}

cudaError_t
cudaEventCreate (cudaEvent_t *event)
{
  fake_not_recorded ("cudaEventCreate");
  return fake_make_bytes ("cudaEventCreate", event, sizeof (Moment));
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned int flags)
{
  fake_not_recorded ("cudaEventCreateWithFlags");
  return fake_make_bytes ("cudaEventCreateWithFlags", event, sizeof (Moment));
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  return fake_destroy ("cudaEventDestroy", event);
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  fake_use ("cudaEventRecord", event);
  fake_use ("cudaEventRecord", stream);
  const char *milliseconds = getenv ("DH_FAKE_MILLISECONDS"), *runs = getenv ("DH_FAKE_RUNS");
  *(Moment *)(void *)event = (Moment){ milliseconds ? atof (milliseconds) : 0, runs ? atoi (runs) : 0 };
  return fake_answer ("cudaEventRecord");
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  fake_not_recorded ("cudaEventSynchronize");
  fake_use ("cudaEventSynchronize", event);
  return fake_answer ("cudaEventSynchronize");
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t from, cudaEvent_t to)
{
  fake_use ("cudaEventElapsedTime", from);
  fake_use ("cudaEventElapsedTime", to);
  const Moment *before = (const Moment *)(const void *)from, *after = (const Moment *)(const void *)to;
  const char *pace = getenv ("DH_FAKE_PACE"), *tick = getenv ("DH_FAKE_TICK");
  const char *marks = getenv ("DH_FAKE_MARKS"), *late = getenv ("DH_FAKE_LATE");
  static int timings;
  const int runs = after->runs - before->runs;
  double taken = runs ? after->milliseconds - before->milliseconds : 1;
  /* Nothing takes less than the processor needs to start it, but where it waits on a card that is held. */
  if (pace && taken < runs * atof (pace) - held)
    taken = runs * atof (pace) - held;
  timings = late ? timings + 1 : 0;
  taken += (marks ? atof (marks) : 0) + (late && timings == atoi (late) ? LATE : 0);
  if (tick)
    taken = rint (taken / atof (tick)) * atof (tick);
  *milliseconds = (float)taken;
  held = 0;
  return fake_answer ("cudaEventElapsedTime");
}
