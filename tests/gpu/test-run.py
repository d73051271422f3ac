#!/usr/bin/env python3
"""The script `run` as it is carried, in an empty folder and a bare environment: with an emulated card every part runs to
its end; with the real module and no card it says what is missing; with programs that hang, fail or are cut off, what was
measured is kept and the rest goes on. Prints TAP.

    tests/gpu/test-run.py RUN EMULATED_MODULE REAL_MODULE|- PROGRAM…
"""
import contextlib
import importlib.util
import io
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

run, emulated, real, *programs = sys.argv[1:]
results = []
PATIENCE = 300


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


# What stands for the programs of a machine that is broken in every way: each is a shell script.
BROKEN = {
    "densehybrid": """case $1 in
      --version) echo 'densehybrid 1' ;;
      devices) echo 'cuda:0   Some card · 1 MiB · f32 · default' ;;
      *) echo 'densehybrid-pooled 60.42'; echo 'run 1: some pictures' ;;
    esac""",
    "test-forward": "echo '# logits: largest error 1e-6 of the largest value 1'; echo 'ok 1 forward'; echo '1..1'",
    # One hears no signal.
    "bench-net": """echo '{"median_seconds": 0.5, "device_median_seconds": 0.25}'
      echo '0.5000 ms 100.0 % 1.0 GFLOP/s some layer'; echo '0.5000 ms in all'
      [ "$1 $5" != 'dlv3p_wrn38 fp16' ] && [ "$1 $7" != 'dlv3p_wrn38 fp16' ] || { trap '' TERM; sleep 1000; }""",
    "test-ops": "echo 'not ok 1 something'; exit 1",
    # Who would end it cannot, as little as what hangs in a driver can be ended.
    "test-train": "kill -STOP $PPID; sleep 1000",
    "precision-report": """error=0.5; [ "${DH_CUDA_WITHOUT:-}" != fused ] || error=0.01
      echo "$2 64×64 fp16 hybrid $error logits 0.1 where clear 100.0000 %, NaN LOST"
      kill -SEGV $$""",
    "bench-train": "exit 3",
}


def break_down(folder):
    """The script among them; nvidia-smi and Python hang."""
    for name in ("bin", "path", "golden"):
        (folder / name).mkdir(parents=True)
    for name, text in BROKEN.items():
        write_script(folder / "bin" / name, text)
    for name in ("nvidia-smi", "python3"):
        write_script(folder / "path" / name, "trap '' TERM; sleep 1000")
    for name in ("ldn121.safetensors", "dlv3p_wrn38.safetensors"):
        (folder / "golden" / name).touch()
    shutil.copy(run, folder)
    return folder


def write_script(path, text):
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def is_running(folder):
    """Something of it is left."""
    return subprocess.run(["pgrep", "-f", f"{folder}/"], capture_output=True).returncode == 0


def comes(condition):
    """Whether it does, however slow the machine is."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def check_hanging(folder):
    begin = time.monotonic()
    status, said, complained = start(folder, PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="75")
    taken = time.monotonic() - begin
    table = (folder / "out" / "table.txt").read_text()
    wanted = ("cuda:0   Some card", "golden forward ldn121: 1 passed, worst 1e-6", "ldn121 1024x2048 fp16: \"median",
              "dlv3p_wrn38 1024x2048 fp16: \"median", "FAILED bench dlv3p_wrn38 1024x2048 fp16: stopped after",
              "(2.5 ms wanted: MISSED)", "0.5000 ms in all", "FAILED operator proof: status 1, not ok 1 something",
              "FAILED golden: it hung and was stopped after", "ldn121 64×64 fp16 hybrid 0.5", "FAILED precision ldn121: it ended with status 139",
              "FAILED precision ldn121 fp16: hybrid maps", "without fused it is right", "nor without epilogues", "precision ldn121: a NaN becomes",
              "peers: this machine has no Python", "FAILED train ldn121 16 768 fp16: it ended with status 3", "demo f32: AP 60.42",
              "FAILED evaluation 2048×1024: no maps")
    missing = [word for word in wanted if word not in table]
    check("what hangs is ended, what fails is said, all else runs", status == 1 and not missing and not complained,
          f"status {status}, {missing} missing in\n{said}{complained}")
    check("a run of what hangs keeps to its time", taken < 75 + 60, f"{taken:.0f} s")
    check("the table comes last, as it is on disk", said.endswith(table) and "== table" in said, said)
    everything = (folder / "out" / "log.txt").read_text()
    check("one file holds all that was said", "some layer" in everything and "largest error 1e-6" in everything, everything)
    check("nothing is left running", comes(lambda: not is_running(folder)), "")


def check_cut_off(folder, number):
    """In the midst of the times, which hang by then."""
    table = folder / "out" / "table.txt"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DH_GPU_SECONDS": "400"}
    process = subprocess.Popen([str(folder / "run")], cwd="/", env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    log = folder / "log" / "bench-dlv3p_wrn38-1024x2048-fp16.txt"
    comes(lambda: log.exists() and "in all" in log.read_text())
    process.send_signal(number)
    begin = time.monotonic()
    if number == signal.SIGKILL:  # its parts are groups of their own; a machine that is taken away takes them along
        process.wait()
        subprocess.run(["pkill", "-KILL", "-f", f"{folder}/"])
    said = process.communicate(timeout=PATIENCE)[0]
    taken, kept = time.monotonic() - begin, table.read_text()
    there = "golden forward dlv3p_wrn38: 1 passed" in kept and "ldn121 1024x2048 fp16: \"median" in kept
    there = there and "in all" in log.read_text()
    check(f"what is cut off by {number.name} is on disk", there, kept)
    if number == signal.SIGTERM:
        check("it says so, ends at once and leaves nothing running",
              process.returncode == 143 and "CUT OFF in bench" in kept
              and (folder / "out" / "log.txt").read_text().count("in all") == 2 and said.endswith(kept) and taken < 60
              and comes(lambda: not is_running(folder)), f"status {process.returncode}, {taken:.1f} s\n{said}")


# A sanitizer that finds nothing, finds something, and does not come to its end.
SANITIZER = """while [ "$1" != env ]; do tool+=" $1"; shift; done
  echo 'ok 1 something'
  case "$tool $*" in
    *gradient) echo '========= Invalid __global__ write of size 4 bytes'; sleep 1000 ;;
    *racecheck*) echo '========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)'; exit 9 ;;
    *) echo '========= ERROR SUMMARY: 0 errors' ;;
  esac"""


def check_sanitizer(folder):
    (folder / "path").mkdir()
    write_script(folder / "path" / "compute-sanitizer", SANITIZER)
    status, said, complained = start(folder, "sanitizer", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="60")
    wanted = ("sanitizer memcheck chain: status 0, 1 passed, ========= ERROR SUMMARY: 0 errors",
              "FAILED sanitizer racecheck chain", "then the time was over; 1 errors by then")
    missing = [word for word in wanted if word not in said]
    check("what a sanitizer finds is said, though it is cut off", status == 1 and not missing and not complained,
          f"status {status}, {missing} missing in\n{said}{complained}")


def check_peers():
    """The turns themselves, without PyTorch."""
    spec = importlib.util.spec_from_file_location("peers_cuda", Path(run).parent / "peers-cuda.py")
    peers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peers)
    order = []

    def contender(name, seconds, fails_after=1000):
        def once():
            order.append(name)
            if order.count(name) > fails_after:
                raise RuntimeError("it is broken\nin detail")
            return seconds
        return peers.Peer(name, once)

    contenders = [contender("densehybrid", 0.002), contender("eager", 0.005), contender("compile", 0.001, 3)]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        peers.take_turns("x", contenders, rounds=3, runs=2)
    turns = "".join(name[0] for name in order)
    check("peers run in turn, and one that fails leaves the others alone",
          turns == "ddeeccddeeccddee" and [c.name for c in contenders] == ["densehybrid", "eager"]
          and "x compile: it is broken\n" in said.getvalue() and "5.000 ms, least 5.000, 2.50 times ours" in said.getvalue(),
          turns + said.getvalue())
    program = ["/bin/sh", "-c", "echo ready; while read -r _; do echo '{\"card_seconds\": 0.5}'; done"]
    ours = peers.Ours(program, "card_seconds")
    figures = [ours.run(), ours.run()]
    ours.close()
    try:
        peers.Ours(["/bin/sh", "-c", "echo 'no card' >&2; exit 1"], "card_seconds")
        said = ""
    except RuntimeError as error:
        said = str(error)
    check("our own program is one of them", figures == [0.5, 0.5] and said == "no card", f"{figures} {said}")


with tempfile.TemporaryDirectory() as root:
    folder = carry(Path(root) / "emulated", emulated)
    small = {"DH_GPU_SMALL": "1"}
    status, said, complained = start(folder, "devices", "forward", "bench", "steps", "ops", "golden", "precision", "peers", "train", "demo",
                                     "sanitizer", **small)
    table = said.split("== table", 1)[-1]
    check("every part runs on an emulated card", status == 0 and "FAILED" not in said and not complained, said + complained)
    wanted = ("cuda:0", "operator proof:", "0 failed", "demo f32: AP 60.", "evaluation 128×64 f32: 16 pictures in ", "ldn121 64×64 fp16", "classes equal",
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
    check("what comes too late is left out", "demo: no time was left" in said and not complained, said + complained)
    check_sanitizer(folder)
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
with tempfile.TemporaryDirectory() as root:
    check_hanging(break_down(Path(root) / "hanging"))
    for number in (signal.SIGTERM, signal.SIGKILL):
        check_cut_off(break_down(Path(root) / number.name), number)
    check_peers()
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
