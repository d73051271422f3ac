"""What the tests of the script `run` share: it is carried into an empty folder, with programs that work or are broken, and
started in a bare environment. Their command line: TEST RUN [MORE…]. What they print is TAP."""
import shutil
import subprocess
import sys
import time
from pathlib import Path

run = sys.argv[1]
results = []
PATIENCE = 300


def carry(folder, module, programs):
    (folder / "bin").mkdir(parents=True)
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
    "bench-net": """[ "${DH_DEBUG:-}" != plan ] || { echo '   0    125.0 ?s   58.72 MB  some  3×4×5 → 3×4×5 at 0.0 MiB  layer'
        echo '   1 launches  58.7 MB  0.0 GFLOP  125.0 ?s  in all'; }
      echo '{"median_seconds": 0.5, "device_median_seconds": 0.25}'
      echo '0.5000 ms 100.0 % 1.0 GFLOP/s some layer'; echo '0.5000 ms in all'
      [ "$1 $5" != 'dlv3p_wrn38 fp16' ] && [ "$1 $7" != 'dlv3p_wrn38 fp16' ] || { trap '' TERM; sleep 1000; }""",
    "test-ops": "echo 'not ok 1 something'; exit 1",
    # Who would end it cannot, as little as what hangs in a driver can be ended.
    "test-train": "kill -STOP $PPID; sleep 1000",
    "precision-report": """error=0.5; case ${DH_CUDA_WITHOUT:-}${DH_PLAN_CACHE##*/} in fusedplans | enginesplans-of-first) error=0.01 ;; esac
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


def finish():
    print(f"1..{len(results)}")
    sys.exit(0 if all(results) else 1)
