"""What clients send and see of skills."""

from app.fields import Name
from app.resources import Body, View

__all__ = ["SkillBody", "SkillView"]


class SkillBody(Body):
    name: Name


class SkillView(View):
    name: str
