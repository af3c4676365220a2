"""The server: holds bitbake.lock, runs the tasks one after another, lingers, ends."""
import fcntl
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .conf import Configuration, read_configuration
from .recipes import Stopped, Task, Unknown, tasks_of

BUSY = "busy"
SOCKET = "bitbake.sock"
END = b"end"


class Server:
    """One build: what tasks need of the outside."""

    def __init__(self, hear: int) -> None:
        self._hear = hear
        self._child: subprocess.Popen[bytes] | None = None
        self._stop_after_task = False
        self._stop_now = False
        self.task: Task | None = None
        signal.signal(signal.SIGUSR1, self._ask_to_stop)
        signal.signal(signal.SIGUSR2, self._stop)

    def _ask_to_stop(self, _signal: int, _frame: object) -> None:
        self._stop_after_task = True

    def _stop(self, _signal: int, _frame: object) -> None:
        self._stop_now = True
        if self._child is not None:
            self._child.kill()

    def say(self, line: str | bytes) -> None:
        """One line to the client; a client that was killed is not missed, as with bitbake."""
        data = line if isinstance(line, bytes) else line.encode()
        try:
            os.write(self._hear, data + b"\n")
        except BrokenPipeError:
            print(line, flush=True)

    def run(self, *command: str, is_ok: Callable[[int], bool] = lambda code: code == 0, **options: object) -> None:
        """Runs a program of a task; its output goes to the server's log."""
        if self._stop_now:
            raise Stopped
        self._child = subprocess.Popen(command, **options)
        code = self._child.wait()
        self._child = None
        if self._stop_now:
            raise Stopped
        if not is_ok(code):
            raise RuntimeError(f"{command[0]} failed with exit code {code}, see bitbake-cookerdaemon.log")

    def between_tasks(self) -> None:
        if self._stop_after_task or self._stop_now:
            raise Stopped


def serve(topdir: Path, hear: int, server_pid_in: int, task: str, targets: list[str]) -> int:
    """Builds under the lock; tells the client its pid, or that another server is there."""
    lock = os.open(topdir / "bitbake.lock", os.O_RDWR | os.O_CREAT, 0o664)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.write(server_pid_in, f"{BUSY}\n".encode())
        return 1
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    server = Server(hear)
    listener = _listen(topdir)
    os.write(server_pid_in, f"{os.getpid()}\n".encode())
    os.close(server_pid_in)
    client = _accept(listener)
    configuration = read_configuration(topdir)
    code = _build(server, configuration, task, targets)
    server.say(f"\0exit {code}")
    os.close(hear)
    client.close()
    # As bitbake's: the server outlives the build for a moment, and holds its lock.
    time.sleep(float(configuration.get("STAND_IN_LINGER", "0.3")))
    _stay(listener, float(configuration.get("BB_SERVER_TIMEOUT", "0")))
    Path(SOCKET).unlink(missing_ok=True)
    return code


def _listen(topdir: Path) -> socket.socket:
    os.chdir(topdir)
    Path(SOCKET).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    listener.listen()
    return listener


def _accept(listener: socket.socket) -> socket.socket:
    """The client's connection, which lasts as long as the build; a client that was killed is not waited for."""
    listener.settimeout(5)
    try:
        return listener.accept()[0]
    except TimeoutError:
        return socket.socket(socket.AF_UNIX)
    finally:
        listener.settimeout(None)


def _stay(listener: socket.socket, timeout: float) -> None:
    """BB_SERVER_TIMEOUT: for so many seconds after the build, or for ever when negative, unless asked to end."""
    until = None if timeout < 0 else time.monotonic() + timeout
    while until is None or until > time.monotonic():
        ready, _, _ = select.select([listener], [], [], None if until is None else until - time.monotonic())
        if not ready:
            return
        connection, _ = listener.accept()
        with connection:
            if connection.recv(len(END)) == END:
                return


def _build(server: Server, configuration: Configuration, task: str, targets: list[str]) -> int:
    server.say("Loading cache...done.")
    server.say("NOTE: Resolving any missing task queue dependencies")
    try:
        tasks = [one for target in targets for one in tasks_of(configuration, target, task)]
        for number, one in enumerate(tasks, 1):
            server.between_tasks()
            _run_task(server, one, number, len(tasks))
    except Unknown as error:
        server.say(f"ERROR: {error}")
        return 1
    except Stopped:
        server.say("NOTE: Tasks Summary: the build was interrupted.")
        return 1
    except Exception as error:
        server.say(f"ERROR: {type(error).__name__}: {error}")
        _tell_of_task(server, topdir=configuration.topdir)
        server.say("NOTE: Tasks Summary: 1 task failed.")
        return int(configuration.get("STAND_IN_EXIT_CODE", "1"))
    server.say(f"NOTE: Tasks Summary: Attempted {len(tasks)} tasks and all succeeded.")
    return 0


def _tell_of_task(server: Server, topdir: Path) -> None:
    """The log of a failed task, and the error once more at the end, as bitbake has it."""
    task = server.task
    if task is None:
        return
    log = topdir / "tmp" / "work" / task.recipe.stem / "temp" / f"log.do_{task.name}.{os.getpid()}"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(f"line {number} of the task\n" for number in range(1, 31)) + "cc: error: what.c: no such file\n")
    server.say(f"ERROR: Logfile of failure stored in: {log}")
    for _ in range(2):
        server.say(f"ERROR: Task ({task.recipe}:do_{task.name}) failed with exit code '1'")


def _run_task(server: Server, task: Task, number: int, total: int) -> None:
    server.task = task
    server.say(f"NOTE: Running task {number} of {total} ({task.recipe}:do_{task.name})")
    task.body(server)
