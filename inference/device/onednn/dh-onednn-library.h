#pragma once
#include <oneapi/dnnl/dnnl.h>
#include <glib.h>

G_BEGIN_DECLS

/* In what oneDNN 2 and 3 differ: a layout of memory is a structure in the one and an object in the other, and a
 * convolution is an operation first, or a primitive's description at once. What else is called of the library is the
 * same in both. */

/* How an array lies in memory; immutable. The library's queries give such layouts too, which belong to what was asked.
 */
#if DNNL_VERSION_MAJOR < 3
typedef const dnnl_memory_desc_t *DhLibraryLayout;
#else
typedef const_dnnl_memory_desc_t DhLibraryLayout;
#endif

/* Of float32. Free with dh_library_layout_free(); NULL after an error. */
dnnl_status_t dh_library_layout_new (gint n_dims, const dnnl_dims_t dims, dnnl_format_tag_t tag,
                                     DhLibraryLayout *layout);
void dh_library_layout_free (DhLibraryLayout layout); /* or NULL */

/* The layouts, of arrays or of their gradients, are borrowed for the call. */
typedef struct
{
  DhLibraryLayout source, weights, target;
  DhLibraryLayout bias;   /* or NULL */
  dnnl_dims_t strides;    /* of height and width, as all of these */
  dnnl_dims_t dilations;  /* 0: none */
  dnnl_dims_t padding[2]; /* before and behind */
} DhLibraryConvShape;

/* `kind`: dnnl_forward_inference, dnnl_forward_training, dnnl_backward_data or dnnl_backward_weights; the latter two
 * need the description of `forward`, which is NULL else. `attributes` may be NULL. Free what is described with
 * dnnl_primitive_desc_destroy(); after an error there is nothing to be freed. */
dnnl_status_t dh_library_describe_conv (dnnl_engine_t engine, dnnl_prop_kind_t kind, const DhLibraryConvShape *shape,
                                        dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t forward,
                                        dnnl_primitive_desc_t *description);

G_END_DECLS
