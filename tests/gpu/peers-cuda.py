#!/usr/bin/env python3
"""PyTorch on a card: image on the card to the four maps, both networks and sizes, eager and compiled, channels_last with
mixed precision and cuDNN's own benchmark. Milliseconds of the card, median of the runs. peers-cuda.py [--quick]"""
import os
import statistics
import sys

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


main()
