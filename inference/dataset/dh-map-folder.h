#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* Where another program left its score maps of a data set: for each picture its file, found by name in a folder and all
 * folders under it (dh-map-file.h tells what files can be maps). The layouts of the field:
 *
 *   STEM.npy, STEM_hybrid.npy             ours; where the folder is a run's own, its eval/scores alone is looked into
 *   N_NAME_anomaly.npy                    Fishyscapes; of its own sets the number before the first _ is enough
 *   METHOD/NAME.npz                       ISSU
 *   METHOD/DATASET/NAME.hdf5              SegmentMeIfYouCan
 *
 * NAME is a picture's stem, its last part, or the picture's or label's own file name. Pictures of one name (t5/00001,
 * t6/00001) are told apart by the folders that their maps lie in, or by t5_00001. Immutable. */
typedef struct _DhMapFolder DhMapFolder;

/* `except` (may be NULL): a folder that is not looked into. Not for the window's thread. Errors: DH_ERROR_NOT_FOUND (no
 * folder; no file of a picture's name: what was sought and what is there), DH_ERROR_MISMATCH (two files could be one
 * picture's, one file two pictures': both are named), DH_ERROR_IO, DH_ERROR_TOO_LARGE, G_IO_ERROR_CANCELLED. */
DhMapFolder *dh_map_folder_open (const char *path, DhDataset *dataset, const char *except, GCancellable *cancellable,
                                 const DhProgress *progress, GError **error);
void dh_map_folder_free (DhMapFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMapFolder, dh_map_folder_free)

/* As it was given. */
const char *dh_map_folder_path (const DhMapFolder *folder);
/* The map's file of a picture; NULL: there is none. Borrowed. */
const char *dh_map_folder_file (const DhMapFolder *folder, guint index);
/* Pictures that have a file, and files that are no picture's. */
guint dh_map_folder_n_found (const DhMapFolder *folder);
guint dh_map_folder_n_others (const DhMapFolder *folder);
/* The file names that would have been a picture's: "a.npy, a_hybrid.npy, …"; free with g_free. */
char *dh_map_folder_sought (DhDataset *dataset, guint index);

G_END_DECLS
