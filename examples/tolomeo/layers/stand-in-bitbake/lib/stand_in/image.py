"""The tasks of an image: root file system, squashfs, deploy, with stamps and shared state as bitbake has them."""
from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .conf import Configuration
from .recipes import Task
from .rootfs import make_rootfs, sources

if TYPE_CHECKING:
    from .server import Server


class Image:
    """Where an image's files lie, and the hash that decides whether it is built again."""

    def __init__(self, configuration: Configuration, recipe: Path, name: str) -> None:
        self.configuration = configuration
        self.name = name
        machine = configuration.expand("MACHINE")
        tmp = configuration.topdir / "tmp"
        self.work = tmp / "work" / machine / name
        self.deploy = tmp / "deploy" / "images" / machine
        self.stamp = tmp / "stamps" / f"{name}.do_image_complete"
        self.manifest = tmp / "sstate-control" / f"manifest-{name}.image_complete"
        self.link = f"{name}-{machine}"
        self.file = f"{self.link}{configuration.expand('IMAGE_VERSION_SUFFIX', '-0')}"
        self.hash = _task_hash(configuration, recipe, name)
        self.shared_state = configuration.topdir / "sstate-cache" / self.hash


def image_tasks(configuration: Configuration, recipe: Path, name: str) -> list[Task]:
    """What there is to do: nothing, a restore from shared state, or the whole build."""
    image = Image(configuration, recipe, name)
    if image.stamp.exists() and image.stamp.read_text() == image.hash:
        return []
    complete = Task(recipe, "image_complete", lambda _server: _complete(image))
    if image.shared_state.is_dir():
        return [complete]
    return [
        Task(recipe, "rootfs", lambda _server: make_rootfs(configuration, image.work / "rootfs", _says_version(configuration, recipe))),
        Task(recipe, "image_squashfs", lambda server: _squashfs(server, image)),
        complete,
    ]


def _says_version(configuration: Configuration, recipe: Path) -> bool:
    """Whether the image inherits image-buildinfo, by its recipe or by IMAGE_CLASSES."""
    return "image-buildinfo" in [*recipe.read_text().split(), *configuration.expand("IMAGE_CLASSES").split()]


def clean_tasks(configuration: Configuration, recipe: Path, name: str) -> list[Task]:
    image = Image(configuration, recipe, name)

    def clean(_server: Server) -> None:
        image.stamp.unlink(missing_ok=True)
        shutil.rmtree(image.shared_state, ignore_errors=True)

    return [Task(recipe, "cleansstate", clean)]


def _task_hash(configuration: Configuration, recipe: Path, name: str) -> str:
    """What the image depends on; BUILD_VERSION is left out where do_rootfs[vardepsexclude] says so."""
    left_out = {"TOPDIR", *configuration.get("do_rootfs[vardepsexclude]", "").split()}
    known = {key: value for key, value in configuration.items() if key not in left_out and not key.startswith("STAND_IN_")}
    found = [(str(path), size, modified) for path, size, modified in sources(configuration)]
    return hashlib.sha256(json.dumps([name, recipe.read_text(), sorted(known.items()), found]).encode()).hexdigest()


def _squashfs(server: Server, image: Image) -> None:
    made = image.work / "image.squashfs"
    stamp = image.configuration.get("REPRODUCIBLE_TIMESTAMP_ROOTFS", "1520598896")
    made.unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    server.run(
        "mksquashfs", str(image.work / "rootfs"), str(made), *shlex.split(image.configuration.expand("EXTRA_IMAGECMD:squashfs")),
        "-noappend", "-no-progress", "-quiet", "-reproducible", "-all-root", "-no-xattrs", "-mkfs-time", stamp, "-all-time", stamp,
        env=environment,
    )
    shutil.rmtree(image.work / "rootfs")
    image.shared_state.mkdir(parents=True)
    made.rename(image.shared_state / "image.squashfs")


def _complete(image: Image) -> None:
    """Replaces what the version before left in the deploy folder, as do_image_complete does."""
    image.deploy.mkdir(parents=True, exist_ok=True)
    if image.manifest.exists():
        for name in image.manifest.read_text().splitlines():
            (image.deploy / name).unlink(missing_ok=True)
    # A hard link keeps the time at which the file was made: only its ctime says when it was deployed.
    deployed = image.deploy / f"{image.file}.squashfs"
    deployed.unlink(missing_ok=True)
    os.link(image.shared_state / "image.squashfs", deployed)
    link = image.deploy / f"{image.link}.squashfs"
    link.unlink(missing_ok=True)
    link.symlink_to(deployed.name)
    image.manifest.parent.mkdir(parents=True, exist_ok=True)
    records = _write_records(image) if "STAND_IN_RECORDS" in image.configuration else []
    image.manifest.write_text("".join(f"{name}\n" for name in [deployed.name, link.name, *records]))
    image.stamp.parent.mkdir(parents=True, exist_ok=True)
    image.stamp.write_text(image.hash)


def _write_records(image: Image) -> list[str]:
    """What Yocto's classes leave of an image when a product inherits them; those in the deploy folder are returned."""
    version = image.configuration.expand("BUILD_VERSION", "0")
    tmp = image.configuration.topdir / "tmp"
    texts = {
        image.deploy / f"{image.file}.manifest": f"busybox core2_64 1.36.1\nproduct core2_64 {version}\n",
        image.deploy / f"{image.file}.spdx.json": json.dumps({"spdxVersion": "SPDX-2.2", "name": image.file}),
        tmp / "deploy" / "licenses" / image.file / "license.manifest": "PACKAGE NAME: busybox\nLICENSE: GPL-2.0-only\n",
        image.configuration.topdir / "buildhistory" / "images" / "machine" / "glibc" / image.name / "installed-packages.txt": "busybox\n",
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    deployed = [path.name for path in texts if path.parent == image.deploy]
    for name in deployed:
        link = image.deploy / name.replace(image.file, image.link)
        link.unlink(missing_ok=True)
        link.symlink_to(name)
    return deployed
