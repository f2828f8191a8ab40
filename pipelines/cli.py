"""The `callwright` command: options in, one function called, its result printed, an exit code out.

Belongs here: options, help with examples, exit codes. Does not belong here: what a command does. What is slow to
import is imported in the command that needs it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import typer

from pipelines.errors import CallwrightError, EnvironmentProblem, Stale

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="callwright",
    help="Turns a contact centre's call records into decisions: KPIs, customer scores for the live router, dashboards.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
db_app = typer.Typer(no_args_is_help=True, help="The published DuckDB file.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens for the router's look-up service.")
app.add_typer(db_app, name="db")
app.add_typer(token_app, name="token")

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="The centre's home; else CALLWRIGHT_HOME, else data/home.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turns our errors into a message on stderr and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from pipelines import terminal

        try:
            return command(*args, **kwargs)
        except CallwrightError as error:
            terminal.fail(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of our output has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except Exception as error:
            from pipelines.machine import machine_problem

            problem = machine_problem(error)
            if problem is None:
                raise
            terminal.fail(problem)
            raise typer.Exit(problem.exit_code) from None

    return run


def _home(option: Path | None) -> Any:
    from pipelines.home import open_home
    from pipelines.settings import resolve_home

    return open_home(resolve_home(option))


def _examples(*lines: str) -> str:
    return "[bold]Examples[/]\n\n" + "\n\n".join(f"  {line}" for line in lines)


# --- making and running ----------------------------------------------------------------------------------


@app.command(epilog=_examples("callwright init --home data/home --timezone Europe/Berlin --region DE --currency EUR"))
@_guarded
def init(
    home: HomeOption = None,
    name: Annotated[str | None, typer.Option(help="The centre's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its IANA time zone.")] = None,
    region: Annotated[str | None, typer.Option(help="Default country of phone numbers, two letters.")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency, three letters.")] = None,
) -> None:
    """Make a home: callwright.toml, landing folders, keys. An existing home is left as it is."""
    from pipelines.home import init_home
    from pipelines.settings import resolve_home
    from pipelines.terminal import err, out

    path = resolve_home(home)
    if init_home(path, name, timezone, region, currency):
        out.print(f"made {path}")
        err.print(
            f"next: look through {path / 'callwright.toml'}, put files into {path / 'landing'}/<source>/, then type:"
        )
        err.print(f"callwright run --home {path}")
    else:
        err.print(f"{path} is a home already; nothing was changed")


@app.command(
    epilog=_examples(
        "callwright run --home data/home", "CALLWRIGHT_HOME=data/home callwright run", "callwright run --retry-rejects"
    )
)
@_guarded
def run(
    home: HomeOption = None,
    retry_rejects: Annotated[
        bool, typer.Option("--retry-rejects", help="Read the files that have rejects again, whole.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Do everything that is new: landed files, tables, checks, models, the published file, the router's scores."""
    from pipelines import terminal
    from pipelines.run import run_home

    opened = _home(home)
    with terminal.progress("run") as progress:
        report = _retry(opened, progress) if retry_rejects else run_home(opened, progress)
    if json:
        _print_json(_report_object(report))
    else:
        _print_report(opened, report)


def _retry(home: Any, progress: Callable[[str], None]) -> Any:
    from rich.markup import escape

    from pipelines.reread import retry_rejects
    from pipelines.terminal import err

    found = retry_rejects(home, progress)
    err.print(f"read again, whole: {escape(', '.join(found.files)) or 'nothing'}", soft_wrap=True)
    for name in found.kept:
        err.print(f"[yellow]left as it is:[/] {escape(name)}: landing does not hold all of it any more", soft_wrap=True)
    return found.report


@app.command(epilog=_examples("callwright rebuild crm_orders --home data/home"))
@_guarded
def rebuild(
    sources: Annotated[list[str], typer.Argument(help="Landing folders to read anew.")],
    home: HomeOption = None,
    forget_missing: Annotated[
        bool, typer.Option("--forget-missing", help="Also forget the rows of files that are gone.")
    ] = False,
) -> None:
    """Forget what was read of a source, and read its landing folder as it stands: after a file was mended or removed.

    Where rows would be lost because their file is gone, such as a log that was rotated away, the files are named and
    nothing is changed, unless --forget-missing is given.
    """
    from pipelines import terminal
    from pipelines.reread import rebuild_sources

    opened = _home(home)
    with terminal.progress("rebuild") as progress:
        report = rebuild_sources(opened, sources, forget_missing, progress)
    _print_report(opened, report)


@app.command(
    epilog=_examples(
        "callwright rejects", 'callwright rejects --source crm_orders --reason "not a time"',
        "callwright rejects --file 'orders*.csv' --csv --limit 0 > rejects.csv",
    )
)  # fmt: skip
@_guarded
def rejects(
    home: HomeOption = None,
    source: Annotated[str | None, typer.Option(help="Only of this landing folder.", show_default=False)] = None,
    file: Annotated[
        str | None, typer.Option(help="Only of this file, or of all that match, such as *.csv.", show_default=False)
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only where the reason contains this.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="At most so many lines; 0: all.", min=0)] = 20,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="The lines as they are, with personal data; from the private lake.")
    ] = False,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Show the lines that could not be read: counts by file and reason, then the lines, letters and digits masked."""
    from pipelines import terminal
    from pipelines.rejects import COLUMNS, GROUP_COLUMNS, find_rejects

    found = find_rejects(_home(home), source, file, reason, limit or None, unmasked)
    if json:
        objects = {"total": found.total, "groups": (GROUP_COLUMNS, found.groups), "rejects": (COLUMNS, found.lines)}
        _print_json({
            key: [dict(zip(value[0], row, strict=True)) for row in value[1]] if isinstance(value, tuple) else value
            for key, value in objects.items()
        })  # fmt: skip
    elif csv:
        terminal.print_rows(COLUMNS, found.lines, "csv")
    elif not found.total:
        terminal.out.print("no rejects")
    else:
        terminal.print_table(GROUP_COLUMNS, found.groups, f"{found.total:,} rejects")
        terminal.print_table(COLUMNS, found.lines)
        if len(found.lines) < found.total:
            terminal.err.print(f"{found.total - len(found.lines):,} more; --limit 0 shows all")


def _report_object(report: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "is_new": report.is_new, "snapshot": report.snapshot, "scores_version": report.scores_version,
        "sources": [asdict(r) for r in report.reports if r.file_count],
        "warnings": [r.to_row() for r in report.warnings],
        "unclaimed_folders": report.unclaimed, "alerts": report.alerts,
    }  # fmt: skip


def _print_report(home: Any, report: Any) -> None:
    from rich.markup import escape

    from pipelines.contracts.results import explain_failures
    from pipelines.terminal import err, out, print_table

    read = [r for r in report.reports if r.file_count]
    if read:
        columns = ["source", "files", "lines", "rows", "ignored", "rejects"]
        rows = [(r.source, r.file_count, r.line_count, r.row_count, r.ignored_count, r.rejected_count) for r in read]
        print_table(columns, rows, "Read")
    for problem in [p for r in report.reports for p in r.problems]:
        err.print(f"[yellow]not read:[/] {escape(problem)}")
    for folder in report.unclaimed:
        err.print(
            f"[yellow]not read:[/] landing/{escape(folder)}/ belongs to no source;"
            f" add \\[sources.{escape(folder)}] to callwright.toml"
        )
    if report.warnings:
        err.print(escape(explain_failures(report.warnings)))
    for alert in report.alerts:
        out.print(f"alert {escape(alert)}", soft_wrap=True)
    said = "published" if report.is_new else "nothing new; published is still"
    out.print(f"{said} {report.snapshot}, scores {report.scores_version}")


@app.command(
    epilog=_examples(
        "callwright demo", "callwright demo --answers", "callwright demo --sample",
        "callwright demo --home /tmp/demo --days 60      a shorter year, for a quick look",
    )
)  # fmt: skip
@_guarded
def demo(
    home: Annotated[
        Path | None,
        typer.Option("--home", help="Where; else data/demo, and data/sample-demo for the sample.", show_default=False),
    ] = None,
    answers: Annotated[
        bool, typer.Option("--answers", help="Print what is planted, and what was found of it.")
    ] = False,
    sample: Annotated[
        bool, typer.Option("--sample", help="The committed sample, an Asterisk's own files, instead of a year.")
    ] = False,
    days: Annotated[int | None, typer.Option(help="Fewer days than the year.", min=1, show_default="365")] = None,
    seed: Annotated[int | None, typer.Option(help="Another year: another seed.", min=0, show_default="1")] = None,
) -> None:
    """The guided first run: simulate a centre's year, run the pipeline over it, say what to look at, and ask riddles.

    The same again does nothing that is done, and prints it all once more. Nothing is ever deleted.
    """
    from pipelines import demo as first_run
    from pipelines import demo_text, hunt, terminal
    from pipelines.home import Home
    from pipelines.run import run_home

    if sample and (answers or days or seed is not None):
        raise typer.BadParameter("the sample has neither answers nor days nor a seed")
    if answers:
        demo_text.print_answers(hunt.answers(Home((home or first_run.DEMO_HOME).absolute())))
        return
    with terminal.progress("demo") as progress:
        if sample:
            made = first_run.make_sample_home(home or first_run.SAMPLE_HOME)
        else:
            made = first_run.make_demo_home(home or first_run.DEMO_HOME, days or first_run.DAYS, seed, progress)
        report = run_home(made, progress)
    where = _shortest(made.path)
    if sample:
        _print_report(made, report)
        demo_text.print_sample(made, where)
    else:
        demo_text.print_year(made, report, where)


def _shortest(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@app.command(
    epilog=_examples(
        "callwright simulate --home data/year --days 365 --seed 7",
        "callwright simulate --home data/year --days 400 --seed 7      36 days more",
        "callwright simulate --home data/big --days 7 --seed 1 --seats 1000",
        "callwright simulate --home data/own --days 30 --seed 1 --scenario own.toml",
    )
)
@_guarded
def simulate(
    home: HomeOption = None,
    days: Annotated[int, typer.Option(help="How many local days, from the scenario's first on.", min=1)] = 365,
    seed: Annotated[int, typer.Option(help="The root of all chance; the same seed gives the same bytes.", min=0)] = 1,
    seats: Annotated[
        int | None,
        typer.Option(
            help="Workplaces, instead of the scenario's. Agents, customers and contacts grow with them; shifts, skills"
            " and all else stay. For a large centre's own ways see large.toml.",
            min=1,
            show_default=False,
        ),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help="A TOML file laid over the default scenario.", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Simulate a contact centre into a home: the files that real systems write, and the truth beside them.

    A new home is made, with its settings. The same again changes nothing; more days add to the files. What really
    happened is in HOME/truth, which no run reads; facts.toml there tells what was planted, and the query that finds it.
    """
    from pipelines import terminal
    from pipelines.settings import resolve_home
    from pipelines.simulate.run import simulate as simulate_home
    from pipelines.simulate.scenario import load_scenario

    path, wanted = resolve_home(home), load_scenario(scenario, seats)
    with terminal.progress("simulate") as progress:
        done = simulate_home(path, wanted, days, seed, progress)
    if json:
        counts = [{"source": s, "outcome": o, "contact_count": n} for (s, o), n in sorted(done.counts.items())]
        _print_json({"home": str(path), "is_new": done.is_new, "day_count": done.day_count, "counts": counts})
        return
    if done.is_new:
        rows = [(source, outcome, count) for (source, outcome), count in sorted(done.counts.items())]
        terminal.print_table(["source", "outcome", "contacts"], rows, f"Simulated, {done.day_count} days")
    else:
        terminal.out.print(f"all {done.day_count} days are there already; nothing was changed")
    at, size_mb = _shortest(done.home.path), sum(done.files.values()) / 1e6
    terminal.out.print(f"{len(done.files):,} files, {size_mb:,.1f} MB, in {at}/landing", soft_wrap=True)
    terminal.out.print(f"what was planted, to be found: {_shortest(done.facts_path)}", soft_wrap=True)
    terminal.err.print("next, type:")
    terminal.err.print(f"callwright run --home {at}", soft_wrap=True)


# --- asking ----------------------------------------------------------------------------------------------


@app.command(
    epilog=_examples(
        "callwright sql \"select * from kpi_service_level(date '2026-11-22', date '2026-11-22')\"",
        'callwright sql --csv "from kpi.queue_day" > queue_day.csv',
        "callwright sql            a prompt; end a query with ;",
    )
)
@_guarded
def sql(
    query: Annotated[str | None, typer.Argument(help="The query; none opens a prompt.", show_default=False)] = None,
    home: HomeOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Ask the published file in SQL: read-only, and without access to other files."""
    from pipelines import ask
    from pipelines.terminal import print_rows

    opened = _home(home)
    form = "json" if json else "csv" if csv else "table"
    if query is None and sys.stdin.isatty():
        ask.prompt(opened)
        return
    columns, rows = ask.query(opened, query if query is not None else sys.stdin.read())
    print_rows(columns, rows, form)


@app.command(
    epilog=_examples(
        "callwright reproduce wazo --from 2026-11-22 --to 2026-11-22",
        "callwright reproduce asterisk --from 2026-11-22 --to 2026-11-22 --queue std",
        "callwright reproduce nethvoice --from 2026-11-01 --to 2026-11-30 --threshold 60 --csv > nethvoice.csv",
    )
)
@_guarded
def reproduce(
    system: Annotated[str, typer.Argument(help="asterisk, wazo, nethvoice, amazon, genesys or cisco.")],
    from_date: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day.")],
    to_date: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day.")],
    queue: Annotated[str | None, typer.Option(help="Only this queue.", show_default=False)] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Their threshold, seconds; else each queue's own.", min=0, show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Print what another system would show of the same calls by its own rules, beside ours, and why they differ."""
    from pipelines import reproduce as other
    from pipelines import terminal

    first, last = from_date.date(), to_date.date()
    found = other.reproduce(_home(home), system, first, last, queue, threshold)
    of = f"{first} to {last}, {queue or 'all queues'}"
    if not found.rows:
        terminal.err.print(f"no visits to queues: {of}", markup=False)
    if json or csv:
        terminal.print_rows(other.COLUMNS, found.rows, "json" if json else "csv")
    elif found.rows:
        terminal.print_table(*other.shown(found.rows), f"{found.system.name}, {of}")
        for note in found.system.notes:
            terminal.out.print(note, markup=False, soft_wrap=True)


@db_app.command("path", epilog=_examples('duckdb -readonly "$(callwright db path)"'))
@_guarded
def db_path(home: HomeOption = None) -> None:
    """Print the real path of the published file."""
    from pipelines.published import current_snapshot

    typer.echo(current_snapshot(_home(home)).path)


@app.command(epilog=_examples("callwright explain service_level", "callwright explain            every metric"))
@_guarded
def explain(
    metric: Annotated[str | None, typer.Argument(help="A metric; none lists them all.", show_default=False)] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say what a metric is, how it is computed, what it is this week, and how it differs from its variants."""
    from pipelines import explain as explanations
    from pipelines import terminal

    opened = _home_or_none(home)
    currency = _currency(opened)
    if metric is not None:
        found = explanations.explain(opened, metric)
        _print_json(found.as_json()) if json else typer.echo(explanations.as_text(found, currency))
        return
    period, figures = explanations.overview(opened)
    shown = [(m.id, m.label["en"], explanations.value_text(m.unit, f.value, currency), f.n or 0) for m, f in figures]
    if json:
        _print_json([{"metric": m.id, "label": m.label["en"], "unit": m.unit, "value": f.value} for m, f in figures])
        return
    days = f"{period[0]} to {period[1]}" if period else "nothing is published yet"
    terminal.print_table(["metric", "label", "value", "n"], shown, days)


def _home_or_none(option: Path | None) -> Any:
    """A home where there is one: what a metric means can be told without."""
    from pipelines.errors import CallwrightError

    try:
        return _home(option)
    except CallwrightError:
        if option is not None:
            raise
        return None


def _currency(home: Any) -> str:
    from pipelines.settings import load_settings

    return load_settings(home.path).centre.currency if home else ""


@app.command(epilog=_examples("callwright status", "callwright status --json"))
@_guarded
def status(home: HomeOption = None, json: JsonOption = False) -> None:
    """Say how fresh the published data and scores are; exit code 4 when they are stale."""
    from pipelines.status import home_status
    from pipelines.terminal import print_figures

    found = home_status(_home(home))
    if json:
        _print_json(found.figures)
    else:
        print_figures(found.figures)
    if found.is_stale:
        raise Stale(
            "the published data or scores are older than the centre allows",
            "land newer files, then type: callwright run",
        )


@app.command(epilog=_examples("callwright doctor --home data/home"))
@_guarded
def doctor(home: HomeOption = None, json: JsonOption = False) -> None:
    """Look at the machine and the home, and say what to mend; the exit code is that of the first fault."""
    from dataclasses import asdict

    from rich.markup import escape

    from pipelines.settings import resolve_home
    from pipelines.status import examine, worst
    from pipelines.terminal import out

    findings = examine(resolve_home(home))
    if json:
        _print_json([asdict(f) for f in findings])
    else:
        for f in findings:
            mark = {True: "[green]✔[/]", False: "[red]✖[/]", None: "[yellow]•[/]"}[f.is_well]
            fix = f"\n    → {escape(f.fix)}" if f.is_well is not True and f.fix else ""
            out.print(f"{mark} {escape(f.name)}: {escape(f.found)}{fix}", soft_wrap=True)
    if worst(findings):
        raise typer.Exit(worst(findings))


# --- the router ------------------------------------------------------------------------------------------


@app.command(epilog=_examples("callwright score +447946000037", "callwright score --json 07946000037 anonymous"))
@_guarded
def score(
    numbers: Annotated[list[str], typer.Argument(help="Callers' numbers, in any written form.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Print what the router is told of callers; an unknown one gets the centre's default."""
    opened = _home(home)
    if json:
        _print_json(_scores(opened, numbers))
    else:
        _print_scores(opened, numbers, None)


def _scores(home: Any, numbers: list[str]) -> list[dict[str, Any]]:
    from pipelines.router.lookup import score_numbers

    return score_numbers(home.path, numbers, **_service_settings(home))


def _service_settings(home: Any) -> dict[str, Any]:
    from pipelines.router.contract import DefaultTreatment
    from pipelines.settings import load_settings

    settings = load_settings(home.path)
    return {"region": settings.centre.region, "treatment": DefaultTreatment.from_settings(settings.router)}


def _print_scores(home: Any, numbers: list[str], title: str | None) -> None:
    from pipelines.terminal import print_table

    columns = ["number", "tier", "priority", "head_start_s", "queue", "action", "arm", "source", "reasons"]
    answers = _scores(home, numbers)
    rows = [["\n".join(a[c]) if isinstance(a[c], list) else a[c] for c in columns] for a in answers]
    print_table(columns, rows, title)


@token_app.command("create", epilog=_examples("callwright token create --scope scores"))
@_guarded
def token_create(
    home: HomeOption = None, scope: Annotated[str, typer.Option(help="What it allows: scores or outcomes.")] = "scores"
) -> None:
    """Make a token for the look-up service, and print it: it is shown this once."""
    from pipelines.router.tokens import create_token

    typer.echo(create_token(_home(home).path, scope))


@app.command(
    epilog=_examples(
        "callwright serve --port 8787",
        'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8787/v1/scores/+447946000037',
    )
)
@_guarded
def serve(
    home: HomeOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than loopback needs TLS files.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8787,
    tls_certificate: Annotated[Path | None, typer.Option(help="TLS certificate, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="TLS key, PEM.")] = None,
) -> None:
    """Answer the live router over HTTP: what it should do with a caller. A token is required."""
    from pipelines.router.service import serve as serve_scores
    from pipelines.terminal import err

    opened = _home(home)
    serve_scores(
        opened.path, host, port, **_service_settings(opened), tls_certificate=tls_certificate, tls_key=tls_key,
        announce=lambda url: err.print(f"serving scores at {url}; stop with Ctrl-C"),
    )  # fmt: skip


# --- pages -----------------------------------------------------------------------------------------------


@app.command(epilog=_examples("callwright dashboard --home data/demo"))
@_guarded
def dashboard(home: HomeOption = None, port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501) -> None:
    """Open the dashboard: it reads the published file only."""
    from pipelines.terminal import err

    opened = _home(home)
    page = Path(__file__).parent.parent / "dashboards" / "app.py"
    err.print(f"dashboard at http://127.0.0.1:{port}; stop with Ctrl-C")
    _become(
        [sys.executable, "-m", "streamlit", "run", str(page), "--server.headless=true", "--server.address=127.0.0.1",
         f"--server.port={port}", "--browser.gatherUsageStats=false"],
        opened.path, {"STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"},
    )  # fmt: skip


@app.command(epilog=_examples("callwright dagster --home data/demo"))
@_guarded
def dagster(home: HomeOption = None, port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000) -> None:
    """Start the Dagster UI of this home: every asset with its description, rows, columns and checks."""
    from pipelines.run import clear_dead_runs, write_dagster_yaml
    from pipelines.terminal import err

    opened = _home(home)
    clear_dead_runs(opened)
    folder = write_dagster_yaml(opened).parent
    err.print(f"Dagster at http://127.0.0.1:{port}; stop with Ctrl-C")
    _become(
        [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)],
        opened.path, {"DAGSTER_HOME": str(folder)}, folder,
    )  # fmt: skip


def _become(command: list[str], home: Path, environment: dict[str, str], folder: Path | None = None) -> None:
    """Replaces this process by a server, so that signals and the exit code are the server's own."""
    from pipelines.settings import use_home

    use_home(home)
    os.environ.update(environment)
    # A server started from a script in the background inherits an ignored SIGINT, and could then not be stopped.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if folder is not None:
        os.chdir(folder)
    try:
        os.execv(command[0], command)
    except OSError as error:
        raise EnvironmentProblem(f"{command[0]} cannot be started: {error}", "type: make setup") from error


@app.command(
    epilog=_examples(
        "callwright bench --events 1000000", "callwright bench ingest", "callwright bench day",
        "callwright bench kpi --contacts 30000000",
    )
)  # fmt: skip
@_guarded
def bench(
    what: Annotated[
        Literal["path", "ingest", "day", "kpi"],
        typer.Argument(
            help="From log to KPIs, reading alone, one more day on a year and on a month, a year's KPIs and questions."
        ),
    ] = "path",
    events: Annotated[int, typer.Option(help="Events of the generated files.", min=1000)] = 1_000_000,
    contacts: Annotated[int, typer.Option(help="Contacts of the year of kpi.", min=1000)] = 1_000_000,
    work: Annotated[
        Path | None, typer.Option(help="Folder for the files; else a temporary one.", show_default=False)
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the files.")] = False,
    json: JsonOption = False,
) -> None:
    """Measure speed as a ratio: the path to KPIs or reading alone to DuckDB's own reading, a new day to history.

    With kpi: what the KPI tables of a year cost, and how fast the dashboards' questions are answered.
    """
    from pipelines.bench import day, ingest, kpi, run

    command = {"path": run.command, "ingest": ingest.command, "day": day.command, "kpi": kpi.command}[what]
    command(contacts if what == "kpi" else events, work, keep, json)


def _print_json(value: Any) -> None:
    import json as encoder

    from pipelines.terminal import plain

    typer.echo(encoder.dumps(value, default=plain, ensure_ascii=False, indent=1))


def main() -> None:
    """Entry point of the `callwright` command and of `python -m pipelines`."""
    app()
