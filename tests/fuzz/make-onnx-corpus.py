#!/usr/bin/env python3
"""Writes the corpus of fuzz-onnx: small files as ONNX's own library writes them.

Usage: make-onnx-corpus.py FOLDER   (needs onnx, numpy)
"""
import os
import sys

import numpy as np
from onnx import TensorProto, helper, save_model

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
FLOAT = TensorProto.FLOAT


def save(name, nodes, constants=(), inputs=(("x", (1, 3, "height", "width")),), ir_version=8):
    ends = [helper.make_tensor_value_info(name, FLOAT, dims) for name, dims in inputs]
    graph = helper.make_graph(nodes, name, ends, [helper.make_tensor_value_info("y", FLOAT, None)], list(constants))
    model = helper.make_model(graph, producer_name="corpus", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = ir_version
    helper.set_model_props(model, {"classes": "19"})
    save_model(model, os.path.join(folder, name + ".onnx"))


def raw(name, values):
    return helper.make_tensor(name, FLOAT, values.shape, values.tobytes(), raw=True)


weights = np.arange(6, dtype="f4").reshape(2, 3, 1, 1)
save("conv", [helper.make_node("Conv", ["x", "w", ""], ["y"], name="/conv", kernel_shape=[1, 1])], [raw("w", weights)])
save("old", [helper.make_node("Conv", ["x", "w"], ["y"])], [raw("w", weights)],
     [("x", (1, 3, 8, 8)), ("w", (2, 3, 1, 1))], 3)
types = ("FLOAT", "UINT8", "INT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT16", "DOUBLE", "BFLOAT16", "UINT32")
save("types", [], [helper.make_tensor(t, getattr(TensorProto, t), (2,), [1, 0]) for t in types])
inner = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "inner", [], [])
value = helper.make_tensor("", TensorProto.INT64, (2,), [-1, 4])
save("attributes", [helper.make_node("A", ["x"], ["y"], domain="own", f=1.5, i=-2, s="text", t=value, fs=[1.0, 2.0],
                                     ints=[3, -4], strings=["a"], g=inner)])
outside = TensorProto(name="w", data_type=FLOAT, dims=(2,), data_location=TensorProto.EXTERNAL)
for key, text in (("location", "conv.data"), ("offset", "0"), ("length", "8")):
    entry = outside.external_data.add()
    entry.key, entry.value = key, text
save("outside", [], [outside])


# A small network with most of what is made into one.
def whole(name, *numbers, kind=TensorProto.INT64):
    return helper.make_tensor(name, kind, (len(numbers),), numbers)


nodes = [
    ("Sub", ["x", "half"], "a", {}), ("Conv", ["a", "w", "b"], "c", dict(pads=[1] * 4, strides=[2, 2])),
    ("BatchNormalization", ["c", "b", "b", "b", "one"], "d", {}), ("Relu", ["d"], "e", {}),
    ("MaxPool", ["e"], "f", dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)),
    ("AveragePool", ["f"], "g", dict(kernel_shape=[2, 2], strides=[2, 2])), ("GlobalAveragePool", ["g"], "h", {}),
    ("Shape", ["f"], "i", {}), ("Slice", ["i", "two", "four", "zero"], "j", {}), ("Shape", ["g"], "k", {}),
    ("Gather", ["k", "zero"], "l", {}), ("Gather", ["k", "one_"], "m", {}), ("Concat", ["l", "m", "j"], "n", dict(axis=0)),
    ("Resize", ["g", "", "", "n"], "o", dict(mode="linear", coordinate_transformation_mode="half_pixel")),
    ("Resize", ["h", "", "", "n"], "p", dict(mode="nearest")), ("Concat", ["f", "o", "p"], "q", dict(axis=1)),
    ("Conv", ["q", "v"], "r", {}), ("Add", ["r", "f"], "s", {}), ("Sum", ["s", "f", "f"], "t", {}),
    ("Conv", ["t", "u"], "y", {}), ("Softmax", ["r"], "z", dict(axis=1)),
]
save("net", [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in nodes],
     [raw("w", np.ones((2, 3, 3, 3), "f4")), raw("b", np.ones(2, "f4")), raw("one", np.ones(2, "f4")),
      raw("v", np.ones((2, 6, 1, 1), "f4")), raw("u", np.ones((3, 2, 1, 1), "f4")), raw("half", np.ones((3, 1, 1), "f4")),
      whole("zero", 0), whole("one_", 1), whole("two", 2), whole("four", 4)])

# And one with what small networks have.
nodes = [
    ("Conv", ["x", "deep"], "a", dict(group=3, pads=[1] * 4, strides=[2, 2])), ("HardSwish", ["a"], "b", {}),
    ("GlobalAveragePool", ["b"], "c", {}), ("HardSigmoid", ["c"], "d", dict(alpha=0.25)), ("Mul", ["b", "d"], "e", {}),
    ("Sigmoid", ["e"], "f", {}), ("Mul", ["f", "e"], "g", {}), ("Clip", ["g", "", "six"], "h", {}),
    ("LeakyRelu", ["h"], "i", dict(alpha=0.1)), ("PRelu", ["i", "slopes"], "j", {}), ("Mul", ["j", "i"], "k", {}),
    ("ConvTranspose", ["k", "up", "b3"], "l", dict(strides=[2, 2], pads=[1] * 4, group=3)),
    ("Resize", ["k", "", "twice"], "m", dict(mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")),
    ("Concat", ["l", "m"], "n", dict(axis=1)), ("Conv", ["n", "w"], "o", {}),
    ("DepthToSpace", ["o"], "y", dict(blocksize=2, mode="CRD")),
]
save("small", [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in nodes],
     [raw("deep", np.ones((3, 1, 3, 3), "f4")), raw("six", np.array(6, "f4")), raw("slopes", np.arange(3, dtype="f4").reshape(3, 1, 1)),
      raw("up", np.ones((3, 1, 4, 4), "f4")), raw("b3", np.ones(3, "f4")), raw("w", np.ones((12, 6, 1, 1), "f4")),
      raw("twice", np.array([1, 1, 2, 2], "f4"))])
