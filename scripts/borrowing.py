"""Finds ``x.number += compute()``, which mypyc compiles wrongly where ``x`` may be None, and was found not to be.

It takes the old value, lets go of ``x`` once what is to be added is computed, and writes the new one into ``x``: if nobody
else held it by then, into memory that is something else. With a plain name, attribute or number on the right side it does
not; ``count - 1`` is computed.
"""

import ast

__all__ = ["let_go_too_soon"]

_PLAIN = (ast.Attribute, ast.Constant, ast.Name, ast.expr_context)


def let_go_too_soon(source: str) -> list[int]:
    """The lines."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AugAssign) and _is_one(node)]


def _is_one(node: ast.AugAssign) -> bool:
    if not isinstance(node.target, ast.Attribute):
        return False
    holder = node.target.value
    is_held = isinstance(holder, ast.Name) and holder.id in ("self", "cls")  # by the caller
    return not is_held and not all(isinstance(each, _PLAIN) for each in ast.walk(node.value))
