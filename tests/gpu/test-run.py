#!/usr/bin/env python3
"""The script `run` as it is carried, in an empty folder and a bare environment: with an emulated card every part runs to
its end; with the real module and no card it says what is missing; with programs that hang, fail or are cut off, what was
measured is kept and the rest goes on. Prints TAP.

    tests/gpu/test-run.py RUN EMULATED_MODULE REAL_MODULE|- PROGRAM…
"""
import contextlib
import importlib.util
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

run, emulated, real, *programs = sys.argv[1:]
results = []
PATIENCE = 300


def carry(folder, module):
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


def check_libraries(folder):
    """They travel in one file, and are what programs find first, wherever there is room; one that is torn is told."""
    write_script(folder / "bin" / "densehybrid", """[ "$1" != --version ] || { echo 'densehybrid 1'; exit; }
      [ -e "${LD_LIBRARY_PATH%%:*}/libmarker.so" ] || { echo 'cuda  libmarker.so is missing'; exit; }
      echo 'cuda:0   Some card · 1 MiB · f32 · default'""")
    (folder / "lib").mkdir()
    (folder / "lib" / "liblarge.so").write_bytes(random.Random(1).randbytes(1 << 18))
    (folder / "lib" / "libmarker.so").touch()
    with tarfile.open(folder / "lib.tar.gz", "w:gz") as packed:
        packed.add(folder / "lib", "lib", recursive=False)
        for file in ("liblarge.so", "libmarker.so"):
            packed.add(folder / "lib" / file, f"lib/{file}")
    shutil.rmtree(folder / "lib")
    for _ in range(2):
        (folder / "bin" / "densehybrid").chmod(0o644)  # as some ways of carrying it leave it
        status, said, complained = start(folder, "devices", LD_LIBRARY_PATH="/nowhere")
        check("libraries are unpacked", status == 0 and "cuda:0   Some card" in said and not complained, said + complained)
    (folder / "full").mkdir()
    write_script(folder / "full" / "tar", """case $* in */log\\ *) echo 'tar: no space' >&2; exit 2 ;; esac; exec /usr/bin/tar "$@\"""")
    status, said, complained = start(folder, "devices", PATH=f"{folder}/full:/usr/bin:/bin")
    check("elsewhere where the logs have no room", status == 0 and "cuda:0   Some card" in said and "unpacked" not in said and not complained, said + complained)
    whole = (folder / "lib.tar.gz").read_bytes()
    (folder / "lib.tar.gz").write_bytes(whole[:len(whole) // 2])
    status, said, complained = start(folder, "devices")
    check("torn libraries are told", status == 77 and "the libraries cannot be unpacked: gzip: " in said and not complained, said + complained)


def check_loader(folder):
    """Where the machine's C library is too old, our own is the program that runs ours, whatever became of its rights."""
    (folder / "libc").mkdir()
    write_script(folder / "bin" / "densehybrid", "exit 1")
    (folder / "bin" / "dh-cuda.so").touch()
    write_script(folder / "libc" / "ld-linux-x86-64.so.2", "case $* in *--version) echo 'densehybrid 1' ;; *) echo 'cuda:0   Some card · default' ;; esac")
    (folder / "libc" / "ld-linux-x86-64.so.2").chmod(0o644)
    status, said, complained = start(folder, "devices")
    check("our own C library's loader is one", status == 0 and "its own does" in said and "cuda:0   Some card" in said and not complained,
          f"status {status}\n{said}{complained}")


def check_hanging(folder):
    begin = time.monotonic()
    status, said, complained = start(folder, PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="75")
    taken = time.monotonic() - begin
    table = (folder / "out" / "table.txt").read_text()
    wanted = ("cuda:0   Some card", "golden forward ldn121: 1 passed, worst 1e-6", "ldn121 1024x2048 fp16: \"median",
              "dlv3p_wrn38 1024x2048 fp16: \"median", "NOT KNOWN bench dlv3p_wrn38 1024x2048 fp16: stopped after",
              "(2.5 ms wanted: MISSED)", "0.5000 ms in all", "FAILED operator proof: status 1, not ok 1 something",
              "FAILED golden: it hung and was stopped after", "ldn121 64×64 fp16 hybrid 0.5", "FAILED precision ldn121: it ended with status 139",
              "FAILED precision ldn121 fp16: hybrid maps", "without fused it is right", "nor without epilogues", "without engines it is right", "precision ldn121: a NaN becomes",
              "peers: this machine has no Python", "FAILED train ldn121 16 768 fp16: it ended with status 3", "demo f32: AP 60.42",
              "FAILED evaluation 2048×1024: no maps", "golden tables starts profile sanitizer (`run rest` goes on there)")
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
              and (folder / "out" / "log.txt").read_text().count("ms in all") == 2 and said.endswith(kept) and taken < 60
              and comes(lambda: not is_running(folder)), f"status {process.returncode}, {taken:.1f} s\n{said}")


# A sanitizer that finds nothing, finds something, and does not come to its end.
SANITIZER = """while [ "$1" != env ]; do tool+=" $1"; shift; done
  echo 'ok 1 something'
  [ "${DH_TEST_NAN_MAY_GO:-}" = 1 ] || exit 1
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
              "FAILED sanitizer racecheck chain", "then the time was over; 1 errors by then", "FAILED sanitizer memcheck gradient")
    missing = [word for word in wanted if word not in said]
    check("what a sanitizer finds is said, though it is cut off", status == 1 and not missing and not complained,
          f"status {status}, {missing} missing in\n{said}{complained}")
    write_script(folder / "path" / "compute-sanitizer", "echo 'ok 1 x'; echo '========= ERROR SUMMARY: 0 errors'; kill -SEGV $$")
    status, said, complained = start(folder, "sanitizer", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="60")
    check("what dies in a sanitizer has not passed", status == 1 and "FAILED sanitizer memcheck chain" in said, f"status {status}\n{said}{complained}")


# What a profiler does on a good machine; each kernel's numbers as it prints them, in lines of their own.
PROFILER = """echo "$DH_DEBUG $*" >>"${0%/*}/asked"
  echo '==PROF== Connected to process 1 (bench-net)'
  echo '==PROF== Profiling "convolve": 0%....50%....100% - 9 passes'
  echo '"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream","Block Size","Grid Size","Device","CC","Section Name","Metric Name","Metric Unit","Metric Value"'
  number=0
  row () {
    local unit=%; [ "${2%%_*}" != gpu ] || unit=$4
    echo "\\"$number\\",\\"1\\",\\"bench-net\\",\\"h\\",\\"$1\\",\\"1\\",\\"7\\",\\"(256, 1, 1)\\",\\"(128, 1, 1)\\",\\"0\\",\\"9.0\\",\\"Command line profiler metrics\\",\\"$2\\",\\"$unit\\",\\"$3\\""
  }
  kernel () {
    row "$1" dram__throughput.avg.pct_of_peak_sustained_elapsed "$3"
    row "$1" gpu__time_duration.sum "$2" "$5"
    row "$1" lts__throughput.avg.pct_of_peak_sustained_elapsed n/a
    row "$1" sm__throughput.avg.pct_of_peak_sustained_elapsed "$4"
    number=$((number + 1))
  }
  kernel 'void <unnamed>::convolve<(int)1>(DhCudaKernel)' 3,000 80.5 20 ns
  kernel 'void <unnamed>::convolve<(int)1>(DhCudaKernel)' 1.000 40.5 40 us
  kernel 'void (anonymous namespace)::run_items<3, 1>(DhCudaKernel, long)' 2,500.00 90 10 ns
  kernel 'implicit_convolve_sgemm<__half, 128>(int, "quoted")' 0.5 1 2 ms
"""
PROFILERS = {
    "a good one": (PROFILER, 0, ("profile ldn121 1024x2048 fp16: 4 kernels, 506.5 µs", "profile dlv3p_wrn38 1024x2048 fp16: 4 kernels",
                                 "4.0 µs   0.8 %  dram 70 %, sm 25 %, lts not known, 2 × norm, ReLU and 1×1",
                                 "2.5 µs   0.5 %  dram 90 %, sm 10 %, lts not known, 1 × resize",
                                 "500.0 µs  98.7 %  dram 1 %, sm 2 %, lts not known, 1 × the library and others")),
    "one that breaks off": (PROFILER + "echo '==ERROR== The application returned an error code (11).'; exit 11", 0,
                            ("profile ldn121 1024x2048 fp16: 4 kernels, 506.5 µs", "then it broke off: ==ERROR== The application")),
    "one without rights": ("""echo '==PROF== Connected to process 1 (bench-net)'
      echo '==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters.'
      echo '{"median_seconds": 0.5}'; echo '==WARNING== No kernels were profiled.'; exit 1""", 0,
                           ("profile ldn121 1024x2048 fp16: this machine refuses it: ==ERROR== ERR_NVGPUCTRPERM - The user",)),
    "one that finds nothing": ("echo '==WARNING== No kernels were profiled.'", 0, ("refuses it: ==WARNING== No kernels were",)),
    "one that crashes": ("kill -SEGV $$", 0, ("refuses it: it ended with status 139",)),
    "one that prints something else": ('echo \'"ID","Kernel Name"\'; echo \'"0","x","y\'; echo \'"0"\'; echo "\\0\\377"', 0, ("refuses it: ",)),
    # Its last line is not whole.
    "one that is slow": (PROFILER + """printf '"4","1","bench-net","h","void <unnamed>::convolve<(int)1>(DhCudaKernel)","1","7","(256'
      trap '' TERM; sleep 1000""", 0, ("profile ldn121 1024x2048 fp16: 4 kernels, 506.5 µs", "then the time was over")),
    "one that says nothing": ("""echo "$*" >>"${0%/*}/asked"; trap '' TERM; sleep 1000""", 0,
                              ("ldn121 1024x2048 fp16, our own: it did not come to an end: stopped after", "profile: no time was left|from dlv3p_wrn38")),
}


def check_profilers(root):
    """Whatever becomes of the profiler: what is known is told, nothing fails, nothing is left running."""
    for name, (text, wanted_status, wanted) in PROFILERS.items():
        folder = break_down(root / name.replace(" ", "-"))
        write_script(folder / "bin" / "bench-net", BROKEN["bench-net"].replace("trap '' TERM; sleep 1000", "true"))
        for path in ("nvidia-smi", "python3"):
            (folder / "path" / path).unlink()
        write_script(folder / "path" / "ncu", text)
        seconds = "20" if "sleep" in text else "200"
        begin = time.monotonic()
        status, said, complained = start(folder, "profile", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS=seconds)
        taken = time.monotonic() - begin
        missing = [words for words in wanted if not any(word in said for word in words.split("|"))]
        check(f"{name} as profiler", status == wanted_status and not missing and not complained and taken < 45 + 60
              and comes(lambda: not is_running(folder)),
              f"status {status}, {taken:.0f} s, {missing} missing in\n{said}{complained}")
    asked = (root / "a-good-one" / "path" / "asked").read_text().splitlines()
    check("the profiler is asked for the kernels of one run",
          len(asked) == 2 and all(line.startswith("profile ") and "--profile-from-start off" in line and "--clock-control none" in line
                                  and "--launch-count" not in line and "bench-net" in line for line in asked)
          and "dram__throughput" in asked[0], "\n".join(asked))
    asked = (root / "one-that-says-nothing" / "path" / "asked").read_text().splitlines()
    check("where it does not come to an end it is asked for less", len(asked) >= 2 and "--launch-count 24" in asked[1], "\n".join(asked))


# A table of layers whose times and least times are known.
LAYERS = """echo 'net' >>"${0%/*}/runs"
  i=0; [ "${DH_DEBUG:-}" != plan ] || for least in 4.0 4.0 2.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0 1.0; do
    printf '%4u  %7.1f \302\265s %7.2f MB  some kernel 3 at 0.0 MiB  layer%d\\n' $i $least 1.00 $i; i=$((i + 1)); done
  echo ' 12 launches  1.0 MB  1.0 GFLOP  19.0 µs  in all'
  echo '{"median_seconds": 0.5, "device_median_seconds": 0.00025}'
  i=0; for row in '0.0080 norm, ReLU and convolution' '0.0040 some engine' '0.0200 pointwise' '0.0000 head' 0.001{1,2,3,4,5,6,7,8}' other engine'; do
    printf '%10s ms %5.1f %% %9.1f GFLOP/s  %-28s %s\\n' ${row%% *} 5 1 "${row#* }" layer$i; i=$((i + 1)); done
  echo '    0.0440 ms in all'
"""


def check_tables(root):
    folder = break_down(root / "tables")
    write_script(folder / "bin" / "bench-net", LAYERS)
    for path in ("nvidia-smi", "python3"):
        (folder / "path" / path).unlink()
    status, said, complained = start(folder, "bench", "tables")
    runs = (folder / "bin" / "runs").read_text().count("net")
    wanted = ("ldn121 1024x2048 fp16: 12 layers, 43.6 µs one by one, at least 19.0 on an H100:  44 % of what it could be",
              "dlv3p_wrn38 1024x2048 fp16: 12 layers", "ldn121 1024x2048 bf16: 12 layers",
              "15.6 µs  35.8 %   77 % of what it could be, 9 × library", "8.0 µs  18.3 %   50 % of what it could be, 1 × norm, ReLU and 1×1",
              "20.0 µs   5.0 %   10 % of what it could be  layer2: pointwise", "4.0 µs   5.0 %  100 % of what it could be  layer1: some engine",
              "1.2 µs   5.0 %   83 % of what it could be  layer5: other engine")
    missing = [word for word in wanted if word not in said]
    check("tables tell the longest layers beside what they could be, from what is measured already",
          status == 0 and not missing and not complained and runs == 16 and "layer3:" not in said and "layer4:" not in said,
          f"status {status}, {runs} runs, {missing} missing in\n{said}{complained}")
    status, said, complained = start(folder, "tables", DH_GPU_SECONDS="60")
    check("tables alone measure", status == 0 and (folder / "bin" / "runs").read_text().count("net") == 19 and "ldn121 1024x2048 bf16: 12 layers" in said
          and not complained, said + complained)
    for name, text, word in (("a table that is cut off", LAYERS.split("  echo '    0.0440")[0] + "sleep 1000", "stopped after"),
                             ("another plan than the table's", LAYERS.replace("layer%d", "node%d"), "its least time is not known"),
                             ("no table", "echo '{}'", "no layers were told")):
        write_script(folder / "bin" / "bench-net", text)
        status, said, complained = start(folder, "tables", DH_GPU_SECONDS="30")
        check(f"tables of {name}", word in said and not complained and status == (word == "no layers were told"), f"status {status}\n{said}{complained}")


def check_unchecked(folder):
    """Where nothing computes what it should, that is a failure; all that follows is done without the check, and what was
    put aside is said once."""
    aside = "put aside: some convolution: cudnn 41 computes something else"
    refuse = f"""[[ ,${{DH_CUDA_WITHOUT:-}}, == *,checks,* ]] || {{ echo 'No engine (DH_CUDA_WITHOUT=checks takes it)'; exit 1; }}
      echo "run without $DH_CUDA_WITHOUT"; echo '{aside}'"""
    write_script(folder / "bin" / "bench-net", refuse + """
      echo '{"median_seconds": 0.5, "device_median_seconds": 0.25}'; echo '0.5 ms 1 % 1 GFLOP/s some layer'; echo '0.5 ms in all'""")
    write_script(folder / "bin" / "precision-report", refuse + "\necho \"$2 64×64 fp16 hybrid 0.01 logits 0.1 where clear 100.0000 %\"")
    status, said, complained = start(folder, "bench", "precision", DH_GPU_SECONDS="60")
    check("a check that finds nothing right is a failure, and left out from then on",
          status == 1 and said.split("== table")[0].count("FAILED") == 1 and "FAILED check of bench-ldn121-1024x2048-fp16, and all that follows" in said
          and said.count(aside) == 2 and "dlv3p_wrn38 720x1280 f32: \"median" in said and "hybrid 0.01" in said
          and not complained, f"status {status}\n{said}{complained}")


def check_rest(folder):
    """What a run did not come to is said, and done by the next; what was measured before stays in the table."""
    for path in ("nvidia-smi", "python3"):
        (folder / "path" / path).unlink()
    for name in ("bench-net", "test-train", "test-ops"):
        write_script(folder / "bin" / name, "sleep 8; echo 'ok 1 x'; echo '0.5 ms 1 % 1 GFLOP/s some layer'; echo '0.5 ms in all'")
    path = f"{folder}/path:/usr/bin:/bin"
    status, said, complained = start(folder, "rest", PATH=path, DH_GPU_SECONDS="1")
    check("the rest of nothing is all of it", status == 3 and "== the rest: devices forward bench" in said and "NOT REACHED" in said and not complained,
          f"status {status}\n{said}{complained}")
    shutil.rmtree(folder / "log")
    status, said, complained = start(folder, PATH=path, DH_GPU_SECONDS="65")
    last = said.strip().splitlines()[-1]
    check("what was not reached is the last line", last.startswith("NOT REACHED, or not to its end:") and last.split("(")[0].endswith("tables starts profile sanitizer ")
          and "devices" not in last and not complained, said + complained)
    before = (folder / "out" / "table.txt").read_text()
    shutil.rmtree(folder / "out")  # a folder that is brought back is emptied before the next command
    for name in ("bench-net", "test-train", "test-ops"):
        write_script(folder / "bin" / name, "echo '0.5 ms 1 % 1 GFLOP/s some layer'; echo '0.5 ms in all'")
    status, said, complained = start(folder, "rest", PATH=path, DH_GPU_SECONDS="400")
    table = (folder / "out" / "table.txt").read_text()
    check("the rest goes on where the run before ended", table.startswith(before) and "== devices" not in said and "== profile" in said
          and status == 1 and "FAILED" in before and "profile: ncu is not on this machine" in table and "NOT REACHED" not in table[len(before):] and not complained, said + complained)


def check_plans(folder):
    """What was found the fastest comes back, whatever ends the run, and is there where it is carried along."""
    for name in ("nvidia-smi", "python3"):
        (folder / "path" / name).unlink()
    write_script(folder / "bin" / "test-forward", """mkdir -p "$DH_PLAN_CACHE"; ls "$DH_PLAN_CACHE"; echo a way >"$DH_PLAN_CACHE/$1"; echo 'ok 1 forward'""")
    status, said, complained = start(folder, "forward")
    back = folder / "out" / "plans.tar.gz"
    check("plans come back", status == 0 and back.exists() and not complained, f"status {status}\n{said}{complained}")
    with tarfile.open(back) as packed:
        names = packed.getnames()
    back.rename(folder / "plans.tar.gz")
    shutil.rmtree(folder / "log")
    status, said, complained = start(folder, "forward")
    found = (folder / "out" / "log.txt").read_text().split("==== forward-ldn121", 1)[1].split("ok 1")[0].split()
    check("and are carried along", status == 0 and "plans/ldn121" in names and found == ["dlv3p_wrn38", "ldn121"] and not complained,
          f"status {status}, {names}, {found}\n{said}{complained}")
    check("which is said", "what was found the fastest in a run before is taken along" in said, said)
    # Whoever packed it, and whatever else: a program reads only what is its user's.
    with tarfile.open(folder / "plans.tar.gz", "w:gz") as packed:
        for name in ("plans/some", "forward-ldn121.txt"):
            (folder / "path" / "some").write_text("devices\nforward\n")
            entry = packed.gettarinfo(folder / "path" / "some", name)
            entry.uid, entry.gid, entry.uname, entry.gname = 54321, 54321, "", ""
            with open(folder / "path" / "some", "rb") as content:
                packed.addfile(entry, content)
    shutil.rmtree(folder / "log")
    status, said, complained = start(folder, "devices")
    kept = (folder / "log" / "forward-ldn121.txt").exists()
    check("nothing but plans, and as this user's", status == 0 and not complained and not kept
          and (folder / "log" / "plans" / "some").stat().st_uid == os.geteuid(), f"status {status}, {kept}\n{said}{complained}")
    (folder / "plans.tar.gz").write_bytes(b"torn")
    shutil.rmtree(folder / "log")
    status, said, complained = start(folder, "forward")
    check("torn ones are no matter", status == 0 and "taken along" not in said and not complained, f"status {status}\n{said}{complained}")
    # What is written while it is packed is no reason to have none.
    (folder / "out" / "plans.tar.gz").unlink()
    write_script(folder / "path" / "tar", 'case $* in *-czf*) /usr/bin/tar "$@"; exit 1 ;; esac; exec /usr/bin/tar "$@"')
    status, said, complained = start(folder, "forward", PATH=f"{folder}/path:/usr/bin:/bin")
    back = sorted(path.name for path in (folder / "out").iterdir())
    check("those that change meanwhile come back", status == 0 and back == ["log.txt", "plans.tar.gz", "table.txt"] and not complained, f"{back}\n{said}{complained}")
    (folder / "out" / "plans.tar.gz").unlink()
    write_script(folder / "path" / "tar", 'case $* in *-czf*) echo torn >"${@: -2:1}"; exit 2 ;; esac; exec /usr/bin/tar "$@"')
    status, said, complained = start(folder, "forward", PATH=f"{folder}/path:/usr/bin:/bin")
    back = sorted(path.name for path in (folder / "out").iterdir())
    check("nothing that is torn comes back", status == 0 and back == ["log.txt", "table.txt"] and not complained, f"{back}\n{said}{complained}")
    shutil.rmtree(folder / "log")
    status, said, complained = start(folder, "forward", DH_PLAN_CACHE=str(folder / "elsewhere"))
    check("none are taken from where others are kept", status == 0 and not (folder / "out" / "plans.tar.gz").exists() and not complained,
          f"status {status}\n{said}{complained}")


def check_verdicts(folder):
    """Only what was seen to hold is no failure."""
    for name in ("nvidia-smi", "python3"):
        (folder / "path" / name).unlink()
    table = folder / "out" / "table.txt"
    status, said, complained = start(folder, DH_GPU_SECONDS="0")
    check("a run that reaches nothing proves nothing", status == 3 and "NOT REACHED" in said and not complained, f"status {status}\n{said}{complained}")
    status, said, complained = start(folder, "forward", DH_GPU_SECONDS="1")
    check("nor does a part", status == 3 and "forward: no time was left" in said and not complained, f"status {status}\n{said}{complained}")
    status, said, _ = start(folder, "devices", "forward")
    kept = table.read_text()
    refused = [start(folder, *parts, **more)[0] for parts, more in ((("forwards",), {}), (("forward", "rest"), {}), ((), {"DH_GPU_SECONDS": "ten"}))]
    check("what is asked for wrongly leaves the table alone", status == 0 and refused == [2, 2, 2] and table.read_text() == kept and "1 passed" in kept,
          f"status {status}, {refused}\n{said}{table.read_text()}")
    (folder / "golden" / "dlv3p_wrn38.safetensors").unlink()
    status, said, complained = start(folder, "forward")
    check("what nothing was packed for is not known", status == 3 and "golden forward ldn121: 1 passed" in said
          and "its file was not packed" in said and not complained, f"status {status}\n{said}{complained}")
    (folder / "golden" / "dlv3p_wrn38.safetensors").touch()
    write_script(folder / "bin" / "test-forward", "echo 'not ok 1 forward'; sleep 1000")
    status, said, complained = start(folder, "forward", DH_GPU_SECONDS="8")
    check("what is wrong is wrong though the time ends", status == 1 and "FAILED golden forward ldn121" in said and not complained, f"status {status}\n{said}{complained}")
    write_script(folder / "bin" / "test-forward", "sleep 1000")
    status, said, complained = start(folder, "forward", DH_GPU_SECONDS="2")
    check("what the end comes upon is not known", status == 3 and "FAILED" not in said and "no time was left" in said and not complained, f"status {status}\n{said}{complained}")
    write_script(folder / "bin" / "bench-net", "sleep 1000")
    status, said, complained = start(folder, "bench", DH_GPU_SECONDS="20")
    check("nor is what has less than its time", status == 3 and "FAILED" not in said and not complained
          and "NOT KNOWN bench ldn121 1024x2048 fp16: stopped after" in said, f"status {status}\n{said}{complained}")
    # Of the shorter of its shares all the same: it is asked again by the next run.
    write_script(folder / "bin" / "bench-net", "echo '{\"median_seconds\": 0.5}'")
    (folder / "log" / "ended").write_text("devices\n")
    status, said, complained = start(folder, "rest", DH_GPU_SECONDS="30")
    check("and it is done again", "== bench" in said and "ldn121 1024x2048 fp16: \"median" in said, f"status {status}\n{said}{complained}")
    write_script(folder / "bin" / "test-forward", "echo 'not ok 1 forward'; exit 1")
    write_script(folder / "bin" / "test-train", f"rm -f '{table}'; echo 'ok 1 train'")
    status, said, complained = start(folder, "forward", "golden")
    check("what failed has failed though the table is lost", status == 1, f"status {status}\n{said}{complained}")
    for name in ("bench-net", "bench-train"):
        write_script(folder / "bin" / name, "true")
    status, said, complained = start(folder, "bench", "train")
    check("times that are not told are none", status == 1 and "FAILED bench ldn121 1024x2048 fp16: no times" in said
          and "FAILED train ldn121 16 768 fp16: no times" in said and not complained, f"status {status}\n{said}{complained}")


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
    folder = carry(Path(root) / "the emulated card's", emulated)
    small = {"DH_GPU_SMALL": "1"}
    status, said, complained = start(folder, "devices", "forward", "bench", "steps", "ops", "golden", "precision", "peers", "train", "demo",
                                     "tables", "starts", "profile", "sanitizer", **small)
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
    check_sanitizer(folder)
    environment = {"DH_EMULATED_FAIL": "launch:1", **small}
    status, said, complained = start(folder, "precision", "ops", **environment)
    check("what fails is said and leaves the others alone",
          status == 1 and "FAILED precision ldn121" in said and "FAILED operator proof" in said, said + complained)
    if real != "-":
        folder = carry(Path(root) / "real", real)
        status, said, complained = start(folder, CUDA_VISIBLE_DEVICES="")
        check("without a card it says why and ends",
              status == 77 and "NO CARD, nothing else is run: " in said and "== ops" not in said and "NOT REACHED" not in said
              and not complained, said + complained)
        status, said, complained = start(folder, "bench", "tables", CUDA_VISIBLE_DEVICES="", DH_GPU_SECONDS="60", **small)
        check("parts alone say it too",
              status == 1 and said.count("FAILED bench ldn121 64x64 f32: The device ") == 2
              and said.count("FAILED table ldn121 64x64 f32: The device ") == 2 and "early" not in said and not complained,
              said + complained)
with tempfile.TemporaryDirectory() as root:
    check_libraries(break_down(Path(root) / "libraries"))
    check_loader(break_down(Path(root) / "loader"))
    check_hanging(break_down(Path(root) / "hanging"))
    for number in (signal.SIGTERM, signal.SIGKILL):
        check_cut_off(break_down(Path(root) / number.name), number)
    check_profilers(Path(root))
    check_tables(Path(root))
    check_unchecked(break_down(Path(root) / "unchecked"))
    check_rest(break_down(Path(root) / "rest"))
    check_plans(break_down(Path(root) / "plans"))
    check_verdicts(break_down(Path(root) / "verdicts"))
    check_peers()
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
