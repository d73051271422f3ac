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


def numbered(i, name, shape):
    """Numbers of thousandths, so that all of them are the same everywhere."""
    found = {}
    for part, sides in (("weight", shape), ("bias", shape[:1])):
        k = np.arange(np.prod(sides), dtype=np.int64)
        values = ((k * 7919 + 131 * i + (part == "bias") * 17) % 1009 - 504) / 504
        scale = 1.7 / np.sqrt(np.prod(shape[1:])) if part == "weight" else 0.3
        found[f"{name}.{part}"] = (values * scale).reshape(sides).astype(np.float32)
    return found


def parameters(kernel):
    found = {}
    for i, (name, shape) in enumerate(SHAPES.items()):
        found |= numbered(i, name, shape + (kernel, kernel) if name == "first" else shape)
    return found


def gated(o):
    """As LR-ASPP on MobileNetV3 is: groups of one channel, gates, logits that are a sum."""
    x = fine = o.hard_swish(o.conv("first", "image", 3, 12, 3, stride=2, padding=1))
    x = o.clip(o.conv("depth", o.relu(o.conv("expand", x, 12, 20, 1)), 20, 20, 5, stride=2, padding=2, groups=20))
    gate = o.hard_sigmoid(o.conv("excite", o.relu(o.conv("squeeze", o.mean(x), 20, 8, 1)), 8, 20, 1))
    x = o.hard_swish(o.conv("wide", o.multiply(x, gate), 20, 18, 1))
    x = o.multiply(o.relu(o.conv("project", x, 18, 16, 1)), o.sigmoid(o.conv("scale", o.mean(x), 18, 16, 1)))
    return [("low", fine, 12), ("high", o.bilinear(x, fine), 16)]


def mixed(o):
    """Other activations and ways to a larger size, groups of several channels, a product of values."""
    x = fine = o.leaky(o.conv("first", "image", 3, 8, 3, padding=1))
    x = o.silu(o.conv("groups", o.pool(x), 8, 16, 3, padding=1, groups=4))
    y = o.gelu(o.conv("more", o.pool(x), 16, 32, 3, padding=2, dilation=2, groups=2))
    y = o.nearest(o.depth_to_space(y), fine)
    x = o.nearest(o.multiply(x, o.conv("map", x, 16, 1, 3, padding=1)), fine)
    return [("classes", o.add(o.conv("narrow", x, 16, 8, 1), y), 8)]


PROGRAMS = {"gated": gated, "mixed": mixed}


class OnnxMaker:
    def __init__(self):
        self.nodes, self.parameters, self.count = [], {}, 0
        self.constants = [numpy_helper.from_array(np.array([n], np.int64), f"int{n}") for n in (0, 2, 4)]
        self.constants += [numpy_helper.from_array(np.array(v, np.float32), f"float{v}") for v in (0, 6)]

    def node(self, operation, *inputs, output=None, **attributes):
        self.count += 1
        output = output or f"value{self.count}"
        self.nodes.append(helper.make_node(operation, inputs, [output], output, **attributes))
        return output

    def conv(self, name, x, ins, outs, kernel, stride=1, padding=0, dilation=1, groups=1):
        self.parameters |= numbered(len(self.parameters), name, (outs, ins // groups, kernel, kernel))
        return self.node("Conv", x, f"{name}.weight", f"{name}.bias", output=name, pads=[padding] * 4,
                         strides=[stride] * 2, dilations=[dilation] * 2, group=groups)

    def size(self, x, like):
        own = self.node("Slice", self.node("Shape", x), "int0", "int2", "int0")
        return self.node("Concat", own, self.node("Slice", self.node("Shape", like), "int2", "int4", "int0"), axis=0)

    def bilinear(self, x, like):
        return self.node("Resize", x, "", "", self.size(x, like), mode="linear",
                         coordinate_transformation_mode="half_pixel")

    def nearest(self, x, like):
        return self.node("Resize", x, "", "", self.size(x, like), mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="asymmetric")

    def relu(self, x): return self.node("Relu", x)
    def hard_swish(self, x): return self.node("HardSwish", x)
    def clip(self, x): return self.node("Clip", x, "float0", "float6")
    def hard_sigmoid(self, x): return self.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)
    def sigmoid(self, x): return self.node("Sigmoid", x)
    def leaky(self, x): return self.node("LeakyRelu", x, alpha=0.1)
    def silu(self, x): return self.node("Mul", x, self.node("Sigmoid", x))
    def gelu(self, x): return self.node("Gelu", x)
    def mean(self, x): return self.node("GlobalAveragePool", x)
    def pool(self, x): return self.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    def multiply(self, x, y): return self.node("Mul", x, y)
    def add(self, x, y): return self.node("Add", x, y)
    def depth_to_space(self, x): return self.node("DepthToSpace", x, blocksize=2, mode="CRD")

    def write(self, path, program):
        parts = [self.conv(f"logits_{name}", x, ins, CLASSES, 1) for name, x, ins in program(self)]
        total = parts[0] if len(parts) == 1 else self.add(*parts)
        logits = self.node("Identity", self.bilinear(total, "image"), output="logits")
        self.constants += [numpy_helper.from_array(value, name) for name, value in self.parameters.items()]
        sides = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])]
        ends = [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ["n", CLASSES, "h", "w"])]
        graph = helper.make_graph(self.nodes, "net", sides, ends, self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
        Path(f"{path}.json").write_text(json.dumps({"mean": MEAN, "std": DEVIATION}))


def torch_maker(picture, dictionary):
    import torch
    from torch.nn import functional as f

    class TorchMaker:
        def conv(self, name, x, ins, outs, kernel, stride=1, padding=0, dilation=1, groups=1):
            for key, value in numbered(len(dictionary), name, (outs, ins // groups, kernel, kernel)).items():
                dictionary[key] = torch.tensor(value, dtype=torch.float64, requires_grad=True)
            return f.conv2d(picture if isinstance(x, str) else x, dictionary[f"{name}.weight"], dictionary[f"{name}.bias"],
                            stride, padding, dilation, groups)

        def bilinear(self, x, like): return f.interpolate(x, size=like.shape[2:], mode="bilinear")
        def nearest(self, x, like): return f.interpolate(x, size=like.shape[2:], mode="nearest")
        def relu(self, x): return torch.relu(x)
        def hard_swish(self, x): return f.hardswish(x)
        def clip(self, x): return f.relu6(x)
        def hard_sigmoid(self, x): return f.hardsigmoid(x)
        def sigmoid(self, x): return torch.sigmoid(x)
        def leaky(self, x): return f.leaky_relu(x, 0.1)
        def silu(self, x): return f.silu(x)
        def gelu(self, x): return f.gelu(x)
        def mean(self, x): return x.mean((2, 3), keepdim=True)
        def pool(self, x): return f.max_pool2d(x, 2)
        def multiply(self, x, y): return x * y
        def add(self, x, y): return x + y
        def depth_to_space(self, x): return f.pixel_shuffle(x, 2)

    return TorchMaker()


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

    def finish(p, f, g, labels):
        negative = labels == CLASSES + 1
        segmentation = functional.nll_loss(functional.log_softmax(f, 1),
                                           torch.where(labels < CLASSES, labels, -100), ignore_index=-100)
        likelihood = (torch.logsumexp(f, 1)[negative] - f.detach().mean()).mean()
        posterior = functional.nll_loss(functional.log_softmax(g, 1), negative.long())
        (segmentation + BETA * likelihood + 10 * BETA * posterior).backward()
        return {"losses": [loss.item() for loss in (segmentation, likelihood, posterior)],
                "gradients": {key: numbers(value.grad.numpy()) for key, value in p.items()}}

    def head(p, name, x):
        p[f"{name}.weight"] = torch.zeros(2, x.shape[1], 1, 1, dtype=torch.float64, requires_grad=True)
        p[f"{name}.bias"] = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        return functional.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"])

    golden = {}
    picture, labels = (torch.tensor(value) for value in batch())
    mean, deviation = (torch.tensor(np.array(v, np.float32)).double().view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    for name, program in PROGRAMS.items():
        p, q = {}, {}
        maker = torch_maker((picture.double() - mean) / deviation, p)
        parts = program(maker)
        logits = sum(maker.conv(f"logits_{part}", x, ins, CLASSES, 1) for part, x, ins in parts)
        outliers = sum(head(q, "logits_ood" + "_" * i, x) for i, (_, x, _) in enumerate(parts))
        golden[name] = finish(p | q, maker.bilinear(logits, picture), maker.bilinear(outliers, picture), labels)
    for name, (kernel, stride, padding, pool, corners, branch) in NETWORKS.items():
        p = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
             for key, value in parameters(kernel).items() if branch or not key.startswith("branch")}

        def conv(x, of, **more):
            return functional.conv2d(x, p[f"{of}.weight"], p[f"{of}.bias"], **more)

        def resize(x, like):
            return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=corners)

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
        f, g = resize(conv(y, "classes"), x), resize(head(p, "logits_ood", y), x)
        golden[name] = finish(p, f, g, labels)
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


def check(name, device, precision, loss_bound, bound, expected, folder):
    net, tensors = folder / f"{name}.onnx", folder / "batch.safetensors"
    if name in PROGRAMS:
        OnnxMaker().write(net, PROGRAMS[name])
    else:
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
    ends = [output.name for output in onnx.load(written).graph.output]
    assert ends == ["logits", "logits_ood"], f"the outputs written are {ends}"
    again = run(PROGRAM, written, device, precision, tensors, folder / "again.safetensors", folder / "w.onnx").stdout
    assert again == said, f"as it was written it has losses of {again.strip()}, not {said.strip()}"
    second = read_tensors(folder / "again.safetensors")
    assert [first[key].tobytes() for key in first] == [second[key].tobytes() for key in first]


if "--record" in sys.argv:
    record()
    sys.exit()
golden = json.loads(GOLDEN.read_text())
with tempfile.TemporaryDirectory() as name:
    for which in [*NETWORKS, *PROGRAMS]:
        for device, precision, loss_bound, bound in (("ref", "f32", 1e-6, 1e-5), ("cpu", "f32", 1e-6, 1e-4)):
            case(f"train/{which}/{device}", check, which, device, precision, loss_bound, bound, golden[which],
                 Path(name))
tell()
