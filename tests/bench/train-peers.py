#!/usr/bin/env python3
"""Measures a training step of this project's cpu device against PyTorch's, side by side.

    tests/bench/train-peers.py [--network dlv3p_wrn38] [--build build] [--batch 2] [--side 768] [--rounds 3]
                               [--threads 2] [--python PYTHON] [--ours densehybrid,densehybrid-bf16,densehybrid-recompute]
                               [--peers torch,torch-eager,torch-bf16]

A network (ldn121 unless told) with the hybrid loss and Adam on invented crops; one process a contender, each with its network ready and one
step made; round after round each makes one step, in turn. Prints the median and the least wall-clock seconds, the
median processor seconds, and the peak of resident memory. The networks and the environment are those of peers.py."""
import argparse
import importlib.util
import os

here = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("peers", os.path.join(here, "peers.py"))
peers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(peers)

CLASSES = {"ldn121": 12, "dlv3p_wrn38": 19}
BETA = 0.03


def torch_runner(network, peer, batch, side, threads):
    import torch
    from torch.nn import functional as F

    torch.manual_seed(1)
    torch.set_num_threads(threads)
    base = peers.networks()[network]
    classes = CLASSES[network]

    class Training(base):
        def scores(self, f, g, shape, corners):
            return tuple(F.interpolate(x.float(), shape, mode="bilinear", align_corners=corners) for x in (f, g))

    model = Training(classes).train()
    picture = torch.rand(batch, 3, side, side)
    if peer != "torch-eager":
        model = model.to(memory_format=torch.channels_last)
        picture = picture.contiguous(memory_format=torch.channels_last)
    label = torch.randint(0, classes + 2, (batch, side // 32, side // 32))
    label = label.repeat_interleave(32, 1).repeat_interleave(32, 2)
    negative = label == classes + 1
    target = label.clamp(max=classes)
    adam = torch.optim.Adam(model.parameters(), 1e-5, eps=1e-7)

    def losses(f, g):
        segmentation = F.cross_entropy(f, target, ignore_index=classes)
        likelihood = (negative * (torch.logsumexp(f, 1) - f.mean().detach())).sum() / negative.sum()
        return segmentation + BETA * likelihood + 10 * BETA * F.cross_entropy(g, negative.long())

    def run():
        adam.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=peer == "torch-bf16"):
            f, g = model(picture)
        losses(f, g).backward()
        adam.step()
    return run


def start(contender, arguments, python):
    if contender.startswith("densehybrid"):
        program = [os.path.join(arguments.build, "tests", "bench", "bench-train"), arguments.network, str(arguments.batch),
                   str(arguments.side), "--serve", "--threads", str(arguments.threads)]
        program += ["--precision", "bf16"] if "bf16" in contender else []
        program += ["--recompute"] if "recompute" in contender else []
    else:
        program = [python, os.path.abspath(__file__), "--network", arguments.network, "--batch", str(arguments.batch), "--side", str(arguments.side),
                   "--threads", str(arguments.threads), "--serve", contender]
    return peers.launch(contender, program, arguments.threads)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="ldn121", choices=sorted(CLASSES))
    parser.add_argument("--build", default="build")
    parser.add_argument("--batch", default=2, type=int)
    parser.add_argument("--side", default=768, type=int)
    parser.add_argument("--peers", default="torch,torch-bf16")
    parser.add_argument("--ours", default="densehybrid")
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--threads", default=2, type=int)
    parser.add_argument("--python", help="a Python that has PyTorch")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return peers.serve_runs(torch_runner(arguments.network, arguments.serve, arguments.batch, arguments.side,
                                             arguments.threads))
    python = arguments.python or peers.environment(arguments.build)
    names = [name for name in (arguments.ours + "," + arguments.peers).split(",") if name]
    contenders = {name: start(name, arguments, python) for name in names}
    results = peers.take_turns(contenders, arguments.rounds)
    print(f"{arguments.network}, {arguments.batch} crops of {arguments.side}x{arguments.side}, "
          f"{arguments.threads} threads, {arguments.rounds} rounds")
    peers.print_results(results)


if __name__ == "__main__":
    main()
