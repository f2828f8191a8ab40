import json
import stat
import threading
from pathlib import Path

import pytest

from pipelines.errors import CallwrightError, SettingsError
from pipelines.router.tokens import SCOPES, TokenBook, create_token, tokens_path


def test_a_token_opens_its_own_scope_only(tmp_path: Path) -> None:
    token = create_token(tmp_path, "scores")
    book = TokenBook(tmp_path)
    assert book.check(token, "scores") == "allowed"
    assert book.check(token, "outcomes") == "no_scope"
    for wrong in ("", token[:-1], token + "x", token.upper(), "é", "\ud800"):
        assert book.check(wrong, "scores") == "unknown"


def test_the_token_itself_is_nowhere_on_disk(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    path = tokens_path(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or token not in file.read_text()
    assert json.loads(path.read_text())["tokens"][0]["scopes"] == ["scores"]


def test_a_running_book_learns_of_new_and_of_withdrawn_tokens(tmp_path: Path) -> None:
    book = TokenBook(tmp_path)
    assert len(book) == 0
    first, second = create_token(tmp_path), create_token(tmp_path, "outcomes")
    assert book.check(first, "scores") == "allowed"
    assert book.check(second, "outcomes") == "allowed"
    tokens_path(tmp_path).unlink()
    assert book.check(first, "scores") == "unknown"


def test_tokens_made_at_once_are_all_kept(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(create_token(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book = TokenBook(tmp_path)
    assert len(set(made)) == len(book) == 8
    assert {book.check(token, "scores") for token in made} == {"allowed"}


def test_an_unknown_scope_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=", ".join(SCOPES)):
        create_token(tmp_path, "everything")
    assert not tokens_path(tmp_path).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"tokens": [1]}', '{"tokens": [{"sha256": 1, "scopes": []}]}'])
def test_a_damaged_file_is_an_error_and_no_open_door(tmp_path: Path, text: str) -> None:
    token = create_token(tmp_path)
    tokens_path(tmp_path).write_text(text)
    with pytest.raises(CallwrightError, match="not a list of tokens"):
        TokenBook(tmp_path).check(token, "scores")
