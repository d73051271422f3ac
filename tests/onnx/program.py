"""What the tests of this folder have in common: the program run, pictures written, results told as TAP."""
import struct
import subprocess
import sys
import zlib

results = []


def case(name, function, *arguments):
    try:
        function(*arguments)
        results.append((name, None))
    except Exception as e:
        results.append((name, f"{type(e).__name__}: {e}".replace("\n", " ")))


def tell():
    print(f"1..{len(results)}")
    for number, (name, why) in enumerate(results, 1):
        print(f"{'not ok' if why else 'ok'} {number} - {name}")
        if why:
            print(f"# {why}")
    sys.exit(any(why for _, why in results))


def run(*words, status=0):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert status is None or done.returncode == status, f"status {done.returncode}: {done.stderr}"
    return done


def write_png(path, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels)))
                     + chunk(b"IEND", b""))
