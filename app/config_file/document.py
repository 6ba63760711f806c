"""Reading a configuration file: YAML with the importer's sections. Blocking: for the command line and the start."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from app.problems import FieldError

__all__ = ["ConfigFileError", "read_document"]


class ConfigFileError(Exception):
    """The file cannot be imported, nothing was. ``lines``: one for each thing wrong, naming file and place."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)

    @classmethod
    def of(cls, file: object, errors: Sequence[FieldError]) -> "ConfigFileError":
        return cls([": ".join(filter(None, (str(file), error.field, error.message))) for error in errors])


class _Loader(yaml.SafeLoader):
    """YAML without repeated keys: the second one would win in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base's signature
        seen: set[str] = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    problem = f"the key {key_node.value!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def read_document(path: Path) -> dict[str, Any]:
    """The file's content. Raises ``ConfigFileError``."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigFileError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigFileError([f"{path}: it is no UTF-8 text"]) from None
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigFileError([f"{path}{where}: {error.problem or error.context}"]) from None
    except yaml.YAMLError as error:
        raise ConfigFileError([f"{path}: {' '.join(str(error).split())}"]) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigFileError([f"{path}: the file holds sections (skills:, queues:, agents: …), not {_kind(document)}"])
    return document


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "a single value"
