#!/usr/bin/env python3
"""What the script `run` tells: of sanitizers, profilers and tables, of checks, of what is kept for the next run, and of the
peers. Prints TAP.

    tests/gpu/test-run-told.py RUN
"""
import argparse
import contextlib
import importlib.util
import io
import os
import shutil
import tarfile
import tempfile
import time
from pathlib import Path

from carried import BROKEN, break_down, check, comes, finish, is_running, run, start, write_script


# Seconds that what hangs is given: where a slow machine comes to less in them, it is tried again with more.
MORE_AND_MORE = ("20", "80", "320")
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
    write_script(folder / "path" / "compute-sanitizer", SANITIZER)
    wanted = ("sanitizer memcheck chain: status 0, 1 passed, ========= ERROR SUMMARY: 0 errors",
              "FAILED sanitizer racecheck chain", "then the time was over; 1 errors by then", "FAILED sanitizer memcheck gradient")
    for seconds in MORE_AND_MORE:
        status, said, complained = start(folder, "sanitizer", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS=seconds)
        missing = [word for word in wanted if word not in said]
        if not missing:
            break
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
        for seconds in MORE_AND_MORE if "sleep" in text else ("200",):
            (folder / "path" / "asked").unlink(missing_ok=True)
            begin = time.monotonic()
            status, said, complained = start(folder, "profile", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS=seconds)
            taken = time.monotonic() - begin
            missing = [words for words in wanted if not any(word in said for word in words.split("|"))]
            if not missing:
                break
        check(f"{name} as profiler", status == wanted_status and not missing and not complained and taken < int(seconds) + 85
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
        for seconds in MORE_AND_MORE:
            status, said, complained = start(folder, "tables", DH_GPU_SECONDS=seconds)
            if word in said:
                break
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
    # All else that our own programs run in: what it has of our environment.
    write_script(folder / "bin" / "bench-net", "echo '{}'")
    for name, file in (("python3", "peers.txt"), ("ncu", "profile-ldn121-fp16.txt"), ("compute-sanitizer", "sanitizer-memcheck-chain.txt")):
        write_script(folder / "path" / name, 'echo "has ,$DH_CUDA_WITHOUT,"')
        part = {"python3": "peers", "ncu": "profile"}.get(name, "sanitizer")
        for without in ({}, {"DH_CUDA_WITHOUT": "taps"}):
            start(folder, part, PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="60", **without)
            said = (folder / "log" / file).read_text()
            check(f"so does {part}, {without}", ",checks," in said and (",taps," in said) == bool(without) and (",recordings," in said) == (name == "ncu"), said)


def check_machine(folder):
    """What of a machine changes what is measured on it."""
    write_script(folder / "path" / "nvidia-smi", """case $* in *mig*persistence*) echo 'Enabled, Default, Disabled, 3 %' ;; *query*) echo 'NVIDIA Some, 600.1' ;; esac""")
    status, said, complained = start(folder, "devices", PATH=f"{folder}/path:/usr/bin:/bin", CUDA_LAUNCH_BLOCKING="1", NVIDIA_TF32_OVERRIDE="0", NVIDIA_REQUIRE="x")
    wanted = ("environment: CUDA_LAUNCH_BLOCKING=1 NVIDIA_TF32_OVERRIDE=0", "nvidia-smi: NVIDIA Some, 600.1", "MIG, compute mode, persistence, busy: Enabled, Default, Disabled, 3 %")
    missing = [word for word in wanted if word not in said]
    check("what changes a machine's times is told", status == 0 and not missing and "REQUIRE" not in said and not complained, f"status {status}, {missing} missing in\n{said}{complained}")


def check_clock(folder):
    """What held the card's clock back while times were taken; who tells it is not left running."""
    write_script(folder / "path" / "nvidia-smi", """[[ "$*" == *clocks.sm*' -l 1'* ]] || { echo 'NVIDIA Some, 600.1'; exit; }
      printf '%s\n' '345, 71.20, Not Active, Not Active, Not Active' '1980, 512.70, Active, Not Active, Not Active' \
        '1755, 699.41, Active, Not Active, Active' '[N/A], [N/A], Not Active, Not Active, Not Active' 'torn, '
      echo told >"${0%/*}/told"; exec sleep 1000""")
    write_script(folder / "bin" / "bench-net", f"until [ -e '{folder}/path/told' ]; do sleep 0.1; done; echo '{{\"median_seconds\": 0.5}}'")
    status, said, complained = start(folder, "bench", PATH=f"{folder}/path:/usr/bin:/bin", DH_GPU_SECONDS="200")
    wanted = "clock while that was measured: 345 to 1980 MHz, at most 699 W; of 3 times asked held back by power 2, by heat or hardware 1"
    check("what held the clock back is told", status == 0 and wanted in said and not complained
          and comes(lambda: not is_running(folder)), f"status {status}\n{said}{complained}")


def holders(path):
    """Processes that have the file open."""
    found = []
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(fd) == str(path):
                found.append(fd.parent.parent.name)
    return found


def check_kept(folder):
    """The card's device file is open from the first program to the last, and no longer."""
    node = folder / "nvidia0"
    node.touch()
    write_script(folder / "bin" / "densehybrid", f"""[ "$1" != --version ] || {{ echo 'densehybrid 1'; exit; }}
      until readlink /proc/[0-9]*/fd/* 2>/dev/null | grep -qx '{node}'; do sleep 0.1; done
      echo 'cuda:0   Some card · 1 MiB · f32 · default'""")
    status, said, complained = start(folder, "devices", DH_GPU_NODES=f"{folder}/none {node}")
    check("a card is kept from one program to the next", status == 0 and "cuda:0   Some card" in said and not complained
          and comes(lambda: not holders(node)), f"status {status}, {holders(node)}\n{said}{complained}")


# PyTorch on a machine that has it: stands for the script that runs it, too.
PYTHON = """case "$*" in
    -c*) echo; exit ;;
    *--slow*) echo 'ldn121 1024x2048 fp16 densehybrid: 2.000 ms, least 1.9' >>"$table"
      echo 'ldn121 1024x2048 fp16 compile half max-autotune: 2.990 ms, least 2.9, 1.50 times ours' >>"$table" ;;
    *--quick*)
      printf '%s\n' 'ldn121 1024x2048 fp16 densehybrid: 2.000 ms, least 1.9' \
        'ldn121 1024x2048 fp16 eager: 9.000 ms, least 8.1, 4.50 times ours' 'ldn121 1024x2048 fp16 compile: no compiler' \
        'dlv3p_wrn38 1024x2048 fp16 densehybrid: 20.000 ms, least 1.9' \
        'dlv3p_wrn38 1024x2048 fp16 eager half graph: 24.000 ms, least 1.9, 1.20 times ours' \
        'ldn121 1024x2048 fp16 densehybrid: 1.500 ms, least 1.4' \
        'ldn121 1024x2048 fp16 eager half graph: 3.000 ms, least 2.9, 2.00 times ours' >>"$table"
      [ -e "${0%/*}/quick" ] || sleep 1000 ;;
  esac"""


def check_fastest(folder):
    """The fastest of PyTorch's ways is told, and that it is not known which is where the time was over before all were tried."""
    write_script(folder / "path" / "python3", 'table=; for word; do [ "$before" != --table ] || table=$word; before=$word; done\n' + PYTHON)
    path = f"{folder}/path:/usr/bin:/bin"
    (folder / "path" / "nvidia-smi").unlink()
    wanted = ("ldn121 1024x2048 fp16: the fastest of PyTorch, eager half graph, takes 2.000 times as long as ours (1.5 wanted: met)",
              "dlv3p_wrn38 1024x2048 fp16: the fastest of PyTorch, eager half graph, takes 1.200 times as long as ours (1.1 wanted: met)",
              "NOT KNOWN peers: stopped after")
    for seconds in MORE_AND_MORE:
        status, said, complained = start(folder, "peers", PATH=path, DH_GPU_SECONDS=seconds)
        missing = [word for word in wanted if word not in said]
        if not missing:
            break
    check("the fastest of PyTorch's ways by then is told, and that others were not tried", status == 3 and not missing and not complained,
          f"status {status}, {missing} missing in\n{said}{complained}")
    (folder / "path" / "quick").touch()
    (folder / "log" / "ended").write_text("devices forward bench steps ops golden precision train demo tables starts profile sanitizer".replace(" ", "\n") + "\n")
    status, said, complained = start(folder, "rest", PATH=path, DH_GPU_SECONDS="300")
    wanted = "ldn121 1024x2048 fp16: the fastest of PyTorch, compile half max-autotune, takes 1.495 times as long as ours (1.5 wanted: MISSED)"
    check("it is done again by the next run, which adds what takes minutes", status == 0 and "== the rest: peers autotune" in said
          and wanted in said and not complained, f"status {status}\n{said}{complained}")


def check_again(folder):
    """A program whose process may not have the card back is begun again; and what is not recorded is told."""
    write_script(folder / "bin" / "bench-net", """echo once >>"${0%/*}/runs"
      [ $(wc -l <"${0%/*}/runs") -gt 2 ] || { echo 'Layer “x”: it failed. The device “cuda:0” is not available in this process, which lost it; start the program again: so'; exit 1; }
      echo '{"median_seconds": 0.5}'; echo 'not recorded: 2 of 9 steps, the first “y”'""")
    write_script(folder / "bin" / "bench-train", "echo 'not recorded: 1 of 7 steps, the first “z”'; echo '{\"median_seconds\": 0.5}'")
    status, said, complained = start(folder, "bench", "train", DH_GPU_SECONDS="60")
    wanted = ("bench-ldn121-1024x2048-fp16 is begun again: Layer “x”: it failed. ", "ldn121 1024x2048 fp16: not recorded: 2 of 9 steps, the first “y”",
              "train ldn121 16 768 fp16: not recorded: 1 of 7 steps, the first “z”")
    missing = [word for word in wanted if word not in said]
    check("what lost the card for its process is begun again", status == 0 and not missing and said.split("== table")[0].count("is begun again") == 2
          and "FAILED" not in said and not complained, f"status {status}, {missing} missing in\n{said}{complained}")
    write_script(folder / "bin" / "bench-net", "echo 'start the program again'; exit 1")
    status, said, complained = start(folder, "bench", DH_GPU_SECONDS="60")
    check("but not for ever", status == 1 and said.split("== table")[0].count("bench-ldn121-1024x2048-fp16 is begun again") == 8
          and "FAILED bench ldn121 1024x2048 fp16: start" in said and not complained, f"status {status}\n{said}{complained}")


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
    names = {kind: [name for stage in peers.stages_of(argparse.Namespace(quick=kind == "quick", slow=kind == "slow")) for name, _, _ in stage]
             for kind in ("quick", "slow", "all")}
    check("what is likely to be the fastest is tried first, and nothing is left out",
          names["quick"][:4] == ["eager", "eager half", "eager half graph", "compile half reduce-overhead"]
          and names["all"] == names["quick"] + names["slow"] and len(set(names["all"])) == len(names["all"])
          and "compile half max-autotune" in names["slow"], str(names))


with tempfile.TemporaryDirectory() as root:
    check_sanitizer(break_down(Path(root) / "sanitizer"))
    check_profilers(Path(root))
    check_tables(Path(root))
    check_unchecked(break_down(Path(root) / "unchecked"))
    check_machine(break_down(Path(root) / "machine"))
    check_clock(break_down(Path(root) / "clock"))
    check_kept(break_down(Path(root) / "kept"))
    check_fastest(break_down(Path(root) / "fastest"))
    check_again(break_down(Path(root) / "again"))
    check_plans(break_down(Path(root) / "plans"))
    check_peers()
finish()
