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

# And what transformers have, as one exporter writes it and as the other does.
linear = [("MatMul", ["c", "square"], "q", {}), ("Reshape", ["q", "heads"], "q1", {}), ("Transpose", ["q1"], "q2", dict(perm=[0, 2, 1, 3]))]
begin = [("Conv", ["x", "patch"], "a", dict(strides=[4, 4])), ("Reshape", ["a", "list"], "b", {}), ("Transpose", ["b"], "c", dict(perm=[0, 2, 1]))]
back = [("Transpose", ["i"], "i1", dict(perm=[0, 2, 1, 3])), ("Reshape", ["i1", "tokens"], "j", {}), ("Add", ["c", "j"], "k", {})]
end = [("Transpose", ["l"], "m", dict(perm=[0, 2, 1])), ("Shape", ["a"], "n", {}), ("Slice", ["n", "two", "four", "zero"], "o", {}),
       ("Concat", ["one_four", "o"], "p", dict(axis=0)), ("Reshape", ["m", "p"], "r", {}), ("Conv", ["r", "v"], "y", {})]
constants = [raw("patch", np.ones((4, 3, 4, 4), "f4")), raw("square", np.ones((4, 4), "f4")), raw("v", np.ones((3, 4, 1, 1), "f4")),
             raw("four_", np.ones(4, "f4")), whole("list", 1, 4, -1), whole("heads", 1, -1, 2, 2), whole("tokens", 1, -1, 4),
             whole("one_four", 1, 4), whole("zero", 0), whole("two", 2), whole("four", 4)]
parts = [
    ("Transpose", ["q1"], "e", dict(perm=[0, 2, 3, 1])), ("MatMul", ["q2", "e"], "f", {}), ("Div", ["f", "root"], "g", {}),
    ("Softmax", ["g"], "h", dict(axis=-1)), ("MatMul", ["h", "q2"], "i", {}), *back, ("ReduceMean", ["k"], "l0", dict(axes=[-1])),
    ("Sub", ["k", "l0"], "l1", {}), ("Pow", ["l1", "power"], "l2", {}), ("ReduceMean", ["l2"], "l3", dict(axes=[-1])),
    ("Add", ["l3", "small"], "l4", {}), ("Sqrt", ["l4"], "l5", {}), ("Div", ["l1", "l5"], "l6", {}), ("Mul", ["l6", "four_"], "l7", {}),
    ("Add", ["l7", "four_"], "l8", {}), ("Div", ["l8", "root"], "g0", {}), ("Erf", ["g0"], "g1", {}), ("Add", ["g1", "one"], "g2", {}),
    ("Mul", ["l8", "g2"], "g3", {}), ("Mul", ["g3", "half"], "l", {}),
]
save("parts", [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in begin + linear + parts + end],
     constants + [raw(name, np.array(number, "f4")) for name, number in
                  (("root", np.sqrt(2)), ("power", 2), ("small", 1e-5), ("one", 1), ("half", 0.5))])
wholes = [
    ("Attention", ["q2", "q2", "q2"], "i", dict(scale=0.5)), *back, ("LayerNormalization", ["k", "four_", "four_"], "l0", dict(axis=-1)),
    ("Gelu", ["l0"], "l1", dict(approximate="tanh")), ("Squeeze", ["l1", "zero"], "l3", {}),
    ("Gemm", ["l3", "square", "four_"], "l4", dict(transB=1)), ("Unsqueeze", ["l4", "zero"], "l", {}),
]
save("transformer", [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in begin + linear + wholes + end], constants)
