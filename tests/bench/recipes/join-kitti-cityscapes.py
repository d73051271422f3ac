#!/usr/bin/env python3
"""Joins KITTI and a few of Cityscapes' training pictures into one tree in Cityscapes' layout, for kitti-small-*.json.

    tests/bench/recipes/join-kitti-cityscapes.py KITTI CITYSCAPES OUT

KITTI is linked. Cityscapes' pictures are halved, so that things are about as large as in KITTI, and stand there three
times, as three cities: 24 of 174 training pictures. Needs Pillow.
"""
import glob
import os
import sys

from PIL import Image

COPIES = 3


def main(kitti, cityscapes, out):
    for kind in ("leftImg8bit", "gtFine"):
        for split in ("train", "val"):
            folder = os.path.join(out, kind, split)
            os.makedirs(folder)
            os.symlink(os.path.abspath(os.path.join(kitti, kind, split, "kitti")), os.path.join(folder, "kitti"))
    for pattern, how in (("leftImg8bit/train/*/*.png", Image.BILINEAR), ("gtFine/train/*/*labelIds.png", Image.NEAREST)):
        for path in glob.glob(os.path.join(cityscapes, pattern)):
            picture = Image.open(path)
            half = picture.resize((picture.width // 2, picture.height // 2), how)
            kind, split, city, name = path.split(os.sep)[-4:]
            for copy in range(COPIES):
                folder = os.path.join(out, kind, split, f"{city}{copy}")
                os.makedirs(folder, exist_ok=True)
                half.save(os.path.join(folder, name.replace(f"{city}_", f"{city}{copy}_", 1)))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
