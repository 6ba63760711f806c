"""``callyard config import``: through a running service, where one is named, else straight into the database."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx

from app.cli.given import opened_database, settings_of
from app.config_file.document import ConfigFileError, read_document
from app.config_file.importer import ImportReport, import_file
from app.settings import ENV_PREFIX, Settings, SettingsError
from app.strategy_plugins import register_strategies

__all__ = ["ServiceError", "import_command"]


class ServiceError(Exception):
    """The running service cannot be asked, or refuses; the text is one line."""


_TIMEOUT = 120.0  # a file with thousands of agents takes a while


def import_command(given: argparse.Namespace) -> int:
    register_strategies()
    file: Path = given.file
    settings = settings_of(given)
    url = given.url or os.environ.get(f"{ENV_PREFIX}URL")
    if url:
        report = _import_by_rest(file, url, _key(given, settings))
        told = f"imported by the service at {url}, in effect now"
    else:
        report, shown = asyncio.run(_import_directly(file, settings))
        told = f"written to {shown}; a service that runs on it sees it at its next start (or use --url)"
    sys.stdout.write(f"{file}: {report}; {told}\n")
    return 0


def _key(given: argparse.Namespace, settings: Settings) -> str:
    key = given.key or os.environ.get(f"{ENV_PREFIX}KEY")
    if key is None and settings.admin_key is not None:
        key = settings.admin_key.get_secret_value()
    if key is None:
        raise SettingsError("--url needs an API key: --key, CALLYARD_KEY or the setting admin_key")
    return str(key)


async def _import_directly(file: Path, settings: Settings) -> tuple[ImportReport, str]:
    async with opened_database(settings) as database:
        return await import_file(database, settings, file), database.shown


def _import_by_rest(file: Path, url: str, key: str) -> ImportReport:
    document = read_document(file)
    try:
        body = json.dumps(document)
    except (TypeError, ValueError) as error:
        raise ConfigFileError([f"{file}: {error}"]) from None
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        answer = httpx.post(f"{url.rstrip('/')}/api/v1/config/import", content=body, headers=headers, timeout=_TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServiceError(f"{url} cannot be reached: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise _refusal(file, url, answer)
    return ImportReport.model_validate_json(answer.content)


def _refusal(file: Path, url: str, answer: httpx.Response) -> Exception:
    """What the service found wrong: with the file, or else."""
    try:
        problem: dict[str, Any] = answer.json()
        errors = [(str(error["field"]), str(error["message"])) for error in problem["errors"]]
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"{url} answered {answer.status_code}, not as a Callyard service does")
    if answer.status_code != httpx.codes.UNPROCESSABLE_ENTITY or not errors:
        return ServiceError(f"{url} answered {answer.status_code}: {detail}")
    return ConfigFileError([": ".join(filter(None, (str(file), field, message))) for field, message in errors])
