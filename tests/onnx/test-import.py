#!/usr/bin/env python3
"""Networks of others, as ONNX, give the logits that the operators' definitions give; what is not known is refused by
name.

    tests/onnx/test-import.py build/app/densehybrid

Needs onnx and NumPy (Debian: python3-onnx). Prints TAP."""
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import evaluator
from program import case, run, tell, write_png

PROGRAM = str(Path(sys.argv[1]).resolve())
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
BOUND = 2e-5  # of the logits' range: the device rounds each value to float32, NumPy computes in double


class Network:
    """Nodes as an exporter writes them. A value is known by its name; shapes are kept for those of a fixed size."""

    def __init__(self, height=None, width=None, channels=3, seed=1):
        self.nodes, self.constants, self.random, self.n = [], [], np.random.default_rng(seed), 0
        self.fixed, self.shapes = height is not None, {"image": (1, channels, height, width)}
        self.outputs = []

    def constant(self, array, dtype=None):
        self.n += 1
        array = np.asarray(array)
        if dtype is None:
            dtype = np.int64 if array.dtype.kind == "i" else np.float32
        self.constants.append(numpy_helper.from_array(array.astype(dtype), f"c{self.n}.weight"))
        return f"c{self.n}.weight"

    def node(self, operation, *inputs, shape=None, **attributes):
        self.n += 1
        self.nodes.append(helper.make_node(operation, list(inputs), [f"v{self.n}"], f"{operation}_{self.n}", **attributes))
        if shape:
            self.shapes[f"v{self.n}"] = shape
        return f"v{self.n}"

    def channels(self, x):
        return self.shapes[x][1]

    def slid(self, x, out, kernel, stride=1, pad=0, reach=1):
        n, _, h, w = self.shapes[x]
        size = [None if side is None else (side + 2 * pad - reach * (kernel - 1) - 1) // stride + 1 for side in (h, w)]
        return (n, out, *size)

    def conv(self, x, out, kernel=3, stride=1, pad=None, reach=1, bias=True, dtype=None, weight=None, group=1, **more):
        pad = reach * (kernel // 2) if pad is None else pad
        into = self.channels(x) // group
        if group > 1:
            more["group"] = group
        scale = np.sqrt(3 / (into * kernel * kernel))
        weight = weight or self.constant(self.random.uniform(-scale, scale, (out, into, kernel, kernel)), dtype)
        inputs = [x, weight] + ([self.constant(self.random.uniform(-0.2, 0.2, out), dtype)] if bias else [])
        attributes = dict(kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4, dilations=[reach, reach])
        attributes.update(more)
        return self.node("Conv", *inputs, shape=self.slid(x, out, kernel, stride, pad, reach), **attributes)

    def norm(self, x, epsilon=1e-5, **more):
        c = self.channels(x)
        numbers = [self.random.uniform(*ends, c) for ends in ((0.5, 1.5), (-0.3, 0.3), (-0.3, 0.3), (0.3, 2))]
        return self.node("BatchNormalization", x, *map(self.constant, numbers), shape=self.shapes[x], epsilon=epsilon, **more)

    def same(self, operation, *inputs, **attributes):
        return self.node(operation, *inputs, shape=self.shapes[inputs[0]], **attributes)

    def relu(self, x):
        return self.same("Relu", x)

    def pool(self, operation, x, kernel, stride, pad=0, **more):
        return self.node(operation, x, shape=self.slid(x, self.channels(x), kernel, stride, pad), kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[pad] * 4, **more)

    def concat(self, *inputs):
        n, _, h, w = self.shapes[inputs[0]]
        return self.node("Concat", *inputs, shape=(n, sum(map(self.channels, inputs)), h, w), axis=1)

    def sizes_like(self, x, like, way):
        """Height and width of `like` behind the batch and channels of `x`: as numbers, cut out of the shape as one
        exporter does, or reckoned from the picture's, as the other does."""
        if self.fixed:
            return self.constant(np.array([1, self.channels(x), *self.shapes[like][2:]]))
        head = self.node("Slice", self.node("Shape", x), self.constant([0]), self.constant([2]), self.constant([0]))
        if way == "gathered":
            shape = self.node("Shape", like)
            sides = [self.node("Unsqueeze", self.node("Gather", shape, self.constant(np.array(i)), axis=0), self.constant([0]))
                     for i in (2, 3)]
            tail = self.node("Cast", self.node("Concat", *sides, axis=0), to=TensorProto.INT64)
        else:
            tail = self.node("Slice", self.node("Shape", "image"), self.constant([2]), self.constant([4]), self.constant([0]))
            for _ in range(self.halvings(like)):  # (side − 1) / 2 + 1
                tail = self.node("Div", self.node("Sub", tail, self.constant([1])), self.constant([2]))
                tail = self.node("Add", tail, self.constant([1]))
        return self.node("Concat", head, tail, axis=0)

    def halvings(self, x):
        return self.steps.get(x, 0)

    def resize(self, x, like, way="gathered", mode="half_pixel"):
        shape = (1, self.channels(x), *self.shapes[like][2:])
        return self.node("Resize", x, "", "", self.sizes_like(x, like, way), shape=shape, mode="linear",
                         coordinate_transformation_mode=mode)

    def model(self, operator_set=13, shape=None):
        shape = shape or [1, self.shapes["image"][1], *(("h", "w") if not self.fixed else self.shapes["image"][2:])]
        for output, name in self.outputs:
            self.nodes.append(helper.make_node("Identity", [output], [name], name))
        kinds = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list("nchw")) for _, name in self.outputs]
        graph = helper.make_graph(self.nodes, "net", [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)], kinds,
                                  self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", operator_set)], producer_name="test")


def ladder(way, mode="half_pixel", size=(None, None)):
    """A residual encoder, a pyramid, a decoder with skips, two heads: as SwiftNet and its like are."""
    net = Network(*size)
    x = net.pool("MaxPool", net.relu(net.norm(net.conv("image", 8, 7, 2, bias=False))), 3, 2, 1)
    net.steps, skips = {x: 2}, []
    for depth in range(3):
        if depth:
            x = net.relu(net.norm(net.conv(x, 8 + 4 * depth, 3, 2, bias=False), epsilon=1e-3))
        y = net.conv(net.relu(net.conv(x, net.channels(x))), net.channels(x), reach=1 + depth)
        x = net.relu(net.same("Add", x, y))
        net.steps[x] = 2 + depth
        skips.append(x)
    whole = net.node("GlobalAveragePool", x, shape=(1, net.channels(x), 1, 1))
    x = net.concat(x, net.resize(net.relu(net.conv(whole, 6, 1)), x, way, mode))
    for skip in skips[1::-1]:
        up = net.resize(net.conv(x, 10, 1), skip, way, mode)
        x = net.relu(net.conv(net.same("Add", up, net.conv(skip, 10, 1)), 10))
    net.outputs = [(net.resize(net.conv(x, 5, 1), "image", way, mode), "logits"),
                   (net.resize(net.conv(net.relu(net.norm(x)), 2, 1), "image", way, mode), "logits_ood")]
    return net


def pyramid(height, width):
    """At a fixed size: grids of 1, 2 and 3 rows as windows, sizes as numbers, no resize at the end, a softmax."""
    net = Network(height, width)
    x = net.relu(net.conv(net.pool("AveragePool", net.conv("image", 6, 3, 2), 2, 2), 8, 3))
    n, c, h, w = net.shapes[x]
    parts = [x]
    for rows in (1, 2, 3):
        grid = net.node("AveragePool", x, shape=(n, c, rows, rows), kernel_shape=[h // rows, w // rows],
                        strides=[h // rows, w // rows])
        parts.append(net.resize(net.conv(grid, 4, 1), x, mode="align_corners"))
    net.outputs = [(net.node("Softmax", net.conv(net.concat(*parts), 7, 1), shape=(n, 7, h, w), axis=1), "probabilities")]
    return net


def all_kinds():
    """Every other form that is known."""
    net = Network()
    image = net.same("Div", net.same("Sub", "image", net.constant(np.array([[[0.1]], [[0.2]], [[0.3]]]))),
                     net.constant(np.array([[[[0.5]], [[0.6]], [[0.7]]]])))
    image = net.same("Mul", net.same("Add", net.same("Cast", image, to=TensorProto.FLOAT16), net.constant(np.array(0.25))),
                     net.constant(np.array([0.5])))
    x = net.same("Clip", net.conv(image, 6, 3, dtype=np.float16), net.constant(np.array(0.0)))
    x = net.same("Dropout", net.same("Identity", x))
    weight = net.constant(net.random.uniform(-0.3, 0.3, (6, 6, 3, 3)))
    a, b = net.conv(x, 6, 3, weight=weight, bias=False), net.conv(x, 6, 3, weight=weight)
    x = net.same("Sum", a, b, net.conv(x, 6, 5, auto_pad="SAME_UPPER"))
    small = net.pool("MaxPool", net.pool("AveragePool", x, 3, 2, 1), 2, 2)
    small = net.node("Sub", net.constant(np.array(1.5)), small, shape=net.shapes[small])
    mean = net.node("ReduceMean", small, shape=(1, 6, 1, 1), axes=[2, 3], keepdims=1)
    mean = net.node("Resize", mean, "", "", net.sizes_like(mean, small, "gathered"), shape=net.shapes[small], mode="nearest")
    small = net.conv(net.concat(small, mean), 4, 1)
    twice = net.node("Resize", small, "", net.constant(np.array([1.0, 1, 2, 2])), shape=(1, 4, None, None), mode="linear",
                     coordinate_transformation_mode="pytorch_half_pixel")
    x = net.concat(net.resize(twice, x), x)
    net.outputs = [(net.conv(net.relu(x), 3, 1), "out"), (net.conv(x, 3, 1), "aux")]
    return net


def mobile():
    """Depthwise convolutions, clips, hard functions and gates: as MobileNet's and EfficientNet's blocks have them."""
    net = Network()

    def gate(x, end):
        c = net.channels(x)
        y = net.node("GlobalAveragePool", x, shape=(1, c, 1, 1))
        return end(net.conv(net.relu(net.conv(y, 4, 1)), c, 1))

    def silu(x):
        return net.same("Mul", x, net.same("Sigmoid", x))

    x = net.same("HardSwish", net.norm(net.conv("image", 8, 3, 2, bias=False)))
    x = net.same("Clip", net.norm(net.conv(x, 8, 3, group=8, bias=False)), net.constant(np.array(0.0)), net.constant(np.array(6.0)))
    y = net.same("Mul", x, gate(x, lambda g: net.same("HardSigmoid", g, alpha=1 / 6)))
    skip = net.same("Add", net.conv(y, 8, 1), x)
    x = silu(net.conv(skip, 24, 3, 2, group=8))
    x = net.same("Mul", gate(x, lambda g: net.same("Sigmoid", g)), x)
    net.shapes[x] = net.shapes[skip][:1] + (24,) + net.shapes[skip][2:]
    x = net.same("LeakyRelu", net.conv(net.same("Mul", x, net.constant(np.array(20.0))), 12, 5, reach=2, group=4))
    x = net.same("Mul", net.same("HardSigmoid", x), x)
    x = net.same("Mul", x, net.constant(np.array(10.0)))  # so that the logits are not all biases
    x = net.same("PRelu", net.conv(x, 6, 1), net.constant(net.random.uniform(-0.5, 0.9, (6, 1, 1))))
    x = net.same("PRelu", net.conv(x, 6, 3, group=2), net.constant(np.array([0.3])))
    both = net.same("Mul", net.conv(x, 6, 1), net.same("Clip", x, "", net.constant(np.array(0.7))))
    one = net.node("Sigmoid", net.conv(x, 1, 1), shape=(1, 1, None, None))
    together = net.node("ReduceSum", net.same("Mul", x, both), net.constant([1]), shape=(1, None, None), keepdims=0)
    together = net.node("Sigmoid", net.node("Unsqueeze", together, net.constant([1])), shape=(1, 1, None, None))
    other = net.node("Sub", net.constant(np.array(1.0)), together, shape=net.shapes[together])
    mean = net.node("ReduceMean", x, shape=(1, 1, None, None), axes=[-3], keepdims=1)
    both = net.concat(net.same("Mul", both, together), net.same("Mul", other, net.same("Mul", mean, one)))
    x = net.concat(net.same("Mul", both, one), net.same("Mul", one, net.conv(x, 1, 1)))
    net.outputs = [(net.same("Sigmoid", net.resize(net.conv(net.concat(x, net.same("HardSwish", x)), 5, 1), "image")), "out")]
    return net


def enlarged(kind):
    """Twice and four times as large, in each way that a decoder does it."""
    net = Network()
    x = net.relu(net.conv("image", 6, 3, 4))

    def up(x, out, k, s, pad, more=0, group=1, bias=True):
        weight = net.constant(net.random.uniform(-0.5, 0.5, (net.channels(x), out // group, k, k)))
        inputs = [x, weight] + ([net.constant(net.random.uniform(-0.2, 0.2, out))] if bias else [])
        return net.node("ConvTranspose", *inputs, shape=(1, out, None, None), strides=[s, s], pads=[pad] * 4, group=group,
                        kernel_shape=[k, k], **({"output_padding": [more] * 2} if more else {}))

    def nearest(x, by, **more):
        return net.node("Resize", x, "", net.constant(np.array([1.0, 1, by, by])), shape=(1, net.channels(x), None, None),
                        mode="nearest", **more)
    floor = dict(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    ways = {"2": lambda: up(up(x, 4, 2, 2, 0), 3, 2, 2, 0, bias=False), "3": lambda: up(up(x, 4, 3, 2, 1, 1), 3, 3, 2, 1, 1),
            "4": lambda: up(x, 3, 4, 4, 0), "4 by 2": lambda: up(up(x, 6, 4, 2, 1, group=2), 3, 4, 2, 1, group=3),
            "8": lambda: up(x, 3, 8, 4, 2), "1": lambda: up(up(x, 4, 3, 1, 1), 3, 4, 4, 0),
            "pixels": lambda: net.node("DepthToSpace", net.conv(x, 48, 3), shape=(1, 3, None, None), blocksize=4, mode="CRD"),
            "nearest": lambda: nearest(net.conv(nearest(x, 2, **floor), 3), 2),
            "nearest 4": lambda: nearest(net.conv(x, 3, 1), 4, nearest_mode="round_prefer_ceil"),
            "nearest to a size": lambda: net.node("Resize", x, "", "", net.sizes_like(x, "image", "gathered"),
                                                  shape=(1, 6, None, None), mode="nearest", **floor)}
    net.outputs = [(net.conv(ways[kind](), 5), "out")]
    return net


def transformer(way, decomposed=False, size=(None, None), wide=4, deep=4, tanh=False, scale_first=True, bias=True):
    """Overlapping patches, blocks of attention with keys of fewer pixels and mixing in between, a head of all scales: as
    SegFormer is, in the operators of either exporter."""
    net = Network(*size)
    channels = wide * deep
    scalar = lambda x: net.constant(np.array(x, np.float32))

    def sides(x):
        shape = net.node("Shape", x)
        return [net.node("Unsqueeze", net.node("Gather", shape, net.constant(np.array(i)), axis=0), net.constant([0])) for i in (2, 3)]

    def tokens(x):
        to = net.constant([1, net.channels(x), -1])
        y = net.node("Flatten", x, axis=2) if way == "flat" else net.node("Reshape", x, to)
        if way == "flat":
            y = net.node("Reshape", x, net.node("Concat", net.node("Slice", net.node("Shape", x), net.constant([0]), net.constant([2]), net.constant([0])),
                                                net.constant([-1]), axis=0))
        return net.node("Transpose", y, perm=[0, 2, 1])

    def picture(x, c, like):
        turned = net.node("Transpose", x, perm=[0, 2, 1])
        sizes = net.constant([1, c, *net.shapes[like][2:]]) if net.fixed else net.node(
            "Concat", net.constant([1, c]), *sides(like), axis=0)
        return net.node("Reshape", turned, sizes, shape=(1, c, *net.shapes[like][2:]))

    def linear(x, into, out):
        weight = net.constant(net.random.uniform(-1, 1, (into, out)) * np.sqrt(3 / into))
        return net.node("Add", net.constant(net.random.uniform(-0.3, 0.3, out)), net.node("MatMul", x, weight))

    def layer_norm(x, c):
        weight, shift = net.random.uniform(0.5, 1.5, c), net.random.uniform(-0.3, 0.3, c)
        if not decomposed:
            return net.node("LayerNormalization", x, net.constant(weight), *([net.constant(shift)] if bias else []), axis=-1, epsilon=1e-3)
        apart = net.node("Sub", x, net.node("ReduceMean", x, axes=[-1], keepdims=1))
        squares = net.node("Pow", apart, scalar(2))
        variance = net.node("Add", net.node("ReduceMean", squares, axes=[-1], keepdims=1), scalar(1e-3))
        y = net.node("Mul", net.node("Div", apart, net.node("Sqrt", variance)), net.constant(weight))
        return net.node("Add", y, net.constant(shift)) if bias else y

    def gelu(x):
        if not decomposed:
            return net.node("Gelu", x, **({"approximate": "tanh"} if tanh else {}))
        gate = net.node("Add", net.node("Erf", net.node("Div", x, scalar(np.sqrt(2)))), scalar(1))
        if way == "flat":
            return net.node("Mul", net.node("Mul", x, scalar(0.5)), gate)
        return net.node("Mul", net.node("Mul", x, gate), scalar(0.5))

    def heads(x, order):
        return net.node("Transpose", net.node("Reshape", x, net.constant([1, -1, wide, deep])), perm=order)

    def attention(x, like):
        low = net.conv(picture(x, channels, like), channels, 2, 2, pad=0)
        fewer = layer_norm(tokens(low), channels)
        q, k, v = linear(x, channels, channels), linear(fewer, channels, channels), linear(fewer, channels, channels)
        q, k, v = heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1]), heads(v, [0, 2, 1, 3])
        root = scalar(deep ** -0.25)
        if way == "one":
            y = net.node("Attention", q, net.node("Transpose", k, perm=[0, 1, 3, 2]), v)
        else:
            y = net.node("MatMul", net.node("Mul", q, root), net.node("Mul", k, root)) if scale_first else \
                net.node("Div", net.node("MatMul", q, k), scalar(deep ** 0.5))
            y = net.node("MatMul", net.node("Softmax", y, axis=-1), v)
        y = net.node("Reshape", net.node("Transpose", y, perm=[0, 2, 1, 3]), net.constant([1, -1, channels]))
        return linear(y, channels, channels)

    def mixed(x, like):
        y = picture(linear(x, channels, 24), 24, like)
        return linear(gelu(tokens(net.conv(y, 24, 3, group=24))), 24, channels)

    like = net.conv("image", channels, 7, 4, pad=3)
    x = layer_norm(tokens(like), channels)
    for _ in range(2):
        x = net.node("Add", attention(layer_norm(x, channels), like), x)
        x = net.node("Add", x, mixed(layer_norm(x, channels), like))
    first_scale = picture(layer_norm(x, channels), channels, like)
    second = net.conv(first_scale, 10, 3, 2)
    y = picture(linear(tokens(second), 10, channels), channels, second)
    both = net.concat(net.resize(y, first_scale), picture(linear(tokens(first_scale), channels, channels), channels, like))
    net.outputs = [(net.resize(net.conv(net.relu(net.norm(net.conv(both, 8, 1, bias=False))), 5, 1), "image"), "out")]
    return net


TRANSFORMERS = {  # form, operator set
    "as one exporter writes it": (dict(way="reshaped", decomposed=True), 13), "as the other does": (dict(way="flat"), 20),
    "scaled products": (dict(way="flat", decomposed=True, scale_first=False, bias=False), 14),
    "no bias": (dict(way="reshaped", bias=False, wide=3, deep=5), 20), "one head": (dict(way="flat", wide=1, deep=12), 20),
    "by tanh": (dict(way="reshaped", tanh=True), 20), "attention as one": (dict(way="one"), 23),
}


def make_picture(top, height, width):
    random = np.random.default_rng(height)
    coarse = random.integers(0, 256, ((height + 7) // 8, (width + 7) // 8, 3))
    picture = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width] * 0.8 + random.integers(0, 50, (height, width, 3))
    write_png(top / "picture.png", picture.astype(np.uint8))
    return picture.astype(np.uint8)


def normalise(picture, mean=MEAN, deviation=DEVIATION):
    return (((picture / 255 - mean) / deviation).transpose(2, 0, 1))[None]


def infer(top, path, *words):
    return run(PROGRAM, "infer", "--params", path, "--out", top, "--device", "ref", "--maps", "logits", "--quiet", *words,
               top / "picture.png")


def near(ours, theirs, what="logits"):
    assert theirs.shape == (1, *ours.shape), (theirs.shape, ours.shape)
    apart, reach = np.abs(ours - theirs[0]).max(), theirs.max() - theirs.min()
    assert reach > 0 and apart <= BOUND * reach, f"{what}: {apart:.3g} apart, of a range of {reach:.3g}"


def save(net, path, operator_set=13):
    return save_model(net.model(operator_set), path)


def save_model(model, path):
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return model


def with_output(net, name):
    model = net.model()
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list("nchw")))
    return model


def infer_near(top, path, model, height, width):
    picture = make_picture(top, height, width)
    infer(top, path)
    near(np.load(top / "picture_logits.npy"), evaluator.run(model, image=normalise(picture))["out"])


def two_heads(top, way, mode, height, width):
    path = top / "ladder.onnx"
    model = save(ladder(way, mode), path)
    found = evaluator.run(model, image=normalise(make_picture(top, height, width)))
    for device in ("ref", "cpu"):
        infer(top, path, "--device", device, "--maps", "logits,logits_ood,hybrid")
        for name in ("logits", "logits_ood"):
            near(np.load(top / f"picture_{name}.npy"), found[name], f"{name} on {device}")
    f, g = found["logits"][0], found["logits_ood"][0]
    hybrid = -np.logaddexp.reduce(f, 0) + g[1] - np.logaddexp.reduce(g, 0)
    assert np.abs(np.load(top / "picture_hybrid.npy") - hybrid).max() <= 1e-4 * np.ptp(hybrid)


def of_another_size(top, *size):
    """Exported at one size, run at another: as if it had been exported there."""
    path = top / "pyramid.onnx"
    save(pyramid(*size), path)
    for height, width in ((96, 144), (72, 120)):
        model = pyramid(height, width).model()
        del model.graph.node[-2:]  # the softmax: logits are what stands before it
        model.graph.output[0].name = model.graph.node[-1].output[0]
        coarse = evaluator.run(model, image=normalise(make_picture(top, height, width)))[model.graph.output[0].name]
        full = evaluator.resize_line(evaluator.resize_line(coarse, 2, height, "align_corners"), 3, width, "align_corners")
        infer(top, path)
        near(np.load(top / "picture_logits.npy"), full, f"{height}x{width}")


def windows_alone(top):
    """Windows beside each other that fill the value are a grid only among others."""
    path = top / "windows.onnx"
    for height, width in ((64, 64), (72, 120)):
        net = Network(height, width)
        x = net.relu(net.conv("image", 6, 3, 2))
        net.outputs = [(net.conv(net.pool("AveragePool", x, 4, 4), 5, 1), "out")]
        model = net.model()
        if height == 64:
            onnx.save(model, str(path))
        coarse = evaluator.run(model, image=normalise(make_picture(top, height, width)))["out"]
        full = evaluator.resize_line(evaluator.resize_line(coarse, 2, height, "half_pixel"), 3, width, "half_pixel")
        infer(top, path)
        near(np.load(top / "picture_logits.npy"), full, f"{height}x{width}")


def cut_windows(top):
    path = top / "cut.onnx"
    net = Network()
    x = net.relu(net.conv("image", 6))
    parts = [net.pool(kind, x, kernel, stride, pad, ceil_mode=1)
             for kind, kernel, stride, pad in (("MaxPool", 2, 2, 0), ("AveragePool", 2, 2, 0), ("MaxPool", 3, 2, 1))]
    parts[2] = net.resize(parts[2], parts[0])
    net.outputs = [(net.resize(net.conv(net.concat(*parts), 5, 1), "image"), "out")]
    model = save(net, path)
    for height, width in ((96, 160), (97, 131)):
        infer_near(top, path, model, height, width)
    again = top / "again.onnx"
    run(PROGRAM, "weights", "convert", path, again, "--size", "97x131")
    infer(top, path, "--maps", "likelihood")
    found = evaluator.run(onnx.load(str(again)), image=make_picture(top, 97, 131)[None])
    near(np.load(top / "picture_likelihood.npy"), found["likelihood"])


def spread(top):
    """A mean of everything is added to everything."""
    path = top / "spread.onnx"
    net = Network()
    x = net.relu(net.conv("image", 6, 3, 2))
    mean = net.node("GlobalAveragePool", x, shape=(1, 6, 1, 1))
    x = net.same("Add", x, net.node("Add", mean, x, shape=net.shapes[x]))
    net.outputs = [(net.resize(net.conv(x, 5, 1), "image"), "out")]
    model = save(net, path)
    infer_near(top, path, model, 97, 131)


def halved(net, up):
    """Half the picture's sides, by reals: up or down."""
    sides = net.node("Slice", net.node("Shape", "image"), net.constant([2]), net.constant([(1 << 63) - 1]), net.constant([0]))
    sides = net.node("Div", net.node("Cast", sides, to=TensorProto.FLOAT), net.constant(np.array(2.0)))
    sides = net.node("Cast", net.node("Ceil", sides) if up else sides, to=TensorProto.INT64)
    return net.node("Concat", net.constant([1, 6]), sides, axis=0)


def reckoned_sizes(top):
    """Reals are divided as reals, and integers cut off; a slice goes to the largest number there is."""
    path = top / "sizes.onnx"
    for up, size in ((True, (97, 131)), (True, None), (False, (97, 131))):
        net = Network()
        half = net.conv("image", 6, 3, 2, pad=1 if up else 0)  # 49×66, or 48×65
        least = net.conv(half, 6, 3, 2)
        small = net.node("Resize", least, "", "", halved(net, up), shape=net.shapes[half], mode="linear",
                         coordinate_transformation_mode="half_pixel")
        net.outputs = [(net.resize(net.conv(small, 5, 1), "image"), "out")]
        model = save_model(net.model(shape=[1, 3, *(size or ("h", "w"))]), path)
        infer_near(top, path, model, 97, 131)


def multiples(top):
    """The picture is made a multiple of 32 first: at the nominal size, which is one, that does nothing."""
    path = top / "multiples.onnx"
    net = Network()
    sides = net.node("Slice", net.node("Shape", "image"), net.constant([2]), net.constant([4]), net.constant([0]))
    sides = net.node("Mul", net.node("Div", sides, net.constant([32])), net.constant([32]))
    x = net.node("Resize", "image", "", "", net.node("Concat", net.constant([1, 3]), sides, axis=0),
                 shape=net.shapes["image"], mode="linear", coordinate_transformation_mode="half_pixel")
    net.outputs = [(net.resize(net.conv(x, 5, 3, 2), "image"), "out")]
    save(net, path)
    make_picture(top, 97, 131)
    done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1)
    assert "a size that nothing else has" in done.stderr, done.stderr


def part_of_a_pixel(top):
    """Half of an odd side is no side: pixels' centres lie two apart, whatever is left over."""
    path = top / "half.onnx"
    for mode, size in (("half_pixel", None), ("align_corners", None), ("half_pixel", (97, 131))):
        net = Network()
        x = net.conv("image", 6)
        pooled = net.pool("MaxPool", x, 2, 2)
        half = net.node("Resize", x, "", net.constant(np.array([1, 1, 0.5, 0.5])), shape=(1, 6, None, None), mode="linear",
                        coordinate_transformation_mode=mode)
        x = net.same("Add", pooled, half)
        net.outputs = [(net.resize(net.conv(x, 5, 1), "image", mode=mode), "out")]
        model = save_model(net.model(shape=[1, 3, *(size or ("h", "w"))]), path)
        if not size:
            infer_near(top, path, model, 64, 96)
        if mode == "align_corners":
            infer_near(top, path, model, 97, 131)
            continue
        make_picture(top, 97, 131)
        for device in ("ref", "cpu"):
            done = run(PROGRAM, "infer", "--params", path, "--out", top, "--device", device, top / "picture.png", status=1)
            assert ("part of a pixel" if size else "131×97 values 65×48") in done.stderr, done.stderr


def idle_at_the_end(top):
    """At the file's own size the last resize does nothing; at others it aligns what the file says."""
    path = top / "idle.onnx"
    for mode in ("align_corners", "half_pixel"):
        net = Network()
        x = net.node("Resize", net.conv("image", 5, 3, 2), "", net.constant(np.array([1.0, 1, 2, 2])),
                     shape=(1, 5, None, None), mode="nearest", coordinate_transformation_mode="asymmetric",
                     nearest_mode="floor")
        net.outputs = [(net.resize(x, "image", mode=mode), "out")]
        model = save_model(net.model(shape=[1, 3, 64, 96]), path)
        for size in ((64, 96), (97, 131)):
            infer_near(top, path, model, *size)


def turned(top):
    """Before operator set 13 softmax goes along the last axis; other networks give N×H×W×K."""
    path = top / "turned.onnx"
    for perm in ([0, 3, 2, 1], [0, 2, 3, 1]):
        net = Network()
        x = net.node("Max", net.conv("image", 6), net.constant(np.array(0.0)), shape=(1, 6, None, None))
        x = net.conv(x, 5)
        found = evaluator.run(with_output(net, x), image=normalise(make_picture(top, 61, 80)))[x]
        end = net.node("Softmax", net.node("Transpose", x, perm=perm), axis=3)
        if perm[1] == 3:
            end = net.node("Transpose", end, perm=perm)
        net.outputs = [(end, "out")]
        model = save_model(net.model(11), path)
        infer(top, path)
        near(np.load(top / "picture_logits.npy"), found)
        only(model.graph.node, "Softmax").attribute[0].i = 1
        save_model(model, path)
        assert "axis 1" in run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1).stderr


def heads(top):
    """Which output is which, where nothing is said."""
    path = top / "heads.onnx"
    make_picture(top, 64, 64)

    def features(net):
        return net.relu(net.conv("image", 6))
    for made, classes, outliers in (((("out", 2), ("aux", 2)), 2, False), ((("out", 2), ("out_ood", 2)), 2, True),
                                    ((("a", 2), ("b", 5)), 5, True), ((("a", 5), ("b", 2), ("c", 2)), 5, False),
                                    ((("features", features), ("out", 5)), 5, False), ((("relu", features),), 6, False)):
        net = Network()
        net.outputs = [(net.conv("image", kind, 3) if isinstance(kind, int) else kind(net), name) for name, kind in made]
        save(net, path)
        told = json.loads(run(PROGRAM, "weights", "inspect", "--json", path).stdout)
        assert (told["classes"], told["outlier_head"]) == (classes, outliers), (made, told)


def other_forms(top):
    path = top / "kinds.onnx"
    net = all_kinds()
    model = net.model()
    picture = make_picture(top, 64, 96)
    for node in model.graph.node:  # the evaluator knows no automatic padding
        attributes = {a.name: a for a in node.attribute}
        if "auto_pad" in attributes:
            node.attribute.remove(attributes["pads"])
    onnx.save(model, str(path))
    for node in model.graph.node:
        attributes = {a.name: a for a in node.attribute}
        if "auto_pad" in attributes:
            node.attribute.remove(attributes["auto_pad"])
            node.attribute.append(helper.make_attribute("pads", [2, 2, 2, 2]))
    infer(top, path)
    near(np.load(top / "picture_logits.npy"), evaluator.run(model, image=normalise(picture))["out"])


def named_classes(top):
    """Names of classes beside the file: as many as the logits, told where classes are, and in the sum."""
    path, beside, again = top / "named.onnx", top / "named.onnx.json", top / "again.onnx"
    net = Network()
    net.outputs = [(net.conv("image", 3), "out")]
    save(net, path)
    make_picture(top, 32, 48)
    sums = set()
    for names in (None, ["road", "Straße \"7\"", "sky"], ["road", "sky", "pole"]):
        beside.write_text(json.dumps({"classes": names} if names else {}))
        told = json.loads(run(PROGRAM, "weights", "inspect", "--json", path).stdout)
        assert told.get("class_names") == names, told
        sums.add(told["sha256"])
        run(PROGRAM, "weights", "convert", path, again, "--size", "32x48")
        kept = {entry.key: entry.value for entry in onnx.load(str(again)).metadata_props}
        assert json.loads(kept.get("class_names", "null")) == names, kept
        assert not names or ", ".join(names) in run(PROGRAM, "weights", "inspect", path).stdout
    assert len(sums) == 3
    for names, words in ((["a", "b"], "names 2 classes, and the network tells 3"), (["a", "b", "c", "d"], "names 4 classes"),
                         (["a", "b", 3], "each a text"), ("abc", "2 to 255 names"), (["a", "b", "a"], "each another"),
                         (["a", "b", ""], "each another"), (["a", "b", "c\nd"], "each another"), (["a"], "2 to 255"),
                         (["a", "b", "c" * 81], "80 characters"), ([["a"], "b", "c"], "each a text")):
        beside.write_text(json.dumps({"classes": names}))
        done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1)
        assert words in done.stderr, (names, done.stderr)


def mobile_blocks(top):
    path = top / "mobile.onnx"
    net = mobile()
    save(net, path, 14)
    before = net.nodes[-2].input[0]  # the sigmoid at the end tells no more than what it is of
    open_end = onnx.load(str(path))
    open_end.graph.output.append(helper.make_tensor_value_info(before, TensorProto.FLOAT, list("nchw")))
    for device, size in (("ref", (64, 96)), ("cpu", (64, 96)), ("cpu", (97, 131))):
        picture = make_picture(top, *size)
        infer(top, path, "--device", device)
        near(np.load(top / "picture_logits.npy"), evaluator.run(open_end, image=normalise(picture))[before], f"{device} {size}")
    again = top / "again.onnx"
    run(PROGRAM, "weights", "convert", path, again, "--size", "97x131")
    infer(top, path, "--maps", "likelihood")
    near(np.load(top / "picture_likelihood.npy"),
         evaluator.run(onnx.load(str(again)), image=make_picture(top, 97, 131)[None])["likelihood"])


def transformed(top, kind):
    form, operator_set = TRANSFORMERS[kind]
    path = top / "transformer.onnx"
    for size in ((None, None), (64, 96)):
        model = transformer(size=size, **form).model(operator_set)
        onnx.save(model, str(path))  # Debian's checker is older than some of these
        for height, width in ((64, 96), (90, 61)) if size[0] is None else ((64, 96),):
            picture = make_picture(top, height, width)
            found = evaluator.run(model, image=normalise(picture))["out"]
            for device in ("ref", "cpu"):
                infer(top, path, "--device", device)
                near(np.load(top / "picture_logits.npy"), found, f"{height}x{width} of {size} on {device}")
    again = top / "again.onnx"
    run(PROGRAM, "weights", "convert", path, again, "--size", "64x96")
    infer(top, path, "--maps", "segmentation,likelihood")
    picture = make_picture(top, 64, 96)
    infer(top, path, "--maps", "segmentation,likelihood")
    back = evaluator.run(onnx.load(str(again)), image=picture[None])
    ours = np.load(top / "picture_likelihood.npy")
    assert np.abs(back["likelihood"][0] - ours).max() <= 1e-4 * np.ptp(ours)


def oblong(top):
    """Windows that are longer than wide, and padded by more on one side."""
    path = top / "oblong.onnx"
    net = Network()

    def conv(x, out, h, w, pads, strides=(1, 1), reach=(1, 1), group=1):
        weight = net.constant(net.random.uniform(-1, 1, (out, net.channels(x) // group, h, w)))
        return net.node("Conv", x, weight, shape=(1, out, None, None), kernel_shape=[h, w], pads=pads, strides=list(strides),
                        dilations=list(reach), group=group)
    x = net.relu(conv("image", 6, 3, 1, [1, 0, 1, 0]))
    x = net.relu(conv(x, 6, 1, 5, [0, 2, 0, 2], group=3))
    x = net.relu(conv(x, 6, 3, 1, [4, 0, 4, 0], reach=(4, 1)))
    x = net.relu(conv(x, 6, 1, 3, [0, 2, 0, 2], reach=(7, 2)))
    x = net.relu(conv(x, 6, 3, 3, [0, 0, 1, 1], (2, 2)))
    x = net.relu(conv(x, 6, 5, 5, [1, 2, 2, 1], (2, 2), group=6))
    x = net.relu(conv(x, 6, 2, 2, [0, 1, 1, 0]))
    net.outputs = [(net.resize(net.conv(x, 5, 1), "image"), "out")]
    model = save(net, path)
    for height, width in ((64, 96), (97, 131)):
        infer_near(top, path, model, height, width)


ENLARGED = ("2", "3", "4", "4 by 2", "8", "1", "pixels", "nearest", "nearest 4", "nearest to a size")


def made_larger(top, kind):
    path, again = top / "larger.onnx", top / "again.onnx"
    for height, width in ((64, 96), (72, 100)):
        model = save(enlarged(kind), path)
        infer_near(top, path, model, height, width)
        run(PROGRAM, "weights", "convert", path, again, "--size", f"{height}x{width}")
        infer(top, path, "--maps", "likelihood")
        near(np.load(top / "picture_likelihood.npy"),
             evaluator.run(onnx.load(str(again)), image=make_picture(top, height, width)[None])["likelihood"])


def older_sets(top):
    """Before operator set 11 bounds are attributes, and nearest pixels an operator of their own."""
    path = top / "older.onnx"
    net = Network()
    x = net.same("Clip", net.conv("image", 6, 3, 2), min=-0.5)
    x = net.same("Clip", net.conv(x, 6), max=0.4)
    x = net.same("Clip", net.conv(net.same("Clip", x), 6), min=-0.25, max=0.75)
    x = net.node("Upsample", x, net.constant(np.array([1.0, 1, 2, 2])), shape=(1, 6, None, None), mode="nearest")
    net.outputs = [(net.conv(x, 5), "out")]
    model = net.model(9)
    onnx.save(model, str(path))
    infer_near(top, path, model, 64, 96)
    only(model.graph.node, "Upsample").attribute[0].s = b"linear"
    onnx.save(model, str(path))
    assert "before operator set 11" in run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1).stderr


def as_is_said(top):
    """NAME.onnx.json: the normalisation, in either unit, and the outputs' names; the sum of the model heeds it."""
    path, beside = top / "said.onnx", top / "said.onnx.json"
    net = ladder("gathered")
    net.outputs = [(net.outputs[1][0], "first"), (net.outputs[0][0], "second")]
    model = save(net, path)
    picture, sums = make_picture(top, 64, 80), set()
    for said, mean, deviation in (({}, MEAN, DEVIATION), ({"mean": [0, 0, 0]}, 0, 1),
                                  ({"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 1]}, [0.1, 0.2, 0.3], [0.5, 0.6, 1]),
                                  ({"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}, MEAN, DEVIATION),
                                  ({"mean": [0, 0, 0], "std": [1, 1, 255]}, 0, np.array([1, 1, 255]) / 255)):
        beside.write_text(json.dumps({**said, "logits": "second", "outlier_logits": "first"}))
        done = infer(top, path, "--maps", "logits,logits_ood")
        assert ("ImageNet" in done.stderr) == (said == {}), done.stderr
        found = evaluator.run(model, image=normalise(picture, np.array(mean), np.array(deviation)))
        near(np.load(top / "picture_logits.npy"), found["second"], str(said))
        near(np.load(top / "picture_logits_ood.npy"), found["first"], str(said))
        sums.add(json.loads(run(PROGRAM, "weights", "inspect", "--json", path).stdout)["sha256"])
    assert len(sums) == 4, "two of five normalisations are the same"
    for text, words in (("{", "is no JSON"), ("[]", "is no JSON object"), ('{"mean": [1, 2]}', "three numbers"),
                        ('{"std": [0, 0, 0]}', "0 or less"), ('{"mean": [1e9, 0, 0]}', "0…255"),
                        ('{"mean": ["a", 0, 0]}', "three numbers"), ('{"deviation": [1, 1, 1]}', "is not known"),
                        ('{"logits": 5}', "names of outputs"), ('{"logits": "third"}', "there is no output"),
                        ('{"outlier_logits": "second"}', "5 outlier logits"), ("\0" * 70000, "is no JSON")):
        beside.write_text(text)
        done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1)
        assert words in done.stderr, (text[:20], done.stderr)


def all_have(net, operation, least=None, **attributes):
    for node in [n for n in net.nodes if n.op_type == operation][:least]:
        for name, value in attributes.items():
            for old in [a for a in node.attribute if a.name == name]:
                node.attribute.remove(old)
            node.attribute.append(helper.make_attribute(name, value))


def first(net, operation, **attributes):
    """The first node of that kind has other attributes."""
    all_have(net, operation, 1, **attributes)


def renamed(net, operation, name):
    next(n for n in net.nodes if n.op_type == operation).op_type = name


def only(nodes, operation):
    """The first of that kind."""
    return next(n for n in nodes if n.op_type == operation)


def more_channels(net):
    """The first resize also makes the channels more."""
    sizes = next(n for n in net.nodes if n.output[0] == only(net.nodes, "Resize").input[3])
    sizes.input[0] = net.constant([1, 7])


def of_a_size(net):
    height = net.node("Gather", net.node("Shape", "image"), net.constant(np.array(2)), axis=0)
    factor = net.node("Cast", height, to=TensorProto.FLOAT)
    net.nodes[:] = net.nodes[-3:] + net.nodes[:-3]
    relu = only(net.nodes, "Relu")
    relu.op_type = "Mul"
    relu.input.append(factor)


def transpose_first(net):
    """A convolution of as many channels as it makes, 3×3, in steps of 1, padded by 1."""
    found = next(n for n in net.nodes if n.op_type == "Conv" and net.channels(n.output[0]) == net.channels(n.input[0]))
    found.op_type = "ConvTranspose"


REFUSED = {
    "groups": (lambda n: first(n, "Conv", group=2), "2 groups"),
    "an oblong window": (lambda n: first(n, "Conv", pads=[1, 2, 1, 2]), "square"),
    "an oblong window that shrinks": (lambda n: first(n, "Conv", pads=[0, 1, 2, 1], dilations=[2, 1]), "square"),
    "strides that differ": (lambda n: first(n, "Conv", strides=[1, 2]), "square"),
    "padding of one side": (lambda n: first(n, "MaxPool", pads=[0, 0, 1, 1]), "square"),
    "a huge dilation": (lambda n: first(n, "Conv", dilations=[1 << 40, 1 << 40]), "dilations"),
    "values made whole": (lambda n: [renamed(n, "Relu", "Cast"), first(n, "Cast", to=TensorProto.INT64)], "whole numbers"),
    "a bias that is nowhere": (lambda n: n.nodes[0].input.append("nowhere"), "bias"),
    "a bound that is reckoned": (lambda n: [renamed(n, "Relu", "Clip"), only(n.nodes, "Clip").input.extend([n.constant(np.array(0.0)), "image"])],
                                 "no number"),
    "a factor of the size": (of_a_size, "one number"),
    "resized channels": (more_channels, "along channels"),
    "axes in another order": (lambda n: all_have(n, "Resize", axes=[3, 2]), "order of its own"),
    "sides that keep their aspect": (lambda n: all_have(n, "Resize", keep_aspect_ratio_policy="not_larger"), "not_larger"),
    "statistics that come out": (lambda n: only(n.nodes, "BatchNormalization").output.extend(["", "mean"]), "model.eval"),
    "nearest pixels": (lambda n: all_have(n, "Resize", mode="nearest"), "whole factor"),
    "nearest pixels, rounded otherwise": (lambda n: all_have(n, "Resize", mode="nearest", nearest_mode="ceil",
                                                             coordinate_transformation_mode="asymmetric"), "whole factor"),
    "cubic pixels": (lambda n: all_have(n, "Resize", mode="cubic"), "cubic"),
    "a half slope that is reckoned": (lambda n: [renamed(n, "Relu", "PRelu"), only(n.nodes, "PRelu").input.append("image")], "slopes"),
    "slopes of another number": (lambda n: [renamed(n, "Relu", "PRelu"), only(n.nodes, "PRelu").input.append(n.constant(np.ones((5, 1, 1))))],
                                 "one number"),
    "a bound that is none": (lambda n: [renamed(n, "Relu", "Clip"), only(n.nodes, "Clip").input.append(n.constant(np.array(np.nan)))], "no number"),
    "a product of unlike values": (lambda n: [renamed(n, "Add", "Mul"), only(n.nodes, "Mul").input.__setitem__(1, "image")], "multiplies"),
    "a quotient of values": (lambda n: renamed(n, "Add", "Div"), "multiplied alone"),
    "a swish of its own": (lambda n: [renamed(n, "Relu", "Swish"), first(n, "Swish", alpha=2.0)], "alpha"),
    "channels spread in another order": (lambda n: [renamed(n, "Relu", "DepthToSpace"), first(n, "DepthToSpace", blocksize=2)], "DCR"),
    "a transposed convolution of an odd size": (lambda n: [transpose_first(n), first(n, "ConvTranspose", strides=[2, 2])], "exactly 2 times"),
    "a transposed convolution with dilations": (lambda n: [transpose_first(n), first(n, "ConvTranspose", dilations=[2, 2])], "dilations"),
    "a transposed convolution to a size": (lambda n: [transpose_first(n), first(n, "ConvTranspose", output_shape=[64, 64])], "output_shape"),
    "a transposed convolution by itself": (lambda n: [transpose_first(n), first(n, "ConvTranspose", auto_pad="SAME_UPPER")], "auto_pad"),
    "other coordinates": (lambda n: all_have(n, "Resize", coordinate_transformation_mode="asymmetric"), "asymmetric"),
    "the batch's statistics": (lambda n: first(n, "BatchNormalization", training_mode=1), "model.eval"),
    "another activation": (lambda n: renamed(n, "Relu", "Elu"), "Elu (1)"),
    "a product of matrices": (lambda n: renamed(n, "Add", "MatMul"), "not the queries and keys"),
    "operators of others": (lambda n: setattr(n.nodes[0], "domain", "com.microsoft"), "Conv (1)"),
    "a value that is nowhere": (lambda n: n.nodes[0].input.__setitem__(0, "nowhere"), "nowhere"),
    "nodes out of order": (lambda n: n.nodes.insert(0, n.nodes.pop()), "is no value"),
    "weights that are reckoned": (lambda n: n.nodes[0].input.__setitem__(1, "image"), "no constant"),
    "too few channels": (lambda n: n.nodes[1].input.__setitem__(1, n.nodes[1].input[2]) or
                         n.nodes[1].input.__setitem__(0, "image"), "constants"),
    "a sum of unlike values": (lambda n: next(x for x in n.nodes if x.op_type == "Add").input.__setitem__(1, "image"),
                               "adds"),
    "values as lists": (lambda n: renamed(n, "Relu", "Flatten"), "another order"),
}


def refused(top, change, words):
    path = top / "refused.onnx"
    net = ladder("gathered")
    change(net)
    onnx.save(net.model(), str(path))
    make_picture(top, 64, 64)
    done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1)
    assert any(word in done.stderr for word in words.split("|")) and str(path) in done.stderr, done.stderr
    told = json.loads(run(PROGRAM, "weights", "inspect", "--json", path).stdout)
    assert told["architecture"] is None and told["container"] == "onnx", told


def changed_number(net, operation, value, index=1):
    """A constant that the first of that kind reads becomes another."""
    only(net.nodes, operation).input[index] = net.constant(np.array(value, np.float32))


def before(net, operation, index, made, **attributes):
    """An input of the first of that kind goes through another node."""
    at = next(i for i, n in enumerate(net.nodes) if n.op_type == operation)
    node = net.nodes[at]
    other = net.node(made, node.input[index], **attributes)
    node.input[index] = other
    net.nodes.insert(at, net.nodes.pop())


def second_product(net):
    return [n for n in net.nodes if n.op_type == "MatMul" and not n.input[1].endswith(".weight")][1]


def columns_first(net):
    """Tokens go down the columns, and are put back as if they went along the rows."""
    at = next(i for i, n in enumerate(net.nodes) if n.op_type == "Reshape")
    net.nodes[at].input[0] = net.node("Transpose", net.nodes[at].input[0], perm=[0, 1, 3, 2])
    net.nodes.insert(at, net.nodes.pop())


TRANSFORMERS_REFUSED = {
    "softmax over the queries": (lambda n: first(n, "Softmax", axis=2), "over the keys"),
    "softmax over all of it": (lambda n: first(n, "Softmax", axis=1), "over the keys"),
    "a mask": (lambda n: before(n, "Softmax", 0, "Relu"), "no value"),
    "an erf of something else": (lambda n: [x.input.__setitem__(1, n.constant(np.array(1.5, np.float32))) for x in n.nodes
                                            if x.op_type == "Div" and x.output[0] in only(n.nodes, "Erf").input], "that of a GELU"),
    "a gate of another number": (lambda n: [setattr(x, "op_type", "Sub") for x in n.nodes if x.op_type == "Add"
                                            and any(y.op_type == "Erf" and y.output[0] in x.input for y in n.nodes)], "part of"),
    "a power of three": (lambda n: changed_number(n, "Pow", 3.0), "part of"),
    "a variance without epsilon": (lambda n: [x.input.__setitem__(1, n.constant(np.array(0, np.float32))) for x in n.nodes if x.op_type == "Add"
                                    and any(y.op_type == "Sqrt" and y.input[0] == x.output[0] for y in n.nodes)], "epsilon"),
    "a mean over pixels": (lambda n: first(n, "ReduceMean", axes=[1]), "another order|no mean"),
    "a mean of squares over pixels": (lambda n: [x.attribute[0].ints.__setitem__(0, 1) for x in n.nodes if x.op_type == "ReduceMean"
                                                 and any(y.op_type == "Pow" and y.output[0] == x.input[0] for y in n.nodes)], "no mean"),
    "columns first": (columns_first, "cut|order|sizes"),
    "heads in another order": (lambda n: [x.attribute[0].ints.__setitem__(slice(0, 4), [0, 1, 2, 3]) for x in n.nodes
                                          if x.op_type == "Transpose" and list(x.attribute[0].ints) == [0, 2, 1, 3]][:1], "heads|queries|values"),
    "values of the queries": (lambda n: second_product(n).input.__setitem__(1, only(n.nodes, "Softmax").output[0]), "no value|values"),
}


def refused_transformer(top, change, words):
    path = top / "refused.onnx"
    net = transformer("reshaped", decomposed=True, scale_first=False)
    change(net)
    onnx.save(net.model(13), str(path))
    make_picture(top, 64, 96)
    done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=None)
    assert done.returncode == 1, "it was opened"
    assert any(word in done.stderr for word in words.split("|")) and str(path) in done.stderr, done.stderr


def unclear(top):
    """What is one thing at the file's size and may be another at the picture's, or has other dimensions than its numbers."""
    path = top / "unclear.onnx"
    make_picture(top, 64, 64)

    def refuse(words, net, x):
        net.outputs = [(net.conv(x, 5, 3), "out")]
        onnx.save(net.model(13), str(path))
        done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=None)
        assert done.returncode == 1 and words in done.stderr, (words, done.returncode, done.stderr)

    def begin(*size):
        net = Network(*size)
        return net, net.conv("image", 8, 8, 8, pad=0)

    def tokens(net, x, *sizes):
        return net.node("Transpose", net.node("Reshape", x, net.constant([1, 8, *sizes])), perm=[0, 2, 1])

    def picture(net, x, *sizes):
        return net.node("Reshape", net.node("Transpose", x, perm=[0, 2, 1]), net.constant([1, 8, *sizes]), shape=(1, 8, None, None))

    for height, words in ((64, "one pixel wide or high"), (512, None)):  # a list of channels, and of pixels
        net, x = begin(height, height)
        one = net.conv(x, 8, 8, 8, pad=0)
        if words:
            gate = net.node("Gemm", net.node("Flatten", one), net.constant(net.random.uniform(-1, 1, (8, 8))))
            refuse(words, net, net.same("Mul", x, net.node("Reshape", gate, net.constant([1, 8, 1, 1]))))
        else:
            net.outputs = [(net.conv(picture(net, tokens(net, one, -1), 8, 8), 5, 3), "out")]
            onnx.save(net.model(13), str(path))
            infer(top, path)
    net, x = begin(64, 128)  # as many channels as rows, and as pixels of tokens
    refuse("to what is no list", net, net.same("Add", x, net.node("Reshape", net.constant(np.ones((8, 1))), net.constant([8, 1]))))
    net, x = begin(32, 128)
    shift = net.node("Unsqueeze", net.constant(np.arange(8.0)), net.constant([1]))
    refuse("to what is no list", net, picture(net, net.node("Add", tokens(net, x, -1), shift), 4, 16))
    net, x = begin(64, 64)
    refuse("no list of a few", net, net.same("Mul", x, net.node("Gather", net.constant(np.ones((3, 8))), net.constant([2]), axis=0)))
    net, x = begin(64, 64)
    refuse("5 dimensions", net, net.same("Mul", x, net.constant(np.full((1, 1, 1, 1, 1), 2.0))))
    for ends in ((52 * 76,), (-1,)):  # the sides of the size at which a file is read that has none
        net, x = begin()
        refuse("sizes that are not its own", net, picture(net, tokens(net, x, *ends), 52, 76))


def no_picture(top):
    """What goes in and out."""
    path = top / "ends.onnx"
    make_picture(top, 64, 64)

    def refuse(words, net=None, **more):
        onnx.save((net or ladder("gathered")).model(**more), str(path))
        done = run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=None)
        assert done.returncode == 1 and words in done.stderr, (words, done.stderr)
    refuse("N×H×W×3", shape=[1, "h", "w", 3])
    refuse("N×3×H×W", shape=[1, 4, "h", "w"])
    refuse("N×3×H×W", shape=[3, "h", "w"])
    model = ladder("gathered").model()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, str(path))
    assert "float32" in run(PROGRAM, "infer", "--params", path, "--out", top, top / "picture.png", status=1).stderr
    refuse("pictures of", shape=[1, 3, 1 << 20, 1 << 20])
    for classes, words in ((1, "1 class logits"), (300, "300 class logits")):
        net = Network()
        net.outputs = [(net.conv("image", classes, 1), "out")]
        refuse(words, net)
    net = Network()
    net.outputs = [(net.node("Shape", "image"), "out")]
    refuse("none of its outputs", net)
    for size in ((64, 64), (32, 48)):
        net = Network(*size)
        net.outputs = [(net.conv("image", 4, 7, 4), "out")]
        onnx.save(net.model(), str(path))
        infer(top, path)


def is_of_its_own(top):
    path = top / "own.onnx"
    save(ladder("reckoned"), path)
    make_picture(top, 64, 64)
    for words, told in ((("infer", "--params", path, "--arch", "ldn121", "--out", top, top / "picture.png"), "brings its own"),
                        (("infer", "--params", path, "--num_classes", 7, "--out", top, top / "picture.png"), "5 classes"),
                        (("weights", "convert", path, top / "own.pth"), "as .onnx alone")):
        assert told in run(PROGRAM, *words, status=1).stderr
    again = top / "again.onnx"
    run(PROGRAM, "weights", "convert", path, again, "--size", "64x64")
    assert "N×H×W×3" in run(PROGRAM, "infer", "--params", again, "--out", top, top / "picture.png", status=1).stderr
    told = json.loads(run(PROGRAM, "weights", "inspect", "--json", path).stdout)
    assert (told["architecture"], told["classes"], told["outlier_head"]) == ("onnx", 5, True), told
    assert told["missing"] == [] and told["unexpected"] == []
    picture = (top / "picture.png").read_bytes()
    infer(top, path, "--maps", "segmentation,hybrid")
    ours = {name: np.load(top / f"picture_{name}.npy") for name in ("segmentation", "hybrid")}
    found = evaluator.run(onnx.load(str(again)), image=make_picture(top, 64, 64)[None])
    assert picture == (top / "picture.png").read_bytes()
    assert (found["segmentation"][0] != ours["segmentation"]).sum() <= 4
    assert np.abs(found["hybrid"][0] - ours["hybrid"]).max() <= 1e-4 * np.ptp(ours["hybrid"])


with tempfile.TemporaryDirectory(prefix="dh-import-") as folder:
    at = Path(folder)
    for way, mode, height, width in (("gathered", "half_pixel", 64, 96), ("gathered", "align_corners", 97, 131),
                                     ("reckoned", "half_pixel", 90, 61), ("reckoned", "half_pixel", 128, 64)):
        case(f"two heads, sizes {way}, {mode}, {height}x{width}", two_heads, at, way, mode, height, width)
    for size in ((96, 144), (24, 24)):  # the latter's grids have windows of two and three pixels
        case(f"a fixed size is as good as any: {size}", of_another_size, at, *size)
    case("windows that the edge cuts off", cut_windows, at)
    case("one pixel added to many", spread, at)
    case("windows alone are no grid", windows_alone, at)
    case("sizes are reckoned as the file says", reckoned_sizes, at)
    case("a size that is nothing's at other sizes", multiples, at)
    case("half of an odd side", part_of_a_pixel, at)
    case("a last resize that does nothing at the file's size", idle_at_the_end, at)
    case("turned axes at the end", turned, at)
    case("which output is which", heads, at)
    case("every other form", other_forms, at)
    case("blocks of small networks", mobile_blocks, at)
    for kind in ENLARGED:
        case(f"made larger: {kind}", made_larger, at, kind)
    for kind in TRANSFORMERS:
        case(f"a transformer: {kind}", transformed, at, kind)
    case("what may be another thing at another size", unclear, at)
    for name, (change, words) in TRANSFORMERS_REFUSED.items():
        case(f"refused of a transformer: {name}", refused_transformer, at, change, words)
    case("windows that are not square", oblong, at)
    case("older operator sets", older_sets, at)
    case("names of classes", named_classes, at)
    case("what is said of pictures and outputs", as_is_said, at)
    for name, (change, words) in REFUSED.items():
        case(f"refused: {name}", refused, at, change, words)
    case("pictures go in and logits come out", no_picture, at)
    case("it is a network of its own", is_of_its_own, at)
tell()
