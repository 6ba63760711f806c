"""What clients send and see of trunks."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from app.addresses import parse_network
from app.fields import Name
from app.resources import Body, View
from app.trunks.secrets import check_reference

__all__ = ["TrunkBody", "TrunkView"]


def _network(value: str) -> str:
    return str(parse_network(value))


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("printable characters only")
    return value


class _Fields(BaseModel):
    """``addresses``: IP addresses or networks; INVITEs from there need no digest.

    ``username`` and ``password_from`` (``env:NAME`` or ``file:/path``; read now, and when the service starts): what these
    addresses are shown when they challenge a request of ours, in ``realm`` only if that is given.
    """

    name: Name
    addresses: Annotated[list[Annotated[str, AfterValidator(_network)]], Field(min_length=1, max_length=256)]
    username: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_plain)] | None = None
    password_from: Annotated[str, Field(max_length=512), AfterValidator(check_reference)] | None = None
    realm: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_plain)] | None = None


class TrunkBody(_Fields, Body):
    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.username is None) != (self.password_from is None):
            raise ValueError("username and password_from go together")
        return self


class TrunkView(_Fields, View):
    pass
