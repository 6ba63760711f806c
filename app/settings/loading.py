"""Settings from their sources: file, environment and flags, and one clear line for what is wrong."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from app.settings.settings import ENV_PREFIX, Settings

__all__ = ["DEFAULT_FILE", "SettingsError", "load_settings"]

DEFAULT_FILE: Final = Path("callyard.toml")
_OF_THE_COMMAND_LINE: Final = {
    f"{ENV_PREFIX}URL",
    f"{ENV_PREFIX}KEY",
}  # what ``callyard config import`` reads by itself


class SettingsError(Exception):
    """A setting is wrong; the text is one line that names it."""


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
