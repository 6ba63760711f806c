"""Gives dataclasses an ``__init__`` in the source, for mypyc.

``@dataclass`` writes its ``__init__`` when the class is made, too late to be compiled: half a microsecond an object, even
when all the rest is C. The compiled copy of a module has it spelled out, on the blank line after the class, so that line
numbers stay. A frozen class is not frozen there (its fields are still its hash): who would write to one is stopped by
mypy, and by the pure build that the tests run on. mypyc keeps but the outermost name of a field's type; the whole type is
put back at the end of the module, for whoever reads journal rows by it.
"""

import ast
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Classes", "with_native_init"]


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a dataclass, its parts as source text."""

    name: str
    type: str
    default: str | None = None
    factory: str | None = None
    init: bool = True

    def parameter(self) -> str:
        if self.factory is not None:
            return f"{self.name}: {self.type} | None = None"
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default is not None else "")

    def assignment(self) -> str:
        if not self.init:
            return f"self.{self.name} = {self.default if self.default is not None else f'{self.factory}()'}"
        if self.factory is not None:
            return f"self.{self.name} = {self.factory}() if {self.name} is None else {self.name}"
        return f"self.{self.name} = {self.name}"


Classes = dict[str, dict[str, _Field]]
"""The dataclasses of a module, by name: their fields, inherited ones first."""


class _NotUnderstood(Exception):  # noqa: N818 - a verdict: the class stays as it is
    """The class is no dataclass, or has something that is not handled here."""


def with_native_init(source: str) -> str:
    """The same module, its top-level dataclasses with an ``__init__`` of their own."""
    lines = source.splitlines()
    known: Classes = {}
    written: list[tuple[int, str]] = []
    types: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            types += _whole_types(node)
            with suppress(_NotUnderstood):
                decorator, init = _rewritten(node, known)
                first = node.decorator_list[0]
                if first.end_lineno != first.lineno or len(node.decorator_list) != 1:
                    raise _NotUnderstood
                lines[first.lineno - 1] = decorator
                written.append((node.end_lineno or 0, init))
    for after, init in reversed(written):
        if after < len(lines) and not lines[after].strip():
            lines[after] = init
        else:
            lines.insert(after, init)
    return "\n".join([*lines, *types]) + "\n"


def _whole_types(node: ast.ClassDef) -> list[str]:
    """The line that puts the types of a dataclass or named tuple back."""
    try:
        if "NamedTuple" not in map(ast.unparse, node.bases):
            _options(node)
        own = {each.name: each.type for each in _own_fields(node).values()}
    except _NotUnderstood:
        return []
    return [f'getattr({node.name}, "__annotations__").update({own!r})']


def _rewritten(node: ast.ClassDef, known: Classes) -> tuple[str, str]:
    """(the decorator's line, the line of ``__init__``)."""
    options = _options(node)
    methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    fields: dict[str, _Field] = {}
    for base in node.bases:
        fields |= known.get(ast.unparse(base), {})
    fields |= _own_fields(node)
    known[node.name] = fields
    if "__init__" in methods or options.keys() & {"init", "kw_only"} or _types_are_hidden(fields):
        raise _NotUnderstood
    parameters = ["self", *(each.parameter() for each in fields.values() if each.init)]
    body = [each.assignment() for each in fields.values()]
    if "__post_init__" in methods:
        body.append("self.__post_init__()")
    options.pop("slots", None)
    if options.pop("frozen", None) and "eq" not in options:
        options["unsafe_hash"] = "True"
    given = ", ".join(f"{name}={value}" for name, value in ({"init": "False"} | options).items())
    init = f"    def __init__({', '.join(parameters)}) -> None: {'; '.join(body) or 'pass'}"
    return f"@dataclass({given})", init


def _types_are_hidden(fields: dict[str, _Field]) -> bool:
    """Whether a field is called as some field's type: inside the class that name is the field's."""
    types = [ast.parse(each.type) for each in fields.values()]
    names = {node.id for tree in types for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names & fields.keys())


def _options(node: ast.ClassDef) -> dict[str, str]:
    for each in node.decorator_list:
        if isinstance(each, ast.Name) and each.id == "dataclass":
            return {}
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "dataclass":
            return {keyword.arg: ast.unparse(keyword.value) for keyword in each.keywords if keyword.arg is not None}
    raise _NotUnderstood


def _own_fields(node: ast.ClassDef) -> dict[str, _Field]:
    fields: dict[str, _Field] = {}
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            kind = ast.unparse(each.annotation)
            if "InitVar" in kind or "KW_ONLY" in kind:
                raise _NotUnderstood
            if "ClassVar" not in kind:
                fields[each.target.id] = _field(each.target.id, kind, each.value)
    return fields


def _field(name: str, kind: str, value: ast.expr | None) -> _Field:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "field":
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in value.keywords}
        return _Field(name, kind, given.get("default"), given.get("default_factory"), given.get("init") != "False")
    return _Field(name, kind, ast.unparse(value) if value is not None else None)
