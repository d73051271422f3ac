#pragma once
#ifdef __cplusplus
extern "C"
{
#endif

  enum
  {
    BAD_BLOCKS = 2,
    BAD_FLOATS = 128, /* of the card's memory, either way */
  };

  typedef struct
  {
    const float *from, *host;
    float *to;
  } BadArguments;

  /* The kernel of that name; as cudaGetLastError(). */
  int bad_launch (const char *name, const BadArguments *bad);

#ifdef __cplusplus
}
#endif
