#!/usr/bin/env python3
"""The script `run` on a machine where programs hang, fail or are cut off: what was measured is kept, the rest goes on, and
only what was seen to hold is no failure. Prints TAP.

    tests/gpu/test-run-broken.py RUN
"""
import random
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from carried import PATIENCE, break_down, check, comes, finish, is_running, start, write_script


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
              "FAILED evaluation 2048×1024: no maps", "golden tables starts profile autotune sanitizer (`run rest` goes on there)")
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
    check("what was not reached is the last line", last.startswith("NOT REACHED, or not to its end:") and last.split("(")[0].endswith("tables starts profile autotune sanitizer ")
          and "devices" not in last and not complained, said + complained)
    before = (folder / "out" / "table.txt").read_text()
    shutil.rmtree(folder / "out")  # a folder that is brought back is emptied before the next command
    for name in ("bench-net", "test-train", "test-ops"):
        write_script(folder / "bin" / name, "echo '0.5 ms 1 % 1 GFLOP/s some layer'; echo '0.5 ms in all'")
    status, said, complained = start(folder, "rest", PATH=path, DH_GPU_SECONDS="400")
    table = (folder / "out" / "table.txt").read_text()
    check("the rest goes on where the run before ended", table.startswith(before) and "== devices" not in said and "== profile" in said
          and status == 1 and "FAILED" in before and "profile: ncu is not on this machine" in table and "NOT REACHED" not in table[len(before):] and not complained, said + complained)


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


with tempfile.TemporaryDirectory() as root:
    check_libraries(break_down(Path(root) / "libraries"))
    check_loader(break_down(Path(root) / "loader"))
    check_hanging(break_down(Path(root) / "hanging"))
    for number in (signal.SIGTERM, signal.SIGKILL):
        check_cut_off(break_down(Path(root) / number.name), number)
    check_rest(break_down(Path(root) / "rest"))
    check_verdicts(break_down(Path(root) / "verdicts"))
finish()
