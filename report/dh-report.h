#pragma once
#include <gio/gio.h>
#include "dh-database.h"
#include "dh-records.h"

G_BEGIN_DECLS

/* A run with its provenance, its numbers under every protocol and its images, or two runs compared, as a file. */
typedef enum
{
  DH_REPORT_CSV,   /* one row an image */
  DH_REPORT_JSON,  /* everything, in full precision; undefined = null */
  DH_REPORT_HTML,  /* self-contained: tables, curves, pictures of the worst images */
  DH_REPORT_MD,    /* the tables */
  DH_REPORT_LATEX, /* a booktabs table of the protocols */
  DH_REPORT_PDF,   /* the tables and curves on A4 */
  DH_N_REPORT_FORMATS,
} DhReportFormat;

const char *dh_report_format_name (DhReportFormat format);
gboolean dh_report_format_from_name (const char *name, DhReportFormat *format);

/* Writes the report whole or not at all. `other` 0: one run alone; CSV of two runs has both columns side by side.
 * Pictures and maps that are gone are left out of the HTML, with a word. On the database's thread. Errors:
 * DH_ERROR_NOT_FOUND (no such run), DH_ERROR_IO. */
gboolean dh_report_write (DhDatabase *database, gint64 run, gint64 other, DhReportFormat format, const char *path,
                          GCancellable *cancellable, GError **error);

G_END_DECLS
