"""A root file system out of this machine's programs, changed from version to version as releases change."""
from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path

from .conf import Configuration

MIB = 1024 * 1024
# Toolchains and debuggers are no part of a product.
_LARGEST_BYTES = 24 * MIB
_FOLDERS = ("usr/bin", "usr/sbin", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")
_NODES = ("usr/bin/node", "usr/local/bin/node")


def sources(configuration: Configuration) -> list[tuple[Path, int, int]]:
    """Files to take, as (path, size in bytes, mtime in ns): Node.js first, then programs before libraries, up to STAND_IN_ROOTFS_MIB."""
    budget = int(configuration.get("STAND_IN_ROOTFS_MIB", "144")) * MIB
    root = _root(configuration)
    candidates = [_fact(root / node) for node in _NODES if (root / node).is_file()][:1]
    for folder in _FOLDERS:
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name) if (root / folder).is_dir() else []
        found = [_fact(Path(entry.path)) for entry in entries if entry.is_file(follow_symlinks=False)]
        candidates += [one for one in found if one[1] <= _LARGEST_BYTES]
    taken: list[tuple[Path, int, int]] = []
    for one in candidates:
        if 0 < one[1] <= budget and os.access(one[0], os.R_OK):
            taken.append(one)
            budget -= one[1]
    return taken


def _root(configuration: Configuration) -> Path:
    """Where the programs are taken from: this machine, unless STAND_IN_SOURCES names a folder with a copy of some."""
    return Path(configuration.get("STAND_IN_SOURCES", "/"))


def _fact(path: Path) -> tuple[Path, int, int]:
    status = path.stat()
    return path, status.st_size, status.st_mtime_ns


def make_rootfs(configuration: Configuration, root: Path, says_version: bool) -> None:
    """Fills `root`, with image-buildinfo's file where `says_version`; the same version on the same machine gives the same content."""
    version = configuration.expand("BUILD_VERSION", "0")
    names: list[str] = []
    for source, _size, _modified in sources(configuration):
        # What is drawn for a file depends on where the image has it.
        path = Path("/") / source.relative_to(_root(configuration))
        if _left_out(path, version):
            continue
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        data = source.read_bytes()
        target.write_bytes(_relinked(data, path, version) if _is_changed(path, version) else data)
        # No set-id bits: this file system is for looking at, not for booting.
        target.chmod(stat.S_IMODE(source.stat().st_mode) & 0o755)
        names.append(str(path))
    _write_texts(configuration, root, version, names)
    if says_version:
        _write_buildinfo(configuration, root)


def _draw(*words: str) -> int:
    """A number that depends on the words alone."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:8], "big")


def _left_out(path: Path, version: str) -> bool:
    """Two files in a hundred are absent from a version: so versions gain and lose some."""
    return path.name != "node" and _draw("left out", version, str(path)) % 50 == 0


def _is_changed(path: Path, version: str) -> bool:
    """One file in twelve was worked on for a version; the largest always was."""
    return path.name == "node" or _draw("changed", version, str(path)) % 12 == 0


def _relinked(data: bytes, path: Path, version: str) -> bytes:
    """What a small change does to a binary: code replaced at a few places, what follows one of them moved along."""
    changed = bytearray(data)
    for site in range(2 + len(data) // (8 * MIB)):
        at = _draw("site", version, str(path), str(site)) % len(data)
        patch = hashlib.sha512(f"{version} {path} {site}".encode()).digest()
        changed[at:at + len(patch)] = patch[:len(data) - at]
    at = _draw("grown", version, str(path)) % len(data)
    if len(data) < 8 * MIB:
        changed[at:at] = hashlib.sha256(f"grown {version} {path}".encode()).digest()
    return bytes(changed)


def _write_texts(configuration: Configuration, root: Path, version: str, names: list[str]) -> None:
    texts = {
        "etc/os-release": f'ID=tolomeo\nNAME="Tolomeo"\nVERSION_ID={version}\nPRETTY_NAME="Tolomeo {version}"\n',
        "etc/hostname": "tolomeo\n",
        "usr/share/tolomeo/files.list": "".join(f"{name}\n" for name in names),
        f"usr/share/doc/tolomeo/release-notes-{version}.txt": f"Tolomeo {version}\n\nThis version has {len(names)} programs and libraries.\n",
    }
    if "STAND_IN_STAMP" in configuration:
        texts["etc/stamp"] = f"built {time.strftime('%Y-%m-%d %H:%M:%S')}.{time.time_ns() % 1_000_000_000}\n"
        texts["etc/place"] = f"{configuration.topdir}\n"
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(0o644)
    for folder in ("dev", "proc", "sys", "run", "tmp", "var", "data"):
        (root / folder).mkdir(exist_ok=True)
    for folder, _folders, _files in os.walk(root):
        os.chmod(folder, 0o755)


def _write_buildinfo(configuration: Configuration, root: Path) -> None:
    """The form of Yocto's image-buildinfo.bbclass."""
    shown = configuration.get("IMAGE_BUILDINFO_VARS", "DISTRO DISTRO_VERSION").split()
    rule = "-----------------------"
    file = root / configuration.get("IMAGE_BUILDINFO_FILE", "/etc/buildinfo").lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([rule, "Build Configuration:  |", rule, *(f"{name} = {configuration.expand(name)}" for name in shown), ""]))
    file.chmod(0o644)
