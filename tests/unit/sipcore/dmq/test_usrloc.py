"""Bodies of the channel ``usrloc``: as Kamailio 5.6.3 sends them, there and back, and as nobody should send them."""

import json
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore.binding import Binding
from sipcore.dmq.usrloc import (
    ALL_METHODS,
    PERMANENT,
    REMOVE,
    SYNC,
    SYNC_REQUEST,
    UPDATE,
    BadBody,
    BadContact,
    Usrloc,
    UsrlocConfig,
    batch,
    read,
)  # fmt: skip
from sipcore.dmq.wire import Contact
from sipcore.errors import SipError
from sipcore.packets import ANY_LISTENER, Hop, Source

# Recorded on the loopback from Kamailio 5.6.3.
ADDED: Final = (
    b'{"action":1,"aor":"104","ruid":"uloc-1-6b0229fb-373c-3","c":"sip:104@127.0.0.1:15344","received":"","path":"",'
    b'"callid":"104-cid@127.0.0.1","user_agent":"probe \\"quoted\\" \\\\ UA/1.0","instance":"","expires":1795304537,'
    b'"cseq":1,"flags":0,"cflags":0,"q":-1,"last_modified":1795303937,"methods":527,"reg_id":0,"server_id":1}'
)
REMOVED: Final = (
    b'{"action":2,"aor":"101","ruid":"uloc-1-6b0229fb-373d-3","c":"sip:101@127.0.0.1:15351;transport=udp","received":"",'
    b'"path":"","callid":"second-101@x","user_agent":"probe \\"quoted\\" \\\\ UA/1.0","instance":'
    b'"<urn:uuid:00000000-0000-1000-8000-000000000101>","expires":1795304533,"cseq":5,"flags":0,"cflags":0,"q":700,'
    b'"last_modified":1795303933,"methods":527,"reg_id":1,"server_id":1}'
)
SYNCED: Final = b'{"multi":{"1":%s,"2":%s}}' % (ADDED, REMOVED.replace(b'"action":2', b'"action":1'))

USRLOC: Final = Usrloc(UsrlocConfig(("callyard", "127.0.0.1"), {"boss": "ana"}, server_id=7))
UDP: Final = Source(Hop("UDP", "192.0.2.1", 5060))
BINDING: Final = Binding(
    "sip:ana@callyard", "sip:ana@192.0.2.1:5060", 2000.0, "call-1", 3, UDP, ruid="1.0.0123456789abcdef",
    user_agent="phone", updated_at=1000.7,
)  # fmt: skip


def told(**fields: Any) -> Contact:
    """A contact of another node."""
    return msgspec.structs.replace(read(ADDED)[0][0], **fields)


# ------------------------------------------------------------------ what Kamailio says


def test_an_update_of_kamailio() -> None:
    (contact,), bad = read(ADDED)
    assert (contact.action, bad) == (UPDATE, 0)
    assert USRLOC.binding(contact) == Binding(
        "sip:104@callyard", "sip:104@127.0.0.1:15344", 1795304537.0, "104-cid@127.0.0.1", 1,
        Source(Hop("UDP", "127.0.0.1", 15344), ANY_LISTENER), 1.0, (), 'probe "quoted" \\ UA/1.0', "", 0,
        "uloc-1-6b0229fb-373c-3", 1795303937.0,
    )  # fmt: skip


def test_a_removal_of_kamailio() -> None:
    (contact,), _ = read(REMOVED)
    assert contact.action == REMOVE
    gone = USRLOC.named(contact)
    assert (gone.aor, gone.ruid, gone.updated_at, gone.call_id, gone.cseq) == (
        "sip:101@callyard", "uloc-1-6b0229fb-373d-3", 1795303933.0, "second-101@x", 5,
    )  # fmt: skip


def test_a_batch_of_kamailio() -> None:
    contacts, bad = read(SYNCED)
    assert [contact.aor for contact in contacts] == ["104", "101"]
    assert bad == 0
    binding = USRLOC.binding(contacts[1])
    assert (binding.q, binding.instance, binding.reg_id) == (0.7, "<urn:uuid:00000000-0000-1000-8000-000000000101>", 1)


def test_a_request_for_all_contacts() -> None:
    (contact,), _ = read(SYNC_REQUEST)
    assert contact.action == SYNC


def test_written_as_kamailio_writes_it() -> None:
    """Member for member, in its order: what we read from Kamailio and write again is the same text."""
    for body in (ADDED, REMOVED):
        assert batch(read(body)[0], 60_000) == (body, 1)
    assert batch(read(SYNCED)[0], 60_000) == (SYNCED, 2)


# ------------------------------------------------------------------ what we say


def test_a_binding_of_ours() -> None:
    body, _ = batch([USRLOC.contact(BINDING, UPDATE)], 60_000)
    assert json.loads(body) == {
        "action": 1, "aor": "ana", "ruid": "1.0.0123456789abcdef", "c": "sip:ana@192.0.2.1:5060", "received": "", "path": "",
        "callid": "call-1", "user_agent": "phone", "instance": "", "expires": 2000, "cseq": 3, "flags": 0, "cflags": 0,
        "q": -1, "last_modified": 1000, "methods": ALL_METHODS, "reg_id": 0, "server_id": 7,
    }  # fmt: skip


def test_every_text_is_always_there() -> None:
    body, _ = batch([USRLOC.contact(replace(BINDING, user_agent="", call_id=""), REMOVE)], 60_000)
    texts = ("aor", "ruid", "c", "received", "path", "callid", "user_agent", "instance")
    assert all(isinstance(json.loads(body)[name], str) for name in texts)


@pytest.mark.parametrize(("q", "wire"), [(1.0, -1), (0.7, 700), (0.0, 0), (0.999, 999)])
def test_q_in_thousandths(q: float, wire: int) -> None:
    assert USRLOC.contact(replace(BINDING, q=q), UPDATE).q == wire
    assert USRLOC.binding(told(q=wire)).q == q


@pytest.mark.parametrize("odd", [1000, -5, 2000])
def test_a_q_beyond_its_range_is_the_highest(odd: int) -> None:
    assert USRLOC.binding(told(q=odd)).q == 1.0


def test_a_contact_for_ever() -> None:
    binding = USRLOC.binding(told(expires=0))
    assert binding.expires_at == PERMANENT
    assert USRLOC.contact(binding, UPDATE).expires == 0


@pytest.mark.parametrize(
    ("source", "contact", "received"),
    [
        (UDP, "sip:ana@192.0.2.1:5060", ""),
        (UDP, "sip:ana@192.0.2.1:5060;ob", ""),
        (UDP, "sip:ana@192.0.2.1", ""),
        (UDP, "sip:ana@192.0.2.1:50600", "sip:192.0.2.1:5060"),
        (UDP, "sip:ana@10.0.0.7:5060", "sip:192.0.2.1:5060"),
        (Source(Hop("TCP", "192.0.2.1", 40000)), "sip:ana@10.0.0.7;transport=tcp", "sip:192.0.2.1:40000;transport=tcp"),
        (Source(Hop("UDP", "2001:db8::1", 5060)), "sip:ana@[2001:db8::7]", "sip:[2001:db8::1]:5060"),
    ],
)
def test_where_a_phone_behind_nat_is_seen(source: Source, contact: str, received: str) -> None:
    wire = USRLOC.contact(replace(BINDING, source=source, contact=contact), UPDATE)
    assert wire.received == received
    there = USRLOC.binding(wire)
    assert there.replicated
    if received:
        assert there.reach() == (source.hop, 0)
        assert there.behind_nat()
        assert USRLOC.contact(there, UPDATE).received == received
    else:
        assert there.reach() == (None, 0)


def test_a_path_leads_whoever_took_the_register() -> None:
    path = ("<sip:192.0.2.9;lr>", '"a, b" <sip:edge.example;lr>')
    wire = USRLOC.contact(replace(BINDING, path=path, contact="sip:ana@10.0.0.7"), UPDATE)
    assert (wire.path, wire.received) == ('<sip:192.0.2.9;lr>,"a, b" <sip:edge.example;lr>', "")
    there = USRLOC.binding(wire)
    assert (there.path, there.reach()) == (path, (None, 0))
    assert replace(there, path=path[1:]).reach() == (None, 0)  # not the Contact's address, which nobody came from


def test_a_contact_whose_host_is_a_long_name_is_reached_by_it() -> None:
    there = USRLOC.binding(told(contact=f"sip:ana@{'a' * 60}.example.org"))
    assert (there.source.hop, there.reach()) == (Hop("UDP", "", 0), (None, 0))
    assert USRLOC.contact(there, UPDATE).received == ""


# ------------------------------------------------------------------ whose contact it is


@pytest.mark.parametrize(
    ("aor", "ours"),
    [
        ("ana", "sip:ana@callyard"),
        ("boss", "sip:ana@callyard"),
        ("ana@callyard", "sip:ana@callyard"),
        ("boss@127.0.0.1", "sip:ana@callyard"),
        ("Ana@CALLYARD", "sip:Ana@callyard"),
    ],
)
def test_users_are_ours_by_their_names(aor: str, ours: str) -> None:
    assert USRLOC.binding(told(aor=aor)).aor == ours


@pytest.mark.parametrize("aor", ["", "@callyard", "ana@elsewhere", "a\nb", "ana@"])
def test_users_of_others_are_not_taken(aor: str) -> None:
    with pytest.raises(BadContact):
        USRLOC.binding(told(aor=aor))


def test_with_domains() -> None:
    usrloc = Usrloc(UsrlocConfig(("callyard",), use_domain=True))
    assert usrloc.contact(BINDING, UPDATE).aor == "ana@callyard"
    assert USRLOC.contact(BINDING, UPDATE).aor == "ana"


def test_a_contact_without_a_ruid_gets_the_same_everywhere() -> None:
    first, again = USRLOC.binding(told(ruid="")), USRLOC.binding(told(ruid="", cseq=9))
    assert first.ruid == again.ruid
    assert first.ruid.startswith("dmq-")
    assert USRLOC.named(told(ruid="")).ruid == first.ruid


# ------------------------------------------------------------------ batches


def test_a_batch_is_cut_by_its_size_and_never_empty() -> None:
    contacts = [USRLOC.contact(replace(BINDING, ruid=f"r{n}"), UPDATE) for n in range(10)]
    whole, _ = batch(contacts, 60_000)
    cut, count = batch(contacts, 1000)
    assert (len(cut) <= 1000, 1 < count < 10) == (True, True)
    assert list(json.loads(cut)["multi"]) == [str(n + 1) for n in range(count)]
    assert batch(contacts, len(whole)) == (whole, 10)
    assert batch(contacts, len(whole) - 1)[1] == 9
    assert batch(contacts, 1)[1] == 1


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=40)
BINDINGS = st.builds(
    Binding,
    aor=TEXT.map(lambda text: f"sip:{text}x@callyard"),
    contact=st.sampled_from(["sip:a@192.0.2.1", "sips:b@[2001:db8::1]:5061;ob", "sip:phone.example;transport=TCP"]),
    expires_at=st.integers(1, 2**32 - 2).map(float),
    call_id=TEXT,
    cseq=st.integers(0, 2**32 - 1),
    source=st.builds(
        Source, st.builds(Hop, st.sampled_from(["UDP", "TCP", "TLS"]), st.just("198.51.100.2"), st.integers(1, 65535))
    ),
    q=st.integers(0, 1000).map(lambda q: q / 1000),
    path=st.sampled_from([(), ("<sip:192.0.2.7;lr>", "<sip:192.0.2.8;lr>")]),
    user_agent=TEXT,
    instance=TEXT,
    reg_id=st.just(0),
    ruid=TEXT.map(lambda text: f"r{text}"),
    updated_at=st.integers(0, 2**32 - 1).map(float),
)


@settings(max_examples=100)
@given(st.lists(BINDINGS, min_size=1, max_size=5))
def test_there_and_back(bindings: list[Binding]) -> None:
    body, count = batch([USRLOC.contact(binding, UPDATE) for binding in bindings], 60_000)
    contacts, bad = read(body)
    assert (count, len(contacts), bad) == (len(bindings), len(bindings), 0)
    for binding, contact in zip(bindings, contacts, strict=True):
        there = USRLOC.binding(contact)
        assert replace(there, source=binding.source) == binding
        assert USRLOC.contact(there, UPDATE) == contact


# ------------------------------------------------------------------ what nobody should send

HOSTILE: Final = [
    b"", b"{", b"null", b"[]", b"1", b'"multi"', b"{}", b"\xff\xfe", b'{"action":0}', b'{"action":4}', b'{"aor":"ana"}',
    b'{"action":null}', b'{"action":"x"}', b'{"multi":null}', b'{"multi":[]}', b'{"multi":1}', b'{"action":[1]}',
    b'{"action":1e999}', b'{"action":' + b"9" * 400 + b"}", b"[" * 60_000, b'{"multi":' * 5_000, b'{"a":' * 9_000,
    b'{"x":1,"multi":{"1":{"action":1}}}', ADDED[:-1], SYNCED[:-1], b'{"action":3}x', b'{"action":1,"c":{"x":1}}',
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: body[:24])
def test_what_is_no_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        read(body)


def test_one_odd_contact_does_not_cost_its_batch() -> None:
    odd = [
        b"null",
        b"[]",
        b'{"action":3}',
        b'{"action":1,"c":[]}',
        ADDED.replace(b'"cseq":1', b'"cseq":-1'),
        b'"x"',
        b"{}",
    ]
    members = [b'"%d":%s' % (number, member) for number, member in enumerate([*odd, ADDED], 1)]
    contacts, bad = read(b'{"multi":{%s}}' % b",".join(members))
    assert [contact.aor for contact in contacts] == ["104"]
    assert bad == len(odd)


def test_an_empty_batch() -> None:
    assert read(b'{"multi":{}}') == ([], 0)


def test_nulls_and_bytes_that_are_no_utf8_and_numbers_as_text() -> None:
    body = (
        ADDED.replace(b'"path":""', b'"path":null').replace(b'"cseq":1', b'"cseq":"1"').replace(b"probe", b"pr\xf6be")
    )
    (contact,), bad = read(body)
    assert (contact.path, contact.cseq, contact.user_agent, bad) == ("", 1, 'pr\ufffdbe "quoted" \\ UA/1.0', 0)


def test_fields_that_we_do_not_know_are_passed_over() -> None:
    assert read(ADDED[:-1] + b',"xavps":{"a":[{"b":null}]},"new":1}')[0] == read(ADDED)[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"contact": ""}, {"contact": "nonsense"}, {"contact": "tel:+4930"}, {"contact": "sip:a@b;transport=pigeon"},
        {"contact": "sip:a\x7f@b"}, {"contact": f"sip:{'a' * 3000}@b"}, {"path": "<sip:"}, {"path": ","},
        {"path": f"<sip:{'a' * 3000}>"}, {"ruid": "a\tb"}, {"call_id": "a\r\nb"}, {"instance": "\0"},
    ],
)  # fmt: skip
def test_contacts_that_cannot_be_bindings(fields: dict[str, Any]) -> None:
    with pytest.raises(SipError):
        USRLOC.binding(told(**fields))


def test_a_removal_needs_a_name() -> None:
    with pytest.raises(BadContact):
        USRLOC.named(told(ruid="", contact=""))
    assert USRLOC.named(told(contact="")).ruid == "uloc-1-6b0229fb-373c-3"


def test_what_a_phone_calls_itself_is_cut_and_cleaned() -> None:
    assert USRLOC.binding(told(user_agent="a\r\nb" + "c" * 500)).user_agent == "a??b" + "c" * 251


def test_a_received_that_is_no_address_is_passed_over() -> None:
    assert USRLOC.binding(told(received="nonsense")).source.hop == Hop("UDP", "127.0.0.1", 15344)
    assert USRLOC.binding(told(received="tel:1")).source.hop == Hop("UDP", "127.0.0.1", 15344)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*json.loads(ADDED), "multi", "xavps"])
MEMBERS = st.dictionaries(NAMES, JSON | st.sampled_from([1, 2, 3, "", "sip:a@b"]), max_size=12)


@settings(max_examples=100)
@given(st.one_of(MEMBERS, st.fixed_dictionaries({"multi": st.dictionaries(st.text(max_size=3), MEMBERS | JSON)}), JSON))
def test_whatever_comes_is_refused_or_read(value: Any) -> None:
    try:
        contacts, _ = read(json.dumps(value).encode())
    except BadBody:
        return
    for contact in contacts:
        try:
            batch([USRLOC.contact(USRLOC.binding(contact), UPDATE)], 60_000)
        except SipError:
            continue


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, len(SYNCED)), st.integers(0, 20))
def test_whatever_is_done_to_a_batch(noise: bytes, at: int, cut: int) -> None:
    try:
        contacts, _ = read(SYNCED[:at] + noise + SYNCED[at + cut :])
    except BadBody:
        return
    for contact in contacts:
        try:
            USRLOC.binding(contact)
            USRLOC.named(contact)
        except SipError:
            continue
