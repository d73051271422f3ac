#include "dh-database-private.h"

/* A step is never changed once it is released; a new one is added at the end. Times are UTC, ISO 8601. Undefined
 * numbers are NULL. */
const char *const dh_database_migrations[] = {
  "CREATE TABLE datasets ("
  "  id INTEGER PRIMARY KEY,"
  "  root TEXT NOT NULL,"
  "  kind TEXT NOT NULL,"
  "  title TEXT NOT NULL,"
  "  fingerprint TEXT NOT NULL," /* SHA-256 over stems, sizes and times of the files */
  "  images INTEGER NOT NULL,"
  "  opened TEXT NOT NULL,"
  "  UNIQUE (root, kind, fingerprint));"

  "CREATE TABLE images ("
  "  id INTEGER PRIMARY KEY,"
  "  dataset INTEGER NOT NULL REFERENCES datasets ON DELETE CASCADE,"
  "  stem TEXT NOT NULL," /* relative to the root, unique in it */
  "  path TEXT NOT NULL,"
  "  split TEXT NOT NULL,"
  "  scene TEXT NOT NULL,"
  "  note TEXT NOT NULL DEFAULT '',"
  "  UNIQUE (dataset, stem));"

  "CREATE TABLE tags ("
  "  image INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,"
  "  tag TEXT NOT NULL,"
  "  PRIMARY KEY (image, tag)) WITHOUT ROWID;"

  "CREATE TABLE models ("
  "  id INTEGER PRIMARY KEY,"
  "  sha256 TEXT NOT NULL UNIQUE,"
  "  path TEXT,"
  "  title TEXT NOT NULL,"
  "  architecture TEXT NOT NULL,"
  "  classes INTEGER NOT NULL,"
  "  outlier_head INTEGER NOT NULL,"
  "  parameters INTEGER NOT NULL,"
  "  opened TEXT NOT NULL);"

  "CREATE TABLE runs ("
  "  id INTEGER PRIMARY KEY,"
  "  kind TEXT NOT NULL,"  /* eval-ood, eval-osr */
  "  state TEXT NOT NULL," /* running, done, failed, cancelled */
  "  why TEXT,"            /* of a failure */
  "  dataset INTEGER NOT NULL REFERENCES datasets,"
  "  split TEXT NOT NULL,"
  "  model INTEGER NOT NULL REFERENCES models,"
  "  folder TEXT NOT NULL," /* where the maps lie */
  "  score TEXT NOT NULL,"
  "  device TEXT NOT NULL,"
  "  device_title TEXT NOT NULL,"
  "  precision TEXT NOT NULL,"
  "  program TEXT NOT NULL," /* its version */
  "  command TEXT NOT NULL," /* that does the same */
  "  started TEXT NOT NULL,"
  "  ended TEXT,"
  "  seconds REAL NOT NULL DEFAULT 0," /* of inference, summed over the images */
  "  summary TEXT);"                   /* JSON: what belongs to the kind alone (eval-osr: towns) */

  "CREATE TABLE run_images ("
  "  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
  "  image INTEGER NOT NULL REFERENCES images,"
  "  state TEXT NOT NULL," /* done, failed */
  "  why TEXT,"
  "  width INTEGER NOT NULL, height INTEGER NOT NULL,"
  "  seconds REAL NOT NULL,"
  "  score_file TEXT,"
  "  pixels INTEGER NOT NULL, positives INTEGER NOT NULL, non_finite INTEGER NOT NULL,"
  "  ap REAL, auroc REAL, fpr95 REAL, best_f1 REAL, best_f1_threshold REAL, mean_score REAL, max_score REAL,"
  "  PRIMARY KEY (run, image)) WITHOUT ROWID;"

  "CREATE TABLE run_protocols ("
  "  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,"
  "  score TEXT NOT NULL," /* the map that was measured */
  "  protocol TEXT NOT NULL,"
  "  ap REAL, auroc REAL, fpr95 REAL, threshold_tpr95 REAL, best_f1 REAL, best_f1_threshold REAL,"
  "  pixels INTEGER NOT NULL, positives INTEGER NOT NULL, undefined_images INTEGER NOT NULL,"
  "  curve BLOB, histogram BLOB,"
  "  PRIMARY KEY (run, score, protocol));"

  "CREATE TABLE thresholds ("
  "  id INTEGER PRIMARY KEY,"
  "  model INTEGER NOT NULL REFERENCES models,"
  "  score TEXT NOT NULL,"
  "  value REAL NOT NULL,"
  "  rule TEXT NOT NULL," /* tpr95, fpr5, best-f1, by-hand */
  "  source_dataset INTEGER REFERENCES datasets,"
  "  source_split TEXT NOT NULL,"
  "  run INTEGER REFERENCES runs ON DELETE SET NULL,"
  "  made TEXT NOT NULL);",

  "CREATE TABLE jobs ("
  "  id INTEGER PRIMARY KEY,"
  "  kind TEXT NOT NULL,"        /* train */
  "  state TEXT NOT NULL,"       /* queued, running, paused, done, failed, cancelled, out-of-memory, lost */
  "  why TEXT,"                  /* of an end */
  "  position INTEGER NOT NULL," /* in the queue, the least first */
  "  title TEXT NOT NULL,"
  "  recipe TEXT NOT NULL,"        /* its name */
  "  form TEXT,"                   /* everything that it was started with, as the studio writes it; NULL of others */
  "  folder TEXT NOT NULL UNIQUE," /* absolute */
  "  device TEXT NOT NULL,"
  "  program TEXT NOT NULL," /* its version */
  "  command TEXT NOT NULL," /* that does the same */
  "  pid INTEGER NOT NULL DEFAULT 0,"
  "  step INTEGER NOT NULL DEFAULT 0, steps INTEGER NOT NULL DEFAULT 0,"
  "  epochs INTEGER NOT NULL DEFAULT 0,"
  "  seconds REAL NOT NULL DEFAULT 0,"   /* spent, without pauses */
  "  estimate REAL,"                     /* of all seconds, made before it began */
  "  step_flop REAL, step_seconds REAL," /* what a step is, and took in the middle: for estimates of others */
  "  best_epoch INTEGER, miou REAL, ap REAL, auroc REAL, fpr95 REAL," /* of the best epoch */
  "  created TEXT NOT NULL,"
  "  launched INTEGER NOT NULL DEFAULT 0," /* Unix, seconds: of the last process */
  "  started INTEGER NOT NULL DEFAULT 0,"  /* of the first */
  "  ended INTEGER NOT NULL DEFAULT 0);",

  /* Of scores that were imported: whose they are and where they lay. Their model's row says only what they are, and two
   * runs may have called the same scores by two names. */
  "ALTER TABLE runs ADD COLUMN method TEXT;"
  "ALTER TABLE runs ADD COLUMN source TEXT;",

  /* What a user writes about a picture belongs to the picture: a set's row is another one as soon as a file is added.
   * Nothing ever wrote into the table and the column that were there before. */
  "CREATE TABLE marks ("
  "  path TEXT PRIMARY KEY," /* of the picture, absolute */
  "  tags TEXT NOT NULL,"    /* one a line */
  "  note TEXT NOT NULL,"
  "  changed TEXT NOT NULL) WITHOUT ROWID;"
  "DROP TABLE tags;"
  "ALTER TABLE images DROP COLUMN note;",

  /* What a training multiplies in: those of before did in float32. */
  "ALTER TABLE jobs ADD COLUMN precision TEXT NOT NULL DEFAULT 'f32';",

  /* A run's number is what views, thresholds and reports know it by: that of one that was removed comes to no other. */
  "CREATE TABLE removed_runs (last INTEGER NOT NULL);"
  "INSERT INTO removed_runs VALUES (0);"
  "CREATE TRIGGER keep_run_numbers AFTER DELETE ON runs BEGIN"
  "  UPDATE removed_runs SET last = max (last, OLD.id);"
  " END;",

  /* Of a run that has ended, how many images it measured and left out: who lists hundreds of runs of large sets is not
   * to go through all their images. NULL while there may be more: a program of before, which has the file open, goes on
   * with a run and ends it without a word of them. */
  "ALTER TABLE runs ADD COLUMN images_done INTEGER;"
  "ALTER TABLE runs ADD COLUMN images_failed INTEGER;"
  "UPDATE runs SET"
  "  images_done = (SELECT count (*) FROM run_images WHERE run = runs.id AND run_images.state = 'done'),"
  "  images_failed = (SELECT count (*) FROM run_images WHERE run = runs.id AND run_images.state = 'failed')"
  " WHERE state IN ('done', 'failed', 'cancelled');"
  "CREATE TRIGGER forget_run_counts AFTER INSERT ON run_images BEGIN"
  "  UPDATE runs SET images_done = NULL, images_failed = NULL WHERE id = NEW.run AND images_done IS NOT NULL;"
  " END;",

  /* What a user says of a thing that was found in a picture. Its peak is where it was whatever the threshold is. */
  "CREATE TABLE find_marks ("
  "  path TEXT NOT NULL," /* of the picture, absolute */
  "  score TEXT NOT NULL,"
  "  x INTEGER NOT NULL, y INTEGER NOT NULL," /* of the pixel that the score finds most anomalous */
  "  mark TEXT NOT NULL,"                     /* seen, real, false */
  "  changed TEXT NOT NULL,"
  "  PRIMARY KEY (path, score, x, y)) WITHOUT ROWID;",
};
const guint dh_database_n_migrations = G_N_ELEMENTS (dh_database_migrations);
