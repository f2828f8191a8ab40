"""The repository as a whole: what lies where, what no file may hold, and documents that tell the truth.

Belongs here: rules about files. Not here: what is in Python modules (test_imports.py) or SQL (test_sql_texts.py).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from pydantic import BaseModel

from pipelines.settings import Settings
from pipelines.settings_sections import Sources

ROOT = Path(__file__).parents[2]
TOP = {
    ".ci", ".gitignore", ".github", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "README.zh-CN.md", "dagster.yaml", "dashboards", "data", "models", "pipelines", "pyproject.toml",
    "requirements.lock", "sql", "tests",
}  # fmt: skip
# Rooms, and the folders in them that hold more than a file or two; each says in a README what belongs there.
WITH_README = [
    "data", "dashboards", "models", "models/evaluation", "models/features", "models/staffing", "pipelines",
    "pipelines/contracts", "pipelines/defs", "pipelines/router", "pipelines/simulate", "pipelines/simulate/writers",
    "pipelines/sources", "sql",
    "tests",
]  # fmt: skip
# Modules whose package has another name, or that come with a direct dependency and are part of its interface.
COME_WITH = {"sklearn": "scikit-learn", "yaml": "dagster", "pydantic_core": "pydantic"}
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "conda." + "anaconda.org", "npmjs" + ".com")


@cache
def tracked() -> tuple[str, ...]:
    """What git holds or would take, without what is deleted."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is tracked is not known")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    found = {}
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content[:8000]:
            found[name] = content.decode("utf-8", errors="replace")
    return found


def test_top_level_holds_what_it_may():
    assert {name.split("/")[0] for name in tracked()} - TOP == set()


def test_no_package_lies_under_tests():
    assert [name for name in tracked() if name.startswith("tests/") and name.endswith("__init__.py")] == []


def test_no_lock_with_addresses():
    assert [name for name in tracked() if name.endswith("uv.lock")] == []


def test_no_file_names_a_registry():
    own = [
        urlsplit(os.environ[key]).hostname
        for key in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")
        if key in os.environ
    ]
    hosts = [*REGISTRIES, *(host for host in own if host)]
    found = [name for name, text in texts().items() if any(host in text for host in hosts)]
    assert found == []
    assert [name for name, text in texts().items() if re.search(r"https?://[^/\s]+/(simple|packages)/", text)] == []


def test_no_file_names_a_path_of_this_machine():
    places = {str(place) for place in (ROOT, ROOT.parent, Path.home()) if len(place.parts) > 1}
    pattern = re.compile("|".join(rf"(?<![\w./]){re.escape(place)}(?=/)" for place in sorted(places)))
    assert [name for name, text in texts().items() if pattern.search(text)] == []


def test_no_file_is_large_or_pickled():
    assert [name for name in tracked() if (ROOT / name).stat().st_size > 1024 * 1024] == []
    assert [
        name for name in tracked() if name.endswith((".pkl", ".pickle", ".joblib", ".duckdb", ".parquet", ".pyc"))
    ] == []


def direct_dependencies() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    return {re.match(r"[\w.-]+", line)[0].lower(): line for line in declared}  # type: ignore[index]


def locked_versions() -> dict[str, str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)}


def test_lock_has_a_hash_for_every_package_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_lock_meets_what_the_project_asks_for():
    locked = locked_versions()
    for name, line in direct_dependencies().items():
        assert name in locked, f"{name} is not in requirements.lock"
        assert Requirement(line).specifier.contains(locked[name], prereleases=True), f"{line}: locked {locked[name]}"


def test_every_direct_dependency_has_its_reason():
    told = set(re.findall(r"\*\*([\w.-]+)\*\*", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert direct_dependencies().keys() - told == set()


def test_every_import_is_of_a_direct_dependency():
    known = {name.replace("-", "_") for name in direct_dependencies()} | COME_WITH.keys()
    pattern = re.compile(r"^\s*(?:from|import) ([a-z_0-9]+)", re.MULTILINE)
    ours = {"pipelines", "models", "dashboards"}
    found = {
        f"{name}: {module}"
        for name, text in texts().items()
        if name.split("/")[0] in ours and name.endswith(".py")
        for module in _imported(text, pattern)
        if module not in known | ours | sys.stdlib_module_names
    }
    assert found == set()


def _imported(text: str, pattern: re.Pattern[str]) -> set[str]:
    without_strings = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    return set(pattern.findall(without_strings))


@pytest.mark.parametrize("folder", WITH_README)
def test_folder_says_what_belongs_in_it(folder):
    readme = ROOT / folder / "README.md"
    assert readme.is_file()
    text = readme.read_text(encoding="utf-8")
    assert re.search(r"(?i)\bnot here\b|does not belong|nothing here|nothing of ours", text)


@pytest.mark.parametrize("folder", WITH_README)
def test_readme_names_only_what_exists(folder):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w./*-]+(?:/|\.(?:py|sql|toml|md|yaml)))`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    # Folders of a home, and files that a centre writes, are not in the repository.
    of_a_home = re.compile(
        r"^(landing|lake|serve|scores|keys|checks|sources|data/(demo|sample-demo|home)|truth)/|^callwright\.toml$"
    )
    gone = [name for name in named if not of_a_home.match(name) and name != "__init__.py" and not _exists(folder, name)]
    assert gone == []


def _exists(folder: str, name: str) -> bool:
    here = ROOT / folder
    places = (ROOT, here, here.parent, here / "sample", *(path for path in here.iterdir() if path.is_dir()))
    return any(next(place.glob(name.rstrip("/")), None) is not None for place in places)


def test_every_python_folder_of_the_pipelines_is_listed_in_a_readme():
    text = (ROOT / "pipelines/README.md").read_text(encoding="utf-8")
    folders = {
        p.name for p in (ROOT / "pipelines").iterdir() if p.is_dir() and any(p.glob("*.*")) and p.name != "__pycache__"
    }
    assert {name for name in folders if f"`{name}/`" not in text} == set()


def test_every_setting_is_in_the_template_with_a_comment():
    lines = (ROOT / "pipelines/templates/callwright.toml").read_text(encoding="utf-8").splitlines()
    keys = {m[1] for line in lines if (m := re.match(r"#?\[*([\w.]+)\]*|#?(\w+) =", line)) and m[1]}
    keys |= {m[1] for line in lines if (m := re.match(r"#?(\w+) =", line))}
    keys |= {key for line in lines for key in re.findall(r"[{,]\s*(\w+)\s*=", line)}
    words = {part for key in keys for part in key.split(".")}
    assert {name for name in _setting_names(Settings) if name not in words} == set()


def _setting_names(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> set[str]:
    found = set()
    for name, setting in model.model_fields.items():
        if model is not Sources:  # its fields are the built-in sources, whose sections all have the same keys
            found.add(setting.alias or name)
        for kind in _models_in(setting.annotation):
            if kind not in seen:
                found |= _setting_names(kind, seen | {kind})
    return found


def _models_in(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {kind for argument in get_args(annotation) for kind in _models_in(argument)}


def test_key_of_the_template_is_explained():
    lines = (ROOT / "pipelines/templates/callwright.toml").read_text(encoding="utf-8").splitlines()
    bare = []
    for number, line in enumerate(lines):
        if re.match(r"#?\w+ = ", line):
            above = next((text for text in reversed(lines[:number]) if not re.match(r"#?\w+ = ", text)), "")
            if not above.startswith("# ") and not re.match(r"#?\[", above):
                bare.append(line)
    assert bare == []
