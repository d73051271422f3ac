#pragma once
#include "dh-set-reading.h"

G_BEGIN_DECLS

/* A DhReadChoice behind the others; `title` is taken. */
void dh_read_choices_add (GPtrArray *choices, const char *id, char *title, gboolean chosen);
/* The splits of the open set and their groups, as choices (dh-set-parts.c). */
void dh_set_parts_list (DhSession *session, GPtrArray *choices);

G_END_DECLS
