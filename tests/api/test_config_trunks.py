"""What trunks are shown that challenge our calls: references to passwords, never passwords."""

from pathlib import Path

import pytest
from httpx import AsyncClient

from app.commands import Configure
from app.configuration import Trunk
from b2bua.proof import Secret
from tests.api.conftest import RecordingGateway
from tests.api.helpers import created, errors, problem

FIELDS = {"name": "carrier", "addresses": ["192.0.2.0/24"], "username": "callyard", "password_from": "env:TRUNK_SECRET"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNK_SECRET", "s3cret")


def last_trunk(gateway: RecordingGateway) -> Trunk:
    command = gateway.commands[-1]
    assert isinstance(command, Configure)
    assert isinstance(command.item, Trunk)
    return command.item


async def test_the_core_has_the_password_and_clients_the_reference(
    client: AsyncClient, gateway: RecordingGateway
) -> None:
    view = await created(client, "trunks", **FIELDS, realm="carrier.example")
    assert (view["username"], view["password_from"], view["realm"]) == (
        "callyard", "env:TRUNK_SECRET", "carrier.example",
    )  # fmt: skip
    assert "s3cret" not in str(view)
    assert (last_trunk(gateway).secret, last_trunk(gateway).realm) == (Secret("callyard", "s3cret"), "carrier.example")


async def test_any_change_reads_it_again(client: AsyncClient, gateway: RecordingGateway, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old\n")
    await created(client, "trunks", **FIELDS | {"password_from": f"file:{file}"})
    file.write_text("new\n")
    change = {"addresses": ["192.0.2.0/25"]}
    answer = await client.patch("/api/v1/trunks/carrier", json=change, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    assert last_trunk(gateway).secret == Secret("callyard", "new")
    change_back: dict[str, None] = {"username": None, "password_from": None}
    await client.patch("/api/v1/trunks/carrier", json=change_back, headers={"If-Match": "*"})
    assert last_trunk(gateway).secret is None


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"username": None}, "", "username and password_from go together"),
        ({"password_from": None}, "", "username and password_from go together"),
        ({"password_from": "s3cret"}, "password_from", "write env:NAME"),
        ({"password_from": "env:NOT_SET"}, "password_from", "the environment variable NOT_SET is not set"),
        ({"password_from": "file:/nowhere/secret"}, "password_from", "cannot be read: No such file"),
        ({"username": ""}, "username", "at least 1 character"),
        ({"username": "a\r\nb"}, "username", "printable"),
        ({"realm": "a\tb"}, "realm", "printable"),
    ],
)
async def test_wrong_fields_are_named(client: AsyncClient, fields: dict[str, object], field: str, message: str) -> None:
    document = problem(await client.post("/api/v1/trunks", json=FIELDS | fields), 422, "validation")
    (found,) = errors(document).items()
    assert found[0] == field
    assert message in found[1]
    assert "s3cret" not in found[1]
