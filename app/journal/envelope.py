"""What a journal value is, for msgspec: the array ``[version, row]`` or ``[version, row, true]``.

A module of its own because it is a ``msgspec.Struct``, whose options mean nothing to the compiled build.
"""

import msgspec

__all__ = ["Envelope"]


class Envelope(msgspec.Struct, array_like=True):
    """``wrapped``: the row's texts are kept in another form, some of them being no UTF-8."""

    version: int
    row: msgspec.Raw
    wrapped: bool = False
