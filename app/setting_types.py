"""Types of settings that are written as one text: addresses, networks, lists with commas. A wrong one is told in a sentence."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, InstanceOf
from pydantic_settings import NoDecode

from app.addresses import HostPort, ListenAddress, Network, PortRange, parse_network

__all__ = ["Address", "HostPorts", "Listeners", "Networks", "Paths", "Ports", "Texts", "listeners_of", "networks_of"]


def _items(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        return list(value)
    return [value]


def listeners_of(value: object) -> tuple[ListenAddress, ...]:
    return tuple(item if isinstance(item, ListenAddress) else ListenAddress.parse(str(item)) for item in _items(value))


def _host_ports(value: object) -> tuple[HostPort, ...]:
    return tuple(item if isinstance(item, HostPort) else HostPort.parse(str(item)) for item in _items(value))


def _host_port(value: object) -> HostPort:
    return value if isinstance(value, HostPort) else HostPort.parse(str(value))


def networks_of(value: object) -> tuple[Network, ...]:
    return tuple(parse_network(str(item)) for item in _items(value))


def _paths(value: object) -> tuple[Path, ...]:
    return tuple(Path(str(item)) for item in _items(value))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _items(value))


def _ports(value: object) -> PortRange:
    return value if isinstance(value, PortRange) else PortRange.parse(str(value))


Listeners = Annotated[tuple[InstanceOf[ListenAddress], ...], NoDecode, BeforeValidator(listeners_of)]
HostPorts = Annotated[tuple[InstanceOf[HostPort], ...], NoDecode, BeforeValidator(_host_ports)]
Address = Annotated[InstanceOf[HostPort], NoDecode, BeforeValidator(_host_port)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks_of)]
Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_paths)]
Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_texts)]
Ports = Annotated[InstanceOf[PortRange], NoDecode, BeforeValidator(_ports)]
