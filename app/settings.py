"""Settings of the service, frozen: what an operator may choose, each with a safe default.

In rising order of precedence: defaults, ``callyard.toml`` (or ``--settings FILE``), environment ``CALLYARD_…``, flags.
``load_settings`` merges the four; ``Settings(...)`` itself looks at nothing but its arguments.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.addresses import HostPort, PortRange, is_host
from app.setting_types import Address, HostPorts, Listeners, Networks, Paths, Ports, Texts, listeners_of, networks_of
from sipcore.digest import ALGORITHMS
from sipcore.message import BadUri, Uri

__all__ = ["DEFAULT_FILE", "ENV_PREFIX", "Settings", "SettingsError", "check_media_uri", "load_settings"]

ENV_PREFIX = "CALLYARD_"
DEFAULT_FILE = Path("callyard.toml")
_OF_THE_COMMAND_LINE = {f"{ENV_PREFIX}URL", f"{ENV_PREFIX}KEY"}  # what ``callyard config import`` reads by itself


class SettingsError(Exception):
    """A setting is wrong; the text is one line that names it."""


_ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def _sqlite_in(data: Mapping[str, Any]) -> str:
    return f"sqlite+aiosqlite:///{data.get('data_dir', Path('var'))}/callyard.db"


def check_media_uri(value: str) -> str:
    """A media server's SIP URI, which may hold ``{queue}``, ``{sound}`` and ``{repeat}``. Raises ``ValueError``."""
    try:
        uri = Uri.parse(value.format(queue="queue", sound="sound", repeat="repeat"))
    except (KeyError, IndexError, ValueError, BadUri):
        raise ValueError(f"{value!r} is no SIP URI (it may hold {{queue}}, {{sound}} and {{repeat}})") from None
    if uri.scheme not in ("sip", "sips"):
        raise ValueError(f"{value!r} is no sip: or sips: URI")
    return value


class Settings(BaseSettings):
    """Every setting; ``docs/configuration.md`` is generated from here."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, validate_default=True
    )

    sip_listen: Listeners = Field(
        default_factory=lambda: listeners_of("udp:127.0.0.1:5060,tcp:127.0.0.1:5060"),
        min_length=1,
        description="Where to take SIP: `transport:host:port`, transport `udp` or `tcp`; port 0: any free one.",
    )
    sip_advertise: HostPorts = Field(
        default=(),
        description="Address that Via and Contact show, where it is not the one listened on: `host[:port]`, one for "
        "all listeners or one for each, in their order.",
    )
    sip_domains: Texts = Field(
        default=("callyard",),
        description="Domains that are ours, besides the addresses listened on and advertised.",
    )
    realm: str = Field(
        default="callyard",
        min_length=1,
        max_length=128,
        pattern=r'^[^"\\\x00-\x1f]+$',
        description="Digest realm. Stored password hashes belong to it: after a change set agents' passwords again.",
    )
    trunks: Networks = Field(
        default_factory=lambda: networks_of("127.0.0.0/8,::1"),
        description="Addresses whose INVITEs need no digest, besides the configured trunks.",
    )
    feature_networks: Networks = Field(
        default_factory=lambda: networks_of("127.0.0.0/8,::1"),
        description="Addresses of phones and PBXes whose feature codes need no digest; a trunk is none of them.",
    )
    feature_pin_attempts: int = Field(
        default=5, ge=1, description="Wrong PINs in a row after which an agent's PIN is not looked at for a while."
    )
    feature_pin_lock_seconds: float = Field(default=300.0, gt=0, description="That while, in seconds.")
    max_calls: int = Field(default=100_000, ge=1, description="Live calls at once; above it new callers get 503.")
    max_callbacks: int = Field(default=10_000, ge=0, description="Callbacks that wait at once; more are not taken.")
    remembered_callers: int = Field(
        default=100_000, ge=0, description="Callers of whom is kept whom they talked with last (`sticky` queues)."
    )
    explain: bool = Field(
        default=True, description="Keep why each offer went to whom it went, for `/calls/{id}/decisions`."
    )
    explain_decisions: int = Field(default=10_000, ge=1, description="Decisions kept, of all calls together.")
    explain_decisions_per_call: int = Field(default=32, ge=1, description="Decisions kept of one call, the latest.")
    explain_seconds: float = Field(default=900.0, gt=0, description="How long decisions are kept.")
    explain_names_per_second: int = Field(
        default=20, ge=0, description="Decisions a second that keep the next agents in rank by name."
    )
    max_call_seconds: float = Field(
        default=14_400.0, gt=0, description="A bridged call is ended after this time, whatever its session timer says."
    )
    session_expires: int = Field(
        default=1800, ge=90, description="Session-Expires (RFC 4028) that we ask for on every leg, seconds."
    )
    sip_max_message_bytes: int = Field(
        default=65_535, ge=2048, le=1_048_576, description="Longest SIP message taken, head and body."
    )
    sip_max_headers: int = Field(default=256, ge=16, description="Most header lines taken in one SIP message.")
    sip_max_connections: int = Field(default=2000, ge=1, description="TCP connections open at once.")
    sip_receive_buffer_bytes: int = Field(
        default=4 * 1024 * 1024, ge=65_536, description="SO_RCVBUF asked for on UDP sockets (the kernel may cap it)."
    )
    sip_aliases: Texts = Field(
        default=(),
        description="Other names of registered users: `alias=user`, comma-separated. A phone may register under either.",
    )
    sip_force_rport: bool = Field(
        default=False,
        description="Answer every UDP request at the port that it came from, also where its Via does not ask for it "
        "(RFC 3581): for phones behind NAT that know no `rport`.",
    )
    register_expires_min: int = Field(
        default=60, ge=1, description="Shortest registration granted, seconds; a shorter one gets 423."
    )
    register_expires_max: int = Field(default=3600, ge=60, description="Longest registration granted, seconds.")
    register_expires_default: int = Field(
        default=3600, ge=60, description="Registration granted to a phone that asks for no time, seconds."
    )
    register_digest: Texts = Field(
        default=ALGORITHMS,
        min_length=1,
        description="Digest algorithms that registering phones are asked for, the preferred one first. Some phones cannot "
        "register where any but `MD5` is named (baresip 1.0 is one): give `MD5` for these.",
    )
    register_trusted: Networks = Field(
        default=(),
        description="Addresses whose REGISTERs need no digest: a border controller that has asked for it. Whoever sends from "
        "there can register as anybody.",
    )
    register_nonce_seconds: float = Field(
        default=300.0,
        gt=0,
        description="How long a digest challenge can be answered; a later answer is asked for anew.",
    )
    register_nonces: int = Field(
        default=100_000,
        ge=1000,
        description="Digest nonces whose use is counted, so that nothing can be said twice. When more are in use at once, "
        "the oldest become stale early.",
    )
    register_max_contacts: int = Field(default=10, ge=1, description="Contacts of one user at once; one more gets 403.")
    register_replace_oldest: bool = Field(
        default=False, description="Instead of the 403, the contact that would expire first makes room."
    )
    register_max_bindings: int = Field(
        default=500_000, ge=1, description="Contacts registered at once, all users together; above it new ones get 503."
    )
    register_max_contact_bytes: int = Field(
        default=1024, ge=64, description="Longest Contact URI taken, its Path included; a longer one gets 400."
    )
    register_path: Literal["supported", "any"] = Field(
        default="supported",
        description="`supported`: a Path (RFC 3327) is taken only from phones that say `Supported: path`, others get 420; "
        "`any`: from all, as behind proxies whose phones know nothing of it.",
    )
    register_ping: Literal["nat", "all", "none"] = Field(
        default="nat", description="Which registered contacts are sent OPTIONS: those behind NAT, all, none."
    )
    register_ping_seconds: int = Field(default=30, ge=1, le=3600, description="Time between two OPTIONS to a contact.")
    register_ping_misses: int = Field(
        default=3, ge=1, description="Unanswered OPTIONS in a row after which a contact is removed."
    )
    register_flush_seconds: float = Field(
        default=0.5, gt=0, le=60, description="Longest time until a registration is in the database, where that is up."
    )
    register_flush_batch: int = Field(
        default=500, ge=1, le=10_000, description="Registrations written to the database in one transaction."
    )

    media: str = Field(
        default="builtin",
        description="`builtin`, or the SIP URI of a media server; it may hold `{queue}`, `{sound}` and `{repeat}`. "
        "Configured media servers are tried first.",
    )
    media_listen: Address = Field(
        default=HostPort("127.0.0.1", 0),
        description="Address of the built-in media server, `host[:port]`; its port is kept in the data folder.",
    )
    media_advertise: str | None = Field(
        default=None, description="Address in the built-in media server's SDP, where it is not the one it listens on."
    )
    media_rtp_ports: Ports = Field(
        default=PortRange(20_000, 39_999), description="RTP and RTCP ports of the built-in media server, `first-last`."
    )
    media_sounds: Paths = Field(
        default=(),
        description="Folders with WAV files, searched in order before the sounds supplied.",
    )
    media_max_sessions: int = Field(default=10_000, ge=1, description="Sessions of the built-in media server at once.")
    media_orphan_seconds: float = Field(
        default=60.0,
        ge=30,
        description="After a restart the built-in media server drops sessions that nobody claims for this long; the service "
        "claims its own within 20 seconds.",
    )
    media_owner_seconds: float = Field(
        default=300.0, gt=0, description="The built-in media server ends this long after its owner's last OPTIONS."
    )

    http_listen: Address = Field(
        default=HostPort("127.0.0.1", 8080), description="Where REST, events and metrics are served, `host:port`."
    )
    http_max_body_bytes: int = Field(default=4_194_304, ge=1024, description="Longest request body taken by REST.")
    events_history: int = Field(
        default=10_000, ge=0, description="Events kept in memory for clients that resume by Last-Event-ID."
    )
    events_max_clients: int = Field(default=500, ge=1, description="Event streams open at once.")
    trace_max_clients: int = Field(default=5, ge=1, description="`callyard sip trace` at once.")
    trace_backlog: int = Field(
        default=1000, ge=1, description="SIP messages kept for a trace that reads too slowly; the rest is counted."
    )
    admin_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Fixes the first API key (scope admin). By default one is made at first start and printed once.",
    )

    data_dir: Path = Field(default=Path("var"), description="Folder of the journal, the SQLite database, small state.")
    database_url: str = Field(
        default_factory=_sqlite_in,
        repr=False,
        description="SQLAlchemy URL, `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`; "
        "by default `callyard.db` in the data folder.",
    )
    config: Path | None = Field(default=None, description="YAML file imported at start (see `callyard config import`).")
    journal_sync: Literal["os", "full"] = Field(
        default="os",
        description="`os`: a commit survives `kill -9`; `full`: it is on disk and survives a power cut.",
    )
    facts_batch: int = Field(default=500, ge=1, le=10_000, description="Facts shipped to the database at once.")
    facts_interval_seconds: float = Field(
        default=0.5, gt=0, description="Longest time that facts wait in the journal before they are shipped."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    node_id: int = Field(default=0, ge=0, le=0xFFFF, description="This machine among those that share a SIP address.")
    worker_id: int = Field(default=0, ge=0, le=0xFF, description="This process on its machine.")

    @field_validator("sip_domains")
    @classmethod
    def _domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for domain in value:
            if not is_host(domain):
                raise ValueError(f"{domain!r} is no domain name or address")
        return tuple(domain.lower() for domain in value)

    @field_validator("sip_aliases")
    @classmethod
    def _aliases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = set()
        for item in value:
            alias, equals, user = item.partition("=")
            if not (alias and equals and user) or "@" in item or not item.isprintable() or " " in item:
                raise ValueError(f"{item!r}: write alias=user, two user parts without their domain")
            if alias in names:
                raise ValueError(f"the alias {alias!r} is given twice")
            names.add(alias)
        return value

    @field_validator("register_digest")
    @classmethod
    def _algorithms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name.upper() not in ALGORITHMS:
                raise ValueError(f"{name!r} is no digest algorithm; known are {', '.join(ALGORITHMS)}")
        return tuple(name.upper() for name in value)

    @field_validator("media")
    @classmethod
    def _media(cls, value: str) -> str:
        return value if value == "builtin" else check_media_uri(value)

    @field_validator("media_advertise")
    @classmethod
    def _advertised_host(cls, value: str | None) -> str | None:
        if value is not None and not is_host(value):
            raise ValueError(f"{value!r} is no address")
        return value

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        scheme = _ASYNC_DRIVERS.get(scheme, scheme)
        if not separator or scheme not in _ASYNC_DRIVERS.values():
            raise ValueError("expected sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE")
        return f"{scheme}://{rest}"

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.sip_advertise) > 1 and len(self.sip_advertise) != len(self.sip_listen):
            raise ValueError(
                f"sip_advertise: {len(self.sip_advertise)} addresses for {len(self.sip_listen)} listeners; "
                "give one, or one for each"
            )
        if not self.sip_advertise and any(listener.is_wildcard for listener in self.sip_listen):
            raise ValueError("sip_listen: listening on every address needs sip_advertise, the address that peers see")
        if self.register_expires_min > self.register_expires_max:
            raise ValueError("register_expires_min: above register_expires_max")
        if not self.register_expires_min <= self.register_expires_default <= self.register_expires_max:
            raise ValueError("register_expires_default: not between register_expires_min and register_expires_max")
        return self

    def advertised(self, index: int) -> HostPort:
        """What listener ``index`` shows in Via and Contact; its port None where the bound one is meant."""
        if not self.sip_advertise:
            return HostPort(self.sip_listen[index].host)
        return self.sip_advertise[index if len(self.sip_advertise) > 1 else 0]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - as above
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - load_settings merges by itself
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def load_settings(flags: Mapping[str, object] | None = None, file: Path | None = None) -> Settings:
    """Merge file, environment and flags (``None`` values count as not given).

    ``file`` None: ``callyard.toml`` in the working folder, if there is one. Raises ``SettingsError``.
    """
    values: dict[str, object] = {}
    origin: dict[str, str] = {}
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    for source, found in ((_file_name(file), _read_file(file)), ("environment", _environment()), ("flag", given)):
        values.update(found)
        origin.update(dict.fromkeys(found, source))
    try:
        return Settings(**values)  # type: ignore[arg-type]  # values are checked by the model itself
    except ValidationError as error:
        raise SettingsError(_first_error(error, origin)) from None


def _file_name(file: Path | None) -> str:
    return str(file or DEFAULT_FILE)


def _read_file(file: Path | None) -> dict[str, object]:
    path = file or DEFAULT_FILE
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if file is None:
            return {}
        raise SettingsError(f"settings file {path}: not found") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"settings file {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"settings file {path} is no TOML: {error}") from None


def _environment() -> dict[str, object]:
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields} | _OF_THE_COMMAND_LINE
    strangers = sorted(name for name in os.environ if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)
    if strangers:
        raise SettingsError(f"setting {strangers[0]}: there is no such setting (from the environment)")
    return dict(EnvSettingsSource(Settings)())


def _first_error(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"setting {message}"
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        message = "there is no such setting"
    source = origin.get(name, "default")
    shown = f"environment {ENV_PREFIX}{name.upper()}" if source == "environment" else source
    return f"setting {name}: {message} (from {shown})"
