"""What the bodies of the channel ``usrloc`` hold, for msgspec: members in Kamailio's order and under its names."""

from typing import Annotated, Final

import msgspec

__all__ = ["Batch", "Contact"]


_U32: Final = 2**32 - 1
Number = Annotated[int, msgspec.Meta(ge=0, le=_U32)]
Text = Annotated[str, msgspec.Meta(max_length=255)]
Long = Annotated[str, msgspec.Meta(max_length=8192)]


class Contact(msgspec.Struct, gc=False):
    """One contact and what becomes of it. Every text is always there: Kamailio follows a null.

    ``action``: 1 update, 2 remove, 3 asks for all contacts (and says nothing else). ``expires`` and ``last_modified`` in
    seconds since 1970, ``expires`` 0: for ever. ``q`` in thousandths, -1: none. ``methods``: a bit mask, see
    ``ALL_METHODS``. ``path``: the values of Path, with commas. ``received``: a URI, where NAT is in between.
    """

    action: int = 0
    aor: Text = ""
    ruid: Annotated[str, msgspec.Meta(max_length=64)] = ""
    contact: Long = msgspec.field(default="", name="c")
    received: Text = ""
    path: Long = ""
    call_id: Text = msgspec.field(default="", name="callid")
    user_agent: str = ""
    instance: Text = ""
    expires: Number = 0
    cseq: Number = 0
    flags: int = 0
    cflags: int = 0
    q: int = -1
    last_modified: Number = 0
    methods: int = 0
    reg_id: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    server_id: int = 0


class Batch(msgspec.Struct):
    """Several at once; the keys are numbers from "1"."""

    multi: dict[str, Contact]
