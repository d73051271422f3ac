#include <math.h>
#include "dh-training-queue.h"

/* The first shapes of what is filled in next. */

DhTrainingCheck *
dh_training_check_ref (DhTrainingCheck *check)
{
  g_atomic_ref_count_inc (&check->refs);
  return check;
}
void
dh_training_check_unref (DhTrainingCheck *check)
{
}
void
dh_training_check_async (DhTrainingForm *form, GCancellable *cancellable, GAsyncReadyCallback ready, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (form, cancellable, ready, data);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not yet");
}
DhTrainingCheck *
dh_training_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
