"""The demo's organization, with the calendar that it names beside it."""

from pathlib import Path

import manifests


def organization_in(folder: Path) -> Path:
    """A copy of the file in the folder."""
    for name in ("organization.yaml", "holidays.ics"):
        (folder / name).write_text(manifests.text(name), "utf-8")
    return folder / "organization.yaml"
