import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from pipelines.errors import EnvironmentProblem, SettingsError
from pipelines.router.contract import DefaultTreatment
from pipelines.router.service import MAX_BATCH, is_loopback, serve
from pipelines.router.tokens import create_token, tokens_path

ROOT = Path(__file__).parents[3]
SERVER = """
import sys
from pathlib import Path
from pipelines.router.contract import DefaultTreatment
from pipelines.router.service import serve
files = [Path(name) for name in sys.argv[2:]] or [None, None]
serve(Path(sys.argv[1]), port=0, region="GB", treatment=DefaultTreatment(priority=5, queue="general"),
      tls_certificate=files[0], tls_key=files[1], announce=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


class Service:
    """A real server in a process of its own, on a free loopback port."""

    def __init__(self, home: Path, *files: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(home), *map(str, files)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.stop()
        self.port = int(self.url.rsplit(":", 1)[1])
        self.token = ""

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        token: str | None = None,
        scheme: str = "Bearer",
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            given = self.token if token is None else token
            headers = {"Authorization": f"{scheme} {given}"} if given else {}
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def score(self, who: str) -> dict[str, Any]:
        status, _, body = self.ask(f"/v1/scores/{who}")
        assert status == 200
        found: dict[str, Any] = json.loads(body)
        return found

    def wait_for_version(self, version: str) -> None:
        deadline = time.monotonic() + 10
        while self.score("anonymous")["version"] != version:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, log = self.process.communicate(timeout=15)
        return self.process.returncode, out, log


def started(centre: Any) -> Service:
    centre.publish(priority=44)
    token = create_token(centre.home, "scores")
    running = Service(centre.home)
    running.token = token
    return running


@pytest.fixture
def service(centre: Any) -> Iterator[Service]:
    running = started(centre)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def asked_centre(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_centre(tmp_path_factory.mktemp("asked") / "home")


@pytest.fixture(scope="module")
def asked(asked_centre: Any) -> Iterator[Service]:
    running = started(asked_centre)
    yield running
    running.stop()


FORMS = [
    "+447946000003", "%2B447946000003", "%20447946000003", "00447946000003", "07946000003", "447946000003",
    "tel:%2B447946000003;ext=1", "sip:+447946000003@pbx.example:5060;user=phone", "07946%20000003",
    "sip%3A%2B447946000003%40pbx.example",
]  # fmt: skip


def test_every_written_form_in_the_path_is_the_same_caller(asked: Service, asked_centre: Any) -> None:
    answers = [asked.score(form) for form in FORMS]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["customer_key"] == asked_centre.customer(3)
    assert (answers[0]["priority"], answers[0]["head_start_s"], answers[0]["source"]) == (44, 120.0, "scored")
    assert asked.score(asked_centre.customer(3)) == asked.score("customer:C3") == answers[0]


@pytest.mark.parametrize("who", ["anonymous", "", "+447946999999", "1003", "%00", "%FF", "%ED%A0%80", "a/b/../c"])
def test_an_unknown_caller_is_200_with_the_default(asked: Service, who: str) -> None:
    found = asked.score(who)
    assert (found["source"], found["priority"], found["queue"], found["customer_key"]) == (
        "default",
        5,
        "general",
        None,
    )


def test_a_form_answer_is_for_dialplans(asked: Service) -> None:
    status, headers, body = asked.ask("/v1/scores/07946000003?fmt=form")
    assert status == 200
    assert headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    pairs = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
    assert (pairs["priority"], pairs["head_start_s"], pairs["reasons"]) == ("44", "120", "high value")
    assert asked.ask("/v1/scores/07946000003?fmt=xml")[0] == 400


def test_answers_are_not_to_be_cached(asked: Service) -> None:
    assert asked.ask("/v1/scores/07946000003")[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method, path", [("GET", "/v1/scores/07946000003"), ("POST", "/v1/scores")])
def test_a_token_with_the_scope_is_needed(asked: Service, asked_centre: Any, method: str, path: str) -> None:
    for token in ("wrong", asked.token + "x", asked.token[:-1]):
        assert asked.ask(path, method=method, body=b"[]", token=token)[0] == 401
    status, headers, body = asked.ask(path, method=method, body=b"[]", token="")
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert b"customer_key" not in body
    assert asked.ask(path, method=method, body=b"[]", scheme="Basic")[0] == 401
    assert asked.ask(path, method=method, body=b"[]", scheme="bearer")[0] == 200
    other = create_token(asked_centre.home, "outcomes")
    assert asked.ask(path, method=method, body=b"[]", token=other)[0] == 403


def test_a_batch_comes_back_in_order(asked: Service, asked_centre: Any) -> None:
    callers = ["07946000005", "anonymous", asked_centre.customer(3), "+447946000005", "\ud800"] * 20
    status, _, body = asked.ask("/v1/scores", method="POST", body=json.dumps(callers).encode())
    assert status == 200
    found = json.loads(body)
    expected = [asked_centre.customer(5), None, asked_centre.customer(3), asked_centre.customer(5), None] * 20
    assert [one["customer_key"] for one in found] == expected
    assert found[0] == asked.score("07946000005")
    assert json.loads(asked.ask("/v1/scores", method="POST", body=b"[]")[2]) == []


@pytest.mark.parametrize(
    "body, status",
    [
        (b"", 400),
        (b"{", 400),
        (b'"+447946000003"', 400),
        (b"[447946000003]", 400),
        (b"[" * 100_000, 400),
        (b"\xff", 400),
        (json.dumps(["1"] * (MAX_BATCH + 1)).encode(), 413),
        (b'["' + b"1" * 600_000 + b'"]', 413),
    ],
)  # fmt: skip
def test_a_bad_batch_is_refused_with_a_reason(asked: Service, body: bytes, status: int) -> None:
    found, _, answer = asked.ask("/v1/scores", method="POST", body=body)
    assert found == status
    assert json.loads(answer)["error"]
    assert asked.score("07946000003")["source"] == "scored"


def test_health_and_readiness_need_no_token(service: Service, centre: Any) -> None:
    assert service.ask("/health", token="")[0] == 200
    status, _, body = service.ask("/ready", token="")
    found = json.loads(body)
    assert status == 200
    assert (found["status"], found["is_stale"], found["scores_count"]) == ("ready", False, 40)
    assert found["data_through_at"] == "2026-01-01T00:00:00Z"
    service.wait_for_version(centre.publish(valid_h=-1).name)
    assert json.loads(service.ask("/ready", token="")[2])["is_stale"] is True
    assert service.score("07946000003")["source"] == "stale"


def test_other_paths_and_methods_are_refused_in_json(asked: Service) -> None:
    for path, method, status in [("/nothing", "GET", 404), ("/v1/scores/1", "DELETE", 405)]:
        found, _, body = asked.ask(path, method=method)
        assert found == status
        assert json.loads(body)["error"]


def test_before_the_first_publication_it_answers_by_default_and_is_not_ready(centre: Any) -> None:
    token = create_token(centre.home)
    running = Service(centre.home)
    running.token = token
    try:
        assert running.ask("/ready")[0] == 503
        assert running.score("07946000003")["source"] == "default"
        running.wait_for_version(centre.publish(priority=9).name)
        assert running.ask("/ready")[0] == 200
        assert running.score("07946000003")["priority"] == 9
    finally:
        running.stop()


def test_a_damaged_publication_changes_nothing(service: Service, centre: Any, damage: Any) -> None:
    before = service.score("07946000003")
    damage(centre.publish(priority=1), "a flipped byte")
    time.sleep(0.8)
    assert service.score("07946000003") == before
    service.wait_for_version(centre.publish(priority=2).name)
    assert "refused" in service.stop()[2]


def test_no_caller_misses_an_answer_while_scores_are_published(service: Service, centre: Any) -> None:
    service.wait_for_version(centre.publish(priority=0, head_start_s=0.0).name)
    done, faults, seen = threading.Event(), [], set()

    def call(who: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        last = 0
        while not done.is_set():
            connection.request("GET", f"/v1/scores/{quote(who)}", headers={"Authorization": f"Bearer {service.token}"})
            answer = connection.getresponse()
            found = json.loads(answer.read())
            right = answer.status == 200 and found["source"] == "scored"
            if not right or found["head_start_s"] != found["priority"] or found["priority"] < last:
                faults.append(found)
            last = max(last, found["priority"])
            seen.add(last)
        connection.close()

    callers = [threading.Thread(target=call, args=(who,)) for who in ("+447946000000", "07946000039")]
    for caller in callers:
        caller.start()
    for i in range(1, 9):
        newest = centre.publish(priority=i, head_start_s=float(i)).name
        time.sleep(0.1)
    service.wait_for_version(newest)
    time.sleep(0.1)
    done.set()
    for caller in callers:
        caller.join()
    assert not faults
    assert 8 in seen
    assert len(seen) >= 3


def test_nothing_about_a_caller_is_logged(service: Service, centre: Any) -> None:
    for form in FORMS:
        service.score(form)
    service.ask("/v1/scores/+447946000003", token="wrong")
    service.ask("/v1/scores", method="POST", body=b'["+447946000003"')
    service.ask("/v1/scores/+447946000003?fmt=xml")
    with socket.create_connection(("127.0.0.1", service.port)) as raw:
        raw.sendall(b"GET /v1/scores/+447946000003 rubbish\r\n\r\n")
        raw.recv(1000)
    tokens_path(centre.home).write_text("rubbish")
    assert service.ask("/v1/scores/+447946000003")[0] == 503
    code, out, log = service.stop()
    assert code == 0
    for text in ("7946", centre.customer(3), service.token):
        assert text not in out + log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_when_told(service: Service, number: int) -> None:
    kept = http.client.HTTPConnection("127.0.0.1", service.port)
    kept.request("GET", "/health")
    kept.getresponse().read()
    started_at = time.monotonic()
    code, out, log = service.stop(number)
    assert (code, out, log) == (0, "stopped\n", "")
    assert time.monotonic() - started_at < 4
    kept.close()


def test_a_port_that_is_taken_is_an_environment_problem(centre: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(EnvironmentProblem, match="cannot listen"):
            serve(centre.home, port=taken.getsockname()[1], region="GB", treatment=DefaultTreatment())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_no_network_without_tls(centre: Any, host: str) -> None:
    with pytest.raises(SettingsError, match="unencrypted"):
        serve(centre.home, host, 0, region="GB", treatment=DefaultTreatment())


def test_loopback_is_what_only_this_machine_reaches() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "10.0.0.1", "", "localhost.example.com"))


def test_half_a_pair_of_tls_files_is_refused(centre: Any, tmp_path: Path) -> None:
    file = tmp_path / "one.pem"
    file.touch()
    with pytest.raises(SettingsError, match="both files"):
        serve(centre.home, port=0, region="GB", treatment=DefaultTreatment(), tls_certificate=file)
    with pytest.raises(SettingsError, match="no such file"):
        serve(
            centre.home,
            port=0,
            region="GB",
            treatment=DefaultTreatment(),
            tls_certificate=file,
            tls_key=tmp_path / "none.pem",
        )


def test_with_tls_files_it_speaks_tls(centre: Any, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key],
        check=True, capture_output=True,
    )  # fmt: skip
    running = Service(centre.home, certificate, key)
    try:
        assert running.url.startswith("https://")
        trust = ssl.create_default_context(cafile=certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=10, context=trust)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        assert running.stop()[0] == 0
