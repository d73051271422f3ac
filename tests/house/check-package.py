#!/usr/bin/env python3
"""The Debian package has all that is installed, asks for what it needs, and works wherever it is unpacked. Prints TAP.

    tests/house/check-package.py SOURCE_ROOT BUILD_ROOT
"""
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, BUILD = Path(sys.argv[1]), Path(sys.argv[2])


def run(*command, **more):
    return subprocess.run(command, capture_output=True, check=True, **more).stdout


def installed():
    """The paths as `meson install` has them; manual pages are packed."""
    plan = json.loads(run("meson", "introspect", "--installed", str(BUILD)))
    return {path + (".gz" if "/man1/" in path else "") for path in plan.values()}


def check_content(root, control):
    have = {"/" + str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    own = {path for path in have if path.endswith("/doc/densehybrid-studio/copyright")}
    yield from (f"{path} is not in it" for path in sorted(installed() - have))
    yield from (f"{path} is more than is installed" for path in sorted(have - installed() - own))
    if len(own) != 1:
        yield "no copyright"
    for path in root.rglob("*"):
        mode = path.stat().st_mode & 0o777
        want = 0o755 if path.is_dir() or path.parent.name == "bin" else 0o644
        if mode != want:
            yield f"{path.relative_to(root)} has mode {mode:o}"
    size = int(re.search(r"^Installed-Size: (\d+)$", control, re.M)[1])
    if abs(size - sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1024) > 1:
        yield f"{size} KiB are not what it takes"


def check_needs(root, control):
    """Every shared library that a program names is in a package that is asked for."""
    depends = re.search(r"^Depends: (.*)$", control, re.M)[1]
    asked = {re.sub(r"[ (].*", "", name.strip()) for name in depends.split(",")}
    for path in root.rglob("*"):
        if not path.is_file() or path.read_bytes()[:4] != b"\x7fELF":
            continue
        for library, place in re.findall(r"^\s*(\S+) => (\S+)", run("ldd", str(path), encoding="utf-8"), re.M):
            named = re.search(rf"\(NEEDED\)\s+Shared library: \[{re.escape(library)}\]",
                              run("readelf", "-d", str(path), encoding="utf-8"))
            if not named:
                continue
            # A library may be known by its name in /lib, which leads to /usr/lib.
            real = os.path.realpath(place)
            owner = subprocess.run(["dpkg", "-S", place, real, real.removeprefix("/usr")], capture_output=True,
                                   encoding="utf-8")
            packages = {line.split(":")[0] for line in owner.stdout.splitlines()}
            if not packages & asked:
                yield f"{path.name} needs {library} of {packages or 'no package'}, which is not asked for: {depends}"


def check_use(root, folder):
    """Unpacked anywhere, far from the tree that it was built in."""
    program = next(root.rglob("bin/densehybrid"))
    clean = {"PATH": "/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"}
    text = run(str(program), "demo", "--device", "cpu", cwd=folder, env=clean, encoding="utf-8", timeout=300)
    if "AP" not in text:
        yield f"the demo says {text!r}"
    version = run(str(program), "--version", env=clean, encoding="utf-8")
    page = gzip.decompress(next(root.rglob("densehybrid.1.gz")).read_bytes()).decode()
    if not page.startswith(".TH ") or version.split()[-1] not in page:
        yield "the manual page is of another version"


def check_sums(root, folder):
    for line in (Path(folder) / "control" / "md5sums").read_text().splitlines():
        want, path = line.split("  ", 1)
        if hashlib.md5((root / path).read_bytes()).hexdigest() != want:
            yield f"{path} is not what was summed"


with tempfile.TemporaryDirectory() as folder:
    # Whoever makes it may keep what they write from others.
    package = run(sys.executable, str(SOURCE / "tools/package/make-deb.py"), str(BUILD), folder, encoding="utf-8",
                  umask=0o077).strip()
    root = Path(folder) / "root"
    run("dpkg-deb", "--extract", package, str(root))
    run("dpkg-deb", "--control", package, str(Path(folder) / "control"))
    control = (Path(folder) / "control" / "control").read_text()
    checks = [("has what is installed", check_content(root, control)), ("asks for what it needs", check_needs(root, control)),
              ("works where it is unpacked", check_use(root, folder)), ("knows its files", check_sums(root, folder))]
    print(f"1..{len(checks)}")
    for number, (title, wrong) in enumerate(checks, 1):
        wrong = list(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} the package {title}")
        for what in wrong:
            print(f"# {what}")
