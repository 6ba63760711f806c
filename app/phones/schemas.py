"""What clients send and see of phones. Passwords are never shown."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.entry_points.schemas import User
from app.resources import Body, View

__all__ = ["PhoneBody", "PhoneView"]


class _Fields(BaseModel):
    """``user``: the phone registers as ``sip:<user>@`` a domain of ours."""

    user: User


class PhoneBody(_Fields, Body):
    password: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class PhoneView(_Fields, View):
    """``has_password``: the phone can register."""

    has_password: bool
