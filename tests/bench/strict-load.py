#!/usr/bin/env python3
"""Proves that a checkpoint written here is the reference's in PyTorch, and computes the same there.

    tests/bench/strict-load.py KEYS [--build build] [--network ldn121] [--crop 96] [--params FILE]

To be run by a Python that has PyTorch (peers.py makes one: BUILD/peers-venv). KEYS is a JSON file with the reference's
state dicts: network class → [[key, shape, dtype], …]. The program trains the network for one step on made pictures
(or takes --params); its model_best.pth must load with weights_only and strict=True into a module of exactly these
keys and shapes, and into the networks of peers.py; these then compute the maps of a picture, which must be those of
"densehybrid infer" on the cpu device. Exits with 1 where something is not so."""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy
import torch

import peers

CLASSES = {"ldn121": "LadderDenseNetTH", "dlv3p_wrn38": "DeepWV3PlusTH"}
MAPS = ["segmentation", "likelihood", "dataset_posterior", "hybrid"]
# The maps are sums of thousands of float32 products in another order.
BOUND = 2e-5
SIZE = (128, 256)

# The names in peers.py → the reference's.
PART = {"0": "norm", "2": "conv"}
RULES = {
    "ldn121": [
        (r"stem\.0", "backbone.features.conv0"),
        (r"stem\.1", "backbone.features.norm0"),
        (r"blocks\.(\d+)\.(\d+)\.([01])\.([02])",
         lambda b, l, n, p: f"backbone.features.denseblock{int(b) + 1}.denselayer{int(l) + 1}.{PART[p]}{int(n) + 1}"),
        (r"transitions\.(\d+)\.0\.([02])", lambda i, p: f"backbone.features.transition{int(i) + 1}.{PART[p]}"),
        (r"bn\.([02])", lambda p: f"spp.spp.spp.spp_bn.{PART[p]}"),
        (r"levels\.(\d+)\.([02])", lambda i, p: f"spp.spp.spp.spp{i}.{PART[p]}"),
        (r"fuse\.([02])", lambda p: f"spp.spp.spp.spp_fuse.{PART[p]}"),
        (r"ladder\.(\d+)\.([01])\.([02])",
         lambda i, n, p: f"upsample.upsample_layers.upsample_{i}.{('bottleneck', 'blend_conv')[int(n)]}.{PART[p]}"),
        (r"logits\.([02])", lambda p: f"logits.{PART[p]}"),
        (r"ood\.([02])", lambda p: f"logits_ood.{PART[p]}"),
    ],
    "dlv3p_wrn38": [
        (r"mod1", "mod1.conv1"),
        (r"mods\.(\d+)\.(\d+)\.before\.0", lambda m, b: f"mod{int(m) + 2}.block{int(b) + 1}.bn1.0"),
        (r"mods\.(\d+)\.(\d+)\.body\.([0-6])", lambda m, b, n: f"mod{int(m) + 2}.block{int(b) + 1}.convs." + (
            f"conv{int(n) // 3 + 1}" if int(n) % 3 == 0 else f"bn{int(n) // 3 + 2}.0")),
        (r"mods\.(\d+)\.(\d+)\.project", lambda m, b: f"mod{int(m) + 2}.block{int(b) + 1}.proj_conv"),
        (r"image\.([01])", lambda n: f"aspp.img_conv.{n}"),
        (r"aspp\.(\d)\.([01])", lambda i, n: f"aspp.features.{i}.{n}"),
        (r"fine", "bot_fine"),
        (r"coarse", "bot_aspp"),
        (r"final\.([01])\.([01])", lambda i, n: f"final.{3 * int(i) + int(n)}"),
        (r"final\.2", "final.6"),
        (r"ood\.([02])", lambda p: f"logits_ood.{PART[p]}"),
    ],
}


def reference_name(network, name):
    module, tensor = name.rsplit(".", 1)
    for pattern, made in RULES[network]:
        match = re.fullmatch(pattern, module)
        if match:
            return (made if isinstance(made, str) else made(*match.groups())) + "." + tensor
    raise SystemExit(f"{name} of peers.py has no name in the reference")


class Named(torch.nn.Module):
    """A module of exactly these keys: what strict=True is asked of."""

    def add(self, key, shape, dtype):
        head, _, rest = key.partition(".")
        if rest:
            if head not in self._modules:
                self.add_module(head, Named())
            self._modules[head].add(rest, shape, dtype)
        else:
            self.register_buffer(head, torch.zeros(shape, dtype=getattr(torch, dtype)))


# ---- what is trained on ----------------------------------------------------------------------------------------------
def write_png(path, pixels):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8,
                                                                     2 if pixels.ndim == 3 else 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def make_data(network, root):
    """Smooth noise with labels in blocks; returns the kind of data set and a picture's path."""
    random = numpy.random.default_rng(1)

    def picture():
        coarse = random.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3))
        return (numpy.kron(coarse, numpy.ones((8, 8, 1))) * 0.8 + random.integers(0, 50, (*SIZE, 3))).astype(numpy.uint8)

    def labels(most):
        blocks = random.integers(1, most + 1, (SIZE[0] // 16, SIZE[1] // 16))
        return numpy.kron(blocks, numpy.ones((16, 16))).astype(numpy.uint8)
    for split, count in (("train", 4), ("val", 1)):
        for i in range(count):
            if network == "ldn121":
                folder = "training/t1" if split == "train" else "validation/t4"
                write_png(f"{root}/set/train/images/{folder}/{i:05}.png", image := picture())
                write_png(f"{root}/set/train/annotations/{folder}/{i:05}.png", labels(14))
            else:
                name = f"{split}/aachen/aachen_{i:06}_000019"
                write_png(f"{root}/set/leftImg8bit/{name}_leftImg8bit.png", image := picture())
                write_png(f"{root}/set/gtFine/{name}_gtFine_labelIds.png", labels(33))
    for i in range(2):
        write_png(f"{root}/negatives/images/training/{i}.png", picture())
        write_png(f"{root}/negatives/annotations/training/{i}.png", labels(9))
    write_png(f"{root}/picture.png", image)
    return "street-hazards-full" if network == "ldn121" else "cityscapes", image


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")


def train(program, network, crop, kind, root):
    recipe = {"name": "one-step", "architecture": network, "dataset": kind, "negatives": True, "batch": 2, "crop": crop,
              "epochs": 1, "steps": 1, "rate": 1e-4, "rate_min": 1e-4, "negative_side": 96, "negative_crop": 64,
              "selection": "last", "keep": 0}
    with open(f"{root}/recipe.json", "w") as file:
        json.dump(recipe, file)
    run(program, "train", f"{root}/recipe.json", "--dataroot", f"{root}/set", "--neg_dataroot", f"{root}/negatives",
        "--runs", root, "--exp_name", "run", "--device", "cpu", "--db", f"{root}/runs.sqlite", "--quiet")
    return f"{root}/run/model_best.pth"


# ---- the proof -------------------------------------------------------------------------------------------------------
def check(arguments, root):
    network, program = arguments.network, os.path.join(arguments.build, "app", "densehybrid")
    kind, image = make_data(network, root)
    weights = arguments.params or train(program, network, arguments.crop, kind, root)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    with open(arguments.keys) as file:
        keys = json.load(file)[CLASSES[network]]
    named = Named()
    for key, shape, dtype in keys:
        named.add(key, shape, dtype)
    named.load_state_dict(state, strict=True)
    ordered = [key for key, _, _ in keys] == list(state)
    print(f"{network}: {len(keys)} keys of the reference load with strict=True"
          f"{', in its order' if ordered else ', in another order'}")

    model = peers.networks()[network]().eval()
    names = {name: reference_name(network, name) for name in model.state_dict()}
    unread = [key for key in state if key not in set(names.values()) and "logits_aux" not in key]
    if unread:
        raise SystemExit(f"{network}: no network reads {unread}")
    model.load_state_dict({name: state[key] for name, key in names.items()}, strict=True)
    picture = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = dict(zip(MAPS, model(picture)))
    run(program, "infer", "--params", weights, "--out", f"{root}/maps", "--maps", ",".join(MAPS), "--device", "cpu",
        "--quiet", f"{root}/picture.png")
    good = ordered
    for name in MAPS:
        found = numpy.load(f"{root}/maps/picture_{name}.npy").astype(numpy.float64).reshape(SIZE)
        wanted = expected[name][0].double().numpy()
        if name == "segmentation":
            apart = int((found != wanted).sum())
            print(f"{network}: {name}: {apart} of {found.size} pixels differ")
            good = good and apart <= found.size // 1000
            continue
        apart, largest = numpy.abs(found - wanted).max(), numpy.abs(wanted).max()
        print(f"{network}: {name}: at most {apart:.2g} apart, of values up to {largest:.3g}")
        good = good and apart <= BOUND * max(1, largest)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("keys")
    parser.add_argument("--build", default="build")
    parser.add_argument("--network", default="ldn121", choices=list(CLASSES))
    parser.add_argument("--crop", default=96, type=int)
    parser.add_argument("--params", help="a checkpoint that was trained already")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory(prefix="dh-strict-load-") as root:
        sys.exit(0 if check(arguments, root) else 1)


if __name__ == "__main__":
    main()
