"""That what is kept of a choice goes by the sources that decide it: each counts, by its name and all it holds, and the
order in which they are named does not. And that what takes part is named: whatever the choosing includes or is.

    test-search-version.py SCRIPT SOURCE...   (TAP)"""
import os
import re
import subprocess
import sys
import tempfile

script, sources = sys.argv[1], sys.argv[2:]
results = []


def check(name, is_right):
    results.append(is_right)
    print(f"{'ok' if is_right else 'not ok'} {len(results)} {name}")


def version(paths):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "version.h")
        subprocess.run([sys.executable, script, out, *paths], check=True)
        with open(out, encoding="ascii") as file:
            found = re.search(r'#define DH_CUDA_SEARCH "([0-9a-f]{16})"', file.read())
    return found[1] if found else None


def changed(path):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, os.path.basename(path))
        with open(path, "rb") as file, open(copy, "wb") as to:
            to.write(file.read() + b"\n")
        return version([copy if other == path else other for other in sources])


whole = version(sources)
check("it is there", whole is not None)
check("the order does not count", version(sources[::-1]) == whole)
check("every source counts", len({whole, *map(changed, sources)}) == len(sources) + 1)
# What times or checks, or says what is timed, cannot stay out.
folder, named = os.path.dirname(sources[0]), {os.path.basename(source) for source in sources}
missing = []
for name in sorted(os.listdir(folder)):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        text = file.read()
    decides = re.search(r"dh_cuda_time(_conv)? \(\w+, |dh_cuda_ways_try|dh_cuda_probe_(conv|compare) \(\w+, |ENGINEHEUR_DESCRIPTOR", text)
    if decides and name not in named and name.endswith((".c", ".cu")):
        missing.append(name)
check(f"what decides is among them{': ' + ', '.join(missing) if missing else ''}", not missing)
print(f"1..{len(results)}")
sys.exit(not all(results))
