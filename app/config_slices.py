"""What can be configured, over HTTP and by a file, in the order in which one kind refers to the other."""

from typing import Any, Final

from app.agents.service import AGENTS
from app.calendars.service import CALENDARS
from app.dispositions.service import DISPOSITIONS
from app.entry_points.service import ENTRY_POINTS
from app.feature_codes.service import FEATURE_CODES
from app.media_servers.service import MEDIA_SERVERS
from app.pause_reasons.service import PAUSE_REASONS
from app.phones.service import PHONES
from app.priority_rules.service import PRIORITY_RULES
from app.queues.service import QUEUES
from app.resources import Resource
from app.skills.service import SKILLS
from app.trunks.service import TRUNKS

__all__ = ["CONFIG_SLICES"]

CONFIG_SLICES: Final[tuple[Resource[Any, Any, Any], ...]] = (
    SKILLS,
    PAUSE_REASONS,
    CALENDARS,
    QUEUES,
    AGENTS,
    ENTRY_POINTS,
    PRIORITY_RULES,
    TRUNKS,
    MEDIA_SERVERS,
    DISPOSITIONS,
    PHONES,
    FEATURE_CODES,
)
