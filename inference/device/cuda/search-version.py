"""What stands for all that decides how something is chosen on a card: a header with a hash over its sources.

    search-version.py OUT SOURCE..."""
import hashlib
import os
import sys

out, sources = sys.argv[1], sys.argv[2:]
whole = hashlib.sha256()
for path in sorted(sources, key=os.path.basename):
    with open(path, "rb") as file:
        whole.update(hashlib.sha256(os.path.basename(path).encode() + b"\0" + file.read()).digest())
with open(out, "w", encoding="ascii") as file:
    file.write(f'#pragma once\n\n#define DH_CUDA_SEARCH "{whole.hexdigest()[:16]}"\n')
