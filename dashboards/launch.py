"""How the dashboard server is started: the command line and its environment.

Belongs here: the one way to launch the pages. Not here: the pages, or finding the home; the command
line of Callwright gives both the home and the port.
"""

from __future__ import annotations

import sys
from pathlib import Path

APP = Path(__file__).with_name("app.py")


def command(home: Path, port: int = 8501) -> list[str]:
    """Return the command that serves the dashboard of `home` on the loopback address, without a browser.

    Args:
        home: the centre's home; goes to the server through `environment`, never on the command line.
        port: TCP port on 127.0.0.1.
    """
    del home
    return [
        sys.executable, "-m", "streamlit", "run", str(APP),
        "--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}",
        "--browser.gatherUsageStats=false",
    ]  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    """Return the variables to add to the server's environment."""
    return {"CALLWRIGHT_HOME": str(home.resolve()), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
