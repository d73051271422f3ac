#!/usr/bin/env python3
"""Networks of torchvision's, with random weights, exported as ONNX by both of PyTorch's exporters: how far the cpu
device's logits are from ONNX Runtime's, at sizes other than that of the export, and how long each takes beside OpenVINO.

    build/peers-venv/bin/python tests/bench/onnx-networks.py build/app/densehybrid [--size 1024x2048] [--rounds 3]

Needs numpy, onnxruntime, onnxscript, openvino, torch, torchvision, and for SegFormer (--networks
segformer_b0,segformer_b2) transformers. Run on a quiet machine: every contender is a process of its own, in turn, with
two threads."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
PEER = """
import sys, time, numpy, openvino
path, height, width, precision = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
core = openvino.Core()
model = core.read_model(path)
model.reshape({model.inputs[0].get_any_name(): [1, 3, height, width]})
compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": precision})
request, x = compiled.create_infer_request(), numpy.random.default_rng(0).random((1, 3, height, width), numpy.float32)
request.infer([x])
times = []
for _ in range(3):
    begin = time.perf_counter()
    request.infer([x])
    times.append(time.perf_counter() - begin)
print(sorted(times)[1])
"""


def segformer(name):
    """MiT-B0 or -B2 as transformers has them, the logits resized to the picture."""
    import torch
    import transformers
    sizes = {"segformer_b0": dict(hidden_sizes=[32, 64, 160, 256], depths=[2, 2, 2, 2], decoder_hidden_size=256),
             "segformer_b2": dict(hidden_sizes=[64, 128, 320, 512], depths=[3, 4, 6, 3], decoder_hidden_size=768)}

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = transformers.SegformerForSemanticSegmentation(transformers.SegformerConfig(num_labels=19, **sizes[name]))
            for parameter in self.network.parameters():  # wider than those that training begins with
                if parameter.dim() > 1:
                    torch.nn.init.normal_(parameter, std=(1.2 / parameter[0].numel()) ** 0.5)

        def forward(self, x):
            y = self.network(pixel_values=x).logits
            return {"out": torch.nn.functional.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)}
    return Network()


def export(name, new, path):
    import torch
    import torchvision.models.segmentation as networks

    class Logits(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x)["out"]
    torch.manual_seed(0)
    network = segformer(name) if name.startswith("segformer") else getattr(networks, name)(
        weights=None, weights_backbone=None, num_classes=19, aux_loss=False)
    for module in network.modules():  # so that a norm is not the identity
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, low, high in ((module.weight, .75, 1.25), (module.bias, -.1, .1), (module.running_mean, -.1, .1),
                                      (module.running_var, .75, 1.5)):
                torch.nn.init.uniform_(tensor, low, high)
    ends = dict(input_names=["image"], output_names=["logits"])
    if new:
        sides = {2: torch.export.Dim("h", min=64, max=4096), 3: torch.export.Dim("w", min=64, max=4096)}
        ends.update(dynamo=True, dynamic_shapes=({0: None, 1: None, **sides},))
    else:
        version = 14 if name.startswith("segformer") else 13  # the first that has its attention
        ends.update(dynamo=False, opset_version=version, dynamic_axes={"image": {2: "h", 3: "w"}})
    torch.onnx.export(Logits(network).eval(), (torch.rand(1, 3, 256, 512),), path, **ends)


def compare(program, path, folder):
    import onnxruntime
    from PIL import Image
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for height, width in ((256, 512), (250, 498), (384, 640)):
        random = np.random.default_rng(height)
        picture = np.kron(random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)), np.ones((8, 8, 1)))[:height, :width]
        Image.fromarray(picture.astype(np.uint8)).save(f"{folder}/picture.png")
        x = ((picture.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None]
        theirs = session.run(None, {"image": x})[0][0]
        for precision in ("f32", "bf16"):
            subprocess.run([program, "infer", "--params", path, "--device", "cpu", "--precision", precision, "--maps", "logits",
                            "--out", folder, "--quiet", f"{folder}/picture.png"], check=True, stderr=subprocess.DEVNULL)
            ours = np.load(f"{folder}/picture_logits.npy")
            print(f"  {height}x{width} {precision}: {np.abs(ours - theirs).max() / np.ptp(theirs):.1e} of the logits' range, "
                  f"{(ours.argmax(0) != theirs.argmax(0)).sum()} of {height * width} classes", flush=True)


def race(program, path, size, rounds):
    height, width = map(int, size.split("x"))
    times = {}
    for _ in range(rounds):
        for precision in ("f32", "bf16"):
            done = subprocess.run([program, "bench", "--params", path, "--size", size, "--precision", precision, "--runs", "3",
                                   "--threads", "2", "--json", "--quiet"], check=True, capture_output=True, text=True)
            times.setdefault(("cpu device", precision), []).append(json.loads(done.stdout)["median_ms"] / 1000)
            done = subprocess.run([sys.executable, "-c", PEER, path, str(height), str(width), precision], check=True,
                                  capture_output=True, text=True)
            times.setdefault(("OpenVINO", precision), []).append(float(done.stdout))
    for (who, precision), seconds in sorted(times.items(), key=lambda t: t[0][::-1]):
        print(f"  {size} {precision} {who}: {np.median(seconds):.3f} s, least {min(seconds):.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--networks", default="deeplabv3_resnet50,fcn_resnet50")
    parser.add_argument("--size", default="1024x2048")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            for new in (False, True):
                path = os.path.join(folder, f"{name}-{'new' if new else 'old'}.onnx")
                with open(os.devnull, "w") as nothing:
                    out, sys.stdout = sys.stdout, nothing
                    export(name, new, path)
                    sys.stdout = out
                print(os.path.basename(path), flush=True)
                compare(options.program, path, folder)
            race(options.program, path, options.size, options.rounds)


main()
