"""Rows of the journal made by their own constructors, for classes that msgspec cannot make.

msgspec fills a dataclass's memory without calling its ``__init__``; a compiled class (docs/adr/0007) has no valid state
before that. So its rows are decoded to plain values first, and built here from their fields' types.
"""

from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import FunctionType, NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["build", "is_compiled"]


def is_compiled(kind: type[Any]) -> bool:
    """Whether this dataclass's constructor is machine code."""
    return not isinstance(kind.__init__, FunctionType)


def build(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type of a row's field, and its value
    """``value`` (of None, bool, int, float, str, bytes, list, dict) as a ``kind``. Raises ``msgspec.ValidationError``."""
    if is_dataclass(kind):
        return _object(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(arguments, value)
    if origin in (tuple, list) and isinstance(value, list) and _needs_building(kind):
        same = origin is list or arguments[1:] == (...,)
        kinds = [arguments[0]] * len(value) if same else arguments
        return origin([build(each, item) for each, item in zip(kinds, value, strict=True)])
    if origin is dict and isinstance(value, dict) and _needs_building(kind):
        key, item_kind = arguments
        return {build(key, name): build(item_kind, item) for name, item in value.items()}
    return msgspec.convert(value, kind, builtin_types=(bytes,))


def _object(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(value).__name__}`")
    hints = _hints(kind)
    try:
        return kind(**{name: build(hints[name], item) for name, item in value.items() if name in hints})
    except TypeError as error:
        raise msgspec.ValidationError(str(error)) from error


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - as above
    """Of a union: None, or the first member that takes the value."""
    if value is None and NoneType in kinds:
        return None
    others = [each for each in kinds if each is not NoneType]
    for each in others[:-1]:
        try:
            return build(each, value)
        except msgspec.ValidationError:
            continue
    return build(others[-1], value)


@lru_cache(maxsize=256)
def _hints(kind: type[Any]) -> dict[str, Any]:
    """Types of the fields that the constructor takes."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind) if each.init}


def _needs_building(kind: Any) -> bool:  # noqa: ANN401 - as above
    """Whether there is a dataclass in it: all else msgspec converts in one go."""
    return is_dataclass(kind) or any(_needs_building(each) for each in get_args(kind))
