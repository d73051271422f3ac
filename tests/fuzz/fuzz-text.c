/* The small texts that are kept and found again: how a set is read, a run's summary, a threshold, a view. */
#include <stdlib.h>
#include <string.h>

#include "dh-run-reading.h"
#include "dh-run-summary-private.h"
#include "dh-threshold.h"
#include "dh-view.h"
#include "fuzz.h"

/* What is written of what was read is read as the same. */
static void
read_reading (const char *text)
{
  g_autoptr (DhReading) reading = dh_reading_from_text (text);
  g_autofree char *again = dh_reading_to_text (reading);
  g_autoptr (DhReading) same = dh_reading_from_text (again);
  if (!dh_reading_equal (reading, same))
    abort ();
  g_autofree char *flags = dh_reading_dup_flags (reading, "/data");
}

static void
read_summary (const char *text)
{
  DhRunRow row = { .dataset_kind = (char *)"street-hazards-test", .split = (char *)"test", .summary = (char *)text };
  g_autoptr (DhReading) reading = dh_run_reading_get (&row);
  dh_run_summary_number (text, NULL, "open_miou");
  dh_run_summary_number (text, "classes", "miou");
}

static void
read_threshold (const char *text)
{
  DhThreshold threshold = { 0 }, same = { 0 };
  if (dh_threshold_from_string (text, &threshold))
    {
      g_autofree char *again = dh_threshold_to_string (&threshold);
      if (!dh_threshold_from_string (again, &same) || !dh_threshold_equal (&threshold, &same))
        abort ();
    }
  dh_threshold_clear (&threshold);
  dh_threshold_clear (&same);
}

/* Whatever a file says, what the view then stores is taken as it is. */
static void
read_view (const char *text)
{
  static DhView *view = NULL;
  if (!view)
    view = dh_view_new (dh_settings_open ("/nowhere/studio.ini"));
  g_autoptr (GKeyFile) file = g_key_file_new (), first = g_key_file_new (), second = g_key_file_new ();
  if (!g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, NULL))
    return;
  dh_view_take (view, file);
  dh_view_store (view, first);
  dh_view_take (view, first);
  dh_view_store (view, second);
  g_autofree char *once = g_key_file_to_data (first, NULL, NULL), *twice = g_key_file_to_data (second, NULL, NULL);
  if (strcmp (once, twice) != 0)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  read_reading (text);
  read_threshold (text);
  read_view (text);
  /* Databases give texts as they are; what is no UTF-8 is not taken for JSON. */
  read_summary (text);
  return 0;
}
