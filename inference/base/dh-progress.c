#include "dh-progress.h"

void
dh_progress_report (const DhProgress *progress, guint64 done, guint64 total, const char *what)
{
  if (progress && progress->func)
    progress->func (done, total, what, progress->data);
}
