"""The samples for nginx and Caddy: the programs accept them, and before a running service they do what they say."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx2
import pytest
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect

from tests.programs import ROOT, path_of
from tests.running import ENDED_SECONDS, FORM, READY_SECONDS, Service, environment, free_port, running_service

NGINX: Final = ROOT / "deploy" / "nginx" / "calltally.conf"
CADDY: Final = ROOT / "deploy" / "caddy" / "Caddyfile"
NAME: Final = "calls.example.org"
LARGEST: Final = 1024 * 1024
SETTINGS: Final = f"""
[server]
public_url = "https://{NAME}"
trusted_proxies = ["127.0.0.1"]
password = "{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("correct horse")}"
[sources.sipgate]
check_signature = false
peers = ["127.0.0.1"]
"""
PATIENCE_SECONDS: Final = 30
"""Just after a start a page or stream may wait, longer where something else keeps the disk busy."""

PUSH: Final = b"event=newCall&direction=in&from=4930111&to=4930222&callId=1&user[]=Anna&userId[]=1w0&fullUserId[]=1w0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """A proxy before a service: its address, who vouches for it, and a token that opens the API behind it."""

    address: str
    trust: ssl.SSLContext | None
    token: str

    def client(self) -> httpx2.Client:
        """Return a client that calls the proxy by the public name."""
        return httpx2.Client(
            base_url=self.address,
            headers={"host": NAME},
            verify=self.trust or False,
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        )


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of our own for the name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, secret = folder / "front.pem", folder / "front.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, secret


def _nginx_file(folder: Path, *, to: int, plain: int, tls: int) -> Path:
    """Write a whole configuration around the sample, at free ports and as this user."""
    pem, secret = _certificate(folder)
    sample = NGINX.read_text(encoding="utf-8")
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;"),
        ("127.0.0.1:8080", f"127.0.0.1:{to}"),
        (f"/etc/ssl/certs/{NAME}.pem", str(pem)),
        (f"/etc/ssl/private/{NAME}.key", str(secret)),
    ):
        assert old in sample
        sample = sample.replace(old, new)
    places = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{place}_temp_path {folder / place};" for place in places)
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder / 'pid'}; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{sample}\n}}\n"
    )
    return file


def _await_port(port: int, process: subprocess.Popen[str]) -> None:
    """Return when somebody listens there; the listener is asked until then, and fails with what it said if it ends."""
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(process.communicate()[0])


@contextmanager
def _program(command: list[str], port: int, folder: Path) -> Iterator[None]:
    variables = {**environment(), "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables
    ) as process:
        try:
            _await_port(port, process)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=ENDED_SECONDS)


@contextmanager
def _behind_nginx(service: Service, folder: Path, token: str) -> Iterator[Front]:
    port = free_port()
    file = _nginx_file(folder, to=service.port, plain=free_port(), tls=port)
    trust = ssl.create_default_context(cafile=folder / "front.pem")
    trust.check_hostname = False  # the test calls it by its address
    with _program([path_of("nginx"), "-p", str(folder), "-c", str(file), "-e", "stderr"], port, folder):
        yield Front(address=f"https://127.0.0.1:{port}", trust=trust, token=token)


@contextmanager
def _behind_caddy(service: Service, folder: Path, token: str) -> Iterator[Front]:
    port = free_port()
    sample = CADDY.read_text(encoding="utf-8")
    assert f"\n{NAME} {{" in sample
    # Without a certificate, which Caddy would ask of an authority elsewhere.
    local = sample.replace(f"\n{NAME} {{", f"\nhttp://{NAME}:{port} {{").replace("127.0.0.1:8080", service.url[7:])
    file = folder / "Caddyfile"
    file.write_text("{\n\tadmin off\n}\n" + local)
    with _program([path_of("caddy"), "run", "--config", str(file)], port, folder):
        yield Front(address=f"http://127.0.0.1:{port}", trust=None, token=token)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(_behind_nginx, id="nginx", marks=pytest.mark.needs("nginx")),
        pytest.param(_behind_caddy, id="caddy", marks=pytest.mark.needs("caddy")),
    ],
)
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Give a proxy with the sample's rules before a service that has a password."""
    folder = tmp_path_factory.mktemp("front")
    data = folder / "data"
    with running_service(data, SETTINGS) as service:
        command = [sys.executable, "-m", "calltally", "token", "create", "--name", "test", "--data", str(data)]
        made = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
        with request.param(service, folder, made.stdout.strip()) as found:
            yield found


@pytest.mark.needs("nginx")
def test_nginx_accepts_the_sample(tmp_path: Path) -> None:
    file = _nginx_file(tmp_path, to=8080, plain=8081, tls=8443)
    command = [path_of("nginx"), "-t", "-q", "-p", str(tmp_path), "-c", str(file), "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.needs("caddy")
def test_caddy_accepts_the_sample_as_it_would_write_it(tmp_path: Path) -> None:
    variables = {**environment(), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    for action in (["validate"], ["fmt", "--diff"]):
        named = ["--config", str(CADDY), "--adapter", "caddyfile"] if action == ["validate"] else [str(CADDY)]
        command = [path_of("caddy"), *action, *named]
        done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
        assert done.returncode == 0, done.stderr
        assert not re.search(r"^[+-]", done.stdout, re.MULTILINE)


def test_a_push_passes_without_a_login(front: Front) -> None:
    with front.client() as client:
        answer = client.post("/in/sipgate", content=PUSH, headers={"content-type": FORM})
    assert answer.status_code == 200
    assert f'onAnswer="https://{NAME}/in/sipgate"' in answer.text


def test_a_sender_cannot_claim_another_address(front: Front) -> None:
    """Only 127.0.0.1 may push: whoever believed the header would refuse this."""
    with front.client() as client:
        headers = {"content-type": FORM, "x-forwarded-for": "203.0.113.9"}
        assert client.post("/in/sipgate", content=PUSH, headers=headers).status_code == 200


def test_a_page_asks_for_the_password(front: Front) -> None:
    with front.client() as client:
        answer = client.get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_the_api_opens_with_a_token(front: Front) -> None:
    with front.client() as client:
        assert client.get("/api/v1/now").status_code == 401
        assert client.get("/api/v1/now", headers={"authorization": f"Bearer {front.token}"}).status_code == 200


def test_the_live_stream_passes_as_a_websocket(front: Front) -> None:
    host, _, port = front.address.partition("://")[2].partition(":")
    with (
        socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as line,
        connect(
            f"{'wss' if front.trust else 'ws'}://{NAME}:{port}/api/v1/live",
            sock=line,
            ssl=front.trust,
            additional_headers={"authorization": f"Bearer {front.token}"},
            open_timeout=PATIENCE_SECONDS,
        ) as stream,
    ):
        assert json.loads(stream.recv(timeout=PATIENCE_SECONDS))["type"] == "snapshot"


def test_the_live_stream_passes_as_events(front: Front) -> None:
    headers = {"authorization": f"Bearer {front.token}", "accept": "text/event-stream"}
    with front.client() as client, client.stream("GET", "/api/v1/live", headers=headers) as answer:
        assert next(line for line in answer.iter_lines() if line.startswith("data:"))


def test_a_body_that_is_too_large_is_refused_as_such(front: Front) -> None:
    with front.client() as client:
        answer = client.post("/in/sipgate", content=b"x" * (LARGEST + 1), headers={"content-type": FORM})
    assert answer.status_code == 413


@pytest.mark.needs("nginx")
def test_plain_http_is_sent_to_https(tmp_path: Path) -> None:
    plain = free_port()
    file = _nginx_file(tmp_path, to=8080, plain=plain, tls=free_port())
    command = [path_of("nginx"), "-p", str(tmp_path), "-c", str(file), "-e", "stderr"]
    with _program(command, plain, tmp_path), httpx2.Client(trust_env=False) as client:
        answer = client.get(f"http://127.0.0.1:{plain}/statistics?unit=day", headers={"host": NAME})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{NAME}/statistics?unit=day")
