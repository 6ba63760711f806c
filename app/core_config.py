"""The live core's configuration out of the settings."""

from app.callcenter.guesses import PinLimits
from app.core import CoreConfig
from app.registrations.config import keep_alive_config, registrar_config
from app.replication.config import bus_config, replica_config, resolve_nodes
from app.settings import Settings
from b2bua.desk import SwitchboardConfig
from queues.floor.decisions import DecisionRules
from sipcore.config import EndpointConfig, Listener
from sipcore.message import Limits

__all__ = ["core_config"]


async def core_config(settings: Settings, listeners: tuple[Listener, ...], limits: Limits) -> CoreConfig:
    """``listeners`` as they are open. Names of DMQ nodes are looked up."""
    hosts = tuple(dict.fromkeys(each.advertised_host or each.host for each in listeners))
    return CoreConfig(
        settings.node_id,
        settings.worker_id,
        settings.realm,
        EndpointConfig(
            listeners, limits=limits, hosts={"localhost": "127.0.0.1"}, force_rport=settings.sip_force_rport
        ),
        _switchboard(settings, hosts[0], listeners),
        registrar_config(settings, hosts),
        keep_alive_config(settings),
        settings.register_nonce_seconds,
        settings.register_nonces,
        settings.max_calls,
        settings.remembered_callers,
        settings.feature_networks,
        PinLimits(settings.feature_pin_attempts, settings.feature_pin_lock_seconds),
        _decisions(settings),
        settings.max_callbacks,
        bus_config(settings, await resolve_nodes(settings)),
        replica_config(settings),
    )


def _switchboard(settings: Settings, host: str, listeners: tuple[Listener, ...]) -> SwitchboardConfig:
    return SwitchboardConfig(
        host,
        listeners,
        settings.session_expires,
        max_call_seconds=settings.max_call_seconds,
        most_refreshes=settings.session_refreshes_at_once,
        claims_a_second=settings.restart_media_refreshes_per_second,
        greetings_a_second=settings.restart_call_refreshes_per_second,
    )


def _decisions(settings: Settings) -> DecisionRules | None:
    if not settings.explain:
        return None
    return DecisionRules(
        settings.explain_decisions,
        settings.explain_decisions_per_call,
        settings.explain_seconds,
        named_per_second=settings.explain_names_per_second,
    )
