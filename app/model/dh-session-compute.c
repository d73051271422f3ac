/* On what networks compute, and in what precision. */
#include <glib/gi18n.h>
#include <string.h>
#include "dh-device.h"
#include "dh-session-private.h"
#include "dh-training-form.h"

#define GROUP "compute"
G_STATIC_ASSERT (DH_N_PRECISIONS <= DH_MOST_PRECISIONS);

static void
choice_free (gpointer data)
{
  DhDeviceChoice *choice = data;
  g_free (choice->name);
  g_free (choice->title);
  g_free (choice);
}

/* The devices, and a sentence on the one that is not there. */
typedef struct
{
  GPtrArray *choices;
  char *cuda;
} Found;

static void
found_free (gpointer data)
{
  Found *found = data;
  g_clear_pointer (&found->choices, g_ptr_array_unref);
  g_free (found->cuda);
  g_free (found);
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  const DhDeviceInfo *first = NULL, *absent = NULL;
  Found *found = g_new0 (Found, 1);
  found->choices = g_ptr_array_new_with_free_func (choice_free);
  static const char *const order[] = { "cuda", "cpu", "ref" };
  for (guint kind = 0; kind < G_N_ELEMENTS (order); kind++)
    for (guint i = 0; i < devices->len; i++)
      {
        const DhDeviceInfo *info = devices->pdata[i];
        if (!g_str_equal (info->kind, order[kind]))
          continue;
        if (info->available)
          {
            DhDeviceChoice *choice = g_new0 (DhDeviceChoice, 1);
            choice->name = g_strdup (info->name);
            choice->title = g_strdup (info->title);
            choice->precisions = info->precisions;
            choice->training = info->training;
            memcpy (choice->faster, info->faster, sizeof info->faster);
            memcpy (choice->trains_faster, info->trains_faster, sizeof info->trains_faster);
            choice->checks = g_str_equal (info->kind, "ref");
            g_ptr_array_add (found->choices, choice);
            first = first != NULL ? first : info;
          }
        else if (kind == 0 && first == NULL)
          absent = info;
      }
  const gboolean excused =
      absent != NULL && absent->why_not != NULL && (first == NULL || !g_str_equal (first->kind, "cuda"));
  found->cuda = excused ? g_strdup_printf (_ ("CUDA cannot be used: %s."), absent->why_not) : NULL;
  g_task_return_pointer (task, found, found_free);
}

const DhDeviceChoice *
dh_session_get_device_choice (DhSession *self, guint position)
{
  return self->devices != NULL && position < self->devices->len ? self->devices->pdata[position] : NULL;
}

const DhDeviceChoice *
dh_session_find_device_choice (DhSession *self, const char *name)
{
  const DhDeviceChoice *choice;
  const char *wanted = g_str_equal (name, "cuda") ? "cuda:0" : name;
  for (guint i = 0; (choice = dh_session_get_device_choice (self, i)) != NULL; i++)
    if (g_str_equal (wanted, "auto") || g_str_equal (choice->name, wanted))
      return choice;
  return NULL;
}

/* The one that is wanted, else the first there is. */
static const DhDeviceChoice *
find_used (DhSession *self)
{
  const DhDeviceChoice *wanted = dh_session_find_device_choice (self, self->device);
  return wanted != NULL ? wanted : dh_session_get_device_choice (self, 0);
}

static void
say_device (DhSession *self)
{
  const DhDeviceChoice *used = find_used (self);
  g_free (self->device_sentence);
  self->device_sentence =
      used != NULL ? g_strdup_printf (_ ("Computing on %s, %s."), used->name, used->title) : g_strdup ("");
}

static void
listed (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Found *found = g_task_propagate_pointer (G_TASK (result), NULL);
  if (found == NULL)
    return;
  if (self->worker != NULL)
    {
      g_free (self->cuda_sentence);
      g_clear_pointer (&self->devices, g_ptr_array_unref);
      self->cuda_sentence = g_steal_pointer (&found->cuda);
      self->devices = g_steal_pointer (&found->choices);
      say_device (self);
      dh_session_notify (self, DH_SESSION_PROP_MODEL_INFO);
    }
  found_free (found);
}

void
dh_session_look_for_devices (DhSession *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, listed, NULL);
  g_task_run_in_thread (task, list_in_thread);
}

void
dh_session_restore_compute (DhSession *self)
{
  g_autofree char *precision = dh_settings_dup_string (self->settings, GROUP, "precision");
  if (precision == NULL || !dh_precision_from_name (precision, &self->precision))
    self->precision = DH_PRECISION_F32;
  self->device = dh_settings_dup_string (self->settings, GROUP, "device");
  if (self->device == NULL)
    self->device = g_strdup ("auto");
  dh_worker_set_device (self->worker, self->device, self->precision);
}

/* Of the weights loaded next, and those that are, or will be at once. */
static void
compute_so (DhSession *self)
{
  dh_worker_set_device (self->worker, self->device, self->precision);
  if (self->model == NULL && self->loading == 0)
    return;
  if (dh_session_is_evaluating (self))
    dh_session_say (self, _ ("The evaluation was stopped; with device and precision as before it goes on from here"));
  g_autofree char *path = g_strdup (self->loading > 0 ? self->asked_weights : self->model->path);
  if (path != NULL)
    dh_session_open_weights (self, path);
  else
    dh_session_open_demo_weights (self);
}

const char *
dh_session_get_device (DhSession *self)
{
  return self->device;
}

void
dh_session_set_device (DhSession *self, const char *name)
{
  if (g_str_equal (name, self->device))
    return;
  g_free (self->device);
  self->device = g_strdup (name);
  dh_settings_set_string (self->settings, GROUP, "device", name);
  /* By its name the one that computes already changes nothing. */
  if (self->loading == 0 && self->compute != NULL && g_str_equal (name, self->compute->name))
    dh_worker_set_device (self->worker, self->device, self->precision);
  else
    compute_so (self);
  /* What is said of it, once the menu that it was chosen in is done. */
  dh_session_look_for_devices (self);
}

const char *
dh_session_get_precision (DhSession *self)
{
  return dh_precision_name (self->precision);
}

/* That computes, or will. */
static const DhDeviceChoice *
find_computing (DhSession *self)
{
  return self->compute != NULL ? dh_session_find_device_choice (self, self->compute->name) : find_used (self);
}

const char **
dh_session_list_precisions (DhSession *self)
{
  const DhDeviceChoice *choice = find_computing (self);
  const guint has = self->compute != NULL ? self->compute->precisions
                    : choice != NULL      ? choice->precisions
                                          : 1u << DH_PRECISION_F32;
  const char **names = g_new0 (const char *, DH_N_PRECISIONS + 1);
  guint n = 0;
  for (DhPrecision p = 0; p < DH_N_PRECISIONS; p++)
    if (has & 1u << p)
      names[n++] = dh_precision_name (p);
  return names;
}

char *
dh_session_dup_precision_title (DhSession *self, const char *name)
{
  static const char *const losses[DH_N_PRECISIONS] = {
    [DH_PRECISION_F32] = N_ ("the most exact"),       [DH_PRECISION_TF32] = N_ ("hardly less exact"),
    [DH_PRECISION_F16] = N_ ("hardly less exact"),    [DH_PRECISION_BF16] = N_ ("hardly less exact"),
    [DH_PRECISION_INT8] = N_ ("a little less exact"),
  };
  const DhDeviceChoice *choice = find_computing (self);
  const char *title = dh_training_precision_title (name);
  DhPrecision precision;
  if (!dh_precision_from_name (name, &precision))
    return g_strdup (name);
  const double faster = choice != NULL ? (double)choice->faster[precision] : 0;
  if (precision == DH_PRECISION_F32)
    return g_strdup_printf (_ ("%s: %s"), title, _ (losses[precision]));
  if (faster > 1)
    return g_strdup_printf (_ ("%s: up to %.1f times as fast, %s"), title, faster, _ (losses[precision]));
  return g_strdup_printf (_ ("%s: faster, %s"), title, _ (losses[precision]));
}

char *
dh_session_dup_training_gain (DhSession *self, const char *device, const char *precision)
{
  const DhDeviceChoice *choice = dh_session_find_device_choice (self, device);
  const DhPrecision half = DH_PRECISION_BF16;
  if (choice == NULL || (choice->training & 1u << half) == 0 || choice->trains_faster[half] <= 1)
    return NULL;
  const double faster = (double)choice->trains_faster[half];
  return g_str_equal (precision, dh_precision_name (half))
             ? g_strdup_printf (_ ("up to %.1f times as fast"), faster)
             : g_strdup_printf (_ ("bfloat16: up to %.1f times as fast"), faster);
}

void
dh_session_set_precision (DhSession *self, const char *name)
{
  DhPrecision precision;
  if (!dh_precision_from_name (name, &precision) || precision == self->precision)
    return;
  self->precision = precision;
  dh_settings_set_string (self->settings, GROUP, "precision", name);
  compute_so (self);
}
