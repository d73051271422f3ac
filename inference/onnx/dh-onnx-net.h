#pragma once
#include "dh-nets.h"
#include "dh-onnx-model.h"

G_BEGIN_DECLS

/* A network of somebody else's, as ONNX, made a net of ours: convolutions of any groups with square kernels, transposed
 * ones that make a value a whole number of times as large, depth to space, batch norms (and sums and products with a
 * number a channel), ReLU and its like (clips, leaky ones, sigmoids, hard ones, what is gated by them), sums and
 * products of values, concatenations along channels, max and average pools, global and adaptive ones, resizing that is
 * bilinear or takes the nearest, dropout. It reads N×3×H×W in float32 and gives the logits f, N×K×h×w,
 * and, if it has an outlier head, g, N×2×h×w (the second the outlier's): each before or behind a softmax or argmax (f
 * behind a sigmoid, too), at the picture's size or smaller. Small numbers that are reckoned from shapes are reckoned
 * here, at the size that the file was exported with, or at one of our own; what is resized is from then on as large as
 * the value whose shape that was, so that the net takes pictures of any size. Where it is ours, a second size tells
 * whether that holds; of a file that was exported at one, nobody knows. */

/* What the network wants of a picture, and which of its outputs are what: from NAME.onnx.json beside it,
 *   { "mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375], "logits": "out", "outlier_logits": "ood",
 *     "classes": ["road", "sidewalk"] }
 * each of it may be left out; classes are as many as the logits. Where any number of "mean" or "std" is over 1, they
 * are of pictures in 0…255, else in 0…1. */
typedef struct
{
  gboolean told;                 /* how pictures are to be normalised; else by ImageNet's mean and deviation */
  float mean[3], deviation[3];   /* of RGB in 0…1 */
  char *logits, *outlier_logits; /* names of outputs; NULL: to be found */
  char **classes;                /* NULL: not told */
} DhOnnxPictures;
void dh_onnx_pictures_clear (DhOnnxPictures *pictures);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhOnnxPictures, dh_onnx_pictures_clear)

/* Of the file beside `path`, or what stands for one that is not there. Errors, naming it: DH_ERROR_IO, DH_ERROR_INVALID
 * (no such JSON; numbers that no picture is normalised by; words that are not known). */
gboolean dh_onnx_pictures_read (const char *path, DhOnnxPictures *pictures, GError **error);
/* In words, for people: "by the mean and deviation of ImageNet, as nothing else is said". Free with g_free. */
char *dh_onnx_pictures_dup_text (const DhOnnxPictures *pictures);

/* `tensors` becomes the net's parameters under the net's own names, views into the file's. Errors: DH_ERROR_UNSUPPORTED
 * (an operator, or a form of one, that is not known here, by name), DH_ERROR_MISMATCH (no logits, no picture as input,
 * an output that is named and not there), DH_ERROR_INVALID (what does not fit together), DH_ERROR_NO_MEMORY. */
DhNet *dh_onnx_net_new (const DhOnnxModel *model, const DhOnnxPictures *pictures, DhTensorDict **tensors,
                        GError **error);

G_END_DECLS
