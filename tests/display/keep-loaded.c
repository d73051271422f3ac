/* In builds with AddressSanitizer: libraries that are closed stay loaded, so that what an OpenGL driver leaks has a
 * name that tests/data/lsan.supp knows. */
int dlclose (void *handle);

__attribute__ ((visibility ("default"))) int
dlclose (void *handle)
{
  return 0;
}
