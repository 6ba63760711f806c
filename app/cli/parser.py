"""Arguments of the command line. Every setting is a flag of the commands that use settings."""

import argparse
from pathlib import Path
from typing import Final

from app.auth.keys import SCOPES
from app.cli import api_keys, config, docs, service
from app.cli.sip import add_sip
from app.demo.run import demo_command
from app.settings import DEFAULT_FILE, Settings

__all__ = ["build_parser"]

_SETTINGS: Final = "settings (also as CALLYARD_… in the environment, or in the settings file)"


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callyard", description="A call-centre queuing SIP B2BUA service.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version, and whether it runs compiled")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    with_settings = _settings_parser()
    serve = commands.add_parser("serve", parents=[with_settings], help="run the service in the foreground")
    serve.set_defaults(run=service.serve_command)
    demo = commands.add_parser("demo", help="play a small call centre against the service, with real SIP and RTP")
    demo.add_argument("--seed", type=int, default=1, help="another seed is another play (default: 1)")
    demo.set_defaults(run=demo_command)
    commands.add_parser("version", help="the same as --version").set_defaults(run=service.version_command)
    _add_config(commands, with_settings)
    _add_keys(commands, with_settings)
    add_sip(commands, with_settings)
    topics = commands.add_parser("docs", help="print generated documentation").add_subparsers(
        metavar="TOPIC", required=True
    )
    topics.add_parser("settings", help="every setting, as Markdown").set_defaults(run=docs.settings_command)
    return parser


class _Version(argparse.Action):
    """As argparse's own, which wants the text before anybody asks."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_given: object) -> None:
        parser.exit(service.version_command(namespace))


def _settings_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group(_SETTINGS)
    group.add_argument(
        "--settings", type=Path, metavar="FILE", help=f"settings file (default: {DEFAULT_FILE}, if there)"
    )
    for name, field in Settings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        description = (field.description or "").replace("%", "%%").replace("`", "")
        group.add_argument(flag, dest=f"set_{name}", metavar="VALUE", help=description)
    return parser


def _add_config(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", parent: argparse.ArgumentParser
) -> None:
    actions = commands.add_parser("config", help="import configuration").add_subparsers(metavar="ACTION", required=True)
    importing = actions.add_parser(
        "import",
        parents=[parent],
        help="import a YAML file: create or change what it names",
        description="Import a YAML file: objects are matched by name; what the file does not name stays untouched.",
    )
    importing.add_argument("file", type=Path, metavar="FILE.yaml")
    importing.add_argument("--url", help="a running service, so that it takes effect at once (or CALLYARD_URL)")
    importing.add_argument("--key", help="an API key of that service, scope admin (or CALLYARD_KEY)")
    importing.set_defaults(run=config.import_command)


def _add_keys(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", parent: argparse.ArgumentParser) -> None:
    actions = commands.add_parser("api-key", help="make, list and revoke API keys").add_subparsers(
        metavar="ACTION", required=True
    )
    create = actions.add_parser("create", parents=[parent], help="make a key and print it, once")
    create.add_argument("name")
    create.add_argument("--scope", action="append", choices=SCOPES, required=True, help="may be given several times")
    create.add_argument("--agent", help="name or id of the agent that a key of scope agent speaks for")
    create.set_defaults(run=api_keys.create_command)
    listing = actions.add_parser("list", parents=[parent], help="list the keys (not the secrets)")
    listing.set_defaults(run=api_keys.list_command)
    revoke = actions.add_parser(
        "revoke",
        parents=[parent],
        help="revoke a key by its id; a running service follows within api_key_cache_seconds",
    )
    revoke.add_argument("id")
    revoke.set_defaults(run=api_keys.revoke_command)
