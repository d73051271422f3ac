#!/usr/bin/env python3
"""A network that "weights convert" wrote as ONNX is valid, says what it is, and computes the maps of "infer".

    tests/onnx/test-onnx.py build/app/densehybrid build/tests/onnx/seeded-weights

Needs onnx and NumPy (Debian: python3-onnx). Prints TAP."""
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

import evaluator
from program import case, run, tell, write_png

PROGRAM, SEEDED = (str(Path(word).resolve()) for word in sys.argv[1:3])
MAPS = ["segmentation", "likelihood", "dataset_posterior", "hybrid"]
# Of a map's range, and of the last places of its values: the device rounds each to float32, NumPy computes in double.
BOUND, PLACES = 2e-5, 4

def make_weights(top, architecture, classes, dtype="f32"):
    path = top / f"{architecture}-{classes}-{dtype}.safetensors"
    run(SEEDED, architecture, classes, dtype, path)
    return path


def ends_of(values):
    return {v.name: (v.type.tensor_type.elem_type, [d.dim_value for d in v.type.tensor_type.shape.dim]) for v in values}


def same_maps(top, architecture, classes, height, width, dtype="f32"):
    weights, path = make_weights(top, architecture, classes, dtype), top / "network.onnx"
    run(PROGRAM, "weights", "convert", weights, path, "--size", f"{height}x{width}")
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    known = {v.name for v in inferred.graph.value_info} | {v.name for v in inferred.graph.output}
    unknown = [node.name for node in inferred.graph.node if node.output[0] not in known]
    assert not unknown, f"no shape is inferred of {unknown[:5]}"
    maps = MAPS[:2] if architecture.endswith("-closed") else MAPS
    assert ends_of(model.graph.input) == {"image": (onnx.TensorProto.UINT8, [1, height, width, 3])}
    kinds = {name: onnx.TensorProto.UINT8 if name == "segmentation" else onnx.TensorProto.FLOAT for name in maps}
    assert ends_of(model.graph.output) == {name: (kinds[name], [1, height, width]) for name in maps}

    random = np.random.default_rng(height)
    coarse = random.integers(0, 256, ((height + 7) // 8, (width + 7) // 8, 3))
    picture = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width] * 0.8 + random.integers(0, 50, (height, width, 3))
    write_png(top / "picture.png", picture.astype(np.uint8))
    run(PROGRAM, "infer", "--params", weights, "--out", top, "--device", "ref", "--quiet", top / "picture.png")
    found = evaluator.run(model, image=picture.astype(np.uint8)[None])
    for name in maps:
        ours, theirs = np.load(top / f"picture_{name}.npy"), found[name]
        assert theirs.shape == (1, *ours.shape), theirs.shape
        if name == "segmentation":
            assert theirs.dtype == np.uint8 and len(np.unique(ours)) > 1
            assert (ours != theirs).sum() <= ours.size // 1000, f"{(ours != theirs).sum()} classes differ"
            continue
        apart, reach = np.abs(ours - theirs).max(), float(ours.max()) - float(ours.min())
        bound = BOUND * reach + PLACES * np.spacing(np.abs(ours).max())
        assert reach > 0 and apart <= bound, f"{name}: {apart:.3g} apart, of a range of {reach:.3g}"


def says_what_it_is(top):
    weights, path = make_weights(top, "ldn-tiny", 19), top / "said.onnx"
    document = json.loads(run(PROGRAM, "weights", "convert", weights, path, "--json").stdout)
    assert document["container"] == "onnx" and document["size"] == [720, 1280] and document["maps"] == MAPS, document
    model = onnx.load(str(path))
    said = {entry.key: entry.value for entry in model.metadata_props}
    names = json.loads(said.pop("class_names"))
    assert len(names) == 19 and names[0] == "road" and names[18] == "bicycle", names
    assert said.pop("program").startswith("DenseHybrid Studio "), said
    assert said == {"architecture": "ldn-tiny", "classes": "19",
                    "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}, said
    for words in ("ldn-tiny, 19 classes", "uint8, 1 x 720 x 1280 x 3", "RGB", "those of Cityscapes", *MAPS):
        assert words in model.doc_string, (words, model.doc_string)
    # Tensors keep the checkpoint's names, and each is there once.
    assert "logits.conv.weight" in {tensor.name for tensor in model.graph.initializer}
    first, again = path.read_bytes(), top / "again.onnx"
    run(PROGRAM, "weights", "convert", weights, again)
    assert again.read_bytes() == first, "the same weights give another file"


def says_what_is_missing(top):
    weights, path = make_weights(top, "ldn-tiny-closed", 7), top / "closed.onnx"
    done = run(PROGRAM, "weights", "convert", weights, path)
    assert "no outlier head" in done.stderr and done.stdout.rstrip().endswith("segmentation, likelihood"), done
    model = onnx.load(str(path))
    assert "class_names" not in {entry.key for entry in model.metadata_props}
    assert "Without an outlier head" in model.doc_string and "names" not in model.doc_string, model.doc_string


with tempfile.TemporaryDirectory(prefix="dh-onnx-") as folder:
    at = Path(folder)
    for shape in (("ldn-tiny", 5, 97, 131), ("ldn-tiny-closed", 12, 64, 96), ("ldn-tiny", 5, 32, 32),
                  ("ldn-tiny", 5, 41, 260), ("dlv3p-tiny", 19, 75, 61), ("dlv3p-tiny-closed", 5, 33, 90),
                  ("dlv3p-tiny", 5, 32, 32), ("ldn-tiny", 5, 50, 70, "f16")):
        case("the maps of " + " ".join(map(str, shape)), same_maps, at, *shape)
    case("the file says what it is", says_what_it_is, at)
    case("a network without outlier head has two maps", says_what_is_missing, at)
tell()
