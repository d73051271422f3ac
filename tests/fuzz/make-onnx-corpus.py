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
