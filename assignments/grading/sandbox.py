"""The kernel in which student code runs: shut in by bubblewrap, and limited in what it may use.

nbgrader starts this file instead of a kernel (see `write_kernelspec`). It limits memory, CPU time
and the size of files, and becomes the kernel, inside bubblewrap unless it is told ``unsafe``:
without a network, without the environment variables of the instructor, and with nothing to read
but Python, its packages, the helpers and the folder of this one submission.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from folders import BOOK, CODE, DATA

NAME = "sandbox"
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/fonts")
NOBODY = "65534"
FILE_BYTES = 50_000_000
# Enough for NumPy and Matplotlib; a kernel alone reserves about half a gigabyte.
DEFAULTS = {"GRADING_TIMEOUT": "30", "GRADING_MEMORY_MB": "3000"}


def setting(name):
    """Return a number from the environment, or its default."""
    return int(os.environ.get(name) or DEFAULTS[name])


def trouble():
    """Say why student code can't be shut in on this machine; empty if it can."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed; on Debian and Ubuntu: apt install bubblewrap"
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
    tried = subprocess.run(command, capture_output=True, text=True)
    return tried.returncode and f"bubblewrap can't work on this machine: {tried.stderr.strip()}"


def write_kernelspec(folder, *, unsafe):
    """Write the kernelspec below a folder that is then in JUPYTER_PATH."""
    place = folder / "kernels" / NAME
    place.mkdir(parents=True)
    arguments = [str(setting("GRADING_MEMORY_MB")), "unsafe" if unsafe else "shut-in"]
    # -P: Python looks for no module in the folder of the submission before the kernel runs.
    command = [sys.executable, "-P", __file__, *arguments, "{connection_file}"]
    spec = {"argv": command, "display_name": NAME, "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))


def inside(folder, here):
    """Return the options of bubblewrap: what the kernel sees, and what it may change."""
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    options += ["--uid", NOBODY, "--gid", NOBODY, "--hostname", NAME]
    options += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    ours = (BOOK / name for name in (*CODE, *DATA))
    for path in (*SYSTEM, sys.prefix, sys.base_prefix, *ours):
        options += ["--ro-bind-try", str(path), str(path)]
    return [*options, "--bind", str(folder), str(folder), "--chdir", str(here)]


def environment():
    """Return the environment variables of the kernel: none of the instructor's."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "IPYTHONDIR": "/tmp/ipython",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def limit(memory_mb, cpu_seconds):
    """Limit this process and all that come of it."""
    for kind, value in (
        (resource.RLIMIT_AS, memory_mb * 2**20),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def main(memory_mb, mode, connection_file):
    """Become the kernel."""
    folder = Path(connection_file).parent
    limit(int(memory_mb), cpu_seconds=600)
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", connection_file]
    kernel += ["--HistoryManager.hist_file=:memory:"]
    variables = environment()
    if mode == "shut-in":
        for name, value in variables.items():
            kernel[:0] = ["--setenv", name, value]
        kernel = ["bwrap", *inside(folder, Path.cwd()), *kernel]
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the kernel's greeting
    os.execvpe(kernel[0], kernel, {**variables, "PATH": os.environ.get("PATH", "/usr/bin")})


if __name__ == "__main__":
    main(*sys.argv[1:])
