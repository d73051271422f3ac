"""The operators of networks in NumPy, as onnx/docs/Operators.md defines them, in double: a definition that knows
nothing of the program that wrote or reads the file."""
import math

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
    seen, groups = windows(x, a, 0), a.get("group", 1)
    parts = zip(np.split(seen, groups, 1), np.split(weight, groups, 0))
    y = np.concatenate([np.einsum("nchwij,ocij->nohw", s, w, optimize=True) for s, w in parts], 1)
    return y if bias is None else y + bias[:, None, None]


def transposed(a, x, weight, bias=None):
    """Each value of the input, times the kernel, added where it lies in the result."""
    groups, (h, w), k, step = a.get("group", 1), x.shape[2:], weight.shape[2], a.get("strides", [1, 1])[0]
    pads, more = a.get("pads", [0] * 4), a.get("output_padding", [0, 0])
    y = np.zeros((x.shape[0], weight.shape[1] * groups, (h - 1) * step + k + more[0], (w - 1) * step + k + more[1]))
    for part, (xs, ws) in enumerate(zip(np.split(x, groups, 1), np.split(weight, groups, 0))):
        at = slice(part * weight.shape[1], (part + 1) * weight.shape[1])
        for i in range(k):
            for j in range(k):
                y[:, at, i:i + (h - 1) * step + 1:step, j:j + (w - 1) * step + 1:step] += np.einsum(
                    "nchw,co->nohw", xs, ws[:, :, i, j])
    y = y[:, :, pads[0]:y.shape[2] - pads[2], pads[1]:y.shape[3] - pads[3]]
    return y if bias is None else y + bias[:, None, None]


def depth_to_space(a, x):
    n, c, h, w = x.shape
    b = a["blocksize"]
    assert a["mode"] == b"CRD"
    return x.reshape(n, c // b ** 2, b, b, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // b ** 2, h * b, w * b)


def clip(a, x, low=None, high=None):
    low, high = a.get("min", -np.inf) if low is None else low, a.get("max", np.inf) if high is None else high
    return np.minimum(np.maximum(x, low), high)


def hard_sigmoid(a, x):
    return np.clip(a.get("alpha", np.float32(0.2)) * x + a.get("beta", 0.5), 0, 1)


def average_pool(a, x):
    assert not a.get("count_include_pad", 0)
    return np.nanmean(windows(x, a, np.nan), (-2, -1))


def layer_norm(a, x, scale, bias=0):
    apart = x - x.mean(-1, keepdims=True)
    return apart / np.sqrt((apart ** 2).mean(-1, keepdims=True) + a["epsilon"]) * scale + bias


def gelu(a, x):
    if a.get("approximate", b"none") == b"tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


def attention(a, q, k, v):
    products = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    weights = np.exp(products - products.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


def norm(a, x, scale, bias, mean, variance):
    scale, bias, mean, variance = (v[:, None, None] for v in (scale, bias, mean, variance))
    return (x - mean) / np.sqrt(variance + a["epsilon"]) * scale + bias


def resize_line(x, axis, size, mode, factor=None):
    """By the quotient of the sizes, or by the factor that the file says."""
    length, at = x.shape[axis], np.arange(size)
    if mode == "align_corners":
        at = at * (length - 1) / max(size - 1, 1)
    else:
        assert mode == "half_pixel" or (mode == "pytorch_half_pixel" and size > 1)
        at = (at + 0.5) / (factor or size / length) - 0.5
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
    if a.get("mode", b"nearest") == b"nearest":
        for axis in (2, 3):
            at = np.arange(sizes[axis])
            if a.get("coordinate_transformation_mode", b"half_pixel") == b"asymmetric":
                assert a["nearest_mode"] == b"floor"
                at = at * x.shape[axis] // sizes[axis]
            else:  # half way is rounded down
                at = np.ceil((at + 0.5) * x.shape[axis] / sizes[axis] - 1).astype(int)
            x = np.take(x, at, axis)
        return x
    assert a["mode"] == b"linear"
    mode = a["coordinate_transformation_mode"].decode()
    factors = [None, None] if scales is None else scales[2:]
    return resize_line(resize_line(x, 2, sizes[2], mode, factors[0]), 3, sizes[3], mode, factors[1])


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
    "Clip": clip,
    "Constant": lambda a: numpy_helper.to_array(a["value"]),
    "Dropout": lambda a, x: x,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": lambda a, x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Identity": lambda a, x: x,
    "LeakyRelu": lambda a, x: np.where(x < 0, a.get("alpha", np.float32(0.01)) * x, x),
    "Attention": attention,
    "Erf": lambda a, x: np.vectorize(math.erf)(x),
    "Flatten": lambda a, x: x.reshape(int(np.prod(x.shape[:a["axis"]])), -1),
    "Gelu": gelu,
    "LayerNormalization": layer_norm,
    "Pow": lambda a, x, y: x ** y,
    "Reshape": lambda a, x, sizes: x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]),
    "Sqrt": lambda a, x: np.sqrt(x),
    "Mul": lambda a, x, y: x * y,
    "ReduceMean": lambda a, x: x.mean(tuple(a["axes"]), keepdims=bool(a.get("keepdims", 1))),
    "Shape": lambda a, x: np.array(x.shape),
    "Slice": cut,
    "Softmax": softmax,
    "Sum": lambda a, *x: sum(x),
    "Unsqueeze": lambda a, x, axes: np.expand_dims(x, tuple(axes)),
    "Cast": lambda a, x: x.astype(TYPES[a["to"]]),
    "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "Conv": conv,
    "ConvTranspose": transposed,
    "DepthToSpace": depth_to_space,
    "Div": divide,
    "Exp": exp,
    "Gather": lambda a, x, i: np.take(x, i, a["axis"]),
    "GlobalAveragePool": lambda a, x: x.mean((2, 3), keepdims=True),
    "Log": lambda a, x: np.log(x),
    "Max": lambda a, x, y: np.maximum(x, y),
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": lambda a, x: windows(x, a, -np.inf).max((-2, -1)),
    "PRelu": lambda a, x, slope: np.where(x < 0, slope * x, x),
    "Neg": lambda a, x: -x,
    "ReduceMax": lambda a, x: x.max(tuple(a["axes"]), keepdims=bool(a.get("keepdims", 1))),
    "ReduceSum": lambda a, x, axes: x.sum(tuple(axes), keepdims=bool(a.get("keepdims", 1))),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Resize": resize,
    "Sigmoid": lambda a, x: 1 / (1 + np.exp(-x)),
    "Squeeze": lambda a, x, axes: x.squeeze(tuple(axes)),
    "Sub": lambda a, x, y: x - y,
    "Transpose": lambda a, x: x.transpose(a["perm"]),
    "Upsample": lambda a, x, scales: x.repeat(int(scales[2]), 2).repeat(int(scales[3]), 3),
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
