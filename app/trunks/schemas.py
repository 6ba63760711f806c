"""What clients send and see of trunks."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from app.addresses import parse_network
from app.fields import Name
from app.resources import Body, View

__all__ = ["TrunkBody", "TrunkView"]


def _network(value: str) -> str:
    return str(parse_network(value))


class _Fields(BaseModel):
    """``addresses``: IP addresses or networks; INVITEs from there need no digest."""

    name: Name
    addresses: Annotated[list[Annotated[str, AfterValidator(_network)]], Field(min_length=1, max_length=256)]


class TrunkBody(_Fields, Body):
    pass


class TrunkView(_Fields, View):
    pass
