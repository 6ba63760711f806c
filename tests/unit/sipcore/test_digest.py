"""Digest authentication: the vectors of RFC 2617, 7616 and 8760's rules, nonces in virtual time."""

import pytest

from sipcore.digest import (
    ALGORITHMS,
    Challenge,
    Credentials,
    NonceMaker,
    Verdict,
    answer,
    best_challenge,
    compute_ha1,
    verify,
)  # fmt: skip
from sipcore.errors import BadHeader, SipError

SECRET = b"0123456789abcdef"
REALM = "callyard"


def test_vector_of_rfc_2617() -> None:
    challenge = Challenge(
        "testrealm@host.com",
        "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "MD5",
        ("auth", "auth-int"),
        "5ccc069c403ebaf9f0171e9517f40e41",
    )
    ha1 = compute_ha1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    credentials = answer(challenge, "GET", "/dir/index.html", username="Mufasa", ha1=ha1, cnonce="0a4f113b")
    assert credentials.response == "6629fae49393a05397450978507c4ef1"
    assert credentials.opaque == challenge.opaque


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_vectors_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge("http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm)
    ha1 = compute_ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    credentials = answer(challenge, "GET", "/dir/index.html", username="Mufasa", ha1=ha1, cnonce=cnonce)
    assert credentials.response == response


def test_without_qop_the_form_of_rfc_2069() -> None:
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=())
    ha1 = compute_ha1("MD5", "Mufasa", "testrealm@host.com", "CircleOfLife")
    credentials = answer(challenge, "GET", "/dir/index.html", username="Mufasa", ha1=ha1, cnonce="x")
    assert credentials.response == "1949323746fe6a43ef61f9606e7febea"
    assert (credentials.qop, credentials.nc, credentials.cnonce) == ("", 0, "")
    assert Credentials.parse(str(credentials)) == credentials


def test_challenge_there_and_back() -> None:
    challenge = Challenge('a "realm"', "n0nce", "SHA-256", ("auth",), "opq", stale=True)
    text = str(challenge)
    assert (
        text == 'Digest realm="a \\"realm\\"", nonce="n0nce", algorithm=SHA-256, qop="auth", opaque="opq", stale=true'
    )
    assert Challenge.parse(text) == challenge
    bare = Challenge.parse('digest  realm="r",nonce="n", ,domain="sip:a, sip:b" , qop="auth-int , AUTH"')
    assert bare == Challenge("r", "n", "MD5", ("auth-int", "auth"))
    assert bare.supported
    assert Challenge.parse(str(Challenge("r", "n", qop=()))).qop == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "Digest", "Basic abc", 'Digest realm="r"', 'Digest nonce="n"', 'Digest realm="r", nonce="n", nonce="m"',
        'Digest realm="r", nonce', 'Digest realm="r, nonce="n"', 'Digest realm="r", nonce="n', 'Digest realm="r", no nce="n"',
    ],
)  # fmt: skip
def test_bad_challenge(text: str) -> None:
    with pytest.raises(BadHeader) as caught:
        Challenge.parse(text, "Proxy-Authenticate")
    assert caught.value.header == "Proxy-Authenticate"


@pytest.mark.parametrize("drop", ["username", "realm", "nonce", "uri", "response", "cnonce", "nc"])
def test_bad_credentials(drop: str) -> None:
    whole = str(credentials_for(NonceMaker(SECRET), 0.0))
    kept = [part for part in whole.removeprefix("Digest ").split(", ") if not part.startswith(f"{drop}=")]
    with pytest.raises(BadHeader) as caught:
        Credentials.parse("Digest " + ", ".join(kept))
    assert caught.value.header == "Authorization"


def test_bad_nonce_count() -> None:
    whole = str(credentials_for(NonceMaker(SECRET), 0.0))
    for count in ("1", "0000000g", "٠٠٠٠٠٠٠١", "000000001"):
        with pytest.raises(BadHeader):
            Credentials.parse(whole.replace("nc=00000001", f"nc={count}"))
    assert Credentials.parse(whole.replace("nc=00000001", "nc=0000000A")).nc == 10


def test_only_what_we_speak() -> None:
    assert ALGORITHMS == ("SHA-256", "MD5")
    with pytest.raises(SipError):
        compute_ha1("MD5-sess", "a", "b", "c")
    foreign = [Challenge("r", "1", "SHA-512-256"), Challenge("r", "2", qop=("auth-int",))]
    with pytest.raises(SipError):
        answer(foreign[0], "A", "sip:a", username="u", ha1="x", cnonce="c")
    assert best_challenge(foreign) is None
    mine = Challenge("r", "3", "sha-256")
    assert best_challenge([*foreign, mine, Challenge("r", "4")]) == mine


def credentials_for(
    nonces: NonceMaker, now: float, *, algorithm: str = "SHA-256", uri: str = "sip:callyard", method: str = "REGISTER"
) -> Credentials:
    challenge = Challenge.parse(str(Challenge(REALM, nonces.make(now), algorithm)))
    ha1 = compute_ha1(algorithm, "ana", REALM, "s3cret")
    return answer(challenge, method, uri, username="ana", ha1=ha1, cnonce="c0ffee")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_verify(algorithm: str) -> None:
    nonces = NonceMaker(SECRET, lifetime=60)
    credentials = Credentials.parse(str(credentials_for(nonces, 1000.0, algorithm=algorithm)))
    ha1 = compute_ha1(algorithm, "ana", REALM, "s3cret")

    def judged(method: str = "REGISTER", ha1: str = ha1, now: float = 1001.0, realm: str = REALM) -> Verdict:
        return verify(credentials, method, ha1, nonces, now, realm=realm)

    assert judged() is Verdict.OK
    assert judged(now=1060.5) is Verdict.STALE
    assert judged(method="INVITE") is Verdict.BAD
    assert judged(ha1=compute_ha1(algorithm, "ana", REALM, "guess")) is Verdict.BAD
    assert judged(ha1=compute_ha1(algorithm, "ana", REALM, "guess"), now=1060.5) is Verdict.BAD
    assert judged(realm="other") is Verdict.BAD
    # Right, but its nonce was never ours (the secret has changed): the phone is to ask again, not its user.
    assert verify(credentials, "REGISTER", ha1, NonceMaker(b"x" * 16), 1001.0, realm=REALM) is Verdict.STALE


def test_verify_looks_at_the_uri_if_told() -> None:
    nonces = NonceMaker(SECRET)
    ha1 = compute_ha1("SHA-256", "ana", REALM, "s3cret")
    credentials = credentials_for(nonces, 0.0, uri="sip:1000@Callyard")

    def judged(uri: str) -> Verdict:
        return verify(credentials, "REGISTER", ha1, nonces, 1.0, realm=REALM, request_uri=uri)

    assert judged("sip:1000@Callyard") is Verdict.OK
    credentials = credentials_for(nonces, 0.0, uri="sip:1000@Callyard")
    assert judged("sip:1000@callyard;x=1") is Verdict.OK
    assert judged("sip:1001@callyard") is Verdict.BAD
    assert judged("nonsense") is Verdict.BAD


def test_verify_refuses_what_was_not_offered() -> None:
    nonces = NonceMaker(SECRET)
    ha1 = compute_ha1("MD5", "ana", REALM, "s3cret")
    old = answer(Challenge(REALM, nonces.make(0.0), qop=()), "BYE", "sip:a", username="ana", ha1=ha1, cnonce="")
    assert verify(old, "BYE", ha1, nonces, 1.0, realm=REALM) is Verdict.BAD
    assert verify(old, "BYE", ha1, nonces, 1.0, realm=REALM, require_qop=False) is Verdict.OK
    whole = str(credentials_for(nonces, 0.0))
    for text in (
        whole.replace("SHA-256", "TOKEN"),
        whole.replace("qop=auth", "qop=auth-int"),
        whole.replace('response="', 'response="é'),
    ):
        assert verify(Credentials.parse(text), "REGISTER", ha1, nonces, 1.0, realm=REALM) is Verdict.BAD


def test_nonces() -> None:
    nonces = NonceMaker(SECRET, lifetime=300)
    nonce = nonces.make(1_700_000_000.0)
    assert nonces.validate(nonce, 1_700_000_000.0) is Verdict.OK
    assert nonces.validate(nonce, 1_700_000_300.0) is Verdict.OK
    assert nonces.validate(nonce, 1_700_000_300.1) is Verdict.STALE
    assert nonces.validate(nonce, 1_699_999_990.0) is Verdict.BAD
    assert nonces.make(5.0) != nonces.make(5.0)
    for forged in (
        "",
        "-",
        "a-b",
        nonce[:-1] + ("0" if nonce[-1] != "0" else "1"),
        "f" + nonce,
        nonce + "é",
        "\udcff-\udcff",
    ):
        assert nonces.validate(forged, 1_700_000_000.0) is Verdict.BAD
    with pytest.raises(ValueError, match="16 bytes"):
        NonceMaker(b"short")


def test_each_use_of_a_nonce_counts_higher() -> None:
    nonces = NonceMaker(SECRET)
    nonce = nonces.make(0.0)
    uses = [nonces.accept(nonce, count, 1.0) for count in (1, 1, 3, 2, 3, 4)]
    assert uses == [Verdict.OK, Verdict.STALE, Verdict.OK, Verdict.STALE, Verdict.STALE, Verdict.OK]
    single = nonces.make(0.0)
    assert [nonces.accept(single, 0, 1.0) for _ in range(2)] == [Verdict.OK, Verdict.STALE]
    assert nonces.accept("f-1-x", 1, 1.0) is Verdict.BAD


def test_counts_are_kept_within_bounds_and_nothing_is_taken_twice() -> None:
    nonces = NonceMaker(SECRET, lifetime=300, tracked=3)
    made = [nonces.make(float(second)) for second in range(6)]
    assert all(nonces.accept(each, 1, 10.0) is Verdict.OK for each in made[1:5])
    assert len(nonces) == 3
    assert nonces.accept(made[1], 2, 10.0) is Verdict.STALE  # forgotten, so never again
    assert nonces.accept(made[0], 1, 10.0) is Verdict.STALE  # as old, who knows
    assert nonces.accept(made[2], 2, 10.0) is Verdict.OK
    assert nonces.accept(made[5], 1, 10.0) is Verdict.OK
    late = nonces.make(400.0)
    assert nonces.accept(late, 1, 400.0) is Verdict.OK
    for _ in range(2):  # what has expired makes room and takes nothing with it
        assert nonces.accept(nonces.make(400.0), 1, 400.0) is Verdict.OK
    assert nonces.accept(late, 2, 400.0) is Verdict.OK


def test_after_a_restart_old_nonces_are_stale() -> None:
    before = NonceMaker(SECRET).make(10.0)
    nonces = NonceMaker(SECRET)
    nonces.distrust_before(10.5)
    assert nonces.accept(before, 1, 11.0) is Verdict.STALE
    assert nonces.accept(nonces.make(10.5), 1, 11.0) is Verdict.OK


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_decoy_looks_like_an_ha1(algorithm: str) -> None:
    nonces = NonceMaker(SECRET)
    decoy = nonces.decoy("nobody", algorithm)
    assert decoy == nonces.decoy("nobody", algorithm) != nonces.decoy("another", algorithm)
    assert len(decoy) == len(compute_ha1(algorithm, "nobody", REALM, "x"))
