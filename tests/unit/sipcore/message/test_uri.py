"""URIs: RFC 3261 §19.1 (the examples of §19.1.3 and §19.1.4 among them) and RFC 3966."""

import pytest

from sipcore.message import BadUri, Uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:[2001:db8::10]",
        "sip:[2001:db8::10]:5070;lr",
        "sip:user@[2001:db8::10]",
        "sip:%61lice@host:5060;maddr=239.255.255.1;ttl=15",
        "sip:#21%23@host",
        "sip:host;transport=ws;x=a[b]/:&+$",
        "tel:+1-201-555-0123",
        "tel:7042;phone-context=example.com",
        "tel:863-1234;phone-context=+1-914-555",
        "tel:*21#;phone-context=example.com",
    ],
)
def test_parse_and_back(text: str) -> None:
    assert str(Uri.parse(text)) == text


def test_parts() -> None:
    uri = Uri.parse("SIP:ali%63e;x=1:pw@Host.example:5070;Transport=TCP;lr?a=b")
    assert (uri.scheme, uri.user, uri.username, uri.password) == ("sip", "ali%63e;x=1", "alice;x=1", "pw")
    assert (uri.host, uri.port, uri.params, uri.headers) == (
        "Host.example", 5070, {"transport": "TCP", "lr": None}, "a=b",
    )  # fmt: skip
    assert uri.is_sip
    assert uri.host_port == "Host.example:5070"
    tel = Uri.parse("tel:+49-30-1;ext=5")
    assert (tel.user, tel.host, tel.params, tel.is_sip) == ("+49-30-1", "", {"ext": "5"}, False)
    assert Uri.parse("sip:[::1]").host == "::1"
    assert repr(Uri("sip", "a", "b")) == "Uri(sip:a@b)"


def test_a_question_mark_in_the_user_part() -> None:
    uri = Uri.parse("sip:a?b@host")
    assert (uri.user, uri.host) == ("a?b", "host")
    uri = Uri.parse("sip:host?Route=%3Csip:a@b%3E")
    assert (uri.user, uri.host, uri.headers) == ("", "host", "Route=%3Csip:a@b%3E")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400), ("sip", 400), ("sip:", 400), ("sip:@host", 400), ("sip:a@", 400), ("sip:a b@c", 400),
        ("sip:a@host:", 400), ("sip:a@host:99999", 400), ("sip:a@host:port", 400), ("sip:a@[::1", 400),
        ("sip:a@ho<st", 400), ("sip:a@host;", 400), ("sip:a@host;x=1;x=2", 400), ("sip:a@host;x=", 400),
        ("sip:a%zz@host", 400), ("sip:a%2@host", 400), ("sip:a[@host", 400), ("sip:hö.example", 400), ("tel:", 400),
        ("tel:+", 400), ("tel:+-", 400), ("tel:12x", 400), ("http://a", 416), ("mailto:a@b", 416), ("urn:service:sos", 416),
        ("sip:a@host\r\nEvil: 1", 400), ('sip:a@"b"', 400), ("sip:a@b@c@", 400), (":a", 416),
    ],
)  # fmt: skip
def test_bad_uri(text: str, status: int) -> None:
    with pytest.raises(BadUri) as caught:
        Uri.parse(text)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("tel:+1-201-555-0123", "tel:+12015550123"),
        ("tel:123;phone-context=+1", "tel:1-2-3;Phone-Context=+1"),
    ],
)
def test_equivalent(one: str, other: str) -> None:
    assert Uri.parse(one).same_as(Uri.parse(other))
    assert Uri.parse(other).same_as(Uri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=off", "sip:carol@chicago.com;security=on"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a:x@b", "sip:a@b"),
        ("tel:+1201", "tel:+1202"),
        ("tel:+1201", "sip:+1201@b"),
    ],
)
def test_not_equivalent(one: str, other: str) -> None:
    assert not Uri.parse(one).same_as(Uri.parse(other))
