#!/usr/bin/env python3
"""The script `run` as it is carried, in an empty folder and a bare environment: with an emulated card every part runs to
its end; with the real module and no card it says what is missing. Prints TAP.

    tests/gpu/test-run.py RUN EMULATED_MODULE REAL_MODULE|- PROGRAM…
"""
import sys
import tempfile
from pathlib import Path

from carried import carry, check, finish, start

_, emulated, real, *programs = sys.argv[1:]

with tempfile.TemporaryDirectory() as root:
    folder = carry(Path(root) / "the emulated card's", emulated, programs)
    small = {"DH_GPU_SMALL": "1"}
    status, said, complained = start(folder, "devices", "forward", "bench", "steps", "ops", "golden", "precision", "peers", "train", "demo",
                                     "tables", "starts", "profile", "autotune", "sanitizer", **small)
    table = said.split("== table", 1)[-1]
    check("every part runs on an emulated card", status == 0 and "FAILED" not in said and not complained, said + complained)
    wanted = ("cuda:0", "operator proof:", "0 failed", "demo f32: AP 60.", "evaluation 128×64 f32: 16 pictures in ", "ldn121 64×64 fp16", "classes equal",
              "ldn121 64x64 f32: ", "_seconds", "one by one", "train ldn121 2 64 f32", "golden forward ldn121", "peers: ",
              " layers, ", "one by one, at least ", "profile: ", "sanitizer", "(compiled with all known) ",
              "start to maps on disk, ldn121 64x64 f32: first ", " ms later ", " ms (0 choices, ")
    missing = [word for word in wanted if word not in table]
    check("the table holds what was measured", not missing, f"{missing} in\n{table}")
    for part in ("precision", "peers", "tables", "profile"):
        status, said, complained = start(folder, part, **small)
        check(f"{part} runs alone", status == 0 and said.count("== ") == 2, said + complained)
    status, said, _ = start(folder, "nothing")
    check("a part that is none is refused", status == 2 and "no part nothing" in said, said)
    status, said, complained = start(folder, DH_GPU_SECONDS="4", **small)
    check("what comes too late is left out", status == 3 and "FAILED" not in said and "NOT REACHED, or not to its end: " in said and " demo tables starts profile" in said and not complained, said + complained)
    if any(program.endswith("/lose-card") for program in programs):
        for environment, word in (({}, "is opened again in its process, in "), ({"DH_EMULATED_STAYS": "1"}, "cannot be had back in its process: the card does not open")):
            status, said, complained = start(folder, "fault", **environment, **small)
            check("a lost card " + word, status == 0 and "a lost card (the card was lost in wait) " + word in said and not complained, said + complained)
    status, said, complained = start(folder, "precision", DH_EMULATED_FORGETS="1", **small)
    check("recordings that compute something else are told", status == 1 and "FAILED precision ldn121: ldn121 64×64 f32   recorded runs give OTHER VALUES" in said
          and not complained, said + complained)
    environment = {"DH_EMULATED_FAIL": "launch:1", **small}
    status, said, complained = start(folder, "precision", "ops", **environment)
    check("what fails is said and leaves the others alone",
          status == 1 and "FAILED precision ldn121" in said and "FAILED operator proof" in said, said + complained)
    if real != "-":
        folder = carry(Path(root) / "real", real, programs)
        status, said, complained = start(folder, CUDA_VISIBLE_DEVICES="")
        check("without a card it says why and ends",
              status == 77 and "NO CARD, nothing else is run: " in said and "== ops" not in said and "NOT REACHED" not in said
              and not complained, said + complained)
        status, said, complained = start(folder, "bench", "tables", CUDA_VISIBLE_DEVICES="", DH_GPU_SECONDS="60", **small)
        check("parts alone say it too",
              status == 1 and said.count("FAILED bench ldn121 64x64 f32: The device ") == 2
              and said.count("FAILED table ldn121 64x64 f32: The device ") == 2 and "early" not in said and not complained,
              said + complained)
finish()
