"""``make run``: the service in the foreground with the sample settings, and what to try first.

Uses ``callyard.toml`` where there is one, else ``callyard.sample.toml``. Where no admin key is set, one is made and kept
in the data folder (``admin.key``, readable by its owner only).
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.settings import Settings, SettingsError, load_settings

SAMPLE = Path("callyard.sample.toml")
OWN = Path("callyard.toml")


def admin_key(settings: Settings) -> tuple[str, str]:
    """The key, and how to write it in a shell."""
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value(), "$CALLYARD_ADMIN_KEY"
    file = settings.data_dir / "admin.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n")
    return file.read_text().strip(), f"$(cat {file})"


def first_steps(settings: Settings, key: str) -> str:
    listener = settings.sip_listen[0]
    sip, http, domain = f"{listener.host}:{listener.port}", settings.http_listen, settings.sip_domains[0]
    return f"""
  SIP   {", ".join(str(address) for address in settings.sip_listen)}
  REST  http://{http}/api/docs

  Three things to try:

  1. Register a softphone as agent ana: user ana, password ana-change-me, domain {domain}, proxy {sip}.

  2. Call the queue from another softphone (no account needed on this machine): sip:support@{sip}
     You hear music: nobody is logged in yet.

  3. Log ana in, and her phone rings:
     curl -X PUT http://{http}/api/v1/agents/ana/state -H "Authorization: Bearer {key}" \\
          -H "Content-Type: application/json" -d '{{"status": "available"}}'

  Ctrl-C stops the service.
"""


def wait_until_ready(settings: Settings, service: "subprocess.Popen[bytes]") -> bool:
    while service.poll() is None:
        try:
            if httpx.get(f"http://{settings.http_listen}/readyz", trust_env=False).status_code == httpx.codes.OK:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return False


def main() -> int:
    file = OWN if OWN.exists() else SAMPLE
    try:
        settings = load_settings(None, file)
        key, shown = admin_key(settings)
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"make run: {error}\n")
        return 2
    command = [str(Path(sys.executable).with_name("callyard")), "serve", "--settings", str(file)]
    service = subprocess.Popen(command, env={**os.environ, "CALLYARD_ADMIN_KEY": key})
    signal.signal(signal.SIGTERM, lambda *_: service.terminate())
    try:
        if wait_until_ready(settings, service):
            print(first_steps(settings, shown), flush=True)
        return service.wait()
    except KeyboardInterrupt:
        return service.wait()  # Ctrl-C reached the service as well: it is stopping


if __name__ == "__main__":
    sys.exit(main())
