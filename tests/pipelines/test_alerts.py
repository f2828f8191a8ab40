"""Telling of alerts: once when raised, once when over, once when taken back, and to a webhook that answers or does not.

Belongs here: pipelines/alerts.py. Not here: which alerts there are (tests/sql/test_alerts.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import polars as pl
import pytest

from pipelines.alerts import EVENTS, note_events, tell
from pipelines.session import Session, open_session

LAST_DAY = date(2026, 3, 31)
GARBAGE = -1


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted; answers with the server's status."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))  # type: ignore[attr-defined]
        if self.server.status == GARBAGE:  # type: ignore[attr-defined]
            self.wfile.write(b"not HTTP at all\r\n\r\n")
            return
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Hook)
    server.posted, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def alert(key: str, to: str = "2026-03-30", is_open: bool = True, text: str = "Late") -> dict[str, Any]:
    return {
        "alert_key": key, "kind": "outside_limits", "subject": "sales", "raised_date": date.fromisoformat(to),
        "to_date": date.fromisoformat(to), "is_open": is_open, "text_en": text, "text_zh": "晚",
    }  # fmt: skip


ALERT = list(alert("a"))


def next_run(session: Session, number: int, *alerts: dict[str, Any]) -> list[str]:
    """What a run tells that finds these alerts."""
    schema = {"raised_date": pl.Date, "to_date": pl.Date, "is_open": pl.Boolean}
    frame = pl.DataFrame(alerts, schema={name: schema.get(name, pl.String) for name in ALERT})
    session.warehouse.write_frame("meta.alerts", frame, str(number))
    note_events(session.warehouse)
    tell(session)
    return session.alerts


@pytest.fixture
def session(centre: Any) -> Iterator[Session]:
    with open_session(centre.home, {}, (), "test") as opened:
        opened.warehouse.write_frame("core.contacts", pl.DataFrame({"business_date": [LAST_DAY]}), "1")
        yield opened


def with_hook(centre: Any, url: str) -> None:
    text = centre.home.settings_path.read_text()
    centre.write("callwright.toml", text.replace('#webhook = "https://example.org/hook"', f'webhook = "{url}"'))


def test_an_alert_is_told_when_it_is_raised_and_when_it_is_over_and_never_between(session):
    assert next_run(session, 1, alert("a")) == ["raised: Late"]
    assert next_run(session, 2, alert("a", "2026-03-31")) == []
    assert next_run(session, 3, alert("a", is_open=False)) == ["over: Late"]
    assert next_run(session, 4, alert("a", is_open=False)) == []


def test_what_late_records_take_back_is_told_and_may_be_raised_again(session):
    assert next_run(session, 1, alert("a"), alert("b", text="Busy")) == ["raised: Late", "raised: Busy"]
    assert next_run(session, 2, alert("b", text="Busy")) == ["withdrawn: Late"]
    assert next_run(session, 3, alert("b", text="Busy"), alert("a")) == ["raised: Late"]


def test_history_that_is_seen_for_the_first_time_is_noted_and_told_to_nobody(session):
    assert next_run(session, 1, alert("a", "2026-03-16", False), alert("b", "2026-03-17", False, "Busy")) == [
        "raised: Busy"
    ]
    found = session.warehouse.con.execute(f"select alert_key, is_recent from {EVENTS} order by 1").fetchall()
    assert found == [("a", False), ("b", True)]
    # What goes on is news, however long ago it began.
    assert next_run(session, 2, alert("c", "2026-01-01", True, "Old")) == ["raised: Old", "withdrawn: Busy"]


def test_the_same_alerts_again_are_no_work(session):
    next_run(session, 1, alert("a"))
    assert not note_events(session.warehouse).is_fresh


def test_the_webhook_is_told_what_the_run_tells(centre, hook):
    with_hook(centre, hook.url)
    with open_session(centre.home, {}, (), "test") as opened:
        opened.warehouse.write_frame("core.contacts", pl.DataFrame({"business_date": [LAST_DAY]}), "1")
        next_run(opened, 1, alert("a"))
        next_run(opened, 2, alert("a"))
    (posted,) = hook.posted
    assert posted["text"].splitlines()[1:] == ["raised: Late"]
    (one,) = posted["alerts"]
    assert (one["event"], one["raised_date"], one["text_zh"]) == ("raised", "2026-03-30", "晚")


@pytest.mark.parametrize(("status", "said"), [(503, "503"), (GARBAGE, "not HTTP")])
def test_a_webhook_that_does_not_answer_fails_nothing_and_is_told_by_the_next_run(centre, hook, status, said):
    with_hook(centre, hook.url)
    hook.status = status
    with open_session(centre.home, {}, (), "test") as opened:
        opened.warehouse.write_frame("core.contacts", pl.DataFrame({"business_date": [LAST_DAY]}), "1")
        told = next_run(opened, 1, alert("a"))
        assert told[0] == "raised: Late"
        assert said in told[1]
        hook.status = 200
        assert next_run(opened, 2, alert("a")) == ["raised: Late"]
        assert next_run(opened, 3, alert("a")) == []
    assert len(hook.posted) == 2
