"""A first look at a published file, as a marimo notebook: `CALLWRIGHT_DB=… marimo edit sql/notebook.py`.

Belongs here: asking the file what the dashboards ask, by the same macros. Does not belong here: formulas.
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import os

    import duckdb
    import marimo as mo

    con = duckdb.connect(os.environ["CALLWRIGHT_DB"], read_only=True)
    con.execute("set enable_external_access = false")
    first, last = con.execute("select min(business_date), max(business_date) from kpi.queue_day").fetchone()
    centre = con.execute("select name from meta.centre").fetchone()[0]
    mo.md(f"# {centre}\n\nPublished data from {first} to {last}.")
    return con, first, last, mo


@app.cell
def _(con, mo):
    metrics = con.execute("select label_en, metric from meta.metrics where grains like '%queue%' order by label_en")
    metric = mo.ui.dropdown(dict(metrics.fetchall()), value="Service level, short abandons left out", label="Metric")
    by = mo.ui.dropdown(["total", "queue", "channel", "site", "business_date"], value="queue", label="By")
    mo.hstack([metric, by])
    return by, metric


@app.cell
def _(by, con, first, last, metric, mo):
    answer = con.execute("from kpi(?, ?, ?, by := ?) order by n desc", [metric.value, first, last, by.value])
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    mo.ui.table(rows)
    return (rows,)


@app.cell
def _(con, metric, mo):
    meaning, formula, source = con.execute(
        "select meaning_en, formula, source from meta.metrics where metric = ?", [metric.value]
    ).fetchone()
    mo.md(f"{meaning}\n\n`{formula}`\n\n{source}")
    return


if __name__ == "__main__":
    app.run()
