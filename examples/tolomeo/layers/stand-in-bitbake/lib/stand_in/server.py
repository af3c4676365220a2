"""The server: holds bitbake.lock, runs the tasks one after another, lingers, ends."""
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

from .conf import Configuration, read_configuration
from .recipes import Stopped, Task, Unknown, tasks_of

BUSY = "busy"


class Server:
    """One build: what tasks need of the outside."""

    def __init__(self, hear: int) -> None:
        self._hear = hear
        self._child: subprocess.Popen[bytes] | None = None
        self._stop_after_task = False
        self._stop_now = False
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

    def run(self, *command: str, **options: object) -> None:
        """Runs a program of a task; its output goes to the server's log."""
        if self._stop_now:
            raise Stopped
        self._child = subprocess.Popen(command, **options)
        code = self._child.wait()
        self._child = None
        if self._stop_now:
            raise Stopped
        if code != 0:
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
    os.write(server_pid_in, f"{os.getpid()}\n".encode())
    os.close(server_pid_in)
    configuration = read_configuration(topdir)
    code = _build(server, configuration, task, targets)
    server.say(f"\0exit {code}")
    os.close(hear)
    # As bitbake's: the server outlives the build for a moment, and holds its lock.
    time.sleep(float(configuration.get("STAND_IN_LINGER", "0.3")))
    return code


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
        server.say("NOTE: Tasks Summary: 1 task failed.")
        return int(configuration.get("STAND_IN_EXIT_CODE", "1"))
    server.say(f"NOTE: Tasks Summary: Attempted {len(tasks)} tasks and all succeeded.")
    return 0


def _run_task(server: Server, task: Task, number: int, total: int) -> None:
    server.say(f"NOTE: Running task {number} of {total} ({task.recipe}:do_{task.name})")
    task.body(server)
