"""What is said of a cluster before and while it is used, and what is left of its scratch folder."""

from __future__ import annotations

import socket
import stat

import pytest

from evalml.engine.cluster import Site, explained, open_scratch, unreachable
from evalml.errors import DataError, EvalmlError, RunError
from evalml.run.status import read_manifest


def test_an_address_that_answers_is_told_from_one_that_does_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert unreachable(Site(f"sc://127.0.0.1:{port}/;token=x")) is None
        assert unreachable(Site(f"spark://127.0.0.1:1,127.0.0.1:{port}")) is None
    assert f"127.0.0.1:{port}" in unreachable(Site(f"spark://127.0.0.1:{port}"))
    assert unreachable(Site("yarn")) is unreachable(Site("local[2]")) is None


@pytest.mark.parametrize(("above", "mode"), [(0o755, 0o700), (0o770, 0o2770)])
def test_scratch_is_closed_to_others_and_goes(tmp_path, above, mode):
    tmp_path.chmod(above)
    scratch = open_scratch(Site("spark://head:7077", str(tmp_path)))
    (made,) = tmp_path.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == mode
    scratch.remove(None)
    assert not list(tmp_path.iterdir())


def test_scratch_that_could_not_be_made_or_removed_is_refused(tmp_path):
    with pytest.raises(EvalmlError, match="no folder can be made"):
        open_scratch(Site("spark://head:7077", str(tmp_path / "absent")))
    with pytest.raises(EvalmlError, match="cannot be removed"):
        open_scratch(Site("sc://head", "hdfs:///tmp"))


def test_a_fault_of_spark_is_one_sentence_without_its_text():
    with pytest.raises(RunError, match="EVALML_SPARK_SCRATCH") as said, explained((ValueError,)):
        raise ValueError("Checkpoint block rdd_1 not found: Dupont")
    assert "Dupont" not in str(said.value)
    with pytest.raises(ValueError, match="another"), explained((ValueError,)):
        raise ValueError("another")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"hashes": {}}', '{"hashes": '])
def test_a_damaged_record_is_refused_by_name(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        read_manifest(tmp_path)
