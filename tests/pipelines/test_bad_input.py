"""Input that no reader can use: each is named, the rest of the run goes on, and every line is accounted for."""

from __future__ import annotations

import gzip
import io
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import EnvironmentProblem
from pipelines.ingest import ingest_source, readers
from pipelines.lake import Lake, Segment
from pipelines.landing import landed_files, odd_things
from pipelines.machine import machine_problem
from pipelines.recognise import try_readers
from pipelines.settings import load_settings
from pipelines.status import refused_files, unrecognised_files

LOG = "asterisk_queue_log"
ORDERS = "crm_orders"
GOOD = "1795319860|1.1|std|NONE|ABANDON|1|1|9\n"
CSV = "order_id,customer_id,ordered_at,amount\n"
ORDER = "O{0},C1,2026-01-01,5\n"
CDR = (
    '"","+447946000037","600","from-trunk","""Zoe"" <+447946000037>","SIP/t-1","SIP/a-2","Queue","std",'
    '"2026-11-22 09:00:00","2026-11-22 09:00:05","2026-11-22 09:01:00","60","55","ANSWERED","DOCUMENTATION"\n'
)
CALLWRIGHT = Path(sys.executable).with_name("callwright")


def ingest(centre: Any, source: str) -> Any:
    reader = readers(load_settings(centre.path), centre.home)[source]
    return ingest_source(Lake(centre.home.lake, centre.home.landing), reader, centre.home)


def segments(centre: Any) -> list[Segment]:
    return Lake(centre.home.lake, centre.home.landing).all_segments()


def workbook(table: list[list[str]]) -> bytes:
    """The least that is a workbook of one sheet."""
    base = "http://schemas.openxmlformats.org"
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in table
    )
    kinds = f"{base}/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{base}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{base}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kinds}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{base}/spreadsheetml/2006/main" xmlns:r="{kinds}">'
        '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{base}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kinds}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{base}/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return made.getvalue()


def adds_up(centre: Any) -> bool:
    return all(s.line_count == s.row_count + s.rejected_count + sum(s.ignored.values()) for s in segments(centre))


def told_of(centre: Any) -> list[str]:
    lake = Lake(centre.home.lake, centre.home.landing)
    return unrecognised_files(lake, readers(load_settings(centre.path), centre.home), centre.home)


@pytest.mark.parametrize("source", [LOG, "asterisk_cdr", "asterisk_cel", ORDERS, "crm_customers"])
@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet", "a.jsonl", "a"])
def test_binary_rubbish_gives_no_row_and_one_clear_line(centre: Any, source: str, name: str) -> None:
    rubbish = bytes(range(1, 256)) * 40
    centre.land(source, name, rubbish)
    report = ingest(centre, source)
    assert report.row_count == 0
    assert report.rejected_count > 0
    assert [p for p in report.problems if p.startswith(f"{source}/{name}: ")] == report.problems != []
    assert adds_up(centre)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.xlsx", "a.parquet"])
def test_an_upload_that_is_cut_off_is_refused_and_read_once_it_is_whole(centre: Any, name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"order_id": ["O1"], "customer_id": ["C1"], "ordered_at": ["2026-01-01"], "amount": ["5"]})
    if name.endswith(".parquet"):
        frame.write_parquet(tmp_path / name)
        whole = (tmp_path / name).read_bytes()
    elif name.endswith(".xlsx"):
        whole = workbook([frame.columns, *map(list, frame.rows())])
    else:
        whole = gzip.compress((CSV + ORDER.format(1)).encode())
    centre.land(ORDERS, name, whole[: len(whole) // 2])
    centre.land(ORDERS, "other.csv", CSV + ORDER.format(2))
    first = ingest(centre, ORDERS)
    assert (first.row_count, first.rejected_count) == (1, 1)
    assert first.problems[0].startswith(f"{ORDERS}/{name}: ")
    centre.land(ORDERS, name, whole)
    assert ingest(centre, ORDERS).row_count == 1
    assert sum(s.rejected_count for s in segments(centre)) == 0


def test_half_a_table_gives_way_to_the_whole_when_it_has_arrived(centre: Any) -> None:
    whole = CSV + "".join(ORDER.format(n) for n in range(20)) + "O20,C1,2026-01-01,1234\n"
    centre.land(ORDERS, "a.csv", whole[:-3])  # the last amount is 12 so far
    assert ingest(centre, ORDERS).row_count == 21
    centre.land(ORDERS, "a.csv", whole)
    assert ingest(centre, ORDERS).row_count == 21
    assert [s.row_count for s in segments(centre)] == [21]
    (segment,) = segments(centre)
    rows = pl.read_parquet(Lake(centre.home.lake, centre.home.landing).rows_path(segment))
    assert (rows.height, rows["amount"].max()) == (21, 1234)


def test_a_table_that_was_overwritten_keeps_what_was_read_before(centre: Any) -> None:
    for number in (1, 2):
        centre.land(ORDERS, "a.csv", CSV + ORDER.format(number))
        ingest(centre, ORDERS)
    assert [s.row_count for s in segments(centre)] == [1, 1]


@pytest.mark.parametrize("source", [LOG, "asterisk_cdr"])
def test_a_line_of_100_mb_is_one_reject_and_its_neighbours_are_rows(centre: Any, source: str) -> None:
    good = {LOG: GOOD, "asterisk_cdr": CDR}[source]
    other = good.replace("1795319860", "1795319861").replace("09:00:00", "08:59:00")
    centre.land(source, "a.csv", good.encode() + b"x" * 100_000_000 + b"\n" + other.encode())
    report = ingest(centre, source)
    assert (report.row_count, report.rejected_count) == (2, 1)
    assert adds_up(centre)


def test_a_table_with_a_line_of_100_mb_is_refused_and_the_others_are_read(centre: Any) -> None:
    centre.land(ORDERS, "a.csv", (CSV + ORDER.format(1)).encode() + b"x" * 100_000_000 + b"\n")
    centre.land(ORDERS, "b.csv", CSV + ORDER.format(2))
    report = ingest(centre, ORDERS)
    assert (report.row_count, report.rejected_count) == (1, 1)
    assert report.problems[0].startswith(f"{ORDERS}/a.csv: ")
    assert len(report.problems[0]) < 500
    assert adds_up(centre)


def test_an_empty_table_is_refused_and_an_empty_log_has_no_lines(centre: Any) -> None:
    centre.land(ORDERS, "a.csv", "")
    centre.land(ORDERS, "b.csv", CSV + ORDER.format(1))
    centre.land(LOG, "queue_log", "")
    report = ingest(centre, ORDERS)
    assert (report.row_count, report.problems) == (1, [f"{ORDERS}/a.csv: a.csv: the file is empty"])
    assert ingest(centre, LOG).problems == []
    assert ingest(centre, LOG).file_count == 0


def test_what_only_looks_like_a_file_is_named_and_never_opened(centre: Any, monkeypatch: Any) -> None:
    folder = centre.home.landing_of(LOG)
    centre.land(LOG, "queue_log", GOOD)
    os.mkfifo(folder / "pipe")
    (folder / "dangling").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "elsewhere").symlink_to(centre.home.landing_of(ORDERS))
    (folder / "device").symlink_to("/dev/zero")
    centre.land(LOG, "old.csv/queue_log.1", GOOD.replace("1.1", "2.1"))
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        report = ingest(centre, LOG)
    assert report.row_count == 2
    assert report.problems == [
        f"{LOG}/dangling: a symbolic link to nothing",
        f"{LOG}/device: a device, not a file",
        f"{LOG}/elsewhere: a symbolic link to a folder; such links are not followed",
        f"{LOG}/loop: a symbolic link that leads back to itself",
        f"{LOG}/old.csv: a folder with the name of a file; the files in it are read",
        f"{LOG}/pipe: a named pipe, not a file",
        f"{LOG}/socket: a socket, not a file",
    ]


def test_a_link_to_a_file_is_read_as_the_file(centre: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(GOOD)
    (centre.home.landing_of(LOG) / "queue_log").symlink_to(tmp_path / "log")
    assert ingest(centre, LOG).row_count == 1


def test_uploads_under_way_wait_and_are_nothing_odd(centre: Any) -> None:
    for name in (".queue_log.Xy12", "queue_log.part", "a.tmp", "~a", "a.filepart", "a.crdownload", ".~tmp~/queue_log"):
        centre.land(LOG, name, GOOD)
    assert list(landed_files(centre.home.landing)) == []
    assert odd_things(centre.home.landing) == []


def as_nobody(code: str, *arguments: object) -> str:
    """What Python prints when it runs as the user nobody, whom permissions bind."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    # What is imported before the change may lie where nobody can read.
    imports = (
        "import os, sys, polars, pyarrow.parquet\nfrom pathlib import Path\nfrom pipelines.home import Home\n"
        "from pipelines.ingest import ingest_source, readers\nfrom pipelines.lake import Lake\n"
        "from pipelines.settings import load_settings\n"
        "home = Home(Path(sys.argv[1]))\nreader = readers(load_settings(home.path), home)['asterisk_queue_log']\n"
        "os.setegid(65534); os.seteuid(65534)\n"
    )
    script = imports + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=120,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_and_a_folder_without_permission_are_named_and_read_later(make_centre: Any) -> None:
    # Below pytest's own folder, which only its user may enter, nobody could read anything.
    with tempfile.TemporaryDirectory() as name:
        centre = make_centre(Path(name) / "home")
        closed = centre.land(LOG, "closed", GOOD)
        centre.land(LOG, "open", GOOD.replace("1.1", "2.1"))
        centre.land(LOG, "folder/queue_log", GOOD.replace("1.1", "3.1"))
        for path in [Path(name), *Path(name).rglob("*")]:
            os.chmod(path, 0o777 if path.is_dir() else 0o644)
            if os.geteuid() == 0:
                shutil.chown(path, 65534, 65534)
        closed.chmod(0)
        (closed.parent / "folder").chmod(0)
        told = as_nobody(
            """
            report = ingest_source(Lake(home.lake, home.landing), reader, home)
            print(report.row_count, *report.problems, sep="\\n")
            """,
            centre.path,
        )
        assert told.splitlines() == [
            "1",
            f"{LOG}/closed: no permission to read it",
            f"{LOG}/folder: the folder cannot be read: Permission denied",
        ]
        assert ingest(centre, LOG).row_count == 2  # root may, or whoever mends the permissions


def test_a_file_in_the_wrong_folder_is_named_with_the_source_that_would_take_it(centre: Any) -> None:
    centre.land(LOG, "Master.csv", CDR * 20)
    centre.land(ORDERS, "queue_log.csv", GOOD * 20)
    assert (
        ingest(centre, LOG).problems[0].startswith(f"{LOG}/Master.csv: 20 of 20 lines rejected, most often: not a qu")
    )
    assert ingest(centre, ORDERS).row_count == 0
    told = told_of(centre)
    assert len(told) == 2
    assert told[0].startswith(
        f"{LOG}/Master.csv: 20 of 20 lines rejected; looks like asterisk_cdr: move it to landing/"
    )
    assert told[1].startswith(f"{ORDERS}/queue_log.csv: ")
    assert told[1].endswith(f"looks like {LOG}: move it to landing/{LOG}/")


def test_a_file_that_nobody_recognises_is_named_with_the_reason_of_each_reader(centre: Any) -> None:
    centre.land(LOG, "letter.txt", "Dear Sir or Madam,\nplease find enclosed\nnothing.\n")
    ingest(centre, LOG)
    (told,) = told_of(centre)
    known = readers(load_settings(centre.path), centre.home)
    assert "no reader takes it" in told
    assert [source for source in known if source != LOG and f"{source}: " not in told] == []
    assert "crm_orders: required column missing: order_id" in told


def test_a_file_beside_the_folders_or_in_an_unknown_one_is_named_with_its_source(centre: Any) -> None:
    (centre.home.landing / "queue_log").write_text(GOOD)
    centre.land("orders", "a.csv", CSV + ORDER.format(1))
    assert told_of(centre) == [
        f"queue_log: it stands in no source's folder; looks like {LOG}: move it to landing/{LOG}/",
        f"orders/a.csv: it stands in no source's folder; looks like {ORDERS}: move it to landing/{ORDERS}/",
    ]


def test_a_refused_file_that_was_taken_away_is_not_spoken_of_any_more(centre: Any) -> None:
    path = centre.land(ORDERS, "a.csv", "id,when\n1,2\n")
    ingest(centre, ORDERS)
    lake, known = Lake(centre.home.lake, centre.home.landing), readers(load_settings(centre.path), centre.home)
    assert refused_files(lake, known)[0].startswith(f"{ORDERS}/a.csv: ")
    path.unlink()
    assert refused_files(lake, known) == []
    assert told_of(centre) == []


def test_the_beginning_of_a_file_is_enough_to_know_it_by(centre: Any) -> None:
    path = centre.land(ORDERS, "long", GOOD * 10_000)
    known = readers(load_settings(centre.path), centre.home)
    verdicts = {v.source: v for v in try_readers(path, known)}
    assert [source for source, v in verdicts.items() if v.takes_it] == [LOG]
    assert verdicts[LOG].row_count == (1 << 16) // len(GOOD)


def test_a_reader_that_fails_costs_one_file_only(centre: Any, monkeypatch: Any) -> None:
    reader = readers(load_settings(centre.path), centre.home)[LOG]
    parse = type(reader).parse

    def fails_on_b(self: Any, lines: Any, first_line: int) -> Any:
        if "b.b" in lines.texts[0]:
            raise KeyError("no such thing")
        return parse(self, lines, first_line)

    monkeypatch.setattr(type(reader), "parse", fails_on_b)
    for name in "abc":
        centre.land(LOG, name, GOOD.replace("1.1", f"{name}.{name}"))
    report = ingest(centre, LOG)
    assert report.row_count == 2
    assert report.problems == [f"{LOG}/b: its reader could not read it (KeyError: 'no such thing')"]


# --- a full disk -----------------------------------------------------------------------------------------

INGEST = """
import resource, sys
from pathlib import Path
from pipelines.errors import EnvironmentProblem
from pipelines.home import Home
from pipelines.ingest import ingest_source, readers
from pipelines.lake import Lake
from pipelines.settings import load_settings
home, source, limit = Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
reader = readers(load_settings(home.path), home)[source]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    ingest_source(Lake(home.lake, home.landing), reader, home)
except EnvironmentProblem as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("limit", [1_000, 50_000])
@pytest.mark.parametrize("source", [LOG, ORDERS])
def test_a_full_disk_stops_with_five_and_the_next_run_takes_everything_in(centre: Any, source: str, limit: int) -> None:
    count = 50_000
    if source == LOG:
        text = "".join(f"{1795319860 + n}|{n * 7919 % 99991}.{n}|std|NONE|ABANDON|1|1|9\n" for n in range(count))
    else:
        text = CSV + "".join(f"O{n * 7919 % 99991},C{n},2026-01-01,{n}\n" for n in range(count))
    centre.land(source, "a.csv", text)
    done = subprocess.run(
        [sys.executable, "-c", INGEST, str(centre.path), source, str(limit)], capture_output=True, text=True,
        timeout=120, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == EnvironmentProblem.exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert segments(centre) == []
    assert ingest(centre, source).row_count == count
    assert adds_up(centre)
    assert list((centre.home.lake / "tmp").iterdir()) == []


def test_a_run_on_a_full_disk_ends_with_five_and_the_next_one_publishes(centre: Any) -> None:
    lines = (f"{1795319860 + n}|{n * 7919 % 9973}.{n}|std|NONE|ABANDON|1|1|9\n" for n in range(99))
    centre.land(LOG, "queue_log", "".join(lines))
    command = [str(CALLWRIGHT), "run", "--home", str(centre.path)]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    failed = subprocess.run(command, capture_output=True, text=True, timeout=300, preexec_fn=limited)
    assert failed.returncode == EnvironmentProblem.exit_code, failed.stderr
    assert "free some space" in failed.stderr
    assert not centre.home.current_snapshot.exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert centre.published("select sum(row_count), sum(rejected_count) from meta.source_files") == [(99, 0)]


@pytest.mark.parametrize("error", [ValueError("no"), PermissionError(13, "Permission denied"), KeyError("x")])
def test_other_errors_are_no_problem_of_the_machine(error: Exception) -> None:
    assert machine_problem(error) is None
