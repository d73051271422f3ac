#!/usr/bin/env python3
"""What ONNX Runtime and OpenVINO make of a network that "weights convert" wrote as ONNX, beside "densehybrid infer".

    tests/bench/onnx-maps.py [--build build] [--network ldn121] [--size 720x1280] [--params FILE]

To be run by a Python that has both and PyTorch (peers.py makes one: BUILD/peers-venv). The weights are --params, or
random ones of the network in peers.py, whose norms were shown pictures. Prints for each map of a made picture the
largest difference from the cpu device's, and that over the map's range; exits with 1 where one is over 1e-4 of the
range (dataset posterior: 1e-3), or more than one pixel in a thousand has another class."""
import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile

import numpy

import peers

MAPS = ["segmentation", "likelihood", "dataset_posterior", "hybrid"]
# Sums of thousands of float32 products in another order, in a network that nothing has taught to even them out; the
# posterior moves by up to a quarter of what its logits do.
BOUNDS = {"likelihood": 1e-4, "dataset_posterior": 1e-3, "hybrid": 1e-4}
SPREAD = 3

spec = importlib.util.spec_from_file_location("strict_load", os.path.join(os.path.dirname(__file__), "strict-load.py"))
strict_load = importlib.util.module_from_spec(spec)
spec.loader.exec_module(strict_load)


def make_picture(size):
    random = numpy.random.default_rng(1)
    height, width = size
    coarse = random.integers(0, 256, ((height + 7) // 8, (width + 7) // 8, 3))
    blocks = numpy.kron(coarse, numpy.ones((8, 8, 1)))[:height, :width]
    return (blocks * 0.8 + random.integers(0, 50, (height, width, 3))).astype(numpy.uint8)


def make_weights(network, path):
    """Norms take their statistics of four pictures (of one, a pyramid's mean has no variance), and logits spread as
    those of a trained network do."""
    import torch

    model = peers.make(network).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    seen = torch.from_numpy(make_picture((192, 256))).permute(2, 0, 1)[None].float() / 255
    seen = torch.cat([seen, seen.flip(1) * 0.5, 1 - seen, seen.flip(2) * 0.75 + 0.25])
    with torch.no_grad():
        model(seen)
        model.eval()
        for module in (model.final if network == "dlv3p_wrn38" else model.logits)[2], model.ood[2]:
            hook = module.register_forward_hook(lambda _, inputs, output: spreads.append(float(output.std())))
            spreads = []
            model(seen)
            hook.remove()
            module.weight *= SPREAD / spreads[0]
    state = {strict_load.reference_name(network, name): value for name, value in model.state_dict().items()}
    torch.save(state, path)


def by_onnxruntime(path, picture):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip(MAPS, session.run(MAPS, {"image": picture[None]})))


def by_openvino(path, picture):
    import openvino

    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled({"image": picture[None]})
    return {name: outputs[name] for name in MAPS}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--network", default="ldn121", choices=["ldn121", "dlv3p_wrn38"])
    parser.add_argument("--size", default="720x1280", type=peers.size, help="HEIGHTxWIDTH")
    parser.add_argument("--params")
    arguments = parser.parse_args()
    program = os.path.join(arguments.build, "app", "densehybrid")
    picture, good = make_picture(arguments.size), True
    with tempfile.TemporaryDirectory(prefix="dh-onnx-maps-") as root:
        weights, onnx = arguments.params or f"{root}/weights.pth", f"{root}/network.onnx"
        if not arguments.params:
            make_weights(arguments.network, weights)
        strict_load.write_png(f"{root}/picture.png", picture)
        strict_load.run(program, "infer", "--params", weights, "--out", root, "--device", "cpu", "--quiet",
                        f"{root}/picture.png")
        done = subprocess.run([program, "weights", "convert", weights, onnx, "--size",
                               "x".join(map(str, arguments.size))], check=True, capture_output=True, text=True)
        print(done.stdout.partition(": ")[2].strip())
        ours = {name: numpy.load(f"{root}/picture_{name}.npy") for name in MAPS}
        for peer, run in (("ONNX Runtime", by_onnxruntime), ("OpenVINO", by_openvino)):
            for name, found in run(onnx, picture).items():
                wanted, found = ours[name], found[0]
                assert found.shape == wanted.shape and found.dtype == wanted.dtype, (found.shape, found.dtype)
                if name == "segmentation":
                    apart = int((found != wanted).sum())
                    print(f"{peer}: {name}: {apart} of {found.size} pixels differ, {len(numpy.unique(wanted))} classes")
                    good = good and apart <= found.size // 1000
                    continue
                reach = float(wanted.max()) - float(wanted.min())
                assert reach > 0, f"{name} is the same everywhere"
                apart = float(numpy.abs(found.astype(numpy.float64) - wanted).max())
                print(f"{peer}: {name}: at most {apart:.2g} apart, {apart / reach:.2g} of its range "
                      f"({wanted.min():.4g} to {wanted.max():.4g})")
                good = good and apart <= BOUNDS[name] * reach
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
