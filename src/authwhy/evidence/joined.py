"""Several pieces of evidence as one: placeholders are renumbered into one vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from authwhy.model.evidence import Evidence
from authwhy.model.secret import Vault


def joined(evidences: Sequence[Evidence]) -> Evidence:
    """Everything in order, texts joined by a blank line, one new vault."""
    vault = Vault()
    moved = [_moved(evidence, evidence.vault, vault) for evidence in evidences]
    return Evidence(
        text="\n\n".join(one.text for one in moved if one.text),
        exchanges=tuple(item for one in moved for item in one.exchanges),
        commands=tuple(item for one in moved for item in one.commands),
        tokens=tuple(item for one in moved for item in one.tokens),
        key_sets=tuple(item for one in moved for item in one.key_sets),
        certificates=tuple(item for one in moved for item in one.certificates),
        settings=tuple(item for one in moved for item in one.settings),
        kinds=tuple(dict.fromkeys(kind for one in moved for kind in one.kinds)),
        notes=tuple(note for one in moved for note in one.notes),
        vault=vault,
    )


def _moved(value: Any, old: Vault, new: Vault) -> Any:
    """The same value with every placeholder exchanged for one of the new vault."""
    if isinstance(value, str):
        return old.move(value, new)
    if isinstance(value, Struct):
        fields = {name: _moved(getattr(value, name), old, new) for name in value.__struct_fields__ if name != "vault"}
        return structs.replace(value, **fields)
    if isinstance(value, Mapping):
        return {name: _moved(item, old, new) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, old, new) for item in value)
    return value


def placed(evidence: Evidence, prefix: str) -> Evidence:
    """The same with `prefix` before every place (`where`), for one input among several."""
    fields = ("exchanges", "commands", "tokens", "key_sets", "certificates", "settings")
    changed = {
        name: tuple(structs.replace(item, where=prefix + item.where) for item in getattr(evidence, name))
        for name in fields
    }
    return structs.replace(evidence, notes=tuple(prefix + note for note in evidence.notes), **changed)
