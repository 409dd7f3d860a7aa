"""What runs inside the sandbox: student code, and nothing that knows a right answer.

The grader sends commands, one JSON object a line, and gets one line back for each. Every cell
runs in a fork of the process that ran the cells before it. If it ends Python or takes too long,
the process before it is still there and goes on, so that a bad cell costs only itself.

A part of a problem set is not marked here. Where the notebook has come to its check, a fork stays
behind (``keep``). When all cells have run, it is asked what the function gives for the hidden
inputs, and returns numbers. So no hidden input was there while anything could still show it.
"""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time

LONGEST = 4_000_000  # bytes of a reply
NUMBERS = 100_000  # of a result
MESSAGE = 1_000  # characters


class Channel:
    """Lines from and to the grader."""

    def __init__(self, number):
        self.socket = socket.socket(fileno=number)
        self.rest = b""

    def receive(self):
        """Return the next command, or None at the end."""
        while b"\n" not in self.rest:
            more = self.socket.recv(1 << 16)
            if not more:
                return None
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def send(self, line):
        """Send one line."""
        self.socket.sendall(line + b"\n")


class Inside:
    """The commands, for one shell.

    Parameters
    ----------
    channels : list of Channel
        The first is for the notebook, the others for the forks that stay behind.
    """

    def __init__(self, channels):
        import numpy
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        # Every fork has them then: importing takes longer than all else.
        from helpers import attention, checks, cost, fast, functions, positions, runs  # noqa: F401

        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell.instance(config=config)
        self.shell.enable_gui = lambda gui=None: None
        self.shell.ask_exit = _raise_exit
        # What is printed and shown is kept nowhere: it may be without end.
        self.shell._tee = lambda channel: contextlib.nullcontext()
        self.shell.display_pub.publish = lambda *arguments, **options: None
        self.asarray = numpy.asarray
        self.channels, self.first = channels, True

    def serve(self, channel):
        """Answer commands until the grader has no more."""
        while command := channel.receive():
            if command["do"] == "keep":
                self.keep(channel, command["channel"])
                continue
            goes_on = command["do"] != "ask"
            reading, writing = os.pipe()
            try:
                child = os.fork()
            except OSError:
                child = None
            if child == 0:
                os.close(reading)
                self.first = False
                self.report(channel, writing, command)
                if not goes_on:
                    os._exit(0)
                continue
            os.close(writing)
            line, why = (b"", "died") if child is None else _read(reading, command["seconds"])
            os.close(reading)
            if child is not None and why:
                os.kill(child, signal.SIGKILL)
            if child is not None and (why or not goes_on):
                os.waitpid(child, 0)
            channel.send(line if not why else _line({"lost": why}))
            if not why and goes_on:
                _leave(self.first)  # the child goes on from here
        _leave(self.first)

    def report(self, channel, writing, command):
        """Carry out a command, and tell the process above."""
        try:
            found = self.perform(command)
            try:
                _write(writing, _line(found))
            except BrokenPipeError:  # that process was ended, by this cell or by an earlier one
                channel.send(_line({**found, "alone": True}))
            os.close(writing)
        except BaseException:  # as when there is no memory left
            os._exit(1)

    def keep(self, channel, number):
        """Leave a fork behind that answers on a channel of its own."""
        if os.fork():
            channel.send(b"{}")
            return
        channel.socket.close()
        self.first = False
        self.serve(self.channels[number])

    def perform(self, command):
        """Carry out a command, and return what to say of it."""
        try:
            if command["do"] == "ask":
                return {"values": self.values(command)}
            result = self.shell.run_cell(command["source"])
            error = result.error_before_exec or result.error_in_exec
            found = {"error": _error(error)} if error is not None else {}
            if command["do"] == "check" and not found:
                verdict = result.result
                if verdict is not None:
                    found["holds"] = bool(verdict)
                    found["message"] = str(verdict.message)[:MESSAGE]
            return found
        except BaseException as error:  # a sentence for the grader, whatever it is
            return {"error": _error(error)}

    def values(self, command):
        """Return what a function gives for each example, as plain numbers."""
        from helpers import fast

        function = self.shell.user_ns.get(command["name"])
        if function is None:
            message = "there is no function of this name"
            return [{"error": {"name": "NameError", "message": message}}]
        for path in command["refused"]:
            for refused in plain_functions(path):
                refused.__code__ = _refuse.__code__
        found = []
        with fast.off():  # what calls a refused function is refused with it
            for arguments in command["examples"]:
                try:
                    found.append(self.numbers(function(*map(self.decoded, arguments))))
                except BaseException as error:
                    return [*found, {"error": _error(error)}]
        return found

    def numbers(self, result):
        """Return a result in a form that JSON holds."""
        array = self.asarray(result)
        if array.size > NUMBERS:
            raise ValueError("the result is too large")
        if array.dtype.kind not in "biufO":
            raise TypeError("the result is not made of numbers")
        array = array.astype(float)
        return {"shape": list(array.shape), "values": array.ravel().tolist()}

    def decoded(self, value):
        """Return an argument from what stands for it in JSON."""
        if isinstance(value, dict):
            array = self.asarray(value["values"], dtype=value["dtype"])
            return array.reshape(value["shape"])
        return value


def plain_functions(path):
    """Return the formula of a public function of the helpers, and its kernel.

    Their code is replaced, so that every other name for them is refused too.

    Examples
    --------
    >>> len(plain_functions("attention.additive"))
    2
    """
    import importlib

    module, name = path.split(".")
    function = getattr(importlib.import_module(f"helpers.{module}"), name)
    found = [function, getattr(function, "kernel", None)]
    return [_unwrapped(one) for one in found if one is not None]


def _unwrapped(function):
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _refuse(*arguments, **options):
    raise RuntimeError("the answer calls the helpers' own implementation of what is asked")


def _raise_exit():
    raise SystemExit


def _error(error):
    """Say in two strings what stopped the code."""
    try:
        message = str(error)
    except BaseException:
        message = ""
    return {"name": type(error).__name__[:80], "message": message[:MESSAGE]}


def _line(found):
    return json.dumps(found).encode()


def _write(number, data):
    while data:
        data = data[os.write(number, data) :]


def _read(number, seconds):
    """Read until the other end is closed; return what was read, and why if there is no more."""
    found, end = b"", time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([number], [], [], left)[0]:
            return b"", "time"
        more = os.read(number, 1 << 16)
        if not more:
            break
        found += more
        if len(found) > LONGEST:
            return b"", "size"
        if found.endswith(b"}"):
            try:
                json.loads(found)
            except ValueError:
                continue
            return found, ""
    return b"", "died"


def _leave(first):
    """End; but the sandbox lives as long as its first process."""
    if not first:
        os._exit(0)
    while True:
        time.sleep(3600)


def limit(memory, size):
    """Limit each process of the sandbox: bytes of memory and of a file, seconds of CPU time."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CPU, 600),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def main(memory, size, *numbers):
    """Serve the first channel."""
    limit(int(memory), int(size))
    inside = Inside([Channel(int(number)) for number in numbers])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what students print goes nowhere
        os.dup2(nowhere, number)
    inside.channels[0].send(b'{"ready": true}')
    inside.serve(inside.channels[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
