#include "dh-cudnn-private.h"
#include <string.h>
#include "dh-error.h"

/* Plans: written down, read again, run; and cards' descriptions. */

/* An attribute that is a text; NULL where it cannot be read. */
static char *
read_text (const DhCudnn *cudnn, Descriptor descriptor, cudnnBackendAttributeName_t name)
{
  gint64 size = 0;
  if (cudnn->get_attribute (descriptor, name, CUDNN_TYPE_CHAR, 0, &size, NULL) != CUDNN_STATUS_SUCCESS || size <= 0
      || size > 1 << 20)
    return NULL;
  g_autofree char *text = g_malloc0 ((gsize)size + 1);
  if (cudnn->get_attribute (descriptor, name, CUDNN_TYPE_CHAR, size, &size, text) != CUDNN_STATUS_SUCCESS)
    return NULL;
  return g_steal_pointer (&text);
}

char *
dh_cudnn_plan_to_json (const DhCudnnPlan *plan)
{
  const char *why_not;
  return read_text (dh_cudnn_get (&why_not), plan->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
}

DhCudnnPlan *
dh_cudnn_plan_from_json (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                         gsize max_workspace, const char *json)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  gint64 workspace = 0, count = 0;
  Descriptor plan = dh_cudnn_make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (handle)
    dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  else
    dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
  dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json), json);
  if (dh_cudnn_finish (&b, plan, "the plan"))
    dh_cudnn_check (&b,
                    b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count,
                                            &workspace),
                    "to name its workspace");
  Descriptor config = dh_cudnn_make (&b, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  if (config)
    dh_cudnn_check (&b,
                    b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &config),
                    "to name its engine");
  DhCudnnPlan *result = g_new0 (DhCudnnPlan, 1);
  *result = (DhCudnnPlan){ .refs = 1, .plan = plan, .workspace = (gsize)workspace };
  if (b.reason || workspace < 0 || (guint64)workspace > max_workspace
      || !dh_cudnn_read_plan (b.cudnn, spec, config, result))
    {
      dh_cudnn_clear (&b);
      g_free (result->name);
      g_free (result);
      return NULL;
    }
  b.cudnn->destroy_descriptor (config);
  return result;
}

void
dh_cudnn_plan_unref (DhCudnnPlan *plan)
{
  const char *why_not;
  if (!plan || --plan->refs)
    return;
  if (plan->plan)
    dh_cudnn_get (&why_not)->destroy_descriptor (plan->plan);
  g_free (plan->name);
  g_free (plan);
}

void
dh_cudnn_plan_forget (DhCudnnPlan *plan)
{
  plan->plan = NULL;
}

gboolean
dh_cudnn_run (cudnnHandle_t handle, const DhCudnnPlan *plan, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
              GError **error)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  gint64 uids[5] = { UID_X, UID_W, UID_Y };
  const void *pointers[5] = { memory->x, memory->w, memory->y };
  guint n = 3;
  if (spec->z)
    {
      uids[n] = UID_Z;
      pointers[n++] = memory->z;
    }
  if (spec->bias)
    {
      uids[n] = UID_BIAS;
      pointers[n++] = memory->bias;
    }
  Descriptor pack = dh_cudnn_make (&b, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n, uids);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, pointers);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &memory->workspace);
  if (dh_cudnn_finish (&b, pack, "the tensors"))
    dh_cudnn_check (&b, b.cudnn->execute (handle, plan->plan, pack), "to run");
  const gboolean fine = b.reason == NULL;
  if (!fine)
    g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s", b.reason);
  dh_cudnn_clear (&b);
  return fine;
}

cudnnBackendDescriptor_t
dh_cudnn_describe_device (const char *json, char **reason)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return NULL;
    }
  Descriptor device = dh_cudnn_make (&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  dh_cudnn_set (&b, device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json) + 1,
                json);
  if (dh_cudnn_finish (&b, device, "the device's description"))
    return device;
  *reason = g_steal_pointer (&b.reason);
  dh_cudnn_clear (&b);
  return NULL;
}

char *
dh_cudnn_card_to_json (gint32 card, char **reason)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return NULL;
    }
  Descriptor device = dh_cudnn_make (&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  dh_cudnn_set (&b, device, CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, 1, &card);
  char *json = dh_cudnn_finish (&b, device, "the card")
                   ? read_text (b.cudnn, device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION)
                   : NULL;
  if (!json)
    *reason = b.reason ? g_steal_pointer (&b.reason) : g_strdup ("cuDNN does not describe the card");
  dh_cudnn_clear (&b);
  return json;
}
