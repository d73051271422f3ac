#pragma once
#include <gio/gio.h>
#include "dh-map.h"

G_BEGIN_DECLS

/* What a network gives of a few pictures, short enough to be kept: by it a later run knows whether weights, classes,
 * normalisation, device, precision and program still give the same. */

enum
{
  DH_ANSWERS_MOST = 16,    /* pictures */
  DH_ANSWER_ROWS = 4,      /* of the grid of means */
  DH_ANSWER_COLUMNS = 8,   /* of it */
  DH_ANSWER_CELLS = 32,    /* together */
  DH_ANSWER_QUANTILES = 7, /* 1, 5, 25, 50, 75, 95, 99 % */
  DH_ANSWER_CLASSES = 256, /* ids of a segmentation */
};
extern const double dh_answer_quantiles[DH_ANSWER_QUANTILES];

/* Of the finite values of one score map; NAN where there are none. */
typedef struct
{
  gboolean there; /* the network gives this map */
  double min, max, mean;
  double quantiles[DH_ANSWER_QUANTILES]; /* of at most 131072 pixels, evenly spaced */
  double cells[DH_ANSWER_CELLS]; /* means, row by row; cell (r, c) holds rows r·H/4 … and columns c·W/8 … */
  guint64 non_finite;
} DhAnswerMap;

typedef struct
{
  char *name;   /* for people */
  gint scene;   /* its number among the generated ones; -1: the user's */
  char *pixels; /* dh_answers_hash_pixels() */
  guint width, height;
  guint64 classes[DH_ANSWER_CLASSES]; /* pixels of each class of the segmentation */
  DhAnswerMap maps[DH_N_MAPS];        /* the score maps; not segmentation and logits */
} DhAnswer;

typedef struct
{
  char *program;       /* its version */
  char *network;       /* "ldn121" */
  guint classes;       /* K */
  char *normalisation; /* in words */
  char *weights;       /* SHA-256 */
  char *device;        /* "cpu" */
  char *precision;     /* "f32"; "int8-0123456789ab" */
  GPtrArray *answers;  /* DhAnswer, 1 to DH_ANSWERS_MOST */
} DhAnswers;

DhAnswers *dh_answers_new (void);
void dh_answers_free (DhAnswers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhAnswers, dh_answers_free)
DhAnswer *dh_answer_new (void);
void dh_answer_free (DhAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhAnswer, dh_answer_free)

/* Whether a map is one of the score maps, which answers hold. */
gboolean dh_answers_has_map (DhMap map);

/* Reads width·height values. */
void dh_answer_map_read (DhAnswerMap *answer, const float *values, guint width, guint height);

/* JSON, whole or not at all; undefined numbers are null. Errors as dh_file_write(). */
gboolean dh_answers_save (const DhAnswers *answers, const char *path, GError **error);
/* A file may come from anyone: DH_ERROR_INVALID with what is wrong where it is no such file, has numbers that cannot
 * be, or holds too much; DH_ERROR_UNSUPPORTED of a newer version of the program. Others as dh_file_read(). */
DhAnswers *dh_answers_load (const char *path, GError **error);
/* From memory, such as the demo's; `name` is for messages. */
DhAnswers *dh_answers_load_bytes (GBytes *bytes, const char *name, GError **error);

/* Where the answers of such weights to the generated pictures are kept: densehybrid/answers in the user's data folder,
 * a file for each network and SHA-256. Free with g_free. */
char *dh_answers_dup_kept_path (const char *network, const char *weights);
/* The same for answers that are there: those to the user's own pictures have a file for each choice of them. */
char *dh_answers_dup_own_path (const DhAnswers *answers);
/* The answer to a picture, whatever its place; borrowed; NULL where there is none. */
const DhAnswer *dh_answers_find (const DhAnswers *answers, const char *pixels);
/* Whether all are to generated pictures. */
gboolean dh_answers_is_of_scenes (const DhAnswers *answers);
/* Where the author of weights puts them: FILE.answers.json. NULL where there is no such file. Free with g_free. */
char *dh_answers_find_beside (const char *weights_path);

G_END_DECLS
