"""The registrar's share of the settings."""

from app.registrations.desk import KeepAlive
from app.settings import Settings
from sipcore.registrar import RegistrarConfig

__all__ = ["keep_alive_config", "registrar_config"]


def registrar_config(settings: Settings, hosts: tuple[str, ...]) -> RegistrarConfig:
    """``hosts``: the addresses that we are known by, domains of ours like the configured ones."""
    aliases = dict(item.split("=", 1) for item in settings.sip_aliases)
    return RegistrarConfig(
        tuple(dict.fromkeys((settings.realm, *settings.sip_domains, *hosts))),
        settings.register_expires_min,
        settings.register_expires_max,
        settings.register_expires_default,
        settings.register_max_contacts,
        algorithms=settings.register_digest,
        aliases=aliases,
        replace_oldest=settings.register_replace_oldest,
        max_bindings=settings.register_max_bindings,
        max_contact_bytes=settings.register_max_contact_bytes,
        path_unasked=settings.register_path == "any",
        trusted=settings.register_trusted,
        familiar=settings.register_familiar_phones,
    )


def keep_alive_config(settings: Settings) -> KeepAlive:
    return KeepAlive(settings.register_ping, settings.register_ping_seconds, settings.register_ping_misses)
