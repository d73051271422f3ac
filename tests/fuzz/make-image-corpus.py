#!/usr/bin/env python3
"""Writes the corpus of fuzz-image: small pictures of every kind that is read.

Usage: make-image-corpus.py FOLDER   (needs numpy, pillow)
"""
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
path = lambda name: os.path.join(folder, name)
y, x, c = np.mgrid[:30, :40, :4]
rgba = ((x * 19 + y * 23 + c * 71 + x * y) % 256).astype(np.uint8)
rgb = Image.fromarray(rgba[..., :3])
grey = Image.fromarray(rgba[..., 0])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, depth, colour, interlace, data, *between):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    with open(path(name), "wb") as to:
        to.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(between)
                 + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def adam7(ids):
    """The seven passes of an interlaced grey picture, without filters."""
    passes = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1))
    rows = (row for y0, dy, x0, dx in passes for row in ids[y0::dy, x0::dx])
    return b"".join(b"\0" + row.tobytes() for row in rows if row.size)


rgb.save(path("rgb.png"))
grey.save(path("grey.png"))
grey.convert("1").save(path("bits.png"))
rgb.quantize(12).save(path("palette.png"))
Image.fromarray(rgba).save(path("alpha.png"))
Image.fromarray(rgba[..., 0].astype(np.uint16) * 257).save(path("wide.png"))
png("interlaced.png", 40, 30, 8, 0, 1, adam7(rgba[..., 0]))
png("text.png", 2, 1, 8, 2, 0, b"\0abcdef", chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 1000)))
png("huge.png", 60000, 60000, 8, 2, 0, b"\0" * 100)
png("claims.png", 14000, 14000, 8, 2, 0, b"\0" * 100)
rgb.save(path("rgb.jpg"), quality=80)
rgb.save(path("progressive.jpg"), quality=80, progressive=True)
grey.save(path("grey.jpg"), quality=80)
rgb.convert("CMYK").save(path("cmyk.jpg"), quality=80)
exif = Image.Exif()
exif[0x0112] = 6
rgb.save(path("turned.jpg"), quality=80, exif=exif)
rgb.save(path("lossy.webp"), quality=80)
rgb.save(path("lossless.webp"), lossless=True)
Image.fromarray(rgba).save(path("alpha.webp"), quality=80)
rgb.save(path("animated.webp"), save_all=True, append_images=[grey.convert("RGB")])
for name, picture, how in (("rgb", rgb, None), ("lzw", rgb, "tiff_lzw"), ("deflate", grey, "tiff_adobe_deflate"),
                           ("packbits", grey, "packbits"), ("bits", grey.convert("1"), "group4"),
                           ("jpeg", rgb, "jpeg"), ("palette", rgb.quantize(12), None)):
    picture.save(path(f"{name}.tif"), compression=how)
Image.fromarray(rgba[..., 0].astype(np.uint16) * 257).save(path("wide.tif"), compression="tiff_lzw")
rgb.save(path("pages.tif"), save_all=True, append_images=[grey.convert("RGB")])
rgb.save(path("rgb.bmp"))
rgb.quantize(12).save(path("palette.bmp"))
grey.convert("1").save(path("bits.bmp"))
