"""Finds functions that come back to themselves, which compiled code must not do without a bound.

The interpreter ends a recursion that is too deep with an exception; mypyc's C code has no such limit, the process would
overflow its stack. Seen are calls within a module: of its functions by name, of a class's methods through ``self``,
``cls`` or the class's name.
"""

import ast
from collections.abc import Iterator

__all__ = ["recursive"]

_Calls = dict[str, set[str]]


def recursive(source: str) -> list[str]:
    """The functions and methods (``Class.method``) that can reach themselves."""
    calls = dict(_functions(ast.parse(source).body, ""))
    return sorted(name for name in calls if name in _reached(name, calls))


def _functions(body: list[ast.stmt], owner: str) -> Iterator[tuple[str, set[str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{owner}{node.name}", set(_called(node, owner))


def _called(function: ast.AST, owner: str) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                holder = node.func.value.id
                yield f"{owner}{node.func.attr}" if holder in ("self", "cls") else f"{holder}.{node.func.attr}"


def _reached(name: str, calls: _Calls) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for called in calls.get(waiting.pop(), set()) - seen:
            seen.add(called)
            waiting.append(called)
    return seen
