"""Finds the classes whose instances can never be part of a reference cycle, by the types of their attributes.

Compiled, such an object needs no place in the garbage collector's lists: 16 bytes less, cheaper to make and to free, and
never looked through; and the one that was freed last is used again. So the compiled copy of a module says of them what mypyc
wants to hear. What is not understood counts as a possible cycle, and the class stays as it is.

The types are a graph: from a class to those of its attributes, its bases and its subclasses. Who cannot come back to
itself there, and reaches nothing but texts, numbers, containers and others of this kind, has no cycles.
"""

import ast
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Symbol", "acyclic", "marked"]

Symbol = tuple[str, str]
"""(module, name in it)."""

_Method = ast.FunctionDef | ast.AsyncFunctionDef
_MARK: Final = "@mypyc_attr(acyclic=True, free_list_len=1)"
_IMPORT: Final = ("MYPY = False", "if MYPY: from mypy_extensions import mypyc_attr")
_LEAVES: Final = frozenset({"str", "bytes", "int", "float", "bool", "None"})
_CONTAINERS: Final = frozenset({
    "tuple", "list", "dict", "set", "frozenset", "deque", "Sequence", "Mapping", "Optional", "Union", "Final",
})  # fmt: skip
_ENUMS: Final = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})
_TUPLE: Final = "NamedTuple"


class _NotUnderstood(Exception):  # noqa: N818 - a verdict, not an error
    """A type, or a class, that may hold anything."""


@dataclass(slots=True)
class _Module:
    """What its names are: classes, types by another name, things from elsewhere."""

    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    aliases: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, Symbol] = field(default_factory=dict)


def acyclic(sources: Mapping[str, str], compiled: Iterable[str]) -> set[Symbol]:
    """The classes of the ``compiled`` modules that have no cycles. ``sources``: the text of every module of ours, by name."""
    return _Graph({name: _module(ast.parse(text)) for name, text in sources.items()}, frozenset(compiled)).acyclic()


def marked(source: str, names: Iterable[str]) -> str:
    """The same module, its classes ``names`` said to have no cycles. On blank lines, so that line numbers stay."""
    lines, body = source.splitlines(), ast.parse(source).body
    places = {node.name: _first_line(node) - 2 for node in body if isinstance(node, ast.ClassDef)}
    free = [places[name] for name in names if not lines[places[name]].strip()]
    gaps = [line for line in _gaps(body, lines) if line not in free][:2]
    if not free or len(gaps) < len(_IMPORT) or gaps[-1] > min(free):
        return source
    for line, text in (*zip(gaps, _IMPORT, strict=True), *((line, _MARK) for line in free)):
        lines[line] = text
    return "\n".join(lines) + "\n"


def _gaps(body: list[ast.stmt], lines: list[str]) -> Iterator[int]:
    """The blank lines between statements, by their index."""
    for before, after in itertools.pairwise(body):
        yield from (line for line in range(before.end_lineno or 0, _first_line(after) - 1) if not lines[line].strip())


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else []
    return min([node.lineno, *(each.lineno for each in decorators)])


def _module(tree: ast.Module) -> _Module:
    found = _Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.imports |= {each.asname or each.name: (node.module, each.name) for each in node.names}
    for statement in tree.body:
        match statement:
            case ast.ClassDef(name=name):
                found.classes[name] = statement
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found.aliases[name] = _renamed(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                kind = _constant(value)
                if kind is not None:
                    found.aliases[name] = kind
    return found


def _renamed(value: ast.expr) -> ast.expr:
    """``NewType("X", str)`` is a ``str``."""
    match value:
        case ast.Call(func=ast.Name(id="NewType"), args=[_, of]):
            return of
    return value


def _constant(value: ast.expr) -> ast.Name | None:
    """The type of a number or text that is written out."""
    inner = value.operand if isinstance(value, ast.UnaryOp) else value
    if isinstance(inner, ast.Constant) and type(inner.value).__name__ in _LEAVES:
        return ast.Name(type(inner.value).__name__)
    return None


class _Graph:
    """A node is a family: a class with all that it inherits and all that inherit from it."""

    def __init__(self, modules: Mapping[str, _Module], compiled: frozenset[str]) -> None:
        self._modules = modules
        self._compiled = compiled
        self._family: dict[Symbol, set[Symbol]] = {}
        self._verdicts: dict[Symbol, bool] = {}
        for module, found in modules.items():
            for name, node in found.classes.items():
                self._unite((module, name), node)

    def acyclic(self) -> set[Symbol]:
        return {
            (module, name)
            for module in self._compiled
            for name in self._modules[module].classes
            if self._native((module, name)) and self._is_acyclic((module, name))
        }

    def _unite(self, names: Symbol, node: ast.ClassDef) -> None:
        mine = self._family.setdefault(names, {names})
        for base in node.bases:
            of = self._resolved(names[0], base.id) if isinstance(base, ast.Name) else None
            if of is not None and of[1] in self._modules[of[0]].classes:
                mine |= self._family.setdefault(of, {of})
        for each in mine:
            self._family[each] = mine

    def _native(self, names: Symbol) -> bool:
        """Whether the whole family is compiled classes, of a kind that mypyc lets be so."""
        return all(module in self._compiled and not self._bases(module, name) for module, name in self._family[names])

    def _bases(self, module: str, name: str) -> list[str]:
        """Its bases that are no classes of ours."""
        bases = self._modules[module].classes[name].bases
        ours = (isinstance(base, ast.Name) and self._resolved(module, base.id) is not None for base in bases)
        return [ast.unparse(base) for base, is_ours in zip(bases, ours, strict=True) if not is_ours]

    def _is_acyclic(self, names: Symbol) -> bool:
        family = self._family[names]
        first = min(family)
        if first not in self._verdicts:
            self._verdicts[first] = False  # who comes back here meanwhile has found a cycle
            try:
                for module, name in family:
                    self._look_at(module, name)
            except _NotUnderstood:
                return False
            self._verdicts[first] = True
        return self._verdicts[first]

    def _look_at(self, module: str, name: str) -> None:
        outside = set(self._bases(module, name))
        if outside & _ENUMS:
            return
        node = self._modules[module].classes[name]
        if outside - {_TUPLE} or node.keywords or not _is_plain(node) or (module not in self._compiled and not outside):
            raise _NotUnderstood
        for kind in _attributes(node):
            self._reach(module, kind)

    def _reach(self, module: str, kind: ast.expr) -> None:
        """Raises ``_NotUnderstood`` where the type leads, or may lead, to a cycle."""
        match kind:
            case ast.Constant(value=str() as quoted):
                self._reach(module, ast.parse(quoted, mode="eval").body)
            case ast.Constant(value=value) if value is None or value is ...:
                pass
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                self._reach(module, left)
                self._reach(module, right)
            case ast.Subscript(value=ast.Name(id="Literal")):
                pass
            case ast.Subscript(value=ast.Name(id=name), slice=inside) if name in _CONTAINERS:
                for each in inside.elts if isinstance(inside, ast.Tuple) else [inside]:
                    self._reach(module, each)
            case ast.Name(id=name):
                self._reach_name(module, name)
            case _:
                raise _NotUnderstood

    def _reach_name(self, module: str, name: str) -> None:
        if name in _LEAVES:
            return
        found = self._resolved(module, name)
        if found is None:
            raise _NotUnderstood
        where, called = found
        if called in self._modules[where].classes:
            if not self._is_acyclic(found):
                raise _NotUnderstood
        else:
            self._reach(where, self._modules[where].aliases[called])

    def _resolved(self, module: str, name: str) -> Symbol | None:
        """Where the name is a class or an alias of ours."""
        while True:
            here = self._modules.get(module)
            if here is None:
                return None
            if name in here.classes or name in here.aliases:
                return module, name
            if name not in here.imports:
                return None
            module, name = here.imports[name]


def _is_plain(node: ast.ClassDef) -> bool:
    """No decorator but ``@dataclass``."""
    named = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return all(isinstance(each, ast.Name) and each.id == "dataclass" for each in named)


def _attributes(node: ast.ClassDef) -> Iterator[ast.expr]:
    """The types of what an instance holds. Raises ``_NotUnderstood`` where one is not said."""
    known: set[str] = set()
    for each in node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                known.add(name)
                if not ast.unparse(kind).startswith("ClassVar"):
                    yield kind
            case ast.Assign(targets=[ast.Name(id="__slots__")]) | ast.Assign(value=ast.Constant()):
                pass
            case ast.Assign():
                raise _NotUnderstood
    methods = [each for each in node.body if isinstance(each, _Method)]
    for method in sorted(methods, key=lambda each: each.name != "__init__"):
        yield from _given(method, known)


def _given(method: _Method, known: set[str]) -> Iterator[ast.expr]:
    """The types of the attributes that first get a value in this method."""
    positional = [*method.args.posonlyargs, *method.args.args]
    if not positional:
        return
    me = positional[0].arg
    parameters = {each.arg: each.annotation for each in (*positional, *method.args.kwonlyargs)}
    for node in ast.walk(method):
        if not (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)):
            continue
        if isinstance(node.value, ast.Name) and node.value.id == me and node.attr not in known:
            known.add(node.attr)
            yield _type_of(node, method, parameters)


def _type_of(target: ast.Attribute, method: _Method, parameters: Mapping[str, ast.expr | None]) -> ast.expr:
    for node in ast.walk(method):
        match node:
            case ast.AnnAssign(target=place, annotation=kind) if place is target:
                return kind
            case ast.Assign(targets=[place], value=value) if place is target:
                return _type_of_value(value, parameters)
    raise _NotUnderstood


def _type_of_value(value: ast.expr, parameters: Mapping[str, ast.expr | None]) -> ast.expr:
    match value:
        case ast.Name(id=name) if name not in parameters:
            return value  # a constant of the module, if it is known
        case ast.Name(id=name):
            kind = parameters[name]
        case ast.Call(func=ast.Name() as kind):
            pass  # a class, if it is known
        case _:
            kind = _constant(value)
    if kind is None:
        raise _NotUnderstood
    return kind
