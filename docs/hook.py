"""Adds the pages that are made from the program to the site; see docs/pages.py."""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

from pages import generated


def on_files(files: Files, config: Any) -> Files:
    """All generated pages beside the written ones."""
    for name, text in generated().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_config(config: Any) -> Any:
    """The parts of the navigation that list all files of a folder."""
    written = sorted(path.name for path in (Path(config.docs_dir) / "decisions").glob("*.md"))
    folders = {
        "actions/": [name for name in generated() if name.startswith("actions/")],
        "decisions/": [f"decisions/{name}" for name in written],
    }
    config.nav = [
        {title: folders.get(place, place) if isinstance(place, str) else place}
        for part in config.nav
        for title, place in part.items()
    ]
    return config
