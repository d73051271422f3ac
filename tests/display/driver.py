"""Runs the studio on a display of its own and handles it as a user does: pointer, keys, eyes.

Needs Xvfb, xdotool and ImageMagick's import; a window manager (openbox) makes focus and sizes as on a desktop.
"""
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import time
import traceback

NEEDED = ("Xvfb", "xdotool", "import")
# What says nothing of the program: no bus here to keep a file dialogue's size; what GTK 4.18 says of widths that it has
# measured itself.
NOT_OURS = ("dconf-WARNING", "natural size must be >= min size", "Trying to measure GtkLabel")
# Seconds: what is waited for comes in the end, however slow or busy the machine is.
FOR_EVER = 600


def missing():
    """The first needed program that is not there; None where all are."""
    return next((name for name in NEEDED if shutil.which(name) is None), None)


def set_dpi(display, dpi):
    """As a desktop's settings do it for programs that start later."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(x.XOpenDisplay(display.encode()))
    resources = f"Xft.dpi:\t{dpi}\n".encode()
    property, text = x.XInternAtom(connection, b"RESOURCE_MANAGER", 0), x.XInternAtom(connection, b"STRING", 0)
    x.XChangeProperty(connection, x.XDefaultRootWindow(connection), property, text, 8, 0, resources, len(resources))
    # What belongs to a connection goes with it, and the last one takes the display's state along.
    x.XSync(connection, 0)
    return connection


def run_cases(cases, arguments, reason, output, prefix, first=1):
    """TAP of each; `arguments` begin with the studio, of which a picture is kept where one fails."""
    for number, case in enumerate(cases, first):
        name = case.__name__[5:]
        if reason is not None:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
            continue
        try:
            case(*arguments)
            print(f"ok {number} {name}", flush=True)
        except Exception:
            print(f"not ok {number} {name}", flush=True)
            print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
            if arguments[0].program.poll() is None:
                arguments[0].screenshot(f"{output}/{prefix}-{name}.png")


class Pixels(bytes):
    """RGB samples of a part of the screen. Two are equal where every sample is, but for what rounding changes when the same
    picture is drawn a second time from other layers."""
    ROUNDING = 4

    def __eq__(self, other):
        if bytes.__eq__(self, other) is True:
            return True
        return len(self) == len(other) and all(-self.ROUNDING <= a - b <= self.ROUNDING for a, b in zip(self, other))

    def __ne__(self, other):
        return not self == other

    __hash__ = None


class Studio:
    def __init__(self, program, arguments=(), size=(1400, 900), home=None, dark=False, environment=None,
                 dpi=96, double_click=400):
        self.size = size
        self.dpi = dpi  # 96 × the scale of text that a user has chosen
        self.home = home or tempfile.mkdtemp(prefix="dh-studio-")
        self.processes = []
        self.environment = dict(os.environ, GDK_BACKEND="x11", GTK_A11Y="none", LC_ALL="C.UTF-8", NO_AT_BRIDGE="1",
                                DH_DEBUG="studio,frames", G_MESSAGES_DEBUG="dh-runs", HOME=self.home,
                                XDG_CONFIG_HOME=f"{self.home}/config", XDG_CACHE_HOME=f"{self.home}/cache",
                                XDG_DATA_HOME=f"{self.home}/data")
        self.environment.pop("WAYLAND_DISPLAY", None)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"
        if dark:
            self.environment["ADW_DEBUG_COLOR_SCHEME"] = "prefer-dark"
        self.environment.update(environment or {})
        os.makedirs(f"{self.home}/config/gtk-4.0", exist_ok=True)
        with open(f"{self.home}/config/gtk-4.0/settings.ini", "w") as file:
            file.write("[Settings]\ngtk-font-name=Cantarell 11\ngtk-xft-hinting=1\ngtk-xft-hintstyle=hintslight\n"
                       "gtk-decoration-layout=:close\ngtk-enable-animations=0\ngtk-cursor-blink=0\n"
                       f"gtk-double-click-time={double_click}\n")  # in milliseconds
        self.log_path = f"{self.home}/log"
        self.log = open(self.log_path, "wb")
        try:
            self.environment["DISPLAY"] = self._start_display()
            self.program = subprocess.Popen([program, *arguments], env=self.environment, stdout=self.log,
                                            stderr=self.log)
            self.processes.append(self.program)
            self.window = self._find_window()
        except BaseException:
            # A display that is left behind keeps the test's output open, and who reads it waits.
            self.close()
            raise

    def _start_display(self):
        read, write = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", f"{self.size[0]}x{self.size[1]}x24",
                                   "-nolisten", "tcp"], pass_fds=(write,), stderr=subprocess.DEVNULL)
        os.close(write)
        self.processes.append(server)
        # The whole line: a pipe closed before its end would kill the server.
        with os.fdopen(read) as line:
            number = line.readline().strip()
        display = f":{number}"
        set_dpi(display, self.dpi)
        manager = shutil.which("openbox")
        if manager:
            self.processes.append(subprocess.Popen([manager], env=dict(self.environment, DISPLAY=display),
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.settle(0.5)
        return display

    def _find_window(self, timeout=FOR_EVER):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "DenseHybrid Studio"],
                                   env=self.environment, capture_output=True, text=True).stdout.split()
            if found:
                self.window = found[-1]
                self.resize(*self.size)
                return self.window
            if self.program.poll() is not None:
                raise RuntimeError(f"the studio ended by itself: {self.text()[-2000:]}")
            time.sleep(0.1)
        raise RuntimeError("no window appeared")

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.log.close()

    def text(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def complaints(self):
        """What GTK and the libraries below it found wrong with the program; nothing is to be found."""
        return sorted({line for line in self.text().splitlines() if re.search(r"-(WARNING|CRITICAL|ERROR) \*\*", line)
                       and not any(words in line for words in NOT_OURS)})

    def wait(self, pattern, timeout=FOR_EVER, after=0, idle=FOR_EVER):
        """Waits until the log holds the pattern behind position `after`; gives the match. So many seconds of `idle` does
        it wait in which nothing is done: a busy or slow machine takes as long as it takes."""
        end, step = time.monotonic() + timeout, 0.05
        while time.monotonic() < end and idle > 0:
            found = re.compile(pattern).search(self.text(), after)
            if found:
                return found
            if self.program.poll() is not None:
                break
            time.sleep(step)
            idle -= 0 if self._lets_work() else step
        raise AssertionError(f"{pattern!r} was not seen; the log ends with\n{self.text()[-1500:]}")

    def runs(self):
        """Runs of the network begun so far."""
        return len(re.findall(r"^studio: run \d+ ", self.text(), re.M))

    def xdotool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def key(self, *keys):
        self.xdotool("key", "--delay", "40", *keys)
        self.settle(0.05)

    def move(self, x, y):
        self.xdotool("mousemove", int(x), int(y))

    def click(self, x, y, button=1, count=1):
        self.move(x, y)
        self.settle(0)
        # Both clicks of a double one close together, since a busy machine draws them apart.
        self.xdotool("click", "--repeat", count, "--delay", 20 if count == 2 else 80, button)
        self.settle(0.1)

    def until_told(self, pattern, action, tries=4):
        """Does something until what comes of it is told; gives the match. On a loaded machine a click may fall beside,
        and a key may come before the window is ready for it. It is done again only where the program has nothing left
        to do: a slow answer is waited for."""
        after = len(self.text())
        for left in reversed(range(tries)):
            action()
            try:
                return self.wait(pattern, after=after, idle=30 if left else FOR_EVER)
            except AssertionError:
                if left == 0 or self.program.poll() is not None:
                    raise
                print(f"# no answer: {pattern!r}", flush=True)
                self.settle(1)

    def press(self, x, y, pattern):
        return self.until_told(pattern, lambda: self.click(x, y))

    def drag(self, start, end, seconds=1.0, button=1, rate=60):
        self.move(*start)
        self.settle(0)
        self.xdotool("mousedown", button)
        steps = max(2, int(seconds * rate))
        for i in range(1, steps + 1):
            self.move(start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps)
            time.sleep(seconds / steps / 2)
        self.xdotool("mouseup", button)
        self.settle(0.1)

    def drop(self, paths, source, at):
        """Drags files out of another program's window and lets them fall at a place of the studio's."""
        program = subprocess.Popen([source, *paths], env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            assert program.stdout.readline() == "shown\n"
            found = subprocess.run(["xdotool", "search", "--sync", "--onlyvisible", "--name", "drag source"],
                                   env=self.environment, capture_output=True, text=True).stdout.split()
            self.xdotool("windowmove", found[-1], self.size[0] - 240, self.size[1] - 240)
            self.xdotool("windowraise", found[-1])
            self.settle(0.4)
            self.drag((self.size[0] - 140, self.size[1] - 140), at, seconds=1.0)
            self.settle(0.4)
        finally:
            program.terminate()
            program.wait()

    def resize(self, width, height):
        self.xdotool("windowmove", self.window, 0, 0)
        self.xdotool("windowsize", "--sync", self.window, width, height)
        self.settle(0.4)

    def window_size(self):
        """As it is: what a page needs may make it larger than what was asked for."""
        told = subprocess.run(["xdotool", "getwindowgeometry", "--shell", self.window], env=self.environment, check=True,
                              capture_output=True, text=True).stdout
        return tuple(int(re.search(rf"^{name}=(\d+)$", told, re.M).group(1)) for name in ("WIDTH", "HEIGHT"))

    def _descendants(self):
        """Numbers of all processes that the program has begun, and of those that they have."""
        children = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    children.setdefault(int(file.read().rsplit(")", 1)[1].split()[1]), []).append(int(pid))
            except OSError:
                pass  # it has just ended
        found = list(children.get(self.program.pid, []))
        for pid in found:
            found += children.get(pid, [])
        return found

    @staticmethod
    def _does_something(pid, states):
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/stat") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] in states:
                        return True
        except OSError:
            pass  # it has just ended
        return False

    def _is_at_work(self):
        """A thread of the program, or of its display, runs, waits for a processor or is held up."""
        return any(self._does_something(process.pid, "RDT") for process in self.processes)

    def _lets_work(self):
        """The same, or what the program has begun runs."""
        return self._is_at_work() or any(self._does_something(pid, "RD") for pid in self._descendants())

    def settle(self, seconds=0.6, most=30):
        """Lets so much time pass, and waits until nothing was done for some of it: what was sent may wait for a processor
        on a busy machine, and what follows a little later begins to count when that has come. What never rests is not
        waited for longer than `most`."""
        step, quiet = 0.03, 0
        start, needed = time.monotonic(), 4 + min(seconds, 0.2) / step
        while time.monotonic() < start + seconds + most:
            time.sleep(step)
            quiet = 0 if self._is_at_work() else quiet + 1
            if quiet >= needed and time.monotonic() >= start + seconds:
                break

    def work(self):
        """Seconds of computing that the program has spent."""
        with open(f"/proc/{self.program.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_smooth(self, after, work):
        """Whether what the canvas logged of the frames of one movement is no slide show, by time or, where others have the
        processors, by what it had to compute since it had done `work` (bench-studio.py measures)."""
        self.settle()
        found = re.compile(r"frames: canvas: (\d+) frames .*median gap ([\d.]+) ms").search(self.text(), after)
        if not found:  # too few frames came to be for a gap between them
            return False
        computed = 1000 * (self.work() - work) / int(found.group(1))
        print(f"# {found.group(0)}, {computed:.0f} ms of work a frame", flush=True)
        return min(float(found.group(2)), computed) < 100

    def until(self, condition, what):
        """Waits until it holds; asked where the program rests, or now and then where it does not."""
        end = time.monotonic() + FOR_EVER
        while not condition():
            assert time.monotonic() < end, what
            self.settle(0.1, most=3)

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", "-crop", f"{self.size[0]}x{self.size[1]}+0+0", path],
                       env=self.environment, check=True)

    def pixels(self, x, y, width, height):
        return Pixels(subprocess.run(["import", "-window", "root", "-crop", f"{width}x{height}+{x}+{y}", "-depth", "8",
                                      "rgb:-"], env=self.environment, check=True, capture_output=True).stdout)
