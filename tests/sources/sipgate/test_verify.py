"""Defect D26: the known service takes any push from anybody. Here each check that the settings ask for must hold."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as ec_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from calltally.sources.sipgate import SOURCE
from calltally.sources.sipgate.keys import OFFICIAL_KEY, public_key_from
from calltally.sources.source import Admit, BadMessageError, Delivery, NotAllowedError

BODY = b"event=newCall&callId=A"
KEY = generate_private_key(public_exponent=65537, key_size=2048)
FORM = "application/x-www-form-urlencoded"


def pem_of(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def admit_under(**section: object) -> Admit:
    assert SOURCE.webhook is not None
    return SOURCE.webhook(SOURCE.settings(section), "https://calls.example.org").admit


def delivery(
    *, headers: dict[str, str] | None = None, body: bytes = BODY, secret: str = "", peer: str = "192.0.2.1"
) -> Delivery:
    return Delivery(secret=secret, headers={"content-type": FORM} | (headers or {}), body=body, peer=peer)


def signed(body: bytes, key: RSAPrivateKey = KEY) -> dict[str, str]:
    return {"x-sipgate-signature": base64.b64encode(key.sign(body, PKCS1v15(), SHA256())).decode()}


def test_a_push_signed_with_the_key_of_the_settings_is_let_in() -> None:
    admit_under(public_key=pem_of(KEY))(delivery(headers=signed(BODY)))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no signature"),
        ({"x-sipgate-signature": ""}, "does not fit"),
        ({"x-sipgate-signature": "garbled!"}, "not base64"),
        ({"x-sipgate-signature": "ÄÖÜ"}, "not base64"),
        ({"x-sipgate-signature": "QUJD"}, "does not fit"),
        ({"x-sipgate-signature": signed(BODY)["x-sipgate-signature"] + ", QUJD"}, "not base64"),
        (signed(BODY + b"&from=1"), "does not fit"),
        (signed(BODY, generate_private_key(public_exponent=65537, key_size=2048)), "does not fit"),
        ({"x-sipgate-signature": base64.b64encode(KEY.sign(BODY, PKCS1v15(), SHA1())).decode()}, "does not fit"),  # noqa: S303  the weak hash that must be refused
    ],
)
def test_d26_a_missing_garbled_or_wrong_signature_is_refused(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(NotAllowedError, match=reason):
        admit_under(public_key=pem_of(KEY))(delivery(headers=headers))


def test_d26_without_any_setting_only_sipgates_own_signature_is_let_in() -> None:
    with pytest.raises(NotAllowedError):
        admit_under()(delivery())
    with pytest.raises(NotAllowedError):
        admit_under()(delivery(headers=signed(BODY)))


def test_the_official_key_is_the_one_that_sipgate_publishes() -> None:
    key = public_key_from(OFFICIAL_KEY)
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert digest.finalize().hex() == "893cfd6caad92efc277a5977daec63dee1597223b1df5b2bf69ef56cd92305b3"
    assert key.key_size == 4096


def test_keys_that_are_too_small_or_of_another_kind_are_no_keys() -> None:
    small = generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  the weak key that must be refused
    other = ec_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for pem, reason in ((pem_of(small), "1024 bits"), (other, "another kind"), ("nonsense", "no public key")):
        with pytest.raises(ValueError, match=reason):
            public_key_from(pem)


@pytest.mark.parametrize(
    ("secret", "given"), [("q7Hc", ""), ("q7Hc", "q7H"), ("q7Hc", "q7Hcc"), ("", "x"), ("q7Hc", "é\udc80")]
)
def test_d26_a_wrong_secret_in_the_address_is_refused(secret: str, given: str) -> None:
    with pytest.raises(NotAllowedError, match="secret"):
        admit_under(check_signature=False, secret=secret)(delivery(secret=given))


def test_the_right_secret_is_let_in() -> None:
    admit_under(check_signature=False, secret="q7Hc")(delivery(secret="q7Hc"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !",
        "Bearer c2lwZ2F0ZTpwYXNz",
        "Basic " + base64.b64encode(b"sipgate:wrong").decode(),
        "Basic " + base64.b64encode(b"sipgate").decode(),
    ],
)
def test_d26_a_wrong_password_is_refused(header: str) -> None:
    with pytest.raises(NotAllowedError, match="password"):
        admit_under(check_signature=False, user="sipgate", password="pass")(delivery(headers={"authorization": header}))


def test_the_right_password_is_let_in() -> None:
    admit_under(check_signature=False, user="sipgate", password="pass")(
        delivery(headers={"authorization": "basic c2lwZ2F0ZTpwYXNz"})
    )


@pytest.mark.parametrize("peer", ["217.116.118.254", "::ffff:217.116.118.254", "10.1.2.3", "2001:db8::5"])
def test_a_peer_of_the_list_is_let_in(peer: str) -> None:
    admit_under(check_signature=False, peers=["217.116.118.254", "10.0.0.0/8", "2001:db8::/32"])(delivery(peer=peer))


@pytest.mark.parametrize("peer", ["217.116.118.253", "11.1.2.3", "2001:db9::5", "", "unknown", "10.1.2.3, 1.1.1.1"])
def test_d26_any_other_peer_is_refused(peer: str) -> None:
    with pytest.raises(NotAllowedError, match="sender"):
        admit_under(check_signature=False, peers="217.116.118.254, 10.0.0.0/8")(delivery(peer=peer))


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", ";"])
def test_d19_another_content_type_is_a_bad_message_and_stops_nothing(content_type: str) -> None:
    with pytest.raises(BadMessageError, match="x-www-form-urlencoded"):
        admit_under(check_signature=False)(delivery(headers={"content-type": content_type}))


@pytest.mark.parametrize("content_type", [FORM, FORM + "; charset=UTF-8", FORM.upper() + ";charset=utf-8"])
def test_the_content_type_of_a_form_may_name_its_charset(content_type: str) -> None:
    admit_under(check_signature=False)(delivery(headers={"content-type": content_type}))
