"""What the compiler makes of the kernels, without a card: whether a block of each can be launched at all, and what of
its registers goes to memory.

    test-kernels.py THREADS SOURCE... -- NVCC ARGUMENT...   (TAP)"""
import os
import re
import subprocess
import sys
import tempfile

REGISTERS, SHARED = 65536, 48 * 1024  # of a multiprocessor; of a block, unless more is asked for
SPILLED = 4  # bytes of a thread: one register, where the compiler trades it for one block more side by side
STACK = 8  # bytes of a thread: where that register goes, rounded up

threads = int(sys.argv[1])
cut = sys.argv.index("--")
sources, command = sys.argv[2:cut], sys.argv[cut + 1:]
print(f"1..{len(sources)}")
failed = False
for number, source in enumerate(sources, 1):
    name = os.path.splitext(os.path.basename(source))[0]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*command, "-Xptxas", "-v", "--cubin", "-o", os.path.join(folder, "kernels"), source],
                              capture_output=True, text=True)
    wrong = [] if done.returncode == 0 else [done.stderr]
    kernels = re.findall(r"entry function '(\S+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?"
                         r"Used (\d+) registers(.*?)\n", done.stderr, re.DOTALL)
    for kernel, stack, spilled, registers, rest in kernels:
        shared = re.search(r"(\d+) bytes smem", rest)
        print(f"# {kernel}: {registers} registers, {shared[1] if shared else 0} bytes shared, {spilled} spilled")
        # Registers are given out by 8 a thread.
        if (int(registers) + 7) // 8 * 8 * threads > REGISTERS or (shared and int(shared[1]) > SHARED):
            wrong.append(f"{kernel} cannot be launched: {registers} registers, {rest}")
        # What is indexed by a variable stands in memory.
        if int(stack) > STACK:
            wrong.append(f"{kernel} keeps {stack} bytes of arrays in memory")
        if int(spilled) > SPILLED:
            wrong.append(f"{kernel} spills {spilled} bytes")
    if len(kernels) < 2:
        wrong.append("no kernels were seen")
    failed = failed or bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} {name}")
    for line in wrong:
        print("# " + line.replace("\n", "\n# "))
sys.exit(failed)
