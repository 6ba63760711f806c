"""The journal's tables: which rows of which room stand under which name. A change of shape raises its version here."""

from typing import Any, Final

from app.callback import Callback
from app.callcenter.memory import LastTalks
from app.callcenter.workplaces import DeskRow
from app.journal.codec import TableSchema
from app.live_call import LiveCall
from app.registrations.journalled import BindingsRow
from b2bua.snapshot import CallRow, InviteRow, with_legs_as_arrays
from queues.floor.snapshot import ROWS

__all__ = ["TABLES"]

TABLES: Final[dict[str, TableSchema | type[Any]]] = {
    "live_call": LiveCall,
    "call": TableSchema(CallRow, 2, {1: with_legs_as_arrays}),
    "invite": InviteRow,
    "bindings": BindingsRow,  # an earlier release's: read once, then gone
    "desk": DeskRow,
    "last_talk": LastTalks,
    "live_callback": Callback,
    **ROWS,
}
