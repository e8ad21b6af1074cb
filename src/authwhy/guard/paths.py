"""Which rule a path falls under. A path written in an odd way is never treated more kindly than a plain one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import normpath
from typing import Final
from urllib.parse import unquote

from authwhy.guard.rules import AllOf, ConfigurationError, Rule

OPEN: Final = None
"""The rule of a path that needs no credential."""
_KEPT = 2_048
_ODD = re.compile(r"//|/\.|\\|%|;|[^\x21-\x7e]|[A-Z]|[. ]$")
_PATTERN = re.compile(r"/[^*?\s]*\*?")
_NEVER = re.compile(r"[%#\\{}<>]|//|/\.{1,2}(?:/|$)")
"""In a pattern: what no decoded path has, or a router's placeholder. It would guard nothing, and not say so."""
_LONGEST = 2_048
"""Characters of a path that are read in every way; no route is longer."""


class Closed:
    """No rule names this path."""


CLOSED: Final = Closed()


class Paths:
    """Rules by path: an exact path, or a prefix with `*` at its end; the longest that fits decides.

    Raises ConfigurationError for a pattern that is neither, or that no request could ever fit.
    """

    def __init__(self, rules: Mapping[str, Rule | None]) -> None:
        for pattern in rules:
            if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
                raise ConfigurationError(f"{pattern!r} is no path: write /exact or /prefix/*")
            if _NEVER.search(pattern):
                raise ConfigurationError(
                    f"{pattern!r} would fit no path: write it decoded and plain, a part that varies as /prefix/*"
                )
        self._plain = _Table(rules)
        folded: dict[str, list[Rule | None]] = {}
        for path, rule in rules.items():
            folded.setdefault(path.lower(), []).append(rule)
        # for a service that does not tell the case of letters apart
        self._folded = _Table({path: _all_of(every) for path, every in folded.items()})
        self._cased = any(path != path.lower() for path in rules)
        self._every = _all_of(rules.values()) if "/*" in rules else CLOSED
        self._kept: dict[str, tuple[str | None, Rule | Closed | None]] = {}

    def rule(self, path: str) -> Rule | Closed | None:
        """See `find`."""
        return self.find(path)[1]

    def find(self, path: str) -> tuple[str | None, Rule | Closed | None]:
        """The pattern and the rule of a request's (decoded) path; OPEN, or CLOSED when no rule names it.

        Where a server, a proxy or a framework might read the path in another way (dot segments, doubled slashes,
        encoded or matrix parts, other case), every reading's rule has to be met. One longer than any route is not
        read so often: it has to meet every rule there is.
        """
        if len(path) > _LONGEST:
            return self._plain.find(path)[0], self._every
        kept = self._kept
        found = kept.get(path)
        if found is None:
            if len(kept) >= _KEPT:
                kept.clear()
            found = kept[path] = self._plain.find(path)[0], self._strictest(path)
        return found

    def _strictest(self, path: str) -> Rule | Closed | None:
        if not self._cased and not _ODD.search(path):
            return self._plain.find(path)[1]
        found: list[Rule | None] = []
        for reading in readings(path):
            for _, rule in (self._plain.find(reading), self._folded.find(reading.lower())):
                if isinstance(rule, Closed):
                    return CLOSED
                found.append(rule)
        return _all_of(found)


class _Table:
    """Patterns and their rules, looked up as they are written."""

    def __init__(self, rules: Mapping[str, Rule | None]) -> None:
        self._exact = {path: rule for path, rule in rules.items() if not path.endswith("*")}
        prefixes = [(path[:-1], rule) for path, rule in rules.items() if path.endswith("*")]
        self._prefixes = sorted(prefixes, key=lambda item: -len(item[0]))

    def find(self, path: str) -> tuple[str | None, Rule | Closed | None]:
        """The longest pattern that fits, and its rule; and that of the same path with or without a slash at its end,
        which many routers take for the same."""
        if path in self._exact:
            return path, self._exact[path]
        twin = self._exact.get(path[:-1] if path.endswith("/") else f"{path}/", OPEN)
        for prefix, rule in self._prefixes:
            if path.startswith(prefix) or path == prefix.rstrip("/"):
                return f"{prefix}*", rule if twin is OPEN else _all_of((rule, twin))
        return None, CLOSED


def _all_of(rules: Iterable[Rule | None]) -> Rule | None:
    """Every one of these rules; OPEN when none of them asks for anything."""
    wanted = tuple(dict.fromkeys(rule for rule in rules if rule is not None))
    return (wanted[0] if len(wanted) == 1 else AllOf(wanted)) if wanted else OPEN


def readings(path: str) -> tuple[str, ...]:
    """The ways a path may be read behind this guard, the plain one first; at most 48, none of them left out."""
    found = [path]
    for change in (unquote, unquote, _slashes, _without_parameters, _resolved, _trimmed):
        found = list(dict.fromkeys([*found, *map(change, found)]))
    return tuple(found)


def _slashes(path: str) -> str:
    return re.sub(r"/{2,}", "/", path.replace("\\", "/"))


def _without_parameters(path: str) -> str:
    """Without matrix parameters, and without what follows a NUL, where a C string ends."""
    return re.sub(r";[^/]*", "", path.partition("\x00")[0])


def _resolved(path: str) -> str:
    """Without dot segments (RFC 3986 section 5.2.4)."""
    slash = "/" if path.endswith(("/", "/.", "/..")) and path != "/" else ""
    plain = normpath("/" + path.lstrip("/"))
    return plain if plain == "/" else plain + slash


def _trimmed(path: str) -> str:
    return path.rstrip(". ") or "/"
