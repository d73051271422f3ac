#!/usr/bin/env python3
"""What the guide says works: its commands, one after the other as they stand, and its links. Prints TAP.

    tests/house/check-guide.py SOURCE_ROOT DENSEHYBRID
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, PROGRAM = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
GUIDE = SOURCE / "docs" / "guide.md"
FENCE = re.compile(r"(?:<!-- exit status (\d+) -->\n)?```sh\n(.*?)```", re.S)


def check_commands(text):
    home = Path(tempfile.mkdtemp(prefix="dh-guide-"))
    environment = dict(os.environ, HOME=str(home / "home"), PATH=f"{PROGRAM.parent}:{os.environ['PATH']}", LC_ALL="C.UTF-8")
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    (home / "home").mkdir()
    blocks = FENCE.findall(text)
    assert len(blocks) > 8 and any(status for status, _ in blocks), "no commands are found in the guide"
    try:
        for status, commands in blocks:
            # The guide's reader has a shell that goes on; here the first line that fails is the one to be told.
            for line in commands.splitlines():
                done = subprocess.run(["sh", "-c", line], cwd=home, env=environment, capture_output=True, text=True)
                if "without the demo" in done.stderr:
                    return "this build comes without the demo"
                assert done.returncode == int(status or 0), f"{line}\n{done.returncode}: {done.stdout}{done.stderr}"
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return None


def check_links(text):
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (GUIDE.parent / target).exists(), target


def check_options(text):
    """What stands between the commands, in words, is there too."""
    told = set(re.findall(r"`(--[a-z-]+)", FENCE.sub("", text)))
    assert told, "no options are found in the guide"
    pages = [subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True).stdout
             for command in ("eval-ood", "eval-osr", "report", "dataset", "infer", "frames", "video", "find", "export")]
    pages.append(subprocess.run([PROGRAM, "dataset", "check", "--help"], capture_output=True, text=True).stdout)
    for option in told:
        assert any(re.search(re.escape(option) + r"(?![\w-])", page) for page in pages), option


def main():
    text = GUIDE.read_text(encoding="utf-8")
    cases = [check_commands, check_links, check_options]
    print(f"1..{len(cases)}", flush=True)
    for number, case in enumerate(cases, 1):
        name = case.__name__.removeprefix("check_")
        try:
            skipped = case(text)
            print(f"ok {number} - {name}" + (f" # SKIP {skipped}" if skipped else ""), flush=True)
        except AssertionError as error:
            print(f"not ok {number} - {name}\n" + "\n".join("# " + line for line in str(error).splitlines()), flush=True)


main()
