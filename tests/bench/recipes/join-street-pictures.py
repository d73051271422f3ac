#!/usr/bin/env python3
"""Joins KITTI, a few of Cityscapes' pictures and CamVid into one tree in Cityscapes' layout, for street-small-*.json.

    tests/bench/recipes/join-street-pictures.py KITTI CITYSCAPES CAMVID OUT

KITTI is linked. Cityscapes' training pictures are halved, so that things are about as large as in KITTI, and stand
there several times, as so many cities. CamVid's pictures are linked and its labels rewritten: "pavement" is Cityscapes'
sidewalk, "tree" vegetation, "bicyclist" rider. Only KITTI has a validation split. Needs NumPy and Pillow.
"""
import glob
import os
import sys

import numpy as np
from PIL import Image

COPIES = 6
# CamVid's sky, building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist, unlabelled in labelIds.
CAMVID = (23, 11, 17, 7, 8, 21, 20, 13, 26, 24, 25, 0)


def link(path, to):
    os.makedirs(os.path.dirname(to), exist_ok=True)
    os.symlink(os.path.abspath(path), to)


def save(picture, to):
    os.makedirs(os.path.dirname(to), exist_ok=True)
    picture.save(to)


def main(kitti, cityscapes, camvid, out):
    for kind in ("leftImg8bit", "gtFine"):
        for split in ("train", "val"):
            link(os.path.join(kitti, kind, split, "kitti"), os.path.join(out, kind, split, "kitti"))

    for pattern, how in (("leftImg8bit/train/*/*.png", Image.BILINEAR), ("gtFine/train/*/*labelIds.png", Image.NEAREST)):
        for path in glob.glob(os.path.join(cityscapes, pattern)):
            picture = Image.open(path)
            half = picture.resize((picture.width // 2, picture.height // 2), how)
            kind, split, city, name = path.split(os.sep)[-4:]
            for copy in range(COPIES):
                save(half, os.path.join(out, kind, split, f"{city}{copy}", name.replace(f"{city}_", f"{city}{copy}_", 1)))

    ids = np.full(256, 0, np.uint8)
    ids[: len(CAMVID)] = CAMVID
    for path in glob.glob(os.path.join(camvid, "train", "*")):
        stem, ending = os.path.splitext(os.path.basename(path))
        stem = "camvid_" + stem.replace("_", "-") + "_000000"
        link(path, os.path.join(out, "leftImg8bit", "train", "camvid", f"{stem}_leftImg8bit{ending}"))
        label = np.asarray(Image.open(path.replace("/train/", "/trainannot/")[: -len(ending)] + ".png"))
        save(Image.fromarray(ids[label]), os.path.join(out, "gtFine", "train", "camvid", f"{stem}_gtFine_labelIds.png"))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
