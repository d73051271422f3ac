"""The operators of networks in NumPy, as onnx/docs/Operators.md defines them, in double: a definition that knows
nothing of the program that wrote or reads the file."""
import numpy as np
from onnx import helper, numpy_helper

TYPES = {1: np.float64, 2: np.uint8, 7: np.int64, 10: np.float64}  # reals are computed in double


def windows(x, a, empty):
    """N×C×H'×W'×k×k: what each place of the result reads; `empty` stands in the padding."""
    top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=empty)
    step, reach = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    whole = [reach[i] * (a["kernel_shape"][i] - 1) + 1 for i in (0, 1)]
    if a.get("ceil_mode", 0):  # one window more where there is something left for it that is no padding behind
        more = [-(x.shape[2 + i] - whole[i]) % step[i] for i in (0, 1)]
        behind = [a.get("pads", [0] * 4)[2 + i] + more[i] for i in (0, 1)]
        more = [more[i] if behind[i] < whole[i] else 0 for i in (0, 1)]
        x = np.pad(x, ((0, 0), (0, 0), (0, more[0]), (0, more[1])), constant_values=empty)
    seen = np.lib.stride_tricks.sliding_window_view(x, whole, (2, 3))
    return seen[:, :, ::step[0], ::step[1], ::reach[0], ::reach[1]]


def conv(a, x, weight, bias=None):
    y = np.einsum("nchwij,ocij->nohw", windows(x, a, 0), weight, optimize=True)
    return y if bias is None else y + bias[:, None, None]


def average_pool(a, x):
    assert not a.get("count_include_pad", 0)
    return np.nanmean(windows(x, a, np.nan), (-2, -1))


def norm(a, x, scale, bias, mean, variance):
    scale, bias, mean, variance = (v[:, None, None] for v in (scale, bias, mean, variance))
    return (x - mean) / np.sqrt(variance + a["epsilon"]) * scale + bias


def resize_line(x, axis, size, mode):
    length, at = x.shape[axis], np.arange(size)
    if mode == "align_corners":
        at = at * (length - 1) / max(size - 1, 1)
    else:
        assert mode == "half_pixel" or (mode == "pytorch_half_pixel" and size > 1)
        at = (at + 0.5) / (size / length) - 0.5
    low = np.floor(at).astype(int)
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    part = (at - low).reshape(shape)
    # Beyond the edge is the edge.
    ends = [np.take(x, np.clip(low + i, 0, length - 1), axis) for i in (0, 1)]
    return ends[0] * (1 - part) + ends[1] * part


def resize(a, x, roi, scales, sizes=None):
    assert roi is None
    if sizes is None:
        sizes = [int(np.floor(side * scale)) for side, scale in zip(x.shape, scales)]
    assert list(sizes[:2]) == list(x.shape[:2])
    if x.shape[2:] == (1, 1):
        return np.broadcast_to(x, sizes)
    assert a["mode"] == b"linear"
    mode = a["coordinate_transformation_mode"].decode()
    return resize_line(resize_line(x, 2, sizes[2], mode), 3, sizes[3], mode)


def exp(a, x):
    assert x.max() <= 0, "an exponential that overflows for large logits"
    return np.exp(x)


def cut(a, x, starts, ends, axes):
    assert x.ndim == 1 and list(axes) == [0]
    return x[starts[0]:ends[0]]


def divide(a, x, y):
    return x // y if np.issubdtype(np.asarray(x).dtype, np.integer) else x / y


def softmax(a, x):
    e = np.exp(x - x.max(a["axis"], keepdims=True))
    return e / e.sum(a["axis"], keepdims=True)


OPERATORS = {
    "Abs": lambda a, x: np.abs(x),
    "Add": lambda a, x, y: x + y,
    "ArgMax": lambda a, x: np.argmax(x, a["axis"]),
    "AveragePool": average_pool,
    "BatchNormalization": norm,
    "Ceil": lambda a, x: np.ceil(x),
    "Clip": lambda a, x, low: np.maximum(x, low),
    "Constant": lambda a: numpy_helper.to_array(a["value"]),
    "Dropout": lambda a, x: x,
    "Identity": lambda a, x: x,
    "Mul": lambda a, x, y: x * y,
    "ReduceMean": lambda a, x: x.mean(tuple(a["axes"]), keepdims=bool(a["keepdims"])),
    "Shape": lambda a, x: np.array(x.shape),
    "Slice": cut,
    "Softmax": softmax,
    "Sum": lambda a, *x: sum(x),
    "Unsqueeze": lambda a, x, axes: np.expand_dims(x, tuple(axes)),
    "Cast": lambda a, x: x.astype(TYPES[a["to"]]),
    "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "Conv": conv,
    "Div": divide,
    "Exp": exp,
    "Gather": lambda a, x, i: np.take(x, i, a["axis"]),
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdims=True),
    "Log": lambda a, x: np.log(x),
    "Max": lambda a, x, y: np.maximum(x, y),
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": lambda a, x: windows(x, a, -np.inf).max((-2, -1)),
    "Neg": lambda a, x: -x,
    "ReduceMax": lambda a, x: x.max(tuple(a["axes"]), keepdims=bool(a["keepdims"])),
    "ReduceSum": lambda a, x, axes: x.sum(tuple(axes), keepdims=bool(a["keepdims"])),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Resize": resize,
    "Sigmoid": lambda a, x: 1 / (1 + np.exp(-x)),
    "Squeeze": lambda a, x, axes: x.squeeze(tuple(axes)),
    "Sub": lambda a, x, y: x - y,
    "Transpose": lambda a, x: x.transpose(a["perm"]),
}


def run(model, **inputs):
    """{name: array} of the outputs."""
    values = {"": None, **inputs}
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        values[tensor.name] = array.astype(np.float64) if array.dtype in (np.float32, np.float16) else array
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        operands = [values[name] for name in node.input]
        values[node.output[0]] = OPERATORS[node.op_type](attributes, *operands)
    return {output.name: values[output.name] for output in model.graph.output}
