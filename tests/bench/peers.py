#!/usr/bin/env python3
"""Measures this project's cpu device against PyTorch, ONNX Runtime and OpenVINO, side by side.

    tests/bench/peers.py [--build build] [--network ldn121] [--size 1024x2048] [--peers torch,openvino,...]
                         [--rounds 5] [--threads 2] [--python PYTHON]

One process a contender, each with its network ready; round after round each runs once, in turn. Image tensor to
segmentation, likelihood, dataset posterior and hybrid score, seeded weights. Prints the median and the least wall-clock
seconds, the median processor seconds (which a busy machine distorts less), and the peak of resident memory.
Without --python, the peers are installed from the package index into an environment of their own, BUILD/peers-venv."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import venv

PEERS = ["torch", "onnxruntime", "openvino", "openvino-bf16", "torch-bf16"]


# ---- the networks, for the peers -------------------------------------------------------------------------------------
def networks():
    import torch
    from torch import nn
    from torch.nn import functional as F

    def brc(inside, out, k, bias=False):
        return nn.Sequential(nn.BatchNorm2d(inside), nn.ReLU(), nn.Conv2d(inside, out, k, padding=k // 2, bias=bias))

    def mean_matrix(size, cells):
        m = torch.zeros(cells, size)
        for i in range(cells):
            a, b = i * size // cells, -(-(i + 1) * size // cells)
            m[i, a:b] = 1 / (b - a)
        return m

    def adaptive(x, rows, columns):
        h, w = x.shape[-2:]
        if torch.jit.is_tracing():  # exporters know no adaptive pool with uneven windows
            return mean_matrix(int(h), rows) @ x @ mean_matrix(int(w), columns).T
        return F.adaptive_avg_pool2d(x, (rows, columns))

    class Scores(nn.Module):
        def scores(self, f, g, shape, corners):
            f = F.interpolate(f, shape, mode="bilinear", align_corners=corners)
            g = F.interpolate(g, shape, mode="bilinear", align_corners=corners)
            likelihood = torch.logsumexp(f, 1)
            return (f.argmax(1).to(torch.uint8), likelihood, F.softmax(g, 1)[:, 0],
                    F.log_softmax(g, 1)[:, 1] - likelihood)

    class Ldn(Scores):
        def __init__(self, classes=12):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                                      nn.MaxPool2d(2))
            self.blocks, self.transitions, c, skips = nn.ModuleList(), nn.ModuleList(), 64, []
            for i, layers in enumerate((6, 12, 24, 16)):
                block = nn.ModuleList()
                for _ in range(layers):
                    block.append(nn.Sequential(brc(c, 128, 1), brc(128, 32, 3)))
                    c += 32
                self.blocks.append(block)
                if i < 3:
                    skips.append(c)
                    self.transitions.append(nn.Sequential(brc(c, c // 2, 1),
                                                          nn.AvgPool2d(3, 2, 1, count_include_pad=False)))
                    c //= 2
            self.bn = brc(c, 512, 1)
            self.levels = nn.ModuleList(brc(512, 128, 1) for _ in range(4))
            self.fuse = brc(1024, 512, 1)
            self.ladder, c = nn.ModuleList(), 512
            for skip, out in zip(skips[::-1], (256, 256, 128)):
                self.ladder.append(nn.ModuleList((brc(skip, c, 1), brc(c, out, 3))))
                c = out
            self.logits, self.ood = brc(c, classes, 1, True), brc(c, 2, 1, True)

        def forward(self, image):
            x, skips = self.stem(image), []
            for i, block in enumerate(self.blocks):
                for layer in block:
                    x = torch.cat((x, layer(x)), 1)
                if i < 3:
                    skips.append(x)
                    x = self.transitions[i](x)
            x = self.bn(x)
            h, w = int(x.shape[-2]), int(x.shape[-1])
            parts = [x]
            for rows, level in zip((8, 4, 2, 1), self.levels):
                pooled = adaptive(x, rows, max(1, round(rows * w / h)))
                parts.append(F.interpolate(level(pooled), (h, w), mode="bilinear", align_corners=False))
            x = self.fuse(torch.cat(parts, 1))
            for skip, (bottleneck, blend) in zip(skips[::-1], self.ladder):
                lateral = bottleneck(skip)
                x = blend(lateral + F.interpolate(x, lateral.shape[-2:], mode="bilinear", align_corners=False))
            return self.scores(self.logits(x), self.ood(x), image.shape[-2:], False)

    class Residual(nn.Module):
        def __init__(self, inside, widths, stride, dilation):
            super().__init__()
            self.before = nn.Sequential(nn.BatchNorm2d(inside), nn.ReLU())
            if len(widths) == 2:
                shapes = ((widths[0], 3, stride), (widths[1], 3, 1))
            else:
                shapes = ((widths[0], 1, stride), (widths[1], 3, 1), (widths[2], 1, 1))
            parts, c = [], inside
            for i, (out, k, s) in enumerate(shapes):
                if i:
                    parts += [nn.BatchNorm2d(c), nn.ReLU()]
                d = dilation if k == 3 else 1
                parts.append(nn.Conv2d(c, out, k, s, k // 2 * d, d, bias=False))
                c = out
            self.body = nn.Sequential(*parts)
            self.project = nn.Conv2d(inside, c, 1, stride, bias=False) if stride != 1 or inside != c else None

        def forward(self, x):
            b = self.before(x)
            return self.body(b) + (x if self.project is None else self.project(b))

    class Dlv3p(Scores):
        def __init__(self, classes=19):
            super().__init__()
            def cbr(inside, out, k, d=1):
                return nn.Sequential(nn.Conv2d(inside, out, k, 1, k // 2 * d, d, bias=False), nn.BatchNorm2d(out),
                                     nn.ReLU())
            # Kept with the weights: where they are, as they are.
            self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1), persistent=False)
            self.register_buffer("deviation", torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1), persistent=False)
            self.mod1, c = nn.Conv2d(3, 64, 3, padding=1, bias=False), 64
            self.mods = nn.ModuleList()
            for n, widths, stride, dilation in ((3, (128, 128), 1, 1), (3, (256, 256), 1, 1), (6, (512, 512), 2, 1),
                                                (3, (512, 1024), 1, 2), (1, (512, 1024, 2048), 1, 4),
                                                (1, (1024, 2048, 4096), 1, 4)):
                blocks = []
                for i in range(n):
                    blocks.append(Residual(c, widths, stride if i == 0 else 1, dilation))
                    c = widths[-1]
                self.mods.append(nn.Sequential(*blocks))
            self.pool = nn.MaxPool2d(3, 2, 1)
            self.image = cbr(c, 256, 1)
            self.aspp = nn.ModuleList([cbr(c, 256, 1)] + [cbr(c, 256, 3, d) for d in (12, 24, 36)])
            self.fine, self.coarse = nn.Conv2d(128, 48, 1, bias=False), nn.Conv2d(1280, 256, 1, bias=False)
            self.final = nn.Sequential(cbr(304, 256, 3), cbr(256, 256, 3), nn.Conv2d(256, classes, 1, bias=False))
            self.ood = brc(304, 2, 1, True)

        def forward(self, image):
            x = self.mod1((image - self.mean) / self.deviation)
            for i, mod in enumerate(self.mods):
                x = mod(self.pool(x) if i < 2 else x)
                if i == 0:
                    mod2 = x
            whole = F.interpolate(self.image(x.mean((2, 3), keepdim=True)), x.shape[-2:], mode="bilinear",
                                  align_corners=True)
            x = self.coarse(torch.cat([whole] + [branch(x) for branch in self.aspp], 1))
            x = F.interpolate(x, mod2.shape[-2:], mode="bilinear", align_corners=True)
            x = torch.cat((self.fine(mod2), x), 1)
            return self.scores(self.final(x), self.ood(x), image.shape[-2:], True)

    return {"ldn121": Ldn, "dlv3p_wrn38": Dlv3p}


def make(network):
    import torch

    torch.manual_seed(1)
    model = networks()[network]().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return model


# ---- one contender: reads lines, runs once for each ------------------------------------------------------------------
def exported(peer, network, size, build):
    """Where the network lies for a peer that reads it from a file."""
    kind = "onnx" if peer == "onnxruntime" else "xml"
    return os.path.join(build, "peers", f"{network}-{size[0]}x{size[1]}.{kind}")


def export(peer, network, size, build):
    """Writes it: in a process of its own, so that what this needs is not counted as the peer's memory."""
    import torch

    path = exported(peer, network, size, build)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Traced on a small picture where nothing of the network depends on the size: a traced run in PyTorch takes minutes
    # and more memory than many a machine has.
    fixed, model = network != "dlv3p_wrn38", make(network)
    example = torch.rand(1, 3, *(size if fixed else (64, 128)))
    if peer == "onnxruntime":
        torch.onnx.export(model, (example,), path, opset_version=17, input_names=["image"], dynamo=False,
                          dynamic_axes=None if fixed else {"image": {2: "height", 3: "width"}})
    else:
        import openvino

        openvino.save_model(openvino.convert_model(model, example_input=example, input=[1, 3, *size]), path,
                            compress_to_fp16=False)


def torch_runner(peer, network, size, threads):
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    model = make(network).to(memory_format=torch.channels_last)
    picture = torch.rand(1, 3, *size).contiguous(memory_format=torch.channels_last)
    if peer == "torch":
        return lambda: model(picture)

    def run():
        with torch.autocast("cpu", torch.bfloat16):
            return model(picture)
    return run


def runner(peer, network, size, threads, build):
    if peer.startswith("torch"):
        return torch_runner(peer, network, size, threads)
    import numpy

    path = exported(peer, network, size, build)
    picture = numpy.random.default_rng(1).random((1, 3, *size), numpy.float32)
    if peer == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_free_dimension_override_by_name("height", size[0])
        options.add_free_dimension_override_by_name("width", size[1])
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {"image": picture})
    import openvino

    precision = "bf16" if peer.endswith("bf16") else "f32"
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": threads,
                                                           "INFERENCE_PRECISION_HINT": precision,
                                                           "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return lambda: request.infer({0: picture})


def memory(what):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(what):
                return int(line.split()[1])


def serve_runs(run):
    """Once to be ready, then once for every line of standard input."""
    import time

    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        run()
        print(json.dumps({"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - processor,
                          "peak_kib": memory("VmHWM:")}), flush=True)


def write_for(peer, arguments, python):
    """Has the network written for a peer that reads it from a file, unless it lies there."""
    if peer.startswith("torch") or os.path.exists(
            exported(peer, arguments.network, arguments.size, arguments.build)):
        return
    subprocess.run([python, os.path.abspath(__file__), "--network", arguments.network, "--size",
                    "x".join(map(str, arguments.size)), "--build", arguments.build, "--export", peer], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ---- the comparison --------------------------------------------------------------------------------------------------
def environment(build):
    folder = os.path.join(build, "peers-venv")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "torch", "numpy", "onnx", "onnxruntime", "openvino"],
                       check=True)
    return python


def start(contender, arguments, python):
    """The contender's process, its network ready; what it reads lies there already."""
    height, width = arguments.size
    if contender.startswith("densehybrid"):
        program = [os.path.join(arguments.build, "tests", "bench", "bench-net"), arguments.network, str(height),
                   str(width), "--serve", "--threads", str(arguments.threads)]
        precision = contender.rpartition("-")[2]
        if precision in ("bf16", "int8"):
            program += ["--precision", precision]
    else:
        program = [python, os.path.abspath(__file__), "--network", arguments.network, "--size", f"{height}x{width}",
                   "--threads", str(arguments.threads), "--build", arguments.build, "--serve", contender]
    return launch(contender, program, arguments.threads)


def launch(contender, program, threads):
    """The contender's process once it is ready; None, with a word, where it does not start."""
    settings = dict(os.environ, OMP_NUM_THREADS=str(threads))
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, env=settings)
    if process.stdout.readline().strip() != "ready":
        print(f"{contender}: it does not start here")
        process.kill()
        process.wait()
        return None
    return process


def take_turns(contenders, rounds):
    """{name: process or None} → {name: what each of its runs took}: round after round each runs once."""
    contenders = {name: process for name, process in contenders.items() if process}
    results = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, process in contenders.items():
            process.stdin.write("run\n")
            process.stdin.flush()
            results[name].append(json.loads(process.stdout.readline()))
    for process in contenders.values():
        process.stdin.close()
        process.wait()
    return results


def print_results(results):
    print(f"{'':22}{'median s':>10}{'least s':>10}{'cpu s':>10}{'peak MiB':>10}")
    for name, runs in results.items():
        print(f"{name:22}{statistics.median(r['seconds'] for r in runs):10.3f}{min(r['seconds'] for r in runs):10.3f}"
              f"{statistics.median(r['cpu_seconds'] for r in runs):10.3f}"
              f"{max(r['peak_kib'] for r in runs) / 1024:10.0f}")


def size(text):
    height, width = text.split("x")
    return int(height), int(width)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--network", default="ldn121", choices=["ldn121", "dlv3p_wrn38"])
    parser.add_argument("--size", default="1024x2048", type=size, help="HEIGHTxWIDTH")
    parser.add_argument("--peers", default="torch,onnxruntime,openvino,openvino-bf16",
                        help="of " + ", ".join(PEERS))
    parser.add_argument("--ours", default="densehybrid,densehybrid-bf16")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--threads", default=2, type=int)
    parser.add_argument("--python", help="a Python that has the peers")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--export", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.export:
        return export(arguments.export, arguments.network, arguments.size, arguments.build)
    if arguments.serve:
        return serve_runs(runner(arguments.serve, arguments.network, arguments.size, arguments.threads, arguments.build))
    python = arguments.python or environment(arguments.build)
    peers = [peer for peer in arguments.peers.split(",") if peer]
    for peer in peers:  # while no contender holds memory
        write_for(peer, arguments, python)
    contenders = {name: start(name, arguments, python)
                  for name in arguments.ours.split(",") + peers}
    results = take_turns(contenders, arguments.rounds)
    print(f"{arguments.network} {arguments.size[0]}x{arguments.size[1]}, {arguments.threads} threads, "
          f"{arguments.rounds} rounds")
    print_results(results)


if __name__ == "__main__":
    main()
