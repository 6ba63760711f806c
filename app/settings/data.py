"""Settings of the data, the start, and who this process is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, field_validator

__all__ = ["DataSettings"]

_ASYNC_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"
}  # fmt: skip


def _sqlite_in(data: Mapping[str, Any]) -> str:
    return f"sqlite+aiosqlite:///{data.get('data_dir', Path('var'))}/callyard.db"


class DataSettings(BaseModel):
    """Where things are kept, what is read at start, how this process is told from others."""

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
