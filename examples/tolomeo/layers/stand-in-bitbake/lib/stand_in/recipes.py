"""Which tasks a recipe has. The recipe must lie in a layer of bblayers.conf."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .conf import Configuration

if TYPE_CHECKING:
    from .server import Server


class Stopped(Exception):
    """The build was asked to stop."""


class Unknown(Exception):
    """Nothing provides the target, or the recipe has no such task."""


@dataclass
class Task:
    """One task as bitbake names it: <recipe file>:do_<name>."""

    recipe: Path
    name: str
    body: Callable[[Server], None]


def tasks_of(configuration: Configuration, target: str, task: str) -> list[Task]:
    """The tasks to run for a target, in order."""
    from .delta import delta_tasks
    from .image import clean_tasks, image_tasks

    recipe = _recipe_of(configuration, target)
    if task == "cleansstate":
        return clean_tasks(configuration, recipe, target)
    if task != "build":
        raise Unknown(f"Task do_{task} does not exist for target {target}.")
    tasks = delta_tasks(configuration, recipe) if target == "imgen-update-delta" else image_tasks(configuration, recipe, target)
    return [*_trouble(configuration, recipe), *tasks]


def _recipe_of(configuration: Configuration, target: str) -> Path:
    for layer in configuration.expand("BBLAYERS").split():
        for found in sorted(Path(layer).glob(f"recipes-*/*/{target}.bb")):
            return found.resolve()
    raise Unknown(f"Nothing PROVIDES '{target}'")


def _trouble(configuration: Configuration, recipe: Path) -> list[Task]:
    """What release-plan's tests ask of it: the ways in which a build goes wrong (README.md)."""
    delay = float(configuration.get("STAND_IN_TASK_SECONDS", "0"))
    tasks = [Task(recipe, "fetch", lambda server: server.run("sleep", str(delay)))] if delay > 0 else []
    if "STAND_IN_SAY_BYTES" in configuration:
        tasks.append(Task(recipe, "configure", lambda server: _chatter(server, int(configuration["STAND_IN_SAY_BYTES"]))))
    if "STAND_IN_SAY_LATIN1" in configuration:
        tasks.append(Task(recipe, "configure", lambda server: server.say("caf\u00e9".encode("latin-1"))))
    if "STAND_IN_SILENT_SECONDS" in configuration:
        tasks.append(Task(recipe, "compile", lambda _server: time.sleep(float(configuration["STAND_IN_SILENT_SECONDS"]))))
    if "STAND_IN_WARN" in configuration:
        tasks.append(Task(recipe, "package_qa", lambda server: server.say(f"WARNING: {configuration['STAND_IN_WARN']}")))
    if "STAND_IN_WORK_SECONDS" in configuration:
        tasks.append(Task(recipe, "link", lambda server: server.run("timeout", configuration["STAND_IN_WORK_SECONDS"], "sh", "-c", "while :; do :; done", is_ok=lambda code: code == 124)))
    if "STAND_IN_KEEPALIVE_SECONDS" in configuration:
        tasks.append(Task(recipe, "wait", lambda server: _keep_alive(server, float(configuration["STAND_IN_KEEPALIVE_SECONDS"]))))
    if "STAND_IN_EXIT_CODE" in configuration:
        tasks.append(Task(recipe, "compile", _fail))
    return tasks


def _chatter(server: Server, size: int) -> None:
    """One long line, then more lines than the pipes hold, as a compiler prints."""
    server.say(b"x" * size)
    for number in range(5000):
        server.say(f"NOTE: line {number} of a task that prints as much as compilers do, now and then more than is read")


def _keep_alive(server: Server, seconds: float) -> None:
    """Bitbake's client says this every ten minutes, here it comes several times a second."""
    for _ in range(int(seconds * 5)):
        server.say("Bitbake still alive (no events for 600s). Active tasks:")
        server.run("sleep", "0.2")


def _fail(_server: Server) -> None:
    raise RuntimeError("oe_runmake failed")
