"""The note is written by the pandoc that the package ships, whatever the machine has besides."""

from __future__ import annotations

from evalml.report.render import pandoc_path


def test_a_pandoc_of_the_machine_is_never_taken_for_the_one_shipped(tmp_path, monkeypatch):
    other = tmp_path / "pandoc"
    other.write_text("#!/bin/sh\necho 'pandoc 99.0'\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert "pypandoc" in pandoc_path()
