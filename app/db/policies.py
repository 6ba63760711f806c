"""Policies: settings of queues and agents that nothing is looked up by, kept together in one JSON column.

Each key of the column is a field of the configuration (``queues.model``, REST's name); one that is absent has the field's
default, so that a new policy needs no migration.
"""

from collections.abc import Mapping
from typing import Any, get_type_hints

from app.journal.building import converted

__all__ = ["policies_of"]


def policies_of(config: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The stored policies as keyword arguments for ``config``, a dataclass; keys that it does not know are left out.

    Raises ``msgspec.ValidationError`` on a value that REST could not have stored.
    """
    hints = get_type_hints(config)
    return {name: converted(value, hints[name]) for name, value in stored.items() if name in hints}
