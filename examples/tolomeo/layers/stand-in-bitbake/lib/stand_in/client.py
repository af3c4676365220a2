"""The client: starts a server of its own session, relays what it says, and passes interrupts on.

As in bitbake, the server is what builds. Killing the client leaves the server
building on; the first SIGINT asks it to stop after the running task, the second
to stop now.
"""
import os
import signal
import socket
import sys
from pathlib import Path

from .server import BUSY, END, SOCKET, serve

EXIT_MARK = b"\x00exit "


def build(topdir: Path, task: str, targets: list[str]) -> int:
    """Runs one task of each target in a server; returns bitbake's exit code."""
    say, hear = os.pipe()
    server_pid_out, server_pid_in = os.pipe()
    if os.fork() == 0:
        _become_daemon(topdir, hear, server_pid_in, task, targets)
    os.close(hear)
    os.close(server_pid_in)
    os.wait()
    with os.fdopen(server_pid_out) as stream:
        answer = stream.readline().strip()
    if answer == BUSY:
        print("ERROR: Only one copy of bitbake should be run against a build directory", flush=True)
        return 1
    _pass_interrupts_on(int(answer))
    # Stays connected to the end of the build, as bitbake's client does: that is how a busy server is told from an idle one.
    with _connection(topdir):
        return _relay(say)


def end_server(topdir: Path) -> int:
    """bitbake -m: asks the server of a build directory to end, and waits until it has; none is fine."""
    try:
        connection = _connection(topdir)
    except OSError:
        print("Nothing to kill", flush=True)
        return 0
    with connection:
        connection.sendall(END)
        connection.recv(1)
    return 0


def _connection(topdir: Path) -> socket.socket:
    """By the socket's name alone, as bitbake does: its whole path may be too long for one."""
    os.chdir(topdir)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(SOCKET)
    except OSError:
        connection.close()
        raise
    return connection


def _become_daemon(topdir: Path, hear: int, server_pid_in: int, task: str, targets: list[str]) -> None:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    log = os.open(topdir / "bitbake-cookerdaemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    code = 1
    try:
        code = serve(topdir, hear, server_pid_in, task, targets)
    finally:
        os._exit(code)


def _pass_interrupts_on(server: int) -> None:
    asked = 0

    def on_interrupt(_signal: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        print("Keyboard Interrupt, closing down..." if asked == 1 else "Second Keyboard Interrupt, stopping...", flush=True)
        try:
            os.kill(server, signal.SIGUSR1 if asked == 1 else signal.SIGUSR2)
        except ProcessLookupError:
            print("The server has already ended.", flush=True)

    signal.signal(signal.SIGINT, on_interrupt)


def _relay(say: int) -> int:
    """Copies the server's lines to stdout; its last one carries the exit code."""
    code = 1
    with os.fdopen(say, "rb") as stream:
        for line in stream:
            if line.startswith(EXIT_MARK):
                code = int(line[len(EXIT_MARK):])
                break
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        else:
            print("ERROR: The server ended without a word", flush=True)
    return code
