#!/usr/bin/env python3
"""The script `run` as it is carried, in an empty folder and a bare environment: with an emulated card every part runs to
its end; with the real module and no card it says what is missing. Prints TAP.

    tests/gpu/test-run.py RUN EMULATED_MODULE REAL_MODULE|- PROGRAM…
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

run, emulated, real, *programs = sys.argv[1:]
results = []


def carry(folder, module):
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "golden").mkdir()
    for program in programs:
        shutil.copy(program, folder / "bin")
    shutil.copy(module, folder / "bin" / "dh-cuda.so")
    for file in (run, Path(run).parent / "peers-cuda.py", Path(run).parent.parent / "bench" / "peers.py"):
        shutil.copy(file, folder)
    return folder


def start(folder, *parts, **more):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **more}
    done = subprocess.run([str(folder / "run"), *parts], cwd="/", env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def check(name, fine, said):
    results.append(fine)
    print(f"{'ok' if fine else 'not ok'} {len(results)} {name}", flush=True)
    for line in said.splitlines() if not fine else []:
        print(f"# {line}")


with tempfile.TemporaryDirectory() as root:
    folder = carry(Path(root) / "emulated", emulated)
    small = {"DH_GPU_SMALL": "1"}
    status, said, complained = start(folder, "devices", "ops", "demo", "precision", "bench", "steps", "train", "peers", "golden",
                                     "sanitizer", **small)
    table = said.split("== table", 1)[-1]
    check("every part runs on an emulated card", status == 0 and "FAILED" not in said and not complained, said + complained)
    wanted = ("cuda:0", "operator proof:", "0 failed", "demo f32: AP 60.", "ldn121 64×64 fp16", "classes equal",
              "ldn121 64x64 f32: ", "_seconds", "one by one", "train ldn121 2 64 f32", "golden forward ldn121", "peers: ",
              "sanitizer")
    missing = [word for word in wanted if word not in table]
    check("the table holds what was measured", not missing, f"{missing} in\n{table}")
    for part in ("precision", "peers"):
        status, said, complained = start(folder, part, **small)
        check(f"{part} runs alone", status == 0 and said.count("== ") == 2, said + complained)
    status, said, _ = start(folder, "nothing")
    check("a part that is none is refused", status == 2 and "no part nothing" in said, said)
    status, said, complained = start(folder, DH_GPU_SECONDS="4", **small)
    check("what comes too late is left out", status == 0 and "bench: no time was left" in said, said + complained)
    environment = {"DH_EMULATED_FAIL": "launch:1", **small}
    status, said, complained = start(folder, "precision", "ops", **environment)
    check("what fails is said and leaves the others alone",
          status == 1 and "FAILED precision ldn121" in said and "FAILED operator proof" in said, said + complained)
    if real != "-":
        folder = carry(Path(root) / "real", real)
        status, said, complained = start(folder, CUDA_VISIBLE_DEVICES="")
        check("without a card it says why and ends",
              status == 77 and "NO CARD, nothing else is run: " in said and "== ops" not in said
              and not complained, said + complained)
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
