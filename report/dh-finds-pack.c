#include "dh-finds-private.h"

#include <math.h>

#include "dh-class-pixels.h"

/* Of what may be there and may not. */
#define NAME 1
#define PATH 2

/* Seconds: no recording is so long. */
#define MOST_TIME 1e12

static void
pack_source (DhPack *pack, const DhFindSource *source)
{
  dh_pack_byte (pack, (source->name ? NAME : 0) | (source->path ? PATH : 0));
  if (source->name)
    dh_pack_text (pack, source->name);
  if (source->path)
    dh_pack_text (pack, source->path);
  dh_pack_count (pack, source->number);
  dh_pack_double (pack, source->time);
}

static char *
unpack_text (DhUnpack *unpack)
{
  const gsize size = (gsize)dh_unpack_count (unpack, (guint64)(unpack->end - unpack->at));
  const guint8 *bytes = dh_unpack_bytes (unpack, size);
  return bytes ? g_strndup ((const char *)bytes, size) : NULL;
}

static DhFindSource *
unpack_source (DhUnpack *unpack)
{
  DhFindSource *source = g_new0 (DhFindSource, 1);
  const guint8 has = dh_unpack_byte (unpack);
  if (has & NAME)
    source->name = unpack_text (unpack);
  if (has & PATH)
    source->path = unpack_text (unpack);
  source->number = dh_unpack_count (unpack, G_MAXUINT64);
  source->time = dh_unpack_double (unpack);
  if (fabs (source->time) > MOST_TIME)
    dh_unpack_fail (unpack);
  return source;
}

static void
pack_view (DhPack *pack, const DhFindsView *view)
{
  const DhFinding *finding = &view->finding;
  const guint numbers[] = { view->find,     view->source,    finding->x,      finding->y,
                            finding->width, finding->height, finding->peak_x, finding->peak_y };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    dh_pack_count (pack, numbers[i]);
  dh_pack_count (pack, finding->area);
  dh_pack_double (pack, finding->mean);
  dh_pack_double (pack, finding->peak);
  dh_pack_count (pack, (guint64)(finding->class_id + 1));
}

/* Of a source among `sources`, the find of any number. */
static DhFindsView
unpack_view (DhUnpack *unpack, guint sources)
{
  guint numbers[8];
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = (guint)dh_unpack_count (unpack, G_MAXUINT);
  DhFindsView view = { numbers[0],
                       numbers[1],
                       { .x = numbers[2],
                         .y = numbers[3],
                         .width = numbers[4],
                         .height = numbers[5],
                         .peak_x = numbers[6],
                         .peak_y = numbers[7] } };
  view.finding.area = dh_unpack_count (unpack, G_MAXUINT64);
  view.finding.mean = dh_unpack_double (unpack);
  view.finding.peak = dh_unpack_double (unpack);
  view.finding.class_id = (gint)dh_unpack_count (unpack, DH_CLASS_IDS) - 1;
  if (view.source >= sources)
    dh_unpack_fail (unpack);
  return view;
}

static void
pack_growing (DhPack *pack, const DhFindsGrowing *growing)
{
  const guint numbers[] = { growing->n_images, growing->best, growing->first, growing->last, growing->pictured };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    dh_pack_count (pack, numbers[i]);
  dh_pack_count (pack, growing->seen);
  dh_pack_double (pack, growing->value);
  const gsize size = growing->crop ? g_bytes_get_size (growing->crop) : 0;
  dh_pack_count (pack, size);
  if (size > 0)
    dh_pack_bytes (pack, g_bytes_get_data (growing->crop, NULL), size);
}

/* `crop`, which may be NULL, is the caller's. */
static DhFindsGrowing
unpack_growing (DhUnpack *unpack, guint views)
{
  guint numbers[5];
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = (guint)dh_unpack_count (unpack, i == 0 ? views : views - 1);
  DhFindsGrowing growing = {
    .n_images = numbers[0], .best = numbers[1], .first = numbers[2], .last = numbers[3], .pictured = numbers[4]
  };
  growing.seen = dh_unpack_count (unpack, G_MAXUINT64);
  growing.value = dh_unpack_double (unpack);
  const gsize size = (gsize)dh_unpack_count (unpack, (guint64)(unpack->end - unpack->at));
  const guint8 *bytes = dh_unpack_bytes (unpack, size);
  if (bytes && size > 0)
    growing.crop = g_bytes_new (bytes, size);
  return growing;
}

void
dh_finds_pack (const DhFinds *finds, DhPack *pack)
{
  g_return_if_fail (!finds->places);
  dh_pack_count (pack, finds->n_images);
  dh_pack_double (pack, finds->last_shown.rank);
  dh_pack_count (pack, finds->last_shown.number);
  dh_pack_count (pack, finds->prune);
  dh_tracker_pack (finds->tracker, pack);
  dh_pack_count (pack, finds->sources->len);
  for (guint i = 0; i < finds->sources->len; i++)
    pack_source (pack, finds->sources->pdata[i]);
  dh_pack_count (pack, finds->views->len);
  for (guint i = 0; i < finds->views->len; i++)
    pack_view (pack, &g_array_index (finds->views, DhFindsView, i));
  dh_pack_count (pack, finds->growing->len);
  for (guint i = 0; i < finds->growing->len; i++)
    pack_growing (pack, &g_array_index (finds->growing, DhFindsGrowing, i));
}

/* All views' finds are there, and of tracks there are as many. */
static gboolean
fits (const DhFinds *finds)
{
  for (guint i = 0; i < finds->views->len; i++)
    if (g_array_index (finds->views, DhFindsView, i).find >= finds->growing->len)
      return FALSE;
  return !finds->options.follow || dh_tracker_count (finds->tracker) == finds->growing->len;
}

DhFinds *
dh_finds_unpack (const DhFindsOptions *options, DhUnpack *unpack)
{
  g_autoptr (DhFinds) finds = dh_finds_new (options);
  finds->n_images = dh_unpack_count (unpack, G_MAXUINT64);
  finds->last_shown.rank = dh_unpack_double (unpack);
  finds->last_shown.number = (guint)dh_unpack_count (unpack, G_MAXUINT);
  finds->prune = (guint)dh_unpack_count (unpack, G_MAXUINT);
  DhTracker *tracker = dh_tracker_unpack (options->patience, unpack);
  if (!tracker)
    return NULL;
  dh_tracker_free (finds->tracker);
  finds->tracker = tracker;
  const guint sources = (guint)dh_unpack_count (unpack, DH_FINDS_MOST);
  for (guint i = 0; i < sources && !unpack->failed; i++)
    g_ptr_array_add (finds->sources, unpack_source (unpack));
  const guint views = (guint)dh_unpack_count (unpack, DH_FINDS_MOST);
  for (guint i = 0; i < views && !unpack->failed; i++)
    {
      const DhFindsView view = unpack_view (unpack, sources);
      g_array_append_val (finds->views, view);
    }
  const guint growing = (guint)dh_unpack_count (unpack, views);
  for (guint i = 0; i < growing && !unpack->failed; i++)
    {
      const DhFindsGrowing one = unpack_growing (unpack, views);
      finds->crops += one.crop != NULL;
      g_array_append_val (finds->growing, one);
    }
  return !unpack->failed && fits (finds) ? g_steal_pointer (&finds) : NULL;
}
