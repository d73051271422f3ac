#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A libcuda.so.1 that answers what it is told, as far as the module asks before it opens a card; it computes nothing.
 *
 * DH_FAKE_DRIVER: the CUDA version that it is for, 13000. DH_FAKE_INIT: the CUresult of cuInit, 0. DH_FAKE_CARDS: the
 * cards, "NAME/CAPABILITY/MIB" separated by commas; "prohibited" as the name sets that compute mode. */

enum
{
  MAX_CARDS = 8,
};

static struct
{
  char name[64];
  int capability;
  unsigned mib;
} cards[MAX_CARDS];

static int
read_cards (void)
{
  const char *text = getenv ("DH_FAKE_CARDS");
  int n = 0;
  for (;
       text && n < MAX_CARDS && sscanf (text, "%63[^/]/%d/%u", cards[n].name, &cards[n].capability, &cards[n].mib) == 3;
       text = text ? text + 1 : NULL)
    {
      n++;
      text = strchr (text, ',');
      if (!text)
        break;
    }
  return n;
}

static int
number (const char *name, int otherwise)
{
  const char *text = getenv (name);
  return text ? atoi (text) : otherwise;
}

CUresult
cuInit (unsigned int flags)
{
  return number ("DH_FAKE_INIT", read_cards () ? 0 : CUDA_ERROR_NO_DEVICE);
}

CUresult
cuDriverGetVersion (int *version)
{
  *version = number ("DH_FAKE_DRIVER", 13000);
  return number ("DH_FAKE_INIT", 0) == CUDA_ERROR_STUB_LIBRARY ? CUDA_ERROR_STUB_LIBRARY : 0;
}

CUresult
cuDeviceGetCount (int *count)
{
  *count = read_cards ();
  return 0;
}

CUresult
cuDeviceGet (CUdevice *device, int index)
{
  *device = 100 + index;
  return index >= 0 && index < read_cards () ? 0 : CUDA_ERROR_INVALID_DEVICE;
}

CUresult
cuDeviceGetName (char *name, int size, CUdevice device)
{
  snprintf (name, (size_t)size, "%s", cards[device - 100].name);
  return 0;
}

CUresult
cuDeviceTotalMem_v2 (size_t *bytes, CUdevice device)
{
  *bytes = (size_t)cards[device - 100].mib << 20;
  return 0;
}

CUresult
cuDeviceGetAttribute (int *value, CUdevice_attribute attribute, CUdevice device)
{
  const int capability = cards[device - 100].capability;
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR   ? capability / 10
           : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR ? capability % 10
           : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_MODE && strcmp (cards[device - 100].name, "prohibited") == 0
               ? CU_COMPUTEMODE_PROHIBITED
               : 1;
  if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_MODE && *value == 1)
    *value = CU_COMPUTEMODE_DEFAULT;
  return 0;
}

CUresult
cuGetErrorString (CUresult code, const char **text)
{
  *text = code == CUDA_ERROR_UNKNOWN ? "unknown error" : "another error";
  return 0;
}
