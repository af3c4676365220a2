"""Reads conf/local.conf as far as kas and the example write it."""
import os
import re
from pathlib import Path

_ASSIGNMENT = re.compile(r"""^(?:export\s+)?([\w.:${}/+-]+(?:\[\w+\])?)\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*(["'])(.*)\3\s*$""", re.DOTALL)


class Configuration(dict[str, str]):
    """Variable -> value, unexpanded; `expand` resolves ${NAME}."""

    def __init__(self, topdir: Path) -> None:
        super().__init__(TOPDIR=str(topdir))
        self.topdir = topdir

    def expand(self, name: str, default: str = "") -> str:
        value = self.get(name, default)
        for _ in range(10):
            value = re.sub(r"\$\{([\w:-]+)\}", lambda found: self.get(found[1], found[0]), value)
        return value


def read_configuration(topdir: Path) -> Configuration:
    """local.conf and bblayers.conf, then what the environment passes through."""
    configuration = Configuration(topdir)
    for name in os.environ.get("BB_ENV_PASSTHROUGH_ADDITIONS", "").split():
        if name in os.environ:
            configuration[name] = os.environ[name]
    defaults: dict[str, str] = {}
    appended: list[tuple[str, str]] = []
    for name in ("bblayers.conf", "local.conf"):
        text = (topdir / "conf" / name).read_text().replace("\\\n", " ")
        for line in text.splitlines():
            found = _ASSIGNMENT.match(line)
            if found:
                _assign(configuration, defaults, appended, found[1], found[2], found[4])
    for name, value in defaults.items():
        configuration.setdefault(name, value)
    for name, value in appended:
        configuration[name] = configuration.get(name, "") + value
    return configuration


def _assign(configuration: Configuration, defaults: dict[str, str], appended: list[tuple[str, str]], name: str, operator: str, value: str) -> None:
    before = configuration.get(name)
    if name.endswith(":append"):
        appended.append((name.removesuffix(":append"), value))
    elif operator == "??=":
        defaults[name] = value
    elif operator == "?=":
        configuration.setdefault(name, value)
    elif operator in ("+=", ".="):
        configuration[name] = (before or "") + (" " if operator == "+=" else "") + value
    elif operator in ("=+", "=."):
        configuration[name] = value + (" " if operator == "=+" else "") + (before or "")
    else:
        configuration[name] = value
