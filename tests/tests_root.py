"""Where the repository is, for tests that need it before fixtures exist."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
