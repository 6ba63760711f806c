"""The journal's tables: which rows of which room stand under which name. A change of shape raises its version here."""

from typing import Any, Final

from app.callback import Callback
from app.callcenter.memory import LastTalks
from app.callcenter.workplaces import DeskRow
from app.live_call import LiveCall
from app.registrations.journalled import BindingsRow
from b2bua.snapshot import CallRow, InviteRow
from queues.floor.snapshot import ROWS

__all__ = ["TABLES"]

TABLES: Final[dict[str, type[Any]]] = {
    "live_call": LiveCall,
    "call": CallRow,
    "invite": InviteRow,
    "bindings": BindingsRow,  # an earlier release's: read once, then gone
    "desk": DeskRow,
    "last_talk": LastTalks,
    "live_callback": Callback,
    **ROWS,
}
