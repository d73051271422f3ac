#!/usr/bin/env python3
"""PyTorch on a card: image on the card to the four maps, both networks and sizes, eager and compiled, channels_last with
mixed precision and cuDNN's own benchmark; and a training step of ldn121 with the hybrid loss and Adam. Milliseconds of
the card, median of the runs. peers-cuda.py [--quick]"""
import os
import statistics
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench")]
import peers
import torch


def measure(model, image, dtype, runs=20):
    with torch.inference_mode(), torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
        for _ in range(5):
            model(image)
        torch.cuda.synchronize()
        times = []
        for _ in range(runs):
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            model(image)
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end))
    return statistics.median(times)


def hybrid_loss(f, g, labels, classes, beta=0.03):
    cross_entropy = torch.nn.functional.cross_entropy
    negative = labels == classes + 1
    inlier = torch.where(labels < classes, labels, classes)
    n = negative.sum().clamp(min=1)
    likelihood = ((torch.logsumexp(f.float(), 1) - f.detach().float().mean()) * negative).sum() / n
    return (cross_entropy(f.float(), inlier, ignore_index=classes) + beta * likelihood
            + 10 * beta * cross_entropy(g.float(), negative.long()))


def train(dtype, compiled, batch=16, side=768, classes=12, runs=5):
    """Forward, losses, backward, optimiser: seconds of one step, by the wall."""
    model = peers.make("ldn121").cuda().to(memory_format=torch.channels_last).train()
    interpolate = torch.nn.functional.interpolate
    model.scores = lambda f, g, shape, corners: tuple(
        interpolate(x, shape, mode="bilinear", align_corners=corners) for x in (f, g))
    image = torch.rand(batch, 3, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(0, classes + 2, (batch, side, side))
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-5, eps=1e-7, fused=True)
    scaler = torch.amp.GradScaler("cuda", enabled=dtype is torch.float16)
    forward = torch.compile(model) if compiled else model
    times = []
    for i in range(runs + 3):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        with torch.autocast("cuda", dtype, enabled=dtype != torch.float32):
            f, g = forward(image)
            loss = hybrid_loss(f, g, labels, classes)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        optimiser.zero_grad()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[3:]), torch.cuda.max_memory_allocated() / 2**20


def try_train(name, dtype, compiled):
    try:
        torch.cuda.reset_peak_memory_stats()
        seconds, mib = train(dtype, compiled)
        print(f"train ldn121 16 768 {name} {1e3 * seconds:.1f} ms, {mib:.0f} MiB", flush=True)
    except Exception as error:  # too little memory, a missing compiler
        print(f"train ldn121 16 768 {name}: {str(error).splitlines()[0] if str(error) else error!r}", flush=True)
    torch.cuda.empty_cache()


def main():
    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no card")
    torch.set_default_device("cuda")
    torch.backends.cudnn.benchmark = True
    print(f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}, {torch.cuda.get_device_name()}")
    sizes = [(1024, 2048)] if "--quick" in sys.argv else [(1024, 2048), (720, 1280)]
    for network in ("ldn121", "dlv3p_wrn38"):
        model = peers.make(network).cuda().to(memory_format=torch.channels_last)
        for height, width in sizes:
            image = torch.rand(1, 3, height, width).to(memory_format=torch.channels_last)
            for dtype in (torch.float16, torch.bfloat16):
                name = f"{network} {height}x{width} {str(dtype)[6:]}"
                print(f"{name} eager {measure(model, image, dtype):.3f} ms", flush=True)
                if dtype is torch.bfloat16:
                    continue
                for mode in ("default", "max-autotune-no-cudagraphs", "reduce-overhead"):
                    if mode.startswith("max") and "--quick" in sys.argv:
                        continue
                    try:
                        torch._dynamo.reset()
                        compiled = torch.compile(model, mode=mode)
                        print(f"{name} compile {mode} {measure(compiled, image, dtype):.3f} ms", flush=True)
                    except Exception as error:  # a missing compiler, say
                        print(f"{name} compile {mode}: {str(error).splitlines()[0] if str(error) else error!r}")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    for name, dtype, compiled in (("fp16 eager", torch.float16, False), ("bf16 eager", torch.bfloat16, False),
                                  ("tf32 eager", torch.float32, False), ("fp16 compile", torch.float16, True)):
        try_train(name, dtype, compiled)


main()
