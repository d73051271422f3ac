#pragma once
#include "dh-open-sweep.h"

enum
{
  DH_OPEN_SWEEP_PAGE = 256, /* bins of one */
  DH_OPEN_SWEEP_PAGES = 4693,
};

/* Of each class the right pixels and the wrong ones, and of all the wrong ones those of anomalies. */
#define DH_OPEN_SWEEP_ROWS(sweep) (2 * (sweep)->classes + 1)

struct _DhOpenSweep
{
  guint classes;
  guint64 pixels, ignored, non_finite;
  guint64 *closed;                      /* (K + 1)×(K + 1), row = label, column = prediction */
  guint64 **pages[DH_OPEN_SWEEP_PAGES]; /* rows of DH_OPEN_SWEEP_PAGE counters; NULL where all are 0, pages and rows */
  gsize n_pages, n_counters;            /* held */
  GArray *index;                        /* what makes a threshold's counts cheap; NULL after a change */
};

/* The counters of a row of a page, made where there are none; NULL where memory is short. */
guint64 *dh_open_sweep_get_row (DhOpenSweep *sweep, guint page, guint row);
