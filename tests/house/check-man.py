#!/usr/bin/env python3
"""The manual pages tell all that the programs' own help tells, and are installed. Prints TAP.

    tests/house/check-man.py BUILD_ROOT DENSEHYBRID [STUDIO]
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BUILD, PROGRAMS = Path(sys.argv[1]), sys.argv[2:]
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="")
# Every command, and the words behind those that have no options of their own.
BEHIND = {"weights": ["weights", "weights inspect", "weights convert", "weights check"], "dataset": ["dataset", "dataset check", "dataset tags"]}


def help_of(program, *words):
    return subprocess.run([program, *words, "--help"], env=ENVIRONMENT, capture_output=True, encoding="utf-8",
                          check=True).stdout


def missing(program, text, page):
    """Options, and sentences on them, that the page does not have."""
    for line in text.splitlines():
        found = re.match(r"\s+(?:-\w, )?(--[\w-]+)(?:=\S+)?\s{2,}(\S.*)$", line)
        if found and not re.search(re.escape(found[1]) + r"(?![\w-])", page):
            yield found[1]
        if found and found[2] not in page and "--help" not in found[1]:
            yield f"{found[1]}: {found[2]}"


def plain(path):
    text = re.sub(r"\\f[A-Z]", "", path.read_text(encoding="utf-8")).replace("\\&", "")
    return text.replace("\\-", "-").replace("\\e", "\\")


def check(program):
    name = Path(program).name
    path = BUILD / "app" / f"{name}.1"
    if not path.is_file():
        return [f"{path} is not there"]
    page, wrong = plain(path), []
    text = help_of(program)
    wrong += missing(program, text, page)
    commands = re.findall(r"^  ([a-z][a-z-]*)   *\S", text, re.M) if name == "densehybrid" else []
    if name == "densehybrid" and len(commands) < 10:
        wrong.append(f"only {commands} are seen as commands")
    for command in commands:
        for words in BEHIND.get(command, [command]):
            if words not in BEHIND and f"\n.SS {words}\n" not in page and words.split()[0] == words:
                wrong.append(f"no section on {words}")
            wrong += [f"{words}: {what}" for what in missing(program, help_of(program, *words.split()), page)]
            example = re.search(r"^Example:\n +(\S.*)$", help_of(program, *words.split()), re.M)
            if example and example[1] not in page:
                wrong.append(f"{words}: its example")
    installed = json.loads(subprocess.run(["meson", "introspect", "--installed", str(BUILD)], capture_output=True,
                                          encoding="utf-8", check=True).stdout)
    if not installed.get(str(path), "").endswith(f"/man/man1/{name}.1"):
        wrong.append("it is not installed")
    if shutil.which("groff"):
        told = subprocess.run(["groff", "-k", "-man", "-Tutf8", "-ww", str(path)], capture_output=True,
                              encoding="utf-8").stderr
        wrong += told.splitlines()
    return wrong


print(f"1..{len(PROGRAMS)}")
for number, program in enumerate(PROGRAMS, 1):
    found = check(program)
    print(f"{'not ok' if found else 'ok'} {number} the page of {Path(program).name}")
    for what in found:
        print(f"# {what}")
