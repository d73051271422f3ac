#!/usr/bin/env python3
"""A step of training a network of others: losses and gradients as PyTorch in float64 has them, on a batch of two and at
odd sides; and the network that is written then is the one that was read.

    tests/onnx/test-train.py build/tests/onnx/foreign-gradients tests/onnx/gradients.json [--record]

Needs onnx and NumPy (Debian: python3-onnx); to record, PyTorch too. Prints TAP."""
import json
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from program import case, run, tell

PROGRAM, GOLDEN = (Path(word).resolve() for word in sys.argv[1:3])
N, HEIGHT, WIDTH, CLASSES, BETA = 2, 37, 53, 4, 0.5
MEAN, DEVIATION = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
# name: kernel, stride and padding of the first convolution, the pool, whether corners are aligned, the global branch
NETWORKS = {
    "plain": (3, 1, 1, ("MaxPool", 2, 2, 0, 0), False, False),
    "corners": (5, 2, 2, ("MaxPool", 3, 2, 1, 1), True, False),
    "means": (7, 2, 3, ("AveragePool", 3, 2, 1, 0), False, True),
}
SHAPES = {"first": (8, 3), "second": (12, 8, 3, 3), "third": (10, 20, 3, 3), "branch": (10, 10, 1, 1),
          "classes": (CLASSES, 10, 1, 1)}


def parameters(kernel):
    """Numbers of thousandths, so that all of them are the same everywhere."""
    found = {}
    for i, (name, shape) in enumerate(SHAPES.items()):
        shape = shape + (kernel, kernel) if name == "first" else shape
        for part, sides in (("weight", shape), ("bias", shape[:1])):
            k = np.arange(np.prod(sides), dtype=np.int64)
            values = ((k * 7919 + 131 * i + (part == "bias") * 17) % 1009 - 504) / 504
            scale = 1.7 / np.sqrt(np.prod(shape[1:])) if part == "weight" else 0.3
            found[f"{name}.{part}"] = (values * scale).reshape(sides).astype(np.float32)
    return found


def batch():
    k = np.arange(N * 3 * HEIGHT * WIDTH, dtype=np.int64)
    picture = ((k * 613 + k // 97 * 89) % 256 / 255).reshape(N, 3, HEIGHT, WIDTH).astype(np.float32)
    labels = (np.arange(N * HEIGHT * WIDTH, dtype=np.int64) // 11 * 5 % (CLASSES + 1)).reshape(N, HEIGHT, WIDTH)
    labels[:, 10:20, 15:30] = CLASSES + 1
    return picture, labels


def write_onnx(path, kernel, stride, padding, pool, corners, branch):
    nodes, constants = [], []

    def node(operation, inputs, output, **attributes):
        nodes.append(helper.make_node(operation, inputs, [output], output, **attributes))
        return output

    def conv(x, name, pads=0, step=1, reach=1):
        return node("Conv", [x, f"{name}.weight", f"{name}.bias"], name, pads=[pads] * 4, strides=[step] * 2,
                    dilations=[reach] * 2)

    def resize(x, like, name):
        shape = node("Shape", [like], f"{name}_like")
        part = node("Slice", [shape, "two", "four", "zero"], f"{name}_sides")
        own = node("Slice", [node("Shape", [x], f"{name}_shape"), "zero", "two", "zero"], f"{name}_own")
        size = node("Concat", [own, part], f"{name}_size", axis=0)
        return node("Resize", [x, "", "", size], name, mode="linear",
                    coordinate_transformation_mode="align_corners" if corners else "half_pixel")

    for name, number in (("zero", 0), ("two", 2), ("four", 4)):
        constants.append(numpy_helper.from_array(np.array([number], np.int64), name))
    for name, value in parameters(kernel).items():
        if branch or not name.startswith("branch"):
            constants.append(numpy_helper.from_array(value, name))
    operation, side, step, pads, ceil = pool
    fine = node("Relu", [conv("image", "first", padding, stride)], "fine")
    x = node(operation, [fine], "pool", kernel_shape=[side] * 2, strides=[step] * 2, pads=[pads] * 4, ceil_mode=ceil)
    x = resize(node("Relu", [conv(x, "second", 2, reach=2)], "coarse"), fine, "up")
    x = node("Relu", [conv(node("Concat", [x, fine], "both", axis=1), "third", 1)], "features")
    if branch:
        mean = node("GlobalAveragePool", [x], "mean")
        x = node("Add", [x, resize(conv(mean, "branch"), x, "wide")], "sum")
    resize(conv(x, "classes"), "image", "logits")
    sides = ["n", 3, "h", "w"]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES, "h", "w"])],
                              constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    Path(f"{path}.json").write_text(json.dumps({"mean": MEAN, "std": DEVIATION}))


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        more = np.ascontiguousarray(value, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_tensors(path):
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    found = {}
    for name, about in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            found[name] = np.frombuffer(data[8 + size + begin:8 + size + end], np.float32).reshape(about["shape"])
    return found


def numbers(gradient):
    """Its norm, and a projection that no exchange of two elements leaves alone."""
    flat = gradient.astype(np.float64).ravel()
    return [float(np.linalg.norm(flat)), float(flat @ ((np.arange(flat.size) * 389 % 1013 - 506) / 506))]


def record():
    import torch
    from torch.nn import functional

    golden = {}
    for name, (kernel, stride, padding, pool, corners, branch) in NETWORKS.items():
        p = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
             for key, value in parameters(kernel).items() if branch or not key.startswith("branch")}
        p["logits_ood.weight"] = torch.zeros(2, 10, 1, 1, dtype=torch.float64, requires_grad=True)
        p["logits_ood.bias"] = torch.zeros(2, dtype=torch.float64, requires_grad=True)

        def conv(x, of, **more):
            return functional.conv2d(x, p[f"{of}.weight"], p[f"{of}.bias"], **more)

        def resize(x, like):
            return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=corners)

        picture, labels = (torch.tensor(value) for value in batch())
        mean, deviation = (torch.tensor(np.array(v, np.float32)).double().view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
        x = (picture.double() - mean) / deviation
        operation, side, step, pads, ceil = pool
        fine = torch.relu(conv(x, "first", stride=stride, padding=padding))
        if operation == "MaxPool":
            coarse = functional.max_pool2d(fine, side, step, pads, ceil_mode=bool(ceil))
        else:
            coarse = functional.avg_pool2d(fine, side, step, pads, ceil_mode=bool(ceil), count_include_pad=False)
        coarse = torch.relu(conv(coarse, "second", padding=2, dilation=2))
        y = torch.relu(conv(torch.cat([resize(coarse, fine), fine], 1), "third", padding=1))
        if branch:
            y = y + resize(conv(y.mean((2, 3), keepdim=True), "branch"), y)
        f, g = resize(conv(y, "classes"), x), resize(conv(y, "logits_ood"), x)
        negative = labels == CLASSES + 1
        segmentation = functional.nll_loss(functional.log_softmax(f, 1),
                                           torch.where(labels < CLASSES, labels, -100), ignore_index=-100)
        likelihood = (torch.logsumexp(f, 1)[negative] - f.detach().mean()).mean()
        posterior = functional.nll_loss(functional.log_softmax(g, 1), negative.long())
        (segmentation + BETA * likelihood + 10 * BETA * posterior).backward()
        golden[name] = {"losses": [loss.item() for loss in (segmentation, likelihood, posterior)],
                        "gradients": {key: numbers(value.grad.numpy()) for key, value in p.items()}}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


def check(name, device, precision, loss_bound, bound, expected, folder):
    net, tensors = folder / f"{name}.onnx", folder / "batch.safetensors"
    write_onnx(net, *NETWORKS[name])
    picture, labels = batch()
    write_tensors(tensors, {"input": picture, "labels": labels.astype(np.float32)})
    written, gradients = folder / "written.onnx", folder / "gradients.safetensors"
    said = run(PROGRAM, net, device, precision, tensors, gradients, written).stdout
    for found, loss in zip(map(float, said.split()), expected["losses"], strict=True):
        assert abs(found / loss - 1) <= loss_bound, f"a loss of {found}, not {loss}"
    first = read_tensors(gradients)
    assert set(first) == set(expected["gradients"]), f"gradients of {sorted(first)}"
    for key, (norm, projection) in expected["gradients"].items():
        found = numbers(first[key])
        off = max(abs(found[0] - norm), abs(found[1] - projection)) / norm
        assert off <= bound, f"the gradient of {key} is off by {off:.2g} of its norm"
    again = run(PROGRAM, written, device, precision, tensors, folder / "again.safetensors", folder / "w.onnx").stdout
    assert again == said, f"as it was written it has losses of {again.strip()}, not {said.strip()}"
    second = read_tensors(folder / "again.safetensors")
    assert [first[key].tobytes() for key in first] == [second[key].tobytes() for key in first]


if "--record" in sys.argv:
    record()
    sys.exit()
golden = json.loads(GOLDEN.read_text())
with tempfile.TemporaryDirectory() as name:
    for which in NETWORKS:
        for device, precision, loss_bound, bound in (("ref", "f32", 1e-6, 1e-5), ("cpu", "f32", 1e-6, 1e-4)):
            case(f"train/{which}/{device}", check, which, device, precision, loss_bound, bound, golden[which],
                 Path(name))
tell()
