"""Makes a Debian package of a built tree: python3 make-deb.py BUILD OUT

Programs, manual pages, desktop file, icon, recipes, completion and, where it was built, the cuda module, as
`meson install` puts them; stripped, with the packages that they need as dpkg-shlibdeps knows them. Writes
OUT/densehybrid-studio_VERSION_ARCHITECTURE.deb and prints its path.
"""
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile

NAME = "densehybrid-studio"
CONTROL = """Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: The DenseHybrid Studio developers <densehybrid-studio@localhost>
Installed-Size: {kib}
Depends: {depends}
Recommends: adwaita-icon-theme, librsvg2-common, fonts-cantarell, libgl1-mesa-dri, ffmpeg
Section: science
Priority: optional
Description: dense anomaly detection and open-set segmentation on street scenes
 A desktop program and a command line that load data sets and weights, run the
 network, and show image, segmentation, likelihood, dataset posterior and hybrid
 anomaly score side by side with threshold sliders; they measure whole data
 sets under the protocols of the field, write reports, and train.
 .
 {cuda}
"""
WITH_CUDA = """The cuda device is part of it. It needs NVIDIA's driver, cuDNN 9 and cuBLAS
 beside this package; without them the processor computes."""
WITHOUT_CUDA = "The processor computes: the cuda device was not built."
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: DenseHybrid Studio

Files: *
Copyright: The DenseHybrid Studio developers
License: Apache-2.0
 On Debian systems its text is in /usr/share/common-licenses/Apache-2.0.
"""


def output_of(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode != 0:
        sys.exit("make-deb.py: %s: %s" % (" ".join(command), done.stderr.strip()))
    return done.stdout


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def files_of(root):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)


def introspect(build, what):
    return json.loads(output_of("meson", "introspect", "--" + what, build))


def find_depends(stage, elves):
    """dpkg-shlibdeps reads a source package's control file, of which it wants no more than that it is there."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "debian"))
        with open(os.path.join(folder, "debian", "control"), "w") as file:
            file.write("Source: %s\n\nPackage: %s\nArchitecture: any\n" % (NAME, NAME))
        text = output_of("dpkg-shlibdeps", "-O", *("-e" + elf for elf in elves), cwd=folder)
    return text.partition("shlibs:Depends=")[2].strip()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def finish_files(stage, prefix):
    """As Debian wants them: manual pages packed, what may be read by everybody readable."""
    for path in files_of(stage):
        if "/man/" in path and not path.endswith(".gz"):
            with open(path, "rb") as file:
                write(path + ".gz", gzip.compress(file.read(), 9, mtime=0))
            os.unlink(path)
    write(stage + prefix + "/share/doc/" + NAME + "/copyright", COPYRIGHT.encode())
    for folder, _, names in os.walk(stage):
        os.chmod(folder, 0o755)
        for name in names:
            path = os.path.join(folder, name)
            os.chmod(path, 0o755 if os.path.basename(folder) == "bin" else 0o644)


def main(build, out):
    os.umask(0o022)  # dpkg-deb takes no control files that only their maker may read
    build = os.path.abspath(build)
    options = {option["name"]: option["value"] for option in introspect(build, "buildoptions")}
    with tempfile.TemporaryDirectory() as stage:
        output_of("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", stage)
        elves = [path for path in files_of(stage) if is_elf(path)]
        for elf in elves:
            output_of("strip", "--strip-unneeded", elf)
        depends = find_depends(stage, elves)
        finish_files(stage, options["prefix"])
        sums = []
        size = 0
        for path in files_of(stage):
            with open(path, "rb") as file:
                data = file.read()
            size += len(data)
            sums.append("%s  %s\n" % (hashlib.md5(data).hexdigest(), os.path.relpath(path, stage)))
        architecture = output_of("dpkg", "--print-architecture").strip()
        version = introspect(build, "projectinfo")["version"]
        cuda = WITH_CUDA if any(elf.endswith("/dh-cuda.so") for elf in elves) else WITHOUT_CUDA
        control = CONTROL.format(name=NAME, version=version, architecture=architecture, kib=size // 1024, depends=depends,
                                 cuda=cuda)
        write(stage + "/DEBIAN/md5sums", "".join(sums).encode())
        write(stage + "/DEBIAN/control", control.encode())
        os.makedirs(out, exist_ok=True)
        path = os.path.join(out, "%s_%s_%s.deb" % (NAME, version, architecture))
        output_of("dpkg-deb", "--root-owner-group", "-Zxz", "--build", stage, path)
    print(path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
