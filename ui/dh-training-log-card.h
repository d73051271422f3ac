#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What a training writes, line by line: it follows the end while the end is seen, and is filtered by words. */
#define DH_TYPE_TRAINING_LOG_CARD (dh_training_log_card_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingLogCard, dh_training_log_card, DH, TRAINING_LOG_CARD, GtkWidget)

GtkWidget *dh_training_log_card_new (void);
void dh_training_log_card_set_job (DhTrainingLogCard *card, DhTrainingJob *job); /* NULL: none */
void dh_training_log_card_focus_filter (DhTrainingLogCard *card);

G_END_DECLS
