"""The files that people deploy with are valid, and agree with each other."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_the_compose_file_follows_the_compose_schema() -> None:
    checker = str(BIN / "check-jsonschema")
    result = run(checker, "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_compose_file_waits_for_a_healthy_database() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["services"]["callyard"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert all("healthcheck" in service for service in compose["services"].values())


def test_the_container_runs_as_nobody_special_and_says_how_it_is() -> None:
    final = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "\nUSER callyard\n" in final
    assert "\nHEALTHCHECK " in final


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_the_systemd_unit_is_valid(tmp_path: Path) -> None:
    unit = tmp_path / "callyard.service"
    text = (ROOT / "deploy" / "callyard.service").read_text()
    unit.write_text(text.replace("/opt/callyard/bin/callyard", sys.executable))
    result = run("systemd-analyze", "verify", str(unit))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "script",
    ["scripts/install.sh", "scripts/compiled.sh", "scripts/compiled-test.sh", "scripts/system-packages.sh", ".ci/run"],
)
def test_a_script_is_executable_and_parses(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    assert run("bash", "-n", script).returncode == 0


def test_the_hooks_download_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert {hook["language"] for repo in hooks["repos"] for hook in repo["hooks"]} == {"system"}


def test_apt_is_called_from_one_place_only() -> None:
    callers = [path for path in [ROOT / "Makefile", *(ROOT / "scripts").glob("*")] if "apt-get -" in path.read_text()]
    assert [path.name for path in callers] == ["system-packages.sh"]
