"""Dataclasses made of plain values by their own constructors, for classes that msgspec cannot make.

msgspec fills a dataclass's memory without calling its ``__init__``; a compiled class (docs/adr/0007) has no valid state
before that, and the first call of one of its methods ends the process. So journal rows and stored configuration of such
classes are built here from their fields' types, and no other module may let msgspec make objects (ruff's TID251).
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["build", "converted", "decoder", "is_compiled"]

_T = TypeVar("_T")
_Maker = Callable[[Any], Any]
_PLAIN: Final = (str, int, float, bool, bytes)


def is_compiled(kind: Any) -> bool:  # noqa: ANN401 - any type of a row's field
    """Whether a compiled class is in this type, at any depth."""
    return _is_compiled(kind)


@lru_cache(maxsize=256)
def _is_compiled(kind: Any) -> bool:  # noqa: ANN401 - as above
    seen: set[Any] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if isinstance(each, type) and "__mypyc_attrs__" in vars(each):
            return True
        waiting += get_args(each)
        if each not in seen and (is_dataclass(each) or hasattr(each, "__struct_fields__")):
            seen.add(each)
            waiting += _field_types(each)
    return False


def _field_types(kind: Any) -> list[Any]:  # noqa: ANN401 - as above
    return list(get_type_hints(kind).values())


def converted(value: Any, kind: type[_T]) -> _T:  # noqa: ANN401 - as in msgspec
    """``msgspec.convert`` of JSON or msgpack, for types that may be compiled. Raises ``msgspec.ValidationError``."""
    made: _T = build(kind, value) if is_compiled(kind) else msgspec.convert(value, kind, builtin_types=(bytes,))
    return made


def decoder(kind: Any) -> Callable[[bytes | msgspec.Raw], Any]:  # noqa: ANN401 - a class or a union of classes
    """What reads msgpack into ``kind``, which may be compiled. It raises ``msgspec.MsgspecError``."""
    if is_compiled(kind):
        read = msgspec.msgpack.Decoder().decode
        return lambda data: build(kind, read(data))
    return msgspec.msgpack.Decoder(kind).decode


def build(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type of a row's field, and its value
    """``value`` (of None, bool, int, float, str, bytes, list, dict) as a ``kind``. Raises ``msgspec.ValidationError``."""
    return _maker(kind)(value)


@lru_cache(maxsize=1024)
def _maker(kind: Any) -> _Maker:  # noqa: ANN401 - as above
    """What builds a ``kind``: types are looked into once, not with every row of a full house."""
    if is_dataclass(kind):
        return partial(_object, kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(arguments)
    if origin in (tuple, list, dict, Mapping) and _needs_building(kind):
        return partial(_table if origin in (dict, Mapping) else _sequence, kind)
    if is_compiled(kind):
        return partial(_unknown, kind)
    return partial(_exactly, kind) if kind in _PLAIN else partial(_convert, kind)


def _convert(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    return msgspec.convert(value, kind, builtin_types=(bytes,))


def _exactly(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    return value if type(value) is kind else _convert(kind, value)


def _unknown(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, str | int | float | bytes | None):
        raise TypeError(f"{kind}: no way is known to build it")
    return _convert(kind, value)


def _object(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(value).__name__}`")
    makers = _makers(kind)
    try:
        return kind(**{name: makers[name](item) for name, item in value.items() if name in makers})
    except TypeError as error:
        raise msgspec.ValidationError(str(error)) from error


def _sequence(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, list):
        return _convert(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    same = origin is list or arguments[1:] == (...,)
    kinds = [arguments[0]] * len(value) if same else arguments
    return origin([build(each, item) for each, item in zip(kinds, value, strict=True)])


def _table(kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        return _convert(kind, value)
    key, item_kind = get_args(kind)
    return {build(key, name): build(item_kind, item) for name, item in value.items()}


def _one_of(kinds: tuple[Any, ...]) -> _Maker:
    """Of a union: None, or the first member that takes the value."""
    *others, last = [_maker(each) for each in kinds if each is not NoneType]
    optional = NoneType in kinds

    def make(value: Any) -> Any:  # noqa: ANN401 - as above
        if value is None and optional:
            return None
        for other in others:
            try:
                return other(value)
            except msgspec.ValidationError:
                continue
        return last(value)

    return make


@lru_cache(maxsize=256)
def _makers(kind: Any) -> dict[str, _Maker]:  # noqa: ANN401 - as above
    """Of the fields that the constructor takes; asked for with the first value, since a class may have itself in it."""
    hints = get_type_hints(kind)
    return {each.name: _maker(hints[each.name]) for each in fields(kind) if each.init}


def _needs_building(kind: Any) -> bool:  # noqa: ANN401 - as above
    """Whether there is a dataclass in it: all else msgspec converts in one go."""
    return is_dataclass(kind) or any(_needs_building(each) for each in get_args(kind))
