"""Every setting in one frozen value: the groups of this package."""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings.data import DataSettings
from app.settings.http import HttpSettings
from app.settings.media import MediaSettings
from app.settings.registrar import RegistrarSettings
from app.settings.replication import ReplicationSettings
from app.settings.sip import SipSettings
from sipcore.dmq.node_list import key_of

__all__ = ["ENV_PREFIX", "GROUPS", "Settings"]

ENV_PREFIX: Final = "CALLYARD_"
GROUPS: Final[Mapping[str, type[BaseModel]]] = {
    "SIP and calls": SipSettings,
    "Registrar": RegistrarSettings,
    "Sharing registrations": ReplicationSettings,
    "Media": MediaSettings,
    "REST, events and metrics": HttpSettings,
    "Data, start and identity": DataSettings,
}
"""The chapters of ``docs/configuration.md``, in order."""


class Settings(
    SipSettings, RegistrarSettings, ReplicationSettings, MediaSettings, HttpSettings, DataSettings, BaseSettings
):  # fmt: skip
    """Every setting; looks at nothing but its arguments (``load_settings`` looks at all sources)."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, validate_default=True
    )

    @model_validator(mode="after")
    def _bus_is_listened_on(self) -> Self:
        """Where names and NAT stand between, the host may be another; transport and port are as peers see them."""
        if not self.dmq_server_address:
            return self
        transport, _, port = key_of(self.dmq_server_address)
        for index, listener in enumerate(self.sip_listen):
            shown = self.advertised(index).port or listener.port
            if listener.transport.upper() == transport and shown in (0, port):
                return self
        raise ValueError("dmq_server_address: sip_listen has no listener of its transport and port")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - load_settings merges by itself
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - load_settings merges by itself
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)
