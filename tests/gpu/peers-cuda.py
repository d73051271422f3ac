#!/usr/bin/env python3
"""PyTorch on a card beside this project's device, in turn: round after round each runs a few times, so that a card that
warms up or is shared slows all of them alike. The picture, as bytes in pinned memory, to the four maps on the card, in float16:
eager with mixed precision and with weights in half precision, the latter recorded as a CUDA graph as well, then compiled,
channels_last, with cuDNN's own benchmark; then a training step of ldn121 with the hybrid loss and Adam. Milliseconds,
median and least. What is likely to be the fastest comes before what is not, what is slow to start comes last, and every
stage is printed as it ends.

    peers-cuda.py [--ours "PROGRAM…"] [--ours-train "PROGRAM…"] [--quick | --slow] [--table FILE] [--size HEIGHTxWIDTH] [--device cpu: to try it]
"""
import argparse
import copy
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench")]
import peers

ROUNDS, RUNS = 6, 4
NETWORKS = ("ldn121", "dlv3p_wrn38")
# Of a training step: batch and side.
BATCH, SIDE = 16, 768


table = None


def say(line, worth_keeping=True):
    print(line, flush=True)
    if table and worth_keeping:
        with open(table, "a") as file:
            file.write(line + "\n")


def first_line(error):
    return str(error).splitlines()[0] if str(error) else repr(error)


# ---- in turn ---------------------------------------------------------------------------------------------------------
def take_turns(what, contenders, rounds=ROUNDS, runs=RUNS):
    """Each of the contenders (`name`, `run()` → seconds) `runs` times in each round; prints what they took. One that
    fails is said and leaves the list."""
    taken = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in list(contenders):
            try:
                taken[contender.name] += [contender.run() for _ in range(runs)]
            except Exception as error:  # too little memory, a process that ended
                say(f"{what} {contender.name}: {first_line(error)}")
                contenders.remove(contender)
                contender.close()
    medians = {c.name: statistics.median(taken[c.name]) for c in contenders}
    ours = medians.get("densehybrid")
    for name, median in medians.items():
        beside = f", {median / ours:.2f} times ours" if ours and name != "densehybrid" else ""
        say(f"{what} {name}: {1e3 * median:.3f} ms, least {1e3 * min(taken[name]):.3f}{beside}")
    return medians


class Ours:
    """One of the benches, which runs once for every line."""

    name = "densehybrid"

    def __init__(self, program, figure):
        self.figure = figure
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        if self.process.stdout.readline().strip() != "ready":
            said = self.process.communicate()[1].strip().splitlines()
            raise RuntimeError(said[-1] if said else f"it does not start (status {self.process.returncode})")

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("it ended")
        return json.loads(line)[self.figure]

    def close(self):
        self.process.kill()
        self.process.wait()


class Peer:
    def __init__(self, name, run):
        self.name, self.run = name, run

    def close(self):
        self.run = None


def try_add(contenders, what, name, make):
    """A contender that does not start is said, and the others go on without it."""
    begin = time.perf_counter()
    try:
        contender = make()
        contender.run()
        contenders.append(contender)
        say(f"  {what} {name}: ready after {time.perf_counter() - begin:.0f} s", False)
    except Exception as error:  # a missing compiler, too little memory
        say(f"{what} {name}: {first_line(error)}")


# ---- PyTorch ---------------------------------------------------------------------------------------------------------
def of_bytes(model, device, precision):
    """The network behind the picture's way to numbers, so that what compiles it compiles that too."""
    import torch

    dtype = torch.float32 if precision != "half" else torch.bfloat16 if device == "cpu" else torch.float16
    return lambda picture: model(picture.to(dtype) / 255)


def recorded(model, picture, device):
    """The same as a CUDA graph, which nothing but its start costs a processor; the maps stay where they are."""
    import torch

    still = picture.to(device)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):  # cuDNN's benchmark
            model(still)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        maps = model(still)

    def run(other):
        still.copy_(other, non_blocking=True)
        graph.replay()
        return maps
    return run


def start(device, model, size, precision, mode):
    """The peer's run(): as it is, as a CUDA graph, or compiled in one of PyTorch's modes, with its weights as constants
    where they are frozen."""
    import torch

    model = of_bytes(model, device, precision)
    if mode in (None, "graph"):
        return forward(device, model, size, precision, mode == "graph")
    mode, _, frozen = mode.partition(" ")
    how = {"options": {**torch._inductor.list_mode_options(mode), "freezing": True}} if frozen else {"mode": mode}
    # Who reads the function asks for that too, and not only who compiles it, in the runs before the first that counts.
    with torch._inductor.config.patch(freezing=bool(frozen)):
        return forward(device, torch.compile(model, dynamic=False, **how), size, precision)


def forward(device, model, size, precision, record=False):
    """→ seconds of the device from a picture in pinned memory to the maps."""
    import torch

    picture = torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8).to(memory_format=torch.channels_last)
    dtype, mixed = torch.bfloat16 if device == "cpu" else torch.float16, precision != "half"
    if device == "cuda":
        picture = picture.pin_memory()
    if record:
        with torch.inference_mode(), torch.autocast(device, dtype, enabled=mixed):
            model = recorded(model, picture, device)

    def once():
        with torch.inference_mode(), torch.autocast(device, dtype, enabled=mixed):
            if device == "cpu":
                begin = time.perf_counter()
                model(picture)
                return time.perf_counter() - begin
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            model(picture if record else picture.to(device, non_blocking=True))
            end.record()
            end.synchronize()
            return 1e-3 * begin.elapsed_time(end)

    for _ in range(4):  # cuDNN's benchmark, the compiler, the recording of a graph
        once()
    return once


def hybrid_loss(f, g, labels, classes, beta=0.03):
    import torch

    cross_entropy = torch.nn.functional.cross_entropy
    negative = labels == classes + 1
    inlier = torch.where(labels < classes, labels, classes)
    n = negative.sum().clamp(min=1)
    likelihood = ((torch.logsumexp(f.float(), 1) - f.detach().float().mean()) * negative).sum() / n
    return (cross_entropy(f.float(), inlier, ignore_index=classes) + beta * likelihood
            + 10 * beta * cross_entropy(g.float(), negative.long()))


def training(device, batch, side, compiled, classes=12):
    """Forward, losses, backward, optimiser → seconds of one step, by the wall."""
    import torch

    model = peers.make("ldn121").to(device).to(memory_format=torch.channels_last).train()
    interpolate = torch.nn.functional.interpolate
    model.scores = lambda f, g, shape, corners: tuple(
        interpolate(x, shape, mode="bilinear", align_corners=corners) for x in (f, g))
    image = torch.rand(batch, 3, side, side, device=device).to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes + 2, (batch, side, side), device=device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-5, eps=1e-7, fused=device == "cuda")
    dtype = torch.bfloat16 if device == "cpu" else torch.float16
    scaler = torch.amp.GradScaler(device, enabled=device == "cuda")
    step = torch.compile(model) if compiled else model

    def once():
        if device == "cuda":
            torch.cuda.synchronize()
        begin = time.perf_counter()
        with torch.autocast(device, dtype):
            loss = hybrid_loss(*step(image), labels, classes)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        optimiser.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    for _ in range(3):
        once()
    return once


# ---- the stages ------------------------------------------------------------------------------------------------------
def stages_of(options):
    """Contenders that start one after the other: name, precision, and how it is made."""
    quick = [[("eager", "mixed", None), ("eager half", "half", None), ("eager half graph", "half", "graph")],
             [("compile half reduce-overhead", "half", "reduce-overhead")], [("compile", "mixed", "default")],
             [("compile reduce-overhead", "mixed", "reduce-overhead")]]
    slow = [[("compile half max-autotune", "half", "max-autotune")],
            [("compile half max-autotune frozen", "half", "max-autotune frozen")]]
    return quick if options.quick else slow if options.slow else quick + slow


def compare_forward(options, sizes):
    import torch

    # All are one function to the compiler, which would leave those beyond the eighth as they are.
    torch._dynamo.config.cache_size_limit = 64
    stages = stages_of(options)
    models = {}
    for height, width in sizes:
        fields = {network: [] for network in options.networks}
        for i, stage in enumerate(stages):
            for network, contenders in fields.items():
                what = f"{network} {height}x{width} fp16"
                if network not in models:
                    model = peers.make(network).to(options.device).to(memory_format=torch.channels_last)
                    models[network] = {"mixed": model,
                                       "half": copy.deepcopy(model).to(torch.float16 if options.device == "cuda"
                                                                       else torch.bfloat16)}
                if i == 0 and options.ours:
                    program = [*shlex.split(options.ours), network, str(height), str(width), "--serve"]
                    figure = "card_seconds" if options.device == "cuda" else "seconds"
                    try_add(contenders, what, "densehybrid", lambda: Ours(program, figure))
                for name, precision, mode in stage:
                    model = models[network][precision]
                    try_add(contenders, what, name,
                            lambda: Peer(name, start(options.device, model, (height, width), precision, mode)))
                take_turns(what, contenders, options.rounds)
        for contenders in fields.values():
            for contender in contenders:
                contender.close()


def compare_training(options, batch, side):
    import torch

    what, contenders = f"train ldn121 {batch} {side} fp16", []
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    if options.ours_train:
        program = [*shlex.split(options.ours_train), "ldn121", str(batch), str(side), "--serve"]
        try_add(contenders, what, "densehybrid", lambda: Ours(program, "seconds"))
    for name, compiled in (("eager", False), ("compile", True)):
        try_add(contenders, what, name, lambda: Peer(name, training(options.device, batch, side, compiled)))
        take_turns(what, contenders, options.rounds // 2 + 1, 2)
    for contender in contenders:
        contender.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", help="bench-net with its device and precision")
    parser.add_argument("--ours-train", help="bench-train, likewise")
    parser.add_argument("--table", help="a file to which the times are added as they come")
    parser.add_argument("--quick", action="store_true", help="the larger size, and what compiles in little time")
    parser.add_argument("--slow", action="store_true", help="the larger size, and what compiles in much time, alone")
    parser.add_argument("--size", type=peers.size, action="append", help="HEIGHTxWIDTH")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--training", default=f"{BATCH}x{SIDE}", type=peers.size, help="BATCHxSIDE")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    options = parser.parse_args()
    global table
    table = options.table
    import torch

    if options.device == "cuda":
        if not torch.cuda.is_available():
            sys.exit("PyTorch sees no card")
        say(f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}")
        torch.backends.cudnn.benchmark = True
    compare_forward(options, options.size or ([(1024, 2048)] if options.quick or options.slow else [(1024, 2048), (720, 1280)]))
    if not options.slow:
        compare_training(options, *options.training)


if __name__ == "__main__":
    main()
