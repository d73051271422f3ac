#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A libcudnn.so.9 as the real one behaves where a part of it is missing: it ends the process. It computes nothing.
 *
 * DH_FAKE_CUDNN: its version, 91900; DH_FAKE_CUDNN_CUDA: the CUDA version that it was made with, 13000; DH_FAKE_CREATE:
 * the status of cudnnCreate, 0. */

static int
number (const char *name, int otherwise)
{
  const char *text = getenv (name);
  return text ? atoi (text) : otherwise;
}

/* The part beside this library, or loaded already, which every call goes to. */
static void
need_graph (void)
{
  Dl_info info;
  char path[4096];
  if (!dladdr ((void *)need_graph, &info))
    abort ();
  snprintf (path, sizeof path, "%s", info.dli_fname);
  char *const slash = strrchr (path, '/');
  if (!slash)
    abort ();
  strcpy (slash, "/libcudnn_graph.so.9");
  if (dlopen (path, RTLD_NOW) || dlopen ("libcudnn_graph.so.9", RTLD_NOW | RTLD_NOLOAD))
    return;
  fprintf (stderr, "Invalid handle. Cannot load symbol cudnnGetVersion\n");
  abort ();
}

size_t
cudnnGetVersion (void)
{
  need_graph ();
  return (size_t)number ("DH_FAKE_CUDNN", 91900);
}

size_t
cudnnGetCudartVersion (void)
{
  need_graph ();
  return (size_t)number ("DH_FAKE_CUDNN_CUDA", 13000);
}

int
cudnnCreate (void **handle)
{
  *handle = handle;
  return number ("DH_FAKE_CREATE", 0);
}

void
cudnnGetLastErrorString (char *text, size_t size)
{
  snprintf (text, size, "the fake refuses");
}

#define ANSWERS(name)                                                                                                  \
  int name (void);                                                                                                     \
  int name (void) { return 1; }
int
cudnnDestroy (void *handle)
{
  return 0;
}
int
cudnnSetStream (void *handle, void *stream)
{
  return 0;
}
ANSWERS (cudnnBackendCreateDescriptor)
ANSWERS (cudnnBackendDestroyDescriptor)
ANSWERS (cudnnBackendFinalize)
ANSWERS (cudnnBackendSetAttribute)
ANSWERS (cudnnBackendGetAttribute)
ANSWERS (cudnnBackendExecute)
