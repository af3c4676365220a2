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
        *(Task(recipe, f"image_{kind}", lambda server, kind=kind: _file_system(server, image, kind)) for kind in _kinds(image)),
        *([Task(recipe, "deploy_extras", lambda server: _extras(server, image))] if _has_extras(image) else []),
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


def _kinds(image: Image) -> list[str]:
    return image.configuration.get("IMAGE_FSTYPES", "squashfs").split()


def _has_extras(image: Image) -> bool:
    return any(name in image.configuration for name in ("KERNEL_IMAGETYPE", "STAND_IN_DATA_MIB"))


def _file_system(server: Server, image: Image, kind: str) -> None:
    image.shared_state.mkdir(parents=True, exist_ok=True)
    stamp = image.configuration.get("REPRODUCIBLE_TIMESTAMP_ROOTFS", "1520598896")
    made = image.work / f"image.{kind}"
    made.unlink(missing_ok=True)
    if kind == "squashfs":
        _squashfs(server, image, made, stamp)
    elif kind == "ext4":
        _ext4(server, made, int(image.configuration["STAND_IN_EXT4_MIB"]), stamp, image.work / "rootfs")
    else:
        raise RuntimeError(f"the stand-in makes squashfs and ext4, not {kind}")
    made.rename(image.shared_state / made.name)
    if kind == _kinds(image)[-1]:
        shutil.rmtree(image.work / "rootfs")


def _squashfs(server: Server, image: Image, made: Path, stamp: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    server.run(
        "mksquashfs", str(image.work / "rootfs"), str(made), *shlex.split(image.configuration.expand("EXTRA_IMAGECMD:squashfs")),
        "-noappend", "-no-progress", "-quiet", "-reproducible", "-all-root", "-no-xattrs", "-mkfs-time", stamp, "-all-time", stamp,
        env=environment,
    )


def _ext4(server: Server, made: Path, mebibytes: int, stamp: str, content: Path | None) -> None:
    """The same content gives the same bytes: times, identifier and hash seed are fixed."""
    fixed = "2a4d8b1e-0000-4000-8000-000000000001"
    if content is not None:
        for path in [content, *content.rglob("*")]:
            os.utime(path, (int(stamp), int(stamp)), follow_symlinks=False)
    server.run(
        "mke2fs", "-q", "-t", "ext4", "-U", fixed, "-E", f"hash_seed={fixed},root_owner=0:0,lazy_itable_init=0", "-O", "^has_journal",
        *(["-d", str(content)] if content is not None else []), str(made), f"{mebibytes}M",
        env={**os.environ, "E2FSPROGS_FAKE_TIME": stamp, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
    )


def _extras(server: Server, image: Image) -> None:
    """A kernel, and a partition for data: what a board has besides its root file system. No version changes them."""
    extras = image.shared_state / "extras"
    extras.mkdir(parents=True, exist_ok=True)
    machine = image.configuration.expand("MACHINE")
    if "KERNEL_IMAGETYPE" in image.configuration:
        # Not a kernel, but as large as one, and as hard to compress.
        rest, block = 3 * 1024 * 1024, hashlib.sha256(machine.encode()).digest()
        with open(extras / f"{image.configuration['KERNEL_IMAGETYPE']}-{machine}.bin", "wb") as kernel:
            while rest > 0:
                kernel.write(block)
                rest -= len(block)
                block = hashlib.sha256(block).digest()
    if "STAND_IN_DATA_MIB" in image.configuration:
        made = extras / f"data-{machine}.ext4"
        made.unlink(missing_ok=True)
        _ext4(server, made, int(image.configuration["STAND_IN_DATA_MIB"]), "1767225600", None)


def _complete(image: Image) -> None:
    """Replaces what the version before left in the deploy folder, as do_image_complete does."""
    image.deploy.mkdir(parents=True, exist_ok=True)
    if image.manifest.exists():
        for name in image.manifest.read_text().splitlines():
            (image.deploy / name).unlink(missing_ok=True)
    # A hard link keeps the time at which the file was made: only its ctime says when it was deployed.
    names: list[str] = []
    for kind in _kinds(image):
        deployed, link = image.deploy / f"{image.file}.{kind}", image.deploy / f"{image.link}.{kind}"
        _link(image.shared_state / f"image.{kind}", deployed)
        link.unlink(missing_ok=True)
        link.symlink_to(deployed.name)
        names += [deployed.name, link.name]
    for extra in sorted((image.shared_state / "extras").glob("*")):
        _link(extra, image.deploy / extra.name)
        names.append(extra.name)
    image.manifest.parent.mkdir(parents=True, exist_ok=True)
    names += _write_records(image) if "STAND_IN_RECORDS" in image.configuration else []
    image.manifest.write_text("".join(f"{name}\n" for name in names))
    image.stamp.parent.mkdir(parents=True, exist_ok=True)
    image.stamp.write_text(image.hash)


def _write_records(image: Image) -> list[str]:
    """What Yocto's classes leave of an image when a product inherits them; those in the deploy folder are returned."""
    version = image.configuration.expand("BUILD_VERSION", "0")
    tmp = image.configuration.topdir / "tmp"
    texts = {
        image.deploy / f"{image.file}.manifest": f"busybox core2_64 1.36.1\nproduct core2_64 {version}\n",
        image.deploy / f"{image.file}.spdx.json": json.dumps({"spdxVersion": "SPDX-2.2", "name": image.file}),
        image.deploy / f"{image.file}.testdata.json": json.dumps({"BUILD_VERSION": version}, indent=4),
        image.deploy / f"{image.file}.json": json.dumps(
            {
                "version": "1",
                "package": [
                    {
                        "name": "busybox",
                        "version": "1.36.1",
                        "issue": [{"id": "CVE-2026-0001", "status": "Unpatched", "scorev3": "7.5"}],
                    }
                ],
            },
            indent=2,
        ),
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


def _link(made: Path, deployed: Path) -> None:
    deployed.unlink(missing_ok=True)
    os.link(made, deployed)
