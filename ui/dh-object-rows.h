#pragma once
#include "dh-counts-table.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* The rows of the counts' table that tell of objects, of the picture and of the set. They come later than the pixels':
 * what is of an earlier threshold is dim. The session must live as long as the table. */
void dh_object_rows_add (DhCountsTable *table, DhSession *session);

G_END_DECLS
