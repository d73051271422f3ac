#!/usr/bin/env python3
"""Runs every suite of a build folder and ends with one line: "N passed, N failed, N skipped".

A TAP program counts by its cases, any other program as one. Exit status 0 only where nothing failed and something ran.
"""
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

# Suites that measure rather than test, and those that run only when asked for.
LEFT_OUT = ("bench",)


# Lines that are told of a program that failed.
MOST_TOLD = 60


def ended_badly(path):
    """Names of the programs that failed, ended early or ran out of time, as meson judges them, with what they wrote."""
    with open(path, encoding="utf-8") as log:
        tests = [json.loads(line) for line in log]
    return {test["name"]: test.get("stdout", "") + test.get("stderr", "") for test in tests
            if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")}


def told(written):
    """What a failed program wrote, but for the cases that passed: what follows a case that failed, where there is one,
    else the end of it."""
    lines = [line for line in written.splitlines() if line.strip() and not line.startswith("ok ")]
    failed = next((i for i, line in enumerate(lines) if line.startswith("not ok ")), max(0, len(lines) - MOST_TOLD))
    return [f"  {line}" for line in lines[failed:failed + MOST_TOLD]]


def count(path):
    passed = failed = skipped = 0
    lines = []
    for suite in ET.parse(path).getroot().iter("testsuite"):
        cases = list(suite.iter("testcase"))
        for case in cases:
            name = f"{suite.get('name')} {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                lines.append(f"failed: {name}")
            elif case.find("skipped") is not None:
                skipped += 1
                reason = case.find("skipped").get("message") or ""
                lines.append(f"skipped: {name} {reason}".rstrip())
            else:
                passed += 1
    return passed, failed, skipped, lines


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    log = os.path.join(build, "meson-logs", "testlog.junit.xml")
    if os.path.exists(log):
        os.remove(log)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", "--num-processes",
               str(max(1, os.cpu_count() or 1))]
    for suite in LEFT_OUT:
        command += ["--no-suite", suite]
    status = subprocess.run(command).returncode
    if not os.path.exists(log):
        print("0 passed, 1 failed, 0 skipped")
        return 1
    passed, failed, skipped, lines = count(log)
    # One that aborts behind cases that passed: the log of cases does not know.
    failures = ended_badly(log.replace(".junit.xml", ".json"))
    for name in failures:
        if not any(line.startswith("failed: ") and f"{name} " in line for line in lines):
            failed += 1
            lines.append(f"failed: {name} (the program ended early)")
    if status != 0 and failed == 0:
        failed = 1
        lines.append("failed: meson test itself ended with an error")
    print()
    for name, written in failures.items():
        print(f"{name} wrote:", *told(written), sep="\n")
    for line in lines:
        print(line)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
