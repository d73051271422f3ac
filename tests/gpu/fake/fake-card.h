#pragma once
#include "dh-cuda-driver.h"

/* The first of the invented cards, where nothing is to go wrong. */
static inline DhCudaCard *
open_card (void)
{
  g_autoptr (GError) error = NULL;
  DhCudaCard *card = dh_cuda_driver.open (0, &error);
  g_assert_no_error (error);
  return card;
}
