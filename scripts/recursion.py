"""Finds functions that come back to themselves, which compiled code must not do without a bound.

The interpreter ends a recursion that is too deep with an exception; mypyc's C code has no such limit, the process would
overflow its stack. Seen are calls within a module: of its functions by name, of a class's methods through ``self``,
``cls`` or the class's name. A function that is handed on to be called later (a nested one, a lambda) is not called here.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

__all__ = ["recursive"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_APART: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def recursive(source: str) -> list[str]:
    """The functions and methods (``Class.method``, ``function.nested``) that can reach themselves."""
    calls = dict(_module(ast.parse(source).body, ""))
    return sorted(name for name in calls if name in _reached(name, calls))


def _module(body: list[ast.stmt], owner: str) -> Iterator[tuple[str, set[str]]]:
    """Each function with the names that it calls."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _module(node.body, f"{node.name}.")
        elif isinstance(node, _Function):
            yield from _function(node, f"{owner}{node.name}", owner, {})


def _function(node: _Function, name: str, owner: str, around: Mapping[str, str]) -> Iterator[tuple[str, set[str]]]:
    """``around``: functions by the names that they have here, nested ones."""
    inside = list(_inside(node))
    nested = [each for each in inside if isinstance(each, _Function)]
    known = {**around, **{each.name: f"{name}.{each.name}" for each in nested}}
    called = (_called(each.func, owner) for each in inside if isinstance(each, ast.Call))
    yield name, {known.get(each, each) for each in called}
    for each in nested:
        yield from _function(each, f"{name}.{each.name}", owner, known)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function's body, without what is in the functions there."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, _APART):
            yield from _inside(child)


def _called(function: ast.expr, owner: str) -> str:
    """By the name of a function of this module, "" where it is none."""
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        holder = function.value.id
        return f"{owner}{function.attr}" if holder in ("self", "cls") else f"{holder}.{function.attr}"
    return ""


def _reached(name: str, calls: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for called in calls.get(waiting.pop(), set()) - seen:
            seen.add(called)
            waiting.append(called)
    return seen
