"""Makes C++ of a kernel's source: what stands between <<< and >>> becomes arguments, and shared memory is told of.

    launches.py SOURCE OUT

  __shared__ int x[8];  →  __shared__ int x[8]; threads_share (&x, sizeof x);
  name<A, B><<<grid, threads, bytes, stream>>> (x, y)  →  threads_start ("name<A, B>", grid, threads, bytes, stream,
                                                                          name<A, B>, x, y)"""
import re
import sys

source, out = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    text = re.sub(r"(__shared__\s[^;]*?(\w+)(?:\s*\[[^\]]*\])*;)", r"\1 threads_share (&\2, sizeof \2);", file.read())


def begin_of_name(end):
    """Where the name that ends there begins: an identifier, with or without <…>."""
    at = end
    if text[at - 1] == ">":
        depth = 0
        while True:
            at -= 1
            depth += {">": 1, "<": -1}.get(text[at], 0)
            if depth == 0:
                break
    while text[at - 1].isalnum() or text[at - 1] == "_":
        at -= 1
    return at


made, done = [f'#line 1 "{source}"\n'], 0
while (begin := text.find("<<<", done)) >= 0:
    end = text.index(">>>", begin)
    name = text[begin_of_name(begin):begin]
    if not name:
        sys.exit(f"{source}: nothing stands before <<<")
    first = end + 3 + len(text[end + 3:]) - len(text[end + 3:].lstrip())
    if text[first] != "(":
        sys.exit(f"{source}: no arguments stand behind >>>")
    made += [text[done:begin - len(name)], f'threads_start ("{name}", {text[begin + 3:end]}, {name}, ']
    done = first + 1
made.append(text[done:])
with open(out, "w", encoding="utf-8") as file:
    file.write("".join(made))
