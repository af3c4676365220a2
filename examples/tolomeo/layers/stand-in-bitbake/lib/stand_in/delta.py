"""imgen-update-delta: does what the recipe of that name in meta-tolomeo says, with Debian's rdiff."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .conf import Configuration
from .recipes import Task

if TYPE_CHECKING:
    from .server import Server


def delta_tasks(configuration: Configuration, recipe: Path) -> list[Task]:
    """Runs every time: a delta has no stamp."""
    machine = configuration.expand("MACHINE")
    image = configuration.expand("IMGEN_IMAGE")
    work = configuration.topdir / "tmp" / "work" / machine / "imgen-update-delta"
    deploy = configuration.topdir / "tmp" / "deploy" / "images" / machine

    def archived(name: str) -> str:
        version = configuration.expand(name)
        if version == "":
            raise RuntimeError(f"{name} is not set")
        file = Path(configuration.expand("IMGEN_ARTIFACTS")).resolve() / machine / image / version / f"{image}-{machine}.squashfs"
        if not file.is_file():
            raise RuntimeError(f"{file} does not exist")
        return str(file)

    def compile_delta(server: Server) -> None:
        base, target = archived("VERSION_FROM"), archived("VERSION_TO")
        work.mkdir(parents=True, exist_ok=True)
        server.run("rdiff", "--force", "signature", base, str(work / "base.signature"))
        server.run("rdiff", "--force", "delta", str(work / "base.signature"), target, str(work / "rootfs.delta"))

    def deploy_delta(_server: Server) -> None:
        deploy.mkdir(parents=True, exist_ok=True)
        (work / "rootfs.delta").replace(deploy / "rootfs.delta")

    return [Task(recipe, "compile", compile_delta), Task(recipe, "deploy", deploy_delta)]
