"""The process in which student code runs: shut in by bubblewrap, limited, and only ever asked.

`Sandbox` starts `inside` behind a few sockets and talks to it. It sees no network, none of the
instructor's environment variables, and no file but Python, its packages and the helpers. All that
it can write to is in memory, of a fixed size, and gone with it. ``unsafe`` leaves bubblewrap out:
then only the limits hold.
"""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from folders import BOOK, CODE, DATA
from grading import inside

SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts")
NOBODY = "65534"
FILE_BYTES = 50_000_000
DISK_BYTES = 200_000_000  # of /tmp, and as much again of /dev/shm: both are in memory
PROCESSES = 150  # some thirty are the grader's own
ENDED = "Python was ended by this code"
START = 120  # seconds until the sandbox must have answered
GRACE = 10  # seconds until the sandbox must have said that a cell took too long
# Seconds for a cell, seconds for all cells, memory for all processes of a submission, and how many
# submissions run at once.
DEFAULTS = {
    "GRADING_TIMEOUT": "30",
    "GRADING_TOTAL": "180",
    "GRADING_MEMORY_MB": "3000",
    "GRADING_JOBS": "2",
}


stopping = threading.Event()  # set by Ctrl-C, for all threads that grade


class Trouble(Exception):
    """The grader's own machinery doesn't work: no student is to blame."""


class Lost(Exception):
    """The sandbox is gone: ended by the code in it, or because of what that used up."""


def setting(name):
    """Return a number from the environment, or its default."""
    word = os.environ.get(name) or DEFAULTS[name]
    try:
        number = int(word)
    except ValueError:
        number = 0
    if number <= 0:
        raise SystemExit(f"{name}={word} is no whole number above 0, such as {DEFAULTS[name]}")
    return number


def trouble():
    """Say why student code can't be shut in on this machine; empty if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed; on Debian and Ubuntu: apt install bubblewrap"
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--size", "4096", "--tmpfs", "/tmp"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True)
    if "nknown option" in tried.stderr:
        return "bubblewrap is older than 0.7, and can't limit how much is written"
    return tried.returncode and f"bubblewrap can't work on this machine: {tried.stderr.strip()}"


def options():
    """Return the options of bubblewrap: what student code sees, and what it may change."""
    size = ["--size", str(DISK_BYTES), "--tmpfs"]
    found = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    found += ["--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox"]
    found += ["--proc", "/proc", "--dev", "/dev", *size, "/dev/shm", *size, "/tmp"]
    ours = (BOOK / name for name in (*CODE, *DATA))
    for path in (*SYSTEM, sys.prefix, sys.base_prefix, inside.__file__, *ours):
        found += ["--ro-bind-try", str(path), str(path)]
    return [*found, "--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/tmp"]


def environment(home):
    """Return the environment variables of student code: none of the instructor's."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "PYTHONPATH": str(BOOK),
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "IPYTHONDIR": f"{home}/ipython",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class Sandbox:
    """A running sandbox: a context manager, after which nothing is left of it.

    Parameters
    ----------
    channels : int
        How many there are: one for the notebook, and one for each fork that stays behind.
    unsafe : bool
        Whether to do without bubblewrap.
    """

    def __init__(self, channels, *, unsafe):
        self.number, self.unsafe = channels, unsafe
        self.memory = setting("GRADING_MEMORY_MB")

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            home = "/tmp"
            if self.unsafe:
                home = tempfile.mkdtemp(prefix="grading-")
                # Python's own way of removing folders gives up on those that are very deep.
                stack.callback(subprocess.run, ["rm", "-rf", home])
            ends = [socket.socketpair() for _ in range(self.number)]
            self.sockets = [stack.enter_context(ours) for ours, _ in ends]
            numbers = [theirs.fileno() for _, theirs in ends]
            # -P: Python looks for no module in the folder that student code writes to.
            limits = [str(self.memory * 2**20), str(FILE_BYTES)]
            command = [sys.executable, "-P", inside.__file__, *limits, *map(str, numbers)]
            variables = environment(home)
            if not self.unsafe:
                for name, value in variables.items():
                    command[:0] = ["--setenv", name, value]
                command = ["bwrap", *options(), *command]
            self.process = subprocess.Popen(
                command,
                cwd=home if self.unsafe else "/",
                env={**variables, "PATH": os.environ.get("PATH", "/usr/bin")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=numbers,
                start_new_session=True,  # Ctrl-C is for the grader
            )
            stack.callback(self._end)
            for _, theirs in ends:
                theirs.close()
            self._require_ready()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _require_ready(self):
        try:
            ready = self._receive(0, START).get("ready")
        except Lost as why:
            ready, self.why = False, str(why)
        if ready is not True:
            self._end()
            words = self.process.stderr.read(2000).decode(errors="replace").strip()
            raise Trouble(f"the sandbox doesn't start: {words or self.why}")

    def _end(self):
        """Kill it, with everything in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def ask(self, command, channel=0):
        """Send a command, and return the reply.

        Raises
        ------
        Lost
            The sandbox is gone, or says nothing any more.
        """
        connection = self.sockets[channel]
        connection.settimeout(START)
        try:
            connection.sendall(json.dumps(command).encode() + b"\n")
        except OSError:
            raise Lost(ENDED) from None
        return self._receive(channel, command.get("seconds", 0) + GRACE)

    def _receive(self, channel, seconds):
        """Return a reply; whatever isn't one is an empty one."""
        end, found, connection = time.monotonic() + seconds, b"", self.sockets[channel]
        while b"\n" not in found:
            if stopping.is_set():
                raise KeyboardInterrupt
            if time.monotonic() > end:
                raise Lost("the code could not be stopped in time")
            if select.select([connection], [], [], 0.3)[0]:
                try:
                    more = connection.recv(1 << 16)
                except OSError:
                    more = b""
                if not more:
                    raise Lost(ENDED)
                found += more
                if len(found) > 2 * inside.LONGEST:
                    raise Lost("the code sends without end")
            else:
                self._watch()
        try:
            reply = json.loads(found.partition(b"\n")[0])
        except (ValueError, RecursionError):
            return {}
        return reply if isinstance(reply, dict) else {}

    def _watch(self):
        """Stop code that uses up the machine."""
        there = processes(self.process.pid)
        if len(there) > PROCESSES:
            raise Lost(f"the code started more than {PROCESSES} processes")
        most = self.memory * 2**20
        if sum(map(resident, there)) > most and sum(map(proportional, there)) > most:
            raise Lost(f"the code used more than {self.memory} MB of memory")


def processes(first):
    """Return a process and all that come of it."""
    found = [first]
    for process in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{process}/task"):
                children = Path(f"/proc/{process}/task/{thread}/children").read_text()
                found += map(int, children.split())
        if len(found) > 10 * PROCESSES:
            break
    return found


def resident(process):
    """Return the bytes of memory of a process, with what it shares."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def proportional(process):
    """Return the bytes of memory of a process, and its part of what it shares."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
