"""REGISTER by RFC 3261 §10.3: every verdict, and what stands in the store afterwards."""

import pytest

from sipcore.binding import BindingChange
from sipcore.registrar import Registrar
from tests.unit.sipcore.registrar_desk import AOR, CONTACT, Desk, authorization


def test_add_refresh_query_remove() -> None:
    desk = Desk()
    response, changes = desk.register(("Contact", CONTACT), ("Expires", "600"))
    assert response.status == 200
    assert response.to_tag
    assert response.get("Date") == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert response.get_all("Contact") == ["<sip:ana@127.0.0.1:5070>;expires=600"]
    assert [change.change for change in changes] == [BindingChange.ADDED]
    _, changes = desk.register(("Contact", f"{CONTACT};expires=900;q=0.5"), now=100.0)
    assert [change.change for change in changes] == [BindingChange.REFRESHED]
    response, changes = desk.register(now=200.0)
    assert (response.get_all("Contact"), changes) == (["<sip:ana@127.0.0.1:5070>;expires=800;q=0.5"], [])
    response, changes = desk.register(("Contact", f"{CONTACT};expires=0"), now=300.0)
    assert (response.get("Contact"), [change.change for change in changes]) == (None, [BindingChange.REMOVED])
    assert desk.registrar.next_deadline() is None


def test_all_domains_are_one() -> None:
    desk = Desk()
    response, _ = desk.register(("Contact", CONTACT), host="127.0.0.1")
    assert response.status == 200
    assert desk.contacts() == ["sip:ana@127.0.0.1:5070"]


def test_expiry_is_a_change() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("Expires", "60"), now=1000.0)
    assert desk.registrar.next_deadline() == 1060.0
    assert desk.registrar.expire(1059.0) == []
    (gone,) = desk.registrar.expire(1060.0)
    assert (gone.change, gone.binding.aor) == (BindingChange.EXPIRED, AOR)


def test_star_removes_all_but_only_alone_and_with_expires_0() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("Contact", "<sip:ana@127.0.0.2>"))
    assert desk.register(("Contact", "*"))[0].status == 400
    assert desk.register(("Contact", "*"), ("Contact", CONTACT), ("Expires", "0"))[0].status == 400
    assert len(desk.contacts()) == 2
    response, changes = desk.register(("Contact", "*"), ("Expires", "0"))
    assert (response.status, len(changes), desk.contacts()) == (200, 2, [])


@pytest.mark.parametrize(
    ("expires", "status", "granted"),
    [("0", 200, None), ("1", 423, None), ("59", 423, None), ("60", 200, 60), ("99999", 200, 3600), ("soon", 200, 3600)],
)
def test_interval(expires: str, status: int, granted: int | None) -> None:
    response, _ = Desk().register(("Contact", CONTACT), ("Expires", expires))
    assert response.status == status
    assert response.get("Min-Expires") == ("60" if status == 423 else None)
    assert response.get("Contact") == (f"{CONTACT};expires={granted}" if granted else None)


def test_order_counts_within_a_call_id_only() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), cseq=10)
    assert desk.register(("Contact", CONTACT), cseq=10)[0].status == 500
    assert desk.register(("Contact", "*"), ("Expires", "0"), cseq=9)[0].status == 500
    assert desk.register(("Contact", CONTACT), cseq=1, call_id="rebooted")[0].status == 200


def test_a_request_is_stored_whole_or_not_at_all() -> None:
    desk = Desk()
    response, changes = desk.register(("Contact", f"{CONTACT}, <sip:ana@127.0.0.2>;expires=5"))
    assert (response.status, changes, desk.contacts()) == (423, [], [])
    many = ", ".join(f"<sip:ana@127.0.0.1:{port}>" for port in range(6000, 6011))
    assert desk.register(("Contact", many))[0].status == 403
    assert desk.contacts() == []


@pytest.mark.parametrize(
    ("contact", "status"),
    [("<http://x>", 416), ("<sip:a b>", 400), ("nonsense", 400), ("<sip:ana@127.0.0.1:99999>", 400)],
)
def test_bad_contacts(contact: str, status: int) -> None:
    assert Desk().register(("Contact", contact))[0].status == status


def test_foreign_domain_and_unknown_extension() -> None:
    desk = Desk()
    assert desk.register(("Contact", CONTACT), host="elsewhere.example")[0].status == 404
    response, _ = desk.register(("Contact", CONTACT), ("Require", "path, gruu"))
    assert (response.status, response.get("Unsupported")) == (420, "gruu")


def test_no_time_asked_for_gets_the_default() -> None:
    response, _ = Desk(default_expires=1200).register(("Contact", CONTACT))
    assert response.get("Contact") == f"{CONTACT};expires=1200"


def test_what_remains_is_what_is_told() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("Expires", "600"))
    desk.register(("Contact", "<sip:ana@127.0.0.2>;q=0.25"), ("Expires", "300"), now=100.4)
    response, _ = desk.register(now=200.0)
    assert response.get_all("Contact") == [f"{CONTACT};expires=400", "<sip:ana@127.0.0.2>;expires=200;q=0.25"]


@pytest.mark.parametrize(
    "same",
    ["<SIP:ana@127.0.0.1:5070>", "<sip:an%61@127.0.0.1:5070>", "<sip:ana@127.0.0.1:5070;ob>", "sip:ana@127.0.0.1:5070"],
)
def test_a_contact_is_known_by_the_comparison_of_uris(same: str) -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT))
    first = desk.store.bindings(AOR)[0].ruid
    _, (change,) = desk.register(("Contact", same))
    assert (change.change, change.binding.ruid) == (BindingChange.REFRESHED, first)
    desk.register(("Contact", "<sip:ana@127.0.0.1:5070;transport=tcp>"))
    assert len(desk.contacts()) == 2


def test_one_user_has_a_bounded_number_of_contacts() -> None:
    desk = Desk(max_contacts=2)
    for port in (6000, 6001):
        assert desk.register(("Contact", f"<sip:ana@127.0.0.1:{port}>"))[0].status == 200
    response, _ = desk.register(("Contact", "<sip:ana@127.0.0.1:6002>"))
    assert (response.status, response.reason) == (403, "Too many contacts")
    assert desk.register(("Contact", "<sip:ana@127.0.0.1:6001>"))[0].status == 200
    swap = "<sip:ana@127.0.0.1:6000>;expires=0, <sip:ana@127.0.0.1:6002>"
    assert desk.register(("Contact", swap))[0].status == 200
    assert desk.registrar.counters["too_many_contacts"] == 1


def test_the_contact_that_expires_first_may_make_room() -> None:
    desk = Desk(max_contacts=2, replace_oldest=True)
    for port, expires in ((6000, "900"), (6001, "600")):
        desk.register(("Contact", f"<sip:ana@127.0.0.1:{port}>"), ("Expires", expires))
    response, changes = desk.register(("Contact", "<sip:ana@127.0.0.1:6002>"))
    assert response.status == 200
    assert [change.change for change in changes] == [BindingChange.ADDED, BindingChange.REMOVED]
    assert sorted(desk.contacts()) == ["sip:ana@127.0.0.1:6000", "sip:ana@127.0.0.1:6002"]
    three = ", ".join(f"<sip:ana@127.0.0.1:{port}>" for port in (7000, 7001, 7002))
    assert desk.register(("Contact", three))[0].status == 403


def test_all_users_together_too() -> None:
    desk = Desk(max_bindings=1)
    desk.register(("Contact", CONTACT))
    response, _ = desk.register(("Contact", CONTACT), user="bo", call_id="b")
    assert (response.status, response.get("Retry-After")) == (503, "60")
    assert desk.register(("Contact", CONTACT))[0].status == 200
    long = f"<sip:{'x' * 1100}@127.0.0.1>"
    assert Desk().register(("Contact", long))[0].status == 400


def test_aliases_are_one_user() -> None:
    desk = Desk(digest=True, aliases={"200": "ana"})
    refusal, _ = desk.register(user="200")
    assert desk.register(("Contact", CONTACT), authorization(refusal), user="200")[0].status == 200
    assert desk.contacts() == ["sip:ana@127.0.0.1:5070"]


PATH = ("Path", "<sip:192.0.2.9;lr>, <sip:192.0.2.10;lr;ob>")
SUPPORTED = ("Supported", "path, outbound")
FLOW = '<sip:ana@127.0.0.1:5070;ob>;reg-id=1;+sip.instance="<urn:uuid:1>"'


def test_path_is_kept_and_told() -> None:
    desk = Desk()
    response, _ = desk.register(("Contact", CONTACT), PATH, SUPPORTED)
    assert response.get_all("Path") == ["<sip:192.0.2.9;lr>", "<sip:192.0.2.10;lr;ob>"]
    assert desk.store.bindings(AOR)[0].path == ("<sip:192.0.2.9;lr>", "<sip:192.0.2.10;lr;ob>")
    desk.register(("Contact", CONTACT))
    assert desk.store.bindings(AOR)[0].path == ()


def test_a_path_that_the_phone_says_nothing_of() -> None:
    response, _ = Desk().register(("Contact", CONTACT), PATH)
    assert (response.status, response.get("Unsupported")) == (420, "path")
    assert Desk(path_unasked=True).register(("Contact", CONTACT), PATH)[0].status == 200
    assert Desk().register(("Contact", CONTACT), ("Path", "nonsense"), SUPPORTED)[0].status == 400


@pytest.mark.parametrize(
    ("headers", "vias", "status", "required"),
    [
        ((SUPPORTED,), 1, 200, "outbound"),
        ((), 1, 200, None),  # the phone does not do outbound: reg-id counts for nothing
        ((SUPPORTED,), 2, 439, None),
        ((("Supported", "path"),), 2, 200, None),
        ((SUPPORTED, PATH), 2, 200, "outbound"),
        ((SUPPORTED, ("Path", "<sip:192.0.2.9;lr>")), 2, 439, None),
    ],
)
def test_outbound(headers: tuple[tuple[str, str], ...], vias: int, status: int, required: str | None) -> None:
    desk = Desk()
    response, changes = desk.register(("Contact", FLOW), *headers, vias=vias)
    assert (response.status, response.get("Require")) == (status, required)
    assert [change.binding.reg_id for change in changes] == ([] if status != 200 else [1 if required else 0])


def test_flows_of_one_phone() -> None:
    """RFC 5626 §6: instance and reg-id name the binding, not the address; a flow registers alone."""
    desk = Desk()
    desk.register(("Contact", FLOW), SUPPORTED)
    desk.register(("Contact", FLOW.replace("5070", "5071").replace("reg-id=1", "reg-id=2")), SUPPORTED)
    assert len(desk.contacts()) == 2
    _, (change,) = desk.register(("Contact", FLOW.replace("5070", "6070")), SUPPORTED)
    assert change.change is BindingChange.REFRESHED
    response, _ = desk.register()
    assert sorted(response.get_all("Contact"))[1] == (
        '<sip:ana@127.0.0.1:6070;ob>;expires=3600;+sip.instance="<urn:uuid:1>";reg-id=1'
    )
    assert desk.register(("Contact", f"{FLOW}, <sip:ana@127.0.0.2>"), SUPPORTED)[0].status == 400
    assert desk.register(("Contact", f"{FLOW}, <sip:ana@127.0.0.1:5071;ob>;expires=0"), SUPPORTED)[0].status == 200
    no_instance = "<sip:ana@127.0.0.3>;reg-id=1"
    response, (change,) = desk.register(("Contact", no_instance), SUPPORTED)
    assert (change.binding.reg_id, response.get("Require")) == (0, None)


@pytest.mark.parametrize(
    "contact",
    [
        '<sip:ana@127.0.0.1>;+sip.instance="\udcff"',
        "<sip:ana\udcff@127.0.0.1>",
        f'<sip:a@b>;+sip.instance="{"x" * 300}"',
    ],
)
def test_what_no_database_could_keep_is_refused(contact: str) -> None:
    assert Desk().register(("Contact", contact))[0].status == 400


def test_user_agents_are_cut_and_cleaned() -> None:
    desk = Desk()
    desk.register(("Contact", CONTACT), ("User-Agent", "\udcffPhone\x01" + "x" * 300))
    assert desk.store.bindings(AOR)[0].user_agent == ("?Phone?" + "x" * 300)[:255]


def test_the_short_way_and_the_long_way_of_a_refresh_end_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = []
    for short in (True, False):
        desk = Desk()
        if not short:
            monkeypatch.setattr(Registrar, "_plain_one", lambda _self, _request: None)
        seen = []
        desk.register(("Contact", "<sip:ana@127.0.0.9>"), call_id="other", cseq=9)
        for number, contact in enumerate((f"{CONTACT};q=0.5", f'{CONTACT};q=0.7;+sip.instance="<urn:x>"', CONTACT)):
            response, changes = desk.register(
                ("Contact", contact), ("Expires", f"{600 + number}"), ("User-Agent", f"P{number}"), now=10.0 * number
            )
            seen.append((str(response), changes))
        assert desk.register(("Contact", CONTACT), cseq=desk.cseq)[0].status == 500
        assert desk.register(("Contact", CONTACT), cseq=1, call_id="rebooted", now=40.0)[0].status == 200
        ends.append((seen, list(desk.store.bindings(AOR)), desk.registrar.counters))
    assert ends[0] == ends[1]
