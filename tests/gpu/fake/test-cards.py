#!/usr/bin/env python3
"""What the program says of every card that it cannot use, and why: `devices`, `--device cuda`, `--device auto`. The
driver and cuDNN are fakes that answer what they are told; the module is the real one, or the same above a fake runtime
(made for 7.5, 8.0, 9.0, 12.0 and what is newer), which opens a card and computes nothing. Prints TAP.

    tests/gpu/fake/test-cards.py PROGRAM REAL_MODULE FAKE_MODULE FAKES ARCHITECTURES
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

program, real, fake, fakes, archs = sys.argv[1:]
fakes = Path(fakes)
archs = [int(arch) for arch in archs.split(",")]
PARTS = ("graph", "heuristic", "engines_precompiled", "engines_runtime_compiled")
DRIVER = "libcuda.so.1"
CUDNN = ["libcudnn.so.9", "libcublasLt.so.13", *(f"libcudnn_{part}.so.9" for part in PARTS)]
results = []
numbers = iter(range(1000))


def check(name, problems):
    results.append(not problems)
    print(f"{'not ok' if problems else 'ok'} {len(results)} {name}", flush=True)
    for line in "\n".join(problems).splitlines():
        print(f"# {line}")


def libraries(*files, **broken):
    """A folder with these of the fakes; `broken`: what a file holds instead."""
    folder = root / f"libraries{next(numbers)}"
    folder.mkdir()
    for file in files:
        shutil.copy(fakes / file, folder)
    for file, text in broken.items():
        (folder / file.replace("_so_", ".so.")).write_text(text)
    return folder


def start(module, *arguments, driver=None, cudnn=None, **environment):
    """Status, output, complaints. `driver`, `cudnn`: their folders."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DH_", "CUDA_", "LD_"))}
    env |= {"LD_LIBRARY_PATH": str(driver or ""), "DH_CUDNN_PATH": str(cudnn or fakes), "HOME": str(root),
            "DH_PLAN_CACHE": "", "LC_ALL": "C.UTF-8", **environment}
    if not driver:
        del env["LD_LIBRARY_PATH"]
    done = subprocess.run([str(root / module / "densehybrid"), *arguments], env=env, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def try_absent(name, module, *wanted, device="cuda:0", told=True, **how):
    """A card that cannot be used: the table says `wanted`, --device cuda fails with the same reason, auto computes on
    another device and says the reason once, where it is `told`."""
    problems = []
    status, out, err = start(module, "devices", **how)
    line = next((line for line in out.splitlines() if line.split()[:1] == [device]), "")
    reason = line.partition("not available: ")[2]
    if status or not reason:
        problems.append(f"devices: status {status}\n{out}{err}")
    problems += [f"“{word}” is not in: {line}" for word in wanted if word not in reason]
    status, out, err = start(module, "devices", "--json", **how)
    infos = {info["name"]: info for info in json.loads(out)["devices"]} if status == 0 else {}
    if device not in infos or infos[device]["available"] or infos[device]["why_not"] != reason:
        problems.append(f"devices --json: status {status}\n{out}{err}")
    bench = ("bench", "--arch", "ldn-tiny", "--size", "32x32", "--runs", "1")
    status, out, err = start(module, *bench, "--device", device, **how)
    if status != 1 or not reason or reason not in err or err.count("\n") != 1:
        problems.append(f"--device {device}: status {status}\n{err}")
    status, out, err = start(module, *bench, "--device", "auto", "--quiet", **how)
    if status or err.count("not available") != told or (told and reason not in err):
        problems.append(f"--device auto: status {status}\n{err}")
    check(name, problems)


def try_present(name, module, *wanted, default="cuda:0", **how):
    problems = []
    status, out, err = start(module, "devices", **how)
    line = next((line for line in out.splitlines() if line.startswith(default)), "")
    problems += [f"“{word}” is not in: {out}{err}" for word in ("default", *wanted) if word not in line]
    check(name, problems)


def cards(*capabilities):
    return {"DH_FAKE_CARDS": ",".join(f"NVIDIA Fake {index}/{capability}/16384"
                                      for index, capability in enumerate(capabilities))}


def run():
    driver, fine = libraries(DRIVER), cards(archs[-1])
    # Of a machine without a card nobody need be told that it has none, whatever libraries lie there.
    on_bus = any(path.read_text().startswith("0x10de") for path in Path("/sys/bus/pci/devices").glob("*/vendor"))
    # The driver.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("LD_")}
    if subprocess.run([sys.executable, "-c", f"import ctypes; ctypes.CDLL('{DRIVER}')"], env=clean, capture_output=True).returncode:
        try_absent("no driver", "real", "NVIDIA driver", DRIVER, device="cuda", told=on_bus)
    try_absent("a driver that is no library", "real", "cannot be loaded", DRIVER, device="cuda",
               driver=libraries(libcuda_so_1="nothing"))
    lacking = libraries()
    shutil.copy(fakes / "libcublasLt.so.13", lacking / DRIVER)
    try_absent("a driver from another time", "real", "lacks the function cuInit", device="cuda", driver=lacking)
    for version, said in (("12040", "CUDA 12.4"), ("11080", "CUDA 11.8")):
        try_absent(f"a driver for {said}", "real", "is too old for this build", said, "needs one for CUDA 13.0",
                   "driver 580 or newer", "cuda-compat-13-", device="cuda", driver=driver, DH_FAKE_DRIVER=version, **fine)
    try_absent("no card", "real", "the NVIDIA driver sees no GPU", device="cuda", driver=driver, told=on_bus)
    try_absent("no card that may be seen", "real", "sees no GPU (CUDA_VISIBLE_DEVICES is “7”)", device="cuda",
               driver=driver, told=on_bus, CUDA_VISIBLE_DEVICES="7")
    try_absent("every card hidden", "real", "sees no GPU (CUDA_VISIBLE_DEVICES is “”)", device="cuda", driver=driver,
               told=False, CUDA_VISIBLE_DEVICES="")
    for code, *said in ((34, "stub", "LD_LIBRARY_PATH"), (803, "different versions", "restart"), (804, "cuda-compat"),
                        (802, "fabric manager"), (999, "unknown error", "999")):
        try_absent(f"a driver that answers {code}", "real", *said, device="cuda", driver=driver, DH_FAKE_INIT=str(code), **fine)

    # The card.
    oldest = f"{archs[0] // 10}.{archs[0] % 10} and newer"
    try_absent("too old a card", "real", "NVIDIA Fake 0", "compute capability 3.5 is too old", oldest, driver=driver, **cards(35))
    try_absent("a card that must not compute", "real", "compute mode is “prohibited”", driver=driver,
               DH_FAKE_CARDS=f"prohibited/{archs[-1]}/100")
    try_present("a card of this build", "real", f"NVIDIA Fake 0 ({archs[0] // 10}.{archs[0] % 10})", "cuDNN 9.19.0 from",
                "16384 MiB", "f32", driver=driver, **cards(archs[0]))
    try_present("a card that is newer", "real", "(19.0)", driver=driver, **cards(190))
    try_present("a newer driver", "real", driver=driver, DH_FAKE_DRIVER="14020", **fine)
    try_absent("a card between what there is", "fake", "no kernels for its compute capability 11.0",
               "only for 7.5, 8.0, 9.0, 12.0 and what is newer", driver=driver, **cards(110))
    try_absent("too old a card for another build", "fake", "7.0 is too old", "7.5 and newer", driver=driver, **cards(70))
    try_present("a card of the same generation", "fake", "(8.6)", driver=driver, **cards(86))
    status, out, err = start("fake", "bench", "--arch", "ldn-tiny", "--device", "cuda:1", driver=driver, **fine)
    check("a card that is not there", [] if status == 1 and "there is only one NVIDIA GPU" in err else [err])

    # cuDNN.
    how = {"driver": driver, **fine}
    empty = libraries()
    try_absent("no cuDNN", "real", "NVIDIA Fake 0", "cuDNN 9 (libcudnn.so.9) is not in DH_CUDNN_PATH", str(empty), cudnn=empty, **how)
    try_absent("a cuDNN that is no library", "real", "cuDNN 9 cannot be loaded", cudnn=libraries(libcudnn_so_9="nothing"), **how)
    other = libraries()
    shutil.copy(fakes / "libcudnn.so.9", other / "libcudnn.so.8")
    try_absent("another cuDNN", "real", "there is only cuDNN 8", str(other), "cuDNN 9 is needed", cudnn=other, **how)
    lacking = libraries(*CUDNN)
    shutil.copy(fakes / "libcublasLt.so.13", lacking / "libcudnn.so.9")
    try_absent("a cuDNN from another time", "real", "lacks the function cudnnGetVersion", cudnn=lacking, **how)
    for version, *said in ((8907, "cuDNN 0.89.7", "cuDNN 9 is needed"), (100000, "cuDNN 10.0.0", "cuDNN 9 is needed"),
                           (90701, "cuDNN 9.7.1", "too old", "9.8 or newer")):
        try_absent(f"cuDNN {version}", "real", *said, DH_FAKE_CUDNN=str(version), **how)
    try_present("the oldest cuDNN", "real", "cuDNN 9.8.0", DH_FAKE_CUDNN="90800", **how)
    for part in PARTS:
        name = f"libcudnn_{part}.so.9"
        folder = libraries(*(file for file in CUDNN if file != name))
        try_absent(f"cuDNN without its part {part}", "real", f"lacks its part {name}", str(folder), cudnn=folder, **how)
        folder = libraries(*(file for file in CUDNN if file != name), **{f"libcudnn_{part}_so_9": "nothing"})
        try_absent(f"cuDNN with a broken {part}", "real", f"{name} cannot be loaded", cudnn=folder, **how)
    try_absent("no cuBLAS", "real", "cuBLAS (libcublasLt.so.99) cannot be loaded", DH_FAKE_CUDNN_CUDA="99010", **how)
    linked = libraries()
    (linked / "libcudnn.so.9").symlink_to(fakes / "libcudnn.so.9")
    try_present("cuDNN by a link", "real", cudnn=linked, **how)
    package = root / "packages"
    (package / "nvidia/cudnn/lib").mkdir(parents=True)
    (package / "nvidia/cublas/lib").mkdir(parents=True)
    for file in CUDNN:
        shutil.copy(fakes / file, package / f"nvidia/{'cublas' if 'cublas' in file else 'cudnn'}/lib")
    try_present("cuDNN among Python's packages", "real", "nvidia/cudnn/lib", cudnn=package, **how)

    # What is compiled at run time wants CUDA's compiler, which lies among Python's packages, too.
    # Of a CUDA that no machine has.
    shutil.copy(fakes / "libcublasLt.so.13", package / "nvidia/cublas/lib/libcublasLt.so.77")
    for name, folder, fine_then in (("no compiler", None, False), ("the compiler", "cuda_nvrtc", True), ("the compiler of a common package", "cu77", True)):
        if folder:
            (package / f"nvidia/{folder}/lib").mkdir(parents=True)
            shutil.copy(fakes / "libnvrtc.so.77", package / f"nvidia/{folder}/lib")
        status, out, err = start("fake", "bench", "--arch", "ldn-tiny", "--size", "32x32", "--runs", "1", "--quiet", "--device", "cuda", cudnn=package,
                                 DH_FAKE_CUDNN_CUDA="77000", DH_FAKE_ENGINES="41/0/1/c", **how)
        check(f"{name} of cuDNN's engines", [] if (status == 0) == fine_then and err.count("\n") == (not fine_then) else [f"{status} {out}{err}"])
        if folder:
            shutil.rmtree(package / f"nvidia/{folder}")

    # Two cards, and what shows only when one is opened.
    both = cards(35, archs[-1])
    try_present("the second card", "real", "NVIDIA Fake 1", default="cuda:1", driver=driver, **both)
    bench = ("bench", "--arch", "ldn-tiny", "--size", "32x32", "--runs", "1", "--quiet")
    how = {"driver": driver, **cards(90)}
    for name, fault, *said in (("the card is taken", {"DH_FAKE_FAIL": "cudaSetDevice:1:46"}, "taking the card"),
                               ("its kernels do not load", {"DH_FAKE_KERNELS": "209"}, "no kernels", "12.0 and what is newer"),
                               ("its kernels cannot be compiled", {"DH_FAKE_KERNELS": "222"}, "too old to compile", "CUDA 13"),
                               ("cuDNN does not start", {"DH_FAKE_CREATE": "1001"}, "cuDNN does not start: the fake refuses")):
        status, out, err = start("fake", *bench, "--device", "cuda", **how, **fault)
        problems = [f"“{word}” is not in: {err}" for word in ("“cuda:0” is not available", *said) if word not in err]
        problems += [f"status {status}"] if status != 1 else []
        status, out, err = start("fake", *bench, "--device", "auto", **how, **fault)
        problems += [f"auto: status {status} {err}"] if status or err.count("is not available") != 1 or said[0] not in err else []
        check(name, problems)
    status, out, err = start("fake", *bench, driver=driver, **cards(35, 90), DH_FAKE_FAIL="cudaMalloc:1:2")
    told = err.count("note: ") == 1 and "“cuda:0” is not available" in err and "; cuda:1 computes" in err
    check("auto takes the second card, and says so", [] if status == 1 and told and "memory" in err else [err])
    status, out, err = start("fake", *bench, driver=driver, **cards(90, 35), DH_FAKE_FAIL="cudaMalloc:1:2")
    check("auto takes the first card, whatever the second is", [] if status == 1 and "note" not in err else [err])
    status, out, err = start("fake", *bench, "--device", "cuda:0", **how)
    check("what cuDNN refuses ends the run, not the program", [] if status == 1 and err.count("\n") == 1 else [f"{status} {err}"])
    for device in ("cuda:0", "auto"):
        status, out, err = start("fake", *bench, "--device", device, **how, DH_FAKE_ENGINES="41/4096/2,3/0/1")
        check(f"a whole network on {device}", [] if status == 0 and not err and "cudnn 3" in out else [f"{status} {out}{err}"])
    # What computes something else, or loses the card while it is timed, is passed over in the first start already, and
    # told; in the next it is known, where anything is kept.
    kept = {"DH_PLAN_CACHE": str(root / "plans")}
    for name, note, said in (("is wrong", "w", "computes something else, off by"),
                             ("is no number", "z", "leaves what is no number"),
                             ("loses the card", "f", "cudnn 41: The card failed in")):
        engines = f"41/4096/1/{note},3/0/2"
        for where in ({}, kept, kept):
            status, out, err = start("fake", *bench, "--device", "cuda:0", **{**how, **where}, DH_FAKE_ENGINES=engines)
            told = [line for line in out.splitlines() if line.startswith("put aside: ") and said in line]
            check(f"an engine that {name}{' and that is known' if where else ''}",
                  [] if status == 0 and not err and told and "cudnn 41 " not in out.replace("\n".join(told), "")
                  else [f"{status} {out}{err}"])
        shutil.rmtree(root / "plans")
    # What breaks a recording is started beside what is recorded, and told.
    status, out, err = start("fake", *bench[:-3], "--runs", "4", "--quiet", "--device", "cuda:0", **how, DH_FAKE_ENGINES="41/0/1/g")
    check("an engine that is not recorded", [] if status == 0 and not err and "not recorded: " in out and "(cudnn 41): cuDNN refuses to run" in out else [f"{status} {out}{err}"])
    # Where the process may not have the card back, each start says so, and the next knows one way more that it leaves out.
    starts = []
    while not starts or (starts[-1][0] and len(starts) < 60):
        starts.append(start("fake", *bench, "--device", "cuda:0", **{**how, **kept}, DH_FAKE_ENGINES="41/0/1/f,3/0/2", DH_FAKE_STAYS="1"))
    *lost, (status, out, err) = starts
    check("an engine that loses the card for good", [] if len(lost) > 1 and status == 0 and not err and "cudnn 3 " in out and all(
        done[0] == 1 and "start the program again" in done[2] and "is left out then" in done[2] and done[2].count("\n") == 1 for done in lost) else [str(starts)])
    shutil.rmtree(root / "plans")
    status, out, err = start("fake", *bench, "--device", "cuda:0", "--json", **how, DH_FAKE_ENGINES="41/0/1/w,3/0/2")
    check("remarks of a bench", [] if status == 0 and json.loads(out)["remarks"][0].startswith("put aside: ") else [out, err])
    for note, said in (("w", "DH_CUDA_WITHOUT=checks"), ("f", "cudnn 41: The card failed in")):
        status, out, err = start("fake", *bench, "--device", "cuda:0", **how, DH_FAKE_ENGINES=f"41/0/1/{note}")
        check(f"no engine but one with “{note}”", [] if status == 1 and err.count("\n") == 1 and said in err else [f"{status} {err}"])
    status, out, err = start("fake", "demo", "--out", str(root / "demo"), "--quiet", **{**how, **cards(35)})
    check("demo says it once", [] if status == 0 and err.count("is not available") == 1 else [f"{status} {err}"])


with tempfile.TemporaryDirectory() as temporary:
    root = Path(temporary)
    for module, file in (("real", real), ("fake", fake)):
        (root / module).mkdir()
        shutil.copy(program, root / module / "densehybrid")
        shutil.copy(file, root / module / "dh-cuda.so")
    run()
print(f"1..{len(results)}")
sys.exit(0 if all(results) else 1)
