"""Shared fixtures of all tests."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of official validators and real data beside the repository; a user has none."""
    if not (SHARED / "validation").is_dir():
        pytest.skip("conformance case not run: the folder of official validators is not beside this clone")
    return SHARED
