#pragma once
#include "dh-answers.h"
#include "dh-predictor.h"

G_BEGIN_DECLS

/* Pictures to ask a network about. On one thread. */
typedef struct _DhQuestions DhQuestions;

/* The generated ones: DH_QUESTIONS_SCENES street scenes of a fixed seed, the same bytes on every machine. */
#define DH_QUESTIONS_SCENES 4
DhQuestions *dh_questions_new_scenes (void);
/* Files, at most DH_ANSWERS_MOST of them, read when they are asked about. */
DhQuestions *dh_questions_new_files (const char *const *paths);
/* Pictures that somebody else reads, as dh-calibrate.h has them; `name` gives what they are called (borrowed until the
 * next call). Both must outlive this. */
DhQuestions *dh_questions_new_pictures (guint n, DhImage *(*load) (guint index, gpointer data, GError **error),
                                        const char *(*name) (guint index, gpointer data), gpointer data);
void dh_questions_free (DhQuestions *questions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhQuestions, dh_questions_free)
guint dh_questions_count (const DhQuestions *questions);

/* By what a picture is known: SHA-256 of "WIDTHxHEIGHT\n" and its RGB bytes. Free with g_free. */
char *dh_answers_hash_pixels (const DhImage *image);
/* Runs the network over all pictures. int8 without a calibration is calibrated on them, and is without
 * one again afterwards. `seen` (may be NULL) gets each prediction. Errors as dh_predictor_run(), of reading, and
 * G_IO_ERROR_CANCELLED. */
typedef void (*DhAskSeen) (guint index, const DhPrediction *prediction, gpointer data);
DhAnswers *dh_ask (DhPredictor *predictor, DhQuestions *questions, DhAskSeen seen, gpointer data,
                   GCancellable *cancellable, const DhProgress *progress, GError **error);

G_END_DECLS
