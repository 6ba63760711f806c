"""``callyard sip trace``: live SIP messages of a running service, printed until interrupted."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

from app.cli.config import ServiceError
from app.cli.given import settings_of
from app.settings import ENV_PREFIX, SettingsError

__all__ = ["add_sip", "shown", "trace_command"]


def add_sip(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", parent: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("sip", help="look at SIP").add_subparsers(metavar="ACTION", required=True)
    trace = actions.add_parser(
        "trace",
        parents=[parent],
        help="print live SIP messages",
        description="Print the SIP messages of a running service as they pass, until interrupted. Passwords' digests, media "
        "keys and keyed digits are masked.",
    )
    trace.add_argument("--call", metavar="ID", help="only this Call-ID, or this live call (its id in /calls)")
    trace.add_argument("--user", help="only where it stands in From, To, Contact or the Request-URI")
    trace.add_argument("--address", metavar="HOST[:PORT]", help="only with this peer")
    trace.add_argument("--url", help="the service (or CALLYARD_URL; default: where http_listen says)")
    trace.add_argument("--key", help="an API key, scope admin (or CALLYARD_KEY, or the setting admin_key)")
    trace.set_defaults(run=trace_command)


def trace_command(given: argparse.Namespace) -> int:
    settings = settings_of(given)
    url = given.url or os.environ.get(f"{ENV_PREFIX}URL") or f"http://{settings.http_listen}"
    key = given.key or os.environ.get(f"{ENV_PREFIX}KEY")
    if key is None and settings.admin_key is not None:
        key = settings.admin_key.get_secret_value()
    if key is None:
        raise SettingsError("sip trace needs an API key: --key, CALLYARD_KEY or the setting admin_key")
    wanted = {name: value for name in ("call", "user", "address") if (value := getattr(given, name))}
    headers = {"Authorization": f"Bearer {key}"}
    address = f"{url.rstrip('/')}/api/v1/sip/trace"
    try:
        with httpx.stream(
            "GET", address, params=wanted, headers=headers, timeout=httpx.Timeout(10.0, read=60.0)
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ServiceError(f"{url} answered {answer.status_code}: {_detail(answer)}")
            for text in shown(answer.iter_lines()):
                sys.stdout.write(text)
                sys.stdout.flush()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServiceError(f"{url}: {str(error) or type(error).__name__}") from None
    return 0


def shown(lines: Iterable[str]) -> Iterator[str]:
    """What is printed for the lines of the stream."""
    for line in lines:
        if not line.startswith("data: "):
            continue
        event: dict[str, Any] = json.loads(line[6:])
        if event["lost"]:
            yield f"({event['lost']} messages not shown: read too slowly)\n\n"
        time = datetime.fromtimestamp(event["time"], UTC).strftime("%H:%M:%S.%f")[:-3]
        arrow = "<-" if event["direction"] == "in" else "->"
        message = event["message"].replace("\r\n", "\n").rstrip("\n")
        printable = "".join([char if char.isprintable() or char in "\n\t" else "\ufffd" for char in message])
        yield f"{time} {arrow} {event['transport']} {event['peer']}\n{printable}\n\n"


def _detail(answer: httpx.Response) -> str:
    answer.read()
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "not as a Callyard service does"
