#pragma once
#include "dh-report-private.h"
#include "dh-robustness.h"

G_BEGIN_DECLS

/* Whether there is a run of the degradation. */
gboolean dh_robustness_has (const DhRobustness *robustness, guint kind);

/* A number of all that was measured: a row a degradation, a column a severity. */
DhReportTable *dh_robustness_table (const DhRobustness *robustness, guint number);
/* Whose numbers they are, (name, value) after another; NULL-terminated, free with g_strfreev. */
char **dh_robustness_facts (const DhRobustness *robustness);
/* dh-robustness-text.c and -html.c; free with g_free. */
char *dh_robustness_to_csv (const DhRobustness *robustness);
char *dh_robustness_to_json (const DhRobustness *robustness);
char *dh_robustness_to_html (const DhRobustness *robustness);
char *dh_robustness_to_markdown (const DhRobustness *robustness);
char *dh_robustness_to_latex (const DhRobustness *robustness);

G_END_DECLS
